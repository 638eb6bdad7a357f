"""Folds, against the properties that define them."""

from __future__ import annotations

import time as clock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.folds import make_folds
from equipoise.data.splits import FoldPlan
from equipoise.errors import DataError, TargetError, UsageError


@st.composite
def targets(draw: st.DrawFn) -> np.ndarray:
    """Shuffled codes of 2 to 5 classes with 2 to 40 rows each."""
    counts = draw(st.lists(st.integers(2, 40), min_size=2, max_size=5))
    y = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(y)


@st.composite
def grouped(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    y = draw(targets())
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    spread = draw(st.sampled_from([2, 5, 20, 100]))
    return y, rng.integers(0, spread, len(y)) * draw(st.sampled_from([1, -7]))


def assert_partition(plan: FoldPlan, n: int) -> None:
    """Every row is tested once in each repeat, and trained on whenever it is not tested."""
    assert len(plan.splits) == plan.folds * plan.repeats
    for repeat in range(plan.repeats):
        mine = [split for split in plan.splits if split.repeat == repeat]
        assert [split.fold for split in mine] == list(range(plan.folds))
        tested = np.concatenate([split.test for split in mine])
        assert sorted(tested.tolist()) == list(range(n))
        for split in mine:
            assert split.train.dtype == split.test.dtype == np.int64
            assert sorted([*split.train.tolist(), *split.test.tolist()]) == list(range(n))
            assert (np.diff(split.test) > 0).all()
            assert (np.diff(split.train) > 0).all()


@given(targets(), st.integers(2, 7), st.integers(1, 3), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_plain_folds_share_every_class_to_within_one_row(
    y: np.ndarray, folds: int, repeats: int, seed: int
) -> None:
    plan = make_folds(y, folds=folds, repeats=repeats, seed=seed)
    assert_partition(plan, len(y))
    assert plan.folds == min(folds, np.bincount(y).min())
    assert plan.scheme == "stratified"
    sizes = [len(split.test) for split in plan.splits]
    assert max(sizes) - min(sizes) <= 1
    for split in plan.splits:
        off = np.bincount(y[split.test], minlength=y.max() + 1) - np.bincount(y) / plan.folds
        assert (np.abs(off) < 1).all()
    if plan.folds < folds:
        assert f"{plan.folds} folds instead of {folds}" in plan.notes[0]


@given(grouped(), st.integers(2, 6), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_no_group_is_on_two_sides(
    case: tuple[np.ndarray, np.ndarray], folds: int, seed: int
) -> None:
    y, groups = case
    try:
        plan = make_folds(y, groups, folds=folds, repeats=2, seed=seed)
    except TargetError:
        # Refused only where leaving out one group leaves one class.
        assert any(len(np.unique(y[groups != group])) < 2 for group in np.unique(groups))
        return
    assert_partition(plan, len(y))
    for split in plan.splits:
        assert not set(groups[split.train]) & set(groups[split.test])
    # A fold lacks a class only if a note names that class, or folds could not be fewer.
    for c in np.unique(y):
        if any((y[split.test] != c).all() for split in plan.splits):
            lone = len(np.unique(groups[y == c])) == 1
            assert plan.folds == 2 or lone
            assert any(f"class {c}" in note for note in plan.notes)


@given(grouped())
@settings(max_examples=30, deadline=None)
def test_groups_of_one_row_are_no_groups(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, _ = case
    plain, alone = make_folds(y, folds=3), make_folds(y, np.arange(len(y)) * 3, folds=3)
    assert alone.scheme == "stratified"
    for a, b in zip(plain.splits, alone.splits, strict=True):
        np.testing.assert_array_equal(a.test, b.test)


def test_many_small_groups_are_spread_as_evenly_as_rows() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(3000) < 0.05).astype(int)
    groups = rng.integers(0, 1200, 3000)
    plan = make_folds(y, groups, folds=5)
    positives = [int(y[split.test].sum()) for split in plan.splits]
    assert max(positives) - min(positives) <= 1
    sizes = [len(split.test) for split in plan.splits]
    assert max(sizes) - min(sizes) <= 3
    assert plan.notes == []


def test_groups_are_dealt_no_worse_than_one_by_one() -> None:
    """The bulk deal keeps the class shares at least as level as scikit-learn's greedy one, over several draws."""
    from sklearn.model_selection import StratifiedGroupKFold

    ours, theirs = [], []
    for draw in range(10):
        rng = np.random.default_rng(draw)
        y = rng.choice(3, 400, p=[0.8, 0.15, 0.05])
        groups = rng.zipf(1.8, 400) % 60
        plan = make_folds(y, groups, folds=4, seed=draw)
        peer = StratifiedGroupKFold(4).split(y, y, groups)
        for tests, into in (
            ([s.test for s in plan.splits], ours),
            ([test for _, test in peer], theirs),
        ):
            shares = np.stack([np.bincount(y[test], minlength=3) for test in tests]) / np.bincount(
                y
            )
            into.append(shares.std(axis=0).mean())
    assert np.mean(ours) <= np.mean(theirs) * 1.05


def test_same_seed_same_folds_and_other_seed_or_repeat_other_folds() -> None:
    y = np.repeat([0, 1], [60, 20])
    groups = np.arange(80) // 2
    one, two = (make_folds(y, groups, repeats=2, seed=4) for _ in range(2))
    for a, b in zip(one.splits, two.splits, strict=True):
        np.testing.assert_array_equal(a.test, b.test)
    assert (one.splits[0].test.tolist()) != one.splits[5].test.tolist()
    assert one.splits[0].test.tolist() != make_folds(y, groups, seed=5).splits[0].test.tolist()


def test_the_first_repeat_does_not_depend_on_their_number() -> None:
    y = np.repeat([0, 1], [60, 20])
    np.testing.assert_array_equal(
        make_folds(y).splits[2].test, make_folds(y, repeats=3).splits[2].test
    )


def test_folds_are_named_in_the_note_with_class_and_count() -> None:
    plan = make_folds(np.repeat([0, 1], [30, 3]), folds=5, labels=["ham", "spam"])
    assert plan.folds == 3
    assert plan.notes == [
        "class 'spam' has 3 rows: 3 folds instead of 5, and what is said of that class rests on very little"
    ]


def test_groups_of_a_class_limit_the_folds() -> None:
    y = np.repeat([0, 1], [40, 12])
    groups = np.append(np.arange(40), 100 + np.arange(12) // 4)
    plan = make_folds(y, groups, folds=5, kept="duplicates")
    assert plan.folds == 3
    assert plan.scheme == "stratified, duplicates kept together"
    assert (
        "12 rows in 3 groups (duplicates are kept together): 3 folds instead of 5" in plan.notes[0]
    )


def test_a_group_with_most_of_a_class_is_noted() -> None:
    y = np.repeat([0, 1], [200, 50])
    groups = np.arange(250)
    groups[200:240] = 999
    plan = make_folds(y, groups, folds=5, labels=["no", "yes"])
    assert_partition(plan, 250)
    assert "class 'yes' could not be spread evenly" in plan.notes[0]
    assert "largest holds 40 of its 50 rows" in plan.notes[0]


def test_a_class_in_one_group_is_noted_among_several_classes_and_refused_among_two() -> None:
    y = np.repeat([0, 1, 2], [40, 40, 6])
    groups = np.arange(86)
    groups[80:] = 999
    plan = make_folds(y, groups, labels=["a", "b", "c"])
    assert plan.folds == 5
    assert "class 'c': all 6 rows are in one group" in plan.notes[0]
    with pytest.raises(TargetError, match="all rows of class 'c' are in one group"):
        make_folds(np.where(y == 2, 1, 0), groups, labels=["ab", "c"])


def test_a_class_of_one_row_is_refused_with_the_remedy() -> None:
    with pytest.raises(TargetError, match=r"class 'c' has 1 row.*--drop-rare-classes"):
        make_folds(np.array([0, 0, 1, 1, 2]), labels=["a", "b", "c"])


@pytest.mark.parametrize(
    ("name", "value"), [("folds", 1), ("folds", 2.5), ("repeats", 0), ("seed", -1), ("folds", True)]
)
def test_unusable_numbers_are_named(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{name}={value}"):
        make_folds(np.array([0, 0, 1, 1]), **{name: value})  # type: ignore[arg-type]


def test_one_class_is_refused() -> None:
    with pytest.raises(TargetError, match="one class only"):
        make_folds(np.zeros(10, dtype=int))


@given(
    grouped(), st.integers(2, 5), st.sampled_from([3, 10, 1000]), st.booleans(), st.integers(0, 50)
)
@settings(max_examples=150, deadline=None)
def test_time_runs_forward(
    case: tuple[np.ndarray, np.ndarray], folds: int, moments: int, with_groups: bool, seed: int
) -> None:
    y, groups = case
    time = np.random.default_rng(seed).integers(0, moments, len(y)).astype(float)
    try:
        plan = make_folds(y, groups if with_groups else None, time, folds=folds, repeats=2)
    except (TargetError, DataError):
        return
    assert plan.repeats == 1
    assert len(plan.splits) == plan.folds <= folds
    tested = np.concatenate([split.test for split in plan.splits])
    assert len(np.unique(tested)) == len(tested)
    for split in plan.splits:
        assert time[split.train].max() < time[split.test].min()
        assert len(np.unique(y[split.train])) >= 2
        if with_groups:
            assert not set(groups[split.train]) & set(groups[split.test])
            # No more than the groups that are tested was purged.
            earlier = np.flatnonzero(time < time[split.test].min())
            purged = np.setdiff1d(earlier, split.train)
            assert set(groups[purged]) <= set(groups[split.test])
        else:
            assert len(split.train) == (time < time[split.test].min()).sum()
    latest = max(plan.splits, key=lambda split: split.fold)
    assert time[latest.test].max() == time.max()


def test_time_takes_dates_and_texts_alike() -> None:
    y = np.tile([0, 0, 0, 1], 15)
    days = np.arange(60)
    dates = np.datetime64("2024-01-01") + days
    plans = [
        make_folds(y, time=time) for time in (days, dates, dates.astype(str), dates.astype(object))
    ]
    for plan in plans:
        assert plan.scheme == "forward in time"
        assert [split.test.tolist() for split in plan.splits] == [
            list(range(10 * k, 10 * k + 10)) for k in range(1, 6)
        ]


def test_cuts_move_to_where_the_rare_class_is() -> None:
    y = np.zeros(100, dtype=int)
    y[[3, 5, 12, 14, 16, 18]] = 1
    plan = make_folds(y, time=np.arange(100), folds=2)
    assert plan.folds == 2
    assert all(y[split.test].any() and y[split.train].any() for split in plan.splits)
    assert "the cuts in time are placed" in plan.notes[0]


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (np.array([1.0, np.nan, 3.0, 4.0]), "missing in 1 of 4 rows"),
        (
            np.array(["2024-01-01", "NaT", "2024-01-03", "2024-01-04"], dtype="datetime64[D]"),
            "missing in 1 of 4",
        ),
        (np.array(["a", None, "b", "c"], dtype=object), "missing in 1 of 4"),
        (np.array(["a", 1, "b", 2], dtype=object), "different kinds"),
        (np.ones(4), "all rows have the same time"),
    ],
)
def test_unusable_times_are_refused(time: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make_folds(np.array([0, 1, 0, 1]), time=time)


def test_a_class_that_begins_last_is_refused_with_its_first_time() -> None:
    y = np.repeat([0, 1], [50, 5])
    time = np.minimum(np.arange(55), 50)
    with pytest.raises(TargetError, match="class 'b' begins at 50"):
        make_folds(y, time=time, labels=["a", "b"])


def test_large_data_take_a_second() -> None:
    rng = np.random.default_rng(0)
    n = 284_807
    y = (rng.random(n) < 0.0017).astype(int)
    groups = rng.integers(0, 100_000, n)
    begin = clock.perf_counter()
    plan = make_folds(y, groups)
    assert clock.perf_counter() - begin < 5  # about 0.3 s when nothing else runs
    positives = [int(y[split.test].sum()) for split in plan.splits]
    assert max(positives) - min(positives) <= 2
