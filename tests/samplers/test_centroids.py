"""Cluster centroids against imbalanced-learn, and their parents."""

from __future__ import annotations

import imblearn.under_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.cluster import Birch, KMeans, MiniBatchKMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning

from equipoise.errors import UsageError
from equipoise.samplers import ClusterCentroids, centroids


def draw(seed: int, counts: list[int], columns: int, dtype: type = np.float64) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(size=(len(y), columns)) + 0.7 * y[:, None]
    return X.astype(dtype), y


def dense(X: object) -> np.ndarray:
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def same(our: ClusterCentroids, X: object, y: object, means: bool = True) -> ClusterCentroids:
    their = theirs.ClusterCentroids(**our.get_params(deep=False))
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    assert type(X_our) is (type(X) if sparse.issparse(X) else type(X_their))
    assert X_our.shape == X_their.shape
    rough = 1e-5 if dense(X).dtype == np.float32 else 1e-12
    np.testing.assert_allclose(dense(X_our), dense(X_their), rtol=rough, atol=rough)
    np.testing.assert_array_equal(y_our, y_their)
    assert our.voting_ == their.voting_
    assert our.estimator_.get_params() == their.estimator_.get_params()
    shares = our.parents_
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(
        np.asarray(y)[shares.indices], np.repeat(y_our, np.diff(shares.indptr))
    )
    if means:
        np.testing.assert_allclose(shares @ dense(X), dense(X_our), rtol=1e-4, atol=10 * rough)
    copied = our.sample_indices_
    np.testing.assert_array_equal(dense(X)[copied[copied >= 0]], dense(X_our)[copied >= 0])
    return our


@pytest.mark.parametrize("voting", ["soft", "hard"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("counts", "columns"),
    [([300, 20], 3), ([300, 60], 20), ([200, 90, 15], 4), ([500, 3], 2)],
    ids=["binary", "wide", "three classes", "few large clusters"],
)
def test_the_centres_are_imbalanced_learns(voting, dtype, counts, columns):
    for seed in range(2):
        X, y = draw(seed, counts, columns, dtype)
        same(ClusterCentroids(random_state=seed, voting=voting), X, y)


@pytest.mark.parametrize(
    "strategy", [0.5, "all", "majority", "not majority", {0: 70, 1: 1}, lambda y: {0: 60}]
)
def test_strategies(strategy):
    counts = [200, 40] if strategy == 0.5 else [200, 60, 25]
    same(ClusterCentroids(random_state=0, sampling_strategy=strategy), *draw(3, counts, 3))


@pytest.mark.parametrize("voting", ["soft", "hard", "auto"])
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, np.asarray])
def test_sparse_rows(voting, make):
    X, y = draw(4, [120, 20], 6)
    X[X < 0] = 0
    same(ClusterCentroids(random_state=1, voting=voting), make(X), y)


def test_frames():
    X, y = draw(5, [120, 20], 3)
    frame = pd.DataFrame(X, columns=list("abc"))
    same(ClusterCentroids(random_state=1), frame, y)
    whole = pd.DataFrame((10 * X).astype(int), columns=list("abc"))
    out, _ = ClusterCentroids(random_state=1).fit_resample(whole, y)
    pd.testing.assert_frame_equal(
        out, theirs.ClusterCentroids(random_state=1).fit_resample(whole, y)[0]
    )
    sampler = ClusterCentroids(random_state=1)
    made, labels = sampler.fit_resample(pl.DataFrame(frame), pl.Series(y), groups=np.arange(140))
    assert isinstance(made, pl.DataFrame)
    np.testing.assert_allclose(sampler.parents_ @ X, made.to_numpy(), atol=1e-12)
    np.testing.assert_array_equal(y[sampler.groups_], labels.to_numpy())


def test_the_group_is_that_of_the_nearest_row_of_the_cluster():
    X, y = draw(6, [120, 5], 2)
    sampler = ClusterCentroids(random_state=0)
    out, _ = sampler.fit_resample(X, y, groups=np.arange(125))
    for i in range(5):
        members = sampler.parents_[i].indices
        away = ((X[members] - out[i]) ** 2).sum(axis=1)
        assert sampler.groups_[i] == members[away.argmin()]


@pytest.mark.parametrize(
    "model",
    [
        KMeans(n_init=3, random_state=2),
        KMeans(n_init=1, init="random", random_state=2),
        KMeans(n_init=1, max_iter=1, random_state=2),
        KMeans(n_init=1, max_iter=2, random_state=2),
        KMeans(tol=0.3, random_state=2),
        MiniBatchKMeans(n_init=1, random_state=2),
    ],
    ids=["three starts", "random start", "one step", "two steps", "rough", "batches"],
)
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix])
def test_estimators(model, make):
    X, y = draw(7, [300, 12], 3)
    own = model.init == "k-means++" and type(model) is KMeans
    for voting in ("soft", "hard"):
        same(ClusterCentroids(estimator=model, voting=voting), make(X), y, means=own)


def test_a_generator_goes_on_where_it_was():
    X, y = draw(8, [100, 60, 12], 4)
    mine, other = np.random.RandomState(3), np.random.RandomState(3)
    our = ClusterCentroids(random_state=mine).fit_resample(X, y)[0]
    their = theirs.ClusterCentroids(random_state=other).fit_resample(X, y)[0]
    np.testing.assert_allclose(our, their)
    assert mine.randint(10**6) == other.randint(10**6)


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.integers(2, 300),
    st.integers(1, 8),
    st.sampled_from([0, 1, 3]),
    st.data(),
)
def test_the_starts_are_scikit_learns(seed, n, columns, digits, data):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    X = np.round(X, digits) if digits else X
    X -= X.mean(axis=0)
    wanted = data.draw(st.integers(1, n))
    mine, other = np.random.RandomState(seed), np.random.RandomState(seed)
    np.testing.assert_array_equal(
        centroids._plus_plus(X, wanted, mine), kmeans_plusplus(X, wanted, random_state=other)[0]
    )
    assert mine.randint(10**6) == other.randint(10**6)


def test_the_starts_are_drawn_without_scikit_learn_where_rows_differ(monkeypatch):
    X, _ = draw(9, [2000, 1], 5)
    expected = kmeans_plusplus(X, 100, random_state=0)[0]
    monkeypatch.setattr(centroids, "kmeans_plusplus", None)
    np.testing.assert_array_equal(centroids._plus_plus(X, 100, np.random.RandomState(0)), expected)


@pytest.mark.parametrize("voting", ["soft", "hard"])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_copies_and_equal_distances(voting):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.integers(0, 4, size=(90, 2)) * 1.0
        y = np.repeat([0, 1], [70, 20])
        our, their = (
            one.ClusterCentroids(random_state=seed, voting="soft") for one in (centroids, theirs)
        )
        np.testing.assert_allclose(
            our.fit_resample(X, y)[0], their.fit_resample(X, y)[0], atol=1e-12
        )
        np.testing.assert_allclose(our.parents_ @ X, our.fit_resample(X, y)[0], atol=1e-12)
        hard = ClusterCentroids(random_state=seed, voting=voting)
        out, _ = hard.fit_resample(X, y)
        np.testing.assert_allclose(hard.parents_ @ X, out, atol=1e-12)


def test_fewer_different_rows_than_are_wanted_are_told():
    X, y = np.repeat([[0.0], [1.0], [2.0]], 10, axis=0), np.repeat([0, 1], [24, 6])
    sampler = ClusterCentroids(random_state=0)
    with pytest.warns(ConvergenceWarning, match="distinct clusters"):
        out, _ = sampler.fit_resample(X, y)
    np.testing.assert_allclose(sampler.parents_ @ X, out)


def test_what_cannot_be_used_is_refused():
    X, y = draw(1, [30, 5], 2)
    with pytest.raises(UsageError, match="no n_clusters"):
        ClusterCentroids(estimator=_NoCount()).fit_resample(X, y)
    with pytest.raises(UsageError, match="exposes none"):
        ClusterCentroids(estimator=Birch()).fit_resample(X, y)


class _NoCount(Birch):
    def get_params(self, deep: bool = True) -> dict:
        return {}
