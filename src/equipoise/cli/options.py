"""Options that several verbs have, each written once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli import completion
from equipoise.data.seeds import check_seed
from equipoise.errors import UsageError

__all__ = [
    "ClassTarget",
    "Cost",
    "DataFile",
    "DropMissingTarget",
    "DropRareClasses",
    "Focus",
    "Folds",
    "Group",
    "Jobs",
    "Metric",
    "Positive",
    "Roles",
    "Seed",
    "Separator",
    "Target",
    "Task",
    "TextColumns",
    "Time",
    "joined",
    "need_target",
    "parse_roles",
]

_DATA = "Data"
_TRIAL = "Trial"


def _usable_seed(seed: int) -> int:
    check_seed(seed)
    return seed


def _usable_jobs(jobs: int | None) -> int | None:
    if jobs is not None and jobs < 1:
        raise UsageError(
            f"--jobs {jobs} cannot be used",
            remedy="give 1 or more, or leave it out to use all cores",
        )
    return jobs


DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV, TSV, Parquet, JSON lines or Arrow file; .gz is fine.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="COL",
        help="Column to predict; several labels as a,b,c or 'label_*'. Required.",
        rich_help_panel=_DATA,
    ),
]
ClassTarget = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="COL",
        help="Column of the classes. Required.",
        rich_help_panel=_DATA,
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        "--separator",
        metavar="TEXT",
        help="What stands between the labels of a row where one column holds them all; one of | ; , otherwise.",
        rich_help_panel=_DATA,
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="binary, multiclass, multilabel or regression; found from the target otherwise.",
        rich_help_panel=_DATA,
    ),
]
Positive = Annotated[
    str | None,
    typer.Option(
        "--positive",
        metavar="LABEL",
        help="Positive class of a binary task; the rarer one otherwise.",
        rich_help_panel=_DATA,
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="COL=ROLE",
        help="Correct the role of a column: number, category, text, date or ignored. Repeatable.",
        rich_help_panel=_DATA,
    ),
]
TextColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--text", metavar="COL", help="Read a column as text. Repeatable.", rich_help_panel=_DATA
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="COL",
        help="Rows with the same value stay on one side of every split.",
        rich_help_panel=_DATA,
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        "--time",
        metavar="COL",
        help="Train on the past and test on the future by this column.",
        rich_help_panel=_DATA,
    ),
]
DropMissingTarget = Annotated[
    bool,
    typer.Option(
        "--drop-missing-target",
        metavar="",
        help="Leave out rows without a target.",
        rich_help_panel=_DATA,
    ),
]
DropRareClasses = Annotated[
    bool,
    typer.Option(
        "--drop-rare-classes",
        metavar="",
        help="Leave out classes of a single row.",
        rich_help_panel=_DATA,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        "-m",
        metavar="METRIC",
        autocompletion=completion.metrics,
        help="What counts, such as average_precision, f1_macro, fbeta:2, mcc, recall_at_precision:0.9, "
        "expected_cost; of numbers rmse, mae, mae_top:5, pinball:0.9.",
        rich_help_panel=_TRIAL,
    ),
]
Cost = Annotated[
    str | None,
    typer.Option(
        "--cost",
        metavar="COSTS",
        help="What errors cost: fn=10,fp=1, or a CSV file with true classes as rows and predicted "
        "ones as columns.",
        rich_help_panel=_TRIAL,
    ),
]
Focus = Annotated[
    str | None,
    typer.Option(
        "--focus",
        metavar="PART",
        help="What part of a numeric target matters, such as top5% or bottom10%: errors there are "
        "compared, and rows there are what samplers treat as rare.",
        rich_help_panel=_TRIAL,
    ),
]
Folds = Annotated[
    int, typer.Option("--folds", metavar="N", help="Number of folds.", rich_help_panel=_TRIAL)
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="N",
        callback=_usable_seed,
        help="Same input, seed and version: same numbers.",
        rich_help_panel=_TRIAL,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        callback=_usable_jobs,
        help="Work on so many trainings at once; all cores otherwise.",
        rich_help_panel=_TRIAL,
    ),
]


def need_target(file: Path, target: str | None) -> str:
    """Return the target, or say which columns there are to choose from."""
    if target and target.strip(", "):
        return target
    from equipoise.cli.screen import shown
    from equipoise.data.reading import read_table

    columns = [shown(name, 30) for name in read_table(file).columns]
    more = f" and {len(columns) - 12} more" if len(columns) > 12 else ""
    raise UsageError(
        "no target column was given",
        remedy=f"add --target COL; the columns are {', '.join(columns[:12])}{more}",
    )


def joined(values: Iterable[str] | None, otherwise: str) -> str:
    """Return the values of a repeatable option, which may each hold several, as one list with commas."""
    return ",".join(values or ()) or otherwise


def parse_roles(given: Iterable[str] | None) -> dict[str, str] | None:
    """Read ``--role COL=ROLE``; a column's name may itself hold an equals sign."""
    roles: dict[str, str] = {}
    for one in given or ():
        name, _, role = one.rpartition("=")
        if not name or not role:
            raise UsageError(
                f"--role {one!r} does not say which column has which role",
                remedy="write --role COL=ROLE, such as --role zip=category",
            )
        roles[name] = role
    return roles or None
