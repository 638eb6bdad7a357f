"""Metrics of sets of labels against scikit-learn and plain counting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from equipoise.errors import UsageError
from equipoise.metrics import get_metric, label_confusion, per_label

AVERAGED = {
    "f1_macro": (sk.f1_score, "macro"),
    "f1_micro": (sk.f1_score, "micro"),
    "f1_weighted": (sk.f1_score, "weighted"),
    "precision_macro": (sk.precision_score, "macro"),
    "precision_micro": (sk.precision_score, "micro"),
    "recall_macro": (sk.recall_score, "macro"),
    "recall_micro": (sk.recall_score, "micro"),
    "fbeta:0.5": (lambda *a, **k: sk.fbeta_score(*a, beta=0.5, **k), "macro"),
    "fbeta_micro:0.5": (lambda *a, **k: sk.fbeta_score(*a, beta=0.5, **k), "micro"),
    "fbeta": (lambda *a, **k: sk.fbeta_score(*a, beta=2, **k), "macro"),
    "fbeta_micro": (lambda *a, **k: sk.fbeta_score(*a, beta=2, **k), "micro"),
}


@st.composite
def answers(draw: Any) -> tuple[Any, Any, Any]:
    """Return Y and Q, ugly ones too, and weights of two draws, some rows without any."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(2, 5)))
    bits = hnp.arrays(np.int64, shape, elements=st.integers(0, 1))
    weights = draw(hnp.arrays(np.uint8, (2, shape[0]), elements=st.integers(0, 3)))
    weights[:, 0] += 1  # scikit-learn takes no weights that are all 0
    return draw(bits), draw(bits), weights


def metric(name: str, **kwargs: Any) -> Any:
    return get_metric(name, "multilabel", **kwargs)


@settings(max_examples=25)
@given(answers())
def test_confusion_counts_as_scikit_learn(case: Any) -> None:
    Y, Q, weights = case
    assert np.array_equal(label_confusion(Y, Q), sk.multilabel_confusion_matrix(Y, Q))
    expected = [sk.multilabel_confusion_matrix(Y, Q, sample_weight=w) for w in weights]
    for kind in (np.uint8, np.float32, np.float64):
        assert np.array_equal(label_confusion(Y, Q, weights.astype(kind)), expected)
    assert np.array_equal(label_confusion(Y, Q, weights[0]), expected[0])
    assert np.array_equal(label_confusion(Y, Q.astype(bool), np.asfortranarray(weights)), expected)


@settings(max_examples=12)
@given(answers())
def test_averages_equal_scikit_learn(case: Any) -> None:
    Y, Q, weights = case
    for weight in (None, *weights):
        rows = np.ones(len(Y), dtype=bool) if weight is None else weight > 0
        m = label_confusion(Y, Q, weight)
        # A label that is neither met nor said is nothing to average.
        met = np.flatnonzero((Y[rows].sum(axis=0) > 0) | (Q[rows].sum(axis=0) > 0))
        for name, (oracle, how) in AVERAGED.items():
            found = metric(name).compute_labels(m)
            if not len(met):
                assert found == 0
                continue
            kwargs = {"sample_weight": weight, "zero_division": 0}
            expected = oracle(Y[:, met], Q[:, met], average=how, **kwargs)
            if len(met) == 1:  # scikit-learn takes one column for a binary task
                only = Y[:, met[0]], Q[:, met[0]]
                expected = oracle(*only, average="binary", **kwargs)
            assert found == pytest.approx(expected, abs=1e-12), name


@settings(max_examples=25)
@given(answers())
def test_hamming_loss_and_rows_equal_scikit_learn(case: Any) -> None:
    Y, Q, weights = case
    weight = weights[0]
    found = metric("hamming_loss").compute_labels(label_confusion(Y, Q, weight))
    assert found == pytest.approx(sk.hamming_loss(Y, Q, sample_weight=weight))
    for name, oracle in (
        ("f1_samples", lambda *a, **k: sk.f1_score(*a, average="samples", zero_division=0, **k)),
        ("exact_match", sk.accuracy_score),
    ):
        rows = metric(name).compute_rows(Y, Q)
        assert rows.shape == (len(Y),)
        assert np.average(rows, weights=weight) == pytest.approx(oracle(Y, Q, sample_weight=weight))


def test_one_label_is_a_binary_task() -> None:
    Y, Q = np.array([[1], [0], [1], [0], [0]]), np.array([[1], [1], [0], [0], [0]])
    m = label_confusion(Y, Q, [1, 2, 1, 1, 1])
    assert m.tolist() == [[[2, 2], [1, 1]]]
    for name in ("f1_macro", "f1_micro", "f1_weighted"):
        assert metric(name).compute_labels(m) == pytest.approx(2 / 5)


def test_balanced_accuracy_is_that_of_each_label() -> None:
    rng = np.random.default_rng(0)
    Y, Q = rng.integers(0, 2, (2, 60, 4))
    expected = np.mean([sk.balanced_accuracy_score(Y[:, j], Q[:, j]) for j in range(4)])
    assert metric("balanced_accuracy").compute_labels(label_confusion(Y, Q)) == pytest.approx(
        expected
    )
    Y[:, 0], Y[:, 1] = 0, 1  # of these two it is undefined
    expected = np.mean([sk.balanced_accuracy_score(Y[:, j], Q[:, j]) for j in (2, 3)])
    assert metric("balanced_accuracy").compute_labels(label_confusion(Y, Q)) == pytest.approx(
        expected
    )


def test_chances_give_expected_counts() -> None:
    rng = np.random.default_rng(1)
    Y = rng.integers(0, 2, (9, 3))
    drawn = rng.integers(0, 2, (50, 9, 3))
    weights = rng.exponential(size=(4, 9))
    each = np.mean([label_confusion(Y, q, weights) for q in drawn], axis=0)
    assert np.allclose(label_confusion(Y, drawn.mean(axis=0), weights), each)
    single = label_confusion(Y, drawn.mean(axis=0), weights.astype(np.float32))
    assert single.dtype == np.float64
    assert np.allclose(single, each, rtol=1e-5, atol=1e-5)
    # With one chance at a time the chance of an exact match is exact too.
    q = Y.astype(float)
    q[:, 1] = 0.25
    found = metric("exact_match").compute_rows(Y, q)
    assert found.tolist() == np.where(Y[:, 1] == 1, 0.25, 0.75).tolist()


def test_per_label_equals_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    Y, Q = rng.integers(0, 2, (2, 40, 5))
    Y[:, 3], Q[:, 3] = 0, 0
    Q[:, 4] = 0
    found = per_label(label_confusion(Y, Q), beta=0.5)
    precision, recall, f1, support = sk.precision_recall_fscore_support(Y, Q, zero_division=0)
    half = sk.fbeta_score(Y, Q, beta=0.5, average=None, zero_division=0)
    expected = dict(zip(found, (precision, recall, f1, half, support), strict=True))
    for name, values in found.items():
        assert values == pytest.approx(expected[name]), name
    many = per_label(np.stack([label_confusion(Y, Q)] * 3))
    assert many["f1"].shape == (3, 5)


def test_expected_cost_is_a_sum_over_labels() -> None:
    rng = np.random.default_rng(3)
    Y, Q = rng.integers(0, 2, (2, 30, 3))
    cost = rng.exponential(size=(3, 2, 2))
    expected = sum(cost[j, Y[i, j], Q[i, j]] for i in range(30) for j in range(3)) / 30
    m = label_confusion(Y, Q)
    assert metric("expected_cost", cost=cost).compute_labels(m) == pytest.approx(expected)
    same = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = metric("expected_cost", classes=["a", "b", "c"], cost=same).compute_labels(m)
    assert found == pytest.approx((Y != Q).sum() / 30)


@pytest.mark.parametrize(
    ("Y", "Q", "weights", "said"),
    [
        ([1, 0], [1, 0], None, r"\(2,\)"),
        ([[1, 0]], [[1, 0, 1]], None, r"\(1, 3\)"),
        ([[1, 0]], [[1, 0]], [1.0, 1.0], r"weights \(2,\)"),
        ([[2, 0]], [[1, 0]], None, "other than 0 and 1"),
        ([[1, 0]], [[1, 1.5]], None, "outside 0 to 1"),
        ([[1, 0]], [[1, np.nan]], None, "outside 0 to 1"),
    ],
)
def test_wrong_shapes_and_values(Y: Any, Q: Any, weights: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        label_confusion(Y, Q, weights)
    if weights is None:
        with pytest.raises(UsageError):
            metric("f1_samples").compute_rows(Y, Q)


def test_no_rows_and_no_weight_give_numbers() -> None:
    for m in (
        label_confusion(np.zeros((0, 2)), np.zeros((0, 2))),
        label_confusion(np.ones((2, 2)), np.ones((2, 2)), np.zeros(2)),
    ):
        assert m.shape == (2, 2, 2)
        assert all(metric(name).compute_labels(m) == 0 for name in AVERAGED)
