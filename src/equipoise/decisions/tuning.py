"""Choose the bias of a decision for a metric of labels, for one or many weight vectors at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics.registry import Metric

__all__ = ["tune_bias"]

F = NDArray[np.float64]
_CUTS = 256
_PASSES = 3


def tune_bias(
    y: NDArray[np.int64], log_p: F, metric: Metric, sample_weight: NDArray[Any] | None = None
) -> F:
    """Choose a bias per class that makes ``argmax(log_p + bias)`` best by a metric.

    In a binary task the search is exact over all thresholds that could be best. Lowering a threshold
    past a negative row alone adds a false alarm and changes nothing else, and no metric of labels here
    gains by that; so the best threshold lies just below a positive row, or above all rows. For several
    classes one class's bias is moved at a time over a grid of up to 256 cuts, in three passes.

    Parameters
    ----------
    y : int64 array, shape (n,)
        Class codes.
    log_p : float64 array, shape (n, C)
        Corrected natural-log probabilities, of rows that the model was not trained on.
    metric : Metric
        A metric of labels.
    sample_weight : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws, each of which gets its own bias.

    Returns
    -------
    float64 array, shape (C,) or (B, C)
        In a binary task with entry 0 equal to 0. Ties go to the bias nearest to 0.

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
    weight = None if sample_weight is None else np.atleast_2d(np.asarray(sample_weight))
    if log_p.shape[1] == 2:
        out = _tune_binary(y, log_p, metric, weight)
    else:
        out = _tune_several(y, log_p, metric, weight)
    single = sample_weight is None or np.asarray(sample_weight).ndim == 1
    return out[0] if single else out


def _tune_binary(y: NDArray[np.int64], log_p: F, metric: Metric, weight: NDArray[Any] | None) -> F:
    from equipoise.metrics.ranking import sorted_runs

    score = log_p[:, 1] - log_p[:, 0]
    if weight is None:
        weight = np.ones((1, len(y)), dtype=np.uint8)
    order, starts, ties, cuts_at = sorted_runs(y, score)
    ranked = score[order]
    ends = np.searchsorted(-ranked, -cuts_at, side="right")
    # Between a positive row and the next lower score; a row must lie strictly above its cut.
    below = np.append(ranked, ranked[-1] - 2.0)[ends]
    thresholds = np.concatenate([[ranked[0] + 1.0], (cuts_at + below) / 2])
    w = np.ascontiguousarray(weight.T)[order]
    positive = np.flatnonzero(y[order] == 1)
    hits = np.zeros((len(thresholds), weight.shape[0]))
    said = np.zeros_like(hits)
    k = len(cuts_at)
    if k:
        said[1:] = np.add.reduceat(w, starts, axis=0, dtype=np.float64)[:k].cumsum(axis=0)
        run = np.searchsorted(starts, positive, side="right") - 1
        first = np.flatnonzero(np.append(True, run[1:] != run[:-1]))
        hits[1:] = np.add.reduceat(w[positive], first, axis=0, dtype=np.float64).cumsum(axis=0)
    total = w.sum(axis=0, dtype=np.float64)[:, None]
    positives = w[positive].sum(axis=0, dtype=np.float64)[:, None]
    hits, said = hits.T, said.T
    matrix = np.empty((*hits.shape, 2, 2))
    matrix[..., 1, 1], matrix[..., 1, 0] = hits, positives - hits
    matrix[..., 0, 1] = said - hits
    matrix[..., 0, 0] = total - positives - (said - hits)
    value = metric.sign * np.asarray(metric.compute_labels(matrix))
    best = _nearest_to_zero(np.nan_to_num(value, nan=-np.inf), thresholds)
    bias = np.zeros((len(best), 2))
    bias[:, 1] = -thresholds[best]
    return bias


def _nearest_to_zero(value: F, cuts: F) -> NDArray[np.int64]:
    top = value.max(axis=1, keepdims=True)
    distance = np.where(value >= top - 1e-12, np.abs(cuts), np.inf)
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)


def _tune_several(y: NDArray[np.int64], log_p: F, metric: Metric, weight: NDArray[Any] | None) -> F:
    full = _climb(y, log_p, metric, np.ones(len(y)), np.zeros(log_p.shape[1]), _PASSES)
    if weight is None:
        return full[None]
    # A draw's optimum is near that of all rows: one pass from there.
    return np.array([_climb(y, log_p, metric, one, full, 1) for one in weight])


def _climb(
    y: NDArray[np.int64], log_p: F, metric: Metric, weight: NDArray[Any], start: F, passes: int
) -> F:
    n_classes = log_p.shape[1]
    used = np.flatnonzero(weight)
    y, log_p, w = y[used], log_p[used], np.asarray(weight, dtype=np.float64)[used]
    bias = start.copy()
    for _ in range(passes):
        before = bias.copy()
        for c in range(n_classes):
            bias[c] = _best_cut(y, log_p + bias, metric, w, c, n_classes) + bias[c]
        if np.allclose(before, bias):
            break
    bias -= bias.mean()
    return bias


def _best_cut(
    y: NDArray[np.int64], score: F, metric: Metric, w: F, c: int, n_classes: int
) -> float:
    """Return what to add to the score of class ``c``."""
    others = score.copy()
    others[:, c] = -np.inf
    rival = others.argmax(axis=1)
    need = (
        others[np.arange(len(y)), rival] - score[:, c]
    )  # the row turns to c once it gets this much
    own = np.sort(need[y == c])
    if not len(own):
        return 0.0
    # Just above what a row of class c needs is where the metric can peak.
    picks = own if len(own) <= _CUTS else own[np.linspace(0, len(own) - 1, _CUTS).astype(np.int64)]
    picks = np.unique(picks)
    cuts = np.unique(np.concatenate([picks + 1e-9, [picks[0] - 1e-6, 0.0]]))
    bins = np.searchsorted(cuts, need, side="left")  # first cut at which the row is called c
    k = len(cuts) + 1
    size = n_classes * n_classes
    moved = np.bincount((bins * n_classes + y) * n_classes + rival, weights=w, minlength=k * size)
    moved = moved.reshape(k, n_classes, n_classes)[: len(cuts)].cumsum(axis=0)
    base = np.bincount(y * n_classes + rival, weights=w, minlength=size).reshape(
        n_classes, n_classes
    )
    matrix = base - moved
    matrix[:, :, c] += moved.sum(axis=2)
    value = metric.sign * np.asarray(metric.compute_labels(matrix))
    top = np.nan_to_num(value, nan=-np.inf)
    return float(cuts[_nearest_to_zero(top[None], cuts)[0]])
