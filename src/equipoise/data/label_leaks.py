"""Columns that give a label away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from equipoise.data.class_leaks import (
    COLUMNS_FOR_A_LEAD,
    LEAD,
    LEAST_LEAD,
    PERFECT_AUC,
    PERFECT_RECALL,
    STRONG_AUC,
    Leak,
)
from equipoise.data.column_scores import (
    BINS,
    FEWEST_ROWS,
    MOST_ROWS,
    ROWS_OF_A_CLASS,
    Features,
    cut_parts,
    quantiles,
    room_for,
    sample_rows,
    score_levels,
    score_numbers,
)

__all__ = ["find_label_leaks"]

# Rows looked at closely, over all labels and columns.
MOST_LOOKS = 1_500_000


def find_label_leaks(
    table: Features, Y: np.ndarray, rng: np.random.Generator, names: Sequence[str]
) -> list[Leak]:
    """Find columns that give a label away; see `find_leaks`.

    All labels are first held against a column at once, on the rows that the levels of the column were learned from,
    which flatters it. What looks strong then is scored as a target of two classes is.

    Parameters
    ----------
    table : Table
        The features.
    Y : ndarray of shape (n, L), int64
        1 where a row has a label, else 0.
    rng : numpy.random.Generator
        Source of chance.
    names : sequence of str
        The labels, for the words.

    Returns
    -------
    list of Leak
    """
    columns = table.numbers.shape[1] + table.codes.shape[1]
    has = Y.sum(axis=0)
    searched = np.flatnonzero((has >= ROWS_OF_A_CLASS) & (len(Y) - has >= ROWS_OF_A_CLASS))
    if not columns or not len(searched):
        return []
    looks = _first_look(table, Y[:, searched], rng)
    close = {int(label): np.flatnonzero(_worth_it(looks[:, k])) for k, label in enumerate(searched)}
    count = sum(len(chosen) for chosen in close.values())
    room = int(np.clip(MOST_LOOKS // max(count, 1), FEWEST_ROWS, MOST_ROWS))
    seen: dict[int, list[tuple[float, int, str]]] = {}
    for label, chosen in close.items():
        for column, area, why in _judge(table, Y[:, label], chosen, columns, room, rng):
            seen.setdefault(column, []).append((area, label, why))
    columns_named = [*table.number_names, *table.category_names]
    leaks = []
    for column, found in seen.items():
        area, label, why = max(found, key=lambda one: one[0])
        what = f"tells label {names[label]} {why}"
        if len(found) > 1:
            others = len(found) - 1
            what += f", and {others} other label{'s' * (others > 1)} nearly as well"
        leaks.append(
            Leak(
                columns_named[column], round(area, 4), f"{what}: is it known before the outcome is?"
            )
        )
    return sorted(leaks, key=lambda leak: (-leak.score, leak.column))


def _worth_it(looks: np.ndarray) -> np.ndarray:
    """Choose the columns to look at closely: the strong ones and, to hold these against, the next best."""
    if looks.max() < STRONG_AUC:
        return np.zeros(len(looks), dtype=bool)
    third = np.sort(looks)[-min(len(looks), COLUMNS_FOR_A_LEAD)]
    return np.asarray(looks >= min(third, STRONG_AUC))


def _judge(
    table: Features,
    y: np.ndarray,
    chosen: np.ndarray,
    columns: int,
    room: int,
    rng: np.random.Generator,
) -> list[tuple[int, float, str]]:
    """Say which of the chosen columns give one label away: column, area, and in words."""
    if not len(chosen):
        return []
    total = np.bincount(y, minlength=2)
    rows = sample_rows(y, total, room, rng)
    y = y[rows]
    weight = (total / np.maximum(np.bincount(y, minlength=2), 1))[y]
    part = cut_parts(y, rng)
    p = table.numbers.shape[1]
    both = np.arange(2)
    scores = [
        score_numbers(table.numbers[rows, j], y, weight, part, both)
        if j < p
        else score_levels(table.codes[rows, j - p] + 1, y, weight, part)
        for j in chosen
    ]
    areas = np.array([area.max() for area, _ in scores])
    found = []
    for k, column in enumerate(chosen):
        area = float(areas[k])
        accuracy = float(scores[k][1].mean())
        next_best = float(np.delete(areas, k).max(initial=0.5))
        if area >= PERFECT_AUC:
            why = f"apart almost perfectly by itself (area under the ROC curve {area:.3f})"
        elif accuracy >= PERFECT_RECALL:
            why = f"almost always by itself (balanced accuracy {accuracy:.3f})"
        elif (
            area >= STRONG_AUC
            and columns >= COLUMNS_FOR_A_LEAD
            and area - 0.5 >= LEAD * max(next_best - 0.5, LEAST_LEAD)
        ):
            why = (
                f"apart far better than any other column (area under the ROC curve {area:.2f}, "
                f"the next best column has {next_best:.2f})"
            )
        else:
            continue
        found.append((int(column), area, why))
    return found


def _first_look(table: Features, Y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compute areas under the ROC curve, column by label, by the share of each label in each level."""
    p, q = table.numbers.shape[1], table.codes.shape[1]
    rows = _rows_of_all(Y, room_for(p + q), rng)
    labels = Y[rows].astype(np.float64)
    levels = [_cut(table.numbers[rows, j]) for j in range(p)]
    levels += [np.unique(table.codes[rows, j], return_inverse=True)[1] for j in range(q)]
    return np.stack([_areas(level, labels) for level in levels])


def _rows_of_all(Y: np.ndarray, room: int, rng: np.random.Generator) -> np.ndarray:
    """Choose rows of every label, half of the room, and any others for the rest."""
    n, L = Y.shape
    if n <= room:
        return np.arange(n)
    each = max(room // (2 * L), ROWS_OF_A_CLASS)
    chosen = [rng.choice(n, room // 2, replace=False)]
    for j in range(L):
        mine = np.flatnonzero(Y[:, j])
        chosen.append(mine if len(mine) <= each else rng.choice(mine, each, replace=False))
    return np.unique(np.concatenate(chosen))


def _cut(values: np.ndarray) -> np.ndarray:
    distinct, rank = np.unique(values, return_inverse=True)
    if len(distinct) <= BINS:
        return np.asarray(rank)
    known = np.sort(values[~np.isnan(values)])
    edges = np.unique(quantiles(known, BINS))
    level = np.where(np.isnan(values), 0, np.searchsorted(edges, values) + 1)
    return np.asarray(np.unique(level, return_inverse=True)[1])


def _areas(level: np.ndarray, labels: np.ndarray) -> np.ndarray:
    n = len(level)
    ones = csr_array((np.ones(n), (level, np.arange(n))))
    with_it = ones @ labels
    without = np.bincount(level)[:, None] - with_it
    order = np.argsort(with_it / (with_it + without), axis=0, kind="stable")
    with_it, without = (np.take_along_axis(part, order, axis=0) for part in (with_it, without))
    below = np.cumsum(without, axis=0) - without
    pairs = with_it.sum(axis=0) * without.sum(axis=0)
    return np.asarray((with_it * (below + without / 2)).sum(axis=0) / np.maximum(pairs, 1.0))
