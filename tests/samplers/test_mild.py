"""Samplers that go part of the way, or keep the prior by weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import DataError, UsageError
from equipoise.samplers import DownsampleUpweight, MildCombination, UpsampleDownweight

counts_of_classes = st.lists(st.integers(1, 60), min_size=2, max_size=5)
ALL = [MildCombination, DownsampleUpweight, UpsampleDownweight]


def most(ratio, fewest):
    """Count up while the ratio is kept."""
    rows = int(fewest)
    while (rows + 1) / fewest <= ratio:
        rows += 1
    return rows


def run(sampler, counts, seed=0):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    X = np.arange(len(y), dtype=np.float64)[:, None]
    X_out, y_out = sampler.fit_resample(X, y)
    rows = sampler.sample_indices_
    # The rows named are the rows given back.
    np.testing.assert_array_equal(X_out[:, 0], rows)
    np.testing.assert_array_equal(y_out, y[rows])
    return y, y_out, rows, getattr(sampler, "sample_weight_", None)


@settings(max_examples=80, deadline=None)
@given(counts_of_classes, st.integers(0, 2**32 - 1), st.floats(1, 50))
def test_downsample_upweight(counts, seed, ratio):
    y, y_out, rows, weight = run(DownsampleUpweight(ratio=ratio, random_state=seed), counts, seed)
    expected = np.minimum(counts, most(ratio, min(counts)))
    np.testing.assert_array_equal(np.bincount(y_out), expected)
    assert len(np.unique(rows)) == len(rows)
    np.testing.assert_allclose(np.bincount(y_out, weights=weight), np.bincount(y), rtol=1e-12)
    np.testing.assert_allclose(weight, (np.array(counts) / expected)[y_out])


@settings(max_examples=80, deadline=None)
@given(counts_of_classes, st.integers(0, 2**32 - 1))
def test_upsample_downweight(counts, seed):
    y, y_out, rows, weight = run(UpsampleDownweight(random_state=seed), counts, seed)
    np.testing.assert_array_equal(np.bincount(y_out), [max(counts)] * len(counts))
    assert set(rows) == set(range(len(y)))
    np.testing.assert_allclose(np.bincount(y_out, weights=weight), np.bincount(y), rtol=1e-12)


@settings(max_examples=80, deadline=None)
@given(
    counts_of_classes,
    st.integers(0, 2**32 - 1),
    st.none() | st.floats(0.001, 1),
    st.floats(1, 50),
)
def test_mild_combination(counts, seed, over, ratio):
    sampler = MildCombination(over=over, ratio=ratio, random_state=seed)
    y, y_out, rows, _ = run(sampler, counts, seed)
    n, largest = np.array(counts), max(counts)
    share = np.sqrt(min(counts) / largest) if over is None else over
    raised = np.maximum(n, round(share * largest))
    expected = np.minimum(raised, most(ratio, raised.min()))
    np.testing.assert_array_equal(np.bincount(y_out), expected)
    log_shift = np.log(expected) - np.log(n)
    np.testing.assert_allclose(sampler.prior_offset_, log_shift - log_shift.mean(), atol=1e-12)
    for c in range(len(counts)):
        own = rows[y_out == c]
        # Either every row is there, some of them again, or some of them once.
        assert set(own) == set(np.flatnonzero(y == c)) or len(set(own)) == len(own)
    assert expected.max() / expected.min() <= ratio


@pytest.mark.parametrize(("ratio", "rows"), [(1.15, 115), (1.155, 115), (2, 200), (1e308, 900)])
def test_a_ratio_is_the_largest_there_is(ratio, rows):
    # 1.15 * 100 is rounded to below 115.
    for sampler in (DownsampleUpweight(ratio=ratio), MildCombination(ratio=ratio, over=0.01)):
        assert np.bincount(run(sampler, [900, 100])[1]).tolist() == [rows, 100]


def test_a_class_whose_kept_rows_weigh_nothing():
    y = np.repeat([0, 1], [50, 5])
    weight = np.ones(55)
    weight[1:50] = 0
    sampler = DownsampleUpweight(ratio=1, random_state=0)
    with pytest.raises(DataError, match="class 0 that DownsampleUpweight kept weigh 0"):
        sampler.fit_resample(np.zeros((55, 1)), y, sample_weight=weight)
    # A class that weighed nothing before may do so again.
    weight[0] = 0
    sampler.fit_resample(np.zeros((55, 1)), y, sample_weight=weight)
    assert sampler.sample_weight_.sum() == 5


def test_balanced_data_are_left_as_they_are():
    for kind in ALL:
        _, _, rows, weight = run(kind(random_state=0), [20, 20, 20])
        assert sorted(rows) == list(range(60))
        assert weight is None or (weight == 1).all()


@pytest.mark.parametrize("kind", ALL)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(kind):
    y = np.repeat([0, 1], [200, 20])
    X = np.zeros((220, 1))

    def rows(seed):
        sampler = kind(random_state=seed)
        sampler.fit_resample(X, y)
        return sampler.sample_indices_.tolist()

    assert rows(3) == rows(3) == rows(np.random.RandomState(3))
    assert rows(3) != rows(4)


@pytest.mark.parametrize(
    ("sampler", "what"),
    [
        *[
            (kind(ratio=ratio), "ratio=")
            for kind in (MildCombination, DownsampleUpweight)
            for ratio in (0.99, 0, -1, float("nan"), float("inf"), "2", None, True, [2])
        ],
        *[
            (MildCombination(over=over), "over=")
            for over in (0, -0.1, 1.01, float("nan"), "1", True)
        ],
        *[
            (kind(random_state=seed), "random_state=")
            for kind in ALL
            for seed in ("x", -1, 0.5, [])
        ],
    ],
    ids=repr,
)
def test_parameters_that_cannot_be_used_give_one_error_with_a_remedy(sampler, what):
    with pytest.raises(UsageError) as caught:
        sampler.fit_resample(np.zeros((8, 1)), np.repeat([0, 1], [6, 2]))
    assert caught.value.problem.startswith(what)
    assert caught.value.remedy


@pytest.mark.parametrize("kind", ALL)
def test_columns_may_hold_text_dates_and_missing_values_in_any_frame(kind):
    y = ["often"] * 12 + ["rare"] * 3
    columns = {
        "word": [*"abcdefghijklmn", None],
        "number": [float(i) for i in range(14)] + [None],
    }
    polars = pl.DataFrame(columns, schema={"word": pl.String, "number": pl.Float64})
    polars = polars.with_columns(day=pl.date(2024, 1, 1) + pl.duration(days=pl.int_range(15)))
    frames = [polars, polars.to_pandas(), polars.to_arrow()]
    seen = []
    for frame in frames:
        sampler = kind(random_state=0)
        out, y_out = sampler.fit_resample(frame, y)
        assert type(out) is type(frame)
        back = pl.DataFrame(out) if not isinstance(out, pl.DataFrame) else out
        assert back.columns == ["word", "number", "day"]
        assert back["word"].to_list() == polars[sampler.sample_indices_.tolist()]["word"].to_list()
        assert isinstance(y_out, list)
        seen.append(sampler.sample_indices_.tolist())
    assert seen[0] == seen[1] == seen[2]


def test_labels_keep_their_kind():
    X = np.zeros((6, 1))
    values = ["a", "a", "a", "a", "b", "b"]
    for y in (pd.Series(values, name="kind"), pl.Series("kind", values)):
        out = UpsampleDownweight(random_state=0).fit_resample(X, y)[1]
        assert type(out) is type(y)
        assert out.name == "kind"
        assert out.to_list() == ["a"] * 4 + ["b"] * 4
