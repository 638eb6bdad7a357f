"""Any scikit-learn classifier as a learner."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise import ensembles
from equipoise.errors import UsageError
from equipoise.learners.base import Slots, Training
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.linear import FittedEstimator

__all__ = ["Custom"]


_OWN_TREATMENTS = ("class_weight", "scale_pos_weight", "is_unbalance", "auto_class_weights")


def _refuse_treated(estimator: Any, kind: str) -> None:
    # A learner that brings a treatment would be called untreated, and every other be added to it.
    for name, value in estimator.get_params(deep=True).items():
        if name.rpartition("__")[2] in _OWN_TREATMENTS and not (
            value is None or value is False or (isinstance(value, int | float) and value == 1)
        ):
            raise UsageError(
                f"learner {kind!r} treats imbalance itself: {name}={value!r}",
                remedy=f"leave {name} out; the trial adds weights as strategies, such as weights-balanced",
            )


def _digest(estimator: Any) -> str:
    # The repr of an estimator is cut short, so two may share one; the hash of all it holds is not.
    import joblib

    try:
        return str(joblib.hash((type(estimator), estimator.get_params(deep=True))))
    except Exception:  # noqa: BLE001 - whatever pickling says of foreign objects
        return uuid.uuid4().hex  # a lambda, say: nothing tells it from another one, so no resuming


@dataclass(frozen=True)
class Custom(Slots):
    """Wrap an estimator with ``fit`` and ``predict_proba``; it reads the dense view."""

    estimator: Any
    name: str
    title: str
    digest: str = ""  # of the parameters, which a journal has to agree with
    view: View = "dense"
    honours: frozenset[str] = field(default=frozenset({"rows", "decision"}))
    balances: bool = False
    losses = frozenset[str]()
    watches = False

    @classmethod
    def of(cls, estimator: Any) -> Custom:
        """Check ``estimator`` and find out whether it honours row weights."""
        from sklearn.utils.validation import has_fit_parameter

        kind = type(estimator).__name__
        missing = [m for m in ("fit", "predict_proba", "get_params") if not hasattr(estimator, m)]
        if missing or isinstance(estimator, type):
            what = "it is a class" if isinstance(estimator, type) else f"it has no {missing[0]}"
            raise UsageError(
                f"learner {kind!r} cannot be used: {what}",
                remedy="give an instance of a scikit-learn classifier with predict_proba",
            )
        _refuse_treated(estimator, kind)
        slots = {"rows", "decision"}
        if has_fit_parameter(estimator, "sample_weight"):
            slots.add("weights")
        # Told by name: only who gives one of these needs imbalanced-learn to be imported.
        balances = kind in ensembles.__all__
        return cls(estimator, kind, kind, _digest(estimator), "dense", frozenset(slots), balances)

    def called(self, name: str) -> Custom:
        """Return the same learner under another name."""
        return replace(self, name=name, title=name)

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedEstimator:
        """Fit a clone of the estimator, seeded where it can be."""
        from sklearn.base import clone

        model = clone(self.estimator)
        if "random_state" in model.get_params():
            model.set_params(random_state=training.seed)
        if training.sample_weight is None:
            model.fit(training.X, training.y)
        else:
            model.fit(training.X, training.y, sample_weight=training.sample_weight)
        return FittedEstimator(model, training.n_classes)
