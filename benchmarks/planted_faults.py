"""Plant one fault at a time in clean data; count how often its check finds it, and how often any check errs.

``python benchmarks/planted_faults.py [SEEDS]`` (50 by default; 4 s of a core each; docs/findings.md has
what they gave). A row is a fault, or none; "found"
says in how many of the seeds the check that is meant raised an issue. Then issues that are true of such data beside the
fault, and last false alarms: all other issues. A model that is right in each probability still misses most of a rare class
that overlaps (EQ201), calls it too seldom (EQ203) and is not at the best threshold by macro F1 (EQ207). So predictions
without a fault are drawn thrice: from such a model, from classes alike in size, and from a rare class well apart.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

import equipoise as eq
from equipoise.diagnose.run import diagnose_predictions
from equipoise.results.diagnosis import Diagnosis

N, RARE = 1500, 0.2


def clean(seed: int, n: int = N, rare: float = RARE, part: float = 2.5) -> dict[str, np.ndarray]:
    """Two normal classes, well apart by four columns together, none of which tells the class alone."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < rare * n).astype(int)
    x = rng.normal(size=(n, 4)) + part * y[:, None]
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


def even_out(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Draw classes of the same size that overlap: no fault."""
    data.update(clean(int(rng.integers(1 << 30)), N, 0.5, 0.8))
    return {}


def nothing(data: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """Change nothing."""
    return {}


Plant = Callable[[dict[str, np.ndarray], np.random.Generator], dict[str, Any]]
DATA: list[tuple[str, Plant, str, set[str]]] = [
    ("none", nothing, "", set()),
    ("none, even classes that overlap", even_out, "", set()),
    ("none, second file", same_again, "", set()),
    ("5 % of rare labels flipped", flip_labels, "EQ109", set()),
    ("10 % copies", copy_rows, "EQ105", set()),
    ("leaking column", leak, "EQ112", set()),
    ("class missing in second file", lose_class, "EQ104", {"EQ111"}),
    ("prior shifted in second file", shift_prior, "EQ111", set()),
]


def draw(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw natural log-odds, and what comes true with these odds."""
    rng = np.random.default_rng(seed)
    if kind == "even":
        odds = rng.normal(0.0, 2.0, 2000)
    elif kind == "apart":
        odds = np.where(rng.random(2000) < RARE, 1, -1) * rng.normal(7.0, 1.0, 2000)
    else:
        odds = rng.normal(-2.5, 2.0, 2000)
    return odds, (rng.random(2000) < 1 / (1 + np.exp(-odds))).astype(int)


def predictions(seed: int, kind: str, fault: str) -> Diagnosis:
    """Judge scores of a right model, or of one with a fault."""
    odds, y = draw(seed, kind)
    said = odds * 2.5 if fault == "overconfident" else odds
    cut = 2.5 if fault == "threshold" else 0.0
    return diagnose_predictions(
        y, 1 / (1 + np.exp(-said)), labels=(said > cut).astype(int), positive=1, seed=seed
    )


OVERLAP = {"EQ201", "EQ203", "EQ207"}
AFTER: list[tuple[str, str, str, str, set[str]]] = [
    ("none, even classes", "even", "", "", set()),
    ("none, rare class well apart", "apart", "", "", set()),
    ("none, rare class that overlaps", "overlap", "", "", OVERLAP),
    ("overconfident scores", "overlap", "overconfident", "EQ206", OVERLAP | {"EQ204"}),
    ("overconfident, even classes", "even", "overconfident", "EQ206", set()),
    ("threshold at the wrong place", "overlap", "threshold", "EQ207", OVERLAP),
    ("the same, even classes", "even", "threshold", "EQ207", set()),
]


def issues(found: Diagnosis) -> set[str]:
    return {one.code for one in found.issues}


def main(seeds: int) -> None:
    print(f"{'fault':32} {'check':6} {'found':>6}  {'true beside it':32} false alarms, of {seeds}")
    for name, plant, code, true in DATA:
        hits: Counter[str] = Counter()
        for seed in range(seeds):
            data = clean(seed)
            options = plant(data, np.random.default_rng([seed, 1]))
            hits.update(issues(eq.diagnose(data, "y", seed=seed, **options)))
        tell(name, code, hits, true)
    for name, kind, fault, code, true in AFTER:
        hits = Counter()
        for seed in range(seeds):
            hits.update(issues(predictions(seed, kind, fault)))
        tell(name, code, hits, true)


def tell(name: str, code: str, hits: Counter[str], true: set[str]) -> None:
    mine = str(hits[code]) if code else ""
    beside = {one: k for one, k in hits.items() if one in true and one != code}
    false = {one: k for one, k in hits.items() if one not in true and one != code}
    said = [
        ", ".join(f"{one} {k}" for one, k in sorted(part.items())) or "-"
        for part in (beside, false)
    ]
    print(f"{name:32} {code:6} {mine:>6}  {said[0]:32} {said[1]}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
