"""What docs/weights.md shows runs as written, and gives what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "weights.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_code_runs(block: str) -> None:
    names: dict[str, object] = {"array": np.array}
    exec(compile(block, "weights.md", "exec"), names)
    for line in block.splitlines():
        code, _, said = line.partition("  # ")
        if not code:
            continue
        value = np.asarray(eval(code.partition(" = ")[2] or code, names)) if said else np.empty(0)
        if said.startswith("array("):
            shown = eval(said[: said.rindex(")") + 1], names)
            np.testing.assert_allclose(value, shown)
        if shape := re.search(r"shape (\([\d, ]+\))", said):
            assert value.shape == eval(shape[1])


def test_every_scheme_is_explained() -> None:
    from equipoise.weights import SCHEMES

    assert all(f"| `{name}` |" in PAGE for name in SCHEMES)
