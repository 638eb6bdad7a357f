"""The ways to resample rows with a numeric target by their names, on a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import DataError, UsageError
from equipoise.samplers.numbers.bumps import find_bumps, known_relevance
from equipoise.samplers.numbers.core import Settings, drop_common, make, repeat_rare
from equipoise.samplers.numbers.space import Space
from equipoise.weights.relevance import target_array

__all__ = ["NUMBER_METHODS", "resample_numbers"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

NUMBER_METHODS = ("smoter", "smogn", "tail-over", "tail-under", "gaussian-noise")
"""Names of the ways."""
_PERT = {"gaussian-noise": 0.1}


def resample_numbers(
    name: str, X: Any, y: Any, seed: int, relevance: Any = None, *, threshold: float = 0.8
) -> tuple[Rows | None, F | None, F | None]:
    """Resample the rows of a matrix for a numeric target, with the other parameters at their defaults.

    Parameters
    ----------
    name : {"smoter", "smogn", "tail-over", "tail-under", "gaussian-noise"}
    X : float array or sparse matrix, shape (n, p)
        Encoded columns; sparse only for ``"tail-over"`` and ``"tail-under"``, which do not read it.
    y : float64 array, shape (n,)
        Target.
    seed : int
        Seed of the draws.
    relevance : Relevance, callable or points, optional
        Which targets matter; by default :meth:`equipoise.weights.relevance.Relevance.automatic`.
    threshold : float, default=0.8
        Relevance from which on a row is rare.

    Returns
    -------
    rows : int64 array, shape (m,)
        Rows of the input to train on, some of them more than once.
    X_new : float64 array, shape (s, p), or None
        Made rows to train on besides; None where none were made.
    y_new : float64 array, shape (s,), or None
        Their targets.

    Raises
    ------
    DataError
        If the target has no rare rows by the relevance, or X has missing or infinite values or is sparse
        where it is read.
    UsageError
        If the name is not known or a parameter cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers.methods import resample_numbers
    >>> y = np.append(np.arange(20.0), [90.0, 95.0])
    >>> rows, X_new, y_new = resample_numbers("smoter", y[:, None], y, seed=0)
    >>> len(rows), len(X_new), bool(y_new.min() > 15)
    (16, 6, True)
    >>> resample_numbers("tail-under", y[:, None], y, seed=0)[0].tolist()
    [1, 6, 8, 9, 13, 17, 18, 19, 20, 21]
    """
    if name not in NUMBER_METHODS:
        raise UsageError(
            f"there is no way {name!r} to resample numeric targets",
            remedy=f"use one of {', '.join(NUMBER_METHODS)}",
        )
    target = target_array(y)
    bumps = find_bumps(target, known_relevance(relevance, target), threshold)
    random = np.random.RandomState(seed)
    if name == "tail-over":
        return repeat_rare(bumps, "balance", random), None, None
    if name == "tail-under":
        return drop_common(bumps, "balance", random), None, None
    space = Space(_matrix(X, name), np.empty((len(target), 0), dtype=np.int64))
    how = Settings(name, "balance", 5, _PERT.get(name, 0.02))
    kept, made = make(space, target, bumps, how, random)
    if not len(made.target):
        return kept, None, None
    return kept, made.numbers, made.target


def _matrix(X: Any, name: str) -> F:
    if sp.issparse(X):
        raise DataError(
            f"{name} makes rows from all columns, and the matrix is sparse",
            remedy="use tail-over or tail-under, or give a dense matrix",
        )
    values = np.asarray(X, dtype=np.float64)
    wrong = ~np.isfinite(values).all(axis=0)
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} columns hold missing or infinite values, the first is column "
            f"{int(wrong.argmax())}; {name} needs all",
            remedy="impute them first, or use tail-over or tail-under",
        )
    return values
