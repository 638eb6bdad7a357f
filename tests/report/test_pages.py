"""The page is sound HTML that needs nothing but itself, for every summary there can be."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from equipoise.report.charts.theme import COLOURS

from .conftest import Render
from .pages import Node
from .synthetic_summaries import ALL

EVERY = pytest.mark.parametrize("name", ALL)
# Attributes by which a page loads something; a link within the page is none.
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"}


@EVERY
def test_tags_are_balanced_and_identifiers_unique(name: str, render: Render) -> None:
    page = render(name)
    assert page.html.startswith("<!doctype html>")
    ids = [node.attributes["id"] for node in page.root.walk() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", one) for one in ids)


@EVERY
def test_every_reference_leads_somewhere(name: str, render: Render) -> None:
    root = render(name).root
    ids = {node.attributes["id"] for node in root.walk() if "id" in node.attributes}
    for node in root.walk():
        for key in ("aria-labelledby", "aria-describedby", "for", "headers"):
            assert set(node.attributes.get(key, "").split()) <= ids, node.attributes
        if "href" in node.attributes:
            assert node.attributes["href"][0] == "#"
            assert node.attributes["href"][1:] in ids
        for value in node.attributes.values():
            assert set(re.findall(r"url\(#([^)]*)\)", value)) <= ids


@EVERY
def test_nothing_is_loaded_and_nothing_runs(name: str, render: Render) -> None:
    page = render(name)
    for node in page.root.walk():
        assert node.tag not in {
            "script",
            "link",
            "iframe",
            "object",
            "embed",
            "img",
            "image",
            "use",
        }
        assert not LOADING & set(node.attributes)
        assert not any(key.startswith("on") for key in node.attributes)
        assert "javascript:" not in node.attributes.get("href", "")
    assert not re.search(r"@import|@font-face|url\(|expression\(|https?:", page.style)
    inline = {node.attributes["style"] for node in page.root.walk() if "style" in node.attributes}
    assert all(re.fullmatch(r"(width:[\d.]+%|--w:[\d.]+px)", one) for one in inline)


@EVERY
def test_the_page_says_its_language_title_and_width(name: str, render: Render) -> None:
    root = render(name).root
    assert root.one("html").attributes["lang"] == "en"
    head_title = root.one("head").one("title")
    assert "which treatment for" in "".join(str(one) for one in head_title.children)
    assert root.one("meta", name="viewport")
    assert root.one("main").one("h1").text


@EVERY
def test_headings_go_down_step_by_step(name: str, render: Render) -> None:
    levels = [int(node.tag[1]) for node in render(name).root.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@EVERY
def test_the_verdict_comes_first_and_as_text(name: str, render: Render) -> None:
    page = render(name)
    sections = [node.attributes["id"] for node in page.root.one("main").all("section")]
    assert sections[:3] == ["verdict", "data", "leaderboard"]
    assert sections[-1] == "method"
    headline = (page.summary["verdict"] or {}).get("headline")
    shown = page.section("verdict").one("h1").text
    assert shown == (headline or shown)
    assert shown
    for node in page.root.all("nav"):
        assert [a.attributes["href"][1:] for a in node.all("a")] == sections


@EVERY
def test_every_table_has_a_caption_and_headers(name: str, render: Render) -> None:
    for table in render(name).root.all("table"):
        assert table.one("caption").text
        columns = table.one("thead").all("th", "td")
        assert all(node.attributes.get("scope") == "col" for node in columns if node.tag == "th")
        for row in table.one("tbody").all("tr"):
            cells = row.all("th", "td")
            assert len(cells) == len(columns)
            assert sum(cell.attributes.get("scope") == "row" for cell in cells) == 1


@EVERY
def test_what_scrolls_can_be_reached_by_the_keyboard_and_has_a_name(
    name: str, render: Render
) -> None:
    for node in render(name).root.all("div", class_="scroll"):
        assert node.attributes["tabindex"] == "0"
        assert node.attributes["role"] == "region"
        assert node.attributes.get("aria-label") or node.attributes["aria-labelledby"]


@EVERY
def test_every_chart_has_a_name_and_says_itself_in_words_or_a_table(
    name: str, render: Render
) -> None:
    for svg in render(name).root.all("svg"):
        if any(node.attributes.get("aria-hidden") == "true" for node in svg.parents()):
            continue
        assert svg.attributes["role"] == "img"
        assert len(svg.attributes["aria-label"]) > 20
        assert svg.one("title").children
        assert svg.one("desc").children
        figure = next(node for node in svg.parents() if node.tag == "figure")
        section = next(node for node in svg.parents() if node.tag == "section")
        assert figure.all("figcaption") or section.all("table")


def test_nothing_of_note_is_hidden_behind_a_script_or_a_style(render: Render) -> None:
    root = render("binary").root
    for node in root.walk():
        assert "hidden" not in node.attributes
        assert "display" not in node.attributes.get("style", "")
    wide, narrow = (root.all("div", class_=one) for one in ("wide", "narrow"))
    assert len(wide) == len(narrow) > 0


def _rules(style: str, condition: str) -> str:
    start = style.index(condition)
    depth = 0
    for at in range(start, len(style)):
        depth += {"{": 1, "}": -1}.get(style[at], 0)
        if depth == 0 and style[at] == "}":
            return style[start:at]
    raise AssertionError(f"{condition} is never closed")


def test_both_colour_schemes_define_every_colour(render: Render) -> None:
    style = render("untreated").style
    dark = _rules(style, "@media screen and (prefers-color-scheme:dark)")
    used = set(re.findall(r"var\(--(\w+)\)", style)) - {"w"}
    assert used <= set(COLOURS)
    for name, (light_value, dark_value) in COLOURS.items():
        assert f"--{name}:{light_value};" in style
        assert f"--{name}:{dark_value};" in dark


def test_charts_use_no_colour_that_the_dark_scheme_does_not_repaint(render: Render) -> None:
    known = {light for light, _ in COLOURS.values()} | {"none", "transparent"}
    charts: list[Node] = render("binary").root.all("svg", class_="chart")
    for svg in charts:
        for node in svg.walk():
            for key in ("fill", "stroke"):
                assert node.attributes.get(key, "none") in known, node.attributes


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("name", ["ink", "muted", "chosen", "baseline", "third", "warning"])
def test_text_stands_out_from_the_paper(name: str, scheme: int) -> None:
    for ground in ("paper", "panel"):
        pair = sorted(_luminance(COLOURS[one][scheme]) for one in (name, ground))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_print_opens_what_is_folded_and_cuts_nothing(render: Render) -> None:
    printed = _rules(render("untreated").style, "@media print")
    assert "details-content" in printed
    assert ".scroll{overflow:visible" in printed
    assert "break-inside:avoid" in printed
