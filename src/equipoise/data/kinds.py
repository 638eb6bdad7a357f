"""Number rows by what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

__all__ = ["number_by_appearance", "number_kinds"]


class Column(Protocol):
    """An array, or what gives the values of some rows as an array does."""

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


def number_kinds(columns: Sequence[Column], rows: np.ndarray) -> np.ndarray:
    """Give each distinct combination of values over all columns a number.

    Two rows are told apart as soon as one column does, so columns are only asked for rows still in company.

    Parameters
    ----------
    columns : sequence of arrays of shape (n,), or of what can be indexed like one
        What the rows hold; NaN equals NaN.
    rows : ndarray of shape (m,)
        Which rows to number.

    Returns
    -------
    ndarray of shape (m,), int64
        Numbers from 0 or 1, in no particular order.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.kinds import number_kinds
    >>> a, b, c, d = number_kinds([np.array([1, 1, 2, 1]), np.array([5, 6, 5, 5])], np.arange(4))
    >>> bool(a == d), len({int(a), int(b), int(c)})
    (True, 3)
    """
    kinds = np.zeros(len(rows), dtype=np.int64)
    places = np.arange(len(rows))
    inside = np.zeros(len(rows), dtype=np.int64)
    used = 1
    for column in columns:
        values = np.unique(column[rows[places]], return_inverse=True)[1]
        joint = inside * (int(values.max(initial=0)) + 1) + values
        _, inverse, counts = np.unique(joint, return_inverse=True, return_counts=True)
        kinds[places] = inverse + used
        used += len(counts)
        together = counts[inverse] > 1
        places, inside = places[together], inverse[together]
        if not len(places):
            break
    return kinds


def number_by_appearance(ids: np.ndarray) -> np.ndarray:
    """Give ids numbers in the order in which they first appear.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.kinds import number_by_appearance
    >>> number_by_appearance(np.array([7, 3, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
