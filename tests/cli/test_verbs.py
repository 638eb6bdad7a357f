"""Every verb does its work, writes results to stdout and all else to stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from equipoise import __version__
from equipoise.cli.app import app
from equipoise.cli.strategies import DECISIONS as EXPLAINED
from equipoise.data.reading import read_table
from equipoise.decisions.decision import DECISIONS
from equipoise.decisions.numbers import NUMBER_DECISIONS
from equipoise.errors import ModelError
from equipoise.learners.choice import LEARNERS
from equipoise.results.comparison import Comparison
from equipoise.results.model import Model
from equipoise.strategies import CATALOGUE

from .conftest import Run, document

ESCAPE = re.compile("\x1b")
VERBS = [
    *("compare", "diagnose", "train", "predict", "evaluate", "resample"),
    *("weights", "strategies", "report", "demo"),
]


def test_version(run: Run) -> None:
    assert run("--version").out == f"equipoise {__version__}\n"


def test_the_verbs_are_these() -> None:
    assert [command.name for command in app.registered_commands] == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_the_shared_options(verb: str, run: Run) -> None:
    outcome = run(verb, "--help")
    assert outcome.status == 0
    assert all(option in outcome.out for option in ("--json", "--quiet", "--debug"))


def test_without_a_verb_comes_the_help(run: Run) -> None:
    outcome = run()
    assert outcome.status == 2
    assert all(verb in outcome.out for verb in VERBS)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["compre"], "'compare'"),
        (["compare", "x.csv", "--tarjet", "y"], "did you mean --target?"),
        (["compare", "x.csv", "--out", "y"], "did you mean --run-dir?"),
        (["demo", "--output_dir=y"], "did you mean --run-dir?"),
        (["predict", "x", "y", "--output-file", "z"], "did you mean --out?"),
        (["evaluate", "x.csv", "--output", "y"], "its results go to stdout"),
        (["compare"], "--help"),
        (["compare", "x.csv", "--folds", "many"], "--help"),
    ],
)
def test_wrong_usage(arguments: list[str], hint: str, run: Run) -> None:
    outcome = run(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert hint in outcome.err
    error, remedy = outcome.err.splitlines()
    assert error.startswith("error: ")
    assert remedy.startswith("hint: ")


def test_errors_are_documents_too(run: Run) -> None:
    for arguments in (["compare", "absent.csv", "-t", "y", "--json"], ["compre", "--json"]):
        outcome = run(*arguments)
        error = document(outcome, "error")["error"]
        assert isinstance(error, dict)
        assert error["exit_status"] == outcome.status
        assert error["remedy"] in outcome.err


def test_compare_leaves_a_run(finished: Path) -> None:
    for name in ("report.html", "result.json", "leaderboard.csv", "model/model.json"):
        assert (finished / name).stat().st_size > 0


def test_compare_tells_what_it_found_and_then_the_result(
    finished: Path, table: Path, run: Run
) -> None:
    outcome = run(
        *("compare", table, "-t", "kind", "-o", finished, "-l", "linear", "--folds", 3, "-j", 1),
        *("-s", "weights-balanced", "-s", "random-over"),
    )
    assert outcome.status == 0
    for found in ("240", "common", "2 number, 1 category", "linear: asked for", "from the journal"):
        assert found in outcome.err
    assert f"replaces the earlier result in {finished}" in outcome.err
    summary = Comparison.read(finished).summary
    assert summary["verdict"]["headline"] in outcome.out
    assert summary["baseline"] in outcome.out
    assert str(finished / "report.html") in outcome.out
    assert not ESCAPE.search(outcome.out + outcome.err), "colours or a bar in a pipe"
    assert not any(line != line.rstrip() for line in outcome.out.splitlines())


@pytest.mark.parametrize("wrong", [["-s", "smoot"], ["--metric", "f2"], ["-l", "lineer"]])
def test_nothing_is_said_to_be_replaced_by_a_command_that_is_refused(
    wrong: list[str], table: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "result.json").write_text("{}")
    outcome = run("compare", table, "-t", "kind", "-o", tmp_path, *wrong)
    assert outcome.status == 2
    assert "replaces" not in outcome.err


def test_compare_says_why_there_is_no_model(
    table: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelError("it cannot be stored", remedy="use another learner")

    monkeypatch.setattr(Model, "save", refuse)
    quick = ("-l", "linear", "-s", "untreated", "--folds", 2, "-j", 1)
    outcome = run("compare", table, "-t", "kind", "-o", tmp_path, *quick)
    assert outcome.status == 0
    assert "no model" in outcome.out
    assert "it cannot be stored; use another learner" in outcome.out
    assert str(tmp_path / "result.json") in outcome.out
    assert "equipoise predict" not in outcome.out
    content = document(
        run("compare", table, "-t", "kind", "-o", tmp_path, *quick, "--json"), "comparison"
    )
    assert content["run"]["model"] is None  # type: ignore[index]


def test_compare_as_json_is_the_result(finished: Path, table: Path, run: Run) -> None:
    outcome = run(
        *("compare", table, "-t", "kind", "-o", finished, "-l", "linear", "--folds", 3, "-j", 1),
        *("-s", "weights-balanced,random-over", "--json", "--quiet"),
    )
    content = document(outcome, "comparison")
    assert outcome.err == ""
    assert content.pop("run") == {
        "folder": str(finished),
        **{key: str(finished / name) for key, name in PATHS.items()},
    }
    saved = json.loads((finished / "result.json").read_text(encoding="utf-8"))
    assert {**content, "seconds": 0} == {**saved, "seconds": 0}


PATHS = {
    "report": "report.html",
    "result": "result.json",
    "leaderboard": "leaderboard.csv",
    "model": "model",
}


def test_predict_to_stdout_adds_columns(finished: Path, table: Path, run: Run) -> None:
    outcome = run("predict", finished / "model", table)
    found = list(csv.DictReader(io.StringIO(outcome.out)))
    assert outcome.status == 0
    said = re.fullmatch(r"decision .+: 'rare' from a probability of (\S+)\n", outcome.err)
    assert said
    for row in found:
        assert (row["prediction"] == "rare") == (float(row["probability_rare"]) > float(said[1]))
    assert len(found) == 240
    assert list(found[0])[4:] == ["prediction", "probability_common", "probability_rare"]
    total = float(found[0]["probability_common"]) + float(found[0]["probability_rare"])
    assert total == pytest.approx(1)


def test_predict_names_values_never_seen(finished: Path, tmp_path: Path, run: Run) -> None:
    new = tmp_path / "new.csv"
    new.write_text("size,noise,shade\n1,1,red\n1,1,pink\n1,1,\n", encoding="utf-8")
    outcome = run("predict", finished / "model", new)
    assert "column 'shade': 1 row with a value not seen in training, such as 'pink'" in outcome.err
    assert run("predict", finished / "model", new, "--quiet").err == ""


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_predict_to_a_file(
    suffix: str, finished: Path, table: Path, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / f"out.{suffix}"
    outcome = run("predict", finished / "model", table, "-o", out, "--only")
    assert outcome.out == f"{out}\n"
    frame = read_table(out)
    assert frame.shape == (240, 3)
    assert set(frame["prediction"].to_list()) <= {"common", "rare"}
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_predict_as_json(finished: Path, table: Path, run: Run) -> None:
    content = document(run("predict", finished / "model", table, "--json"), "prediction")
    assert content["classes"] == ["common", "rare"]
    assert len(list(content["rows"])) == 240  # type: ignore[call-overload]


def test_predict_refuses_what_it_cannot_write(finished: Path, table: Path, run: Run) -> None:
    outcome = run("predict", finished / "model", table, "-o", "out.xls")
    assert outcome.status == 2
    assert ".parquet" in outcome.err


def test_predict_does_not_hide_a_column(
    finished: Path, table: Path, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "out.csv"
    assert run("predict", finished / "model", table, "-o", out).status == 0
    again = run("predict", finished / "model", out)
    assert again.status == 2
    assert "'prediction'" in again.err
    assert "--only" in again.err


def test_train_saves_a_model(table: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "model"
    base = ("train", table, "-t", "kind", "-o", out, "-l", "linear", "-s", "weights-balanced")
    outcome = run(*base)
    assert outcome.out == f"{out}\n"
    assert "replaced" not in outcome.err
    again = run(*base, "--json")
    assert f"replaced the earlier model in {out}" in again.err
    content = document(again, "training")
    assert content["classes"] == ["common", "rare"]
    assert run("predict", out, table, "--only").status == 0


@pytest.mark.parametrize(
    "options",
    [
        ["-s", "balanced-random-forest", "-l", "linear"],
        ["-s", "linear/balanced-random-forest/tuned"],
    ],
)
def test_train_refuses_a_learner_that_it_would_not_use(
    options: list[str], table: Path, tmp_path: Path, run: Run
) -> None:
    outcome = run("train", table, "-t", "kind", "-o", tmp_path / "model", *options)
    assert outcome.status == 2
    assert "balanced-random-forest brings its own learner, and the learner linear" in outcome.err


def test_strategies(run: Run) -> None:
    outcome = run("strategies")
    assert "smote " in outcome.out
    assert "Chawla et al. 2002" in outcome.out
    content = document(run("strategies", "--json"), "strategies")
    listed = content["strategies"]
    assert isinstance(listed, list)
    assert len(listed) >= 20
    assert "Chawla" in run("strategies", "smote").out


def test_strategies_lists_every_one_and_shows_it_in_full(run: Run) -> None:
    listed = {line.split()[0] for line in run("strategies").out.splitlines() if line.strip()}
    assert set(CATALOGUE) <= listed
    for name, strategy in CATALOGUE.items():
        outcome = run("strategies", name)
        assert outcome.status == 0, outcome.err
        filled = [slot for slot, words in strategy.slots().items() if words]
        assert all(f"  {slot:<17} " in outcome.out for slot in filled)


@pytest.mark.parametrize("verb", ["compare", "train"])
def test_the_help_names_every_learner(verb: str, run: Run) -> None:
    words = re.findall(r"[\w:]+", run(verb, "--help").out)
    assert {*LEARNERS, "transformer:MODEL", "auto"} <= set(words)


def test_help_needs_no_torch() -> None:
    look = (
        "import sys; from equipoise.cli.app import run; status = run(['compare', '--help']);"
        "sys.exit(bool(status) or bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", look], capture_output=True).returncode == 0


def test_strategies_explain_the_ways_of_deciding(run: Run) -> None:
    assert set(EXPLAINED) == {*DECISIONS, *NUMBER_DECISIONS}
    everything = run("strategies").out
    for name, words in EXPLAINED.items():
        assert words in everything
        one = run("strategies", name)
        assert one.status == 0
        assert " ".join(one.out.split()).endswith(words)
    content = document(run("strategies", "tuned", "--json"), "strategies")
    assert content["decisions"] == [{"name": "tuned", "summary": EXPLAINED["tuned"]}]


def test_report_is_rebuilt(finished: Path, run: Run) -> None:
    path = finished / "report.html"
    before = path.read_bytes()
    path.unlink()
    assert run("report", finished).out == f"{path}\n"
    assert path.read_bytes() == before
    assert document(run("report", finished, "--json"), "report")["file"] == str(path)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("equipoise compare x.csv --strategies smote,random-", "smote,random-over"),
        ("equipoise compare x.csv --learner lin", "linear"),
        ("equipoise compare x.csv --learner linear,tr", "linear,transformer"),
        ("equipoise compare x.csv --metric recall_at", "recall_at_precision"),
        ("equipoise strategies easy", "easy-ensemble"),
        ("equipoise pre", "predict"),
    ],
)
def test_the_shell_completes(words: str, offered: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from equipoise.cli import main; main()"],
        env={**os.environ, "_EQUIPOISE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": words},
        capture_output=True,
        text=True,
        check=False,
    )
    assert offered in done.stdout, done.stderr


def test_lists_do_not_go_into_csv(finished: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "new.jsonl"
    row = {"size": 1.0, "noise": 0.0, "shade": "red", "tags": ["a", "b"]}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    outcome = run("predict", finished / "model", path)
    assert outcome.status == 2
    assert "'tags'" in outcome.err
    assert run("predict", finished / "model", path, "-o", tmp_path / "out.jsonl").status == 0
    written = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert written["tags"] == ["a", "b"]
