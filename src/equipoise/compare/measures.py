"""What is measured: metrics for the task and the data at hand, and which targets matter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.data.dataset import Dataset
from equipoise.decisions.costs import parse_cost
from equipoise.errors import TargetError, UsageError
from equipoise.metrics.registry import (
    Metric,
    default_label_metric,
    default_metric,
    get_metric,
)
from equipoise.weights.relevance import Relevance

__all__ = ["Focus", "choose_metrics", "find_metric", "is_measurable", "parse_focus", "read_cost"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class Focus:
    """The part of a numeric target that matters: its largest or smallest values.

    Attributes
    ----------
    share : float
        Between 0 and 0.5.
    side : {"high", "low"}

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.compare.measures import parse_focus
    >>> parse_focus("top10%")(np.arange(101.0))([50, 90]).tolist()
    [0.0, 1.0]
    """

    share: float
    side: Literal["high", "low"] = "high"

    def __call__(self, y: F) -> Relevance:
        """Return the relevance of target values, from those at hand."""
        return Relevance.top(y, self.share, side=self.side)

    def __str__(self) -> str:
        return f"{'top' if self.side == 'high' else 'bottom'}{self.share * 100:g}%"


def parse_focus(text: str) -> Focus:
    """Read ``"top5%"`` or ``"bottom10%"``.

    Raises
    ------
    UsageError
        If it is neither, or not between 0 and 50 %.
    """
    found = re.fullmatch(r"\s*(top|bottom)\s*([0-9]*\.?[0-9]+)\s*%?\s*", str(text).lower())
    share = float(found[2]) / 100 if found else 0.0
    if found is None or not 0 < share < 0.5:
        raise UsageError(
            f"focus={text!r} cannot be used",
            remedy="write top5% or bottom5%, with a number below 50",
        )
    return Focus(share, "high" if found[1] == "top" else "low")


def read_cost(cost: Any, dataset: Dataset) -> F | None:
    """Return the cost matrix that is meant, of two classes for every label of a multilabel task.

    Raises
    ------
    UsageError
        If it cannot be read, or the target is a number.
    """
    if cost is None:
        return None
    if dataset.task == "regression":
        raise UsageError(
            "costs are of classes, and the target is a number",
            remedy="leave the costs out; metric='pinball:0.9' costs errors by their direction",
        )
    if dataset.task == "multilabel":
        return parse_cost(cost, ["no", "yes"], "binary")
    return parse_cost(cost, [str(label) for label in dataset.classes], dataset.task)


def find_metric(
    name: str, dataset: Dataset, cost: Any = None, focus: Focus | None = None
) -> Metric:
    """Return the metric called ``name`` for these data.

    Raises
    ------
    UsageError
        If there is none, or it lacks what it needs.
    TargetError
        If no target is relevant, for a metric that weighs by relevance.
    """
    labels = [str(label) for label in dataset.classes]
    if dataset.task != "regression":
        return get_metric(name, dataset.task, labels, cost)
    relevance = None
    if name == "sera":
        relevance = Relevance.automatic(dataset.y) if focus is None else focus(dataset.y)
    return get_metric(name, dataset.task, relevance=relevance, y=dataset.y)


def choose_metrics(
    name: str | None, dataset: Dataset, cost: Any, focus: Focus | None
) -> tuple[Metric, Metric]:
    """Return the metric that is compared, and the one that decisions are chosen by."""
    if focus is not None and dataset.task != "regression":
        raise UsageError(
            f"focus is for numeric targets, and the task is {dataset.task}",
            remedy="leave the focus out; a metric says what matters among classes",
        )
    usual = "sera" if focus is not None else default_metric(dataset.task)
    metric = find_metric(
        name or ("expected_cost" if cost is not None else usual), dataset, cost, focus
    )
    if not metric.decides:
        raise UsageError(
            f"metric {metric.name!r} says something, but not what is better",
            remedy=f"compare by another, such as {default_metric(dataset.task)}",
        )
    if metric.needs not in ("ranking", "probabilities"):
        return metric, metric
    by_labels = "expected_cost" if cost is not None else default_label_metric(dataset.task)
    return metric, find_metric(by_labels, dataset, cost, focus)


def is_measurable(name: str, dataset: Dataset, focus: Focus | None) -> bool:
    """Tell whether a metric of the task has all that it needs in these data."""
    if name != "sera":
        return True
    try:
        find_metric(name, dataset, None, focus)
    except TargetError:
        return False
    return True
