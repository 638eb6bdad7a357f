"""Holm against its definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.stats import holm


def closed_bonferroni(p: list[float]) -> list[float]:
    """Holm is the closure of Bonferroni: the largest Bonferroni value over all subsets that hold the hypothesis."""
    corrected = []
    for i in range(len(p)):
        others = [j for j in range(len(p)) if j != i]
        subsets = [(i, *rest) for size in range(len(p)) for rest in combinations(others, size)]
        corrected.append(max(min(1.0, len(s) * min(p[j] for j in s)) for s in subsets))
    return corrected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_equals_the_closure_of_bonferroni(p: list[float]) -> None:
    assert holm(p) == pytest.approx(closed_bonferroni(p))


def test_missing_tests_do_not_count() -> None:
    out = holm([0.02, np.nan, 0.03])
    assert out[[0, 2]] == pytest.approx([0.04, 0.04])
    assert np.isnan(out[1])


def test_nothing_to_correct() -> None:
    assert holm([]).shape == (0,)
    assert np.isnan(holm([np.nan])).all()
