"""Ranking metrics with many weight vectors at once.

A weight vector here is one bootstrap draw. The scores are sorted once for all draws and cut into runs
that end at a distinct score of a positive row; within such a run only the sums of the weights matter,
so a draw costs two sums over rows and arithmetic over as many runs as there are positive rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["average_precision", "recall_at_precision", "roc_auc", "sorted_runs"]

F = NDArray[np.float64]
_CHUNK = 20_000_000


def sorted_runs(
    y: NDArray[Any], score: F
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], F]:
    """Return the order from the highest score, run starts, end-of-tie positions, and the runs' scores.

    A run ends with the last row that ties a positive row; rows after the last positive make a final
    run without one.
    """
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    n = len(ranked)
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    positive = y[order] == 1
    first_of_tie = np.append(0, last_of_tie[:-1] + 1)
    has_positive = np.logical_or.reduceat(positive, first_of_tie)
    ends = last_of_tie[has_positive]
    starts = np.append(0, ends + 1)[: len(ends)]
    if len(ends) and ends[-1] < n - 1:
        starts = np.append(starts, ends[-1] + 1)
    ties = first_of_tie[has_positive]
    return order, starts, ties, ranked[ends]


def _sums(y: NDArray[Any], score: F, weight: NDArray[Any]) -> tuple[F, F, F, F]:
    """Return cumulative weights at every run's end, and of negatives strictly above its tie, (B, runs)."""
    order, starts, ties, _ = sorted_runs(y, score)
    if len(ties) == 0:
        empty = np.zeros((len(weight), 0))
        return empty, empty, weight.sum(axis=1, dtype=np.float64)[:, None], empty
    # Rows first: then the weights that one row has in all draws lie side by side and move together.
    w = np.ascontiguousarray(weight.T)[order]
    # The sums at run ends, and those at the start of each tie: two cuts for every run.
    cuts = np.unique(np.concatenate([starts, ties]))
    total = np.add.reduceat(w, cuts, axis=0, dtype=np.float64).cumsum(axis=0)
    positive = np.flatnonzero(y[order] == 1)
    run = np.searchsorted(cuts, positive, side="right") - 1  # ascending
    first = np.flatnonzero(np.append(True, run[1:] != run[:-1]))
    hit = np.zeros_like(total)
    hit[run[first]] = np.add.reduceat(w[positive], first, axis=0, dtype=np.float64)
    hit = hit.cumsum(axis=0)
    at = np.searchsorted(cuts, ties)
    above = np.where((at > 0)[:, None], total[at - 1] - hit[at - 1], 0.0)
    return hit[at].T, total[at].T, total[-1:].T, above.T


def _batched(function: Any, y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None) -> Any:
    y = np.asarray(y)
    if sample_weight is None:
        return float(function(y, score, np.ones((1, len(y))))[0])
    weight = np.asarray(sample_weight)
    if weight.ndim == 1:
        return float(function(y, score, weight[None])[0])
    step = max(1, _CHUNK // max(len(y), 1))
    return np.concatenate(
        [function(y, score, weight[b : b + step]) for b in range(0, len(weight), step)]
    )


def _average_precision(y: NDArray[Any], score: F, weight: NDArray[Any]) -> F:
    hit, total, _, _ = _sums(y, score, weight)
    if hit.shape[1] == 0:
        return np.full(len(weight), np.nan)
    gain = np.diff(hit, axis=1, prepend=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(total > 0, hit / total, 0.0)
        out: F = (gain * precision).sum(axis=1) / hit[:, -1]
    return out


def _roc_auc(y: NDArray[Any], score: F, weight: NDArray[Any]) -> F:
    hit, total, everything, above = _sums(y, score, weight)
    if hit.shape[1] == 0:
        return np.full(len(weight), np.nan)
    gain = np.diff(hit, axis=1, prepend=0.0)
    at_or_above = total - hit
    negatives = everything[:, 0] - hit[:, -1]
    # A positive wins against negatives below its tie and half wins within it.
    lost = above + 0.5 * (at_or_above - above)
    with np.errstate(divide="ignore", invalid="ignore"):
        out: F = 1.0 - (gain * lost).sum(axis=1) / (hit[:, -1] * negatives)
    return out


def average_precision(y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Average precision: the sum over thresholds of the gain in recall times the precision.

    Parameters
    ----------
    y : int array of shape (n,)
        1 for positive rows, 0 for others.
    score : float array of shape (n,)
        Higher means more likely positive. Ties count as one threshold.
    sample_weight : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws.

    Returns
    -------
    float, or float64 array of shape (B,)
        NaN where no positive row has weight.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import average_precision
    >>> round(average_precision(np.array([0, 1, 1]), np.array([0.2, 0.1, 0.9])), 3)
    0.833
    """
    return _batched(_average_precision, y, score, sample_weight)


def roc_auc(y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Area under the ROC curve: the chance that a positive row outranks a negative one, ties half.

    Parameters and returns as for :func:`average_precision`; NaN where a class has no weight.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import roc_auc
    >>> roc_auc(np.array([0, 1, 1]), np.array([0.2, 0.1, 0.9]))
    0.5
    """
    return _batched(_roc_auc, y, score, sample_weight)


def recall_at_precision(
    y: NDArray[Any], score: F, precision: float, sample_weight: NDArray[Any] | None = None
) -> Any:
    """Largest recall among thresholds whose precision is at least ``precision``; 0 if there is none.

    Parameters and returns as for :func:`average_precision`.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import recall_at_precision
    >>> recall_at_precision(np.array([0, 1, 1]), np.array([0.2, 0.1, 0.9]), 0.9)
    0.5
    """

    def function(y: NDArray[Any], score: F, weight: NDArray[Any]) -> F:
        hit, total, _, _ = _sums(y, score, weight)
        if hit.shape[1] == 0:
            return np.full(len(weight), np.nan)
        good = (hit >= precision * total - 1e-12) & (total > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            out: F = np.where(good, hit, 0.0).max(axis=1) / hit[:, -1]
        return out

    return _batched(function, y, score, sample_weight)
