"""Upper bounds: what they promise is kept in simulations, in all and in every bin."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.decisions import ConformalQuantile
from equipoise.errors import UsageError


@pytest.mark.parametrize(("n", "q"), [(19, 0.95), (30, 0.95), (60, 0.9), (9, 0.9)])
def test_covers_as_promised_on_average(n: int, q: float) -> None:
    """Of n + 1 exchangeable rows the new one is below the k-th of n with a chance of k / (n + 1)."""
    rng = np.random.default_rng(0)
    promised = np.ceil(round((n + 1) * q, 9)) / (n + 1)
    runs = 2000
    y = rng.lognormal(size=(runs, n + 1))
    wrong = rng.normal(size=(runs, n + 1))  # whatever the model says
    covered = [
        y[i, n] <= ConformalQuantile.fit(wrong[i, :n], y[i, :n], q, bins=1).upper(wrong[i, n:])[0]
        for i in range(runs)
    ]
    assert np.mean(covered) == pytest.approx(promised, abs=4 * np.sqrt(0.05 / runs))
    assert promised >= q


def test_every_bin_is_covered_where_errors_grow() -> None:
    rng = np.random.default_rng(1)
    point = rng.uniform(1, 10, size=20_000)
    y = point + rng.exponential(size=20_000) * point**2 / 10
    train, new = slice(0, 10_000), slice(10_000, None)
    cover = {}
    for bins in (1, 10):
        fitted = ConformalQuantile.fit(point[train], y[train], bins=bins)
        inside = y[new] <= fitted.upper(point[new])
        tenth = np.searchsorted(np.arange(1.9, 10, 0.9), point[new])
        cover[bins] = np.array([inside[tenth == k].mean() for k in range(10)])
        assert inside.mean() == pytest.approx(0.95, abs=0.01)
    assert np.abs(cover[10] - 0.95).max() < 0.03
    assert cover[1].min() < 0.85  # one shift for all fails the largest


def test_corrects_a_model_of_the_quantile() -> None:
    """With one bin it is conformalized quantile regression: its shape is kept and its level mended."""
    rng = np.random.default_rng(2)
    x = rng.uniform(1, 3, size=8000)
    y = x * rng.exponential(size=8000)
    too_low = x * 2 - 1
    fitted = ConformalQuantile.fit(too_low[:4000], y[:4000], q=0.9, bins=1)
    bound = fitted.upper(too_low[4000:])
    assert (bound - too_low[4000:]) == pytest.approx(fitted.shifts[0])
    assert np.mean(y[4000:] <= too_low[4000:]) < 0.8
    assert np.mean(y[4000:] <= bound) == pytest.approx(0.9, abs=0.02)


@settings(max_examples=60)
@given(
    st.integers(1, 120), st.integers(1, 15), st.sampled_from([0.5, 0.8, 0.95]), st.integers(0, 5)
)
def test_bins_have_the_rows_they_need(n: int, bins: int, q: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    point = rng.integers(0, 1 + 3 * seed, size=n) / 4
    y = point + rng.normal(size=n).round(1)
    fitted = ConformalQuantile.fit(point, y, q, bins)
    need = {0.5: 1, 0.8: 4, 0.95: 19}[q]
    assert fitted.rows.sum() == n
    assert len(fitted.shifts) == len(fitted.rows) == len(fitted.edges) + 1 <= bins
    assert fitted.rows.min() >= need or len(fitted.rows) == 1
    inside = y <= fitted.upper(point) + 1e-9
    member = np.searchsorted(fitted.edges, point, side="right")
    for k, rows in enumerate(fitted.rows):
        below = inside[member == k].sum()
        # The order statistic itself: as many rows are below it, and no fewer would do.
        at = min(rows, int(np.ceil(round((rows + 1) * q, 9))))
        assert below >= at
        error = (y - point)[member == k]
        assert fitted.shifts[k] == np.sort(error)[at - 1]


def test_few_rows_take_the_largest_error() -> None:
    fitted = ConformalQuantile.fit([1.0, 2.0, 3.0], [2.0, 5.0, 3.0])
    assert fitted.shifts.tolist() == [3.0]
    assert fitted.rows.tolist() == [3]
    constant = ConformalQuantile.fit(np.full(500, 7.0), np.arange(500.0))
    assert len(constant.shifts) == 1


def test_survives_json() -> None:
    rng = np.random.default_rng(3)
    point = rng.normal(size=400)
    fitted = ConformalQuantile.fit(point, point + rng.normal(size=400))
    again = ConformalQuantile.from_json(json.loads(json.dumps(fitted.to_json())))
    assert len(again.shifts) == 10
    assert np.array_equal(again.upper(point), fitted.upper(point))
    single = ConformalQuantile.from_json(json.loads(json.dumps(fitted.fit([0.0], [1.0]).to_json())))
    assert single.upper([2.0]).tolist() == [3.0]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (([1.0, 2.0], [1.0]), r"\(2,\)"),
        (([], []), "at least"),
        (([np.nan], [1.0]), "predicted holds 1"),
        (([1.0], [np.inf]), "y holds 1"),
        (([1.0], [1.0], 1.0), "q is 1"),
        (([1.0], [1.0], np.nan), "q is nan"),
        (([1.0], [1.0], 0.9, 0), "bins is 0"),
    ],
)
def test_wrong_arguments(args: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ConformalQuantile.fit(*args)
