"""Logistic regression on scaled, one-hot encoded and TF-IDF columns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.learners.base import Slots, Training, align_log_proba, log_softmax
from equipoise.learners.encoding import Matrix, View

__all__ = ["Linear"]

_NEWTON_COLUMNS = 300


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
        full = np.full((len(scores), self.n_classes), np.log(1e-12))
        full[:, classes] = log_softmax(scores)
        return full


class Linear(Slots):
    """L2-penalised multinomial logistic regression.

    The penalty is ``C = 1`` on standardised columns, and ``C = 10`` on TF-IDF rows of unit length,
    where ``C = 1`` is known to under-fit.
    """

    name = "linear"
    title = "Logistic regression"
    view: View = "linear"
    honours = frozenset({"rows", "weights", "decision"})
    losses = frozenset[str]()
    watches = False
    balances = False

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedLinear:
        """Fit by Newton steps: exact ones where columns are few, else by conjugate gradients."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        sparse = sp.issparse(training.X)
        newton = not sparse and training.X.shape[1] * training.n_classes <= _NEWTON_COLUMNS
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
            model.fit(training.X, training.y, sample_weight=training.sample_weight)
        return FittedLinear(model, training.n_classes)
