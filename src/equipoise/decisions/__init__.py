"""Decisions: prior correction, thresholds and costs."""

from __future__ import annotations

from equipoise.decisions.correction import (
    calibration_intercept,
    correct,
    correct_probabilities,
    prior_offset,
)
from equipoise.decisions.costs import parse_cost
from equipoise.decisions.decision import Decision
from equipoise.decisions.focal import correct_focal
from equipoise.decisions.tuning import tune_bias

__all__ = [
    "Decision",
    "calibration_intercept",
    "correct",
    "correct_focal",
    "correct_probabilities",
    "parse_cost",
    "prior_offset",
    "tune_bias",
]
