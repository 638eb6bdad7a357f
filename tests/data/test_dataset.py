"""Data made ready for a trial: bad input is refused, the same content has the same fingerprint."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from equipoise.data.dataset import Dataset, load_dataset
from equipoise.errors import (
    ColumnNotFound,
    DataError,
    EquipoiseError,
    StorageError,
    TargetError,
    UsageError,
)

N = 40
RNG = np.random.default_rng(1)
DATA: dict[str, list[Any]] = {
    "amount": [*(float(v) for v in RNG.normal(size=N - 1).round(3)), None],
    "count": [int(v) for v in RNG.integers(0, 9, N)],
    "colour": [None if i % 11 == 5 else ("red", "blue", "green")[i % 3] for i in range(N)],
    "paid": [i % 4 == 1 for i in range(N)],
    "day": [dt.date(2024, 1, 1) + dt.timedelta(days=i * i % 300) for i in range(N)],
    "label": ["yes" if i % 5 == 0 else "no" for i in range(N)],
}


def changed(column: str, row: int, value: Any) -> dict[str, list[Any]]:
    values = list(DATA[column])
    values[row] = value
    return {**DATA, column: values}


def with_label(values: Any) -> dict[str, Any]:
    return {**DATA, "label": list(values)}


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return load_dataset(DATA, "label")


def test_what_was_found(whole: Dataset) -> None:
    assert (whole.task, whole.positive, whole.classes) == ("binary", "yes", ["no", "yes"])
    assert whole.counts.tolist() == [32, 8]
    assert (whole.source, whole.target, whole.kept) == ("data", "label", "rows")
    about = whole.describe()
    assert about["rows"] == N
    assert about["ratio"] == 4.0
    assert about["classes"][1] == {"label": "yes", "count": 8, "share": 0.2}
    assert [column["role"] for column in about["columns"]] == [
        "number", "number", "category", "category", "date", "target"
    ]  # fmt: skip
    assert about["duplicates"] == {"rows": 0, "clusters": 0, "grouped": 0}


def write(kind: str, folder: Path) -> Path:
    frame, path = pl.DataFrame(DATA), folder / f"data.{kind}"
    writers: dict[str, Callable[[Path], object]] = {
        "csv": frame.write_csv,
        "parquet": frame.write_parquet,
        "arrow": frame.write_ipc,
        "jsonl": frame.write_ndjson,
    }
    writers[kind](path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "jsonl"])
def test_files_of_the_same_content_have_the_same_fingerprint(
    tmp_path: Path, whole: Dataset, kind: str
) -> None:
    found = load_dataset(write(kind, tmp_path), "label")
    assert found.fingerprint == whole.fingerprint
    assert found.source == f"data.{kind}"


FRAMES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(DATA),
    "pandas with categories": lambda: pd.DataFrame(DATA).astype(
        {"colour": "category", "label": "category", "count": "Int16", "day": "datetime64[s]"}
    ),
    "pandas with an index": lambda: pd.DataFrame(DATA, index=range(N, 2 * N)),
    "polars": lambda: pl.DataFrame(DATA),
    "polars lazy": lambda: pl.LazyFrame(DATA, schema_overrides={"count": pl.UInt8}),
    "pyarrow": lambda: pa.table(DATA),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_the_same_content_have_the_same_fingerprint(whole: Dataset, kind: str) -> None:
    assert load_dataset(FRAMES[kind](), "label").fingerprint == whole.fingerprint


def test_pandas_csv_has_the_same_fingerprint(tmp_path: Path, whole: Dataset) -> None:
    pd.DataFrame(DATA).to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
    assert load_dataset(tmp_path / "a.csv", "label").fingerprint == whole.fingerprint


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount", -0.001),
        ("amount", None),
        ("count", 12),
        ("colour", "blue"),
        ("colour", None),
        ("paid", True),
        ("day", dt.date(2024, 12, 30)),
        ("label", "no"),
    ],
)
def test_one_other_cell_is_another_fingerprint(whole: Dataset, column: str, value: Any) -> None:
    assert DATA[column][0] != value
    assert load_dataset(changed(column, 0, value), "label").fingerprint != whole.fingerprint


def test_fingerprints_of_texts_groups_times_and_signs(whole: Dataset) -> None:
    def of(first: list[str], **given: Any) -> str:
        notes = [f"{i} words of a text that differ" for i in range(N)]
        data = {**DATA, "note": [*first, *notes[2:]]}
        return load_dataset(data, "label", text="note", **given).fingerprint

    assert of(["a\0b", "c"]) != of(["a", "b\0c"])
    assert of(["a", "b"]) != of(["b", "a"])
    people = [f"p{i // 2}" for i in range(N)]
    others = [f"p{i // 4}" for i in range(N)]
    for part, one, two in (("group", people, others), ("time", range(N), range(N, 0, -1))):
        found = {
            load_dataset({**DATA, "z": list(z)}, "label", **{part: "z"}).fingerprint  # type: ignore[arg-type]
            for z in (one, two)
        }
        assert len(found | {whole.fingerprint}) == 3
    zeros = [load_dataset(changed("amount", 3, zero), "label").fingerprint for zero in (0.0, -0.0)]
    assert zeros[0] == zeros[1]
    assert whole.fingerprint != load_dataset(DATA, "label", roles={"count": "category"}).fingerprint


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.array,
        pd.Series,
        pl.Series,
        pa.array,
        tuple,
        pd.DataFrame,
        pl.DataFrame,
        lambda values: np.array(values)[:, None],
    ],
)
def test_a_target_given_by_itself(make: Callable[[list[Any]], Any]) -> None:
    features = {name: values for name, values in DATA.items() if name != "label"}
    found = load_dataset(pd.DataFrame(features), make(DATA["label"]))
    assert (found.classes, found.counts.tolist()) == (["no", "yes"], [32, 8])
    assert found.target == "target"


def test_the_target_of_an_array() -> None:
    labels = np.array([i % 5 == 0 for i in range(N)]).astype(np.int8)
    found = load_dataset(RNG.normal(size=(N, 2)), labels)
    assert (found.classes, [column.name for column in found.columns]) == (
        [0, 1],
        ["x0", "x1", "target"],
    )
    named = load_dataset(pd.DataFrame({"target": labels + 0.5}), pd.Series(labels, name="target"))
    assert named.target == "target_"


def test_labels_keep_their_type_and_other_kinds_of_names_work() -> None:
    labels = pd.Categorical([int(i % 5 == 0) for i in range(N)])
    frame = pd.DataFrame({"x": DATA["amount"], "y": labels})
    assert load_dataset(frame, "y").classes == [0, 1]
    frame.columns = pd.Index([0, 1])
    assert load_dataset(frame, 1).target == "1"
    frame.columns = pd.MultiIndex.from_tuples([("x", "a"), ("y", "b")])
    assert load_dataset(frame, ("y", "b")).target == "y_b"
    assert load_dataset(frame, "y_b").target == "y_b"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a"] * N, "one class only: 'a' in all 40 rows"),
        (range(N), "a different value in each of the 40 rows"),
        ([f"v{i}" for i in range(N)], "a different value in each of the 40 rows"),
        ([*DATA["label"][:-1], "maybe"], "class 'maybe' of column .* has 1 row.*drop_rare"),
        ([*(["no"] * (N - 1)), "yes"], "class 'yes' of column .* has 1 row"),
        ([1, "a"] * 20, "mixes kinds of values"),
        ([True, 1] * 20, "mixes kinds of values"),
        ([None, *DATA["label"][1:]], "missing in 1 of 40 rows; .*drop_missing_target=True"),
        ([float("nan"), *([0.0, 1.0] * 20)[1:]], "missing in 1 of 40 rows"),
        ([None] * N, "empty in all 40 rows"),
        ([[1], [1]] * 20, "no label that some rows have and others have not"),
        ([[1], 2] * 20, "holds lists, and 2 in row 2"),
        ([i / 7 for i in range(19)] * 2 + [float("inf"), 0.5], "infinite in 1 of 40 rows"),
        ([f"v{i // 2}" for i in range(N)], None),
    ],
)
@pytest.mark.parametrize("kind", ["dict", "pandas", "array"])
def test_bad_targets(kind: str, labels: Any, said: str | None) -> None:
    data: Any = with_label(labels)
    target: Any = "label"
    if kind == "pandas":
        data = pd.DataFrame(data).astype({"label": object})
    elif kind == "array":
        target = list(data.pop("label"))
    if said is None:
        assert load_dataset(data, target).task == "multiclass"
        return
    with pytest.raises(TargetError, match=said) as caught:
        load_dataset(data, target)
    assert caught.value.remedy


def test_rows_are_left_out_where_that_is_allowed() -> None:
    labels = [None, "odd", *DATA["label"][2:]]
    found = load_dataset(
        with_label(labels), "label", drop_missing_target=True, drop_rare_classes=True
    )
    assert (found.table.n, found.classes) == (N - 2, ["no", "yes"])
    assert sum("left out" in note for note in found.notes) == 2
    mixed = load_dataset(
        pd.DataFrame(with_label([None, *([1, 0] * 20)[1:]])), "label", drop_missing_target=True
    )
    assert mixed.classes == [0.0, 1.0]
    with pytest.raises(TargetError, match="no rows"):
        load_dataset(with_label([None] * N), "label", drop_missing_target=True)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"target": "lable"}, ColumnNotFound, "no target column 'lable' .*did you mean 'label'"),
        ({"target": iter("ab")}, UsageError, "the target is <"),
        ({"target": 7}, UsageError, "the target is 7; give a column's name"),
        ({"target": None}, UsageError, "the target is None; give a column's name"),
        ({"target": ["a", "b"]}, UsageError, "the target has 2 values and the data 40 rows"),
        ({"target": ("a", "b")}, UsageError, "the target has 2 values and the data 40 rows"),
        ({"group": "colours"}, ColumnNotFound, "no group column 'colours' .*mean 'colour'"),
        ({"time": "days"}, ColumnNotFound, "no time column 'days' .*mean 'day'"),
        ({"text": "notes"}, ColumnNotFound, "no column 'notes'"),
        ({"roles": {"paids": "number"}}, ColumnNotFound, "no column 'paids' .*mean 'paid'"),
        ({"roles": {"paid": "numeric"}}, UsageError, "role 'numeric' of column 'paid'"),
        ({"group": "label"}, UsageError, "'label' is the target and cannot be group"),
        ({"time": "amount"}, DataError, "time column 'amount' has nothing in row 40"),
        ({"time": "colour"}, DataError, "time column 'colour' has 'red' in row 1"),
        ({"positive": "maybe"}, UsageError, "the positive class 'maybe'"),
        ({"seed": -1}, UsageError, "seed=-1 cannot be used; give a whole number from 0 to"),
        ({"seed": 2**32}, UsageError, "seed=4294967296 cannot be used"),
        ({"seed": True}, UsageError, "seed=True cannot be used"),
        ({"seed": None}, UsageError, "seed=None cannot be used"),
        ({"task": "binry"}, UsageError, "task 'binry' is unknown"),
    ],
)
def test_bad_wishes(given: dict[str, Any], error: type[EquipoiseError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        load_dataset(DATA, **{"target": "label", **given})
    assert caught.value.remedy


def test_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match=r"no column is left to learn from .*--role NAME=number"):
        load_dataset({"id": range(N), "same": [1] * N, "label": DATA["label"]}, "label")
    for empty in (pl.DataFrame({"a": [], "label": []}), pd.DataFrame({"label": []})):
        with pytest.raises(DataError, match="the data have no rows"):
            load_dataset(empty, "label")
    with pytest.raises(DataError, match="have no columns"):
        load_dataset({}, "label")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("junk.csv", bytes(range(256)), "is a binary file"),
        ("twice.csv", b"a,a,label\n1,2,x\n3,4,y\n", "names the column 'a' 2 times"),
        ("one.csv", b"a,label\n" + b"1,x\n2,x\n" * 9, "one class only: 'x'"),
        ("nan.csv", b"a,label\n" + b"1,x\n2,y\n" * 9 + b"3,\n", "missing in 1 of 19 rows"),
        ("wrong.csv", b"a,lable\n1,x\n2,y\n", "no target column 'label' .* mean 'lable'"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EquipoiseError, match=said) as caught:
        load_dataset(tmp_path / name, "label")
    assert caught.value.remedy


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(StorageError, match="permission denied"):
        load_dataset(write("csv", tmp_path), "label")


def test_a_cell_of_5_mb(tmp_path: Path) -> None:
    rows = [f'"{"word " * (1_000_000 if i == 3 else 5)}{i}",{i % 2}' for i in range(20)]
    (tmp_path / "a.csv").write_text("note,label\n" + "\n".join(rows) + "\n")
    found = load_dataset(tmp_path / "a.csv", "label", text="note")
    assert len(found.table.texts[0][3]) == 5_000_001


def test_times_are_read_from_dates_numbers_and_texts() -> None:
    for values in (
        list(range(N)),
        [i / 2 for i in range(N)],
        [str(2000 + i) for i in range(N)],
        [dt.datetime(2024, 1, 1) + dt.timedelta(hours=i) for i in range(N)],
        [f"2024-01-01 {i // 2:02d}:{i % 2 * 30:02d}:00" for i in range(N)],
    ):
        time = load_dataset({**DATA, "t": values}, "label", time="t").time
        assert time is not None
        assert (np.diff(time) > 0).all()


def test_groups_join_the_copies() -> None:
    people = [None if i in (7, 8) else f"p{i // 2}" for i in range(N)]
    found = load_dataset({**DATA, "who": people}, "label", group="who")
    assert found.groups is not None
    assert found.kept == "groups"
    assert found.groups[0] == found.groups[1] != found.groups[2]
    # Rows without a group are groups of their own.
    assert len({*found.groups[[6, 7, 8, 9]].tolist()}) == 4
    copies = {name: [*values, values[0]] for name, values in {**DATA, "who": people}.items()}
    found = load_dataset(copies, "label", group="who")
    assert found.groups is not None
    assert found.groups[-1] == found.groups[0]
    assert load_dataset({k: v for k, v in copies.items() if k != "who"}, "label").kept == (
        "duplicates"
    )


def test_notes_name_infinite_values_and_many_levels() -> None:
    found = load_dataset(changed("amount", 2, float("inf")), "label")
    assert "column 'amount' holds 1 infinite value, which counts as missing" in found.notes
    many = {"x": [f"k{i % 150}" for i in range(300)], "label": [i % 7 == 0 for i in range(300)]}
    assert any("150 levels" in note for note in load_dataset(many, "label").notes)


def test_a_file_whose_name_is_no_text_is_called_by_what_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.csv")
    try:
        path.write_text("x,y\n1,a\n2,a\n4,b\n3,b\n", encoding="utf-8")
    except OSError:
        pytest.skip("every name is text on this disk")
    assert load_dataset(path, "y").source == "bad\ufffd.csv"
