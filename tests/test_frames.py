"""The same data from every library are the same data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from equipoise.data.columns import assign_roles
from equipoise.data.table import Schema, Table
from equipoise.errors import DataError, EquipoiseError, UsageError
from equipoise.frames import (
    append_rows,
    build_frame,
    category_codes,
    copied_back,
    epoch_seconds,
    float_values,
    is_category,
    is_number,
    level_codes,
    number_array,
    parse_numbers,
    plain_numbers,
    put_columns,
    reads_as_date,
    string_codes,
    string_series,
    text_like,
    text_values,
    to_frame,
    wrap_native,
)

DAY = dt.datetime(2024, 2, 29, 13, 30)
COLUMNS: dict[str, list[Any]] = {
    "amount": [1.5, None, -0.25, 1e308],
    "count": [3, 1, 4, 1],
    "colour": ["red", "blue", None, "red"],
    "paid": [True, False, True, True],
    "when": [DAY, DAY, None, DAY + dt.timedelta(days=1)],
    "took": [dt.timedelta(hours=1), None, dt.timedelta(0), dt.timedelta(seconds=1)],
}
KINDS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "dict": dict,
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "pyarrow": pa.table,
    "batch": pa.RecordBatch.from_pydict,
    "series": lambda columns: {name: pd.Series(values) for name, values in columns.items()},
    "chunks": lambda columns: {
        name: pa.chunked_array([values]) for name, values in columns.items()
    },
    "arrays": lambda columns: {
        name: np.array(values, dtype=object) for name, values in columns.items()
    },
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def table_of(data: Any) -> Table:
    frame = to_frame(data)
    return Schema.of(frame, assign_roles(frame, None)).apply(frame)


def test_same_data_of_every_kind(kind: str) -> None:
    table = table_of(KINDS[kind](COLUMNS))
    assert table.number_names == [
        "amount", "count", "when (day)", "when (month)", "when (weekday)", "when (hour)", "took"
    ]  # fmt: skip
    nan = float("nan")
    expected = [
        [1.5, 3, 19782, 2, 3, 13, 3600],
        [nan, 1, 19782, 2, 3, 13, nan],
        [-0.25, 4, nan, nan, nan, nan, 0],
        [1e308, 1, 19783, 3, 4, 13, 1],
    ]
    np.testing.assert_array_equal(table.numbers, expected)
    assert table.category_names == ["colour", "paid"]
    assert table.levels == [["blue", "red"], ["false", "true"]]
    assert table.codes.tolist() == [[1, 1], [0, 0], [-1, 1], [1, 1]]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble", "i1", "u8", "?", "O", "U", "S"])
def test_arrays_of_every_type(dtype: str) -> None:
    values = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    frame = to_frame(values)
    assert frame.columns == ["x0", "x1"]
    column = frame["x0"]
    found = parse_numbers(column)[0].to_list() if dtype in "US" else float_values(column).tolist()
    assert found == [0, 1, 1]


def test_masked_and_date_arrays() -> None:
    masked = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
    assert to_frame(masked)["x1"].to_list() == [None, 4.0]
    for unit in ("Y", "M", "D", "h", "s", "ms", "us", "ns", "ps"):
        stamps = np.array([["1970-01-01"], ["NaT"]], dtype=f"datetime64[{unit}]")
        np.testing.assert_array_equal(epoch_seconds(to_frame(stamps)["x0"]), [0, np.nan])
    spans = np.array([[60]], dtype="timedelta64[s]")
    assert float_values(to_frame(spans)["x0"]).tolist() == [60]


def test_pandas_index_and_labels() -> None:
    frame = pd.DataFrame({0: [1, 2], 1: ["a", "b"]}, index=[7, 7])
    assert to_frame(frame).columns == ["0", "1"]
    assert to_frame(frame)["1"].to_list() == ["a", "b"]
    many = pd.MultiIndex.from_tuples([("blood", "low"), ("blood", "high"), ("id", "")])
    frame = pd.DataFrame([[1, 2, 3]], columns=many)
    assert to_frame(frame).columns == ["blood_low", "blood_high", "id"]


def test_pandas_categories_stay_categories() -> None:
    frame = pd.DataFrame({"code": pd.Categorical([3, 1, None, 3]), "level": [1, 2, 3, 4]})
    read = to_frame(frame)
    assert [column.role for column in assign_roles(read, None)] == ["category", "number"]
    codes, levels = string_codes(read["code"])
    assert (codes.tolist(), levels) == ([1, 0, -1, 1], ["1", "3"])
    assert to_frame(frame, plain="code")["code"].to_list() == [3, 1, None, 3]


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series([1, None, 3], dtype="Int64"), [1, None, 3]),
        (pd.Series([1.5, None, 3], dtype="Float32"), [1.5, None, 3]),
        (pd.Series([True, None, False], dtype="boolean"), [True, None, False]),
        (pd.Series(["a", None], dtype="string"), ["a", None]),
        (pd.Series(["a", None], dtype="string[pyarrow]"), ["a", None]),
        (pd.Series([1, 2], dtype="int64[pyarrow]"), [1, 2]),
        (pd.Series([1, pd.NA, 2.5], dtype=object), [1, None, 2.5]),
        (pd.Series([np.float64(1), np.int8(2), np.nan], dtype=object), [1, 2, None]),
        (pd.Series([Decimal("1.5"), 2, None], dtype=object), [1.5, 2, None]),
        (pd.Series([2**70, 1], dtype=object), [2**70, 1]),
        (pd.Series([True, None], dtype=object), [True, None]),
        (pd.Series([dt.date(2024, 1, 1), pd.NaT], dtype=object), [dt.date(2024, 1, 1), None]),
        (pd.Series([0, 0, 5], dtype="Sparse[int]"), [0, 0, 5]),
        (pd.Series(pd.interval_range(0, 2)), list(pd.interval_range(0, 2))),
        (pd.Series([None, None], dtype=object), [None, None]),
    ],
)
def test_pandas_types(series: pd.Series[Any], expected: list[Any]) -> None:
    assert to_frame(pd.DataFrame({"x": series}))["x"].to_list() == expected


def test_pandas_periods_and_zones_are_dates() -> None:
    months = pd.DataFrame({"x": pd.period_range("2024-01", periods=2, freq="M")})
    stamps = pd.DataFrame(
        {"x": pd.DatetimeIndex(["1970-01-01 01:00", pd.NaT]).tz_localize("Europe/Rome")}
    )
    assert np.diff(epoch_seconds(to_frame(months)["x"])).tolist() == [31 * 86400]
    np.testing.assert_array_equal(epoch_seconds(to_frame(stamps)["x"]), [0, np.nan])


def test_columns_of_mixed_types_keep_their_values() -> None:
    values = [1, "a", None, 2.5, True]
    for data in ({"x": values}, pd.DataFrame({"x": pd.Series(values, dtype=object)})):
        frame = to_frame(data)
        assert frame["x"].to_list() == values
        assert string_codes(frame["x"])[1] == ["1", "2.5", "True", "a"]
        assert assign_roles(frame, None)[0].role == "category"


@pytest.mark.parametrize(
    "data",
    [
        {"x": [[1], [2, 3]]},
        {"x": [{"a": 1}, {"a": 2}]},
        {"x": [{1, 2}, {3}]},
        {"x": [1, [2]]},
        {"x": np.zeros((2, 3))},
        pl.DataFrame({"x": [[1], [2]]}),
        pl.DataFrame({"x": [{"a": 1}]}),
        pl.DataFrame({"x": [[1, 2]]}, schema={"x": pl.Array(pl.Int64, 2)}),
        pa.table({"x": [[1], [2]]}),
        pd.DataFrame({"x": [[1], [2]]}),
        pd.DataFrame({"x": [np.zeros(2), np.zeros(2)]}),
        {"x": [b"\xff", b"\xfe"]},
        pa.table({"x": pa.array([[("a", 1)], [("b", 2)]], pa.map_(pa.string(), pa.int64()))}),
        pa.table({"x": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}),
    ],
)
def test_columns_of_lists_and_records_are_refused_by_name(data: Any) -> None:
    with pytest.raises(
        DataError, match=r"column 'x' holds (lists|arrays|records|binary|map|unknown)"
    ):
        table_of(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.zeros(3), "the array has 1 dimension;"),
        (np.zeros((2, 2, 2)), "the array has 3 dimensions"),
        (np.zeros((3, 0)), "have no columns"),
        (np.zeros((2, 1), dtype=complex), "column 'x0' holds complex numbers"),
        ({}, "have no columns"),
        (pd.DataFrame(index=[1, 2]), "have no columns"),
        (pl.DataFrame(), "have no columns"),
        ({"a": [1], "b": [1, 2]}, "column 'b' has 2 values and 'a' 1"),
        ({"a": 1}, "column 'a' is 1, not a list"),
        ({"a": "text"}, "column 'a' is 'text', not a list"),
        ({"a": None}, "column 'a' is None, not a list"),
        ({"a": np.array(3)}, "column 'a' holds one value"),
        ({1: [1], "1": [2]}, "column name '1' is there 2 times"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "column name 'a' is there 2 times"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "column name '1' is there 2 times"),
        (pa.table([[1], [2]], names=["a", "a"]), "column name 'a' is there 2 times"),
        ([[1, 2], [3, 4]], "data of type list cannot be read"),
        (pd.Series([1]), "data of type Series cannot be read"),
        (7, "data of type int cannot be read"),
        (None, "data of type NoneType cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(data: Any, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        to_frame(data)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 1],
        [1.0, 2.0, 1.0],
        ["1", "2", "1"],
        np.array([1, 2, 1], np.uint8),
        [Decimal(1), 2, 1],
    ],
)
def test_whole_numbers_name_the_same_level_in_every_type(values: Any) -> None:
    column = build_frame({"x": values})["x"]
    assert string_series(column).to_list() == ["1", "2", "1"]
    assert level_codes(column, ["1", "2"]).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "values",
    [[True, False], ["True", "False"], ["TRUE", "false"], [1, 0], [1.0, 0.0], ["true", "false"]],
)
@pytest.mark.parametrize("levels", [["false", "true"], ["False", "True"]])
def test_true_and_false_in_every_spelling(values: list[Any], levels: list[str]) -> None:
    assert level_codes(build_frame({"x": values})["x"], levels).tolist() == [1, 0]


def test_missing_is_missing_in_text() -> None:
    column = build_frame({"x": np.array([np.nan, 1.0, 1.5])})["x"]
    assert text_values(column).tolist() == ["", "1", "1.5"]
    assert string_codes(column)[0].tolist() == [-1, 0, 1]
    assert level_codes(build_frame({"x": [None, None]})["x"], ["a"]).tolist() == [-1, -1]
    assert level_codes(column, []).tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-01-01", " 2024-01-02 ", None, ""], True),
        (["2024-01-01T10:00:00Z", "2024-01-01 10:00:00.125", "2024-01-01T10:00+02:00"], True),
        (["2024/01/01"], True),
        (["2024-02-30"], False),
        (["01.02.2024"], False),
        (["2024"], False),
        ([None, ""], False),
        (["2024-01-01"] * 1500 + ["soon"], False),
    ],
)
def test_texts_that_are_dates(values: list[Any], expected: bool) -> None:
    assert reads_as_date(build_frame({"x": pl.Series(values, dtype=pl.String)})["x"]) is expected


def test_times_of_day_are_numbers() -> None:
    frame = to_frame({"x": [dt.time(0, 1), None, dt.time(1)]})
    assert assign_roles(frame, None)[0].role == "number"
    np.testing.assert_array_equal(float_values(frame["x"]), [60, np.nan, 3600])


def test_every_error_is_ours_and_in_one_line() -> None:
    with pytest.raises(EquipoiseError) as caught:
        to_frame({"a": "x" * 1000})
    assert len(str(caught.value)) < 200


# -- back into the library they came from ------------------------------------------------------

OTHERS: dict[str, Callable[[dict[str, Any]], Any]] = {"polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("library", OTHERS)
def test_rows_are_appended_in_the_types_of_their_columns(library: str) -> None:
    frame = OTHERS[library]({"n": [1, 2], "x": [0.5, 1.5], "b": [True, False]})
    longer = append_rows(wrap_native(frame), np.array([[2.9, 2.9, 0.9], [-2.9, 0, 1]]))
    assert type(longer.to_native()) is type(frame)
    assert longer.schema == wrap_native(frame).schema
    assert longer.rows()[2:] == [(2, 2.9, False), (-2, 0.0, True)]


@pytest.mark.parametrize("library", OTHERS)
def test_columns_are_put_in_place(library: str) -> None:
    frame = wrap_native(OTHERS[library]({"a": ["u", "v"], "b": [1, 2]}))
    texts = text_like(frame["a"], ["w", "long"])
    changed = put_columns(frame, {"b": np.array([7, 8]), "a": texts})
    assert changed.columns == ["a", "b"]
    assert changed.rows() == [("w", 7), ("long", 8)]


def test_only_foreign_tables_are_wrapped() -> None:
    column = pl.Series([1])
    assert wrap_native(column, series=True).to_native() is column
    for data in (column, pd.DataFrame({"x": [1]}), np.ones((1, 1)), [1], None):
        assert wrap_native(data) is None
    assert wrap_native(pd.Series([1]), series=True) is None
    with pytest.raises(UsageError, match=r"LazyFrame is a query that has no rows.*collect\(\)"):
        wrap_native(pl.LazyFrame({"x": [1]}))


def test_numbers_keep_single_precision_only_if_all_have_it() -> None:
    single = pl.Series("x", [0.1], dtype=pl.Float32)
    assert number_array(wrap_native(pl.DataFrame([single]))).dtype == np.float32
    assert (
        number_array(wrap_native(pl.DataFrame([single, pl.Series("y", [1])]))).dtype == np.float64
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([3, None, -1, 3], pl.Int64),
        (["b", None, "a", "b"], pl.String),
        (["b", None, "a", "b"], pl.Enum(["b", "a"])),
        ([True, None, False, True], pl.Boolean),
    ],
)
def test_categories_are_coded_in_the_order_of_their_values(values: list[Any], kind: Any) -> None:
    series = wrap_native(pl.Series("c", values, dtype=kind), series=True)
    assert category_codes(series).tolist() == [1, 2, 0, 1]
    assert is_category(series.dtype) is not (kind == pl.Int64)
    assert is_number(series.dtype) is (kind in (pl.Int64, pl.Boolean))


def test_a_category_that_equals_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="NaN: in column 'c'"):
        category_codes(wrap_native(pl.Series("c", [1.0, float("nan")]), series=True))
    assert category_codes(wrap_native(pl.Series("c", [None], dtype=pl.Int8), series=True)) == [0]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_texts_become_an_array_of_pyarrow_of_the_same_type(kind: Any) -> None:
    made = text_like(pa.array(["a"], kind), ["b", "c"])
    assert isinstance(made, pa.Array)
    assert (made.type, made.to_pylist()) == (kind, ["b", "c"])


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", [Decimal("2.50"), None, Decimal("10.25")], dtype=pl.Decimal(10, 2)),
        pa.chunked_array([pa.array([2.5, None, 10.25]).cast(pa.float16())]),
        pa.chunked_array([pa.array([Decimal("2.50"), None, Decimal("10.25")])]),
    ],
    ids=["decimal-polars", "half", "decimal-pyarrow"],
)
def test_categories_of_rare_types_have_codes_in_their_order(column: Any) -> None:
    assert category_codes(wrap_native(column, series=True)).tolist() == [0, 2, 1]
    assert category_codes(wrap_native(column, series=True)[:0]).tolist() == []


def test_rows_of_decimals_keep_their_digits() -> None:
    values = [Decimal("1.50"), Decimal("2.25")]
    for native in (pa.table({"x": values}), pl.DataFrame({"x": values})):
        frame = wrap_native(native)
        more = append_rows(frame, np.array([[2.0]]))
        assert more.schema == frame.schema
        assert more["x"].to_list() == [*values, Decimal("2.00")]


def test_nullable_numbers_become_plain_ones_and_come_back() -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([2**60 + 1, 3], dtype="Int64"),
            "some": pd.array([1, None], dtype="UInt8"),
            "single": pd.array([0.5, 1.5], dtype="Float32"),
            "flag": pd.array([True, False], dtype="boolean"),
            "arrow": pd.array([1, 2], dtype="int16[pyarrow]"),
            "money": pd.array(
                [Decimal("1.50"), Decimal("2.25")], dtype=pd.ArrowDtype(pa.decimal128(5, 2))
            ),
            "text": ["a", "b"],
        }
    )
    plain = plain_numbers(frame)
    assert [str(kind) for kind in plain.dtypes][:6] == [
        "int64",
        "float64",
        "float32",
        "float64",
        "int16",
        "float64",
    ]
    assert frame["whole"].dtype == "Int64"  # what was given is left alone
    assert plain_numbers(plain) is plain
    made = plain.iloc[[1, 0, 0]].astype({"whole": float, "some": float, "arrow": float})
    made = made.set_axis([7, 8, 9], axis=0)
    made.iloc[0, :6] = [6.7, 3.9, 0.25, 1.0, 5.5, 1.239]
    back = copied_back(frame, made, np.array([-1, 0, 0]))
    assert (back.dtypes == frame.dtypes).all()
    assert back.index.tolist() == [7, 8, 9]
    assert back["whole"].tolist() == [6, 2**60 + 1, 2**60 + 1]
    assert back.iloc[0].tolist() == [6, 3, 0.25, True, 5, Decimal("1.24"), "b"]
    pd.testing.assert_frame_equal(
        back.iloc[[1]].reset_index(drop=True), frame.iloc[[0]].reset_index(drop=True)
    )
