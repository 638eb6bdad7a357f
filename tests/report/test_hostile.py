"""Names from the data are text, whatever they look like."""

from __future__ import annotations

import copy
from functools import cache
from time import perf_counter

import pytest

from equipoise.report import render_html
from equipoise.report.reading import prepare

from .conftest import Render
from .pages import Page
from .synthetic_summaries import HOSTILE, untreated

LABELS = [
    "<script>alert(1)</script>",
    "\"&'",
    "{{7*7}}",
    "{% include 'x' %}",
    "</style></svg><b>",
    "מחלקה נדירה",
    "🦄 rare 🙂",
    "x" * 300,
    "a word " * 40 + "end",
    "--strategy; rm -rf ~",
]


@cache
def _page(label: str) -> Page:
    """The same name for a class, a column, a file, a treatment, a note and a reason."""
    summary = untreated()
    summary["classes"][1]["label"] = summary["positive"] = label
    for one in summary["details"].values():
        one["per_class"][1]["label"] = label
        one["curves"] = {"pr": {label: one["curves"]["pr"]["yes"]}}
    summary["data"].update(name=f"{label}.csv", target=label, notes=[label])
    summary["data"]["columns"][0].update(name=label, reason=label)
    summary["data"]["leaks"][0].update(column=label, why=label)
    for one in summary["strategies"]:
        one["title"] = label
    summary["strategies"][0]["note"] = label
    summary["strategies"][-1]["why_not"] = label
    summary["verdict"].update(headline=f"Use {label}.", reason=label)
    summary["method"].append(label)
    summary["learners"][0]["why"] = label
    return Page(summary, render_html(summary))


@pytest.mark.parametrize("label", LABELS)
def test_a_name_is_shown_as_it_is(label: str) -> None:
    page = _page(label)
    plain = page.root
    seen = " ".join(label.split())
    assert plain.one("h1").text == f"Use {seen}."
    assert page.table("classes-caption")[1][0] == f"{seen} positive"
    assert page.table("perclass-caption")[1][0] == seen
    assert page.table("columns-caption")[0][0] == seen
    assert page.table("left-caption")[-1][2] == seen
    assert plain.one("section", id="method").all("li")[-1].text == seen
    assert seen in plain.one("div", class_="warning").text


@pytest.mark.parametrize("label", LABELS)
def test_a_name_adds_no_tag(label: str) -> None:
    def tags(name: str) -> list[str]:
        return [node.tag for node in _page(name).root.walk() if node.tag not in {"text", "g"}]

    assert [tag for tag in tags(label) if tag not in {"path", "tspan"}] == [
        tag for tag in tags("plain") if tag not in {"path", "tspan"}
    ]
    assert {"script", "b", "style"} & set(tags(label)) == {"b", "style"}


def test_templates_in_names_are_not_evaluated() -> None:
    assert "49" not in _page("{{7*7}}").root.one("h1").text


def test_names_of_another_direction_do_not_turn_their_surroundings() -> None:
    page = _page("מחלקה נדירה")
    cell = page.section("comparison").one("table", class_="perclass").one("tbody").all("th")[1]
    assert cell.one("bdi").text == "מחלקה נדירה"


def test_a_command_line_quotes_what_a_shell_would_run() -> None:
    page = _page("--strategy; rm -rf ~")
    line = page.section("verdict").all("code")[1].text
    assert "'--strategy; rm -rf ~.csv'" in line


def test_every_class_is_listed_and_told_apart(render: Render) -> None:
    page = render("hostile")
    labels = [row[0] for row in page.table("classes-caption")]
    assert len(set(labels)) == len(HOSTILE)
    assert "(empty)" in labels
    assert not any(c in page.html for c in "\u202e\x00\ud800")
    assert "<script" not in page.html


def test_labels_that_look_alike_are_numbered() -> None:
    summary = copy.deepcopy(untreated())
    for one, label in zip(summary["classes"], ["a\n", "a"], strict=True):
        one["label"] = label
    assert [one["label"] for one in prepare(summary)["classes"]] == ["a", "a (2)"]


def test_a_label_that_is_a_whole_text_is_cut_before_it_is_drawn() -> None:
    summary = untreated()
    long = "so\tlong\u202e " * 500_000
    for one, label in zip(summary["classes"], [long, f"{long}!"], strict=True):
        one["label"] = label
    summary["positive"] = f"{long}!"
    summary["data"]["notes"] = [long]
    for one in summary["details"].values():
        one["curves"] = {"pr": {f"{long}!": {"x": [0], "y": [1]}}}
    start = perf_counter()
    out = prepare(summary)
    assert perf_counter() - start < 2
    first, second = (one["label"] for one in out["classes"])
    assert first.startswith("so long so long")
    assert first.endswith("…")
    assert len(first) <= 501
    assert second == out["positive"] == f"{first} (2)"
    assert all(list(one["curves"]["pr"]) == [second] for one in out["details"].values())
    assert len(out["data"]["notes"][0]) <= 20_001
