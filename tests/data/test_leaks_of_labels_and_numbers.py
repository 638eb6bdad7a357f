"""Columns that give a label or a number away are found, honest ones are not."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from equipoise.data.dataset import load_dataset
from equipoise.data.duplicates import find_duplicates
from equipoise.data.leaks import Leak, find_leaks

RNG = np.random.default_rng(0)
N = 600
NOISE = RNG.normal(size=(N, 3))
COST = np.where(RNG.random(N) < 0.3, 0.0, RNG.lognormal(3, 2, N).round(2))
LABELS = (RNG.random((N, 4)) < [0.3, 0.05, 0.5, 0.01]).astype(np.int64)


def table(codes: np.ndarray | None = None, **numbers: np.ndarray) -> SimpleNamespace:
    codes = np.empty((N, 0), np.int32) if codes is None else codes
    return SimpleNamespace(
        numbers=np.column_stack([NOISE, *numbers.values()]),
        number_names=["n0", "n1", "n2", *numbers],
        codes=codes,
        category_names=[f"c{j}" for j in range(codes.shape[1])],
        texts=[],
    )


def only(leaks: list[Leak]) -> Leak:
    assert len(leaks) == 1, leaks
    return leaks[0]


def test_noise_gives_nothing_away() -> None:
    codes = RNG.integers(0, 40, (N, 1)).astype(np.int32)
    assert find_leaks(table(codes), LABELS) == []
    assert find_leaks(table(codes), COST) == []
    assert find_leaks(table(codes), RNG.normal(size=N)) == []


def test_a_column_that_gives_one_label_away() -> None:
    hint = np.where(LABELS[:, 1] == 1, RNG.normal(9, 1, N), RNG.normal(0, 1, N))
    found = only(find_leaks(table(hint=hint), LABELS, labels=["a", "b", "c", "d"]))
    assert (found.column, found.score) == ("hint", 1.0)
    assert found.why.startswith("tells label 'b' apart almost perfectly by itself")
    # The same as of a target of two classes.
    two = only(find_leaks(table(hint=hint), LABELS[:, 1]))
    assert (two.column, two.score) == (found.column, found.score)


def test_a_code_that_gives_several_labels_away() -> None:
    codes = (LABELS[:, 0] + 2 * LABELS[:, 2])[:, None].astype(np.int32)
    found = only(find_leaks(table(codes), LABELS))
    assert found.column == "c0"
    assert "and 1 other label nearly as well" in found.why


def test_a_label_with_few_rows_is_left_out_of_account() -> None:
    assert 0 < LABELS[:, 3].sum() < 10
    assert find_leaks(table(hint=LABELS[:, 3].astype(float)), LABELS) == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda y: y, "is the target itself on another scale"),
        (lambda y: 7 - 2.5e-3 * y, "is the target itself on another scale"),
        (lambda y: 1e-200 * y, "is the target itself on another scale"),
        (lambda y: np.log1p(y), "follows the target almost perfectly (rank correlation 1.000)"),
        (lambda y: -np.sqrt(y), "follows the target almost perfectly (rank correlation -1.000)"),
        (
            lambda y: np.where(y > 0, np.log(np.maximum(y, 1e-9)), np.nan),
            "follows the target almost perfectly where it is known (68% of the rows)",
        ),
        (
            lambda y: np.where(RNG.random(N) < 0.5, y, RNG.lognormal(3, 2, N)),
            "of the rows, common numbers left out",
        ),
        (lambda y: (y > 0).astype(float), "tells the rows with 0 from all others"),
    ],
)
def test_columns_that_give_a_number_away(make: object, said: str) -> None:
    found = only(find_leaks(table(hint=make(COST)), COST))  # type: ignore[operator]
    assert found.column == "hint"
    assert said in found.why
    assert 0.1 < found.score <= 1.0
    assert found.why.endswith("is it known before the outcome is?")


def test_a_bent_column_and_a_category_give_a_number_away() -> None:
    y = RNG.normal(size=N)
    bent = np.where(RNG.random(N) < 0.5, 1, -1) * (y - y.min())
    assert "of the variance of ranks by itself" in only(find_leaks(table(bent=bent), y)).why
    parts = np.searchsorted(np.quantile(y, np.linspace(0, 1, 30)), y).astype(np.int32)
    assert only(find_leaks(table(parts[:, None]), y)).column == "c0"
    good = y + RNG.normal(size=N) * 0.35
    assert "far more than any other column" in only(find_leaks(table(good=good), y)).why
    fair = y + RNG.normal(size=N)
    assert find_leaks(table(fair=fair), y) == []


def test_small_counts_that_agree_by_chance_are_no_leak() -> None:
    visits, days = RNG.poisson(2, (2, N)).astype(float)
    assert find_leaks(table(days=days), visits) == []


def test_too_little_to_judge() -> None:
    few = SimpleNamespace(
        numbers=np.arange(12.0)[:, None],
        number_names=["x"],
        codes=np.empty((12, 0)),
        category_names=[],
    )
    assert find_leaks(few, np.arange(12.0)) == []
    nothing = SimpleNamespace(
        numbers=np.empty((N, 0)), number_names=[], codes=np.empty((N, 0)), category_names=[]
    )
    assert find_leaks(nothing, COST) == []
    assert find_leaks(nothing, LABELS) == []
    empty = table(gone=np.full(N, np.nan), flat=np.ones(N))
    assert find_leaks(empty, COST) == []
    assert find_leaks(empty, LABELS) == []


def test_many_labels_and_columns_take_seconds() -> None:
    n = 20_000
    rng = np.random.default_rng(1)
    Y = (rng.random((n, 60)) < 0.05).astype(np.int64)
    wide = SimpleNamespace(
        numbers=rng.normal(size=(n, 30)),
        number_names=[f"x{j}" for j in range(30)],
        codes=np.empty((n, 0), np.int32),
        category_names=[],
    )
    wide.numbers[:, 7] += 9 * Y[:, 33]
    start = time.process_time()
    assert [leak.column for leak in find_leaks(wide, Y)] == ["x7"]
    assert time.process_time() - start < 8


@pytest.mark.parametrize(
    ("y", "conflicting"),
    [
        (np.array([0, 0, 1, 0, 1, 0]), 1),
        (np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 1], [0, 1]]), 1),
        (np.array([2.5, 2.5, 1.0, 1.5, 0.0, 3.0]), 1),
        (np.array([2.5, 2.0, 1.0, 1.0, 0.0, 3.0]), 1),
        (np.array([2.5, 2.5, 1.0, 1.0, 0.0, 3.0]), 0),
    ],
)
def test_copies_with_conflicting_targets_share_a_group(y: np.ndarray, conflicting: int) -> None:
    numbers = np.array([[1.25], [1.25], [3.5], [3.5], [4.75], [9.125]])
    rows = SimpleNamespace(numbers=numbers, codes=np.empty((6, 0), np.int32), texts=[])
    found = find_duplicates(rows, y)
    assert found.groups.tolist() == [0, 0, 1, 1, 2, 3]
    assert (found.rows, found.clusters, found.conflicting) == (2, 2, conflicting)


@pytest.mark.parametrize("form", ["labels", "numbers"])
def test_a_rare_set_or_range_that_was_copied_up_is_no_common_reading(form: str) -> None:
    x = np.concatenate([np.arange(400) / 7, np.full(100, 99.5)])
    if form == "labels":
        y = np.column_stack([np.arange(500) % 2, (x == 99.5)]).astype(np.int64)
        y[400:, 0] = 0
    else:
        y = np.where(x == 99.5, 1000.0, x)
    rows = SimpleNamespace(numbers=x[:, None], codes=np.empty((500, 0), np.int32), texts=[])
    assert len(set(find_duplicates(rows, y).groups[400:])) == 1
    shared = np.zeros((500, 2), dtype=np.int64) if form == "labels" else np.arange(500) % 2.0
    assert len(set(find_duplicates(rows, shared).groups[400:])) == 100


def test_the_spending_columns_of_rand_give_the_spending_away(shared_data: Path) -> None:
    frame = pl.read_parquet(shared_data / "rand_health_costs.parquet")
    start = time.process_time()
    found = load_dataset(frame, "meddol")
    assert time.process_time() - start < 10
    assert {"lnmeddol", "binexp", "outpdol"} <= {leak.column for leak in found.leaks}
    told = [name for name in frame.columns if "dol" in name or name in ("rownames", "binexp")]
    clean = load_dataset(frame.drop([name for name in told if name != "meddol"]), "meddol")
    assert clean.leaks == []
    assert (clean.task, clean.y.dtype, clean.classes) == ("regression", np.float64, [])
