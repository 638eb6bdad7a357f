"""A schema reads the same features from any later file, or says in one message why it cannot."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.columns import assign_roles
from equipoise.data.table import Schema, Table
from equipoise.errors import ColumnNotFound, DataError, EquipoiseError
from equipoise.frames import build_frame, to_frame

TRAINED: dict[str, Any] = {
    "size": [1, 2, 3, 4],
    "price": ["1.5", " ", "3", "NA"],
    "colour": ["red", "blue", None, "red"],
    "stock": [True, False, True, True],
    "sold": ["2024-01-01", "2024-02-29", None, "2023-12-31"],
    "note": ["a b c d e f", "g h i j k l", None, "m n o p q r"],
}
ROLES = {"note": "text"}


def learn(columns: Any, roles: Mapping[str, str] | None = None) -> tuple[Schema, Table]:
    frame = to_frame(columns)
    schema = Schema.of(frame, assign_roles(frame, None, roles))
    return schema, schema.apply(frame)


SCHEMA, TABLE = learn(TRAINED, ROLES)


def same(one: Table, other: Table) -> None:
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_array_equal(one.codes, other.codes)
    assert [text.tolist() for text in one.texts] == [text.tolist() for text in other.texts]
    assert one.levels == other.levels
    assert one.number_names == other.number_names
    assert (one.n, one.category_names, one.text_names) == (
        other.n,
        other.category_names,
        other.text_names,
    )


def test_features_as_arrays() -> None:
    nan = np.nan
    assert TABLE.number_names == ["size", "price", "sold (day)", "sold (month)", "sold (weekday)"]
    np.testing.assert_array_equal(
        TABLE.numbers,
        [
            [1, 1.5, 19723, 1, 0],
            [2, nan, 19782, 2, 3],
            [3, 3, nan, nan, nan],
            [4, nan, 19722, 12, 6],
        ],
    )
    assert TABLE.levels == [["blue", "red"], ["false", "true"]]
    assert TABLE.codes.tolist() == [[1, 1], [0, 0], [-1, 1], [1, 1]]
    assert TABLE.texts[0].tolist()[2:] == ["", "m n o p q r"]
    assert (TABLE.numbers.dtype.name, TABLE.codes.dtype.name) == ("float64", "int32")


def test_take() -> None:
    part = TABLE.take(np.array([3, 1]))
    np.testing.assert_array_equal(part.numbers, TABLE.numbers[[3, 1]])
    assert part.n == 2
    assert part.texts[0].tolist() == ["m n o p q r", "g h i j k l"]
    assert TABLE.take(np.array([], dtype=np.int64)).n == 0


def test_json_round_trip() -> None:
    stored = json.loads(json.dumps(SCHEMA.to_json()))
    again = Schema.from_json(stored)
    assert again == SCHEMA
    same(again.apply(to_frame(TRAINED)), TABLE)


def test_other_order_and_columns_too_many_change_nothing() -> None:
    columns = {"extra": [[1]] * 4, **dict(reversed(TRAINED.items()))}
    same(SCHEMA.apply(to_frame(pl.DataFrame(columns, strict=False))), TABLE)


def test_other_types_of_the_same_values_change_nothing() -> None:
    new = {
        **TRAINED,
        "size": ["1", "2", "3", "4"],
        "price": [1.5, None, 3.0, np.nan],
        "colour": pl.Series(TRAINED["colour"], dtype=pl.Categorical),
        "stock": ["True", "False", "True", "True"],
        "sold": [dt.date(2024, 1, 1), dt.datetime(2024, 2, 29).date(), None, dt.date(2023, 12, 31)],
    }
    same(SCHEMA.apply(build_frame(new)), TABLE)
    new.update(size=[1.0, 2.0, 3.0, 4.0], stock=[1, 0, 1, 1])
    same(SCHEMA.apply(build_frame(new)), TABLE)


def test_a_missing_column_names_the_nearest() -> None:
    new = dict(TRAINED)
    new["colours"] = new.pop("colour")
    with pytest.raises(ColumnNotFound, match=r"no column 'colour' .* mean 'colours'"):
        SCHEMA.apply(to_frame(new))


@pytest.mark.parametrize("missing", [None, float("nan"), "", pl.Series([None, None])])
@pytest.mark.parametrize("name", TRAINED)
def test_a_column_with_nothing_in_it_is_missing(name: str, missing: Any) -> None:
    values = missing if isinstance(missing, pl.Series) else [missing, missing]
    new = build_frame({**{key: each[:2] for key, each in TRAINED.items()}, name: values})
    table = SCHEMA.apply(new)
    if name in TABLE.category_names:
        assert (table.codes[:, TABLE.category_names.index(name)] == -1).all()
    elif name == "note":
        assert table.texts[0].tolist() == ["", ""]
    else:
        column = next(j for j, each in enumerate(table.number_names) if each.startswith(name))
        assert np.isnan(table.numbers[:, column]).all()


def test_levels_not_seen_are_missing() -> None:
    table = SCHEMA.apply(to_frame({**TRAINED, "colour": ["green", "red", "RED", "5"]}))
    assert table.codes[:, 0].tolist() == [-1, 1, -1, -1]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (
            "size",
            ["1", "two", "3", "4"],
            "column 'size' should hold numbers, and has 'two' in row 2",
        ),
        (
            "size",
            ["1", "1_0", "3", "4"],
            "column 'size' should hold numbers, and has '1_0' in row 2",
        ),
        ("size", [1, "x", 2.5, None], "column 'size' should hold numbers, and has 'x' in row 2"),
        ("size", [dt.date(2024, 1, 1)] * 4, "column 'size' should hold numbers, and has dates"),
        ("sold", [1, 2, 3, 4], "column 'sold' should hold dates, and has numbers"),
        ("sold", ["2024-01-01", "?", "soon", None], "column 'sold' .* has 'soon' in row 3"),
        ("sold", [True] * 4, "column 'sold' should hold dates"),
        ("size", [[1], [2], [3], [4]], "column 'size' .*list"),
        ("colour", [[1], [2], [3], [4]], "column 'colour' .*list"),
        ("note", [{"a": 1}] * 4, "column 'note' .*struct"),
        ("sold", [[1], [2], [3], [4]], "column 'sold' .*list"),
    ],
)
def test_values_of_another_kind_are_refused(name: str, values: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        SCHEMA.apply(build_frame({**TRAINED, name: values}))
    assert caught.value.remedy


def test_a_role_that_the_values_do_not_bear_is_refused_at_once() -> None:
    columns = {"x": ["a", "b", "a"], "n": [1, 2, 3]}
    with pytest.raises(DataError, match=r"'x' should hold numbers, and has 'a' in row 1;.*--role"):
        learn(columns, {"x": "number"})
    with pytest.raises(DataError, match=r"'x' should hold dates, and has 'a' in row 1"):
        learn(columns, {"x": "date"})
    with pytest.raises(DataError, match=r"'n' should hold dates, and has numbers"):
        learn(columns, {"n": "date"})


def test_given_roles_read_what_they_say() -> None:
    columns = {"zip": ["01", "02", "01"], "n": [10, 9, 10], "b": [True, False, None]}
    schema, table = learn(columns, {"zip": "number", "n": "category", "b": "number"})
    np.testing.assert_array_equal(table.numbers, [[1, 1], [2, 0], [1, np.nan]])
    assert schema.levels == {"n": ["10", "9"]}
    # The same whole numbers beside a missing one are read as fractions by many a library.
    new = build_frame({**columns, "n": [10.0, np.nan, 9.0]})
    assert schema.apply(new).codes[:, 0].tolist() == [0, -1, 1]


def test_numbers_at_the_ends_of_the_scale() -> None:
    values = [1e308, 1e-308, -1e308, np.inf, -np.inf, np.nan, 5e-324, 0.0]
    _, table = learn({"x": values})
    np.testing.assert_array_equal(
        table.numbers[:, 0], [1e308, 1e-308, -1e308, np.nan, np.nan, np.nan, 5e-324, 0.0]
    )
    _, texts = learn({"x": [str(value) for value in values]})
    np.testing.assert_array_equal(texts.numbers, table.numbers)


def test_hours_are_read_where_there_are_any() -> None:
    hours = [dt.datetime(2024, 1, 1, hour) for hour in range(24)]
    schema, table = learn({"x": hours})
    assert table.number_names[-1] == "x (hour)"
    assert table.numbers[:, -1].tolist() == list(range(24))
    same(schema.apply(build_frame({"x": [hour.isoformat() for hour in hours]})), table)
    assert schema.apply(build_frame({"x": [dt.date(2024, 1, 1)]})).numbers[0, -1] == 0


def test_dates_before_1970_and_far_ahead() -> None:
    _, table = learn({"x": ["1969-12-31", "0001-01-01", "9999-12-31"]})
    assert table.numbers[:, 0].tolist() == [-1, -719162, 2932896]
    assert table.numbers[:, 1:].tolist() == [[12, 2], [1, 0], [12, 4]]


def test_many_levels() -> None:
    values = [f"level {i % 3000}" for i in range(6000)]
    _, table = learn({"x": values})
    assert len(table.levels[0]) == 3000
    assert [table.levels[0][code] for code in table.codes[:, 0]] == values


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.datetimes()
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(CELLS, min_size=1, max_size=9),
    st.lists(CELLS, min_size=1, max_size=9),
    st.sampled_from(["number", "category", "text", "date", None]),
)
def test_any_two_columns_meet_or_differ_in_one_message(
    old: list[Any], new: list[Any], role: str | None
) -> None:
    try:
        schema, first = learn({"x": old}, {"x": role} if role else None)
        table = schema.apply(build_frame({"x": new}))
    except EquipoiseError as error:
        told = bool(error.remedy) and "column 'x'" in error.problem
    else:
        told = first.n == len(old) and table.n == len(new)
        told &= table.number_names == first.number_names and not np.isinf(table.numbers).any()
    assert told
