"""Losses for rare classes: functions, and modules that hold their counts, weights and margins."""

from equipoise.extras import load_extra

# Before the imports below, so that whoever lacks torch reads the pip line.
load_extra("torch", "torch", "equipoise.losses")

from equipoise.losses.adjustment import (  # noqa: E402
    BalancedSoftmaxLoss,
    LogitAdjustedLoss,
    VSLoss,
)
from equipoise.losses.asymmetric import AsymmetricLoss  # noqa: E402
from equipoise.losses.base import ImbalanceLoss  # noqa: E402
from equipoise.losses.binary import WeightedBCE  # noqa: E402
from equipoise.losses.class_balanced import ClassBalancedLoss  # noqa: E402
from equipoise.losses.cost import ExpectedCostLoss  # noqa: E402
from equipoise.losses.cross_entropy import WeightedCrossEntropy  # noqa: E402
from equipoise.losses.distribution_balanced import DistributionBalancedLoss  # noqa: E402
from equipoise.losses.focal import FocalLoss  # noqa: E402
from equipoise.losses.margin import CosineHead, LDAMLoss  # noqa: E402

__all__ = [
    "AsymmetricLoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "CosineHead",
    "DistributionBalancedLoss",
    "ExpectedCostLoss",
    "FocalLoss",
    "ImbalanceLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "VSLoss",
    "WeightedBCE",
    "WeightedCrossEntropy",
]
