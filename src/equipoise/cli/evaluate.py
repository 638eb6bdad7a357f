"""``equipoise evaluate``: predictions from anywhere, judged with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.options import (
    Cost,
    DataFile,
    Positive,
    Seed,
    Separator,
    Target,
    Task,
    need_target,
)
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

if TYPE_CHECKING:
    from equipoise.results.model import Model

__all__ = ["Prediction", "Scores", "note_training_rows", "register"]

_OTHER = ("multilabel", "regression")

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
AnyPrediction = Annotated[
    str | None,
    typer.Option(
        "--prediction",
        "-p",
        metavar="COL",
        help="Column of predicted labels or numbers; with --score alone, the most probable class. Of several "
        "labels a row 'said_*', where the star stands for the label, or columns a,b,c, of 0 and 1.",
        rich_help_panel="Data",
    ),
]
AnyScores = Annotated[
    list[str] | None,
    typer.Option(
        "--score",
        metavar="COL",
        help="Column with the probability of the positive class; or one for each class or label, named after "
        "it (probability_LABEL) or given as LABEL=COL; of several labels a row also 'probability_*'. Repeatable.",
        rich_help_panel="Data",
    ),
]
Upper = Annotated[
    str | None,
    typer.Option(
        "--upper",
        metavar="COL",
        help="Column of predicted 95th percentiles, beside predicted numbers.",
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
    separator: Separator = None,
    task: Task = None,
    prediction: AnyPrediction = None,
    score: AnyScores = None,
    upper: Upper = None,
    model: ModelFolder = None,
    positive: Positive = None,
    group: Group = None,
    cost: Cost = None,
    seed: Seed = 0,
) -> None:
    """Judge the predictions in a file, made by any tool, with 95 % intervals.

    FILE holds the true labels beside predicted ones, probabilities, or both; or numbers beside predicted
    ones. Several labels a row stand in a column each, named as --target 'y_*' or a,b,c. With --model the
    predictions are made here.
    """
    from equipoise.cli.evaluated import tell_evaluation
    from equipoise.cli.judged import by_label, by_label_of_model, by_number, by_number_of_model
    from equipoise.data.columns import find_column
    from equipoise.data.reading import read_table
    from equipoise.results.evaluation import evaluate
    from equipoise.results.loading import load

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
    if loaded is not None:
        note_training_rows(screen, loaded, file, len(frame))
    kind = _kind(frame, name, task, loaded, prediction)
    if separator is not None and (kind != "multilabel" or loaded is None):
        raise UsageError(
            "--separator parts the labels that a model of several labels a row is judged on",
            remedy="leave it out, or add --model DIR",
        )
    truth: Any = None
    if kind == "multilabel":
        if loaded is not None:
            truth, given = by_label_of_model(loaded, frame, name, separator)
        else:
            truth, given = by_label(frame, name, prediction, score)
        given |= {"positive": positive, "task": kind}
    elif kind == "regression":
        truth = find_column(frame, name, "target column")
        if loaded is not None:
            given = by_number_of_model(loaded, frame)
        else:
            given = by_number(frame, prediction, score, upper)
        given |= {"positive": positive, "task": kind}
    elif loaded is not None:
        truth = find_column(frame, name, "target column")
        given = _by_model(loaded, frame, positive)
    else:
        truth = find_column(frame, name, "target column")
        given = {
            "upper": find_column(frame, upper, "upper column") if upper else None,
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
        tell_evaluation(screen, result.summary, promised)


def note_training_rows(screen: Screen, model: Model, file: Path, rows: int) -> None:
    """Say so where a file to judge a model on may be the one that it was trained on."""
    if model.about.get("rows") == rows:
        screen.note(
            f"note: {file} has as many rows as the model was trained on; if they are the same, these "
            "scores say nothing about new rows",
            style="yellow",
        )


def _kind(
    frame: Any, target: str, task: str | None, model: Model | None, prediction: str | None
) -> str:
    """Find the task: that of the model, what was said, or what the columns of the truth look like."""
    from equipoise.cli.label_columns import label_columns
    from equipoise.data.tasks import check_task, detect_task

    own = None if model is None else str(model.about.get("task"))
    if task is not None:
        check_task(task)
        if own is not None and (own in _OTHER or task in _OTHER) and task != own:
            raise UsageError(
                f"--task {task} was given, and the model's task is {own}", remedy="leave --task out"
            )
        return task
    if own is not None:
        return own
    columns = list(label_columns(frame, target).values())
    if len(columns) > 1:
        return "multilabel"
    truth = frame[columns[0]].drop_nulls()
    # Numbers that measure something are no classes, and have predictions rather than scores.
    if prediction is not None and truth.dtype.is_numeric():
        return detect_task(truth.to_list()) if len(truth) else "binary"
    return "binary"


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


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("evaluate")(evaluate_file)
