"""Choose the bias of every label for a metric, for one or many weight vectors at once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.decisions.tuning import (
    CERTAIN,
    Sweep,
    count_swept,
    nearest_to_zero,
    sweep,
    tune_scores,
)
from equipoise.errors import UsageError
from equipoise.metrics.label_scores import checked
from equipoise.metrics.labels import EachLabel, Pooled, fbeta_value
from equipoise.metrics.metric import Metric
from equipoise.weights.reading import as_array

__all__ = ["tune_label_bias"]

F = NDArray[np.float64]
_CELLS = 4_000_000
_ROUNDS = 100


def tune_label_bias(
    Y: ArrayLike, log_odds: ArrayLike, metric: Metric, weights: ArrayLike | None = None
) -> F:
    """Choose a bias per label that makes giving the labels with ``log_odds + bias > 0`` best by a metric.

    Exact over all thresholds of all labels for two kinds of metrics:

    - those that are a mean, or a sum, over labels of what they are for each label alone: macro and
      weighted F1, F-beta, macro precision and recall, balanced accuracy, Hamming loss, expected cost. Each
      label is searched on its own.
    - micro F-beta. Where lambda is the best value, the best thresholds make
      ``(1 + b^2) hits - lambda (b^2 positives + calls)`` largest, which is a sum over labels; lambda starts
      at 0 and is set to the value reached until that stops growing (Dinkelbach's iteration).

    For any other metric (micro precision and recall, which one threshold below or above all rows wins; those
    of rows; rankings and probabilities, which do not depend on thresholds) macro F1 is tuned instead.

    Parameters
    ----------
    Y : array of shape (n, L)
        1 where a row has the label, else 0.
    log_odds : float64 array, shape (n, L)
        Corrected natural log-odds, of rows that the model was not trained on. Those beyond a million are
        certain, and no bias moves them.
    metric : Metric
        A multilabel metric.
    weights : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws, each of which gets its own biases.

    Returns
    -------
    float64 array, shape (L,) or (B, L)
        Finite. Halfway between scores; among thresholds that are equally good, the one nearest to a bias
        of 0. A label that no row of weight has is given to none of them, unless costs make it pay.

    Raises
    ------
    UsageError
        If shapes disagree, log-odds are NaN, or the metric is not for multilabel tasks.

    References
    ----------
    Lipton, Z. C., Elkan, C. and Naryanaswamy, B. (2014). Optimal thresholding of classifiers to maximize
    F1 measure. ECML PKDD. Dinkelbach, W. (1967). On nonlinear fractional programming. Management Science 13.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import tune_label_bias
    >>> from equipoise.metrics import get_metric
    >>> Y = np.array([[0, 1], [1, 0], [1, 0]])
    >>> z = np.array([[-3.0, 2.0], [-2.0, 1.0], [-1.0, 0.0]])
    >>> bias = tune_label_bias(Y, z, get_metric("f1_macro", "multilabel"))
    >>> bias.tolist(), (z + bias > 0).astype(int).tolist()
    ([2.5, -1.5], [[0, 1], [1, 0], [1, 0]])
    """
    truth, z, weight = checked(
        as_array(Y, "Y"),
        as_floats(log_odds, "log_odds"),
        None if weights is None else as_array(weights, "weights"),
    )
    if "multilabel" not in metric.tasks:
        raise UsageError(
            f"metric {metric.name!r} is not for multilabel tasks",
            remedy="get it with get_metric(name, 'multilabel')",
        )
    y = truth.astype(np.int64)
    draws = np.ones((1, len(z)), np.uint8) if weight is None else np.atleast_2d(weight)
    if isinstance(metric.function, Pooled) and metric.function.beta is not None:
        out = _tune_pooled(y, z, metric.function.beta, draws)
    else:
        value = partial(fbeta_value, beta=1.0)
        one = replace(metric, direction="maximize", false_alarms_hurt=True, function=value)
        if isinstance(metric.function, EachLabel):
            one = replace(metric, function=metric.function.value)
        columns = [tune_scores(y[:, j], z[:, j], one, draws) for j in range(z.shape[1])]
        out = np.column_stack(columns)
        if one.false_alarms_hurt:
            out = _without_absent(out, y, z, draws)
    return out[0] if weight is None or weight.ndim == 1 else out


def _without_absent(bias: F, y: NDArray[np.int64], z: F, draws: NDArray[Any]) -> F:
    """Put the bias below all rows where no row of weight has the label."""
    # Most labels have so many rows that no draw can lack them all.
    for j in range(z.shape[1]):
        lacking = ~draws[:, y[:, j] == 1].any(axis=1)
        movable = z[np.abs(z[:, j]) <= CERTAIN, j]
        bias[lacking, j] = -movable.max() - 1.0 if len(movable) else 0.0
    return bias


def _tune_pooled(y: NDArray[np.int64], z: F, beta: float, draws: NDArray[Any]) -> F:
    swept = [sweep(y[:, j], z[:, j], few=True) for j in range(z.shape[1])]
    # Draws are taken as many at a time as memory allows.
    step = max(1, _CELLS // sum(len(one.thresholds) for one in swept))
    parts = [_dinkelbach(swept, beta, draws[b : b + step], y) for b in range(0, len(draws), step)]
    return _without_absent(np.concatenate(parts), y, z, draws)


def _dinkelbach(swept: list[Sweep], beta: float, weight: NDArray[Any], y: NDArray[np.int64]) -> F:
    size = 1 + beta**2
    positives = weight.astype(np.float64) @ y.sum(axis=1)
    scale = np.where(positives > 0, positives, 1.0)
    labels = [_reachable(one, weight) for one in swept]
    best = np.zeros(len(weight))
    each = np.arange(len(weight))
    for _ in range(_ROUNDS):
        hits, said = np.zeros((2, len(weight)))
        for _, of_said, of_hits in labels:
            at = (size * of_hits - best * of_said).argmax(axis=0)
            hits += of_hits[at, each]
            said += of_said[at, each]
        bottom = beta**2 * positives + said
        value = np.where(bottom > 0, size * hits / np.where(bottom > 0, bottom, 1.0), 0.0)
        if (value <= best).all():
            break
        best = np.maximum(best, value)
    bias = np.empty((len(weight), len(labels)))
    for j, (thresholds, of_said, of_hits) in enumerate(labels):
        gain = (size * of_hits - best * of_said) / scale
        bias[:, j] = -thresholds[nearest_to_zero(gain.T, thresholds)]
    return bias


def _reachable(one: Sweep, weight: NDArray[Any]) -> tuple[F, F, F]:
    said, hits = count_swept(one, weight)
    known = np.isfinite(one.thresholds)
    if not known.any():  # every row is certain to lack the label
        return np.zeros(1), np.zeros((1, len(weight))), np.zeros((1, len(weight)))
    return one.thresholds[known], said[known], hits[known]
