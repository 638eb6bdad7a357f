"""Exact nearest neighbours of many rows: found in single precision, settled in double.

The search works on blocks of distances from :mod:`equipoise.samplers.precision`, of which it knows both
a lower and an upper end:

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
from equipoise.samplers.points import distinct, lengths
from equipoise.samplers.precision import QUERIES, TILE, TINY, Precision, round_up, spread

__all__ = ["Graph", "Neighbours", "goes_by_tree"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_CROWD = 4_000_000  # candidates of a block that are held at once
_FLAT = 8  # up to so many columns a tree is faster
_MANY = 4_000


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
    return not sp.issparse(X) and X.shape[1] <= _FLAT and X.shape[0] >= _MANY


class _Crowded(Exception):
    """So many candidates that rows must be repeated."""


class Neighbours:
    """Rows to search for neighbours by Euclidean distance.

    Parameters
    ----------
    X : float array, shape (n, p)
        Rows without missing or infinite values.
    n_jobs : int, optional
        Threads; by default those that matrix products may use.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.neighbours import Neighbours
    >>> X = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> distance, index = Neighbours(X).search(X[:2], 2, own=np.array([0, 1]))
    >>> index.tolist(), distance.tolist()
    ([[1, 2], [0, 2]], [[1.0, 3.0], [1.0, 2.0]])
    """

    def __init__(self, X: F, n_jobs: int | None = None) -> None:
        self.X = np.ascontiguousarray(X, dtype=np.float64)
        self.n_jobs = n_jobs
        self._first: Rows | None = None
        self._members: tuple[Rows, Rows] | None = None
        self._merged = False
        self._tree: Any = None
        if goes_by_tree(self.X):
            self._merge()
        else:
            self._prepare(self.X)

    def _merge(self) -> None:
        """Search a point once: copies of one would all be candidates of each other."""
        _, self._first, self._members = distinct(self.X)
        self._merged = True
        points = self.X if self._first is None else self.X[self._first]
        self._prepare(points)
        self._tree = cKDTree(points) if self.precision.narrow and goes_by_tree(points) else None

    def _prepare(self, points: F) -> None:
        self._points = points
        self.precision = Precision.measure(points)
        if self.precision.narrow:
            self._columns, self._square = self.precision.columns(points)
            self._drawn = (self._columns[:0], np.empty(0, dtype=np.float32))

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
        distance = np.empty((len(queries), k))
        index = np.empty((len(queries), k), dtype=np.int64)

        def settle(part: slice) -> None:
            # One more than asked, as a query that is a row finds itself.
            row, col, length = self._candidates(queries[part], min(k + 1, len(self._points)))
            if self._members is not None:
                row, col, length = self._expanded(row, col, length, k + 1)
            stays = col != own[part][row]
            row, col, length = row[stays], col[stays], length[stays]
            order = np.lexsort((col, length, row))
            row, col, length = row[order], col[order], length[order]
            starts = np.searchsorted(row, np.arange(len(queries[part])))
            take = starts[:, None] + np.arange(k)
            distance[part], index[part] = length[take], col[take]

        try:
            self._draw(min(k + 1, len(self._points)))
            spread(settle, len(queries), QUERIES, self.n_jobs)
        except _Crowded:
            self._merge()
            return self.search(queries, k, own)
        return distance, index

    def _candidates(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        """Return pairs of a query and a point, and their distance, the k nearest among them."""
        with np.errstate(all="ignore"):
            centred = self.precision.centred(queries)
            square = np.einsum("ij,ij->i", centred, centred)
        if not self.precision.narrow or not (square < 1e30).all():
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
        points = self.precision.centred(queries[tied])
        rest = self._multiply(queries[tied], points, np.einsum("ij,ij->i", points, points), k)
        rest = np.flatnonzero(tied)[rest[0]], rest[1], rest[2]
        joined = [np.append(a, b) for a, b in zip(out, rest, strict=True)]
        return joined[0], joined[1], joined[2]

    def _multiply(self, queries: F, centred: F, square: F, k: int) -> tuple[Rows, Rows, F]:
        left = self.precision.left(centred)
        sample, slack = self._drawn
        # In all of this, |q|^2 is left out: the same for every row.
        upper = left @ sample.T + slack
        limit = np.partition(upper, k - 1, axis=1)[:, k - 1].astype(np.float64)
        margin = 2 * self.precision.error * square + TINY
        bar = round_up(limit + margin)[:, None]
        rows, cols, values = [], [], []
        held = 0
        for at in range(0, len(self._columns), TILE):
            lower = left @ self._columns[at : at + TILE].T
            hits = np.flatnonzero(lower <= bar)
            row, col = np.divmod(hits, lower.shape[1])
            rows.append(row)
            cols.append(col + at)
            values.append(lower.ravel()[hits])
            held += len(hits)
            if held > 10_000 + 2_000 * len(queries) and not self._merged:
                raise _Crowded
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
        high = low + 4 * self.precision.error * self._square[col]
        order = np.lexsort((high, row))
        kth = high[order][np.searchsorted(row[order], np.arange(len(queries))) + k - 1]
        near = low <= (kth + margin)[row]
        row, col = row[near], col[near]
        return row, col, lengths(queries, self._points, row, col)

    def _draw(self, k: int) -> None:
        """Draw the sample that gives the first bar, if there is none as large."""
        if not self.precision.narrow:
            return
        n = len(self._columns)
        size = min(n, max(64, 4 * k, int(6 * np.sqrt(n * k))))
        if len(self._drawn[0]) < size:
            rows = np.random.default_rng(0).choice(n, size, replace=False)
            self._drawn = (self._columns[rows], self.precision.slack(self._square[rows]))

    def _plainly(self, queries: F, k: int) -> tuple[Rows, Rows, F]:
        """Measure every pair: for values so large or small that their squares leave the range of floats."""
        rows, cols, found = [], [], []
        every = np.arange(len(self._points))
        for i in range(len(queries)):
            length = lengths(queries, self._points, np.full(len(every), i), every)
            near = np.argsort(length, kind="stable")
            near = near[length[near] <= length[near[k - 1]]]
            rows.append(np.full(len(near), i))
            cols.append(near)
            found.append(length[near])
        return np.concatenate(rows), np.concatenate(cols), np.concatenate(found)

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

    def __init__(self, X: sp.csr_matrix, n_jobs: int | None = None) -> None:
        self.X = X
        self._search = NearestNeighbors(algorithm="brute", n_jobs=n_jobs).fit(X)

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
    n_jobs : int, optional
        Threads.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.neighbours import Graph
    >>> graph = Graph(np.array([[0.0], [1.0], [3.0], [7.0]]))
    >>> graph.nearest(np.array([3, 0]), 2).tolist()
    [[2, 1], [1, 2]]
    """

    def __init__(
        self, X: Any, k: int = 10, base: Graph | None = None, n_jobs: int | None = None
    ) -> None:
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
        self._precision: Precision | None = None
        self.n_jobs = n_jobs

    @property
    def _search(self) -> Any:
        """The rows that the base does not have."""
        if self._searched is None:
            kind = _SparseNeighbours if sp.issparse(self.X) else Neighbours
            self._searched = kind(self.X[self._old :], self.n_jobs)
        return self._searched

    @property
    def precision(self) -> Precision | None:
        """How the rows fit single precision; None for sparse ones."""
        if self._precision is None and not sp.issparse(self.X):
            whole = self._old == 0 and self._searched is not None
            self._precision = self._searched.precision if whole else Precision.measure(self.X)
        return self._precision

    def nearest(self, rows: Rows, k: int) -> Rows:
        """Return the k nearest other rows of ``rows``, int64 (len(rows), k), nearest first.

        Raises
        ------
        UsageError
            If the graph keeps fewer than k neighbours.
        """
        return self.look(rows, k)[1]

    def look(self, rows: Rows, k: int) -> tuple[F, Rows]:
        """Return the distances of the k nearest other rows, float64 (len(rows), k), and those rows.

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
        distance, index = self._look(np.asarray(rows, dtype=np.int64))
        return distance[:, :k], index[:, :k]

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
        whole = self._search if self._base is None else type(self._search)(self.X, self.n_jobs)
        near: tuple[F, Rows] = whole.search(queries, k)
        return near
