"""What is wrong with a command line before any verb looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from equipoise.errors import UsageError

__all__ = ["check_arguments", "check_file", "check_paths"]


def check_arguments(arguments: Iterable[str]) -> None:
    """Refuse arguments that are empty or no text: no option and no name may be either.

    Raises
    ------
    UsageError
    """
    before = ""
    for one in arguments:
        cut = re.fullmatch(r"(--[a-z-]+)=", one)
        if not one or cut:
            after = f"the argument after {before!r}" if before else "the first argument"
            raise UsageError(
                f"{cut[1] if cut else after} is empty",
                remedy="give a value or leave it out; a variable of the shell may not be set",
            )
        try:
            one.encode()
        except UnicodeEncodeError:
            # It could be opened, and then not be named in any result.
            raise UsageError(
                f"{one!r} is not UTF-8 text", remedy="rename the file, or write it in UTF-8"
            ) from None
        before = one


def check_paths(options: Iterable[Any]) -> None:
    """Let the system refuse paths that it cannot even look for, such as too long ones.

    Raises
    ------
    OSError
    """
    for value in options:
        if isinstance(value, Path):
            with suppress(FileNotFoundError, NotADirectoryError):
                value.lstat()


def check_file(path: Path, suffixes: Iterable[str]) -> None:
    """Refuse a path where a verb cannot or should not write a file.

    Raises
    ------
    UsageError
        If the suffix is none of ``suffixes``, a folder is there, or there is no folder for it.
    """
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder", remedy="name a file in it")
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            f"cannot tell from {path.name!r} what kind of file to write",
            remedy=f"use a name that ends in {', '.join(suffixes)}",
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"there is no folder {str(path.parent)!r}", remedy="make it first, or check the path"
        )
