"""What the page shows are the numbers of the summary, and no claim goes beyond them."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from markupsafe import Markup

from equipoise.report import render_html
from equipoise.report.reading import prepare
from equipoise.report.views import classes as views
from equipoise.report.views import page as pages
from equipoise.report.words import count, number, signed

from .conftest import Render
from .pages import Page
from .simulation import make
from .synthetic_summaries import ALL, binary, half_empty, loss, multiclass, untreated


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawings, which a test of words and tables can do without."""
    for module in (views, pages):
        monkeypatch.setattr(module, "to_svg", lambda spec, key: Markup(""))


JUDGED = ["binary", "ranking", "multiclass", "hostile", "thirty", "loss", "untreated"]


def _applicable(page: Page) -> list[dict[str, Any]]:
    return [one for one in page.summary["strategies"] if one["applicable"]]


def _board(page: Page) -> dict[str, list[str]]:
    """Return the rows of both parts of the leaderboard by rank."""
    captions = {node.attributes.get("id") for node in page.root.all("caption")}
    parts = [page.table(one) for one in ("top-caption", "rest-caption") if one in captions]
    rows = [row for part in parts for row in part]
    return {row[0]: row for row in rows}


@pytest.mark.parametrize("name", JUDGED)
def test_leaderboard_rows_are_those_of_the_summary(name: str, render: Render) -> None:
    page = render(name)
    metric = page.summary["metric"]["name"]
    rows, entries = _board(page), _applicable(page)
    assert len(rows) == len(entries)
    for rank, one in enumerate(entries, 1):
        row, value = rows[str(rank)], one["metrics"][metric]
        assert row[1].startswith(" ".join(one["title"].split()))
        assert row[2:4] == [one["learner"], one["decision"]]
        assert f"{row[2]}, {row[3]}" in row[1], "where the page is narrow"
        shown = [value[key] for key in ("mean", "low", "high")]
        assert row[4] == "{} {} to {}".format(*(number(one, 3) for one in shown))
        assert row[6] == ("yes" if one["tied_with_best"] else "no")
        if one["difference"]:
            assert row[7].startswith(signed(one["difference"]["mean"], 3))
            sure = one["difference"]["p_corrected"] <= 0.05
            assert ("may be chance" in row[7]) is not sure
        else:
            assert row[7] == "untreated"


@pytest.mark.parametrize("name", JUDGED)
def test_recommended_and_baseline_are_marked_once_and_always_in_sight(
    name: str, render: Render
) -> None:
    page = render(name)
    chosen, base = page.summary["verdict"]["recommended"], page.summary["baseline"]
    entries = [one["id"] for one in _applicable(page)]
    top = page.table("top-caption")
    for state, wanted in (("recommended", chosen), ("baseline", base if base != chosen else None)):
        marked = [row for row in top if f" {state} " in row[1]]
        assert [row[0] for row in marked] == ([str(entries.index(wanted) + 1)] if wanted else [])


@pytest.mark.parametrize("name", JUDGED)
def test_confusion_matrices_show_every_count(name: str, render: Render) -> None:
    page = render(name)
    roles = {"recommended": page.summary["verdict"]["recommended"]}
    if page.summary["baseline"] != roles["recommended"]:
        roles["baseline"] = page.summary["baseline"]
    for role, strategy in roles.items():
        matrix = page.summary["details"][strategy]["confusion"]
        shown = page.table(f"counts-{role}")
        assert [row[1:] for row in shown] == [[count(n) for n in line] for line in matrix]
    drawings = [
        node
        for node in page.root.all("svg", class_="chart")
        if node.attributes["aria-label"].startswith("Confusion matrix")
    ]
    assert len(drawings) == len(roles)
    if len(page.summary["classes"]) <= 6:
        for node, strategy in zip(drawings, roles.values(), strict=True):
            texts = ["".join(map(str, text.children)) for text in node.all("text")]
            for line in page.summary["details"][strategy]["confusion"]:
                assert {count(n) for n in line} <= set(texts)


@pytest.mark.parametrize("name", JUDGED)
def test_classes_stand_in_order_of_their_support(name: str, render: Render) -> None:
    page = render(name)
    for caption in ("classes-caption", "perclass-caption"):
        shown = [int(row[1].replace(",", "")) for row in page.table(caption)]
        assert shown == sorted((one["count"] for one in page.summary["classes"]), reverse=True)


@pytest.mark.parametrize("name", JUDGED)
def test_each_class_shows_its_values_and_its_change(name: str, render: Render) -> None:
    page = render(name)
    details, verdict = page.summary["details"], page.summary["verdict"]
    after = details[verdict["recommended"]]["per_class"]
    before = details[page.summary["baseline"]]["per_class"]
    pair = verdict["recommended"] != page.summary["baseline"]
    rows = page.table("perclass-caption")
    order = sorted(range(len(after)), key=lambda at: -after[at]["support"])
    for row, at in zip(rows, order, strict=True):
        for place, key in enumerate(("precision", "recall", "f1")):
            value = after[at][key]
            ends = f"{number(value['low'], 2)} to {number(value['high'], 2)}"
            column = 2 + place * (2 if pair else 1)
            assert row[column] == f"{number(value['mean'], 2)} {ends}"
            if pair:
                old = before[at][key]["mean"]
                change = signed(value["mean"] - old, 2)
                assert row[column + 1] == f"{change} from {number(old, 2)}"


@pytest.mark.parametrize("name", JUDGED)
def test_the_facts_beside_the_verdict_are_those_of_the_summary(name: str, render: Render) -> None:
    page = render(name)
    summary = page.summary
    facts = {
        node.one("dt").text: node.one("dd").text
        for node in page.section("verdict").one("dl", class_="facts").all("div")
    }
    score = summary["verdict"]["score"]
    title = summary["metric"]["title"]
    assert facts.pop(f"{title} of the recommended").startswith(number(score["mean"], 3))
    picked = facts.pop(f"The best of all {len(_applicable(page))}, once corrected")
    assert picked.startswith(number(score["corrected_for_picking"]["mean"], 3))
    if summary["verdict"]["recommended"] == summary["baseline"]:
        assert not facts
        return
    base = next(one for one in summary["strategies"] if one["id"] == summary["baseline"])
    value = base["metrics"][summary["metric"]["name"]]
    assert facts.pop(f"{title} of the baseline, untreated").startswith(number(value["mean"], 3))
    assert len(facts) == 1


@pytest.mark.parametrize("name", ALL)
def test_no_number_has_more_digits_than_a_reader_wants(name: str, render: Render) -> None:
    text = render(name).root.one("main").text
    # What is as small as 5e-5 needs its noughts.
    pattern = r"\b[1-9]\d*\.\d{5,}" if name == "tiny_numbers" else r"\d\.\d{5,}"
    assert not re.findall(pattern, text)
    assert not re.search(r"\b(nan|None|inf|undefined)\b", text)


def test_shares_and_rows_of_the_classes(render: Render) -> None:
    rows = render("ranking").table("classes-caption")
    assert [row[:3] for row in rows] == [
        ["0", "284,315", "99.8 %"],
        ["1 positive", "492", "0.17 %"],
    ]


def test_the_direction_of_the_metric_decides_what_is_better(undrawn: None) -> None:
    summary = loss()
    for one in summary["strategies"]:
        if one["difference"]:
            one["difference"].update(mean=-0.05, low=-0.06, high=-0.04, p_corrected=0.001)
    page = Page(summary, render_html(summary))
    rows = _board(page).values()
    assert sum("shown better" in row[7] for row in rows) > 10
    assert not any("shown worse" in row[7] for row in rows)
    assert "less is better" in page.section("leaderboard").text


def test_a_difference_that_was_not_tested_is_not_called_untreated(undrawn: None) -> None:
    summary = untreated()
    one = next(one for one in summary["strategies"] if one["name"] == "smote")
    one["difference"] = None
    rank = summary["strategies"].index(one) + 1
    assert _board(Page(summary, render_html(summary)))[str(rank)][7] == "–"


def test_what_could_not_be_computed_is_said_so(render: Render) -> None:
    page = render("half_empty")
    row = _board(page)["1"]
    assert row[4] == "–"
    assert "not testable" in row[7]
    assert "better" not in row[7]


def test_without_a_verdict_nothing_is_recommended(render: Render) -> None:
    for name in ("without_verdict", "one_learner_no_strategies"):
        text = render(name).root.one("main").text
        assert text.startswith("The trial ended without a verdict.")
        assert "recommended" not in text
        assert "equipoise train" not in text


def test_a_tuned_threshold_is_not_judged_by_its_own_curve(render: Render) -> None:
    said = "chosen on the rows of this curve"
    binary_page = render("binary")
    chosen = binary_page.summary["verdict"]["recommended"]
    assert chosen.endswith("/tuned")
    assert binary_page.section("comparison").text.count(said) == 1
    assert said not in render("untreated").section("comparison").text


def test_untested_changes_are_called_untested(render: Render) -> None:
    text = render("multiclass").section("comparison").text
    assert "changes of single classes were not tested" in text
    assert "Differences between curves were not tested" in text


def test_one_candidate_is_not_said_to_be_picked(undrawn: None) -> None:
    summary = untreated()
    summary["strategies"] = [
        one for one in summary["strategies"] if one["id"] == summary["baseline"]
    ]
    text = Page(summary, render_html(summary)).root.one("main").text
    assert "corrected for having been picked" not in text
    assert "tell apart" not in text


def test_a_table_of_a_program_gets_no_command_on_a_file(undrawn: None) -> None:
    summary = untreated()
    summary["data"]["name"] = "data"
    assert "equipoise train" not in Page(summary, render_html(summary)).root.text


def test_costs_stand_beside_the_method_and_in_the_command(undrawn: None) -> None:
    summary = untreated()
    summary["cost"] = {"matrix": [[0, 1.0], [12.5, 0]], "given": "fn=12.5,fp=1"}
    page = Page(summary, render_html(summary))
    assert page.table("cost-caption") == [["no", "0", "1"], ["yes", "12.5", "0"]]
    assert "--cost fn=12.5,fp=1" in page.section("verdict").text


def test_many_classes_draw_the_curves_of_the_rarest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "to_svg", lambda spec, key: Markup(spec["description"]))
    summary = make([f"c{at}" for at in range(9)], [900 - 100 * at for at in range(9)])
    curves = summary["details"][summary["verdict"]["recommended"]]["curves"]
    for kind, by_label in curves.items():
        some = next(iter(by_label.values()))
        curves[kind] = {f"c{at}": copy.deepcopy(some) for at in range(9)}
    shown = views.comparison(prepare(summary))
    assert shown is not None
    assert [one["label"] for one in shown["curves"]] == ["c8", "c7", "c6", "c5", "c4", "c3"]
    assert shown["curves_left"] == 3


def test_more_classes_than_a_matrix_can_show_keep_their_table(undrawn: None) -> None:
    shown = views.comparison(prepare(make([str(at) for at in range(40)], list(range(40, 0, -1)))))
    assert shown is not None
    assert shown["matrices"] == shown["counts"] == []
    assert len(shown["table"]) == 40
    assert len(shown["confusions"]) == 10


@pytest.mark.parametrize("maker", [binary, multiclass, half_empty])
def test_parts_may_be_absent(maker: Any, undrawn: None) -> None:
    for part in (
        "verdict",
        "details",
        "baseline",
        "folds",
        "cost",
        "learners",
        "method",
        "seconds",
    ):
        summary = maker()
        summary[part] = None
        page = Page(summary, render_html(summary))
        assert (page.root.all("section", id="comparison") == []) is (part == "details")
    for part in ("duplicates", "leaks", "notes", "columns", "ratio", "fingerprint"):
        summary = maker()
        summary["data"][part] = None
        assert Page(summary, render_html(summary)).section("data")
    for part in ("curves", "per_class", "confusion"):
        summary = maker()
        for one in summary["details"].values():
            one[part] = None
        assert Page(summary, render_html(summary)).section("comparison")


def test_the_reasons_stand_one_by_one(undrawn: None) -> None:
    summary = binary()
    summary["verdict"]["reason"] = "One thing is so.\nAnother <b>is</b> not.\n"
    text = render_html(summary)
    assert "<li>One thing is so.</li>\n<li>Another &lt;b&gt;is&lt;/b&gt; not.</li>" in text
