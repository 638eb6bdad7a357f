"""Condensed neighbours and one-sided selection against imbalanced-learn and against plain loops."""

from __future__ import annotations

import imblearn.under_sampling as theirs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors, RadiusNeighborsClassifier

from equipoise.errors import DataError, UsageError
from equipoise.samplers import CondensedNearestNeighbour, OneSidedSelection, condensing

BOTH = pytest.mark.parametrize("ours", [CondensedNearestNeighbour, OneSidedSelection])


def draw(seed: int, counts: list[int], columns: int, dtype: type = np.float64) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(size=(len(y), columns)) + 0.7 * y[:, None]
    return X.astype(dtype), y


def same(our: object, X: object, y: object) -> None:
    their = getattr(theirs, type(our).__name__)(**our.get_params(deep=False))
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
    if sparse.issparse(X):
        assert (X_our != X_their).nnz == 0
    elif isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(X_our, X_their)
    else:
        np.testing.assert_array_equal(X_our, X_their)
        assert X_our.dtype == X_their.dtype
    np.testing.assert_array_equal(y_our, y_their)
    assert len(our.estimators_) == len(their.estimators_)
    for mine, other in zip(our.estimators_, their.estimators_, strict=True):
        assert abs(mine._fit_X - other._fit_X).max() == 0
        assert mine.get_params() == other.get_params()


@BOTH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("counts", "columns"),
    [([60, 15], 3), ([60, 15], 20), ([50, 30, 12], 4)],
    ids=["binary", "wide", "three classes"],
)
def test_the_rows_are_imbalanced_learns(ours, dtype, counts, columns):
    for seed in range(2):
        X, y = draw(seed, counts, columns, dtype)
        for k, seeds in ((None, 1), (2, 5), (3, 2)):
            same(ours(random_state=seed, n_neighbors=k, n_seeds_S=seeds), X, y)


@BOTH
def test_a_block_ends_and_the_next_one_goes_on(ours, monkeypatch):
    monkeypatch.setattr(condensing, "_BLOCK", 16)
    for seed in range(3):
        X, y = draw(seed, [150, 30], 3)
        same(ours(random_state=seed), X, y)
        same(ours(random_state=seed, n_neighbors=3, n_seeds_S=3), X, y)


@BOTH
@pytest.mark.parametrize("strategy", ["all", "majority", "not majority", "not minority", [0, 2]])
def test_strategies(ours, strategy):
    same(ours(random_state=1, sampling_strategy=strategy), *draw(3, [60, 40, 12], 4))


@BOTH
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, pd.DataFrame])
def test_kinds_of_input(ours, make):
    X, y = draw(4, [60, 15], 5)
    X[X < -0.3] = 0
    same(ours(random_state=2), make(X), y)
    whole = (10 * X).astype(np.int64)
    whole[:, 0] = np.arange(len(y)) ** 2  # so that no distances are equal
    same(ours(random_state=2), make(whole), y)


@BOTH
def test_a_generator_goes_on_where_it_was(ours):
    X, y = draw(5, [60, 40, 12], 4)
    their = getattr(theirs, ours.__name__)
    our_random, their_random = np.random.RandomState(3), np.random.RandomState(3)
    for _ in range(2):
        mine, other = ours(random_state=our_random), their(random_state=their_random)
        mine.fit_resample(X, y)
        other.fit_resample(X, y)
        np.testing.assert_array_equal(mine.sample_indices_, other.sample_indices_)


@BOTH
def test_classifiers(ours):
    X, y = draw(6, [60, 15], 4)
    for one in (
        KNeighborsClassifier(n_neighbors=3),
        KNeighborsClassifier(n_neighbors=3, weights="distance"),
        KNeighborsClassifier(n_neighbors=1, p=1),
    ):
        same(ours(random_state=0, n_neighbors=one), X, y)
    counted, searched = ours(random_state=0, n_neighbors=3), ours(random_state=0)
    searched.n_neighbors = NearestNeighbors(n_neighbors=3)
    np.testing.assert_array_equal(counted.fit_resample(X, y)[0], searched.fit_resample(X, y)[0])
    with pytest.raises(UsageError, match="does not vote on labels; use a whole number"):
        ours(n_neighbors=NearestNeighbors(p=1)).fit_resample(X, y)
    with pytest.raises(ValueError, match="n_neighbors"):
        ours(n_neighbors=RadiusNeighborsClassifier()).fit_resample(X, y)


@BOTH
def test_too_few_rows_are_named(ours):
    X, y = draw(1, [20, 2], 2)
    name = ours.__name__
    with pytest.raises(
        DataError, match=rf"class 1 has 2 rows, {name}\(n_neighbors=4\) .*use n_nei"
    ):
        ours(n_neighbors=4).fit_resample(X, y)
    ours(n_neighbors=3, random_state=0).fit_resample(X, y)


def votes(X: np.ndarray, y: np.ndarray, store: list[int], i: int, k: int) -> object:
    near = sorted(store, key=lambda j: float(((X[i] - X[j]) ** 2).sum()))[:k]
    labels, counts = np.unique(y[near], return_counts=True)
    return labels[counts.argmax()]


def start(y: np.ndarray, random: np.random.RandomState, label: int, seeds: int) -> tuple:
    labels, first, counts = np.unique(y, return_index=True, return_counts=True)
    rare = [int(i) for i in np.flatnonzero(y == labels[np.lexsort((first, counts))[0]])]
    own = np.flatnonzero(y == label)
    return rare, own, random.randint(low=0, high=len(own), size=seeds)


def condensed_by_loops(X, y, cleaned, k, seeds, seed) -> list[int]:
    random, kept = np.random.RandomState(seed), []
    for label in np.unique(y):
        if label not in cleaned:
            kept += np.flatnonzero(y == label).tolist()
            continue
        rare, own, drawn = start(y, random, label, seeds)
        mine = own[drawn].tolist()
        for place, i in enumerate(own.tolist()):
            if place not in mine and votes(X, y, rare + mine, i, k) != label:
                mine.append(i)
        kept += mine
    return kept


def one_sided_by_loops(X, y, cleaned, k, seeds, seed) -> list[int]:
    random, kept = np.random.RandomState(seed), []
    for label in np.unique(y):
        if label not in cleaned:
            kept += np.flatnonzero(y == label).tolist()
            continue
        rare, own, drawn = start(y, random, label, seeds)
        mine = own[drawn].tolist()
        rest = [i for place, i in enumerate(own.tolist()) if place not in drawn]
        kept += mine + [i for i in rest if votes(X, y, rare + mine, i, k) != label]
    nearest = []
    for a, i in enumerate(kept):
        far = [np.inf if a == b else ((X[i] - X[j]) ** 2).sum() for b, j in enumerate(kept)]
        nearest.append(int(np.argmin(far)))
    return [
        i
        for a, i in enumerate(kept)
        if not (nearest[nearest[a]] == a and y[kept[nearest[a]]] != y[i] and y[i] in cleaned)
    ]


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(3, 14), min_size=2, max_size=3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
)
def test_ties_and_copies_are_settled_as_in_plain_loops(seed, counts, columns, k, grid):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.integers(0, 4, size=(len(y), columns)) + (
        0.0 if grid else rng.random((len(y), columns))
    )
    for ours, loops in (
        (CondensedNearestNeighbour, condensed_by_loops),
        (OneSidedSelection, one_sided_by_loops),
    ):
        sampler = ours(random_state=seed, n_neighbors=k, n_seeds_S=2)
        sampler.fit_resample(X, y)
        expected = loops(X, y, set(sampler.sampling_strategy_), k, 2, seed)
        assert sampler.sample_indices_.tolist() == expected


@BOTH
def test_labels_of_text_and_parents(ours):
    X, y = draw(9, [60, 12], 2)
    words = np.where(y == 1, "a", "b")
    sampler = ours(random_state=0)
    out, labels = sampler.fit_resample(X, words, groups=np.arange(72))
    np.testing.assert_array_equal(labels, words[sampler.sample_indices_])
    np.testing.assert_array_equal(sampler.groups_, sampler.sample_indices_)
    np.testing.assert_array_equal(sampler.parents_ @ X, out)


@BOTH
def test_a_wide_gap_leaves_the_seed_and_the_rare_rows(ours):
    X = np.append(np.linspace(0, 1, 30), np.linspace(50, 51, 5))[:, None]
    y = np.repeat([0, 1], [30, 5])
    assert np.bincount(ours(random_state=0).fit_resample(X, y)[1]).tolist() == [1, 5]


@BOTH
def test_threads_are_those_asked_for(ours, monkeypatch):
    asked = []
    for name in ("Graph", "Neighbours"):
        kind = getattr(condensing, name)

        def noted(*given, kind=kind, **named):
            made = kind(*given, **named)
            asked.append(made.n_jobs)
            return made

        monkeypatch.setattr(condensing, name, noted)
    X, y = draw(2, [60, 15], 3)
    ours(random_state=0, n_jobs=2).fit_resample(X, y)
    assert asked
    assert set(asked) == {2}
