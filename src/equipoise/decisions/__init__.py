"""Decisions: prior correction, thresholds and costs; of numbers the way back to their mean, and percentiles."""

from __future__ import annotations

from equipoise.decisions.conformal import ConformalQuantile
from equipoise.decisions.correction import (
    calibration_intercept,
    correct,
    correct_probabilities,
    prior_offset,
)
from equipoise.decisions.costs import parse_cost
from equipoise.decisions.decision import Decision, LabelDecision
from equipoise.decisions.focal import correct_focal
from equipoise.decisions.label_correction import correct_labels, label_intercept
from equipoise.decisions.label_tuning import tune_label_bias
from equipoise.decisions.numbers import NumberDecision
from equipoise.decisions.smearing import Smearing
from equipoise.decisions.tuning import tune_bias

__all__ = [
    "ConformalQuantile",
    "Decision",
    "LabelDecision",
    "NumberDecision",
    "Smearing",
    "calibration_intercept",
    "correct",
    "correct_focal",
    "correct_labels",
    "correct_probabilities",
    "label_intercept",
    "parse_cost",
    "prior_offset",
    "tune_bias",
    "tune_label_bias",
]
