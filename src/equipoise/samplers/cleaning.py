"""Tomek links and edited nearest neighbours, exact, without the searches that cannot matter.

Both keep imbalanced-learn's classes, parameters and results; what changes is which rows are searched.

*Tomek links.* A link joins two rows of different classes, so one of its ends is not in the largest
class. It is found by searching from the rows outside the largest class only, and then from the rows
that they point to, to see whether those point back.

*Edited nearest neighbours.* A row of a class is removed if one of its k nearest neighbours is of
another class. Let d be its distance to the nearest row of any other class. If k other rows of its own
class lie strictly closer than d, then its k nearest neighbours are all of its class and it stays. Any k
such rows will do, so they are looked for in a small random sample first, then in larger ones; only the
rows that no sample clears are searched among all rows.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from imblearn.under_sampling import EditedNearestNeighbours as _EditedNearestNeighbours
from imblearn.under_sampling import TomekLinks as _TomekLinks
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import _safe_indexing

from equipoise.errors import DataError
from equipoise.samplers.base import Sampler

__all__ = ["EditedNearestNeighbours", "TomekLinks"]

Rows = NDArray[np.int64]


class Searchable(Protocol):
    """Rows that know their neighbours."""

    X: Any

    def nearest(self, rows: Rows, k: int) -> Rows:
        """Return the k nearest other rows of each of ``rows``."""


# Distances come from one matrix product and are off by rounding; only a clear gap counts as closer.
_MARGIN = 1e-6
_FIRST_SAMPLE = 500
_GROWTH = 4


class TomekLinks(Sampler, _TomekLinks):
    """Remove Tomek links: pairs of mutual nearest neighbours of different classes.

    Rows i and j are a link if their classes differ and no row is closer to either of them than the
    other one is. Parameters, attributes and results are those of
    ``imblearn.under_sampling.TomekLinks``; see the module for why fewer searches give the same rows.
    Where a row has several nearest neighbours at the same distance, the search picks one.

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
        search = NearestNeighbors(n_neighbors=2, n_jobs=self.n_jobs).fit(X)
        self.sample_indices_ = self.choose(_Search(X, search), y)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def choose(self, graph: Searchable, y: NDArray[Any]) -> Rows:
        """Choose the rows that stay, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.neighbours.Graph
            The rows, and the nearest others of each.
        y : array, shape (n,)
            Labels.

        Returns
        -------
        int64 array
            Rows, ascending.
        """
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        labels, codes = np.unique(y, return_inverse=True)
        largest = np.bincount(codes).argmax()
        first = np.full(len(y), -1, dtype=np.int64)

        def look(rows: Rows) -> None:
            rows = rows[first[rows] < 0]
            if len(rows):
                first[rows] = graph.nearest(rows, 1)[:, 0]

        rare = np.flatnonzero(codes != largest)
        look(rare)
        rare = rare[codes[first[rare]] != codes[rare]]
        look(np.unique(first[rare]))
        rare = rare[first[first[rare]] == rare]
        linked = np.zeros(len(y), dtype=bool)
        linked[rare] = True
        linked[first[rare]] = True
        cleaned = np.isin(labels, list(self.sampling_strategy_))
        kept: Rows = np.flatnonzero(~(linked & cleaned[codes]))
        return kept


class EditedNearestNeighbours(Sampler, _EditedNearestNeighbours):
    """Remove rows whose nearest neighbours are of another class.

    Parameters, attributes and results are those of ``imblearn.under_sampling.EditedNearestNeighbours``.
    The short cut of this module serves ``kind_sel="all"`` on dense columns where the other classes are
    few; all else is imbalanced-learn's own search.

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
    nn_ : NearestNeighbors
        The search.

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
        counted = isinstance(self.n_neighbors, (int, np.integer))
        if counted and self.n_neighbors >= len(y):
            raise DataError(
                f"n_neighbors={self.n_neighbors} needs more rows than the {len(y)} that there are",
                remedy=f"use n_neighbors={len(y) - 1} or less, or give more rows",
            )
        if sp.issparse(X) or self.kind_sel != "all" or not counted:
            resampled: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return resampled
        self._validate_estimator()
        self.nn_.fit(X)
        self.sample_indices_ = self.choose(_Search(X, self.nn_), y)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def choose(self, graph: Searchable, y: NDArray[Any]) -> Rows:
        """Choose the rows that stay if all their neighbours agree, by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.neighbours.Graph
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
        kept: list[Rows] = []
        for label in np.unique(y):
            own = np.flatnonzero(y == label)
            if label in self.sampling_strategy_:
                own = own[self._stays(graph, y, own)]
            kept.append(own)
        return np.concatenate(kept)

    def _stays(self, graph: Searchable, y: NDArray[Any], own: Rows) -> NDArray[np.bool_]:
        label = y[own[0]]
        stays = np.zeros(len(own), dtype=bool)
        others = np.flatnonzero(y != label)
        open_rows = np.arange(len(own))
        k = int(self.n_neighbors)
        if len(others) and len(others) * 4 <= len(own) and not sp.issparse(graph.X):
            stays = _cleared(graph.X, own, others, k, self.n_jobs)
            open_rows = np.flatnonzero(~stays)
        if len(open_rows):
            index = graph.nearest(own[open_rows], k)
            stays[open_rows] = (y[index] == label).all(axis=1)
        return stays


class _Search:
    """imbalanced-learn's search, which takes the nearest row to be the row itself."""

    def __init__(self, X: Any, search: Any) -> None:
        self.X, self._search = X, search

    def nearest(self, rows: Rows, k: int) -> Rows:
        points = _safe_indexing(self.X, rows)
        found = self._search.kneighbors(points, n_neighbors=k + 1, return_distance=False)
        others: Rows = found[:, 1:]
        return others


def _cleared(
    X: NDArray[Any],
    own: Rows,
    others: Rows,
    k: int,
    n_jobs: int | None,
) -> NDArray[np.bool_]:
    """Find rows of ``own`` with k rows of their class clearly closer than any of the others."""
    cleared = np.zeros(len(own), dtype=bool)
    with np.errstate(all="ignore"):
        # A shift changes no distance, and takes away the large sums that rounding would feed on.
        centred = np.asarray(X, dtype=np.float64)
        centred = centred - centred.mean(axis=0)
        square = (centred * centred).sum(axis=1)
    if not np.isfinite(square).all():
        return cleared
    mine = centred[own]
    # Squared distances are off by up to this, and by a share of themselves that the margin covers.
    slack = 10 * (X.shape[1] + 8) * np.finfo(np.float64).eps * square[own]
    nearest = _brute(1, n_jobs).fit(centred[others]).kneighbors(mine)[0][:, 0]
    limit = (nearest**2) * (1 - _MARGIN) - 2 * slack
    rng = np.random.default_rng(0)
    open_rows = np.arange(len(own))
    size = max(_FIRST_SAMPLE, k + 1)
    while len(open_rows) > size and size * _GROWTH <= len(own):
        sample = rng.choice(len(own), size, replace=False)
        distance, index = _brute(k + 1, n_jobs).fit(mine[sample]).kneighbors(mine[open_rows])
        itself = sample[index] == open_rows[:, None]
        distance[itself] = np.inf  # a row does not clear itself
        closer = np.partition(distance, k - 1, axis=1)[:, k - 1] ** 2 < limit[open_rows]
        cleared[open_rows[closer]] = True
        open_rows = open_rows[~closer]
        size *= _GROWTH
    return cleared


def _brute(k: int, n_jobs: int | None) -> Any:
    return NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=n_jobs)
