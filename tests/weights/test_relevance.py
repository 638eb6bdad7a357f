"""Relevance of numeric targets: points of the box plot, interpolation, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from equipoise.errors import TargetError, UsageError
from equipoise.weights.relevance import Relevance

numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
points = st.lists(
    st.tuples(numbers, st.integers(0, 1000).map(lambda k: k / 1000)),
    min_size=2,
    max_size=8,
    unique_by=lambda p: p[0],
)


def test_the_points_of_the_box_plot() -> None:
    y = [1, 2, 3, 4, 5, 6, 7, 40, 50, -90]
    # Quartiles 2.5, 4.5 and 6.5, half way between neighbours: whiskers reach to -3.5 and 12.5 at most.
    assert Relevance.automatic(y).points == ((1, 1, 0), (4.5, 0, 0), (7, 1, 0))
    assert Relevance.automatic(y, "high").points == ((-90, 0, 0), (4.5, 0, 0), (7, 1, 0))
    assert Relevance.automatic(y, "low").points == ((1, 1, 0), (4.5, 0, 0), (50, 0, 0))
    assert Relevance.automatic(y, coef=8.5).points == ((1, 1, 0), (4.5, 0, 0), (40, 1, 0))


def test_many_zeros_keep_the_side_that_varies() -> None:
    y = np.r_[np.zeros(60), np.arange(1, 31), 500]
    phi = Relevance.automatic(y)
    assert phi.points[0] == (0, 0, 0)
    assert phi([0, 500]).tolist() == [0, 1]


def test_slopes_of_nothing_make_the_smooth_step() -> None:
    phi = Relevance.from_points([(0, 0, 0), (4, 1, 0)])
    t = np.linspace(0, 1, 9)
    np.testing.assert_allclose(phi(4 * t), 3 * t**2 - 2 * t**3, atol=1e-15)


@settings(max_examples=40)
@given(points)
def test_interpolation_is_that_of_scipy(given_points: list[tuple[float, float]]) -> None:
    phi = Relevance.from_points(given_points)
    at, value, slope = np.array(phi.points).T
    inside = np.linspace(at[0], at[-1], 50)
    hermite = CubicHermiteSpline(at, value, slope)
    np.testing.assert_allclose(phi(inside), hermite(inside), atol=1e-7)
    if len(at) > 2 and np.diff(at).min() > 1e-2:
        inner = PchipInterpolator(at, value).derivative()(at)[1:-1]
        np.testing.assert_allclose(slope[1:-1], inner, atol=1e-9)


@settings(max_examples=40)
@given(points, st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=8))
def test_it_is_monotone_between_points(
    given_points: list[tuple[float, float]], slopes: list[float]
) -> None:
    rows = [(*point, slope) for point, slope in zip(given_points, slopes, strict=False)]
    phi = Relevance.from_points(rows)
    for (a, p, _), (b, q, _) in zip(phi.points, phi.points[1:], strict=False):
        between = phi(np.linspace(a, b, 40)[1:-1])
        assert ((between >= min(p, q) - 1e-9) & (between <= max(p, q) + 1e-9)).all()
        assert (np.diff(between) * np.sign(q - p) >= -1e-9).all()
    assert phi([-np.inf, np.inf]).tolist() == [phi.points[0][1], phi.points[-1][1]]


def test_tiny_and_huge_values() -> None:
    for unit in (1e-300, 1e300):
        phi = Relevance.from_points([(-unit, 0), (unit, 1)])
        np.testing.assert_allclose(phi([-unit, 0, unit / 2, unit]), [0, 0.5, 0.84375, 1])
    low = Relevance.automatic(np.r_[np.linspace(-1, 1, 99), 1e308])
    assert low(1e308) == 1


@given(st.integers(0, 10_000), st.floats(0.1, 9), st.floats(-50, 50))
def test_scale_and_shift_change_nothing(seed: int, scale: float, shift: float) -> None:
    y = np.r_[np.random.default_rng(seed).lognormal(size=99), 1e3]
    np.testing.assert_allclose(
        Relevance.automatic(y)(y),
        Relevance.automatic(scale * y + shift)(scale * y + shift),
        atol=1e-7,
    )


def test_adjusted_whiskers_by_the_double_loop() -> None:
    y = np.sort(np.random.default_rng(3).lognormal(size=61))
    middle = np.median(y)
    kernel = [
        ((a - middle) - (middle - b)) / (a - b) if a != b else 0.0  # the median with itself
        for a in y[y >= middle]
        for b in y[y <= middle]
    ]
    m = float(np.median(kernel))
    q1, q3 = (
        np.quantile(y, q, method="midpoint") for q in (0.25, 0.75)
    )  # 60 steps: quartiles are values
    high = y[y <= q3 + 1.5 * np.exp(3 * m) * (q3 - q1)].max()
    phi = Relevance.automatic(y, "high", adjusted=True)
    assert phi.points[-1][:2] == (high, 1.0)
    assert (phi(y) == 1).sum() < (Relevance.automatic(y, "high")(y) == 1).sum()


def test_the_top_share_and_the_bottom() -> None:
    y = np.random.default_rng(0).lognormal(size=1000)
    for side in ("high", "low"):
        phi = Relevance.top(y, 0.05, side=side)
        assert (phi(y) == 1).sum() == 50
        assert (phi(y) == 0).sum() == 500
    half_zero = np.r_[np.zeros(900), np.arange(1, 101)]
    assert (Relevance.top(half_zero, 0.05)(half_zero) == 1).sum() == 50


def test_plain_data_and_back() -> None:
    phi = Relevance.from_points([(0, 0), (1, 0.3), (2, 0.9), (5, 1)])
    again = Relevance.from_json(json.loads(json.dumps(phi.to_json())))
    assert again == phi


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Relevance.automatic(np.arange(50)), "none of the 50 values .* Relevance.top"),
        (lambda: Relevance.automatic([0] * 9 + [5]), "half of the target's values and more are 0"),
        (lambda: Relevance.automatic([3]), "more are 3"),
        (lambda: Relevance.automatic([1, 2, 3, 4, -99], "high"), "extreme above"),
        (lambda: Relevance.automatic([1, np.nan]), "1 of 2 values .* missing"),
        (lambda: Relevance.automatic(["a"]), "no number"),
        (lambda: Relevance.automatic([]), r"shape \(0,\)"),
        (lambda: Relevance.top([0] * 98 + [1, 2]), "below 0.02"),
        (lambda: Relevance.top([7, 7]), "nothing can be treated as rare"),
        (lambda: Relevance.top([1, 2, 3])(np.nan), "missing"),
    ],
)
def test_targets_it_cannot_use(make: object, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Relevance.automatic([1, 2], "top"), "extremes='top'"),
        (lambda: Relevance.automatic([1, 2], coef=0), "coef=0"),
        (lambda: Relevance.top([1, 2], share=5), "share=5"),
        (lambda: Relevance.top([1, 2], side="up"), "side='up'"),
        (lambda: Relevance.from_points([(1, 0)]), "1 different y"),
        (lambda: Relevance.from_points([(1, 0), (1, 1)]), "1 different y"),
        (lambda: Relevance.from_points([(1, 0), (2, 1.5)]), r"\(2.0, 1.5\) is no point"),
        (lambda: Relevance.from_points([(1, 0), (2,)]), "is no point"),
        (lambda: Relevance.from_points([("a", 0), (2, 1)]), "not all numbers"),
    ],
)
def test_wrong_use(make: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make()  # type: ignore[operator]
