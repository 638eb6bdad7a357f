"""Charts of predicted numbers: errors by size, quantiles and residuals."""

from __future__ import annotations

from typing import Any

from equipoise.report.charts.theme import (
    CHOSEN,
    MUTED,
    OF_ANY_SIZE,
    ROLE_STYLE,
    THIRD,
    Spec,
    by_role,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, contrasted, detail, prepare
from equipoise.report.words import amount, percent

__all__ = ["error_by_decile", "quantiles", "residuals"]

_NARROW = 560
_MOST_POINTS = 150  # of the tail, and as many of the rest
_TAIL = "top 5 %"


def error_by_decile(summary: Summary, *, width: int = 720) -> Spec:
    """Draw the errors of each tenth of the rows, sorted by their true value.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    width : int, default 720
        Width in pixels; below 560 the two panels stand below each other.
    """
    summary = prepare(summary)
    shown = contrasted(summary)
    tables = {role: detail(summary, name).get("deciles") or {} for role, name in shown}
    roles = [role for role, table in tables.items() if table.get("mae")]
    if not roles:
        return nothing("Errors by size", "No errors by size were kept.", width)
    first = tables[roles[0]]
    names = [
        f"{amount(low)} to {amount(high)}" if low != high else amount(low)
        for low, high in zip(first["low"], first["high"], strict=False)
    ]
    names = [n if names.count(n) == 1 else f"{n} ({at + 1})" for at, n in enumerate(names)]
    rows = [
        {"tenth": name, "role": role, "mae": mae, "bias": bias}
        for role in roles
        for name, mae, bias in zip(names, tables[role]["mae"], tables[role]["bias"], strict=False)
        if mae is not None and bias is not None
    ]
    narrow = width < _NARROW
    inner = width - 160 if narrow else (width - 170) // 2 - 16
    top = max([row["mae"] for row in rows] + [0.0]) * 1.05 or 1.0
    least, most = _span([*(row["bias"] for row in rows), 0.0])
    panels = [
        _decile_panel("mean absolute error", "mae", (0.0, top), rows, names, roles, inner, True),
        _decile_panel(
            "mean of prediction minus truth",
            "bias",
            (least, most),
            rows,
            names,
            roles,
            inner,
            narrow,
        ),
    ]
    body: Spec = {
        "vconcat" if narrow else "hconcat": panels,
        "spacing": 16,
        "resolve": {"legend": {"color": "shared", "shape": "shared"}},
    }
    return frame("Errors by the size of the target", _describe_deciles(tables, roles), body)


def _decile_panel(
    title: str,
    field: str,
    domain: tuple[float, float],
    rows: list[dict[str, Any]],
    names: list[str],
    roles: list[str],
    width: int,
    labelled: bool,
) -> Spec:
    axis: Spec = {"domain": False, "ticks": False, "grid": True, "labelLimit": 150}
    y: Spec = {
        "field": "tenth",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "scale": {"domain": names[::-1]},
        "axis": axis if labelled else {**axis, "labels": False},
    }
    styles = [ROLE_STYLE[role] for role in roles]
    legend = {"orient": "top"} if len(roles) > 1 else None
    role: Spec = {"field": "role", "type": "nominal", "legend": legend}
    encoding: Spec = {
        "x": quantity(field, None, domain, axis={"tickCount": 4, **OF_ANY_SIZE}),
        "color": {**role, "scale": {"domain": roles, "range": [s["color"] for s in styles]}},
    }
    shape = {**role, "scale": {"domain": roles, "range": [s["shape"] for s in styles]}}
    return {
        "title": {"text": title, "anchor": "start", "fontSize": 12, "fontWeight": "bold"},
        "data": values(rows),
        "width": width,
        "height": {"step": 22},
        "encoding": {"y": y},
        "layer": [
            {
                "data": values([{field: 0.0}]),
                "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1},
                "encoding": {
                    "x": quantity(field, None, domain),
                    "y": {"value": 0},
                    "y2": {"value": "height"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 60},
                "encoding": {**encoding, "shape": shape},
            },
        ],
    }


def _describe_deciles(tables: dict[str, dict[str, Any]], roles: list[str]) -> str:
    said = [
        f"{role} {amount(tables[role]['mae'][-1])}, mean {amount(tables[role]['bias'][-1])}"
        for role in roles
    ]
    low = tables[roles[0]]["low"][-1]
    return (
        "Errors of tenths of the rows by their true value, the largest on top. Mean absolute error of the top tenth, "
        f"from {amount(low)}, and mean of prediction minus truth: {'; '.join(said)}. Rows picked for large true "
        "values are predicted too low on average by any model that is not sure."
    )


def quantiles(summary: Summary, *, width: int = 340) -> Spec:
    """Draw quantiles of the predictions against those of the target.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    width : int, default 340
        Width in pixels.
    """
    summary = prepare(summary)
    rows: list[dict[str, Any]] = []
    last = {}
    for role, name in contrasted(summary):
        table = detail(summary, name).get("quantiles") or {}
        found = [
            {"at": at, "x": true, "y": said, "level": f"{100 * level:g} %", "role": role}
            for at, (level, true, said) in enumerate(
                zip(
                    table.get("level") or [],
                    table.get("true") or [],
                    table.get("predicted") or [],
                    strict=False,
                )
            )
            if true is not None and said is not None
        ]
        rows += found
        if found:
            last[role] = found[-1]
    if not rows:
        return nothing("Quantiles", "No quantiles were kept.", width)
    ends = [row[key] for row in rows for key in ("x", "y")]
    domain = (min(ends), max(ends) if max(ends) > min(ends) else min(ends) + 1.0)
    roles = list(last)
    axis: Spec = {"axis": {"tickCount": 4, **OF_ANY_SIZE}}
    across, up = "quantile of the target", "quantile of the predictions"
    place = {"x": quantity("x", across, domain, **axis), "y": quantity("y", up, domain, **axis)}
    paint = by_role(roles, symbol=90, dash=False)
    shape: Spec = {
        "field": "role",
        "type": "nominal",
        "scale": {"domain": roles, "range": [ROLE_STYLE[role]["shape"] for role in roles]},
        "legend": {"symbolSize": 90} if len(roles) > 1 else None,
    }
    diagonal = [{"x": end, "y": end} for end in domain]
    main = [
        row
        for row in rows
        if row["role"] == roles[0] and row["level"] in ("50 %", "90 %", "95 %", "99 %")
    ]
    body: Spec = {
        "data": values(rows),
        "width": width - 60,
        "height": round((width - 60) * 0.82),
        "layer": [
            {
                "data": values(diagonal),
                "mark": {"type": "line", "color": MUTED, "strokeWidth": 1, "strokeDash": [1, 3]},
                "encoding": place,
            },
            {
                "mark": {"type": "line", "strokeWidth": 1.5},
                "encoding": {**place, "order": {"field": "at", "type": "quantitative"}, **paint},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
                "encoding": {**place, **paint, "shape": shape},
            },
            {
                "data": values(main),
                "mark": {"type": "text", "align": "right", "baseline": "bottom", "dx": -6},
                "encoding": {**place, "text": {"field": "level"}},
            },
        ],
    }
    said = "; ".join(
        f"the {row['level']} quantile of the target is {amount(row['x'])}, of the {role} predictions {amount(row['y'])}"
        for role, row in last.items()
    )
    return frame(
        "Quantiles of predictions and target",
        f"Below the dotted diagonal at the right, large values are predicted too rarely: {said}. Predictions of a mean "
        "vary less than the target.",
        body,
    )


def residuals(summary: Summary, *, strategy: str | None = None, width: int = 340) -> Spec:
    """Draw errors of a sample of rows against their true value, those of the tail marked.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    strategy : str, optional
        The candidate; the recommended one, or the best where the baseline is recommended.
    width : int, default 340
        Width in pixels.
    """
    summary = prepare(summary)
    shown = contrasted(summary)
    strategy = strategy or (shown[0][1] if shown else None)
    role = next((role for role, name in shown if name == strategy), "candidate")
    rows = _sampled(detail(summary, strategy))
    title = f"Errors of single rows: {role}"
    if not rows:
        return nothing(title, "No predictions of this candidate were kept.", width)
    # One scale for all that stand side by side.
    every = [row for _, name in shown for row in _sampled(detail(summary, name))] or rows
    spans = [[row[key] for row in every] for key in ("x", "y")]
    parts = ["rest", _TAIL]
    axis: Spec = {"axis": {"tickCount": 4, **OF_ANY_SIZE}}
    across, up = (
        quantity("x", "true value", _span(spans[0]), **axis),
        quantity("y", "prediction minus truth", _span([*spans[1], 0.0]), **axis),
    )
    part: Spec = {"field": "part", "type": "nominal", "sort": None}
    body: Spec = {
        "data": values(rows),
        "width": width - 60,
        "height": round((width - 60) * 0.82),
        "layer": [
            {
                "data": values([{"y": 0.0}]),
                "mark": {"type": "rule", "color": MUTED},
                "encoding": {"y": up},
            },
            {
                "mark": {"type": "point", "filled": True, "opacity": 0.7},
                "encoding": {
                    "x": across,
                    "y": up,
                    "color": {**part, "scale": {"domain": parts, "range": [CHOSEN, THIRD]}},
                    "shape": {**part, "scale": {"domain": parts, "range": ["circle", "square"]}},
                    "size": {**part, "scale": {"domain": parts, "range": [16, 22]}},
                },
            },
        ],
    }
    top = [row["y"] for row in rows if row["part"] == _TAIL]
    low = sum(error < 0 for error in top)
    said = (
        f" Of the {len(top)} of the top 5 % drawn, {low} ({percent(low / len(top))}) are predicted too low."
        if top
        else ""
    )
    return frame(
        title,
        f"Prediction minus truth of {len(rows)} rows, {role}; the top 5 % are drawn more densely than the rest.{said}",
        body,
    )


def _span(found: list[float]) -> tuple[float, float]:
    low, high = min(found), max(found)
    pad = 0.04 * (high - low) or 1.0
    return low - pad, high + pad


def _sampled(found: dict[str, Any]) -> list[dict[str, Any]]:
    sample = found.get("sample") or {}
    kept = {True: 0, False: 0}
    rows = []
    for true, said, top in zip(
        sample.get("true") or [],
        sample.get("predicted") or [],
        sample.get("top") or [],
        strict=False,
    ):
        if true is None or said is None or kept[bool(top)] >= _MOST_POINTS:
            continue
        kept[bool(top)] += 1
        rows.append({"x": true, "y": said - true, "part": _TAIL if top else "rest"})
    return sorted(rows, key=lambda row: row["part"] == _TAIL)
