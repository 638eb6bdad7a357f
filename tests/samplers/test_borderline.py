"""BorderlineSMOTE and SVMSMOTE against imbalanced-learn and against two loops."""

from __future__ import annotations

import imblearn.over_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from equipoise import samplers
from equipoise.errors import DataError
from equipoise.samplers.engine.neighbours import Graph

OWN = [
    ("BorderlineSMOTE", {}),
    ("BorderlineSMOTE", {"kind": "borderline-2"}),
    ("SVMSMOTE", {}),
    ("SVMSMOTE", {"svm_estimator": SVC(C=0.1), "out_step": 0.2, "m_neighbors": 6}),
]
NAMES = ["borderline-1", "borderline-2", "svm", "given svm"]
every = pytest.mark.parametrize(("name", "kinds"), OWN, ids=NAMES)


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def cloud(seed: int, counts: list[int] | None = None, columns: int = 4) -> tuple:
    counts = [240, 70, 40] if counts is None else counts
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.normal(size=(len(y), columns)) + y[:, None], y


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
    their = getattr(theirs, name)(**kinds, random_state=seed())
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    assert type(X_our) is type(X_their)
    np.testing.assert_array_equal(dense(X_our), dense(X_their))
    np.testing.assert_array_equal(y_our, y_their)
    if name == "BorderlineSMOTE":
        assert our.in_danger_indices.keys() == their.in_danger_indices.keys()
        for label, rows in their.in_danger_indices.items():
            np.testing.assert_array_equal(our.in_danger_indices[label], rows)
    if not isinstance(X, pd.DataFrame):
        assert X_our.dtype == X_their.dtype
        assert_between(our, dense(X), dense(X_our))


def assert_between(sampler, X: np.ndarray, X_out: np.ndarray) -> None:
    # Integers are cut to whole numbers after the step.
    off = {"f": 1e-9 if X.dtype == np.float64 else 1e-4, "i": 1.0}[X.dtype.kind]
    assert np.abs(sampler.parents_ @ X - X_out).max() < off
    np.testing.assert_allclose(sampler.parents_.sum(axis=1), 1)


@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "csr", "csc", "pandas"])
@every
def test_a_seed_gives_imbalanced_learns_rows(name, kinds, kind):
    for seed in range(2):
        X, y = cloud(seed)
        X = of_kind(X, kind)
        if kinds.get("kind") == "borderline-2" and kind in ("int64", "csr", "csc"):
            # imbalanced-learn fails on these.
            our = samplers.BorderlineSMOTE(**kinds, random_state=seed)
            X_out, y_out = our.fit_resample(X, y)
            assert np.bincount(y_out).tolist() == [240, 240, 240]
            assert_between(our, dense(X), dense(X_out))
            continue
        assert_same(name, kinds, X, y, lambda seed=seed: seed)


@every
def test_a_generator_of_numbers_goes_on_where_it_was(name, kinds):
    X, y = cloud(3, [150, 60, 40, 30])
    assert_same(name, kinds, X, y, lambda: np.random.RandomState(5))


@pytest.mark.parametrize("strategy", [0.7, {1: 100}, "all", "minority", "not minority"])
@every
def test_strategies_give_imbalanced_learns_rows(name, kinds, strategy):
    X, y = cloud(4, [200, 60])
    assert_same(name, {**kinds, "sampling_strategy": strategy}, X, y, lambda: 1)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@every
def test_other_searches_are_taken_and_parents_known(name, kinds, metric):
    X, y = cloud(5)
    search = {
        "k_neighbors": NearestNeighbors(n_neighbors=4, metric=metric),
        "m_neighbors": NearestNeighbors(n_neighbors=8, metric=metric),
    }
    assert_same(name, {**kinds, **search}, X, y, lambda: 2)


def nearest_by_loops(X: np.ndarray, row: int, among: np.ndarray, k: int) -> np.ndarray:
    others = [i for i in among if i != row]
    return np.array(sorted(others, key=lambda i: (((X[i] - X[row]) ** 2).sum(), i))[:k])


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(4, 25), min_size=2, max_size=3),
    st.integers(1, 3),
    st.integers(1, 6),
    st.sampled_from(["borderline-1", "borderline-2", "svm"]),
)
def test_parents_are_those_of_two_loops_with_ties_and_copies(seed, counts, k, m, kind):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.integers(0, 4, (len(y), 2)).astype(float)
    kinds = {"k_neighbors": k, "m_neighbors": m, "random_state": seed}
    sampler = (
        samplers.SVMSMOTE(**kinds)
        if kind == "svm"
        else samplers.BorderlineSMOTE(kind=kind, **kinds)
    )
    try:
        X_out, y_out = sampler.fit_resample(X, y)
    except DataError:
        assert kind == "svm"
        return
    n = len(y)
    assert_between(sampler, X, X_out)
    first, other, step = sampler.origins_.first, sampler.origins_.other, sampler.origins_.step
    near = [nearest_by_loops(X, row, np.arange(n), m) for row in range(n)]
    foreign = np.array([(y[near[row]] != y[row]).sum() for row in range(n)])
    danger = (foreign >= m / 2) & (foreign < m)
    for row in range(n, len(y_out)):
        a, b = first[row], other[row]
        among = np.arange(n) if kind == "borderline-2" else np.flatnonzero(y == y_out[row])
        assert y[a] == y_out[row]
        assert b in nearest_by_loops(X, a, among, k)
        assert foreign[a] < m
        assert step[row] <= (0.5 if y[b] != y[a] else 1)
        assert danger[a] if kind != "svm" else danger[a] == (step[row] > 0) or step[row] == 0
    if kind == "svm":
        return
    for label, count in sampler.sampling_strategy_.items():
        rows = np.flatnonzero(danger & (y == label))
        assert (y_out[n:] == label).sum() == (count if len(rows) else 0)
        if count:
            assert sampler.in_danger_indices.get(label, rows[:0]).tolist() == rows.tolist()


@every
def test_a_shared_graph_gives_the_same_rows(name, kinds):
    X, y = cloud(7)
    for graph in (Graph(X), Graph(X, k=1)):
        our = getattr(samplers, name)(**kinds, random_state=0)
        X_our, y_our = our.generate(graph, y)
        expected = clone(our).fit_resample(X, y)
        np.testing.assert_array_equal(X_our, expected[0])
        np.testing.assert_array_equal(y_our, expected[1])


def test_the_machine_is_trained_once(monkeypatch):
    fitted = []
    fit = SVC.fit
    monkeypatch.setattr(SVC, "fit", lambda self, X, y: fitted.append(len(X)) or fit(self, X, y))
    X, y = cloud(8, [90, 40, 30, 20])
    samplers.SVMSMOTE(random_state=0).fit_resample(X, y)
    assert fitted == [180]


def test_weights_are_never_negative():
    X, y = cloud(9)
    weight = np.random.default_rng(0).pareto(1, len(y))
    our = samplers.SVMSMOTE(random_state=0, out_step=1.0)
    our.fit_resample(X, y, sample_weight=weight)
    assert our.parents_.min() < 0
    assert (our.sample_weight_ >= 0).all()
    inwards = our.origins_.step >= 0
    np.testing.assert_allclose(our.sample_weight_[inwards], (our.parents_ @ weight)[inwards])


@every
def test_auto_takes_what_a_class_has(name, kinds):
    X, y = cloud(10, [60, 20, 4, 1])
    kinds = {**kinds, "k_neighbors": "auto", "m_neighbors": "auto"}
    our = getattr(samplers, name)(**kinds, random_state=0)
    X_out, y_out = our.fit_resample(X, y)
    single = X_out[len(y) :][y_out[len(y) :] == 3]
    assert len(single) == 59
    assert (single == X[y == 3]).all()
    few = our.fit_resample(X[y != 3][:9], np.repeat([0, 1], [6, 3]))[1]
    assert len(few) >= 9


def test_what_cannot_be_is_refused_with_a_remedy():
    X, y = cloud(11, [40, 5])
    with pytest.raises(DataError, match=r"the data have 45 rows, .*\(m_neighbors=45\) needs"):
        samplers.BorderlineSMOTE(m_neighbors=45).fit_resample(X, y)
    with pytest.raises(DataError, match=r"class 1 has 5 rows, SVMSMOTE\(k_neighbors=5\) needs"):
        samplers.SVMSMOTE().fit_resample(X, y)
    with pytest.raises(RuntimeError, match="has no support_ after its fit"):
        samplers.SVMSMOTE(svm_estimator=DecisionTreeClassifier(), k_neighbors=2).fit_resample(X, y)
    alone = np.vstack([np.arange(20.0)[:, None], [[3.5], [9.5], [15.5]]])
    with pytest.raises(ValueError, match="all support vectors of class 1 have only rows of other"):
        samplers.SVMSMOTE(k_neighbors=1, m_neighbors=2).fit_resample(
            alone, np.repeat([0, 1], [20, 3])
        )


@every
def test_tables_of_polars_and_pyarrow_stay_what_they_are(name, kinds):
    X, y = cloud(12)
    frame = pl.DataFrame(X, schema=list("abcd")).with_columns(pl.col("d").cast(pl.Float32))
    given = frame.to_numpy().astype(np.float64)
    sampler = getattr(samplers, name)(**kinds, random_state=0)
    expected, labels = clone(sampler).fit_resample(given, y)
    for table in (frame, frame.to_arrow()):
        out, y_out = clone(sampler).fit_resample(table, pl.Series("kind", y))
        assert type(out) is type(table)
        assert out.schema == table.schema
        columns = out if isinstance(out, pl.DataFrame) else pl.from_arrow(out)
        np.testing.assert_allclose(columns.to_numpy(), expected, rtol=1e-6)
        assert y_out.to_list() == labels.tolist()
