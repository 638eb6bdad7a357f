"""Intervals and counts under chance: against closed forms and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, poisson

from equipoise.diagnose.after.calibration import calibration_gap, calibration_line, event_ratio
from equipoise.diagnose.chance import (
    count_tails,
    design_effect,
    rare_classes,
    share_gap,
    share_range,
)


def convolved(q: np.ndarray) -> np.ndarray:
    mass = np.array([1.0])
    for one in q:
        mass = np.convolve(mass, [1 - one, one])
    return mass


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=0, max_size=40), st.integers(0, 41))
def test_tails_are_those_of_the_plain_convolution(q: list[float], observed: int) -> None:
    mass = convolved(np.array(q))
    high, low = count_tails(np.array(q), observed)
    assert high == pytest.approx(mass[observed:].sum(), abs=1e-9)
    assert low == pytest.approx(mass[: observed + 1].sum(), abs=1e-9)


def test_many_rows_and_groups_stay_near_the_exact_tails() -> None:
    q = np.random.default_rng(0).beta(0.3, 2.0, 3000)
    mass = convolved(q)
    for observed in (int(q.sum()), int(q.sum() * 1.1), int(q.sum() * 0.9)):
        assert count_tails(q, observed)[0] == pytest.approx(mass[observed:].sum(), rel=0.02)
    far = int(q.sum() * 1.2)
    assert count_tails(q, far, 2.0)[0] > 3 * count_tails(q, far)[0]  # groups: less is known
    wide = np.full(40_000, 0.5)
    assert count_tails(wide, 20_000)[0] == pytest.approx(0.502, abs=0.001)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 10), (250, 1000)])
def test_shares_have_wilsons_interval(k: int, n: int) -> None:
    theirs = binomtest(k, n).proportion_ci(method="wilson")
    value, low, high = share_range(np.arange(n) < k)
    assert (value, low, high) == pytest.approx((k / n, theirs.low, theirs.high))


def test_copies_in_groups_count_once() -> None:
    hits = np.array([True, True, False, True, False])
    copied = share_range(np.repeat(hits, 4), np.repeat(np.arange(5), 4))
    assert copied == pytest.approx(share_range(hits))
    agreed = share_range(np.ones(20, dtype=bool), np.repeat(np.arange(5), 4))
    assert agreed == pytest.approx(share_range(np.ones(5, dtype=bool)))
    assert design_effect(np.ones(4), None) == 1.0
    assert share_range(np.zeros(0)) == pytest.approx((np.nan, 0, 1), nan_ok=True)


def test_a_gap_has_newcombes_interval() -> None:
    # Newcombe (1998), table II, example (a): 56/70 - 48/80, method 10.
    a, b = share_range(np.arange(70) < 56), share_range(np.arange(80) < 48)
    assert share_gap(a, b) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_rare_is_below_four_fifths_of_an_equal_share() -> None:
    assert rare_classes(np.array([61, 39])) == [1]
    assert rare_classes(np.array([60, 40])) == []
    assert rare_classes(np.array([10, 0, 90])) == [0]
    assert rare_classes(np.zeros(0)) == []


@pytest.mark.parametrize("observed", [0, 3, 40])
def test_a_ratio_has_garwoods_interval(observed: int) -> None:
    _, low, high = event_ratio(observed, 1.0)
    assert high > low >= 0
    assert poisson.cdf(observed, high) == pytest.approx(0.025, rel=1e-6)
    if observed:
        assert poisson.sf(observed - 1, low) == pytest.approx(0.025, rel=1e-6)


def test_the_calibration_line_is_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    z = rng.normal(size=800) * 2
    truth = rng.random(800) < 1 / (1 + np.exp(-(0.4 + 0.6 * z)))
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(z[:, None], truth)
    line, error, ratio = calibration_line(z, truth)
    assert line == pytest.approx([theirs.intercept_[0], theirs.coef_[0, 0]], abs=1e-4)
    assert (np.abs(line - [0.4, 0.6]) < 4 * error).all()
    assert ratio > 20
    apart = calibration_line(np.where(truth, 30.0, -30.0), truth)
    assert np.isfinite(apart[0]).all()
    assert apart[2] == pytest.approx(0, abs=1e-6)


def test_what_chance_makes_of_a_calibration_error_is_what_simulations_make() -> None:
    rng = np.random.default_rng(2)
    p = rng.beta(0.5, 3.0, 1500)
    seen = [calibration_gap(p, rng.random(1500) < p)["value"] for _ in range(200)]
    said = calibration_gap(p, rng.random(1500) < p)
    assert said["by_chance"] == pytest.approx(np.mean(seen), rel=0.05)
    assert said["by_chance_95"] == pytest.approx(np.quantile(seen, 0.95), rel=0.1)
