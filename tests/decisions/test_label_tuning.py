"""Biases of labels against all thresholds tried one by one, and the intercepts of labels."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit

from equipoise.decisions import (
    LabelDecision,
    correct_labels,
    label_intercept,
    label_tuning,
    tune_label_bias,
)
from equipoise.errors import UsageError
from equipoise.metrics import get_metric, label_confusion

COST = np.array([[0.0, 1.0], [3.0, 0.5]])
# In this one calling a row pays even where it lacks the label.
ODD = np.array([[2.0, 1.0], [3.0, 0.0]])
SEPARABLE = [
    "f1_macro",
    "f1_weighted",
    "fbeta:0.5",
    "precision_macro",
    "recall_macro",
    "balanced_accuracy",
    "hamming_loss",
    "expected_cost",
]


def metric(name: str, cost: Any = COST) -> Any:
    return get_metric(name, "multilabel", cost=cost)


def all_biases(z: Any) -> list[Any]:
    """Return a bias for every way to cut the scores of every label."""
    each = []
    for column in z.T:
        scores = np.unique(column)
        each.append([-(scores[0] - 1.0), *(-scores)])
    return [np.array(one) for one in itertools.product(*each)]


def value(measure: Any, Y: Any, z: Any, bias: Any, weight: Any = None) -> float:
    return float(measure.compute_labels(label_confusion(Y, z + bias > 0, weight)))


@st.composite
def tiny(draw: Any) -> tuple[Any, Any, Any]:
    n, count = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    Y = draw(hnp.arrays(np.int64, (n, count), elements=st.integers(0, 1)))
    z = draw(hnp.arrays(np.int64, (n, count), elements=st.integers(-3, 3))) / 2
    weights = draw(hnp.arrays(np.uint8, (3, n), elements=st.integers(0, 2)))
    return Y, z, weights


@settings(max_examples=40)
@given(tiny(), st.sampled_from(["f1_micro", "fbeta_micro", "fbeta_micro:0.3"]))
def test_micro_is_exact(case: Any, name: str) -> None:
    Y, z, weights = case
    found = tune_label_bias(Y, z, metric(name), weights)
    assert found.shape == (3, Y.shape[1])
    for bias, weight in (
        (tune_label_bias(Y, z, metric(name)), None),
        *zip(found, weights, strict=True),
    ):
        best = max(value(metric(name), Y, z, one, weight) for one in all_biases(z))
        assert value(metric(name), Y, z, bias, weight) == pytest.approx(best, abs=1e-12)


@settings(max_examples=40)
@given(tiny(), st.sampled_from(SEPARABLE), st.booleans())
def test_means_over_labels_are_exact(case: Any, name: str, odd: bool) -> None:
    Y, z, weights = case
    measure = metric(name, ODD if odd else COST)
    found = tune_label_bias(Y, z, measure, weights)
    for bias, weight in ((tune_label_bias(Y, z, measure), None), *zip(found, weights, strict=True)):
        values = [measure.sign * value(measure, Y, z, one, weight) for one in all_biases(z)]
        assert measure.sign * value(measure, Y, z, bias, weight) == pytest.approx(max(values))


def test_a_bias_lies_halfway_and_nearest_to_zero() -> None:
    Y = np.array([[0, 1], [1, 0], [1, 0]])
    z = np.array([[-3.0, 2.0], [-2.0, 1.0], [-1.0, 0.0]])
    for name in ("f1_macro", "f1_micro", "hamming_loss"):
        assert tune_label_bias(Y, z, metric(name)).tolist() == [2.5, -1.5]
    # Nothing between the scores is better than zero.
    apart = np.array([[-3.0, 2.0], [2.0, -1.0], [1.0, -2.0]])
    bias = tune_label_bias(Y, apart, metric("f1_micro"))
    assert bias.tolist() == [1.0, -0.5]
    assert ((apart + bias > 0) == Y).all()


def test_a_label_that_no_drawn_row_has_is_never_said() -> None:
    rng = np.random.default_rng(0)
    Y, z = rng.integers(0, 2, (30, 3)), rng.normal(size=(30, 3))
    Y[:, 2] = 0
    weights = rng.integers(0, 3, (4, 30)).astype(np.uint8)
    weights[2, Y[:, 1] == 1] = 0
    for name in ("f1_macro", "f1_micro", "recall_macro", "hamming_loss", "exact_match"):
        bias = tune_label_bias(Y, z, metric(name), weights)
        said = z + bias[:, None] > 0
        assert not said[:, :, 2].any()
        assert not said[2, :, 1].any()
        if name != "hamming_loss":
            assert said[:2, :, :2].any(axis=1).all()
    # Costs by which calling pays do not care.
    assert (z + tune_label_bias(Y, z, metric("expected_cost", ODD)) > 0).all()
    nothing = tune_label_bias(Y, z, metric("f1_micro"), np.zeros(30))
    assert not (z + nothing > 0).any()


@pytest.mark.parametrize(
    "name", ["f1_samples", "exact_match", "average_precision", "log_loss", "precision_micro"]
)
def test_other_metrics_tune_macro_f1(name: str) -> None:
    rng = np.random.default_rng(1)
    Y, z = rng.integers(0, 2, (40, 3)), rng.normal(size=(40, 3))
    expected = tune_label_bias(Y, z, metric("f1_macro"))
    assert np.array_equal(tune_label_bias(Y, z, metric(name)), expected)


@pytest.mark.parametrize("name", ["f1_macro", "f1_micro"])
def test_chunks_and_kinds_of_weights_change_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rng = np.random.default_rng(2)
    Y, z = rng.integers(0, 2, (60, 4)), rng.normal(size=(60, 4)).round(1)
    weights = rng.integers(0, 4, (9, 60)).astype(np.uint8)
    whole = tune_label_bias(Y, z, metric(name), weights)
    for kind in (np.float32, np.float64):
        found = tune_label_bias(Y, z, metric(name), np.asfortranarray(weights.astype(kind)))
        assert np.array_equal(found, whole)
    assert np.array_equal(tune_label_bias(Y, z, metric(name), weights[3]), whole[3])
    monkeypatch.setattr(label_tuning, "_CELLS", 100)
    assert np.array_equal(tune_label_bias(Y, z, metric(name), weights), whole)


def test_certain_and_equal_scores() -> None:
    Y = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]])
    z = np.array([[np.inf, -np.inf, 0.0], [-np.inf, -np.inf, 0.0], [-1.0, -np.inf, 0.0]])
    for name in ("f1_macro", "f1_micro", "hamming_loss"):
        bias = tune_label_bias(Y, z, metric(name))
        assert np.isfinite(bias).all()
        said = (z + bias > 0).T.tolist()
        assert said[0] == [True, False, True]
        assert said[1] == [False, False, False]
        assert said[2] == [True, True, True]


def test_wrong_arguments_of_tuning() -> None:
    Y, z = np.eye(3, dtype=int), np.zeros((3, 3))
    with pytest.raises(UsageError, match="not for multilabel"):
        tune_label_bias(Y, z, get_metric("f1", "binary"))
    for args, said in (
        ((Y, z[:2]), "shape"),
        ((Y, z, metric("f1_macro"), np.ones(4)), "shape"),
        ((Y, np.where(Y, np.nan, z)), "NaN"),
        ((Y * 2, z), "other than 0 and 1"),
    ):
        with pytest.raises(UsageError, match=said):
            tune_label_bias(*(args if len(args) > 2 else (*args, metric("f1_macro"))))


# -- intercepts ------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([0.01, 1.0, 30.0, 3000.0]), st.floats(1e-4, 1 - 1e-4))
def test_mean_probability_equals_the_share(seed: int, spread: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(rng.normal() * spread, spread, size=(50, 2))
    found = label_intercept(z, [share, 0.5])
    # Far apart scores make the mean a staircase: a share on a step has no exact answer in numbers.
    moved = expit(z + found).mean(axis=0)
    below = expit(z + found - 1e-7 * spread).mean(axis=0)
    above = expit(z + found + 1e-7 * spread).mean(axis=0)
    for j, s in enumerate((share, 0.5)):
        assert abs(moved[j] - s) < 1e-9 or below[j] <= s <= above[j]


def test_intercept_undoes_what_was_added() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(-2, 1, size=(400, 3))
    share = expit(z).mean(axis=0)
    added = np.array([2.0, -1.0, 0.0])
    assert label_intercept(z + added, share) == pytest.approx(-added, abs=1e-9)
    assert correct_labels(z + added, added) == pytest.approx(z)


def test_intercept_of_scores_that_separate() -> None:
    y = np.arange(40) < 4
    z = np.where(y, 25.0, -25.0)[:, None]
    found = label_intercept(z, [0.1])
    assert expit(z + found).mean() == pytest.approx(0.1)
    # Where the share is another than that of the separated rows, one side must give way.
    assert expit(z + label_intercept(z, [0.5])).mean() == pytest.approx(0.5)
    certain = np.where(y, np.inf, -np.inf)[:, None]
    assert np.isfinite(label_intercept(certain, [0.1])).all()


def test_intercept_without_an_answer_is_zero() -> None:
    z = np.zeros((3, 3))
    assert label_intercept(z, [0.0, 1.0, 0.5]).tolist() == [0.0, 0.0, 0.0]
    assert label_intercept(np.zeros((0, 2)), [0.2, 0.3]).tolist() == [0.0, 0.0]
    assert label_intercept(np.full((3, 1), 500.0), [0.5]).tolist() == [-500.0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: label_intercept(np.zeros((2, 2)), [0.5]), r"share \(1,\)"),
        (lambda: label_intercept(np.zeros((2, 1)), [1.5]), "share is 1.5"),
        (lambda: label_intercept(np.zeros((2, 1)), [np.nan]), "share is nan"),
        (lambda: label_intercept(np.full((2, 1), np.nan), [0.5]), "2 of 2 rows"),
        (lambda: correct_labels(np.zeros((2, 2)), [1.0]), r"offset \(1,\)"),
        (lambda: correct_labels(np.zeros((2, 1)), [np.inf]), "inf for label 0"),
        (lambda: LabelDecision("tuned", np.zeros((2, 2))), r"\(2, 2\)"),
        (lambda: LabelDecision("tuned", np.array([np.nan])), "not finite"),
        (lambda: LabelDecision("tuned", np.zeros(2)).labels(np.zeros((3, 4))), "for 2 labels"),
        (lambda: LabelDecision.min_cost(np.zeros((2, 2)), 3), "costs no more"),
        (lambda: LabelDecision.min_cost(np.ones((3, 2)), 3), "for 3 labels"),
    ],
)
def test_wrong_arguments(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()


# -- decisions -------------------------------------------------------------------------------------


def test_min_cost_is_the_cheaper_answer() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(0.001, 0.999, size=(200, 2))
    cost = np.array([[[0.0, 1.0], [9.0, 0.0]], [[1.0, 4.0], [6.0, 5.0]]])
    said = LabelDecision.min_cost(cost, 2).labels(np.log(p) - np.log1p(-p))
    for j in range(2):
        no = (1 - p[:, j]) * cost[j, 0, 0] + p[:, j] * cost[j, 1, 0]
        yes = (1 - p[:, j]) * cost[j, 0, 1] + p[:, j] * cost[j, 1, 1]
        assert np.array_equal(said[:, j] == 1, yes < no)


def test_a_decision_survives_json() -> None:
    decision = LabelDecision("tuned", np.array([0.1, -1e-17, 3.0]))
    again = LabelDecision.from_json(json.loads(json.dumps(decision.to_json())))
    assert again.name == "tuned"
    assert np.array_equal(again.bias, decision.bias)
    z = np.random.default_rng(5).normal(size=(20, 3))
    said = again.labels(z)
    assert said.dtype == np.int64
    assert np.array_equal(said, decision.labels(z))
    assert LabelDecision("argmax", np.zeros(1)).labels([[0.0]]).tolist() == [[0]]
