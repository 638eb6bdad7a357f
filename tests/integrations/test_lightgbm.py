"""The focal objective against finite differences and against LightGBM's own log loss."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import UsageError
from equipoise.integrations.lightgbm import FocalObjective

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
Y2 = (X[:, 0] + RNG.normal(size=400) > 1.2).astype(np.int64)
Y3 = np.digitize(X[:, 0] + 0.7 * RNG.normal(size=400), [0.4, 1.4]).astype(np.int64)
PARAMETERS = {
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "boost_from_average": False,
    "learning_rate": 0.2,
}


class Data:
    """The two questions that an objective asks a data set."""

    def __init__(self, y, weight=None):
        self.y, self.weight = y, weight

    def get_label(self):
        return self.y.astype(np.float32)

    def get_weight(self):
        return self.weight


def data_and_objective(n_classes, gamma, alpha=None):
    y = Y2 if n_classes == 2 else Y3
    shape = (400,) if n_classes == 2 else (400, n_classes)
    return (
        y,
        3 * np.random.default_rng(1).normal(size=shape),
        FocalObjective(gamma, alpha, n_classes),
    )


def differences(function, scores, step):
    """Differentiate the sum over rows by each score; rows do not depend on each other."""
    if scores.ndim == 1:
        return (function(scores + step) - function(scores - step)) / (2 * step)
    out = np.empty_like(scores)
    for c in range(scores.shape[1]):
        up, down = scores.copy(), scores.copy()
        up[:, c] += step
        down[:, c] -= step
        change = function(up) - function(down)
        out[:, c] = (change if change.ndim == 1 else change[:, c]) / (2 * step)
    return out


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_gradient_is_that_of_the_loss(n_classes, gamma):
    y, scores, focal = data_and_objective(n_classes, gamma)
    expected = differences(lambda s: focal.loss(y, s), scores, 1e-5)
    grad, _ = focal(scores, Data(y))
    np.testing.assert_allclose(grad, expected, atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_the_binary_hessian_is_that_of_the_loss_or_the_stated_floor(gamma):
    y, scores, focal = data_and_objective(2, gamma)
    exact = differences(lambda s: focal.derivatives(y, s)[0], scores, 1e-6)
    p_true = np.exp(-np.logaddexp(0.0, -np.where(y == 1, scores, -scores)))
    floor = p_true * (1 - p_true) ** (1 + gamma)
    _, hess = focal(scores, Data(y))
    np.testing.assert_allclose(hess, np.maximum(exact, floor), atol=1e-7, rtol=1e-5)
    if gamma in (0.5, 2.0):
        assert (exact > floor).any()
    assert (hess > 0).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_the_softmax_hessian_is_positive_and_scaled_as_lightgbm_scales_its_own(gamma):
    y, scores, focal = data_and_objective(3, gamma)
    p = focal.predict_proba(scores)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    grad, hess = focal(scores, Data(y))
    # The gradient is (p - 1[y]) times a pull of the row, which scales 3/2 p (1 - p) as well.
    pull = grad / (p - np.eye(3)[y])
    np.testing.assert_allclose(hess, 1.5 * pull * p * (1 - p), rtol=1e-6, atol=1e-14)
    assert (hess > 0).all()


def test_the_loss_is_the_formula():
    focal = FocalObjective(2.0)
    p = np.array([0.9, 0.1])
    scores = np.log(p / (1 - p))
    np.testing.assert_allclose(focal.loss(np.array([1, 1]), scores), -((1 - p) ** 2) * np.log(p))
    np.testing.assert_allclose(focal.loss(np.array([0, 0]), scores), -(p**2) * np.log(1 - p))
    three = FocalObjective(1.5, n_classes=3)
    q = np.array([[0.2, 0.3, 0.5]])
    np.testing.assert_allclose(three.loss(np.array([1]), np.log(q)), -(0.7**1.5) * np.log(0.3))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gamma_zero_trains_as_lightgbm_trains_its_own_log_loss(n_classes, weighted):
    y = Y2 if n_classes == 2 else Y3
    weight = np.random.default_rng(2).uniform(0.2, 3, 400) if weighted else None
    own = {"objective": "binary"} if n_classes == 2 else {"objective": "multiclass", "num_class": 3}
    ours = {"objective": FocalObjective(0.0, n_classes=n_classes)}
    if n_classes > 2:
        ours["num_class"] = 3
    raw = [
        lgb.train({**PARAMETERS, **one}, lgb.Dataset(X, y, weight=weight), 20).predict(
            X, raw_score=True
        )
        for one in (own, ours)
    ]
    np.testing.assert_allclose(raw[1], raw[0], atol=1e-4)
    proba = FocalObjective(0.0, n_classes=n_classes).predict_proba(raw[1])
    assert proba.shape == (400, n_classes)


def test_gamma_zero_is_log_loss_to_the_last_digits():
    y, scores, focal = data_and_objective(2, 0.0)
    p = 1 / (1 + np.exp(-scores))
    grad, hess = focal(scores, Data(y))
    np.testing.assert_allclose(grad, p - y, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(hess, p * (1 - p), rtol=1e-12)
    y, scores, focal = data_and_objective(3, 0.0)
    p = focal.predict_proba(scores)
    grad, hess = focal(scores, Data(y))
    np.testing.assert_allclose(grad, p - np.eye(3)[y], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(hess, 1.5 * p * (1 - p), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_row_and_class_weights_multiply(n_classes):
    y, scores, plain = data_and_objective(n_classes, 2.0)
    alpha = np.arange(1.0, n_classes + 1)
    weight = np.random.default_rng(3).uniform(0, 2, 400)
    scale = weight * alpha[y]
    weighed = FocalObjective(2.0, alpha, n_classes)(scores, Data(y, weight))
    for got, bare in zip(weighed, plain(scores, Data(y)), strict=True):
        np.testing.assert_allclose(got, bare * (scale if bare.ndim == 1 else scale[:, None]))


def test_a_row_of_weight_two_is_a_row_twice():
    y = Y2[:150]
    twice = np.repeat(np.arange(150), np.where(y == 1, 2, 1))
    focal = {**PARAMETERS, "objective": FocalObjective(2.0), "min_data_in_leaf": 1}
    weighed = lgb.train(focal, lgb.Dataset(X[:150], y, weight=np.where(y == 1, 2.0, 1.0)), 5)
    fixed = lgb.Dataset(X[:150], y).construct()
    repeated = lgb.train(focal, lgb.Dataset(X[twice], y[twice], reference=fixed), 5)
    np.testing.assert_allclose(weighed.predict(X[:150]), repeated.predict(X[:150]), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 10),
    st.lists(
        st.sampled_from([0.0, 40.0, -40.0, 800.0, -800.0, 1e6, -1e6, 1e300, -1e300]),
        min_size=3,
        max_size=3,
    ),
    st.integers(0, 2),
)
def test_huge_margins_stay_finite(gamma, margins, label):
    for n_classes, y, scores in (
        (3, np.array([label]), np.array([margins])),
        (2, np.array([label % 2] * 3), np.array(margins)),
    ):
        focal = FocalObjective(gamma, n_classes=n_classes)
        grad, hess = focal(scores, Data(y))
        assert np.isfinite(grad).all()
        assert np.isfinite(hess).all()
        assert (hess > 0).all()
        assert np.isfinite(focal.predict_proba(scores)).all()
        assert not np.isnan(focal.loss(y, scores)).any()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_row_that_is_clearly_right_counts_less_than_a_wrong_one(n_classes):
    scores = np.array([4.0, -4.0]) if n_classes == 2 else np.array([[0, 4.0, 0], [0, -4.0, 0]])
    y = np.array([1, 1])
    ratio = []
    for gamma in (0.0, 2.0):
        grad = FocalObjective(gamma, n_classes=n_classes)(scores, Data(y))[0]
        ratio.append(np.abs(grad[0]).sum() / np.abs(grad[1]).sum())
    assert ratio[1] < ratio[0] / 100


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"gamma": -0.1}, "gamma=-0.1"),
        ({"gamma": float("nan")}, "gamma=nan"),
        ({"gamma": float("inf")}, "gamma=inf"),
        ({"gamma": "much"}, "gamma='much'"),
        ({"gamma": None}, "gamma=None"),
        ({"alpha": [1.0]}, "alpha has the shape"),
        ({"alpha": 0.25}, "alpha has the shape"),
        ({"alpha": [1, 2], "n_classes": 3}, "alpha has the shape"),
        ({"alpha": [1, -2]}, r"alpha=\[1.0, -2.0\]"),
        ({"alpha": [1, float("nan")]}, "alpha="),
        ({"alpha": ["a", "b"]}, "alpha="),
        ({"n_classes": 1}, "n_classes=1"),
        ({"n_classes": 2.5}, "n_classes=2.5"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_used(arguments, what):
    with pytest.raises(UsageError, match=what):
        FocalObjective(**arguments)


def test_labels_and_scores_that_do_not_fit():
    with pytest.raises(UsageError, match="label 2 is not one of the 2 classes"):
        FocalObjective()(np.zeros(3), Data(np.array([0, 1, 2])))
    with pytest.raises(UsageError, match="label -1 "):
        FocalObjective()(np.zeros(2), Data(np.array([-1, 1])))
    with pytest.raises(UsageError, match=r"label 0\.5 "):
        FocalObjective()(np.zeros(2), Data(np.array([0.5, 1])))
    with pytest.raises(UsageError, match="num_class"):
        lgb.train({**PARAMETERS, "objective": FocalObjective(n_classes=3)}, lgb.Dataset(X, Y3), 1)


def test_the_source_is_cited():
    assert "Lin" in FocalObjective.__doc__
    assert "ICCV" in FocalObjective.__doc__
