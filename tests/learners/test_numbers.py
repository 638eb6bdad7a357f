"""Learners of numbers: against scikit-learn, closed forms, and the least pinball loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from equipoise.learners.base import Loss, Training
from equipoise.learners.boosting import Boosting
from equipoise.learners.forest import Forest
from equipoise.learners.linear import Linear
from equipoise.learners.mlp import Mlp
from equipoise.learners.numbers import Unit, fit_quantile, weighted_quantile

F = NDArray[np.float64]
LEARNERS: list[Any] = [Linear(), Boosting(), Forest(), Mlp()]
by_name = pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: one.name)


def data(n: int = 400, d: int = 5, seed: int = 0) -> tuple[F, F]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d))
    return X, X @ random.normal(size=d) + np.exp(random.normal(size=n) * (1 + 0.3 * X[:, 0]))


def training(X: Any, y: F, **more: Any) -> Training:
    return Training(X, np.asarray(y, dtype=np.float64), 1, target="numbers", **more)


def quantile(q: float) -> Loss:
    return Loss("pinball", {"q": q})


def pinball(rest: F, q: float, weight: Any = None) -> float:
    return float(np.average(np.maximum(q * rest, (q - 1) * rest), weights=weight))


# -- the unit and the quantile ----------------------------------------------------------------------


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=12),
    st.sampled_from([0.05, 0.25, 0.5, 0.9]),
    st.integers(0, 100),
)
def test_weighted_quantile_minimises_the_pinball_loss(
    values: list[int], q: float, seed: int
) -> None:
    y = np.array(values, dtype=np.float64)
    weight = np.random.default_rng(seed).integers(1, 4, len(y)).astype(np.float64)
    found = pinball(y - weighted_quantile(y, q, weight), q, weight)
    assert found <= min(pinball(y - one, q, weight) for one in y) + 1e-12
    repeated = np.repeat(y, weight.astype(int))
    assert weighted_quantile(y, q, weight) == pytest.approx(weighted_quantile(repeated, q))


def test_unit_puts_numbers_and_brings_them_back() -> None:
    y = np.array([3.0, 5.0, 100.0])
    weight = np.array([1.0, 1.0, 0.0])
    unit = Unit.of(y, weight)
    assert unit == (4.0, 1.0)
    np.testing.assert_allclose(unit.back(unit.put(y)), y)
    assert Unit.of(np.full(5, 0.1), None).spread == 1.0
    assert Unit.of(np.full(5, 1e300), None).spread == 1.0


@pytest.mark.parametrize("q", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("weighted", [False, True])
def test_quantile_line_is_as_good_as_linear_programming(q: float, weighted: bool) -> None:
    from sklearn.linear_model import QuantileRegressor

    X, y = data()
    weight = np.random.default_rng(5).uniform(0.2, 3.0, len(y)) if weighted else None
    unit = Unit.of(y, None)
    z = unit.put(y)
    beta, start = fit_quantile(X, z, q, weight, 0.0)
    peer = QuantileRegressor(quantile=q, alpha=0.0).fit(X, z, sample_weight=weight)
    least = pinball(z - peer.predict(X), q, weight)
    assert pinball(z - X @ beta - start, q, weight) < least * 1.002
    below = np.average(z <= X @ beta + start, weights=weight)
    assert abs(below - q) < 0.01


def test_quantile_line_is_the_same_on_sparse_rows_and_with_a_penalty_shorter() -> None:
    X, y = data(200)
    z = Unit.of(y, None).put(y)
    dense, _ = fit_quantile(X, z, 0.8, None, 1.0)
    sparse, _ = fit_quantile(sp.csr_matrix(X), z, 0.8, None, 1.0)
    np.testing.assert_allclose(dense, sparse, atol=1e-4)
    free, _ = fit_quantile(X, z, 0.8, None, 0.0)
    assert np.linalg.norm(dense) < np.linalg.norm(free)


# -- learners ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sparse", [False, True])
def test_linear_is_ridge_regression(sparse: bool) -> None:
    from sklearn.linear_model import Ridge

    X, y = data()
    weight = np.random.default_rng(1).uniform(0.5, 1.5, len(y))
    features: Any = sp.csr_matrix(X) if sparse else X
    found = Linear().fit(training(features, y, sample_weight=weight)).predict(features)
    peer = Ridge(alpha=1.0).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(found, peer.predict(X), atol=1e-3 if sparse else 1e-9)


def test_boosting_is_lightgbm_on_standardised_numbers() -> None:
    import lightgbm as lgb

    X, y = data()
    weight = np.random.default_rng(1).uniform(0.5, 1.5, len(y))
    for loss, objective in ((None, {"objective": "regression"}), (quantile(0.9), {"alpha": 0.9})):
        found = Boosting().fit(training(X, y, sample_weight=weight, loss=loss)).predict(X)
        unit = Unit.of(y, weight)
        parameters = {"objective": "quantile", "verbosity": -1, "num_threads": 1, **objective}
        rows = lgb.Dataset(X, unit.put(y), weight=weight, params={"verbosity": -1})
        peer = lgb.train({**parameters, "deterministic": True}, rows, 100)
        np.testing.assert_allclose(found, unit.back(peer.predict(X)), rtol=1e-6, atol=1e-6)


def test_forest_explains_numbers_between_the_least_and_the_largest() -> None:
    X, y = data()
    found = Forest().fit(training(X, y)).predict(X)
    assert np.corrcoef(found, y)[0, 1] > 0.8
    assert y.min() <= found.min()
    assert found.max() <= y.max()
    heavy = np.where(y > 5, 50.0, 0.1)
    moved = Forest().fit(training(X, y, sample_weight=heavy / heavy.mean())).predict(X)
    assert moved.mean() > found.mean()


@pytest.mark.parametrize("learner", [Linear(), Boosting()], ids=lambda one: one.name)
@pytest.mark.parametrize("q", [0.25, 0.9])
def test_so_large_a_share_lies_below_a_quantile(learner: Any, q: float) -> None:
    X, y = data(1500)
    found = learner.fit(training(X, y, loss=quantile(q))).predict(X)
    assert abs((y <= found).mean() - q) < 0.03


@by_name
def test_numbers_of_any_size_and_place(learner: Any) -> None:
    X, y = data(150)
    plain = learner.fit(training(X, y, seed=1)).predict(X)
    for factor, shift in ((1e-9, 0.0), (1e6, 1e9), (1.0, -1e6)):
        found = learner.fit(training(X, factor * y + shift, seed=1)).predict(X)
        # What rounding leaves of a number far from 0 may part rows in another place.
        np.testing.assert_allclose((found - shift) / factor, plain, rtol=1e-4, atol=0.05)


@by_name
def test_equal_numbers_and_few_rows(learner: Any) -> None:
    X, _ = data(30)
    for value in (0.0, 0.1, -1e12):
        found = learner.fit(training(X, np.full(30, value))).predict(X)
        np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-12)
    assert np.isfinite(learner.fit(training(X[:2], np.array([1.0, 2.0]))).predict(X)).all()


@by_name
def test_same_seed_same_numbers(learner: Any) -> None:
    X, y = data(120)
    one, two = (learner.fit(training(X, y, seed=3)).predict(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (120,)
    assert one.dtype == np.float64


@pytest.mark.parametrize("learner", [Linear(), Boosting()], ids=lambda one: one.name)
def test_a_weight_is_a_repeated_row(learner: Any) -> None:
    X, y = data(240)
    weight = np.where(np.arange(240) % 3 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(240), weight.astype(int))
    found = learner.fit(training(X, y, sample_weight=weight / weight.mean())).predict(X)
    other = learner.fit(training(X[rows], y[rows])).predict(X)
    same = 0.02 if learner.name == "linear" else 0.6  # bins and leaves count rows
    assert np.abs(found - other).mean() < same


def test_boosting_trains_on_shared_bins() -> None:
    X, y = data(200)
    X[::7, 0] = np.nan
    shared = Boosting().share(X, y, ())
    rows = np.random.default_rng(2).integers(0, 200, 150)
    found = Boosting().fit(training(X, y[rows], rows=rows, shared=shared)).predict(X)
    assert np.isfinite(found).all()
    assert np.corrcoef(found, y)[0, 1] > 0.5
