"""The code on the page about losses runs, and its table names every loss."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import torch

import equipoise.losses
from equipoise.losses import ImbalanceLoss

PAGE = (Path(__file__).resolve().parents[2] / "docs/losses.md").read_text(encoding="utf-8")


def test_the_code_runs_and_prints_what_it_says(capsys, monkeypatch) -> None:
    torch.manual_seed(0)
    # The classes on the page are pickled, which looks for them by the name of their module.
    page = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", page)
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "losses.md", "exec"), page.__dict__)
    said = re.findall(r"print\(.*# (\[\[.*?\]\])", PAGE)
    assert capsys.readouterr().out.splitlines() == said


def test_the_table_names_every_loss() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    public = [getattr(equipoise.losses, name) for name in equipoise.losses.__all__]
    losses = {p.__name__ for p in public if issubclass(p, ImbalanceLoss)} - {"ImbalanceLoss"}
    assert set(rows) == losses
