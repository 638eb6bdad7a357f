"""Metrics with what one has to know about them: direction, task, what they need, bounds, source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.metrics import probability, ranking
from equipoise.metrics.confusion import (
    accuracy,
    averaged,
    balanced_accuracy,
    expected_cost,
    fbeta,
    g_mean,
    mcc,
)

__all__ = ["Metric", "default_label_metric", "default_metric", "get_metric", "metric_names"]

F = NDArray[np.float64]
_BOTH = frozenset({"binary", "multiclass"})
_BINARY = frozenset({"binary"})


@dataclass(frozen=True)
class Metric:
    """A metric and its properties.

    Attributes
    ----------
    name, title, description, reference : str
        What one types, what one reads, what it says, where it comes from.
    direction : {"maximize", "minimize"}
        Which way is better.
    needs : {"labels", "ranking", "probabilities"}
        What it looks at.
    tasks : frozenset of str
        Tasks that it is defined for.
    low, high : float
        Bounds.
    """

    name: str
    title: str
    direction: Literal["maximize", "minimize"]
    needs: Literal["labels", "ranking", "probabilities"]
    tasks: frozenset[str]
    low: float
    high: float
    reference: str
    description: str
    function: Callable[..., Any]

    @property
    def sign(self) -> int:
        """+1 where larger is better, else -1."""
        return 1 if self.direction == "maximize" else -1

    def better(self, first: float, second: float) -> bool:
        """Say whether ``first`` is better than ``second``."""
        return self.sign * first > self.sign * second

    def compute_labels(self, matrix: ArrayLike) -> Any:
        """Compute a metric of labels from confusion matrices (..., C, C), true class first."""
        return self.function(np.asarray(matrix, dtype=np.float64))

    def compute_scores(
        self, y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None = None
    ) -> Any:
        """Compute a metric of scores from log-probabilities (n, C): a float, or (B,) for (B, n) weights."""
        return self.function(y, log_p, sample_weight)


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


def _label_metrics(how: str) -> list[Metric]:
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
            name, title, "maximize", "labels", tasks, low, 1.0, reference, description, function
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


def _score_metrics() -> list[Metric]:
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
            _at_precision(0.9),
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


def _at_precision(precision: float) -> Callable[..., Any]:
    def function(y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None = None) -> Any:
        return ranking.recall_at_precision(y, score, precision, sample_weight)

    return _ranked(function)


_COST = Metric(
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


def metric_names(task: str) -> list[str]:
    """Return the names of all metrics for a task, without the parameters that some take.

    Examples
    --------
    >>> from equipoise.metrics import metric_names
    >>> "f1" in metric_names("binary"), "f1" in metric_names("multiclass")
    (True, False)
    """
    return [m.name for m in [*_score_metrics(), *_label_metrics("macro"), _COST] if task in m.tasks]


def default_metric(task: str) -> str:
    """Name the metric that a trial compares by: ranking where binary, labels for several classes."""
    return "average_precision" if task == "binary" else "f1_macro"


def default_label_metric(task: str) -> str:
    """Name the metric that thresholds are tuned for."""
    return "f1_macro"


def get_metric(
    spec: str, task: str, classes: Sequence[str] | None = None, cost: F | None = None
) -> Metric:
    """Return the metric called ``spec``.

    Parameters
    ----------
    spec : str
        A name; ``"fbeta:0.5"`` and ``"recall_at_precision:0.8"`` take a number.
    task : {"binary", "multiclass"}
        For which task.
    classes : sequence of str, optional
        Names of the classes, for messages.
    cost : array of shape (C, C), optional
        Cost matrix, which ``"expected_cost"`` needs.

    Raises
    ------
    UsageError
        If there is no such metric, or it does not fit the task.

    Examples
    --------
    >>> from equipoise.metrics import get_metric
    >>> get_metric("fbeta:0.5", "binary").title
    'F0.5'
    """
    name, _, parameter = spec.partition(":")
    how = "positive" if task == "binary" else "macro"
    known = {metric.name: metric for metric in [*_score_metrics(), *_label_metrics(how), _COST]}
    if name not in known or task not in known[name].tasks:
        names = metric_names(task)
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        what = (
            f"there is no metric {spec!r}"
            if name not in known
            else f"metric {spec!r} is for binary tasks"
        )
        raise UsageError(what, remedy=f"{hint}use one of {', '.join(names)}")
    metric = known[name]
    if name == "expected_cost":
        if cost is None:
            raise UsageError(
                "metric 'expected_cost' needs costs", remedy="give them, as in --cost fn=10,fp=1"
            )
        matrix = np.asarray(cost, dtype=np.float64)
        return replace(metric, function=lambda m: expected_cost(m, matrix))
    if name == "fbeta":
        beta = _parameter(spec, parameter or "2", 1e-6, 1e6)
        return replace(
            metric, name=spec, title=f"F{beta:g}", function=lambda m: fbeta(m, beta, how)
        )
    if name == "recall_at_precision" and parameter:
        precision = _parameter(spec, parameter, 0.0, 1.0)
        return replace(
            metric,
            name=spec,
            title=f"Recall at precision {precision:g}",
            function=_at_precision(precision),
        )
    if parameter:
        raise UsageError(
            f"metric {name!r} takes no number, and got {parameter!r}", remedy=f"use {name!r}"
        )
    return metric


def _parameter(spec: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UsageError(
            f"metric {spec!r} has {text!r} where a number from {low:g} to {high:g} belongs",
            remedy=f"write it as in {spec.partition(':')[0]}:0.5",
        )
    return value
