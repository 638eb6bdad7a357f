"""``equipoise predict``: a saved model on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.options import DataFile
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

if TYPE_CHECKING:
    from equipoise.results.model import Model

__all__ = ["predicted_columns", "register"]

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


def predicted_columns(model: Any, log_proba: Any) -> dict[str, Any]:
    """Return the label and the probability of each class as columns."""
    import numpy as np

    columns: dict[str, Any] = {"prediction": model.labels(log_proba)}
    probabilities = np.exp(log_proba)
    for code, label in enumerate(model.classes):
        columns[f"probability_{label}"] = probabilities[:, code]
    return columns


@verb()
def predict_file(
    screen: Screen, model: ModelFolder, file: DataFile, out: Out = None, only: Only = False
) -> None:
    """Predict the class of new rows, with the probability of each class.

    Adds the columns prediction and probability_LABEL to those of FILE. The prediction follows the
    model's decision, so it need not be the most probable class; see `equipoise strategies` for the
    ways of deciding.
    """
    from equipoise.cli.tables import check_place, write_table
    from equipoise.data.reading import read_table
    from equipoise.frames import build_frame
    from equipoise.results.model import load

    if out is not None:
        check_place(out)  # before the work, not after it
    loaded = load(model)
    frame = read_table(file)
    columns = predicted_columns(loaded, loaded.log_proba(frame))
    _note_unseen(screen, loaded.schema.find_unseen(frame))
    _note_decision(screen, loaded)
    added = build_frame(columns)
    if only:
        frame = added
    else:
        taken = [name for name in columns if name in frame.columns]
        if taken:
            raise UsageError(
                f"{str(file)!r} has a column {taken[0]!r} already",
                remedy="rename it, or write the predictions alone with --only",
            )
        frame = frame.with_columns(*(added[name] for name in added.columns))
    if screen.as_json and out is None:
        screen.document(_document(loaded, columns))
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


def _note_decision(screen: Screen, model: Model) -> None:
    words = f"decision {model.decision.name}"
    threshold = model.threshold()
    if threshold is not None:
        words += f": {shown(model.classes[1])!r} from a probability of {threshold:.3g}"
    screen.note(words)


def _document(model: Any, columns: dict[str, Any]) -> dict[str, Any]:
    labels = [str(label) for label in model.classes]
    probabilities = [columns[f"probability_{label}"] for label in model.classes]
    return {
        "schema_version": 1,
        "kind": "prediction",
        "classes": labels,
        "rows": [
            {
                "prediction": str(label),
                "probability": dict(zip(labels, map(float, row), strict=True)),
            }
            for label, row in zip(
                columns["prediction"], zip(*probabilities, strict=True), strict=True
            )
        ],
    }


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("predict")(predict_file)
