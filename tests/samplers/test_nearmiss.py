"""NearMiss against imbalanced-learn and against two loops."""

from __future__ import annotations

import imblearn.under_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from equipoise.errors import DataError
from equipoise.samplers import NearMiss, nearmiss
from equipoise.samplers.engine.neighbours import Graph


def draw(seed: int, counts: list[int], columns: int, dtype: type = np.float64) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(size=(len(y), columns)) + 0.7 * y[:, None]
    return X.astype(dtype), y


def by_loops(X: np.ndarray, y: np.ndarray, wanted: dict, version: int, k: int, m: int) -> list[int]:
    labels, first, counts = np.unique(y, return_index=True, return_counts=True)
    rare = np.flatnonzero(y == labels[np.lexsort((first, counts))[0]])

    def distance(i: int, j: int) -> float:
        return float(np.sqrt(((X[i] - X[j]) ** 2).sum()))

    kept: list[int] = []
    for label in labels:
        own = [int(i) for i in np.flatnonzero(y == label)]
        if label in wanted:
            if version == 3:
                around = {i for z in rare for i in sorted(own, key=lambda i: distance(i, z))[:m]}
                own = sorted(around)
            score = {}
            for i in own:
                lengths = sorted(distance(i, z) for z in rare)
                score[i] = sum(lengths[-k:] if version == 2 else lengths[:k])
            own = sorted(own, key=score.__getitem__, reverse=version == 3)[: wanted[label]]
        kept += own
    return kept


def same(our: NearMiss, X: object, y: object) -> NearMiss:
    their = theirs.NearMiss(**our.get_params(deep=False))
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
    if sparse.issparse(X):
        assert X_our.format == X_their.format
        assert (X_our != X_their).nnz == 0
    elif isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(X_our, X_their)
    else:
        np.testing.assert_array_equal(X_our, X_their)
        assert X_our.dtype == X_their.dtype
    np.testing.assert_array_equal(y_our, y_their)
    return our


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("counts", "columns"),
    [([900, 40], 3), ([900, 40], 20), ([700, 200, 30], 5), ([2600, 560], 20), ([40, 30], 2)],
    ids=["binary", "wide", "three classes", "pruned", "nearly even"],
)
@pytest.mark.filterwarnings("ignore:The number of the samples:UserWarning")
def test_the_rows_are_imbalanced_learns(version, dtype, counts, columns):
    for seed in range(2):
        X, y = draw(seed, counts, columns, dtype)
        for k in (1, 3, 7):
            our = NearMiss(version=version, n_neighbors=k)
            if dtype == np.float64:
                same(our, X, y)
                continue
            their = theirs.NearMiss(**our.get_params(deep=False))
            assert our.fit_resample(X, y)[0].dtype == their.fit_resample(X, y)[0].dtype == dtype
            # Scores that imbalanced-learn rounds to be equal may change places.
            assert (our.sample_indices_ != their.sample_indices_).mean() < 0.01
            np.testing.assert_array_equal(
                np.sort(our.sample_indices_), np.sort(their.sample_indices_)
            )


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    "strategy",
    [0.5, "all", "majority", "not majority", {0: 70, 1: 50}, {2: 20}, lambda y: {0: 60}],
    ids=["share", "all", "majority", "not majority", "dict", "rare ones", "callable"],
)
@pytest.mark.filterwarnings("ignore:The number of the samples:UserWarning")
def test_strategies(version, strategy):
    counts = [400, 30] if strategy == 0.5 else [300, 90, 25]
    same(NearMiss(version=version, sampling_strategy=strategy), *draw(3, counts, 4))


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, pd.DataFrame, np.asarray])
@pytest.mark.filterwarnings("ignore:The number of the samples:UserWarning")
def test_kinds_of_input(version, make):
    X, y = draw(4, [200, 30], 6)
    X[X < -0.3] = 0
    same(NearMiss(version=version), make(X), y)
    whole = (10 * X).astype(np.int64)
    whole[:, 0] = np.arange(len(y)) ** 2  # so that no distances are equal
    same(NearMiss(version=version), whole, y)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:The number of the samples:UserWarning")
def test_neighbours_objects(version):
    X, y = draw(5, [200, 30], 4)
    for search in (NearestNeighbors(n_neighbors=4), NearestNeighbors(n_neighbors=4, p=1)):
        same(NearMiss(version=version, n_neighbors=search, n_neighbors_ver3=search), X, y)


grids = st.tuples(
    st.integers(0, 10**6),
    st.lists(st.integers(3, 14), min_size=2, max_size=3),
    st.integers(1, 3),
    st.sampled_from([1, 2, 3]),
    st.integers(1, 3),
    st.integers(1, 3),
)


@settings(max_examples=80)
@given(grids)
@pytest.mark.filterwarnings("ignore:The number of the samples:UserWarning")
def test_ties_and_copies_are_settled_as_in_two_loops(drawn):
    seed, counts, columns, version, k, m = drawn
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.integers(0, 4, size=(len(y), columns)).astype(np.float64)
    sampler = NearMiss(version=version, n_neighbors=k, n_neighbors_ver3=m)
    sampler.fit_resample(X, y)
    expected = by_loops(X, y, sampler.sampling_strategy_, version, k, m)
    # Sums of roots may differ in the last digit by the order of their terms: compare the scores.
    if version == 3 or k == 1:
        assert sampler.sample_indices_.tolist() == expected
    assert len(sampler.sample_indices_) == len(expected)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.integers(1, 4), st.integers(2, 40))
def test_few_measured_rows_give_what_all_do(seed, version, k, wanted):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 6, size=(900, 2)) * 1.0
    y = np.repeat([0, 1], [260, 640])
    rim, nearmiss._RIM = nearmiss._RIM, 16
    try:
        few = NearMiss(version=version, n_neighbors=k, sampling_strategy={0: wanted, 1: wanted})
        few.fit_resample(X, y)
    finally:
        nearmiss._RIM = rim
    rare = X[y == 0]
    own = np.flatnonzero(y == 1)
    length = np.sort(np.sqrt(((X[own][:, None] - rare) ** 2).sum(axis=2)), axis=1)
    score = (length[:, :k] if version == 1 else length[:, -k:]).sum(axis=1)
    chosen = own[np.argsort(np.round(score, 9), kind="stable")[:wanted]]
    kept = few.sample_indices_[few.sample_indices_ >= 260]
    if k == 1:
        np.testing.assert_array_equal(kept, chosen)
    by_row = dict(zip(own, score, strict=True))
    np.testing.assert_allclose([by_row[i] for i in kept], np.sort(score)[:wanted], rtol=1e-12)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("scale", [1e160, 1e-160, 1.0])
@pytest.mark.filterwarnings("ignore:The number of the samples:UserWarning")
def test_values_of_any_size(version, scale):
    X, y = draw(6, [300, 30], 3)
    usual, odd = NearMiss(version=version), NearMiss(version=version)
    usual.fit_resample(X, y)
    odd.fit_resample(X * 2.0 ** np.round(np.log2(scale)), y)
    np.testing.assert_array_equal(usual.sample_indices_, odd.sample_indices_)


@pytest.mark.parametrize("version", [1, 2])
def test_an_outlier_and_a_shift_change_no_other_row(version):
    X, y = draw(7, [3000, 700], 4)
    X[np.flatnonzero(y == 0)[0]] = 1e7
    same(NearMiss(version=version, sampling_strategy={0: 100}), X, y)
    X = np.round(X, 3)
    moved, still = (NearMiss(version=version, sampling_strategy={0: 100}) for _ in range(2))
    still.fit_resample(X, y)
    moved.fit_resample(X + 2.0**20, y)
    assert len(np.intersect1d(still.sample_indices_, moved.sample_indices_)) >= 798


def test_a_shared_graph_leads_to_the_same_rows():
    X, y = draw(8, [300, 30, 20], 4)
    for version in (1, 2):
        sampler = NearMiss(version=version)
        sampler.fit_resample(X, y)
        kept = sampler.sample_indices_.copy()
        np.testing.assert_array_equal(sampler.choose(Graph(X), y), kept)
        thin = NearMiss(version=version)
        np.testing.assert_array_equal(thin.choose(Graph(sparse.csr_matrix(X)), y), kept)


def test_labels_of_text_frames_weights_and_parents():
    X, y = draw(9, [60, 12], 2)
    words = np.where(y == 1, "rare", "often")
    sampler = NearMiss()
    frame = pl.DataFrame(X, schema=["a", "b"])
    out, labels = sampler.fit_resample(frame, pl.Series(words), sample_weight=np.arange(72.0))
    assert isinstance(out, pl.DataFrame)
    assert labels.to_list() == words[sampler.sample_indices_].tolist()
    np.testing.assert_array_equal(sampler.sample_weight_, sampler.sample_indices_)
    np.testing.assert_array_equal(sampler.parents_ @ X, out.to_numpy())


def test_too_few_rows_are_named():
    X, y = draw(1, [20, 2], 2)
    with pytest.raises(
        DataError, match=r"class 1 has 2 rows, NearMiss\(n_neighbors=3\).*use n_neigh"
    ):
        NearMiss().fit_resample(X, y)
    with pytest.raises(DataError, match=r"class 0 has 20 rows, NearMiss\(n_neighbors_ver3=21\)"):
        NearMiss(version=3, n_neighbors=1, n_neighbors_ver3=21).fit_resample(X, y)
    same(NearMiss(version=2), X, y)  # takes all that there are


def test_version_3_says_when_it_finds_too_few():
    X, y = np.arange(40.0)[:, None] ** 1.1, np.repeat([1, 0], [8, 32])
    sampler = NearMiss(version=3, n_neighbors_ver3=1)
    with pytest.warns(UserWarning, match="all samples will be returned"):
        sampler.fit_resample(X, y)
    assert len(sampler.sample_indices_) < 16
