"""Prior correction against posteriors known in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.decisions import calibration_intercept, correct, correct_probabilities, prior_offset
from equipoise.errors import UsageError

# p(x | class) on five values of x, three classes.
LIKELIHOOD = np.array(
    [[0.5, 0.2, 0.2, 0.1, 0.0], [0.1, 0.3, 0.2, 0.2, 0.2], [0.05, 0.05, 0.1, 0.3, 0.5]]
)
COUNTS = np.array([900.0, 90.0, 10.0])


def posterior(prior: Any, likelihood: Any = LIKELIHOOD) -> np.ndarray:
    joint = (np.asarray(prior, dtype=float)[:, None] * likelihood).T
    return joint / joint.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "effective",
    [
        [300, 300, 300],  # balanced weights
        [900, 900, 900],  # oversampled to the largest class
        [10, 10, 10],  # undersampled to the smallest
        [900, 180, 100],  # a partial treatment
        [900 * 0.3, 90 * 7.5, 10 * 41.0],  # class weights
        [900, 90, 10],  # none
    ],
)
def test_bayes_posterior_of_a_table(effective: list[float]) -> None:
    trained, true = posterior(effective), posterior(COUNTS)
    assert correct_probabilities(trained, COUNTS, effective) == pytest.approx(true)
    with np.errstate(divide="ignore"):
        logged = correct(np.log(trained), prior_offset(COUNTS, effective))
    assert np.exp(logged) == pytest.approx(true)
    assert np.logaddexp.reduce(logged, axis=1) == pytest.approx(0.0, abs=1e-12)


def test_bayes_posterior_of_two_gaussians() -> None:
    x = np.linspace(-6, 8, 50)
    likelihood = np.exp(-0.5 * np.array([x**2, (x - 2) ** 2]))
    even, true = posterior([0.5, 0.5], likelihood), posterior([0.98, 0.02], likelihood)
    found = correct_probabilities(even, [980, 20], [980, 980])
    assert found == pytest.approx(true)
    # The boundary moves from the middle by the log of the prior odds over the distance of the means.
    offset = prior_offset([980, 20], [980, 980])
    assert offset[1] - offset[0] == pytest.approx(np.log(49))
    at = 1 + np.log(49) / 2
    assert np.array_equal(found[:, 1] > 0.5, x > at)


@given(
    st.floats(1e-6, 1 - 1e-6),
    st.floats(1e-3, 1e3),
)
def test_weighted_positives_follow_the_formula(q: float, w: float) -> None:
    found = correct_probabilities([[1 - q, q]], [1000, 10], [1000, 10 * w])
    assert found[0, 1] == pytest.approx(q / (q + w * (1 - q)))


counts = st.lists(st.integers(1, 10**6), min_size=2, max_size=6)


@given(counts, st.data())
def test_offsets_are_centred_and_undo_each_other(n: list[int], data: st.DataObject) -> None:
    sizes = st.lists(st.floats(0.01, 1e6), min_size=len(n), max_size=len(n))
    m = data.draw(sizes)
    there = prior_offset(n, m)
    assert there.sum() == pytest.approx(0.0, abs=1e-9)
    assert np.diff(there) == pytest.approx(np.diff(np.log(m) - np.log(n)), abs=1e-9)
    assert there + prior_offset(m, n) == pytest.approx(np.zeros(len(n)), abs=1e-9)
    assert prior_offset(n, np.multiply(m, 7.0)) == pytest.approx(there, abs=1e-9)
    log_p = np.full((1, len(n)), -np.log(len(n)))
    assert correct(correct(log_p, there), -there) == pytest.approx(log_p)


def test_resampled_rows_count_with_their_weights() -> None:
    # Majority downsampled by 10 and weighted up by 10: the prior has not moved.
    assert prior_offset([1000, 10], [100 * 10.0, 10]) == pytest.approx([0.0, 0.0])
    # Without the weights it has, by log 10.
    under = prior_offset([1000, 10], [100, 10])
    assert under[1] - under[0] == pytest.approx(np.log(10))


def test_a_class_that_was_not_trained_on_has_no_offset() -> None:
    offset = prior_offset([100, 10, 5], [100, 100, 0])
    assert offset[2] == 0.0
    assert offset[:2].sum() == pytest.approx(0.0)
    assert prior_offset([0, 0], [1, 1]).tolist() == [0.0, 0.0]


def test_extreme_log_probabilities_stay_finite_or_impossible() -> None:
    log_p = np.array([[-700.0, 0.0], [0.0, -700.0], [-np.inf, 0.0], [0.0, -1e5]])
    out = correct(log_p, prior_offset([10**6, 1], [1, 1]))
    assert out[0, 0] == pytest.approx(-700.0 + np.log(10**6))
    assert out[2].tolist() == [-np.inf, 0.0]
    assert out[3, 0] == 0.0
    assert not np.isnan(out).any()
    certain = correct_probabilities([[1.0, 0.0], [0.0, 1.0]], [10**6, 1], [1, 1])
    assert certain.tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: prior_offset([1, 2], [1, 2, 3]), "effective (3,)"),
        (lambda: prior_offset([[1, 2]], [[1, 2]]), "(1, 2)"),
        (lambda: prior_offset([1, -2], [1, 2]), "counts is -2 for class 1"),
        (lambda: prior_offset([1, 2], [np.nan, 2]), "effective is nan for class 0"),
        (lambda: correct(np.zeros((2, 3)), np.zeros(2)), "offset (2,)"),
        (lambda: correct_probabilities([0.5, 0.5], [1, 1], [1, 1]), "p has the shape (2,)"),
        (lambda: correct_probabilities([[0.5, 0.5], [0, 0]], [1, 1], [1, 1]), "row 1"),
        (lambda: correct_probabilities([[1.5, -0.5]], [1, 1], [1, 1]), "row 0"),
        (lambda: correct_probabilities([[np.nan, 0.5]], [1, 1], [1, 1]), "row 0"),
    ],
)
def test_says_what_does_not_fit(call: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert said in str(caught.value)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_intercept_makes_mean_probabilities_equal_the_shares(classes):
    rng = np.random.default_rng(classes)
    log_p = rng.normal(size=(500, classes)) * 4
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    shares = rng.dirichlet(np.full(classes, 0.5)) * 0.99 + 0.01 / classes
    b = calibration_intercept(log_p, shares)
    assert np.exp(correct(log_p, -b)).mean(axis=0) == pytest.approx(shares, abs=1e-7)
    assert b.sum() == pytest.approx(0, abs=1e-9)


def test_intercept_recovers_a_shift_of_a_calibrated_model():
    rng = np.random.default_rng(0)
    z = rng.normal(size=200_000) * 1.5 - 2
    y = rng.random(len(z)) < 1 / (1 + np.exp(-z))
    shifted = np.column_stack([-np.logaddexp(0, z + 2), -np.logaddexp(0, -z - 2)])
    b = calibration_intercept(shifted, [1 - y.mean(), y.mean()])
    assert b[1] - b[0] == pytest.approx(-2, abs=0.03)


def test_intercept_of_extreme_and_absent_classes_is_finite():
    certain = np.array([[0.0, -700.0, -np.inf]] * 5)
    b = calibration_intercept(certain, [0.5, 0.5, 0.0])
    assert np.isfinite(b).all()
    assert b[2] == 0
    assert calibration_intercept(np.empty((0, 2)), [0.5, 0.5]).tolist() == [0, 0]
    with pytest.raises(UsageError):
        calibration_intercept(certain, [0.5, 0.5])


def test_probabilities_are_not_taken_for_their_logarithms() -> None:
    p = np.array([[0.3, 0.7], [0.0, 1.0]])
    offset = prior_offset([90, 10], [50, 50])
    with pytest.raises(UsageError, match=r"log_p reaches 1.*np\.log of the probabilities"):
        correct(p, offset)
    with pytest.raises(UsageError, match="log-softmax"):
        correct(np.array([[-2.0, 3.0]]), offset)
    with np.errstate(divide="ignore"):
        rounded = np.log(p) + np.array([0.0, 1e-7])
    assert np.exp(correct(rounded, offset)).sum(axis=1) == pytest.approx(1.0)
    assert correct(np.empty((0, 2)), offset).shape == (0, 2)
