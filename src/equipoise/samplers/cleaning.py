"""Tomek links and edited nearest neighbours, exact, without the searches that cannot matter.

Both keep imbalanced-learn's classes, parameters and results; what changes is which rows are searched.

*Tomek links.* A link joins two rows of different classes, so one of its ends is not in the largest
class. It is found by searching from the rows outside the largest class only, and then from the rows
that they point to, to see whether those point back. A row that a sample shows to have another row
closer than the one that points to it does not, and need not be searched.

*Edited nearest neighbours.* See :mod:`equipoise.samplers.engine.editing`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.under_sampling import EditedNearestNeighbours as _EditedNearestNeighbours
from imblearn.under_sampling import TomekLinks as _TomekLinks
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from equipoise.samplers.asking import Asked
from equipoise.samplers.base import Sampler
from equipoise.samplers.engine.clearing import surely_closer
from equipoise.samplers.engine.editing import Editing
from equipoise.samplers.engine.neighbours import Graph, goes_by_tree
from equipoise.samplers.engine.separation import Gap

__all__ = ["EditedNearestNeighbours", "TomekLinks"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]


class TomekLinks(Sampler, _TomekLinks):
    """Remove Tomek links: pairs of mutual nearest neighbours of different classes.

    Rows i and j are a link if their classes differ and no row is closer to either of them than the
    other one is. Parameters, attributes and results are those of
    ``imblearn.under_sampling.TomekLinks``; see the module for why fewer searches give the same rows.
    Where a row has several nearest neighbours at the same distance, the lowest row counts, and a row is
    none of its own.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : dict
        The classes that lose rows.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, ascending.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    ValueError
        If the columns hold missing or infinite values, or the labels a single class.

    References
    ----------
    Tomek, I. (1976). Two modifications of CNN. IEEE Transactions on Systems, Man, and Cybernetics 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import TomekLinks
    >>> X = np.array([[0.0], [0.1], [5.0], [6.0], [0.4]])
    >>> TomekLinks().fit_resample(X, np.array([1, 0, 0, 0, 0]))[1].tolist()
    [1, 0, 0, 0]
    """

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        self.sample_indices_ = self.choose(Graph(X, k=1, n_jobs=self.n_jobs), y)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def choose(self, graph: Graph, y: NDArray[Any], far: Gap | None = None) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        y : array, shape (n,)
            Labels.
        far : Gap, optional
            Bounds of the distance of each row to the nearest row of another class, which save searches.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        labels, codes = np.unique(y, return_inverse=True)
        cleaned = np.isin(labels, list(self.sampling_strategy_))
        linked = np.zeros(len(y), dtype=bool)
        one, other = self._links(graph, codes, far)
        linked[one] = linked[other] = True
        kept: Rows = np.flatnonzero(~(linked & cleaned[codes]))
        return kept

    def _links(self, graph: Graph, codes: Rows, far: Gap | None) -> tuple[Rows, Rows]:
        possible = np.ones(len(codes), dtype=bool)
        if far is not None:
            # A row whose nearest is of its own class is in no link.
            for c in np.unique(codes):
                own = np.flatnonzero(codes == c)
                possible[own] = ~self._closer(graph, own, own, far.low[own])
        largest = np.bincount(codes[possible], minlength=1).argmax()
        one = np.flatnonzero(possible & (codes != largest))
        distance, other = (each[:, 0] for each in graph.look(one, 1))
        cross = (codes[other] != codes[one]) & possible[other]
        one, other, distance = one[cross], other[cross], distance[cross]
        ends, at = np.unique(other, return_inverse=True)
        if not (sp.issparse(graph.X) or goes_by_tree(graph.X)):
            radius = np.full(len(ends), np.inf)
            np.minimum.at(radius, at, distance)
            every = np.arange(len(codes))
            away = self._closer(graph, ends, every, radius)
            one, other, at = one[~away[at]], other[~away[at]], at[~away[at]]
            ends, at = np.unique(other, return_inverse=True)
        mutual = graph.nearest(ends, 1)[:, 0][at] == one
        return one[mutual], other[mutual]

    def _closer(self, graph: Graph, rows: Rows, among: Rows, radius: F) -> NDArray[np.bool_]:
        return surely_closer(graph.X, rows, among, radius, 1, self.n_jobs, graph.precision)


class EditedNearestNeighbours(Sampler, _EditedNearestNeighbours):
    """Remove rows whose nearest neighbours are of another class.

    Parameters, attributes and results are those of ``imblearn.under_sampling.EditedNearestNeighbours``.
    Where rows are neighbours at the same distance, the lowest come first, and a row is none of its own.
    A neighbours estimator that is not a plain Euclidean one searches in imbalanced-learn's own way.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    n_neighbors : int or neighbours estimator, default 3
        Number of neighbours, k, that are asked.
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
    nn_ : neighbours estimator
        What ``n_neighbors`` asks for; not fitted where our own search serves.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If there are no more rows than neighbours.
    ValueError
        If the columns hold missing or infinite values, or the labels a single class.

    References
    ----------
    Wilson, D. (1972). Asymptotic properties of nearest neighbor rules using edited data. IEEE
    Transactions on Systems, Man, and Cybernetics 2.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import EditedNearestNeighbours
    >>> X = np.array([[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3], [5.4]])
    >>> y = np.array([1, 0, 1, 1, 0, 0, 0, 0, 0])
    >>> EditedNearestNeighbours().fit_resample(X, y)[1].tolist()
    [0, 0, 0, 0, 0, 1, 1, 1]
    """

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        if not self._neighbours.own:
            resampled: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return resampled
        self._validate_estimator()
        k = self._neighbours.number(None, len(y))
        self.sample_indices_ = self.choose(Graph(X, k=k, n_jobs=self.n_jobs), y)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    @property
    def _neighbours(self) -> Asked:
        return Asked(type(self).__name__, "n_neighbors", self.n_neighbors, 3)

    def choose(self, graph: Graph, y: NDArray[Any], far: Gap | None = None) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        y : array, shape (n,)
            Labels.
        far : Gap, optional
            Bounds of the distance of each row to the nearest row of another class, which save searches.

        Returns
        -------
        int64 array
            Rows, class by class.
        """
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        editing = Editing(graph, y, far, self.n_jobs)
        k = self._neighbours.number(None, len(y))
        leaving = [
            editing.opposed(c, k, self.kind_sel == "all")
            for c, label in enumerate(editing.labels)
            if label in self.sampling_strategy_
        ]
        for rows in leaving:
            editing.here[rows] = False
        return editing.rows()
