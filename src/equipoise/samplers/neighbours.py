"""Exact nearest neighbours of many rows: found in single precision, settled in double.

The squared distance of a query q to a row x is ``|q|^2 + |x|^2 - 2 q.x``, so a matrix product gives the
distances of a block of queries to a block of rows. In single precision that product is about three times
as fast, and off by at most ``(p + 8) u (|q|^2 + 2 |x|^2)``, with p columns and u = 2^-24. The search
keeps both ends of that margin:

1. Among a random sample of the rows, the k-th smallest upper end is a distance that at least k rows do
   not exceed. A row whose lower end is beyond it is not among the k nearest.
2. The few rows left are measured in double precision, each difference on its own, and sorted.

No row is lost by rounding, so the answer is that of a plain double loop; what is held at a time is a
block of the distances, never all n x n. Where there are few columns and many rows a k-d tree
(Bentley 1975) proposes the candidates instead; sparse rows are searched by scikit-learn.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors

from equipoise.errors import UsageError

__all__ = ["Graph", "Neighbours"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_QUERIES = 512
_TILE = 16_384
_UNIT = 2.0**-24
_TINY = 1e-36  # what single precision may lose below its range, after scaling to 1
_CROWD = 4_000_000  # candidates of a block that are held at once
_FLAT = 8  # up to so many columns a tree is faster
_MANY = 4_000


class Neighbours:
    """Rows to search for neighbours by Euclidean distance.

    Parameters
    ----------
    X : float array, shape (n, p)
        Rows without missing or infinite values.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.neighbours import Neighbours
    >>> X = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> distance, index = Neighbours(X).search(X[:2], 2, own=np.array([0, 1]))
    >>> index.tolist(), distance.tolist()
    ([[1, 2], [0, 2]], [[1.0, 3.0], [1.0, 2.0]])
    """

    def __init__(self, X: F) -> None:
        self.X = np.ascontiguousarray(X, dtype=np.float64)
        n, p = self.X.shape
        # Copies of a point would all be candidates of each other: a point is searched once.
        self._kinds, self._first, self._members = _distinct(self.X)
        points = self.X if self._first is None else self.X[self._first]
        self._points = points
        self.error = 1.1 * (p + 8) * _UNIT
        with np.errstate(all="ignore"):
            # A shift changes no distance but the size of what is rounded; a power of two rounds nothing.
            self.centre = points.mean(axis=0) if n else np.zeros(p)
            centred = points - self.centre
            top = float(np.abs(centred).max(initial=0.0))
        self.scale = 2.0 ** -np.frexp(top)[1] if np.isfinite(top) and top > 0 else 1.0
        self.narrow = bool(np.isfinite(top) and 1e-150 < top < 1e150) or top == 0
        if self.narrow:
            centred *= self.scale
            self.square = np.einsum("ij,ij->i", centred, centred)
            # The last column holds |x|^2, lowered by the margin: the product is then a lower end.
            self._columns = np.empty((len(points), p + 1), dtype=np.float32)
            self._columns[:, :p] = centred
            self._columns[:, p] = self.square * (1 - 2 * self.error)
            self._drawn = (self._columns[:0], np.empty(0, dtype=np.float32))
        flat = self.narrow and p <= _FLAT and len(points) >= _MANY
        self._tree = cKDTree(points) if flat else None

    def search(self, queries: F, k: int, own: Rows | None = None) -> tuple[F, Rows]:
        """Find the k nearest rows of each query.

        Parameters
        ----------
        queries : float64 array, shape (q, p)
            Points.
        k : int
            Number of neighbours.
        own : int64 array, shape (q,), optional
            The row that each query is, which is then no neighbour of itself; -1 for none.

        Returns
        -------
        distance : float64 array, shape (q, k)
            Ascending.
        index : int64 array, shape (q, k)
            Rows; of rows at one distance, those with lower numbers first.

        Raises
        ------
        UsageError
            If there are fewer than k rows to find.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float64)
        n = len(self.X)
        own = np.full(len(queries), -1, dtype=np.int64) if own is None else own
        if k > n - int((own >= 0).any()):
            raise UsageError(
                f"{k} neighbours are asked for, and there are {n - int((own >= 0).any())}",
                remedy="ask for fewer, or give more rows",
            )
        # One more than asked, as a query that is a row finds itself.
        wanted = min(k + 1, len(self._points))
        distance = np.empty((len(queries), k))
        index = np.empty((len(queries), k), dtype=np.int64)
        for at in range(0, len(queries), _QUERIES):
            block = slice(at, at + _QUERIES)
            row, col, length = self._candidates(queries[block], wanted)
            if self._members is not None:
                row, col, length = self._expanded(row, col, length, k + 1)
            stays = col != own[block][row]
            row, col, length = row[stays], col[stays], length[stays]
            order = np.lexsort((col, length, row))
            row, col, length = row[order], col[order], length[order]
            starts = np.searchsorted(row, np.arange(len(queries[block])))
            take = starts[:, None] + np.arange(k)
            distance[block], index[block] = length[take], col[take]
        return distance, index

    def _candidates(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        """Return pairs of a query and a distinct point, and their distance, the k nearest among them."""
        with np.errstate(all="ignore"):
            centred = (queries - self.centre) * self.scale
            square = np.einsum("ij,ij->i", centred, centred)
        if not self.narrow or not (square < 1e30).all():
            return self._plainly(queries, k)
        if self._tree is not None:
            return self._climb(queries, k)
        return self._multiply(queries, centred, square, k)

    def _climb(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        assert self._tree is not None
        length, col = self._tree.query(queries, k=[*range(1, k + 2)])
        # A tree picks any of those at one distance: where more are as near as the last, take all.
        tied = length[:, -1] <= length[:, -2] * (1 + 1e-12)
        row = np.repeat(np.flatnonzero(~tied), k)
        out = row, col[~tied, :k].ravel(), length[~tied, :k].ravel()
        if not tied.any():
            return out
        points = (queries[tied] - self.centre) * self.scale
        rest = self._multiply(queries[tied], points, np.einsum("ij,ij->i", points, points), k)
        rest = np.flatnonzero(tied)[rest[0]], rest[1], rest[2]
        joined = [np.append(a, b) for a, b in zip(out, rest, strict=True)]
        return joined[0], joined[1], joined[2]

    def _multiply(self, queries: F, centred: F, square: F, k: int) -> tuple[Rows, Rows, F]:
        left = np.empty((len(queries), self._columns.shape[1]), dtype=np.float32)
        left[:, :-1] = -2.0 * centred
        left[:, -1] = 1.0
        sample, slack = self._draw(k)
        # In all of this, |q|^2 is left out: the same for every row.
        upper = left @ sample.T + slack
        limit = np.partition(upper, k - 1, axis=1)[:, k - 1].astype(np.float64)
        margin = 2 * self.error * square + _TINY
        bar = _up(limit + margin)[:, None]
        rows, cols, values = [], [], []
        held = 0
        for at in range(0, len(self._columns), _TILE):
            lower = left @ self._columns[at : at + _TILE].T
            hits = np.flatnonzero(lower <= bar)
            row, col = np.divmod(hits, lower.shape[1])
            rows.append(row)
            cols.append(col + at)
            values.append(lower.ravel()[hits])
            held += len(hits)
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
        high = low + 4 * self.error * self.square[col]
        order = np.lexsort((high, row))
        kth = high[order][np.searchsorted(row[order], np.arange(len(queries))) + k - 1]
        near = low <= (kth + margin)[row]
        row, col = row[near], col[near]
        return row, col, _lengths(queries, self._points, row, col)

    def _draw(self, k: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        n = len(self._columns)
        size = min(n, max(64, 4 * k, int(6 * np.sqrt(n * k))))
        if len(self._drawn[0]) < size:
            rows = np.random.default_rng(0).choice(n, size, replace=False)
            self._drawn = (self._columns[rows], _up(4 * self.error * self.square[rows]))
        return self._drawn

    def _plainly(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        """Measure every pair: for values so large or small that their squares leave the range of floats."""
        rows, cols, lengths = [], [], []
        every = np.arange(len(self._points))
        for i in range(len(queries)):
            length = _lengths(queries, self._points, np.full(len(every), i), every)
            near = np.argsort(length, kind="stable")
            near = near[length[near] <= length[near[k - 1]]]
            rows.append(np.full(len(near), i))
            cols.append(near)
            lengths.append(length[near])
        return np.concatenate(rows), np.concatenate(cols), np.concatenate(lengths)

    def _expanded(self, row: Rows, kind: Rows, length: F, most: int) -> tuple[Rows, Rows, F]:
        """Put the rows of a point, the first few at least, in its place."""
        assert self._members is not None
        members, starts = self._members
        counts = np.minimum(np.diff(starts)[kind], most)
        place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return (
            np.repeat(row, counts),
            members[np.repeat(starts[kind], counts) + place],
            np.repeat(length, counts),
        )


class _SparseNeighbours:
    """The same for sparse rows, by scikit-learn's products of sparse matrices."""

    def __init__(self, X: sp.csr_matrix) -> None:
        self.X = X
        self._search = NearestNeighbors(algorithm="brute").fit(X)

    def search(self, queries: sp.csr_matrix, k: int, own: Rows | None = None) -> tuple[F, Rows]:
        wanted = k if own is None else k + 1
        distance, index = self._search.kneighbors(queries, n_neighbors=wanted)
        if own is None:
            return distance, index
        # A row finds itself first, unless copies of it push it back or even out.
        itself = index == own[:, None]
        itself[~itself.any(axis=1), -1] = True
        shape = (len(own), k)
        return distance[~itself].reshape(shape), index[~itself].reshape(shape)


class Graph:
    """The nearest neighbours of rows among each other, searched for the rows that are asked for, once.

    Parameters
    ----------
    X : float array or CSR matrix, shape (n, p)
        Rows without missing or infinite values.
    k : int, default 10
        Neighbours kept of each row, or n - 1 if that is less.
    base : Graph, optional
        A graph of the first rows of `X`: what it knows is used, and only new rows are searched besides.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.neighbours import Graph
    >>> graph = Graph(np.array([[0.0], [1.0], [3.0], [7.0]]))
    >>> graph.nearest(np.array([3, 0]), 2).tolist()
    [[2, 1], [1, 2]]
    """

    def __init__(self, X: Any, k: int = 10, base: Graph | None = None) -> None:
        self.X = X if sp.issparse(X) else np.ascontiguousarray(X, dtype=np.float64)
        self.n = int(X.shape[0])
        self.k = min(k, self.n - 1)
        self._base = base if base is not None and base.k >= self.k else None
        self._old = 0 if self._base is None else self._base.n
        self._index: Rows = np.zeros((self.n, self.k), dtype=np.int64)
        self._distance: F = np.zeros((self.n, self.k))
        self._known = np.zeros(self.n, dtype=bool)
        self._lock = threading.Lock()
        self._searched: Any = None

    @property
    def _search(self) -> Any:
        """The rows that the base does not have."""
        if self._searched is None:
            kind = _SparseNeighbours if sp.issparse(self.X) else Neighbours
            self._searched = kind(self.X[self._old :])
        return self._searched

    def nearest(self, rows: Rows, k: int) -> Rows:
        """Return the k nearest other rows of ``rows``, int64 (len(rows), k), nearest first.

        Raises
        ------
        UsageError
            If the graph keeps fewer than k neighbours.
        """
        if k > self.k:
            raise UsageError(
                f"{k} neighbours are asked for, and the graph of {self.n} rows keeps {self.k}",
                remedy="ask for fewer, or give more rows",
            )
        return self._look(np.asarray(rows, dtype=np.int64))[1][:, :k]

    def _look(self, rows: Rows) -> tuple[F, Rows]:
        with self._lock:
            new = np.unique(rows[~self._known[rows]])
            for fresh in (new[new < self._old], new[new >= self._old]):
                if len(fresh):
                    self._distance[fresh], self._index[fresh] = self._find(fresh)
                    self._known[fresh] = True
            return self._distance[rows], self._index[rows]

    def _find(self, rows: Rows) -> tuple[F, Rows]:
        if self._base is None:
            near: tuple[F, Rows] = self._search.search(self.X[rows], self.k, own=rows)
            return near
        fresh = self.n - self._old
        if not fresh:
            return self._base._look(rows)
        if rows[0] >= self._old:
            there = self._base._among(self.X[rows], min(self.k, self._old))
            here = self._search.search(self.X[rows], min(self.k, fresh - 1), own=rows - self._old)
        else:
            there = self._base._look(rows)
            here = self._search.search(self.X[rows], min(self.k, fresh))
        distance = np.hstack([there[0], here[0]])
        index = np.hstack([there[1], here[1] + self._old])
        order = np.argsort(distance, axis=1, kind="stable")[:, : self.k]
        return np.take_along_axis(distance, order, 1), np.take_along_axis(index, order, 1)

    def _among(self, queries: Any, k: int) -> tuple[F, Rows]:
        """Search points that are no rows of this graph among all of its rows."""
        whole = self._search if self._base is None else type(self._search)(self.X)
        near: tuple[F, Rows] = whole.search(queries, k)
        return near


def _distinct(X: F) -> tuple[Rows | None, Rows | None, tuple[Rows, Rows] | None]:
    """Return the point of each row, a row of each point, and its members; None if no two rows are equal."""
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


def _lengths(queries: F, points: F, row: Rows, col: Rows) -> F:
    out = np.empty(len(row))
    step = max(1, 4_000_000 // max(points.shape[1], 1))
    for at in range(0, len(row), step):
        part = slice(at, at + step)
        with np.errstate(over="ignore"):
            gap = queries[row[part]] - points[col[part]]
            top = np.abs(gap).max(axis=1, initial=0.0)
            if len(top) and (top.max() > 1e150 or (top[top > 0] < 1e-150).any()):
                unit = np.where((top > 0) & np.isfinite(top), top, 1.0)
                gap /= unit[:, None]
                out[part] = np.sqrt(np.einsum("ij,ij->i", gap, gap)) * unit
            else:
                out[part] = np.sqrt(np.einsum("ij,ij->i", gap, gap))
    return out


def _up(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Round to single precision, never down."""
    out: NDArray[np.float32] = np.nextafter(values.astype(np.float32), np.float32(np.inf))
    return out
