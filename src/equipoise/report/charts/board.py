"""The leaderboard as intervals on one axis."""

from __future__ import annotations

from typing import Any

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
from equipoise.report.reading import Summary, applicable, baseline, prepare, recommended
from equipoise.report.words import decimals_for, interval, number, plural, shorten, title_of

__all__ = ["leaderboard", "top_rows"]

_STATES = ["recommended", "baseline", "tied with the best", "behind the best"]
_NARROW = 560


def top_rows(summary: Summary, top: int) -> list[dict[str, Any]]:
    """Return the first rows of the leaderboard; the recommended one and the baseline are never missing."""
    entries = applicable(summary)
    must = [one["id"] for one in (recommended(summary), baseline(summary)) if one]
    return [one for rank, one in enumerate(entries) if rank < top or one["id"] in must]


def state_of(strategy: dict[str, Any], summary: Summary) -> str:
    """Say where a candidate stands."""
    if strategy["id"] == (summary.get("verdict") or {}).get("recommended"):
        return _STATES[0]
    if strategy["id"] == summary.get("baseline"):
        return _STATES[1]
    return _STATES[2] if strategy.get("tied_with_best") else _STATES[3]


def leaderboard(summary: Summary, *, top: int = 15, width: int = 720) -> Spec:
    """Draw the intervals of the first candidates, best on top.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    top : int, default 15
        Candidates to show; the recommended one and the baseline are always among them.
    width : int, default 720
        Width in pixels; below 560 the names stand above the intervals.
    """
    summary = prepare(summary)
    metric = summary["metric"]
    rows: list[dict[str, Any]] = []
    for one in top_rows(summary, top):
        value = (one.get("metrics") or {}).get(metric["name"]) or {}
        if value.get("mean") is not None:
            low, high = (
                value["mean"] if value.get(k) is None else value[k] for k in ("low", "high")
            )
            rows.append(
                {
                    "at": len(rows),
                    "name": shorten(title_of(one), 62 if width >= _NARROW else 46),
                    "mean": value["mean"],
                    "low": low,
                    "high": high,
                    "state": state_of(one, summary),
                }
            )
    narrow = width < _NARROW
    # Rows of one name would be drawn on one line.
    names = [row["name"] for row in rows]
    for row in rows:
        if names.count(row["name"]) > 1:
            row["name"] = f"{row['name']} (#{row['at'] + 1})"
    if not rows:
        return nothing("Leaderboard", f"No candidate has a {metric['title']}.", width)
    span = [row["low"] for row in rows] + [row["high"] for row in rows]
    pad = 0.03 * (max(span) - min(span)) or 0.01
    domain = (min(span) - pad, max(span) + pad)
    better = "more is better" if metric["direction"] == "maximize" else "less is better"
    x = quantity("mean", f"{metric['title']} ({better})", domain)
    states = [state for state in _STATES if any(row["state"] == state for row in rows)]
    y: Spec = {
        "field": "name" if not narrow else "at",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "axis": None
        if narrow
        else {
            "labelLimit": 330,
            "labelFontSize": 12,
            "domain": False,
            "ticks": False,
            "grid": False,
            "labelPadding": 8,
        },
    }
    colour = {
        "field": "state",
        "type": "nominal",
        "scale": {"domain": states, "range": [_paint(state) for state in states]},
        "legend": {"columns": 2 if narrow else 4},
    }
    shape = {
        "field": "state",
        "type": "nominal",
        "scale": {"domain": states, "range": [_shape(state) for state in states]},
    }
    shift = {"yOffset": 9} if narrow else {}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2, **shift},
            "encoding": {
                "y": y,
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 75, "opacity": 1, **shift},
            "encoding": {"y": y, "x": x, "color": colour, "shape": shape},
        },
    ]
    base = next((row["mean"] for row in rows if row["state"] == "baseline"), None)
    if base is not None:
        layers.append(
            {
                "data": values([{"mean": base}]),
                "mark": {"type": "rule", "color": BASELINE, "strokeDash": [2, 3], "strokeWidth": 1},
                "encoding": {"x": x},
            }
        )
    if narrow:
        layers.append(
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "bottom",
                    "dy": 2,
                    "fontSize": 12,
                },
                "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "name"}},
            }
        )
    inner = (
        width - 12 if narrow else width - min(340, 8 * max([len(row["name"]) for row in rows])) - 16
    )
    body: Spec = {
        "data": values(rows),
        "width": inner,
        "height": {"step": 38 if narrow else 23},
        "layer": layers,
    }
    return frame(f"{metric['title']} of the candidates", _describe(summary, rows, better), body)


def _paint(state: str) -> str:
    return {"recommended": CHOSEN, "baseline": BASELINE, "tied with the best": INK}.get(
        state, MUTED
    )


def _shape(state: str) -> str:
    shapes = {"recommended": "circle", "baseline": "diamond", "tied with the best": "square"}
    return shapes.get(state, "triangle-left")


def _describe(summary: Summary, rows: list[dict[str, Any]], better: str) -> str:
    title = summary["metric"]["title"]
    digits = decimals_for(rows)
    lead = f"{title} of {plural(len(rows), 'candidate')} with 95 % intervals, {better}. "
    named = [row for row in rows if row["state"] in _STATES[:2]]
    named = named if rows[0] in named else [rows[0], *named]
    said = [
        f"{'Best' if row is rows[0] and row['state'] not in _STATES[:2] else row['state'].capitalize()}: "
        f"{row['name']}, {number(row['mean'], digits)}, interval {interval(row, digits)}."
        for row in named
    ]
    tied = sum(row["state"] == _STATES[2] for row in rows)
    return lead + " ".join(said) + (f" {tied} more tied with the best." if tied else "")
