"""A classifier on resampled rows: the rows, their weights, and the prior."""

from __future__ import annotations

import imblearn.over_sampling as theirs
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from equipoise.decisions import calibration_intercept
from equipoise.errors import DataError, UsageError
from equipoise.samplers import (
    SMOTE,
    DownsampleUpweight,
    RandomOverSampler,
    RandomUnderSampler,
    ResampledClassifier,
    UpsampleDownweight,
)
from equipoise.samplers.classifier import _folds, _weighted_intercept


@parametrize_with_checks(
    [
        ResampledClassifier(RandomOverSampler(random_state=0), LogisticRegression()),
        ResampledClassifier(
            RandomOverSampler(random_state=0), LogisticRegression(), correct_prior=True
        ),
        ResampledClassifier(
            RandomOverSampler(random_state=0), LogisticRegression(), correct_prior="level"
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
def test_repeating_every_row_of_a_class_agrees_with_the_weighted_fit_less_the_log_ratio(counts):
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


@pytest.mark.parametrize("sampler", [RandomOverSampler, SMOTE])
def test_trees_do_not_move_as_the_offset_says_and_the_level_tells(sampler):
    X, y = draw([1880, 120])
    X_new, y_new = draw([9400, 600], seed=1)
    mean, loss = {}, {}
    for how in (True, "level"):
        forest = RandomForestClassifier(40, random_state=0)
        model = ResampledClassifier(sampler(random_state=0), forest, correct_prior=how).fit(X, y)
        p = model.predict_proba(X_new)
        mean[how], loss[how] = p[:, 1].mean(), log_loss(y_new, p)
    prior = y.mean()
    assert mean[True] < (0.3 if sampler is RandomOverSampler else 0.8) * prior
    # The level comes from 120 rare rows: its standard error is near a tenth of the prior.
    assert mean["level"] == pytest.approx(prior, rel=0.2)
    assert loss["level"] < loss[True]


def test_the_level_of_a_logistic_regression_is_near_the_offset():
    X, y = draw([3000, 300])
    offsets = []
    for how in (True, "level"):
        plain = LogisticRegression(C=1e6)
        model = ResampledClassifier(RandomOverSampler(random_state=0), plain, correct_prior=how)
        offsets.append(model.fit(X, y).prior_offset_)
    np.testing.assert_allclose(offsets[0], offsets[1], atol=0.1)


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(class_weight="balanced"),
        make_pipeline(StandardScaler(), LogisticRegression(class_weight={0: 1, 1: 30})),
    ],
    ids=["alone", "in a pipeline"],
)
def test_class_weights_move_the_prior_too(classifier):
    X, y = draw([900, 60])
    model = ResampledClassifier(
        RandomOverSampler(sampling_strategy=0.3, random_state=0), classifier, correct_prior=True
    )
    with pytest.raises(UsageError, match="class_weight=") as caught:
        model.fit(X, y)
    assert '"level"' in caught.value.remedy
    model.set_params(correct_prior="level").fit(X, y)
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.1)
    model.set_params(correct_prior=False).fit(X, y)
    assert model.predict_proba(X)[:, 1].mean() > 2 * y.mean()


def test_the_level_heeds_weights():
    X, y = draw([900, 60, 90])
    weight = np.random.default_rng(0).integers(0, 4, len(y)) * np.array([1.0, 5.0, 0.5])[y]
    model = ResampledClassifier(
        RandomOverSampler(random_state=0), LogisticRegression(), correct_prior="level"
    )
    p = model.fit(X, y, sample_weight=weight).predict_proba(X)
    share = np.bincount(y, weights=weight) / weight.sum()
    np.testing.assert_allclose(weight @ p / weight.sum(), share, atol=0.01)


def test_the_weighted_level_is_that_of_repeated_rows():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([0.1, 0.2, 0.3, 0.3], size=300)
    p[:20] = [1, 0, 0, 0]
    times = rng.integers(0, 5, 300)
    totals = np.array([400.0, 0, 150.0, 20.0])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    expected = calibration_intercept(np.repeat(log_p, times, axis=0), totals)
    found = _weighted_intercept(log_p, totals, times.astype(float))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_level_keeps_groups_together_and_leaves_rows_out():
    X, y = draw([300, 30])
    groups = np.arange(330) // 3
    seen = []

    class Noting(RandomOverSampler):
        def fit_resample(self, X, y, **more):
            seen.append(X[:, -1].astype(int))
            return super().fit_resample(X, y, **more)

    model = ResampledClassifier(
        Noting(random_state=0), LogisticRegression(max_iter=1000), correct_prior="level", cv=3
    )
    model.fit(np.column_stack([X, np.arange(330)]), y, groups=groups)
    whole, *parts = seen
    assert len(whole) == 330
    assert len(parts) == 3
    left = [np.setdiff1d(np.arange(330), part) for part in parts]
    assert sorted(np.concatenate(left)) == list(range(330))
    for part, out in zip(parts, left, strict=True):
        assert not np.intersect1d(groups[part], groups[out]).size


def test_few_rows_make_few_folds():
    y = np.repeat(["a", "b"], [20, 3])
    assert len(_folds(y, None, 5)) == 3
    assert len(_folds(np.repeat([0, 1], [20, 9]), None, 5)) == 5
    together = np.concatenate([np.arange(20), [20, 20, 21]])
    assert len(_folds(y, together, 5)) == 2
    with pytest.raises(DataError, match="class 'b' has 1 group, "):
        _folds(y, np.concatenate([np.arange(20), [20] * 3]), 5)
    model = ResampledClassifier(
        RandomOverSampler(random_state=0), LogisticRegression(), correct_prior="level"
    )
    with pytest.raises(DataError, match="class 1 has 1 row, ") as caught:
        model.fit(*draw([20, 1]))
    assert "more rows" in caught.value.remedy
    assert model.fit(*draw([20, 2])).prior_offset_.shape == (2,)


def test_tables_of_any_kind_are_split():
    X, y = draw([200, 30])
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    found = []
    for table in (X, X.tolist(), frame, frame.to_pandas(), sp.csr_matrix(X)):
        model = ResampledClassifier(
            RandomUnderSampler(random_state=0), LogisticRegression(), correct_prior="level"
        )
        found.append(model.fit(table, y).prior_offset_)
        np.testing.assert_allclose(found[-1], found[0], atol=1e-3)


def test_log_probabilities_are_there_and_scores_of_the_old_prior_are_not():
    X, y = draw([300, 40])
    model = ResampledClassifier(SMOTE(random_state=0), LogisticRegression()).fit(X, y)
    assert model.decision_function(X).shape == (340,)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    old = model.decision_function(X)
    for how in (True, "level"):
        model.set_params(correct_prior=how).fit(X, y)
        assert not hasattr(model, "decision_function")
        log_p = model.predict_log_proba(X)
        np.testing.assert_allclose(np.exp(log_p), model.predict_proba(X))
        shift = model.prior_offset_[1] - model.prior_offset_[0]
        np.testing.assert_allclose(log_p[:, 1] - log_p[:, 0], old - shift, atol=1e-8)


def test_what_cannot_be_corrected():
    X, y = draw([100, 20])
    sampler = RandomOverSampler(random_state=0)
    for given in ("levels", 1, None, [True]):
        with pytest.raises(UsageError, match="correct_prior="):
            ResampledClassifier(sampler, LogisticRegression(), correct_prior=given).fit(X, y)
    for folds in (1, 2.5, "5", True, None):
        with pytest.raises(UsageError, match="cv="):
            ResampledClassifier(sampler, LogisticRegression(), cv=folds).fit(X, y)
    for how in (True, "level"):
        with pytest.raises(UsageError, match="RidgeClassifier has no predict_proba"):
            ResampledClassifier(sampler, RidgeClassifier(), correct_prior=how).fit(X, y)
    assert ResampledClassifier(sampler, RidgeClassifier()).fit(X, y).predict(X).shape == (120,)


@pytest.mark.parametrize(
    ("sampler", "classifier", "said"),
    [
        (None, LogisticRegression(), "sampler=None has no fit_resample; give one of equip"),
        (LogisticRegression(), LogisticRegression(), r"sampler=Logistic.* has no fit_resample"),
        (RandomOverSampler, LogisticRegression(), r"give an instance: RandomOverSampler\(\)"),
        (RandomOverSampler(), LogisticRegression, r"give an instance: LogisticRegression\(\)"),
        (RandomOverSampler(), LinearRegression(), "classifier=LinearRegression.* is no classifier"),
        (RandomOverSampler(), None, "classifier=None is no classifier; give one of scikit"),
    ],
)
def test_what_is_no_sampler_or_no_classifier(sampler, classifier, said):
    model = ResampledClassifier(sampler, classifier)
    with pytest.raises(UsageError, match=said):
        model.fit(*draw([100, 20]))


def test_a_class_that_vanished_is_named():
    class Dropping(RandomOverSampler):
        def _fit_resample(self, X, y):
            self.sample_indices_ = np.flatnonzero(y != 2)
            return X[self.sample_indices_], y[self.sample_indices_]

    X, y = draw([50, 20, 4])
    for how in (False, True, "level"):
        model = ResampledClassifier(Dropping(), LogisticRegression(), correct_prior=how)
        with pytest.raises(DataError, match="left no row of class 2") as caught:
            model.fit(X, y)
        assert "sampler" in caught.value.remedy
