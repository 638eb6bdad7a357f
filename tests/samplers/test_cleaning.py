"""Tomek links and edited nearest neighbours against imbalanced-learn and against two loops."""

from __future__ import annotations

import imblearn.under_sampling as theirs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from equipoise.errors import DataError
from equipoise.samplers import EditedNearestNeighbours, TomekLinks
from equipoise.samplers.engine.neighbours import Graph


def tomek_by_loops(X: np.ndarray, y: np.ndarray, cleaned: set) -> list[int]:
    X = X.astype(np.float64)
    nearest = []
    for i in range(len(X)):
        distance = [np.inf if j == i else float(((X[i] - X[j]) ** 2).sum()) for j in range(len(X))]
        nearest.append(int(np.argmin(distance)))
    linked = [nearest[nearest[i]] == i and y[nearest[i]] != y[i] for i in range(len(X))]
    return [i for i in range(len(X)) if not (linked[i] and y[i] in cleaned)]


def enn_by_loops(X: np.ndarray, y: np.ndarray, cleaned: set, k: int) -> list[int]:
    X = X.astype(np.float64)
    kept = []
    for i in range(len(X)):
        distance = [np.inf if j == i else float(((X[i] - X[j]) ** 2).sum()) for j in range(len(X))]
        near = np.argsort(distance, kind="stable")[:k]
        if y[i] not in cleaned or (y[near] == y[i]).all():
            kept.append(i)
    return kept


def draw(seed: int, counts: list[int], columns: int, dtype: type, ties: bool) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(size=(len(y), columns)) + 0.7 * y[:, None]
    if ties:
        X = np.round(X * 2) / 2
    return X.astype(dtype), y


data_sets = st.tuples(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 30), min_size=2, max_size=4).filter(lambda counts: sum(counts) > 5),
    st.sampled_from([1, 2, 5]),
    st.sampled_from([np.float64, np.float32]),
)
strategies = st.sampled_from(["auto", "majority", "not majority", "not minority", "all"])


@settings(max_examples=60, deadline=None)
@given(data_sets, strategies, st.booleans())
def test_tomek_links_are_those_of_two_loops(drawn, strategy, ties):
    X, y = draw(*drawn, ties=ties)
    sampler = TomekLinks(sampling_strategy=strategy)
    X_kept, y_kept = sampler.fit_resample(X, y)
    rows = tomek_by_loops(X, y, set(sampler.sampling_strategy_))
    assert sampler.sample_indices_.tolist() == rows
    np.testing.assert_array_equal(X_kept, X[rows])
    np.testing.assert_array_equal(y_kept, y[rows])
    assert X_kept.dtype == X.dtype


@settings(max_examples=60, deadline=None)
@given(data_sets, strategies, st.integers(1, 5), st.booleans())
def test_edited_neighbours_are_those_of_two_loops(drawn, strategy, k, ties):
    X, y = draw(*drawn, ties=ties)
    sampler = EditedNearestNeighbours(sampling_strategy=strategy, n_neighbors=k)
    rows = enn_by_loops(X, y, set(sampler.fit(X, y).sampling_strategy_), k)
    if not rows:
        with pytest.raises(DataError, match="removed every row"):
            sampler.fit_resample(X, y)
        return
    _, y_kept = sampler.fit_resample(X, y)
    assert sorted(sampler.sample_indices_) == rows
    assert sorted(y_kept) == sorted(y[rows])


@settings(max_examples=60, deadline=None)
@given(data_sets, strategies, st.sampled_from(["all", "mode"]))
def test_the_rows_are_imbalanced_learns(drawn, strategy, kind):
    X, y = draw(*drawn, ties=False)
    pairs = [
        (TomekLinks(sampling_strategy=strategy), theirs.TomekLinks(sampling_strategy=strategy)),
        (
            EditedNearestNeighbours(sampling_strategy=strategy, kind_sel=kind),
            theirs.EditedNearestNeighbours(sampling_strategy=strategy, kind_sel=kind),
        ),
    ]
    for our, their in pairs:
        X_their, y_their = their.fit_resample(X, y)
        if not len(y_their):
            continue  # an error here
        X_our, y_our = our.fit_resample(X, y)
        np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
        np.testing.assert_array_equal(X_our, X_their)
        np.testing.assert_array_equal(y_our, y_their)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("counts", "columns"),
    [([2600, 60], 4), ([2600, 60], 20), ([2500, 300, 40], 6), ([2300, 2], 3)],
    ids=["binary", "wide", "three classes", "two rare rows"],
)
def test_the_short_cut_changes_nothing(counts, columns, dtype):
    X, y = draw(5, counts, columns, dtype, ties=False)
    for k in (1, 3):
        our = EditedNearestNeighbours(n_neighbors=k)
        their = theirs.EditedNearestNeighbours(n_neighbors=k)
        assert our.fit_resample(X, y)[0].shape == their.fit_resample(X, y)[0].shape
        np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
    our_links, their_links = TomekLinks(), theirs.TomekLinks()
    our_links.fit_resample(X, y)
    their_links.fit_resample(X, y)
    np.testing.assert_array_equal(our_links.sample_indices_, their_links.sample_indices_)


@pytest.mark.parametrize("offset", [1e6, 1e9, -1e12])
def test_columns_far_from_zero_are_searched_as_exactly(offset):
    X, y = draw(4, [2400, 80], 3, np.float64, ties=False)
    X = np.round(X, 3) + offset  # what is left of the digits
    our, their = EditedNearestNeighbours(), theirs.EditedNearestNeighbours()
    our.fit_resample(X, y)
    their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)


def test_one_row_far_away_does_not_spoil_the_others():
    X, y = draw(4, [2400, 80], 3, np.float64, ties=False)
    X[np.flatnonzero(y == 0)[0]] = 1e9
    our, their = EditedNearestNeighbours(), theirs.EditedNearestNeighbours()
    our.fit_resample(X, y)
    their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)


def test_more_neighbours_than_the_first_sample_has_rows():
    X, y = draw(4, [2500, 20], 2, np.float64, ties=False)
    our = EditedNearestNeighbours(n_neighbors=510)
    their = theirs.EditedNearestNeighbours(n_neighbors=510)
    our.fit_resample(X, y)
    their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)


@pytest.mark.parametrize("shape", ["constant", "huge", "duplicates", "one column", "all alike"])
def test_odd_columns(shape):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [2100, 30])
    X = rng.normal(size=(len(y), 3))
    if shape == "constant":
        X[:, 1:] = 7.0
    elif shape == "huge":
        X *= 1e150
    elif shape == "duplicates":
        X[1000:2000] = X[:1000]
        X[2100:2110] = X[:10]
    elif shape == "one column":
        X = X[:, :1]
    else:
        X[:] = 1.0
    links, edited = TomekLinks(), EditedNearestNeighbours()
    links.fit_resample(X, y)
    edited.fit_resample(X, y)
    near = nearest_by_loops(X, 3)
    first = near[:, 0]
    linked = (first[first] == np.arange(len(y))) & (y[first] != y)
    assert links.sample_indices_.tolist() == np.flatnonzero(~linked | (y == 1)).tolist()
    kept = np.flatnonzero((y[near] == 0).all(axis=1) | (y == 1))
    assert sorted(edited.sample_indices_) == kept.tolist()


def nearest_by_loops(X: np.ndarray, k: int) -> np.ndarray:
    near = np.empty((len(X), k), dtype=int)
    top = np.abs(X).max()
    for i in range(len(X)):
        distance = (((X - X[i]) / top) ** 2).sum(axis=1)
        distance[i] = np.inf
        near[i] = np.argsort(distance, kind="stable")[:k]
    return near


def test_a_class_of_one_row_and_labels_of_text():
    X = np.array([[0.0], [0.1], [3.0], [3.1], [3.3]])
    y = np.array(["rare", "often", "often", "often", "often"])
    assert TomekLinks().fit_resample(X, y)[1].tolist() == ["rare", "often", "often", "often"]
    kept = EditedNearestNeighbours(n_neighbors=1).fit_resample(X, y)[1]
    assert kept.tolist() == ["often", "often", "often", "rare"]


@pytest.mark.parametrize("ours", [TomekLinks, EditedNearestNeighbours])
def test_sparse_rows_give_the_same(ours):
    X, y = draw(9, [80, 20], 4, np.float64, ties=False)
    X[X < 0] = 0
    dense, thin = ours(), ours()
    dense.fit_resample(X, y)
    out, _ = thin.fit_resample(sparse.csr_matrix(X), y)
    assert sparse.issparse(out)
    np.testing.assert_array_equal(dense.sample_indices_, thin.sample_indices_)


@pytest.mark.parametrize("rows", [3, 2])
def test_fewer_rows_than_neighbours_are_refused_with_the_numbers(rows):
    X, y = np.arange(rows, dtype=float)[:, None], np.array([0, 1, 0][:rows])
    with pytest.raises(DataError, match=rf"{rows} rows, .*n_neighbors=3.*n_neighbors={rows - 1}"):
        EditedNearestNeighbours().fit_resample(X, y)
    assert len(TomekLinks().fit_resample(X, y)[1]) >= 1


def test_a_neighbours_object_is_taken_as_imbalanced_learn_takes_it():
    from sklearn.neighbors import NearestNeighbors

    X, y = draw(3, [60, 20], 2, np.float64, ties=False)
    our = EditedNearestNeighbours(n_neighbors=NearestNeighbors(n_neighbors=4))
    their = theirs.EditedNearestNeighbours(n_neighbors=NearestNeighbors(n_neighbors=4))
    our.fit_resample(X, y)
    their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)


@settings(max_examples=60, deadline=None)
@given(data_sets, strategies, st.integers(1, 4))
def test_a_shared_graph_leads_to_the_same_rows(drawn, strategy, k):
    X, y = draw(*drawn, ties=False)
    graph = Graph(X.astype(np.float64))
    for sampler in (
        TomekLinks(sampling_strategy=strategy),
        EditedNearestNeighbours(sampling_strategy=strategy, n_neighbors=k),
    ):
        chosen = sampler.choose(graph, y)
        if len(chosen):
            sampler.fit_resample(X.astype(np.float64), y)
            np.testing.assert_array_equal(chosen, sampler.sample_indices_)


def test_twins_of_different_classes_are_told_from_the_row_itself():
    X = np.array([[0.0], [0.0], [5.0], [5.4], [6.1], [6.5]])
    y = np.array([1, 0, 0, 0, 1, 1])
    assert TomekLinks(sampling_strategy="all").choose(Graph(X), y).tolist() == [2, 3, 4, 5]
