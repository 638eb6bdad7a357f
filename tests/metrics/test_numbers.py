"""Metrics of predicted numbers against scikit-learn, scipy and repeated rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from equipoise.errors import UsageError
from equipoise.metrics import error_by_decile, get_metric, metric_names
from equipoise.metrics.extremes import top_threshold

NAMES = metric_names("regression")


def phi(y: Any) -> Any:
    return np.clip(y / 4, 0, 1)


def metric(name: str, **kwargs: Any) -> Any:
    kwargs = {"relevance": phi} | kwargs if name == "sera" else kwargs
    return get_metric(name, "regression", **kwargs)


def rank_correlation(y: Any, p: Any) -> float:
    if len(np.unique(y)) < 2 or len(np.unique(p)) < 2:
        return float("nan")
    return float(scipy.stats.spearmanr(y, p).statistic)


def loop(name: str, y: Any, p: Any, u: Any, low: float) -> float:
    """Compute a metric of rows that are there as often as their weight says, in the plainest way."""
    error, top = np.abs(p - y), y >= low
    return {
        "rmse": lambda: sk.root_mean_squared_error(y, p),
        "mae": lambda: sk.mean_absolute_error(y, p),
        "r2": lambda: sk.r2_score(y, p),
        "median_ae": lambda: np.median(error),
        "abs_bias": lambda: abs(sum(p - y)) / len(y),
        "bias": lambda: sum(p - y) / len(y),
        "spearman": lambda: rank_correlation(y, p),
        "mae_top": lambda: error[top].mean() if top.any() else np.nan,
        "rmse_top": lambda: np.sqrt((error[top] ** 2).mean()) if top.any() else np.nan,
        "mae_rest": lambda: error[~top].mean() if not top.all() else np.nan,
        "sera": lambda: (phi(y) * error**2).mean(),
        "pinball": lambda: sk.mean_pinball_loss(y, u, alpha=0.95),
        "coverage": lambda: np.mean(y <= u),
        "coverage_gap": lambda: abs(np.mean(y <= u) - 0.95),
    }[name]()


@st.composite
def predicted(draw: Any) -> tuple[Any, Any, Any]:
    """Return y and predictions, both with ties, and multiplicities of three draws."""
    n = draw(st.integers(2, 25))
    y = draw(hnp.arrays(np.int64, n, elements=st.integers(-4, 4))) / 2
    p = draw(hnp.arrays(np.int64, (n, 2), elements=st.integers(-4, 4))) / 2
    weights = draw(hnp.arrays(np.uint8, (3, n), elements=st.integers(0, 3)))
    weights[:, :2] += 1
    return y, p, weights


@settings(max_examples=15)
@given(predicted())
def test_a_weight_is_that_many_copies_of_the_row(case: Any) -> None:
    y, p, weights = case
    low = np.sort(y)[-int(np.ceil(len(y) / 20))]
    for name in NAMES:
        whole = metric(name).compute_scores(y, p)
        assert isinstance(whole, float)
        assert whole == pytest.approx(loop(name, y, *p.T, low), abs=1e-9, nan_ok=True), name
        copies = [np.repeat(np.c_[y, p], w, axis=0).T for w in weights]
        expected = [loop(name, *one, low) for one in copies]
        for kind in (np.uint8, np.float32):
            found = metric(name).compute_scores(y, p, np.asfortranarray(weights.astype(kind)))
            assert found.shape == (3,)
            assert found == pytest.approx(expected, abs=1e-9, nan_ok=True), name
        # Weights that are no counts, of one draw.
        single = metric(name).compute_scores(y, p, weights[0] / 8)
        assert single == pytest.approx(expected[0], abs=1e-9, nan_ok=True), name


def test_weights_as_scikit_learn_takes_them() -> None:
    rng = np.random.default_rng(0)
    y, p, w = rng.normal(1e6, 1, 80), rng.normal(1e6, 1, 80), rng.exponential(size=80)
    for name, oracle in (
        ("r2", sk.r2_score),
        ("median_ae", sk.median_absolute_error),
        ("rmse", sk.root_mean_squared_error),
    ):
        found = metric(name).compute_scores(y, p, w)
        assert found == pytest.approx(oracle(y, p, sample_weight=w), rel=1e-7), name


def test_pinball_of_the_point_and_of_the_percentile() -> None:
    rng = np.random.default_rng(1)
    y, p = rng.normal(size=50), rng.normal(size=(50, 2))
    found = metric("pinball:0.3").compute_scores(y, p)
    assert found == pytest.approx(sk.mean_pinball_loss(y, p[:, 0], alpha=0.3))
    for name in ("pinball", "pinball:0.95"):
        expected = sk.mean_pinball_loss(y, p[:, 1], alpha=0.95)
        assert metric(name).compute_scores(y, p) == pytest.approx(expected)
    # The quantile itself is what makes it smallest.
    y = rng.exponential(size=20_000)
    losses = [
        metric("pinball:0.8").compute_scores(y, np.full(len(y), q))
        for q in np.quantile(y, [0.7, 0.8, 0.9])
    ]
    assert np.argmin(losses) == 1


def test_sera_is_the_area_of_the_paper() -> None:
    """Ribeiro and Moniz take trapezoids under SER_t; ours is what they tend to, over the rows."""
    rng = np.random.default_rng(2)
    y, p = rng.gamma(1.0, 2.0, 300), rng.gamma(1.0, 2.0, 300)
    steps = np.linspace(0, 1, 20_001)
    error, relevance = (p - y) ** 2, phi(y)
    order = np.argsort(relevance)
    at = np.searchsorted(relevance[order], steps, side="left")
    ser = np.append(error[order][::-1].cumsum()[::-1], 0.0)[at]
    area = np.trapezoid(ser, steps)
    assert metric("sera").compute_scores(y, p) * 300 == pytest.approx(area, rel=1e-3)
    given_ = metric("sera", relevance=relevance).compute_scores(y, p)
    assert given_ == metric("sera").compute_scores(y, p)
    even = metric("sera", relevance=np.ones(300)).compute_scores(y, p)
    assert even == pytest.approx(sk.mean_squared_error(y, p))


def test_the_largest_are_the_same_rows_in_every_draw_and_fold() -> None:
    y = np.arange(1.0, 101.0)
    p = y + np.where(y > 95, 10.0, 1.0)
    assert metric("mae_top").compute_scores(y, p) == 10
    assert metric("mae_rest").compute_scores(y, p) == 1
    assert metric("mae_top:10").compute_scores(y, p) == pytest.approx(5.5)
    few = (y > 97).astype(float)
    assert metric("mae_top").compute_scores(y, p, few) == 10
    assert np.isnan(metric("mae_top").compute_scores(y, p, 1 - (y > 90)))
    fold = y <= 50
    assert np.isnan(metric("mae_top", y=y).compute_scores(y[fold], p[fold]))
    assert metric("mae_rest", y=y).compute_scores(y[fold], p[fold]) == 1
    assert metric("mae_top").compute_scores(y[fold], p[fold]) == 1


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        (range(100), 7, 93),
        (range(3), 5, 2),
        ([5, 5, 5], 50, 5),
        (range(10), 99.999, 1),
        ([0] * 99 + [7], 5, 7),
    ],
)
def test_threshold(values: Any, percent: float, expected: float) -> None:
    assert top_threshold(values, percent) == expected


def test_error_by_decile() -> None:
    rng = np.random.default_rng(3)
    y = rng.exponential(size=1000)
    p = np.c_[y + rng.normal(size=1000), y + 1]
    for by, values in (("true", y), ("predicted", p[:, 0])):
        table = error_by_decile(y, p, by=by)  # type: ignore[arg-type]
        order = np.argsort(values).reshape(10, 100)
        assert table["rows"].tolist() == [100] * 10
        assert table["low"] == pytest.approx(values[order].min(axis=1))
        assert table["high"] == pytest.approx(values[order].max(axis=1))
        error = (p[:, 0] - y)[order]
        assert table["mae"] == pytest.approx(np.abs(error).mean(axis=1))
        assert table["rmse"] == pytest.approx(np.sqrt((error**2).mean(axis=1)))
        assert table["bias"] == pytest.approx(error.mean(axis=1))
        assert table["coverage"] == pytest.approx((y <= p[:, 1])[order].mean(axis=1))
    alike = error_by_decile(np.r_[np.zeros(95), np.arange(5.0)], np.zeros(100))
    assert alike["rows"].sum() == 100
    assert (alike["rows"] > 0).all()
    assert "coverage" not in alike
    assert len(error_by_decile([1.0], [2.0])["rows"]) == 1
    with pytest.raises(UsageError, match="by='rank'"):
        error_by_decile(y, p, by="rank")  # type: ignore[arg-type]


def test_constant_numbers() -> None:
    y = np.full(5, 0.1)
    assert metric("r2").compute_scores(y, y) == 1 == sk.r2_score(y, y)
    assert metric("r2").compute_scores(y, y + 1) == 0 == sk.r2_score(y, y + 1)
    assert np.isnan(metric("spearman").compute_scores(y, np.arange(5.0)))
    assert metric("mae_top").compute_scores(y, y + 1) == pytest.approx(1)
    assert np.isnan(metric("mae_rest").compute_scores(y, y + 1))


def test_huge_and_tiny_numbers() -> None:
    rng = np.random.default_rng(4)
    y, p = rng.normal(size=(2, 30))
    p = np.c_[p, p + 1]
    for name in ("rmse", "mae", "median_ae", "bias", "mae_top", "pinball"):
        one = metric(name).compute_scores(y, p)
        for size in (1e-150, 1e140):
            assert metric(name).compute_scores(y * size, p * size) == pytest.approx(one * size)
    for name in ("r2", "spearman", "coverage"):
        one = metric(name).compute_scores(y, p)
        assert metric(name).compute_scores(y * 1e140, p * 1e140) == pytest.approx(one)


def test_no_weight_and_no_percentile_are_undefined() -> None:
    y, p = np.arange(4.0), np.column_stack([np.arange(4.0), np.full(4, np.nan)])
    for name in NAMES:
        zero = metric(name).compute_scores(y, np.c_[y, y], np.zeros((2, 4)))
        assert np.isnan(zero).all(), name
        if name.startswith(("coverage", "pinball")):
            assert np.isnan(metric(name).compute_scores(y, p))
            with pytest.raises(UsageError, match="a point alone"):
                metric(name).compute_scores(y, y)
        else:
            same = metric(name).compute_scores(y, y)
            assert metric(name).compute_scores(y, p) == pytest.approx(same, nan_ok=True)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments(name: str) -> None:
    y, p = np.arange(3.0), np.zeros((3, 2))
    for args, said in (
        ((y, np.zeros((4, 2))), r"\(4, 2\)"),
        ((y, np.zeros((3, 3))), r"\(3, 3\)"),
        ((y, np.zeros((3, 1, 1))), r"\(3, 1, 1\)"),
        ((y[:0], p[:0]), "at least"),
        ((y, p, np.ones(4)), "for 3 rows"),
        ((y, np.where([True, False], np.nan, p)), "predictions holds 3 NaN"),
        ((np.array([1.0, np.nan, 2.0]), p), "y holds 1 NaN"),
    ):
        with pytest.raises(UsageError, match=said):
            metric(name).compute_scores(*args)


@pytest.mark.parametrize("relevance", [np.ones(4), lambda y: y * 9, np.array([0.1, -0.1, np.nan])])
def test_relevance_that_is_none(relevance: Any) -> None:
    with pytest.raises(UsageError, match="relevance"):
        metric("sera", relevance=relevance).compute_scores(np.arange(3.0), np.zeros(3))
