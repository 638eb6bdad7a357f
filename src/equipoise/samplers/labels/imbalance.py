"""How rare each label is, how far two label sets are apart, and how far the share of a label moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["adjusted_hamming", "imbalance_ratios", "label_offset"]

F = NDArray[np.float64]


def imbalance_ratios(counts: ArrayLike) -> tuple[F, float]:
    r"""Compute the imbalance ratio of each label, and their mean.

    .. math:: IRLbl_j = \max_k n_k / n_j, \qquad MeanIR = \mathrm{mean}_j\, IRLbl_j

    The same as :func:`equipoise.data.label_imbalance.label_imbalance` gives, from counts alone. A label is
    rare where ``IRLbl > MeanIR``, that is, where its share is below the harmonic mean of the shares of all
    labels.

    Parameters
    ----------
    counts : array-like, shape (L,)
        Rows that have each label.

    Returns
    -------
    IRLbl : float64 array, shape (L,)
        NaN for a label that no row has, which is neither rare nor common, and left out of the mean.
    MeanIR : float
        NaN where no label has rows.

    References
    ----------
    Charte, F., Rivera, A. J., del Jesus, M. J. and Herrera, F. (2015). Addressing imbalance in multilabel
    classification: measures and random resampling algorithms. Neurocomputing 163.

    Examples
    --------
    >>> from equipoise.samplers.labels.imbalance import imbalance_ratios
    >>> ratio, mean = imbalance_ratios([60, 30, 10])
    >>> ratio.tolist(), mean
    ([1.0, 2.0, 6.0], 3.0)
    """
    n = np.asarray(counts, dtype=np.float64)
    present = n > 0
    out = np.full(len(n), np.nan)
    if not present.any():
        return out, float("nan")
    out[present] = n.max() / n[present]
    return out, float(out[present].mean())


def adjusted_hamming(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> F:
    r"""Compute the distance of label sets, row by row: :math:`|A \triangle B| / (|A| + |B|)`.

    Parameters
    ----------
    one, other : bool arrays, shape (n, L)
        The label sets.

    Returns
    -------
    float64 array, shape (n,)
        From 0, the same set, to 1, no label in common; 0 for two sets without labels.

    References
    ----------
    Charte, F., Rivera, A. J., del Jesus, M. J. and Herrera, F. (2014). MLeNN: a first approach to
    heuristic multilabel undersampling. Intelligent Data Engineering and Automated Learning.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.labels.imbalance import adjusted_hamming
    >>> one, other = np.array([[1, 1, 0], [1, 0, 0]]), np.array([[1, 0, 0], [0, 0, 1]])
    >>> adjusted_hamming(one == 1, other == 1).round(3).tolist()
    [0.333, 1.0]
    """
    apart = (one != other).sum(axis=1).astype(np.float64)
    held = (one.sum(axis=1) + other.sum(axis=1)).astype(np.float64)
    out: F = np.divide(apart, held, out=np.zeros(len(apart)), where=held > 0)
    return out


def label_offset(before: Any, after: Any) -> F:
    """Compute the shift of each label's share in log-odds: ``logit(after) - logit(before)``.

    Parameters
    ----------
    before, after : float64 arrays, shape (L,)
        Shares of the rows that have each label.

    Returns
    -------
    float64 array, shape (L,)
        0 for a label that no row or every row had, before or after.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.labels.imbalance import label_offset
    >>> label_offset(np.array([0.1, 0.5]), np.array([0.5, 0.5])).round(3).tolist()
    [2.197, 0.0]
    """
    p, q = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    known = (p > 0) & (p < 1) & (q > 0) & (q < 1)
    out = np.zeros(len(p))
    p, q = p[known], q[known]
    out[known] = np.log(q) - np.log1p(-q) - np.log(p) + np.log1p(-p)
    return out
