"""Separability, drift and power: silent where nothing is wrong, and hits where something was planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency, norm

from equipoise.data.dataset import Dataset, load_dataset
from equipoise.diagnose.before.drift import Drift, class_shift, column_shifts
from equipoise.diagnose.before.power import SmallestDifference, smallest_difference
from equipoise.diagnose.before.separability import Separability, row_weights
from equipoise.diagnose.subject import Before


def data(X: np.ndarray, y: np.ndarray, **more: Any) -> Dataset:
    columns: dict[str, Any] = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    return load_dataset({**columns, **more, "y": [f"c{c}" for c in y]}, "y")


def drawn(seed: int, n: int = 600, share: float = 0.15, part: float = 2.5) -> Any:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    X = rng.normal(size=(n, 3))
    X[:, 0] += part * y
    return X, y


def test_noise_cannot_be_told_and_a_clear_class_can() -> None:
    severe = [Separability().examine(Before(data(*drawn(s, part=0.0)))).severity for s in range(2)]
    clear = [Separability().examine(Before(data(*drawn(s, part=5.0)))).state for s in range(2)]
    assert None not in severe
    assert clear == ["passed"] * 2


def test_a_sample_stands_for_all_rows() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(25_000) < 0.01).astype(int)
    before = Before(data(rng.normal(size=(25_000, 1)) + y[:, None], y))
    weight = row_weights(before)
    assert weight.sum() == pytest.approx(25_000)
    finding = Separability().examine(before)
    assert finding.evidence["rows_looked_at"] == 20_000
    # ROC AUC of two normal distributions one apart is Phi(1 / sqrt 2).
    auc = finding.evidence["classes"][0]["roc_auc"]
    assert auc["low"] < norm.cdf(0.5**0.5) < auc["high"]


def test_files_of_one_source_do_not_differ() -> None:
    states = []
    for seed in range(3):
        X, y = drawn(seed, 800)
        colour = np.random.default_rng(seed + 99).choice(["a", "b", "ü"], 800)
        whole = data(X, y, colour=colour)
        half = [part(whole, rows) for rows in (np.arange(400), np.arange(400, 800))]
        states.append(Drift().examine(Before(*half)).state)
    assert states.count("passed") == 3


def part(dataset: Dataset, rows: np.ndarray) -> Dataset:
    from dataclasses import replace

    return replace(dataset, table=dataset.table.take(rows), y=dataset.y[rows], groups=None)


def test_shifts_of_classes_and_of_columns_are_told_apart() -> None:
    X, y = drawn(0, 3000)
    whole = data(X, y)
    rare = np.flatnonzero(whole.y == 1)
    first = part(whole, np.concatenate([np.flatnonzero(whole.y == 0)[:1200], rare[:100]]))
    more = part(whole, np.concatenate([np.flatnonzero(whole.y == 0)[1200:1900], rare[100:380]]))
    classes = Drift().examine(Before(first, more))
    assert classes.severity == "high"
    assert classes.evidence["roc_auc"]["low"] < 0.55  # no other rows of a class, only more of them
    moved = part(whole, np.arange(1500, 3000))
    moved.table.numbers[:, 2] += 1.5
    rows = Drift().examine(Before(part(whole, np.arange(1500)), moved))
    assert (rows.severity, rows.evidence["columns"][0]["column"]) == ("high", "x2")
    assert rows.evidence["columns_that_differ"] == 1


def test_drift_needs_two_files_and_survives_one_without_a_target() -> None:
    whole = data(*drawn(1, 300))
    assert Drift().examine(Before(whole)).state == "not applicable"
    bare = part(whole, np.arange(150))
    bare.y = np.full(150, -1)
    assert Drift().examine(Before(whole, bare)).state == "passed"
    one_row = part(whole, np.arange(1))
    assert Drift().examine(Before(whole, one_row)).code == "EQ111"


def test_class_shares_are_tested_by_chi_squared() -> None:
    first, second = np.array([90, 10, 0]), np.array([70, 25, 0])
    p, ratios = class_shift(first, second)
    assert p == pytest.approx(chi2_contingency([[90, 10], [70, 25]], correction=False).pvalue)
    assert ratios[1]["ratio"]["low"] < 2.63 < ratios[1]["ratio"]["high"]
    assert class_shift(np.array([5, 0]), np.array([7, 0])) == (1.0, [])


def test_missing_values_are_a_shift_of_their_own() -> None:
    X, y = drawn(2, 400)
    whole = data(X, y)
    first, second = part(whole, np.arange(200)), part(whole, np.arange(200, 400))
    second.table.numbers[:150, 1] = np.nan
    top = column_shifts(first.table, second.table)[0]
    assert (top["column"], top["test"], top["distance"]) == ("x1", "missing values", 0.75)


def test_the_smallest_difference_falls_with_the_rows() -> None:
    widths = []
    for n in (300, 2400):
        finding = SmallestDifference().examine(Before(data(*drawn(0, n))))
        widths.append(finding.evidence["classes"][0]["average_precision"]["one_treatment"])
    assert widths[1] < 0.75 * widths[0]


def test_a_difference_of_that_size_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(0, 0.02, 4000)
    true = smallest_difference(draws)
    spread = 0.02 * 1.5**0.5
    seen = true + rng.normal(0, spread, 4000)
    assert (np.abs(seen) > norm.ppf(0.975) * spread).mean() == pytest.approx(0.8, abs=0.03)
    assert smallest_difference(draws, 20) > true
