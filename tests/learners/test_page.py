"""The page on learners is right about them, and its blocks run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from equipoise.learners.choice import LEARNERS
from equipoise.learners.ensemble import Ensemble

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "learners.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", PAGE, re.MULTILINE))


def test_blocks_run() -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "learners.md", "exec"), names)


def test_the_table_has_every_learner() -> None:
    assert set(ROWS) == {*LEARNERS, "ensemble"}


@pytest.mark.parametrize("name", LEARNERS)
def test_the_table_names_the_slots(name: str) -> None:
    said, _, losses = ROWS[name].partition(" (")
    learner = LEARNERS[name]()
    assert {*said.split(", "), "decision"} == learner.honours
    if losses:
        assert set(losses.removesuffix(")").split(", ")) == learner.losses


def test_an_ensemble_has_no_other_slot() -> None:
    assert ROWS["ensemble"].startswith("none")
    assert Ensemble("rusboost").honours == {"decision"}
