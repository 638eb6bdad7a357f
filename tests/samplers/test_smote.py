"""SMOTE, ADASYN and KMeansSMOTE against imbalanced-learn and against two loops."""

from __future__ import annotations

import imblearn.over_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from equipoise import samplers
from equipoise.errors import DataError
from equipoise.samplers.engine.neighbours import Graph

OWN = {
    "SMOTE": {},
    "ADASYN": {},
    "KMeansSMOTE": {"cluster_balance_threshold": 0.02, "kmeans_estimator": 4},
}


@pytest.fixture(autouse=True)
def one_thread():
    """On data this small the threads of k-means only wait for each other."""
    with threadpool_limits(1):
        yield


KINDS = ["float64", "float32", "int64", "csr", "csc", "pandas"]


def cloud(seed: int, counts: list[int] | None = None, columns: int = 4) -> tuple:
    counts = [240, 70, 30] if counts is None else counts
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.normal(size=(len(y), columns)) + 0.6 * y[:, None], y


def of_kind(X: np.ndarray, kind: str):
    if kind in ("csr", "csc"):
        return sp.csr_matrix(np.where(np.abs(X) > 0.4, X, 0.0)).asformat(kind)
    if kind == "pandas":
        return pd.DataFrame(X, columns=list("abcd")).astype({"b": np.float32})
    return (X * 1000).astype(kind) if kind == "int64" else X.astype(kind)


def dense(X) -> np.ndarray:
    return X.toarray() if sp.issparse(X) else np.asarray(X)


def assert_same(name: str, kinds: dict, X, y, seed) -> None:
    our = getattr(samplers, name)(**kinds, random_state=seed())
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = getattr(theirs, name)(**kinds, random_state=seed()).fit_resample(X, y)
    assert type(X_our) is type(X_their)
    np.testing.assert_array_equal(dense(X_our), dense(X_their))
    np.testing.assert_array_equal(y_our, y_their)
    if isinstance(X, pd.DataFrame):
        assert X_our.dtypes.equals(X_their.dtypes)
        return
    assert X_our.dtype == X_their.dtype
    assert not sp.issparse(X) or X_our.format == X_their.format
    # Integers are cut to whole numbers after the step.
    off = {"f": 1e-9 if X.dtype == np.float64 else 1e-4, "i": 1.0}[X.dtype.kind]
    assert np.abs(our.parents_ @ dense(X) - dense(X_our)).max() < off


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OWN)
def test_a_seed_gives_imbalanced_learns_rows(name, kind):
    for seed in range(3):
        X, y = cloud(seed)
        assert_same(name, OWN[name], of_kind(X, kind), y, lambda seed=seed: seed)


@pytest.mark.parametrize("name", OWN)
def test_a_generator_of_numbers_goes_on_where_it_was(name):
    X, y = cloud(3)
    assert_same(name, OWN[name], X, y, lambda: np.random.RandomState(5))


def more_of_one(y: np.ndarray) -> dict:
    return {1: int((y == 1).sum()) + 70}


@pytest.mark.parametrize(
    "strategy", [0.7, {1: 100}, more_of_one, "all", "minority", "not minority"]
)
@pytest.mark.parametrize("name", OWN)
def test_strategies_give_imbalanced_learns_rows(name, strategy):
    X, y = cloud(4, [200, 60])
    assert_same(name, {**OWN[name], "sampling_strategy": strategy}, X, y, lambda: 1)


@pytest.mark.parametrize(
    "search",
    [NearestNeighbors(n_neighbors=4), NearestNeighbors(n_neighbors=4, metric="manhattan")],
    ids=["euclidean", "manhattan"],
)
@pytest.mark.parametrize("name", OWN)
def test_other_searches_are_taken_and_parents_known(name, search):
    X, y = cloud(5)
    parameter = "n_neighbors" if name == "ADASYN" else "k_neighbors"
    assert_same(name, {**OWN[name], parameter: search}, X, y, lambda: 2)


def test_labels_may_be_text_or_one_hot():
    X, y = cloud(6)
    for labels in (np.array(["a", "b", "c"])[y], np.eye(3, dtype=int)[y]):
        our = samplers.SMOTE(random_state=0).fit_resample(X, labels)[1]
        np.testing.assert_array_equal(our, theirs.SMOTE(random_state=0).fit_resample(X, labels)[1])


grids = st.tuples(
    st.integers(0, 10**6),
    st.lists(st.integers(4, 25), min_size=2, max_size=3),
    st.integers(1, 3),
    st.integers(1, 3),
)


def on_a_grid(seed: int, counts: list[int], columns: int) -> tuple:
    """Few places, so that many rows are equal and many distances tied."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.integers(0, 4, (len(y), columns)).astype(float), y


def nearest_by_loops(X: np.ndarray, row: int, among: np.ndarray, k: int) -> np.ndarray:
    others = [i for i in among if i != row]
    return np.array(sorted(others, key=lambda i: (((X[i] - X[row]) ** 2).sum(), i))[:k])


@settings(max_examples=60)
@given(grids, st.sampled_from(["SMOTE", "ADASYN"]))
def test_parents_are_those_of_two_loops_with_ties_and_copies(drawn, name):
    seed, counts, columns, k = drawn
    X, y = on_a_grid(seed, counts, columns)
    parameter = "n_neighbors" if name == "ADASYN" else "k_neighbors"
    sampler = getattr(samplers, name)(**{parameter: k}, random_state=seed)
    try:
        X_out, y_out = sampler.fit_resample(X, y)
    except DataError:
        assert name == "ADASYN"
        return
    n = len(y)
    np.testing.assert_allclose(sampler.parents_ @ X, X_out, atol=1e-12)
    np.testing.assert_array_equal(X_out[:n], X)
    first, other = sampler.origins_.first, sampler.origins_.other
    for row in range(n, len(y_out)):
        assert y[first[row]] == y[other[row]] == y_out[row]
        own = np.flatnonzero(y == y_out[row])
        assert other[row] in nearest_by_loops(X, first[row], own, k)
    counts_out = np.bincount(y_out)
    if name == "SMOTE":
        assert (counts_out == max(counts)).all()
        return
    for label, wanted in sampler.sampling_strategy_.items():
        if wanted == 0:
            assert (y_out == label).sum() == counts[label]
            continue
        own = np.flatnonzero(y == label)
        near = [nearest_by_loops(X, row, np.arange(n), k) for row in own]
        share = np.array([(y[each] != label).sum() / k for each in near])
        asked = np.rint(share / share.sum() * (max(counts) - len(own)))
        made = np.bincount(first[n:][y_out[n:] == label], minlength=n)[own]
        np.testing.assert_array_equal(made, asked)


def test_a_shared_graph_gives_the_same_rows():
    X, y = cloud(7)
    for name in ("SMOTE", "ADASYN"):
        for graph in (Graph(X), Graph(X, k=1)):
            our = getattr(samplers, name)(random_state=0)
            X_our, y_our = our.generate(graph, y, X.astype(np.float32))
            expected = clone(our).fit_resample(X.astype(np.float32), y)
            assert X_our.dtype == np.float32
            np.testing.assert_array_equal(y_our, expected[1])
            np.testing.assert_allclose(X_our, expected[0], rtol=1e-5, atol=1e-6)
            assert our.parents_.shape == (len(y_our), len(y))
            assert our.prior_offset_.shape == (3,)
        np.testing.assert_array_equal(
            clone(our).generate(Graph(X), y)[0], clone(our).fit_resample(X, y)[0]
        )


@pytest.mark.parametrize("name", OWN)
def test_auto_takes_what_a_class_has(name):
    X, y = cloud(8, [80, 20, 4, 1])
    parameter = "n_neighbors" if name == "ADASYN" else "k_neighbors"
    our = getattr(samplers, name)(**{**OWN[name], parameter: "auto"}, random_state=0)
    if name == "KMeansSMOTE":
        our.set_params(kmeans_estimator=1)
    X_out, y_out = our.fit_resample(X, y)
    single = X_out[len(y) :][y_out[len(y) :] == 3]
    assert len(single) == 79
    assert (single == X[y == 3]).all()
    assert (np.abs(np.bincount(y_out) - 80) <= (6 if name == "ADASYN" else 0)).all()
    np.testing.assert_allclose(our.parents_ @ X, X_out, atol=1e-12)


def test_auto_is_the_default_where_classes_are_large():
    X, y = cloud(9)
    for kinds in ({}, {"k_neighbors": "auto"}):
        rows = samplers.SMOTE(random_state=0, **kinds).fit_resample(X, y)[0]
        np.testing.assert_array_equal(rows, theirs.SMOTE(random_state=0).fit_resample(X, y)[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_small_integers_do_not_overflow(dtype):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 120, (60, 3)).astype(dtype), np.repeat([0, 1], [45, 15])
    if dtype == np.int8:
        X = (X.astype(int) * 2 - 120).astype(dtype)
    our = samplers.SMOTE(random_state=0)
    X_out, _ = our.fit_resample(X, y)
    assert X_out.dtype == dtype
    assert np.abs(our.parents_ @ X.astype(float) - X_out).max() < 1


def test_too_few_rows_are_refused_with_the_class_and_a_remedy():
    X, y = cloud(10, [40, 3])
    with pytest.raises(DataError, match=r"class 1 has 3 rows, SMOTE\(k_neighbors=5\) needs"):
        samplers.SMOTE().fit_resample(X, y)
    with pytest.raises(DataError, match=r"class 1 has 3 rows, ADASYN\(n_neighbors=5\) needs"):
        samplers.ADASYN().fit_resample(X, y)
    for kinds in ({"kmeans_estimator": 30}, {}):
        with pytest.raises(RuntimeError, match="lower cluster_balance_threshold"):
            samplers.KMeansSMOTE(**kinds, k_neighbors=3, random_state=0).fit_resample(X, y)
    with pytest.raises(ValueError, match="k_neighbors"):
        samplers.SMOTE(k_neighbors="automatic").fit_resample(X, y)


def test_adasyn_says_where_nothing_can_be_made():
    X, y = cloud(11, [40, 12])
    apart = X + 100.0 * y[:, None]
    with pytest.raises(RuntimeError, match="no row of class 1 has a row of another class"):
        samplers.ADASYN().fit_resample(apart, y)
    with pytest.raises(ValueError, match="1 new row of class 1, shared among its 12 rows, rounds"):
        samplers.ADASYN(sampling_strategy={1: 13}).fit_resample(X, y)


def test_clusters_of_equal_rows_share_alike():
    X = np.repeat([[0.0], [9.0]], [15, 15], axis=0)
    y = np.tile([0, 0, 0, 1, 1], 6)
    our = samplers.KMeansSMOTE(
        kmeans_estimator=MiniBatchKMeans(2, random_state=0),
        cluster_balance_threshold=0.3,
        random_state=0,
    )
    X_out, y_out = our.fit_resample(X, y)
    assert np.bincount(y_out).tolist() == [18, 18]
    assert np.unique(X_out[30:], return_counts=True)[1].tolist() == [3, 3]


@pytest.mark.parametrize("name", OWN)
def test_tables_of_polars_and_pyarrow_stay_what_they_are(name):
    X, y = cloud(12)
    frame = pl.DataFrame(X, schema=list("abcd")).with_columns(pl.col("d").cast(pl.Float32))
    given = frame.to_numpy().astype(np.float64)
    sampler = getattr(samplers, name)(**OWN[name], random_state=0)
    expected, labels = clone(sampler).fit_resample(given, y)
    for table in (frame, frame.to_arrow()):
        out, y_out = clone(sampler).fit_resample(table, pl.Series("kind", y))
        assert type(out) is type(table)
        assert out.schema == table.schema
        columns = pl.from_arrow(out) if isinstance(out, pa.Table) else out
        np.testing.assert_allclose(columns.to_numpy(), expected, rtol=1e-6)
        assert y_out.to_list() == labels.tolist()


def test_weights_and_groups_follow_the_parents():
    X, y = cloud(13)
    weight, group = np.random.default_rng(0).random(len(y)), np.arange(len(y))
    our = samplers.SMOTE(random_state=0)
    our.fit_resample(X, y, sample_weight=weight, groups=group)
    np.testing.assert_allclose(our.sample_weight_, our.parents_ @ weight)
    np.testing.assert_array_equal(our.groups_[: len(y)], group)
    assert (our.sample_indices_[len(y) :] == -1).all()
