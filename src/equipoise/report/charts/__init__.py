"""One definition of each chart, in Vega-Lite: the report draws it as SVG, a notebook as it is."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from equipoise.errors import UsageError
from equipoise.report.charts.board import leaderboard
from equipoise.report.charts.classes import confusion, per_class_change
from equipoise.report.charts.curves import precision_recall, reliability, roc, threshold

__all__ = [
    "KINDS",
    "confusion",
    "draw",
    "leaderboard",
    "per_class_change",
    "precision_recall",
    "reliability",
    "roc",
    "threshold",
]

KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "leaderboard": leaderboard,
    "confusion": confusion,
    "precision-recall": precision_recall,
    "roc": roc,
    "reliability": reliability,
    "threshold": threshold,
    "per-class-change": per_class_change,
}


def draw(summary: dict[str, Any], kind: str = "leaderboard", **options: Any) -> Any:
    """Draw a chart of the report as an Altair chart.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    kind : {"leaderboard", "confusion", "precision-recall", "roc", "reliability", "threshold", \
"per-class-change"}
        What to draw.
    **options
        ``width`` in pixels for all; ``top`` for the leaderboard; ``label`` for the curves; ``strategy``
        for the confusion matrix and the thresholds.

    Returns
    -------
    altair.Chart

    Raises
    ------
    UsageError
        If there is no such kind.

    Examples
    --------
    >>> draw({}, "pie")
    Traceback (most recent call last):
    ...
    equipoise.errors.UsageError: there is no chart 'pie'; use one of leaderboard, confusion, \
precision-recall, roc, reliability, threshold, per-class-change
    """
    if kind not in KINDS:
        near = get_close_matches(str(kind).replace("_", "-"), KINDS, n=1, cutoff=0.6)
        remedy = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(KINDS)}"
        raise UsageError(f"there is no chart {kind!r}", remedy=remedy)
    import altair

    return altair.Chart.from_dict(KINDS[kind](summary, **options))
