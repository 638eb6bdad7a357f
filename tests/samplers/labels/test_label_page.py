"""The code about resampling on the page runs as written, and prints what it says."""

from __future__ import annotations

import re
from pathlib import Path

from equipoise.samplers.labels.methods import LABEL_METHODS

PAGE = (Path(__file__).resolve().parents[3] / "docs/multilabel.md").read_text(encoding="utf-8")
PART = PAGE[PAGE.index("## Resampling") :].split("\n## ")[0]


def test_the_code_runs_and_prints_what_it_says(capsys) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", PART, re.DOTALL))
    exec(compile(code, "multilabel.md", "exec"), {})
    said = re.findall(r"^print\(.*\)  # (.*)$", PART, re.MULTILINE)
    assert len(said) == 2
    assert capsys.readouterr().out.splitlines() == said


def test_every_name_is_there() -> None:
    for name, kind in LABEL_METHODS.items():
        assert f"| `{kind}` | `{name}` |" in PART
