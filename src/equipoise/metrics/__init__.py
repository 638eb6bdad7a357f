"""Metrics: pure functions, and what one has to know about each."""

from __future__ import annotations

from equipoise.metrics.confusion import confusion, per_class
from equipoise.metrics.curves import curves
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
    "confusion",
    "curves",
    "default_label_metric",
    "default_metric",
    "get_metric",
    "log_loss",
    "metric_names",
    "per_class",
    "recall_at_precision",
    "roc_auc",
]
