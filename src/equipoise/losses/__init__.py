"""Losses for rare classes: functions, and modules that hold their counts, weights and margins."""

from equipoise.extras import load_extra

# Before the imports below, so that whoever lacks torch reads the pip line.
load_extra("torch", "torch", "equipoise.losses")

from equipoise.losses.adjustment import (
    BalancedSoftmaxLoss,
    LogitAdjustedLoss,
    VSLoss,
)
from equipoise.losses.asymmetric import AsymmetricLoss
from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.binary import WeightedBCE
from equipoise.losses.class_balanced import ClassBalancedLoss
from equipoise.losses.cost import ExpectedCostLoss
from equipoise.losses.cross_entropy import WeightedCrossEntropy
from equipoise.losses.distribution_balanced import DistributionBalancedLoss
from equipoise.losses.focal import FocalLoss
from equipoise.losses.margin import CosineHead, LDAMLoss
from equipoise.losses.numbers import BalancedMSELoss, PinballLoss

__all__ = [
    "AsymmetricLoss",
    "BalancedMSELoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "CosineHead",
    "DistributionBalancedLoss",
    "ExpectedCostLoss",
    "FocalLoss",
    "ImbalanceLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "PinballLoss",
    "VSLoss",
    "WeightedBCE",
    "WeightedCrossEntropy",
]
