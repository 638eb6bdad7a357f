"""How far balanced training moves the class prior."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["balanced_prior_offset"]


def balanced_prior_offset(counts: ArrayLike) -> NDArray[np.float64]:
    r"""Compute by how much training on equally many rows per class moves each log-probability.

    Trained on m rows of each class, a model's log-odds carry :math:`\log(m / n_c)` too much, so
    the offset is :math:`-\log n_c`, centred. Subtract it from log-probabilities and normalise to
    put the prior back.

    Parameters
    ----------
    counts : array-like, shape (C,)
        True numbers of rows of the classes.

    Returns
    -------
    ndarray, shape (C,), float64
        Offsets with mean 0 over the classes that have rows. A class without rows gets 0.

    Examples
    --------
    >>> from equipoise.ensembles import balanced_prior_offset
    >>> balanced_prior_offset([900, 100]).round(4)
    array([-1.0986,  1.0986])
    """
    n = np.asarray(counts, dtype=np.float64)
    offset = np.zeros(len(n))
    present = n > 0
    if present.any():
        log_n = np.log(n[present])
        offset[present] = log_n.mean() - log_n
    return offset
