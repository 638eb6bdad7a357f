"""Rows of common labels removed by their neighbours, against plain double loops."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import DataError, UsageError
from equipoise.samplers import MLTL, MLeNN, TomekLinks


def table(seed: int, n: int = 120):
    random = np.random.default_rng(seed)
    Y = (random.random((n, 4)) < [0.6, 0.5, 0.3, 0.05]).astype(int)
    Y[0] = 1
    return random.normal(size=(n, 2)).round(1), Y


def nearest(X, row, k):
    others = [other for other in range(len(X)) if other != row]
    others.sort(key=lambda other: (np.sqrt(((X[other] - X[row]) ** 2).sum()), other))
    return others[:k]


def apart(one, other):
    held = sum(one) + sum(other)
    return sum(a != b for a, b in zip(one, other, strict=True)) / held if held else 0.0


def kinds(Y):
    """Say which labels are common, and which are rare."""
    counts = [int(sum(column)) for column in Y.T]
    ratios = {label: max(counts) / count for label, count in enumerate(counts) if count}
    mean = sum(ratios.values()) / len(ratios)
    common = [label for label, ratio in ratios.items() if ratio < mean]
    return common, [label for label, ratio in ratios.items() if ratio > mean], mean


def links_removed(X, Y, threshold, mutual, spare):
    common, rare, _ = kinds(Y)
    gone = []
    for row in range(len(X)):
        other = nearest(X, row, 1)[0]
        link = not mutual or nearest(X, other, 1)[0] == row
        may_go = any(Y[row, j] for j in common) and not (spare and any(Y[row, j] for j in rare))
        if link and may_go and apart(Y[row], Y[other]) > threshold:
            gone.append(row)
    return [row for row in range(len(X)) if row not in gone]


@pytest.mark.parametrize("threshold", [0, 0.4, 0.75])
@pytest.mark.parametrize("mutual", [True, False])
@pytest.mark.parametrize("spare", [True, False])
def test_links_are_those_of_the_loops(threshold, mutual, spare):
    for seed in range(2):
        X, Y = table(seed)
        sampler = MLTL(threshold, mutual=mutual, spare_rare=spare)
        X_out, Y_out = sampler.fit_resample(X, Y)
        expected = links_removed(X, Y, threshold, mutual, spare)
        assert sampler.sample_indices_.tolist() == expected
        assert len(expected) < 120
        np.testing.assert_array_equal(X_out, X[expected])
        np.testing.assert_array_equal(Y_out, Y[expected])


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_edited_rows_are_those_of_the_loops(k):
    for seed in range(2):
        X, Y = table(seed)
        _, rare, _ = kinds(Y)
        expected = [
            row
            for row in range(len(X))
            if any(Y[row, j] for j in rare)
            or sum(apart(Y[row], Y[other]) > 0.5 for other in nearest(X, row, k)) < k / 2
        ]
        sampler = MLeNN(k, threshold=0.5)
        sampler.fit_resample(X, Y)
        assert sampler.sample_indices_.tolist() == expected
        assert 0 < len(expected) < 120


@settings(max_examples=40)
@given(st.data())
def test_any_rows_will_do(data):
    n = data.draw(st.integers(1, 12))
    cells = data.draw(st.lists(st.booleans(), min_size=3 * n, max_size=3 * n))
    values = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    Y, X = np.array(cells).reshape(n, 3), np.array(values, dtype=float)[:, None]
    Y[0, 0] = True
    expected = links_removed(X, Y, 0.3, True, True) if n > 1 else [0]
    if not expected:
        with pytest.raises(DataError, match="MLTL removed every row"):
            MLTL(0.3).fit_resample(X, Y)
        return
    sampler = MLTL(0.3)
    sampler.fit_resample(X, Y)
    assert sampler.sample_indices_.tolist() == expected


def test_with_one_label_a_row_the_links_are_tomeks():
    """Two labels that shut each other out are two classes, and the common one loses its end of each link."""
    random = np.random.default_rng(1)
    y = (random.random(200) < 0.3).astype(int)
    X = random.normal(size=(200, 2))
    sampler = MLTL(0.5)
    sampler.fit_resample(X, np.eye(2, dtype=int)[y])
    tomek = TomekLinks()
    tomek.fit_resample(X, y)
    np.testing.assert_array_equal(sampler.sample_indices_, tomek.sample_indices_)
    assert len(tomek.sample_indices_) < 200


def fitted_threshold(Y):
    sampler = MLTL()
    sampler.fit_resample(np.arange(len(Y), dtype=float)[:, None] ** 2, Y)
    return sampler.threshold_


def test_the_threshold_follows_the_imbalance():
    def disjoint(*counts):
        return np.eye(len(counts), dtype=int)[np.repeat(np.arange(len(counts)), counts)]

    assert fitted_threshold(disjoint(20, 20, 10)) == 0.5  # mean 1.33: g = 0.87
    assert fitted_threshold(disjoint(40, 40, 2)) == 0.3  # mean 7.33: g = 0.37
    assert fitted_threshold(disjoint(80, 2, 2)) == 0.15  # mean 27: g = 0.19
    together = disjoint(80, 2, 2)
    together[80:, 0] = 1
    assert fitted_threshold(together) == 0.15
    # Most rows with a common and a rare label at once.
    much = np.zeros((100, 12), dtype=int)
    much[:, 0] = 1
    much[np.arange(90), 1 + np.arange(90) % 11] = 1
    assert fitted_threshold(much) == 0.5


def test_sparse_rows_and_duplicates():
    Y = table(3)[1]
    X = np.random.default_rng(0).normal(size=(120, 2))
    dense, sparse = MLTL(0.3), MLTL(0.3)
    dense.fit_resample(X, Y)
    out, _ = sparse.fit_resample(sp.csr_matrix(X), Y)
    np.testing.assert_array_equal(out.toarray(), X[dense.sample_indices_])
    same = MLTL(0.3)
    same.fit_resample(np.zeros((120, 2)), Y)
    # Of equal rows the lowest is the nearest, so that only the first two point at each other.
    assert set(range(2, 120)) <= set(same.sample_indices_.tolist())


@pytest.mark.parametrize(
    ("sampler", "match"),
    [
        (MLTL(1), r"threshold=1 is outside \[0, 1\)"),
        (MLTL("mean"), "threshold='mean'"),
        (MLeNN(0), "n_neighbors=0 cannot be used"),
        (MLeNN(threshold=-0.1), r"threshold=-0.1 is outside \[0, 1\)"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(sampler, match):
    with pytest.raises(UsageError, match=match):
        sampler.fit_resample(*table(0))


def test_more_neighbours_than_rows():
    X, Y = table(0)
    with pytest.raises(
        DataError, match=r"the data have 3 rows, MLeNN\(n_neighbors=3\) needs at least 4"
    ):
        MLeNN().fit_resample(X[:3], Y[:3])
