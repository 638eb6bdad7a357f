"""Learners against direct calls of the libraries behind them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from equipoise.errors import UsageError
from equipoise.learners.base import Loss, Training, scaled_weights
from equipoise.learners.boosting import Boosting
from equipoise.learners.choice import choose_learners
from equipoise.learners.custom import Custom
from equipoise.learners.ensemble import ENSEMBLES, Ensemble
from equipoise.learners.forest import Forest
from equipoise.learners.linear import Linear

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
Y2 = (X[:, 0] + 0.5 * RNG.normal(size=400) > 1.0).astype(np.int64)
Y3 = np.digitize(X[:, 0] + 0.5 * RNG.normal(size=400), [0.5, 1.3]).astype(np.int64)


def _learners():
    return [Linear(), Forest(), Boosting(), *(Ensemble(kind) for kind in ENSEMBLES)]


@pytest.mark.parametrize("y", [Y2, Y3], ids=["binary", "multiclass"])
@pytest.mark.parametrize("learner", _learners(), ids=lambda one: getattr(one, "kind", one.name))
def test_log_probabilities_are_normalised_and_learned(learner, y):
    n_classes = int(y.max()) + 1
    fitted = learner.fit(Training(X, y, n_classes, seed=1))
    log_p = fitted.log_proba(X)
    assert log_p.shape == (400, n_classes)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0, atol=1e-9)
    assert (log_p.argmax(axis=1) == y).mean() > 0.7


@pytest.mark.parametrize("learner", [Linear(), Forest()], ids=lambda one: one.name)
def test_a_class_absent_from_training_keeps_a_finite_score(learner):
    keep = Y3 != 2
    log_p = learner.fit(Training(X[keep], Y3[keep], 3, seed=1)).log_proba(X)
    assert np.isfinite(log_p).all()
    assert (log_p.argmax(axis=1) != 2).all()


def test_boosting_on_shared_bins_equals_boosting_on_the_rows():
    rows = np.sort(RNG.integers(0, 400, 500))
    learner = Boosting()
    shared = learner.share(X, Y2, ())
    one = learner.fit(Training(X, Y2[rows], 2, seed=3, shared=shared, rows=rows))
    import lightgbm as lgb

    binned = lgb.Dataset(X[rows], Y2[rows], reference=learner.share(X, Y2, ()))
    from equipoise.learners.boosting import _PARAMETERS

    other = lgb.train({**_PARAMETERS, "objective": "binary", "seed": 3}, binned, 100)
    np.testing.assert_allclose(
        one.log_proba(X)[:, 1], np.log(other.predict(X, num_threads=1)), atol=1e-9
    )


def test_boosting_keeps_rows_and_weights_together_when_rows_are_not_sorted():
    rows = np.concatenate([np.flatnonzero(Y2 == 1), np.flatnonzero(Y2 == 0)])
    weight = np.where(Y2[rows] == 1, 5.0, 1.0)
    learner = Boosting()
    shared = learner.share(X, Y2, ())
    mixed = learner.fit(
        Training(X, Y2[rows], 2, sample_weight=weight, seed=3, shared=shared, rows=rows)
    )
    plain = learner.fit(
        Training(X, Y2, 2, sample_weight=np.where(Y2 == 1, 5.0, 1.0), seed=3, shared=shared)
    )
    np.testing.assert_allclose(mixed.log_proba(X), plain.log_proba(X), atol=1e-12)


def test_focal_loss_with_gamma_zero_is_cross_entropy():
    plain = Boosting().fit(Training(X, Y2, 2, seed=3))
    focal = Boosting().fit(Training(X, Y2, 2, seed=3, loss=Loss("focal", {"gamma": 0.0})))
    np.testing.assert_allclose(focal.log_proba(X), plain.log_proba(X), atol=1e-3)


@pytest.mark.parametrize("y", [Y2, Y3], ids=["binary", "multiclass"])
def test_focal_loss_learns(y):
    log_p = (
        Boosting()
        .fit(Training(X, y, int(y.max()) + 1, seed=3, loss=Loss("focal", {"gamma": 2.0})))
        .log_proba(X)
    )
    assert (log_p.argmax(axis=1) == y).mean() > 0.9


def test_linear_on_sparse_rows_equals_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    fitted = Linear().fit(Training(sp.csr_matrix(X), Y3, 3, seed=0))
    expected = LogisticRegression(C=10.0, solver="lbfgs", tol=1e-8, max_iter=10_000).fit(X, Y3)
    np.testing.assert_allclose(
        np.exp(fitted.log_proba(sp.csr_matrix(X))), expected.predict_proba(X), atol=2e-3
    )


def test_row_weights_have_mean_one():
    weights = scaled_weights(np.array([1.0, 3.0]))
    assert weights is not None
    np.testing.assert_allclose(weights, [0.5, 1.5])
    assert scaled_weights(np.full(3, 7.0)) is None


@pytest.mark.parametrize(
    ("rows", "columns", "text", "expected"),
    [
        (1000, 10, False, ["linear", "boosting", "forest", "ensemble"]),
        (200_000, 10, False, ["linear", "boosting"]),
        (5000, 0, True, ["linear"]),
        (5000, 3, True, ["linear", "boosting"]),
    ],
)
def test_the_automatic_choice_says_why(rows, columns, text, expected):
    choices = choose_learners("auto", rows, columns, text)
    assert [choice.name for choice in choices] == expected
    assert all(choice.why for choice in choices)


def test_only_ensembles_that_balance_inside_say_so():
    from imblearn.ensemble import RUSBoostClassifier
    from sklearn.ensemble import AdaBoostClassifier

    assert {kind for kind in ENSEMBLES if not Ensemble(kind).balances} == {"bagging", "adaboost"}
    assert Custom.of(RUSBoostClassifier()).balances
    assert not Custom.of(AdaBoostClassifier()).balances
    assert not Linear().balances


def test_estimators_join_the_trial_and_wrong_ones_are_refused():
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import LinearSVC

    custom = Custom.of(GaussianNB())
    assert "weights" in custom.honours
    assert custom.fit(Training(X, Y2, 2)).log_proba(X).shape == (400, 2)
    with pytest.raises(UsageError, match="predict_proba"):
        Custom.of(LinearSVC())
    with pytest.raises(UsageError, match="it is a class"):
        choose_learners([GaussianNB], 10, 1, False)
    with pytest.raises(UsageError, match="did you mean 'forest'"):
        choose_learners("forrest", 10, 1, False)
