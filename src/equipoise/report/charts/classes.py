"""Charts over the classes: who is taken for whom, and what changes for each class."""

from __future__ import annotations

from typing import Any

from equipoise.report.charts.theme import (
    BASELINE,
    CHOSEN,
    MUTED,
    Spec,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, compared, detail, prepare
from equipoise.report.words import count, number, percent, plural, shorten, signed

__all__ = ["confusion", "confusion_matrix", "per_class_change"]

_NARROW = 560
_MEASURES = {"precision": "precision", "recall": "recall", "f1": "F1"}


def confusion(summary: Summary, *, strategy: str | None = None, width: int = 340) -> Spec:
    """Draw a confusion matrix: a row for each true class, shaded by the share of the row.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    strategy : str, optional
        The candidate; the recommended one.
    width : int, default 340
        Least width in pixels; many classes need more.
    """
    summary = prepare(summary)
    shown = compared(summary)
    strategy = strategy or (shown[0][1] if shown else None)
    role = next((role for role, name in shown if name == strategy), "candidate")
    labels = [one["label"] for one in summary["classes"]]
    return confusion_matrix(role, labels, detail(summary, strategy).get("confusion") or [], width)


def confusion_matrix(role: str, labels: list[str], matrix: list[list[float]], width: int) -> Spec:
    """Draw counts with the true class first, shape (C, C), of whoever made them."""
    many = len(labels) > 6
    rows = _cells(labels, matrix, many)
    if not rows:
        return nothing("Confusion matrix", "No counts of this candidate were kept.", width)
    margin = 110
    cell = max(26 if len(labels) > 12 else 44, (width - margin) // max(len(labels), 1))
    names = [f"{i + 1}  {label}" if many else label for i, label in enumerate(labels)]
    axis: Spec = {
        "domain": False,
        "ticks": False,
        "labelLimit": 92,
        "labelPadding": 6,
        "titleFontStyle": "italic",
    }
    turned = not many and cell < 80 and any(len(label) > cell // 7 for label in labels)
    x: Spec = {
        "field": "column",
        "type": "ordinal",
        "sort": None,
        "title": "predicted",
        "axis": {
            **axis,
            "orient": "top",
            "labelAngle": -40 if turned else 0,
            "labelLimit": 92 if turned else cell - 6,
        },
        "scale": {
            "domain": [str(i + 1) for i in range(len(labels))] if many else names,
            "paddingInner": 0.04,
        },
    }
    y: Spec = {
        "field": "row",
        "type": "ordinal",
        "sort": None,
        "title": "true",
        "axis": {
            **axis,
            "titleAngle": 0,
            "titleAlign": "right",
            "titleAnchor": "start",
            "titleY": -8,
            "titleX": -8,
        },
        "scale": {"domain": names, "paddingInner": 0.04},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "color": CHOSEN, "cornerRadius": 2},
            "encoding": {
                "fillOpacity": {
                    "field": "share",
                    "type": "quantitative",
                    # Half opaque at most, so that ink stays readable on every shade in both modes.
                    "scale": {"domain": [0, 1], "range": [0.05, 0.5]},
                    "legend": None,
                }
            },
        }
    ]
    if cell >= 40:
        layers += [
            {
                "mark": {
                    "type": "text",
                    "dy": -6,
                    "fontSize": 13 if cell > 60 else 11,
                    "fontWeight": "bold",
                },
                "encoding": {"text": {"field": "rate"}},
            },
            {
                "mark": {"type": "text", "dy": 9, "fontSize": 11 if cell > 60 else 10},
                "encoding": {"text": {"field": "count"}},
            },
        ]
    else:
        layers.append(
            {
                "transform": [{"filter": "datum.shown != ''"}],
                "mark": {"type": "text", "fontSize": 10},
                "encoding": {"text": {"field": "shown"}},
            }
        )
    body: Spec = {
        "data": values(rows),
        "width": {"step": cell},
        "height": {"step": cell if cell < 90 else 64},
        "encoding": {"x": x, "y": y},
        "layer": layers,
    }
    return frame(f"Confusion matrix: {role}", _describe_confusion(role, labels, matrix), body)


def _cells(labels: list[str], matrix: list[list[float]], many: bool) -> list[dict[str, Any]]:
    rows = []
    for i, (label, line) in enumerate(zip(labels, matrix, strict=False)):
        total = sum(line)
        for j, cell in enumerate(line):
            share = cell / total if total else 0.0
            rows.append(
                {
                    "row": f"{i + 1}  {label}" if many else label,
                    "column": str(j + 1) if many else labels[j],
                    "share": share,
                    "rate": percent(share),
                    "count": count(cell),
                    "shown": f"{100 * share:.0f}" if share >= 0.045 else "",
                }
            )
    return rows


def _describe_confusion(role: str, labels: list[str], matrix: list[list[float]]) -> str:
    said: list[str] = []
    for i, (label, line) in enumerate(zip(labels, matrix, strict=False)):
        total = sum(line)
        if not total or len(said) >= 8:
            continue
        wrong = max((j for j in range(len(line)) if j != i), key=lambda j: line[j], default=None)
        text = f"of {count(total)} true {shorten(label, 40)}, {count(line[i])} ({percent(line[i] / total)}) are found"
        if wrong is not None and line[wrong]:
            text += f" and {count(line[wrong])} taken for {shorten(labels[wrong], 40)}"
        said.append(text)
    rest = len(labels) - len(said)
    tail = f"; and {plural(rest, 'more class', 'more classes')}" if rest and said else ""
    return f"Confusion matrix, {role}: {'; '.join(said)}{tail}. Shares are of the true class."


def per_class_change(summary: Summary, *, width: int = 720, most: int = 30) -> Spec:
    """Draw precision, recall and F1 of each class, from the baseline to the recommended candidate.

    Classes stand in order of their support, the largest first.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    width : int, default 720
        Width in pixels; below 560 the three panels stand below each other.
    most : int, default 30
        Classes to show; where there are more, those of least support.
    """
    summary = prepare(summary)
    rows = change_rows(summary)[-most:]
    narrow = width < _NARROW
    # The largest counts come first, so labels of one count never meet: the number makes them distinct.
    names = [f"{shorten(row['label'], 24)}  {count(row['support'])}" for row in rows]
    names = [
        name if names.count(name) == 1 else f"{name} #{at + 1}" for at, name in enumerate(names)
    ]
    points = [
        {
            "class": name,
            "measure": title,
            "from": row[key][0],
            "to": row[key][1],
            "role": role,
            "value": row[key][at],
        }
        for row, name in zip(rows, names, strict=True)
        for key, title in _MEASURES.items()
        for at, role in ((0, "baseline"), (1, "recommended"))
        if row[key][0] is not None and row[key][1] is not None
    ]
    if not points:
        return nothing("Change of each class", "Nothing to compare with the baseline.", width)
    roles = ["baseline", "recommended"]
    legend: Spec = {"orient": "top"}
    encode: Spec = {
        "y": {
            "field": "class",
            "type": "ordinal",
            "sort": None,
            "title": None,
            "scale": {"domain": names},
            "axis": {
                "labelLimit": 168,
                "domain": False,
                "ticks": False,
                "grid": True,
                "labelFontSize": 11,
            },
        }
    }

    def panel(title: str, first: bool) -> Spec:
        shown = [point for point in points if point["measure"] == title]
        y = (
            encode["y"]
            if first or narrow
            else {
                **encode["y"],
                "axis": {"labels": False, "ticks": False, "domain": False, "grid": True},
            }
        )
        return {
            "title": {"text": title, "anchor": "start", "fontSize": 12, "fontWeight": "bold"},
            "data": values(shown),
            "width": width - 190 if narrow else (width - 210) // 3 - 12,
            "height": {"step": 22},
            "encoding": {"y": y},
            "layer": [
                {
                    "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1.5},
                    "encoding": {
                        "x": quantity("from", None, (0.0, 1.0), axis={"tickCount": 3}),
                        "x2": {"field": "to"},
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "opacity": 1, "size": 60},
                    "encoding": {
                        "x": quantity("value", None, (0.0, 1.0), axis={"tickCount": 3}),
                        "color": {
                            "field": "role",
                            "type": "nominal",
                            "scale": {"domain": roles, "range": [BASELINE, CHOSEN]},
                            "legend": legend,
                        },
                        "shape": {
                            "field": "role",
                            "type": "nominal",
                            "scale": {"domain": roles, "range": ["diamond", "circle"]},
                            "legend": legend,
                        },
                    },
                },
            ],
        }

    panels = [panel(title, at == 0) for at, title in enumerate(_MEASURES.values())]
    body: Spec = {
        "vconcat" if narrow else "hconcat": panels,
        "spacing": 14,
        "resolve": {"legend": {"color": "shared"}},
    }
    return frame("Change of each class against the baseline", _describe_change(rows), body)


def change_rows(summary: Summary) -> list[dict[str, Any]]:
    """Return per class the pairs (baseline, recommended) of each measure, largest support first."""
    shown = dict(compared(summary))
    after = detail(summary, shown.get("recommended")).get("per_class") or []
    before = detail(summary, shown.get("baseline", shown.get("recommended"))).get("per_class") or []
    rows = []
    for old, new in zip(before, after, strict=False):
        row: dict[str, Any] = {"label": new["label"], "support": new.get("support") or 0}
        for key in _MEASURES:
            row[key] = ((old.get(key) or {}).get("mean"), (new.get(key) or {}).get("mean"))
        rows.append(row)
    return sorted(rows, key=lambda row: -row["support"])


def _describe_change(rows: list[dict[str, Any]]) -> str:
    moved = [(row["f1"][1] - row["f1"][0], row) for row in rows if None not in row["f1"]]
    if not moved:
        return "Nothing to compare with the baseline."
    up = sum(change > 0.0005 for change, _ in moved)
    down = sum(change < -0.0005 for change, _ in moved)
    change, rare = moved[-1]
    return (
        f"Change of F1 against the baseline: higher for {up}, lower for {down} of "
        f"{plural(len(moved), 'class', 'classes')}. The rarest, {shorten(rare['label'], 40)} "
        f"({count(rare['support'])} rows): {number(rare['f1'][0], 2)} to {number(rare['f1'][1], 2)} "
        f"({signed(change, 2)})."
    )
