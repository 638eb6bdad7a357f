"""Pictures that the longer examples share. Drawn offline as PNG and SVG; no browser is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import vl_convert

from equipoise.files import write_atomically
from equipoise.report.charts.theme import COLOURS, FONT

# Blue, ochre and purple stay apart for all common kinds of colour blindness; shapes say the same.
BLUE, OCHRE, PURPLE = (COLOURS[name][0] for name in ("chosen", "baseline", "third"))
INK, MUTED, LINE = (COLOURS[name][0] for name in ("ink", "muted", "line"))


def confusion_panel(matrix: Any, classes: Sequence[str], title: str, cell: int = 84) -> alt.Chart:
    """Draw a row for each true class, shaded by its shares, with the counts below."""
    matrix = np.asarray(matrix)
    support = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, support, out=np.zeros(matrix.shape), where=support > 0)
    cells = [
        {
            "true": f"{true} ({support[i, 0]:,.0f})",
            "predicted": predicted,
            "share": float(share[i, j]),
            "rate": f"{share[i, j]:.1%}",
            "count": f"{matrix[i, j]:,.0f}",
        }
        for i, true in enumerate(classes)
        for j, predicted in enumerate(classes)
    ]
    # Names of classes rarely hold spaces where a line could break, so long ones need room.
    widest = max(max(map(len, classes)) * 6.4 + 10, cell)
    axis = {"domain": False, "ticks": False, "labelLimit": 190}
    apart = alt.Scale(paddingInner=0.04)
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X(
            "predicted:N", sort=None, scale=apart, axis=alt.Axis(orient="top", labelAngle=0, **axis)
        ),
        y=alt.Y("true:N", sort=None, scale=apart, title="true (rows)", axis=alt.Axis(**axis)),
    )
    # Half opaque at most, so that ink stays readable on every shade.
    shade = alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.5]))
    layers = [
        base.mark_rect(color=BLUE, cornerRadius=2).encode(fillOpacity=shade.legend(None)),
        base.mark_text(dy=-7, fontSize=13, fontWeight="bold", color=INK).encode(text="rate:N"),
        base.mark_text(dy=9, fontSize=11, color=INK).encode(text="count:N"),
    ]
    size = len(classes)
    frame = {"width": widest * size, "height": 54 * size, "view": alt.ViewBackground(stroke=None)}
    return alt.layer(*layers).properties(title=title, **frame)


def save(chart: Any, folder: Path, name: str, heading: str, note: str = "") -> list[Path]:
    """Write a chart on a light background, with a heading over it, as PNG and SVG."""
    title = alt.TitleParams(
        heading,
        subtitle=note.split("\n") if note else [],
        anchor="start",
        fontSize=15,
        subtitleFontSize=11.5,
        subtitleColor=MUTED,
        offset=14,
    )
    axis = {"labelColor": INK, "titleColor": MUTED, "titleFontWeight": "normal"}
    finished = (
        chart.properties(title=title, background="white", padding=14)
        .configure(font=FONT)
        .configure_view(stroke=LINE)
        .configure_title(color=INK, fontSize=12.5, anchor="start")
        .configure_axis(gridColor=LINE, domainColor=MUTED, tickColor=MUTED, **axis)
        .configure_legend(
            orient="bottom", title=None, labelColor=INK, labelLimit=400, symbolSize=80
        )
    )
    # Checking every point against the grammar would take longer than drawing.
    spec = finished.to_dict(validate=False)
    image = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
    text = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    paths = [folder / f"{name}.{kind}" for kind in ("png", "svg")]
    for path, content in zip(paths, (image, text.encode()), strict=True):
        write_atomically(path, lambda file, content=content: file.write(content))
    return paths
