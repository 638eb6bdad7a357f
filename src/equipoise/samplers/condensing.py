"""Condensed nearest neighbours and one-sided selection: common rows that rare ones are confused with.

Both start from the rare rows and a few seeds of a class, and ask which rows of the class are taken for
rare by their nearest neighbours among these. One-sided selection asks once; condensing lets each such row
join at once, so that the rows after it are asked among more.

A search that is built anew for every row that joins costs most of imbalanced-learn's time. Here rows are
asked a block at a time: one search among all that has joined before the block, and then, for each row of
the block that joins, its distances to the rest of the block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.under_sampling import CondensedNearestNeighbour as _CondensedNearestNeighbour
from imblearn.under_sampling import OneSidedSelection as _OneSidedSelection
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import _safe_indexing, check_random_state

from equipoise.errors import UsageError
from equipoise.samplers.asking import euclidean, plain_count, rarest
from equipoise.samplers.base import Sampler
from equipoise.samplers.cleaning import TomekLinks
from equipoise.samplers.engine.neighbours import Graph, Neighbours
from equipoise.samplers.engine.points import lengths
from equipoise.samplers.refusals import require_neighbours

__all__ = ["CondensedNearestNeighbour", "OneSidedSelection"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_BLOCK = 2048


class _Seeded(Sampler):
    """Start from the rare rows and seeds, and keep the rows that these get wrong."""

    def _plain_count(self) -> int | None:
        """Return how many Euclidean neighbours vote, or None if more than a number is said."""
        given = self.n_neighbors
        plain = 1 if given is None else plain_count(given)
        if plain is not None:
            return plain
        if not isinstance(given, KNeighborsClassifier):
            raise UsageError(
                f"n_neighbors={given!r} does not vote on labels",
                remedy="use a whole number or a KNeighborsClassifier",
            )
        votes = type(given) is KNeighborsClassifier and given.weights == "uniform"
        return int(given.n_neighbors) if votes and euclidean(given) else None

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        k = self._plain_count()
        rare = np.flatnonzero(y == rarest(y))
        if k is not None:
            name, seeds = type(self).__name__, int(self.n_seeds_S)
            require_neighbours(name, "n_neighbors", k, rarest(y), len(rare), spare=-seeds)
        if k is None or sp.issparse(X):
            # A row of a sparse array has one dimension, which that search does not take.
            rows = sp.csr_matrix(X) if isinstance(X, sp.sparray) else X
            X_out, y_out = super()._fit_resample(rows, y)
            return (X_out if rows is X else type(X)(X_out)), y_out
        random = check_random_state(self.random_state)
        numbers = np.asarray(X, dtype=np.float64)
        self.estimators_ = []
        kept: list[Rows] = []
        for label in np.unique(y):
            own = np.flatnonzero(y == label)
            if label in self.sampling_strategy_:
                seeds = random.randint(low=0, high=len(own), size=self.n_seeds_S)
                store = _Store(numbers, y, np.append(rare, own[seeds]), k, self.n_jobs)
                own = np.append(own[seeds], self._wrong(store, own, seeds, label))
                self.estimators_.append(self._classifier(k).fit(X[store.rows], y[store.rows]))
            kept.append(own)
        self.sample_indices_ = self._cleaned(numbers, y, np.concatenate(kept))
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def _classifier(self, k: int) -> Any:
        if isinstance(self.n_neighbors, KNeighborsClassifier):
            return clone(self.n_neighbors)
        return KNeighborsClassifier(n_neighbors=k, n_jobs=self.n_jobs)

    def _wrong(self, store: _Store, own: Rows, seeds: Rows, label: Any) -> Rows:
        raise NotImplementedError

    def _cleaned(self, X: F, y: NDArray[Any], rows: Rows) -> Rows:
        return rows


class CondensedNearestNeighbour(_Seeded, _CondensedNearestNeighbour):
    """Keep the common rows that a nearest-neighbour rule needs to tell them from rare ones.

    For each class but the smallest, the store starts with the rare rows and ``n_seeds_S`` random rows of
    the class. The rows of the class are then asked once, in their order; a row whose nearest neighbours in
    the store are rare joins it. What is kept of the class is what is in the store at the end.

    Parameters, attributes and results are those of ``imblearn.under_sampling.CondensedNearestNeighbour``,
    random numbers included. Two things are kept although the rule of Hart does not say them. Rows are
    passed through once, not until none is wrong. And a row is not asked if its place among the rows of its
    class, counted from 0, is the number among all rows of one that is in the store: imbalanced-learn
    compares the two. Of rows at exactly one distance those count first that came into the store first,
    the rare ones before all; imbalanced-learn takes any. Sparse rows and classifiers that are more than a
    number of Euclidean neighbours are imbalanced-learn's own search.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    random_state : int or RandomState, optional
        Seed.
    n_neighbors : int or KNeighborsClassifier, optional
        Number of neighbours that vote, 1 by default. Equal votes are for the class that sorts first.
    n_seeds_S : int, default 1
        Seeds, drawn with replacement.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : dict
        The classes that lose rows.
    estimators_ : list of KNeighborsClassifier
        The store at the end, for each class that loses rows.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output: class by class, the seeds first. A seed that is
        taken for rare, as it equals a rare row, is there twice.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If the store starts with fewer rows than neighbours, or values are missing.
    UsageError
        If ``n_neighbors`` cannot vote.
    ValueError
        If another parameter cannot be used, or the labels hold a single class.

    References
    ----------
    Hart, P. (1968). The condensed nearest neighbor rule. IEEE Transactions on Information Theory 14.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import CondensedNearestNeighbour
    >>> X = np.array([[0.0], [1.0], [1.2], [5.0], [5.1], [5.2]])
    >>> sampler = CondensedNearestNeighbour(random_state=1)
    >>> sampler.fit_resample(X, np.array([1, 1, 0, 0, 0, 0]))[1].tolist()
    [0, 0, 1, 1]
    """

    def _wrong(self, store: _Store, own: Rows, seeds: Rows, label: Any) -> Rows:
        joined: list[int] = []
        passed = np.zeros(len(store.y), dtype=bool)
        passed[own[seeds]] = True
        for start in range(0, len(own), _BLOCK):
            block = own[start : start + _BLOCK]
            distance, votes = store.nearest(block, label)
            asked = np.flatnonzero(~passed[start : start + len(block)] & ~store.agree(votes, label))
            before = len(joined)
            while len(asked):
                row = int(block[asked[0]])
                joined.append(row)
                passed[row] = True
                # A row that joins is of the label: whoever is taken for the label stays so.
                asked = asked[1:]
                asked = asked[asked != row - start]
                store.hear(row, block[asked], asked, distance, votes)
                asked = asked[~store.agree(votes[asked], label)]
            store.rows = np.append(store.rows, joined[before:]).astype(np.int64)
        return np.array(joined, dtype=np.int64)


class OneSidedSelection(_Seeded, _OneSidedSelection):
    """Keep the common rows that rare ones are confused with, then remove Tomek links.

    For each class but the smallest, the rare rows and ``n_seeds_S`` random rows of the class vote on the
    other rows of the class: those whose nearest neighbours are rare are kept, and the seeds. Of what is
    left, rows of these classes in a Tomek link are removed; see :class:`equipoise.samplers.TomekLinks`.

    Parameters, attributes and results are those of ``imblearn.under_sampling.OneSidedSelection``, random
    numbers included. Of rows at exactly one distance the first counts, rare rows before seeds;
    imbalanced-learn takes any. Sparse rows and classifiers that are more than a number of Euclidean
    neighbours are imbalanced-learn's own search.

    Parameters
    ----------
    sampling_strategy : str, list or callable, default "auto"
        Classes that lose rows: ``"auto"`` (all but the smallest), ``"majority"``, ``"not majority"``,
        ``"all"``, or a list of labels.
    random_state : int or RandomState, optional
        Seed.
    n_neighbors : int or KNeighborsClassifier, optional
        Number of neighbours that vote, 1 by default. Equal votes are for the class that sorts first.
    n_seeds_S : int, default 1
        Seeds, drawn with replacement.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : dict
        The classes that lose rows.
    estimators_ : list of KNeighborsClassifier
        The rare rows and the seeds, for each class that loses rows.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output: class by class, the seeds first.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If there are fewer rare rows and seeds than neighbours, or values are missing.
    UsageError
        If ``n_neighbors`` cannot vote.
    ValueError
        If another parameter cannot be used, or the labels hold a single class.

    References
    ----------
    Kubat, M. and Matwin, S. (1997). Addressing the curse of imbalanced training sets: one-sided
    selection. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import OneSidedSelection
    >>> X = np.array([[0.0], [1.0], [1.2], [2.0], [5.0], [5.1]])
    >>> sampler = OneSidedSelection(random_state=3)
    >>> sampler.fit_resample(X, np.array([1, 1, 0, 0, 0, 0]))[0].ravel().tolist()
    [5.0, 2.0, 0.0, 1.0]
    """

    def _wrong(self, store: _Store, own: Rows, seeds: Rows, label: Any) -> Rows:
        rest = np.delete(own, seeds)
        return rest[~store.agree(store.nearest(rest, label)[1], label)]

    def _cleaned(self, X: F, y: NDArray[Any], rows: Rows) -> Rows:
        links = TomekLinks(sampling_strategy=list(self.sampling_strategy_), n_jobs=self.n_jobs)
        kept: Rows = rows[links.choose(Graph(X[rows], k=1, n_jobs=self.n_jobs), y[rows])]
        return kept


class _Store:
    """Rows whose labels are known, and how they vote."""

    def __init__(self, X: F, y: NDArray[Any], rows: Rows, k: int, n_jobs: int | None) -> None:
        self.X, self.y, self.rows, self.k, self.n_jobs = X, y, rows, k, n_jobs
        self._rare = y[rows[0]]

    def nearest(self, rows: Rows, label: Any) -> tuple[F, NDArray[np.bool_]]:
        """Return the distances of the k nearest in the store, and whether each is of the label."""
        distance, index = Neighbours(self.X[self.rows], self.n_jobs).search(self.X[rows], self.k)
        return distance, self.y[self.rows[index]] == label

    def agree(self, votes: NDArray[np.bool_], label: Any) -> NDArray[np.bool_]:
        """Say of which rows the neighbours vote for the label."""
        share = 2 * votes.sum(axis=1)
        agreed: NDArray[np.bool_] = (share >= self.k) if label < self._rare else (share > self.k)
        return agreed

    def hear(self, row: int, rows: Rows, at: Rows, distance: F, votes: NDArray[np.bool_]) -> None:
        """Let a row that joins vote on others, whose neighbours are changed in place."""
        every = np.arange(len(rows))
        length = lengths(self.X[rows], self.X[row][None], every, np.zeros_like(every))
        closer = length < distance[at, -1]
        at, length = at[closer], length[closer]
        if self.k == 1:
            distance[at, 0], votes[at] = length, True
            return
        near = np.column_stack([distance[at], length])
        said = np.column_stack([votes[at], np.ones(len(at), dtype=bool)])
        order = np.argsort(near, axis=1, kind="stable")[:, : self.k]
        distance[at] = np.take_along_axis(near, order, 1)
        votes[at] = np.take_along_axis(said, order, 1)
