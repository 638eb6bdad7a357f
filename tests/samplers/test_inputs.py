"""Inputs of every kind: what is copied stays as it was, and what cannot be read is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from imblearn.over_sampling import SMOTE as THEIRS
from imblearn.over_sampling import SMOTENC as THEIR_SMOTENC

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.samplers import (
    SMOTE,
    SMOTEN,
    SMOTENC,
    SVMSMOTE,
    CondensedNearestNeighbour,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    KMeansSMOTE,
    RandomOverSampler,
    RandomUnderSampler,
    TextAugmentation,
    TomekLinks,
)
from equipoise.samplers.refusals import require_labels

N = 80
Y = np.repeat([0, 1], [60, 20])
FAR = 2**60 + 1  # beyond what a float64 holds


def numbers(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": np.arange(N) + FAR, "a": np.random.default_rng(0).normal(size=N), **more}
    )


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "int64[pyarrow]", "object"])
@pytest.mark.parametrize(
    "sampler", [TomekLinks(), SMOTE(random_state=0), SMOTENC(["c"], random_state=0)]
)
def test_large_integers_of_pandas_are_copied_to_the_last_bit(sampler: Any, kind: str) -> None:
    X = numbers(c=["x", "y"] * 40)
    X = (
        X.astype({"id": kind})
        if isinstance(sampler, SMOTENC)
        else X.drop(columns="c").astype({"id": kind})
    )
    out, _ = sampler.fit_resample(X, Y)
    copied = sampler.sample_indices_ >= 0
    rows = sampler.sample_indices_[copied]
    assert out.loc[copied, "id"].tolist() == X["id"].iloc[rows].tolist()
    assert (out.dtypes == X.dtypes).all()


def test_the_index_and_columns_are_those_of_imbalanced_learn() -> None:
    X = numbers().assign(id=np.arange(N)).set_index(pd.Index(np.arange(N) + 500))
    y = pd.Series(Y, name="kind", index=X.index)
    ours, labels = SMOTE(random_state=0).fit_resample(X, y)
    theirs, their_labels = THEIRS(random_state=0).fit_resample(X, y)
    pd.testing.assert_frame_equal(ours, theirs)
    pd.testing.assert_series_equal(labels, their_labels)


def test_nullable_columns_give_the_rows_of_plain_ones() -> None:
    plain = numbers(k=np.arange(N) % 7, b=np.arange(N) % 2 == 0).assign(id=np.arange(N))
    expected = SMOTE(random_state=0).fit_resample(plain, Y)[0]
    for X in (
        plain.astype({"id": "Int64", "k": "UInt8", "b": "boolean", "a": "Float64"}),
        plain.convert_dtypes(dtype_backend="pyarrow"),
    ):
        out = SMOTE(random_state=0).fit_resample(X, Y)[0]
        assert (out.dtypes == X.dtypes).all()
        assert np.allclose(out.astype(float), expected.astype(float))
        kept = TomekLinks().fit_resample(X, Y)[0]
        assert (kept.dtypes == X.dtypes).all()


def test_a_missing_nullable_number_is_named() -> None:
    X = numbers().astype({"id": "Int64"})
    X.loc[3, "id"] = pd.NA
    with pytest.raises(DataError, match="NaN: 1 value, the first in column 'id'"):
        SMOTE().fit_resample(X, Y)
    assert RandomOverSampler(random_state=0).fit_resample(X, Y)[0]["id"].isna().sum() >= 1


CATEGORIES = {
    "text": ["x", "y", "z", "z"] * 20,
    "group": pd.Categorical(["p", "q"] * 40),
}


def test_auto_takes_the_text_of_pandas_as_that_of_polars() -> None:
    X = numbers(**CATEGORIES).drop(columns="id")
    out, _ = SMOTENC("auto", random_state=0).fit_resample(X, Y)
    assert (out.dtypes == X.dtypes).all()
    mine, _ = SMOTENC("auto", random_state=0).fit_resample(pl.from_pandas(X), Y)
    assert out.astype({"group": str}).to_numpy().tolist() == [list(row) for row in mine.rows()]
    theirs, _ = THEIR_SMOTENC([1, 2], random_state=0).fit_resample(X, Y)
    pd.testing.assert_frame_equal(out, theirs)
    sampler = SMOTENC("auto").fit_resample
    assert len(sampler(X[["a", "text"]].astype({"text": object}), Y)[0]) == 120


def test_categories_of_nullable_types_may_be_missing() -> None:
    X = numbers(
        k=pd.array([1, 2, None, 2] * 20, dtype="Int64"),
        s=pd.array(["x", None] * 40, dtype="string"),
    )
    out, _ = SMOTENC(["k", "s"], random_state=0).fit_resample(X, Y)
    assert (out.dtypes == X.dtypes).all()
    assert set(out["s"].dropna()) == {"x"}
    assert set(out["k"].dropna()) == {1, 2}
    pd.testing.assert_frame_equal(out.iloc[:N], X)


@pytest.mark.parametrize("kind", ["str", "object", "category"])
def test_columns_beside_the_categories_are_named(kind: str) -> None:
    X = numbers(**CATEGORIES).astype({"group": kind})
    with pytest.raises(
        DataError, match=r"column 'group' is neither numbers nor among the cat.*name"
    ):
        SMOTENC(["text"]).fit_resample(X, Y)
    dated = numbers(text=CATEGORIES["text"], day=pd.date_range("2024", periods=N))
    with pytest.raises(DataError, match="column 'day' is neither"):
        SMOTENC(["text"]).fit_resample(dated, Y)
    with pytest.raises(DataError, match="column 'day' is neither"):
        SMOTENC("auto").fit_resample(dated, Y)


@pytest.mark.parametrize("sampler", [SMOTENC(["mixed"]), SMOTEN()])
def test_a_column_of_numbers_and_text_is_named(sampler: Any) -> None:
    X = numbers(mixed=pd.Series([1, "b", 2, None] * 20, dtype=object))
    with pytest.raises(DataError, match=r"column 'mixed' holds .* int and str; make them all text"):
        sampler.fit_resample(X, Y)
    array = np.array([[1, "b"]] * 40 + [["c", "d"]] * 40, dtype=object)
    with pytest.raises(DataError, match="column 0 holds"):
        SMOTEN().fit_resample(array, Y)


TEXTS = {
    "pandas": numbers(word=["x", "y"] * 40),
    "category": numbers(word=pd.Categorical(["x", "y"] * 40)),
    "nullable": numbers(word=pd.array(["x", None] * 40, dtype="string")),
    "dates": numbers(word=pd.date_range("2024", periods=N)),
    "lengths": numbers(word=pd.to_timedelta(np.arange(N))),
    "objects": numbers(word=pd.Series([dt.date(2024, 1, 1)] * N, dtype=object)),
    "polars": pl.DataFrame({"a": np.arange(N), "word": ["x", "y"] * 40}),
}


@pytest.mark.parametrize("X", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("sampler", [SMOTE(), EditedNearestNeighbours()])
def test_text_and_dates_are_named(sampler: Any, X: Any) -> None:
    match = r"column 'word' is not numbers, which \w+ needs; use SMOTENC for"
    with pytest.raises(DataError, match=match):
        sampler.fit_resample(X, Y)


def test_text_in_arrays_is_numbered() -> None:
    for X in (np.array([["1", "a"]] * N), np.array([[1, "a"]] * N, dtype=object)):
        with pytest.raises(DataError, match="column '1' is not numbers"):
            SMOTE().fit_resample(X, Y)
        with pytest.raises(DataError, match="column '1' is not numbers"):
            SMOTE().fit_resample(X.tolist(), Y)
        with pytest.raises(
            DataError, match=r"numerical data, and column '1' holds text.*leave shr"
        ):
            RandomOverSampler(shrinkage=1.0).fit_resample(X, Y)


MISSING = {
    "pandas": pd.Series(["a"] * 59 + [None] + ["b"] * 20),
    "floats": pd.Series([0.0] * 59 + [np.nan] + [1.0] * 20),
    "nullable": pd.Series([0] * 59 + [None] + [1] * 20, dtype="Int64"),
    "categories": pd.Series(pd.Categorical(["a"] * 59 + [None] + ["b"] * 20)),
    "frame": pd.DataFrame({"y": ["a"] * 59 + [None] + ["b"] * 20}),
    "polars": pl.Series(["a"] * 59 + [None] + ["b"] * 20),
    "pyarrow": pa.chunked_array([[0] * 59 + [None] + [1] * 20]),
    "objects": np.array(["a"] * 59 + [None] + ["b"] * 20, dtype=object),
    "list": ["a"] * 59 + [float("nan")] + ["b"] * 20,
    "array": np.array([0.0] * 59 + [np.nan] + [1.0] * 20),
    "column": np.array([0.0] * 59 + [np.nan] + [1.0] * 20)[:, None],
}


@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING)
def test_missing_labels_are_counted(y: Any) -> None:
    match = "y is missing in 1 of 80 rows, the first is row 59; leave rows without a label out"
    for sampler in (SMOTE(), RandomUnderSampler(), SMOTENC([0])):
        with pytest.raises(TargetError, match=match):
            sampler.fit_resample(numbers(), y)
    with pytest.raises(TargetError, match=match):
        TextAugmentation().fit_resample([f"see you at {i}" for i in range(N)], y)


def test_labels_in_columns_are_whole() -> None:
    hot = np.eye(3, dtype=int)[np.repeat([0, 1, 2], [50, 20, 10])]
    X = numbers().drop(columns="id").to_numpy()
    expected = RandomUnderSampler(random_state=0).fit_resample(X, hot)[0]
    assert len(expected) == 30
    require_labels(X, hot.tolist())
    require_labels(X, pd.DataFrame(hot))
    gone = pd.DataFrame(hot).astype("Int64")
    gone.loc[2, 1] = pd.NA
    with pytest.raises(TargetError, match="y is missing in 1 of 80 rows, the first is row 2"):
        require_labels(X, gone)


def test_none_is_neither_rows_nor_labels() -> None:
    with pytest.raises(UsageError, match="y is None; give the labels"):
        SMOTE().fit_resample(numbers(), None)
    with pytest.raises(UsageError, match="X is None; give the rows"):
        SMOTE().fit_resample(None, Y)
    with pytest.raises(UsageError, match="y is None"):
        SMOTEN().fit_resample(pl.DataFrame({"x": ["a"]}), None)


def test_what_is_carried_is_called_by_its_name() -> None:
    with pytest.raises(UsageError, match="groups has 3 entries, and the data 80 rows"):
        SMOTE().fit_resample(numbers(), Y, groups=np.ones(3))
    sampler = RandomUnderSampler()
    sampler.fit_resample(numbers(), Y)
    with pytest.raises(UsageError, match="values has 3 entries"):
        sampler.carry(np.ones(3))


def test_a_lazy_query_is_to_be_collected() -> None:
    lazy = pl.from_pandas(numbers()).lazy()
    for sampler in (SMOTE(), RandomOverSampler(), SMOTEN(), TextAugmentation(column="a")):
        with pytest.raises(UsageError, match=r"call \.collect\(\) first"):
            sampler.fit_resample(lazy, Y)


def test_the_way_out_is_not_the_way_in() -> None:
    X = numbers()
    X.loc[3, "a"] = np.nan
    with pytest.raises(DataError, match="leave shrinkage out") as caught:
        RandomOverSampler(shrinkage=0.5).fit_resample(X, Y)
    assert "or use RandomOverSampler" not in str(caught.value)


@pytest.mark.parametrize("sampler", [SMOTE, RandomOverSampler, RandomUnderSampler])
def test_parts_of_rows_are_not_made(sampler: Any) -> None:
    with pytest.raises(UsageError, match=r"asks for 10\.5 rows of class 1; use a whole number"):
        sampler(sampling_strategy={1: 10.5}).fit_resample(numbers(), Y)


@pytest.mark.parametrize(
    "sampler",
    [InstanceHardnessThreshold(cv=2), SVMSMOTE(), KMeansSMOTE(cluster_balance_threshold=0.01)],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_too_large_for_a_model_are_to_be_scaled(sampler: Any) -> None:
    X = numbers().assign(id=np.arange(N) * 1e200)
    match = rf"column 'id' has values up to 7\.9e\+201, too large for the model in {type(sampler).__name__}"
    with pytest.raises(DataError, match=match + "; scale the columns"):
        sampler.fit_resample(X, Y)
    with pytest.raises(DataError, match="column 'id'"):
        sampler.fit_resample(pl.from_pandas(X), Y)
    with pytest.raises(DataError, match="column 0"):
        sampler.fit_resample(X.to_numpy(), Y)


def test_categories_of_rare_types_keep_them() -> None:
    values = np.arange(N) % 4 / 2
    for X in (
        pl.DataFrame({"x": pl.Series(values).cast(pl.Decimal(10, 2)), "z": ["a", "b"] * 40}),
        pa.table({"x": pa.array(values.astype(np.float16)), "z": ["a", "b"] * 40}),
    ):
        out, _ = SMOTEN(random_state=0).fit_resample(X, Y)
        assert out.schema == X.schema
        assert len(out) == 120


def test_condensing_takes_sparse_arrays() -> None:
    X = np.random.default_rng(0).integers(0, 3, (N, 4)).astype(float)
    sampler = CondensedNearestNeighbour(random_state=0)
    expected, labels = sampler.fit_resample(sp.csr_matrix(X), Y)
    for build in (sp.csr_array, sp.csc_array):
        out, found = sampler.fit_resample(build(X), Y)
        assert type(out) is build
        assert np.array_equal(out.toarray(), expected.toarray())
        assert np.array_equal(found, labels)
