"""Charts over labels: what changes for each of them, and which come together."""

from __future__ import annotations

from typing import Any

from equipoise.report.charts.theme import (
    CHOSEN,
    ROLE_STYLE,
    Spec,
    frame,
    nothing,
    quantity,
    values,
)
from equipoise.report.reading import Summary, contrasted, detail, prepare
from equipoise.report.words import count, number, percent, plural, shorten, signed

__all__ = ["co_occurrence", "label_rows", "measures_of", "per_label_change"]

_NARROW = 560


def measures_of(summary: Summary) -> dict[str, str]:
    """Return the measures of a label, by the key they are stored under."""
    shown = contrasted(summary)
    beta = (detail(summary, shown[0][1]).get("beta") if shown else None) or 0.5
    return {"fbeta": f"F{beta:g}", "precision": "precision", "recall": "recall"}


def label_rows(summary: Summary) -> list[dict[str, Any]]:
    """Return per label, the commonest first, the values of each measure by role."""
    shown = contrasted(summary)
    tables = {role: detail(summary, name).get("per_class") or [] for role, name in shown}
    out = []
    for at, one in enumerate(next(iter(tables.values()), [])):
        row: dict[str, Any] = {"label": one["label"], "support": one.get("support") or 0}
        for key in measures_of(summary):
            row[key] = {role: (t[at].get(key) or {}) for role, t in tables.items() if at < len(t)}
        out.append(row)
    return sorted(out, key=lambda row: -row["support"])


def per_label_change(summary: Summary, *, width: int = 720, most: int = 40) -> Spec:
    """Draw F-beta, precision and recall of each label with intervals, beside the untreated model.

    Labels stand in order of their support, so that one sees whether a gain came from the rare ones.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    width : int, default 720
        Width in pixels; below 560 only F-beta is drawn.
    most : int, default 40
        Labels to show; where there are more, those of least support.
    """
    summary = prepare(summary)
    rows, measures = label_rows(summary)[-most:], measures_of(summary)
    roles = [role for role, _ in contrasted(summary)]
    names = [f"{shorten(row['label'], 22)}  {count(row['support'])}" for row in rows]
    names = [n if names.count(n) == 1 else f"{n} #{at + 1}" for at, n in enumerate(names)]
    points = [
        {"label": name, "measure": key, "role": role, **_ends(row[key][role])}
        for row, name in zip(rows, names, strict=True)
        for key in measures
        for role in roles
        if (row[key].get(role) or {}).get("mean") is not None
    ]
    if not points:
        return nothing("Each label", "No values of single labels were kept.", width)
    narrow = width < _NARROW
    drawn = ["fbeta"] if narrow else list(measures)
    inner = width - 190 if narrow else (width - 200) // 3 - 14
    panels = [
        _panel(
            measures[key], [p for p in points if p["measure"] == key], names, roles, inner, not at
        )
        for at, key in enumerate(drawn)
    ]
    body: Spec = {"hconcat": panels, "spacing": 14, "resolve": {"legend": {"color": "shared"}}}
    what = "against the untreated model" if len(roles) == 2 else "with 95 % intervals"
    return frame(f"Each label {what}", _describe(rows, measures["fbeta"], roles), body)


def _ends(value: dict[str, Any]) -> dict[str, float]:
    mean = value["mean"]
    low, high = (mean if value.get(end) is None else value[end] for end in ("low", "high"))
    return {"mean": mean, "low": low, "high": high}


def _panel(
    title: str,
    points: list[dict[str, Any]],
    names: list[str],
    roles: list[str],
    width: int,
    first: bool,
) -> Spec:
    axis: Spec = {
        "domain": False,
        "ticks": False,
        "grid": True,
        "labelLimit": 172,
        "labelPadding": 7,
    }
    y: Spec = {
        "field": "label",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "scale": {"domain": names},
        "axis": {**axis, "labelFontSize": 11} if first else {**axis, "labels": False},
    }
    legend = {"orient": "top"} if len(roles) > 1 else None
    role: Spec = {"field": "role", "type": "nominal", "legend": legend}
    styles = [ROLE_STYLE[one] for one in roles]
    x = {"axis": {"tickCount": 3}}
    layers: list[Spec] = []
    for at, one in enumerate(roles):
        shift = {"yOffset": 0 if len(roles) == 1 else -4 + 8 * at}
        own: Spec = {"transform": [{"filter": {"field": "role", "equal": one}}]}
        color = {
            "color": {**role, "scale": {"domain": roles, "range": [s["color"] for s in styles]}}
        }
        shape = {
            "shape": {**role, "scale": {"domain": roles, "range": [s["shape"] for s in styles]}}
        }
        layers += [
            {
                **own,
                "mark": {"type": "rule", "strokeWidth": 1.2, "opacity": 0.75, **shift},
                "encoding": {
                    "x": quantity("low", None, (0.0, 1.0), **x),
                    "x2": {"field": "high"},
                    **color,
                },
            },
            {
                **own,
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 42, **shift},
                "encoding": {"x": quantity("mean", None, (0.0, 1.0), **x), **color, **shape},
            },
        ]
    return {
        "title": {"text": title, "anchor": "start", "fontSize": 12, "fontWeight": "bold"},
        "data": values(points),
        "width": width,
        "height": {"step": 22},
        "encoding": {"y": y},
        "layer": layers,
    }


def _describe(rows: list[dict[str, Any]], title: str, roles: list[str]) -> str:
    known = [
        row
        for row in rows
        if all((row["fbeta"].get(r) or {}).get("mean") is not None for r in roles)
    ]
    if not known:
        return "No values of single labels were kept."
    lead = f"{plural(len(known), 'label')}, the commonest first, with 95 % intervals. "
    rare = known[-1]
    about = f"The rarest, {shorten(rare['label'], 40)} ({plural(rare['support'], 'row')})"
    if len(roles) < 2:
        return f"{lead}{about}: {title} {number(rare['fbeta'][roles[0]]['mean'], 2)}."
    first, second = roles
    moved = [row["fbeta"][first]["mean"] - row["fbeta"][second]["mean"] for row in known]
    third = max(1, len(known) // 3)
    up = sum(change > 0.0005 for change in moved)
    down = sum(change < -0.0005 for change in moved)
    low = sum(moved[-third:]) / third
    high = sum(moved[:third]) / third
    return (
        f"{lead}{title} of the {first} one against the baseline: higher for {up}, lower for {down}. Mean change of "
        f"the rarest third {signed(low, 3)}, of the commonest third {signed(high, 3)}. {about}: "
        f"{number(rare['fbeta'][second]['mean'], 2)} to {number(rare['fbeta'][first]['mean'], 2)}."
    )


def co_occurrence(summary: Summary, *, width: int = 340) -> Spec:
    """Draw how often labels come together: of the rows with one, the share that has another.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    width : int, default 340
        Least width in pixels; many labels need more.
    """
    summary = prepare(summary)
    matrix = (summary.get("labels") or {}).get("cooccurrence") or []
    classes = summary.get("classes") or []
    order = sorted(range(len(classes)), key=lambda c: -classes[c]["count"])
    if len(matrix) != len(classes) or len(classes) < 2:
        return nothing(
            "Labels that come together", "No counts of pairs of labels were kept.", width
        )
    many = len(order) > 6
    names = [
        f"{at + 1}  {classes[c]['label']}" if many else classes[c]["label"]
        for at, c in enumerate(order)
    ]
    columns = [str(at + 1) for at in range(len(order))] if many else names
    rows = [
        {
            "row": names[a],
            "column": columns[b],
            "share": matrix[i][j] / matrix[i][i],
            "shown": f"{100 * matrix[i][j] / matrix[i][i]:.0f}"
            if matrix[i][j] >= 0.045 * matrix[i][i]
            else "",
        }
        for a, i in enumerate(order)
        for b, j in enumerate(order)
        if i != j and matrix[i][i]
    ]
    cell = max(23 if many else 44, (width - 120) // len(order))
    axis: Spec = {"domain": False, "ticks": False, "labelPadding": 6, "titleFontStyle": "italic"}
    x: Spec = {
        "field": "column",
        "type": "ordinal",
        "sort": None,
        "title": "has also",
        "axis": {**axis, "orient": "top", "labelAngle": 0, "labelLimit": cell - 4},
        "scale": {"domain": columns, "paddingInner": 0.04},
    }
    y: Spec = {
        "field": "row",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "axis": {**axis, "labelLimit": 120},
        "scale": {"domain": names, "paddingInner": 0.04},
    }
    shade: Spec = {
        "field": "share",
        "type": "quantitative",
        # Half opaque at most, so that ink stays readable on every shade in both modes.
        "scale": {"domain": [0, 1], "range": [0.05, 0.5]},
        "legend": None,
    }
    body: Spec = {
        "data": values(rows),
        "width": {"step": cell},
        "height": {"step": min(cell, 44)},
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "mark": {"type": "rect", "color": CHOSEN, "cornerRadius": 2},
                "encoding": {"fillOpacity": shade},
            },
            {
                "transform": [{"filter": "datum.shown != ''"}],
                "mark": {"type": "text", "fontSize": 10},
                "encoding": {"text": {"field": "shown"}},
            },
        ],
    }
    return frame("Labels that come together", _describe_pairs(classes, matrix, order), body)


def _describe_pairs(
    classes: list[dict[str, Any]], matrix: list[list[int]], order: list[int]
) -> str:
    pairs = [
        (matrix[i][j] / matrix[i][i], i, j) for i in order for j in order if i != j and matrix[i][i]
    ]
    said = [
        f"of {plural(matrix[i][i], 'row')} with {shorten(classes[i]['label'], 30)}, {percent(share)} have "
        f"{shorten(classes[j]['label'], 30)}"
        for share, i, j in sorted(pairs, key=lambda pair: -pair[0])[:3]
        if share
    ]
    tail = f" Highest: {'; '.join(said)}." if said else " No two labels ever meet."
    return (
        f"Of the rows with the label at the left, the share in per cent that has the other.{tail}"
    )
