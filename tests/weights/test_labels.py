"""Weights of elements and of positives, against sums by hand."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import permutations, product
from math import isqrt

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from equipoise.errors import TargetError, UsageError
from equipoise.weights import element_weights, pos_weights, weight_offset
from equipoise.weights.repeats import repeat_factors, rows_by_factor

# Six rows of three labels, which 4, 2 and 1 of them have; the fifth has all, the last has none.
Y = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0, 0]])
N = [4, 2, 1]
tables = arrays(
    np.int8, st.tuples(st.integers(1, 8), st.integers(1, 5)), elements=st.integers(0, 1)
)


def by_hand(raw: list[Q], of: str, normalise: str) -> np.ndarray:
    """The same in fractions and loops."""
    C = len(raw)
    w = raw if normalise == "none" else [C * one / sum(raw) for one in raw]
    average = sum(n * one for n, one in zip(N, w, strict=True)) / Q(sum(N))
    out = [[Q(1)] * C for _ in Y]
    for i, c in product(range(len(Y)), range(C)):
        if of == "row":
            out[i][c] = sum((w[k] for k in range(C) if Y[i, k]), Q(0)) or average
        elif of == "label" or Y[i, c]:
            out[i][c] = w[c]
    total = sum(map(sum, out)) if normalise == "batch" else Q(len(Y) * C)
    return np.array([[float(one * len(Y) * C / total) for one in row] for row in out])


@pytest.mark.parametrize("of", ["row", "label", "positives"])
@pytest.mark.parametrize("normalise", ["none", "classes", "batch"])
def test_to_the_last_digit(of: str, normalise: str) -> None:
    b = Q(9, 10)
    found = element_weights(Y, "ins", of=of, normalise=normalise)
    np.testing.assert_allclose(found, by_hand([Q(1, n) for n in N], of, normalise), rtol=1e-15)
    raw = [(1 - b) / (1 - b**n) for n in N]
    found = element_weights(Y, "ens", beta=0.9, of=of, normalise=normalise)
    np.testing.assert_allclose(found, by_hand(raw, of, normalise), rtol=5e-15)
    # Square roots to 30 digits.
    raw = [Q(10**30, isqrt(n * 10**60)) for n in N]
    found = element_weights(Y, "isns", of=of, normalise=normalise)
    np.testing.assert_allclose(found, by_hand(raw, of, normalise), rtol=2e-15)


def test_a_row_weighs_the_sum_over_its_labels() -> None:
    """The recipe of Cui et al. 2019 for sigmoid losses: weights, times labels, summed, repeated."""
    n, beta = Y.sum(axis=0), 0.99
    w = (1 - beta) / (1 - beta**n)
    w = w / w.sum() * 3
    recipe = torch.tensor(w).repeat(6, 1) * torch.tensor(Y)
    recipe = recipe.sum(1).unsqueeze(1).repeat(1, 3)
    found = element_weights(Y, "ens", beta=beta)
    labelled = Y.any(axis=1)
    np.testing.assert_allclose(found[labelled], recipe.numpy()[labelled], rtol=1e-12)


def test_one_label_per_row_is_class_weighting() -> None:
    y = np.repeat([0, 1, 2], [6, 3, 1])
    found = element_weights(np.eye(3)[y], "ins")
    np.testing.assert_allclose(found[:, 0], (18 / (np.array([6, 3, 1]) * 9))[y])
    # There a row without labels weighs as much as the mean row.
    more = np.vstack([np.eye(3)[y], np.zeros(3)])
    assert element_weights(more, "ins")[-1, 0] == pytest.approx(found.mean())


def test_a_batch_uses_the_counts_of_all_rows() -> None:
    counts = Y.sum(axis=0)
    whole = element_weights(Y, "ins")
    for rows in ([0, 3], [3, 5], [4]):
        np.testing.assert_array_equal(element_weights(Y[rows], "ins", counts=counts), whole[rows])
        batch = element_weights(Y[rows], "ins", counts=counts, normalise="batch")
        assert batch.sum() == pytest.approx(batch.size)
        np.testing.assert_allclose(batch / batch[0, 0], whole[rows] / whole[rows][0, 0])


def test_torch_takes_both() -> None:
    logits = torch.linspace(-2, 2, 18, dtype=torch.float64).reshape(6, 3)
    target = torch.tensor(Y, dtype=torch.float64)
    w = element_weights(Y, "isns", of="positives")
    found = torch.nn.BCEWithLogitsLoss(weight=torch.tensor(w))(logits, target)
    p = 1 / (1 + np.exp(-logits.numpy()))
    assert float(found) == pytest.approx(-(w * np.where(Y == 1, np.log(p), np.log(1 - p))).mean())
    v = pos_weights(Y)
    found = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(v))(logits, target)
    terms = np.where(Y == 1, v * np.log(p), np.log(1 - p))
    assert float(found) == pytest.approx(-terms.mean())


@given(
    tables,
    st.sampled_from(["ins", "isns", "ens", "balanced", "median-frequency"]),
    st.sampled_from(["row", "label", "positives"]),
    st.sampled_from(["classes", "batch", "none"]),
    st.randoms(use_true_random=False),
)
def test_what_holds_for_every_table(
    table: np.ndarray, scheme: str, of: str, normalise: str, random: object
) -> None:
    found = element_weights(table, scheme, of=of, normalise=normalise)
    assert found.shape == table.shape
    assert found.dtype == np.float64
    assert (found > 0).all()
    assert np.isfinite(found).all()
    n = table.sum(axis=0)
    if normalise == "batch":
        assert found.sum() == pytest.approx(table.size)
    if of == "label" and normalise == "classes":
        assert found[0].sum() == pytest.approx(table.shape[1])
    if of == "label":
        known = np.flatnonzero(n)
        order = known[np.argsort(n[known], kind="stable")]
        assert (np.diff(found[0][order]) <= 1e-9 * found.max()).all()
        if len(known):
            np.testing.assert_allclose(found[0][n == 0], found[0][known].mean())
    rows, columns = list(range(table.shape[0])), list(range(table.shape[1]))
    random.shuffle(rows)  # type: ignore[attr-defined]
    random.shuffle(columns)  # type: ignore[attr-defined]
    moved = element_weights(table[np.ix_(rows, columns)], scheme, of=of, normalise=normalise)
    np.testing.assert_allclose(moved, found[np.ix_(rows, columns)], rtol=1e-9)


@given(tables, st.floats(0, 1), st.floats(0.1, 5))
def test_weights_of_positives(table: np.ndarray, power: float, cap: float) -> None:
    found = pos_weights(table, power=power)
    for c in range(table.shape[1]):
        pos = int(table[:, c].sum())
        neg = len(table) - pos
        assert found[c] == pytest.approx((neg / pos) ** power if pos and neg else 1.0)
    np.testing.assert_array_equal(pos_weights(table, power=power, cap=cap), np.minimum(found, cap))


def test_balanced_positives_weigh_as_much_as_negatives() -> None:
    w = pos_weights(Y)
    np.testing.assert_allclose(w * Y.sum(axis=0), (1 - Y).sum(axis=0))
    # The constant that fits a label best under these weights is even odds: log w off its own.
    share = Y.mean(axis=0)
    np.testing.assert_allclose(weight_offset(w, "labels"), np.log((1 - share) / share))


def test_binary_targets() -> None:
    assert pos_weights([0] * 9 + [1]).tolist() == [9]
    assert pos_weights([False, True, False]).tolist() == [2]
    assert pos_weights([1, 1]).tolist() == [1]
    assert pos_weights([0, 0]).tolist() == [1]


@pytest.mark.parametrize(
    "make",
    [
        lambda Y: Y.tolist(),
        lambda Y: Y.astype(bool),
        lambda Y: Y.astype(np.float32),
        lambda Y: Y.astype(object),
        lambda Y: pd.DataFrame(Y, columns=list("abc")),
        lambda Y: pl.DataFrame(Y, schema=list("abc")),
        csr_array,
        torch.tensor,
    ],
    ids=["list", "bool", "float", "object", "pandas", "polars", "sparse", "torch"],
)
def test_tables_of_any_kind(make: object) -> None:
    np.testing.assert_array_equal(element_weights(make(Y)), element_weights(Y))  # type: ignore[operator]
    np.testing.assert_array_equal(pos_weights(make(Y)), pos_weights(Y))  # type: ignore[operator]


def test_no_label_anywhere() -> None:
    for of, normalise in product(["row", "label", "positives"], ["none", "classes", "batch"]):
        assert (element_weights([[0, 0]], of=of, normalise=normalise) == 1).all()
    found = element_weights([[1, 0], [1, 0]], of="label")
    np.testing.assert_array_equal(found, 1)


def test_many_rows() -> None:
    assert element_weights([[1, 1]], counts=[10**15, 1], of="label")[0, 1] == pytest.approx(2)
    found = element_weights([[1, 1]], "ens", counts=[10**15, 10**9], of="label", beta=0.9999)
    np.testing.assert_allclose(found, 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: element_weights([1, 0]), "shape (2,)"),
        (lambda: element_weights([[1, 2]]), "Y holds 2, neither 0 nor 1"),
        (lambda: element_weights([[1, float("nan")]]), "Y holds nan"),
        (lambda: element_weights([[1, None]]), "Y holds nan"),
        (lambda: element_weights([[1, 0], [1]]), "no table"),
        (lambda: element_weights([["spam", "ham"]]), "no table"),
        (lambda: element_weights(Y, of="rows"), "of='rows'"),
        (lambda: element_weights(Y, normalise="sum"), "'classes', 'none'"),
        (lambda: element_weights(Y, "inz"), "did you mean 'ins'"),
        (lambda: element_weights([[0, 0]], "inz"), "did you mean 'ins'"),
        (lambda: element_weights(Y, "ens", beta=1), "beta=1"),
        (lambda: element_weights(Y, counts=[1, 2]), "2 counts for 3 labels"),
        (lambda: element_weights(Y, counts=[1, 2, -3]), "the count -3 of class 2"),
        (lambda: pos_weights(["spam", "ham"]), "no table"),
        (lambda: pos_weights(np.zeros((2, 2, 2))), "shape (2, 2, 2)"),
        (lambda: pos_weights(Y, cap=0), "cap=0"),
        (lambda: pos_weights(Y, cap=float("nan")), "cap=nan"),
        (lambda: pos_weights(Y, power=-1), "power=-1"),
        (lambda: pos_weights(Y, power="half"), "power='half'"),
    ],
)
def test_wrong_use_names_the_value(call: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()  # type: ignore[operator]
    assert words in str(caught.value)


def test_nothing_to_weigh() -> None:
    for empty in (np.zeros((0, 3)), np.zeros((3, 0))):
        with pytest.raises(TargetError):
            element_weights(empty)
        with pytest.raises(TargetError):
            pos_weights(empty)


def test_a_row_is_repeated_for_the_rarest_of_its_labels() -> None:
    has = np.random.default_rng(0).random((50, 4)) < [0.6, 0.1, 0.3, 0.05]
    for order in permutations(range(4)):
        mixed = has[:, order]
        factors = repeat_factors(mixed.sum(axis=0), 50, 0.5)
        expected = [max([1.0, *factors[row]]) for row in mixed]
        members = [np.flatnonzero(column) for column in mixed.T]
        assert rows_by_factor(mixed.T, factors, 50).tolist() == expected
        assert rows_by_factor(members, factors, 50).tolist() == expected
