"""NearMiss: the common rows that are near to rare ones, by their mean distance to a few of them.

Versions 1 and 3 look at the nearest rare rows, which the shared search finds. Version 2 looks at the
farthest ones, and asking for all rare rows in order of distance, as imbalanced-learn does, takes memory
for every pair. Here the k largest distances to some of the rare rows, those on the rim, are taken first:
their sum is at most the sum sought. Measuring as many rows as are wanted gives a sum that need not be
exceeded, and rows whose lower end is above it are out; the few left are measured against all rare rows.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.under_sampling import NearMiss as _NearMiss
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from equipoise.samplers.asking import plain_count, rarest
from equipoise.samplers.base import Sampler
from equipoise.samplers.engine.neighbours import Graph, Neighbours
from equipoise.samplers.engine.points import lengths
from equipoise.samplers.engine.precision import QUERIES, TILE, TINY, Precision, round_up, spread
from equipoise.samplers.refusals import plain, require_neighbours

__all__ = ["NearMiss"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]
S = NDArray[np.float32]

_RIM = 256
_MARGIN = 1e-9


class NearMiss(Sampler, _NearMiss):
    """Keep the common rows that are nearest to rare ones.

    Each row x of a class that is thinned gets a score, and as many rows as are wanted are kept, in the
    order of the scores::

        version 1: mean of d(x, z) over the k rare rows z nearest to x      smallest first
        version 2: mean of d(x, z) over the k rare rows z farthest from x   smallest first
        version 3: as 1, among the m rows of the class nearest to each rare row; largest first

    The rare rows are those of the smallest class, d is the Euclidean distance, k is ``n_neighbors`` and m
    ``n_neighbors_ver3``. Parameters, attributes and results are those of
    ``imblearn.under_sampling.NearMiss``. Rows of one score are kept in their order, lowest first; where
    several rows are at exactly one distance, version 3 takes the lowest, and imbalanced-learn any. The
    scores here are exact; imbalanced-learn's are rounded, with single-precision columns to 8 digits, and
    rows whose scores are closer than that may come in another order there.
    Sparse rows and neighbours objects that are more than a number of Euclidean neighbours are
    imbalanced-learn's own search.

    Parameters
    ----------
    sampling_strategy : str, float, list, dict or callable, default "auto"
        Rows to keep of each class: ``"auto"`` (as many as the smallest has, of all others),
        ``"majority"``, ``"not minority"``, ``"not majority"``, ``"all"``, for two classes the ratio of
        the rare one to the other afterwards, or numbers by label.
    version : {1, 2, 3}, default 1
        Score.
    n_neighbors : int or neighbours estimator, default 3
        Number k of rare rows that the mean is over. Version 2 takes all where there are fewer.
    n_neighbors_ver3 : int or neighbours estimator, default 3
        Number m of rows of the class that version 3 takes around each rare row.
    n_jobs : int, optional
        Threads of the search, ours and imbalanced-learn's.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows wanted of each class that is thinned.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, class by class, in the order of the scores.
    nn_, nn_ver3_ : NearestNeighbors
        Searches of imbalanced-learn's kind over the rare rows and over the last class thinned.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If there are fewer rows than neighbours, or values are missing.
    ValueError
        If a parameter cannot be used, or the labels hold a single class.

    Warns
    -----
    UserWarning
        If version 3 finds fewer rows than are wanted; then all that it found are kept.

    References
    ----------
    Mani, I. and Zhang, J. (2003). kNN approach to unbalanced data distributions: a case study involving
    information extraction. ICML workshop on learning from imbalanced datasets.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import NearMiss
    >>> X = np.array([[0.0], [1.0], [1.5], [2.0], [4.0], [9.0]])
    >>> sampler = NearMiss(n_neighbors=1)
    >>> sampler.fit_resample(X, np.array([1, 1, 0, 0, 0, 0]))[1].tolist()
    [0, 0, 1, 1]
    >>> sampler.sample_indices_.tolist()
    [2, 3, 0, 1]
    """

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        k, m = plain_count(self.n_neighbors), plain_count(self.n_neighbors_ver3)
        self._require(k, m, y)
        if sp.issparse(X) or k is None or (self.version == 3 and m is None):
            resampled: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return resampled
        self._validate_estimator()
        own = [np.flatnonzero(y == label) for label in self.sampling_strategy_]
        self.nn_.fit(X[np.flatnonzero(y == rarest(y))])
        if self.version == 3 and own:
            self.nn_ver3_.fit(X[np.flatnonzero(y == max(self.sampling_strategy_))])
        self.sample_indices_ = self._kept(np.asarray(X, dtype=np.float64), y, k, m)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def choose(self, graph: Graph, y: NDArray[Any]) -> Rows:
        """Choose the rows that stay, given the rows as a search holds them.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows.
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
        self._fit_resample(graph.X, y)
        kept: Rows = self.sample_indices_
        return kept

    def _require(self, k: int | None, m: int | None, y: NDArray[Any]) -> None:
        counts = Counter(y.tolist())
        name = type(self).__name__
        if k is not None and self.version != 2:
            rare = rarest(y)
            require_neighbours(name, "n_neighbors", k, rare, counts[plain(rare)], spare=0)
        if m is not None and self.version == 3:
            for label in self.sampling_strategy_:
                count = counts[plain(label)]
                require_neighbours(name, "n_neighbors_ver3", m, label, count, spare=0)

    def _kept(self, X: F, y: NDArray[Any], k: int, m: int | None) -> Rows:
        rare = X[y == rarest(y)]
        kept: list[Rows] = []
        for label in np.unique(y):
            own = np.flatnonzero(y == label)
            if label in self.sampling_strategy_:
                own = self._thinned(X, own, rare, int(self.sampling_strategy_[label]), k, m)
            kept.append(own)
        return np.concatenate(kept)

    def _thinned(self, X: F, own: Rows, rare: F, wanted: int, k: int, m: int | None) -> Rows:
        if self.version == 3:
            around = Neighbours(X[own], self.n_jobs).search(rare, int(m or 1))[1]
            own = own[np.unique(around)]
            total = Neighbours(rare, self.n_jobs).search(X[own], k)[0].sum(axis=1)
            return self._first(own[np.argsort(-total, kind="stable")], wanted)
        scores = _Scores(X[own], rare, min(k, len(rare)), self.n_jobs)
        few = 4 * wanted <= len(own)
        if self.version == 1:
            return own[
                scores.smallest(wanted, scores.above_nearest() if few else None, scores.nearest)
            ]
        return own[
            scores.smallest(wanted, scores.above_farthest() if few else None, scores.farthest)
        ]

    def _first(self, ordered: Rows, wanted: int) -> Rows:
        if len(ordered) < wanted:
            warnings.warn(
                "The number of the samples to be selected is larger than the number of samples available."
                " The balancing ratio cannot be ensure and all samples will be returned.",
                stacklevel=6,
            )
        return ordered[:wanted]


class _Scores:
    """Sums of distances to rare rows, for as many rows as it takes to know the smallest."""

    def __init__(self, X: F, rare: F, k: int, n_jobs: int | None) -> None:
        self.X, self.rare, self.k, self.n_jobs = X, rare, k, n_jobs
        precision = Precision.measure(np.concatenate([rare.mean(axis=0, keepdims=True), X, rare]))
        self.precision = precision
        if precision.narrow:
            self.columns, self.square = precision.columns(rare)

    def smallest(self, wanted: int, lowest: F | None, sums: Callable[[Rows], F]) -> Rows:
        """Return the rows with the smallest sums, in their order, by lower ends of all sums if known."""
        total = np.full(len(self.X), np.inf)
        inside = np.arange(len(self.X))
        if lowest is not None and wanted > 0:
            # Twice as many as are wanted, as the order of the lower ends is not quite that of the sums.
            first = np.argpartition(lowest, 2 * wanted - 1)[: 2 * wanted]
            total[first] = sums(first)
            open_rows = lowest <= np.partition(total[first], wanted - 1)[wanted - 1]
            open_rows[first] = False
            inside = np.flatnonzero(open_rows)
        if len(inside):
            total[inside] = sums(inside)
        return np.argsort(total, kind="stable")[:wanted]

    def above_nearest(self) -> F | None:
        """Return a lower end of the sum of the k smallest distances: k times the smallest."""
        if not self.precision.narrow:
            return None

        def least(left: S) -> F:
            tiles = range(0, len(self.columns), TILE)
            ends = [(left @ self.columns[at : at + TILE].T).min(axis=1) for at in tiles]
            lowest: F = np.min(ends, axis=0)[:, None]
            return lowest

        ends = self._lower_ends(least)
        ends *= self.k
        return ends

    def above_farthest(self) -> F | None:
        """Return a lower end of the sum of the k largest distances: that over rare rows of the rim."""
        rim = max(_RIM, 4 * self.k)
        if not self.precision.narrow or 2 * rim > len(self.rare):
            return None
        outer = ((self.rare - self.X.mean(axis=0)) ** 2).sum(axis=1)
        columns = self.columns[np.argpartition(outer, -rim)[-rim:]]
        return self._lower_ends(
            lambda left: np.partition(left @ columns.T, rim - self.k, axis=1)[:, -self.k :]
        )

    def _lower_ends(self, ends: Callable[[S], Any]) -> F:
        """Sum lower ends of distances, given those of the squares but for the square of the row."""
        out = np.empty(len(self.X))

        def work(part: slice) -> None:
            centred = self.precision.centred(self.X[part])
            own = np.einsum("ij,ij->i", centred, centred)
            square = (
                ends(self.precision.left(centred)) + (own * (1 - 2 * self.precision.error))[:, None]
            )
            out[part] = np.sqrt(np.maximum(square - TINY, 0)).sum(axis=1)

        spread(work, len(out), QUERIES, self.n_jobs)
        out *= (1 - _MARGIN) / self.precision.scale
        return out

    def nearest(self, rows: Rows) -> F:
        """Sum the k smallest distances of rows."""
        total: F = Neighbours(self.rare, self.n_jobs).search(self.X[rows], self.k)[0].sum(axis=1)
        return total

    def farthest(self, rows: Rows) -> F:
        """Sum the k largest distances of rows."""
        out = np.empty(len(rows))
        slack = self.precision.slack(self.square) if self.precision.narrow else None

        def work(part: slice) -> None:
            mine, count = self.X[rows[part]], len(self.rare)
            if slack is None:
                row, col = np.divmod(np.arange(len(mine) * count), count)
            else:
                centred = self.precision.centred(mine)
                low = self.precision.left(centred) @ self.columns.T
                own = np.einsum("ij,ij->i", centred, centred)
                bar = np.partition(low, count - self.k, axis=1)[:, count - self.k]
                bar = -round_up(2 * self.precision.error * own + TINY - bar)
                row, col = np.nonzero(low + slack >= bar[:, None])
            length = lengths(mine, self.rare, row, col)
            length = length[np.lexsort((length, row))]
            ends = np.searchsorted(row, np.arange(len(mine)), side="right")
            out[part] = length[ends[:, None] + np.arange(-self.k, 0)].sum(axis=1)

        spread(work, len(out), QUERIES, self.n_jobs)
        return out
