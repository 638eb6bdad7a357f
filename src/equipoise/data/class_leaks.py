"""Columns that give a class away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.data.column_scores import (
    ROWS_OF_A_CLASS,
    Features,
    cut_parts,
    room_for,
    sample_rows,
    score_levels,
    score_numbers,
)

__all__ = [
    "COLUMNS_FOR_A_LEAD",
    "LEAD",
    "LEAST_LEAD",
    "PERFECT_AUC",
    "PERFECT_RECALL",
    "STRONG_AUC",
    "Leak",
    "find_class_leaks",
]

# A column alone is near perfect from here on.
PERFECT_AUC = 0.995
PERFECT_RECALL = 0.98
# A column is suspicious from here on, if its lead over chance is so many times that of the next best column.
STRONG_AUC = 0.9
LEAD = 3.0
LEAST_LEAD = 0.05
COLUMNS_FOR_A_LEAD = 3


@dataclass(frozen=True)
class Leak:
    """A column that predicts the target suspiciously well by itself.

    Attributes
    ----------
    column : str
        Name of the column.
    score : float
        How well it tells the class or label that it gives away apart from all others: area under the ROC curve, 0.5
        for chance and 1 for perfect. For a target of numbers, the part of the variance of their ranks that it tells.
    why : str
        What was seen, in words.
    """

    column: str
    score: float
    why: str


def find_class_leaks(
    table: Features, y: np.ndarray, rng: np.random.Generator, labels: Sequence[Any] | None = None
) -> list[Leak]:
    """Find columns that give a class away; see `find_leaks`.

    Parameters
    ----------
    table : Table
        The features.
    y : ndarray of shape (n,), int64
        Class codes from 0.
    rng : numpy.random.Generator
        Source of chance.
    labels : sequence, optional
        Names of the classes.

    Returns
    -------
    list of Leak
    """
    total = np.bincount(y)
    searched = np.flatnonzero(total >= ROWS_OF_A_CLASS)
    p, q = table.numbers.shape[1], table.codes.shape[1]
    if len(searched) == 0 or np.count_nonzero(total) < 2 or p + q == 0:
        return []
    rows = sample_rows(y, total, room_for(p + q), rng)
    y = y[rows]
    weight = (total / np.maximum(np.bincount(y, minlength=len(total)), 1))[y]
    part = cut_parts(y, rng)
    scores = [score_numbers(table.numbers[rows, j], y, weight, part, searched) for j in range(p)]
    scores += [score_levels(table.codes[rows, j] + 1, y, weight, part) for j in range(q)]
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
