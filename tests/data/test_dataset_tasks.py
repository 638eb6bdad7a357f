"""Targets of labels and numbers: where they stand, what is said of them, and what is refused."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array

from equipoise.data.dataset import load_dataset
from equipoise.data.number_target import describe_numbers, read_numbers
from equipoise.errors import ColumnNotFound, EquipoiseError, TargetError, UsageError
from equipoise.frames import build_frame

N = 60
RNG = np.random.default_rng(3)
Y = np.column_stack([np.arange(N) % 2 == 0, np.arange(N) % 5 == 0, np.arange(N) % 7 == 0]).astype(
    int
)
DATA: dict[str, list[Any]] = {
    "x": [float(value) for value in RNG.normal(size=N).round(4)],
    "colour": [("red", "blue", "green")[i % 3] for i in range(N)],
    "is_old": Y[:, 0].tolist(),
    "is_big": ["yes" if value else "no" for value in Y[:, 1]],
    "is_new": [bool(value) for value in Y[:, 2]],
    "cost": [float(value) for value in RNG.lognormal(3, 1, N).round(2)],
}
NAMES = ["is_old", "is_big", "is_new"]


@pytest.mark.parametrize(
    "target",
    [
        "is_old,is_big,is_new",
        " is_old , is_big,is_new",
        "is_*",
        "is_???",
        "is_o*,is_big,*_new",
        NAMES,
        tuple(NAMES),
    ],
)
def test_several_columns_are_labels(target: Any) -> None:
    found = load_dataset(DATA, target)
    assert (found.task, found.classes, found.targets) == ("multilabel", NAMES, NAMES)
    assert found.y.dtype == np.int64
    assert found.y.tolist() == Y.tolist()
    assert (found.positive, found.counts.tolist()) == (None, Y.sum(axis=0).tolist())
    assert [name for name, _ in found.schema.features] == ["x", "colour", "cost"]
    assert found.target == (target if isinstance(target, str) else "is_old,is_big,is_new")
    about = found.describe()
    assert [one["label"] for one in about["classes"]] == NAMES
    assert [one["share"] for one in about["classes"]] == pytest.approx(Y.mean(axis=0))
    assert about["ratio"] == pytest.approx(Y.sum(axis=0).max() / Y.sum(axis=0).min())
    labels = about["labels"]
    assert labels["cardinality"] == pytest.approx(Y.sum(axis=1).mean())
    assert labels["unlabelled"] == (Y.sum(axis=1) == 0).sum()
    assert labels["distinct_sets"] == len({tuple(row) for row in Y})
    assert set(labels) == {
        "cardinality",
        "density",
        "distinct_sets",
        "unlabelled",
        "mean_ir",
        "scumble",
    }


@pytest.mark.parametrize("kind", ["pandas", "categories", "polars", "arrow", "csv", "parquet"])
def test_every_kind_of_data_gives_the_same(kind: str, tmp_path: Path) -> None:
    made: dict[str, Callable[[], Any]] = {
        "pandas": lambda: pd.DataFrame(DATA),
        "categories": lambda: pd.DataFrame(DATA).astype(
            {"is_old": "category", "is_big": "category"}
        ),
        "polars": lambda: pl.DataFrame(DATA),
        "arrow": lambda: pa.table(DATA),
        "csv": lambda: pl.DataFrame(DATA).write_csv(tmp_path / "a.csv") or tmp_path / "a.csv",
        "parquet": lambda: (
            pl.DataFrame(DATA).write_parquet(tmp_path / "a.parquet") or tmp_path / "a.parquet"
        ),
    }
    # As a feature a category of 0 and 1 is no number.
    for target in ("is_*", "cost") if kind != "categories" else ("is_*",):
        assert (
            load_dataset(made[kind](), target).fingerprint == load_dataset(DATA, target).fingerprint
        )


@pytest.mark.parametrize(
    "make",
    [
        np.array,
        lambda rows: np.array(rows, dtype=bool),
        lambda rows: np.array(rows, dtype=np.float32),
        lambda rows: csr_array(np.array(rows)),
        lambda rows: pd.DataFrame(rows, columns=list("abc")),
        lambda rows: pl.DataFrame(np.array(rows), schema=list("abc")),
        lambda rows: pa.table(dict(zip("abc", np.array(rows).T, strict=True))),
        lambda rows: rows,
        lambda rows: [[f"c_{j}" for j in range(3) if row[j]] for row in rows],
        lambda rows: pd.Series([[f"c_{j}" for j in range(3) if row[j]] for row in rows]),
        lambda rows: pl.Series([[f"c_{j}" for j in range(3) if row[j]] for row in rows]),
    ],
)
def test_labels_given_by_themselves(make: Callable[[Any], Any]) -> None:
    found = load_dataset({"x": DATA["x"], "a": DATA["colour"]}, make(Y.tolist()))
    assert (found.task, found.y.tolist()) == ("multilabel", Y.tolist())
    assert len(found.classes) == 3
    assert [name for name, _ in found.schema.features] == ["x", "a"]


def test_labels_in_one_column() -> None:
    texts = ["|".join(f"c{j}" for j in range(3) if row[j]) for row in Y]
    lists = [[f"c{j}" for j in range(3) if row[j]] for row in Y]
    for given_ in ({"task": "multilabel"}, {"separator": "|"}):
        found = load_dataset({"x": DATA["x"], "tags": texts}, "tags", **given_)  # type: ignore[arg-type]
        assert (found.task, found.classes, found.y.tolist()) == (
            "multilabel",
            ["c0", "c1", "c2"],
            Y.tolist(),
        )
    for values in (lists, pd.Series(lists)):
        assert load_dataset({"x": DATA["x"], "tags": values}, "tags").y.tolist() == Y.tolist()
    # Nothing said: texts name classes.
    assert (
        load_dataset(
            {"x": DATA["x"], "tags": texts[:30] * 2}, "tags", drop_missing_target=True
        ).task
        != "multilabel"
    )


def test_names_with_commas_and_stars_win() -> None:
    data = {
        "x": DATA["x"],
        "a,b": DATA["is_old"],
        "a": DATA["is_new"],
        "b*": [i % 3 == 0 for i in range(N)],
        "b2": DATA["is_big"],
    }
    assert load_dataset(data, "a,b").targets == ["a,b"]
    assert load_dataset(data, "b*").targets == ["b*"]
    assert load_dataset(data, "b?").targets == ["b*", "b2"]
    assert load_dataset(data, "a,b,a").targets == ["a,b", "a"]
    assert load_dataset(data, ["a"]).task == "binary"
    assert load_dataset(
        {**data, "l[1]": DATA["is_old"], "l[2]": DATA["is_new"]}, "l[*"
    ).targets == ["l[1]", "l[2]"]
    frame = pd.DataFrame({0: DATA["x"], 1: DATA["is_old"], 2: DATA["is_new"]})
    assert load_dataset(frame, [1, 2]).targets == ["1", "2"]


def test_the_fingerprint_covers_labels_and_numbers() -> None:
    first = load_dataset(DATA, "is_*")
    other = load_dataset({**DATA, "is_new": [not DATA["is_new"][0], *DATA["is_new"][1:]]}, "is_*")
    assert first.fingerprint != other.fingerprint
    cost = load_dataset(DATA, "cost")
    assert (
        cost.fingerprint
        != load_dataset({**DATA, "cost": [*DATA["cost"][:-1], 1.5]}, "cost").fingerprint
    )
    few = {**DATA, "cost": [i % 4 for i in range(N)]}
    assert (
        load_dataset(few, "cost").fingerprint
        != load_dataset(few, "cost", task="regression").fingerprint
    )


def test_numbers() -> None:
    found = load_dataset(DATA, "cost")
    assert (found.task, found.classes, found.positive) == ("regression", [], None)
    assert found.y.dtype == np.float64
    assert found.y.tolist() == DATA["cost"]
    assert found.counts.tolist() == []
    about = found.describe()
    assert (about["classes"], about["ratio"]) == ([], None)
    assert about["target"] == describe_numbers(found.y)
    few = load_dataset({**DATA, "cost": [i % 3 for i in range(N)]}, "cost", task="regression")
    assert (few.task, few.y.tolist()) == ("regression", [float(i % 3) for i in range(N)])
    assert load_dataset({**DATA, "cost": [i % 3 for i in range(N)]}, "cost").task == "multiclass"
    texts = [str(value) for value in DATA["cost"]]
    assert (
        load_dataset({**DATA, "cost": texts}, "cost", task="regression").y.tolist() == DATA["cost"]
    )
    gaps = load_dataset(
        {**DATA, "cost": [None, *DATA["cost"][1:]]}, "cost", drop_missing_target=True
    )
    assert (gaps.table.n, gaps.notes[0]) == (N - 1, "1 row without 'cost' was left out")


@given(st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=2, max_size=30))
def test_how_numbers_are_described(values: list[float]) -> None:
    y = np.array(values)
    about = describe_numbers(y)
    assert (about["min"], about["max"]) == (min(values), max(values))
    assert about["mean"] == pytest.approx(y.mean(), abs=1e-9)
    assert about["std"] == pytest.approx(y.std(), abs=1e-9)
    assert about["zeros"] == values.count(0)
    for name, share in (("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("q95", 0.95)):
        assert about[name] == pytest.approx(np.quantile(y, share))
    if y.std() > 1e-2 * np.abs(y).max():
        assert about["skewness"] == pytest.approx(stats.skew(y), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("size", [1e-300, 5e-324, 1e-9, 1e99])
def test_huge_and_tiny_numbers_are_described(size: float) -> None:
    y = np.array([0.0, 1.0, 2.0, 9.0]) * size
    about = describe_numbers(y)
    assert all(math.isfinite(value) for value in about.values())
    assert about["skewness"] == pytest.approx(stats.skew([0.0, 1.0, 2.0, 9.0]))
    assert describe_numbers(np.full(3, 2.0))["skewness"] == 0.0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([3.5] * N, "has one value only: 3.5 in all 60 rows"),
        ([None, *range(N - 1)], "missing in 1 of 60 rows; .*drop_missing_target=True"),
        ([float("nan"), *range(N - 1)], "missing in 1 of 60 rows"),
        ([float("inf"), *range(N - 1)], "infinite in 1 of 60 rows; replace"),
        ([-1e200, *range(N - 1)], "holds -1e.200, and numbers of at most 1e.100"),
        ([None] * N, "empty in all 60 rows"),
        (["much", *map(str, range(N - 1))], "has 'much' in row 1, and a regression target numbers"),
        ([i % 2 == 0 for i in range(N)], "holds true/false"),
        ([dt.date(2024, 1, 1 + i % 28) for i in range(N)], "holds dates or times"),
        ([[i] for i in range(N)], "holds lists or records"),
    ],
)
def test_numbers_that_are_refused(values: list[Any], said: str) -> None:
    with pytest.raises(TargetError, match=said) as caught:
        load_dataset({**DATA, "cost": values}, "cost", task="regression")
    assert "'cost'" in caught.value.problem
    assert caught.value.remedy


def test_whole_numbers_that_count_the_rows_are_an_id_unless_said_otherwise() -> None:
    for values in (range(N), range(5 * N, 0, -5)):
        data = {**DATA, "cost": list(values)}
        with pytest.raises(TargetError, match="a different value in each of the 60 rows, in order"):
            load_dataset(data, "cost")
        assert load_dataset(data, "cost", task="regression").task == "regression"
    shuffled = RNG.permutation(N).tolist()
    assert load_dataset({**DATA, "cost": shuffled}, "cost").task == "regression"
    assert read_numbers(build_frame({"a": [1, 2]})["a"])[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("given_", "error", "said"),
    [
        (
            {"target": "lab_*"},
            ColumnNotFound,
            r"no column fits the target pattern 'lab_\*'; the columns are 'x'",
        ),
        (
            {"target": "is_old,is_bigg"},
            ColumnNotFound,
            "no target column 'is_bigg' .*mean 'is_big'",
        ),
        ({"target": ["is_old", "is_bigg"]}, ColumnNotFound, "no target column 'is_bigg'"),
        ({"target": "is_*", "task": "binary"}, UsageError, "has 3 columns, and a binary task one"),
        (
            {"target": "is_*", "task": "regression"},
            UsageError,
            "has 3 columns, and a regression task one",
        ),
        (
            {"target": "is_*", "positive": "is_old"},
            UsageError,
            "positive class .'is_old'. was given, but the task is multi",
        ),
        ({"target": "cost", "positive": 1}, UsageError, "but the task is regression"),
        ({"target": "is_*", "separator": "|"}, UsageError, "for a target of 3 columns"),
        (
            {"target": "colour", "separator": "|", "task": "multiclass"},
            UsageError,
            "was given for a multiclass task",
        ),
        ({"target": "colour", "task": "multilabel"}, TargetError, "no row has two labels"),
        (
            {"target": "cost", "task": "multilabel"},
            UsageError,
            "one value a row, and a multilabel task",
        ),
        (
            {"target": "is_*", "group": "is_old"},
            UsageError,
            "'is_old' is the target and cannot be group",
        ),
        ({"target": "is_*,x"}, TargetError, "column 'x' has .* in row 1"),
        ({"target": "*"}, TargetError, "column 'x' has .* in row 1"),
        ({"target": np.ones((3, 2))}, UsageError, "has 3 values and the data 60 rows"),
        ({"target": np.ones((N, 2, 2))}, UsageError, "the target has 3 dimensions"),
        ({"target": np.ones((N, 0))}, UsageError, "the target has no columns"),
        ({"target": ","}, ColumnNotFound, "no target column ','"),
        ({"target": "cost", "task": 5}, UsageError, "task 5 is unknown"),
    ],
)
def test_wishes_that_are_refused(
    given_: dict[str, Any], error: type[EquipoiseError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        load_dataset(DATA, **given_)
    assert caught.value.remedy


def test_copies_with_other_labels_are_noted() -> None:
    twice = {name: [*values, values[0]] for name, values in DATA.items()}
    twice["is_old"][-1] = 1 - twice["is_old"][0]
    found = load_dataset(twice, NAMES)
    assert found.duplicates == {"rows": 1, "clusters": 1, "grouped": 1, "conflicting": 1}
    assert any(
        "one group of copied rows with different sets of labels" in note for note in found.notes
    )
    assert found.kept == "duplicates"
    twice["is_old"][-1] = twice["is_old"][0]
    assert load_dataset(twice, NAMES).duplicates["conflicting"] == 0


def test_goemotions_loads_in_seconds(shared_data: Path) -> None:
    columns = pl.read_parquet_schema(shared_data / "goemotions.parquet")
    start = time.process_time()
    found = load_dataset(
        shared_data / "goemotions.parquet", list(columns)[3:], roles={"split": "ignored"}
    )
    assert time.process_time() - start < 10
    assert (found.task, found.y.shape) == ("multilabel", (54263, 28))
    assert found.y[:, found.classes.index("grief")].sum() == 96
    assert found.describe()["labels"]["cardinality"] == pytest.approx(1.176, abs=1e-3)
