"""`equipoise diagnose`: one screen, JSON, pages, muting, exit status, predictions, a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from equipoise.cli.leaderboard import tell_verdict
from equipoise.cli.screen import Screen

from .conftest import Run, document

QUIET = ["--mute", "EQ108,EQ109", "--mute", "EQ115"]


def test_fits_a_screen(run: Run, table: Path) -> None:
    outcome = run("diagnose", table, "-t", "kind", *QUIET)
    assert outcome.status == 0
    assert len(outcome.out.splitlines()) <= 40
    assert "EQ101" in outcome.out
    assert "muted: EQ108" in outcome.out


def test_json_and_exit_status(run: Run, table: Path) -> None:
    content = document(run("diagnose", table, "-t", "kind", "--json", *QUIET), "diagnosis")
    graves = [one["severity"] for one in content["findings"] if one["state"] == "issue"]
    for grade, status in (("issue", int(bool(graves))), ("high", int("high" in graves))):
        assert run("diagnose", table, "-t", "kind", "--fail-on", grade, *QUIET).status == status


def test_explain(run: Run) -> None:
    outcome = run("diagnose", "--explain", "exact-copies")
    assert outcome.status == 0
    assert outcome.out.startswith("EQ105 exact-copies")
    assert document(run("diagnose", "--explain", "eq203", "--json"), "check")["stage"] == "after"


def test_a_run_replaces_advice(run: Run, table: Path, finished: Path) -> None:
    content = document(
        run("diagnose", table, "-t", "kind", "--run", finished, "--json", *QUIET), "diagnosis"
    )
    measured = [one["measured"] for one in content["findings"] if one["measured"]]
    assert measured
    assert measured[0]["difference"]["low"] <= measured[0]["difference"]["high"]
    assert (
        "measured: linear/" in run("diagnose", table, "-t", "kind", "--run", finished, *QUIET).out
    )


def test_a_model_on_rows_that_may_be_those_of_its_training(
    run: Run, table: Path, finished: Path, tmp_path: Path
) -> None:
    said = "as many rows as the model was trained on"
    given = ["-t", "kind", "--model", finished / "model", *QUIET]
    assert said in run("diagnose", table, *given).err
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(table.read_text().splitlines()[:200]) + "\n")
    outcome = run("diagnose", fewer, *given)
    assert outcome.status == 0
    assert said not in outcome.err


def test_predictions_and_plots(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    odds = rng.normal(-2.5, 1.5, 400)
    y = (rng.random(400) < 1 / (1 + np.exp(-odds))).astype(int)
    lines = [f"{a},{1 / (1 + np.exp(-b))},{int(b > 0)}" for a, b in zip(y, odds, strict=True)]
    file = tmp_path / "said.csv"
    file.write_text("\n".join(["y,p,said", *lines]) + "\n")
    given = ["--predictions", file, "-t", "y", "--score", "p", "--prediction", "said"]
    content = document(run("diagnose", *given, "--json", "--train-predictions", file), "diagnosis")
    assert {one["stage"] for one in content["findings"]} == {"after"}
    outcome = run("diagnose", *given, "--plots", tmp_path / "plots")
    assert outcome.status == 0
    assert any((tmp_path / "plots").glob("*.svg"))


def test_predictions_of_several_labels(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    odds = rng.normal([-3.0, -2.5, -1.5], 1.5, (600, 3))
    p = 1 / (1 + np.exp(-odds))
    y = (rng.random((600, 3)) < p).astype(int)
    said = (p > 0.5).astype(int)
    said[:, 0] = 0
    names = [f"{part}_{label}" for part in ("y", "p", "said") for label in ("joy", "grief", "ire")]
    rows = [",".join(map(str, row)) for row in np.hstack([y, p, said]).tolist()]
    file = tmp_path / "said.csv"
    file.write_text("\n".join([",".join(names), *rows]) + "\n")
    given = ["--predictions", file, "-t", "y_*", "--score", "p_*", "--train-predictions", file]
    content = document(run("diagnose", *given, "--prediction", "said_*", "--json"), "diagnosis")
    assert content["task"] == "multilabel"
    assert [one["label"] for one in content["classes"]] == ["joy", "grief", "ire"]
    assert [one["count"] for one in content["classes"]] == y.sum(axis=0).tolist()
    lost = next(one for one in content["findings"] if one["code"] == "EQ210")
    assert [one["class"] for one in lost["evidence"]["classes"]] == ["joy"]
    by_scores = document(run("diagnose", *given, "--json"), "diagnosis")["findings"]
    states = {one["code"]: one["state"] for one in by_scores}
    assert (states["EQ205"], states["EQ206"], states["EQ210"]) == ("passed",) * 3
    outcome = run("diagnose", *given[:4], "--score", "y_*")
    assert outcome.status == 2
    assert "--score" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no file was given"),
        (["absent.csv", "-t", "y", "--fail-on", "sometimes"], "--fail-on 'sometimes' is unknown"),
        (["absent.csv", "-t", "y", "--score", "p"], "add --predictions FILE"),
        (["--explain", "EQ999"], "there is no check 'EQ999'"),
    ],
)
def test_refusals(run: Run, arguments: list[str], said: str) -> None:
    outcome = run("diagnose", *arguments)
    assert outcome.status == 2
    assert said in outcome.err


def test_a_trial_ends_with_the_number_of_its_findings(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = json.loads((finished / "result.json").read_text(encoding="utf-8"))
    issues = sum(one["state"] == "issue" for one in summary["findings"])
    tips = sum(one["state"] == "tip" for one in summary["findings"])
    assert issues + tips > 0
    tell_verdict(Screen(), summary, finished)
    said = " ".join(capsys.readouterr().out.split())
    assert f"findings {issues or 'no'} issue" in said
    assert f"{tips or 'no'} tip" in said.partition("findings")[2]
    assert "or `equipoise diagnose`" in said
    del summary["findings"]  # as of a run of an early version
    tell_verdict(Screen(), summary, finished)
    assert "findings" not in capsys.readouterr().out
