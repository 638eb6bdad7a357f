"""Distances between rows of numbers and categories: HEOM, as a Euclidean distance of encoded rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import DataError
from equipoise.samplers.engine.neighbours import Neighbours
from equipoise.samplers.engine.precision import spread

__all__ = ["Space", "half_medians"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]
_QUERIES = 128
_MOST_LEVELS = 5_000


class Space:
    r"""Rows of numbers and categories, apart by the heterogeneous Euclidean-overlap metric.

    .. math:: d(a, b) = \sqrt{\sum_j ((a_j - b_j) / r_j)^2 + \#\{c : a_c \neq b_c\}}

    over the columns of numbers, each divided by its range :math:`r_j` in all rows (a constant column
    tells nothing), and the columns of categories.

    Parameters
    ----------
    numbers : float64 array, shape (n, p)
        Without missing or infinite values.
    codes : int64 array, shape (n, c)
        Categories.

    References
    ----------
    D. R. Wilson and T. R. Martinez, "Improved Heterogeneous Distance Functions", Journal of Artificial
    Intelligence Research 6, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers.space import Space
    >>> space = Space(np.array([[0.0], [5.0], [10.0]]), np.array([[0], [0], [1]]))
    >>> space.distance(np.array([0, 0]), np.array([1, 2])).round(3).tolist()
    [0.5, 1.414]
    """

    def __init__(self, numbers: F, codes: Rows) -> None:
        self.numbers = numbers
        self.codes = codes
        n, p = numbers.shape
        low = numbers.min(axis=0) if n else np.zeros(p)
        top = numbers.max(axis=0) if n else np.zeros(p)
        half = top / 2 - low / 2  # a range may be beyond the largest number, its half is not
        self.varies = half > 0
        self.low, self.half = low, np.where(self.varies, half, 1.0)

    def scaled(self, values: F) -> F:
        """Return numbers in units of their ranges, float64 (s, p): 0 to 1 for rows of the input."""
        out: F = (values / 2 - self.low / 2) / self.half
        out[:, ~self.varies] = 0.0
        return out

    def encoded(self, rows: Rows) -> F:
        """Return rows whose Euclidean distances are these, float64 (m, q).

        A category is a column twice, of 0 and 1/2: two that differ are then apart by 1 without rounding.
        """
        parts = [self.scaled(self.numbers[rows])]
        for j, column in enumerate(self.codes[rows].T):
            levels, place = np.unique(column, return_inverse=True)
            if len(levels) > _MOST_LEVELS:
                raise DataError(
                    f"categorical column {j} has {len(levels):,} categories among {len(rows):,} rows",
                    remedy="leave columns of identifiers out, or merge their categories",
                )
            if len(levels) > 1:
                block = np.zeros((len(rows), len(levels)))
                block[np.arange(len(rows)), place] = 0.5
                parts += [block, block]
        return np.hstack(parts)

    def distance(self, one: Rows, two: Rows) -> F:
        """Return the distance of each pair of rows, float64 (s,)."""
        gap = self.scaled(self.numbers[one]) - self.scaled(self.numbers[two])
        apart = (self.codes[one] != self.codes[two]).sum(axis=1)
        out: F = np.sqrt((gap * gap).sum(axis=1) + apart)
        return out

    def nearest(self, rows: Rows, k: int, n_jobs: int | None = None) -> Rows:
        """Return the k nearest of some rows among each other, int64 (m, k); of ties, the first rows.

        Positions are those of the input.
        """
        places = np.arange(len(rows))
        X = self.encoded(rows)
        return np.asarray(rows[Neighbours(X, n_jobs).search(X, k, own=places)[1]])


def half_medians(space: Space, rows: Rows, asked: Rows, n_jobs: int | None = None) -> F:
    """Return half the median of the distances from rows of a bump to all others of it.

    The middle of each row's distances is found from products of matrices, a block at a time, and then
    measured with each difference on its own, so that equal distances stay equal.

    Parameters
    ----------
    space : Space
    rows : int64 array, shape (m,)
        The bump; at least two rows.
    asked : int64 array, shape (s,)
        Places in ``rows`` that are asked about.
    n_jobs : int, optional
        Threads; by default those that matrix products may use.

    Returns
    -------
    float64 array, shape (s,)

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers.space import Space, half_medians
    >>> space = Space(np.array([[0.0], [1.0], [3.0], [8.0]]), np.empty((4, 0), dtype=np.int64))
    >>> (8 * half_medians(space, np.arange(4), np.array([0, 3]))).tolist()
    [1.5, 3.5]
    """
    m = len(rows)
    X = space.encoded(rows)
    X -= X.mean(axis=0)
    square = np.einsum("ij,ij->i", X, X)
    low, high = (m - 2) // 2, (m - 1) // 2  # of the m - 1 others
    out = np.empty(len(asked))

    def measure(part: slice) -> None:
        own = asked[part]
        apart = X[own] @ X.T
        apart *= -2.0
        apart += square
        apart[np.arange(len(own)), own] = np.inf
        middle = np.argpartition(apart, sorted({low, high}), axis=1)[:, [low, high]]
        exact = space.distance(rows[np.repeat(own, 2)], rows[middle.ravel()])
        out[part] = exact.reshape(-1, 2).mean(axis=1) / 2

    spread(measure, len(asked), _QUERIES, n_jobs)
    return out
