"""Intervals, paired tests, corrections for many candidates and for having picked the best."""

from __future__ import annotations

from equipoise.stats.bootstrap import (
    bootstrap_weights,
    centred_interval,
    oob_weights,
    percentile_interval,
)
from equipoise.stats.interval import trial_interval
from equipoise.stats.multiple import holm
from equipoise.stats.paired import Difference, paired_difference
from equipoise.stats.picking import picking_corrected
from equipoise.stats.verdict import tied_with_best

__all__ = [
    "Difference",
    "bootstrap_weights",
    "centred_interval",
    "holm",
    "oob_weights",
    "paired_difference",
    "percentile_interval",
    "picking_corrected",
    "tied_with_best",
    "trial_interval",
]
