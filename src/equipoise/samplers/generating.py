"""What the samplers share that make rows on lines between neighbours.

A new row lies on the line from a row a to one of its neighbours b: ``a + s (b - a)``, s a random share.
The methods differ in which rows a are taken, among which rows b is looked for, and how far s may go.
The random numbers are drawn as imbalanced-learn draws them, in its order, so that a seed gives its rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from equipoise.errors import DataError
from equipoise.samplers.asking import Asked
from equipoise.samplers.base import Sampler
from equipoise.samplers.engine.neighbours import Graph
from equipoise.samplers.engine.points import lengths
from equipoise.samplers.origins import Made, Origins

__all__ = [
    "Generator",
    "NothingToMake",
    "Space",
    "copies",
    "draw",
    "points",
]

Rows = NDArray[np.int64]
F = NDArray[np.float64]

_FEW = 100_000  # differences that are taken sooner than a search is prepared
_BLOCK = 65_536  # values that are made at a time, so that they stay in the cache


class NothingToMake(DataError, RuntimeError):
    """No row of a class is such that the method makes rows from it; imbalanced-learn's kind of error."""


class Space:
    """Rows, and the searches among them.

    Parameters
    ----------
    X : array or sparse matrix, shape (n, p)
        Rows.
    graph : Graph, optional
        Of the same rows, shared with others.
    """

    def __init__(self, X: Any, graph: Graph | None = None) -> None:
        self.X = X
        self.n = int(X.shape[0])
        self.rows = X.tocsr() if sp.issparse(X) else X
        self._graph = graph

    def near(
        self, asked: Asked, estimator: Any, rows: Rows, among: Rows | None, label: Any
    ) -> Rows:
        """Find the neighbours of some rows.

        Parameters
        ----------
        asked : Asked
            How many.
        estimator : neighbours estimator
            What searches where `asked` names one that is not ours.
        rows : int64 array, shape (q,)
            Rows whose neighbours are asked for.
        among : int64 array or None
            Rows, ascending, that are looked among; None for all.
        label : object
            The class that has these rows, None for all.

        Returns
        -------
        int64 array, shape (q, k)
            Rows of the input.
        """
        if not asked.own:
            estimator.fit(self.X if among is None else self.X[among])
            found: Rows = estimator.kneighbors(self.X[rows], return_distance=False)[:, 1:]
            return found if among is None else among[found]
        k = asked.number(label, self.n if among is None else len(among))
        if among is None:
            if self._graph is None or self._graph.k < k:
                self._graph = Graph(self.rows, k=k)
            return self._graph.nearest(rows, k)
        places = np.searchsorted(among, rows)
        if len(rows) * len(among) * self.X.shape[1] <= _FEW and not sp.issparse(self.X):
            return among[_measured(self.X[among].astype(np.float64), places, k)]
        return among[Graph(self.rows[among], k=k).nearest(places, k)]


class Generator(Sampler):
    """Base of the samplers that make rows on lines between rows.

    They find out in ``_lines`` which; the rest is here.
    """

    def generate(self, graph: Graph, y: Any, X: Any = None) -> tuple[Any, NDArray[Any]]:
        """Make rows by a search that others share.

        Parameters
        ----------
        graph : equipoise.samplers.engine.neighbours.Graph
            The rows, and the nearest others of each.
        y : array, shape (n,)
            Labels.
        X : array or sparse matrix, shape (n, p), optional
            The rows in the type that the output is to have; default those of the graph.

        Returns
        -------
        X, y : arrays, shapes (m, p) and (m,)
            The rows given and those made. ``parents_`` and all that follows from it are set.

        Raises
        ------
        DataError
            If a class has too few rows.
        """
        self._validate_params()
        y = np.asarray(y)
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        X_out, y_out = self._made(Space(graph.X if X is None else X, graph), y)
        self._conclude(y, y_out, None, None)
        return X_out, y_out

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        return self._made(Space(X), y)

    def _made(self, space: Space, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        self._validate_estimator()
        made: list[Made] = []
        labels = [y]
        self._shrunk: dict[int, F] = {}
        self._begin()
        for label, count in self.sampling_strategy_.items():
            if count == 0:
                continue
            own = np.flatnonzero(y == label)
            if len(own) == 1 and any(one.automatic for one in self._asked()):
                new = [copies(own, count)]
            else:
                new = self._lines(space, y, label, own, int(count), len(made))
            made.extend(new)
            labels.append(np.full(sum(len(one.base) for one in new), label, dtype=y.dtype))
        places = [
            replace(one, step=one.step * self._shrunk.get(i, 1.0)) for i, one in enumerate(made)
        ]
        self._origins = Origins(space.n, np.arange(space.n), places)
        self.sample_indices_ = self._origins.copied
        return _stacked(space, made, self._shrunk), np.concatenate(labels)

    def _begin(self) -> None:
        """Get ready for another input."""

    def _asked(self) -> list[Asked]:
        """Return the parameters that ask for neighbours."""
        raise NotImplementedError

    def _lines(
        self, space: Space, y: NDArray[Any], label: Any, own: Rows, count: int, place: int
    ) -> list[Made]:
        """Return the lines and places on them of the new rows of a class."""
        raise NotImplementedError


def draw(random_state: Any, base: Rows, near: Rows, count: int, most: float = 1.0) -> Made:
    """Draw rows, for each one of its neighbours, and how far to go towards it.

    Parameters
    ----------
    random_state : int, RandomState or None
        Seed.
    base : int64 array, shape (q,)
        Rows.
    near : int64 array, shape (q, k)
        Their neighbours.
    count : int
        How many to draw.
    most : float, default 1.0
        How far to go at most.

    Returns
    -------
    Made
    """
    random = check_random_state(random_state)
    chosen = random.randint(low=0, high=near.size, size=count)
    step = most * random.uniform(size=count)
    return Made(base[chosen // near.shape[1]], near.ravel()[chosen], step)


def points(X: Any, made: Made, factor: F | None = None, out: Any = None) -> Any:
    """Return the rows at places on lines.

    Parameters
    ----------
    X : array or CSR matrix, shape (n, p)
        Rows.
    made : Made
        Lines and places.
    factor : float64 array, shape (s,), optional
        By which the lines are shortened first.
    out : array, shape (s, p), optional
        Where to put them.

    Returns
    -------
    array or CSR matrix, shape (s, p)
    """
    if sp.issparse(X):
        gap = X[made.other] - X[made.base]
        if factor is not None:
            gap = type(X)(gap.multiply(factor[:, None]))
        made_rows = X[made.base] + type(X)(made.step[:, None]).multiply(gap)
        return made_rows.astype(X.dtype)
    out = np.empty((len(made.base), X.shape[1]), dtype=X.dtype) if out is None else out
    size = max(1, _BLOCK // max(X.shape[1], 1))
    for at in range(0, len(made.base), size):
        part = slice(at, at + size)
        start, gap = X.take(made.base[part], axis=0), X.take(made.other[part], axis=0)
        if X.dtype.kind != "f":
            # A difference of small or unsigned integers may leave their range.
            start, gap = start.astype(np.float64), gap.astype(np.float64)
        gap -= start
        if factor is not None:
            gap *= factor[part, None]
        moved = made.step[part, None] * gap
        moved += start
        out[part] = moved
    return out


def _stacked(space: Space, made: list[Made], shrunk: dict[int, F]) -> Any:
    if sp.issparse(space.X):
        new = [points(space.rows, one, shrunk.get(i)) for i, one in enumerate(made)]
        return sp.vstack([space.X, *new], format=space.X.format)
    ends = space.n + np.cumsum([0, *(len(one.base) for one in made)])
    out = np.empty((ends[-1], space.X.shape[1]), dtype=space.X.dtype)
    out[: space.n] = space.X
    for i, one in enumerate(made):
        points(space.X, one, shrunk.get(i), out[ends[i] : ends[i + 1]])
    return out


def _measured(X: F, rows: Rows, k: int) -> Rows:
    """Return the k nearest of all rows to some, the row itself aside, by measuring every pair."""
    n = len(X)
    length = lengths(X, X, np.repeat(rows, n), np.tile(np.arange(n), len(rows)))
    length = length.reshape(len(rows), n)
    length[np.arange(len(rows)), rows] = np.nan  # sorted behind all numbers
    near: Rows = np.argsort(length, axis=1, kind="stable")[:, :k]
    return near


def copies(row: Rows, count: int) -> Made:
    """Return so many copies of one row, as lines of no length.

    Parameters
    ----------
    row : int64 array, shape (1,)
        The row.
    count : int
        How many.

    Returns
    -------
    Made
    """
    repeated = np.repeat(row, count)
    return Made(repeated, repeated, np.zeros(count))
