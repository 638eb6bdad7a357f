"""Curves of one class: precision-recall, ROC, reliability, thresholds."""

from __future__ import annotations

from typing import Any

from equipoise.report.charts.theme import (
    BASELINE,
    CHOSEN,
    INK,
    MUTED,
    THIRD,
    Spec,
    by_role,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, compared, detail, find, focus, prepare
from equipoise.report.words import number, percent, shorten

__all__ = ["precision_recall", "reliability", "roc", "threshold"]

_UNIT = (0.0, 1.0)
_CUT = "threshold on the probability"


def precision_recall(summary: Summary, *, label: object = None, width: int = 340) -> Spec:
    """Draw precision against recall for one class, recommended and baseline together.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    label : object, optional
        The class; the positive one, else the rarest.
    width : int, default 340
        Width in pixels.
    """
    summary = prepare(summary)
    label = focus(summary, label)
    title = f"Precision and recall: {shorten(label, 40)}"
    rows, said = _series(summary, "pr", label, order=lambda x, y: (x, -y))
    if not said:
        return nothing(title, f"No curve for {shorten(label)}.", width)
    share = next((one["share"] for one in summary["classes"] if one["label"] == label), None)
    layers = [_line(rows, "recall", "precision", _UNIT, interpolate="step-before")]
    if share is not None:
        layers.append(_flat(share, f"chance {percent(share)}", "precision"))
    words = []
    for role in said:
        at = [row["y"] for row in rows if row["role"] == role and row["x"] >= 0.8]
        words.append(f"{role} {number(max(at), 2) if at else 'not reached'}")
    text = (
        f"Precision against recall for {shorten(label)}. The highest precision at a recall of 0.80 or more: "
        f"{', '.join(words)}. Guessing has a precision of {percent(share)}."
    )
    return frame(title, text, _body(rows, layers, width))


def roc(summary: Summary, *, label: object = None, width: int = 340) -> Spec:
    """Draw the share of the class that is found against the share of the rest taken for it."""
    summary = prepare(summary)
    label = focus(summary, label)
    title = f"ROC curve: {shorten(label, 40)}"
    rows, said = _series(summary, "roc", label, order=lambda x, y: (x, y))
    if not said:
        return nothing(title, f"No curve for {shorten(label)}.", width)
    layers = [
        _diagonal(1.0, "false alarms, share of the other rows", "recall"),
        _line(rows, "false alarms, share of the other rows", "recall", _UNIT),
    ]
    words = []
    for role in said:
        at = [row["y"] for row in rows if row["role"] == role and row["x"] <= 0.05]
        words.append(f"{role} {number(max(at), 2) if at else 'none'}")
    text = (
        f"Recall against false alarms for {shorten(label)}. The highest recall with false alarms on at most 5 % "
        f"of the other rows: {', '.join(words)}. The thin diagonal is guessing."
    )
    return frame(title, text, _body(rows, layers, width))


def reliability(summary: Summary, *, label: object = None, width: int = 340) -> Spec:
    """Draw how often the class came true against the probability that was given for it."""
    summary = prepare(summary)
    label = focus(summary, label)
    title = f"Reliability: {shorten(label, 40)}"
    rows, said = _series(summary, "reliability", label, order=lambda x, y: (x, y))
    if not said:
        return nothing(title, f"No curve for {shorten(label)}.", width)
    top = min(1.0, max([row["x"] for row in rows] + [row["y"] for row in rows]) * 1.05)
    domain = (0.0, top if top < 0.6 else 1.0)
    roles = list(said)
    across, up = "predicted probability, mean of the bin", "share that was true"
    line = _line(rows, across, up, domain, symbol=90)
    points: Spec = {
        "mark": {"type": "point", "filled": True, "size": 38, "opacity": 1},
        "encoding": {
            **_axes(across, up, domain),
            **by_role(roles, dash=False, symbol=90),
            "shape": {
                "field": "role",
                "type": "nominal",
                "scale": {
                    "domain": roles,
                    "range": ["circle" if r == "recommended" else "diamond" for r in roles],
                },
                "legend": None if len(roles) < 2 else {"symbolSize": 90},
            },
        },
    }
    gaps = [f"{role} {number(_gap(rows, role), 3)}" for role in said]
    text = (
        f"Reliability for {shorten(label)}: the closer to the diagonal, the more a probability can be taken at "
        f"its word; bins of few rows stray from it by chance. Mean distance, weighted by rows: {', '.join(gaps)}."
    )
    body = _body(rows, [_diagonal(domain[1], across, up), line, points], width)
    return frame(title, text, body)


def threshold(
    summary: Summary, *, label: object = None, strategy: str | None = None, width: int = 340
) -> Spec:
    """Draw precision, recall and F1 of one class against the threshold on its probability.

    Parameters
    ----------
    strategy : str, optional
        The candidate; the recommended one.
    """
    summary = prepare(summary)
    label = focus(summary, label)
    shown = compared(summary)
    strategy = strategy or (shown[0][1] if shown else None)
    role = next((role for role, name in shown if name == strategy), "candidate")
    curve = ((detail(summary, strategy).get("curves") or {}).get("threshold") or {}).get(
        label
    ) or {}
    names = {"precision": "precision", "recall": "recall", "f1": "F1"}
    rows = [
        {"x": t, "y": y, "what": title, "at": at}
        for key, title in names.items()
        for at, (t, y) in enumerate(zip(curve.get("t") or [], curve.get(key) or [], strict=False))
        if t is not None and y is not None
    ]
    what: Spec = {"field": "what", "type": "nominal", "sort": None}
    order = list(names.values())
    lines: Spec = {
        "mark": {"type": "line", "strokeWidth": 2, "clip": True},
        "encoding": {
            **_axes(_CUT, None, _UNIT),
            "order": {"field": "at", "type": "quantitative"},
            "color": {
                **what,
                "scale": {"domain": order, "range": [CHOSEN, BASELINE, THIRD]},
                "legend": {},
            },
            "strokeDash": {
                **what,
                "scale": {"domain": order, "range": [[1, 0], [6, 3], [2, 2]]},
                "legend": {},
            },
        },
    }
    title = f"Thresholds, {role}: {shorten(label, 30)}"
    if not rows:
        return nothing(title, f"No curve for {shorten(label)}.", width)
    layers = [lines]
    chosen = curve.get("chosen")
    text = f"Precision, recall and F1 for {shorten(label)} at every threshold, {role}."
    if chosen is not None:
        side = "left" if chosen < 0.72 else "right"
        mark = [{"x": chosen, "y": 0.02, "text": f"used: {number(chosen, _places(chosen))}"}]
        layers += [
            {
                "data": values(mark),
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
                "encoding": {"x": quantity("x", _CUT, _UNIT)},
            },
            {
                "data": values(mark),
                "mark": {
                    "type": "text",
                    "align": side,
                    "baseline": "bottom",
                    "dx": 5 if side == "left" else -5,
                    "fontWeight": "bold",
                },
                "encoding": {
                    "x": quantity("x", _CUT, _UNIT),
                    "y": quantity("y", None, _UNIT),
                    "text": {"field": "text"},
                },
            },
        ]
        near = min(range(len(curve["t"])), key=lambda i: abs((curve["t"][i] or 0) - chosen))
        said = ", ".join(
            f"{title} {number(curve[key][near], 2)}"
            for key, title in names.items()
            if near < len(curve.get(key) or [])
        )
        text += f" At the threshold in use, {number(chosen, _places(chosen))}: {said}."
        if (find(summary, strategy) or {}).get("decision") == "tuned":
            text += (
                " It was chosen on the rows of this curve, which flatters the curve there; the tables judge "
                "thresholds on rows that did not choose them."
            )
    else:
        text += " The labels of this candidate do not come from one threshold on this probability."
    return frame(title, text, _body(rows, layers, width))


def _places(value: float) -> int:
    return 2 if value >= 0.1 else 3


def _series(
    summary: Summary, kind: str, label: str, order: Any
) -> tuple[list[dict[str, Any]], list[str]]:
    rows: list[dict[str, Any]] = []
    said = []
    for role, name in compared(summary):
        curve = ((detail(summary, name).get("curves") or {}).get(kind) or {}).get(label) or {}
        sizes = curve.get("n") or [1] * len(curve.get("x") or [])
        points = [
            (x, y, n)
            for x, y, n in zip(curve.get("x") or [], curve.get("y") or [], sizes, strict=False)
            if x is not None and y is not None
        ]
        points.sort(key=lambda point: order(point[0], point[1]))
        rows += [
            {"x": x, "y": y, "n": n, "at": at, "role": role} for at, (x, y, n) in enumerate(points)
        ]
        if points:
            said.append(role)
    return rows, said


def _gap(rows: list[dict[str, Any]], role: str) -> float:
    own = [row for row in rows if row["role"] == role]
    total = sum(row["n"] for row in own) or 1
    return float(sum(row["n"] * abs(row["x"] - row["y"]) for row in own) / total)


def _axes(x: str, y: str | None, domain: tuple[float, float]) -> Spec:
    return {"x": quantity("x", x, domain), "y": quantity("y", y, domain)}


def _line(
    rows: list[dict[str, Any]],
    x: str,
    y: str,
    domain: tuple[float, float],
    symbol: int = 500,
    **mark: Any,
) -> Spec:
    roles = list(dict.fromkeys(row["role"] for row in rows))
    return {
        "mark": {"type": "line", "strokeWidth": 2, "clip": True, **mark},
        "encoding": {
            **_axes(x, y, domain),
            "order": {"field": "at", "type": "quantitative"},
            **by_role(roles, symbol=symbol),
        },
    }


def _diagonal(end: float, x: str, y: str) -> Spec:
    return {
        "data": values([{"x": 0.0, "y": 0.0, "at": 0}, {"x": end, "y": end, "at": 1}]),
        "mark": {"type": "line", "color": MUTED, "strokeWidth": 1, "strokeDash": [1, 3]},
        "encoding": _axes(x, y, (0.0, end)),
    }


def _flat(height: float, text: str, title: str) -> Spec:
    # A layer without the title would take it from the axis that all layers share.
    y = quantity("y", title, _UNIT)
    above = height < 0.9
    return {
        "data": values([{"y": height, "text": text}]),
        "layer": [
            {"mark": {"type": "rule", "color": MUTED, "strokeDash": [1, 3]}, "encoding": {"y": y}},
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "color": MUTED,
                    "baseline": "bottom" if above else "top",
                    "dy": -3 if above else 3,
                },
                "encoding": {"y": y, "x": {"value": 4}, "text": {"field": "text"}},
            },
        ],
    }


def _body(rows: list[dict[str, Any]], layers: list[Spec], width: int) -> Spec:
    return {
        "data": values(rows),
        "width": width - 60,
        "height": round((width - 60) * 0.82),
        "layer": layers,
        "resolve": {"scale": {"x": "shared", "y": "shared"}},
    }
