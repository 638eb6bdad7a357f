"""Fill the slots for binary and multiclass targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.filling.prepared import Prepared, choose_rows
from equipoise.decisions.correction import prior_offset
from equipoise.ensembles import balanced_prior_offset
from equipoise.learners.base import Learner, Loss, Training, scaled_weights
from equipoise.learners.losses import loss_offset, split_alpha

if TYPE_CHECKING:
    from equipoise.compare.fold import Fold
    from equipoise.strategies.strategy import Strategy

__all__ = ["fill"]


def fill(
    fold: Fold, learner: Learner, strategy: Strategy, loss: Loss | None, watched: bool = False
) -> Prepared:
    """Fill the slots from the training rows of ``fold``; with ``watched`` its test rows say when to stop."""
    chosen = choose_rows(fold, learner, strategy)
    y, weight = chosen.y, chosen.weight
    if strategy.weights is not None:
        by_class = strategy.weights.of_classes(fold.y, fold.n_classes)
        weight = by_class[y] if weight is None else weight * by_class[y]
    if loss is not None:
        loss, shares = split_alpha(loss, fold.y, fold.n_classes)
        if shares is not None:
            weight = shares[y] if weight is None else weight * shares[y]
    training = Training(
        chosen.X,
        y,
        fold.n_classes,
        sample_weight=scaled_weights(weight),
        loss=loss,
        schedule=strategy.schedule,
        start_at_prior=strategy.start,
        categorical=chosen.categorical,
        seed=fold.seed_of(learner.name),
        shared=chosen.shared,
        rows=chosen.rows,
        watched=fold.watched(chosen.view) if watched else None,
    )
    return Prepared(fold, training, chosen.view, _offset(fold, learner, y, weight, loss))


def _offset(
    fold: Fold,
    learner: Learner,
    y: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    loss: Loss | None,
) -> NDArray[np.float64]:
    true = np.bincount(fold.y, minlength=fold.n_classes)
    if learner.balances:
        return balanced_prior_offset(true)
    # Otherwise it follows from the weight that each class had in training, and from the loss.
    effective = np.bincount(y, weights=weight, minlength=fold.n_classes)
    return prior_offset(true, effective) + loss_offset(loss, y, fold.n_classes)
