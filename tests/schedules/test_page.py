"""What the page on schedules shows runs as written."""

from __future__ import annotations

import re
from pathlib import Path

import torch

import equipoise.schedules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "schedules.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_python_runs() -> None:
    names: dict[str, object] = {}
    with torch.random.fork_rng():
        for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
            exec(compile(block, PAGE.name, "exec"), names)
    assert "done" in names


def test_all_code_is_run() -> None:
    """The page says that its blocks run: none is written in a way that the test above does not see."""
    rest = re.sub(r"```python\n.*?```", "", TEXT, flags=re.DOTALL)
    assert "```" not in rest
    assert not re.search(r"^    \S", rest, re.MULTILINE)


def test_every_public_name_but_results_is_shown() -> None:
    results = {"HeadTraining", "LayerStart", "Schedule", "last_layer"}
    hidden = {name for name in equipoise.schedules.__all__ if name not in TEXT}
    assert hidden <= results
