"""Pictures of a diagnosis: classes, neighbourhoods, two axes, confusion and reliability.

Each is drawn from the plain summary of a diagnosis alone: ``classes``, and the evidence of its findings.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from equipoise.errors import UsageError
from equipoise.report.charts.classes import confusion_matrix
from equipoise.report.charts.neighbourhoods import evidence_of, neighbourhoods, plane
from equipoise.report.charts.theme import (
    BASELINE,
    CHOSEN,
    INK,
    MUTED,
    Spec,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, show_label
from equipoise.report.words import percent, plural, shorten

__all__ = [
    "KINDS",
    "class_bars",
    "confusion",
    "kinds_of",
    "neighbourhoods",
    "plane",
    "reliability",
    "spec_of",
]

_MOST = 30
_RARE = 0.8  # of an equal share, as the checks count it


def class_bars(summary: Summary, *, width: int = 560) -> Spec:
    """Draw the rows of each class on a logarithmic axis, the largest on top.

    Parameters
    ----------
    summary : dict
        That of a diagnosis.
    width : int, default 560
        Width in pixels.
    """
    known = [(show_label(one["label"]), int(one["count"])) for one in summary.get("classes") or []]
    several = summary.get("task") == "multilabel"
    title = "Rows of each label" if several else "Rows of each class"
    if not known:
        return nothing(title, "There are no classes.", width)
    total = sum(n for _, n in known)
    fair = 0.5 * int(summary.get("rows") or total) if several else total / len(known)
    known.sort(key=lambda pair: -pair[1])
    shown = known if len(known) <= _MOST else [*known[: _MOST // 2], *known[-_MOST // 2 :]]
    rows: list[dict[str, Any]] = [
        {
            "label": f"{shorten(label, 40)}" + (f" (#{at + 1})" if _twice(label, shown) else ""),
            "count": max(n, 0.5),
            "zero": 0.5,
            "said": f"{n:,}",
            "kind": "rare" if n < _RARE * fair else "not rare",
        }
        for at, (label, n) in enumerate(shown)
    ]
    top = max(row["count"] for row in rows)
    # Room for the number behind the longest bar.
    x = {
        "field": "count",
        "type": "quantitative",
        "title": "rows, each step ten times as many",
        "scale": {"type": "log", "domain": [0.5, 2.5 * top], "nice": False},
        "axis": {"values": [10**k for k in range(9) if 10**k <= top], "format": ",d"},
    }
    y = {
        "field": "label",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"domain": False, "ticks": False, "grid": False, "labelLimit": 180},
    }
    kinds = [kind for kind in ("rare", "not rare") if any(row["kind"] == kind for row in rows)]
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": kinds, "range": [BASELINE if k == "rare" else CHOSEN for k in kinds]},
        "legend": {"symbolType": "square"} if len(kinds) > 1 else None,
    }
    body: Spec = {
        "data": values(rows),
        "width": width - 190,
        "height": {"step": 22},
        "layer": [
            {
                "mark": {"type": "bar", "height": 13},
                "encoding": {"x": x, "x2": {"field": "zero"}, "y": y, "color": colour},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": INK},
                "encoding": {"x": x, "y": y, "text": {"field": "said"}},
            },
        ],
    }
    cut = f", the {_MOST // 2} largest and smallest of {len(known)}" if len(known) > _MOST else ""
    least, most = known[-1], known[0]
    text = (
        f"Rows on a logarithmic axis{cut}. Largest: {shorten(most[0], 40)}, {most[1]:,} rows; smallest: "
        f"{shorten(least[0], 40)}, {least[1]:,} rows ({percent(least[1] / max(total, 1))})."
    )
    return frame(title, text, body)


def _twice(label: str, shown: list[tuple[str, int]]) -> bool:
    return [shorten(other, 40) for other, _ in shown].count(shorten(label, 40)) > 1


def confusion(summary: Summary, *, width: int = 340) -> Spec:
    """Draw the confusion matrix of given predictions, shaded by the share of the true class."""
    found = evidence_of(summary, "EQ203").get("confusion")
    if not found:
        return nothing("Confusion matrix", "No counts were kept.", width)
    labels = _distinct([show_label(label) for label in found["labels"]])
    return confusion_matrix("these predictions", labels, found["counts"], width)


def reliability(summary: Summary, *, label: object = None, width: int = 340) -> Spec:
    """Draw how often a class came true against its probability, bins with their 95 % intervals."""
    entries = evidence_of(summary, "EQ206").get("classes") or []
    chosen = [one for one in entries if label is None or one["class"] == str(label)]
    if not chosen:
        return nothing("Reliability", "No probabilities of this class were given.", width)
    one = min(chosen, key=lambda entry: (entry["p_corrected"], entry["rows"]))
    name = shorten(show_label(one["class"]), 40)
    rows = [{**b, "x": b["probability"], "y": b["value"]} for b in one["bins"]]
    top = min(1.0, 1.05 * max([row["x"] for row in rows] + [row["high"] for row in rows]))
    domain = (0.0, top if top < 0.6 else 1.0)
    x = quantity("x", "predicted probability, mean of the bin", domain)
    y = quantity("y", "share that was true", domain)
    body: Spec = {
        "data": values(rows),
        "width": width - 60,
        "height": round((width - 60) * 0.82),
        "layer": [
            {
                "data": values([{"x": end, "y": end} for end in domain]),
                "mark": {"type": "line", "color": MUTED, "strokeWidth": 1, "strokeDash": [1, 3]},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "rule", "color": CHOSEN, "strokeWidth": 1.5, "clip": True},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "color": CHOSEN,
                    "size": 42,
                    "opacity": 1,
                },
                "encoding": {"x": x, "y": y},
            },
        ],
    }
    error = one["calibration_error"]
    text = (
        f"Reliability of {name} in {plural(len(rows), 'bin')} with 95 % intervals; on the dotted line a probability "
        f"can be taken at its word. Calibration error {error['value']:.3f}, by chance alone {error['by_chance']:.3f}."
    )
    return frame(f"Reliability: {name}", text, body)


KINDS: dict[str, Callable[..., Spec]] = {
    "classes": class_bars,
    "neighbourhoods": neighbourhoods,
    "plane": plane,
    "confusion": confusion,
    "reliability": reliability,
}


def kinds_of(summary: Summary) -> list[str]:
    """Return the kinds of pictures that a diagnosis has the numbers for.

    Examples
    --------
    >>> from equipoise.report.charts.findings import kinds_of
    >>> kinds_of({"classes": [{"label": "a", "count": 9}], "findings": []})
    ['classes']
    """
    placed = evidence_of(summary, "EQ202").get("plane") or evidence_of(summary, "EQ108").get(
        "plane"
    )
    there = {
        "classes": summary.get("classes"),
        "neighbourhoods": evidence_of(summary, "EQ108").get("classes"),
        "plane": placed and placed["points"],
        "confusion": evidence_of(summary, "EQ203").get("confusion"),
        "reliability": evidence_of(summary, "EQ206").get("classes"),
    }
    return [kind for kind in KINDS if there[kind]]


def spec_of(summary: Summary, kind: str | None = None, **options: Any) -> Spec:
    """Return the Vega-Lite definition of a picture of a diagnosis.

    Parameters
    ----------
    summary : dict
        That of a diagnosis.
    kind : {"classes", "neighbourhoods", "plane", "confusion", "reliability"}, optional
        What to draw; by default the first that there are numbers for.
    **options
        ``width`` in pixels; ``label`` of the class for ``reliability``.

    Raises
    ------
    UsageError
        If there is no such kind, or no numbers for any.

    Examples
    --------
    >>> from equipoise.report.charts.findings import spec_of
    >>> spec_of({"classes": [{"label": "a", "count": 9}], "findings": []})["title"]["text"]
    'Rows of each class'
    """
    if kind is None:
        there = kinds_of(summary)
        if not there:
            raise UsageError(
                "this diagnosis has nothing to draw", remedy="read .findings, or use .frame()"
            )
        kind = there[0]
    name = str(kind).replace("_", "-")
    if name not in KINDS:
        near = get_close_matches(name, KINDS, 1)
        remedy = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(KINDS)}"
        raise UsageError(f"there is no picture {kind!r} of a diagnosis", remedy=remedy)
    return KINDS[name](summary, **options)


def _distinct(labels: list[str]) -> list[str]:
    return [
        f"{label} (#{at + 1})" if labels.count(label) > 1 else label
        for at, label in enumerate(labels)
    ]
