"""``equipoise evaluate`` reads predictions in every form that people have them in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run, document


def test_evaluate_agrees_however_it_is_asked(
    finished: Path, table: Path, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "out.csv"
    run("predict", finished / "model", table, "-o", out)
    base = ("evaluate", out, "-t", "kind", "-p", "prediction", "--json")
    ways = [
        run(*base, "--score", "probability_rare"),
        run(*base, "--score", "probability_rare", "--score", "probability_common"),
        run(*base, "--score", "common=probability_common", "--score", "rare=probability_rare"),
        run("evaluate", table, "--model", finished / "model", "--json", "--quiet"),
    ]
    found = [document(outcome, "evaluation") for outcome in ways]
    assert all(one["positive"] == "rare" for one in found)
    first = found[0]["metrics"]
    assert isinstance(first, dict)
    for one in found[1:]:
        metrics = one["metrics"]
        assert isinstance(metrics, dict)
        assert {k: v["mean"] for k, v in metrics.items()} == pytest.approx(
            {k: v["mean"] for k, v in first.items()}
        )
    assert "promised" in found[-1]


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of labels and scores."""

    def write(header: str, *lines: str) -> Path:
        path = tmp_path / "judged.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("labels", ["ab", "01", ("1.5", "2.5"), ("false", "true")])
def test_evaluate_finds_the_same_classes_however_it_is_asked(
    labels: tuple[str, str], judged: Callable[..., Path], run: Run
) -> None:
    one, two = labels
    lines = [f"{one},{one},0.7,0.3", f"{two},{two},0.4,0.6", f"{one},{two},0.1,0.9"]
    path = judged(f"y,said,p_{one},probability_{two}", *lines, f"{two},{one},0.8,0.2")
    ways = [
        ["-p", "said"],
        ["--score", f"p_{one}", "--score", f"probability_{two}"],
        ["--score", f"probability_{two}"],
        ["--score", f"{one}=p_{one}"],
        ["-p", "said", "--score", f"{two}=probability_{two}", "--score", f"{one}=p_{one}"],
    ]
    for way in ways:
        found = document(run("evaluate", path, "-t", "y", *way, "--json"), "evaluation")
        assert str(found["positive"]).lower() == two
        metrics = found["metrics"]
        assert isinstance(metrics, dict)
        assert metrics["recall"]["mean"] == 0.5


def test_a_score_that_is_alone_is_that_of_the_class_it_is_named_after(
    judged: Callable[..., Path], run: Run
) -> None:
    path = judged("y,probability_0,model_0", "0,0.9,0.1", "0,0.8,0.2", "1,0.1,0.9")
    for column in ("probability_0", "model_0"):
        outcome = run("evaluate", path, "-t", "y", "--score", column, "--json")
        metrics = document(outcome, "evaluation")["metrics"]
        assert isinstance(metrics, dict)
        assert metrics["accuracy"]["mean"] == 1.0


def test_evaluate_says_once_why_metrics_are_not_defined(
    judged: Callable[..., Path], run: Run
) -> None:
    path = judged("y,p", *["0,0.1", "0,0.2", "0,0.6"])
    outcome = run("evaluate", path, "-t", "y", "--score", "p")
    assert outcome.out.count("all rows are of the class '0', and a ranking needs two") == 1
    assert outcome.out.count("no row is of the positive class '1'") == 1
    line = next(one for one in outcome.out.splitlines() if "no row is of" in one)
    assert line.startswith("- recall, F1")


def test_evaluate_names_the_column_that_lacks_labels(judged: Callable[..., Path], run: Run) -> None:
    path = judged("y,said,who", "a,a,1", ",b,1", "b,b,")
    outcome = run("evaluate", path, "-t", "y", "-p", "said", "--group", "who")
    assert outcome.status == 1
    assert "the column 'y' is missing in 1 of 3 rows" in outcome.err


def test_evaluate_takes_groups_with_gaps(judged: Callable[..., Path], run: Run) -> None:
    path = judged("y,said,who", "a,a,1", "a,b,1", "b,b,", "b,b,2")
    outcome = run("evaluate", path, "-t", "y", "-p", "said", "--group", "who", "--json")
    assert document(outcome, "evaluation")["rows"] == 4


def test_evaluate_checks_the_positive_class_of_a_model(
    finished: Path, table: Path, run: Run
) -> None:
    base = ("evaluate", table, "--model", finished / "model", "--json", "--quiet", "--positive")
    assert run(*base, "common").status == 2
    assert run(*base, "rare").status == 0


def test_evaluate_for_people(finished: Path, table: Path, run: Run) -> None:
    outcome = run("evaluate", table, "--model", finished / "model")
    assert "promised by the trial" in outcome.out
    assert re.search(r"^\d+ of 19 values lie within what was promised$", outcome.out, re.MULTILINE)
    assert "as many rows as the model was trained on" in outcome.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--prediction COL"),
        (["-p", "kind", "--model", "x"], "--model makes the predictions"),
        (["-p", "knd"], "did you mean 'kind'"),
        (["--score", "size"], "probability"),
        (["--score", "shade"], "not all values of the column 'shade' are numbers"),
        (["--score", "size", "--score", "noise"], "LABEL=COL"),
        (["--score", "rare=size"], "probability"),
        (["--score", "rare=size", "--score", "rare=noise"], "two --score columns"),
        (["--score", "rare=siz"], "did you mean 'size'"),
        (["--score", "siz", "--score", "noise"], "did you mean 'size'"),
        (["--score", "rae=noise"], "probability"),
        (["-p", "kind", "--group", "size2"], "did you mean 'size'"),
        (["-p", "kind", "--positive", "rar"], "did you mean 'rare'"),
    ],
)
def test_evaluate_says_what_it_needs(options: list[str], words: str, table: Path, run: Run) -> None:
    outcome = run("evaluate", table, "-t", "kind", *options)
    assert outcome.status in (1, 2)
    assert words in outcome.err
