"""The code on the page about skewed targets runs as written, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from equipoise.samplers import numbers

PAGE = (Path(__file__).resolve().parents[3] / "docs/regression.md").read_text(encoding="utf-8")


def test_the_code_runs_and_prints_what_it_says(capsys) -> None:
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "regression.md", "exec"), names)
    said = re.findall(r"^print\(.*\)  # (.*)$", PAGE, re.MULTILINE)
    assert len(said) == 5
    assert capsys.readouterr().out.splitlines() == said


def test_every_sampler_is_in_the_table() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows > set(numbers.__all__)
