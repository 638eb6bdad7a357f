"""Where a verb writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from equipoise.errors import StorageError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["Screen", "check_streams", "shown"]

_PIPED_WIDTH = 200  # wide enough for every column of a leaderboard


def shown(value: object, longest: int = 60) -> str:
    r"""Return a value from the data as one line that is safe to print on a terminal.

    Examples
    --------
    >>> from equipoise.cli.screen import shown
    >>> shown("spam\x1b[2J"), shown("x" * 70, 5), shown("")
    ('spam [2J', 'xxxx…', "''")
    """
    text = "".join(c if c.isprintable() else " " for c in str(value)[: 4 * longest])
    text = " ".join(text.split()) or "''"
    return text if len(text) <= longest else text[: longest - 1] + "…"


def check_streams() -> None:
    """Do without a closed stderr, and refuse a closed stdout, whose number a data file would take.

    Raises
    ------
    StorageError
    """
    closed: TextIO | None = None  # which the types of both streams leave out
    if sys.stderr is closed:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the whole process
    if sys.stdout is closed:
        raise StorageError(
            "stdout is closed, and results go there",
            remedy="to leave them out, send them to /dev/null",
        )


class Screen:
    """The two streams of a verb, and what the user asked of them.

    Parameters
    ----------
    as_json : bool
        Results are one JSON document.
    quiet : bool
        Nothing but results and errors.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._consoles: dict[str, Console] = {}

    @property
    def out(self) -> Console:
        """Console on stdout."""
        return self._console("out", sys.stdout)

    @property
    def err(self) -> Console:
        """Console on stderr."""
        return self._console("err", sys.stderr)

    def _console(self, name: str, stream: TextIO) -> Console:
        if name not in self._consoles:
            from rich.console import Console

            # Labels and file names are data: never markup, emoji codes or numbers to colour.
            width = None if stream.isatty() else _PIPED_WIDTH
            self._consoles[name] = Console(
                file=stream, width=width, markup=False, highlight=False, emoji=False
            )
        return self._consoles[name]

    def result(self, what: RenderableType = "", style: str | None = None) -> None:
        """Print a part of the result for people; lines are only broken on a terminal."""
        _print(self.out, what, style)

    def document(self, content: dict[str, Any]) -> None:
        """Print the result as JSON, the whole of stdout."""
        json.dump(content, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False, default=str)
        sys.stdout.write("\n")

    def note(self, what: RenderableType = "", style: str | None = None) -> None:
        """Print something that is not a result, unless asked to be quiet."""
        if not self.quiet:
            _print(self.err, what, style)

    @property
    def lively(self) -> bool:
        """Whether progress is shown: on a terminal that can redraw a line, and not asked otherwise."""
        return not self.quiet and self.err.is_terminal and not self.err.is_dumb_terminal


def _print(console: Console, what: RenderableType, style: str | None) -> None:
    if console.is_terminal:
        console.print(what, style=style)
        return
    # For programs: whole lines, and no padding at their ends.
    with console.capture() as capture:
        console.print(what, style=style, soft_wrap=True)
    for line in capture.get().splitlines():
        console.file.write(line.rstrip() + "\n")
