"""Kinds of tables and targets, and what comes back of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.samplers import numbers as home
from equipoise.samplers.numbers import (
    SMOGN,
    SMOTER,
    GaussianNoiseOverSampler,
    TailOverSampler,
    TailUnderSampler,
)
from equipoise.samplers.numbers.methods import NUMBER_METHODS, resample_numbers

POINTS = [(10, 0), (50, 1)]
MAKERS = (SMOTER, SMOGN, GaussianNoiseOverSampler)
EVERY = (*MAKERS, TailOverSampler, TailUnderSampler)


def columns(n: int = 60) -> tuple[dict[str, list], np.ndarray]:
    r = np.random.default_rng(0)
    table = {
        "größe": r.normal(size=n).tolist(),
        "count": r.integers(2**60, 2**60 + 50, n).tolist(),
        "city": r.choice(["", "Zürich", "東京"], n).tolist(),
        "flag": (r.random(n) < 0.3).tolist(),
    }
    return table, np.append(r.uniform(0, 10, n - 12), r.uniform(50, 60, 12))


def rows_of(table) -> list[tuple]:
    if isinstance(table, pd.DataFrame):
        return list(table.itertuples(index=False, name=None))
    return (pl.from_arrow(table) if isinstance(table, pa.Table) else table).rows()


@pytest.mark.parametrize("kind", EVERY)
def test_every_library_gets_the_same_rows(kind) -> None:
    table, y = columns()
    given = {
        "pandas": (pd.DataFrame(table), pd.Series(y, name="t")),
        "polars": (pl.DataFrame(table), pl.Series("t", y)),
        "pyarrow": (pa.table(table), pa.chunked_array([y])),
    }
    found = {}
    for name, (X, t) in given.items():
        sampler = kind(relevance=POINTS, random_state=0)
        X_out, y_out = sampler.fit_resample(X, t)
        assert type(X_out) is type(X)
        assert type(y_out) is type(t)
        if name == "pandas":
            assert list(X_out.dtypes) == list(X.dtypes)
            assert y_out.name == "t"
        else:
            assert X_out.schema == X.schema
        copied = sampler.sample_indices_
        rows, old = rows_of(X_out), rows_of(X)
        assert [rows[i] for i in np.flatnonzero(copied >= 0)] == [
            old[i] for i in copied[copied >= 0]
        ]
        found[name] = [
            (*row, t)
            for row, t in zip(
                rows,
                y_out.tolist()
                if name == "pandas"
                else y_out.to_pylist()
                if name == "pyarrow"
                else y_out.to_list(),
                strict=True,
            )
        ]
    assert found["pandas"] == found["polars"] == found["pyarrow"]
    assert {row[2] for row in found["polars"]} <= {"", "Zürich", "東京"}


def test_arrays_of_objects_and_of_whole_numbers() -> None:
    table, y = columns()
    mixed = np.array(pd.DataFrame(table)[["größe", "city"]], dtype=object)
    mixed[55, 1] = None
    X_out, _ = SMOGN(relevance=POINTS, random_state=0).fit_resample(mixed, y)
    assert set(X_out[:, 1]) <= {"", "Zürich", "東京", None}
    assert all(isinstance(one, float) for one in X_out[:, 0])
    whole = np.arange(60)[:, None] % 7
    X_out, y_out = SMOTER(relevance=POINTS, random_state=0).fit_resample(
        whole, y.round().astype(int)
    )
    assert X_out.dtype == y_out.dtype == np.float64
    X_out, y_out = TailOverSampler(relevance=POINTS).fit_resample(whole, y.round().astype(int))
    assert X_out.dtype.kind == y_out.dtype.kind == "i"
    assert (
        SMOTER(relevance=POINTS).fit_resample(whole.astype("f4"), y.astype("f4"))[1].dtype == "f4"
    )


def test_narrow_and_nullable_columns_of_pandas_keep_their_types() -> None:
    table, y = columns()
    X = pd.DataFrame(table).astype({"größe": "float32", "count": "Int64", "city": "category"})
    X.loc[3, "city"] = None
    X_out, _ = SMOTER(relevance=POINTS, random_state=0).fit_resample(X.set_index(y), y)
    assert list(X_out.dtypes) == list(X.dtypes)
    assert X_out.index.tolist() == list(range(60))


@pytest.mark.parametrize("kind", EVERY)
def test_parents_make_the_rows_but_for_noise(kind) -> None:
    table, y = columns()
    X = np.array(table["größe"])[:, None]
    sampler = kind(relevance=POINTS, random_state=3)
    X_out, y_out = sampler.fit_resample(X, y)
    again = clone(sampler).fit_resample(X, y)
    np.testing.assert_array_equal(X_out, again[0])
    shares = sampler.parents_
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    noise = 1.5 if kind in (SMOGN, GaussianNoiseOverSampler) else 1e-9
    np.testing.assert_allclose(shares @ y, y_out, atol=noise)
    np.testing.assert_allclose(
        (shares @ X)[sampler.sample_indices_ >= 0], X_out[sampler.sample_indices_ >= 0]
    )
    assert (y[sampler.origins_.first[sampler.sample_indices_ < 0]] >= 50).all()


@pytest.mark.parametrize("kind", [TailOverSampler, TailUnderSampler])
def test_the_tail_samplers_take_any_columns(kind) -> None:
    _, y = columns()
    missing = np.full((60, 2), np.nan)
    assert np.isnan(kind(relevance=POINTS).fit_resample(missing, y)[0]).all()
    sparse = sp.csr_matrix(np.eye(60))
    assert sp.issparse(kind(relevance=POINTS).fit_resample(sparse, y)[0])
    days = pl.DataFrame({"d": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 2, 29), eager=True)})
    assert kind(relevance=POINTS).fit_resample(days, y)[0].schema == days.schema


@pytest.mark.parametrize("kind", MAKERS)
def test_few_constant_and_equal_rows(kind) -> None:
    y = np.array([0.0, 1, 2, 3, 4, 5, 90])
    one = kind(relevance=POINTS, random_state=0)
    X_out, y_out = one.fit_resample(np.arange(7.0)[:, None], y)
    assert len(y_out) == 8
    assert set(y_out[4:]) == {90.0}
    assert (X_out[4:] == 6).all()
    y = np.append(np.linspace(0, 9, 30), [80.0] * 6)
    X_out, y_out = kind(relevance=POINTS, random_state=0).fit_resample(np.full((36, 2), 1e300), y)
    assert (X_out == 1e300).all()
    assert set(y_out[y_out > 10]) == {80.0}
    huge = 1.7e308 * np.linspace(-1, 1, 36)[:, None]
    assert np.isfinite(kind(relevance=POINTS, random_state=0).fit_resample(huge, y)[0]).all()


def test_sizes_of_bumps() -> None:
    y = np.r_[np.linspace(40, 60, 160), np.linspace(90, 99, 30), np.linspace(1, 9, 10)]
    points = [(10, 1), (40, 0), (60, 0), (90, 1)]

    def sizes(kind, sampling: str) -> list[int]:
        t = kind(relevance=points, sampling=sampling, random_state=0).fit_resample(y[:, None], y)[1]
        return [int((t < 30).sum()), int(((t > 30) & (t < 75)).sum()), int((t > 75).sum())]

    assert sizes(SMOTER, "balance") == [67, 67, 67]
    # As 1/10, 1/160 and 1/30.
    assert sizes(SMOTER, "extreme") == [143, 9, 48]
    assert sizes(TailUnderSampler, "balance") == [10, 40, 30]
    assert sizes(TailUnderSampler, "extreme") == [10, 10, 30]
    assert sizes(TailOverSampler, "balance") == [80, 160, 80]
    assert sizes(TailOverSampler, "extreme") == [640, 160, 213]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"threshold": 0}, UsageError, "threshold=0"),
        ({"sampling": "all"}, UsageError, "sampling='all'"),
        ({"k_neighbors": 0}, UsageError, "k_neighbors=0"),
        ({"pert": -1}, UsageError, "pert=-1"),
        ({"relevance": "high"}, UsageError, "relevance='high'"),
        ({"relevance": lambda y: y}, UsageError, "outside 0 to 1"),
        ({"relevance": [(100, 0), (200, 1)]}, TargetError, "no row reaches threshold=0.8"),
        ({"random_state": "x"}, UsageError, "random_state='x'"),
        ({"categorical_features": [7]}, UsageError, "beyond the 1 columns"),
    ],
)
def test_parameters_it_refuses(change: dict, error: type, words: str) -> None:
    table, y = columns()
    with pytest.raises(error, match=words):
        SMOGN(**{"relevance": POINTS, **change}).fit_resample(np.array(table["größe"])[:, None], y)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.array([[1.0], [np.nan]] * 30), "contains NaN: 30 values, the first in column 0"),
        (pd.DataFrame({"a": [1.0, np.inf] * 30}), "contains infinity: 30 values.*column 'a'"),
        (pl.DataFrame({"a": [1, None] * 30}), "contains NaN: 30 values.*column 'a'"),
        (sp.csr_matrix(np.eye(60)), "the matrix is sparse"),
        (np.zeros(60), "1 dimensions"),
        (np.zeros((59, 1)), "y has 60 entries, and X 59 rows"),
        (pd.DataFrame({"d": pd.date_range("2020", periods=60)}), "column 'd' is neither"),
    ],
)
def test_tables_it_refuses(X, words: str) -> None:
    with pytest.raises((DataError, UsageError), match=words):
        SMOTER(relevance=POINTS).fit_resample(X, columns()[1])


def test_targets_it_refuses() -> None:
    X = np.zeros((9, 1))
    for y in (pd.Series([1.0] * 8 + [None]), pd.array([1, None] * 4 + [2], "Int64"), [np.nan] * 9):
        with pytest.raises(TargetError, match="missing"):
            SMOTER().fit_resample(X, pd.Series(y))
    with pytest.raises(TargetError, match="none of the 9 values"):
        SMOGN().fit_resample(X, np.arange(9))
    with pytest.raises(UsageError, match="resampled nothing yet"):
        _ = SMOGN().parents_


def test_the_names_of_the_trial() -> None:
    _, y = columns()
    X = np.random.default_rng(1).normal(size=(60, 4))
    kinds = dict(
        zip(
            NUMBER_METHODS,
            (SMOTER, SMOGN, TailOverSampler, TailUnderSampler, GaussianNoiseOverSampler),
            strict=True,
        )
    )
    for name, kind in kinds.items():
        rows, X_new, y_new = resample_numbers(name, X, y, 5, POINTS)
        X_out, y_out = kind(relevance=POINTS, random_state=5).fit_resample(X, y)
        parts = (
            (X[rows], y[rows]) if X_new is None else (np.r_[X[rows], X_new], np.r_[y[rows], y_new])
        )
        np.testing.assert_array_equal(parts[0], X_out)
        np.testing.assert_array_equal(parts[1], y_out)
    assert len(resample_numbers("tail-over", sp.csr_matrix(X), y, 0, POINTS)[0]) == 96
    with pytest.raises(UsageError, match="no way 'smote'"):
        resample_numbers("smote", X, y, 0)
    with pytest.raises(DataError, match="sparse"):
        resample_numbers("smogn", sp.csr_matrix(X), y, 0, POINTS)
    X[4, 2] = np.nan
    with pytest.raises(DataError, match="the first is column 2; smoter needs all"):
        resample_numbers("smoter", X, y, 0, POINTS)
    assert all(getattr(home, name) for name in dir(home))
