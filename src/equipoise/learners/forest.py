"""Random forest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import FLOOR, Slots, Training
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.labels import each_label
from equipoise.learners.linear import FittedEstimator
from equipoise.learners.numbers import Unit

__all__ = ["FittedForestOfNumbers", "FittedForests", "Forest"]


@dataclass
class FittedForests:
    """A classifier for each label, or None where its log-odds are ``fixed``."""

    estimators: list[Any]
    fixed: NDArray[np.float64]

    def log_odds(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log odds, shape (n, L); no further from 0 than those of a fixed label."""
        out = np.tile(self.fixed, (X.shape[0], 1))
        least = float(np.exp(FLOOR))
        for j, one in enumerate(self.estimators):
            if one is not None:
                p = np.clip(one.predict_proba(X), least, None)
                out[:, j] = np.log(p[:, 1]) - np.log(p[:, 0])
        return out


@dataclass
class FittedForestOfNumbers:
    """A regressor of numbers in a unit of its own."""

    estimator: Any
    unit: Unit

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return numbers, shape (n,)."""
        return self.unit.back(self.estimator.predict(X)).reshape(-1)


class Forest(Slots):
    """Random forest of 100 trees (Breiman 2001), each fit on one thread.

    Trees of classes are grown to purity. Every label has a forest of its own, which takes as many times
    longer: one forest for all would know weights of rows alone, and the same model has to stand behind
    every strategy. Trees of numbers look at a third of the columns at each split and keep 5 rows to a leaf,
    as Breiman's own for regression do.
    """

    name = "forest"
    title = "Random forest"
    view: View = "tree"
    targets = frozenset({"classes", "labels", "numbers"})
    honours = frozenset({"rows", "weights", "decision"})
    losses = frozenset[str]()
    other_honours: ClassVar = {"labels": honours, "numbers": honours}
    watches = False
    balances = False

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedEstimator | FittedForests | FittedForestOfNumbers:
        """Fit the forest."""
        if training.target == "labels":
            return _fit_labels(training)
        if training.target == "numbers":
            return _fit_numbers(training)
        model = _of_classes(training.seed)
        model.fit(training.X, training.y, sample_weight=training.sample_weight)
        return FittedEstimator(model, training.n_classes)


def _of_classes(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=seed)


def _fit_labels(training: Training) -> FittedForests:
    fixed = np.full(training.n_classes, np.nan)
    models: list[Any] = []
    for j, label in enumerate(each_label(training)):
        models.append(None)
        if label.fixed is not None:
            fixed[j] = label.fixed
            continue
        models[j] = _of_classes(training.seed)
        models[j].fit(training.X, label.y, sample_weight=label.weight)
    return FittedForests(models, fixed)


def _fit_numbers(training: Training) -> FittedForestOfNumbers:
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(
        n_estimators=100,
        max_features=1 / 3,
        min_samples_leaf=5,
        n_jobs=1,
        random_state=training.seed,
    )
    # Trees take a variance of 2e-16 for none, and lose what is small beside the mean.
    unit = Unit.of(training.y, training.sample_weight)
    model.fit(training.X, unit.put(training.y), sample_weight=training.sample_weight)
    return FittedForestOfNumbers(model, unit)
