"""Parameters that ask for neighbours: a number, "auto", or an estimator that searches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from imblearn.utils import check_neighbors_object
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import StrOptions

from equipoise.samplers.refusals import require_neighbours

__all__ = ["AUTO", "Asked", "euclidean", "plain_count", "rarest"]

AUTO = StrOptions({"auto"})


@dataclass(frozen=True)
class Asked:
    """A parameter that asks for neighbours.

    Attributes
    ----------
    sampler, parameter : str
        Name of the class, and of the parameter.
    given : int, "auto" or neighbours estimator
        Its value.
    default : int
        Its default, which "auto" does not exceed.
    """

    sampler: str
    parameter: str
    given: Any
    default: int

    @property
    def automatic(self) -> bool:
        """Whether the number follows from the rows that there are."""
        return isinstance(self.given, str)

    @property
    def own(self) -> bool:
        """Whether our search serves, or the given estimator has to."""
        if not hasattr(self.given, "kneighbors"):
            return True
        given = self.given
        plain = type(given) is NearestNeighbors and given.metric_params is None
        euclidean = plain and (
            given.metric in ("euclidean", "l2") or (given.metric == "minkowski" and given.p == 2)
        )
        return bool(euclidean and given.n_neighbors > 1)

    def estimator(self, spare: int = 1) -> Any:
        """Return imbalanced-learn's estimator, which is fitted only where it searches.

        Parameters
        ----------
        spare : int, default 1
            Neighbours to look for beyond the number: a row finds itself.

        Returns
        -------
        neighbours estimator
        """
        number = self.default if self.automatic else self.given
        return check_neighbors_object(self.parameter, number, additional_neighbor=spare)

    def number(self, label: Any, rows: int) -> int:
        """Return how many neighbours each of so many rows has.

        Parameters
        ----------
        label : object
            The class, for messages; None for all rows.
        rows : int
            Its rows.

        Returns
        -------
        int

        Raises
        ------
        DataError
            If they are fewer than asked for.
        """
        if self.automatic:
            return min(self.default, rows - 1)
        given = self.given
        k = int(given.n_neighbors) - 1 if hasattr(given, "kneighbors") else int(given)
        require_neighbours(self.sampler, self.parameter, k, label, rows)
        return k

    def settled(self, k: int) -> Asked:
        """Return the same question with "auto" answered.

        Parameters
        ----------
        k : int
            The answer.

        Returns
        -------
        Asked
        """
        return replace(self, given=k) if self.automatic else self


def plain_count(neighbours: Any) -> int | None:
    """Return the number of neighbours that is asked for, or None if more than a number is said.

    Parameters
    ----------
    neighbours : int or neighbours estimator
        As a sampler takes it.

    Returns
    -------
    int or None

    Examples
    --------
    >>> from sklearn.neighbors import NearestNeighbors
    >>> from equipoise.samplers.asking import plain_count
    >>> plain_count(3), plain_count(NearestNeighbors(n_neighbors=4))
    (3, 4)
    >>> plain_count(NearestNeighbors(metric="cosine")) is None
    True
    """
    if isinstance(neighbours, Integral):
        return int(neighbours)
    if type(neighbours) is not NearestNeighbors or not euclidean(neighbours):
        return None
    return int(neighbours.n_neighbors)


def euclidean(search: Any) -> bool:
    """Say if an estimator of scikit-learn measures Euclidean distances, whatever it finds them by.

    Parameters
    ----------
    search : neighbours estimator
        With ``metric``, ``p`` and ``metric_params``.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sklearn.neighbors import NearestNeighbors
    >>> from equipoise.samplers.asking import euclidean
    >>> euclidean(NearestNeighbors(metric="manhattan"))
    False
    """
    straight = search.metric == "euclidean" or (search.metric == "minkowski" and search.p == 2)
    return bool(straight and not search.metric_params)


def rarest(y: NDArray[Any]) -> Any:
    """Return the smallest class; of several, the one that comes first.

    Parameters
    ----------
    y : array, shape (n,)
        Labels.

    Returns
    -------
    object
        A label.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.asking import rarest
    >>> str(rarest(np.array(["a", "b", "a"])))
    'b'
    """
    labels, first, counts = np.unique(y, return_index=True, return_counts=True)
    return labels[np.lexsort((first, counts))[0]]
