"""``equipoise predict``: a saved model on new rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.cli.options import DataFile
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

__all__ = ["predict_rows", "register"]

_SHOWN = 5  # columns with values never seen that are named

ModelFolder = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="Folder of a model: RUN/model, or that of `equipoise train -o`.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="OUT",
        help="Where to write: .csv, .tsv, .parquet or .jsonl; CSV to stdout otherwise.",
        rich_help_panel="Output",
    ),
]
Only = Annotated[
    bool,
    typer.Option(
        "--only",
        metavar="",
        help="Write the predictions alone, without the columns of FILE.",
        rich_help_panel="Output",
    ),
]


@dataclass
class Predicted:
    """What a model says of new rows.

    Attributes
    ----------
    columns : dict
        Column name to values, one for each row.
    rows : iterator of dict
        The same, row by row, as plain data; made when they are asked for.
    note : str
        How the model decides, in words.
    """

    columns: dict[str, Any]
    rows: Iterator[dict[str, Any]]
    note: str


def predict_rows(model: Any, frame: Any) -> Predicted:
    """Predict new rows in the form of the model's task."""
    of_task = {"multilabel": _labels, "regression": _numbers}.get(str(model.about.get("task")))
    return (of_task or _classes)(model, frame)


def _classes(model: Any, frame: Any) -> Predicted:
    import numpy as np

    log_proba = model.log_proba(frame)
    said, probabilities = model.labels(log_proba), np.exp(log_proba)
    columns: dict[str, Any] = {"prediction": said}
    for code, label in enumerate(model.classes):
        columns[f"probability_{label}"] = probabilities[:, code]
    labels = [str(label) for label in model.classes]
    rows = (
        {"prediction": str(label), "probability": dict(zip(labels, p.tolist(), strict=True))}
        for label, p in zip(said, probabilities, strict=True)
    )
    threshold, bias = model.threshold(), model.decision.bias
    where = ""
    if threshold is not None:
        where = f"{shown(model.classes[1])!r} from a probability of {threshold:.3g}"
    moved = bias is not None and np.ptp(bias) > 1e-3
    return Predicted(columns, rows, _decided(model.decision.name, where, moved))


def _labels(model: Any, frame: Any) -> Predicted:
    from scipy.special import expit

    log_odds = model.log_odds(frame)
    said, probabilities = model.labels(log_odds), expit(log_odds)
    labels = [str(label) for label in model.classes]
    # A file of known rows has columns of the labels' own names.
    columns = {f"prediction_{label}": said[:, code] for code, label in enumerate(labels)}
    columns |= {f"probability_{label}": probabilities[:, code] for code, label in enumerate(labels)}
    rows = (
        {
            "prediction": [label for label, yes in zip(labels, row, strict=True) if yes],
            "probability": dict(zip(labels, p.tolist(), strict=True)),
        }
        for row, p in zip(said, probabilities, strict=True)
    )
    cuts = model.thresholds()
    low, high = (f"{cut:.3g}" for cut in (cuts.min(), cuts.max()))
    where = f"from a probability of {low}" if low == high else f"from {low} to {high}"
    each = "" if low == high else ", each label its own"
    moved = (low, high) != ("0.5", "0.5")
    note = _decided(model.decision.name, f"labels {where}{each}", moved)
    return Predicted(columns, rows, note)


def _decided(name: str, where: str, moved: bool) -> str:
    """Say how a model decides; of an argmax of other scores than the probabilities say which."""
    if name != "argmax" or not moved:
        return f"decision {name}: {where}" if where else f"decision {name}"
    # The probabilities were put back to the prior, and levelled on rows left out of training.
    what = "argmax of the scores as trained; for the probabilities given here that means"
    return f"decision {what}: {where or 'not always the largest'}"


def _numbers(model: Any, frame: Any) -> Predicted:
    predicted, upper = model.predict(frame), model.predict_upper(frame)
    columns = {"predicted": predicted, "upper_95": upper}
    rows = (
        {"predicted": float(point), "upper_95": float(top)}
        for point, top in zip(predicted, upper, strict=True)
    )
    note = f"decision {model.decision.name}; 95 of 100 such rows stay at or below upper_95"
    return Predicted(columns, rows, note)


@verb()
def predict_file(
    screen: Screen, model: ModelFolder, file: DataFile, out: Out = None, only: Only = False
) -> None:
    """Predict new rows: the class with probabilities, the labels with theirs, or the number.

    Adds to the columns of FILE: prediction and probability_LABEL for classes; prediction_LABEL (0 or 1) and
    probability_LABEL for several labels a row; predicted and upper_95, which 95 of 100 such rows stay at or
    below, for numbers. The prediction follows the model's decision, so it need not be the most probable class:
    argmax is that of the scores as trained, while the probabilities given are levelled on rows left out of
    training. See `equipoise strategies` for the ways of deciding.
    """
    from equipoise.cli.tables import check_place, write_table
    from equipoise.data.reading import read_table
    from equipoise.frames import build_frame
    from equipoise.results.loading import load

    if out is not None:
        check_place(out)  # before the work, not after it
    loaded = load(model)
    frame = read_table(file)
    predicted = predict_rows(loaded, frame)
    _note_unseen(screen, loaded.schema.find_unseen(frame))
    screen.note(predicted.note)
    added = build_frame(predicted.columns)
    if only:
        frame = added
    else:
        taken = [name for name in predicted.columns if name in frame.columns]
        if taken:
            raise UsageError(
                f"{str(file)!r} has a column {taken[0]!r} already",
                remedy="rename it, or write the predictions alone with --only",
            )
        frame = frame.with_columns(*(added[name] for name in added.columns))
    if screen.as_json and out is None:
        screen.document(_document(loaded, predicted))
        return
    write_table(frame, out)
    if screen.as_json:
        about = {"schema_version": 1, "kind": "prediction", "file": str(out), "rows": len(frame)}
        screen.document(about)
    elif out is not None:
        screen.note(f"{len(frame):,} rows predicted")
        screen.result(str(out))


def _note_unseen(screen: Screen, unseen: dict[str, tuple[int, str]]) -> None:
    for name, (rows, example) in list(unseen.items())[:_SHOWN]:
        count = "1 row" if rows == 1 else f"{rows:,} rows"
        screen.note(
            f"note: column {shown(name)!r}: {count} with a value not seen in training, such as "
            f"{shown(example)!r}",
            style="yellow",
        )
    if len(unseen) > _SHOWN:
        screen.note(f"note: so have {len(unseen) - _SHOWN} more columns", style="yellow")


def _document(model: Any, predicted: Predicted) -> dict[str, Any]:
    out: dict[str, Any] = {"schema_version": 1, "kind": "prediction"}
    task = str(model.about.get("task"))
    if task in ("multilabel", "regression"):
        out["task"] = task
    if task != "regression":
        out["classes"] = [str(label) for label in model.classes]
    return {**out, "rows": list(predicted.rows)}


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("predict")(predict_file)
