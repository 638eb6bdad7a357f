"""Fill the slots for multilabel targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.filling.prepared import Prepared, Trained, choose_rows
from equipoise.learners.base import Learner, Loss, Training
from equipoise.learners.encoding import Matrix
from equipoise.learners.losses import RefocusedLabels

if TYPE_CHECKING:
    from equipoise.compare.fold import Fold
    from equipoise.strategies.strategy import Strategy

__all__ = ["fill"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedLabels(Trained):
    """A fitted training part whose scores are log-odds."""

    def scores(self, X: Matrix) -> F:
        """Return the raw log-odds of every label, shape (n, L)."""
        out: F = self.fitted.log_odds(X)
        return out


@dataclass(frozen=True)
class PreparedLabels(Prepared):
    """A training part of a multilabel task."""

    becomes = TrainedLabels
    refocused = RefocusedLabels


def fill(
    fold: Fold, learner: Learner, strategy: Strategy, loss: Loss | None, watched: bool = False
) -> PreparedLabels:
    """Fill the slots from the training rows of ``fold``; with ``watched`` its test rows say when to stop."""
    chosen = choose_rows(fold, learner, strategy)
    Y, weight = chosen.y, None
    if strategy.weights is not None:
        weight = strategy.weights.of_labels(Y, fold.y)
        weight = weight / weight.mean()
    training = Training(
        chosen.X,
        Y,
        fold.n_classes,
        target="labels",
        element_weight=weight,
        loss=loss,
        schedule=strategy.schedule,
        start_at_prior=strategy.start,
        categorical=chosen.categorical,
        seed=fold.seed_of(learner.name),
        shared=chosen.shared,
        rows=chosen.rows,
        watched=fold.watched(chosen.view) if watched else None,
    )
    return PreparedLabels(fold, training, chosen.view, _offset(fold.y, Y, weight))


def _offset(true: NDArray[np.int64], Y: NDArray[np.int64], weight: F | None) -> F:
    """Return by how much the odds of each label in training are above those of the rows.

    That is the shift of a label's own share. Where what was weighed or repeated depends on other labels
    too, the rest is left to the intercept that levels the scores.
    """
    positives = true.sum(axis=0)
    w = np.ones(Y.shape) if weight is None else weight
    hits, rest = (w * Y).sum(axis=0), (w * (1 - Y)).sum(axis=0)
    out = np.zeros(Y.shape[1])
    mixed = (positives > 0) & (positives < len(true)) & (hits > 0) & (rest > 0)
    odds = positives[mixed] / (len(true) - positives[mixed])
    out[mixed] = np.log(hits[mixed] / rest[mixed]) - np.log(odds)
    return out
