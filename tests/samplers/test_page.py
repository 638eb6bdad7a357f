"""The code on the page about samplers runs as written, and prints what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import equipoise.samplers

PAGE = (Path(__file__).resolve().parents[2] / "docs/samplers.md").read_text(encoding="utf-8")


def test_the_code_runs_and_prints_what_it_says(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i},{'rare' if i % 5 == 0 else 'common'}\n" for i in range(60))
    Path("rows.csv").write_text(f"x,label\n{rows}", encoding="utf-8")
    # The sampler on the page is pickled, which looks for its class by the name of its module.
    page = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", page)
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "samplers.md", "exec"), page.__dict__)
    said = re.findall(r"^print\(.*\)  # (.*)$", PAGE, re.MULTILINE)
    assert len(said) >= 8
    assert capsys.readouterr().out.splitlines() == said
    assert len(page.done.after) == 2
    arguments = page.test_midpoints.pytestmark[0].args
    for parameters in arguments[1]:
        if "classes_move" in parameters.id:
            page.test_midpoints(*parameters.values)


def test_every_sampler_beyond_those_of_imbalanced_learn_is_named() -> None:
    import imblearn.combine
    import imblearn.over_sampling
    import imblearn.under_sampling

    rooms = (imblearn.over_sampling, imblearn.under_sampling, imblearn.combine)
    theirs = {name for room in rooms for name in room.__all__}
    assert all(f"`{name}`" in PAGE for name in set(equipoise.samplers.__all__) - theirs)
