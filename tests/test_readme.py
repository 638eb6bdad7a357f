"""What the README shows runs as written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from equipoise.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert "average precision" in capsys.readouterr().out.lower()
    assert len(names["probabilities"]) == 5472


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 3
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("words", re.findall(r"^ {4}make (\w+)", README, re.MULTILINE))
def test_make_knows_the_target(words: str) -> None:
    assert re.search(rf"^{words}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_commands_exist() -> None:
    verbs = {command.name for command in app.registered_commands}
    shown = re.findall(r"(?:^ {4}|`)(equipoise [a-z].*?)(?:`|$)", README, re.MULTILINE)
    assert {shlex.split(line)[1] for line in shown} <= verbs
    assert len(shown) >= 3
