"""The trial: plan, folds, training, journal and judging; see :func:`equipoise.compare`."""

from equipoise.rooms import make_callable

make_callable(__name__, "equipoise.jobs.comparing:compare")
