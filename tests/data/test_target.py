"""Targets: which task, which codes, which refusals."""

from __future__ import annotations

import datetime
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.data.target import detect_task, encode_target, usable_rows
from equipoise.errors import TargetError, UsageError

KINDS = {
    "list": list,
    "numpy": np.array,
    "objects": lambda values: np.array(values, dtype=object),
    "pandas": pd.Series,
    "pandas category": lambda values: pd.Series(values, dtype="category"),
    "polars": pl.Series,
    "arrow": pa.chunked_array,
    "narwhals": lambda values: nw.from_native(pl.Series(values), series_only=True),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels", [("ham", "spam"), (3, 7), (0.5, 1.5), (False, True)])
def test_every_kind_of_column_gives_the_same_codes(kind: str, labels: tuple[Any, Any]) -> None:
    values = [labels[0]] * 3 + [labels[1]] * 2
    column = pa.chunked_array([values]) if kind == "arrow" else KINDS[kind](values)
    y, classes, notes = encode_target(column)
    assert y.dtype == np.int64
    assert y.tolist() == [0, 0, 0, 1, 1]
    assert classes == list(labels)
    assert [type(label) for label in classes] == [type(label) for label in labels]
    assert notes == []


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=4))
def test_codes_lead_back_to_the_labels(values: list[str]) -> None:
    try:
        y, classes, _ = encode_target(values)
    except TargetError:
        counts = {label: values.count(label) for label in set(values)}
        assert len(counts) == 1 or min(counts.values()) == 1
        return
    assert [classes[code] for code in y] == values
    if len(classes) == 2:
        assert (y == 1).sum() <= (y == 0).sum()
    else:
        assert classes == sorted(classes)


def test_the_rarer_class_is_positive_unless_said_otherwise() -> None:
    values = ["yes"] * 8 + ["no"] * 2
    assert encode_target(values)[1] == ["yes", "no"]
    assert encode_target(values, positive="yes")[1] == ["no", "yes"]
    _, classes, notes = encode_target(["no", "yes", "no", "yes"])
    assert classes == ["no", "yes"]
    assert notes == ["both classes have 2 rows; 'yes' is taken as the positive one"]


@pytest.mark.parametrize(
    ("labels", "said", "meant"),
    [
        ((0, 1), "0", 0),
        ((0.0, 1.0), "0", 0.0),
        ((0.0, 1.0), 1, 1.0),
        ((False, True), "false", False),
        (("no", "Yes"), " yes", "Yes"),
        (("0", "1"), 0, "0"),
    ],
)
def test_the_positive_class_may_be_typed(labels: tuple[Any, Any], said: Any, meant: Any) -> None:
    classes = encode_target([*labels] * 3, positive=said)[1]
    assert classes[1] == meant
    assert type(classes[1]) is type(meant)


def test_an_unknown_positive_class_names_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"'spma' is not among .*'ham', 'spam'.*did you mean 'spam'"
    ):
        encode_target(["ham", "spam"] * 3, positive="spma")
    with pytest.raises(UsageError, match="task is multiclass"):
        encode_target(["a", "b", "c"] * 3, positive="a")


def test_labels_are_in_natural_order() -> None:
    assert encode_target(["10", "9", "1"] * 2)[1] == ["1", "9", "10"]
    assert encode_target(["item 10", "item 9", "car"] * 2)[1] == ["car", "item 9", "item 10"]
    assert encode_target([3, 20, -1] * 2)[1] == [-1, 3, 20]
    huge = "9" * 1000
    assert encode_target([huge, "b", "c"] * 2)[1][0] == huge


@pytest.mark.parametrize("task", [None, "binary", "multiclass"])
def test_labels_of_the_length_of_texts_are_refused(task: str | None) -> None:
    assert encode_target(["a" * 1000, "b"] * 3, task and "binary")[1] == ["a" * 1000, "b"]
    for values in (["a" * 5_000_000, "b"] * 3, [f"{i}" * 1001 for i in range(9)]):
        with pytest.raises(TargetError, match="characters, at most 1,000 are") as caught:
            encode_target(values, task, name="message")
        assert "'message' has a label of" in caught.value.problem
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1, 0, 1], "binary"),
        ([0.0, 1.0, None, float("nan")], "binary"),
        ([True, False], "binary"),
        (list("abcabc"), "multiclass"),
        (list(range(1, 11)) * 3, "multiclass"),
        ([float(v) for v in range(5)] * 3, "multiclass"),
        (list(range(200)) * 2, "regression"),
        ([v / 7 for v in range(200)], "regression"),
        ([["a"], ["a", "b"]], "multilabel"),
        (pd.Series([1, 2, pd.NA] * 2, dtype="Int64"), "binary"),
    ],
)
def test_tasks(values: Any, task: str) -> None:
    assert detect_task(values) == task


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "has no rows"),
        (["a"] * 5, "one class only: 'a' in all 5 rows"),
        (list("abcdef"), "different value in each of the 6 rows"),
        (["a", "b", None, "a", "b"], "missing in 1 of 5 rows; .*--drop-missing-target"),
        ([1.0, float("nan"), 2.0], "missing in 1 of 3 rows"),
        (["a", "  ", "b"], "missing in 1 of 3 rows"),
        ([None, None], "empty in all 2 rows"),
        (
            ["a", 1, "b", 1, "a"],
            "mixes kinds of values: 3 rows of text such as 'a' and 2 rows of number such as 1",
        ),
        (
            [True, 1, 0, True],
            "mixes kinds of values: 2 rows of true/false such as True and 2 rows of number such as 1",
        ),
        (["a", "a", "b", "b", "c"], "class 'c' of column 'kind' has 1 row: .*--drop-rare-classes"),
        (
            ["a", "a", "b", "b", "c", "d"],
            r"2 classes of column 'kind' have 1 row each \('c', 'd'\)",
        ),
        (["a", "a", "a", "b"], "class 'b' of column 'kind' has 1 row"),
        ([f"c{v}" for v in range(101)] * 2, "has 101 classes, at most 100"),
        (
            [v / 7 for v in range(50)] * 2,
            "name no classes; say --task regression.*--task multiclass",
        ),
        ([["a"], ["a", "b"]], "a list or a record in each row"),
        ([{"a": 1}, {"a": 2}], "a list or a record in each row"),
        ([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)] * 2, "values of the kind 'date'"),
        ([1.0, float("inf")] * 2, "infinite"),
    ],
)
def test_refusals_name_the_column_and_the_remedy(values: list[Any], message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        encode_target(values, name="kind")
    assert "'kind'" in str(caught.value)
    assert caught.value.remedy


def test_a_task_may_be_given() -> None:
    numbers = list(range(50)) * 2
    assert len(encode_target(numbers, "multiclass")[1]) == 50
    assert encode_target([5, 5, 5, 1, 1], "multiclass")[1] == [1, 5]
    with pytest.raises(TargetError, match=r"has 3 classes .* a binary task has 2"):
        encode_target(list("abc") * 2, "binary")
    with pytest.raises(UsageError, match="task 'binray' is unknown; use binary"):
        encode_target(list("ab") * 2, "binray")
    for task in ("regression", "multilabel"):
        with pytest.raises(UsageError, match="is unknown; use "):
            encode_target(numbers, task)


def test_labels_that_look_alike_are_noted() -> None:
    notes = encode_target(["Yes", "yes ", "no"] * 2)[2]
    assert notes == [
        "classes 'Yes', 'yes ' of 'target' differ only in case or spaces and count as different"
    ]
    notes = encode_target(["1", "2", "other"] * 2)[2]
    assert "both numbers ('1', '2') and words ('other')" in notes[0]


@pytest.mark.parametrize("word", ["NA", "NaN", "None", "n/a", "?"])
def test_a_word_for_nothing_is_a_class_among_words_and_missing_among_numbers(word: str) -> None:
    _, classes, notes = encode_target(["yes", word, "yes"] * 2, name="kind")
    assert classes == ["yes", word]
    assert notes == [
        f"{word!r} of 'kind' counts as a class; where it stands for no label, leave the cell empty"
    ]
    among_numbers = ["0", word, "1"] * 2
    stands = f"among numbers {word!r} stands for none"
    with pytest.raises(TargetError, match="missing in 2 of 6 rows") as caught:
        encode_target(among_numbers)
    assert stands in caught.value.problem
    keep, notes = usable_rows(among_numbers, drop_missing=True)
    assert keep.tolist() == [True, False, True] * 2
    assert stands in notes[0]


def test_rows_that_cannot_be_used_are_left_out_when_allowed() -> None:
    values = ["a", "b", None, "a", "b", "c", "d"]
    keep, notes = usable_rows(values, name="kind", drop_missing=True, drop_rare=True)
    assert keep.tolist() == [True, True, False, True, True, False, False]
    assert notes == [
        "1 row without 'kind' was left out",
        "2 classes of 'kind' have a single row each and were left out: 'c', 'd'",
    ]
    keep, notes = usable_rows(values)
    assert keep.all()
    assert notes == []


def test_a_column_of_different_values_is_not_emptied_as_rare() -> None:
    keep, notes = usable_rows(list("abc"), drop_rare=True)
    assert keep.all()
    assert notes == []
