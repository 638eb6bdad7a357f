"""The command line: one file per verb, each a thin call of the library."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 done, 1 failed, 2 wrong usage.

    Parameters
    ----------
    argv : sequence of str, optional
        What follows the program's name; taken from the process by default.

    Returns
    -------
    int

    Examples
    --------
    >>> from equipoise.cli import main
    >>> main(["--version"])
    equipoise 0.1.0
    0
    """
    from equipoise.cli.app import run

    return run(argv)
