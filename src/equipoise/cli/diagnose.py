"""``equipoise diagnose``: what the imbalance is, what it does, and what to do about it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.evaluate import Prediction, Scores, note_training_rows
from equipoise.cli.options import (
    Group,
    Positive,
    Roles,
    Seed,
    Separator,
    Target,
    Task,
    TextColumns,
    Time,
    joined,
    need_target,
    parse_roles,
)
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

if TYPE_CHECKING:
    from equipoise.results.diagnosis import Diagnosis

__all__ = ["register"]

_DATA, _WHAT = "Data", "Findings"
_STYLES = {"high": "bold red", "medium": "red", "low": "yellow", "tip": "cyan"}
_GRADES = {"low": 0, "medium": 1, "high": 2}

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="CSV, TSV, Parquet, JSON lines or Arrow file; .gz is fine.",
        show_default=False,
    ),
]
Other = Annotated[
    Path | None,
    typer.Option(
        "--other",
        metavar="FILE",
        help="A second file with the same columns, such as rows to test on, or newer ones.",
        rich_help_panel=_DATA,
    ),
]
Predictions = Annotated[
    Path | None,
    typer.Option(
        "--predictions",
        metavar="FILE",
        help="File with the true labels (in --target) beside predictions, named by --prediction and --score.",
        rich_help_panel=_DATA,
    ),
]
TrainPredictions = Annotated[
    Path | None,
    typer.Option(
        "--train-predictions",
        metavar="FILE",
        help="The same columns for the rows that the model was trained on.",
        rich_help_panel=_DATA,
    ),
]
Run = Annotated[
    Path | None,
    typer.Option(
        "--run",
        metavar="DIR",
        help="Folder of a finished `equipoise compare`: what it measured replaces what to expect.",
        rich_help_panel=_DATA,
    ),
]
ModelDir = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="DIR",
        help="A saved model: what imbalance did to it, on the rows of FILE, which it was not trained on.",
        rich_help_panel=_DATA,
    ),
]
Mute = Annotated[
    list[str] | None,
    typer.Option(
        "--mute",
        metavar="CODES",
        help="Checks to leave out, such as EQ105,EQ107. Repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Explain = Annotated[
    str | None,
    typer.Option(
        "--explain",
        metavar="CODE",
        help="Say what a check looks at, how it judges and what to do, and stop.",
        rich_help_panel=_WHAT,
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="GRADE",
        help="Exit with status 1 if there is an issue (issue), or one at least so grave (low, medium, high).",
        rich_help_panel=_WHAT,
    ),
]
Plots = Annotated[
    Path | None,
    typer.Option(
        "--plots",
        metavar="DIR",
        help="Write the pictures of the findings into this folder, as SVG.",
        rich_help_panel="Output",
    ),
]


@verb()
def diagnose_file(
    screen: Screen,
    file: File = None,
    target: Target = None,
    other: Other = None,
    predictions: Predictions = None,
    train_predictions: TrainPredictions = None,
    prediction: Prediction = None,
    score: Scores = None,
    task: Task = None,
    positive: Positive = None,
    group: Group = None,
    time: Time = None,
    text: TextColumns = None,
    role: Roles = None,
    separator: Separator = None,
    run: Run = None,
    model: ModelDir = None,
    mute: Mute = None,
    explain: Explain = None,
    fail_on: FailOn = None,
    plots: Plots = None,
    seed: Seed = 0,
) -> None:
    """Say what the imbalance of a file is, what it does, and what to do about it.

    With --predictions also what it did to a model. Findings have codes: --explain EQ105 says how one
    is judged, --mute leaves it out.
    """
    if explain is not None:
        _explain(screen, explain)
        return
    if fail_on is not None and fail_on not in ("issue", *_GRADES):
        raise UsageError(
            f"--fail-on {fail_on!r} is unknown", remedy="use issue, low, medium or high"
        )
    if file is None and predictions is None:
        raise UsageError(
            "no file was given",
            remedy="give the data, such as `equipoise diagnose FILE --target COL`, or --predictions FILE",
        )
    if predictions is None and (prediction or score or train_predictions):
        raise UsageError(
            "--prediction, --score and --train-predictions name columns and rows of predictions",
            remedy="add --predictions FILE, which holds them",
        )
    name = need_target(file or predictions or Path(), target)
    muted = [one for one in joined(mute, "").split(",") if one]
    found = None
    if file is not None:
        from equipoise.diagnose.run import diagnose

        found = diagnose(
            file,
            name,
            other=other,
            task=task,
            group=group,
            time=time,
            text=text,
            roles=parse_roles(role),
            positive=positive,
            separator=separator,
            mute=muted,
            run=run,
            seed=seed,
        )
    if model is not None and file is None:
        raise UsageError("--model needs rows to look at", remedy="give FILE and --target")
    if model is not None:
        from equipoise.data.reading import read_table
        from equipoise.diagnose.models import diagnose_model
        from equipoise.diagnose.run import joined as both
        from equipoise.results.loading import load

        assert found is not None
        assert file is not None
        loaded, frame = load(model), read_table(file)
        note_training_rows(screen, loaded, file, len(frame))
        judged = diagnose_model(loaded, frame, name, mute=muted, run=run, seed=seed)
        found = both(found, judged)
    if predictions is not None:
        judged = _judge(
            predictions,
            train_predictions,
            name,
            prediction,
            score,
            positive,
            group,
            muted,
            run,
            seed,
        )
        from equipoise.diagnose.run import joined as both

        found = judged if found is None else both(found, judged)
    assert found is not None
    _tell(screen, found)
    if plots is not None:
        _draw(screen, found, plots)
    _end(found, fail_on)


def _judge(
    file: Path,
    train: Path | None,
    target: str,
    prediction: str | None,
    score: list[str] | None,
    positive: str | None,
    group: str | None,
    mute: list[str],
    run: Path | None,
    seed: int,
) -> Diagnosis:
    from equipoise.data.columns import find_column
    from equipoise.data.reading import read_table
    from equipoise.diagnose.run import diagnose_predictions

    if not prediction and not score:
        raise UsageError(
            "nothing to judge was named in the predictions",
            remedy="add --prediction COL or --score COL",
        )

    frame = read_table(file)
    truth, scores, labels, classes = _read(frame, target, prediction, score)
    found = diagnose_predictions(
        truth,
        scores,
        labels=labels,
        classes=classes,
        positive=positive,
        groups=find_column(frame, group, "group column") if group in frame.columns else None,
        train=None if train is None else _read(read_table(train), target, prediction, score)[:3],
        mute=mute,
        run=run,
        seed=seed,
    )
    found.summary.update(source=file.name, target=target)
    return found


def _read(
    frame: Any, target: str, prediction: str | None, score: list[str] | None
) -> tuple[Any, Any, Any, list[str] | None]:
    from equipoise.cli.evaluate import _scores
    from equipoise.cli.label_columns import label_columns
    from equipoise.data.columns import find_column

    names = label_columns(frame, target)
    if len(names) > 1:
        return *_by_label(frame, target, prediction, score), list(names)
    truth = find_column(frame, target, "target column")
    known = truth.drop_nulls().unique().to_list()
    scores = _scores(frame, score, known) if score else None
    labels = find_column(frame, prediction, "prediction column") if prediction else None
    return truth, scores, labels, None


def _by_label(
    frame: Any, target: str, prediction: str | None, score: list[str] | None
) -> tuple[Any, Any, Any]:
    """Read the columns of several labels a row as matrices, a column for each label."""
    import numpy as np

    from equipoise.cli.judged import by_label

    def side_by_side(columns: dict[str, Any] | None) -> Any:
        if columns is None:
            return None
        return np.column_stack([column.to_numpy() for column in columns.values()])

    truth, given = by_label(frame, target, prediction, score)
    return tuple(map(side_by_side, (truth, given["scores"], given["labels"])))


def _tell(screen: Screen, found: Diagnosis) -> None:
    if screen.as_json:
        screen.document(found.summary)
        return
    width = min(screen.out.width, 100) if screen.out.is_terminal else 100
    for style, line in found.lines(width):
        screen.result(line, style=_STYLES.get(style, style or None))
    if any(one.state == "issue" for one in found):
        first = found.issues[0].code
        screen.note(f"how a finding is judged: equipoise diagnose --explain {first}", style="dim")


def _explain(screen: Screen, name: str) -> None:
    from equipoise.diagnose.registry import find_check

    check = find_check(name)
    if screen.as_json:
        screen.document(
            {
                "schema_version": 1,
                "kind": "check",
                "code": check.code,
                "name": check.name,
                "title": check.title,
                "stage": check.stage,
                "tasks": sorted(check.tasks),
                "explain": check.explain,
            }
        )
        return
    screen.result(f"{check.code} {check.name}: {check.title}", style="bold")
    screen.result(
        f"looks at {'data' if check.stage == 'before' else 'predictions'}; {', '.join(sorted(check.tasks))}"
    )
    screen.result()
    for paragraph in check.explain.split("\n\n"):
        screen.result(" ".join(paragraph.split()))
        screen.result()


def _draw(screen: Screen, found: Diagnosis, folder: Path) -> None:
    from equipoise.files import write_atomically
    from equipoise.report.svg import to_svg

    folder.mkdir(parents=True, exist_ok=True)
    for kind in found.kinds:
        path = folder / f"{kind}.svg"
        drawn = str(to_svg(found.spec(kind), kind)).encode()
        write_atomically(path, partial(_write, drawn))
        screen.note(f"wrote {path}")
    if not found.kinds:
        screen.note("there is nothing to draw of these findings")


def _write(content: bytes, file: Any) -> None:
    file.write(content)


def _end(found: Diagnosis, fail_on: str | None) -> None:
    if fail_on is None:
        return
    least = _GRADES.get(fail_on, 0)
    grave = [one for one in found.issues if _GRADES[str(one.severity)] >= least]
    if grave:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("diagnose")(diagnose_file)
