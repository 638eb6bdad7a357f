"""Kinds of neighbourhoods and Tomek links: against plain loops, and on data that lie as planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.data.dataset import load_dataset
from equipoise.diagnose.before.overlap import Overlap, neighbourhood_kinds, tomek_links
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.subject import Before
from equipoise.samplers.engine.neighbours import Graph


def nearest(X: np.ndarray, i: int) -> list[int]:
    distance = ((X - X[i]) ** 2).sum(axis=1)
    return [int(j) for j in np.lexsort((np.arange(len(X)), distance)) if j != i]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 60), st.booleans())
def test_kinds_and_links_are_those_of_plain_loops(seed: int, n: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 5, (n, 2)).astype(float) if ties else rng.normal(size=(n, 2))
    y = rng.integers(0, 3, n)
    rows = np.flatnonzero(y != 0)
    graph = Graph(X)
    kind = {5: 0, 4: 0, 3: 1, 2: 1, 1: 2, 0: 3}
    expected = [kind[sum(int(y[j] == y[i]) for j in nearest(X, i)[:5])] for i in rows]
    assert neighbourhood_kinds(graph, y, rows).tolist() == expected
    links = []
    for i in rows.tolist():
        j = nearest(X, i)[0]
        if y[i] != y[j] and nearest(X, j)[0] == i:
            links.append((i, j))
    one, other = tomek_links(graph, y, rows)
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == links


def found(X: np.ndarray, y: np.ndarray) -> Finding:
    data: dict[str, Any] = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    return Overlap().examine(Before(load_dataset({**data, "y": [f"c{c}" for c in y]}, "y")))


def test_a_class_that_lies_apart_passes_and_a_strewn_one_is_severe() -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(800) < 80).astype(int)
    X = rng.normal(size=(800, 3))
    apart, strewn = found(X + 9 * y[:, None], y), found(X, y)
    assert apart.state == "passed"
    assert apart.evidence["classes"][0]["kinds"]["safe"] == 80
    assert (strewn.state, strewn.severity) == ("issue", "high")
    assert "weights-balanced" in strewn.action
    assert strewn.evidence["classes"][0]["safe_by_chance"] < 0.001
    plane = strewn.evidence["plane"]
    assert len(plane["points"]) + len(plane["cells"]) <= 1000


def test_balanced_classes_are_not_looked_at() -> None:
    rng = np.random.default_rng(0)
    assert found(rng.normal(size=(90, 2)), np.arange(90) % 3).state == "not applicable"


@pytest.mark.parametrize("size", [0.0, 1e300, 1e-300])
def test_constant_huge_and_tiny_columns_are_survived(size: float) -> None:
    y = (np.arange(40) % 8 == 0).astype(int)
    X = np.column_stack([np.arange(40.0) % 3, size * (np.arange(40) % 2)])
    kinds = found(X, y).evidence["classes"][0]["kinds"]
    assert sum(kinds.values()) == 5


def test_texts_alone_are_enough() -> None:
    texts = ["win cash now 🎉", "see you at home", "", "lunch today?"]
    data = {
        "message": [f"{texts[i % 4]} {i} {'x' * (i % 7)} and some more words" for i in range(60)],
        "y": ["spam" if i % 4 == 0 else "ham" for i in range(60)],
    }
    assert Overlap().examine(Before(load_dataset(data, "y", text="message"))).state != "muted"
