"""All verbs together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from equipoise import __version__
from equipoise.cli import (
    compare,
    demo,
    diagnose,
    evaluate,
    predict,
    report,
    resample,
    strategies,
    train,
    weights,
)
from equipoise.cli.failures import tell, tell_usage_error
from equipoise.cli.given import check_arguments
from equipoise.cli.screen import check_streams
from equipoise.errors import EquipoiseError

__all__ = ["app", "run"]

app = typer.Typer(
    name="equipoise",
    help="Try the treatments for class imbalance on your own data, honestly, and say which to use.",
    epilog="Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 wrong "
    "usage, 130 interrupted.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (
    compare,
    diagnose,
    train,
    predict,
    evaluate,
    resample,
    weights,
    strategies,
    report,
    demo,
):
    module.register(app)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"equipoise {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        help_text = context.get_help()
        if help_text:  # typer prints the styled help itself and returns nothing
            typer.echo(help_text)
        raise typer.Exit(2)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ``argv`` and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        check_streams()
        check_arguments(arguments)
        status = app(args=arguments, prog_name="equipoise", standalone_mode=False)
    except EquipoiseError as error:
        return tell(error, as_json="--json" in arguments)
    except Exception as error:
        # Errors in the arguments; whatever a verb raises is dealt with in `verb`.
        if not hasattr(error, "format_message"):
            raise
        return tell_usage_error(error, as_json="--json" in arguments)
    return status if isinstance(status, int) else 0
