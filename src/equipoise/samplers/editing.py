"""Which rows their neighbours speak against, also when rows have left before.

A row of a class is spoken against if one of its k nearest neighbours, or most of them, are of another
class. Let d be a distance that no row of another class is closer than. If k rows of its own class (or
more than half of k) lie strictly closer than d, the row is safe, and nothing more need be known of it:
that takes a sample (:mod:`equipoise.samplers.clearing`). Only the rows that no sample clears are
searched among all rows. Rows that leave are of the class that is looked at, never of the others that d
is about, or else d only grows: a bound, once found, holds.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.samplers.clearing import surely_closer
from equipoise.samplers.neighbours import Graph
from equipoise.samplers.precision import Precision
from equipoise.samplers.separation import floor_distance

__all__ = ["Editing", "Searchable"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_FEW = 4  # so many times rarer must the other classes be for the bound to pay


class Searchable(Protocol):
    """Rows that know their neighbours."""

    X: Any
    k: int

    @property
    def precision(self) -> Precision | None:
        """How the rows fit single precision."""

    def nearest(self, rows: Rows, k: int) -> Rows:
        """Return the k nearest other rows of each of ``rows``."""


class Editing:
    """Rows, of which some have left.

    Parameters
    ----------
    graph : equipoise.samplers.neighbours.Graph
        All rows, and the nearest others of each.
    y : array, shape (n,)
        Labels.
    far : float64 array, shape (n,), optional
        A distance of each row that no row of another class is closer than.
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
        self, graph: Searchable, y: NDArray[Any], far: F | None = None, n_jobs: int | None = None
    ) -> None:
        self.graph = graph
        self.labels, codes = np.unique(y, return_inverse=True)
        self.codes: Rows = codes.astype(np.int64)
        self.here = np.ones(len(y), dtype=bool)
        self.n_jobs = n_jobs
        self._far = far
        self._bounds: dict[int, F] = {}

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
        bound = self._bound(c, own)
        if bound is not None:
            need = k if unanimous else k // 2 + 1
            safe = surely_closer(
                self.graph.X, own, own, bound, need, self.n_jobs, self.graph.precision
            )
            own = own[~safe]
        if not len(own):
            return own
        around = self.codes[self._near(own, k)]
        if unanimous:
            against = (around != c).any(axis=1)
        else:
            votes = np.stack([(around == d).sum(axis=1) for d in range(len(self.labels))])
            against = votes.argmax(axis=0) != c
        found: Rows = own[against]
        return found

    def _bound(self, c: int, own: Rows) -> F | None:
        if sp.issparse(self.graph.X):
            return None
        if self._far is not None:
            return self._far[own]
        if c not in self._bounds:
            others = np.flatnonzero(self.here & (self.codes != c))
            if not len(others) or len(others) * _FEW > len(own):
                return None
            whole = np.zeros(len(self.codes))
            whole[own], _ = floor_distance(
                self.graph.X, own, others, self.n_jobs, self.graph.precision
            )
            self._bounds[c] = whole
        return self._bounds[c][own]

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
