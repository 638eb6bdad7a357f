"""The recommended candidate beside the baseline, by the size of the number."""

from __future__ import annotations

from typing import Any

from equipoise.report import charts
from equipoise.report.reading import Summary, contrasted, detail, find
from equipoise.report.svg import to_svg
from equipoise.report.views.sides import sides
from equipoise.report.words import amount, count, interval, number, title_of

__all__ = ["number_comparison"]

_PROMISED = 0.95
# In the words of a reader, the errors that a summary of any version may hold.
_MEASURES = {
    "rmse": "Root of the mean squared error",
    "mae": "Mean absolute error",
    "median_ae": "Median absolute error",
    "mae_top": "Mean absolute error, top 5 %",
    "mae_rest": "Mean absolute error, rest",
    "bias": "Mean of prediction minus truth",
    "r2": "Share of the variance explained, R²",
    "spearman": "Rank correlation",
    "pinball": "Pinball loss of the 95th percentile",
    "coverage": "Rows at or below their predicted 95th percentile",
}
_SHARES = {"coverage", "r2", "spearman"}


def number_comparison(summary: Summary) -> dict[str, Any] | None:
    """Return charts and tables of errors by size, or None where no details were kept."""
    shown = contrasted(summary)
    if not shown:
        return None
    has = {
        key: any(detail(summary, name).get(key) for _, name in shown)
        for key in ("deciles", "quantiles", "sample")
    }
    errors = (
        [charts.error_by_decile(summary, width=w) for w in (880, 350)] if has["deciles"] else []
    )
    figures = []
    if has["quantiles"]:
        figures.append(("Quantiles", charts.quantiles(summary), "quantiles"))
    if has["sample"]:
        figures += [
            (
                f"Errors of single rows, {role}",
                charts.residuals(summary, strategy=name),
                f"errors-{role}",
            )
            for role, name in shown
        ]
    return {
        "template": "numbers.html",
        "roles": [
            {"role": role, "title": title_of(one)}
            for role, name in shown
            if (one := find(summary, name)) is not None
        ],
        "pair": len(shown) == 2,
        "first": shown[0][0],
        "errors": [to_svg(spec, f"tenths{at}") for at, spec in enumerate(errors)],
        "errors_words": errors[0]["description"] if errors else "",
        "tenths": _tenths(summary, shown),
        "figures": [
            {"heading": heading, "svg": to_svg(spec, key), "words": spec["description"]}
            for heading, spec, key in figures
        ],
        "sides": sides(summary),
        "table": _table(summary, shown),
        "coverage": [
            words for role, name in shown if (words := _coverage(summary, role, name)) is not None
        ],
    }


def _table(summary: Summary, shown: list[tuple[str, str]]) -> list[dict[str, Any]]:
    rows = []
    for key, title in _MEASURES.items():
        cells = []
        for _, name in shown:
            value = ((find(summary, name) or {}).get("metrics") or {}).get(key) or {}
            cells.append({"value": _written(value, "mean", key), "interval": _ends(value, key)})
        if any(cell["value"] for cell in cells):
            rows.append({"title": title, "cells": cells})
    return rows


def _written(value: dict[str, Any], end: str, key: str) -> str:
    if value.get(end) is None:
        return ""
    return number(value[end], 3) if key in _SHARES else amount(value[end])


def _ends(value: dict[str, Any], key: str) -> str:
    if key in _SHARES:
        return interval(value, 3)
    low, high = _written(value, "low", key), _written(value, "high", key)
    return f"{low} to {high}" if low and high else ""


def _coverage(summary: Summary, role: str, name: str) -> str | None:
    value = ((find(summary, name) or {}).get("metrics") or {}).get("coverage") or {}
    if value.get("mean") is None:
        return None
    said = f"Of the {role} one, {100 * value['mean']:.1f} % of the rows are at or below their predicted 95th percentile"
    if value.get("low") is None or value.get("high") is None:
        return f"{said}."
    ends = f"{100 * value['low']:.1f} to {100 * value['high']:.1f}"
    if value["high"] < _PROMISED:
        verdict = "too few: it is predicted too low"
    elif value["low"] > _PROMISED:
        verdict = "too many: it is predicted too high"
    else:
        verdict = "as it should be"
    return f"{said} (95 % interval {ends}), {verdict}."


def _tenths(summary: Summary, shown: list[tuple[str, str]]) -> list[dict[str, Any]]:
    tables = [detail(summary, name).get("deciles") or {} for _, name in shown]
    first = tables[0]
    return [
        {
            "range": f"{amount(low)} to {amount(first['high'][at])}",
            "rows": count(first["rows"][at]),
            "cells": [
                {"mae": amount(_at(table, "mae", at)), "bias": amount(_at(table, "bias", at))}
                for table in tables
            ],
        }
        for at, low in enumerate(first.get("low") or [])
    ]


def _at(table: dict[str, Any], key: str, at: int) -> float | None:
    column = table.get(key) or []
    return column[at] if at < len(column) else None
