"""Columns that give the target away: found and reported, never removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from equipoise.data.seeds import check_seed
from equipoise.data.strata import form_of

__all__ = ["Leak", "find_leaks"]

# A column alone is near perfect from here on.
PERFECT_AUC = 0.995
PERFECT_RECALL = 0.98
# A column is suspicious from here on, if its lead over chance is so many times that of the next best column.
STRONG_AUC = 0.9
LEAD = 3.0
LEAST_LEAD = 0.05
COLUMNS_FOR_A_LEAD = 3

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


@dataclass(frozen=True)
class Leak:
    """A column that predicts the target suspiciously well by itself.

    Attributes
    ----------
    column : str
        Name of the column.
    score : float
        How well it tells the class that it gives away apart from all others: area under the ROC curve, 0.5 for
        chance and 1 for perfect.
    why : str
        What was seen, in words.
    """

    column: str
    score: float
    why: str


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


def find_leaks(
    table: Features, y: np.ndarray, seed: int = 0, *, labels: Sequence[Any] | None = None
) -> list[Leak]:
    """Find columns that predict the target near perfectly, or far better than every other column.

    Each column of numbers or categories is cut into levels: its values or, where these are many, up to 64 ranges
    of equal mass and a few more along each class; missing is a level of its own. The share of each class per level,
    learned on two thirds of the rows, predicts the last third, in turn. Numbers are also judged by their plain order.
    A column is reported if these predictions

    - tell some class from all others with an area under the ROC curve of at least 0.995, or name the right class with
      a balanced accuracy of at least 0.98: it gives the target away; or
    - reach an area of at least 0.9 while the next best column is at most a third as far above chance, out of three
      columns or more: it stands out, as an answer given together with the target does.

    A strong column may be quite legitimate; whether it is known at the time of prediction only the user can say.
    Texts are not searched. Of large tables all rows of the rare classes are used and a random sample of the others,
    weighted back to their number. Classes of fewer than 10 rows are left out of account.

    Parameters
    ----------
    table : Table
        The features.
    y : ndarray of shape (n,), int64
        Class codes from 0.
    seed : int, default 0
        Seed of the sample and of the thirds.
    labels : sequence, optional
        Names of the classes for the words, in code order.

    Returns
    -------
    list of Leak
        Strongest first; empty if no column is suspicious.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from equipoise.data.leaks import find_leaks
    >>> y = np.repeat([0, 1], [80, 20])
    >>> refund = np.where(y == 1, 9.5, np.nan)
    >>> noise = np.random.default_rng(0).normal(size=100)
    >>> table = SimpleNamespace(numbers=np.column_stack([noise, refund]), number_names=["age", "refund"],
    ...                         codes=np.empty((100, 0), np.int32), category_names=[])
    >>> [(leak.column, leak.score) for leak in find_leaks(table, y)]
    [('refund', 1.0)]
    """
    check_seed(seed)
    if form_of(y) != "classes":
        return []
    y = np.asarray(y, dtype=np.int64)
    total = np.bincount(y)
    searched = np.flatnonzero(total >= ROWS_OF_A_CLASS)
    p, q = table.numbers.shape[1], table.codes.shape[1]
    if len(searched) == 0 or np.count_nonzero(total) < 2 or p + q == 0:
        return []
    rng = np.random.default_rng(seed)
    rows = _sample(y, total, p + q, rng)
    y = y[rows]
    weight = (total / np.maximum(np.bincount(y, minlength=len(total)), 1))[y]
    part = _parts(y, rng)
    scores = [_score_numbers(table.numbers[rows, j], y, weight, part, searched) for j in range(p)]
    scores += [_score_levels(table.codes[rows, j] + 1, y, weight, part) for j in range(q)]
    areas = np.stack([area for area, _ in scores])[:, searched]
    recalls = np.stack([recall for _, recall in scores])[:, searched]
    names = [*table.number_names, *table.category_names]
    spoken = (
        [repr(label) for label in labels]
        if labels is not None
        else [str(c) for c in range(len(total))]
    )
    return _judge(
        names, areas, recalls, [spoken[c] for c in searched], np.count_nonzero(total) == 2
    )


def _judge(
    names: Sequence[str],
    areas: np.ndarray,
    recalls: np.ndarray,
    classes: Sequence[str],
    binary: bool,
) -> list[Leak]:
    best = areas.max(axis=1)
    ranked = np.sort(best)
    leaks = []
    for j, name in enumerate(names):
        area = float(best[j])
        told = (
            "the classes" if binary else f"class {classes[int(areas[j].argmax())]} from all others"
        )
        accuracy = float(recalls[j].mean())
        next_best = float(ranked[-2] if best[j] == ranked[-1] and len(ranked) > 1 else ranked[-1])
        if area >= PERFECT_AUC:
            why = f"tells {told} apart almost perfectly by itself (area under the ROC curve {area:.3f})"
        elif accuracy >= PERFECT_RECALL and len(classes) > 1:
            why = (
                f"names the right class almost always by itself (balanced accuracy {accuracy:.3f})"
            )
        elif (
            area >= STRONG_AUC
            and len(names) >= COLUMNS_FOR_A_LEAD
            and area - 0.5 >= LEAD * max(next_best - 0.5, LEAST_LEAD)
        ):
            why = (
                f"tells {told} apart far better than any other column (area under the ROC curve {area:.2f}, "
                f"the next best column has {next_best:.2f})"
            )
        else:
            continue
        leaks.append(Leak(name, round(area, 4), f"{why}: is it known before the outcome is?"))
    return sorted(leaks, key=lambda leak: -leak.score)


def _sample(y: np.ndarray, total: np.ndarray, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Choose the rows to look at: an equal number of each class, as far as there are so many."""
    room = int(np.clip(MOST_CELLS // columns, FEWEST_ROWS, MOST_ROWS))
    if len(y) <= room:
        return np.arange(len(y))
    each = room // np.count_nonzero(total)
    chosen = []
    for c in np.flatnonzero(total):
        mine = np.flatnonzero(y == c)
        chosen.append(mine if len(mine) <= each else rng.choice(mine, each, replace=False))
    return np.sort(np.concatenate(chosen))


def _parts(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut the rows in parts with equal shares of each class."""
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    part = np.empty(len(y), dtype=np.int64)
    part[order] = np.arange(len(y)) % PARTS
    return part


def _score_numbers(
    values: np.ndarray, y: np.ndarray, weight: np.ndarray, part: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score a column of numbers: for each class its area under the ROC curve and its recall."""
    distinct, rank = np.unique(values, return_inverse=True)
    C = int(y.max()) + 1
    counts = np.bincount(rank * C + y, weights=weight, minlength=len(distinct) * C).reshape(-1, C)
    # The order of the values needs no levels; only which end is high is taken from the same rows.
    ordered = _areas(np.repeat(np.arange(len(distinct), dtype=float)[:, None], C, axis=1), counts)
    ordered = np.maximum(ordered, 1 - ordered)
    if len(distinct) <= BINS:
        areas, recalls = _score_levels(rank, y, weight, part)
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


def _score_levels(
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
    edges = [_quantiles(np.sort(values), bins)]
    edges += [_quantiles(np.sort(values[y == c]), CLASS_BINS) for c in rarest if (y == c).any()]
    return np.unique(np.concatenate(edges))


def _quantiles(ascending: np.ndarray, parts: int) -> np.ndarray:
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
    return _areas(rate, test), hits


def _areas(rate: np.ndarray, test: np.ndarray) -> np.ndarray:
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
