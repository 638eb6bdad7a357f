"""Find a metric by its name, with the number that some take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.metrics.catalogue import COST, Ranked, label_metrics, score_metrics
from equipoise.metrics.confusion import expected_cost, fbeta
from equipoise.metrics.extremes import Extreme, Relevant, top_threshold
from equipoise.metrics.label_catalogue import multilabel_metrics
from equipoise.metrics.labels import EachLabel, Pooled, cost_value, fbeta_value
from equipoise.metrics.metric import Metric
from equipoise.metrics.number_catalogue import TOP, regression_metrics
from equipoise.metrics.numbers import LEVEL, Pinball
from equipoise.metrics.ranking import recall_measure

__all__ = ["Metric", "default_label_metric", "default_metric", "get_metric", "metric_names"]

F = NDArray[np.float64]
_TASKS = ("binary", "multiclass", "multilabel", "regression")
# What people type that no spelling distance leads from to our name.
_ALIASES = {
    "ap": "average_precision",
    "auprc": "average_precision",
    "pr_auc": "average_precision",
    "ece": "calibration_error",
    "cost": "expected_cost",
    "cross_entropy": "log_loss",
    "sensitivity": "recall",
    "subset_accuracy": "exact_match",
    "accuracy": "exact_match",
    "mean_absolute_error": "mae",
    "mean_squared_error": "rmse",
    "mse": "rmse",
    "medae": "median_ae",
    "quantile_loss": "pinball",
    "mean_error": "bias",
}


def metric_names(task: str) -> list[str]:
    """Return the names of all metrics for a task, without the parameters that some take.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        For which task.

    Returns
    -------
    list of str

    Raises
    ------
    UsageError
        If there is no such task.

    Examples
    --------
    >>> from equipoise.metrics import metric_names
    >>> "f1" in metric_names("binary"), "f1" in metric_names("multiclass")
    (True, False)
    """
    return [metric.name for metric in _known(task) if task in metric.tasks]


def default_metric(task: str) -> str:
    """Name the metric that a trial compares by.

    Average precision of rankings where binary or multilabel, macro F1 for several classes, and the root mean
    squared error of numbers.

    Examples
    --------
    >>> from equipoise.metrics import default_metric
    >>> default_metric("binary"), default_metric("multiclass")
    ('average_precision', 'f1_macro')
    >>> default_metric("multilabel"), default_metric("regression")
    ('average_precision', 'rmse')
    """
    return "average_precision" if task in ("binary", "multilabel") else default_label_metric(task)


def default_label_metric(task: str) -> str:
    """Name the metric that thresholds are tuned for; of regression, which has none, the default metric.

    Examples
    --------
    >>> from equipoise.metrics import default_label_metric
    >>> default_label_metric("binary"), default_label_metric("regression")
    ('f1_macro', 'rmse')
    """
    return "rmse" if task == "regression" else "f1_macro"


def get_metric(
    spec: str,
    task: str,
    classes: Sequence[str] | None = None,
    cost: F | None = None,
    *,
    relevance: Callable[[F], Any] | ArrayLike | None = None,
    y: ArrayLike | None = None,
) -> Metric:
    """Return the metric called ``spec``.

    Parameters
    ----------
    spec : str
        A name. Some take a number: ``"fbeta:0.5"`` (2 by default), ``"fbeta_micro:0.5"`` (2),
        ``"recall_at_precision:0.8"`` (0.9), ``"mae_top:1"``, ``"rmse_top:1"`` and ``"mae_rest:1"``
        (the largest 5 % of the true values), ``"pinball:0.8"`` (0.95, of the predicted 95th
        percentile; any other, of the point).
    task : {"binary", "multiclass", "multilabel", "regression"}
        For which task. Precision, recall and F1 are of the positive class and for binary tasks only;
        F-beta is of the positive class there and the mean over classes or labels elsewhere.
    classes : sequence of str, optional
        Names of the classes or labels, which the costs must fit.
    cost : array of shape (C, C), optional
        Cost matrix, true class first, which ``"expected_cost"`` needs. For labels (2, 2), the same for
        all, or (L, 2, 2).
    relevance : callable, or array of shape (n,), optional
        From true numbers to their relevance within 0 to 1, which ``"sera"`` needs.
    y : array of shape (n,), optional
        The numbers whose largest count as such, for ``"mae_top"`` and its kin. Give those of all rows where
        parts of them are to be judged alike, such as folds; by default those that are judged.

    Returns
    -------
    Metric

    Raises
    ------
    UsageError
        If there is no such metric or task, it does not fit the task, or its number, costs or relevance
        are missing or wrong.

    Examples
    --------
    >>> from equipoise.metrics import get_metric
    >>> get_metric("fbeta:0.5", "binary").title
    'F0.5'
    >>> get_metric("mae_top:1", "regression").title
    'MAE of the top 1 %'
    """
    known = {metric.name: metric for metric in _known(task)}
    name, colon, parameter = spec.partition(":")
    if name not in known or task not in known[name].tasks:
        raise _unknown(spec, task, name in known)
    metric = known[name]
    number = parameter if colon else None
    if name == "expected_cost" and not colon:
        return _with_cost(metric, cost, classes, task)
    if name == "sera" and not colon:
        if relevance is None:
            raise UsageError(
                "metric 'sera' needs the relevance of numbers",
                remedy="pass relevance=, a function of the true numbers",
            )
        return replace(metric, function=Relevant(relevance))
    if name in ("fbeta", "fbeta_micro"):
        return _with_beta(metric, spec, number, task)
    if name == "recall_at_precision" and colon:
        precision = _number(spec, parameter, 0.0, 1.0)
        return replace(
            metric,
            name=spec,
            title=f"Recall at precision {precision:g}",
            function=Ranked(recall_measure(precision)),
        )
    if name in ("mae_top", "rmse_top", "mae_rest"):
        return _of_extremes(metric, spec, number, y)
    if name == "pinball" and colon:
        q = _number(spec, parameter, 0.0, 1.0)
        return replace(metric, name=spec, title=f"Pinball loss at {q:g}", **_pinball(q))
    if colon:
        raise UsageError(
            f"metric {name!r} takes no number, and got {parameter!r}", remedy=f"use {name!r}"
        )
    return metric


def _with_beta(metric: Metric, spec: str, number: str | None, task: str) -> Metric:
    beta = 2.0 if number is None else _number(spec, number, 1e-6, 1e6)
    title = f"F{beta:g}"
    function: Callable[[F], F]
    if metric.name == "fbeta_micro":
        title, function = f"Micro {title}", Pooled(beta)
    elif task == "multilabel":
        title, function = f"Macro {title}", EachLabel(partial(fbeta_value, beta=beta), "macro")
    else:
        how = "positive" if task == "binary" else "macro"
        function = partial(fbeta, beta=beta, how=how)
    return replace(metric, name=spec, title=title, function=function)


def _of_extremes(metric: Metric, spec: str, number: str | None, y: ArrayLike | None) -> Metric:
    percent = TOP if number is None else _number(spec, number, 0.001, 99.999, example="5")
    threshold = None if y is None else top_threshold(y, percent)
    assert isinstance(metric.function, Extreme)
    return replace(
        metric,
        name=spec,
        title=metric.title.replace(f"{TOP:g} %", f"{percent:g} %"),
        function=replace(metric.function, percent=percent, threshold=threshold),
    )


def _pinball(q: float) -> dict[str, Any]:
    if q == LEVEL:
        return {"function": Pinball(q)}
    of = f"Loss of the point that the true {q:g} quantile makes smallest."
    return {"function": Pinball(q), "description": of}


def _known(task: str) -> list[Metric]:
    if task not in _TASKS:
        raise UsageError(
            f"there are no metrics for the task {task!r}",
            remedy=f"use one of {', '.join(map(repr, _TASKS))}",
        )
    if task == "multilabel":
        return multilabel_metrics()
    if task == "regression":
        return regression_metrics()
    how = "positive" if task == "binary" else "macro"
    return [*score_metrics(), *label_metrics(how), COST]


def _unknown(spec: str, task: str, elsewhere: bool) -> UsageError:
    names = metric_names(task)
    typed = spec.partition(":")[0].strip().lower().replace("-", "_").replace(" ", "_")
    meant = (typed, _ALIASES.get(typed), f"{typed}_macro")
    near = [name for name in meant if name in names] or get_close_matches(typed, names, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    what = f"metric {spec!r} is for binary tasks" if elsewhere else f"there is no metric {spec!r}"
    return UsageError(what, remedy=f"{hint}use one of {', '.join(names)}")


def _with_cost(metric: Metric, cost: F | None, classes: Sequence[str] | None, task: str) -> Metric:
    if cost is None:
        raise UsageError(
            "metric 'expected_cost' needs costs", remedy="give them, as in --cost fn=10,fp=1"
        )
    matrix = np.asarray(cost, dtype=np.float64)
    if task == "multilabel":
        return _with_label_cost(metric, matrix, classes)
    size = len(classes) if classes is not None else len(matrix) if matrix.ndim else 0
    if matrix.shape != (size, size):
        raise UsageError(
            f"the cost matrix has the shape {matrix.shape} for {size} classes",
            remedy="give a row per true class and a column per predicted one",
        )
    # Where a right "no" costs more than a false alarm, calling negative rows positive pays.
    hurt = size == 2 and bool(matrix[0, 1] >= matrix[0, 0])
    return replace(metric, function=lambda m: expected_cost(m, matrix), false_alarms_hurt=hurt)


def _with_label_cost(metric: Metric, matrix: F, classes: Sequence[str] | None) -> Metric:
    size = len(classes) if classes is not None else len(matrix) if matrix.ndim == 3 else 0
    if matrix.shape not in ((2, 2), (size, 2, 2)):
        raise UsageError(
            f"the cost matrix has the shape {matrix.shape} for {size} labels",
            remedy="give (2, 2) for all labels, or (L, 2, 2): a row per truth, a column per answer",
        )
    hurt = bool((matrix[..., 0, 1] >= matrix[..., 0, 0]).all())
    function = EachLabel(partial(cost_value, cost=matrix), "sum")
    return replace(metric, function=function, false_alarms_hurt=hurt)


def _number(spec: str, text: str, low: float, high: float, example: str = "0.5") -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UsageError(
            f"metric {spec!r} has {text!r} where a number from {low:g} to {high:g} belongs",
            remedy=f"write it as in {spec.partition(':')[0]}:{example}",
        )
    return value
