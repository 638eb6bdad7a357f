"""Repeated editing and its kin, and what follows SMOTE, against imbalanced-learn and against loops."""

from __future__ import annotations

import imblearn.combine as combinations
import imblearn.over_sampling as makers
import imblearn.under_sampling as theirs
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from equipoise import samplers
from equipoise.errors import DataError, UsageError
from equipoise.samplers import AllKNN, NeighbourhoodCleaningRule, RepeatedEditedNearestNeighbours

KINDS = ["RepeatedEditedNearestNeighbours", "AllKNN", "NeighbourhoodCleaningRule"]


def draw(seed: int, counts: list[int], columns: int, ties: bool = False) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(size=(len(y), columns)) + 0.7 * y[:, None]
    return (np.round(X * 2) / 2 if ties else X), y


data_sets = st.tuples(
    st.integers(0, 10**6),
    st.lists(st.integers(4, 40), min_size=2, max_size=4).filter(lambda counts: sum(counts) > 20),
    st.sampled_from([1, 2, 5]),
)
strategies = st.sampled_from(["auto", "majority", "not majority", "not minority", "all"])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data_sets, strategies, st.integers(1, 4), st.sampled_from(["all", "mode"]))
def test_the_rows_are_imbalanced_learns(kind, drawn, strategy, k, kind_sel):
    X, y = draw(*drawn)
    parameters = {"sampling_strategy": strategy, "n_neighbors": k}
    if kind != "NeighbourhoodCleaningRule":
        parameters["kind_sel"] = kind_sel
    our, their = getattr(samplers, kind)(**parameters), getattr(theirs, kind)(**parameters)
    try:
        X_their, y_their = their.fit_resample(X, y)
    except ValueError:
        return  # a later pass has too few rows left; ours ends there
    if not len(y_their):
        return  # an error here
    X_our, y_our = our.fit_resample(X, y)
    np.testing.assert_array_equal(X_our, X_their)
    np.testing.assert_array_equal(y_our, y_their)
    np.testing.assert_array_equal(X[our.sample_indices_], X_our)
    for name in ("n_iter_", "classes_to_clean_"):
        if hasattr(their, name):
            assert getattr(our, name) == getattr(their, name)


def near_by_loops(X: np.ndarray, k: int) -> np.ndarray:
    gaps = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.argsort(gaps, axis=1, kind="stable")[:, :k]


def editing_by_loops(X: np.ndarray, y: np.ndarray, left: np.ndarray, k: int) -> np.ndarray:
    """Return the rows of ``left`` that stay, those of the smallest class whatever is near them."""
    classes, counts = np.unique(y[left], return_counts=True)
    spared = classes[counts.argmin()]
    near = near_by_loops(X[left], k)
    stays = (y[left][near] == y[left][:, None]).all(axis=1) | (y[left] == spared)
    return left[stays]


@settings(max_examples=40, deadline=None)
@given(data_sets, st.integers(1, 4))
def test_passes_with_ties_are_those_of_loops(drawn, k):
    X, y = draw(*drawn, ties=True)
    counts = np.bincount(y)
    lowest = np.flatnonzero(counts == counts.min())
    rarest = y[np.isin(y, lowest)][0]
    for sampler, sizes in (
        (RepeatedEditedNearestNeighbours(n_neighbors=k), [k] * 100),
        (AllKNN(n_neighbors=k), range(1, k + 1)),
    ):
        left = np.arange(len(y))
        for size in sizes:
            before = len(left)
            left = editing_by_loops(X, y, left, size)
            now = np.bincount(y[left], minlength=len(counts))
            others = np.delete(now, rarest)
            few, gone = (others[others > 0] < counts[rarest]).any(), (now == 0).any()
            short = len(left) <= (size if isinstance(sizes, list) else size + 1)
            if few or gone or short or (isinstance(sizes, list) and len(left) == before):
                break
        sampler.fit_resample(X, y)
        assert sorted(sampler.sample_indices_) == left.tolist()


@settings(max_examples=40, deadline=None)
@given(data_sets, st.integers(1, 4))
def test_the_cleaning_rule_with_ties_is_that_of_loops(drawn, k):
    X, y = draw(*drawn, ties=True)
    counts = np.bincount(y)
    rarest = y[np.isin(y, np.flatnonzero(counts == counts.min()))][0]
    spared = counts.argmin()
    near = near_by_loops(X, k)
    vote = np.array(
        [np.bincount(y[near[i]], minlength=len(counts)).argmax() for i in range(len(y))]
    )
    leaves = (vote != y) & (y != spared)
    for i in np.flatnonzero(y == rarest):
        around = np.append(y[near[i][: k - 1]], rarest)
        if np.bincount(around, minlength=len(counts)).argmax() != rarest:
            for j in near[i]:
                leaves[j] |= y[j] != spared and counts[y[j]] > 0.5 * counts[rarest]
    sampler = NeighbourhoodCleaningRule(n_neighbors=k)
    sampler.fit_resample(X, y)
    assert sampler.sample_indices_.tolist() == np.flatnonzero(~leaves).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("counts", [[5000, 60], [4000, 900, 50]])
def test_many_rows_are_spared_the_search(kind, counts):
    X, y = draw(3, counts, 6)
    our, their = getattr(samplers, kind)(), getattr(theirs, kind)()
    our.fit_resample(X, y)
    X_their, _ = their.fit_resample(X, y)
    np.testing.assert_array_equal(X[our.sample_indices_], X_their)


@pytest.mark.parametrize("kind", KINDS)
def test_other_searches_and_sparse_rows(kind):
    X, y = draw(5, [80, 25], 3)
    for asked in (NearestNeighbors(n_neighbors=4), NearestNeighbors(n_neighbors=4, p=1)):
        our, their = (
            getattr(samplers, kind)(n_neighbors=asked),
            getattr(theirs, kind)(n_neighbors=asked),
        )
        np.testing.assert_array_equal(our.fit_resample(X, y)[0], their.fit_resample(X, y)[0])
    thin = getattr(samplers, kind)()
    out, _ = thin.fit_resample(sparse.csr_matrix(X), y)
    np.testing.assert_array_equal(out.toarray(), getattr(theirs, kind)().fit_resample(X, y)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_rows_than_neighbours_are_refused_with_the_numbers(kind):
    with pytest.raises(DataError, match=r"3 rows.*n_neighbors=3.*n_neighbors=2"):
        getattr(samplers, kind)().fit_resample(np.arange(3.0)[:, None], np.array([0, 1, 0]))


def test_rows_are_named_rightly_when_nothing_leaves():
    X = np.array([[0.0], [0.1], [9.0], [9.1], [0.2], [9.2]])
    y = np.array([1, 1, 0, 0, 1, 0])
    sampler = RepeatedEditedNearestNeighbours(n_neighbors=2, sampling_strategy="all")
    out, _ = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(X[sampler.sample_indices_], out)


COMBINED = [("SMOTETomek", "tomek"), ("SMOTEENN", "enn")]


@pytest.mark.parametrize(("kind", "step"), COMBINED)
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**4), st.sampled_from([[90, 12], [60, 12, 20]]), st.sampled_from([2, 5]))
def test_combinations_are_imbalanced_learns(kind, step, seed, counts, columns):
    X, y = draw(seed, counts, columns)
    our, their = (
        getattr(samplers, kind)(random_state=seed),
        getattr(combinations, kind)(random_state=seed),
    )
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    np.testing.assert_array_equal(X_our, X_their)
    np.testing.assert_array_equal(y_our, y_their)
    np.testing.assert_allclose(our.parents_ @ X, X_our, atol=1e-12)
    copied = our.sample_indices_ >= 0
    np.testing.assert_array_equal(X[our.sample_indices_[copied]], X_our[copied])


@pytest.mark.parametrize(("kind", "step"), COMBINED)
def test_combinations_of_many_rows(kind, step):
    X, y = draw(0, [5000, 40], 8)
    our, their = (
        getattr(samplers, kind)(random_state=0),
        getattr(combinations, kind)(random_state=0),
    )
    np.testing.assert_array_equal(our.fit_resample(X, y)[0], their.fit_resample(X, y)[0])


@pytest.mark.parametrize(("kind", "step"), COMBINED)
@pytest.mark.parametrize("dtype", ["int64", "float32", "far"])
def test_combinations_of_rows_that_rounding_moves_off_their_lines(kind, step, dtype):
    X, y = draw(0, [4000, 25], 9)
    if dtype == "int64":
        X = np.round(4 * X + np.random.default_rng(1).random(X.shape)).astype(np.int64)
    elif dtype == "float32":
        X = (0.1 * X + 3e5).astype(np.float32)
    else:
        X = X + 1e11
    our = getattr(samplers, kind)(random_state=0)
    made, labels = samplers.SMOTE(random_state=0).fit_resample(X, y)
    clean = {"tomek": samplers.TomekLinks, "enn": samplers.EditedNearestNeighbours}[step]
    expected, _ = clean(sampling_strategy="all").fit_resample(made, labels)
    np.testing.assert_array_equal(our.fit_resample(X, y)[0], expected)


@pytest.mark.parametrize(("kind", "step"), COMBINED)
def test_steps_that_are_given(kind, step):
    X, y = draw(2, [60, 15], 3)
    cleaner = {"tomek": theirs.TomekLinks, "enn": theirs.EditedNearestNeighbours}[step]
    parameters = {
        "smote": makers.SMOTE(k_neighbors=3, random_state=1),
        step: cleaner(sampling_strategy="majority"),
    }
    our, their = getattr(samplers, kind)(**parameters), getattr(combinations, kind)(**parameters)
    np.testing.assert_array_equal(our.fit_resample(X, y)[0], their.fit_resample(X, y)[0])
    np.testing.assert_allclose(our.parents_ @ X, our.fit_resample(X, y)[0], atol=1e-12)


@pytest.mark.parametrize(("kind", "step"), COMBINED)
def test_another_maker_does_not_say_where_its_rows_came_from(kind, step):
    class Another(makers.SMOTE):
        pass

    X, y = draw(2, [60, 15], 3)
    our = getattr(samplers, kind)(smote=Another(random_state=1))
    their = getattr(combinations, kind)(smote=makers.SMOTE(random_state=1))
    np.testing.assert_array_equal(our.fit_resample(X, y)[0], their.fit_resample(X, y)[0])
    with pytest.raises(UsageError, match="does not say from which"):
        _ = our.parents_


@pytest.mark.parametrize(("kind", "step"), COMBINED)
def test_frames_and_sparse_rows_through_a_combination(kind, step):
    X, y = draw(4, [60, 15], 3)
    expected = getattr(samplers, kind)(random_state=0).fit_resample(X, y)[0]
    frame = pl.DataFrame(X, schema=["a", "b", "ü"])
    out, labels = getattr(samplers, kind)(random_state=0).fit_resample(frame, pl.Series("kind", y))
    assert out.columns == frame.columns
    assert labels.name == "kind"
    np.testing.assert_array_equal(out.to_numpy(), expected)
    panda, _ = getattr(samplers, kind)(random_state=0).fit_resample(
        pd.DataFrame(X, columns=["a", "b", "ü"]), y
    )
    np.testing.assert_array_equal(panda.to_numpy(), expected)
    thin, _ = getattr(samplers, kind)(random_state=0).fit_resample(sparse.csr_matrix(X), y)
    np.testing.assert_allclose(thin.toarray(), expected)
