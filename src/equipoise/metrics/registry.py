"""Find a metric by its name, with the number that some take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError
from equipoise.metrics.catalogue import COST, Ranked, label_metrics, score_metrics
from equipoise.metrics.confusion import expected_cost, fbeta
from equipoise.metrics.metric import Metric
from equipoise.metrics.ranking import recall_measure

__all__ = ["Metric", "default_label_metric", "default_metric", "get_metric", "metric_names"]

F = NDArray[np.float64]
_TASKS = ("binary", "multiclass")
# What people type that no spelling distance leads from to our name.
_ALIASES = {
    "ap": "average_precision",
    "auprc": "average_precision",
    "pr_auc": "average_precision",
    "ece": "calibration_error",
    "cost": "expected_cost",
    "cross_entropy": "log_loss",
    "sensitivity": "recall",
}


def metric_names(task: str) -> list[str]:
    """Return the names of all metrics for a task, without the parameters that some take.

    Parameters
    ----------
    task : {"binary", "multiclass"}
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
    """Name the metric that a trial compares by: ranking where binary, labels for several classes.

    Examples
    --------
    >>> from equipoise.metrics import default_metric
    >>> default_metric("binary"), default_metric("multiclass")
    ('average_precision', 'f1_macro')
    """
    return "average_precision" if task == "binary" else "f1_macro"


def default_label_metric(task: str) -> str:
    """Name the metric that thresholds are tuned for.

    Examples
    --------
    >>> from equipoise.metrics import default_label_metric
    >>> default_label_metric("binary")
    'f1_macro'
    """
    return "f1_macro"


def get_metric(
    spec: str, task: str, classes: Sequence[str] | None = None, cost: F | None = None
) -> Metric:
    """Return the metric called ``spec``.

    Parameters
    ----------
    spec : str
        A name; ``"fbeta:0.5"`` and ``"recall_at_precision:0.8"`` take a number (2 and 0.9 by default).
    task : {"binary", "multiclass"}
        For which task. Precision, recall and F1 are of the positive class and for binary tasks only;
        F-beta is of the positive class there and the mean over classes elsewhere.
    classes : sequence of str, optional
        Names of the classes, which the costs must fit.
    cost : array of shape (C, C), optional
        Cost matrix, true class first, which ``"expected_cost"`` needs.

    Returns
    -------
    Metric

    Raises
    ------
    UsageError
        If there is no such metric or task, it does not fit the task, or its number or costs are
        missing or wrong.

    Examples
    --------
    >>> from equipoise.metrics import get_metric
    >>> get_metric("fbeta:0.5", "binary").title
    'F0.5'
    """
    known = {metric.name: metric for metric in _known(task)}
    name, colon, parameter = spec.partition(":")
    if name not in known or task not in known[name].tasks:
        raise _unknown(spec, task, name in known)
    metric = known[name]
    if name == "expected_cost" and not colon:
        return _with_cost(metric, cost, classes)
    if name == "fbeta":
        beta = _number(spec, parameter, 1e-6, 1e6) if colon else 2.0
        how = "positive" if task == "binary" else "macro"
        return replace(
            metric, name=spec, title=f"F{beta:g}", function=lambda m: fbeta(m, beta, how)
        )
    if name == "recall_at_precision" and colon:
        precision = _number(spec, parameter, 0.0, 1.0)
        return replace(
            metric,
            name=spec,
            title=f"Recall at precision {precision:g}",
            function=Ranked(recall_measure(precision)),
        )
    if colon:
        raise UsageError(
            f"metric {name!r} takes no number, and got {parameter!r}", remedy=f"use {name!r}"
        )
    return metric


def _known(task: str) -> list[Metric]:
    if task not in _TASKS:
        raise UsageError(
            f"there are no metrics for the task {task!r}",
            remedy=f"use one of {', '.join(map(repr, _TASKS))}",
        )
    how = "positive" if task == "binary" else "macro"
    return [*score_metrics(), *label_metrics(how), COST]


def _unknown(spec: str, task: str, elsewhere: bool) -> UsageError:
    names = metric_names(task)
    typed = spec.partition(":")[0].strip().lower().replace("-", "_").replace(" ", "_")
    near = [_ALIASES[typed]] if typed in _ALIASES else get_close_matches(typed, names, 1)
    hint = f"did you mean {near[0]!r}? " if near and near[0] in names else ""
    what = f"metric {spec!r} is for binary tasks" if elsewhere else f"there is no metric {spec!r}"
    return UsageError(what, remedy=f"{hint}use one of {', '.join(names)}")


def _with_cost(metric: Metric, cost: F | None, classes: Sequence[str] | None) -> Metric:
    if cost is None:
        raise UsageError(
            "metric 'expected_cost' needs costs", remedy="give them, as in --cost fn=10,fp=1"
        )
    matrix = np.asarray(cost, dtype=np.float64)
    size = len(classes) if classes is not None else len(matrix) if matrix.ndim else 0
    if matrix.shape != (size, size):
        raise UsageError(
            f"the cost matrix has the shape {matrix.shape} for {size} classes",
            remedy="give a row per true class and a column per predicted one",
        )
    # Where a right "no" costs more than a false alarm, calling negative rows positive pays.
    hurt = size == 2 and bool(matrix[0, 1] >= matrix[0, 0])
    return replace(metric, function=lambda m: expected_cost(m, matrix), false_alarms_hurt=hurt)


def _number(spec: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UsageError(
            f"metric {spec!r} has {text!r} where a number from {low:g} to {high:g} belongs",
            remedy=f"write it as in {spec.partition(':')[0]}:0.5",
        )
    return value
