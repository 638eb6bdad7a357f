"""Every failure is one message: what is wrong, and what to do."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from equipoise.compare.machine import lacks_memory
from equipoise.errors import EquipoiseError, StorageError

__all__ = ["INTERRUPTED", "as_known", "tell", "tell_usage_error"]

INTERRUPTED = 130
# What other programs call the place that results go to.
_WHERE_TO = (
    r"--(out|output|save|dest|destination|results?)[-_]?(to|dir|directory|file|folder|path)?"
)


def tell(error: EquipoiseError, as_json: bool = False) -> int:
    """Print an error and return the exit status; with ``--json`` programs get it on stdout too."""
    return _tell(error.code, error.problem, error.remedy, error.exit_code, as_json)


def tell_usage_error(error: Any, as_json: bool = False) -> int:
    """Print an error of the command line's own parser."""
    problem = " ".join(str(error.format_message()).split()).rstrip(".")
    asked, options = getattr(error, "option_name", ""), getattr(error, "possibilities", None)
    context = getattr(error, "ctx", None)
    places = context is not None and re.fullmatch(_WHERE_TO, asked or "")
    near = _places(context) if places else get_close_matches(asked, options or (), 1)
    command = context.command_path if context is not None else "equipoise"
    remedy = f"`{command} --help` lists what it takes"
    if options:
        problem = str(error.message).rstrip(".")
    if places and not near:
        remedy = f"its results go to stdout; {remedy}"
    if near:
        remedy = f"did you mean {near[0]}? {remedy}"
    return _tell("usage", problem[:1].lower() + problem[1:], remedy, int(error.exit_code), as_json)


def _places(context: Any) -> list[str]:
    """Return the option of a command that says where its results go; each has the short name -o."""
    return [max(one.opts, key=len) for one in context.command.params if "-o" in one.opts]


def _tell(code: str, problem: str, remedy: str, status: int, as_json: bool) -> int:
    from equipoise.cli.screen import Screen, shown

    problem, remedy = shown(problem, 2000), shown(remedy, 2000)
    screen = Screen()
    from rich.text import Text

    for name, style, words in (("error", "bold red", problem), ("hint", "bold cyan", remedy)):
        if words and words != "''":
            line = Text.assemble((f"{name}: ", style), words)
            screen.err.print(line, soft_wrap=not screen.err.is_terminal)
    if as_json and sys.stdout:
        about = {"code": code, "problem": problem, "remedy": remedy, "exit_status": status}
        document = {"schema_version": 1, "kind": "error", "error": about}
        try:
            sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        except OSError:
            # It may be stdout itself that failed; stderr has the message already.
            _drop_stdout()
    return status


def _drop_stdout() -> None:
    # Without this the interpreter tries once more at exit, and complains.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def as_known(error: BaseException, debug: bool) -> EquipoiseError:
    """Turn whatever was raised into an error with a remedy."""
    if isinstance(error, EquipoiseError):
        return error
    if lacks_memory(error):
        words = " ".join(str(error).split())
        words = f" ({words[:200]})" if words else ""
        return StorageError(
            f"there is not enough memory{words}",
            remedy="free some, or use fewer rows, fewer --jobs, or fewer --strategies at a time",
        )
    if isinstance(error, OSError) and error.errno is not None:
        return _storage(error)
    where = _place(error)
    hint = "the traceback above shows where" if debug else "add --debug for the traceback"
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return EquipoiseError(
        f"unexpected {message}{where}",
        remedy=f"this is a bug in Equipoise and not your fault; {hint}",
    )


def _storage(error: OSError) -> StorageError:
    where = f" {str(error.filename)!r}" if error.filename else ""
    why = (error.strerror or str(error)).lower()
    if error.errno == errno.ENOSPC:
        return StorageError(f"the disk is full{where}", remedy="free some space and try again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(
            f"no permission for{where or ' a file'} ({why})",
            remedy="choose a place that you may write to, or change its permissions",
        )
    remedy = "check the path and the disk"
    if error.errno == errno.ENAMETOOLONG:
        remedy = "use a shorter name"
    return StorageError(f"cannot use{where or ' a file'}: {why}", remedy=remedy)


def _place(error: BaseException) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if "equipoise" in path.parts:
            inside = "/".join(
                path.parts[len(path.parts) - path.parts[::-1].index("equipoise") - 1 :]
            )
            place = f" at {inside}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
