"""Correction of p values for the number of tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["holm"]


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Correct p values for their number by Holm's step-down rule.

    With the p values in rising order, ``corrected_i = max over j <= i of min(1, (m - j + 1) p_j)``, m their number.
    A hypothesis with a corrected value at or below alpha can be rejected; the chance of one false rejection or more
    among all is then at most alpha, whatever the dependence between the tests.

    Parameters
    ----------
    p : array of shape (K,)
        P values. NaN (no test was possible) stays NaN and is not counted.

    Returns
    -------
    ndarray of shape (K,), float64
        Corrected p values, each at least as large as what it came from.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> from equipoise.stats import holm
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=np.float64).ravel()
    corrected = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if order.size else steps
    return corrected
