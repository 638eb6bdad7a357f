"""Ensembles made for imbalance, and untreated ensembles of the same size as their controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError
from equipoise.learners.base import Slots, Training
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.linear import FittedEstimator

__all__ = ["ENSEMBLES", "Ensemble"]


def _balanced_forest(seed: int) -> Any:
    from equipoise.ensembles import BalancedRandomForestClassifier

    return BalancedRandomForestClassifier(
        n_estimators=100,
        sampling_strategy="all",
        replacement=True,
        bootstrap=False,
        n_jobs=1,
        random_state=seed,
    )


def _easy_ensemble(seed: int) -> Any:
    from equipoise.ensembles import EasyEnsembleClassifier

    return EasyEnsembleClassifier(n_estimators=10, n_jobs=1, random_state=seed)


def _rusboost(seed: int) -> Any:
    from equipoise.ensembles import RUSBoostClassifier

    return RUSBoostClassifier(n_estimators=50, random_state=seed)


def _balanced_bagging(seed: int) -> Any:
    from equipoise.ensembles import BalancedBaggingClassifier

    return BalancedBaggingClassifier(n_estimators=10, n_jobs=1, random_state=seed)


def _self_paced(seed: int) -> Any:
    from equipoise.ensembles import SelfPacedEnsembleClassifier

    return SelfPacedEnsembleClassifier(n_estimators=10, n_jobs=1, random_state=seed)


def _bagging(seed: int) -> Any:
    from sklearn.ensemble import BaggingClassifier

    return BaggingClassifier(n_estimators=10, n_jobs=1, random_state=seed)


def _adaboost(seed: int) -> Any:
    from sklearn.ensemble import AdaBoostClassifier

    return AdaBoostClassifier(n_estimators=50, random_state=seed)


ENSEMBLES: dict[str, Callable[[int], Any]] = {
    "balanced-random-forest": _balanced_forest,
    "easy-ensemble": _easy_ensemble,
    "rusboost": _rusboost,
    "balanced-bagging": _balanced_bagging,
    "self-paced-ensemble": _self_paced,
    "bagging": _bagging,
    "adaboost": _adaboost,
}
_CONTROLS = {"bagging", "adaboost"}


@dataclass(frozen=True)
class Ensemble(Slots):
    """One ensemble of :data:`ENSEMBLES`, which brings its own treatment."""

    kind: str
    name: str = "ensemble"
    title: str = "Ensemble"
    view: View = "filled"
    honours: frozenset[str] = frozenset({"decision"})
    losses = frozenset[str]()
    watches = False

    @property
    def balances(self) -> bool:
        """Whether it trains on as many rows of every class: all but the controls."""
        return self.kind not in _CONTROLS

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedEstimator:
        """Fit the ensemble on all rows given."""
        if self.kind not in ENSEMBLES:
            raise UsageError(
                f"there is no ensemble {self.kind!r}", remedy=f"use one of {', '.join(ENSEMBLES)}"
            )
        model = ENSEMBLES[self.kind](training.seed)
        model.fit(training.X, training.y)
        return FittedEstimator(model, training.n_classes)
