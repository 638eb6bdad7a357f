"""SMOTE and ADASYN: new rows between a row and one of the nearest of its class."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from imblearn.over_sampling import ADASYN as _ADASYN
from imblearn.over_sampling import SMOTE as _SMOTE
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from equipoise.samplers.asking import AUTO, Asked
from equipoise.samplers.generating import Generator, NothingToMake, Space, draw
from equipoise.samplers.origins import Made
from equipoise.samplers.refusals import plain

__all__ = ["ADASYN", "SMOTE"]

Rows = NDArray[np.int64]


class SMOTE(Generator, _SMOTE):
    """Make rows of rare classes on the lines between a row and one of its nearest of the class.

    A row a of the class, one of its k nearest b and a share s in [0, 1) are drawn, and the new row is
    ``a + s (b - a)``. Parameters, attributes and rows are those of ``imblearn.over_sampling.SMOTE``. Of
    neighbours at the same distance the lowest row comes first, and a row is none of its own, also where
    others equal it. A difference of integers is taken in floating point, so that it cannot overflow.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have: ``"auto"`` as many as the largest, ``"minority"``,
        ``"not minority"``, ``"not majority"``, ``"all"``, a ratio to the largest (two classes), or a
        dict of counts, or a function of ``y`` that returns one.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int, "auto" or neighbours estimator, default 5
        Neighbours, k, of a row. ``"auto"`` takes 5, or all others of the class if they are fewer; the
        single row of a class is then repeated.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows made of each class.
    nn_k_ : neighbours estimator
        What ``k_neighbors`` asks for; not fitted where our own search serves.
    sample_indices_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has no more rows than k, or the columns hold missing or infinite values.

    References
    ----------
    Chawla, N. V., Bowyer, K. W., Hall, L. O. and Kegelmeyer, W. P. (2002). SMOTE: synthetic minority
    over-sampling technique. Journal of Artificial Intelligence Research 16.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import SMOTE
    >>> X = np.array([[0.0], [1.0], [5.0], [6.0], [7.0], [8.0]])
    >>> sampler = SMOTE(k_neighbors=1, random_state=0)
    >>> X_out, y_out = sampler.fit_resample(X, np.array([1, 1, 0, 0, 0, 0]))
    >>> y_out.tolist(), X_out[6:].round(2).ravel().tolist()
    ([1, 1, 0, 0, 0, 0, 1, 1], [0.72, 0.4])
    >>> sampler.parents_[6].indices.tolist()
    [0, 1]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_SMOTE._parameter_constraints,
        "k_neighbors": [*_SMOTE._parameter_constraints["k_neighbors"], AUTO],
    }

    def _asked(self) -> list[Asked]:
        return [Asked(type(self).__name__, "k_neighbors", self.k_neighbors, 5)]

    def _validate_estimator(self) -> None:
        self.nn_k_ = self._asked()[0].estimator()

    def _lines(
        self, space: Space, y: NDArray[Any], label: Any, own: Rows, count: int, place: int
    ) -> list[Made]:
        near = space.near(self._asked()[0], self.nn_k_, own, own, label)
        return [draw(self.random_state, own, near, count)]


class ADASYN(Generator, _ADASYN):
    """Make more rows where the nearest rows are of other classes, on lines within the class.

    A row of the class of which r of the k nearest of all rows are of other classes gets a number of new
    rows in proportion to r, each on the line to one of its k nearest of the class. Parameters,
    attributes and rows are those of ``imblearn.over_sampling.ADASYN``; ties are settled as in
    :class:`equipoise.samplers.SMOTE`.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have, about: see :class:`equipoise.samplers.SMOTE`.
    random_state : int or RandomState, optional
        Seed.
    n_neighbors : int, "auto" or neighbours estimator, default 5
        Neighbours, k, of a row. ``"auto"`` takes 5, or all others of the class if they are fewer; the
        single row of a class is then repeated.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows asked for of each class; rounding makes it a few more or fewer.
    nn_ : neighbours estimator
        What ``n_neighbors`` asks for; not fitted where our own search serves.
    sample_indices_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has no more rows than k, the columns hold missing or infinite values, or no row of a
        class has a neighbour of another class; the last is a RuntimeError too.

    References
    ----------
    He, H., Bai, Y., Garcia, E. A. and Li, S. (2008). ADASYN: adaptive synthetic sampling approach for
    imbalanced learning. IEEE International Joint Conference on Neural Networks.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import ADASYN
    >>> X = np.array([[0.0], [1.0], [2.0], [4.0], [4.5], [6.0], [7.0], [8.0], [9.0]])
    >>> y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0])
    >>> X_out, y_out = ADASYN(n_neighbors=1, random_state=0).fit_resample(X, y)
    >>> y_out.tolist(), X_out[9:].round(2).tolist()
    ([1, 1, 1, 1, 0, 0, 0, 0, 0, 1], [[2.9]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_ADASYN._parameter_constraints,
        "n_neighbors": [*_ADASYN._parameter_constraints["n_neighbors"], AUTO],
    }

    def _asked(self) -> list[Asked]:
        return [Asked(type(self).__name__, "n_neighbors", self.n_neighbors, 5)]

    def _validate_estimator(self) -> None:
        self.nn_ = self._asked()[0].estimator()

    def _begin(self) -> None:
        # One stream for all classes, unlike SMOTE's.
        self._random = check_random_state(self.random_state)

    def _lines(
        self, space: Space, y: NDArray[Any], label: Any, own: Rows, count: int, place: int
    ) -> list[Made]:
        asked = self._asked()[0]
        k = asked.number(label, len(own)) if asked.own else self.nn_.n_neighbors - 1
        around = space.near(asked.settled(k), self.nn_, own, None, None)
        share = np.sum(y[around] != label, axis=1) / k
        if not np.sum(share):
            raise NothingToMake(
                f"no row of class {plain(label)!r} has a row of another class among its {k} nearest, "
                "where ADASYN would make new ones",
                remedy="use SMOTE",
            )
        share /= np.sum(share)
        each = np.rint(share * count).astype(int)
        total = int(np.sum(each))
        if not total:
            raise NothingToMake(
                f"{count} new row{'s' * (count != 1)} of class {plain(label)!r}, shared among its "
                f"{len(own)} rows, round{'s' * (count == 1)} to none at each",
                remedy="ask for more rows by sampling_strategy, or use SMOTE",
            )
        near = space.near(asked, self.nn_, own, own, label)
        start = np.repeat(np.arange(len(own)), each)
        towards = self._random.choice(k, size=total)
        step = self._random.uniform(size=(total, 1))[:, 0]
        return [Made(own[start], near[start, towards], step)]
