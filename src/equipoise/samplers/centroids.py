"""Cluster centroids: common rows replaced by the centres of their k-means clusters.

With thousands of clusters, choosing the centres to start from (k-means++) takes longer than k-means. For
each of them scikit-learn measures several candidates against all rows. A candidate changes only the rows
that are nearer to it than to all centres before it, which are ever fewer: here a product in single
precision with a bound on its rounding finds them, and they alone are measured. The random numbers are
drawn as scikit-learn draws them, so the centres are the same; where rounding could decide between two
rows, scikit-learn's own function is called instead. K-means itself is scikit-learn's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.under_sampling import ClusterCentroids as _ClusterCentroids
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import _safe_indexing
from threadpoolctl import threadpool_limits

from equipoise.errors import UsageError
from equipoise.samplers.base import Sampler
from equipoise.samplers.engine.points import lengths
from equipoise.samplers.engine.precision import TINY, Precision, round_up
from equipoise.samplers.origins import Origins

__all__ = ["ClusterCentroids"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_ROWS = 8192
_CLOSE = 1e-13  # share of the sum of squares that rounding may move
_SPENT = 1e-9


class NoCentres(UsageError, RuntimeError):
    """An estimator that clusters without centres; imbalanced-learn's kind of error."""


class ClusterCentroids(Sampler, _ClusterCentroids):
    """Replace the rows of common classes by the centres of their clusters.

    A class of which m rows are wanted is split into m clusters by k-means. With soft voting the new rows
    are the means of the clusters, ``sum of the x_i / size``; with hard voting, the rows nearest to them.

    Parameters, attributes and results are those of ``imblearn.under_sampling.ClusterCentroids``, with the
    same random numbers. Hard voting is by imbalanced-learn's search: of rows that are as near to a centre,
    as both rows of a cluster of two are, rounding takes one. The start of k-means is found faster for
    dense columns in double precision; otherwise, and with another estimator than ``KMeans``, all is
    scikit-learn's.

    Parameters
    ----------
    sampling_strategy : str, float, list, dict or callable, default "auto"
        Rows wanted of each class: ``"auto"`` (as many as the smallest has, of all others),
        ``"majority"``, ``"not minority"``, ``"not majority"``, ``"all"``, for two classes the ratio of
        the rare one to the other afterwards, or numbers by label.
    random_state : int or RandomState, optional
        Seed of the default estimator.
    estimator : clustering estimator, optional
        Has a parameter ``n_clusters`` and, once fitted, ``cluster_centers_``; ``KMeans`` by default.
    voting : {"auto", "hard", "soft"}, default "auto"
        Whether the rows nearest to the centres are kept, or the centres; the former for sparse rows.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows wanted of each class that is thinned.
    estimator_ : clustering estimator
        That of the last class that is thinned.
    voting_ : str
        The voting that was used.
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies; -1 for a mean of several.
    parents_ : CSR matrix of float64, shape (m, n)
        A mean has the rows of its cluster for parents, with equal shares. With another estimator than
        ``KMeans`` these are the rows with its label, of which the centre need not be the mean.
    sample_weight_, groups_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`; the group is that of the row nearest to the centre.

    Raises
    ------
    UsageError
        If ``estimator`` has no ``n_clusters`` or finds no ``cluster_centers_``.
    DataError
        If values are missing.
    ValueError
        If another parameter cannot be used, or the labels hold a single class.

    Warns
    -----
    ConvergenceWarning
        If a class has fewer different rows than are wanted.

    References
    ----------
    Yen, S.-J. and Lee, Y.-S. (2009). Cluster-based under-sampling approaches for imbalanced data
    distributions. Expert Systems with Applications 36. Arthur, D. and Vassilvitskii, S. (2007).
    k-means++: the advantages of careful seeding. SODA.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import ClusterCentroids
    >>> X = np.array([[0.0], [1.0], [5.0], [7.0], [20.0], [22.0]])
    >>> sampler = ClusterCentroids(random_state=0)
    >>> sorted(sampler.fit_resample(X, np.array([1, 1, 0, 0, 0, 0]))[0].ravel().tolist())
    [0.0, 1.0, 6.0, 21.0]
    >>> sorted(sampler.parents_.sum(axis=0).tolist()[0])
    [0.5, 0.5, 0.5, 0.5, 1.0, 1.0]
    """

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        self._prepare(X)
        made, shares, copied, first, labels = [], [], [], [], []
        for label in np.unique(y):
            rows = own = np.flatnonzero(y == label)
            part = None
            if label in self.sampling_strategy_:
                points = _safe_indexing(X, own)
                centres, of = _clustered(
                    self.estimator_, points, int(self.sampling_strategy_[label])
                )
                if self.voting_ == "hard":
                    rows = own[_nearest(points, centres)]
                else:
                    of, members = _members(points, centres, of)
                    part = sp.csr_matrix(centres, dtype=X.dtype) if sp.issparse(X) else centres
                    rows = own[members[np.searchsorted(of, np.arange(len(centres)))]]
                    share = (1 / np.bincount(of)[of], (of, own[members]))
            if part is None:
                part = _safe_indexing(X, rows)
                share = (np.ones(len(rows)), (np.arange(len(rows)), rows))
                copied.append(rows)
            else:
                copied.append(np.full(len(rows), -1, dtype=np.int64))
            made.append(part)
            shares.append(sp.csr_matrix(share, shape=(len(rows), len(y))))
            first.append(rows)
            labels.append(np.full(len(rows), label, dtype=y.dtype))
        self.sample_indices_ = np.concatenate(copied)
        self._origins = Origins.from_shares(
            sp.vstack(shares), self.sample_indices_, np.concatenate(first)
        )
        joined = sp.vstack(made, format=X.format) if sp.issparse(X) else np.vstack(made)
        return joined, np.concatenate(labels)

    def _prepare(self, X: Any) -> None:
        if self.estimator is not None and "n_clusters" not in self.estimator.get_params():
            raise UsageError(
                "`estimator` should be a clustering estimator exposing a parameter `n_clusters` and a fitted "
                f"parameter `cluster_centers_`. {type(self.estimator).__name__} has no n_clusters",
                remedy="use one that has, such as KMeans",
            )
        self._validate_estimator()
        self.voting_ = self.voting
        if self.voting == "auto":
            self.voting_ = "hard" if sp.issparse(X) else "soft"


def _clustered(estimator: Any, X: Any, wanted: int) -> tuple[Any, Rows]:
    """Fit, and return the centres and the cluster of each row."""
    estimator.set_params(n_clusters=wanted)
    if type(estimator) is KMeans and isinstance(estimator.init, str) and estimator.init != "random":
        return _means(estimator, X)
    estimator.fit(X)
    if not hasattr(estimator, "cluster_centers_"):
        raise NoCentres(
            "`estimator` should be a clustering estimator exposing a fitted parameter "
            f"`cluster_centers_`. {type(estimator).__name__} exposes none",
            remedy="use one that does, such as KMeans",
        )
    of = estimator.labels_ if hasattr(estimator, "labels_") else estimator.predict(X)
    return estimator.cluster_centers_, np.asarray(of, dtype=np.int64)


def _means(estimator: Any, X: Any) -> tuple[F, Rows]:
    """Fit k-means, and return the centres and the clusters that they are the means of."""
    given = {name: getattr(estimator, name) for name in ("init", "n_init", "max_iter")}
    starts: list[F] = []

    def start(X: Any, n_clusters: int, random_state: Any) -> F:
        starts.append(_plus_plus(X, n_clusters, random_state))
        return starts[-1].copy()

    try:
        estimator.set_params(init=start, n_init=1 if given["n_init"] == "auto" else given["n_init"])
        estimator.fit(X)
    finally:
        estimator.set_params(**given)
    centres, of = estimator.cluster_centers_, estimator.labels_.astype(np.int64)
    if _are_means(X, centres, of):
        return centres, of
    # Stopped before the clusters did: the centres are the means of the clusters one step before.
    for each in starts:
        if estimator.n_iter_ == 1:
            before = _nearest(each, X if sp.issparse(X) else X - X.mean(axis=0))
        else:
            again = clone(estimator).set_params(
                init=lambda X, n_clusters, random_state, each=each: each.copy(),
                n_init=1,
                max_iter=estimator.n_iter_ - 1,
            )
            before = again.fit(X).labels_.astype(np.int64)
        if _are_means(X, centres, before):
            return centres, before
    return centres, of


def _are_means(X: Any, centres: F, of: Rows) -> bool:
    of, members = _members(X, centres, of)
    share = sp.csr_matrix(
        (1 / np.bincount(of)[of], (of, members)), shape=(len(centres), X.shape[0])
    )
    means = share @ X
    off = abs(means - sp.csr_matrix(centres) if sp.issparse(X) else means - centres).max()
    single = centres.dtype == np.float32
    return bool(off <= (1e-5 if single else 1e-9) * max(1e-300, abs(X).max()))


def _members(X: Any, centres: F, of: Rows) -> tuple[Rows, Rows]:
    """Return clusters and their rows, nearest to the centre first; a cluster with none has one."""
    rows = np.arange(len(of))
    counts = np.bincount(of, minlength=len(centres))
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        # K-means gives an empty cluster a row of another one.
        nearest = _nearest(X, centres[empty])
        stays = np.ones(len(of), dtype=bool)
        for row in nearest:
            if stays[row] and counts[of[row]] > 1:
                counts[of[row]] -= 1
                stays[row] = False
        of, rows = np.append(of[stays], empty), np.append(rows[stays], nearest)
    away = np.zeros(len(of)) if sp.issparse(X) else lengths(X, centres, rows, of)
    order = np.lexsort((rows, away, of))
    return of[order], rows[order]


def _nearest(X: Any, points: Any) -> Rows:
    """Return the row nearest to each of some points, by the search that imbalanced-learn uses."""
    mixed = sp.issparse(X) != sp.issparse(points)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute" if mixed else "auto").fit(X)
    index: Rows = search.kneighbors(points, return_distance=False)[:, 0]
    return index


class _Unclear(Exception):
    """Rounding could decide which row is drawn."""


def _plus_plus(X: Any, wanted: int, random: Any) -> Any:
    """Choose the centres that scikit-learn's k-means++ does."""
    before = random.get_state()
    if not sp.issparse(X) and X.dtype == np.float64:
        try:
            with threadpool_limits(1, user_api="blas"):
                return X[_Drawing(X).draw(wanted, random)]
        except _Unclear:
            random.set_state(before)
    return kmeans_plusplus(X, wanted, random_state=random)[0]


class _Drawing:
    """Draw centres among rows, each with a probability in proportion to what it would take away."""

    def __init__(self, X: F) -> None:
        self.X = X
        self.precision = Precision.measure(X)
        if not (self.precision.narrow and 1e-100 < self.precision.scale < 1e100):
            raise _Unclear
        columns = self.precision.columns(X)[0]
        self.columns = np.column_stack([columns, np.ones(len(X), dtype=np.float32)])

    def draw(self, wanted: int, random: Any) -> Rows:
        n = len(self.X)
        trials = 2 + int(np.log(wanted))
        ones = np.ones(n)
        chosen = np.empty(wanted, dtype=np.int64)
        chosen[0] = random.choice(n, p=ones / ones.sum())
        closest = self._square(np.arange(n), np.full(n, chosen[0]))
        bar = self._bar(closest)
        whole = total = closest @ ones
        for c in range(1, wanted):
            if not total > _SPENT * whole:
                raise _Unclear
            asked = random.uniform(size=trials) * total
            steps = np.cumsum(closest)
            tried = np.searchsorted(steps, asked)
            near = np.abs(steps[np.clip([tried - 1, tried], 0, n - 1)] - asked).min()
            if near <= _CLOSE * whole or tried.max() >= n:
                raise _Unclear
            trial, row = self._closer(tried, bar)
            square = self._square(row, tried[trial])
            closer = square < closest[row]
            trial, row, square = trial[closer], row[closer], square[closer]
            gain = np.bincount(trial, weights=closest[row] - square, minlength=trials)
            best = int(gain.argmax())
            tie = gain >= gain[best] - _CLOSE * whole
            if tie.sum() > 1 and (self.X[tried[tie]] != self.X[tried[best]]).any():
                raise _Unclear
            chosen[c] = tried[best]
            row = row[trial == best]
            closest[row] = square[trial == best]
            bar[row] = self._bar(closest[row])
            total = closest @ ones
        return chosen

    def _square(self, row: Rows, other: Rows) -> F:
        gap = self.X[row]
        gap -= self.X[other]
        square: F = np.einsum("ij,ij->i", gap, gap)
        return square

    def _bar(self, closest: F) -> NDArray[np.float32]:
        return round_up(closest * self.precision.scale**2 * (1 + 1e-9) + TINY)

    def _closer(self, tried: Rows, bar: NDArray[np.float32]) -> tuple[Rows, Rows]:
        """Return pairs of a trial and a row that it may be nearer to than all centres so far."""
        centred = self.precision.centred(self.X[tried])
        own = np.einsum("ij,ij->i", centred, centred) * (1 - 4 * self.precision.error)
        left = np.column_stack([self.precision.left(centred), -round_up(-own)])
        trials, rows = [], []
        for at in range(0, len(bar), _ROWS):
            low = left @ self.columns[at : at + _ROWS].T
            trial, row = np.divmod(np.flatnonzero(low < bar[at : at + _ROWS]), low.shape[1])
            trials.append(trial)
            rows.append(row + at)
        return np.concatenate(trials), np.concatenate(rows)
