"""How often a row is to be shown for the rarest of its labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["repeat_factors", "rows_by_factor"]

F = NDArray[np.float64]


def repeat_factors(counts: ArrayLike, rows: int, threshold: float) -> F:
    r"""Compute the repeat factor of each label: :math:`r_c = \max(1, \sqrt{t / f_c})`.

    Parameters
    ----------
    counts : array-like, shape (C,)
        Rows that have each label.
    rows : int
        Rows in all; the share is :math:`f_c = n_c / n`.
    threshold : float
        The share t below which a label counts as rare.

    Returns
    -------
    float64 array, shape (C,)
        1 for a label that no row has: there is nothing to repeat.

    References
    ----------
    A. Gupta, P. Dollar and R. Girshick, "LVIS: A Dataset for Large Vocabulary Instance
    Segmentation", CVPR 2019.

    Examples
    --------
    >>> from equipoise.weights.repeats import repeat_factors
    >>> repeat_factors([90, 10, 0], 100, 0.4)
    array([1., 2., 1.])
    """
    n = np.asarray(counts, dtype=np.float64)
    square = np.ones(len(n))
    np.divide(threshold * rows, n, out=square, where=n > 0)
    out: F = np.sqrt(np.maximum(square, 1.0))
    return out


def rows_by_factor(members: Iterable[NDArray[Any]], factors: F, rows: int) -> F:
    """Compute the repeat factor of each row: the largest of its labels, 1 for a row without any.

    Parameters
    ----------
    members : iterable of C arrays
        The rows of each label: their numbers, or a mask of shape (n,).
    factors : float64 array, shape (C,)
        Those of the labels, at least 1.
    rows : int
        Rows in all.

    Returns
    -------
    float64 array, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.weights.repeats import rows_by_factor
    >>> has = np.array([[True, True], [True, False], [False, False]])
    >>> rows_by_factor(has.T, np.array([1.5, 2.0]), 3)
    array([2. , 1.5, 1. ])
    """
    out = np.ones(rows)
    for own, factor in zip(members, factors, strict=True):
        if factor > 1:
            out[own] = np.maximum(out[own], factor)
    return out
