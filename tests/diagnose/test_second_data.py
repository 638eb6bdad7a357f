"""Second data are looked at, not learned from: nothing that can be compared is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.diagnose.reading import read_before
from equipoise.errors import ColumnNotFound, TargetError

N = 60
RNG = np.random.default_rng(0)
LABELS = {"is_a": [i % 2 for i in range(N)], "is_b": [int(i % 3 == 0) for i in range(N)]}


def features(n: int = N) -> dict[str, Any]:
    return {"x": RNG.normal(size=n).tolist(), "z": RNG.normal(size=n).tolist()}


def words(values: list[int]) -> list[str]:
    return ["yes" if value else "no" for value in values]


@pytest.mark.parametrize("rows", [0, 1])
def test_labels_of_words_that_are_left_out_are_counted(rows: int) -> None:
    rare = ["yes"] * rows + ["no"] * (N - rows)
    data = {**features(), **{k: words(v) for k, v in LABELS.items()}, "is_c": rare}
    assert read_before(data, "is_*").left_out == {"is_c": rows}
    assert eq.diagnose(data, target="is_*").summary["rows"] == N


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_that_all_second_rows_agree_on_is_kept(value: int) -> None:
    other = {**features(20), "is_a": [value] * 20, "is_b": [0] * 20}
    subject = read_before({**features(), **LABELS}, "is_*", other=other)
    assert subject.other is not None
    assert subject.other.y.tolist() == [[value, 0]] * 20
    assert not subject.strange


def test_one_second_row_and_numbers_that_are_alike() -> None:
    data = {**features(), "y": RNG.normal(size=N).tolist()}
    subject = read_before(data, "y", other={**features(1), "y": [2.5]})
    assert subject.other is not None
    assert subject.other.y.tolist() == [2.5]


def test_a_second_target_without_values_is_not_known() -> None:
    data = {**features(), "y": RNG.normal(size=N).tolist()}
    subject = read_before(data, "y", other={**features(5), "y": [None] * 5})
    assert subject.other is not None
    assert np.isnan(subject.other.y).all()


def test_sets_are_read_with_the_separator_of_the_first_data() -> None:
    tags = ["red, dark; big", "big; ", "red, dark;"] * 20
    other = {**features(2), "tags": ["red, dark", "big"]}
    subject = read_before({**features(), "tags": tags}, "tags", task="multilabel", other=other)
    assert subject.classes == ["big", "red, dark"]
    assert subject.other is not None
    assert subject.other.y.tolist() == [[0, 1], [1, 0]]
    assert not subject.strange


def test_what_is_wrong_names_the_second_data() -> None:
    data = {**features(), "y": RNG.normal(size=N).tolist()}
    with pytest.raises(ColumnNotFound, match=r"^in the second data, .*columns of the first"):
        read_before(data, "y", other={"w": [1.0, 2.0], "y": [1.0, 2.0]})
    with pytest.raises(TargetError, match=r"^in the second data, column 'y' is infinite"):
        read_before(data, "y", other={**features(2), "y": [1.0, float("inf")]})


def test_many_labels_are_named_as_they_were_said() -> None:
    data = {**features(), **{f"is_{j}": [i % 2 for i in range(N)] for j in range(201)}}
    with pytest.raises(TargetError, match=r"the target 'is_\*' has 201 labels"):
        read_before(data, "is_*")
