"""Every column gets the role that a careful reader would give it, with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.columns import as_number, assign_roles, find_column
from equipoise.errors import ColumnNotFound, DataError, EquipoiseError, UsageError
from equipoise.frames import build_frame, to_frame

N = 120
RNG = np.random.default_rng(0)
WORDS = [f"the {i} quick brown foxes ran over {i * 7} dogs" for i in range(N)]
DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(N)]


def column_of(values: Any, name: str = "x") -> Any:
    return assign_roles(build_frame({name: values}), None)[0]


@pytest.mark.parametrize(
    ("values", "role", "reason"),
    [
        (RNG.normal(size=N), "number", "numbers"),
        (RNG.integers(0, 50, N), "number", "numbers"),
        (RNG.permutation(N * 100)[:N], "number", "numbers"),
        (np.arange(N), "id", "in order"),
        (np.arange(N)[::-1] * 1, "number", "numbers"),
        ([str(i) for i in range(N)], "id", "in order"),
        ([f"{v:.3f}" for v in RNG.normal(size=N)], "number", "reads as numbers"),
        ([" ", *(str(v) for v in RNG.integers(0, 99, N))], "number", "reads as numbers"),
        (["?", "NA", *(str(v) for v in RNG.integers(0, 99, N))], "number", "reads as numbers"),
        (["1e308", "-1e-308", "0", "nan", "2"] * 20, "number", "reads as numbers"),
        ([f"{i:05d}" for i in RNG.permutation(N)], "id", "leading zeros"),
        (["01234", "99999", "04567"] * 40, "category", "leading zeros"),
        (["0.5", "0", "-0.25"] * 40, "number", "reads as numbers"),
        (["red", "blue", None] * 40, "category", "2 levels"),
        ([f"k{i % 60}" for i in range(N)], "category", "60 levels"),
        ([f"u{i}" for i in range(N)], "id", "all different"),
        ([True, False] * 60, "category", "true or false"),
        (WORDS, "text", "words a row"),
        (["a rather long sentence here", "another sentence of words"] * 60, "category", "2 levels"),
        (DAYS, "date", "dates"),
        ([day.isoformat() for day in DAYS], "date", "reads as dates"),
        ([*(day.isoformat() for day in DAYS), "soon"], "id", "all different"),
        ([dt.timedelta(hours=i % 7) for i in range(N)], "number", "lengths of time"),
        ([dt.time(i % 7) for i in range(N)], "number", "times of day"),
        (pl.Series([str(i % 3) for i in range(N)], dtype=pl.Categorical), "category", "levels"),
        (pl.Series(["1", "2"] * 60, dtype=pl.Enum(["1", "2", "3"])), "category", "levels"),
        ([1, "a", 2.5] * 40, "category", "3 levels"),
        ([None] * N, "constant", "no values"),
        (np.full(N, np.nan), "constant", "no values"),
        (np.full(N, 7.0), "constant", "single value"),
        (["same"] * N, "constant", "single value"),
        ([5.0, None] * 60, "number", "numbers"),
        (["yes", None] * 60, "category", "1 level"),
        ([1e308, 1e-308, -1e308] * 40, "number", "numbers"),
        ([2**80, 1, 3] * 40, "number", "numbers"),
    ],
)  # fmt: skip
def test_roles_found(values: Any, role: str, reason: str) -> None:
    column = column_of(values)
    assert (column.role, reason in column.reason) == (role, True), column


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "customerID", "rowId", "uuid", "key"])
def test_whole_numbers_named_as_ids_are_ids(name: str) -> None:
    assert column_of(RNG.permutation(N * 100)[:N], name).role == "id"
    assert column_of([str(v) for v in RNG.permutation(N * 100)[:N]], name).role == "id"


@pytest.mark.parametrize("name", ["paid", "humid", "valid", "grid", "monkey", "throw", "idea"])
def test_words_that_end_like_ids_are_no_ids(name: str) -> None:
    assert column_of(RNG.permutation(N * 100)[:N], name).role == "number"


def test_counts_of_missing_and_distinct() -> None:
    frame = build_frame(
        {
            "nan": np.array([np.nan, 1.0, 1.0, 2.0]),
            "null": ["a", None, None, "b"],
            "inf": [np.inf, 1.0, 1.0, None],
            "mixed": [1, "1", "a", None],
        }
    )
    found = [(column.missing, column.distinct) for column in assign_roles(frame, None)]
    assert found == [(1, 2), (2, 2), (1, 2), (1, 2)]


FRAME = build_frame(
    {
        "age": [30, 41, 52],
        "Income": ["<=50K", ">50K", "<=50K"],
        "note": ["a", "b", "c"],
        "who": ["x", "x", "y"],
        "day": ["2024-01-01", "2024-01-02", "2024-01-03"],
    }
)


def test_given_roles_win() -> None:
    found = assign_roles(
        FRAME, "Income", {"age": "category", "day": "ignored"}, group="who", text=["note"]
    )
    assert [(column.name, column.role, column.reason) for column in found] == [
        (name, role, "given")
        for name, role in zip(
            FRAME.columns, ["category", "target", "text", "group", "ignored"], strict=True
        )
    ]
    assert assign_roles(FRAME, None, {"note": "id"})[2].role == "ignored"
    assert [c.role for c in assign_roles(FRAME, "Income", time="day")][4] == "time"


def test_a_wrong_name_gives_the_nearest() -> None:
    with pytest.raises(ColumnNotFound, match="no column 'Agee' in the data; did you mean 'age'"):
        find_column(FRAME, "Agee")
    with pytest.raises(ColumnNotFound, match=r"no target column 'income'.* mean 'Income'"):
        assign_roles(FRAME, "income")
    wrongs: list[dict[str, Any]] = [{"group": "whom"}, {"time": "days"}, {"text": ["notes"]}]
    for wrong in wrongs:
        with pytest.raises(ColumnNotFound, match="did you mean"):
            assign_roles(FRAME, "Income", **wrong)
    with pytest.raises(
        ColumnNotFound, match=r"no column 'zzz' .*; the columns are 'age', 'Income'"
    ):
        assign_roles(FRAME, "Income", {"zzz": "number"})
    with pytest.raises(ColumnNotFound, match="no column 3 in"):
        find_column(FRAME, 3)  # type: ignore[arg-type]


def test_a_wrong_role_gives_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"role 'numbr' of column 'age' is unknown.*number"):
        assign_roles(FRAME, "Income", {"age": "numbr"})


@pytest.mark.parametrize(
    "part",
    [
        {"group": "age"},
        {"time": "age"},
        {"text": ["age"]},
        {"overrides": {"age": "number"}},
        {"overrides": {"age": "ignored"}},
    ],
)
def test_the_target_has_no_other_part(part: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="column 'age' is the target and cannot be"):
        assign_roles(FRAME, "age", **part)


def test_columns_of_lists_can_be_left_out() -> None:
    frame = to_frame(pl.DataFrame({"x": [[1], [2]], "y": [1, 2]}))
    with pytest.raises(DataError, match=r"column 'x' holds lists.*--role x=ignored"):
        assign_roles(frame, None)
    assert assign_roles(frame, None, {"x": "ignored"})[0].role == "ignored"


def test_text_as_numbers() -> None:
    read = as_number(build_frame({"x": [" 1.5", "", None, "-2e3 ", "inf"]})["x"])
    assert read is not None
    assert read.to_list() == [1.5, None, None, -2000.0, np.inf]
    for values in (["1", "x"], ["1,5", "2"], ["", None], ["1_000"], ["0x10"], ["१"]):
        assert as_number(build_frame({"x": values})["x"]) is None


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(SCALARS, min_size=1, max_size=30))
def test_any_column_has_a_role_or_one_message(values: list[Any]) -> None:
    try:
        role = column_of(values).role
    except EquipoiseError as error:
        role = "refused" if error.remedy and "column 'x'" in error.problem else str(error)
    assert role in ("number", "category", "text", "date", "id", "constant", "refused")
