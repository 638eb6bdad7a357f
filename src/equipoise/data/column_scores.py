"""How well one column by itself tells classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

__all__ = [
    "ROWS_OF_A_CLASS",
    "areas_of",
    "cut_parts",
    "quantiles",
    "room_for",
    "sample_rows",
    "score_levels",
    "score_numbers",
]

PARTS = 3
ROWS_OF_A_CLASS = 10
# Rows looked at: all of the rare classes, and of the others as many as keep the search short.
MOST_ROWS = 40_000
MOST_CELLS = 6_000_000
FEWEST_ROWS = 2_000
BINS = 64
FEWEST_BINS = 6
CLASS_BINS = 4
CUT_CLASSES = 8


class Features(Protocol):
    """What is needed of a table: its numbers and category codes, with the names of both."""

    @property
    def numbers(self) -> np.ndarray: ...
    @property
    def codes(self) -> np.ndarray: ...
    @property
    def number_names(self) -> Sequence[str]: ...
    @property
    def category_names(self) -> Sequence[str]: ...


def room_for(columns: int) -> int:
    """Say how many rows can be looked at so that the search stays short."""
    return int(np.clip(MOST_CELLS // columns, FEWEST_ROWS, MOST_ROWS))


def sample_rows(
    y: np.ndarray, total: np.ndarray, room: int, rng: np.random.Generator
) -> np.ndarray:
    """Choose the rows to look at: an equal number of each class, as far as there are so many."""
    if len(y) <= room:
        return np.arange(len(y))
    each = room // np.count_nonzero(total)
    chosen = []
    for c in np.flatnonzero(total):
        mine = np.flatnonzero(y == c)
        chosen.append(mine if len(mine) <= each else rng.choice(mine, each, replace=False))
    return np.sort(np.concatenate(chosen))


def cut_parts(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut the rows in parts with equal shares of each class."""
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    part = np.empty(len(y), dtype=np.int64)
    part[order] = np.arange(len(y)) % PARTS
    return part


def score_numbers(
    values: np.ndarray, y: np.ndarray, weight: np.ndarray, part: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score a column of numbers: for each class its area under the ROC curve and its recall."""
    distinct, rank = np.unique(values, return_inverse=True)
    C = int(y.max()) + 1
    counts = np.bincount(rank * C + y, weights=weight, minlength=len(distinct) * C).reshape(-1, C)
    # The order of the values needs no levels; only which end is high is taken from the same rows.
    ordered = areas_of(np.repeat(np.arange(len(distinct), dtype=float)[:, None], C, axis=1), counts)
    ordered = np.maximum(ordered, 1 - ordered)
    if len(distinct) <= BINS:
        areas, recalls = score_levels(rank, y, weight, part)
        return np.maximum(areas, ordered), recalls
    areas, hits = np.zeros(C), np.zeros(C)
    missing = np.isnan(values)
    for k in range(PARTS):
        learned = (part != k) & ~missing
        edges = _edges(values[learned], y[learned], classes)
        level = np.where(missing, 0, np.searchsorted(edges, values) + 1)
        area, hit = _predict(level, y, weight, part == k)
        areas += area / PARTS
        hits += hit
    return np.maximum(areas, ordered), hits / np.maximum(counts.sum(axis=0), 1e-300)


def score_levels(
    level: np.ndarray, y: np.ndarray, weight: np.ndarray, part: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score a column of levels: for each class its area under the ROC curve and its recall."""
    level = np.unique(level, return_inverse=True)[1]
    results = [_predict(level, y, weight, part == k) for k in range(PARTS)]
    areas = np.mean([area for area, _ in results], axis=0)
    hits = np.sum([hit for _, hit in results], axis=0)
    return areas, hits / np.maximum(np.bincount(y, weights=weight), 1e-300)


def _edges(values: np.ndarray, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Cut a range where the mass is and, so that the border of a rare class stays sharp, along each class."""
    if not len(values):
        return np.empty(0)
    rows = np.bincount(y, minlength=int(classes.max()) + 1)[classes]
    rarest = classes[np.argsort(rows, kind="stable")][:CUT_CLASSES]
    # With few rows of a class, many levels hold none of them and say nothing.
    bins = int(np.clip(rows.min() // 4, FEWEST_BINS, BINS))
    edges = [quantiles(np.sort(values), bins)]
    edges += [quantiles(np.sort(values[y == c]), CLASS_BINS) for c in rarest if (y == c).any()]
    return np.unique(np.concatenate(edges))


def quantiles(ascending: np.ndarray, parts: int) -> np.ndarray:
    """Take values that occur, ends included, so that infinities do no harm."""
    return np.asarray(
        ascending[np.linspace(0, len(ascending) - 1, parts + 1).round().astype(np.int64)]
    )


def _predict(
    level: np.ndarray, y: np.ndarray, weight: np.ndarray, held_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Predict held-out rows by the shares of the classes in each level: areas, and the mass named rightly."""
    L, C = int(level.max()) + 1, int(y.max()) + 1
    cells = (held_out * L + level) * C + y
    train, test = np.bincount(cells, weights=weight, minlength=2 * L * C).reshape(2, L, C)
    share = train.sum(axis=0) / train.sum()
    rate = (train + share) / (train.sum(axis=1, keepdims=True) + 1.0)
    # Against its own share, so that a rare class is named where it is likelier than elsewhere.
    named = (rate / np.maximum(share, 1e-300)).argmax(axis=1)
    hits = np.bincount(named, weights=test[np.arange(L), named], minlength=C)
    return areas_of(rate, test), hits


def areas_of(rate: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Compute the area under the ROC curve of each class against the rest, levels of one rate counting as ties."""
    C = rate.shape[1]
    areas = np.full(C, 0.5)
    rest = test.sum(axis=1)
    for c in range(C):
        order = np.argsort(rate[:, c], kind="stable")
        ascending = rate[order, c]
        starts = np.flatnonzero(np.append(True, np.diff(ascending) > 1e-12))
        positive = np.add.reduceat(test[order, c], starts)
        negative = np.add.reduceat((rest - test[:, c])[order], starts)
        below = np.cumsum(negative) - negative
        pairs = positive.sum() * negative.sum()
        if pairs > 0:
            areas[c] = float((positive * (below + negative / 2)).sum() / pairs)
    return areas
