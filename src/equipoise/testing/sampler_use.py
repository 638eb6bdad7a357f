"""Samplers inside the pipelines and searches that people put them in."""

from __future__ import annotations

from typing import Any

import numpy as np
from imblearn.pipeline import Pipeline
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import cross_val_score

from equipoise.testing.tables import Table, promise, seeded

__all__ = ["check_routes_weights", "check_works_in_a_pipeline"]


class _Counter(ClassifierMixin, BaseEstimator):
    """A classifier that takes any rows, and remembers what it was given."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> _Counter:
        self.classes_, self.counts_ = np.unique(y, return_counts=True)
        self.rows_ = len(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[self.counts_.argmax()])


def check_works_in_a_pipeline(sampler: Any, table: Table) -> None:
    """Resample in a pipeline of imbalanced-learn what is fitted and nothing that is predicted."""
    X, y = table.rows()
    expected = seeded(sampler).fit_resample(X, y)[1]
    pipe = Pipeline([("rows", seeded(sampler)), ("model", _Counter())]).fit(X, y)
    model = pipe.named_steps["model"]
    promise(model.rows_ == len(expected), f"{model.rows_} rows were fitted, not {len(expected)}")
    promise(len(pipe.predict(X)) == len(X), "rows were resampled when predicting")
    scores = cross_val_score(pipe, X, y, cv=2, error_score="raise")
    promise(np.isfinite(scores).all(), "scores of a cross-validation are not finite")


def check_routes_weights(sampler: Any, table: Table) -> None:
    """Take weights that are requested by metadata routing in a pipeline."""
    X, y = table.rows()
    weight = np.random.default_rng(4).uniform(0.5, 2.0, len(y))
    with config_context(enable_metadata_routing=True):
        ours = seeded(sampler)
        try:
            ours.set_fit_resample_request(sample_weight=True)
        except (AttributeError, TypeError) as error:
            raise AssertionError(f"sample_weight cannot be requested: {error}") from error
        model = _Counter().set_fit_request(sample_weight=False)
        pipe = Pipeline([("rows", ours), ("model", model)]).fit(X, y, sample_weight=weight)
    alone = seeded(sampler)
    alone.fit_resample(X, y, sample_weight=weight)
    got: Any = getattr(pipe.named_steps["rows"], "sample_weight_", None)
    promise(got is not None, "the weights did not reach the sampler")
    promise(np.allclose(got, alone.sample_weight_), "other weights reached the sampler")
