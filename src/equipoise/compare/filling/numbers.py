"""Fill the slots for numeric targets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.filling.prepared import Prepared, Trained, choose_rows
from equipoise.decisions.smearing import Smearing
from equipoise.errors import NotApplicable
from equipoise.learners.base import Learner, Loss, Training, scaled_weights
from equipoise.learners.encoding import Matrix
from equipoise.learners.transforms import Predictor, Transform
from equipoise.metrics.numbers import LEVEL

if TYPE_CHECKING:
    from equipoise.compare.fold import Fold
    from equipoise.strategies.strategy import Strategy

__all__ = ["fill"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedNumbers(Trained):
    """A fitted training part whose scores are numbers and their 95th percentiles."""

    def scores(self, X: Matrix) -> F:
        """Return predictions, shape (n, 2)."""
        out: F = self.fitted.predict(X)
        return out


@dataclass(frozen=True)
class PreparedNumbers(Prepared):
    """A training part of a regression task, of one fit or more."""

    strategy: Strategy
    transform: Transform | None

    @property
    def on_rows_of_fold(self) -> bool:
        """Never trained with others: what follows a fit differs."""
        return False

    def fit(self, learner: Learner) -> TrainedNumbers:
        """Train, and learn how to undo a transform or what the 95th percentile is."""
        training = self.training
        point: Any = learner.fit(training)
        upper, smearing = None, None
        if training.loss is not None and training.loss.name == "pinball":
            upper = learner.fit(replace(training, loss=training.loss.settled({"q": LEVEL})))
        if self.transform is not None:
            smearing = Smearing(self._errors(learner, point), self.transform.backward)
        fitted = Predictor(point, upper, self.transform, smearing)
        return TrainedNumbers(self.fold, fitted, self.view, self.offset, len(training.y))

    def _errors(self, learner: Learner, point: Any) -> F:
        """Return errors on rows that were not trained on: those of training rows are too small."""
        if self.training.watched is not None:
            X, z = self.training.watched
            return np.asarray(z - point.predict(X))
        inner = self.fold.inner
        prepared = fill(inner, learner, self.strategy, None, transform=self.transform)
        model: Any = learner.fit(prepared.training)
        assert self.transform is not None
        X, y = inner.watched(prepared.view)
        return np.asarray(self.transform.forward(y) - model.predict(X))


def fill(
    fold: Fold,
    learner: Learner,
    strategy: Strategy,
    loss: Loss | None,
    watched: bool = False,
    transform: Transform | None = None,
) -> PreparedNumbers:
    """Fill the slots from the training rows of ``fold``; with ``watched`` its test rows say when to stop."""
    chosen = choose_rows(fold, learner, strategy)
    y, weight = chosen.y, chosen.weight
    if strategy.weights is not None:
        weight = strategy.weights.of_numbers(y)
    seen = fold.watched(chosen.view) if watched else None
    if strategy.transform is not None:
        transform = transform or Transform.fit(strategy.transform, fold.y)
        y = transform.forward(y)
        if np.ptp(y) == 0:
            raise NotApplicable(
                "all training rows have the same target", remedy="use more rows, or fewer folds"
            )
        seen = None if seen is None else (seen[0], transform.forward(seen[1]))
    training = Training(
        chosen.X,
        y,
        1,
        sample_weight=scaled_weights(weight),
        target="numbers",
        loss=loss,
        schedule=strategy.schedule,
        categorical=chosen.categorical,
        seed=fold.seed_of(learner.name),
        shared=chosen.shared,
        rows=chosen.rows,
        watched=seen,
    )
    return PreparedNumbers(fold, training, chosen.view, np.zeros(2), strategy, transform)
