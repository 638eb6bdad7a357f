"""The parts that data come in: two files, the levels of a column named split, or earlier and later rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from equipoise.data.dataset import Dataset

__all__ = ["Part", "count_classes", "find_parts", "split_column"]

Rows = NDArray[np.int64]

_NAME = re.compile(r"(?i)(data_?)?(split|fold|partition|subset|set)")
_WORDS = {
    "train": 0,
    "training": 0,
    "dev": 1,
    "val": 1,
    "valid": 1,
    "validation": 1,
    "eval": 2,
    "test": 2,
    "testing": 2,
    "holdout": 2,
}
_LATER = 0.2  # share of the rows that count as later ones
_MOST = 5


@dataclass(frozen=True)
class Part:
    """Some rows.

    Attributes
    ----------
    n : int
        Their number.
    counts : int64 array, shape (C,)
        Rows of each class or label that the first file knows; empty for a numeric target.
    rows : int64 array or None
        Which rows of the first file; None for those of a second.
    strange : dict of str to int
        Classes that the first file does not know.
    """

    n: int
    counts: Rows
    rows: Rows | None = None
    strange: dict[str, int] = field(default_factory=dict)


def count_classes(dataset: Dataset, rows: Rows | None = None) -> Rows:
    """Count the rows of each class or label; empty for a numeric target."""
    y = dataset.y if rows is None else dataset.y[rows]
    if dataset.task == "regression":
        return np.empty(0, dtype=np.int64)
    if y.ndim == 2:
        return np.asarray((y == 1).sum(axis=0), dtype=np.int64)
    return np.bincount(y[y >= 0], minlength=len(dataset.classes))


def split_column(dataset: Dataset) -> str | None:
    """Find a feature that says to which part of a split a row belongs: by its name and all its values."""
    table = dataset.table
    for name, levels in zip(table.category_names, table.levels, strict=True):
        words = {level.strip().lower() for level in levels}
        named = _NAME.fullmatch(name.strip())
        if len(words) > 1 and words <= set(_WORDS) and (named or "test" in words):
            return name
    return None


def find_parts(
    dataset: Dataset, other: Dataset | None, strange: dict[str, int] | None = None
) -> dict[str, Part]:
    """Return the parts by name, the one to train on first; empty if there is one part only.

    Parameters
    ----------
    dataset : Dataset
        The first file.
    other : Dataset, optional
        A second file, whose unknown classes have the code -1.
    strange : dict, optional
        Those classes and their rows.
    """
    if other is not None:
        same = dataset.source == other.source
        first, second = (
            ("the first data", "the second data") if same else (dataset.source, other.source)
        )
        return {
            first: Part(dataset.table.n, count_classes(dataset)),
            second: Part(other.table.n, count_classes(other), None, dict(strange or {})),
        }
    column = split_column(dataset)
    if column is not None:
        at = dataset.table.category_names.index(column)
        levels = dataset.table.levels[at]
        codes = dataset.table.codes[:, at]
        order = sorted(range(len(levels)), key=lambda k: _WORDS[levels[k].strip().lower()])
        named = {f"{column} {levels[k]}": np.flatnonzero(codes == k) for k in order[:_MOST]}
    elif dataset.time is not None:
        order_in_time = np.argsort(dataset.time, kind="stable")
        cut = int(len(order_in_time) * (1 - _LATER))
        named = {
            "the earlier four fifths": np.sort(order_in_time[:cut]),
            "the latest fifth": np.sort(order_in_time[cut:]),
        }
    else:
        return {}
    return {
        name: Part(len(rows), count_classes(dataset, rows), rows) for name, rows in named.items()
    }
