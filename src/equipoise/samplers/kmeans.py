"""SMOTE within clusters in which a class is common."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from imblearn.over_sampling import KMeansSMOTE as _KMeansSMOTE
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans

from equipoise.samplers.asking import AUTO, Asked
from equipoise.samplers.generating import Generator, NothingToMake, Space, draw
from equipoise.samplers.origins import Made
from equipoise.samplers.refusals import plain

__all__ = ["KMeansSMOTE"]

Rows = NDArray[np.int64]


class KMeansSMOTE(Generator, _KMeansSMOTE):
    """Make rows by SMOTE within the clusters of which a class is a large enough part.

    All rows are clustered. In each cluster of which the class is at least
    ``cluster_balance_threshold``, with more than k rows of it, new rows are made between these. With m
    such rows at the mean distance d from each other, a cluster gets new rows in proportion to
    ``d ** density_exponent / m``: sparse ones get more. Parameters, attributes and rows are those of
    ``imblearn.over_sampling.KMeansSMOTE``; ties are settled as in :class:`equipoise.samplers.SMOTE`,
    and clusters of equal rows get equal numbers where there are no others.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have, at least: see :class:`equipoise.samplers.SMOTE`. Numbers are
        rounded up in each cluster.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int, "auto" or neighbours estimator, default 2
        Neighbours, k, of a row. ``"auto"`` takes 2, or all others of the class if they are fewer; the
        single row of a class is then repeated.
    n_jobs : int, optional
        Processes that compute the distances within a cluster.
    kmeans_estimator : int or estimator, optional
        Number of clusters, or what finds them; default ``sklearn.cluster.MiniBatchKMeans()``.
    cluster_balance_threshold : float or "auto", default "auto"
        Smallest share of the class in a cluster; ``"auto"`` is half its share of all new rows.
    density_exponent : float or "auto", default "auto"
        Exponent of the distance; ``"auto"`` is ``0.16 * log(m, 1.6) ** 1.8``.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows asked for of each class.
    kmeans_estimator_ : estimator
        What found the clusters.
    cluster_balance_threshold_ : float or "auto"
        The threshold used: minus infinity where there is one cluster.
    nn_k_ : neighbours estimator
        What ``k_neighbors`` asks for; not fitted where our own search serves.
    sample_indices_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If no cluster has enough rows of a class, which is a RuntimeError too, or the columns hold
        missing or infinite values.

    References
    ----------
    Douzas, G., Bacao, F. and Last, F. (2018). Improving imbalanced learning through a heuristic
    oversampling method based on k-means and SMOTE. Information Sciences 465.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import KMeansSMOTE
    >>> X = np.array([[0.0], [0.1], [0.2], [0.4], [5.0], [5.1], [5.2], [5.3], [5.5], [5.6]])
    >>> y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    >>> X_out, y_out = KMeansSMOTE(kmeans_estimator=2, random_state=0).fit_resample(X, y)
    >>> y_out.tolist(), bool(X_out[10:].max() < 0.2)
    ([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_KMeansSMOTE._parameter_constraints,
        "k_neighbors": [*_KMeansSMOTE._parameter_constraints["k_neighbors"], AUTO],
    }

    def _asked(self) -> list[Asked]:
        return [Asked(type(self).__name__, "k_neighbors", self.k_neighbors, 2)]

    def _validate_estimator(self) -> None:
        self.nn_k_ = self._asked()[0].estimator()
        given = self.kmeans_estimator
        if given is None:
            self.kmeans_estimator_ = MiniBatchKMeans(random_state=self.random_state)
        elif isinstance(given, Integral):
            self.kmeans_estimator_ = MiniBatchKMeans(
                n_clusters=int(given), random_state=self.random_state
            )
        else:
            self.kmeans_estimator_ = clone(given)
        one = self.kmeans_estimator_.n_clusters == 1
        self.cluster_balance_threshold_ = -np.inf if one else self.cluster_balance_threshold

    def _begin(self) -> None:
        self._found: Rows | None = None

    def _lines(
        self, space: Space, y: NDArray[Any], label: Any, own: Rows, count: int, place: int
    ) -> list[Made]:
        asked = self._asked()[0]
        k = asked.number(None, len(own)) if asked.automatic else self.nn_k_.n_neighbors - 1
        threshold = self.cluster_balance_threshold_
        if isinstance(threshold, str):
            threshold = count / sum(self.sampling_strategy_.values()) / 2
        cluster = self._clusters(space.X)
        parts, sparsity = [], []
        for number in range(self.kmeans_estimator_.n_clusters):
            inside = cluster == number
            part = own[inside[own]]
            size = int(inside.sum())
            # The share and the product are rounded as imbalanced-learn rounds them.
            if not size or len(part) / size < threshold or len(part) / size * size < k + 1:
                continue
            parts.append(part)
            sparsity.append(self._find_cluster_sparsity(space.rows[part]))
        if not parts:
            raise NothingToMake(
                f"class {plain(label)!r} has {len(own)} row{'s' * (len(own) != 1)}, and no cluster has "
                f"{k + 1} or more of them that are {threshold:.3g} or more of it",
                remedy="lower cluster_balance_threshold, or give another number of clusters by "
                "kmeans_estimator",
            )
        weight = np.array(sparsity)
        if not weight.any():
            weight[:] = 1.0
        weight = weight / weight.sum()
        return [
            draw(
                self.random_state,
                part,
                space.near(asked.settled(k), self.nn_k_, part, part, label),
                math.ceil(count * weight[i]),
            )
            for i, part in enumerate(parts)
        ]

    def _clusters(self, X: Any) -> Rows:
        seeded = isinstance(self.random_state, Integral)
        ours = self.kmeans_estimator is None or isinstance(self.kmeans_estimator, Integral)
        if self._found is None or not (seeded and ours):
            self._found = np.asarray(self.kmeans_estimator_.fit_predict(X))
        return self._found
