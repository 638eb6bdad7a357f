"""Edited nearest neighbours more than once: repeated, with growing neighbourhoods, or from both sides.

The passes share one graph of the rows, and what a pass learns of a row serves the later ones: see
:mod:`equipoise.samplers.engine.editing`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from imblearn.under_sampling import AllKNN as _AllKNN
from imblearn.under_sampling import NeighbourhoodCleaningRule as _NeighbourhoodCleaningRule
from imblearn.under_sampling import (
    RepeatedEditedNearestNeighbours as _RepeatedEditedNearestNeighbours,
)
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from equipoise.samplers.asking import Asked
from equipoise.samplers.base import Sampler
from equipoise.samplers.engine.editing import Editing
from equipoise.samplers.engine.neighbours import Graph

__all__ = ["AllKNN", "NeighbourhoodCleaningRule", "RepeatedEditedNearestNeighbours"]

Rows = NDArray[np.int64]


class _Repeating(Sampler):
    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        if not self._neighbours.own:
            resampled: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return resampled
        self._validate_estimator()
        k = self._neighbours.number(None, len(y))
        # A few neighbours to spare, for when some have left.
        wide = min(2 * k + 2, len(y) - 1)
        self.sample_indices_ = self.choose(Graph(X, k=wide, n_jobs=self.n_jobs), y)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    @property
    def _neighbours(self) -> Asked:
        return Asked(type(self).__name__, "n_neighbors", self.n_neighbors, 3)

    def choose(self, graph: Graph, y: NDArray[Any]) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        y : array, shape (n,)
            Labels.

        Returns
        -------
        int64 array
            Rows, class by class.
        """
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        editing = Editing(graph, y, n_jobs=self.n_jobs)
        return self._passes(editing, self._neighbours.number(None, len(y)))

    def _passes(self, editing: Editing, k: int) -> Rows:
        raise NotImplementedError

    def _edit(self, editing: Editing, k: int) -> int:
        """Let the rows leave that k neighbours speak against, all at once, and return how many."""
        # Which class is the smallest may change from pass to pass.
        left = editing.labels[editing.codes[editing.here]]
        cleaned = check_sampling_strategy(self.sampling_strategy, left, self._sampling_type)
        leaving = [
            editing.opposed(c, k, self.kind_sel == "all")
            for c, label in enumerate(editing.labels)
            if label in cleaned
        ]
        for rows in leaving:
            editing.here[rows] = False
        return sum(map(len, leaving))


def _outnumbered(editing: Editing, rarest: int, rows: int) -> tuple[bool, bool]:
    """Tell whether a class fell below the rows that the rarest had, and whether one is gone."""
    counts = editing.counts()
    others = np.delete(counts, rarest)
    return bool((others[others > 0] < rows).any()), bool((counts == 0).any())


def _rarest(editing: Editing) -> int:
    """Return the class with the fewest rows, of several the one that comes first in the data."""
    counts = editing.counts()
    least = np.flatnonzero(counts == counts.min())
    first = [int(np.argmax(editing.codes == c)) for c in least]
    return int(least[int(np.argmin(first))])


class RepeatedEditedNearestNeighbours(_Repeating, _RepeatedEditedNearestNeighbours):
    """Edit by nearest neighbours until no row leaves.

    Each pass is one of :class:`EditedNearestNeighbours` on the rows that the last one left. It ends when
    nothing changes, a class falls below the rows of the rarest, or is gone, or after ``max_iter``.
    Parameters, attributes and results are those of
    ``imblearn.under_sampling.RepeatedEditedNearestNeighbours``, but for ``sample_indices_`` where the
    first pass changes nothing, which names other rows there than the ones returned.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    n_neighbors : int or neighbours estimator, default 3
        Number of neighbours that are asked.
    max_iter : int, default 100
        Most passes.
    kind_sel : {"all", "mode"}, default "all"
        A row stays if all of its neighbours, or most of them, are of its class.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : dict
        The classes that lose rows.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, class by class.
    n_iter_ : int
        Passes.
    nn_, enn_
        What the parameters ask for; not fitted where our own search serves.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If there are no more rows than neighbours, or the columns hold missing or infinite values.

    References
    ----------
    Tomek, I. (1976). An experiment with the edited nearest-neighbor rule. IEEE Transactions on Systems,
    Man, and Cybernetics 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import RepeatedEditedNearestNeighbours
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [0.5], [5.0], [5.1], [5.2], [5.3], [5.4]])
    >>> y = np.array([1, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    >>> sampler = RepeatedEditedNearestNeighbours(n_neighbors=2)
    >>> sampler.fit_resample(X, y)[1].tolist(), sampler.n_iter_
    ([0, 0, 0, 0, 0, 1, 1, 1], 2)
    """

    def _passes(self, editing: Editing, k: int) -> Rows:
        rarest = _rarest(editing)
        rows = int(editing.counts()[rarest])
        for passes in range(1, self.max_iter + 1):
            self.n_iter_ = passes
            left = self._edit(editing, k)
            few, gone = _outnumbered(editing, rarest, rows)
            if not left or few or gone or int(editing.here.sum()) <= k:
                break
        return editing.rows()


class AllKNN(_Repeating, _AllKNN):
    """Edit by one nearest neighbour, then by two, and so on up to k.

    Each pass is one of :class:`EditedNearestNeighbours` on the rows that the last one left. It ends early
    when a class falls below the rows of the rarest, unless ``allow_minority``, or is gone. Parameters,
    attributes and results are those of ``imblearn.under_sampling.AllKNN``.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    n_neighbors : int or neighbours estimator, default 3
        Most neighbours that are asked, k.
    kind_sel : {"all", "mode"}, default "all"
        A row stays if all of its neighbours, or most of them, are of its class.
    allow_minority : bool, default False
        Whether another class may become the smallest.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : dict
        The classes that lose rows.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, class by class.
    nn_, enn_
        What the parameters ask for; not fitted where our own search serves.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If there are no more rows than neighbours, or the columns hold missing or infinite values.

    References
    ----------
    Tomek, I. (1976). An experiment with the edited nearest-neighbor rule. IEEE Transactions on Systems,
    Man, and Cybernetics 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import AllKNN
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [0.5], [5.0], [5.1], [5.2], [5.3], [5.4]])
    >>> y = np.array([1, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    >>> AllKNN().fit_resample(X, y)[1].tolist()
    [0, 0, 0, 0, 0, 1, 1, 1]
    """

    def _passes(self, editing: Editing, k: int) -> Rows:
        rarest = _rarest(editing)
        rows = int(editing.counts()[rarest])
        for size in range(1, k + 1):
            self._edit(editing, size)
            few, gone = _outnumbered(editing, rarest, rows)
            if (few and not self.allow_minority) or gone or int(editing.here.sum()) <= size + 1:
                break
        return editing.rows()


class NeighbourhoodCleaningRule(Sampler, _NeighbourhoodCleaningRule):
    """Remove rows that most of their neighbours speak against, and those that mislead rare rows.

    Two sets of rows leave: those of :class:`EditedNearestNeighbours` with ``kind_sel="mode"``, and the
    neighbours of each row of the rarest class that its neighbourhood (the row itself and its k - 1
    nearest) votes into another class, as far as they are of classes with more than
    ``threshold_cleaning`` times its rows. Parameters, attributes and results are those of
    ``imblearn.under_sampling.NeighbourhoodCleaningRule``.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    edited_nearest_neighbours : sampler, optional
        The first step; default ``EditedNearestNeighbours(kind_sel="mode")``.
    n_neighbors : int or neighbours estimator, default 3
        Number of neighbours, k.
    threshold_cleaning : float, default 0.5
        Classes of up to this share of the rows of the rarest are spared by the second step.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : dict
        The classes that lose rows.
    classes_to_clean_ : list
        Classes that the second step cleans.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, ascending.
    nn_, edited_nearest_neighbours_
        What the parameters ask for; the first is not fitted where our own search serves.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If there are no more rows than neighbours, or the columns hold missing or infinite values.

    References
    ----------
    Laurikkala, J. (2001). Improving identification of difficult small classes by balancing class
    distribution. AIME, Lecture Notes in Computer Science 2101.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import NeighbourhoodCleaningRule
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.4], [0.15]])
    >>> y = np.array([1, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    >>> NeighbourhoodCleaningRule().fit_resample(X, y)[1].tolist()
    [1, 1, 1, 0, 0, 0, 0, 0]
    """

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        asked = Asked(type(self).__name__, "n_neighbors", self.n_neighbors, 3)
        self._validate_estimator()
        if not asked.own:
            resampled: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return resampled
        k = asked.number(None, len(y))
        graph = Graph(X, k=k, n_jobs=self.n_jobs)
        editing = Editing(graph, y, n_jobs=self.n_jobs)
        leaves = np.zeros(len(y), dtype=bool)
        if self.edited_nearest_neighbours is None:
            for c, label in enumerate(editing.labels):
                if label in self.sampling_strategy_:
                    leaves[editing.opposed(c, k, False)] = True
        else:
            self.edited_nearest_neighbours_.fit_resample(X, y)
            leaves[:] = True
            leaves[self.edited_nearest_neighbours_.sample_indices_] = False
        counts = editing.counts()
        rarest = _rarest(editing)
        least = counts[rarest] * self.threshold_cleaning
        clean = np.isin(editing.labels, list(self.sampling_strategy_)) & (counts > least)
        _, first = np.unique(editing.codes, return_index=True)
        self.classes_to_clean_ = [editing.labels[c] for c in np.argsort(first) if clean[c]]
        rare = np.flatnonzero(editing.codes == rarest)
        near = graph.nearest(rare, k)
        # The row votes for itself, so that its k nearest others but the last one vote besides.
        around = np.hstack([np.full((len(rare), 1), rarest), editing.codes[near[:, : k - 1]]])
        votes = np.stack([(around == c).sum(axis=1) for c in range(len(counts))])
        misled = near[votes.argmax(axis=0) != rarest].ravel()
        leaves[misled[clean[editing.codes[misled]]]] = True
        self.sample_indices_ = np.flatnonzero(~leaves)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)
