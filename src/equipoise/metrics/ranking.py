"""Ranking metrics with many weight vectors at once.

A weight vector here is one bootstrap draw. The scores are sorted once for all draws and cut into runs
that end at a distinct score of a positive row; within such a run only the sums of the weights matter,
so a draw costs two sums over rows and arithmetic over as many runs as there are positive rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError

__all__ = ["average_precision", "recall_at_precision", "roc_auc", "sorted_runs"]

F = NDArray[np.float64]
_Runs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], F]
_CHUNK = 20_000_000


def sorted_runs(y: NDArray[Any], score: F) -> _Runs:
    """Cut the sorted rows into runs that end with the last row that ties a positive row.

    Rows after the last such one make a final run without a positive row.

    Parameters
    ----------
    y : int array, shape (n,)
        1 for positive rows, 0 for others.
    score : float array, shape (n,)
        Higher means more likely positive.

    Returns
    -------
    order : int64 array, shape (n,)
        Rows from the highest score to the lowest.
    starts : int64 array, shape (R,) or (R + 1,)
        First position of every run, of the final one too if there is one.
    ties : int64 array, shape (R,)
        First position of the tie that ends a run.
    scores : float64 array, shape (R,)
        Score of that tie, falling.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.ranking import sorted_runs
    >>> order, starts, ties, scores = sorted_runs(np.array([0, 1, 0]), np.array([0.9, 0.5, 0.1]))
    >>> starts.tolist(), ties.tolist(), scores.tolist()
    ([0, 2], [1], [0.5])
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


def _sums(runs: _Runs, y: NDArray[Any], weight: NDArray[Any]) -> tuple[F, F, F, F]:
    """Return cumulative weights at every run's end, and of negatives strictly above its tie, (B, runs)."""
    order, starts, ties, _ = runs
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
    """Sort once, then apply ``function`` to as many draws at a time as memory allows."""
    y, score = np.asarray(y), np.asarray(score, dtype=np.float64)
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
    if y.ndim != 1 or len(y) == 0 or y.shape != score.shape or weight.shape[-1:] != y.shape:
        raise UsageError(
            f"y, score and sample_weight have the shapes {y.shape}, {score.shape} and {weight.shape}",
            remedy="give (n,), (n,) and (n,) or (B, n), with a row at least",
        )
    if np.isnan(score).any():
        raise UsageError(
            f"{np.isnan(score).sum()} of {len(score)} scores are NaN and have no rank",
            remedy="give a number for every row",
        )
    draws = np.atleast_2d(weight)
    runs = sorted_runs(y, score)
    if len(runs[2]) == 0:
        out = np.full(len(draws), np.nan)
    else:
        # A run of a draw takes several numbers of eight bytes, a row of a draw often just one byte.
        step = max(1, _CHUNK // (len(y) + 8 * len(runs[2])))
        out = np.concatenate(
            [function(runs, y, draws[b : b + step]) for b in range(0, len(draws), step)]
        )
    return float(out[0]) if weight.ndim == 1 else out


def _average_precision(runs: _Runs, y: NDArray[Any], weight: NDArray[Any]) -> F:
    hit, total, _, _ = _sums(runs, y, weight)
    gain = np.diff(hit, axis=1, prepend=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(total > 0, hit / total, 0.0)
        out: F = (gain * precision).sum(axis=1) / hit[:, -1]
    return out


def _roc_auc(runs: _Runs, y: NDArray[Any], weight: NDArray[Any]) -> F:
    hit, total, everything, above = _sums(runs, y, weight)
    gain = np.diff(hit, axis=1, prepend=0.0)
    at_or_above = total - hit
    negatives = everything[:, 0] - hit[:, -1]
    # What rounding leaves of no weight is no weight.
    negatives = np.where(negatives > 1e-12 * everything[:, 0], negatives, 0.0)
    # A positive wins against negatives below its tie and half wins within it.
    lost = above + 0.5 * (at_or_above - above)
    with np.errstate(divide="ignore", invalid="ignore"):
        out: F = 1.0 - (gain * lost).sum(axis=1) / (hit[:, -1] * negatives)
    return np.where(negatives > 0, out, np.nan)


def average_precision(y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute average precision: the gain in recall times the precision, summed over thresholds.

    ``AP = sum_k (R_k - R_(k-1)) P_k``, k over the distinct scores from the highest down.

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

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows, or a score is NaN.

    References
    ----------
    Davis, J. and Goadrich, M. (2006). The relationship between precision-recall and ROC curves. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import average_precision
    >>> round(average_precision(np.array([0, 1, 1]), np.array([0.2, 0.1, 0.9])), 3)
    0.833
    """
    return _batched(_average_precision, y, score, sample_weight)


def roc_auc(y: NDArray[Any], score: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute the area under the ROC curve.

    ``AUC = P(s+ > s-) + P(s+ = s-) / 2``: the chance that a positive row outranks a negative one.

    Parameters
    ----------
    y, score, sample_weight
        As for :func:`average_precision`.

    Returns
    -------
    float, or float64 array of shape (B,)
        NaN where a class has no weight.

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows, or a score is NaN.

    References
    ----------
    Hanley, J. A. and McNeil, B. J. (1982). The meaning and use of the area under a ROC curve. Radiology 143.

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
    """Compute the largest recall among thresholds whose precision is at least ``precision``.

    Parameters
    ----------
    y, score, sample_weight
        As for :func:`average_precision`.
    precision : float
        Between 0 and 1.

    Returns
    -------
    float, or float64 array of shape (B,)
        0 if no threshold is that precise; NaN where no positive row has weight.

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows, a score is NaN, or ``precision`` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import recall_at_precision
    >>> recall_at_precision(np.array([0, 1, 1]), np.array([0.2, 0.1, 0.9]), 0.9)
    0.5
    """
    if not 0 <= precision <= 1:
        raise UsageError(f"precision is {precision}", remedy="give a number from 0 to 1")

    def function(runs: _Runs, y: NDArray[Any], weight: NDArray[Any]) -> F:
        hit, total, _, _ = _sums(runs, y, weight)
        # A precision of 9 / 10 reaches 0.9 whatever the last bit says.
        good = (hit >= precision * total * (1 - 1e-12)) & (total > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            out: F = np.where(good, hit, 0.0).max(axis=1) / hit[:, -1]
        return out

    return _batched(function, y, score, sample_weight)
