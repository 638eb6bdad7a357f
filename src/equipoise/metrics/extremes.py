"""Errors where it matters: on the largest numbers, and by relevance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.metrics.numbers import absolute, checked, root, squared, weighted_mean

__all__ = ["Extreme", "Relevant", "top_threshold"]

F = NDArray[np.float64]


def top_threshold(y: ArrayLike, percent: float) -> float:
    """Return the smallest of the largest ``percent`` % of y: that of ``ceil(n percent / 100)`` rows.

    Where so many rows share the smallest number that it is this one, it is the next: the largest are then
    fewer rows than asked for, and not all.

    Examples
    --------
    >>> from equipoise.metrics.extremes import top_threshold
    >>> top_threshold(range(1, 101), 5)
    96.0
    >>> top_threshold([0.0] * 99 + [7.0], 5)
    7.0
    """
    ranked = np.sort(np.asarray(y, dtype=np.float64))
    # 0.07 * 100 is a little more than 7, and 7 rows are meant.
    rows = int(np.ceil(len(ranked) * percent / 100 * (1 - 1e-12)))
    at = ranked[len(ranked) - max(rows, 1)]
    above = ranked[ranked > ranked[0]]
    return float(above[0] if at == ranked[0] and len(above) else at)


@dataclass(frozen=True)
class Extreme:
    """The error on the rows whose true value is among the largest, or on all the others.

    Rows that tie the threshold are among the largest, which may then be more than asked for.

    Parameters
    ----------
    percent : float
        Above 0 and below 100.
    root : bool
        Root mean squared error, else mean absolute error.
    rest : bool
        The other rows.
    threshold : float, optional
        The smallest of the largest; by default that of the y given, whatever the weights.

    Examples
    --------
    >>> from equipoise.metrics.extremes import Extreme
    >>> Extreme(25)([1.0, 2.0, 3.0, 10.0], [1.0, 2.0, 4.0, 7.0])
    3.0
    """

    percent: float
    root: bool = False
    rest: bool = False
    threshold: float | None = None

    def __call__(
        self, y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Compute it, as :meth:`Metric.compute_scores` says; NaN where no such row has weight."""
        true, point, weight = checked(y, predictions, sample_weight)
        at = top_threshold(true, self.percent) if self.threshold is None else self.threshold
        rows = np.flatnonzero((true < at) if self.rest else (true >= at))
        error = (squared if self.root else absolute)(true[rows], point[rows])
        out = weighted_mean(error, weight[..., rows])
        return root(out) if self.root else out


@dataclass(frozen=True)
class Relevant:
    """Squared error weighted by the relevance of the true value, SERA, divided by the weight of the rows.

    The squared error relevance area is the area under ``SER_t = sum over rows with phi(y) >= t of
    (prediction - y)^2`` for t from 0 to 1. Row i is in that sum up to t = phi(y_i), so the area is
    ``sum_i phi(y_i) (prediction_i - y_i)^2`` exactly, without steps of t. Here it is a mean, so that folds and
    draws of different size compare; times the number of rows it is the number of the paper.

    Parameters
    ----------
    relevance : callable, or array of shape (n,)
        phi, from y to numbers within 0 to 1; or those numbers, one per row of the y that is judged.

    References
    ----------
    Ribeiro, R. P. and Moniz, N. (2020). Imbalanced regression and extreme value prediction. Machine Learning
    109.

    Examples
    --------
    >>> from equipoise.metrics.extremes import Relevant
    >>> Relevant(lambda y: (y > 2).astype(float))([1.0, 3.0], [5.0, 5.0])
    2.0
    """

    relevance: Callable[[F], Any] | ArrayLike

    def __call__(
        self, y: ArrayLike, predictions: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Compute it, as :meth:`Metric.compute_scores` says."""
        true, point, weight = checked(y, predictions, sample_weight)
        given = self.relevance(true) if callable(self.relevance) else self.relevance
        phi = np.asarray(given, dtype=np.float64)
        if phi.shape != true.shape:
            raise UsageError(
                f"relevance has the shape {phi.shape} for {len(true)} rows",
                remedy="give a function of y, or a number per row",
            )
        if not ((phi >= 0) & (phi <= 1)).all():
            wrong = phi[~((phi >= 0) & (phi <= 1))][0]
            raise UsageError(
                f"relevance is {wrong:g} for a row", remedy="give numbers within 0 to 1"
            )
        return weighted_mean(phi * squared(true, point), weight)
