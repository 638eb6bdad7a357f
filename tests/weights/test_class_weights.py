"""Class weights from counts, costs and labels of every kind, against fractions by hand."""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import permutations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from equipoise.errors import TargetError, UsageError
from equipoise.weights import SCHEMES, class_weights, count_weights, sample_weights

counts_of_classes = st.lists(st.integers(1, 10**12), min_size=1, max_size=6)
N = [12, 6, 2]


def test_to_the_last_digit() -> None:
    beta, C = Q(99, 100), len(N)
    raw = {
        "ins": [Q(1, n) for n in N],
        "ens": [(1 - beta) / (1 - beta**n) for n in N],
    }
    expected = {name: [C * one / sum(w) for one in w] for name, w in raw.items()}
    expected["balanced"] = [Q(sum(N), C * n) for n in N]
    expected["median-frequency"] = [Q(6, n) for n in N]
    for scheme, w in expected.items():
        found = count_weights(N, scheme, beta=0.99)
        np.testing.assert_allclose(found, [float(one) for one in w], rtol=2e-14)
    # 1 / sqrt(12), 1 / sqrt(6), 1 / sqrt(2) are as 1, sqrt 2 and sqrt 6.
    root = np.sqrt([1.0, 2.0, 6.0])
    np.testing.assert_allclose(count_weights(N, "isns"), 3 * root / root.sum(), rtol=1e-15)


@given(counts_of_classes, st.sampled_from(SCHEMES), st.floats(0, 1, exclude_max=True))
def test_what_holds_for_all_counts(counts: list[int], scheme: str, beta: float) -> None:
    w = count_weights(counts, scheme, beta=beta)
    assert (w > 0).all()
    assert np.isfinite(w).all()
    order = np.argsort(counts, kind="stable")
    assert (np.diff(w[order]) <= 1e-9 * w.max()).all()
    np.testing.assert_allclose(count_weights(counts[::-1], scheme, beta=beta), w[::-1], rtol=1e-9)
    if scheme == "balanced":
        assert np.average(w, weights=counts) == pytest.approx(1)
    elif scheme == "median-frequency":
        np.testing.assert_allclose(w * counts, np.median(counts))
    else:
        assert w.sum() == pytest.approx(len(counts))


@pytest.mark.parametrize("beta", [0, 1e-320, 1e-20, 0.5, 0.9999, 1 - 1e-15, np.nextafter(1, 0)])
def test_every_beta_is_between_none_and_inverse_frequency(beta: float) -> None:
    w = count_weights([10**12, 10**6, 1], "ens", beta=beta)
    ratio = w[2] / w[1]
    assert 1 <= ratio <= 10**6 * (1 + 1e-9)
    assert ratio == pytest.approx(
        -np.expm1(10**6 * np.log1p(beta - 1)) / (1 - beta) if beta > 0.1 else 1
    )


def test_even_numbers_of_classes_have_a_median_between() -> None:
    np.testing.assert_allclose(
        count_weights([8, 4, 2, 1], "median-frequency"), 3 / np.array([8, 4, 2, 1])
    )


def test_median_frequency_leaves_the_class_of_the_median() -> None:
    y = ["a"] * 9 + ["b"] * 3 + ["c"]
    assert class_weights(y, "median-frequency").tolist() == [1 / 3, 1, 3]


def test_two_classes_are_decided_by_their_costs_exactly() -> None:
    M = np.array([[1.0, 3.0], [13.0, 0.5]])
    w = class_weights([0] * 7 + [1] * 3, cost=M)
    assert w[1] / w[0] == pytest.approx(12.5 / 2)
    assert np.average(w, weights=[7, 3]) == pytest.approx(1)
    p = np.linspace(0.001, 0.999, 997)
    p = np.column_stack([1 - p, p])
    np.testing.assert_array_equal((p * w).argmax(axis=1), (p @ M).argmin(axis=1))


def test_more_classes_weigh_the_sum_of_their_row() -> None:
    M = [[0, 1, 2], [4, 0, 2], [10, 20, 0]]
    rows = sum(n * c for n, c in zip(N, [3, 6, 30], strict=True))
    expected = [Q(c * sum(N), rows) for c in (3, 6, 30)]
    y = np.repeat([0, 1, 2], N)
    np.testing.assert_allclose(class_weights(y, cost=M), [float(one) for one in expected])
    # Equal costs are no weights, whatever the counts.
    np.testing.assert_allclose(class_weights(y, cost=1 - np.eye(3)), 1)
    # A constant more on a row changes no decision, and no weight.
    np.testing.assert_allclose(
        class_weights(y, cost=np.add(M, [[5], [0], [1]])), class_weights(y, cost=M)
    )


def test_a_class_without_rows_has_no_say() -> None:
    w = class_weights([0, 0, 2], cost=1 - np.eye(3), classes=["a", "b", "c"])
    assert w.tolist() == [1, 1, 1]
    assert count_weights([0, 5, 0], "ins").tolist() == [1, 1, 1]
    assert count_weights([7], "balanced").tolist() == [1]
    for scheme in SCHEMES:
        w = count_weights([30, 0, 10], scheme)
        assert w[1] == 1
        np.testing.assert_array_equal(w[[0, 2]], count_weights([30, 10], scheme))


LABELS = {
    "text": ["ham", "spam", "ham", "ham", "éclair ☃", "spam"],
    "numbers": [3, 10, 3, 3, -1, 10],
    "fractions": [0.5, 1.5, 0.5, 0.5, 2.5, 1.5],
    "bool": [True, False, True, True, True, False],
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize(
    "make",
    [list, tuple, np.array, lambda y: np.array(y, dtype=object), pd.Series, pl.Series],
    ids=["list", "tuple", "array", "object", "pandas", "polars"],
)
def test_labels_of_any_kind(kind: str, make: object) -> None:
    y = LABELS[kind]
    made = make(y)  # type: ignore[operator]
    expected = compute_class_weight("balanced", classes=np.unique(y), y=np.array(y))
    np.testing.assert_allclose(class_weights(made), expected)
    by_label = dict(zip(np.unique(y).tolist(), expected, strict=True))
    rows = sample_weights(made, by_label)
    np.testing.assert_allclose(rows, [by_label[one] for one in y])


def test_categories() -> None:
    y = LABELS["text"]
    for made in (pd.Series(y, dtype="category"), pl.Series(y, dtype=pl.Categorical)):
        np.testing.assert_array_equal(class_weights(made), class_weights(y))


@pytest.mark.parametrize(
    "y",
    [
        pl.Series(["a", None, "b"]),
        pd.Series(["a", None, "b"]),
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series(["a", pd.NA, "b"], dtype="string"),
        [1.0, float("nan"), 2.0],
        pl.Series([True, None, False]),
    ],
    ids=["polars", "pandas", "Int64", "string", "float", "bool"],
)
def test_missing_labels_are_no_class(y: object) -> None:
    for call in (class_weights, lambda y: sample_weights(y, {"a": 1})):
        with pytest.raises(TargetError, match="1 of 3 labels are missing"):
            call(y)


def test_kinds_that_have_no_order() -> None:
    with pytest.raises(TargetError, match="kinds int, str have no order"):
        class_weights(np.array([1, "a"], dtype=object))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cost": [[0, 1]]}, "shape (1, 2) for 2 classes"),
        ({"cost": [[0, 1], [2, 3]]}, "saying 'ham' for 'spam' costs 2, and the right answer 3"),
        ({"cost": [[0, np.nan], [2, 0]]}, "saying 'spam' for 'ham' costs nan"),
        ({"cost": [[0, np.inf], [2, 0]]}, "saying 'spam' for 'ham' costs inf"),
        ({"cost": [[0, 0], [2, 0]]}, "errors on class 'ham' cost nothing"),
        ({"cost": "fn=1"}, "does not hold numbers"),
        ({"cost": np.eye(2), "given": [1, 2]}, "both given= and cost="),
        ({"scheme": "median_frequency"}, "did you mean 'median-frequency'"),
    ],
)
def test_wrong_use(arguments: dict, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        class_weights(["ham", "spam"], **arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "counts", [[1, -1], [1, np.nan], [1, np.inf], [[1, 2]], [], ["a", "b"]], ids=str
)
def test_counts_that_count_nothing(counts: list) -> None:
    with pytest.raises(UsageError):
        count_weights(counts)


def test_no_rows_at_all() -> None:
    with pytest.raises(TargetError, match="none of the 2 classes"):
        count_weights([0, 0])


def test_classes_in_any_order() -> None:
    codes = np.repeat([0, 1, 2], N)
    for order in permutations(range(3)):
        new = np.argsort(order)[codes]
        for scheme in SCHEMES:
            np.testing.assert_allclose(
                class_weights(new, scheme), class_weights(codes, scheme)[list(order)]
            )
