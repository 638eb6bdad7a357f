"""One definition of each chart, in Vega-Lite: the report draws it as SVG, a notebook as it is."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from equipoise.errors import UsageError
from equipoise.report.charts.board import leaderboard
from equipoise.report.charts.classes import confusion, per_class_change
from equipoise.report.charts.curves import precision_recall, reliability, roc, threshold
from equipoise.report.charts.labels import co_occurrence, per_label_change
from equipoise.report.charts.numbers import error_by_decile, quantiles, residuals
from equipoise.report.charts.target import histogram

__all__ = [
    "KINDS",
    "TASKS",
    "co_occurrence",
    "confusion",
    "draw",
    "error_by_decile",
    "histogram",
    "leaderboard",
    "per_class_change",
    "per_label_change",
    "precision_recall",
    "quantiles",
    "reliability",
    "residuals",
    "roc",
    "threshold",
]

_CLASSES = ("binary", "multiclass")
_OF_CLASSES: dict[str, Callable[..., dict[str, Any]]] = {
    "confusion": confusion,
    "precision-recall": precision_recall,
    "roc": roc,
    "reliability": reliability,
    "threshold": threshold,
    "per-class-change": per_class_change,
}
_OF_LABELS: dict[str, Callable[..., dict[str, Any]]] = {
    "per-label-change": per_label_change,
    "co-occurrence": co_occurrence,
}
_OF_NUMBERS: dict[str, Callable[..., dict[str, Any]]] = {
    "histogram": histogram,
    "error-by-decile": error_by_decile,
    "quantiles": quantiles,
    "residuals": residuals,
}
KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "leaderboard": leaderboard,
    **_OF_CLASSES,
    **_OF_LABELS,
    **_OF_NUMBERS,
}
# The tasks that a kind is for.
TASKS: dict[str, tuple[str, ...]] = {
    "leaderboard": (*_CLASSES, "multilabel", "regression"),
    **dict.fromkeys(_OF_CLASSES, _CLASSES),
    **dict.fromkeys(_OF_LABELS, ("multilabel",)),
    **dict.fromkeys(_OF_NUMBERS, ("regression",)),
}


def draw(summary: dict[str, Any], kind: str = "leaderboard", **options: Any) -> Any:
    """Draw a chart of the report as an Altair chart.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    kind : str, default "leaderboard"
        What to draw. Of classes "confusion", "precision-recall", "roc", "reliability", "threshold" and
        "per-class-change"; of labels "per-label-change" and "co-occurrence"; of numbers "histogram",
        "error-by-decile", "quantiles" and "residuals".
    **options
        ``width`` in pixels for all; ``top`` for the leaderboard; ``label`` for the curves; ``strategy``
        for the confusion matrix, the thresholds and the residuals.

    Returns
    -------
    altair.Chart

    Raises
    ------
    UsageError
        If there is no such kind, or it is for another task.

    Examples
    --------
    >>> draw({}, "pie")
    Traceback (most recent call last):
    ...
    equipoise.errors.UsageError: there is no chart 'pie'; use one of leaderboard, confusion, \
precision-recall, roc, reliability, threshold, per-class-change, per-label-change, co-occurrence, \
histogram, error-by-decile, quantiles, residuals
    """
    task = summary.get("task")
    fitting = [name for name in KINDS if task is None or task in TASKS[name]]
    if kind not in KINDS:
        near = get_close_matches(str(kind).replace("_", "-"), fitting, n=1, cutoff=0.6)
        remedy = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(fitting)}"
        raise UsageError(f"there is no chart {kind!r}", remedy=remedy)
    if kind not in fitting:
        raise UsageError(
            f"the chart {kind!r} is for {' and '.join(TASKS[kind])} tasks, and this one is {task}",
            remedy=f"use one of {', '.join(fitting)}",
        )
    import altair

    return altair.Chart.from_dict(KINDS[kind](summary, **options))
