"""Ranking metrics with many weight vectors at once.

A weight vector here is one bootstrap draw. The scores are sorted once for all draws and cut into runs
that end at a distinct score of a positive row; within such a run only the sums of the weights matter,
so a draw costs two sums over rows and arithmetic over as many runs as there are positive rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from equipoise.errors import UsageError

__all__ = [
    "Sums",
    "auc_measure",
    "average_precision",
    "precision_measure",
    "rank",
    "recall_at_precision",
    "recall_measure",
    "roc_auc",
    "run_sums",
    "sorted_runs",
]

F = NDArray[np.float64]
_Runs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], F]
_CHUNK = 20_000_000


class Sums(NamedTuple):
    """Sums of the weights of B draws over rows sorted by falling score, at the end of each of R runs.

    Attributes
    ----------
    hit, total : float64 array, shape (R, B)
        Weight of the positive rows, and of all, at or above the score of the run.
    everything : float64 array, shape (B,)
        Weight of all rows.
    above : float64 array, shape (R, B)
        Weight of the negative rows strictly above the score of the run.
    """

    hit: F
    total: F
    everything: F
    above: F


Measure = Callable[[Sums], F]


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


def _sums(
    runs: _Runs, y: NDArray[Any], weight: NDArray[Any], rows: NDArray[np.int64] | None
) -> Sums:
    order, starts, ties, _ = runs
    owner = order if rows is None else rows[order]
    # The sums at run ends, and those at the start of each tie: two cuts for every run.
    cuts = np.unique(np.concatenate([starts, ties]))
    total = run_sums(owner, cuts, weight).cumsum(axis=0)
    positive = np.flatnonzero(y[order] == 1)
    first = np.searchsorted(positive, cuts)
    hit = run_sums(owner[positive], first, weight).cumsum(axis=0)
    at = np.searchsorted(cuts, ties)
    above = np.where((at > 0)[:, None], total[at - 1] - hit[at - 1], 0.0)
    return Sums(hit[at], total[at], total[-1], above)


def run_sums(rows: NDArray[np.int64], starts: NDArray[np.int64], weight: NDArray[Any]) -> F:
    """Sum the weights of consecutive rows.

    Parameters
    ----------
    rows : int64 array, shape (m,)
        Rows, in their order.
    starts : int64 array, shape (R,)
        First position of every run in `rows`, ascending; a run may be empty.
    weight : array, shape (B, n)
        Weights of B draws.

    Returns
    -------
    float64 array, shape (R, B)

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.ranking import run_sums
    >>> run_sums(np.array([2, 0, 1]), np.array([0, 2]), np.array([[1, 2, 4]])).ravel().tolist()
    [5.0, 2.0]
    """
    # A product with a sparse matrix of ones adds whole rows of draws: many times as fast as reduceat.
    counts = weight.dtype.kind in "ub" and len(rows) * float(weight.max(initial=0)) < 2**24
    kind = np.float32 if counts else np.float64  # single precision holds counts up to 2^24 exactly
    ends = np.append(starts, len(rows))
    ones = np.ones(len(rows), dtype=kind)
    runs = csr_array((ones, rows, ends), shape=(len(starts), weight.shape[1]))
    sums = runs @ np.ascontiguousarray(weight.T).astype(kind, copy=False)
    return np.asarray(sums, dtype=np.float64)


def rank(
    measures: Sequence[Measure],
    y: NDArray[Any],
    score: F,
    sample_weight: NDArray[Any] | None = None,
    rows: NDArray[np.int64] | None = None,
) -> list[Any]:
    """Sort once, sum the weights once, and take every measure from the sums.

    Parameters
    ----------
    measures : sequence of callable
        Such as `precision_measure`: from :class:`Sums` to float64 (B,).
    y, score, sample_weight
        As for :func:`average_precision`.
    rows : int64 array of shape (n,), optional
        Where several scores are of one row: the entry of ``sample_weight`` that each of them weighs.

    Returns
    -------
    list of float, or of float64 array of shape (B,)
        One for each measure.

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows, or a score is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.ranking import auc_measure, precision_measure, rank
    >>> rank([precision_measure, auc_measure], np.array([0, 1, 1]), np.array([0.2, 0.1, 0.9]))
    [0.8333333333333333, 0.5]
    """
    y, score = np.asarray(y), np.asarray(score, dtype=np.float64)
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
    weighed = weight.shape[-1:] if rows is None else rows.shape
    if y.ndim != 1 or len(y) == 0 or y.shape != score.shape or weighed != y.shape:
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
    out = np.full((len(measures), len(draws)), np.nan)
    if len(runs[2]):
        # Draws are taken as many at a time as memory allows: a run of a draw takes several numbers of
        # eight bytes, a row of a draw often just one byte.
        step = max(1, _CHUNK // (draws.shape[1] + 8 * len(runs[2])))
        for b in range(0, len(draws), step):
            sums = _sums(runs, y, draws[b : b + step], rows)
            for m, measure in enumerate(measures):
                out[m, b : b + step] = measure(sums)
    return [float(values[0]) for values in out] if weight.ndim == 1 else list(out)


def precision_measure(sums: Sums) -> F:
    """Take average precision from sums of weights, float64 (B,)."""
    gain = np.diff(sums.hit, axis=0, prepend=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain *= np.where(sums.total > 0, sums.hit / sums.total, 0.0)
        out: F = gain.sum(axis=0) / sums.hit[-1]
    return out


def auc_measure(sums: Sums) -> F:
    """Take the area under the ROC curve from sums of weights, float64 (B,)."""
    gain = np.diff(sums.hit, axis=0, prepend=0.0)
    negatives = sums.everything - sums.hit[-1]
    # What rounding leaves of no weight is no weight.
    negatives = np.where(negatives > 1e-12 * sums.everything, negatives, 0.0)
    # A positive wins against negatives below its tie and half wins within it.
    lost = 0.5 * (sums.above + (sums.total - sums.hit))
    with np.errstate(divide="ignore", invalid="ignore"):
        out: F = 1.0 - (gain * lost).sum(axis=0) / (sums.hit[-1] * negatives)
    return np.where(negatives > 0, out, np.nan)


def recall_measure(precision: float) -> Measure:
    """Return what takes recall at ``precision`` from sums of weights."""

    def measure(sums: Sums) -> F:
        # A precision of 9 / 10 reaches 0.9 whatever the last bit says.
        good = (sums.hit >= precision * sums.total * (1 - 1e-12)) & (sums.total > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            out: F = np.where(good, sums.hit, 0.0).max(axis=0) / sums.hit[-1]
        return out

    return measure


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
    return rank([precision_measure], y, score, sample_weight)[0]


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
    return rank([auc_measure], y, score, sample_weight)[0]


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
    return rank([recall_measure(precision)], y, score, sample_weight)[0]
