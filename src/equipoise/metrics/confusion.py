"""Confusion matrices, and the metrics of labels, which are functions of them alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError

__all__ = [
    "accuracy",
    "averaged",
    "balanced_accuracy",
    "confusion",
    "expected_cost",
    "fbeta",
    "g_mean",
    "mcc",
    "per_class",
    "ratio",
]

F = NDArray[np.float64]


def confusion(
    y: ArrayLike, predicted: ArrayLike, n_classes: int, sample_weight: ArrayLike | None = None
) -> F:
    """Count rows by true and predicted class.

    Parameters
    ----------
    y, predicted : int arrays of shape (n,)
        Class codes 0 to C - 1.
    n_classes : int
        C.
    sample_weight : array of shape (n,) or (B, n), optional
        Weights, or the multiplicities of B draws.

    Returns
    -------
    float64 array, shape (C, C) or (B, C, C)
        Entry (i, j) is the weight of rows of class i that were called j.

    Raises
    ------
    UsageError
        If shapes disagree or a code is out of range.

    Examples
    --------
    >>> from equipoise.metrics import confusion
    >>> confusion([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    true = np.asarray(y, dtype=np.int64)
    said = np.asarray(predicted, dtype=np.int64)
    if true.ndim != 1 or true.shape != said.shape:
        raise UsageError(
            f"y has the shape {true.shape} and predicted {said.shape}",
            remedy="give one of each per row",
        )
    cell = true * n_classes + said
    size = n_classes * n_classes
    if len(true) and (min(true.min(), said.min()) < 0 or max(true.max(), said.max()) >= n_classes):
        raise UsageError(
            f"class codes are not within 0 to {n_classes - 1}", remedy="give codes, not labels"
        )
    if sample_weight is None:
        return np.bincount(cell, minlength=size).reshape(n_classes, n_classes).astype(np.float64)
    weight = np.asarray(sample_weight)
    if weight.shape[-1:] != true.shape or weight.ndim > 2:
        raise UsageError(
            f"sample_weight has the shape {weight.shape} for {len(true)} rows",
            remedy="give (n,) or (B, n)",
        )
    if weight.ndim == 1:
        counted: F = np.bincount(cell, weights=weight, minlength=size).astype(np.float64)
        return counted.reshape(n_classes, n_classes)
    out = np.empty((len(weight), size))
    for b, one in enumerate(weight):
        out[b] = np.bincount(cell, weights=one, minlength=size)
    return out.reshape(len(weight), n_classes, n_classes)


def ratio(top: F, bottom: F) -> F:
    """Divide; 0 / 0 is 0, the convention of the field for a class that is never met or never said."""
    out: F = np.zeros(np.broadcast_shapes(np.shape(top), np.shape(bottom)))
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def _sum(values: F, axis: int) -> F:
    """Sum over a short axis, which numpy would walk value by value."""
    if values.shape[axis] > 8:
        return np.asarray(values.sum(axis=axis))
    parts = np.moveaxis(values, axis, 0)
    out: F = np.array(parts[0])
    for part in parts[1:]:
        out += part
    return out


def per_class(matrix: ArrayLike) -> dict[str, F]:
    """Return precision, recall, F1 and support of every class.

    With hits h, support s and calls k of a class: ``h / k``, ``h / s``, ``2 h / (s + k)``.

    Parameters
    ----------
    matrix : array of shape (..., C, C)
        Confusion matrices, true class first.

    Returns
    -------
    dict of float64 arrays of shape (..., C)
        ``precision``, ``recall``, ``f1`` (0 where undefined) and ``support``.

    Examples
    --------
    >>> from equipoise.metrics import per_class
    >>> per_class([[3, 1], [0, 2]])["recall"].tolist()
    [0.75, 1.0]
    """
    m = np.asarray(matrix, dtype=np.float64)
    names = ("precision", "recall", "f1")
    return {name: _each(m, name) for name in names} | {"support": _sum(m, -1)}


def _each(m: F, what: str) -> F:
    hit = np.diagonal(m, axis1=-2, axis2=-1)
    if what == "precision":
        return ratio(hit, _sum(m, -2))
    if what == "recall":
        return ratio(hit, _sum(m, -1))
    return ratio(2 * hit, _sum(m, -1) + _sum(m, -2))


def _present(m: F) -> F:
    # A class without rows has no recall; it is left out of averages over classes.
    rows: F = _sum(m, -1)
    return (rows > 0).astype(np.float64)


def accuracy(m: F) -> F:
    """Compute the share of rows called right.

    This and the functions below take confusion matrices, float64 (..., C, C), true class first, give
    float64 (...,), and call 0 / 0 zero.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import accuracy
    >>> float(accuracy(np.array([[7.0, 1.0], [1.0, 1.0]])))
    0.8
    """
    hits: F = np.trace(m, axis1=-2, axis2=-1)
    return ratio(hits, _sum(_sum(m, -1), -1))


def balanced_accuracy(m: F) -> F:
    """Compute the mean recall of the classes that have rows.

    References
    ----------
    Brodersen, K. H. et al. (2010). The balanced accuracy and its posterior distribution. ICPR.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import balanced_accuracy
    >>> float(balanced_accuracy(np.array([[8.0, 0.0], [1.0, 1.0]])))
    0.75
    """
    present = _present(m)
    return ratio(_sum(_each(m, "recall") * present, -1), _sum(present, -1))


def g_mean(m: F) -> F:
    """Compute the geometric mean of the recalls of the classes that have rows.

    References
    ----------
    Kubat, M. and Matwin, S. (1997). Addressing the curse of imbalanced training sets. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import g_mean
    >>> float(g_mean(np.array([[4.0, 0.0], [3.0, 1.0]])))
    0.5
    """
    present = _present(m)
    with np.errstate(divide="ignore"):
        logged = np.where(present > 0, np.log(_each(m, "recall")), 0.0)
    classes = _sum(present, -1)
    out: F = np.where(classes > 0, np.exp(_sum(logged, -1) / np.maximum(classes, 1)), 0.0)
    return out


def mcc(m: F) -> F:
    """Compute the Matthews correlation, in its form for several classes.

    With n rows, h hits, and t_c and k_c rows of class c and called c:
    ``(h n - sum_c t_c k_c) / sqrt((n^2 - sum_c k_c^2) (n^2 - sum_c t_c^2))``.

    References
    ----------
    Gorodkin, J. (2004). Comparing two K-category assignments by a K-category correlation coefficient.
    Computational Biology and Chemistry 28.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import mcc
    >>> float(mcc(np.array([[2.0, 0.0], [0.0, 2.0]])))
    1.0
    """
    total, hit = _sum(_sum(m, -1), -1), np.trace(m, axis1=-2, axis2=-1)
    true, said = _sum(m, -1), _sum(m, -2)
    top = hit * total - _sum(true * said, -1)
    left = total**2 - _sum(said**2, -1)
    right = total**2 - _sum(true**2, -1)
    # The root of the product, since that of a square is exact: no mistakes give 1 to the last bit.
    return ratio(top, np.sqrt(np.maximum(left, 0) * np.maximum(right, 0)))


def averaged(m: F, what: str, how: str) -> F:
    """Average a value of :func:`per_class` over classes.

    Parameters
    ----------
    m : float64 array, shape (..., C, C)
        Confusion matrices, true class first.
    what : {"precision", "recall", "f1"}
        Which value.
    how : {"macro", "weighted", "positive"}
        The mean over classes that have rows or are called, the mean weighted by rows, or the value of
        class 1.

    Returns
    -------
    float64 array, shape (...,)

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import averaged
    >>> float(averaged(np.array([[8.0, 0.0], [1.0, 1.0]]), "recall", "positive"))
    0.5
    """
    values = _each(m, what)
    if how == "positive":
        positive: F = values[..., 1]
        return positive
    support = _sum(m, -1)
    # Macro averages run over classes that are met or said, as scikit-learn takes its labels.
    weight = support if how == "weighted" else ((support + _sum(m, -2)) > 0).astype(float)
    return ratio(_sum(values * weight, -1), _sum(weight, -1))


def fbeta(m: F, beta: float, how: str) -> F:
    """Compute F-beta of class 1 (``how="positive"``), or its mean over classes (``"macro"``).

    ``(1 + b^2) hits / ((1 + b^2) hits + b^2 misses + false alarms)``.

    References
    ----------
    van Rijsbergen, C. J. (1979). Information Retrieval, 2nd edition.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import fbeta
    >>> float(fbeta(np.array([[8.0, 1.0], [1.0, 1.0]]), 2.0, "positive"))
    0.5
    """
    hit = np.diagonal(m, axis1=-2, axis2=-1)
    support, said = _sum(m, -1), _sum(m, -2)
    values = ratio((1 + beta**2) * hit, beta**2 * support + said)
    if how == "positive":
        positive: F = values[..., 1]
        return positive
    met = ((support + said) > 0).astype(np.float64)
    return ratio(_sum(values * met, -1), _sum(met, -1))


def expected_cost(m: F, cost: F) -> F:
    """Compute the mean cost of a row, ``sum_ij m_ij cost_ij / sum_ij m_ij``.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.confusion import expected_cost
    >>> float(expected_cost(np.array([[8.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [10.0, 0.0]])))
    1.1
    """
    return ratio(_sum(_sum(m * cost, -1), -1), _sum(_sum(m, -1), -1))
