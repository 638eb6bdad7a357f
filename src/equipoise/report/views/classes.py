"""The recommended candidate beside the baseline, class by class."""

from __future__ import annotations

from typing import Any

from equipoise.report import charts
from equipoise.report.charts.classes import change_rows
from equipoise.report.reading import Summary, compared, detail, find, focus, rarest_first
from equipoise.report.svg import to_svg
from equipoise.report.words import count, interval, number, percent, signed, title_of

__all__ = ["comparison"]

# Beyond these a page of charts tells less than a table.
_MOST_CURVES = 6
_MOST_CELLS = 30
_CURVES = {"pr": charts.precision_recall, "roc": charts.roc, "reliability": charts.reliability}

_HEADINGS = {"pr": "Precision and recall", "roc": "ROC curve", "reliability": "Reliability"}


def comparison(summary: Summary) -> dict[str, Any] | None:
    """Return charts and tables of the recommended candidate and the baseline, or None."""
    shown = compared(summary)
    if not shown:
        return None
    classes = summary["classes"]
    matrices = [
        to_svg(charts.confusion(summary, strategy=name), f"confusion-{role}")
        for role, name in shown
        if detail(summary, name).get("confusion") and len(classes) <= _MOST_CELLS
    ]
    labels = [focus(summary)] if summary.get("positive") is not None else rarest_first(summary)
    drawn = [
        label
        for label in labels
        if any(_has(summary, kind, label) for kind in (*_CURVES, "threshold"))
    ]
    rows = change_rows(summary)
    changes = []
    if len(shown) == 2 and any(row["f1"][0] is not None for row in rows):
        changes = [charts.per_class_change(summary, width=width) for width in (880, 350)]
    return {
        "template": "comparison.html",
        "roles": [
            {"role": role, "title": title_of(one)}
            for role, name in shown
            if (one := find(summary, name)) is not None
        ],
        "matrices": matrices,
        "counts": _counts(summary, shown),
        "averaged": any(
            (find(summary, name) or {}).get("decision") == "tuned" for _, name in shown
        ),
        "repeats": (summary.get("folds") or {}).get("repeats") or 1,
        "confusions": _confusions(summary, shown),
        "curves": [
            {
                "label": label,
                "count": _count(summary, label),
                "charts": _curves(summary, label, at, shown),
            }
            for at, label in enumerate(drawn[:_MOST_CURVES])
        ],
        "curves_left": max(0, len(drawn) - _MOST_CURVES),
        "binary": summary.get("positive") is not None,
        "table": _table(summary, shown),
        "change": [to_svg(spec, f"change{at}") for at, spec in enumerate(changes)],
        "change_words": changes[0]["description"] if changes else "",
        "classes": len(classes),
        "pair": len(shown) == 2,
    }


def _has(summary: Summary, kind: str, label: str) -> bool:
    for _, name in compared(summary):
        curve = ((detail(summary, name).get("curves") or {}).get(kind) or {}).get(label) or {}
        if curve.get("x") or curve.get("t"):
            return True
    return False


def _count(summary: Summary, label: str) -> str:
    found = next((one for one in summary["classes"] if one["label"] == label), None)
    return count(found["count"]) if found else ""


def _curves(summary: Summary, label: str, at: int, shown: list[tuple[str, str]]) -> list[Any]:
    out = [
        _chart(_HEADINGS[kind], draw(summary, label=label), f"{kind}{at}")
        for kind, draw in _CURVES.items()
        if _has(summary, kind, label)
    ]
    for role, name in shown:
        curve = ((detail(summary, name).get("curves") or {}).get("threshold") or {}).get(
            label
        ) or {}
        if curve.get("t"):
            spec = charts.threshold(summary, label=label, strategy=name)
            out.append(_chart(f"Thresholds, {role}", spec, f"threshold-{role}{at}"))
    return out


def _chart(heading: str, spec: dict[str, Any], key: str) -> dict[str, Any]:
    return {"heading": heading, "svg": to_svg(spec, key), "words": spec["description"]}


def _counts(summary: Summary, shown: list[tuple[str, str]]) -> list[dict[str, Any]]:
    labels = [one["label"] for one in summary["classes"]]
    out = []
    for role, name in shown:
        matrix = detail(summary, name).get("confusion") or []
        if matrix and len(labels) <= _MOST_CELLS:
            rows = [
                {"label": label, "counts": [count(n) for n in line]}
                for label, line in zip(labels, matrix, strict=False)
            ]
            out.append({"role": role, "labels": labels, "rows": rows})
    return out


def _confusions(summary: Summary, shown: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """List the most frequent confusions, which a large matrix hides."""
    labels = [one["label"] for one in summary["classes"]]
    if len(labels) <= 6:
        return []
    matrices = {role: detail(summary, name).get("confusion") or [] for role, name in shown}
    main = matrices.get("recommended") or []
    pairs = [(n, i, j) for i, line in enumerate(main) for j, n in enumerate(line) if i != j and n]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    out = []
    for n, i, j in pairs[:10]:
        before = matrices.get("baseline") or []
        out.append(
            {
                "true": labels[i],
                "predicted": labels[j],
                "count": count(n),
                "share": percent(n / max(sum(main[i]), 1)),
                "before": count(before[i][j]) if before else "",
            }
        )
    return out


def _table(summary: Summary, shown: list[tuple[str, str]]) -> list[dict[str, Any]]:
    roles = dict(shown)
    after = detail(summary, roles.get("recommended") or shown[0][1]).get("per_class") or []
    before = detail(summary, roles.get("baseline")).get("per_class") or []
    rows = []
    for at, new in enumerate(after):
        old = before[at] if at < len(before) and len(shown) == 2 else {}
        cells = []
        for key in ("precision", "recall", "f1"):
            mine, theirs = new.get(key) or {}, old.get(key) or {}
            change = None
            if mine.get("mean") is not None and theirs.get("mean") is not None:
                change = signed(mine["mean"] - theirs["mean"], 2)
            cells.append(
                {
                    "value": number(mine.get("mean"), 2),
                    "interval": interval(mine, 2),
                    "before": number(theirs.get("mean"), 2),
                    "change": change,
                }
            )
        rows.append(
            {
                "label": new["label"],
                "support": new.get("support") or 0,
                "shown": count(new.get("support")),
                "cells": cells,
            }
        )
    return sorted(rows, key=lambda row: -row["support"])
