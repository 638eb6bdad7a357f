"""What learners of labels share: a weight for each label of each row, labels that never change, and linear scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import FLOOR, Training
from equipoise.learners.encoding import Matrix

__all__ = ["FittedOdds", "OneLabel", "each_label", "element_weights", "fixed_odds"]

F = NDArray[np.float64]


@dataclass
class FittedOdds:
    """Log-odds that are linear in the features: ``X @ weights + intercepts``, one column per label."""

    weights: F
    intercepts: F

    def log_odds(self, X: Matrix) -> F:
        """Return natural-log odds, shape (n, L)."""
        scores: Any = X @ self.weights
        return np.asarray(scores, dtype=np.float64) + self.intercepts


class OneLabel(NamedTuple):
    """The rows of a training part as one label sees them.

    Attributes
    ----------
    y : int64 array, shape (n,)
        0 and 1.
    weight : float64 array, shape (n,) or None
        With mean 1.
    fixed : float or None
        Log-odds of a label that all rows have, or none; None where there is something to learn.
    """

    y: NDArray[np.int64]
    weight: F | None
    fixed: float | None


def element_weights(training: Training) -> F | None:
    """Return the weights of rows, of elements, and of the alpha of a focal loss as one array, shape (n, L).

    Each column has mean 1: labels are learned apart, so that the size of its weights would only make the
    penalty of a label weaker. None where all are 1.
    """
    Y, out = training.y, training.element_weight
    if training.sample_weight is not None:
        by_row = training.sample_weight[:, None]
        out = np.broadcast_to(by_row, Y.shape) if out is None else out * by_row
    alpha = None if training.loss is None else training.loss.values.get("alpha")
    if alpha is not None:
        shares = np.where(Y == 1, alpha, 1.0 - alpha)
        out = shares if out is None else out * shares
    if out is None or np.allclose(out, 1.0, rtol=1e-12, atol=0):
        return None
    means = out.mean(axis=0)
    scaled: F = out / np.where(means > 0, means, 1.0)
    return scaled


def fixed_odds(Y: NDArray[np.int64], weights: F | None) -> F:
    """Return the log-odds of labels that all rows of a weight above 0 have, or none; NaN of the others."""
    counted: Any = 1 if weights is None else weights > 0
    having = ((Y == 1) & (counted > 0)).any(axis=0)
    lacking = ((Y != 1) & (counted > 0)).any(axis=0)
    return np.where(having & lacking, np.nan, np.where(having, -FLOOR, FLOOR))


def each_label(training: Training) -> Iterator[OneLabel]:
    """Yield what each label has to learn from, in their order."""
    weights = element_weights(training)
    for j, fixed in enumerate(fixed_odds(training.y, weights)):
        column = np.ascontiguousarray(training.y[:, j], dtype=np.int64)
        weight = None if weights is None else np.ascontiguousarray(weights[:, j])
        yield OneLabel(column, weight, None if np.isnan(fixed) else float(fixed))
