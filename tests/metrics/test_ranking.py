"""Ranking metrics against scikit-learn and plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import UsageError
from equipoise.metrics import average_precision, get_metric, ranking, recall_at_precision, roc_auc

FUNCTIONS = {"average_precision": average_precision, "roc_auc": roc_auc}
ORACLES = {"average_precision": sk.average_precision_score, "roc_auc": sk.roc_auc_score}


def loop_recall(y: Any, score: Any, precision: float) -> float:
    best = 0.0
    for threshold in score:
        said = score >= threshold
        hits = float(y[said].sum())
        if hits >= precision * said.sum() - 1e-9:
            best = max(best, hits / y.sum())
    return best


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("ties", [False, True])
def test_equals_scikit_learn_on_every_draw(problem: Any, draw: Any, name: str, ties: bool) -> None:
    for seed in range(8):
        y, log_p = problem(seed, ties=ties)
        score = log_p[:, 1]
        assert FUNCTIONS[name](y, score) == pytest.approx(ORACLES[name](y, score))
        weights = draw(seed, len(y))
        weights[:, :2] += 1
        found = FUNCTIONS[name](y, score, weights)
        assert found.shape == (len(weights),)
        assert found == pytest.approx(
            [ORACLES[name](np.repeat(y, w), np.repeat(score, w)) for w in weights]
        )
        assert found == pytest.approx([ORACLES[name](y, score, sample_weight=w) for w in weights])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_takes_weights_that_are_no_counts(problem: Any, name: str) -> None:
    y, log_p = problem(0, ties=True)
    weight = np.random.default_rng(0).exponential(size=(3, len(y)))
    found = FUNCTIONS[name](y, log_p[:, 1], weight)
    expected = [ORACLES[name](y, log_p[:, 1], sample_weight=w) for w in weight]
    assert found == pytest.approx(expected)
    assert FUNCTIONS[name](y, log_p[:, 1], weight[0]) == pytest.approx(expected[0])


@pytest.mark.parametrize("name", [*FUNCTIONS, "recall_at_precision"])
def test_chunks_of_draws_change_nothing(
    problem: Any, draw: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    y, log_p = problem(4, ties=True)
    weights = draw(4, len(y), 7)
    metric = get_metric(name, "binary")
    whole = metric.compute_scores(y, log_p, weights)
    monkeypatch.setattr(ranking, "_CHUNK", 2 * len(y))
    for order in (np.ascontiguousarray, np.asfortranarray):
        found = metric.compute_scores(y, log_p, order(weights))
        assert found == pytest.approx(whole, rel=1e-13)


small = st.lists(
    st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=25
)


@settings(max_examples=60)
@given(small, st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_any_few_rows_with_ties(rows: list[tuple[bool, int, int]], precision: float) -> None:
    y = np.array([int(one) for one, _, _ in rows])
    score = np.array([float(s) for _, s, _ in rows])
    w = np.array([c for _, _, c in rows], dtype=np.uint8)
    many, ranked = np.repeat(y, w), np.repeat(score, w)
    values = {
        "average_precision": average_precision(y, score, w[None])[0],
        "roc_auc": roc_auc(y, score, w[None])[0],
        "recall": recall_at_precision(y, score, precision, w[None])[0],
    }
    if many.sum() == 0:
        assert all(np.isnan(value) for value in values.values())
        return
    assert values["average_precision"] == pytest.approx(sk.average_precision_score(many, ranked))
    assert values["recall"] == pytest.approx(loop_recall(many, ranked, precision))
    if many.all():
        assert np.isnan(values["roc_auc"])
    else:
        assert values["roc_auc"] == pytest.approx(sk.roc_auc_score(many, ranked))


@pytest.mark.parametrize("precision", [0.0, 0.25, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("ties", [False, True])
def test_recall_at_precision_equals_brute_force(
    problem: Any, draw: Any, precision: float, ties: bool
) -> None:
    for seed in range(4):
        y, log_p = problem(seed, ties=ties)
        score = log_p[:, 1]
        assert recall_at_precision(y, score, precision) == pytest.approx(
            loop_recall(y, score, precision)
        )
        weights = draw(seed, len(y))
        weights[:, 1] += 1
        assert recall_at_precision(y, score, precision, weights) == pytest.approx(
            [loop_recall(np.repeat(y, w), np.repeat(score, w), precision) for w in weights]
        )


def test_recall_at_precision_does_not_depend_on_the_scale_of_weights() -> None:
    y, score = np.array([0, 1, 0]), np.array([0.9, 0.5, 0.1])
    assert recall_at_precision(y, score, 0.9, np.full(3, 1e-15)) == 0.0
    assert recall_at_precision(y, score, 0.5, np.full(3, 1e-15)) == 1.0


def test_a_precision_on_the_edge_is_reached() -> None:
    y, score = np.array([1] * 9 + [0]), np.arange(10.0)
    assert recall_at_precision(y, score, 0.9) == 1.0


def test_constant_scores_rank_nothing() -> None:
    y, score = np.array([0, 0, 0, 1]), np.zeros(4)
    assert roc_auc(y, score) == 0.5
    assert average_precision(y, score) == 0.25
    assert recall_at_precision(y, score, 0.9) == 0.0


def test_weights_that_leave_out_all_negatives_have_no_auc() -> None:
    # The sums over all rows and over positive rows differ in their last bit here.
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    weight = np.where(y == 1, rng.random((20, 200)), 0.0)
    assert np.isnan(roc_auc(y, rng.random(200), weight)).all()


@pytest.mark.parametrize("name", ["average_precision", "roc_auc"])
def test_several_classes_are_averaged_one_against_the_rest(
    problem: Any, draw: Any, name: str
) -> None:
    metric, oracle = get_metric(name, "multiclass"), ORACLES[name]
    y, log_p = problem(5, 4)
    truth = np.eye(4, dtype=int)[y]
    assert metric.compute_scores(y, log_p) == pytest.approx(
        np.mean([oracle(truth[:, c], log_p[:, c]) for c in range(4)])
    )
    weights = draw(5, len(y))
    weights[0, y == 3] = 0
    expected = []
    for w in weights:
        there = [c for c in range(4) if w[y == c].sum()]
        expected.append(np.mean([oracle(truth[:, c], log_p[:, c], sample_weight=w) for c in there]))
    assert metric.compute_scores(y, log_p, weights) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["average_precision", "roc_auc", "recall_at_precision:0.5"])
@pytest.mark.parametrize("lowest", [-700.0, -1e5, -np.inf])
def test_extreme_log_probabilities_keep_their_order(name: str, lowest: float) -> None:
    y = np.array([0, 0, 1, 1, 0, 1])
    odds = np.array([lowest, -20.0, -1.0, 40.0, 2.0, -lowest])
    log_p = np.column_stack([-np.logaddexp(0, odds), -np.logaddexp(0, -odds)])
    value = get_metric(name, "binary").compute_scores(y, log_p)
    rank = np.argsort(np.argsort(odds)).astype(float)
    function = FUNCTIONS.get(name, lambda y, s: recall_at_precision(y, s, 0.5))
    assert value == pytest.approx(function(y, rank))


def test_probabilities_of_one_are_told_apart_by_the_rest() -> None:
    # Both round to a probability of 1; the log-odds still differ.
    log_p = np.log(
        [[1e-30, 1.0, 1e-30], [1e-8, 1.0 - 2e-8, 1e-8], [0.5, 0.25, 0.25], [0.2, 0.2, 0.6]]
    )
    value = get_metric("roc_auc", "multiclass").compute_scores(np.array([1, 1, 0, 2]), log_p)
    assert value == 1.0


@pytest.mark.parametrize(
    ("y", "score", "weight", "said"),
    [
        ([0, 1], [0.1, 0.2, 0.3], None, "(3,)"),
        ([0, 1], [0.1, 0.2], [1.0], "(1,)"),
        ([], [], None, "a row at least"),
        ([0, 1], [0.1, np.nan], None, "1 of 2 scores are NaN"),
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_says_what_cannot_be_ranked(
    function: Any, y: list[int], score: list[float], weight: list[float] | None, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        function(np.array(y), np.array(score), weight)
    assert said in str(caught.value)


def test_precision_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match=r"precision is 1\.5"):
        recall_at_precision(np.array([0, 1]), np.array([0.0, 1.0]), 1.5)
