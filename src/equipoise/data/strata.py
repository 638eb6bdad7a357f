"""Rows sorted into kinds by their target, whatever it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["form_of", "number_strata", "strata_of"]

MOST_BINS = 20


def form_of(y: NDArray[Any]) -> str:
    """Say what a target holds: "labels" for a table, "numbers" for fractions, else "classes".

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, L)

    Returns
    -------
    {"classes", "labels", "numbers"}

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.strata import form_of
    >>> form_of(np.array([0, 1])), form_of(np.eye(2, dtype=int)), form_of(np.array([0.5, 1.0]))
    ('classes', 'labels', 'numbers')
    """
    if y.ndim == 2:
        return "labels"
    return "numbers" if y.dtype.kind == "f" else "classes"


def number_strata(y: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Cut numbers into about so many ranges of equal mass; equal numbers stay together.

    A number that many rows share, such as 0 among costs, makes one range by itself or nearly so, and leaves fewer
    for the others.

    Parameters
    ----------
    y : ndarray of shape (n,), float64
        Finite numbers.
    bins : int
        How many ranges at most, 1 or more.

    Returns
    -------
    ndarray of shape (n,), int64
        The range of each number, from 0 in the order of the numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.strata import number_strata
    >>> number_strata(np.array([0.0, 7.0, 0.0, 0.0, 1.5, 2.0]), 3).tolist()
    [0, 2, 0, 0, 1, 2]
    """
    rank, counts = np.unique(y, return_inverse=True, return_counts=True)[1:]
    middle = np.cumsum(counts) - counts / 2
    of_value = np.minimum((middle * bins / max(len(y), 1)).astype(np.int64), bins - 1)
    return np.asarray(np.unique(of_value[rank], return_inverse=True)[1], dtype=np.int64)


def strata_of(y: NDArray[Any]) -> NDArray[np.int64]:
    """Give each row the number of its kind: its class, its set of labels, or its range of up to 20.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, L)
        Class codes, labels or numbers.

    Returns
    -------
    ndarray of shape (n,), int64

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.strata import strata_of
    >>> strata_of(np.array([[1, 0], [0, 0], [1, 0]])).tolist()
    [1, 0, 1]
    """
    form = form_of(y)
    if form == "classes":
        return np.asarray(y, dtype=np.int64)
    if form == "numbers":
        return number_strata(y, MOST_BINS)
    packed = np.packbits(y != 0, axis=1)
    kinds = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
    return np.asarray(np.unique(kinds, return_inverse=True)[1], dtype=np.int64)
