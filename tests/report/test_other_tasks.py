"""What the page says of labels and of numbers: the words of the task, and the numbers of the summary."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.errors import UsageError
from equipoise.report.charts import KINDS, TASKS, draw
from equipoise.report.views.sides import sides

from .conftest import Render
from .other_tasks import OTHERS, labels, numbers
from .synthetic_summaries import binary


def of_task(task: str) -> list[str]:
    return [kind for kind in KINDS if task in TASKS[kind]]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in OTHERS
        for kind in of_task("multilabel" if "labels" in name else "regression")
    ],
)
def test_every_kind_of_a_task_is_a_chart_with_words(name: str, kind: str) -> None:
    summary = OTHERS[name]()
    spec = KINDS[kind](summary)
    if name in (
        "bare_labels",
        "tiny_numbers",
    ):  # Altair checks it against the schema, which takes a second
        assert draw(summary, kind).to_dict()["title"] == spec["title"]
    assert spec["title"]["text"]
    assert spec["description"].endswith(".")
    assert "None" not in spec["description"]
    assert "nan" not in spec["description"].split()


@pytest.mark.parametrize(
    ("maker", "kind", "offered"),
    [
        (labels, "confusion", "per-label-change"),
        (labels, "residuals", "co-occurrence"),
        (numbers, "roc", "error-by-decile"),
        (binary, "quantiles", "precision-recall"),
    ],
)
def test_a_chart_of_another_task_is_refused(maker: Any, kind: str, offered: str) -> None:
    summary = maker()
    with pytest.raises(UsageError, match=f"the chart '{kind}' is for") as caught:
        draw(summary, kind)
    assert offered in str(caught.value.remedy)
    assert kind not in str(caught.value.remedy).split(", ")


def test_labels_stand_in_order_of_their_support() -> None:
    spec = draw(labels(), "per-label-change").to_dict()
    names = spec["hconcat"][0]["encoding"]["y"]["scale"]["domain"]
    counts = [int(name.split()[-1].replace(",", "")) for name in names]
    assert counts == sorted(counts, reverse=True)
    assert len(names) == 28
    titles = [panel["title"]["text"] for panel in spec["hconcat"]]
    assert titles == ["F0.5", "precision", "recall"]


def test_shares_of_labels_that_come_together_are_of_the_row() -> None:
    summary = labels(["a", "b"])
    summary["classes"][0]["count"], summary["classes"][1]["count"] = 100, 10
    summary["labels"]["cooccurrence"] = [[100, 5], [5, 10]]
    rows = KINDS["co-occurrence"](summary)["data"]["values"]
    assert [(one["row"], one["column"], one["share"]) for one in rows] == [
        ("a", "b", 0.05),
        ("b", "a", 0.5),
    ]


def test_the_page_of_labels(render: Render) -> None:
    page = render("labels")
    assert len(page.table("classes-caption")) == 28
    assert "28 labels" in page.section("data").text
    text = page.section("comparison").text
    assert "That the recommended candidate helps on the rare labels is shown (+0.080)." in text
    assert len(page.table("perlabel-caption")) == 28
    assert page.table("perlabel-caption")[0][0] == "feeling 0"
    assert "the class with the highest score" not in page.root.text
    assert "every label with a probability above one half" in page.section("leaderboard").text
    assert not [one for one in page.root.all("figure") if "Confusion" in one.text]


def test_the_page_of_numbers(render: Render) -> None:
    page = render("numbers")
    assert "classes" not in page.section("data").text
    assert "strongly skewed, with a long tail of large values" in page.section("data").text
    text = page.section("comparison").text
    assert "helps on the top 5 % is shown (−800)" in text
    assert "too few: it is predicted too low" in text
    assert len(page.table("tenths-caption")) == 10
    assert "the number as the learner predicts it" in page.section("leaderboard").text


def test_tiny_numbers_keep_their_digits(render: Render) -> None:
    page = render("tiny_numbers")
    assert "0.00005" in page.section("verdict").text
    assert "The best against the baseline" in page.section("comparison").text


@pytest.mark.parametrize("name", ["bare_labels", "bare_numbers"])
def test_what_is_empty_is_hidden(name: str, render: Render) -> None:
    page = render(name)
    text = page.root.text
    assert "What is rare, and the rest" not in text
    assert "come together" not in text
    assert "nothing to draw" not in page.html


@pytest.mark.parametrize(
    ("rare", "rest", "words"),
    [
        ((0.1, 0.01), (0.0, 1.0), "helps on the rare is shown (+0.100)."),
        (
            (0.1, 0.2),
            (0.1, 0.01),
            "is shown for the rest, not for the rare (+0.100: may be chance)",
        ),
        ((0.1, 0.2), (0.1, 0.2), "helps on the rare is not shown (+0.100: may be chance)."),
        ((-0.1, 0.01), (0.1, 0.2), "does harm on the rare is shown (−0.100)."),
        ((0.1, 0.01), (-0.1, 0.01), "is shown (+0.100). It is shown to be worse on the rest."),
        ((0.1, None), (0.1, None), "helps on the rare is not shown (+0.100: not testable)"),
    ],
)
def test_where_a_gain_comes_from(rare: Any, rest: Any, words: str) -> None:
    summary = labels(["a", "b"])
    chosen = summary["verdict"]["recommended"]
    rows = [
        {
            "id": chosen,
            "side": side,
            "mean": 0.4,
            "difference": {"mean": mean, "low": -0.2, "high": 0.2, "p": p, "p_corrected": p},
        }
        for side, (mean, p) in (("rare", rare), ("rest", rest))
    ]
    summary["sides"].update(rows=rows, names=[{"name": n, "about": ""} for n in ("rare", "rest")])
    found = sides(summary)
    assert found is not None
    assert words in found["words"][0]
