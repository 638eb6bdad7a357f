"""Write the report: a summary goes in, one HTML page comes out."""

from __future__ import annotations

import errno
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from equipoise.errors import StorageError
from equipoise.report import words
from equipoise.report.charts.theme import css
from equipoise.report.reading import prepare
from equipoise.report.views.page import page

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_html", "write_report"]


def render_html(summary: dict[str, Any]) -> str:
    """Render the report of a trial as one HTML page.

    The page needs no network, no script and no other file; the same summary gives the same text.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.

    Returns
    -------
    str

    Examples
    --------
    >>> import json, pathlib
    >>> summary = json.loads(pathlib.Path("run/result.json").read_text())  # doctest: +SKIP
    >>> render_html(summary)[:15]  # doctest: +SKIP
    '<!doctype html>'
    """
    template = _environment().get_template("report.html")
    return template.render(page(prepare(summary)))


def write_report(summary: dict[str, Any], path: str | Path) -> None:
    """Write the report of a trial into a file, whole or not at all.

    Parameters
    ----------
    summary : dict
        Content of ``result.json``.
    path : str or Path
        The HTML file; its folder is made where it is missing.

    Raises
    ------
    StorageError
        If the file cannot be written: full disk, no permission, a folder of that name.

    Examples
    --------
    >>> write_report(summary, "report.html")  # doctest: +SKIP
    """
    path = Path(path)
    text = render_html(summary).encode("utf-8")
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-", suffix=".html")
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is private to its owner; a report may be read by whom the umask lets.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise StorageError(
            f"cannot write the report to {str(path)!r}: {error.strerror or error}",
            remedy=_remedy(error),
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    # There is no way to read the mask but to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _remedy(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free some space on that disk, or name a path on another one"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "name a path in a folder that you may write to"
    if error.errno in {errno.EISDIR, errno.ENOTDIR, errno.EEXIST}:
        return "name a file such as report.html in a folder that exists"
    return "name another path"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("equipoise.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in ("count", "duration", "number", "percent", "shorten", "plural"):
        environment.filters[name] = getattr(words, name)
    environment.globals["colours"] = Markup(css())
    return environment
