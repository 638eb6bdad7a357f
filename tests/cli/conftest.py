"""Running verbs in this process, on data that train in a second."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from equipoise.cli import main


@dataclass
class Outcome:
    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


def document(outcome: Outcome, kind: str) -> dict[str, object]:
    content = json.loads(outcome.out)
    assert content["schema_version"] == 1
    assert content["kind"] == kind
    return dict(content)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb and return its exit status and what it wrote."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(one) for one in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call


def rows(n: int = 240, seed: int = 0) -> list[tuple[str, str, str, str]]:
    rng = np.random.default_rng(seed)
    size, shade = rng.normal(size=n), rng.choice(["red", "green", "blue"], size=n)
    rare = size + (shade == "red") + rng.normal(size=n) > 2.0
    return [
        (f"{a:.4f}", f"{b:.4f}", str(c), "rare" if y else "common")
        for a, b, c, y in zip(size, rng.normal(size=n), shade, rare, strict=True)
    ]


def write_csv(path: Path, lines: list[tuple[str, ...]]) -> Path:
    text = "\n".join(",".join(line) for line in [("size", "noise", "shade", "kind"), *lines])
    path.write_text(text + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CSV file with a rare class."""
    return write_csv(tmp_path_factory.mktemp("data") / "things.csv", rows())


@pytest.fixture(scope="session")
def finished(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on that file."""
    folder = tmp_path_factory.mktemp("runs") / "things"
    quick = ["-l", "linear", "-s", "weights-balanced,random-over", "--folds", "3", "-j", "1"]
    status = main(["compare", str(table), "-t", "kind", "-o", str(folder), *quick, "--quiet"])
    assert status == 0
    return folder
