"""The losses as functions, for use without a module."""

from __future__ import annotations

from equipoise.losses.adjustment import balanced_softmax_loss, logit_adjusted_loss, vs_loss
from equipoise.losses.asymmetric import asymmetric_loss
from equipoise.losses.binary import weighted_bce
from equipoise.losses.class_balanced import class_balanced_loss
from equipoise.losses.cost import expected_cost_loss
from equipoise.losses.cross_entropy import weighted_cross_entropy
from equipoise.losses.distribution_balanced import distribution_balanced_loss
from equipoise.losses.focal import focal_loss, sigmoid_focal_loss
from equipoise.losses.margin import ldam_loss

__all__ = [
    "asymmetric_loss",
    "balanced_softmax_loss",
    "class_balanced_loss",
    "distribution_balanced_loss",
    "expected_cost_loss",
    "focal_loss",
    "ldam_loss",
    "logit_adjusted_loss",
    "sigmoid_focal_loss",
    "vs_loss",
    "weighted_bce",
    "weighted_cross_entropy",
]
