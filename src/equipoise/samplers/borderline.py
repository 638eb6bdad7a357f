"""SMOTE at the border of a class: where its rows meet others, or its support vectors lie."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from imblearn.over_sampling import SVMSMOTE as _SVMSMOTE
from imblearn.over_sampling import BorderlineSMOTE as _BorderlineSMOTE
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.svm import SVC
from sklearn.utils import check_random_state

from equipoise.samplers.asking import AUTO, Asked
from equipoise.samplers.generating import Generator, NothingToMake, Space, draw
from equipoise.samplers.origins import Made
from equipoise.samplers.refusals import plain

__all__ = ["SVMSMOTE", "BorderlineSMOTE"]

Rows = NDArray[np.int64]

# Megabytes for products of rows, of which only what is used is taken. The fit is nearly all that SVMSMOTE
# costs, and with scikit-learn's 200 it computes the same products again and again; the result is the same.
_CACHE = 500


class _AtTheBorder(Generator):
    """Count the rows of other classes among the m nearest of all rows."""

    def _asked(self) -> list[Asked]:
        name = type(self).__name__
        return [
            Asked(name, "k_neighbors", self.k_neighbors, 5),
            Asked(name, "m_neighbors", self.m_neighbors, 10),
        ]

    def _validate_estimator(self) -> None:
        self.nn_k_, self.nn_m_ = (one.estimator() for one in self._asked())

    def _foreign(
        self, space: Space, y: NDArray[Any], label: Any, rows: Rows
    ) -> tuple[NDArray[np.int64], int]:
        """Return how many of the neighbours of each row are of other classes, and of how many."""
        asked = self._asked()[1]
        near = space.near(asked, self.nn_m_, rows, None, None)
        m = near.shape[1] if asked.own else self.nn_m_.n_neighbors - 1
        return np.sum(y[near] != label, axis=1), m


class BorderlineSMOTE(_AtTheBorder, _BorderlineSMOTE):
    """Make rows by SMOTE from the rows of a class that are in danger at its border.

    A row is in danger if at least half, but not all, of its m nearest of all rows are of other classes.
    New rows lie on the lines from such rows to their k nearest of the class (``"borderline-1"``), or of
    all rows, and then at most half way to one of another class (``"borderline-2"``). A class with no row
    in danger gets none. Parameters, attributes and rows are those of
    ``imblearn.over_sampling.BorderlineSMOTE``; ties are settled as in
    :class:`equipoise.samplers.SMOTE`, and ``"borderline-2"`` takes integers and sparse matrices too.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have: see :class:`equipoise.samplers.SMOTE`.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int, "auto" or neighbours estimator, default 5
        Neighbours, k, that new rows are made towards. ``"auto"`` takes 5, or all others if they are
        fewer; the single row of a class is then repeated.
    m_neighbors : int, "auto" or neighbours estimator, default 10
        Neighbours, m, that tell whether a row is in danger. ``"auto"`` takes 10, or all others.
    kind : {"borderline-1", "borderline-2"}, default "borderline-1"
        Whether new rows lie between rows of the class only.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows made of each class.
    in_danger_indices : dict of int64 arrays
        The rows in danger of each class that has any.
    nn_k_, nn_m_ : neighbours estimators
        What the two parameters ask for; not fitted where our own search serves.
    sample_indices_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has no more rows than k or the data no more than m, or the columns hold missing or
        infinite values.

    References
    ----------
    Han, H., Wang, W.-Y. and Mao, B.-H. (2005). Borderline-SMOTE: a new over-sampling method in
    imbalanced data sets learning. International Conference on Intelligent Computing.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import BorderlineSMOTE
    >>> X = np.array([[0.0], [1.0], [2.0], [2.4], [3.0], [4.0], [5.0], [6.0]])
    >>> sampler = BorderlineSMOTE(k_neighbors=1, m_neighbors=2, random_state=0)
    >>> X_out, y_out = sampler.fit_resample(X, np.array([1, 1, 1, 0, 0, 0, 0, 0]))
    >>> sampler.in_danger_indices[1].tolist(), X_out[8:].round(2).ravel().tolist()
    ([2], [1.45, 1.28])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_BorderlineSMOTE._parameter_constraints,
        "k_neighbors": [*_BorderlineSMOTE._parameter_constraints["k_neighbors"], AUTO],
        "m_neighbors": [*_BorderlineSMOTE._parameter_constraints["m_neighbors"], AUTO],
    }

    def _begin(self) -> None:
        self.in_danger_indices: dict[Any, Rows] = {}

    def _lines(
        self, space: Space, y: NDArray[Any], label: Any, own: Rows, count: int, place: int
    ) -> list[Made]:
        foreign, m = self._foreign(space, y, label, own)
        danger = own[(foreign >= m / 2) & (foreign < m)]
        if not len(danger):
            return []
        self.in_danger_indices[label] = danger
        asked = self._asked()[0]
        if self.kind == "borderline-1":
            near = space.near(asked, self.nn_k_, danger, own, label)
            return [draw(self.random_state, danger, near, count)]
        near = space.near(asked, self.nn_k_, danger, None, None)
        drawn = draw(self.random_state, danger, near, count)
        crossing = y[drawn.other] != label
        factor = np.ones(count)
        factor[crossing] = check_random_state(self.random_state).uniform(
            low=0.0, high=0.5, size=(int(crossing.sum()), 1)
        )[:, 0]
        self._shrunk[place] = factor
        return [drawn]


class SVMSMOTE(_AtTheBorder, _SVMSMOTE):
    """Make rows by SMOTE from the support vectors of a class.

    A support vector machine is trained on all rows. Support vectors of the class whose m nearest rows
    are all of other classes are noise and left out. From those of which at least half are, new rows go
    towards their k nearest of the class; from the others they go away from them, by up to ``out_step``
    of the distance. A random part of the new rows, about half, is of the first kind; where there are
    vectors of one kind only, only that part is made. Parameters, attributes and rows are those of
    ``imblearn.over_sampling.SVMSMOTE``; ties are settled as in :class:`equipoise.samplers.SMOTE`.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have, at most: see :class:`equipoise.samplers.SMOTE`.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int, "auto" or neighbours estimator, default 5
        Neighbours, k, that new rows are made by. ``"auto"`` takes 5, or all others of the class if they
        are fewer; the single row of a class is then repeated.
    m_neighbors : int, "auto" or neighbours estimator, default 10
        Neighbours, m, that tell noise and danger. ``"auto"`` takes 10, or all others.
    svm_estimator : estimator, optional
        Classifier with ``support_`` after its fit; default ``sklearn.svm.SVC(gamma="scale")``.
    out_step : float, default 0.5
        How far to go away from the class, from 0 to 1.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows asked for of each class.
    nn_k_, nn_m_ : neighbours estimators
        What the two parameters ask for; not fitted where our own search serves.
    svm_estimator_ : estimator
        The machine, fitted.
    parents_ : CSR matrix of float64, shape (m, n)
        Shares of the parents; where a row goes away from the second, its share is negative. Weights are
        then those of the first.
    sample_indices_, sample_weight_, groups_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has no more rows than k or the data no more than m, all support vectors of a class
        are noise, or the columns hold missing or infinite values.
    RuntimeError
        If ``svm_estimator`` has no ``support_``.

    References
    ----------
    Nguyen, H. M., Cooper, E. W. and Kamei, K. (2011). Borderline over-sampling for imbalanced data
    classification. International Journal of Knowledge Engineering and Soft Data Paradigms 3.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import SVMSMOTE
    >>> X = np.array([[0.0], [1.0], [2.0], [2.4], [3.0], [4.0], [5.0], [6.0]])
    >>> sampler = SVMSMOTE(k_neighbors=1, m_neighbors=2, random_state=0)
    >>> X_out, y_out = sampler.fit_resample(X, np.array([1, 1, 1, 0, 0, 0, 0, 0]))
    >>> y_out.tolist()
    [1, 1, 1, 0, 0, 0, 0, 0, 1, 1]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_SVMSMOTE._parameter_constraints,
        "k_neighbors": [*_SVMSMOTE._parameter_constraints["k_neighbors"], AUTO],
        "m_neighbors": [*_SVMSMOTE._parameter_constraints["m_neighbors"], AUTO],
    }

    def _validate_estimator(self) -> None:
        super()._validate_estimator()
        self.svm_estimator_ = (
            SVC(gamma="scale", random_state=self.random_state, cache_size=_CACHE)
            if self.svm_estimator is None
            else clone(self.svm_estimator)
        )

    def _begin(self) -> None:
        self._random = check_random_state(self.random_state)
        self._trained = False

    def _lines(
        self, space: Space, y: NDArray[Any], label: Any, own: Rows, count: int, place: int
    ) -> list[Made]:
        asked = self._asked()[0]
        if asked.own:
            asked.number(label, len(own))
        support = self._support(space, y)
        support = support[y[support] == label]
        foreign, m = self._foreign(space, y, label, support)
        support, foreign = support[foreign < m], foreign[foreign < m]
        if not len(support):
            raise NothingToMake(
                f"all support vectors of class {plain(label)!r} have only rows of other classes among "
                f"their {m} nearest, which SVMSMOTE takes for noise",
                remedy="use SMOTE or BorderlineSMOTE",
            )
        inwards = int(self._random.beta(10, 10) * (count + 1))
        danger = foreign >= m / 2
        lines = []
        for rows, many, most in (
            (support[danger], inwards, 1.0),
            (support[~danger], count - inwards, -self.out_step),
        ):
            if len(rows):
                near = space.near(asked, self.nn_k_, rows, own, label)
                lines.append(draw(self.random_state, rows, near, many, most))
        return lines

    def _support(self, space: Space, y: NDArray[Any]) -> Rows:
        if self.svm_estimator is None and self._trained:
            # The seed of a machine without probabilities changes nothing, but a fit draws from it.
            check_random_state(self.random_state).randint(np.iinfo("i").max)
        else:
            self.svm_estimator_.fit(space.X, y)
            self._trained = True
        if not hasattr(self.svm_estimator_, "support_"):
            raise RuntimeError(
                f"svm_estimator={self.svm_estimator!r} has no support_ after its fit; "
                "give a support vector machine, such as sklearn.svm.SVC()"
            )
        support: Rows = self.svm_estimator_.support_.astype(np.int64)
        return support

    def _weigh(self, sample_weight: Any) -> None:
        super()._weigh(sample_weight)
        if sample_weight is not None:
            # Away from a heavy row a share of its weight would be taken off.
            origins = self.origins_
            own = np.asarray(sample_weight, dtype=np.float64)[origins.first]
            self.sample_weight_ = np.where(origins.step < 0, own, self.sample_weight_)
