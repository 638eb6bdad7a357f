"""Tell how many others are closer than a radius, without finding the nearest.

Any k that are closer will do, so they are looked for where they are likely: among the rows that share the
nearest of a few random pivots, then with other pivots. Which rows that clears depends on chance; what is
said of a cleared row does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.engine.precision import QUERIES, TILE, TINY, Precision, spread

__all__ = ["count_closer", "surely_closer"]

F = NDArray[np.float64]
S = NDArray[np.float32]
Rows = NDArray[np.int64]

_ROUNDS = 8
_COST = 3  # a round costs about as much as searching so many times as many rows as it has pivots
_CROWD = 8  # so many times larger than the mean may a cell be; of a larger one, a part is looked at
_HUGE = 1e30


def surely_closer(
    X: Any,
    rows: Rows,
    among: Rows,
    radius: F,
    k: int,
    n_jobs: int | None = None,
    precision: Precision | None = None,
) -> NDArray[np.bool_]:
    """Find rows with k others that lie strictly closer than a radius.

    Parameters
    ----------
    X : float array, shape (n, p)
        Rows without missing or infinite values.
    rows : int64 array, shape (q,)
        The rows asked about.
    among : int64 array
        Rows that count, ``rows`` among them; a row does not count for itself.
    radius : float64 array, shape (q,)
        Distance of each.
    k : int
        How many must be closer.
    n_jobs : int, optional
        Threads.
    precision : Precision, optional
        That of the rows, where it is known.

    Returns
    -------
    bool array, shape (q,)
        True where k are closer. False says nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.clearing import surely_closer
    >>> X = np.zeros((3000, 2))
    >>> rows = np.arange(3000)
    >>> bool(surely_closer(X, rows, rows, np.full(3000, 0.1), 3).all())
    True
    """
    cleared = np.zeros(len(rows), dtype=bool)
    pivots = int(1.7 * np.sqrt(len(among)))
    if len(rows) < _COST * pivots:
        return cleared
    X = np.asarray(X, dtype=np.float64)
    precision = Precision.measure(X) if precision is None else precision
    if not precision.narrow:
        return cleared
    cells = _Cells(X, among, precision, n_jobs)
    reach = _reach(precision, radius)
    unsettled = np.flatnonzero(reach > 0)
    for _ in range(_ROUNDS):
        if len(unsettled) < _COST * pivots:
            break
        found = cells.count(rows[unsettled], reach[unsettled], pivots)
        cleared[unsettled[found >= k]] = True
        unsettled = unsettled[found < k]
        if np.count_nonzero(found >= k) < _COST * pivots:
            break
    return cleared


def count_closer(
    X: F,
    rows: Rows,
    among: Rows,
    low: F,
    high: F,
    n_jobs: int | None = None,
    precision: Precision | None = None,
) -> tuple[Rows, Rows]:
    """Count the others that are surely closer than one radius, and those that may be within another.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        Rows without missing or infinite values.
    rows : int64 array, shape (q,)
        The rows asked about.
    among : int64 array
        Rows that count, ``rows`` among them; a row does not count for itself.
    low, high : float64 arrays, shape (q,)
        The two distances of each; where ``high`` is infinite, ``possible`` is beyond all counts.
    n_jobs : int, optional
        Threads.
    precision : Precision, optional
        That of the rows, where it is known.

    Returns
    -------
    sure : int64 array, shape (q,)
        At most as many as are strictly closer than ``low``.
    possible : int64 array, shape (q,)
        At least as many as are no farther than ``high``.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.clearing import count_closer
    >>> X, rows = np.array([[0.0], [1.0], [2.0], [4.0]]), np.arange(4)
    >>> count_closer(X, rows[:1], rows, np.array([1.5]), np.array([2.5]))
    (array([1]), array([2]))
    """
    precision = Precision.measure(X) if precision is None else precision
    if not precision.narrow:
        return np.zeros(len(rows), dtype=np.int64), np.full(len(rows), len(among))
    columns, square = precision.columns(X[among], upper=True)
    widest = 4 * precision.error * float(square.max(initial=0.0)) + TINY
    near, bounded = _reach(precision, low), np.isfinite(high)
    # Where nothing is too far, only those within the lower radius need be looked at.
    wide = np.where(bounded, np.minimum((high * precision.scale) ** 2, _HUGE), near)
    # Its distance to itself is 0, which no rounding brings above the wider radius.
    sure, possible = np.full(len(rows), -1), np.full(len(rows), -1)

    def count(part: slice) -> None:
        left, own = _queries(X[rows[part]], precision)
        first = _round_down(near[part] - own * (1 + 2 * precision.error) - TINY)
        last = wide[part] * (1 + 1e-9) - own * (1 - 2 * precision.error) + widest
        second = np.nextafter(last.astype(np.float32), np.float32(np.inf))[:, None]
        for at in range(0, len(among), TILE):
            upper = left @ columns[at : at + TILE].T
            hits = np.flatnonzero(upper <= second)
            row = hits // upper.shape[1]
            possible[part] += np.bincount(row, minlength=len(own))
            surely = row[upper.ravel()[hits] < first[row]]
            sure[part] += np.bincount(surely, minlength=len(own))

    spread(count, len(rows), QUERIES, n_jobs)
    return np.maximum(sure, 0), np.where(bounded, possible, np.iinfo(np.int64).max)


class _Cells:
    """Rows, by the nearest of some of them."""

    def __init__(self, X: F, among: Rows, precision: Precision, n_jobs: int | None) -> None:
        self.random = np.random.default_rng(0)
        self.precision, self.n_jobs = precision, n_jobs
        # In random order, so that the first of a cell are a random part of it.
        among = self.random.permutation(among)
        self.columns, self.square = precision.columns(X[among], upper=True)
        self.place = np.full(len(X), -1, dtype=np.int64)
        self.place[among] = np.arange(len(among))

    def count(self, rows: Rows, reach: F, pivots: int) -> Rows:
        """Count the rows of each one's cell that surely lie within a squared distance, itself left out."""
        home = self._homes(self.random.choice(len(self.columns), pivots, replace=False))
        members, starts = _sorted(home, pivots)
        own = self.place[rows]
        asked, first = _sorted(home[own], pivots)
        most = _CROWD * (len(home) // pivots + 1)
        found = np.full(len(rows), -1, dtype=np.int64)

        def count(part: slice) -> None:
            for cell in range(part.start, part.stop):
                inside = asked[first[cell] : first[cell + 1]]
                cell_members = members[starts[cell] : starts[cell + 1]][:most]
                for at in range(0, len(inside), QUERIES):
                    these = inside[at : at + QUERIES]
                    left = -2.0 * self.columns[own[these]]
                    left[:, -1] = 1.0
                    square = self.square[own[these]] * (1 + 2 * self.precision.error)
                    bar = _round_down(reach[these] - square - TINY)[:, None]
                    closer = left @ self.columns[cell_members].T < bar
                    found[these] += closer.sum(axis=1)

        spread(count, pivots, max(1, pivots // 16), self.n_jobs)
        return found

    def _homes(self, chosen: Rows) -> Rows:
        pivots = self.columns[chosen].T.copy()
        home = np.empty(len(self.columns), dtype=np.int64)

        def find(part: slice) -> None:
            left = -2.0 * self.columns[part]
            left[:, -1] = 1.0
            home[part] = (left @ pivots).argmin(axis=1)

        spread(find, len(home), 4 * QUERIES, self.n_jobs)
        return home


def _sorted(home: Rows, cells: int) -> tuple[Rows, Rows]:
    """Return the positions by cell, and where each cell starts."""
    order = np.argsort(home, kind="stable")
    return order, np.append(0, np.cumsum(np.bincount(home, minlength=cells)))


def _reach(precision: Precision, radius: F) -> F:
    with np.errstate(over="ignore"):
        reach: F = np.minimum((radius * precision.scale) ** 2 * (1 - 1e-9), _HUGE)
    return reach


def _queries(X: F, precision: Precision) -> tuple[S, F]:
    centred = precision.centred(X)
    return precision.left(centred), np.einsum("ij,ij->i", centred, centred)


def _round_down(values: F) -> S:
    out: S = np.nextafter(values.astype(np.float32), np.float32(-np.inf))
    return out
