"""Points as they are: which rows are equal, and distances with each difference taken on its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct", "lengths"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]


def distinct(X: F) -> tuple[Rows | None, Rows | None, tuple[Rows, Rows] | None]:
    """Tell which rows are equal.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        Rows.

    Returns
    -------
    point : int64 array, shape (n,)
        The distinct point that each row is; None, as the others, if no two rows are equal.
    first : int64 array
        A row of each point.
    members : tuple of int64 arrays
        Rows sorted by point, and where each point's rows start.
    """
    # Two equal rows have equal hashes; rows that share one without being equal are told apart below.
    bits = (X + 0.0).view(np.uint64)
    hashed = np.zeros(len(X), dtype=np.uint64)
    for column in bits.T:
        hashed = (hashed ^ (column + (column >> np.uint64(29)))) * np.uint64(0x9E3779B97F4A7C15)
        hashed ^= hashed >> np.uint64(32)
    _, first, kinds = np.unique(hashed, return_index=True, return_inverse=True)
    if len(first) == len(X):
        return None, None, None
    if not np.array_equal(X[first[kinds]], X):
        _, first, kinds = np.unique(X, axis=0, return_index=True, return_inverse=True)
        kinds = kinds.ravel()
    members = np.argsort(kinds, kind="stable")
    starts = np.append(0, np.cumsum(np.bincount(kinds)))
    return kinds, first, (members, starts)


def lengths(queries: F, points: F, row: Rows, col: Rows) -> F:
    """Return the distance of each pair: query ``row`` and point ``col``.

    Parameters
    ----------
    queries, points : float64 arrays, shapes (q, p) and (n, p)
        Coordinates of any size; pairs whose squares would leave the range of floats are scaled first.
    row, col : int64 arrays, shape (pairs,)
        Positions in them.

    Returns
    -------
    float64 array, shape (pairs,)
        Of each pair the same, bit by bit, whatever the others are.
    """
    out = np.empty(len(row))
    step = max(1, 4_000_000 // max(points.shape[1], 1))
    for at in range(0, len(row), step):
        part = slice(at, at + step)
        with np.errstate(over="ignore"):
            gap = queries[row[part]] - points[col[part]]
            top = np.abs(gap).max(axis=1, initial=0.0)
            odd = np.flatnonzero(((top > 1e150) & np.isfinite(top)) | ((top > 0) & (top < 1e-150)))
            # Powers of two, so that scaling does not round, and of the odd pairs only.
            unit = np.ldexp(1.0, np.frexp(top[odd])[1] - 1)
            gap[odd] /= unit[:, None]
            length = np.sqrt(np.einsum("ij,ij->i", gap, gap))
            length[odd] *= unit
            out[part] = length
    return out
