"""By how much weights move the classes, and that it is the offset that decisions undo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.decisions import correct_probabilities, prior_offset
from equipoise.errors import UsageError
from equipoise.weights import SCHEMES, count_weights, pos_weights, weight_offset

counts_of_classes = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any)


@given(counts_of_classes, st.sampled_from(SCHEMES))
def test_it_is_the_offset_of_the_weighted_counts(counts: list[int], scheme: str) -> None:
    w = count_weights(counts, scheme)
    expected = prior_offset(counts, np.multiply(counts, w))
    np.testing.assert_allclose(weight_offset(w, counts=counts), expected, atol=1e-12)
    if all(counts):
        np.testing.assert_allclose(weight_offset(w), expected, atol=1e-12)


def test_subtracting_it_puts_probabilities_back() -> None:
    counts, w = np.array([60, 30, 10]), np.array([0.5, 1.0, 7.0])
    p = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    trained = p * w / (p * w).sum(axis=1, keepdims=True)
    back = np.exp(np.log(trained) - weight_offset(w))
    np.testing.assert_allclose(back / back.sum(axis=1, keepdims=True), p)
    np.testing.assert_allclose(correct_probabilities(trained, counts, counts * w), p)


@given(st.integers(1, 99))
def test_a_label_is_the_difference_of_two_classes(positives: int) -> None:
    y = np.arange(100) < positives
    two = prior_offset([100 - positives, positives], [1, 1])
    found = weight_offset(pos_weights(y), "labels")
    np.testing.assert_allclose(found, [two[1] - two[0]], atol=1e-12)


def test_labels_are_not_centred() -> None:
    np.testing.assert_allclose(weight_offset([2.0, 4.0], "labels"), np.log([2, 4]))
    np.testing.assert_allclose(weight_offset([2.0, 4.0]), [-np.log(2) / 2, np.log(2) / 2])
    assert weight_offset([3.0]).tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 0],), "class 1 is not a positive"),
        (([[1, 2]],), "shape (1, 2)"),
        (([],), "shape (0,)"),
        (([1, 2], "rows"), "target='rows'"),
    ],
)
def test_wrong_use(arguments: tuple, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        weight_offset(*arguments)
    assert words in str(caught.value)


def test_counts_have_the_shape_of_the_weights() -> None:
    with pytest.raises(UsageError, match="one of each per class"):
        weight_offset([1, 2], counts=[1])
