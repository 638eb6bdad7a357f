"""Choose the bias of a decision for a metric of labels, for one or many weight vectors at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError
from equipoise.metrics.metric import Metric
from equipoise.metrics.ranking import run_sums, sorted_runs
from equipoise.weights.reading import as_array

__all__ = [
    "CERTAIN",
    "Sweep",
    "count_swept",
    "nearest_to_zero",
    "sweep",
    "tune_bias",
    "tune_scores",
]

F = NDArray[np.float64]
_CUTS = 256
_PASSES = 3
_CELLS = 4_000_000
# Scores, and values of a metric, that differ by less than this are ties: rounding must not decide.
_CLOSE = 1e-12
# A bias of several classes is a sum of steps; no step stops nearer to a row than half of this.
_MARGIN = 1e-9
# Log-odds beyond this are certain: adding to them would be lost in rounding.
CERTAIN = 1e6


def tune_bias(
    y: ArrayLike, log_p: ArrayLike, metric: Metric, sample_weight: ArrayLike | None = None
) -> F:
    """Choose a bias per class that makes ``argmax(log_p + bias)`` best by a metric.

    In a binary task the search is exact over all thresholds on the log-odds, set halfway between
    neighbouring scores. Only thresholds just below a positive row, or above all rows, are tried where
    the metric cannot gain from a false alarm alone (:attr:`Metric.false_alarms_hurt`): the best is among
    them. That holds for all metrics of labels here but an expected cost by which a right "no" costs
    more than a false alarm; then, and if a row is certain, all distinct scores are tried.

    For several classes one class's bias is moved at a time, from 0 and in up to three passes, each
    time exactly over all rows if they are few, else over 256 rows of the class. Every step keeps or
    raises the metric, so the result is never worse than argmax on the same rows, but it may be a local
    optimum. A draw gets one pass from the solution for all rows, or from 0 if that is better on it.

    Parameters
    ----------
    y : int64 array, shape (n,)
        Class codes.
    log_p : float64 array, shape (n, C)
        Corrected natural-log probabilities, of rows that the model was not trained on. -inf is allowed:
        rows with log-odds beyond a million are certain, and no bias moves them.
    metric : Metric
        A metric of labels.
    sample_weight : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws, each of which gets its own bias.

    Returns
    -------
    float64 array, shape (C,) or (B, C)
        Finite; in a binary task entry 0 is 0. Among thresholds that are equally good, the one nearest
        to a bias of 0.

    Raises
    ------
    UsageError
        If shapes disagree, a log-probability is NaN, or the metric is not one of labels.

    References
    ----------
    Lipton, Z. C., Elkan, C. and Naryanaswamy, B. (2014). Optimal thresholding of classifiers to maximize
    F1 measure. ECML PKDD.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import tune_bias
    >>> from equipoise.metrics import get_metric
    >>> p = np.log([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.7, 0.3]])
    >>> bias = tune_bias(np.array([0, 0, 1, 1]), p, get_metric("f1", "binary"))
    >>> (p + bias).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    codes, scores = as_array(y, "y"), as_floats(log_p, "log_p")
    weight = None if sample_weight is None else as_array(sample_weight, "sample_weight")
    _check(codes, scores, metric, weight)
    single = weight is None or weight.ndim == 1
    if scores.shape[1] == 2:
        draws = (
            np.ones((1, len(codes)), dtype=np.uint8) if weight is None else np.atleast_2d(weight)
        )
        out = np.zeros((len(draws), 2))
        out[:, 1] = tune_scores(codes, scores[:, 1] - scores[:, 0], metric, draws)
    elif weight is None or single:
        w = np.ones(len(codes)) if weight is None else weight
        out = _climb(codes, scores, metric, w, np.zeros(scores.shape[1]), _PASSES)[None]
    else:
        out = _tune_draws(codes, scores, metric, weight)
    return out[0] if single else out


def _check(y: NDArray[Any], log_p: F, metric: Metric, weight: NDArray[Any] | None) -> None:
    if metric.needs != "labels":
        raise UsageError(
            f"metric {metric.name!r} does not depend on the threshold",
            remedy="tune a metric of labels, such as 'f1_macro'",
        )
    shape = y.shape if weight is None else weight.shape[-1:]
    if y.ndim != 1 or len(y) == 0 or log_p.ndim != 2 or len(log_p) != len(y) or shape != y.shape:
        raise UsageError(
            f"y has the shape {y.shape}, log_p {log_p.shape}"
            + ("" if weight is None else f" and sample_weight {weight.shape}"),
            remedy="give (n,), (n, C) and (n,) or (B, n), with a row at least",
        )
    if np.isnan(log_p).any():
        raise UsageError(
            f"{np.isnan(log_p).any(axis=1).sum()} of {len(y)} rows have a log-probability that is NaN",
            remedy="give a number for every class",
        )


class Sweep(NamedTuple):
    """Thresholds to try on the scores of two classes, from the highest down.

    Attributes
    ----------
    order : int64 array, shape (n,)
        Rows from the highest score to the lowest.
    starts : int64 array
        First position of every run of rows between thresholds.
    thresholds : float64 array, shape (T,)
        The first is above all rows; infinite where rows are certain.
    positive, first : int64 arrays
        Positions of the positive rows, and which of them begins a run.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    thresholds: F
    positive: NDArray[np.int64]
    first: NDArray[np.int64]


def sweep(y: NDArray[np.int64], score: F, few: bool) -> Sweep:
    """Sort scores, ties included, and set thresholds between them; just below positive rows if ``few``."""
    score = _tied(score)
    few = few and bool(np.isfinite(score).all())
    order, starts, _, cuts = sorted_runs(y if few else np.ones_like(y), score)
    ranked = score[order]
    ends = np.searchsorted(-ranked, -cuts, side="right")
    thresholds = np.append(ranked[0] + 1.0, _between(np.append(ranked, -np.inf)[ends], cuts))
    positive = np.flatnonzero(y[order] == 1)
    return Sweep(order, starts, thresholds, positive, np.searchsorted(positive, starts))


def count_swept(swept: Sweep, weight: NDArray[Any]) -> tuple[F, F]:
    """Return the weights of rows above each threshold, and of positive ones, (T, B) each."""
    said, hits = np.zeros((2, len(swept.thresholds), len(weight)))
    if k := len(swept.thresholds) - 1:
        said[1:] = run_sums(swept.order, swept.starts, weight)[:k].cumsum(axis=0)
        hits[1:] = run_sums(swept.order[swept.positive], swept.first, weight)[:k].cumsum(axis=0)
    return said, hits


def tune_scores(y: NDArray[np.int64], score: F, metric: Metric, weight: NDArray[Any]) -> F:
    """Return what to add to the score of class 1 over that of class 0, float64 (B,)."""
    swept = sweep(y, score, metric.false_alarms_hurt)
    thresholds = swept.thresholds
    reachable = np.isfinite(thresholds)
    bias = np.zeros(len(weight))
    if not reachable.any():  # every row is certain, and stays where it is
        return bias
    # Draws are taken as many at a time as memory allows.
    step = max(1, _CELLS // len(thresholds))
    for b in range(0, len(weight), step):
        w = weight[b : b + step]
        said, hits = count_swept(swept, w)
        total = w.sum(axis=1, dtype=np.float64)
        positives = w[:, swept.order[swept.positive]].sum(axis=1, dtype=np.float64)
        matrix = np.empty((*hits.shape, 2, 2))
        matrix[..., 1, 1], matrix[..., 1, 0] = hits, positives - hits
        matrix[..., 0, 1] = said - hits
        matrix[..., 0, 0] = total - positives - (said - hits)
        if w.dtype.kind == "f":
            matrix = _swept(matrix, total[:, None, None])
        value = metric.sign * np.asarray(metric.compute_labels(matrix[reachable]))
        best = nearest_to_zero(np.nan_to_num(value.T, nan=-np.inf), thresholds[reachable])
        bias[b : b + step] = -thresholds[reachable][best]
    return bias


def _swept(matrix: F, total: Any) -> F:
    """Set to 0 what rounding leaves of fractional weights, or a ratio of two such rests might win."""
    out: F = np.where(matrix > _CLOSE * total, matrix, 0.0)
    return out


def _tied(score: F) -> F:
    """Give scores that differ by rounding one value, the lowest of them."""
    score = np.where(np.abs(score) > CERTAIN, np.copysign(np.inf, score), score)
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    with np.errstate(invalid="ignore"):
        apart = np.diff(ranked) > _CLOSE * np.clip(np.abs(ranked[1:]), 1.0, CERTAIN)
    tie = np.append(0, np.cumsum(apart))
    out = np.empty_like(score)
    out[order] = ranked[np.append(0, np.flatnonzero(apart) + 1)][tie]
    return out


def _between(low: F, high: F) -> F:
    """Return numbers halfway, at least ``low`` and below ``high``; 1 off the other where one is infinite."""
    with np.errstate(invalid="ignore"):
        middle = (low + high) / 2
        # Between neighbouring numbers there is none, and the half may round to the upper one.
        middle = np.where(middle < high, middle, low)
        middle = np.where(np.isneginf(low), high - 1.0, middle)
        out: F = np.where(np.isposinf(high), np.where(np.isneginf(low), 0.0, low + 1.0), middle)
    return out


def nearest_to_zero(value: F, cuts: F) -> NDArray[np.int64]:
    """Return the best cut for each row of values (B, T), of equally good ones that nearest to 0."""
    top = value.max(axis=1, keepdims=True)
    distance = np.where(value >= top - _CLOSE, np.abs(cuts), np.inf)
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)


def _tune_draws(y: NDArray[np.int64], log_p: F, metric: Metric, weight: NDArray[Any]) -> F:
    n_classes = log_p.shape[1]
    zero = np.zeros(n_classes)
    full = _climb(y, log_p, metric, np.ones(len(y)), zero, _PASSES)
    # A draw's optimum is near that of all rows, unless plain argmax is better on it.
    starts = (full, zero)
    cells = [y * n_classes + (log_p + one).argmax(axis=1) for one in starts]
    out = np.empty((len(weight), n_classes))
    for b, one in enumerate(weight):
        value = [
            metric.sign * metric.compute_labels(_matrix(cell, one, n_classes)) for cell in cells
        ]
        out[b] = _climb(y, log_p, metric, one, starts[int(value[1] > value[0])], 1)
    return out


def _matrix(cell: NDArray[np.int64], weight: NDArray[Any], n_classes: int) -> F:
    counts = np.bincount(cell, weights=weight, minlength=n_classes * n_classes)
    return counts.astype(np.float64).reshape(n_classes, n_classes)


def _climb(
    y: NDArray[np.int64], log_p: F, metric: Metric, weight: NDArray[Any], start: F, passes: int
) -> F:
    n_classes = log_p.shape[1]
    used = np.flatnonzero(weight)
    y, log_p, w = y[used], log_p[used], np.asarray(weight, dtype=np.float64)[used]
    bias = start.copy()
    for _ in range(passes if len(y) else 0):
        before = bias.copy()
        for c in range(n_classes):
            bias[c] += _best_cut(y, log_p + bias, metric, w, c, n_classes)
        if np.array_equal(before, bias):
            break
    return bias


def _best_cut(
    y: NDArray[np.int64], score: F, metric: Metric, w: F, c: int, n_classes: int
) -> float:
    """Return what to add to the score of class ``c``."""
    others = score.copy()
    others[:, c] = -np.inf
    rival = others.argmax(axis=1)
    # The row turns to c once it gets more than this, or just this if c is the lower code.
    need = others[np.arange(len(y)), rival] - score[:, c]
    cuts = _cuts_for(need, y == c)
    bins = np.searchsorted(cuts, need, side="left")  # first cut at which the row is called c
    still = (need == 0) & (rival < c)
    if still.any():
        bins[still] = np.searchsorted(cuts, 0.0, side="right")
    k = len(cuts) + 1
    size = n_classes * n_classes
    moved = np.bincount((bins * n_classes + y) * n_classes + rival, weights=w, minlength=k * size)
    moved = moved.reshape(k, n_classes, n_classes)[: len(cuts)].cumsum(axis=0)
    matrix = _matrix(y * n_classes + rival, w, n_classes) - moved
    matrix[:, :, c] += moved.sum(axis=2)
    value = metric.sign * np.asarray(metric.compute_labels(_swept(matrix, w.sum())))
    top = np.nan_to_num(value, nan=-np.inf)
    return float(cuts[nearest_to_zero(top[None], cuts)[0]])


def _cuts_for(need: F, own: NDArray[np.bool_]) -> F:
    """Return what to try to add, sorted: 0, what turns no row, and what just turns a row."""
    movable = np.abs(need) <= CERTAIN
    ranked = np.sort(need[movable])
    if not len(ranked):
        return np.zeros(1)
    picks = ranked[np.append(np.diff(ranked) > _MARGIN, True)]
    if len(picks) > _CUTS:
        # Just above what a row of class c needs is where the metric can peak.
        mine = np.sort(need[own & movable])
        picks = mine[np.linspace(0, len(mine) - 1, _CUTS).astype(np.int64)] if len(mine) else mine
    after = np.append(ranked, np.inf)[np.searchsorted(ranked, picks + _MARGIN, side="right")]
    # Halfway to the next row, but where the gap is wide no further than 1.
    turns = picks + np.minimum((after - picks) / 2, 1.0)
    return np.unique(np.concatenate([[ranked[0] - 1.0, 0.0], turns]))
