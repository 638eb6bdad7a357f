"""Sets of labels: columns, lists and separated texts, what is left out and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals as nw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.data.label_sets import read_label_columns, read_label_lists, read_label_texts
from equipoise.errors import TargetError, UsageError
from equipoise.frames import build_frame


def series(values: Any, name: str = "tags") -> nw.Series[Any]:
    return build_frame({name: values})[name]


def columns(**named: Any) -> list[nw.Series[Any]]:
    return list(build_frame(named).iter_columns())


OTHER = [1, 1, 0]


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, 1],
        [1.0, 0.0, 1.0],
        [True, False, True],
        ["1", "0", "1"],
        ["1.0", "0.0", "1.0"],
        ["Yes", "no ", "YES"],
        ["true", "False", "TRUE"],
        [True, "no", 1],
        np.array([1, 0, 1], dtype=np.uint8),
        np.array(["yes", "no", "yes"], dtype=object),
    ],
)
def test_a_label_column_may_be_written_in_many_ways(values: Any) -> None:
    found = read_label_columns(columns(a=values, b=OTHER), "a,b")
    assert found.Y.dtype == np.int64
    assert found.Y.tolist() == [[1, 1], [0, 1], [1, 0]]
    assert (found.names, found.keep.all(), found.notes) == (["a", "b"], True, [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0, 2, 1], "column 'a' has '2' in row 2, and a column of a label holds 0 or 1"),
        ([-1, 1, 1], "'-1' in row 1"),
        ([0.5, 1, 1], "'0.5' in row 1"),
        ([float("inf"), 1, 1], "'inf' in row 1"),
        (["yes", "no", "maybe"], "'maybe' in row 3"),
        (["yes", "no", "ja" * 40], r"'(ja){20}' in row 3"),
        ([[1], [0], [1]], "column 'a' holds List"),
        ([dt.date(2024, 1, 1)] * 3, "column 'a' holds Date"),
    ],
)
def test_other_values_are_refused_by_column_and_row(values: Any, said: str) -> None:
    with pytest.raises(TargetError, match=said) as caught:
        read_label_columns(columns(a=values, b=OTHER), "a,b")
    assert caught.value.remedy


@pytest.mark.parametrize("gap", [None, float("nan"), "", " ", "NA"])
def test_missing_labels_are_refused_or_left_out(gap: Any) -> None:
    values = ["1", gap, "0", "1"] if isinstance(gap, str) else [1, gap, 0, 1]
    given_ = columns(a=values, b=[0, 1, 1, 0])
    with pytest.raises(TargetError, match=r"missing in 1 of 4 rows, most often 'a' \(1 row\)"):
        read_label_columns(given_, "a,b")
    found = read_label_columns(given_, "a,b", drop_missing=True)
    assert found.keep.tolist() == [True, False, True, True]
    assert found.Y.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert found.notes == ["1 row without 'a,b' was left out"]


def test_labels_that_do_not_vary_are_left_out_with_a_note() -> None:
    given_ = columns(a=[1, 0, 0, 0], b=[0] * 4, c=[1] * 4, d=[1, 1, 0, 0], e=[0] * 4)
    found = read_label_columns(given_, "*")
    assert found.names == ["a", "d"]
    assert found.Y.tolist() == [[1, 1], [0, 1], [0, 0], [0, 0]]
    assert found.notes == [
        "2 labels were left out, because no row has them: 'b', 'e'",
        "label 'c' was left out, because all rows have it",
        "2 rows have no label",
    ]
    with pytest.raises(
        TargetError, match=r"has only one label \('d'\) that.*single row has"
    ) as caught:
        read_label_columns(given_, "*", drop_rare=True)
    assert "binary task" in caught.value.remedy
    with pytest.raises(TargetError, match="has no label that some rows have"):
        read_label_columns(columns(a=[1, 1], b=[0, 0]), "a,b")


def test_rows_of_nothing_and_nothing_known() -> None:
    with pytest.raises(TargetError, match="has no rows"):
        read_label_columns(columns(a=np.empty(0), b=np.empty(0)), "a,b")
    with pytest.raises(TargetError, match="empty in all 2 rows"):
        read_label_columns(columns(a=[None, None], b=[1, 0]), "a,b", drop_missing=True)


labels = st.sampled_from(["b", "a c", "10", "9", "é", "日本", "A"])


@given(
    st.lists(st.frozensets(labels), min_size=3, max_size=12),
    st.sampled_from(["|", ";", ",", " / "]),
)
def test_lists_and_texts_lead_back_to_the_sets(sets: list[frozenset[str]], sign: str) -> None:
    texts = [sign.join(sorted(one)) for one in sets]
    try:
        by_list = read_label_lists(series([list(one) for one in sets]))
    except TargetError:
        counts = [sum(label in one for one in sets) for label in set().union(*sets)]
        assert sum(count < len(sets) for count in counts) < 2
        return
    everywhere = frozenset.intersection(*sets)
    for row, one in zip(by_list.Y, sets, strict=True):
        assert {by_list.names[j] for j in np.flatnonzero(row)} == one - everywhere
    if any(sign in text for text in texts):
        by_text = read_label_texts(series(texts), sign)
        assert (by_text.names, by_text.Y.tolist()) == (by_list.names, by_list.Y.tolist())


def test_labels_of_lists_are_in_natural_order_and_numbers_read_the_same() -> None:
    values = [["tag 10", "tag 9"], ["tag 9"], ["tag 9", "car"], []]
    assert read_label_lists(series(values)).names == ["car", "tag 9", "tag 10"]
    whole = read_label_lists(series([[3, 20], [3], [20.0], []]))
    assert whole.names == ["3", "20"]
    assert whole.Y.sum(axis=0).tolist() == [2, 2]


@pytest.mark.parametrize("make", [list, tuple, set, frozenset, np.array])
def test_lists_of_every_kind(make: Any) -> None:
    values = np.empty(3, dtype=object)
    for i, one in enumerate((["x", "y"], ["y"], ["z"])):
        values[i] = make(one)
    found = read_label_lists(series(values))
    assert (found.names, found.Y.tolist()) == (["x", "y", "z"], [[1, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_lists_of_zeros_and_ones_are_read_as_such() -> None:
    found = read_label_lists(series([[1, 0, 0], [0, 1, 1], [0, 0, 0]]))
    assert found.names == ["tags_0", "tags_1", "tags_2"]
    assert found.Y.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    # A set of two numbers is a set: a list that names none twice.
    assert read_label_lists(series([[0, 1], [1, 2], [0, 2]])).names == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([["a"], "b", ["a", "b"]], "holds lists, and 'b' in row 2"),
        ([["a", None], ["b"]], "in row 1 holds None, which is no label"),
        ([[["a"]], [["b"]]], r"in row 1 holds \['a'\], which is no label"),
        ([["a"], None, ["b"]], "missing in 1 of 3 rows"),
        ([["x" * 1001], ["b"]], "a label of 1,001 characters"),
        ([[f"l{i}"] for i in range(201)], "has 201 labels, at most 200"),
    ],
)
def test_lists_that_are_refused(values: Any, said: str) -> None:
    with pytest.raises(TargetError, match=said) as caught:
        read_label_lists(series(np.array([*values, None], dtype=object)[:-1]))
    assert caught.value.remedy


def test_200_labels_are_not_too_many_and_rare_ones_can_be_left_out() -> None:
    sets = [[f"l{i}", f"l{(i + 1) % 200}"] for i in range(200)]
    assert read_label_lists(series(sets)).Y.shape == (200, 200)
    with_rare = [*sets, *([f"rare {i}"] for i in range(9))]
    with pytest.raises(TargetError, match="209 labels") as caught:
        read_label_lists(series(with_rare))
    assert "drop_rare_classes" in caught.value.remedy
    assert len(read_label_lists(series(with_rare), drop_rare=True).names) == 200


@pytest.mark.parametrize(
    ("texts", "sign"),
    [
        (["a|b", "b", "a"], "|"),
        (["a;b", "b ; ", ";a"], ";"),
        (["a,b", "b", "a"], ","),
        (["x, y|b", "b|z", "x, y"], "|"),
    ],
)
def test_the_separator_that_most_rows_hold_is_found(texts: list[str], sign: str) -> None:
    found = read_label_texts(series(texts))
    assert found.notes[-1] == f"labels of 'tags' are read with {sign!r} between them"
    assert read_label_texts(series(texts), sign).Y.tolist() == found.Y.tolist()


def test_texts_without_labels_and_missing_texts() -> None:
    found = read_label_texts(series(["a|b", "", "|", " b "]))
    assert found.Y.tolist() == [[1, 1], [0, 0], [0, 0], [0, 1]]
    assert "2 rows have no label" in found.notes
    with pytest.raises(TargetError, match="missing in 1 of 3 rows") as caught:
        read_label_texts(series(["a|b", None, "b"]))
    assert "write '|' where a row has no label" in caught.value.remedy
    with pytest.raises(TargetError, match=r"no row of column 'tags' holds '\|' or ';' or ','"):
        read_label_texts(series(["a", "b"]))
    with pytest.raises(TargetError, match="no row of column 'tags' holds '#'"):
        read_label_texts(series(["a|b", "b"]), "#")
    with pytest.raises(TargetError, match="empty in all 2 rows"):
        read_label_texts(series([None, None]))
    for wrong in ("", 5):
        with pytest.raises(UsageError, match="cannot be used"):
            read_label_texts(series(["a|b", "b"]), wrong)  # type: ignore[arg-type]


def test_labels_that_look_alike_are_noted() -> None:
    notes = read_label_texts(series(["Red|big", "red", "big"])).notes
    assert any("labels 'Red', 'red' of 'tags' differ only in case" in note for note in notes)
