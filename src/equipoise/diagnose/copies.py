"""Rows that are alike: equal to the last sign, or as far as the folds of a trial care."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.data.dataset import Dataset
from equipoise.data.duplicates import find_duplicates, merge_groups
from equipoise.data.kinds import number_by_appearance, number_kinds
from equipoise.data.table import Table

__all__ = ["Copies", "beyond_first", "crossing", "find_copies"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Rows that are alike.

    Attributes
    ----------
    exact : int64 array, shape (n,)
        Rows with the same number have the same features, to the last sign.
    near : int64 array, shape (n,)
        The same for rows that agree in the letters of their texts and all but the last digits of their
        numbers; a coarser grouping than ``exact``.
    kept : int64 array, shape (n,)
        Rows that a trial keeps on one side of a split: ``near`` without common readings and without
        repeats that few values make unavoidable. Groups of the user are no part of it.
    """

    exact: Rows
    near: Rows
    kept: Rows


def find_copies(dataset: Dataset) -> Copies:
    """Find the copies among the rows of a table."""
    table = dataset.table
    exact = _exact(table)
    if dataset.kept == "duplicates" and dataset.groups is not None:
        kept = dataset.groups
    elif dataset.kept.endswith("duplicates"):
        classes = dataset.task in ("binary", "multiclass")
        kept = find_duplicates(table, dataset.y if classes else None).groups
    else:
        kept = np.arange(table.n)
    near = merge_groups(exact, kept)
    assert near is not None
    return Copies(exact, near, number_by_appearance(kept))


def _exact(table: Table) -> Rows:
    columns: list[NDArray[Any]] = [table.numbers[:, j] for j in range(table.numbers.shape[1])]
    columns += [table.codes[:, j] for j in range(table.codes.shape[1])]
    filled = ~np.isnan(table.numbers).all(axis=1) | (table.codes >= 0).any(axis=1)
    for text in table.texts:
        seen: dict[str, int] = {"": 0}
        codes = [seen.setdefault(one, len(seen)) for one in text.tolist()]
        columns.append(np.array(codes, dtype=np.int64))
        filled |= columns[-1] > 0
    if not table.numbers.shape[1]:
        filled &= (table.codes >= 0).any(axis=1) | np.any(
            [text != "" for text in table.texts] or [np.zeros(table.n, bool)], axis=0
        )
    # A row without any value is no copy of another.
    kinds = np.empty(table.n, dtype=np.int64)
    kinds[~filled] = -1 - np.arange(int((~filled).sum()))
    kinds[filled] = number_kinds(columns, np.flatnonzero(filled))
    return number_by_appearance(kinds)


def beyond_first(groups: Rows) -> NDArray[np.bool_]:
    """Mark the rows that are not the first of their group.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.copies import beyond_first
    >>> beyond_first(np.array([0, 0, 1, 0])).tolist()
    [False, True, False, True]
    """
    first = np.unique(groups, return_index=True)[1]
    out = np.ones(len(groups), dtype=bool)
    out[first] = False
    return out


def crossing(first: Table, second: Table) -> NDArray[np.bool_]:
    """Mark the rows of a second table that are copies of rows of the first, as folds see copies."""
    both = Table(
        np.concatenate([first.numbers, second.numbers]),
        np.concatenate([first.codes, second.codes]),
        [np.concatenate(pair) for pair in zip(first.texts, second.texts, strict=True)],
        first.number_names,
        first.category_names,
        first.text_names,
        first.levels,
        first.n + second.n,
    )
    groups = find_duplicates(both).groups
    return np.isin(groups[first.n :], groups[: first.n])
