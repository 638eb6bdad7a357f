"""Gradient boosting by LightGBM, binned once per fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.labels import each_label
from equipoise.learners.numbers import Unit

__all__ = ["Boosting", "FittedBooster", "FittedBoosters", "FittedCurve"]

_ROUNDS = 100
_PARAMETERS: dict[str, Any] = {
    "learning_rate": 0.1,
    "num_leaves": 31,
    # Unbounded leaves run away when a class is rare: on card fraud at 1:578 the defaults reach an
    # average precision of 0.18, and with steps of at most 1 in log-odds 0.90.
    "max_delta_step": 1.0,
    "verbosity": -1,
    # One thread per fit and a fixed layout: the same numbers whatever the number of workers.
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "feature_pre_filter": False,
}


@dataclass
class FittedBooster:
    """A booster whose raw scores are log-odds, or one logit per class, up to ``start``."""

    booster: Any
    n_classes: int
    start: NDArray[np.float64]

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        raw = np.asarray(self.booster.predict(X, raw_score=True, num_threads=1))
        if self.n_classes == 2:
            raw = raw.reshape(-1) + self.start[-1]
            return np.column_stack([-np.logaddexp(0.0, raw), -np.logaddexp(0.0, -raw)])
        return log_softmax(raw.reshape(len(raw), self.n_classes) + self.start)


@dataclass
class FittedBoosters:
    """A booster for each label, whose raw scores are log-odds up to ``start``; None where start is all there is."""

    boosters: list[Any]
    start: NDArray[np.float64]

    def log_odds(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log odds, shape (n, L)."""
        out = np.tile(self.start, (X.shape[0], 1))
        for j, booster in enumerate(self.boosters):
            if booster is not None:
                out[:, j] += _raw(booster, X)
        return out


@dataclass
class FittedCurve:
    """A booster of numbers in a unit of its own."""

    booster: Any
    unit: Unit

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return numbers, shape (n,)."""
        return self.unit.back(_raw(self.booster, X))


def _raw(booster: Any, X: Matrix) -> NDArray[np.float64]:
    return np.asarray(booster.predict(X, raw_score=True, num_threads=1)).reshape(-1)


class Boosting(Slots):
    """LightGBM (Ke et al. 2017) with 100 rounds of 31 leaves: of classes, of each label apart, or of numbers.

    The columns of a fold are binned once; every strategy trains on a subset of the binned rows, and every
    label on the same one. The pinball loss is LightGBM's own objective of a quantile.
    """

    name = "boosting"
    title = "Gradient boosting"
    view: View = "tree"
    honours = frozenset({"rows", "weights", "loss", "decision"})
    losses = frozenset({"focal"})
    targets = frozenset({"classes", "labels", "numbers"})
    other_honours: ClassVar = {"labels": honours, "numbers": honours}
    other_losses: ClassVar = {"labels": losses, "numbers": frozenset({"pinball"})}
    watches = False
    balances = False

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> Any:
        """Bin the training rows of a fold."""
        return _dataset(X, categorical).construct()

    def fit(self, training: Training) -> FittedBooster | FittedBoosters | FittedCurve:
        """Train on binned rows where they are shared, else bin the given ones."""
        data, order = _binned(training)
        if training.target == "labels":
            return _fit_labels(training, data, order)
        y, weight = training.y[order], training.sample_weight
        weight = None if weight is None else weight[order]
        if training.target == "numbers":
            return _fit_numbers(training, data, y, weight)
        booster, start = _fit_classes(training, data, y, weight, training.n_classes)
        return FittedBooster(booster, training.n_classes, start)


def _dataset(X: Matrix, categorical: tuple[int, ...]) -> Any:
    import lightgbm as lgb

    return lgb.Dataset(
        X,
        np.zeros(X.shape[0]),
        categorical_feature=list(categorical),
        free_raw_data=True,
        params={k: v for k, v in _PARAMETERS.items() if k not in ("learning_rate", "num_leaves")},
    )


def _binned(training: Training) -> tuple[Any, NDArray[np.int64]]:
    """Return the rows to train on, and the order in which they are there."""
    if training.shared is None:
        n = len(training.y)
        return _dataset(training.X, training.categorical).construct(), np.arange(n)
    rows = np.arange(len(training.y)) if training.rows is None else training.rows
    order = np.argsort(rows, kind="stable")  # LightGBM takes subsets in sorted order
    return training.shared.subset(rows[order]).construct(), order


def _put(data: Any, y: NDArray[Any], weight: NDArray[np.float64] | None) -> None:
    data.set_label(y)
    # Not by set_weight, which leaves those of the label before where all are 1.
    data.set_field("weight", None if weight is None else weight.astype(np.float32))
    data.weight = None if weight is None else data.get_field("weight")


def _fit_classes(
    training: Training,
    data: Any,
    y: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    n_classes: int,
) -> tuple[Any, NDArray[np.float64]]:
    import lightgbm as lgb

    _put(data, y, weight)
    parameters = _parameters(training)
    start = np.zeros(n_classes)
    if training.loss is not None:
        from equipoise.integrations.lightgbm import FocalObjective

        objective = FocalObjective(gamma=training.loss.values["gamma"], n_classes=n_classes)
        parameters["objective"] = objective
        start = _prior_start(y, n_classes)
        data.set_init_score(_per_row(start, len(y)))
        if n_classes > 2:
            parameters["num_class"] = n_classes
    elif n_classes == 2:
        parameters["objective"] = "binary"
    else:
        parameters.update(objective="multiclass", num_class=n_classes)
    return lgb.train(parameters, data, num_boost_round=_ROUNDS), start


def _fit_labels(training: Training, data: Any, order: NDArray[np.int64]) -> FittedBoosters:
    boosters: list[Any] = []
    starts: list[float] = []
    for label in each_label(training):
        if label.fixed is not None:
            boosters.append(None)
            starts.append(label.fixed)
            continue
        weight = None if label.weight is None else label.weight[order]
        booster, start = _fit_classes(training, data, label.y[order], weight, 2)
        boosters.append(booster)
        starts.append(float(start[-1]))
    return FittedBoosters(boosters, np.array(starts))


def _fit_numbers(
    training: Training, data: Any, y: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> FittedCurve:
    import lightgbm as lgb

    unit = Unit.of(
        y, weight
    )  # LightGBM keeps single precision: numbers far from 0 would lose theirs
    _put(data, unit.put(y), weight)
    parameters = {**_parameters(training), "max_delta_step": 0.0, "objective": "regression"}
    if training.loss is not None:
        parameters.update(objective="quantile", alpha=float(training.loss.values["q"]))
    return FittedCurve(lgb.train(parameters, data, num_boost_round=_ROUNDS), unit)


def _parameters(training: Training) -> dict[str, Any]:
    return {**_PARAMETERS, "seed": training.seed % (2**31 - 1)}


def _prior_start(y: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    # The start slot: scores begin at the class prior, as LightGBM does for its own objectives.
    share = np.maximum(np.bincount(y, minlength=n_classes), 0.5) / len(y)
    if n_classes == 2:
        return np.array([0.0, np.log(share[1] / share[0])])
    return np.log(share)


def _per_row(start: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return np.full(n, start[-1]) if len(start) == 2 else np.tile(start, (n, 1)).ravel(order="F")
