"""Copies among rows, against comparison of every pair."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.duplicates import duplicate_groups, find_duplicates, merge_groups, text_key
from equipoise.data.folds import make_folds


def rows_of(numbers: object = None, codes: object = None, texts: object = ()) -> SimpleNamespace:
    columns = [np.array(text, dtype=object) for text in texts]
    n = len(numbers if numbers is not None else codes if codes is not None else columns[0])
    return SimpleNamespace(
        numbers=np.array(numbers, dtype=float).reshape(n, -1)
        if numbers is not None
        else np.empty((n, 0)),
        codes=np.array(codes, dtype=np.int32).reshape(n, -1)
        if codes is not None
        else np.empty((n, 0), np.int32),
        texts=columns,
    )


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two groupings put the same pairs together."""
    return bool(((a[:, None] == a[None]) == (b[:, None] == b[None])).all())


@st.composite
def tables(draw: st.DrawFn) -> SimpleNamespace:
    """Small tables from few values, so that copies abound; wide enough that copies are not bound to occur."""
    n = draw(st.integers(1, 25))
    numbers = st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf"), -float("inf")])
    texts = st.sampled_from(["", "Win 5", "WIN 6!", "55", " 55", "66", ":-)", "win"])
    p, q, t = draw(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)).filter(
            lambda w: sum(w) > 0
        )
    )
    column = lambda kind: st.lists(kind, min_size=n, max_size=n)  # noqa: E731
    return rows_of(
        np.array([draw(column(numbers)) for _ in range(p)]).reshape(p, n).T,
        np.array([draw(column(st.integers(-1, 2))) for _ in range(q)]).reshape(q, n).T,
        [draw(column(texts)) for _ in range(t)],
    )


def is_copy(table: SimpleNamespace, i: int, j: int) -> bool:
    numbers = all(
        a == b or (a != a and b != b)
        for a, b in zip(table.numbers[i], table.numbers[j], strict=True)
    )
    texts = all(text_key(text[i]) == text_key(text[j]) for text in table.texts)
    return numbers and texts and (table.codes[i] == table.codes[j]).all()


def is_empty(table: SimpleNamespace, i: int) -> bool:
    return bool(
        np.isnan(table.numbers[i]).all()
        and (table.codes[i] < 0).all()
        and all(t[i] == "" for t in table.texts)
    )


@given(tables())
@settings(max_examples=300, deadline=None)
def test_every_pair_of_copies_is_found(table: SimpleNamespace) -> None:
    found = find_duplicates(table)
    n = len(table.numbers)
    pairs = np.array(
        [
            [i == j or (is_copy(table, i, j) and not is_empty(table, i)) for j in range(n)]
            for i in range(n)
        ]
    )
    first_of_kind = [not pairs[i, :i].any() for i in range(n)]
    assert found.rows == n - sum(first_of_kind)
    assert found.clusters == sum(first_of_kind[i] and pairs[i].sum() > 1 for i in range(n))
    if not found.notes:
        np.testing.assert_array_equal(found.groups[:, None] == found.groups[None], pairs)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=25))
@settings(deadline=None)
def test_merged_groups_are_what_a_walk_along_shared_groups_reaches(
    rows: list[tuple[int, int]],
) -> None:
    a, b = np.array(rows).T
    reach = (a[:, None] == a[None]) | (b[:, None] == b[None])
    for _ in rows:
        reach = (reach.astype(int) @ reach) > 0
    merged = merge_groups(a, b)
    assert merged is not None
    np.testing.assert_array_equal(merged[:, None] == merged[None], reach)


def test_merging_with_no_grouping_keeps_the_other() -> None:
    groups = np.array(["b", "a", "b"])
    for merged in (merge_groups(groups, None), merge_groups(None, groups)):
        assert merged is not None
        assert merged.tolist() == [0, 1, 0]
    assert merge_groups(None, None) is None


def test_conflicting_labels_do_not_part_copies() -> None:
    table = rows_of([[1.25, 7.0], [2.5, 3.0], [1.25, 7.0], [9.0, 1.0]])
    assert duplicate_groups(table, np.array([0, 0, 1, 1])).tolist() == [0, 1, 0, 2]


def test_text_of_no_letters_is_compared_by_digits_then_as_it_is() -> None:
    table = rows_of(texts=[["0800-111", "0800 111", "0800 222", ":-)", ":-(", "Ça va?", "ÇA VA 2"]])
    assert duplicate_groups(table).tolist() == [0, 0, 1, 2, 3, 4, 4]


def test_repeats_that_must_happen_are_separate_cases() -> None:
    rng = np.random.default_rng(0)
    table = rows_of(codes=rng.integers(0, 2, (200, 3)))
    found = find_duplicates(table)
    assert len(np.unique(found.groups)) == 200
    assert found.rows == 192
    assert "rows must repeat (200 rows, 8 different ones)" in found.notes[0]


def test_one_hot_columns_count_as_the_column_they_stand_for() -> None:
    level = np.random.default_rng(0).integers(0, 12, 200)
    found = find_duplicates(rows_of(np.eye(12)[level]))
    assert len(np.unique(found.groups)) == 200
    # Twelve independent columns could take 4,096 combinations: their repeats are copies.
    free = np.random.default_rng(0).integers(0, 2, (200, 12))
    free[100:] = free[:100]
    assert len(np.unique(find_duplicates(rows_of(free)).groups)) <= 100


def test_a_common_reading_is_no_copy_but_a_row_copied_up_is() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(500, 2))
    numbers[:100] = [0.0, 0.0]
    y = np.repeat([0, 1], [400, 100])
    found = find_duplicates(rows_of(numbers), y)
    assert len(np.unique(found.groups)) == 500
    assert (found.rows, found.grouped) == (99, 0)
    assert "100 rows (20%) share one combination" in found.notes[0]
    # Three rows of a rare class, copied up before the split to balance it.
    numbers[400:] = numbers[400:403][np.arange(100) % 3]
    numbers[:100] = rng.normal(size=(100, 2))
    numbers[403:480] = numbers[400]
    assert find_duplicates(rows_of(numbers), y).grouped == 97
    groups = duplicate_groups(rows_of(numbers), y)
    assert len(np.unique(groups[400:])) == 3


def test_data_oversampled_before_the_split_never_meet_their_copies() -> None:
    rng = np.random.default_rng(1)
    numbers = np.append(
        rng.normal(size=(300, 4)),
        rng.normal(1.0, 1.0, size=(20, 4))[rng.integers(0, 20, 300)],
        axis=0,
    )
    y = np.repeat([0, 1], 300)
    groups = duplicate_groups(rows_of(numbers), y)
    for split in make_folds(y, groups).splits:
        train = {tuple(row) for row in numbers[split.train]}
        assert not train & {tuple(row) for row in numbers[split.test]}


def table_of(
    path: Path, target: str, texts: tuple[str, ...] = ()
) -> tuple[SimpleNamespace, np.ndarray]:
    frame = pl.read_parquet(path)
    numbers, codes, words = [], [], []
    for name in frame.columns:
        column = frame[name]
        if name in texts:
            words.append(column.fill_null("").to_numpy())
        elif name != target and column.dtype.is_numeric():
            numbers.append(column.cast(pl.Float64).to_numpy())
        elif name != target:
            codes.append(column.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1)
    return rows_of(
        np.array(numbers).T if numbers else np.empty((len(frame), 0)),
        np.array(codes).T if codes else np.empty((len(frame), 0)),
        words,
    ), (np.unique(frame[target].to_numpy(), return_inverse=True)[1])


def test_counts_of_sms_spam(shared_data: Path) -> None:
    table, y = table_of(shared_data / "sms_spam.parquet", "label", ("text",))
    found = find_duplicates(table, y)
    assert found.rows == 487
    assert len(table.texts[0]) - len(set(table.texts[0])) == 403
    exact = np.unique(table.texts[0].astype(str), return_inverse=True)[1]
    assert same(merge_groups(exact, found.groups)[:500], found.groups[:500])  # type: ignore[index]


def test_counts_of_mammography(shared_data: Path) -> None:
    """3,335 rows repeat the features of another, 3,334 its label too; nearly all are one common reading."""
    table, y = table_of(shared_data / "tab_mammography.parquet", "target")
    found = find_duplicates(table, y)
    assert found.rows == 3335
    assert len(y) - len(np.unique(np.column_stack([table.numbers, y]), axis=0)) == 3334
    assert "3,329 rows (30%) share one combination" in found.notes[0]
    assert np.bincount(found.groups).max() == 5


def test_counts_and_speed_of_creditcard(shared_data: Path) -> None:
    table, y = table_of(shared_data / "creditcard_fraud.parquet", "Class")
    begin = time.perf_counter()
    found = find_duplicates(table, y)
    assert time.perf_counter() - begin < 6  # about 0.8 s when nothing else runs
    assert found.rows == 1081
    assert y[np.unique(found.groups, return_index=True)[1]].sum() == 492 - 19


@pytest.mark.parametrize("width", [1, 3])
def test_rows_without_any_value_are_no_copies(width: int) -> None:
    table = rows_of(np.full((6, width), np.nan), texts=[[""] * 5 + ["word"]])
    assert duplicate_groups(table).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_table_without_features_has_no_copies() -> None:
    assert duplicate_groups(rows_of(np.empty((4, 0)))).tolist() == [0, 1, 2, 3]
