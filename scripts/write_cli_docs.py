"""Write docs/cli.md from the command line itself: ``python scripts/write_cli_docs.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from equipoise.cli.app import app

PATH = Path(__file__).resolve().parents[1] / "docs" / "cli.md"


def document() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app)
    parts = ["# The command line", group.help, group.epilog, _manners()]
    for name, command in group.commands.items():
        parts += [f"## equipoise {name}", *_usage(name, command), command.help, *_tables(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _manners() -> str:
    return (
        "Errors are two lines: `error:` says what is wrong, `hint:` what to type; with `--json` programs get the "
        "same as a document. Colours go away in a pipe and with `NO_COLOR=1`, progress is shown on a terminal "
        "only. `equipoise --install-completion` lets the shell complete verbs and options.\n\n"
        "*This page is written by `make docs`.*"
    )


def _usage(name: str, command: Any) -> Iterator[str]:
    arguments = [
        one.metavar or one.name.upper() for one in command.params if not one.opts[0].startswith("-")
    ]
    yield f"    equipoise {' '.join([name, *arguments, '[OPTIONS]'])}"


def _tables(command: Any) -> Iterator[str]:
    panels: dict[str, list[Any]] = {}
    for one in command.params:
        option = one.opts[0].startswith("-")
        panel = (one.rich_help_panel or "Options") if option else "Arguments"
        panels.setdefault(panel, []).append(one)
    for panel, members in panels.items():
        rows = [f"| {panel} | |", "|---|---|"]
        rows += [f"| {_name(one)} | {_help(one)} |" for one in members]
        yield "\n".join(rows)


def _name(one: Any) -> str:
    if not one.opts[0].startswith("-"):
        return f"`{one.metavar or one.name.upper()}`"
    value = f" {one.metavar}" if one.metavar else ""
    return ", ".join(f"`{option}{value if i == 0 else ''}`" for i, option in enumerate(one.opts))


def _help(one: Any) -> str:
    text = str(one.help).replace("|", "\\|")
    shown = (
        not any(one.default is nothing for nothing in (None, False))
        and not callable(one.default)
        and not one.required
    )
    return f"{text} Default: {one.default}." if shown else text


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(document(), encoding="utf-8")
