"""Colours, type and the frame that every chart shares.

A chart is drawn in the colours of the light page; the page repaints them in the dark by the
same names, so a chart needs no second drawing.
"""

from __future__ import annotations

from typing import Any

__all__ = ["COLOURS", "FONT", "css", "frame"]

Spec = dict[str, Any]

# name: (light, dark). Blue, ochre and purple stay apart for all common kinds of colour blindness,
# and no chart tells things apart by colour alone.
COLOURS: dict[str, tuple[str, str]] = {
    "paper": ("#fdfcf9", "#15191d"),
    "panel": ("#f4f1ea", "#1d2328"),
    "ink": ("#1b2127", "#e8e4db"),
    "muted": ("#5a626b", "#a5acb3"),
    "line": ("#d8d3c7", "#3a424a"),
    "shade": ("#cfc8b8", "#46505a"),
    "chosen": ("#1a5a84", "#83bce4"),
    "baseline": ("#93530c", "#e6aa66"),
    "third": ("#6d3f8f", "#c7a4e4"),
    "fourth": ("#176b5f", "#74cdbd"),
    "warning": ("#8f2d1d", "#f0a08e"),
}
INK, MUTED, LINE, PAPER = (COLOURS[name][0] for name in ("ink", "muted", "line", "paper"))
CHOSEN, BASELINE, THIRD, FOURTH = (
    COLOURS[name][0] for name in ("chosen", "baseline", "third", "fourth")
)
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# Numbers of a target may be of any size; of the letters for powers of ten all know k and M.
OF_ANY_SIZE = {
    "labelExpr": "datum.value == 0 ? '0' : abs(datum.value) >= 1e3 && abs(datum.value) < 1e9 "
    "? format(datum.value, '~s') : format(datum.value, '~g')"
}
ROLE_STYLE = {
    "recommended": {"color": CHOSEN, "dash": [1, 0], "shape": "circle"},
    "best": {"color": THIRD, "dash": [1, 0], "shape": "square"},
    "baseline": {"color": BASELINE, "dash": [5, 3], "shape": "diamond"},
}


def css() -> str:
    """Return the variables of both modes, and the rules that repaint the charts in the dark."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in COLOURS.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in COLOURS.items())
    paint = "".join(
        f'.chart [{kind}="{pair[0]}"]{{{kind}:var(--{name})}}'
        for name, pair in COLOURS.items()
        for kind in ("fill", "stroke")
    )
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{paint}"
    )


def frame(title: str, description: str, body: Spec) -> Spec:
    """Complete a chart: title, description in words, type and rules."""
    return {
        "$schema": SCHEMA,
        "title": {"text": title, "anchor": "start", "fontSize": 13, "color": INK, "offset": 10},
        "description": description,
        **body,
        "config": {
            "aria": False,
            "background": "transparent",
            "font": FONT,
            "padding": 2,
            "view": {"stroke": None},
            "axis": {
                "labelFontSize": 11,
                "titleFontSize": 11,
                "titleFontWeight": "normal",
                "labelColor": INK,
                "titleColor": MUTED,
                "gridColor": LINE,
                "gridWidth": 0.6,
                "domainColor": MUTED,
                "tickColor": MUTED,
                "tickSize": 4,
                "tickCount": 5,
                "labelPadding": 4,
                "titlePadding": 6,
                "labelLimit": 150,
            },
            "legend": {
                "orient": "top",
                "direction": "horizontal",
                "title": None,
                "labelFontSize": 11,
                "labelColor": INK,
                "symbolStrokeWidth": 2,
                "symbolSize": 70,
                "columnPadding": 14,
                "offset": 6,
                "labelLimit": 240,
            },
            "header": {"labelColor": INK, "labelFontSize": 12, "labelFontWeight": "bold"},
            "text": {"fontSize": 11, "color": INK},
            "title": {"color": INK},
        },
    }


def values(rows: list[dict[str, Any]]) -> Spec:
    """Carry the data of a chart inside it."""
    return {"values": rows}


def nothing(title: str, description: str, width: int) -> Spec:
    """Stand in for a chart whose numbers are missing."""
    text = {
        "mark": {"type": "text", "color": MUTED},
        "encoding": {"text": {"value": "nothing to draw"}},
    }
    return frame(
        title, description, {"data": values([{}]), "width": width - 10, "height": 40, **text}
    )


def quantity(
    field: str, title: str | None, domain: tuple[float, float] | None = None, **more: Any
) -> Spec:
    """Describe an axis of numbers."""
    scale: Spec = {"zero": False, "nice": domain is None}
    if domain is not None:
        scale["domain"] = list(domain)
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, **more}


def by_role(roles: list[str], *, dash: bool = True, symbol: int = 500) -> Spec:
    """Tell candidates apart by colour and dash, with one legend."""
    # A legend is long enough to show its dashes, and none is needed for a single candidate.
    legend = {"symbolSize": symbol} if len(roles) > 1 else None
    out: Spec = {
        "color": {
            "field": "role",
            "type": "nominal",
            "sort": None,
            "scale": {"domain": roles, "range": [ROLE_STYLE[role]["color"] for role in roles]},
            "legend": legend,
        }
    }
    if dash:
        out["strokeDash"] = {
            "field": "role",
            "type": "nominal",
            "sort": None,
            "scale": {"domain": roles, "range": [ROLE_STYLE[role]["dash"] for role in roles]},
            "legend": legend,
        }
    return out
