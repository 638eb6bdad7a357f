"""Plant one fault at a time in clean data; count how often its check finds it, and how often any check errs.

``python benchmarks/planted_faults.py [SEEDS]`` (50 by default). A row is a fault, or none; a column of hits says in how
many of the seeds the check that is meant raised an issue. Beside it the issues of other checks: on the rows "none" they
are false alarms, or properties that the data have (rarity, EQ102, costs recall where classes overlap at all).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

import equipoise as eq
from equipoise.diagnose.registry import known_checks
from equipoise.diagnose.run import diagnose_predictions
from equipoise.results.diagnosis import Diagnosis

N, RARE = 1500, 0.2


def clean(seed: int, n: int = N, rare: float = RARE) -> dict[str, np.ndarray]:
    """Two normal classes, well apart, with four columns."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < rare * n).astype(int)
    x = rng.normal(size=(n, 4)) + 3.5 * y[:, None] * np.array([1, 1, 0, 0])
    order = rng.permutation(n)
    return {**{f"x{j}": x[order, j] for j in range(4)}, "y": y[order]}


def flip_labels(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Call 5 % of the rare rows common."""
    rare = np.flatnonzero(data["y"] == 1)
    data["y"][rng.choice(rare, len(rare) // 20, replace=False)] = 0
    return {}


def copy_rows(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Put copies of other rows in place of 10 % of the rows of each class."""
    for c in (0, 1):
        mine = rng.permutation(np.flatnonzero(data["y"] == c))
        k = len(mine) // 10
        for name in data:
            data[name][mine[:k]] = data[name][mine[k : 2 * k]]
    return {}


def leak(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Add a column that is known after the outcome only."""
    data["paid"] = data["y"] * 4 + rng.normal(0, 0.3, len(data["y"]))
    return {}


def lose_class(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Give a second file without the rare class."""
    second = clean(int(rng.integers(1 << 30)), 500)
    return {"other": {name: one[second["y"] == 0] for name, one in second.items()}}


def shift_prior(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Give a second file in which the rare class is twice as frequent."""
    return {"other": clean(int(rng.integers(1 << 30)), 500, 2 * RARE)}


def same_again(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Give a second file of the same kind: no fault."""
    return {"other": clean(int(rng.integers(1 << 30)), 500)}


def nothing(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Change nothing."""
    return {}


Plant = Callable[[dict[str, np.ndarray], np.random.Generator], dict[str, Any]]
DATA: list[tuple[str, Plant, str]] = [
    ("none", nothing, ""),
    ("none, second file", same_again, ""),
    ("5 % of rare labels flipped", flip_labels, "EQ109"),
    ("10 % copies", copy_rows, "EQ105"),
    ("leaking column", leak, "EQ112"),
    ("class missing in second file", lose_class, "EQ104"),
    ("prior shifted in second file", shift_prior, "EQ111"),
]


def predictions(seed: int, fault: str) -> Diagnosis:
    """Scores of a right model, or of one with a fault."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-2.5, 2.0, 2000)
    y = (rng.random(2000) < 1 / (1 + np.exp(-odds))).astype(int)
    said = odds * 2.5 if fault == "overconfident" else odds
    cut = 2.5 if fault == "threshold" else 0.0
    return diagnose_predictions(
        y, 1 / (1 + np.exp(-said)), labels=(said > cut).astype(int), seed=seed
    )


AFTER = [
    ("none, predictions", "", ""),
    ("overconfident scores", "overconfident", "EQ206"),
    ("threshold at the wrong place", "threshold", "EQ207"),
]


def issues(found: Diagnosis) -> set[str]:
    return {one.code for one in found.issues}


def main(seeds: int) -> None:
    there = {one.code for one in known_checks()}
    print(f"{'fault':30} {'check':6} {'found':>8}  issues beside it, of {seeds}")
    for name, plant, code in DATA:
        hits: Counter[str] = Counter()
        for seed in range(seeds):
            data = clean(seed)
            options = plant(data, np.random.default_rng([seed, 1]))
            hits.update(issues(eq.diagnose(data, "y", seed=seed, **options)))
        tell(name, code, hits, seeds, there)
    for name, fault, code in AFTER:
        hits = Counter()
        for seed in range(seeds):
            hits.update(issues(predictions(seed, fault)))
        tell(name, code, hits, seeds, there)


def tell(name: str, code: str, hits: Counter[str], seeds: int, there: set[str]) -> None:
    mine = "" if not code else f"{hits[code]}/{seeds}" if code in there else "n/a"
    others = ", ".join(f"{one} {k}" for one, k in sorted(hits.items()) if one != code)
    print(f"{name:30} {code:6} {mine:>8}  {others or '-'}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
