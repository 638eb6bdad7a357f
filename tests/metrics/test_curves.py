"""Curves of the reports against scikit-learn, and their form."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.decisions import Decision
from equipoise.errors import UsageError
from equipoise.metrics import curves

LABELS = ["ham", "spam"]


@pytest.mark.parametrize("ties", [False, True])
def test_points_are_scikit_learns(problem: Any, ties: bool) -> None:
    y, log_p = problem(0, ties=ties)
    p = np.exp(log_p[:, 1])
    drawn = curves(y, log_p, LABELS)
    alarm, recall, _ = sk.roc_curve(y, p, drop_intermediate=False)
    assert drawn["roc"]["spam"]["x"] == pytest.approx(alarm)
    assert drawn["roc"]["spam"]["y"] == pytest.approx(recall)
    precision, recall, cut = sk.precision_recall_curve(y, p)
    assert drawn["pr"]["spam"]["x"] == pytest.approx(recall[::-1])
    assert drawn["pr"]["spam"]["y"][1:] == pytest.approx(precision[::-1][1:])
    assert drawn["threshold"]["spam"]["t"] == pytest.approx(cut[::-1])
    for t, f1 in zip(
        drawn["threshold"]["spam"]["t"], drawn["threshold"]["spam"]["f1"], strict=True
    ):
        assert f1 == pytest.approx(sk.f1_score(y, p >= t))


def test_many_rows_are_thinned_and_keep_their_area(problem: Any) -> None:
    y, log_p = problem(1, n=6000)
    drawn = curves(y, log_p, LABELS)
    for kind in drawn.values():
        assert all(len(line) <= 203 for line in kind["spam"].values() if isinstance(line, list))
    roc = drawn["roc"]["spam"]
    assert sk.auc(roc["x"], roc["y"]) == pytest.approx(sk.roc_auc_score(y, log_p[:, 1]), abs=0.005)
    assert (roc["x"][-1], roc["y"][-1]) == (1.0, 1.0)


def test_all_is_plain_and_finite_even_at_the_extremes() -> None:
    odds = np.array([-np.inf, -700.0, -1.0, 0.0, 700.0, np.inf])
    log_p = np.column_stack([-np.logaddexp(0, odds), -np.logaddexp(0, -odds)])
    drawn = curves(np.array([0, 1, 0, 1, 1, 1]), log_p, LABELS)
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn
    for kind in drawn.values():
        for line in kind["spam"].values():
            assert line is None or all(type(value) in (float, int) for value in line)


def test_several_classes_each_get_their_curve_unless_they_have_no_rows(problem: Any) -> None:
    y, log_p = problem(2, 3)
    assert list(curves(y, log_p, ["a", "b", "c"])["roc"]) == ["a", "b", "c"]
    assert list(curves(np.where(y == 2, 0, y), log_p, ["a", "b", "c"])["pr"]) == ["a", "b"]
    assert curves(np.zeros(120, dtype=np.int64), log_p[:, :2], LABELS)["roc"] == {}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=40))
def test_reliability_counts_every_row_once_whatever_their_order(
    rows: list[tuple[bool, int]],
) -> None:
    y = np.array([int(one) for one, _ in rows])
    y[:2] = [0, 1]
    odds = np.array([float(s) for _, s in rows])
    log_p = np.column_stack([-np.logaddexp(0, odds), -np.logaddexp(0, -odds)])
    one = curves(y, log_p, LABELS)["reliability"]["spam"]
    assert sum(one["n"]) == len(y)
    assert np.dot(one["n"], one["y"]) == pytest.approx(y.sum())
    assert np.dot(one["n"], one["x"]) == pytest.approx(np.exp(log_p[:, 1]).sum())
    assert one["x"] == sorted(set(one["x"]))
    back = curves(y[::-1], log_p[::-1], LABELS)["reliability"]["spam"]
    assert back["n"] == one["n"]
    assert back["y"] == pytest.approx(one["y"])


@pytest.mark.parametrize(
    ("decision", "chosen"),
    [
        (None, None),
        (Decision("tuned", bias=np.array([0.0, 0.0])), 0.5),
        (Decision("tuned", bias=np.array([0.0, np.log(4.0)])), 0.2),
        (Decision("min-cost", cost=np.array([[0.0, 1.0], [9.0, 0.0]])), 0.1),
        (Decision("min-cost", cost=np.array([[1.0, 0.0], [9.0, 0.0]])), None),
    ],
)
def test_the_threshold_in_use_is_marked(
    problem: Any, decision: Decision | None, chosen: float | None
) -> None:
    y, log_p = problem(3)
    assert curves(y, log_p, LABELS, decision)["threshold"]["spam"]["chosen"] == (
        None if chosen is None else pytest.approx(chosen)
    )
    if decision is not None and chosen is not None:
        assert np.array_equal(decision.labels(log_p) == 1, np.exp(log_p[:, 1]) > chosen)


def test_labels_must_fit(problem: Any) -> None:
    y, log_p = problem(4, 3)
    with pytest.raises(UsageError, match="2 labels"):
        curves(y, log_p, LABELS)
