"""The verbs on several labels a row and on numbers: one run of each, and everything after it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.cli import main
from equipoise.cli.findings import tell_findings
from equipoise.cli.label_columns import columns_by_label, label_columns
from equipoise.cli.leaderboard import tell_leaderboard
from equipoise.compare.events import Planned
from equipoise.errors import UsageError
from equipoise.frames import build_frame
from equipoise.strategies import CATALOGUE

from .conftest import Run, document
from .test_rendering import DATA, entry, screen

LABELS = ("red", "big", "new")
QUICK = ("-l", "linear", "--folds", 2, "-j", 1)


def write(path: Path, columns: dict[str, Any]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(zip(*columns.values(), strict=True))
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a column for each of three labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    Y = (X + 0.7 * rng.normal(size=X.shape) > [0.3, 0.8, 1.4]).astype(int)
    columns = {f"x{j}": X[:, j].round(4) for j in range(3)}
    columns |= {f"is_{label}": Y[:, j] for j, label in enumerate(LABELS)}
    return write(tmp_path_factory.mktemp("tagged") / "tags.csv", columns)


@pytest.fixture(scope="session")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a skewed number."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2))
    y = 1000 * np.exp(X[:, 0] + 0.3 * rng.normal(size=200))
    columns = {"a": X[:, 0].round(4), "b": X[:, 1].round(4), "cost": y.round(2)}
    return write(tmp_path_factory.mktemp("costs") / "costs.csv", columns)


def compared(file: Path, folder: Path, *more: object) -> Path:
    arguments = ["compare", file, "-o", folder, *QUICK, "--quiet", *more]
    assert main([str(one) for one in arguments]) == 0
    return folder


@pytest.fixture(scope="session")
def tags_run(tagged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on labels."""
    folder = tmp_path_factory.mktemp("runs") / "tags"
    return compared(tagged, folder, "-t", "is_*", "-s", "pos-weight")


@pytest.fixture(scope="session")
def costs_run(costs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on numbers."""
    folder = tmp_path_factory.mktemp("runs") / "costs"
    return compared(costs, folder, "-t", "cost", "-s", "log-target", "--focus", "top10%")


def test_labels_go_all_the_way(tags_run: Path, tagged: Path, tmp_path: Path, run: Run) -> None:
    summary = json.loads((tags_run / "result.json").read_text(encoding="utf-8"))
    assert summary["task"] == "multilabel"
    met = summary["labels"]["cooccurrence"]
    rows = read(tagged)
    Y = np.array([[int(row[f"is_{label}"]) for label in LABELS] for row in rows])
    assert met == (Y.T @ Y).tolist()
    assert "Labels that come together" in (tags_run / "report.html").read_text(encoding="utf-8")
    out = tmp_path / "out.csv"
    assert run("predict", tags_run / "model", tagged, "-o", out).status == 0
    said = read(out)
    for row in said:
        for label in LABELS:
            assert row[f"prediction_is_{label}"] in ("0", "1")
            assert 0 <= float(row[f"probability_is_{label}"]) <= 1
    answers = document(run("predict", tags_run / "model", tagged, "--json"), "prediction")
    for row, one in zip(said, answers["rows"], strict=True):  # type: ignore[call-overload]
        named = [f"is_{label}" for label in LABELS if row[f"prediction_is_{label}"] == "1"]
        assert one["prediction"] == named
    truth = ("-t", "is_*")
    stars = ("-p", "prediction_is_*", "--score", "probability_is_*")
    by_hand = ("-p", ",".join(f"prediction_is_{one}" for one in LABELS))
    each = [word for one in LABELS for word in ("--score", f"{one}=probability_is_{one}")]
    ways = [
        run("evaluate", out, *truth, *stars, "--json"),
        run("evaluate", out, *truth, *by_hand, *each, "--json"),
        run("evaluate", tagged, "--model", tags_run / "model", "--json", "--quiet"),
    ]
    found = [document(one, "evaluation") for one in ways]
    assert all(one["task"] == "multilabel" for one in found)
    values = [
        {name: value["mean"] for name, value in one["metrics"].items()}  # type: ignore[attr-defined]
        for one in found
    ]
    assert values[1] == pytest.approx(values[0])
    assert values[2] == pytest.approx(values[0])
    told = run("evaluate", out, *truth, *stars).out
    assert "f0.5" in told
    assert "macro F1" in told
    assert all(one in told for one in LABELS)


def test_numbers_go_all_the_way(costs_run: Path, costs: Path, tmp_path: Path, run: Run) -> None:
    summary = json.loads((costs_run / "result.json").read_text(encoding="utf-8"))
    assert summary["task"] == "regression"
    assert summary["metric"]["name"] == "sera"
    drawn = summary["target"]["histogram"]
    assert sum(drawn["counts"]) == 200
    assert drawn["edges"][0] == summary["target"]["min"]
    assert drawn["edges"][-1] == summary["target"]["max"]
    out = tmp_path / "out.csv"
    assert run("predict", costs_run / "model", costs, "-o", out).status == 0
    assert all(float(row["upper_95"]) > 0 for row in read(out))
    answers = document(run("predict", costs_run / "model", costs, "--json"), "prediction")
    for row, one in zip(read(out), answers["rows"], strict=True):  # type: ignore[call-overload]
        assert one["predicted"] == pytest.approx(float(row["predicted"]))
    base = ("evaluate", out, "-t", "cost", "-p", "predicted", "--upper", "upper_95")
    ways = [
        run(*base, "--json"),
        run(*base, "--task", "regression", "--json"),
        run("evaluate", costs, "--model", costs_run / "model", "--json", "--quiet"),
    ]
    values = [document(one, "evaluation")["metrics"] for one in ways]
    for one in values[1:]:
        assert one["mae"]["mean"] == pytest.approx(values[0]["mae"]["mean"])  # type: ignore[index]
        assert one["coverage"]["mean"] == values[0]["coverage"]["mean"]  # type: ignore[index]
    told = run("evaluate", costs, "--model", costs_run / "model")
    assert told.status == 0
    assert "prediction - truth" in told.out
    assert "promised by the trial" in told.out
    assert "median" in told.out


@pytest.mark.parametrize(
    ("target", "strategy", "key"),
    [
        ("is_*", "linear/pos-weight/tuned", "multilabel"),
        ("cost", "linear/log-target", "regression"),
    ],
)
def test_train_takes_both(
    target: str, strategy: str, key: str, tagged: Path, costs: Path, tmp_path: Path, run: Run
) -> None:
    file = tagged if key == "multilabel" else costs
    about = run("train", file, "-t", target, "-s", strategy, "--folds", 2, "-j", 1, "--json",
                "-o", tmp_path / "model")  # fmt: skip
    content = document(about, "training")
    assert content["task"] == key
    predicted = run("predict", tmp_path / "model", file, "--only", "--quiet")
    assert predicted.status == 0
    head = predicted.out.splitlines()[0]
    assert head.startswith("prediction_is_red" if key == "multilabel" else "predicted,upper_95")


def test_a_separator_parts_the_labels_of_a_column(tmp_path: Path, run: Run) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=120)
    sets = ["/".join(["low", *(["high"] if v > 0.5 else [])]) if v < 1 else "high" for v in x]
    file = write(tmp_path / "sets.csv", {"x": x.round(4), "tags": sets})
    base = ("-t", "tags", "--separator", "/", "--task", "multilabel")
    model = tmp_path / "model"
    trained = run("train", file, *base, "-l", "linear", "--folds", 2, "-j", 1, "-o", model)
    assert trained.status == 0, trained.err
    judged = run("evaluate", file, *base, "--model", model, "--json", "--quiet")
    content = document(judged, "evaluation")
    counts = {one["label"]: one["count"] for one in content["classes"]}  # type: ignore[attr-defined]
    assert counts == {"high": sum("high" in s for s in sets), "low": sum("low" in s for s in sets)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-t", "is_*"), "add --prediction COL"),
        (("-t", "is_*", "-p", "x*"), "no column fits --prediction 'x*'"),
        (("-t", "is_*", "--score", "x0"), "does not say which label it is for"),
        (("-t", "is_*", "--score", "red=x0"), "is for the label 'big'"),
        (("-t", "is_*", "--score", "red=x0", "--score", "red=x1"), "for the label 'red'"),
        (("-t", "is_*", "-p", "x0,x1,x2"), "labels holds"),
        (("-t", "is_*", "-p", "x0,x1,x2", "--positive", "red"), "a positive class"),
        (("-t", "x0", "--task", "regression", "--score", "x1"), "--score holds probabilities"),
        (("-t", "x0", "-p", "x1", "--separator", "/"), "--separator parts the labels"),
        (("-t", "is_red", "-p", "is_red", "--upper", "x1"), "95th percentile"),
        (("-t", "is_red", "-p", "is_red", "--task", "regresion"), "regresion"),
    ],
)
def test_evaluate_says_what_it_needs(
    options: tuple[str, ...], words: str, tagged: Path, run: Run
) -> None:
    outcome = run("evaluate", tagged, *options)
    assert outcome.status in (1, 2)
    assert words in outcome.err


def test_a_model_of_another_task_is_named(tags_run: Path, tagged: Path, run: Run) -> None:
    outcome = run("evaluate", tagged, "--model", tags_run / "model", "--task", "regression")
    assert outcome.status == 2
    assert "the model's task is multilabel" in outcome.err


def test_labels_are_named_by_the_star() -> None:
    frame = build_frame({"y_a": [1], "y_b c": [0], "p_a": [0.5], "q": [0.1], "y": [1]})
    assert label_columns(frame, "y_*") == {"a": "y_a", "b c": "y_b c"}
    assert label_columns(frame, "y_a,y") == {"y_a": "y_a", "y": "y"}
    labels = {"a": "y_a", "b c": "y_b c"}
    found = columns_by_label(frame, ["p_a", "b c=q"], labels, "--score")
    assert [found[name].name for name in labels] == ["p_a", "q"]
    with pytest.raises(UsageError, match="no --score column is for the label 'b c'"):
        columns_by_label(frame, ["p_*"], labels, "--score")


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
def test_strategies_of_a_task(task: str, run: Run) -> None:
    content = document(run("strategies", "--task", task, "--json"), "strategies")
    names = {one["name"] for one in content["strategies"]}  # type: ignore[attr-defined]
    assert names == {name for name, one in CATALOGUE.items() if task in one.tasks}
    deciding = {one["name"] for one in content["decisions"]}  # type: ignore[attr-defined]
    assert ("mean-corrected" in deciding) == (task == "regression")
    assert ("tuned" in deciding) == (task != "regression")
    told = run("strategies", "--task", task).out
    assert all(f"{name} " in told for name in names)


def test_strategies_stand_once_under_their_task(run: Run) -> None:
    lines = run("strategies").out.splitlines()
    starts = [line.split()[0] for line in lines if line.strip()]
    assert starts.count("smote") == starts.count("pos-weight") == starts.count("smogn") == 1
    order = [starts.index(name) for name in ("Classes:", "smote", "Labels:", "pos-weight")]
    assert order == sorted(order)
    assert run("strategies", "smote", "--task", "binary").status == 2


def findings(**data: Any) -> str:
    made, _, err = screen(300)
    planned = Planned(1, [], ["untreated"], 5, 1, 0, data={**DATA, **data})
    tell_findings(made, planned)
    return err.getvalue()


def test_findings_of_numbers_and_labels() -> None:
    about = {"min": -3.0, "max": 63770.4, "median": 9382.0, "mean": 13270.4, "q95": 41181.8}
    told = findings(target={**about, "skewness": 1.514, "zeros": 4}, classes=[])
    assert "−3 to 63,770, median 9,382, mean 13,270, 95th percentile 41,182" in told
    assert "skewness 1.51: skewed, with a tail of large values; 4 are 0" in told
    assert "classes" not in told
    many = [{"label": f"l{c}", "count": 100 - c, "share": 0.1} for c in range(28)]
    about = {"cardinality": 1.178, "mean_ir": 35.2, "unlabelled": 1}
    told = findings(labels=about, classes=many)
    assert "28, 1.18 a row: commonest l0 100 (10 %)" in told
    assert "rarest l24 76 (10 %)" in told
    assert "l12" not in told
    assert "mean imbalance ratio 35.2; 1 row has none" in told


def scores(scale: float) -> Callable[[str, float], dict[str, Any]]:
    def one(name: str, value: float) -> dict[str, Any]:
        made = entry(name, "prediction", 0.9, 0.9)
        inner = {"mean": scale * value, "low": scale * (value - 1), "high": scale * (value + 1)}
        difference = {"mean": scale * (value - 6), "p_corrected": 0.5}
        return {**made, "metrics": {"rmse": inner}, "difference": difference}

    return one


def test_a_column_of_numbers_has_the_same_digits() -> None:
    made, out, _ = screen(160)
    metric = {"name": "rmse", "title": "RMSE", "direction": "minimize", "needs": "numbers"}
    make = scores(1000.0)
    strategies = [make("a", 6.005982), make("b", 6.293), make("c", 6.0)]
    verdict = {"recommended": strategies[0]["id"], "headline": "", "reason": ""}
    tell_leaderboard(
        made,
        {
            "metric": metric,
            "label_metric": metric,
            "baseline": strategies[2]["id"],
            "strategies": strategies,
            "verdict": verdict,
        },
    )
    text = out.getvalue()
    assert "6,006" in text
    assert "+6 " in text
    assert "+293" in text
    assert "5.98" not in text
