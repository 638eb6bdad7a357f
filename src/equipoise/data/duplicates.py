"""Rows that are copies of each other: a copy on both sides of a split lets a learner recite instead of predict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from equipoise.data.kinds import number_by_appearance, number_kinds
from equipoise.data.nearness import near_copies
from equipoise.data.strata import strata_of

__all__ = ["Duplicates", "duplicate_groups", "find_duplicates", "merge_groups", "text_key"]

# A table with at least this many rows for every combination of values that can occur must repeat itself.
ROWS_PER_COMBINATION = 5
# A combination in more than this share of all rows is a common reading, unless its class has few other rows.
COMMON_SHARE = 0.1
COMMON_ROWS = 30
ENOUGH_DISTINCT = 20


class Features(Protocol):
    """What is needed of a table: its numbers, category codes and texts."""

    @property
    def numbers(self) -> np.ndarray: ...
    @property
    def codes(self) -> np.ndarray: ...
    @property
    def texts(self) -> Sequence[np.ndarray]: ...


@dataclass(frozen=True)
class Duplicates:
    """Copies among the rows of a table.

    Attributes
    ----------
    groups : ndarray of shape (n,), int64
        Rows with the same id must stay on one side of a split.
    rows : int
        Rows beyond the first of their kind: what deduplication would take out, counted before any allowance.
    clusters : int
        Kinds of rows that occur more than once.
    notes : list of str
        Repeats that were not taken for copies, and why; how many rows are copies but for the last digits.
    conflicting : int
        Groups of copies with different targets: another class, another set of labels or another number. No model can
        be right on all of their rows.
    """

    groups: np.ndarray
    rows: int
    clusters: int
    notes: list[str]
    conflicting: int = 0

    @property
    def grouped(self) -> int:
        """Rows beyond the first of their group: those of ``rows`` that no allowance took out."""
        return len(self.groups) - len(np.unique(self.groups))


def duplicate_groups(table: Features, y: np.ndarray | None = None) -> np.ndarray:
    """Give rows that are copies of each other the same group.

    Shorthand for ``find_duplicates(table, y).groups``.

    Parameters
    ----------
    table : Table
        The features.
    y : ndarray of shape (n,) or (n, L), optional
        The target; see `find_duplicates`.

    Returns
    -------
    ndarray of shape (n,), int64
        Group ids, numbered by first appearance.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from equipoise.data.duplicates import duplicate_groups
    >>> texts = [np.array(["Win a prize!", "see you at 5", "WIN a prize", "see you at 6"], dtype=object)]
    >>> rows = SimpleNamespace(numbers=np.empty((4, 0)), codes=np.empty((4, 0), np.int32), texts=texts)
    >>> duplicate_groups(rows).tolist()
    [0, 1, 0, 1]
    """
    return find_duplicates(table, y).groups


def find_duplicates(table: Features, y: np.ndarray | None = None) -> Duplicates:
    """Find copies: rows with the same features, texts by their letters only, numbers up to their last digits.

    Numbers need only nearly agree, as after rounding, noise or a stay in single precision; whole numbers must be
    equal. `near_copies` in ``equipoise.data.nearness`` says how nearly. A missing value equals a missing value and
    -0.0 equals 0.0. The target plays no part in what is a copy, so copies with conflicting labels share a group too.
    A row without any value is no copy of another.

    Two kinds of repeats are legitimate, are met again by a model in use, and are not grouped:

    - Repeats that cannot be avoided: without texts, and with at least 5 rows for each combination of values that
      could occur (three true/false columns make 8 combinations). Columns of two values that exclude each other, as
      from one-hot encoding, count together. Every fold then holds the same combinations.
    - Common readings: a combination in more than a tenth of all rows (and 30), such as a measurement at its lower limit.
      Keeping those in one fold would make that fold unlike the rest. When `y` is given, the most frequent class of
      such a combination must have at least 20 different combinations: a rare class that was copied up from a few rows
      before the split looks the same otherwise.

    Parameters
    ----------
    table : Table
        The features: `numbers` (n, p), `codes` (n, q), and `texts`, one array of n strings per column.
    y : ndarray of shape (n,) or (n, L), optional
        Class codes, int64; 1 for each label that a row has, else 0, of shape (n, L); or numbers, float64. They make
        the second allowance stricter, in which a set of labels or a range of numbers stands for a class.

    Returns
    -------
    Duplicates
        Groups, counts and notes.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from equipoise.data.duplicates import find_duplicates
    >>> numbers = np.array([[1.5, np.nan], [1.5, np.nan], [2.0, 3.0]])
    >>> found = find_duplicates(SimpleNamespace(numbers=numbers, codes=np.empty((3, 0), np.int32), texts=[]))
    >>> found.rows, found.clusters, found.groups.tolist()
    (1, 1, [0, 0, 1])
    """
    numbers, codes = np.asarray(table.numbers, dtype=np.float64), np.asarray(table.codes)
    n = len(numbers)
    texts = [_text_column(text) for text in table.texts]
    columns = [numbers[:, j] for j in range(numbers.shape[1])]
    columns += [codes[:, j] for j in range(codes.shape[1])]
    columns += texts
    empty = np.asarray(np.isnan(numbers).all(axis=1) & (codes < 0).all(axis=1))
    for text in texts:
        empty &= text == 0
    exact = np.empty(n, dtype=np.int64)
    exact[empty] = -1 - np.arange(int(empty.sum()))
    exact[~empty] = number_kinds(columns, np.flatnonzero(~empty))
    exact = number_by_appearance(exact)
    kinds = _join_near(numbers, columns[numbers.shape[1] :], exact, empty)
    sizes = np.bincount(kinds)
    rows, clusters = int(n - len(sizes)), int((sizes > 1).sum())
    notes: list[str] = []
    apart = empty.copy()
    if rows and not table.texts and _repeats_must_happen(columns, n):
        apart[:] = True
        notes.append(
            f"the features take so few values that rows must repeat ({n:,} rows, {len(sizes):,} different ones): "
            "repeated rows count as separate cases, not as copies"
        )
    elif rows:
        common = _common_readings(kinds, sizes, y)
        if common.any():
            apart |= common[kinds]
            share = sizes[common].sum() / n
            notes.append(
                f"{sizes[common].sum():,} rows ({share:.0%}) share {_combinations(int(common.sum()))} of values: "
                "common readings, counted as separate cases, not as copies"
            )
    groups = (
        number_by_appearance(np.where(apart, n + np.arange(n), kinds)) if apart.any() else kinds
    )
    agreeing = _beyond_largest(exact[~apart], groups[~apart])
    if agreeing:
        notes.append(
            f"{agreeing:,} row{' agrees' if agreeing == 1 else 's agree'} with another in all but "
            "the last digits: kept on one side"
        )
    return Duplicates(groups, rows, clusters, notes, _conflicting(groups, y))


def merge_groups(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    """Join two groupings: rows that share a group in either one, even by way of other rows, share a group.

    Parameters
    ----------
    first, second : ndarray of shape (n,), or None
        Group ids of any sortable kind. None stands for no grouping.

    Returns
    -------
    ndarray of shape (n,), int64, or None
        Group ids, numbered by first appearance; None if both are None.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.duplicates import merge_groups
    >>> merge_groups(np.array([0, 0, 1, 2]), np.array(["a", "b", "b", "c"])).tolist()
    [0, 0, 0, 1]
    """
    if first is None or second is None:
        one = second if first is None else first
        return None if one is None else number_by_appearance(np.unique(one, return_inverse=True)[1])
    a = np.unique(first, return_inverse=True)[1]
    b = np.unique(second, return_inverse=True)[1]
    n_a, n_b = int(a.max(initial=-1)) + 1, int(b.max(initial=-1)) + 1
    # A graph of groups, not of rows: each row ties its group of the first kind to its group of the second.
    ties = coo_array((np.ones(len(a), dtype=np.int8), (a, b + n_a)), shape=(n_a + n_b, n_a + n_b))
    component = connected_components(ties, directed=False)[1]
    return number_by_appearance(component[a])


def text_key(text: str) -> str:
    """Reduce a text to what makes it the same message: its letters in lower case, or failing these its digits.

    A text with neither, such as a smiley, is kept as it is.

    Examples
    --------
    >>> from equipoise.data.duplicates import text_key
    >>> text_key("FREE entry!! Text 80086"), text_key("0800 123"), text_key(" :-) ")
    ('freeentrytext', '0800123', ':-)')
    """
    folded = text.casefold()
    letters = "".join(filter(str.isalpha, folded))
    return letters or "".join(filter(str.isalnum, folded)) or folded.strip()


def _text_column(values: np.ndarray) -> np.ndarray:
    seen: dict[str, int] = {"": 0}
    return np.fromiter(
        (seen.setdefault(text_key(text), len(seen)) for text in values), np.int64, len(values)
    )


def _join_near(
    numbers: np.ndarray, others: Sequence[np.ndarray], exact: np.ndarray, empty: np.ndarray
) -> np.ndarray:
    """Join the kinds that nearly agree."""
    if not numbers.shape[1]:
        return exact
    kinds, first = np.unique(exact, return_index=True)
    filled = ~empty[first]
    place = first[filled]
    joined = len(place) + np.arange(len(kinds))
    joined[filled] = near_copies(
        numbers if len(place) == len(numbers) else numbers[place],
        [column[place] for column in others],
    )
    return number_by_appearance(joined[exact])


def _beyond_largest(exact: np.ndarray, groups: np.ndarray) -> int:
    """Count the rows that are not of their group's most frequent exact kind."""
    kinds, first, sizes = np.unique(exact, return_index=True, return_counts=True)
    if len(kinds) == len(np.unique(groups)):
        return 0
    largest = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    np.maximum.at(largest, groups[first], sizes)
    return int(len(exact) - largest.sum())


def _repeats_must_happen(columns: Sequence[np.ndarray], n: int) -> bool:
    """Tell whether the columns allow so few combinations that every one recurs."""
    combinations = 1
    block: np.ndarray | None = None
    for column in columns:
        values = np.unique(column, return_inverse=True)[1]
        k = int(values.max()) + 1
        if k == 2 and block is not None:
            grown = np.unique(block * 2 + values, return_inverse=True)[1]
            before, after = int(block.max()) + 1, int(grown.max()) + 1
            if after <= before + 1:
                combinations = combinations // before * after
                block = grown
                continue
        block = values if k == 2 else None
        combinations *= k
        if combinations * ROWS_PER_COMBINATION > n:
            return False
    return combinations * ROWS_PER_COMBINATION <= n


def _common_readings(kinds: np.ndarray, sizes: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    common = sizes > max(COMMON_SHARE * len(kinds), COMMON_ROWS)
    if y is None or not common.any():
        return common
    of_row = strata_of(y)
    for kind in np.flatnonzero(common):
        stratum = Counter(of_row[kinds == kind].tolist()).most_common(1)[0][0]
        common[kind] = len(np.unique(kinds[of_row == stratum])) >= ENOUGH_DISTINCT
    return common


def _conflicting(groups: np.ndarray, y: np.ndarray | None) -> int:
    """Count the groups that have more than one target."""
    if y is None or not len(groups):
        return 0
    targets = np.unique(y, return_inverse=True)[1] if y.ndim == 1 else strata_of(y)
    width = int(targets.max()) + 1
    return int((np.bincount(np.unique(groups * width + targets) // width) > 1).sum())


def _combinations(count: int) -> str:
    return "one combination" if count == 1 else f"{count} combinations"
