"""What the checks found, on the page: the numbers, the measured in place of the expected, text as text."""

from __future__ import annotations

from typing import Any

import pytest
from markupsafe import Markup

from equipoise.report import render_html
from equipoise.report.views import classes, page
from equipoise.report.views.findings import findings, tally
from equipoise.results.findings import Finding

from .pages import Page
from .synthetic_summaries import binary

COMPARE = "equipoise compare FILE --target COL --strategies untreated,smote"


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the charts, which other tests look at."""
    for module in (classes, page):
        monkeypatch.setattr(module, "to_svg", lambda spec, key: Markup(""))


def found(code: str, state: Any, severity: Any = None, **more: Any) -> dict[str, Any]:
    known = {"name": code.lower(), "title": f"Title of {code}", "stage": "before"}
    summary = more.pop("summary", f"sentence of {code}")
    return Finding(code, state=state, severity=severity, summary=summary, **known, **more).to_dict()


def told(*entries: dict[str, Any], **changes: Any) -> tuple[dict[str, Any], Page]:
    summary = binary()
    summary["data"].update(changes)
    summary["findings"] = list(entries)
    return summary, Page(summary, render_html(summary))


def rows(drawn: Page) -> list[str]:
    section = drawn.root.one("section", id="findings")
    return [node.text for node in section.one("dl").children if not isinstance(node, str)]


def test_a_run_without_findings_has_no_section() -> None:
    for value in ("absent", None, []):
        summary = binary()
        if value != "absent":
            summary["findings"] = value
        drawn = Page(summary, render_html(summary))
        assert not drawn.root.all("section", id="findings")
        assert not drawn.root.all("a", href="#findings")


def test_issues_and_tips_are_told_and_the_rest_is_folded() -> None:
    _, drawn = told(
        found("EQ201", "issue", "high", action=COMPARE, effect="recall rises"),
        found("EQ105", "issue", "low", action="remove copies", effect="scores fall"),
        found("EQ101", "tip", action="judge by AP", effect="accuracy flatters"),
        found("EQ103", "passed"),
        found("EQ116", "not applicable"),
        found("EQ117", "muted"),
        name="a file.csv",
        target="it's",
    )
    section = drawn.root.one("section", id="findings")
    first, second, third = rows(drawn)
    assert first.startswith("EQ201 high Title of EQ201: sentence of EQ201")
    command = "equipoise compare 'a file.csv' --target 'it'\"'\"'s' --strategies untreated,smote"
    assert section.one("code", class_="command").text == command
    assert "To expect: recall rises" in first
    assert "remove copies" in second
    assert third.startswith("EQ101 tip")
    assert "accuracy flatters" not in third
    assert "2 issues (1 high), 1 tip" in section.text
    folded = section.one("details")
    assert folded.one("summary").text == "1 check passed, 2 not applicable"
    assert "EQ103 Title of EQ103." in folded.text
    assert drawn.root.one("a", href="#findings").text == "Findings"


def test_the_measured_takes_the_place_of_the_expected() -> None:
    summary = binary()
    entry = next(one for one in summary["strategies"] if one["applicable"] and one["difference"])
    measured = {
        "strategy": entry["id"],
        "metric": summary["metric"]["name"],
        "difference": {"value": -0.02, "low": -0.07, "high": 0.03},
        "p_corrected": 0.4,
        "run": "this trial",
    }
    one = found("EQ102", "issue", "medium", action=COMPARE, effect="it rises", measured=measured)
    drawn = told(one)[1]
    (said,) = rows(drawn)
    assert "To expect" not in said
    assert f"Measured in this trial: {entry['title']}" in said
    assert "by −0.020 (−0.070 to +0.030), corrected p 0.40" in said
    # A candidate that is not in the list, and numbers that are not known, are survived.
    bare = {
        "strategy": "gone",
        "metric": "x",
        "difference": dict.fromkeys(("value", "low", "high")),
    }
    one["measured"] = {**bare, "p_corrected": None, "run": ""}
    assert "gone changed x by –, corrected p not testable" in rows(told(one)[1])[0]


def test_nothing_found_is_said() -> None:
    section = told(found("EQ103", "passed"))[1].root.one("section", id="findings")
    assert "found nothing to tell" in section.text
    assert not section.all("dl")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "{{7*7}}", "</dd></dl><b>", "\"&'"])
def test_text_of_the_data_is_text(text: str) -> None:
    one = found("EQ106", "issue", "low", summary=f"rows of {text}", action=text, effect=text)
    said = rows(told(one, found("EQ103", "passed"), name=f"{text}.csv", target=text)[1])[0]
    assert said.count(text) == 3


def test_a_table_of_a_program_keeps_the_room_for_a_file() -> None:
    summary = told(found("EQ201", "issue", "low", action=COMPARE), name="data")[0]
    view = findings(summary)
    assert view is not None
    assert view["rows"][0]["action"] == COMPARE
    assert tally(summary["findings"]) == "1 issue, no tips"
