"""Losses for rare classes: functions, and modules that hold their counts, weights and margins."""

from equipoise.extras import load_extra

# Before the imports below, so that whoever lacks torch reads the pip line.
load_extra("torch", "torch", "equipoise.losses")

from equipoise.losses.base import ImbalanceLoss  # noqa: E402
from equipoise.losses.binary import WeightedBCE  # noqa: E402
from equipoise.losses.cross_entropy import WeightedCrossEntropy  # noqa: E402

__all__ = ["ImbalanceLoss", "WeightedBCE", "WeightedCrossEntropy"]
