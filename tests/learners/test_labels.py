"""Learners of labels: each label as its own problem of two classes, weights as rows, labels that never change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.learners.base import FLOOR, Loss, Training
from equipoise.learners.boosting import Boosting
from equipoise.learners.forest import Forest
from equipoise.learners.labels import element_weights, fixed_odds
from equipoise.learners.linear import Linear
from equipoise.learners.mlp import Mlp

F = NDArray[np.float64]


def data(n: int = 300, d: int = 5, L: int = 3, seed: int = 0) -> tuple[F, NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d))
    pull = X @ random.normal(size=(d, L)) + random.normal(size=(n, L)) - np.linspace(0, 1.5, L)
    return X, (pull > 0).astype(np.int64)


def training(X: Any, Y: NDArray[np.int64], **more: Any) -> Training:
    return Training(X, Y, Y.shape[1], target="labels", **more)


LEARNERS: list[Any] = [Linear(), Boosting(), Forest(), Mlp()]
by_name = pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: one.name)


def test_weights_of_rows_and_elements_become_one_with_mean_1_per_label() -> None:
    Y = np.array([[1, 0], [0, 1], [1, 1]])
    part = training(np.zeros((3, 1)), Y)
    assert element_weights(part) is None
    part.sample_weight = np.array([2.0, 0.5, 0.5])
    part.element_weight = np.array([[1.0, 3.0], [1.0, 1.0], [1.0, 1.0]])
    product = np.array([[2.0, 6.0], [0.5, 0.5], [0.5, 0.5]])
    found = element_weights(part)
    assert found is not None
    np.testing.assert_allclose(found, product / product.mean(axis=0))
    part.loss = Loss("focal", {"gamma": 2.0, "alpha": 0.75})
    product = product * np.array([[0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    found = element_weights(part)
    assert found is not None
    np.testing.assert_allclose(found, product / product.mean(axis=0))


def test_labels_without_both_values_among_rows_that_count_are_fixed() -> None:
    Y = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [1, 0, 1, 1]])
    np.testing.assert_array_equal(fixed_odds(Y, None), [-FLOOR, FLOOR, np.nan, np.nan])
    weights = np.array([[1.0, 1.0, 1.0, 0.0], [1.0] * 4, [1.0] * 4])
    np.testing.assert_array_equal(fixed_odds(Y, weights), [-FLOOR, FLOOR, np.nan, -FLOOR])


@pytest.mark.parametrize("sparse", [False, True])
def test_linear_is_a_logistic_regression_of_each_label(sparse: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    X, Y = data()
    random = np.random.default_rng(1)
    weight = random.uniform(0.5, 2.0, Y.shape)
    features: Any = sp.csr_matrix(X) if sparse else X
    found = Linear().fit(training(features, Y, element_weight=weight)).log_odds(features)
    for j in range(Y.shape[1]):
        peer = LogisticRegression(C=10.0 if sparse else 1.0, tol=1e-8, max_iter=1000)
        peer.fit(X, Y[:, j], sample_weight=weight[:, j] / weight[:, j].mean())
        # Its own steps end at 1e-4 of slope.
        np.testing.assert_allclose(found[:, j], peer.decision_function(X), atol=0.03)


@pytest.mark.parametrize("loss", [None, Loss("focal", {"gamma": 2.0})], ids=["plain", "focal"])
def test_boosting_of_labels_is_boosting_of_two_classes(loss: Loss | None) -> None:
    X, Y = data()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, Y.shape)
    weight[:, 1] = 1.0  # as many as before must not stay from the label before
    found = Boosting().fit(training(X, Y, element_weight=weight, loss=loss)).log_odds(X)
    for j in range(Y.shape[1]):
        by_row = weight[:, j] / weight[:, j].mean()
        alone = Training(X, Y[:, j].copy(), 2, sample_weight=by_row, loss=loss)
        log_p = Boosting().fit(alone).log_proba(X)
        np.testing.assert_allclose(found[:, j], log_p[:, 1] - log_p[:, 0], rtol=1e-9, atol=1e-9)


def test_boosting_trains_on_shared_bins_in_any_order_of_rows() -> None:
    X, Y = data()
    rows = np.random.default_rng(2).integers(0, len(X), 250)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, (250, 3))
    shared = Boosting().share(X, Y, ())
    part = training(X, Y[rows], rows=rows, shared=shared, element_weight=weight)
    one = Boosting().fit(part).log_odds(X)
    order = np.random.default_rng(4).permutation(250)
    part = replace(part, y=Y[rows][order], rows=rows[order], element_weight=weight[order])
    np.testing.assert_allclose(Boosting().fit(part).log_odds(X), one, rtol=1e-6, atol=1e-9)
    assert Boosting().fit(training(X, Y, shared=shared)).log_odds(X).shape == Y.shape


@by_name
def test_same_seed_same_numbers(learner: Any) -> None:
    X, Y = data(120)
    one, two = (learner.fit(training(X, Y, seed=3)).log_odds(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float64


@by_name
def test_labels_that_never_change_are_fixed_and_the_others_unharmed(learner: Any) -> None:
    X, Y = data(100)
    Y[:, 0], Y[:, 2] = 0, 1
    found = learner.fit(training(X, Y)).log_odds(X)
    assert (found[:, 0] == FLOOR).all()
    assert (found[:, 2] == -FLOOR).all()
    assert np.isfinite(found).all()
    assert np.ptp(found[:, 1]) > 0.5


@by_name
def test_few_rows_and_one_label(learner: Any) -> None:
    X, Y = np.array([[0.0], [1.0], [2.0]]), np.array([[0], [1], [1]])
    found = learner.fit(training(X, Y)).log_odds(X)
    assert found.shape == (3, 1)
    assert np.isfinite(found).all()
    assert learner.fit(training(X, np.zeros((3, 2), dtype=np.int64))).log_odds(X).max() == FLOOR


def test_a_weight_of_elements_is_a_repeated_row_for_that_label() -> None:
    from sklearn.linear_model import LogisticRegression

    X, Y = data(400)
    rows = np.concatenate([np.arange(400), np.flatnonzero(Y[:, 1]), np.flatnonzero(Y[:, 1])])
    weight = np.ones(Y.shape)
    weight[:, 1] += 2 * Y[:, 1]
    found = Linear().fit(training(X, Y, element_weight=weight)).log_odds(X)
    # Weights have mean 1, so that rows that stand there repeatedly count less beside the same penalty.
    peer = LogisticRegression(C=400 / len(rows), tol=1e-6).fit(X[rows], Y[rows, 1])
    np.testing.assert_allclose(found[:, 1], peer.decision_function(X), atol=0.03)
    plain = Linear().fit(training(X, Y)).log_odds(X)
    np.testing.assert_allclose(found[:, 0], plain[:, 0], rtol=1e-9)


def test_a_weight_of_positives_moves_the_odds_by_its_logarithm() -> None:
    random = np.random.default_rng(0)
    Y = (random.uniform(size=(4000, 1)) < 0.1).astype(np.int64)
    X = random.normal(size=(4000, 1))
    weight = np.where(Y == 1, 5.0, 1.0)
    for learner in (Linear(), Boosting()):
        plain = learner.fit(training(X, Y)).log_odds(X).mean()
        moved = learner.fit(training(X, Y, element_weight=weight)).log_odds(X).mean()
        assert abs(moved - plain - np.log(5.0)) < 0.15
