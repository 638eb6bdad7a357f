"""Names of metrics, their parameters, and what is said of wrong ones."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from equipoise.errors import UsageError
from equipoise.metrics import (
    confusion,
    default_label_metric,
    default_metric,
    get_metric,
    label_confusion,
    metric_names,
)

TASKS = ["binary", "multiclass"]


@pytest.mark.parametrize("task", TASKS)
def test_every_name_leads_to_a_metric_that_works(problem: Any, task: str) -> None:
    n_classes = 2 if task == "binary" else 3
    y, log_p = problem(0, n_classes)
    names = metric_names(task)
    assert len(set(names)) == len(names)
    for name in names:
        metric = get_metric(name, task, cost=1.0 - np.eye(n_classes))
        assert metric.name == name
        assert task in metric.tasks
        assert metric.title
        assert metric.description.endswith(".")
        assert inspect.cleandoc(metric.reference)
        if metric.needs == "labels":
            matrix = confusion(y, log_p.argmax(axis=1), n_classes)
            value = metric.compute_labels(matrix)
        else:
            value = metric.compute_scores(y, log_p)
        assert metric.low <= value <= metric.high
        edge = metric.low if metric.sign > 0 else metric.high
        assert metric.better(value, edge) or value == edge
        assert not metric.better(value, np.nan)


def test_defaults_exist() -> None:
    for task in TASKS:
        assert default_metric(task) in metric_names(task)
        assert get_metric(default_label_metric(task), task).needs == "labels"


@pytest.mark.parametrize(
    ("spec", "task", "nearest"),
    [
        ("f1macro", "binary", "f1_macro"),
        ("F1-Macro", "multiclass", "f1_macro"),
        ("auc", "binary", "roc_auc"),
        ("ap", "binary", "average_precision"),
        ("average-precison", "binary", "average_precision"),
        ("balanced accuracy", "multiclass", "balanced_accuracy"),
        ("logloss", "binary", "log_loss"),
        ("f_beta:0.5", "binary", "fbeta"),
        ("precision", "multiclass", "precision_macro"),
        ("recall", "multiclass", "recall_macro"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(spec: str, task: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        get_metric(spec, task)
    assert repr(spec) in caught.value.problem
    assert f"did you mean '{nearest}'?" in caught.value.remedy


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        get_metric("zzzz", "binary")
    assert "did you mean" not in caught.value.remedy
    assert all(name in caught.value.remedy for name in metric_names("binary"))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("fbeta:two", "'two'"),
        ("fbeta:", "''"),
        ("fbeta:-1", "'-1'"),
        ("fbeta:nan", "'nan'"),
        ("fbeta:inf", "'inf'"),
        ("recall_at_precision:90", "from 0 to 1"),
        ("accuracy:3", "takes no number"),
        ("expected_cost:3", "takes no number"),
        ("expected_cost", "needs costs"),
    ],
)
def test_wrong_parameters(spec: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        get_metric(spec, "binary", cost=None)
    assert said in str(caught.value)


def test_parameters_show_in_the_title() -> None:
    assert get_metric("fbeta:3", "multiclass").title == "F3"
    assert get_metric("fbeta", "binary").title.startswith("F")
    assert get_metric("recall_at_precision:0.75", "binary").title == "Recall at precision 0.75"


@pytest.mark.parametrize("function", [metric_names, lambda task: get_metric("accuracy", task)])
def test_an_unknown_task(function: Any) -> None:
    with pytest.raises(UsageError, match="survival"):
        function("survival")


@pytest.mark.parametrize("cost", [np.zeros((2, 3)), np.zeros(4), np.zeros((2, 2)), 3.0])
def test_costs_fit_the_classes(cost: Any) -> None:
    with pytest.raises(UsageError, match="for 3 classes"):
        get_metric("expected_cost", "multiclass", ["a", "b", "c"], cost)


def test_says_when_false_alarms_pay() -> None:
    usual, odd = np.array([[0.0, 1.0], [5.0, 0.0]]), np.array([[2.0, 1.0], [5.0, 0.0]])
    assert get_metric("expected_cost", "binary", cost=usual).false_alarms_hurt
    assert not get_metric("expected_cost", "binary", cost=odd).false_alarms_hurt


def test_every_name_of_labels_and_numbers_leads_to_a_metric_that_works() -> None:
    rng = np.random.default_rng(0)
    Y, z = rng.integers(0, 2, (40, 3)), rng.normal(size=(40, 3))
    y, p = rng.normal(size=40), rng.normal(size=(40, 2))
    cost = 1.0 - np.eye(2)
    for task in ("multilabel", "regression"):
        names = metric_names(task)
        assert len(set(names)) == len(names)
        assert default_metric(task) in names
        assert default_label_metric(task) in names
        for name in names:
            relevance = None if task == "multilabel" else np.ones(40)
            metric = get_metric(name, task, cost=cost, relevance=relevance)
            assert (metric.name, metric.tasks) == (name, {task})
            assert metric.title
            assert metric.phrase
            assert metric.description.endswith(".")
            if metric.needs == "labels":
                value = metric.compute_labels(label_confusion(Y, z > 0))
            elif metric.needs == "rows":
                value = metric.compute_rows(Y, z > 0).mean()
            else:
                value = metric.compute_scores(*((Y, z) if task == "multilabel" else (y, p)))
            assert metric.low <= value <= metric.high
    assert [n for n in names if not get_metric(n, task, relevance=relevance).decides] == [
        "abs_bias",
        "bias",
        "coverage_gap",
        "coverage",
    ]


def test_a_perfect_answer_is_best_by_every_metric() -> None:
    rng = np.random.default_rng(1)
    Y, y = rng.integers(0, 2, (60, 3)), rng.normal(size=60)
    z, worse = np.where(Y == 1, 40.0, -40.0), rng.normal(size=(60, 3))
    for name in metric_names("multilabel"):
        metric = get_metric(name, "multilabel", cost=1.0 - np.eye(2))
        if metric.needs == "labels":
            best, other = (metric.compute_labels(label_confusion(Y, s > 0)) for s in (z, worse))
        elif metric.needs == "rows":
            best, other = (metric.compute_rows(Y, s > 0).mean() for s in (z, worse))
        else:
            best, other = (metric.compute_scores(Y, s) for s in (z, worse))
        assert metric.better(best, other), name
    for name in metric_names("regression"):
        metric = get_metric(name, "regression", relevance=np.ones(60))
        first = np.column_stack([y, np.where(np.arange(60) < 57, y, y - 1)])
        best, other = (metric.compute_scores(y, s) for s in (first, worse[:, :2]))
        assert metric.better(best, other) or not metric.decides, name


@pytest.mark.parametrize(
    ("spec", "task", "said"),
    [
        ("subset accuracy", "multilabel", "did you mean 'exact_match'"),
        ("accuracy", "multilabel", "did you mean 'exact_match'"),
        ("f1-macro", "multilabel", "did you mean 'f1_macro'"),
        ("recall", "multilabel", "did you mean 'recall_macro'"),
        ("mse", "regression", "did you mean 'rmse'"),
        ("Quantile loss", "regression", "did you mean 'pinball'"),
        ("f1", "regression", "use one of rmse, mae"),
        ("mae_top:0", "regression", "as in mae_top:5"),
        ("rmse_top:100", "regression", "from 0.001"),
        ("pinball:2", "regression", "from 0 to 1"),
        ("mae:5", "regression", "takes no number"),
        ("sera", "regression", "needs the relevance"),
        ("sera:1", "regression", "takes no number"),
        ("expected_cost", "multilabel", "needs costs"),
        ("fbeta_micro:-1", "multilabel", "'-1'"),
        ("f1_samples:2", "multilabel", "takes no number"),
    ],
)
def test_wrong_names_of_labels_and_numbers(spec: str, task: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        get_metric(spec, task)
    assert said in str(caught.value)


def test_parameters_of_labels_and_numbers_show_in_the_title() -> None:
    assert get_metric("fbeta:0.5", "multilabel").title == "Macro F0.5"
    assert get_metric("fbeta_micro", "multilabel").title == "Micro F2"
    assert get_metric("mae_top:1", "regression").title == "MAE of the top 1 %"
    assert get_metric("mae_rest:10", "regression").title == "MAE below the top 10 %"
    assert get_metric("pinball:0.5", "regression").title == "Pinball loss at 0.5"
    assert get_metric("mae_top", "regression").title == "MAE of the top 5 %"


@pytest.mark.parametrize("cost", [np.zeros((2, 3)), np.zeros((4, 2, 2)), np.zeros(4), 3.0])
def test_costs_fit_the_labels(cost: Any) -> None:
    with pytest.raises(UsageError, match="for 3 labels"):
        get_metric("expected_cost", "multilabel", ["a", "b", "c"], cost)
