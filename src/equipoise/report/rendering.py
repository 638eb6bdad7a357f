"""Write the report: a summary goes in, one HTML page comes out."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from equipoise.files import write_atomically
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
    text = render_html(summary).encode("utf-8")
    write_atomically(Path(path), lambda file: file.write(text))


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
