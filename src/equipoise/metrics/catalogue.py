"""The catalogue of metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics import probability, ranking
from equipoise.metrics.confusion import (
    accuracy,
    averaged,
    balanced_accuracy,
    fbeta,
    g_mean,
    mcc,
)
from equipoise.metrics.metric import Metric

__all__ = ["COST", "at_precision", "label_metrics", "score_metrics"]

F = NDArray[np.float64]
_BOTH = frozenset({"binary", "multiclass"})
_BINARY = frozenset({"binary"})


def label_metrics(how: str) -> list[Metric]:
    """Return metrics of labels; ``how`` is "positive" or "macro" for those that depend on the task."""

    def made(
        name: str,
        title: str,
        function: Callable[[F], F],
        reference: str,
        description: str,
        tasks: frozenset[str] = _BOTH,
        low: float = 0.0,
    ) -> Metric:
        return Metric(
            name,
            title,
            "maximize",
            "labels",
            tasks,
            low,
            1.0,
            reference,
            description,
            function,
            # With the hits held fixed, each of these falls as false alarms grow.
            false_alarms_hurt=True,
        )

    rijsbergen = "van Rijsbergen 1979, Information Retrieval"
    return [
        made(
            "accuracy",
            "Accuracy",
            accuracy,
            "-",
            "Share of rows called right; hides a missed rare class.",
        ),
        made(
            "balanced_accuracy",
            "Balanced accuracy",
            balanced_accuracy,
            "Brodersen et al. 2010, ICPR",
            "Mean of the recalls of the classes.",
        ),
        made(
            "precision",
            "Precision",
            lambda m: averaged(m, "precision", "positive"),
            "-",
            "Share of rows called positive that are.",
            _BINARY,
        ),
        made(
            "recall",
            "Recall",
            lambda m: averaged(m, "recall", "positive"),
            "-",
            "Share of positive rows that are called so.",
            _BINARY,
        ),
        made(
            "f1",
            "F1",
            lambda m: averaged(m, "f1", "positive"),
            rijsbergen,
            "Harmonic mean of precision and recall of the positive class.",
            _BINARY,
        ),
        made(
            "precision_macro",
            "Macro precision",
            lambda m: averaged(m, "precision", "macro"),
            "-",
            "Mean of the precisions of the classes.",
        ),
        made(
            "recall_macro",
            "Macro recall",
            lambda m: averaged(m, "recall", "macro"),
            "-",
            "Mean of the recalls of the classes that occur or are called.",
        ),
        made(
            "f1_macro",
            "Macro F1",
            lambda m: averaged(m, "f1", "macro"),
            rijsbergen,
            "Mean of the F1 of the classes: every class counts the same.",
        ),
        made(
            "f1_weighted",
            "Weighted F1",
            lambda m: averaged(m, "f1", "weighted"),
            rijsbergen,
            "Mean of the F1 of the classes, weighted by their rows.",
        ),
        made(
            "f1_micro",
            "Micro F1",
            accuracy,
            rijsbergen,
            "F1 of all decisions together, which equals accuracy where each row has one label.",
        ),
        made(
            "mcc",
            "Matthews correlation",
            mcc,
            "Gorodkin 2004, Computational Biology and Chemistry",
            "Correlation of true and called classes.",
            low=-1.0,
        ),
        made(
            "g_mean",
            "G-mean",
            g_mean,
            "Kubat and Matwin 1997, ICML",
            "Geometric mean of the recalls: 0 if a class is missed altogether.",
        ),
        made(
            "fbeta",
            "F-beta",
            lambda m: fbeta(m, 2.0, how),
            rijsbergen,
            "F score in which recall counts beta times as much as precision.",
        ),
    ]


def score_metrics() -> list[Metric]:
    """Return metrics of rankings and of probabilities."""
    return [
        Metric(
            "average_precision",
            "Average precision",
            "maximize",
            "ranking",
            _BOTH,
            0.0,
            1.0,
            "Davis and Goadrich 2006, ICML",
            "Area under the precision-recall curve: how pure the top of the ranking is.",
            _ranked(ranking.average_precision),
        ),
        Metric(
            "roc_auc",
            "ROC AUC",
            "maximize",
            "ranking",
            _BOTH,
            0.0,
            1.0,
            "Hanley and McNeil 1982, Radiology",
            "Chance that a row of the class outranks another one; flatters when the class is rare.",
            _ranked(ranking.roc_auc),
        ),
        Metric(
            "recall_at_precision",
            "Recall at precision 0.9",
            "maximize",
            "ranking",
            _BOTH,
            0.0,
            1.0,
            "-",
            "Largest recall that a threshold reaches with at least this precision.",
            at_precision(0.9),
        ),
        Metric(
            "log_loss",
            "Log loss",
            "minimize",
            "probabilities",
            _BOTH,
            0.0,
            float("inf"),
            "Good 1952, JRSS B",
            "Mean of minus the log-probability given to the true class.",
            probability.log_loss,
        ),
        Metric(
            "brier",
            "Brier score",
            "minimize",
            "probabilities",
            _BOTH,
            0.0,
            2.0,
            "Brier 1950, Monthly Weather Review",
            "Mean squared error of the probabilities.",
            probability.brier,
        ),
        Metric(
            "calibration_error",
            "Calibration error",
            "minimize",
            "probabilities",
            _BOTH,
            0.0,
            1.0,
            "Naeini et al. 2015, AAAI",
            "Mean distance between probabilities and observed shares.",
            probability.calibration_error,
        ),
    ]


COST = Metric(
    "expected_cost",
    "Expected cost",
    "minimize",
    "labels",
    _BOTH,
    0.0,
    float("inf"),
    "Elkan 2001, IJCAI",
    "Mean cost of a row under the cost matrix.",
    accuracy,
)


def at_precision(precision: float) -> Callable[..., Any]:
    """Return recall at this precision as the function of a metric."""

    def function(y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None = None) -> Any:
        return ranking.recall_at_precision(y, score, precision, sample_weight)

    return _ranked(function)


def _ranked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Apply a binary ranking metric to the positive class, or to each class against the rest, averaged."""

    def compute(y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None = None) -> Any:
        if log_p.shape[1] == 2:
            return function(y, log_p[:, 1] - log_p[:, 0], sample_weight)
        each = [
            function((y == c).astype(np.int64), _log_odds(log_p[:, c]), sample_weight)
            for c in range(log_p.shape[1])
        ]
        # A class that a draw lacks is left out of that draw's mean.
        values = np.array(each, dtype=np.float64)
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            out = np.where(known, values, 0.0).sum(axis=0) / np.where(
                known.any(axis=0), known.sum(axis=0), np.nan
            )
        return float(out) if out.ndim == 0 else out

    return compute


def _log_odds(log_p: F) -> F:
    # Keeps apart probabilities near 1 that differ only in their complement.
    return log_p - np.log(np.maximum(-np.expm1(log_p), 1e-300))
