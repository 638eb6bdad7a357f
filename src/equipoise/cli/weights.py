"""``equipoise weights``: weights of the classes or labels of a data file, and code that uses them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from equipoise.cli.classes import Classes, read_classes
from equipoise.cli.options import (
    DataFile,
    DropMissingTarget,
    Positive,
    Target,
    joined,
    need_target,
)
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.cli.weighing import WeightColumn, weigh
from equipoise.errors import UsageError

__all__ = ["register"]

_PANEL = "Weights"
_NOTHING = 1e-12  # log-odds that are rounding


def _schemes(incomplete: str) -> list[str]:
    from equipoise.weights import SCHEMES

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in SCHEMES if name.startswith(last)]


def _snippets(incomplete: str) -> list[str]:
    from equipoise.weights.snippets import SNIPPETS

    return [name for name in SNIPPETS if name.startswith(incomplete)]


Separator = Annotated[
    str | None,
    typer.Option(
        "--separator",
        metavar="TEXT",
        help="What stands between the labels of a row where one column of texts holds them all.",
        rich_help_panel="Data",
    ),
]
Schemes = Annotated[
    list[str] | None,
    typer.Option(
        "--scheme",
        "-s",
        metavar="NAMES",
        autocompletion=_schemes,
        help="balanced, ins, isns, ens or median-frequency; all otherwise. Repeatable, or with commas. "
        "The code is for the first, unless --given or --cost is there.",
        rich_help_panel=_PANEL,
    ),
]
Betas = Annotated[
    list[float] | None,
    typer.Option(
        "--beta",
        metavar="BETA",
        help="How far ens goes from no weights (0) to ins (near 1); 0.999 otherwise. Repeatable.",
        rich_help_panel=_PANEL,
    ),
]
Given = Annotated[
    str | None,
    typer.Option(
        "--given",
        metavar="WEIGHTS",
        help="Weights by hand, such as ham=0.576,spam=10; the code is for them.",
        rich_help_panel=_PANEL,
    ),
]
Cost = Annotated[
    str | None,
    typer.Option(
        "--cost",
        metavar="COSTS",
        help="Weights by what errors cost: fn=10,fp=1, or a CSV file with true classes as rows and "
        "predicted ones as columns; the code is for them.",
        rich_help_panel=_PANEL,
    ),
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="NAME",
        autocompletion=_snippets,
        help="Print nothing but the code for pytorch, bce (one logit, two classes), trainer, sklearn "
        "or lightgbm; of several labels pytorch or trainer.",
        rich_help_panel="Output",
    ),
]


@verb()
def weigh_classes(
    screen: Screen,
    file: DataFile,
    target: Target = None,
    separator: Separator = None,
    positive: Positive = None,
    drop_missing_target: DropMissingTarget = False,
    scheme: Schemes = None,
    beta: Betas = None,
    given: Given = None,
    cost: Cost = None,
    code: Code = None,
) -> None:
    """Weigh the classes of a data file, or the positives of its labels; print code that trains with the weights.

    Weights move the probabilities of a model. By how much is told too, so that they can be put back.
    To find out whether weights help at all, give the file to `equipoise compare`.
    """
    _check_code(code)
    asked = _asked_schemes(scheme, beta)
    name = need_target(file, target)
    classes = read_classes(screen, file, name, positive, drop_missing_target, separator)
    if classes.several and not scheme:
        # The others say the same of one label and its absence as balanced does.
        asked = [one for one in asked if one[0] not in ("ins", "median-frequency")]
    columns = weigh(classes, asked, given, cost)
    snippets = _snippets_of(classes, columns[0])
    if code is not None:
        if code not in snippets:
            what = "one class a row" if classes.several else "two classes"
            raise UsageError(
                f"--code {code} is for {what}, and there are {len(classes.labels)}"
                + (" labels, of which a row may have several" if classes.several else ""),
                remedy=f"use --code {' or '.join(snippets) if classes.several else 'pytorch'}",
            )
        snippets = {code: snippets[code]}
    if screen.as_json:
        screen.document(_document(str(file), name, classes, columns, snippets))
    elif code is not None:
        sys.stdout.write(snippets[code] + "\n")
    else:
        _tell(screen, classes, columns, snippets)


def _snippets_of(classes: Classes, column: WeightColumn) -> dict[str, str]:
    from equipoise.weights.snippets import label_weight_code, weight_code

    if classes.several:
        return label_weight_code(classes.labels, column.weights)
    return weight_code(
        classes.labels, column.weights, positive=classes.positive or 0, counts=classes.counts
    )


def _check_code(code: str | None) -> None:
    from equipoise.data.labels import nearest
    from equipoise.weights.snippets import SNIPPETS

    if code is not None and code not in SNIPPETS:
        near = nearest(code, list(SNIPPETS))
        raise UsageError(
            f"there is no code for {code!r}",
            remedy=f"{f'did you mean {near!r}? ' if near else ''}use {', '.join(SNIPPETS)}",
        )


def _asked_schemes(
    scheme: Iterable[str] | None, beta: Iterable[float] | None
) -> list[tuple[str, float | None]]:
    """Return name and beta of each scheme, checked before any file is read."""
    from equipoise.data.labels import nearest
    from equipoise.weights import SCHEMES, count_weights

    names = [one.strip() for one in joined(scheme, ",".join(SCHEMES)).split(",") if one.strip()]
    for name in names:
        if name not in SCHEMES:
            near = nearest(name, SCHEMES)
            raise UsageError(
                f"there is no weighting scheme {name!r}",
                remedy=f"{f'did you mean {near!r}? ' if near else ''}use {', '.join(SCHEMES)}, or "
                "--given label=weight,label=weight",
            )
    if beta and "ens" not in names:
        raise UsageError(
            "--beta is for the scheme ens, which was not asked for",
            remedy="add --scheme ens, or leave --beta out",
        )
    out: dict[tuple[str, float | None], None] = {}
    for name in names:
        for one in list(beta or [0.999]) if name == "ens" else [None]:
            if one is not None:
                count_weights([1], name, beta=one)
            out[name, one] = None
    if not out:
        raise UsageError("--scheme names no scheme", remedy=f"use {', '.join(SCHEMES)}")
    return list(out)


def _document(
    file: str,
    target: str,
    classes: Classes,
    columns: Iterable[WeightColumn],
    snippets: dict[str, str],
) -> dict[str, Any]:
    columns = list(columns)
    rows = classes.total
    task = "multilabel" if classes.several else "multiclass"
    positive = None if classes.positive is None else str(classes.labels[classes.positive])
    return {
        "schema_version": 1,
        "kind": "weights",
        "file": file,
        "target": target,
        "rows": rows,
        "task": task if classes.positive is None else "binary",
        "positive": positive,
        "classes": [
            {"label": str(label), "rows": n, "share": n / rows}
            for label, n in zip(classes.labels, classes.counts, strict=True)
        ],
        "weights": [
            {
                "scheme": one.scheme,
                "beta": one.beta,
                "weights": one.weights.tolist(),
                "prior_offset": one.offset.tolist(),
            }
            for one in columns
        ],
        "code": {"scheme": columns[0].name, "snippets": snippets},
    }


def _tell(
    screen: Screen, classes: Classes, columns: list[WeightColumn], snippets: dict[str, str]
) -> None:
    from rich.table import Table

    from equipoise.weights.snippets import SNIPPETS

    # Of a terminal's 80 columns none is to spare; a program reads one line of names more easily.
    narrow = screen.out.is_terminal
    padding = (0, 1 if narrow else 2, 0, 0)
    table = Table(box=None, pad_edge=False, padding=padding, header_style="bold")
    table.add_column("label" if classes.several else "class", no_wrap=not narrow, overflow="fold")
    of_first = f"offset of {columns[0].name}"
    for name in ("rows", "share", *(one.name for one in columns), of_first):
        short = name.replace("-", "-\n").replace("f ", "f\n").replace("s ", "s\n")
        table.add_column(short if narrow else name, justify="right", no_wrap=True)
    rows = classes.total
    for code, (label, n) in enumerate(zip(classes.labels, classes.counts, strict=True)):
        weights = [f"{one.weights[code]:.4g}" for one in columns]
        offset = _signed(columns[0].offset[code])
        table.add_row(shown(label, 40), f"{n:,}", f"{n / rows:.2%}", *weights, offset)
    screen.result(table)
    screen.result()
    screen.result(_shift_in_words(classes, columns[0]))
    for name, text in snippets.items():
        screen.result()
        screen.result(f"# {SNIPPETS[name]}, weights {columns[0].name}", style="bold")
        # Not through the console, which breaks long lines on a terminal.
        sys.stdout.write(text + "\n")
    screen.note()
    screen.note("note: weigh the rows to train on: split the file first, and give that part")


def _shift_in_words(classes: Classes, column: WeightColumn) -> str:
    if max(map(abs, column.offset)) < _NOTHING:
        return f"{column.name} weighs all classes alike: nothing to correct"
    caveat = "exact for a model that estimates probabilities; not for trees, which move less"
    if classes.several:
        return (
            f"{column.name} weighs the positives of each label, and moves it by the offset: to put it back,\n"
            f"subtract it from the logits\n({caveat})"
        )
    if classes.positive is None:
        return (
            f"{column.name} moves the prior by the offset: to put it back, subtract it from the\n"
            f"logits or log probabilities\n({caveat})"
        )
    shift = column.offset[classes.positive] - column.offset[1 - classes.positive]
    by = f"{'divides' if shift > 0 else 'multiplies'} the odds by {math.exp(abs(shift)):.4g}"
    label = shown(classes.labels[classes.positive], 40)
    return (
        f"{column.name} moves the prior by {_signed(shift)} in log-odds of {label!r}: to put it back,\n"
        f"correct the scores by {_signed(-shift)}, which {by}\n({caveat})"
    )


def _signed(value: float) -> str:
    return "0" if abs(value) < _NOTHING else f"{value:+.4g}"


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("weights")(weigh_classes)
