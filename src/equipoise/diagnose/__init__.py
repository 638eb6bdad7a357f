"""Findings: what the imbalance is, what it does, and what to do about it; see :func:`equipoise.diagnose`."""

from equipoise.rooms import make_callable

make_callable(__name__, "equipoise.diagnose.run:diagnose")
