"""New rows for rare labels, against a plain double loop over the rows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import DataError, UsageError
from equipoise.samplers import MLSMOTE, SMOTE


def table(seed: int, n: int = 80):
    random = np.random.default_rng(seed)
    Y = (random.random((n, 4)) < [0.7, 0.4, 0.12, 0.1]).astype(int)
    Y[:7, 2:] = 1
    Y[:, 0] |= ~Y.any(axis=1)
    return random.normal(size=(n, 3)).round(1) + Y[:, :3], Y


def made_by_loops(X, Y, k, kind, random):
    """Follow the listing of the paper, label by label and seed by seed, with one share for all columns."""
    counts = [sum(column) for column in Y.T]
    ratios = [max(counts) / count for count in counts]
    mean = sum(ratios) / len(ratios)
    rows, sets, parents = [], [], []
    for label, ratio in enumerate(ratios):
        if ratio <= mean:
            continue
        bag = [row for row in range(len(X)) if Y[row, label]]
        chosen = random.randint(k, size=len(bag))
        shares = random.uniform(size=len(bag))
        for seed, pick, share in zip(bag, chosen, shares, strict=True):
            others = [row for row in bag if row != seed]
            others.sort(key=lambda row: (np.sqrt(((X[row] - X[seed]) ** 2).sum()), row))
            near = others[:k]
            other = near[pick]
            rows.append([a + share * (b - a) for a, b in zip(X[seed], X[other], strict=True)])
            votes = Y[seed] + sum(Y[row] for row in near)
            sets.append(
                {
                    "ranking": votes > (k + 1) / 2,
                    "union": votes > 0,
                    "intersection": votes == k + 1,
                }[kind]
            )
            parents.append((seed, other, share))
    return np.array(rows), np.array(sets).astype(int), parents


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("kind", ["ranking", "union", "intersection"])
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_those_of_the_loops(seed, kind, k):
    X, Y = table(seed)
    rows, sets, parents = made_by_loops(X, Y, k, kind, np.random.RandomState(seed))
    sampler = MLSMOTE(k, label_sets=kind, random_state=seed)
    X_out, Y_out = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(X_out[:80], X)
    np.testing.assert_array_equal(Y_out[:80], Y)
    np.testing.assert_allclose(X_out[80:], rows, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(Y_out[80:], sets)
    assert sampler.sample_indices_[:80].tolist() == list(range(80))
    assert (sampler.sample_indices_[80:] == -1).all()
    made = sampler.origins_.lines(np.arange(80, len(X_out)))
    assert list(zip(made.base, made.other, made.step, strict=True)) == parents
    np.testing.assert_allclose(sampler.parents_ @ X, X_out, atol=1e-12)


def test_every_new_row_has_the_rare_label_that_it_was_made_for():
    X, Y = table(1)
    for kind in ("ranking", "union", "intersection"):
        Y_new = MLSMOTE(label_sets=kind, random_state=0).fit_resample(X, Y)[1][80:]
        rare = Y[:, 2].sum()
        assert Y_new[:rare, 2].all()
        assert Y_new[rare:, 3].all()
        assert len(Y_new) == rare + Y[:, 3].sum()


def test_sparse_rows_are_those_of_dense_ones():
    X, Y = table(2)
    X[np.abs(X) < 0.5] = 0
    dense, _ = MLSMOTE(random_state=3).fit_resample(X, Y)
    for form in ("csr", "csc"):
        out, sets = MLSMOTE(random_state=3).fit_resample(sp.csr_matrix(X).asformat(form), Y)
        assert out.format == form
        np.testing.assert_allclose(out.toarray(), dense, atol=1e-12)
        assert sets.shape == (len(dense), 4)


def test_labels_of_one_row_each_are_classes_and_the_lines_are_those_of_smote():
    """With one label a row, neighbours are those that SMOTE finds in the class."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, 20])
    X = random.normal(size=(80, 2))
    ours = MLSMOTE(3, random_state=0)
    _, Y_out = ours.fit_resample(X, np.eye(2, dtype=int)[y])
    smote = SMOTE(k_neighbors=3, random_state=0)
    smote.fit_resample(X, y)
    near = {
        (a, b) for a, b in zip(smote.origins_.first[80:], smote.origins_.other[80:], strict=True)
    }
    every = {a for a, _ in near}
    found = {
        (a, b) for a, b in zip(ours.origins_.first[80:], ours.origins_.other[80:], strict=True)
    }
    assert {a for a, _ in found} == set(range(60, 80)) >= every
    assert (Y_out[80:] == [0, 1]).all()
    assert len(found & near) > 5
    expected = np.log((40 / 100) / (60 / 100)) - np.log((20 / 80) / (60 / 80))
    np.testing.assert_allclose(ours.prior_offset_, [-expected, expected])


def test_few_rows_of_a_label():
    X, Y = table(0)
    Y[:, 3] = 0
    Y[5, 3] = 1
    with pytest.raises(
        DataError, match=r"label 3 has 1 row, MLSMOTE\(k_neighbors=5\) needs at least 6"
    ):
        MLSMOTE().fit_resample(X, Y)
    Y[6, 3] = 1
    with pytest.raises(
        DataError, match=r'has 2 rows.*use k_neighbors=1, k_neighbors="auto" or MLROS'
    ):
        MLSMOTE().fit_resample(X, Y)
    Y[6, 3] = 0
    sampler = MLSMOTE("auto", random_state=0)
    X_out, Y_out = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(X_out[-1], X[5])
    np.testing.assert_array_equal(Y_out[-1], Y[5])
    assert sampler.sample_indices_[-1] == -1


def test_duplicates_constant_columns_and_sizes():
    X, Y = np.zeros((80, 3)), table(0)[1]
    X_out, _ = MLSMOTE(random_state=0).fit_resample(X, Y)
    assert not X_out.any()
    for size in (2.0**-660, 2.0**660):  # powers of two, which do not round
        X = table(0)[0] * size
        X_out, _ = MLSMOTE(random_state=0).fit_resample(X, Y)
        plain, _ = MLSMOTE(random_state=0).fit_resample(X / size, Y)
        np.testing.assert_allclose(X_out / size, plain, atol=1e-9)


@settings(max_examples=40)
@given(st.data())
def test_new_rows_lie_between_rows_that_share_the_label(data):
    n = data.draw(st.integers(2, 14))
    cells = data.draw(st.lists(st.booleans(), min_size=3 * n, max_size=3 * n))
    values = data.draw(st.lists(st.integers(-3, 3), min_size=2 * n, max_size=2 * n))
    Y, X = np.array(cells).reshape(n, 3), np.array(values, dtype=float).reshape(n, 2)
    Y[0, 0] = True
    sampler = MLSMOTE("auto", random_state=0)
    X_out, Y_out = sampler.fit_resample(X, Y)
    made = sampler.origins_.lines(np.arange(n, len(X_out)))
    low = np.minimum(X[made.base], X[made.other]) - 1e-12
    high = np.maximum(X[made.base], X[made.other]) + 1e-12
    assert ((low <= X_out[n:]) & (X_out[n:] <= high)).all()
    assert (Y[made.base] & Y[made.other] & Y_out[n:]).any(axis=1).all()


@pytest.mark.parametrize(
    ("sampler", "match"),
    [
        (MLSMOTE(0), "k_neighbors=0 cannot be used"),
        (MLSMOTE("five"), "k_neighbors='five' cannot be used"),
        (MLSMOTE(2.5), "k_neighbors=2.5"),
        (MLSMOTE(label_sets="most"), "label_sets='most' is unknown; use 'ranking', 'union'"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(sampler, match):
    with pytest.raises(UsageError, match=match):
        sampler.fit_resample(*table(0))
