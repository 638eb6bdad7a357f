"""``equipoise report``: the report of a run, made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.given import check_file
from equipoise.cli.screen import Screen
from equipoise.cli.verb import verb

__all__ = ["register"]

Run = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="Folder that `equipoise compare` wrote.", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="HTML",
        help="Where to write it, a name that ends in .html; RUN/report.html otherwise.",
        rich_help_panel="Output",
    ),
]


@verb()
def rebuild_report(screen: Screen, run: Run, out: Out = None) -> None:
    """Rebuild the report of a run from its result."""
    from equipoise.results.comparison import Comparison

    if out is not None:
        check_file(out, (".html", ".htm"))
    result = Comparison.read(run)
    path = result.report(out or (result.run_dir or run) / "report.html")
    if screen.as_json:
        screen.document({"schema_version": 1, "kind": "report", "file": str(path)})
    else:
        screen.result(str(path))


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("report")(rebuild_report)
