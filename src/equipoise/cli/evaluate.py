"""``equipoise evaluate``: predictions from anywhere, judged with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.options import Cost, DataFile, Positive, Seed, Target, need_target
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

if TYPE_CHECKING:
    from equipoise.results.evaluation import Evaluation
    from equipoise.results.model import Model

__all__ = ["register"]

Group = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="COL",
        help="Rows with the same value belong together, as those of one person; intervals allow for it.",
        rich_help_panel="Data",
    ),
]
Prediction = Annotated[
    str | None,
    typer.Option(
        "--prediction",
        "-p",
        metavar="COL",
        help="Column of predicted labels; with --score alone, the most probable class.",
        rich_help_panel="Data",
    ),
]
Scores = Annotated[
    list[str] | None,
    typer.Option(
        "--score",
        metavar="COL",
        help="Column with the probability of the positive class; or one for each class, named after "
        "it (probability_LABEL) or given as LABEL=COL. Repeatable.",
        rich_help_panel="Data",
    ),
]
ModelFolder = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="DIR",
        help="Judge this model on FILE, beside what its trial promised.",
        rich_help_panel="Data",
    ),
]


@verb()
def evaluate_file(
    screen: Screen,
    file: DataFile,
    target: Target = None,
    prediction: Prediction = None,
    score: Scores = None,
    model: ModelFolder = None,
    positive: Positive = None,
    group: Group = None,
    cost: Cost = None,
    seed: Seed = 0,
) -> None:
    """Judge the predictions in a file, made by any tool, with 95 % intervals.

    FILE holds the true labels beside predicted ones, probabilities, or both. With --model the
    predictions are made here.
    """
    from equipoise.data.columns import find_column
    from equipoise.data.reading import read_table
    from equipoise.results.evaluation import evaluate
    from equipoise.results.model import load

    if model is not None and (prediction or score):
        raise UsageError(
            "--model makes the predictions that --prediction and --score read",
            remedy="leave out one or the other",
        )
    if model is None and not prediction and not score:
        raise UsageError(
            "nothing to judge was named",
            remedy="add --prediction COL, --score COL, or --model DIR",
        )
    loaded = None if model is None else load(model)
    if loaded is not None and target is None:
        target = str(loaded.about["target"])
    name = need_target(file, target)
    if group is not None:
        _refuse_as_group(group, name, prediction)
    frame = read_table(file)
    if loaded is not None and loaded.about.get("rows") == len(frame):
        screen.note(
            f"note: {file} has as many rows as the model was trained on; if they are the same, these "
            "scores say nothing about new rows",
            style="yellow",
        )
    truth = find_column(frame, name, "target column")
    if loaded is not None:
        given = _by_model(loaded, frame, positive)
    else:
        given = {
            "labels": find_column(frame, prediction, "prediction column") if prediction else None,
            "scores": _scores(frame, score, truth.drop_nulls().unique().to_list())
            if score
            else None,
            "positive": positive,
        }
    groups = find_column(frame, group, "group column") if group else None
    result = evaluate(truth, groups=groups, cost=cost, seed=seed, **given)
    promised = {} if loaded is None else loaded.about.get("promised", {})
    if screen.as_json:
        document = json.loads(result.to_json())
        screen.document({**document, "promised": promised} if promised else document)
    else:
        _tell(screen, result, promised)


def _refuse_as_group(group: str, target: str, prediction: str | None) -> None:
    """Refuse groups that are the very labels: drawn whole, they would tell of no spread."""
    for option, name in (("--target", target), ("--prediction", prediction)):
        if group == name:
            raise UsageError(
                f"column {group!r} is given for both {option} and --group",
                remedy="name another column with --group, or leave it out",
            )


def _by_model(model: Model, frame: Any, positive: str | None) -> dict[str, Any]:
    import numpy as np

    from equipoise.results.labelling import find_label

    last = model.classes[-1]
    if positive is not None and find_label(positive, model.classes) != last:
        raise UsageError(
            f"--positive {positive!r} is not the positive class of the model, {str(last)!r}",
            remedy="leave --positive out",
        )
    log_proba = model.log_proba(frame)
    labels = model.labels(log_proba)
    return {"scores": np.exp(log_proba), "labels": labels, "classes": model.classes}


def _scores(frame: Any, given: list[str], labels: list[Any]) -> Any:
    """Return the columns by label; or the only column, where its name says no label."""
    from equipoise.data.columns import find_column

    if len(given) == 1 and _class_of(given[0], frame.columns, labels, alone=True) is None:
        return find_column(frame, given[0], "score column")
    named: dict[Any, Any] = {}
    for one in given:
        found = _class_of(one, frame.columns, labels, alone=len(given) == 1)
        if found is None:
            find_column(frame, one, "score column")
            raise UsageError(
                f"--score {one!r} does not say which class it is for",
                remedy=f"write LABEL=COL, where the labels are {', '.join(map(str, labels[:10]))}",
            )
        label, name = found
        if label in named:
            raise UsageError(
                f"two --score columns are for the class {str(label)!r}",
                remedy="give one for each class",
            )
        named[label] = find_column(frame, name, "score column")
    return named


def _class_of(
    given: str, columns: list[str], labels: list[Any], alone: bool
) -> tuple[Any, str] | None:
    """Read LABEL=COL, or find the label that a column is named after."""
    from equipoise.results.labelling import find_label

    def at(sign: str) -> list[int]:
        return [i + 1 for i, one in enumerate(given) if one == sign]

    if given not in columns and "=" in given:
        start = next((i for i in at("=") if given[i:] in columns), at("=")[0])
        label = find_label(given[: start - 1], labels)
        return (given[: start - 1] if label is None else label), given[start:]
    # Of a column that is alone, as model_0, the last part need not mean a class.
    bare = given.removeprefix("probability_")
    tails = [given, bare] if alone else [given, *(given[i:] for i in at("_"))]
    found = [label for tail in tails if (label := find_label(tail, labels)) is not None]
    if found:
        return found[0], given
    return None if alone or bare == given else (bare, given)


def _tell(screen: Screen, result: Evaluation, promised: dict[str, Any]) -> None:
    from rich.table import Table

    summary = result.summary
    classes = ", ".join(f"{shown(one['label'], 30)} {one['count']:,}" for one in summary["classes"])
    screen.result(f"{summary['rows']:,} rows: {classes}")
    screen.result()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    if promised:
        table.add_column("promised by the trial", justify="right", no_wrap=True)
    for name, value in summary["metrics"].items():
        row = [_title(name, summary["task"]), _number(value["mean"]), _interval(value)]
        table.add_row(*row, *([_interval(promised.get(name, {}))] if promised else []))
    screen.result(table)
    kept = _kept(summary["metrics"], promised)
    if kept:
        screen.result(
            f"{sum(kept)} of {len(kept)} values lie within what was promised", style="dim"
        )
    for why, names in _reasons(summary).items():
        screen.result(f"- {', '.join(names)}: {shown(why, 200)}", style="dim")
    screen.result()
    _tell_confusion(screen, summary)


def _kept(metrics: dict[str, Any], promised: dict[str, Any]) -> list[bool]:
    """Tell of each value that can be held against a promise whether it lies within."""
    return [
        promised[name]["low"] <= value["mean"] <= promised[name]["high"]
        for name, value in metrics.items()
        if name in promised and value["mean"] is not None
    ]


def _reasons(summary: dict[str, Any]) -> dict[str, list[str]]:
    """Return why metrics are not defined, each reason once with the metrics that it holds for."""
    reasons: dict[str, list[str]] = {}
    for name, value in summary["metrics"].items():
        if value["why"] is not None:
            reasons.setdefault(value["why"], []).append(_title(name, summary["task"]))
    return reasons


def _tell_confusion(screen: Screen, summary: dict[str, Any]) -> None:
    from rich.table import Table

    labels = [shown(one["label"], 20) for one in summary["classes"]]
    if len(labels) > 10:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("true \\ predicted", no_wrap=True)
    for label in labels:
        table.add_column(label, justify="right")
    for name in ("recall", "precision", "f1"):
        table.add_column(name, justify="right")
    for label, counts, row in zip(labels, summary["confusion"], summary["per_class"], strict=True):
        scores = [_number(row[name]) for name in ("recall", "precision", "f1")]
        table.add_row(label, *(f"{count:,.0f}" for count in counts), *scores)
    screen.result(table)


def _title(name: str, task: str) -> str:
    from equipoise.metrics import get_metric

    # It alone is not known without the costs, on which its name does not depend.
    return "expected cost" if name == "expected_cost" else get_metric(name, task).phrase


def _number(value: float | None) -> str:
    from equipoise.cli.leaderboard import number

    return number(value)


def _interval(value: dict[str, Any]) -> str:
    low, high = value.get("low"), value.get("high")
    return "-" if low is None or high is None else f"{_number(low)} to {_number(high)}"


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("evaluate")(evaluate_file)
