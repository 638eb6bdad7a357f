"""``equipoise resample``: a data file with other numbers of rows per class."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.ending import cleaning_up
from equipoise.cli.given import check_file
from equipoise.cli.once import OnceCommand
from equipoise.cli.options import ClassTarget, DataFile, Seed, need_target
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.errors import UsageError
from equipoise.samplers.methods import METHODS, known_method

if TYPE_CHECKING:
    from equipoise.samplers.files import ResampledFile

__all__ = ["register"]

_NOTHING = 1e-12  # log-odds that are rounding
_REPEATING = ("random-over", "mild-combination")
_AT_RANDOM = (*_REPEATING, "random-under")
# RANDOM_METHODS under another name: to import it takes seconds, which nobody should wait for help.
_ANY_SIZE = (*_AT_RANDOM, "downsample-upweight", "upsample-downweight")
# Arguments of the library that are no parameters of a method, and the options that stand for them.
_OPTIONS = {
    "source": "FILE",
    "out": "--out",
    "target": "--target",
    "method": "--method",
    "weight": "--weight",
    "row_number": "--rows",
}


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"


def _fitting(incomplete: str) -> list[str]:
    return [name for name in METHODS if name.startswith(incomplete)]


Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="NAME",
        autocompletion=_fitting,
        help=f"{_listed(_ANY_SIZE)}, which take files of any size; or "
        f"{_listed(name for name in METHODS if name not in _ANY_SIZE)}. A class of equipoise.samplers is found by its name "
        "too, such as SMOTE.",
        rich_help_panel="Method",
        show_default=False,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=VALUE",
        help="Parameter of the method, such as k_neighbors=3, ratio=4, sampling_strategy=0.5 or "
        "'sampling_strategy={\"spam\": 500}'. Repeatable. Where no number of neighbours is given, it is "
        "that of the class, such as 5, or as many as a smaller class has, which a note then says.",
        rich_help_panel="Method",
    ),
]
Weight = Annotated[
    str | None,
    typer.Option(
        "--weight",
        metavar="NAME",
        help="Name of the column of weights that downsample-upweight and upsample-downweight add; "
        "sample_weight otherwise.",
        rich_help_panel="Output",
    ),
]
Rows = Annotated[
    str | None,
    typer.Option(
        "--rows",
        metavar="NAME",
        help="Add a column with the number of the row of FILE, from 0; empty for rows that were made.",
        rich_help_panel="Output",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="OUT",
        help="Where to write: .parquet, .csv, .tsv, .jsonl, .arrow or .feather.",
        rich_help_panel="Output",
        show_default=False,
    ),
]


@verb()
def resample_table(
    screen: Screen,
    file: DataFile,
    method: Method,
    out: Out,
    target: ClassTarget = None,
    param: Parameters = None,
    weight: Weight = None,
    rows: Rows = None,
    seed: Seed = 0,
) -> None:
    """Repeat, drop or make rows of a data file until its classes have other shares.

    For training elsewhere: the result is training data and nothing to judge a model on. Split first, and
    resample the part to train on: copies and rows made from both parts tell of the other. To find out which
    method helps, give the file as it is to `equipoise compare`, which resamples inside the folds.
    """
    from equipoise.samplers.files import SUFFIXES, resample_file

    check_file(out, SUFFIXES)
    method = known_method(method)  # before the file is read for its columns
    given = _read_parameters(param)
    name = need_target(file, target)
    with cleaning_up():
        done = resample_file(
            file, out, name, method, seed=seed, weight=weight, row_number=rows, **given
        )
    if screen.as_json:
        screen.document(_document(done, str(file), name, seed))
    else:
        _tell(screen, done)
    for label, n in done.before.items():
        if not done.after[label]:
            # What nobody may miss is told even where notes are not wanted.
            screen.err.print(
                f"warning: {done.method} left no row of class {shown(label, 40)!r}, which had {n:,}: "
                f"use another method, or other values of --param",
                style="yellow",
                soft_wrap=True,
            )
    for note in done.notes:
        screen.note(f"note: {shown(note, 300)}")


def _read_parameters(given: Iterable[str] | None) -> dict[str, Any]:
    """Read ``--param NAME=VALUE``: values are JSON, or else text."""
    out: dict[str, Any] = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign or not name.strip() or not value:
            raise UsageError(
                f"--param {one!r} does not say which parameter has which value",
                remedy="write --param NAME=VALUE, such as --param k_neighbors=3",
            )
        if name.strip() in ("random_state", "seed"):
            raise UsageError(f"--param {name.strip()} is the seed", remedy="use --seed N")
        if name.strip() in _OPTIONS:
            raise UsageError(
                f"--param {name.strip()} is no parameter of a method",
                remedy=f"use {_OPTIONS[name.strip()]}",
            )
        try:
            out[name.strip()] = json.loads(value)
        except ValueError:
            out[name.strip()] = value
    return out


def _document(done: ResampledFile, file: str, target: str, seed: int) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "kind": "resampling",
        "file": file,
        "out": str(done.out),
        "target": target,
        "method": done.method,
        "parameters": done.parameters,
        "seed": seed,
        "rows": {"before": sum(done.before.values()), "after": sum(done.after.values())},
        "classes": [
            {
                "label": str(label),
                "before": n,
                "after": done.after[label],
                "prior_offset": _cleared(done.prior_offset[label]),
            }
            for label, n in done.before.items()
        ],
        "weight": done.weight,
        "row_number": done.row_number,
        "notes": list(done.notes),
    }


def _tell(screen: Screen, done: ResampledFile) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("class", no_wrap=True)
    for name in ("before", "after", "share before", "share after"):
        table.add_column(name, justify="right")
    totals = sum(done.before.values()), sum(done.after.values())
    for label, n in done.before.items():
        m = done.after[label]
        shares = f"{n / totals[0]:.2%}", f"{m / totals[1]:.2%}"
        table.add_row(shown(label, 40), f"{n:,}", f"{m:,}", *shares)
    screen.result(table)
    screen.result()
    screen.result(_shift_in_words(done))
    screen.result(str(done.out))
    screen.note(
        "note: to judge a model, use rows that were not resampled, and none that this file holds"
    )


def _shift_in_words(done: ResampledFile) -> str:
    if done.weight is not None:
        return f"prior kept: train with the weights in column {shown(done.weight)!r}"
    offsets = [value for value in done.prior_offset.values() if value is not None]
    if max(map(abs, offsets)) < _NOTHING:
        return "the shares of the classes are as before: nothing to correct"
    labels = [shown(label, 40) for label in done.before]
    if len(offsets) < len(labels):
        return "a class has no rows left: a model trained on this cannot know it"
    at_random = done.method in _AT_RANDOM
    trees = "; trees hardly move when rows are repeated" if done.method in _REPEATING else ""
    if len(labels) == 2:
        rare = min((0, 1), key=lambda c: list(done.before.values())[c])
        shift = offsets[rare] - offsets[1 - rare]
        moved = f"prior moved by {_signed(shift)} in log-odds of {labels[rare]!r}: "
        if not at_random:
            return (
                f"{moved}taking that off the scores of a model\n"
                "corrects the prior only, so calibrate on rows as they were"
            )
        by = f"{'divides' if shift > 0 else 'multiplies'} the odds by {math.exp(abs(shift)):.4g}"
        return (
            f"{moved}scores of a model that estimates probabilities\n"
            f"are to be corrected by {_signed(-shift)}, which {by}{trees}"
        )
    moves = ", ".join(
        f"{label} {_signed(-value)}" for label, value in zip(labels, offsets, strict=True)
    )
    told = (
        f"for a model that estimates probabilities{trees}"
        if at_random
        else "this corrects the prior only, so calibrate on rows as they were"
    )
    return (
        "prior moved: to add to log probabilities before they are made to sum to 1: "
        f"{moves}\n{told}"
    )


def _cleared(value: float | None) -> float | None:
    return 0.0 if value is not None and abs(value) < _NOTHING else value


def _signed(value: float) -> str:
    return "0" if abs(value) < _NOTHING else f"{value:+.4g}"


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("resample", cls=OnceCommand)(resample_table)
