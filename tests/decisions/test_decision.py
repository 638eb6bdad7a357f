"""Rules against loops over classes, and their stored form."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.decisions import Decision, correct, prior_offset
from equipoise.errors import UsageError


def loop_cheapest(p: Any, cost: Any) -> list[int]:
    out = []
    for row in p:
        expected = [sum(row[j] * cost[j][k] for j in range(len(row))) for k in range(len(row))]
        out.append(expected.index(min(expected)))
    return out


@settings(max_examples=50)
@given(st.integers(2, 5), st.integers(0, 10**6))
def test_min_cost_equals_a_loop(n_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(n_classes, 0.3), size=30)
    cost = rng.exponential(size=(n_classes, n_classes))
    with np.errstate(divide="ignore"):
        labels = Decision("min-cost", cost=cost).labels(np.log(p))
    assert labels.tolist() == loop_cheapest(p, cost)
    assert labels.dtype == np.int64


def test_min_cost_is_the_threshold_of_elkan() -> None:
    p = np.linspace(0.001, 0.999, 400)
    cost = np.array([[1.0, 4.0], [20.0, 3.0]])
    labels = Decision("min-cost", cost=cost).labels(np.log(np.column_stack([1 - p, p])))
    at = (cost[0, 1] - cost[0, 0]) / (cost[0, 1] - cost[0, 0] + cost[1, 0] - cost[1, 1])
    assert np.array_equal(labels == 1, p > at)


def test_a_constant_more_on_a_true_class_changes_no_decision() -> None:
    rng = np.random.default_rng(0)
    log_p = np.log(rng.dirichlet(np.ones(3), size=50))
    cost = rng.integers(0, 9, size=(3, 3)).astype(float)
    more = cost + np.array([[5.0], [1.0], [30.0]])
    first, second = Decision("min-cost", cost=cost), Decision("min-cost", cost=more)
    assert np.array_equal(first.labels(log_p), second.labels(log_p))


@given(st.integers(0, 10**6))
def test_argmax_undoes_the_correction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = np.log(rng.dirichlet(np.ones(3), size=20))
    offset = prior_offset([900, 90, 10], [300, 300, 300])
    labels = Decision("argmax", bias=offset).labels(correct(raw, offset))
    assert np.array_equal(labels, raw.argmax(axis=1))


def test_ties_go_to_the_lower_code() -> None:
    even = np.log([[0.5, 0.5]])
    assert Decision("prior-corrected", bias=np.zeros(2)).labels(even).tolist() == [0]
    assert Decision("min-cost", cost=1.0 - np.eye(2)).labels(even).tolist() == [0]


@pytest.mark.parametrize("lowest", [-700.0, -1e300, -np.inf])
def test_certain_rows_are_decided_as_they_are(lowest: float) -> None:
    log_p = np.array([[0.0, lowest], [lowest, 0.0]])
    for rule in (
        Decision("tuned", bias=np.array([0.0, 3.0])),
        Decision("min-cost", cost=np.array([[0.0, 1.0], [10.0, 0.0]])),
    ):
        assert rule.labels(log_p).tolist() == [0, 1]
    assert Decision("argmax", bias=np.zeros(2)).labels(np.empty((0, 2))).tolist() == []


@pytest.mark.parametrize(
    "rule",
    [
        Decision("tuned", bias=np.array([0.0, 1 / 3, -1e-17])),
        Decision("min-cost", cost=np.array([[0.0, 0.1], [1e300, 0.0]])),
    ],
    ids=lambda rule: rule.name,
)
def test_survives_being_stored(rule: Decision) -> None:
    back = Decision.from_json(json.loads(json.dumps(rule.to_json(), allow_nan=False)))
    assert back.name == rule.name
    for name in ("bias", "cost"):
        before, after = getattr(rule, name), getattr(back, name)
        assert (before is None) == (after is None)
        if before is not None:
            assert np.array_equal(before, after)
            assert after.dtype == np.float64


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "either a bias or a cost"),
        ({"bias": np.zeros(2), "cost": np.zeros((2, 2))}, "either a bias or a cost"),
        ({"bias": np.zeros((2, 2))}, "bias has the shape (2, 2)"),
        ({"cost": np.zeros((2, 3))}, "cost has the shape (2, 3)"),
        ({"cost": np.zeros(2)}, "cost has the shape (2,)"),
        ({"bias": np.array([0.0, np.inf])}, "bias has an entry that is not finite"),
        ({"bias": np.float64(1.0)}, "bias has the shape ()"),
    ],
)
def test_says_what_is_wrong(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Decision("tuned", **arguments)
    assert said in str(caught.value)


def test_another_number_of_classes_is_refused() -> None:
    with pytest.raises(UsageError, match="for 2 classes"):
        Decision("tuned", bias=np.zeros(2)).labels(np.zeros((4, 3)))
