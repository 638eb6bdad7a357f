"""``equipoise weights``: class weights of a data file, and code that uses them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.classes import Classes, read_classes
from equipoise.cli.options import (
    ClassTarget,
    Cost,
    DataFile,
    DropMissingTarget,
    Positive,
    joined,
    need_target,
)
from equipoise.cli.screen import Screen, shown
from equipoise.cli.verb import verb
from equipoise.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


Schemes = Annotated[
    list[str] | None,
    typer.Option(
        "--scheme",
        "-s",
        metavar="NAMES",
        autocompletion=_schemes,
        help="balanced, ins, isns, ens or median-frequency; all otherwise. Repeatable, or with commas. "
        "The code is for the first.",
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
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="NAME",
        autocompletion=_snippets,
        help="Print nothing but the code for pytorch, bce (one logit, two classes), trainer, sklearn "
        "or lightgbm.",
        rich_help_panel="Output",
    ),
]


@dataclass
class _Column:
    """The weights of one scheme, and by how much they move the classes."""

    scheme: str
    beta: float | None
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def name(self) -> str:
        return self.scheme if self.beta is None else f"{self.scheme} {self.beta:g}"


@verb()
def weigh_classes(
    screen: Screen,
    file: DataFile,
    target: ClassTarget = None,
    positive: Positive = None,
    drop_missing_target: DropMissingTarget = False,
    scheme: Schemes = None,
    beta: Betas = None,
    given: Given = None,
    cost: Cost = None,
    code: Code = None,
) -> None:
    """Weigh the classes of a data file; print code that trains with the weights.

    Weights move the probabilities of a model. By how much is told too, so that they can be put back.
    To find out whether weights help at all, give the file to `equipoise compare`.
    """
    from equipoise.weights.snippets import weight_code

    _check_code(code)
    asked = _asked_schemes(scheme, beta)
    name = need_target(file, target)
    classes = read_classes(screen, file, name, positive, drop_missing_target)
    columns = _columns(classes, asked, given, cost)
    first = columns[0]
    snippets = weight_code(classes.labels, first.weights, positive=classes.positive or 0)
    if code is not None:
        if code not in snippets:
            raise UsageError(
                f"--code {code} is for two classes, and there are {len(classes.labels)}",
                remedy="use --code pytorch",
            )
        snippets = {code: snippets[code]}
    if screen.as_json:
        screen.document(_document(str(file), name, classes, columns, snippets))
    elif code is not None:
        sys.stdout.write(snippets[code] + "\n")
    else:
        _tell(screen, classes, columns, snippets)


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


def _columns(
    classes: Classes,
    asked: Iterable[tuple[str, float | None]],
    given: str | None,
    cost: str | None,
) -> list[_Column]:
    """Return the weights, first those that the code is for."""
    import numpy as np

    from equipoise.decisions import parse_cost
    from equipoise.weights import count_weights, parse_given, weight_offset
    from equipoise.weights.given import cost_weights, given_weights

    if given is not None and cost is not None:
        raise UsageError("--given and --cost both say the weights", remedy="leave one out")
    found: list[tuple[str, float | None, NDArray[np.float64]]] = []
    if given is not None:
        found.append(("given", None, given_weights(parse_given(given), classes.labels)))
    if cost is not None:
        # Costs such as fn=10,fp=1 are read with the positive class last.
        order = list(range(len(classes.labels)))
        if classes.positive == 0:
            order.reverse()
        names = [str(classes.labels[one]) for one in order]
        matrix = parse_cost(cost, names, "multiclass" if classes.positive is None else "binary")
        back = np.ix_(order, order)  # a reversal is its own inverse
        found.append(
            ("cost", None, cost_weights(matrix[back], classes.labels, np.array(classes.counts)))
        )
    found += [
        (name, beta, count_weights(classes.counts, name, beta=0.999 if beta is None else beta))
        for name, beta in asked
    ]
    return [_Column(name, beta, w, weight_offset(w)) for name, beta, w in found]


def _document(
    file: str,
    target: str,
    classes: Classes,
    columns: Iterable[_Column],
    snippets: dict[str, str],
) -> dict[str, Any]:
    columns = list(columns)
    rows = sum(classes.counts)
    positive = None if classes.positive is None else str(classes.labels[classes.positive])
    return {
        "schema_version": 1,
        "kind": "weights",
        "file": file,
        "target": target,
        "rows": rows,
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
    screen: Screen, classes: Classes, columns: list[_Column], snippets: dict[str, str]
) -> None:
    from rich.table import Table

    from equipoise.weights.snippets import SNIPPETS

    # Of a terminal's 80 columns none is to spare; a program reads one line of names more easily.
    narrow = screen.out.is_terminal
    padding = (0, 1 if narrow else 2, 0, 0)
    table = Table(box=None, pad_edge=False, padding=padding, header_style="bold")
    table.add_column("class", no_wrap=not narrow, overflow="fold")
    of_first = f"offset of {columns[0].name}"
    for name in ("rows", "share", *(one.name for one in columns), of_first):
        short = name.replace("-", "-\n").replace("f ", "f\n").replace("s ", "s\n")
        table.add_column(short if narrow else name, justify="right", no_wrap=True)
    rows = sum(classes.counts)
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


def _shift_in_words(classes: Classes, column: _Column) -> str:
    if max(map(abs, column.offset)) < _NOTHING:
        return f"{column.name} weighs all classes alike: nothing to correct"
    caveat = "exact for a model that estimates probabilities; trees move less"
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
