"""What people read: leaderboard, findings, progress."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from equipoise.cli.findings import tell_findings
from equipoise.cli.leaderboard import tell_leaderboard, tell_verdict
from equipoise.cli.predict import predict_rows
from equipoise.cli.progress import Watcher
from equipoise.cli.screen import Screen, shown
from equipoise.compare.events import Planned, Stage, UnitDone
from equipoise.decisions import Decision
from equipoise.results.model import Model

METRIC = {
    "name": "average_precision",
    "title": "Average precision",
    "direction": "maximize",
    "needs": "ranking",
}
LABELS = {"name": "f1_macro", "title": "Macro F1", "direction": "maximize", "needs": "labels"}


def screen(width: int = 80) -> tuple[Screen, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    made = Screen()
    for name, stream in (("out", out), ("err", err)):
        made._consoles[name] = Console(
            file=stream, width=width, force_terminal=True, color_system=None, markup=False
        )
    return made, out, err


def entry(name: str, decision: str, score: float, f1: float, **more: Any) -> dict[str, Any]:
    value = {"mean": score, "low": score - 0.05, "high": score + 0.05}
    return {
        "id": f"linear/{name}/{decision}",
        "learner": "linear",
        "name": name,
        "decision": decision,
        "applicable": True,
        "metrics": {"average_precision": value, "f1_macro": {**value, "mean": f1}},
        "difference": {"mean": score - 0.5, "low": -0.1, "high": 0.3, "p_corrected": 0.2},
        "tied_with_best": score > 0.8,
        "seconds": 1.25,
        **more,
    }


@pytest.fixture
def summary() -> dict[str, Any]:
    many = [entry(f"treatment-{i:02}", "argmax", 0.9 - i / 50, 0.7) for i in range(15)]
    return {
        "metric": METRIC,
        "label_metric": LABELS,
        "baseline": "linear/untreated/argmax",
        "strategies": [
            *many,
            entry("untreated", "tuned", 0.5, 0.8, difference=None),
            entry("untreated", "argmax", 0.5, 0.6, difference=None),
            {**entry("focal", "argmax", 0, 0), "applicable": False, "metrics": {}},
        ],
        "verdict": {
            "recommended": "linear/treatment-01/argmax",
            "headline": "Use [treatment].",
            "reason": "It is simple.",
        },
    }


@pytest.mark.parametrize("width", [40, 80, 120])
def test_leaderboard_fits(width: int, summary: dict[str, Any]) -> None:
    made, out, _ = screen(width)
    tell_leaderboard(made, summary)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith(">") and "0.880" in line for line in lines)
    assert sum("treatment-" in line for line in lines) == 10


def test_leaderboard_always_shows_the_baseline_as_it_is(summary: dict[str, Any]) -> None:
    made, out, _ = screen(120)
    tell_leaderboard(made, summary)
    text = out.getvalue()
    assert "linear/untreated/argmax" in text
    assert "linear/untreated/tuned" not in text
    assert "11 of 16 shown" in text
    assert "1 not applicable" in text


def test_leaderboard_of_a_label_metric_keeps_every_decision(summary: dict[str, Any]) -> None:
    made, out, _ = screen(120)
    summary["metric"] = LABELS
    summary["strategies"] = summary["strategies"][10:]
    tell_leaderboard(made, summary)
    assert "linear/untreated/tuned" in out.getvalue()


def test_a_score_that_is_not_defined(summary: dict[str, Any]) -> None:
    made, out, _ = screen(120)
    summary["strategies"][3]["metrics"]["average_precision"] = {
        "mean": None,
        "low": None,
        "high": None,
    }
    summary["strategies"][4]["difference"]["p_corrected"] = None
    tell_leaderboard(made, summary)
    assert "treatment-03" in out.getvalue()


def test_verdict_is_printed_as_it_is(summary: dict[str, Any]) -> None:
    made, out, _ = screen()
    tell_verdict(made, summary, "runs/things")
    assert "Use [treatment]." in out.getvalue()
    assert "runs/things/report.html" in out.getvalue()


DATA = {
    "rows": 1000,
    "classes": [
        {"label": "no\x1b[2J", "count": 990, "share": 0.99},
        {"label": "yes", "count": 10, "share": 0.01},
    ],
    "ratio": 99.0,
    "columns": [
        {"name": "size", "role": "number", "missing": 1500},
        {"name": "shape", "role": "number", "missing": 2},
        {"name": "customer", "role": "id"},
        {"name": "answer", "role": "target"},
    ],
    "leaks": [{"column": "closed_on", "score": 0.999, "why": "it alone ranks 99.9 % of pairs"}],
    "duplicates": {"rows": 12, "clusters": 4, "grouped": 12},
    "notes": ["only 3 folds, since class 'yes' has 10 rows"],
}
PLANNED = Planned(
    30, [{"name": "linear", "why": "fast"}], ["untreated", "smote"], 5, 1, 10, data=DATA
)


def test_findings_name_all_that_matters() -> None:
    made, out, err = screen(200)
    tell_findings(made, PLANNED)
    text = err.getvalue()
    assert out.getvalue() == ""
    for words in (
        "1,000, of which 12 repeat",
        "no [2J 990 (99 %), yes 10 (1.0 %)",
        "99 to 1",
        "2 number",
        "1,502 cells in 2 columns",
        "left out as id: customer",
        "closed_on",
        "--role COL=ignored",
        "only 3 folds",
        "linear: fast",
        "30 trainings: 2 strategies, 5 folds; 10 were done before",
    ):
        assert words in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("minutes", "resumed", "words"),
    [
        (16.7, 0, "5 folds; those of slow learners take about 17 minutes on one core"),
        (1.2, 0, "5 folds"),
        (16.7, 10, "5 folds; 10 were done before and are taken from the journal"),
    ],
)
def test_the_plan_says_how_long_slow_learners_take(
    minutes: float, resumed: int, words: str
) -> None:
    made, _, err = screen(200)
    tell_findings(made, replace(PLANNED, minutes=minutes, resumed=resumed))
    line = next(line for line in err.getvalue().splitlines() if line.startswith("plan"))
    assert line.rstrip().endswith(words)


@pytest.mark.parametrize(
    ("grouped", "words"),
    [
        (0, "12 repeat another"),
        (5, "12 repeat another; 5 are copies, which stay on one side of a split"),
        (12, "12 repeat another; copies stay on one side of a split"),
    ],
)
def test_only_copies_are_said_to_stay_on_one_side(grouped: int, words: str) -> None:
    made, _, err = screen(200)
    duplicates = {"rows": 12, "clusters": 4, "grouped": grouped}
    tell_findings(made, replace(PLANNED, data={**DATA, "duplicates": duplicates}))
    line = next(line for line in err.getvalue().splitlines() if line.startswith("rows"))
    assert line.rstrip().endswith(words)


def test_quiet_says_nothing_of_it() -> None:
    made, _, err = screen()
    made.quiet = True
    with Watcher(made) as watcher:
        watcher(PLANNED)
    assert err.getvalue() == ""


def test_a_bar_with_the_time_left_on_a_terminal() -> None:
    made, out, err = screen(100)
    with Watcher(made) as watcher:
        watcher(Stage("reading the data"))
        watcher(PLANNED)
        for done in range(11, 31):
            watcher(UnitDone("linear", "smote", 0, 0, 0.1, done, 30, from_journal=False))
        assert watcher._bar is not None
        watcher._bar.refresh()
        watcher(Stage("judging out-of-fold scores"))
    text = err.getvalue()
    assert "linear/smote" in text
    assert "30/30" in text
    assert "judging" in text
    assert out.getvalue() == ""


def watch(made: Screen, seconds: float) -> None:
    """Tell of 10 trainings from a journal at once, and of 20 more that take so many seconds each."""
    now = 1000.0
    watcher = Watcher(made, clock=lambda: now)
    watcher(PLANNED)
    for done in range(1, 31):
        now += seconds * (done > 10)
        watcher(UnitDone("linear", "smote", 0, 0, 0.1, done, 30, from_journal=done <= 10))


def test_a_line_now_and_then_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    watch(Screen(), 1.0)
    assert "trainings done" not in capsys.readouterr().err
    watch(Screen(), 25.0)
    lines = [line for line in capsys.readouterr().err.splitlines() if "trainings done" in line]
    assert lines == [
        "13 of 30 trainings done; about 7 minutes left",
        "16 of 30 trainings done; about 6 minutes left",
        "19 of 30 trainings done; about 5 minutes left",
        "22 of 30 trainings done; about 3 minutes left",
        "25 of 30 trainings done; about 2 minutes left",
        "28 of 30 trainings done; a minute or less left",
    ]
    for made in (Screen(quiet=True), Screen(as_json=True)):
        watch(made, 100.0)
        assert "trainings done" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "bias", "note"),
    [
        ("argmax", [0.0, 0.0], "decision argmax: 'b' from a probability of 0.5"),
        (
            "argmax",
            [0.0, -2.0],
            "decision argmax of the scores as trained; for the probabilities given here that means: "
            "'b' from a probability of 0.881",
        ),
        ("tuned", [0.0, 2.0], "decision tuned: 'b' from a probability of 0.119"),
        ("argmax", [0.0, 0.0, 0.0], "decision argmax"),
        (
            "argmax",
            [0.0, 1.0, 2.0],
            "decision argmax of the scores as trained; for the probabilities given here that means: "
            "not always the largest",
        ),
        ("tuned", [0.0, 1.0, 2.0], "decision tuned"),
    ],
)
def test_an_argmax_says_of_what(name: str, bias: list[float], note: str) -> None:
    classes: Any = list("abc"[: len(bias)])
    none: Any = None
    model = Model(none, none, none, none, none, Decision(name, np.array(bias)), classes, {})
    model.log_proba = lambda data: np.log([[1 / len(bias)] * len(bias)])  # type: ignore[method-assign]
    assert predict_rows(model, None).note == note


def test_what_is_shown_stays_on_its_line() -> None:
    assert shown("a\nb\tc") == "a b c"
    assert len(shown("x" * 5_000_000)) == 60
