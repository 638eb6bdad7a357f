"""Gradient boosting by LightGBM, binned once per fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.learners.encoding import Matrix, View

__all__ = ["Boosting", "FittedBooster"]

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


class Boosting(Slots):
    """LightGBM (Ke et al. 2017) with 100 rounds of 31 leaves.

    The columns of a fold are binned once; every strategy trains on a subset of the binned rows.
    """

    name = "boosting"
    title = "Gradient boosting"
    view: View = "tree"
    honours = frozenset({"rows", "weights", "loss", "decision"})
    losses = frozenset({"focal"})
    watches = False
    balances = False

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> Any:
        """Bin the training rows of a fold."""
        return _dataset(X, y, categorical).construct()

    def fit(self, training: Training) -> FittedBooster:
        """Train on binned rows where they are shared, else bin the given ones."""
        import lightgbm as lgb

        n_classes = training.n_classes
        y = training.y
        if training.shared is not None:
            rows = training.rows if training.rows is not None else np.arange(len(y))
            order = np.argsort(rows, kind="stable")  # LightGBM takes subsets in sorted order
            y = y[order]
            weight = None if training.sample_weight is None else training.sample_weight[order]
            data = training.shared.subset(rows[order]).construct()
            data.set_label(y)
        else:
            weight = training.sample_weight
            data = _dataset(training.X, y, training.categorical).construct()
        if weight is not None:
            data.set_weight(weight)
        parameters = {**_PARAMETERS, "seed": training.seed % (2**31 - 1)}
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
        booster = lgb.train(parameters, data, num_boost_round=_ROUNDS)
        return FittedBooster(booster, n_classes, start)


def _dataset(X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> Any:
    import lightgbm as lgb

    return lgb.Dataset(
        X,
        y,
        categorical_feature=list(categorical),
        free_raw_data=True,
        params={k: v for k, v in _PARAMETERS.items() if k not in ("learning_rate", "num_leaves")},
    )


def _prior_start(y: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    # The start slot: scores begin at the class prior, as LightGBM does for its own objectives.
    share = np.maximum(np.bincount(y, minlength=n_classes), 0.5) / len(y)
    if n_classes == 2:
        return np.array([0.0, np.log(share[1] / share[0])])
    return np.log(share)


def _per_row(start: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return np.full(n, start[-1]) if len(start) == 2 else np.tile(start, (n, 1)).ravel(order="F")
