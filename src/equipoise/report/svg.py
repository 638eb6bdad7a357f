"""From a chart to static SVG that carries its meaning in words and nothing that can run."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup, escape

__all__ = ["to_svg"]

# Everything that our charts need. What is not listed is dropped, whatever the drawing library writes.
_TAGS = {"svg", "g", "path", "rect", "line", "text", "tspan", "circle", "clipPath", "defs"}
_ATTRIBUTES = {
    "clip-path", "cx", "cy", "d", "dx", "dy", "fill", "fill-opacity", "font-size", "font-style", "font-weight",
    "height", "id", "opacity", "r", "rx", "ry", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor", "transform", "width",
    "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_DEFAULTS = {("opacity", "1"), ("stroke-miterlimit", "10"), ("fill", "transparent")}


def to_svg(spec: dict[str, Any], key: str) -> Markup:
    """Draw a chart as inline SVG with a role, a title and a description.

    Parameters
    ----------
    spec : dict
        A chart of :mod:`equipoise.report.charts`.
    key : str
        Prefix that keeps the identifiers of several charts in one page apart.

    Returns
    -------
    Markup
    """
    import vl_convert

    drawn = {name: value for name, value in spec.items() if name not in {"title", "description"}}
    # The empty list forbids every address: a chart is drawn from what it carries.
    text = vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])
    root = ElementTree.fromstring(text)
    _prune(root, _Names(key))
    width, height = (float(root.get(name, "0")) for name in ("width", "height"))
    inside = "".join(_write(child) for child in root)
    title, words = spec["title"]["text"], spec["description"]
    return Markup(
        f'<svg class="chart" role="img" aria-label="{escape(f"{title}. {words}")}" '
        f'viewBox="0 0 {width:g} {height:g}" style="--w:{width:g}px" preserveAspectRatio="xMinYMin meet">'
        f"<title>{escape(title)}</title><desc>{escape(words)}</desc>{inside}</svg>"
    )


class _Names(dict[str, str]):
    """New identifiers in order of appearance: the drawing library counts on from chart to chart."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key

    def __missing__(self, old: str) -> str:
        self[old] = f"{self.key}-{len(self) + 1}"
        return self[old]


def _prune(element: ElementTree.Element, names: _Names) -> None:
    for child in list(element):
        tag = _local(child.tag)
        hidden = child.get("display") == "none" or (
            tag == "path" and child.get("d") in {"", "M0,0h0v0h0Z"}
        )
        invisible = tag == "path" and child.get("class") == "background" and not child.get("stroke")
        if (
            tag not in _TAGS
            or hidden
            or (invisible and child.get("fill") in {None, "transparent", "none"})
        ):
            element.remove(child)
        else:
            _prune(child, names)
            if tag == "g" and len(child) == 0:
                element.remove(child)
    kept = {}
    for name, value in element.attrib.items():
        if name not in _ATTRIBUTES or (name, value) in _DEFAULTS:
            continue
        if name == "id":
            value = names[value]
        elif value.startswith("url(#") and value.endswith(")"):
            value = f"url(#{names[value[5:-1]]})"
        elif "url(" in value:
            continue
        kept[name] = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value)
    element.attrib.clear()
    element.attrib.update(kept)


def _write(element: ElementTree.Element) -> str:
    tag = _local(element.tag)
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.attrib.items())
    inside = "".join(_write(child) for child in element)
    text = str(escape((element.text or "").strip("\n"))) if tag in {"text", "tspan"} else ""
    if tag == "g" and not attributes:
        return inside
    return f"<{tag}{attributes}>{text}{inside}</{tag}>"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
