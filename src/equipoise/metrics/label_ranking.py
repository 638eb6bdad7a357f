"""Rankings of rows by the score of every label, with many weight vectors at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics import ranking
from equipoise.metrics.label_scores import checked
from equipoise.metrics.metric import Metric

__all__ = [
    "RankedLabels",
    "compute_label_rankings",
    "label_average_precision",
    "label_roc_auc",
    "micro_average_precision",
]

F = NDArray[np.float64]
Measure = Callable[[ranking.Sums], F]


def label_average_precision(Y: NDArray[Any], scores: F, weights: NDArray[Any] | None = None) -> F:
    """Compute the average precision of every label, from the ranking of the rows by its score.

    Parameters
    ----------
    Y : array of shape (n, L)
        1 where a row has the label, else 0.
    scores : float64 array, shape (n, L)
        Higher means more likely to have the label. Ties count as one threshold.
    weights : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws.

    Returns
    -------
    float64 array, shape (L,) or (B, L)
        NaN where no row that has the label has weight.

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows or labels, a score is NaN, or Y is not of 0 and 1.

    References
    ----------
    Davis, J. and Goadrich, M. (2006). The relationship between precision-recall and ROC curves. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import label_average_precision
    >>> Y = np.array([[1, 0], [0, 1]])
    >>> label_average_precision(Y, np.array([[0.9, 0.8], [0.1, 0.2]])).tolist()
    [1.0, 0.5]
    """
    return _each_label([ranking.precision_measure], Y, scores, weights)[0]


def label_roc_auc(Y: NDArray[Any], scores: F, weights: NDArray[Any] | None = None) -> F:
    """Compute the area under the ROC curve of every label.

    Parameters and errors are those of :func:`label_average_precision`.

    Returns
    -------
    float64 array, shape (L,) or (B, L)
        NaN where all rows of weight, or none, have the label.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_ranking import label_roc_auc
    >>> label_roc_auc(np.array([[1, 0], [0, 1]]), np.array([[0.9, 0.8], [0.1, 0.2]])).tolist()
    [1.0, 0.0]
    """
    return _each_label([ranking.auc_measure], Y, scores, weights)[0]


def micro_average_precision(
    Y: NDArray[Any], scores: F, sample_weight: NDArray[Any] | None = None
) -> Any:
    """Compute the average precision of one ranking of all pairs of a row and a label.

    Parameters and errors are those of :func:`label_average_precision`.

    Returns
    -------
    float, or float64 array of shape (B,)
        NaN where no row of weight has a label.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_ranking import micro_average_precision
    >>> scores = np.array([[0.9, 0.8], [0.1, 0.2]])
    >>> round(micro_average_precision(np.array([[1, 0], [0, 1]]), scores), 3)
    0.833
    """
    truth, z, weight = checked(Y, scores, sample_weight)
    rows = np.repeat(np.arange(len(z)), z.shape[1])
    pairs = truth.ravel().astype(np.int64), z.ravel()
    weight = np.ones(len(z)) if weight is None else weight
    return ranking.rank([ranking.precision_measure], *pairs, weight, rows=rows)[0]


def _each_label(
    measures: Sequence[Measure], Y: NDArray[Any], scores: F, weights: NDArray[Any] | None
) -> list[F]:
    truth, z, weight = checked(Y, scores, weights)
    each = [
        ranking.rank(measures, truth[:, j].astype(np.int64), z[:, j], weight)
        for j in range(z.shape[1])
    ]
    return [np.stack(column, axis=-1) for column in zip(*each, strict=True)]


def _mean_of_known(values: F) -> Any:
    # A label that a draw lacks is left out of that draw's mean: among many rare labels most draws lack one.
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        out = np.where(known, values, 0.0).sum(axis=-1) / np.where(count > 0, count, np.nan)
    return float(out) if out.ndim == 0 else out


@dataclass(frozen=True)
class RankedLabels:
    """A ranking metric as the function of a metric, averaged over the labels that it is defined for."""

    measure: Measure

    def __call__(
        self, Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None = None
    ) -> Any:
        """Compute it, as :meth:`Metric.compute_scores` says."""
        return _mean_of_known(_each_label([self.measure], Y, log_odds, sample_weight)[0])


def compute_label_rankings(
    metrics: Sequence[Metric],
    Y: NDArray[Any],
    log_odds: F,
    sample_weight: NDArray[Any] | None = None,
) -> list[Any]:
    """Compute several metrics of log-odds; those that rank rows by a label sort them once for all.

    Parameters
    ----------
    metrics : sequence of Metric
        Multilabel metrics of rankings or probabilities.
    Y, log_odds, sample_weight
        As for :meth:`Metric.compute_scores`.

    Returns
    -------
    list of float, or of float64 array of shape (B,)
        What `compute_scores` returns for each.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import get_metric
    >>> from equipoise.metrics.label_ranking import compute_label_rankings
    >>> metrics = [get_metric(name, "multilabel") for name in ("roc_auc", "average_precision")]
    >>> Y = np.array([[1, 0], [0, 1]])
    >>> compute_label_rankings(metrics, Y, np.array([[2.0, 1.0], [-1.0, 0.5]]))
    [0.5, 0.75]
    """
    functions = [metric.function for metric in metrics]
    measures = [function.measure for function in functions if isinstance(function, RankedLabels)]
    ranked = iter(_each_label(measures, Y, log_odds, sample_weight) if measures else [])
    return [
        _mean_of_known(next(ranked))
        if isinstance(metric.function, RankedLabels)
        else metric.compute_scores(Y, log_odds, sample_weight)
        for metric in metrics
    ]
