"""Metrics of labels against scikit-learn, imbalanced-learn and plain loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from imblearn.metrics import geometric_mean_score

from equipoise.errors import UsageError
from equipoise.metrics import confusion, get_metric, metric_names, per_class

COST = np.array([[0.5, 1.0, 3.0], [7.0, 0.0, 2.0], [4.0, 5.0, 0.25]])

ORACLES: dict[str, Callable[..., float]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "precision_macro": lambda y, p: sk.precision_score(y, p, average="macro", zero_division=0),
    "recall_macro": lambda y, p: sk.recall_score(y, p, average="macro", zero_division=0),
    "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro"),
    "f1_weighted": lambda y, p: sk.f1_score(y, p, average="weighted"),
    "f1_micro": lambda y, p: sk.f1_score(y, p, average="micro"),
    "mcc": sk.matthews_corrcoef,
    "g_mean": lambda y, p: geometric_mean_score(y, p, average="multiclass"),
}
BINARY: dict[str, Callable[..., float]] = {
    "precision": lambda y, p: sk.precision_score(y, p, zero_division=0),
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "fbeta": lambda y, p: sk.fbeta_score(y, p, beta=2),
    "fbeta:0.5": lambda y, p: sk.fbeta_score(y, p, beta=0.5),
}
SEVERAL: dict[str, Callable[..., float]] = {
    "fbeta": lambda y, p: sk.fbeta_score(y, p, beta=2, average="macro"),
    "fbeta:0.5": lambda y, p: sk.fbeta_score(y, p, beta=0.5, average="macro"),
}
CASES = [
    *((name, "binary", oracle) for name, oracle in {**ORACLES, **BINARY}.items()),
    *((name, "multiclass", oracle) for name, oracle in {**ORACLES, **SEVERAL}.items()),
]


def loop_cost(y: Any, predicted: Any, cost: Any) -> float:
    return sum(cost[i][j] for i, j in zip(y, predicted, strict=True)) / len(y)


@pytest.mark.parametrize(("name", "task", "oracle"), CASES)
def test_equals_the_oracle(
    problem: Any, draw: Any, name: str, task: str, oracle: Callable[..., float]
) -> None:
    n_classes = 2 if task == "binary" else 4
    metric = get_metric(name, task)
    for seed in range(5):
        y, log_p = problem(seed, n_classes)
        said = log_p.argmax(axis=1)
        assert metric.compute_labels(confusion(y, said, n_classes)) == pytest.approx(
            oracle(y, said)
        )
        weights = draw(seed, len(y))
        weights[:, :n_classes] += 1  # an oracle may fail without a row of every class
        drawn = metric.compute_labels(confusion(y, said, n_classes, weights))
        expected = [oracle(np.repeat(y, w), np.repeat(said, w)) for w in weights]
        assert drawn == pytest.approx(expected)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_expected_cost_equals_a_loop(problem: Any, draw: Any, n_classes: int) -> None:
    task = "binary" if n_classes == 2 else "multiclass"
    cost = COST[:n_classes, :n_classes]
    metric = get_metric("expected_cost", task, cost=cost)
    y, log_p = problem(1, n_classes)
    said = log_p.argmax(axis=1)
    weights = draw(1, len(y))
    whole = metric.compute_labels(confusion(y, said, n_classes))
    assert whole == pytest.approx(loop_cost(y, said, cost))
    assert metric.compute_labels(confusion(y, said, n_classes, weights)) == pytest.approx(
        [loop_cost(np.repeat(y, w), np.repeat(said, w), cost) for w in weights]
    )


def test_values_per_class_are_scikit_learns(problem: Any) -> None:
    y, log_p = problem(3, 4)
    said = log_p.argmax(axis=1)
    found = per_class(confusion(y, said, 4))
    expected = sk.precision_recall_fscore_support(y, said, labels=range(4), zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert found[name] == pytest.approx(values)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.float64])
def test_confusion_equals_scikit_learns_for_every_weight_type(problem: Any, kind: Any) -> None:
    y, log_p = problem(2, 3)
    said = log_p.argmax(axis=1)
    weight = np.random.default_rng(0).integers(0, 4, size=(3, len(y))).astype(kind)
    many = confusion(y, said, 3, weight)
    assert many.dtype == np.float64
    for one, w in zip(many, weight, strict=True):
        assert np.array_equal(one, confusion(y, said, 3, w))
        assert np.array_equal(one, sk.confusion_matrix(y, said, sample_weight=w))


def test_a_class_missing_from_a_draw_is_left_out_of_means() -> None:
    # Class 2 has no rows: with scikit-learn it is no label at all, and so its oracle needs no warning.
    y, said = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    matrix = confusion(y, said, 3)
    for name in ("balanced_accuracy", "recall_macro", "f1_macro", "precision_macro", "mcc"):
        found = get_metric(name, "multiclass").compute_labels(matrix)
        assert found == pytest.approx(ORACLES[name](y, said)), name
    assert get_metric("g_mean", "multiclass").compute_labels(matrix) == pytest.approx(0.5**0.5)


def test_a_class_that_is_called_but_has_no_rows_lowers_macro_f1() -> None:
    y, said = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    found = get_metric("f1_macro", "multiclass").compute_labels(confusion(y, said, 3))
    assert found == pytest.approx(sk.f1_score(y, said, average="macro"))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_nothing_at_all_is_zero(task: str) -> None:
    size = 2 if task == "binary" else 3
    empty = np.zeros((size, size))
    for name in metric_names(task):
        metric = get_metric(name, task, cost=COST[:size, :size])
        if metric.needs == "labels":
            assert metric.compute_labels(empty) == 0.0, name


matrices = hnp.arrays(
    np.float64,
    st.sampled_from([(2, 2), (3, 3), (5, 2, 2), (5, 4, 4)]),
    elements=st.integers(0, 10**6).map(float),
)


@settings(max_examples=40)
@given(matrices)
def test_values_stay_within_bounds_and_do_not_depend_on_scale(matrix: np.ndarray) -> None:
    task = "binary" if matrix.shape[-1] == 2 else "multiclass"
    for name in metric_names(task):
        metric = get_metric(name, task, cost=1.0 - np.eye(matrix.shape[-1]))
        if metric.needs == "labels":
            value = np.asarray(metric.compute_labels(matrix))
            assert value.shape == matrix.shape[:-2]
            assert (value >= metric.low - 1e-9).all(), name
            assert (value <= metric.high + 1e-9).all(), name
            assert metric.compute_labels(matrix * 1024) == pytest.approx(value), name


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=5))
def test_no_mistakes_are_perfect(counts: list[int]) -> None:
    task = "binary" if len(counts) == 2 else "multiclass"
    matrix = np.diag(counts).astype(float)
    for name in metric_names(task):
        metric = get_metric(name, task, cost=1.0 - np.eye(len(counts)))
        if metric.needs == "labels":
            best = metric.high if metric.direction == "maximize" else metric.low
            assert metric.compute_labels(matrix) == pytest.approx(best), name


@given(hnp.arrays(np.int64, (2, 2), elements=st.integers(0, 60)))
def test_a_false_alarm_never_pays_where_a_metric_says_so(counts: np.ndarray) -> None:
    if counts[0, 0] == 0:
        return
    before, after = counts.astype(float), counts + np.array([[-1.0, 1.0], [0.0, 0.0]])
    for name in metric_names("binary"):
        metric = get_metric(name, "binary", cost=np.array([[1.0, 1.5], [9.0, 2.0]]))
        if metric.needs == "labels":
            assert metric.false_alarms_hurt
            gain = metric.sign * (metric.compute_labels(after) - metric.compute_labels(before))
            assert gain <= 1e-12, name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([0, 1], [0], 2), "(2,) and predicted (1,)"),
        (([0, 2], [0, 1], 2), "0 to 1"),
        (([0, 1], [0, -1], 2), "0 to 1"),
        (([0, 1], [0, 1], 2, [1.0]), "sample_weight"),
        (([0, 1], [0, 1], 2, np.ones((1, 1, 2))), "sample_weight"),
    ],
)
def test_confusion_says_what_does_not_fit(arguments: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        confusion(*arguments)
    assert said in str(caught.value)
