"""The neighbour search against a plain double loop."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

import equipoise.samplers.engine.candidates as room
from equipoise.errors import UsageError
from equipoise.samplers.engine.neighbours import Graph, Neighbours


def by_loops(X: np.ndarray, queries: np.ndarray, k: int, own: np.ndarray | None) -> tuple:
    distance, index = [], []
    for i, query in enumerate(queries):
        length = np.sqrt(((X - query) ** 2).sum(axis=1))
        if own is not None and own[i] >= 0:
            length[own[i]] = np.inf
        near = np.lexsort((np.arange(len(X)), length))[:k]
        distance.append(length[near])
        index.append(near)
    return np.array(distance), np.array(index)


def cloud(seed: int, n: int, p: int, kind: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    if kind == "lattice":
        X = rng.integers(0, 3, size=(n, p)).astype(float)
    if kind == "far":
        X = X + 1e6
    if kind == "outlier":
        X[0] *= 1e12
    if kind == "copies":
        X = X[rng.integers(0, max(1, n // 3), n)]
    if kind == "one point":
        X[:] = X[0]
    return X


kinds = st.sampled_from(["normal", "lattice", "far", "outlier", "copies", "one point"])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 80), st.sampled_from([1, 2, 7, 40]), kinds, st.data())
def test_search_finds_what_two_loops_find(seed, n, p, kind, data):
    X = cloud(seed, n, p, kind)
    k = data.draw(st.integers(1, n - 1))
    own = np.arange(n)
    distance, index = Neighbours(X).search(X, k, own=own)
    expected = by_loops(X, X, k, own)
    np.testing.assert_allclose(distance, expected[0], rtol=1e-12, atol=1e-300)
    if kind != "outlier":  # seen from there, rounding decides which of the others is nearer
        np.testing.assert_array_equal(index, expected[1])


@pytest.mark.parametrize("kind", ["normal", "lattice", "far", "outlier", "copies"])
@pytest.mark.parametrize("p", [2, 30])
def test_search_of_many_rows_goes_by_tree_and_tiles(kind, p, monkeypatch):
    monkeypatch.setattr(room, "TILE", 700)
    X = cloud(1, 4500, p, kind)
    rows = np.arange(0, 4500, 9)
    distance, index = Neighbours(X).search(X[rows], 4, own=rows)
    expected = by_loops(X, X[rows], 4, rows)
    np.testing.assert_allclose(distance, expected[0], rtol=1e-12)
    np.testing.assert_array_equal(index, expected[1])


def test_few_candidates_are_measured_in_double_precision(monkeypatch):
    measured = []
    lengths = room.lengths
    monkeypatch.setattr(
        room, "lengths", lambda *given: measured.append(len(given[2])) or lengths(*given)
    )
    X = cloud(0, 3000, 20, "normal")
    Neighbours(X).search(X, 5, own=np.arange(3000))
    # Six for every row, itself among them, and hardly one more.
    assert 6 * 3000 <= sum(measured) < 6.2 * 3000


def test_a_crowd_at_one_distance_is_taken_in_parts(monkeypatch):
    monkeypatch.setattr(room, "_CROWD", 500)
    X = np.vstack([np.eye(60), np.zeros((1, 60))])
    own = np.arange(61)
    distance, index = Neighbours(X).search(X, 3, own=own)
    expected = by_loops(X, X, 3, own)
    np.testing.assert_array_equal(index, expected[1])
    np.testing.assert_allclose(distance, expected[0])


@pytest.mark.parametrize("size", [1e-160, 1e-30, 1e30, 1e160])
def test_huge_and_tiny_values(size):
    X = cloud(3, 50, 4, "normal")
    own = np.arange(50)
    plain = Neighbours(X).search(X, 5, own=own)
    distance, index = Neighbours(X * size).search(X * size, 5, own=own)
    np.testing.assert_array_equal(index, plain[1])
    np.testing.assert_allclose(distance, plain[0] * size, rtol=1e-12)


def test_points_that_are_no_rows_may_meet_themselves():
    X = cloud(4, 40, 3, "copies")
    distance, index = Neighbours(X).search(X[:5], 2)
    np.testing.assert_array_equal(index, by_loops(X, X[:5], 2, None)[1])
    assert distance[:, 0].tolist() == [0.0] * 5


def test_more_neighbours_than_rows_are_refused():
    with pytest.raises(UsageError, match="3 neighbours are asked for, and there are 2"):
        Neighbours(np.eye(3)).search(np.eye(3), 3, own=np.arange(3))
    with pytest.raises(UsageError, match="keeps 2"):
        Graph(np.eye(3)).nearest(np.arange(3), 3)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("new", [0, 1, 7, 60])
def test_a_graph_on_a_base_is_that_of_all_rows(new, sparse):
    X = cloud(5, 90 + new, 6, "normal")
    if sparse:
        X = np.where(np.abs(X) > 0.8, X, 0.0)
    make = sp.csr_matrix if sparse else np.asarray
    base = Graph(make(X[:90]))
    base.nearest(np.arange(0, 90, 2), 3)
    graph = Graph(make(X), base=base)
    rows = np.random.default_rng(0).permutation(90 + new)
    expected = by_loops(X, X[rows], 10, rows)[1]
    found = graph.nearest(rows, 10)
    if sparse:  # many rows of zeros: only the distances are settled
        gaps = [np.linalg.norm(X[found[:, j]] - X[rows], axis=1) for j in range(10)]
        wanted = [np.linalg.norm(X[expected[:, j]] - X[rows], axis=1) for j in range(10)]
        np.testing.assert_allclose(gaps, wanted, atol=1e-6)
    else:
        np.testing.assert_array_equal(found, expected)


def test_a_graph_searches_a_row_once(monkeypatch):
    searched = []
    search = Neighbours.search
    monkeypatch.setattr(
        Neighbours,
        "search",
        lambda self, queries, *rest, **named: (
            searched.append(len(queries)) or search(self, queries, *rest, **named)
        ),
    )
    graph = Graph(cloud(6, 50, 3, "normal"))
    graph.nearest(np.arange(20), 3)
    graph.nearest(np.arange(10, 30), 5)
    assert searched == [20, 10]


def test_scikit_learn_finds_the_same():
    X = cloud(7, 2000, 25, "normal")
    index = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(X).kneighbors(X)[1][:, 1:]
    np.testing.assert_array_equal(Graph(X).nearest(np.arange(2000), 5), index)


@pytest.mark.parametrize("points", [1, 2])
def test_many_copies_are_merged_when_they_crowd(points):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(points, 12))[rng.integers(0, points, 5000)]
    rows = np.arange(0, 5000, 50)
    neighbours = Neighbours(X)
    distance, index = neighbours.search(X[rows], 3, own=rows)
    assert neighbours._points.merged
    expected = by_loops(X, X[rows], 3, rows)
    np.testing.assert_array_equal(index, expected[1])
    assert (distance == 0).all()
