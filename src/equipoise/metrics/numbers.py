"""Metrics of predicted numbers, with many weight vectors at once.

Predictions are two columns: a point, and the 95th percentile of what the row may turn out to be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError

__all__ = [
    "LEVEL",
    "Averaged",
    "Pinball",
    "absolute",
    "bias",
    "checked",
    "coverage",
    "coverage_gap",
    "error_by_decile",
    "mae",
    "mean_bias",
    "median_ae",
    "r2",
    "rmse",
    "root",
    "spearman",
    "squared",
    "weighted_mean",
]

F = NDArray[np.float64]
LEVEL = 0.95  # of the percentile in the second column
_CELLS = 4_000_000


def checked(
    y: ArrayLike, predictions: ArrayLike, sample_weight: Any, quantile: bool = False
) -> tuple[F, F, NDArray[Any]]:
    """Return truth, the column in question and weights, or raise what is wrong with them."""
    true = np.asarray(y, dtype=np.float64)
    said = np.asarray(predictions, dtype=np.float64)
    weight = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight)
    columns = said[:, None] if said.ndim == 1 else said
    fits = columns.ndim == 2 and columns.shape[1] in (1, 2) and len(columns) == len(true)
    if true.ndim != 1 or len(true) == 0 or not fits:
        raise UsageError(
            f"y has the shape {true.shape} and predictions {said.shape}",
            remedy="give (n,) and (n, 2), a point and the 95th percentile, with a row at least",
        )
    if weight.shape[-1:] != true.shape or weight.ndim > 2:
        raise UsageError(
            f"sample_weight has the shape {weight.shape} for {len(true)} rows",
            remedy="give (n,) or (B, n)",
        )
    if quantile and columns.shape[1] < 2:
        raise UsageError(
            "predictions hold a point alone, and this metric is of the 95th percentile",
            remedy="give it as a second column",
        )
    column = columns[:, int(quantile)]
    for name, values in (("y", true), ("predictions", columns[:, 0])):
        if np.isnan(values).any():
            raise UsageError(
                f"{name} holds {np.isnan(values).sum()} NaN in {len(values)} rows",
                remedy="give a number for every row",
            )
    return true, column, weight


def weighted_mean(values: F, weight: NDArray[Any]) -> Any:
    """Return the mean of values (n,) under weights (n,) as a float, or under (B, n) as float64 (B,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = _summed(values, weight) / weight.sum(axis=-1, dtype=np.float64)
    return float(out) if weight.ndim == 1 else out


def _summed(values: F, weight: NDArray[Any]) -> F:
    # Errors span many orders of size, so their sums are in double precision whatever the weights are.
    if weight.ndim == 1:
        return np.asarray(weight.astype(np.float64) @ values)
    out = np.empty(len(weight))
    step = max(1, _CELLS // max(len(values), 1))
    for b in range(0, len(weight), step):
        out[b : b + step] = weight[b : b + step].astype(np.float64) @ values
    return out


def root(values: Any) -> Any:
    """Return the square root of a float or of an array as the same."""
    return float(np.sqrt(values)) if np.ndim(values) == 0 else np.sqrt(values)


@dataclass(frozen=True)
class Averaged:
    """A weighted mean over rows of a function of truth and point, or the root of one.

    Parameters
    ----------
    value : callable
        From y and the point, float64 (n,) each, to float64 (n,).
    root : bool, default=False
        Whether to take the square root of the mean.

    Examples
    --------
    >>> from equipoise.metrics.numbers import mae
    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """

    value: Callable[[F, F], F]
    root: bool = False

    def __call__(
        self, y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Compute it, as :meth:`Metric.compute_scores` says."""
        true, point, weight = checked(y, predictions, sample_weight)
        out = weighted_mean(self.value(true, point), weight)
        return root(out) if self.root else out


def absolute(y: F, point: F) -> F:
    """Return the absolute error of every row."""
    return np.abs(point - y)


def squared(y: F, point: F) -> F:
    """Return the squared error of every row."""
    out: F = (point - y) ** 2
    return out


mae = Averaged(absolute)
rmse = Averaged(squared, root=True)
mean_bias = Averaged(lambda y, point: point - y)


def bias(y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
    """Compute the size of the mean error, ``|mean (prediction - y)|``.

    Examples
    --------
    >>> from equipoise.metrics.numbers import bias
    >>> bias([1.0, 2.0], [0.0, 2.0])
    0.5
    """
    out = np.abs(mean_bias(y, predictions, sample_weight))
    return float(out) if np.ndim(out) == 0 else out


def r2(y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
    """Compute the share of variance explained, ``1 - sum (y - p)^2 / sum (y - mean y)^2``.

    1 where a constant y is predicted exactly and 0 where it is not, as in scikit-learn.

    Examples
    --------
    >>> from equipoise.metrics.numbers import r2
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    true, point, weight = checked(y, predictions, sample_weight)
    # About a number near the mean the sums of squares do not cancel.
    centred = true - true.mean()
    rest = np.asarray(weighted_mean(squared(true, point), weight))
    spread = (
        np.asarray(weighted_mean(centred**2, weight))
        - np.asarray(weighted_mean(centred, weight)) ** 2
    )
    spread = np.where(spread > 1e-14 * np.max(centred**2), spread, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.where(spread > 0, 1 - rest / spread, np.where(rest > 0, 0.0, 1.0))
    out = np.where(np.isnan(rest), np.nan, out)
    return float(out) if out.ndim == 0 else out


def median_ae(y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
    """Compute the weighted median of the absolute errors.

    Where the weights on both sides are equal, the mean of the two errors in the middle.

    Examples
    --------
    >>> from equipoise.metrics.numbers import median_ae
    >>> median_ae([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 6.0, 9.0])
    2.0
    """
    true, point, weight = checked(y, predictions, sample_weight)
    error = absolute(true, point)
    order = np.argsort(error, kind="stable")
    ranked = error[order]
    draws = np.atleast_2d(weight)
    out = np.full(len(draws), np.nan)
    for b, one in enumerate(draws):
        below = np.cumsum(one[order], dtype=np.float64)
        if below[-1] > 0:
            half, close = below[-1] / 2, 1e-12 * below[-1]
            ends = np.searchsorted(below, [half - close, half + close])
            # The weight just beyond the half begins at the next row that has any.
            out[b] = ranked[ends].mean()
    return float(out[0]) if weight.ndim == 1 else out


def spearman(y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
    """Compute Spearman's correlation, that of the ranks; ties share the middle of theirs.

    NaN where all numbers of one side are equal. A weight counts as that many copies of the row.

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. American Journal of
    Psychology 15.

    Examples
    --------
    >>> from equipoise.metrics.numbers import spearman
    >>> round(spearman([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0]), 3)
    0.8
    """
    true, point, weight = checked(y, predictions, sample_weight)
    codes = [np.unique(values, return_inverse=True)[1] for values in (true, point)]
    draws = np.atleast_2d(weight)
    out = np.full(len(draws), np.nan)
    for b, one in enumerate(draws):
        w = one.astype(np.float64)
        total = w.sum()
        if total <= 0:
            continue
        ranks = []
        for code in codes:
            tied = np.bincount(code, weights=w)
            middle = np.cumsum(tied) - tied / 2  # from 0 to the total weight
            ranks.append((middle - total / 2)[code])
        first, second = ranks
        size = np.sqrt((w @ first**2) * (w @ second**2))
        if size > 1e-12 * total**3:
            out[b] = np.clip((w * first) @ second / size, -1.0, 1.0)
    return float(out[0]) if weight.ndim == 1 else out


def coverage(y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
    """Compute the share of rows at or below their predicted 95th percentile.

    NaN where a percentile is NaN.

    Examples
    --------
    >>> from equipoise.metrics.numbers import coverage
    >>> coverage([1.0, 2.0], [[1.0, 1.5], [1.0, 1.5]])
    0.5
    """
    true, upper, weight = checked(y, predictions, sample_weight, quantile=True)
    inside = np.where(np.isnan(upper), np.nan, true <= upper)
    return weighted_mean(inside, weight)


def coverage_gap(
    y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None
) -> Any:
    """Compute how far the coverage of the 95th percentile is from 0.95, ``|coverage - 0.95|``.

    Examples
    --------
    >>> from equipoise.metrics.numbers import coverage_gap
    >>> round(coverage_gap([1.0, 2.0], [[1.0, 1.5], [1.0, 1.5]]), 2)
    0.45
    """
    out = np.abs(coverage(y, predictions, sample_weight) - LEVEL)
    return float(out) if np.ndim(out) == 0 else out


@dataclass(frozen=True)
class Pinball:
    """Mean of ``max(q (y - u), (q - 1) (y - u))``: what the q-th quantile of y makes smallest.

    Parameters
    ----------
    q : float
        Between 0 and 1. At 0.95, u is the predicted 95th percentile, else the point.

    References
    ----------
    Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica 46.

    Examples
    --------
    >>> from equipoise.metrics.numbers import Pinball
    >>> round(Pinball(0.95)([1.0, 3.0], [[0.0, 2.0], [0.0, 2.0]]), 3)
    0.5
    """

    q: float

    def __call__(
        self, y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Compute it, as :meth:`Metric.compute_scores` says."""
        true, said, weight = checked(y, predictions, sample_weight, quantile=self.q == LEVEL)
        above = true - said
        return weighted_mean(np.maximum(self.q * above, (self.q - 1) * above), weight)


def error_by_decile(
    y: ArrayLike, predictions: ArrayLike, *, by: Literal["true", "predicted"] = "true"
) -> dict[str, F]:
    """Tabulate errors by tenths of the rows, sorted by what is true or by what was predicted.

    Parameters
    ----------
    y : array of shape (n,)
        True numbers.
    predictions : array of shape (n,), (n, 1) or (n, 2)
        Points, and 95th percentiles.
    by : {"true", "predicted"}, default="true"
        What sorts the rows. Among rows picked for large true values any good model predicts too little on
        average; a bias among those picked for large predictions is a fault of the model.

    Returns
    -------
    dict of float64 arrays of shape (D,), D at most 10
        ``rows``; ``low`` and ``high``, the smallest and largest of what sorts; ``mae``, ``rmse`` and ``bias``
        (mean of prediction minus truth); ``coverage`` if there are percentiles. Equal numbers share a tenth,
        and tenths left without rows are not listed.

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows, a number is NaN, or ``by`` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import error_by_decile
    >>> y = np.arange(20.0)
    >>> table = error_by_decile(y, np.minimum(y, 17.0))
    >>> table["high"][-2:].tolist(), table["bias"][-2:].tolist()
    ([17.0, 19.0], [0.0, -1.5])
    """
    true, point, _ = checked(y, predictions, None)
    if by not in ("true", "predicted"):
        raise UsageError(f"by={by!r} is unknown", remedy="use 'true' or 'predicted'")
    sorted_by = true if by == "true" else point
    ranked = np.sort(sorted_by)
    starts = np.unique(ranked[np.arange(10) * len(ranked) // 10])
    tenth = np.searchsorted(starts, sorted_by, side="right") - 1
    rows = np.bincount(tenth).astype(np.float64)

    def mean(values: F) -> F:
        return np.asarray(np.bincount(tenth, weights=values) / rows)

    out = {
        "rows": rows,
        "low": starts,
        "high": np.array([sorted_by[tenth == k].max() for k in range(len(starts))]),
        "mae": mean(absolute(true, point)),
        "rmse": np.sqrt(mean(squared(true, point))),
        "bias": mean(point - true),
    }
    columns = np.asarray(predictions)
    if columns.ndim == 2 and columns.shape[1] == 2:
        out["coverage"] = mean((true <= columns[:, 1]).astype(np.float64))
    return out
