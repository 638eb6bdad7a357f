"""Which rows their neighbours speak against, also when rows have left before.

A row of a class is spoken against if one of its k nearest neighbours, or most of them, are of another
class. Let d be a distance that no row of another class is closer than. If k rows of its own class (or
more than half of k) lie strictly closer than d, the row is safe, and nothing more need be known of it:
few rows around it are enough to tell (:mod:`equipoise.samplers.engine.clearing`). For the others the rows of
their class are counted that are closer than d, and than the nearest row of another class can be at most:
that decides, but for the few rows where ties or rounding do, which are searched. Rows that leave are of the class that is looked at, never of the others that d
is about, or else d only grows: a bound, once found, holds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.samplers.engine.clearing import count_closer, surely_closer
from equipoise.samplers.engine.neighbours import Graph, goes_by_tree
from equipoise.samplers.engine.separation import Gap, nearest_other

__all__ = ["Editing"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_FEW = 64  # so few rows are searched at once


class _Known(NamedTuple):
    gap: Gap
    others: int  # rows of other classes that it is about


class Editing:
    """Rows, of which some have left.

    Parameters
    ----------
    graph : equipoise.samplers.engine.neighbours.Graph
        All rows, and the nearest others of each.
    y : array, shape (n,)
        Labels.
    far : Gap, optional
        Bounds of the distance of each row to the nearest row of another class.
    n_jobs : int, optional
        Threads.

    Attributes
    ----------
    labels : array, shape (C,)
        Classes in sorted order.
    codes : int64 array, shape (n,)
        Class of each row.
    here : bool array, shape (n,)
        Rows that have not left.
    """

    def __init__(
        self, graph: Graph, y: NDArray[Any], far: Gap | None = None, n_jobs: int | None = None
    ) -> None:
        self.graph = graph
        self.labels, codes = np.unique(y, return_inverse=True)
        self.codes: Rows = codes.astype(np.int64)
        self.here = np.ones(len(y), dtype=bool)
        self.n_jobs = n_jobs
        self._far = far
        self._bounds: dict[int, _Known] = {}

    def counts(self) -> Rows:
        """Return the rows of each class that have not left."""
        return np.bincount(self.codes[self.here], minlength=len(self.labels))

    def rows(self) -> Rows:
        """Return the rows that have not left, class by class."""
        left = np.flatnonzero(self.here)
        return left[np.argsort(self.codes[left], kind="stable")]

    def opposed(self, c: int, k: int, unanimous: bool) -> Rows:
        """Find the rows of class ``c`` that their k nearest neighbours speak against.

        Parameters
        ----------
        c : int
            Class.
        k : int
            Neighbours.
        unanimous : bool
            Whether all neighbours must be of the class; else the commonest class among them, the first
            in sorted order of those that are equally common, must be it.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        own = np.flatnonzero(self.here & (self.codes == c))
        against, open_rows = own[:0], own
        gap = self._gap(c, own)
        if gap is not None and unanimous:
            against, open_rows = self._by_gap(own, gap, k)
        elif gap is not None:
            # The nearest of the others is not a majority of them: only their absence decides.
            endless = Gap(gap.low, np.full(len(self.codes), np.inf))
            against, open_rows = self._by_gap(own, endless, k // 2 + 1)
        if not len(open_rows):
            return against
        around = self.codes[self._near(open_rows, k)]
        if unanimous:
            opposed = (around != c).any(axis=1)
        else:
            votes = np.stack([(around == d).sum(axis=1) for d in range(len(self.labels))])
            opposed = votes.argmax(axis=0) != c
        return np.union1d(against, open_rows[opposed])

    def _by_gap(self, own: Rows, gap: Gap, need: int) -> tuple[Rows, Rows]:
        """Return the rows whose nearest of another class is among the first ``need``, and the open ones."""
        X, precision = self.graph.X, self.graph.precision
        safe = surely_closer(X, own, own, gap.low[own], need, self.n_jobs, precision)
        rest = own[~safe]
        if len(rest) < _FEW:
            return rest[:0], rest
        low, high = gap.low[rest], gap.high[rest]
        sure, possible = count_closer(X, rest, own, low, high, self.n_jobs, precision)
        return rest[possible < need], rest[(sure < need) & (possible >= need)]

    def _gap(self, c: int, own: Rows) -> Gap | None:
        """Return bounds of the distance of the rows of a class to the nearest of another, if they pay."""
        if self._far is not None:
            return self._far
        others = np.flatnonzero(self.here & (self.codes != c))
        X = self.graph.X
        if sp.issparse(X) or goes_by_tree(X) or not len(others) or not len(own):
            return None
        known = self._bounds.get(c)
        if known is None:
            low, high = np.zeros(len(self.codes)), np.full(len(self.codes), np.inf)
            found = nearest_other(X, own, others, self.n_jobs, self.graph.precision)
            low[own], high[own] = found.low, found.high
            known = self._bounds[c] = _Known(Gap(low, high), len(others))
        if known.others == len(others):
            return known.gap
        # Where others have left, the nearest may have.
        return Gap(known.gap.low, np.full(len(self.codes), np.inf))

    def _near(self, rows: Rows, k: int) -> Rows:
        """Return the k nearest rows that have not left."""
        if self.here.all():
            return self.graph.nearest(rows, k)
        index = self.graph.nearest(rows, self.graph.k)
        there = self.here[index]
        enough = there.sum(axis=1) >= k
        # Those that are there first, each group in its order.
        order = np.argsort(~there, axis=1, kind="stable")[:, :k]
        near: Rows = np.take_along_axis(index, order, 1)
        if not enough.all():
            left = np.flatnonzero(self.here)
            short = np.flatnonzero(~enough)
            again = Graph(self.graph.X[left], k=k, n_jobs=self.n_jobs)
            near[short] = left[again.nearest(np.searchsorted(left, rows[short]), k)]
        return near
