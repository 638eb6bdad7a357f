"""Exact nearest neighbours of many rows: found in single precision, settled in double.

The search works on blocks of distances from :mod:`equipoise.samplers.engine.precision`, of which it knows both
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
from sklearn.neighbors import NearestNeighbors

from equipoise.errors import UsageError
from equipoise.samplers.engine.candidates import Crowded, Points, goes_by_tree
from equipoise.samplers.engine.precision import QUERIES, Precision, spread

__all__ = ["Graph", "Neighbours", "goes_by_tree"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]


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
    >>> from equipoise.samplers.engine.neighbours import Neighbours
    >>> X = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> distance, index = Neighbours(X).search(X[:2], 2, own=np.array([0, 1]))
    >>> index.tolist(), distance.tolist()
    ([[1, 2], [0, 2]], [[1.0, 3.0], [1.0, 2.0]])
    """

    def __init__(self, X: F, n_jobs: int | None = None) -> None:
        self.X = np.ascontiguousarray(X, dtype=np.float64)
        self.n_jobs = n_jobs
        self._points = Points.of(self.X, merged=goes_by_tree(self.X))

    @property
    def precision(self) -> Precision:
        """How the rows fit single precision."""
        return self._points.precision

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
        # Threads that share these rows go on with what they began with.
        points = self._points
        wanted = min(k + 1, len(points.X))
        points.draw(wanted)

        def settle(part: slice) -> None:
            # One more than asked, as a query that is a row finds itself.
            row, col, length = points.candidates(queries[part], wanted)
            if points.members is not None:
                row, col, length = points.expanded(row, col, length, k + 1)
            stays = col != own[part][row]
            row, col, length = row[stays], col[stays], length[stays]
            order = np.lexsort((col, length, row))
            row, col, length = row[order], col[order], length[order]
            starts = np.searchsorted(row, np.arange(len(queries[part])))
            take = starts[:, None] + np.arange(k)
            distance[part], index[part] = length[take], col[take]

        try:
            spread(settle, len(queries), QUERIES, self.n_jobs)
        except Crowded:
            self._points = Points.of(self.X, merged=True)
            return self.search(queries, k, own)
        return distance, index


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
    >>> from equipoise.samplers.engine.neighbours import Graph
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

        Parameters
        ----------
        rows : int64 array
            Rows that are asked about.
        k : int
            Neighbours of each.

        Returns
        -------
        int64 array, shape (len(rows), k)

        Raises
        ------
        UsageError
            If the graph keeps fewer than k neighbours.
        """
        return self.look(rows, k)[1]

    def look(self, rows: Rows, k: int) -> tuple[F, Rows]:
        """Return the distances of the k nearest other rows, float64 (len(rows), k), and those rows.

        Parameters
        ----------
        rows : int64 array
            Rows that are asked about.
        k : int
            Neighbours of each.

        Returns
        -------
        distance : float64 array, shape (len(rows), k)
        index : int64 array, shape (len(rows), k)

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
        with self._lock:  # threads share this graph, and its search is made when it is first needed
            whole = self._search if self._base is None else type(self._search)(self.X, self.n_jobs)
        near: tuple[F, Rows] = whole.search(queries, k)
        return near
