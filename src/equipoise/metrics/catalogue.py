"""The catalogue of metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

__all__ = ["COST", "Ranked", "compute_rankings", "label_metrics", "score_metrics"]

F = NDArray[np.float64]
_BOTH = frozenset({"binary", "multiclass"})
_BINARY = frozenset({"binary"})
# Metrics of one kind of mistake, which a model that makes all of the other kind can win.
_CAUTIONS = {
    "accuracy": (
        "Accuracy hardly notices a rare class: a model that never names it scores the share of the others. "
        "Macro F1 or MCC tell more."
    ),
    "precision": (
        "Precision is highest where hardly any row is called positive: read recall beside it, or choose by "
        "fbeta:0.5."
    ),
    "recall": (
        "Recall is 1 where every row is called positive: read precision beside it, or choose by fbeta:2 or "
        "recall_at_precision:0.9."
    ),
}


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
            caution=_CAUTIONS.get(name, ""),
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
            Ranked(ranking.precision_measure),
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
            Ranked(ranking.auc_measure),
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
            Ranked(ranking.recall_measure(0.9)),
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


@dataclass(frozen=True)
class Ranked:
    """A ranking metric as the function of a metric, of the positive class or averaged over classes."""

    measure: Callable[[ranking.Sums], F]

    def __call__(
        self, y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None = None
    ) -> Any:
        """Compute it, as :meth:`Metric.compute_scores` says."""
        return _rank_classes([self.measure], y, log_p, sample_weight)[0]


def compute_rankings(
    metrics: Sequence[Metric],
    y: NDArray[np.int64],
    log_p: F,
    sample_weight: NDArray[Any] | None = None,
) -> list[Any]:
    """Compute several ranking metrics of the same scores: sorted once, summed once.

    Parameters
    ----------
    metrics : sequence of Metric
        Metrics of rankings, as :func:`equipoise.metrics.get_metric` returns them.
    y, log_p, sample_weight
        As for :meth:`Metric.compute_scores`.

    Returns
    -------
    list of float, or of float64 array of shape (B,)
        What `compute_scores` returns for each.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import get_metric
    >>> from equipoise.metrics.catalogue import compute_rankings
    >>> metrics = [get_metric(name, "binary") for name in ("roc_auc", "average_precision")]
    >>> compute_rankings(metrics, np.array([0, 1]), np.log([[0.9, 0.1], [0.4, 0.6]]))
    [1.0, 1.0]
    """
    functions = [metric.function for metric in metrics]
    measures = [function.measure for function in functions if isinstance(function, Ranked)]
    return _rank_classes(measures, y, log_p, sample_weight)


def _rank_classes(
    measures: Sequence[Callable[[ranking.Sums], F]],
    y: NDArray[np.int64],
    log_p: F,
    sample_weight: NDArray[Any] | None = None,
) -> list[Any]:
    if log_p.shape[1] == 2:
        return ranking.rank(measures, y, log_p[:, 1] - log_p[:, 0], sample_weight)
    each = [
        ranking.rank(measures, (y == c).astype(np.int64), _log_odds(log_p[:, c]), sample_weight)
        for c in range(log_p.shape[1])
    ]
    # A class that a draw lacks is left out of that draw's mean.
    values = np.array(each, dtype=np.float64)
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        out = np.where(known, values, 0.0).sum(axis=0) / np.where(
            known.any(axis=0), known.sum(axis=0), np.nan
        )
    return [float(one) if one.ndim == 0 else one for one in out]


def _log_odds(log_p: F) -> F:
    # Keeps apart probabilities near 1 that differ only in their complement.
    return log_p - np.log(np.maximum(-np.expm1(log_p), 1e-300))
