"""Metrics: pure functions, and what one has to know about each."""

from __future__ import annotations

from equipoise.metrics.confusion import confusion, per_class
from equipoise.metrics.curves import curves
from equipoise.metrics.label_ranking import compute_label_rankings, label_average_precision
from equipoise.metrics.labels import label_confusion, per_label
from equipoise.metrics.numbers import error_by_decile
from equipoise.metrics.probability import brier, calibration_error, log_loss
from equipoise.metrics.ranking import average_precision, recall_at_precision, roc_auc
from equipoise.metrics.registry import (
    Metric,
    default_label_metric,
    default_metric,
    get_metric,
    metric_names,
)

__all__ = [
    "Metric",
    "average_precision",
    "brier",
    "calibration_error",
    "compute_label_rankings",
    "confusion",
    "curves",
    "default_label_metric",
    "default_metric",
    "error_by_decile",
    "get_metric",
    "label_average_precision",
    "label_confusion",
    "log_loss",
    "metric_names",
    "per_class",
    "per_label",
    "recall_at_precision",
    "roc_auc",
]
