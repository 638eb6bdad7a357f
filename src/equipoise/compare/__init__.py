"""The trial: plan, folds, training, journal and judging; see :func:`equipoise.compare`."""
