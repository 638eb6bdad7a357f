"""The short examples run as they stand, and what they print is what they are there to show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytest.importorskip("torch")


def printed(name: str) -> dict[str, list[float]]:
    """Run an example as a user does; return the numbers of each line of its table."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = [re.split(r"\s{2,}", line, maxsplit=1) for line in done.stdout.splitlines()[1:]]
    return {name: [float(word) for word in rest.split()] for name, rest in lines}


def test_plain_pytorch() -> None:
    rows = printed("plain_pytorch.py")
    assert list(rows) == ["untreated", "weighted", "weighted, then corrected"]
    plain, weighted, corrected = rows.values()
    assert weighted[2] > plain[2] + 0.2  # recall of the rarest class
    assert weighted[0] < plain[0]  # and its price
    assert weighted[3] > 1.5 * plain[3]  # log loss, off by the weights
    assert corrected[3] < plain[3] + 0.02  # and put back


@pytest.mark.skipif(find_spec("lightning") is None, reason="lightning is not installed")
def test_with_lightning() -> None:
    rows = printed("with_lightning.py")
    assert list(rows) == ["untreated", "class weights", "logit adjustment", "rare rows repeated"]
    plain, *treated = rows.values()
    assert all(recall > plain[1] + 0.1 for _, recall, _, _ in treated)
    assert all(precision < plain[0] for precision, *_ in treated)


@pytest.mark.parametrize(("name", "most"), [("plain_pytorch.py", 60), ("with_lightning.py", 70)])
def test_they_stay_short(name: str, most: int) -> None:
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < most


def test_no_example_hides_a_package() -> None:
    # The folder of a script comes first on the path.
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    assert names.isdisjoint({"lightning", "torch", "transformers", "equipoise"})
