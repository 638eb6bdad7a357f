"""The shape of a numeric target."""

from __future__ import annotations

from typing import Any

from equipoise.report.charts.theme import (
    CHOSEN,
    INK,
    OF_ANY_SIZE,
    THIRD,
    Spec,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, prepare
from equipoise.report.words import amount, count, skew_words

__all__ = ["histogram"]

_TAIL = "top 5 %"


def histogram(summary: Summary, *, width: int = 720) -> Spec:
    """Draw the distribution of a numeric target.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    width : int, default 720
        Width in pixels.
    """
    summary = prepare(summary)
    target = summary.get("target") or {}
    drawn = target.get("histogram") or {}
    edges, counts = drawn.get("edges") or [], drawn.get("counts") or []
    if len(edges) < 2 or len(counts) != len(edges) - 1:
        return nothing("The target", "No histogram of the target was kept.", width)
    q95 = target.get("q95")
    parts = ["rest", _TAIL]
    rows = [
        {
            "low": low,
            "high": high,
            "rows": n,
            "part": parts[int(q95 is not None and low >= q95)],
        }
        for low, high, n in zip(edges, edges[1:], counts, strict=False)
    ]
    log = drawn.get("scale") == "log"
    title = str(summary["data"]["target"]) + (" (axis of equal ratios)" if log else "")
    x = quantity("low", title, (edges[0], edges[-1]))
    if log:
        x["scale"]["type"] = "log"
    x["axis"] = {**OF_ANY_SIZE, "grid": False}
    marks = [
        {"low": target[key], "text": f"{words} {amount(target[key])}", "at": at}
        for at, (key, words) in enumerate((("median", "median"), ("q95", "95th percentile")))
        if target.get(key) is not None and edges[0] <= target[key] <= edges[-1]
    ]
    body: Spec = {
        "data": values(rows),
        "width": width - 70,
        "height": 170,
        "layer": [
            {
                "mark": {"type": "bar", "binSpacing": 1},
                "encoding": {
                    "x": {**x, "bin": {"binned": True}},
                    "x2": {"field": "high"},
                    "y": quantity("rows", "rows", (0.0, max(counts) * 1.22 or 1.0)),
                    "color": {
                        "field": "part",
                        "type": "nominal",
                        "scale": {"domain": parts, "range": [CHOSEN, THIRD]},
                        "legend": None,
                    },
                },
            },
            {
                "data": values(marks),
                "mark": {"type": "rule", "color": INK, "strokeDash": [3, 3]},
                "encoding": {"x": x},
            },
            {
                "data": values(marks),
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "top",
                    "dx": 4,
                    "fontWeight": "bold",
                },
                "encoding": {
                    "x": x,
                    "y": {"datum": max(counts) * 1.22 or 1.0, "type": "quantitative"},
                    "text": {"field": "text"},
                },
            },
        ],
    }
    return frame("The target", _describe_target(target), body)


def _describe_target(target: dict[str, Any]) -> str:
    words = "Rows by the size of the target"
    if target.get("skewness") is not None:
        words += f", which is {skew_words(target['skewness'])} (skewness {target['skewness']:.3g})"
    words += (
        f": from {amount(target.get('min'))} to {amount(target.get('max'))}, median {amount(target.get('median'))}, "
        f"mean {amount(target.get('mean'))}. One row in twenty is above {amount(target.get('q95'))}."
    )
    if (target.get("histogram") or {}).get("scale") == "log" and target.get("zeros"):
        words += f" Of the rows, {count(target['zeros'])} are 0 and not drawn."
    return words
