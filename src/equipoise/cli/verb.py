"""What all verbs share: three options, one way to fail, one way to be interrupted."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from equipoise.cli.failures import INTERRUPTED, as_known, tell
from equipoise.cli.given import check_paths
from equipoise.cli.screen import Screen

__all__ = ["verb"]

_PANEL = "Output"
_SHARED = {
    "as_json": Annotated[
        bool,
        typer.Option(
            "--json", metavar="", help="Print one JSON document instead.", rich_help_panel=_PANEL
        ),
    ],
    "quiet": Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            metavar="",
            help="Print results and errors only.",
            rich_help_panel=_PANEL,
        ),
    ],
    "debug": Annotated[
        bool,
        typer.Option(
            "--debug",
            metavar="",
            help="Show tracebacks and warnings of libraries.",
            rich_help_panel=_PANEL,
        ),
    ],
}


def verb(*, resumable: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turn ``function(screen, ...)`` into a verb with the shared options.

    Parameters
    ----------
    resumable : bool, default False
        Whether the same command goes on where it was interrupted.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*, as_json: bool, quiet: bool, debug: bool, **options: Any) -> None:
            screen = Screen(as_json, quiet)

            def call() -> None:
                check_paths(options.values())
                function(screen, **options)

            status = _guarded(call, screen, debug, resumable)
            if status:
                raise typer.Exit(status)

        _declare(run, function)
        return run

    return decorate


def _declare(run: Callable[..., None], function: Callable[..., None]) -> None:
    # typer reads the options off the signature: that of the function, less the screen, plus ours.
    hints = get_type_hints(function, include_extras=True)
    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [one.replace(annotation=hints[one.name]) for one in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in _SHARED.items()
    ]
    # The help keeps line ends as they are: paragraphs are to be broken for the terminal, not for us.
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    run.__doc__ = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    # To the type checker a function has neither attribute; typer reads both.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    del run.__wrapped__  # type: ignore[attr-defined]


def _guarded(call: Callable[[], None], screen: Screen, debug: bool, resumable: bool) -> int:
    try:
        with warnings.catch_warnings():
            # Libraries warn about folds that we judge anyway; what a user has to know, we say.
            warnings.simplefilter("always" if debug else "ignore")
            call()
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, EOFError):
        then = "give the same command again and it goes on where it stopped" if resumable else ""
        screen.err.print(f"interrupted{': ' if then else ''}{then}", soft_wrap=True)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return 1
    except Exception as error:  # noqa: BLE001 - the last stop: whatever happens is told in one message
        if debug:
            traceback.print_exc()
        return tell(as_known(error, debug), screen.as_json)
    return 0


def _drop_stdout() -> None:
    # Whoever read our output has gone; without this the interpreter complains at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
