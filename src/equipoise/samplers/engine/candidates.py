"""Candidates for the nearest rows of a query: few, and surely all that can be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from equipoise.samplers.engine.points import distinct, lengths
from equipoise.samplers.engine.precision import TILE, TINY, Precision, round_up

__all__ = ["Crowded", "Points", "goes_by_tree"]

F = NDArray[np.float64]
S = NDArray[np.float32]
Rows = NDArray[np.int64]

_CROWD = 4_000_000  # candidates of a block that are held at once
_FLAT = 8  # up to so many columns a tree is faster
_MANY = 4_000
_GROUP = 8


def goes_by_tree(X: Any) -> bool:
    """Tell whether rows are searched by a tree, which no bound on all distances beats.

    Parameters
    ----------
    X : array or sparse matrix, shape (n, p)
        Rows.

    Returns
    -------
    bool
    """
    return isinstance(X, np.ndarray) and X.shape[1] <= _FLAT and X.shape[0] >= _MANY


class Crowded(Exception):
    """So many candidates that rows must be repeated."""


class Points:
    """Rows, or the distinct ones among them, ready to be searched. It does not change.

    Attributes
    ----------
    X : float64 array, shape (n, p)
        The points.
    members : tuple of int64 arrays or None
        Rows sorted by point, and where those of each start; None if every row is a point.
    precision : Precision
        How they fit single precision.
    """

    def __init__(self, X: F, members: tuple[Rows, Rows] | None, merged: bool) -> None:
        self.X, self.members, self.merged = X, members, merged
        self.precision = Precision.measure(X)
        self.tree: Any = None
        self.drawn: S = np.empty((0, 0), dtype=np.float32)
        if self.precision.narrow:
            self.columns, self.square = self.precision.columns(X)
            self.tree = cKDTree(X) if merged and goes_by_tree(X) else None

    @classmethod
    def of(cls, X: F, merged: bool) -> Points:
        """Take rows as they are, or merge copies, which would all be candidates of each other.

        Parameters
        ----------
        X : float64 array, shape (n, p)
        merged : bool
            Whether equal rows become one point.

        Returns
        -------
        Points
        """
        if not merged:
            return cls(X, None, False)
        _, first, members = distinct(X)
        return cls(X if first is None else X[first], members, True)

    def candidates(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        """Return pairs of a query and a point, and their distance, the k nearest among them.

        Parameters
        ----------
        queries : float64 array, shape (q, p)
        k : int
            Neighbours wanted.

        Returns
        -------
        row, col : int64 arrays, shape (pairs,)
            Query and point.
        length : float64 array, shape (pairs,)
            Their distance, exact.

        Raises
        ------
        Crowded
            If copies are so many that merging them pays.
        """
        with np.errstate(all="ignore"):
            centred = self.precision.centred(queries)
            square = np.einsum("ij,ij->i", centred, centred)
        if not self.precision.narrow or not (square < 1e30).all():
            return self._plainly(queries, k)
        if self.tree is not None:
            return self._climb(queries, k)
        return self._multiply(queries, centred, square, k)

    def _climb(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        assert self.tree is not None
        length, col = self.tree.query(queries, k=[*range(1, k + 2)])
        # A tree picks any of those at one distance: where more are as near as the last, take all.
        tied = length[:, -1] <= length[:, -2] * (1 + 1e-12)
        row, near = np.repeat(np.flatnonzero(~tied), k), col[~tied, :k].ravel()
        # Measured as all others are, so that those at one distance are seen to be.
        out = row, near, lengths(queries, self.X, row, near)
        if not tied.any():
            return out
        points = self.precision.centred(queries[tied])
        rest = self._multiply(queries[tied], points, np.einsum("ij,ij->i", points, points), k)
        rest = np.flatnonzero(tied)[rest[0]], rest[1], rest[2]
        joined = [np.append(a, b) for a, b in zip(out, rest, strict=True)]
        return joined[0], joined[1], joined[2]

    def _multiply(self, queries: F, centred: F, square: F, k: int) -> tuple[Rows, Rows, F]:
        left = self.precision.left(centred)
        # In all of this, |q|^2 is left out: the same for every row.
        upper = left @ self.drawn.T
        groups = max(k, upper.shape[1] // _GROUP)
        members = upper.shape[1] // groups
        # Each of the k least of the groups is a row, so that k rows do not exceed the last of them.
        least = upper[:, : groups * members].reshape(len(left), members, groups).min(axis=1)
        limit = np.partition(least, k - 1, axis=1)[:, k - 1].astype(np.float64)
        margin = 2 * self.precision.error * square + TINY
        bar = round_up(limit + margin)[:, None]
        rows, cols, values = [], [], []
        held = 0
        for at in range(0, len(self.columns), TILE):
            lower = left @ self.columns[at : at + TILE].T
            hits = np.flatnonzero(lower <= bar)
            row, col = np.divmod(hits, lower.shape[1])
            rows.append(row)
            cols.append(col + at)
            values.append(lower.ravel()[hits])
            held += len(hits)
            if held > 10_000 + 2_000 * len(queries) and not self.merged:
                raise Crowded
            if held > _CROWD and len(queries) > 1:
                half = len(queries) // 2
                a = self._multiply(queries[:half], centred[:half], square[:half], k)
                b = self._multiply(queries[half:], centred[half:], square[half:], k)
                joined: tuple[Rows, Rows, F] = (
                    np.append(a[0], b[0] + half),
                    np.append(a[1], b[1]),
                    np.append(a[2], b[2]),
                )
                return joined
        row, col = np.concatenate(rows), np.concatenate(cols)
        low = np.concatenate(values).astype(np.float64)
        # The sample gave a loose bar; the upper ends of the candidates themselves give a close one.
        high = low + 4 * self.precision.error * self.square[col]
        order = np.lexsort((high, row))
        kth = high[order][np.searchsorted(row[order], np.arange(len(queries))) + k - 1]
        near = low <= (kth + margin)[row]
        row, col = row[near], col[near]
        return row, col, lengths(queries, self.X, row, col)

    def draw(self, k: int) -> None:
        """Draw the sample that gives the first bar, if there is none as large.

        Parameters
        ----------
        k : int
            Neighbours that will be asked for.
        """
        if not self.precision.narrow:
            return
        n = len(self.columns)
        size = min(n, max(64, 4 * k, int(6 * np.sqrt(n * k))))
        if len(self.drawn) < size:
            rows = np.random.default_rng(0).choice(n, size, replace=False)
            self.drawn = self.precision.columns(self.X[rows], upper=True)[0]

    def _plainly(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        """Measure every pair: for values so large or small that their squares leave the range of floats."""
        rows, cols, found = [], [], []
        every = np.arange(len(self.X))
        for i in range(len(queries)):
            length = lengths(queries, self.X, np.full(len(every), i), every)
            near = np.argsort(length, kind="stable")
            near = near[length[near] <= length[near[k - 1]]]
            rows.append(np.full(len(near), i))
            cols.append(near)
            found.append(length[near])
        return np.concatenate(rows), np.concatenate(cols), np.concatenate(found)

    def expanded(self, row: Rows, kind: Rows, length: F, most: int) -> tuple[Rows, Rows, F]:
        """Put the rows of a point, the first few at least, in its place.

        Parameters
        ----------
        row, kind : int64 arrays, shape (pairs,)
            Query and point.
        length : float64 array, shape (pairs,)
            Their distance.
        most : int
            Rows of a point that are enough.

        Returns
        -------
        row, col : int64 arrays
            Query and row.
        length : float64 array
            Their distance.
        """
        assert self.members is not None
        members, starts = self.members
        counts = np.minimum(np.diff(starts)[kind], most)
        place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return (
            np.repeat(row, counts),
            members[np.repeat(starts[kind], counts) + place],
            np.repeat(length, counts),
        )
