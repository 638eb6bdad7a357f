"""The promises of a check of data or predictions, which yours can take too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from equipoise.diagnose.check import TASKS, Check
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.reading import read_before
from equipoise.diagnose.run import examine
from equipoise.diagnose.subject import After, Before

__all__ = ["check_finding", "finding_subjects"]

_PARTS_OF_A_PAGE = 2
_LONGEST = 400
_KEPT: dict[tuple[str, str, int], Any] = {}


def check_finding(check: Check) -> None:
    """Run a check on data and predictions of all kinds, ugly ones too, and judge what it says.

    Parameters
    ----------
    check : Check
        An instance.

    Raises
    ------
    AssertionError
        If a promise is broken: the page lacks paragraphs, an issue lacks an action, evidence is no
        plain data, the summary is no single sentence line, or two runs differ.

    Examples
    --------
    >>> from equipoise.diagnose.registry import find_check
    >>> from equipoise.testing.checks import check_finding
    >>> check_finding(find_check("EQ101"))
    """
    assert check.tasks, f"{check.code} names no task"
    assert check.tasks <= TASKS, f"{check.code} names tasks that there are not: {check.tasks}"
    paragraphs = [one for one in check.explain.split("\n\n") if one.strip()]
    assert len(paragraphs) >= _PARTS_OF_A_PAGE, f"the page of {check.code} says too little"
    for name, make in finding_subjects(check.stage):
        # Kept, as models and neighbours in them serve all checks.
        first, second = (
            examine([check], _subject(check.stage, name, copy, make))[0] for copy in (0, 1)
        )
        where = f"{check.code} on {name}"
        assert first.to_dict() == second.to_dict(), f"{where}: two runs differ"
        _judge(check, first, where)


def _subject(stage: str, name: str, copy: int, make: Any) -> Any:
    key = (stage, name, copy)
    if key not in _KEPT:
        _KEPT[key] = make()
    return _KEPT[key]


def _judge(check: Check, finding: Finding, where: str) -> None:
    known = (finding.code, finding.name, finding.title, finding.stage)
    assert known == (check.code, check.name, check.title, check.stage), f"{where}: not its own"
    assert finding.state != "muted", f"{where}: no check mutes itself"
    assert finding.summary.strip(), f"{where}: says nothing"
    assert "\n" not in finding.summary, f"{where}: the summary is more than a line"
    assert len(finding.summary) <= _LONGEST, f"{where}: {len(finding.summary)} characters"
    text = json.dumps(finding.to_dict(), allow_nan=False)
    assert Finding.from_dict(json.loads(text)) == finding, f"{where}: evidence is no plain data"
    if finding.state == "issue":
        assert finding.action, f"{where}: an issue without an action"
        assert finding.effect, f"{where}: an issue without an effect to expect"
        assert finding.confidence, f"{where}: an issue that does not say how sure it is"
        assert finding.evidence, f"{where}: an issue without evidence"


def finding_subjects(stage: str) -> Iterator[tuple[str, Any]]:
    """Yield names, and functions that make small subjects for the checks of a stage.

    Parameters
    ----------
    stage : {"before", "after"}
    """
    yield from _before() if stage == "before" else _after()


def _before() -> Iterator[tuple[str, Any]]:
    rng = np.random.default_rng(0)
    n = 120
    x = rng.normal(size=(n, 2))
    y = np.where(x[:, 0] + rng.normal(size=n) > 1.2, "rare", "commön [b]")
    gaps = np.where(rng.random(n) < 0.3, np.nan, x[:, 1])
    tables: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
        "a table": ({"a": x[:, 0], "b": gaps, "y": y}, "y", {}),
        "three classes and a single row": (
            {"a": x[:, 0], "y": ["u"] * 70 + ["v"] * 40 + ["w"] * 9 + ["z"]},
            "y",
            {},
        ),
        "all rows alike": ({"a": [1.5] * n, "b": ["k", "l"] * (n // 2), "y": y}, "y", {}),
        "extreme values": ({"a": x[:, 0] * 1e300, "b": x[:, 1] * 1e-300, "y": y}, "y", {}),
        "texts": (
            {"t": [f"{'win cash now' if one == 'rare' else 'see you at home'} {i} ¡é" for i, one in enumerate(y)], "y": y},
            "y",
            {},
        ),
        "labels": (
            {"a": x[:, 0], "l1": (x[:, 0] > 0).astype(int), "l2": (x[:, 1] > 1.3).astype(int)},
            ["l1", "l2"],
            {},
        ),
        "numbers": ({"a": x[:, 0], "y": np.exp(2 * x[:, 1])}, "y", {"task": "regression"}),
        "two files": (
            {"a": x[:, 0], "c": ["k", "l"] * (n // 2), "y": y},
            "y",
            {"other": {"a": x[:50, 0] + 1, "c": ["k"] * 49 + ["new"], "y": ["rare"] * 40 + ["else"] * 10}},
        ),
        "two files, one unlabelled": ({"a": x[:, 0], "y": y}, "y", {"other": {"a": x[:30, 1]}}),
    }  # fmt: skip
    for name, (data, target, options) in tables.items():

        def make(data: Any = data, target: Any = target, options: Any = options) -> Before:
            return read_before(data, target, **options)

        yield name, make


def _after() -> Iterator[tuple[str, Any]]:
    rng = np.random.default_rng(1)
    n = 200
    odds = rng.normal(-2, 2, size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)

    def two(odds: Any) -> Any:
        return np.column_stack([-np.logaddexp(0, odds), -np.logaddexp(0, -odds)])

    names = ["common", "rare"]
    three = rng.dirichlet([5, 2, 1], size=n)
    Y = np.column_stack([y, rng.integers(0, 2, n)])
    both = np.column_stack([odds, rng.normal(size=n)])
    bits = (both > 0).astype(np.int64)
    said = (odds > 0).astype(np.int64)

    def full() -> After:
        train = After(y, two(3 * odds), said, names)
        return After(
            y, two(odds), said, names, train=train, groups=np.arange(n) // 2,
            features=np.column_stack([odds, rng.normal(size=n)]) * 0 + np.column_stack([odds, -odds]),
            threshold=0.5,
        )  # fmt: skip

    yield "probabilities", lambda: After(y, two(odds), said, names)
    yield "all that there is", full
    yield "labels alone", lambda: After(y, None, said, names)
    yield "always the same", lambda: After(y, None, np.zeros(n, np.int64), names)
    yield "no row of a class", lambda: After(np.zeros(n, np.int64), two(odds), said, names)
    yield "one row", lambda: After(y[:1], two(odds[:1]), said[:1], names)
    yield "extreme probabilities", lambda: After(y, two(odds * 1e6), said, names)
    yield (
        "three classes",
        lambda: After(
            three.argmax(axis=1), np.log(three), three.argmax(axis=1), ["a", "b", "c"], "multiclass"
        ),
    )
    yield "labels of sets", lambda: After(Y, both, bits, ["l1", "l2"], "multilabel")
