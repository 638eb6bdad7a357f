"""Folds for sets of labels and for numbers: fair shares, whole groups, the same seed the same folds."""

from __future__ import annotations

import time as clock
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.folds import FoldPlan, make_folds
from equipoise.data.label_dealing import deal_labels, spread
from equipoise.data.strata import number_strata, strata_of
from equipoise.errors import TargetError


def draw(n: int, L: int, share: float, seed: int = 0) -> np.ndarray:
    """Labels that come together, some of them rare."""
    rng = np.random.default_rng(seed)
    shares = rng.random(L) * 2 * share * np.exp(rng.normal(size=(n, 1)) - 0.5)
    return (rng.random((n, L)) < shares).astype(np.int64)


def plain_spread(has: np.ndarray, need: np.ndarray, order: list[int]) -> list[int]:
    """Iterative stratification, one row at a time, from its description."""
    folds, L = len(need), has.shape[1]
    lacking = [[int(need[k, j]) for j in range(L + 1)] for k in range(folds)]
    whole = [max(sum(lacking[k][j] for k in range(folds)), 1) for j in range(L + 1)]
    fold = [-1] * len(has)
    while -1 in fold:
        left = [sum(bool(has[i, j]) for i in range(len(has)) if fold[i] < 0) for j in range(L)]
        if any(left):
            label = min((j for j in range(L) if left[j]), key=lambda j: left[j])
            rows = [i for i in range(len(has)) if fold[i] < 0 and has[i, label]]
        else:
            label, rows = L, [i for i in range(len(has)) if fold[i] < 0]
        for i in rows:
            mine = [j for j in range(L) if has[i, j]] + [L]
            key = {
                k: (lacking[k][label], sum(lacking[k][j] * (1.0 / whole[j]) for j in mine))
                for k in range(folds)
            }
            best = max(order, key=lambda k: key[k])
            fold[i] = best
            for j in mine:
                lacking[best][j] -= folds
    return fold


@given(st.integers(1, 40), st.integers(1, 5), st.integers(2, 5), st.integers(0, 99))
def test_rows_go_where_the_plain_loop_puts_them(n: int, L: int, folds: int, seed: int) -> None:
    has = draw(n, L, 0.3, seed).astype(bool)
    content = np.column_stack([has, np.ones(n, dtype=bool)]).astype(np.int64)
    held = np.random.default_rng(seed).integers(0, 3, (folds, L + 1))
    need = content.sum(axis=0) + held.sum(axis=0) - folds * held
    order = np.random.default_rng(seed).permutation(folds).tolist()
    found = spread(has, need.copy(), np.random.default_rng(seed))
    assert found.tolist() == plain_spread(has, need, order)


def off(Y: np.ndarray, plan: FoldPlan) -> np.ndarray:
    counts = np.stack([Y[split.test].sum(axis=0) for split in plan.splits])
    return np.abs(counts - Y.sum(axis=0) / plan.folds)


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
@pytest.mark.parametrize(("n", "L", "share"), [(500, 10, 0.2), (2000, 20, 0.1), (200, 6, 0.5)])
def test_each_fold_has_its_share_of_labels_and_rows(
    n: int, L: int, share: float, folds: int
) -> None:
    Y = draw(n, L, share)
    plan = make_folds(Y, folds=folds)
    assert plan.scheme == "stratified by labels"
    assert sorted(np.concatenate([split.test for split in plan.splits])) == list(range(n))
    sizes = [len(split.test) for split in plan.splits]
    assert max(sizes) - min(sizes) <= 1
    assert off(Y, plan).max() < 2.0
    # Shuffled folds are off by the square root of a count.
    assert off(Y, plan).mean() < 0.5


def test_exclusive_labels_are_dealt_as_classes_are() -> None:
    y = np.random.default_rng(0).choice(4, 203, p=[0.6, 0.3, 0.07, 0.03])
    assert off(np.eye(4, dtype=np.int64)[y], make_folds(np.eye(4, dtype=np.int64)[y])).max() < 1


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 4))
def test_groups_stay_whole_and_every_row_is_tested_once(seed: int, folds: int, L: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 80))
    groups = rng.integers(0, n // 2, n)
    Y, y = draw(n, L, 0.4, seed), np.round(rng.exponential(size=n), 1)
    for target in (Y, y):
        try:
            plan = make_folds(target, groups, folds=folds, seed=seed)
        except TargetError:
            assert (Y.sum(axis=0) <= n // 3).any() or (Y.sum(axis=0) >= n - n // 3).any()
            continue
        tested = np.concatenate([split.test for split in plan.splits])
        assert sorted(tested) == list(range(n))
        for split in plan.splits:
            assert len(split.test)
            assert not set(groups[split.train]) & set(groups[split.test])
            assert sorted([*split.train, *split.test]) == list(range(n))
        again = make_folds(target, groups, folds=folds, seed=seed)
        for one, two in zip(plan.splits, again.splits, strict=True):
            assert one.test.tolist() == two.test.tolist()


def test_single_rows_make_up_for_groups() -> None:
    Y = draw(600, 5, 0.2)
    groups = np.where(np.arange(600) < 200, np.arange(600) // 20, np.arange(600))
    plan = make_folds(Y, groups)
    assert plan.scheme == "stratified by labels, groups kept together"
    assert off(Y, plan).max() < 2.0
    assert not any("spread evenly" in note for note in plan.notes)
    assert len({len(split.test) for split in plan.splits}) == 1


def test_seeds_and_repeats_differ() -> None:
    Y, y = draw(300, 4, 0.2), np.random.default_rng(0).normal(size=300)
    for target in (Y, y):
        plan = make_folds(target, repeats=2, seed=1)
        tests = [tuple(split.test) for split in plan.splits]
        assert len(set(tests)) == 10
        assert tests != [
            tuple(split.test) for split in make_folds(target, repeats=2, seed=2).splits
        ]


def test_scarce_labels_are_noted_and_do_not_cost_folds() -> None:
    Y = np.zeros((100, 7), dtype=np.int64)
    Y[:, :3] = np.arange(100)[:, None] % [2, 3, 5] == 0
    Y[[5, 50, 70], 3] = 1
    Y[7, 4] = 1
    Y[20:30, 5] = 1
    groups = np.arange(100)
    groups[20:30] = 20
    plan = make_folds(Y, groups, labels=list("abcdefg"), kept="duplicates")
    assert plan.folds == 5
    assert plan.notes == [
        "label 'd' has 3 rows: some of the 5 folds test without it",
        "label 'e' has 1 row: it is tested in one fold only, by models that have seen none of it",
        "label 'f': all 10 rows are in one group (duplicates are kept together), so it is tested in one fold only, "
        "by models that have seen none of it",
    ]
    large = np.repeat(np.arange(8), [50, 5, 5, 5, 5, 5, 5, 20])
    notes = make_folds(draw(100, 2, 0.4), large, labels=["a", "b"], folds=3).notes
    assert any("rows could not be spread evenly: " in note for note in notes)


def test_too_few_units() -> None:
    Y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    plan = make_folds(Y, folds=8)
    assert (plan.folds, plan.notes[0]) == (4, "there are 4 rows: 4 folds instead of 8")
    numbers = make_folds(np.arange(6.0), np.array([0, 0, 1, 1, 2, 2]), folds=5)
    assert numbers.folds == 3
    assert numbers.notes[0].startswith("there are 3 groups (groups are kept together): 3 folds")
    for target in (Y, np.arange(4.0)):
        with pytest.raises(TargetError, match="all 4 rows are in one group"):
            make_folds(target, np.zeros(4))
    for flat in (np.zeros((9, 2), dtype=int), np.ones((9, 2), dtype=int)):
        with pytest.raises(TargetError, match="no label is there in some rows"):
            make_folds(flat)
    with pytest.raises(TargetError, match="one value only"):
        make_folds(np.full(9, 2.5))
    with pytest.raises(TargetError, match="only one value of the target is left"):
        make_folds(np.array([1.0, 2.0]), folds=2)


def test_time_splits_forward() -> None:
    Y = draw(120, 3, 0.3)
    Y[:, 2] = 0
    Y[100:105, 2] = 1
    y = np.random.default_rng(0).normal(size=120)
    days = np.arange(120) // 2
    plan = make_folds(Y, None, days, labels=["a", "b", "late"])
    assert (plan.scheme, plan.folds) == ("forward in time", 5)
    assert plan.notes[-1].startswith("label 'late' does not occur in every stretch of time: ")
    for one in (plan, make_folds(y, None, days, repeats=3)):
        for split in one.splits:
            assert days[split.train].max() < days[split.test].min()
    groups = np.arange(120) % 60
    for split in make_folds(y, groups, days).splits:
        assert not set(groups[split.train]) & set(groups[split.test])
    with pytest.raises(TargetError, match="no cut in time leaves two different numbers"):
        make_folds(np.array([1.0, 1.0, 2.0]), None, np.array([0, 0, 1]))
    with pytest.raises(TargetError, match="no cut in time leaves rows with and without"):
        make_folds(np.array([[1], [1], [0]]), None, np.array([0, 0, 1]))


@given(
    st.lists(st.floats(-1e90, 1e90) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=60),
    st.integers(1, 20),
)
def test_ranges_keep_order_and_ties(values: list[float], bins: int) -> None:
    y = np.array(values)
    found = number_strata(y, bins)
    assert found.max() < bins
    assert set(found) == set(range(found.max() + 1))
    order = np.argsort(y, kind="stable")
    steps = np.diff(found[order])
    assert (steps >= 0).all()
    assert (steps[np.diff(y[order]) == 0] == 0).all()
    if len(set(values)) == len(values) and len(values) >= bins:
        assert np.bincount(found, minlength=bins).max() <= -(-len(values) // bins)


def test_ranges_of_numbers_are_spread_evenly() -> None:
    rng = np.random.default_rng(0)
    y = np.where(rng.random(1000) < 0.4, 0.0, rng.lognormal(3, 2, 1000))
    plan = make_folds(y, folds=5)
    assert plan.scheme == "stratified by ranges of the target"
    bins = number_strata(y, 20)
    for split in plan.splits:
        assert len(split.test) == 200
        assert abs(int((y[split.test] == 0).sum()) - (y == 0).sum() / 5) < 1
        assert abs(int((bins[split.test] == bins.max()).sum()) - (bins == bins.max()).sum() / 5) < 1
    small = make_folds(y[:11], folds=8)
    assert sorted(len(split.test) for split in small.splits) == [1] * 5 + [2] * 3
    uneven = make_folds(y, np.minimum(np.arange(1000), 400), folds=5).notes
    assert any(note.startswith("rows could not be spread evenly") for note in uneven)


def test_strata_of_every_form() -> None:
    assert strata_of(np.array([2, 0, 1])).tolist() == [2, 0, 1]
    Y = draw(50, 9, 0.3)
    kinds = strata_of(Y)
    for i in range(50):
        assert ((kinds == kinds[i]) == (Y[i] == Y).all(axis=1)).all()
    assert len(set(strata_of(np.arange(100.0)))) == 20


def test_goemotions_is_dealt_to_within_a_row(shared_data: Path) -> None:
    frame = pl.read_parquet(shared_data / "goemotions.parquet")
    Y = frame.select(frame.columns[3:]).to_numpy().astype(np.int64)
    start = clock.process_time()
    fold = deal_labels(Y, None, 5, np.random.default_rng(0))
    assert clock.process_time() - start < 6
    counts = np.stack([Y[fold == k].sum(axis=0) for k in range(5)])
    assert np.abs(counts - Y.sum(axis=0) / 5).max() < 1
    assert np.ptp(np.bincount(fold)) <= 5
