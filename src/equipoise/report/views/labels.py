"""The recommended candidate beside the baseline, label by label."""

from __future__ import annotations

from typing import Any

from equipoise.report import charts
from equipoise.report.charts.labels import label_rows, measures_of
from equipoise.report.reading import Summary, contrasted, find
from equipoise.report.svg import to_svg
from equipoise.report.views.sides import sides
from equipoise.report.words import count, interval, number, signed, title_of

__all__ = ["label_comparison"]


def label_comparison(summary: Summary) -> dict[str, Any] | None:
    """Return charts and tables of labels, or None where no details were kept."""
    shown = contrasted(summary)
    rows = label_rows(summary)
    if not shown or not rows:
        return None
    roles = [role for role, _ in shown]
    measures = measures_of(summary)
    drawn = [charts.per_label_change(summary, width=width) for width in (880, 350)]
    return {
        "template": "labels.html",
        "roles": [
            {"role": role, "title": title_of(one)}
            for role, name in shown
            if (one := find(summary, name)) is not None
        ],
        "pair": len(shown) == 2,
        "first": roles[0],
        "change": [to_svg(spec, f"labels{at}") for at, spec in enumerate(drawn)],
        "change_words": drawn[0]["description"],
        "most": min(len(rows), 40),
        "measures": list(measures.values()),
        "sides": sides(summary),
        "table": [
            {
                "label": row["label"],
                "shown": count(row["support"]),
                "cells": [_cell(row[key], roles) for key in measures],
            }
            for row in rows
        ],
    }


def _cell(values: dict[str, Any], roles: list[str]) -> dict[str, Any]:
    mine = values.get(roles[0]) or {}
    theirs = (values.get(roles[1]) or {}) if len(roles) > 1 else {}
    known = mine.get("mean") is not None and theirs.get("mean") is not None
    return {
        "value": number(mine.get("mean"), 2),
        "interval": interval(mine, 2),
        "before": number(theirs.get("mean"), 2),
        "change": signed(mine["mean"] - theirs["mean"], 2) if known else None,
    }
