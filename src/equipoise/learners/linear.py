"""Logistic and ridge regression on scaled, one-hot encoded and TF-IDF columns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.learners.base import FLOOR, Slots, Training, align_log_proba, log_softmax
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.labels import FittedOdds, each_label
from equipoise.learners.numbers import FittedLine, Unit, fit_quantile

__all__ = ["Linear"]

_NEWTON_COLUMNS = 300
_PENALTY = 1.0


@dataclass
class FittedEstimator:
    """A classifier with ``predict_proba`` behind the log-probability interface."""

    estimator: Any
    n_classes: int

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        proba = self.estimator.predict_proba(X)
        return align_log_proba(proba, self.estimator.classes_, self.n_classes)


@dataclass
class FittedLinear(FittedEstimator):
    """Logistic regression; log-probabilities come straight from the scores, without underflow."""

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        classes = np.asarray(self.estimator.classes_, dtype=np.int64)
        scores = np.asarray(self.estimator.decision_function(X))
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros(len(scores)), scores])
        # A class that the training rows lacked lies as far below the others as a clipped zero would.
        full = np.full((len(scores), self.n_classes), FLOOR)
        full[:, classes] = log_softmax(scores)
        return full


class Linear(Slots):
    """L2-penalised linear models: logistic regression of classes and of each label, ridge of numbers.

    The penalty is ``C = 1`` on standardised columns, and ``C = 10`` on TF-IDF rows of unit length,
    where ``C = 1`` is known to under-fit. Numbers are standardised, and their penalty is ``alpha = 1`` for
    squared error, ``sum (y - x b)^2 + alpha |b|^2``, as for the pinball loss,
    ``sum rho(y - x b) + alpha / 2 |b|^2``.

    References
    ----------
    Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica 46. Fernandes, M., Guerre, E. and
    Horta, E. (2021). Smoothing quantile regressions. Journal of Business & Economic Statistics 39.
    """

    name = "linear"
    title = "Logistic regression"
    other_titles: ClassVar = {"numbers": "Ridge regression"}
    view: View = "linear"
    targets = frozenset({"classes", "labels", "numbers"})
    honours = frozenset({"rows", "weights", "decision"})
    losses = frozenset[str]()
    other_honours: ClassVar = {
        "labels": frozenset({"rows", "weights", "decision"}),
        "numbers": frozenset({"rows", "weights", "loss", "decision"}),
    }
    other_losses: ClassVar = {"numbers": frozenset({"pinball"})}
    watches = False
    balances = False

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedLinear | FittedOdds | FittedLine:
        """Fit by Newton steps: exact ones where columns are few, else by conjugate gradients."""
        if training.target == "labels":
            return _fit_labels(training)
        if training.target == "numbers":
            return _fit_numbers(training)
        model = _logistic(training.X, training.y, training.n_classes, training.sample_weight)
        return FittedLinear(model, training.n_classes)


def _logistic(
    X: Matrix, y: NDArray[np.int64], n_classes: int, weight: NDArray[np.float64] | None
) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    sparse = sp.issparse(X)
    newton = not sparse and X.shape[1] * n_classes <= _NEWTON_COLUMNS
    model = LogisticRegression(
        C=10.0 if sparse else 1.0,
        solver="newton-cholesky" if newton else "newton-cg",
        max_iter=100 if newton else 1000,
        tol=1e-4,
    )
    with warnings.catch_warnings():
        # Separable classes stop on the iteration limit with scores that rank as they should.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message=".*ill-conditioned.*")
        warnings.filterwarnings("ignore", message=".*newton-cholesky.*")
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        model.fit(X, y, sample_weight=weight)
    return model


def _fit_labels(training: Training) -> FittedOdds:
    X: Any = training.X
    weights = np.zeros((X.shape[1], training.n_classes))
    intercepts = np.zeros(training.n_classes)
    for j, label in enumerate(each_label(training)):
        if label.fixed is not None:
            intercepts[j] = label.fixed
            continue
        model = _logistic(X, label.y, 2, label.weight)
        weights[:, j], intercepts[j] = model.coef_[0], model.intercept_[0]
    return FittedOdds(weights, intercepts)


def _fit_numbers(training: Training) -> FittedLine:
    from sklearn.linear_model import Ridge

    X, y, weight = training.X, training.y, training.sample_weight
    unit = Unit.of(y, weight)
    z = unit.put(y)
    if training.loss is not None:
        beta, start = fit_quantile(X, z, training.loss.values["q"], weight, _PENALTY)
    elif not X.shape[1]:
        beta, start = np.zeros(0), 0.0
    else:
        solver = "sparse_cg" if sp.issparse(X) else "cholesky"
        model = Ridge(alpha=_PENALTY, solver=solver, tol=1e-6)
        model.fit(X, z, sample_weight=weight)
        beta, start = np.asarray(model.coef_, dtype=np.float64), float(model.intercept_)
    return FittedLine(unit.spread * beta, float(unit.back(start)))
