"""How rare rows lie: the kinds of their neighbourhoods, and rows on two axes."""

from __future__ import annotations

from typing import Any

from equipoise.report.charts.theme import (
    BASELINE,
    CHOSEN,
    COLOURS,
    FOURTH,
    INK,
    MUTED,
    THIRD,
    Spec,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, show_label
from equipoise.report.words import count, shorten

__all__ = ["evidence_of", "neighbourhoods", "plane"]

_WARNING = COLOURS["warning"][0]
_PAINT = {"safe": CHOSEN, "borderline": FOURTH, "rare": BASELINE, "outlier": _WARNING}
_SAID = {
    "safe": "safe (4 or 5 of 5 neighbours)",
    "borderline": "borderline (2 or 3)",
    "rare": "rare (1)",
    "outlier": "outlier (none)",
}


def evidence_of(summary: Summary, code: str) -> dict[str, Any]:
    """Return the evidence of a finding of a diagnosis; empty where there is none."""
    for finding in summary.get("findings") or []:
        if finding["code"] == code:
            evidence: dict[str, Any] = finding.get("evidence") or {}
            return evidence
    return {}


def neighbourhoods(summary: Summary, *, width: int = 560) -> Spec:
    """Draw the kinds of the rows of each rare class, as shares of its rows."""
    title = "Neighbourhoods of rare rows"
    entries = (evidence_of(summary, "EQ108").get("classes") or [])[:12]
    names = [shorten(show_label(one["class"]), 40) for one in entries]
    names = [f"{one} (#{at + 1})" if names.count(one) > 1 else one for at, one in enumerate(names)]
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(entries):
        total = sum(one["kinds"].values()) or 1
        start = 0.0
        for kind, n in one["kinds"].items():
            share = n / total
            rows.append(
                {
                    "class": names[at],
                    "kind": _SAID[kind],
                    "start": start,
                    "end": start + share,
                    "middle": start + share / 2,
                    "said": f"{count(n)}" if share >= 0.06 else "",
                }
            )
            start += share
    if not rows:
        return nothing(title, "No neighbourhoods were looked at.", width)
    x = {
        **quantity("start", "share of the rows looked at", (0.0, 1.0)),
        "axis": {"format": "%"},
    }
    y = {
        "field": "class",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"domain": False, "ticks": False, "grid": False, "labelLimit": 180},
    }
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": list(_SAID.values()), "range": list(_PAINT.values())},
        "legend": {"columns": 2, "symbolType": "square"},
    }
    body: Spec = {
        "data": values(rows),
        "width": width - 190,
        "height": {"step": 34},
        "layer": [
            {
                # Half opaque, so that the numbers can be read on it in both modes.
                "mark": {"type": "bar", "height": 22, "opacity": 0.45},
                "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "color": colour},
            },
            {
                "mark": {"type": "text", "color": INK, "fontWeight": "bold"},
                "encoding": {
                    "x": {**x, "field": "middle"},
                    "y": y,
                    "text": {"field": "said"},
                },
            },
        ],
    }
    first = entries[0]
    said = ", ".join(f"{n:,} {kind}" for kind, n in first["kinds"].items())
    text = (
        f"Rows of rare classes by how many of their five nearest others are of their class. {shorten(show_label(first['class']), 40)}: "
        f"{said}."
    )
    return frame(title, text, body)


def plane(summary: Summary, *, width: int = 480) -> Spec:
    """Draw rows on two axes: rare rows by kind, and shaded where rows were called rare."""
    title = "Rare rows among the others"
    picture = evidence_of(summary, "EQ202").get("plane") or evidence_of(summary, "EQ108").get(
        "plane"
    )
    if not picture or not picture["points"]:
        return nothing(title, "No rows were placed.", width)
    names = picture["kinds"]
    common = len(names) - 1
    legend = [_SAID.get(name, name) for name in names]
    paint = [_PAINT.get(name, MUTED) for name in names]
    if "rare, missed" in names:
        paint = [CHOSEN, _WARNING, MUTED]
    shapes = (
        ["circle", "square", "triangle-down", "triangle-up"]
        if len(names) > 3
        else ["circle", "triangle-up"]
    ) + ["cross"]
    rows = [{"x": x, "y": y, "kind": legend[k]} for x, y, k in picture["points"]]
    # Rare rows are drawn over the others.
    rows.sort(key=lambda row: row["kind"] != legend[common])
    low, step = picture["low"], picture["step"]
    ends = [[low[k], low[k] + 20 * step[k]] for k in (0, 1)]
    bare = {"labels": False, "ticks": False, "grid": False}
    x = {
        **quantity("x", "what parts rare from common rows", (ends[0][0], ends[0][1])),
        "axis": bare,
    }
    y = {**quantity("y", "widest direction besides", (ends[1][0], ends[1][1])), "axis": bare}
    layers: list[Spec] = []
    cells = [
        {
            "x": low[0] + i * step[0],
            "x2": low[0] + (i + 1) * step[0],
            "y": low[1] + j * step[1],
            "y2": low[1] + (j + 1) * step[1],
            "share": share,
        }
        for i, j, share, _ in picture["cells"]
    ]
    if cells:
        layers.append(
            {
                "data": values(cells),
                "mark": {"type": "rect", "color": THIRD, "stroke": None},
                "encoding": {
                    "x": x,
                    "x2": {"field": "x2"},
                    "y": y,
                    "y2": {"field": "y2"},
                    "fillOpacity": {
                        "field": "share",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1], "range": [0.03, 0.4]},
                        "legend": None,
                    },
                },
            }
        )
    by = {"field": "kind", "type": "nominal"}
    layers.append(
        {
            "data": values(rows),
            "mark": {"type": "point", "filled": True, "size": 26, "opacity": 0.85, "clip": True},
            "encoding": {
                "x": x,
                "y": y,
                "color": {
                    **by,
                    "scale": {"domain": legend, "range": paint},
                    "legend": {"columns": 2, "symbolOpacity": 1},
                },
                "shape": {
                    **by,
                    "scale": {"domain": legend, "range": shapes},
                    "legend": {"columns": 2},
                },
                "size": {
                    **by,
                    "scale": {"domain": legend, "range": [*[34] * common, 22]},
                    "legend": None,
                },
            },
        }
    )
    body: Spec = {"width": width - 40, "height": round((width - 40) * 0.75), "layer": layers}
    said = ", ".join(
        f"{sum(row['kind'] == name for row in rows):,} {kind}"
        for name, kind in zip(legend, names, strict=True)
    )
    shade = " The darker a field, the more of its rows were called rare." if cells else ""
    text = (
        f"Rows on two axes, the one across parting rare from common rows best; on two axes more seems to overlap than "
        f"in all columns. Shown: {said}.{shade}"
    )
    return frame(title, text, body)
