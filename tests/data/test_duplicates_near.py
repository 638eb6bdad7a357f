"""Rows that agree in all but the last digits, against comparison of every pair."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.dataset import load_dataset
from equipoise.data.duplicates import find_duplicates
from equipoise.data.folds import make_folds
from equipoise.data.kinds import number_kinds
from equipoise.data.nearness import near_copies

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def through_single(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return x.astype(np.float32).astype(np.float64)


def relative_noise(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return x * (1 + 1e-9 * rng.uniform(-1, 1, x.shape))


def noise_of_the_spread(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    spread = np.median(np.abs(x - np.median(x, axis=0)), axis=0)
    return x + 1e-9 * spread * rng.normal(size=x.shape)


CHANGES = [through_single, relative_noise, noise_of_the_spread]


def rows_of(numbers: np.ndarray, codes: object = None, texts: object = ()) -> SimpleNamespace:
    n = len(numbers)
    return SimpleNamespace(
        numbers=numbers,
        codes=np.empty((n, 0), np.int32)
        if codes is None
        else np.array(codes, np.int32).reshape(n, -1),
        texts=[np.array(text, dtype=object) for text in texts],  # type: ignore[attr-defined]
    )


def pairs_of(groups: np.ndarray) -> np.ndarray:
    return np.asarray(groups[:, None] == groups[None])


def partners(groups: np.ndarray, m: int) -> bool:
    """Whether row i and row m + i share a group, and no others do."""
    expected = np.arange(len(groups))
    expected[m:] = np.arange(len(groups) - m)
    return bool((pairs_of(groups) == pairs_of(expected)).all())


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("width", [1, 4, 60])
@pytest.mark.parametrize("seed", [0, 1])
def test_copies_are_found_and_others_are_not(change: Change, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, width))
    found = find_duplicates(rows_of(np.append(x, change(x, rng)[:80], axis=0)))
    assert partners(found.groups, 300)
    assert (found.rows, found.clusters) == (80, 80)
    assert found.notes == [
        "80 rows agree with another in all but the last digits: kept on one side"
    ]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, size: rng.lognormal(0, 4, size),
        lambda rng, size: rng.standard_cauchy(size),
        lambda rng, size: rng.normal(size=size) * 1e-30,
        lambda rng, size: rng.normal(size=size) * 1e30,
        lambda rng, size: 1.7e9 + 1e7 * rng.normal(size=size),
        lambda rng, size: 0.9967 + 0.003 * rng.normal(size=size),
        lambda rng, size: np.round(rng.normal(50, 20, size), 2),
        lambda rng, size: np.where(rng.random(size) < 0.9, 0.0, rng.normal(size=size)),
    ],
    ids=["long tail", "Cauchy", "tiny", "huge", "seconds", "density", "hundredths", "zeros"],
)
def test_numbers_of_every_size(
    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray], change: Change
) -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack([draw(rng, (300, 3)), rng.normal(size=(300, 3))])
    x = np.append(x, change(x, rng)[:80], axis=0)
    assert partners(find_duplicates(rows_of(x)).groups, 300)


def test_values_beyond_single_precision() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2)) * [1e-300, 1e300]
    noisy = relative_noise(x, rng)
    assert partners(near_copies(np.append(x, noisy[:40], axis=0), []), 100)
    extremes = np.array([[-1.7e308], [1.7e308], [0.25], [np.inf], [-np.inf], [np.nan]])
    assert len(set(near_copies(extremes, []).tolist())) == len(extremes)


def test_a_copy_with_another_category_or_text_is_none() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    both = np.append(x, through_single(x, rng), axis=0)
    code = np.arange(100) < 50
    code[50:60] = True
    found = find_duplicates(rows_of(both, codes=code))
    assert found.rows == 10
    words = ["some words"] * 50 + ["Some words!"] * 7 + ["other words"] * 43
    assert find_duplicates(rows_of(both, texts=[words])).rows == 7


def test_whole_numbers_one_apart_are_apart() -> None:
    seconds = 1_700_000_000.0 + np.arange(2000)
    assert len(np.unique(find_duplicates(rows_of(seconds[:, None])).groups)) == 2000
    # Other columns that agree, and a number with a fraction in the column, change nothing.
    x = np.column_stack([seconds, np.full(2000, 0.1)])
    x[::2, 1] = np.float32(0.1)
    x[0, 0] += 0.25
    assert len(np.unique(find_duplicates(rows_of(x)).groups)) == 2000


def test_steps_of_hundredths_and_seconds_are_no_last_digits() -> None:
    money = 1e6 * np.random.default_rng(0).lognormal(size=50).round(2)
    money[:40] = 90_000 + np.arange(40) / 100
    assert len(np.unique(near_copies(money[:, None], []))) == 50
    days = (1_700_000_000 + np.append(np.arange(40), [3e7, -3e7])) / 86_400
    days = np.append(days, 1.2345e4 + 1e-6)
    assert len(np.unique(near_copies(days[:, None], []))) == 43


@pytest.mark.parametrize(("n", "p"), [(20, 1), (300, 1), (5000, 1), (5000, 2), (5000, 5)])
def test_a_dense_cloud_has_no_copies(n: int, p: int) -> None:
    x = np.random.default_rng(n + p).uniform(size=(n, p))
    found = find_duplicates(rows_of(x))
    assert len(np.unique(found.groups)) == n
    assert not found.notes


def test_few_of_many_clouds_seem_to_hold_copies() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(300):
        x = rng.normal(size=(int(10 ** rng.uniform(1, 3.3)), 1))
        alarms += len(np.unique(near_copies(x, []))) < len(x)
    assert alarms <= 4


def test_a_chain_of_small_steps_is_no_family() -> None:
    chain = 1 / 3 + 4e-7 * np.arange(20)
    x = np.append(chain, np.random.default_rng(0).normal(size=500))[:, None]
    x = np.column_stack([x, np.append(np.full(20, 0.7), np.random.default_rng(1).normal(size=500))])
    assert len(np.unique(near_copies(x, []))) == 520
    family = x.copy()
    family[:20, 0] = 1 / 3 + 1e-9 * np.arange(20)
    assert pairs_of(near_copies(family, []))[:20, :20].all()


def test_constant_and_missing_columns() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack(
        [np.full(60, 0.1), np.full(60, np.nan), np.full(60, 3.0), rng.normal(size=(60, 2))]
    )
    x[::3, 3] = np.nan
    both = np.append(x, relative_noise(x, rng)[:30], axis=0)
    assert partners(find_duplicates(rows_of(both)).groups, 60)
    both[60:, 3] = np.where(np.isnan(both[60:, 3]), 0.1, np.nan)
    assert len(np.unique(find_duplicates(rows_of(both)).groups)) == 90


def test_an_outlier_or_noise_on_zeros_does_not_hide_the_scale() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2))
    x[0] = 1e12
    x[:, 1] = rng.random(2000) < 0.02
    both = np.append(x, x[:300] + 1e-9 * rng.normal(size=(300, 2)), axis=0)
    both[2000] = x[0]
    assert partners(find_duplicates(rows_of(both)).groups, 2000)


def test_near_copies_of_a_common_reading_are_common_too() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    x[:200] = [0.1, 0.7]
    x[100:200] = np.float32(x[100:200])
    x[201] = np.float32(x[200])
    found = find_duplicates(rows_of(x))
    assert len(np.unique(found.groups)) == 599
    assert found.rows == 200
    assert "200 rows (33%) share one combination" in found.notes[0]
    assert found.notes[1:] == [
        "1 row agrees with another in all but the last digits: kept on one side"
    ]


def test_exact_copies_alone_bring_no_note() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    found = find_duplicates(rows_of(np.append(x, x[:9], axis=0)))
    assert (found.rows, found.notes) == (9, [])
    empty = np.full((9, 2), np.nan)
    found = find_duplicates(rows_of(np.concatenate([empty, x, np.float32(x[:3])])))
    assert (found.rows, found.groups[:9].tolist()) == (3, list(range(9)))


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Rows of few values, some of them changed a little."""
    n, p = draw(st.integers(1, 25)), draw(st.integers(1, 4))
    value = st.sampled_from([0.1, -0.37, 1 / 3, 2.718, 7.0, 8.0, 0.0, np.nan, np.inf])
    base = np.array(draw(st.lists(value, min_size=n * p, max_size=n * p))).reshape(n, p)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    kind = rng.integers(0, 3, (n, 1))
    with np.errstate(invalid="ignore"):
        x = np.where(kind == 0, base, relative_noise(base, rng))
    x = np.where(kind == 2, through_single(base, rng), x)
    return x, np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))


@given(tables())
@settings(max_examples=300, deadline=None)
def test_every_pair_of_near_copies_is_found(table: tuple[np.ndarray, np.ndarray]) -> None:
    x, code = table
    a, b = x[:, None], x[None]
    with np.errstate(invalid="ignore"):
        close = np.isfinite(a) & (np.abs(a - b) <= 1e-7 * np.abs(a))
    near = ((a == b) | (np.isnan(a) & np.isnan(b)) | close).all(axis=2)
    near &= code[:, None] == code[None]
    kinds = number_kinds([code, *x.T], np.arange(len(x)))
    _, first, place = np.unique(kinds, return_index=True, return_inverse=True)
    joined = near_copies(x[first], [code[first]])[place]
    np.testing.assert_array_equal(pairs_of(joined), near)


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_rows_plays_no_part(
    table: tuple[np.ndarray, np.ndarray], random: object
) -> None:
    x, code = table
    order = list(range(len(x)))
    random.shuffle(order)  # type: ignore[attr-defined]
    groups = find_duplicates(rows_of(x, code)).groups
    shuffled = find_duplicates(rows_of(x[order], code[order])).groups
    np.testing.assert_array_equal(pairs_of(groups[order]), pairs_of(shuffled))


def test_order_plays_no_part_in_a_crowd() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 1))
    x = np.append(x, relative_noise(x[:400], rng), axis=0)
    order = rng.permutation(len(x))
    groups = near_copies(x, [])
    assert len(np.unique(groups)) == 3000
    np.testing.assert_array_equal(pairs_of(groups[order]), pairs_of(near_copies(x[order], [])))


@pytest.mark.parametrize("change", CHANGES)
def test_folds_keep_near_copies_on_one_side(change: Change) -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(200, 3)), 20 + rng.integers(0, 60, 200)])
    x = np.append(x, change(x, rng), axis=0)
    frame = {f"x{j}": x[:, j] for j in range(4)}
    frame["color"] = np.tile(rng.choice(["red", "blue"], 200), 2)
    frame["y"] = np.tile(rng.choice(["no", "yes"], 200, p=[0.8, 0.2]), 2)
    data = load_dataset(pl.DataFrame(frame), "y")
    assert data.duplicates == {"rows": 200, "clusters": 200, "grouped": 200}
    assert any(note.startswith("200 rows agree with another") for note in data.notes)
    for split in make_folds(data.y, data.groups, kept=data.kept).splits:
        assert not set(split.test % 200) & set(split.train % 200)


FILES = {
    "adult": "income",
    "insurance_charges": "smoker",
    "tab_abalone": "target",
    "tab_ecoli": "target",
    "tab_mammography": "target",
    "tab_sick_euthyroid": "target",
    "tab_thyroid_sick": "target",
    "tab_wine_quality": "target",
    "telco_churn": "Churn",
}


@pytest.mark.parametrize("name", FILES)
def test_real_data_hold_no_near_copies_until_planted(name: str, shared_data: Path) -> None:
    frame = pl.read_parquet(shared_data / f"{name}.parquet").drop(FILES[name])
    numbers = frame.select(pl.selectors.numeric()).cast(pl.Float64).unique(maintain_order=True)
    x = numbers.to_numpy()
    n = len(x)
    # Numbers alone, without the categories that set rows apart.
    assert len(np.unique(near_copies(x, []))) == n
    # Not even every column for itself.
    for j in range(x.shape[1]):
        column = numbers[:, j].unique().to_numpy()[:, None]
        assert len(np.unique(near_copies(column, []))) == len(column)
    noisy = relative_noise(x[:200], np.random.default_rng(0))
    groups = near_copies(np.append(x, noisy, axis=0), [])
    np.testing.assert_array_equal(groups[:200], groups[n:])
    assert len(np.unique(groups)) == n
