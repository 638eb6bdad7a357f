"""Distances between rows of categories, and votes among them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ValueDifferences", "drawn_winners", "most_frequent"]

F = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]
Rows = NDArray[np.int64]

_HELD = 16_000_000  # entries of the tables that are kept
_BLOCK = 1_000_000  # distances, and differences of probabilities, at a time


class ValueDifferences:
    """Rows of categories to search for neighbours by the value difference metric.

    With p(a) the shares of the classes in the rows of category a of a column, two rows are apart by the
    sum over the columns of ``(sum_c |p_c(a) - p_c(b)|) ** 2``. A column has few pairs of categories and
    the rows many, so each pair is computed once and looked up. Sums are taken in the order of the
    columns: the distances are imbalanced-learn's to the last bit, which matters since many are equal.

    Parameters
    ----------
    shares : sequence of float64 arrays, shape (categories, C)
        Shares of the classes for each category, by column.
    codes : int array, shape (n, columns)
        Categories of the rows to search among.

    References
    ----------
    Stanfill, C. and Waltz, D. (1986). Toward memory-based reasoning. Communications of the ACM 29.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.categories import ValueDifferences
    >>> shares = [np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])]
    >>> ValueDifferences(shares, np.array([[0], [1], [2]])).distances(np.array([0])).tolist()
    [[0.0, 1.0, 4.0]]
    """

    def __init__(self, shares: Any, codes: Codes) -> None:
        self._columns = []
        held = 0
        for share, column in zip(shares, codes.T, strict=True):
            present, code = np.unique(column, return_inverse=True)
            known = share[present]
            held += len(present) * len(codes)
            # The distances of each category to all rows, unless there are too many.
            table = self._table(known, np.arange(len(present)))[:, code] if held <= _HELD else None
            self._columns.append((known, code, table))
        self._n = len(codes)

    @staticmethod
    def _table(known: F, categories: Rows) -> F:
        out = np.empty((len(categories), len(known)))
        step = max(1, _BLOCK // max(known.size, 1))
        for at in range(0, len(categories), step):
            part = known[categories[at : at + step]]
            gap = np.abs(part[:, None, :] - known[None, :, :])
            out[at : at + step] = np.sum(gap, axis=-1) ** 2
        return out

    def distances(self, rows: Rows) -> F:
        """Return the distances of some of the rows to all, float64 (len(rows), n).

        Parameters
        ----------
        rows : int64 array
            Positions among the rows.

        Returns
        -------
        float64 array, shape (len(rows), n)
        """
        out = np.zeros((len(rows), self._n))
        for known, code, table in self._columns:
            if table is None:
                asked, place = np.unique(code[rows], return_inverse=True)
                out += self._table(known, asked)[:, code][place]
            else:
                out += table.take(code[rows], axis=0)
        return out

    def nearest(self, rows: Rows, k: int) -> Rows:
        """Return k nearest of all rows to each of some, itself among them, int64 (len(rows), k).

        Which of several at one distance are taken is up to NumPy's selection, as in imbalanced-learn.

        Parameters
        ----------
        rows : int64 array
            Positions among the rows.
        k : int
            Neighbours.

        Returns
        -------
        int64 array, shape (len(rows), k)
            In no order.
        """
        out = np.empty((len(rows), k), dtype=np.int64)
        step = max(1, _BLOCK // max(self._n, 1))
        for at in range(0, len(rows), step):
            length = self.distances(rows[at : at + step])
            out[at : at + step] = np.argpartition(length, k - 1, axis=1)[:, :k]
        return out


def most_frequent(values: Codes) -> tuple[Codes, Rows]:
    """Find the most frequent values of each row.

    Parameters
    ----------
    values : int array, shape (n, k)
        Values.

    Returns
    -------
    winners : int array
        The most frequent values of the first row, ascending, then those of the second, and so on.
    counts : int64 array, shape (n,)
        How many each row has.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.categories import most_frequent
    >>> winners, counts = most_frequent(np.array([[3, 1, 3], [2, 0, 1]]))
    >>> winners.tolist(), counts.tolist()
    ([3, 0, 1, 2], [1, 3])
    """
    ordered = np.sort(values, axis=1)
    run = np.ones(ordered.shape, dtype=np.int64)
    for j in range(1, ordered.shape[1]):
        run[:, j] += np.where(ordered[:, j] == ordered[:, j - 1], run[:, j - 1], 0)
    top = run == run.max(axis=1, keepdims=True)
    return ordered[top], top.sum(axis=1)


def drawn_winners(draws: Any, winners: NDArray[Any], many: Rows, base: Rows) -> Rows:
    """Return one of the most frequent categories of each base, by the draws of imbalanced-learn.

    Parameters
    ----------
    draws : RandomState
        What is drawn from.
    winners : array, shape (w,)
        The most frequent categories of all, one after another.
    many : int64 array, shape (q,)
        How many each has.
    base : int64 array, shape (s,)
        Which of the q each is drawn for.

    Returns
    -------
    array, shape (s,)
    """
    counts = many[base]
    ends = np.cumsum(counts)
    starts = ends - counts
    rank = np.empty(ends[-1] if len(ends) else 0, dtype=np.int64)
    order = draws.permutation(len(rank))
    rank[order] = np.arange(len(rank))
    if not len(base):
        return np.empty(0, dtype=np.int64)
    first = order[np.minimum.reduceat(rank, starts)]
    picked: Rows = winners[(np.cumsum(many) - many)[base] + first - starts]
    return picked
