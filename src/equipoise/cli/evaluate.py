"""``equipoise evaluate``: predictions from anywhere, judged with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.options import Cost, DataFile, Group, Positive, Seed, Target, need_target
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.errors import DataError, UsageError

if TYPE_CHECKING:
    from equipoise.results.evaluation import Evaluation
    from equipoise.results.model import Model

__all__ = ["register"]

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
    frame = read_table(file)
    if loaded is not None and loaded.about.get("rows") == len(frame):
        screen.note(
            f"note: {file} has as many rows as the model was trained on; if they are the same, these "
            "scores say nothing about new rows",
            style="yellow",
        )
    truth = _labels(find_column(frame, name, "target column"))
    options: dict[str, Any] = {"cost": cost, "seed": seed}
    if group:
        values = find_column(frame, group, "group column").to_list()
        # A row without a group is a group of its own.
        options["groups"] = [
            f"{v!r}" if v is not None else f"row {i}" for i, v in enumerate(values)
        ]
    if loaded is not None:
        options |= _by_model(loaded, frame, positive)
    else:
        if prediction:
            options["labels"] = _labels(find_column(frame, prediction, "prediction column"))
        if score:
            options |= _by_scores(frame, score, _in_order(truth, positive))
        options["positive"] = positive
    result = evaluate(truth, **options)
    promised = {} if loaded is None else loaded.about.get("promised", {})
    if screen.as_json:
        document = json.loads(result.to_json())
        screen.document({**document, "promised": promised} if promised else document)
    else:
        _tell(screen, result, promised)


def _labels(series: Any) -> list[str]:
    values = series.to_list()
    missing = sum(value is None or value != value for value in values)
    if missing:
        raise DataError(
            f"column {series.name!r} has {missing:,} missing values of {len(values):,}",
            remedy="leave those rows out of the file",
        )
    return [str(value) for value in values]


def _by_model(model: Model, frame: Any, positive: str | None) -> dict[str, Any]:
    import numpy as np

    log_proba = model.log_proba(frame)
    classes = [str(label) for label in model.classes]
    if positive is not None and positive != classes[-1]:
        raise UsageError(
            f"--positive {positive!r} is not the positive class of the model, {classes[-1]!r}",
            remedy="leave --positive out",
        )
    labels = [str(label) for label in model.labels(log_proba)]
    return {"scores": np.exp(log_proba), "labels": labels, "classes": classes}


def _by_scores(frame: Any, given: list[str], labels: list[str]) -> dict[str, Any]:
    import numpy as np

    from equipoise.data.columns import find_column

    if len(given) == 1 and given[0].partition("=")[0] not in labels:
        return {"scores": _numbers(find_column(frame, given[0], "score column"))}
    columns: dict[str, str] = {}  # by class
    for one in given:
        label, column = _class_of(one, labels)
        if label in columns:
            raise UsageError(
                f"two --score columns are for the class {label!r}", remedy="give one for each class"
            )
        columns[label] = column
    if len(columns) == 1 and len(labels) == 2:
        (label, column), *_ = columns.items()
        p = _numbers(find_column(frame, column, "score column"))
        return {"scores": p if label == labels[-1] else 1 - p}
    absent = [label for label in labels if label not in columns]
    if absent:
        raise UsageError(
            f"there is no --score column for the class {absent[0]!r}",
            remedy="give the probability of every class, or of the positive one alone",
        )
    scores = [_numbers(find_column(frame, columns[label], "score column")) for label in labels]
    return {"scores": np.column_stack(scores), "classes": labels}


def _in_order(truth: list[str], positive: str | None) -> list[str]:
    """Return the labels in the order of the classes: of two, the positive or else the rarer is last."""
    labels = sorted(set(truth))
    if len(labels) != 2:
        return labels
    last = positive if positive in labels else min(labels, key=lambda one: (truth.count(one), one))
    return [one for one in labels if one != last] + [last]


def _class_of(given: str, labels: list[str]) -> tuple[str, str]:
    label, equals, column = given.partition("=")
    if equals and label in labels:
        return label, column
    fitting = [name for name in labels if given == name or given.endswith(f"_{name}")]
    if not fitting:
        raise UsageError(
            f"--score {given!r} does not say which class it is for",
            remedy=f"write LABEL=COL, where the labels are {', '.join(labels[:10])}",
        )
    return max(fitting, key=len), given


def _numbers(series: Any) -> Any:
    if not series.dtype.is_numeric():
        raise DataError(
            f"the score column {series.name!r} does not hold numbers",
            remedy="give a column of probabilities between 0 and 1",
        )
    return series.to_numpy()


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
    screen.result()
    _tell_confusion(screen, summary)


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
