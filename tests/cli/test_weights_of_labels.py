"""``equipoise weights`` where a row may have several labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from equipoise.weights import pos_weights

from .conftest import Run, document
from .test_weights import by_scheme, executed


@pytest.fixture
def tags(tmp_path: Path) -> Path:
    """Ten rows with up to three labels; one of these no row has."""
    table = {"x": range(10), "is_a": [1] * 4 + [0] * 6, "is_b": [0] * 9 + [1], "is_c": [0] * 10}
    pl.DataFrame(table).write_csv(tmp_path / "tags.csv")
    return tmp_path / "tags.csv"


def test_the_positives_of_several_labels(tags: Path, run: Run) -> None:
    import torch

    command = ("weights", tags, "-t", "is_*")
    content: Any = document(run(*command, "--json"), "weights")
    assert content["task"] == "multilabel"
    assert [tuple(one.values()) for one in content["classes"]] == [
        ("is_a", 4, 0.4),
        ("is_b", 1, 0.1),
        ("is_c", 0, 0.0),
    ]
    Y = np.array([[1, 0, 0]] * 4 + [[0, 0, 0]] * 5 + [[0, 1, 0]])
    ens = [(1 - 0.999**6) / (1 - 0.999**4), (1 - 0.999**9) / (1 - 0.999), 1]
    expected = {"balanced": pos_weights(Y), "isns": pos_weights(Y, power=0.5), "ens": ens}
    assert list(by_scheme(content)) == list(expected)
    for one in content["weights"]:
        np.testing.assert_allclose(one["weights"], expected[one["scheme"]])
        np.testing.assert_allclose(one["prior_offset"], np.log(one["weights"]), atol=1e-12)
    code = content["code"]["snippets"]
    assert list(code) == ["pytorch", "trainer"]
    logits = torch.linspace(-1, 1, 30).reshape(10, 3)
    plain = torch.nn.functional.binary_cross_entropy_with_logits
    value = plain(logits, torch.tensor(Y).float(), pos_weight=torch.tensor([1.5, 9, 1]))
    found = executed(code["pytorch"])["loss"](logits, torch.tensor(Y).float())
    torch.testing.assert_close(found, value)
    torch.testing.assert_close(
        executed(code["trainer"])["loss"]({"logits": logits}, torch.tensor(Y).float()), value
    )


def test_weights_of_labels_as_asked_for(tags: Path, run: Run) -> None:
    command = ("weights", tags, "-t", "is_a,is_b,is_c")
    content = document(run(*command, "-s", "ins", "--cost", "fn=6,fp=2", "--json"), "weights")
    np.testing.assert_allclose(by_scheme(content)["ins"], [1.5, 9, 1])
    np.testing.assert_allclose(by_scheme(content)["cost"], [3, 3, 3])
    given = run(*command, "--given", "is_a=2,is_b=5,is_c=1", "--code", "pytorch")
    assert "    5.0,  # 1: 'is_b'\n" in given.out
    said = run(*command)
    assert said.out.splitlines()[0].split()[:4] == ["label", "rows", "share", "balanced"]
    assert "is_a      4  40.00%" in said.out
    assert "moves it by the offset" in said.out
    assert "5 rows have no label" in said.err
    # A list, or a text that is taken apart, is the same target.
    pl.DataFrame({"y": ["a"] * 4 + [""] * 5 + ["b;c"]}).write_csv(tags)
    content = document(run("weights", tags, "-t", "y", "--separator", ";", "--json"), "weights")
    np.testing.assert_allclose(by_scheme(content)["balanced"], [1.5, 9, 9])


@pytest.mark.parametrize("name", ["bce", "sklearn", "lightgbm"])
def test_code_that_labels_have_not(name: str, tags: Path, run: Run) -> None:
    outcome = run("weights", tags, "-t", "is_*", "--code", name)
    assert (outcome.status, outcome.out) == (2, "")
    assert "3 labels, of which a row may have several" in outcome.err
    assert "use --code pytorch or trainer" in outcome.err
