"""Measures of uneven labels, held against the formulas written out as loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from equipoise.data.label_imbalance import label_imbalance
from equipoise.errors import TargetError, UsageError


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    width = draw(st.integers(1, 5))
    row = st.lists(st.integers(0, 1), min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=12))


@given(tables())
def test_the_formulas(rows: list[list[int]]) -> None:
    found = label_imbalance(rows)
    L = len(rows[0])
    counts = [sum(row[j] for row in rows) for j in range(L)]
    ratios = [max(counts) / count if count else math.inf for count in counts]
    assert found.irlbl.tolist() == pytest.approx(ratios)
    known = [ratio for ratio in ratios if ratio < math.inf]
    if known:
        mean = sum(known) / len(known)
        assert found.mean_ir == pytest.approx(mean)
        if len(known) > 1:
            spread = sum((ratio - mean) ** 2 for ratio in known) / (len(known) - 1)
            assert found.cv_ir == pytest.approx(math.sqrt(spread) / mean)
    else:
        assert math.isnan(found.mean_ir)
    scumble = []
    for row in rows:
        mine = [ratios[j] for j in range(L) if row[j]]
        if not mine:
            scumble.append(0.0)
            continue
        scumble.append(1 - math.prod(mine) ** (1 / len(mine)) / (sum(mine) / len(mine)))
    assert found.scumble_rows.tolist() == pytest.approx(scumble, abs=1e-12)
    assert found.scumble == pytest.approx(sum(scumble) / len(rows), abs=1e-12)
    for j in range(L):
        mine = [one for one, row in zip(scumble, rows, strict=True) if row[j]]
        expected = sum(mine) / len(mine) if mine else math.nan
        assert found.scumble_labels[j] == pytest.approx(expected, nan_ok=True, abs=1e-12)
    assert found.cardinality == pytest.approx(sum(map(sum, rows)) / len(rows))
    assert found.density == pytest.approx(found.cardinality / L)
    assert found.distinct_sets == len({tuple(row) for row in rows})
    assert found.unlabelled == sum(not any(row) for row in rows)


def test_rare_beside_frequent_labels_score_high_and_apart_from_them_low() -> None:
    rare, frequent = [0] * 990 + [1] * 10, [1] * 1000
    together = label_imbalance(np.column_stack([rare, frequent]))
    apart = label_imbalance(np.column_stack([rare, 1 - np.array(rare)]))
    assert together.scumble_labels[0] > 0.75
    assert apart.scumble == 0.0
    even = label_imbalance(np.ones((5, 3)))
    assert (even.mean_ir, even.cv_ir, even.scumble) == (1.0, 0.0, 0.0)


def test_a_label_without_rows_is_infinitely_rare_and_left_out_of_the_means() -> None:
    with_it = label_imbalance([[1, 0, 0], [1, 0, 1], [1, 0, 0]])
    without = label_imbalance([[1, 0], [1, 1], [1, 0]])
    assert with_it.irlbl.tolist() == [1.0, math.inf, 3.0]
    assert (with_it.mean_ir, with_it.cv_ir) == (without.mean_ir, without.cv_ir)
    assert with_it.scumble == without.scumble


def test_tables_of_every_kind() -> None:
    table = np.array([[1, 0], [1, 1]])
    expected = label_imbalance(table)
    kinds: list[Any] = [table.tolist(), table.astype(bool), table.astype(float), csr_array(table)]
    for kind in kinds:
        assert label_imbalance(kind).irlbl.tolist() == expected.irlbl.tolist()


@pytest.mark.parametrize(
    ("given_", "error", "said"),
    [
        ([[0, 2]], UsageError, "Y holds 2, neither 0 nor 1"),
        ([[float("nan"), 1]], UsageError, "Y holds nan"),
        ([1, 0], UsageError, r"the shape \(2,\)"),
        ([["a"]], UsageError, "no table of 0 and 1"),
        ([[1, 0], [1]], UsageError, "no table of 0 and 1"),
        (np.empty((0, 3)), TargetError, r"the shape \(0, 3\)"),
    ],
)
def test_refusals(given_: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        label_imbalance(given_)
