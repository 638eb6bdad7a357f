"""The quick linear model: the learner ``linear``, stopped early where words make it slow."""

from __future__ import annotations

import warnings

import scipy.sparse as sp

from equipoise.learners.base import Training
from equipoise.learners.linear import FittedLinear, Linear

__all__ = ["QuickLinear"]

_STEPS = 60


class QuickLinear(Linear):
    """Logistic regression that takes at most 60 steps of L-BFGS on sparse rows.

    Words beside numbers take Newton steps minutes; after 60 steps recalls are within a point or two of
    those at the optimum.
    """

    def fit(self, training: Training) -> FittedLinear:
        """Fit, exactly where rows are dense."""
        if not sp.issparse(training.X):
            fitted = super().fit(training)
            assert isinstance(fitted, FittedLinear), "the quick model is for classes"
            return fitted
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=10.0, solver="lbfgs", max_iter=_STEPS, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(training.X, training.y, sample_weight=training.sample_weight)
        return FittedLinear(model, training.n_classes)
