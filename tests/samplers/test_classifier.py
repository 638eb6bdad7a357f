"""A classifier on resampled rows: the rows, their weights, and the prior."""

from __future__ import annotations

import imblearn.over_sampling as theirs
import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from equipoise.errors import UsageError
from equipoise.samplers import (
    SMOTE,
    DownsampleUpweight,
    RandomOverSampler,
    RandomUnderSampler,
    ResampledClassifier,
    UpsampleDownweight,
)


@parametrize_with_checks(
    [
        ResampledClassifier(RandomOverSampler(random_state=0), LogisticRegression()),
        ResampledClassifier(
            RandomOverSampler(random_state=0), LogisticRegression(), correct_prior=True
        ),
    ],
    expected_failed_checks=lambda _: dict.fromkeys(
        (
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        ),
        "which rows are drawn depends on how many there are",
    ),
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def draw(counts, seed=0):
    y = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).normal(size=(len(y), 3)) + y[:, None], y


@pytest.mark.parametrize("counts", [[400, 40], [400, 90, 30]])
def test_repeating_every_row_of_a_class_is_undone_exactly(counts):
    X, y = draw(counts)
    whole = {c: max(counts) // n * n for c, n in enumerate(counts)}

    class Tiled(RandomOverSampler):
        def _fit_resample(self, X, y):
            parts = [np.repeat(np.flatnonzero(y == c), whole[c] // n) for c, n in enumerate(counts)]
            self.sample_indices_ = np.concatenate(parts)
            return X[self.sample_indices_], y[self.sample_indices_]

    # One intercept per class takes up the shift of the prior, if nothing holds it back.
    plain = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000)
    model = ResampledClassifier(Tiled(), plain, correct_prior=True).fit(X, y)
    weighted = plain.fit(
        X, y, sample_weight=np.array([whole[c] / n for c, n in enumerate(counts)])[y]
    )
    moved = np.log([whole[c] / n for c, n in enumerate(counts)])
    expected = weighted.predict_log_proba(X) - moved
    expected -= np.logaddexp.reduce(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), np.exp(expected), atol=1e-5)
    assert (model.predict(X) == model.classes_[model.predict_proba(X).argmax(axis=1)]).all()


@pytest.mark.parametrize("sampler", [RandomOverSampler, RandomUnderSampler])
def test_the_mean_probability_is_the_prior_again(sampler):
    X, y = draw([3000, 150])
    moved = ResampledClassifier(sampler(random_state=0), LogisticRegression()).fit(X, y)
    back = ResampledClassifier(
        sampler(random_state=0), LogisticRegression(), correct_prior=True
    ).fit(X, y)
    rare = y.mean()
    assert moved.predict_proba(X)[:, 1].mean() > 2 * rare
    assert back.predict_proba(X)[:, 1].mean() == pytest.approx(rare, rel=0.15)


@pytest.mark.parametrize("sampler", [DownsampleUpweight, UpsampleDownweight])
def test_weights_reach_the_classifier(sampler):
    X, y = draw([500, 50])
    prior = DummyClassifier(strategy="prior")
    model = ResampledClassifier(sampler(random_state=0), prior).fit(X, y)
    assert model.predict_proba(X)[0, 1] == pytest.approx(50 / 550)
    with pytest.raises(UsageError, match="KNeighborsClassifier takes no sample_weight"):
        ResampledClassifier(sampler(random_state=0), KNeighborsClassifier()).fit(X, y)


def test_given_weights_are_carried():
    X, y = draw([100, 20])
    weight = np.where(y == 1, 7.0, 1.0)
    model = ResampledClassifier(
        RandomOverSampler(random_state=0), DummyClassifier(strategy="prior")
    )
    model.fit(X, y, sample_weight=weight)
    assert model.predict_proba(X)[0, 1] == pytest.approx(7 / 8)


def test_in_a_pipeline_a_search_and_cross_validation():
    X, y = draw([300, 40])
    model = ResampledClassifier(SMOTE(random_state=0), LogisticRegression(), correct_prior=True)
    assert (
        cross_val_score(make_pipeline(StandardScaler(), model), X, y, scoring="roc_auc").min() > 0.7
    )
    search = GridSearchCV(model, {"sampler__k_neighbors": [3, 5], "classifier__C": [0.1, 1]}, cv=3)
    assert search.fit(X, y).best_params_["sampler__k_neighbors"] in (3, 5)


def test_a_polars_frame_and_labels_of_text():
    X, y = draw([200, 30])
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    labels = np.where(y == 1, "rare", "often")
    model = ResampledClassifier(
        RandomUnderSampler(random_state=0), HistGradientBoostingClassifier()
    )
    assert set(model.fit(frame, labels).predict(frame)) == {"often", "rare"}


def test_a_sampler_that_does_not_know_its_shift():
    X, y = draw([100, 20])
    model = ResampledClassifier(theirs.SMOTE(random_state=0), LogisticRegression())
    assert model.fit(X, y).predict_proba(X).shape == (120, 2)
    with pytest.raises(UsageError, match="does not say by how much"):
        model.set_params(correct_prior=True).fit(X, y)
