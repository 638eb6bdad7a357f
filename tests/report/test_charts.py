"""Charts are valid Vega-Lite, name their axes and speak for themselves."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.errors import UsageError
from equipoise.report.charts import KINDS, TASKS, draw
from equipoise.report.svg import to_svg

from .pages import parse
from .synthetic_summaries import binary, half_empty, multiclass, untreated, without_verdict


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "binary" in TASKS[kind]])
@pytest.mark.parametrize("maker", [multiclass, half_empty, without_verdict])
def test_every_kind_is_an_altair_chart_with_words(kind: str, maker: Any) -> None:
    chart = draw(maker(), kind)
    spec = chart.to_dict()
    assert spec["title"]["text"]
    assert spec["description"].endswith(".")
    assert "None" not in spec["description"]


@pytest.mark.parametrize(
    ("kind", "titles"),
    [
        ("precision-recall", {"recall", "precision", "chance 13 %"}),
        ("roc", {"false alarms, share of the other rows", "recall"}),
        ("reliability", {"predicted probability, mean of the bin", "share that was true"}),
        ("threshold", {"threshold on the probability", "precision", "recall", "F1"}),
        ("confusion", {"predicted", "true", "ham", "spam"}),
        ("leaderboard", {"Macro F1 (more is better)", "Untreated · linear"}),
        ("per-class-change", {"precision", "recall", "F1", "baseline", "recommended"}),
    ],
)
def test_axes_and_marks_are_named(kind: str, titles: set[str]) -> None:
    root = parse(str(to_svg(KINDS[kind](binary()), "key")))
    texts = {"".join(map(str, node.children)) for node in root.all("text")}
    assert titles <= texts


def test_candidates_of_one_name_keep_a_line_each() -> None:
    summary = binary()
    for one in summary["strategies"]:
        one.update(title="Same", learner="linear", decision="argmax")
    names = [row["name"] for row in KINDS["leaderboard"](summary)["data"]["values"]]
    assert len(set(names)) == len(names) > 10


def test_a_drawing_may_be_made_of_nothing_that_loads_or_runs() -> None:
    summary = untreated()
    summary["metric"]["title"] = "<image href='http://example.org/x.png'/>"
    drawing = to_svg(KINDS["leaderboard"](summary), "key")
    assert not parse(str(drawing)).all("image", "script", "foreignobject", "a", "use")


def test_identifiers_are_numbered_for_each_drawing() -> None:
    spec = KINDS["roc"](untreated())
    first, again = to_svg(spec, "a"), to_svg(spec, "a")
    assert first == again
    ids = [node.attributes["id"] for node in parse(str(first)).walk() if "id" in node.attributes]
    assert ids == [f"a-{at + 1}" for at in range(len(ids))]
    assert ids


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no chart 'rock'") as caught:
        draw(untreated(), "rock")
    assert "'roc'" in str(caught.value.remedy)
