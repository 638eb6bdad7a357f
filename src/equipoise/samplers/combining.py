"""SMOTE, then cleaning: the rows that were made are not searched like any others.

They lie on few lines between given rows, so that most rows can be shown to be far from the other class
without a search: see :mod:`equipoise.samplers.engine.separation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.combine import SMOTEENN as _SMOTEENN
from imblearn.combine import SMOTETomek as _SMOTETomek
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from equipoise.samplers.asking import Asked
from equipoise.samplers.base import Sampler
from equipoise.samplers.cleaning import EditedNearestNeighbours, TomekLinks
from equipoise.samplers.engine.neighbours import Graph, goes_by_tree
from equipoise.samplers.engine.separation import Gap, separation
from equipoise.samplers.origins import Origins
from equipoise.samplers.smote import SMOTE

__all__ = ["SMOTEENN", "SMOTETomek", "distance_to_others"]


def distance_to_others(
    graph: Graph, y: NDArray[Any], origins: Origins | None, n_jobs: int | None = None
) -> Gap | None:
    """Bound the distance of each row of SMOTE's output to the nearest of another class.

    Parameters
    ----------
    graph : Graph
        Of the rows that SMOTE returned.
    y : array, shape (m,)
        Their labels.
    origins : Origins or None
        How they were made, on lines between given rows; None where it was otherwise.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    Gap or None
        None where a search is cheaper: for few columns, and sparse rows.
    """
    if sp.issparse(graph.X) or goes_by_tree(graph.X):
        return None
    codes = np.unique(y, return_inverse=True)[1].astype(np.int64)
    made = {}
    given = len(codes) if origins is None else origins.n
    for c in np.unique(codes[given:]):
        assert origins is not None
        rows = given + np.flatnonzero(codes[given:] == c)
        if rows[-1] - rows[0] == len(rows) - 1:
            made[int(c)] = int(rows[0]), origins.lines(rows)
    return separation(graph.X, codes, made, n_jobs, graph.precision)


class _Combined(Sampler):
    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        self._validate_estimator()
        self.sampling_strategy_ = self.sampling_strategy
        y = check_target_type(y)
        X_made, y_made = self.smote_.fit_resample(X, y)
        origins = getattr(self.smote_, "origins_", None) or Origins.unknown(len(y), len(y_made))
        out = self._clean(X_made, y_made, origins)
        self._origins = origins.take(self._cleaner.sample_indices_)
        self.sample_indices_ = self._origins.copied
        return out

    @property
    def _cleaner(self) -> Any:
        """The second step."""
        raise NotImplementedError

    def _clean(self, X: Any, y: NDArray[Any], origins: Origins) -> tuple[Any, NDArray[Any]]:
        cleaner = self._cleaner
        asked = Asked(type(cleaner).__name__, "n_neighbors", getattr(cleaner, "n_neighbors", 1), 3)
        ours = type(cleaner) in (TomekLinks, EditedNearestNeighbours) and asked.own
        if not ours or type(self.smote_) is not SMOTE:
            cleaned: tuple[Any, NDArray[Any]] = cleaner.fit_resample(X, y)
            return cleaned
        graph = Graph(X, k=asked.number(None, len(y)), n_jobs=cleaner.n_jobs)
        rows = cleaner.choose(graph, y, distance_to_others(graph, y, origins, self.n_jobs))
        cleaner.sample_indices_ = rows
        return _safe_indexing(X, rows), _safe_indexing(y, rows)


def _step(given: Any, default: Any) -> Any:
    """Return the sampler of a step; imbalanced-learn's of the default's name gives way to ours."""
    if given is None:
        return default
    if type(given) in type(default).__mro__:
        return type(default)(**given.get_params(deep=False))
    return clone(given)


class SMOTETomek(_Combined, _SMOTETomek):
    """Make rows by SMOTE, then remove Tomek links from all of them.

    Parameters, attributes and results are those of ``imblearn.combine.SMOTETomek``.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that SMOTE is to make of each class.
    random_state : int or RandomState, optional
        Seed of SMOTE.
    smote : sampler, optional
        Default ``SMOTE()``.
    tomek : sampler, optional
        Default ``TomekLinks(sampling_strategy="all")``.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : object
        As given.
    smote_, tomek_ : samplers
        The two steps.
    sample_indices_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has too few rows, or the columns hold missing or infinite values.

    References
    ----------
    Batista, G., Bazzan, B. and Monard, M. (2003). Balancing training data for automated annotation of
    keywords: a case study. WOB.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import SMOTE, SMOTETomek
    >>> X = np.array([[0.0], [0.1], [0.2], [0.22], [5.0], [5.1], [5.2], [5.3]])
    >>> y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    >>> sampler = SMOTETomek(smote=SMOTE(k_neighbors=2, random_state=0))
    >>> sampler.fit_resample(X, y)[1].tolist(), sampler.sample_indices_.tolist()
    ([1, 1, 0, 0, 0, 0, 1, 1], [0, 1, 4, 5, 6, 7, -1, -1])
    """

    @property
    def _cleaner(self) -> Any:
        return self.tomek_

    def _validate_estimator(self) -> None:
        self.smote_ = _step(
            self.smote,
            SMOTE(sampling_strategy=self.sampling_strategy, random_state=self.random_state),
        )
        self.tomek_ = _step(self.tomek, TomekLinks(sampling_strategy="all", n_jobs=self.n_jobs))


class SMOTEENN(_Combined, _SMOTEENN):
    """Make rows by SMOTE, then edit all of them by nearest neighbours.

    Parameters, attributes and results are those of ``imblearn.combine.SMOTEENN``.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that SMOTE is to make of each class.
    random_state : int or RandomState, optional
        Seed of SMOTE.
    smote : sampler, optional
        Default ``SMOTE()``.
    enn : sampler, optional
        Default ``EditedNearestNeighbours(sampling_strategy="all")``.
    n_jobs : int, optional
        Threads of the search.

    Attributes
    ----------
    sampling_strategy_ : object
        As given.
    smote_, enn_ : samplers
        The two steps.
    sample_indices_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has too few rows, or the columns hold missing or infinite values.

    References
    ----------
    Batista, G., Prati, R. and Monard, M. (2004). A study of the behavior of several methods for
    balancing machine learning training data. SIGKDD Explorations 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import SMOTE, SMOTEENN
    >>> X = np.array([[0.0], [0.1], [0.2], [0.12], [5.0], [5.1], [5.2], [5.3]])
    >>> y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    >>> sampler = SMOTEENN(smote=SMOTE(k_neighbors=2, random_state=0))
    >>> sampler.fit_resample(X, y)[1].tolist(), sampler.sample_indices_.tolist()
    ([0, 0, 0, 0, 1, 1], [4, 5, 6, 7, 0, -1])
    """

    @property
    def _cleaner(self) -> Any:
        return self.enn_

    def _validate_estimator(self) -> None:
        self.smote_ = _step(
            self.smote,
            SMOTE(sampling_strategy=self.sampling_strategy, random_state=self.random_state),
        )
        self.enn_ = _step(
            self.enn, EditedNearestNeighbours(sampling_strategy="all", n_jobs=self.n_jobs)
        )
