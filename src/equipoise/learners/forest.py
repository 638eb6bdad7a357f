"""Random forest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import Slots, Training
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.linear import FittedEstimator

__all__ = ["Forest"]


class Forest(Slots):
    """Random forest of 100 trees grown to purity (Breiman 2001), each fit on one thread."""

    name = "forest"
    title = "Random forest"
    view: View = "tree"
    honours = frozenset({"rows", "weights", "decision"})
    losses = frozenset[str]()
    watches = False
    balances = False

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedEstimator:
        """Fit the forest."""
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=training.seed)
        model.fit(training.X, training.y, sample_weight=training.sample_weight)
        return FittedEstimator(model, training.n_classes)
