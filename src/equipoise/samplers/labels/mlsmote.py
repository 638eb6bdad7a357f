"""New rows for rare labels: between a row that has one and one of the nearest that have it too."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import DataError, UsageError
from equipoise.samplers.asking import Asked
from equipoise.samplers.generating import Space, points
from equipoise.samplers.labels.base import LabelSampler, Resampled, seeded
from equipoise.samplers.labels.imbalance import imbalance_ratios
from equipoise.samplers.origins import Made, Origins

__all__ = ["MLSMOTE"]

Has = NDArray[np.bool_]
Rows = NDArray[np.int64]

_FEWEST = 5  # neighbours by default, where a label has rows enough
_SETS = ("ranking", "union", "intersection")


class MLSMOTE(LabelSampler):
    """Make a new row for each row of each rare label, between it and a neighbour, with a label set of both.

    A label is rare if its imbalance ratio ``IRLbl = n_max / n`` is above the mean over the labels. Each row
    a that has a rare label is a seed once for each that it has. Of the k nearest rows that have the same
    label one, b, and a share s in [0, 1) are drawn, and the new row is ``a + s (b - a)``. Its labels come
    from the seed and all k neighbours: see ``label_sets``. Neighbours are found among the rows given, not
    among those made before, and at equal distances the lowest row comes first. One share for all columns
    puts the new row on the line, as in :class:`equipoise.samplers.SMOTE`; the paper's listing draws one
    for each column. Labels that no row has are left out.

    Parameters
    ----------
    k_neighbors : int or "auto", default 5
        Neighbours, k, of a seed. ``"auto"`` takes 5, or all others that have the label if they are
        fewer; the single row of a label is then repeated.
    label_sets : {"ranking", "union", "intersection"}, default "ranking"
        Which labels a new row has, of the k + 1 label sets of seed and neighbours: those in more than
        half, in any, or in all of them. The rare label itself is in all.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Rows of the input, then -1 for those made.
    labels_, sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.labels.base.LabelSampler`; parents are a and b.

    Raises
    ------
    DataError
        If a rare label has no more rows than k, or the columns hold text or missing values.
    TargetError
        If ``Y`` holds anything but 0 and 1, or has one column.
    UsageError
        If a parameter cannot be used.

    References
    ----------
    Charte, F., Rivera, A. J., del Jesus, M. J. and Herrera, F. (2015). MLSMOTE: approaching imbalanced
    multilabel learning through synthetic instance generation. Knowledge-Based Systems 89.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import MLSMOTE
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [8.0], [9.0]])
    >>> Y = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [0, 1]])
    >>> X_out, Y_out = MLSMOTE(k_neighbors=1, random_state=0).fit_resample(X, Y)
    >>> X_out[6:].round(2).ravel().tolist(), Y_out[6:].tolist()
    ([8.55, 8.28], [[0, 1], [0, 1]])
    """

    def __init__(
        self,
        k_neighbors: int | Literal["auto"] = 5,
        *,
        label_sets: Literal["ranking", "union", "intersection"] = "ranking",
        random_state: Any = None,
    ) -> None:
        self.k_neighbors = k_neighbors
        self.label_sets = label_sets
        self.random_state = random_state

    def make(self, X: Any, has: Has) -> tuple[Made, Has]:
        """Choose lines between rows, places on them, and label sets.

        Parameters
        ----------
        X : array or CSR matrix, shape (n, p)
            Rows without missing or infinite values.
        has : bool array, shape (n, L)
            Whether the row has the label.

        Returns
        -------
        made : Made
            Lines and places of the new rows; :func:`equipoise.samplers.generating.points` makes them.
        Y : bool array, shape (s, L)
            Their label sets.
        """
        self._check()
        random = seeded(self.random_state)
        ratio, mean = imbalance_ratios(has.sum(axis=0))
        space = Space(X)
        bases, others, steps, sets = [], [], [], [np.empty((0, has.shape[1]), dtype=np.bool_)]
        for j in np.flatnonzero(ratio > mean):
            own: Rows = np.flatnonzero(has[:, j])
            near = self._near(space, own, int(j))
            k = near.shape[1]
            chosen = random.randint(k, size=len(own)) if k else np.zeros(len(own), dtype=np.int64)
            bases.append(own)
            others.append(near[np.arange(len(own)), chosen] if k else own)
            steps.append(random.uniform(size=len(own)) if k else np.zeros(len(own)))
            sets.append(self._united(has[own], has[near]))
        if not bases:
            none: Rows = np.empty(0, dtype=np.int64)
            return Made(none, none, np.empty(0)), sets[0]
        made = Made(np.concatenate(bases), np.concatenate(others), np.concatenate(steps))
        return made, np.concatenate(sets)

    def _fit_resample(self, X: Any, has: Has) -> Resampled:
        made, Y_new = self.make(X, has)
        origins = Origins(len(has), np.arange(len(has)), [made])
        if not len(made.base):
            return origins, None, None
        return origins, points(X, made), Y_new

    def _check(self) -> None:
        if self.label_sets not in _SETS:
            raise UsageError(
                f"label_sets={self.label_sets!r} is unknown",
                remedy=f"use {', '.join(map(repr, _SETS))}",
            )
        k = self.k_neighbors
        whole = isinstance(k, int | np.integer) and not isinstance(k, bool)
        if not (k == "auto" if isinstance(k, str) else whole and k >= 1):
            raise UsageError(
                f"k_neighbors={k!r} cannot be used", remedy='use a whole number from 1, or "auto"'
            )

    def _near(self, space: Space, own: Rows, label: int) -> Rows:
        most = len(own) - 1
        k = min(_FEWEST, most) if isinstance(self.k_neighbors, str) else int(self.k_neighbors)
        if k > most:
            names = self.__dict__.get("labels_", range(label + 1))
            fewer = f"k_neighbors={most}, " if most else ""
            raise DataError(
                f"label {names[label]!r} has {len(own)} row{'s' * (len(own) != 1)}, "
                f"MLSMOTE(k_neighbors={k}) needs at least {k + 1}",
                remedy=f'use {fewer}k_neighbors="auto" or MLROS',
            )
        if not k:
            return np.empty((len(own), 0), dtype=np.int64)
        return space.near(Asked("MLSMOTE", "k_neighbors", k, _FEWEST), None, own, own, label)

    def _united(self, seeds: Has, neighbours: Has) -> Has:
        held = seeds + neighbours.sum(axis=1)
        voters = neighbours.shape[1] + 1
        least = {"ranking": voters // 2 + 1, "union": 1, "intersection": voters}
        out: Has = held >= least[self.label_sets]
        return out
