"""How uneven the labels of a multi-label target are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import TargetError, UsageError

__all__ = ["LabelImbalance", "label_imbalance"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class LabelImbalance:
    """How uneven the labels of a multi-label target are; see `label_imbalance`.

    Attributes
    ----------
    irlbl : ndarray of shape (L,), float64
        How many times rarer each label is than the most frequent one; infinite for a label without rows.
    mean_ir : float
        Mean of ``irlbl`` over the labels that have rows; 1 if they are all as frequent.
    cv_ir : float
        Standard deviation of ``irlbl`` over the labels that have rows, in parts of ``mean_ir``.
    scumble : float
        How much rare and frequent labels share rows, from 0 to 1: the mean of ``scumble_rows``. Above about 0.1
        copying or removing rows changes frequent labels along with the rare ones.
    scumble_rows : ndarray of shape (n,), float64
        The same of each row.
    scumble_labels : ndarray of shape (L,), float64
        Its mean over the rows that have each label; NaN for a label without rows.
    cardinality : float
        Labels per row.
    density : float
        ``cardinality`` in parts of the number of labels.
    distinct_sets : int
        How many different sets of labels there are, the empty one included.
    unlabelled : int
        Rows without any label.
    """

    irlbl: F
    mean_ir: float
    cv_ir: float
    scumble: float
    scumble_rows: F
    scumble_labels: F
    cardinality: float
    density: float
    distinct_sets: int
    unlabelled: int


def label_imbalance(Y: ArrayLike) -> LabelImbalance:
    r"""Measure how uneven the labels of a multi-label target are.

    With :math:`n_j` the rows that have label j:

    .. math::

        \mathrm{IRLbl}_j &= \max_k n_k / n_j \\
        \mathrm{MeanIR} &= \frac{1}{L} \sum_j \mathrm{IRLbl}_j \\
        \mathrm{CVIR} &= \frac{1}{\mathrm{MeanIR}}
            \sqrt{\frac{1}{L - 1} \sum_j (\mathrm{IRLbl}_j - \mathrm{MeanIR})^2} \\
        \mathrm{SCUMBLE}_i &= 1 - \frac{(\prod_{j \in Y_i} \mathrm{IRLbl}_j)^{1 / |Y_i|}}
            {\frac{1}{|Y_i|} \sum_{j \in Y_i} \mathrm{IRLbl}_j}

    A row without labels or with a single one has SCUMBLE 0. The products run over the labels that the row has, as in
    the published software; over all labels any row that lacks one would have SCUMBLE 1. Labels without rows are left
    out of the means.

    Parameters
    ----------
    Y : array-like of shape (n, L)
        1 or True where a row has a label, else 0 or False.

    Returns
    -------
    LabelImbalance

    Raises
    ------
    UsageError
        If `Y` is no table of 0 and 1.
    TargetError
        If it has no rows or no labels.

    References
    ----------
    F. Charte, A. Rivera, M. J. del Jesus and F. Herrera, "Addressing imbalance in multilabel classification: measures
    and random resampling algorithms", Neurocomputing 2015 (IRLbl, MeanIR, CVIR).
    F. Charte, A. Rivera, M. J. del Jesus and F. Herrera, "Dealing with difficult minority labels in imbalanced
    multilabel data sets", Neurocomputing 2019 (SCUMBLE).

    Examples
    --------
    >>> from equipoise.data.label_imbalance import label_imbalance
    >>> found = label_imbalance([[1, 0], [1, 0], [1, 1], [1, 0]])
    >>> found.irlbl.tolist(), found.mean_ir, found.cardinality
    ([1.0, 4.0], 2.5, 1.25)
    >>> found.scumble_rows.round(3).tolist()
    [0.0, 0.0, 0.2, 0.0]
    """
    has = _table(Y)
    L = has.shape[1]
    counts = has.sum(axis=0).astype(np.float64)
    present = counts > 0
    irlbl = np.full(L, np.inf)
    if present.any():
        irlbl[present] = counts.max() / counts[present]
    known = irlbl[present]
    mean_ir = float(known.mean()) if len(known) else np.nan
    cv_ir = float(known.std(ddof=1) / mean_ir) if len(known) > 1 else 0.0
    rows = _scumble(has[:, present].astype(np.float64), known)
    of_label = np.full(L, np.nan)
    of_label[present] = (rows @ has[:, present]) / counts[present]
    sizes = has.sum(axis=1)
    return LabelImbalance(
        irlbl,
        mean_ir,
        cv_ir,
        float(rows.mean()),
        rows,
        of_label,
        float(sizes.mean()),
        float(sizes.mean() / L),
        len(np.unique(np.packbits(has, axis=1), axis=0)),
        int((sizes == 0).sum()),
    )


def _scumble(has: F, irlbl: F) -> F:
    """Compare, in each row, the geometric with the arithmetic mean of its labels' ratios."""
    sizes = has.sum(axis=1)
    several = sizes > 1
    out = np.zeros(len(has))
    within, count = has[several], sizes[several]
    if len(within):
        geometric = np.exp((within @ np.log(irlbl)) / count)
        # Rounding may put the mean of equal ratios a hair below zero.
        out[several] = np.maximum(1.0 - geometric / ((within @ irlbl) / count), 0.0)
    return out


def _table(Y: ArrayLike) -> NDArray[np.bool_]:
    remedy = "pass 1 where a row has the label and 0 where it has not, as many in every row"
    try:
        values = np.asarray(Y.toarray() if hasattr(Y, "toarray") else Y)
        numbers = values if values.dtype.kind == "b" else values.astype(np.float64)
    except (TypeError, ValueError):
        raise UsageError("Y is no table of 0 and 1", remedy=remedy) from None
    if values.size == 0:
        raise TargetError(
            f"Y has the shape {values.shape}", remedy="pass at least one row and one label"
        )
    if values.ndim != 2:
        raise UsageError(
            f"Y has the shape {values.shape}", remedy="pass a row per case and a column per label"
        )
    has = np.asarray(numbers == 1)
    wrong = ~(has | (numbers == 0))
    if wrong.any():
        raise UsageError(f"Y holds {numbers[wrong][0]:g}, neither 0 nor 1", remedy=remedy)
    return has
