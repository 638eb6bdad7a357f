"""Wrong labels: what cleanlab finds, none where there are none, and those that were planted."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from equipoise.data.dataset import load_dataset
from equipoise.diagnose.before.label_errors import (
    LabelErrors,
    confident_learning,
    tempered,
    unlikely_labels,
)
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.subject import Before


def planted(seed: int, flip: float, n: int = 600, more: int = 0) -> tuple[Finding, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.1).astype(int)
    X = rng.normal(size=(n, 4 + more))
    X[:, 0] += 4.0 * y
    wrong = np.flatnonzero(rng.random(n) < flip)
    y[wrong] = 1 - y[wrong]
    data: dict[str, Any] = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    dataset = load_dataset({**data, "y": ["ok" if c == 0 else "fraud" for c in y]}, "y")
    return LabelErrors().examine(Before(dataset)), wrong


@pytest.fixture(autouse=True)
def _cleanlab() -> None:
    pytest.importorskip("cleanlab", reason="the extra diagnose is not installed")


def test_right_labels_pass() -> None:
    states = [planted(seed, 0.0)[0].state for seed in range(3)]
    states += [planted(seed, 0.0, n=200, more=60)[0].state for seed in range(2)]
    assert states.count("passed") == len(states)


def test_planted_rows_are_named() -> None:
    hits = 0
    for seed in range(2):
        finding, wrong = planted(seed, 0.04, n=2000)
        hits += finding.state == "issue"
        named = [one["row"] for one in finding.evidence["rows"]]
        assert np.isin(named, wrong).mean() >= 0.8 if named else True
        assert {one["label"] for one in finding.evidence["rows"]} <= {"fraud", "ok"}
    assert hits == 2


def test_the_search_is_that_of_cleanlab() -> None:
    from cleanlab.filter import find_label_issues

    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 300)
    y = np.array([rng.choice(3, p=one) for one in p])
    assert set(confident_learning(y, p)) == set(np.flatnonzero(find_label_issues(y, p)))


def test_false_shares_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    p = rng.dirichlet([1, 3], 60).round(2).clip(0.01, 0.99)
    p[:, 1] = 1 - p[:, 0]
    y = (rng.random(60) < 0.5).astype(int)
    _, share = unlikely_labels(y, p)
    for i in range(60):
        mine = p[:, y[i]]
        ratios = [
            mine[mine <= t].sum() / max(((y == y[i]) & (mine <= t)).sum(), 1)
            for t in mine[mine >= mine[i]]
        ]
        assert share[i] == pytest.approx(min(1.0, *ratios, 1.0))


def test_the_temperature_takes_back_certainty_and_adds_none() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=3000) * 2
    y = (rng.random(3000) < 1 / (1 + np.exp(-z))).astype(int)
    for scale, expected in ((4.0, 4.0), (0.5, 1.0)):
        log_p = np.log(1 / (1 + np.exp(np.column_stack([z, -z]) * scale)))
        p = tempered(log_p, y)
        slope = np.log(p[:, 1] / p[:, 0]) @ z / (z @ z)
        assert slope == pytest.approx(scale / expected, rel=0.15)


def test_without_the_package_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import equipoise.extras

    monkeypatch.setattr(equipoise.extras, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "cleanlab", raising=False)
    finding, _ = planted(0, 0.0, n=60)
    assert finding.state == "not applicable"
    assert "pip install 'equipoise[diagnose]'" in finding.summary


def test_two_rows_that_hardly_can_be_are_beyond_chance() -> None:
    # The low end L of the mean of a count k has P(X >= k) = 0.01 for a Poisson X of mean L.
    p = np.tile([1 - 1e-5, 1e-5], (1000, 1))
    y = (np.arange(1000) < 2).astype(np.int64)
    found = unlikely_labels(y, p)[0][1]
    assert found["observed"] == 2
    assert found["p"] < 0.001
    low = found["excess"] * 2 + found["expected"]
    assert 1 - np.exp(-low) * (1 + low) == pytest.approx(0.01)
    assert unlikely_labels(np.zeros(1000, dtype=np.int64), p)[0][1]["excess"] == 0.0
