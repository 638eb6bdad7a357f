"""Weights for multi-label targets: of every element of a loss, and of the positives of a label."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import TargetError, UsageError
from equipoise.weights.counting import count_array
from equipoise.weights.ranges import check_number
from equipoise.weights.schemes import raw_weights

__all__ = ["element_weights", "negatives_per_positive", "pos_weights"]

F = NDArray[np.float64]
_OF = ("row", "label", "positives")
_NORMALISE = ("batch", "classes", "none")
_STRONGEST = 10  # weights of any number of rows stay finite
_REMEDY = "pass 1 where a row has the label and 0 where it has not, as many in every row"


def element_weights(
    Y: ArrayLike,
    scheme: str = "ins",
    *,
    beta: float = 0.999,
    of: Literal["row", "label", "positives"] = "row",
    normalise: Literal["batch", "classes", "none"] = "classes",
    counts: ArrayLike | None = None,
) -> F:
    r"""Compute a weight for every label of every row, as ``BCEWithLogitsLoss(weight=)`` takes them.

    A label that :math:`n_c` rows have weighs :math:`w_c`: :math:`1 / n_c` (``ins``),
    :math:`1 / \sqrt{n_c}` (``isns``), :math:`(1 - \beta) / (1 - \beta^{n_c})` (``ens``). From these
    come the weights of the elements (i, c):

    =========  ==========================================  ===================================
    of         weight of element (i, c)                    what it does
    =========  ==========================================  ===================================
    row        :math:`\sum_k w_k Y_{ik}`, for every c      a row counts by the labels it has
    label      :math:`w_c`                                 a label counts by its rarity
    positives  :math:`w_c` where Y is 1, 1 where it is 0   a hit counts by the label's rarity
    =========  ==========================================  ===================================

    Only ``positives`` moves each label by a constant, :math:`\log w_c` in log-odds. ``label`` weighs
    both answers alike and moves none; what ``row`` moves depends on which labels come together.

    Parameters
    ----------
    Y : array-like, shape (n, C)
        1 or True where a row has the label, else 0 or False.
    scheme : {"ins", "isns", "ens", "balanced", "median-frequency"}, default="ins"
        The last two are ``ins`` times a number, which normalising takes away.
    beta : float in [0, 1), default=0.999
        Only for ``ens``.
    of : {"row", "label", "positives"}, default="row"
        What counts.
    normalise : {"classes", "batch", "none"}, default="classes"
        ``classes``: the sum of the :math:`w_c` is C. ``batch``: so too, and then the weights of the
        rows given are scaled to sum to the number of elements, so that they leave the mean of the
        loss at its size; pass one batch, and ``counts`` of all rows to train on. ``none``: neither.
    counts : array-like, shape (C,), default=None
        Rows to train on that have each label; those of ``Y`` by default.

    Returns
    -------
    ndarray, shape (n, C), float64
        All positive. A label that no row has weighs as the mean of the others. A row without labels
        would count nothing with ``of="row"``; it weighs :math:`\sum_c n_c w_c / \sum_c n_c`, as a
        row with one label does on average, whatever else is in the batch.

    Raises
    ------
    UsageError
        A value of ``Y`` is neither 0 nor 1, or an argument cannot be used.
    TargetError
        ``Y`` has no rows or no labels.

    References
    ----------
    Y. Cui, M. Jia, T.-Y. Lin, Y. Song and S. Belongie, "Class-Balanced Loss Based on Effective
    Number of Samples", CVPR 2019 (``ens``, and rows weighed by their labels for sigmoid losses).

    Examples
    --------
    >>> from equipoise.weights import element_weights
    >>> Y = [[1, 0], [1, 0], [1, 1], [0, 0]]
    >>> element_weights(Y)
    array([[0.5 , 0.5 ],
           [0.5 , 0.5 ],
           [2.  , 2.  ],
           [0.75, 0.75]])
    >>> element_weights(Y, of="positives")[2]
    array([0.5, 1.5])
    """
    has = _indicator(Y)
    if has.ndim != 2:
        raise UsageError(
            f"Y has the shape {has.shape}", remedy="pass a row per case and a column per label"
        )
    for name, value, known in (("of", of, _OF), ("normalise", normalise, _NORMALISE)):
        if value not in known:
            raise UsageError(
                f"{name}={value!r} is unknown", remedy=f"use {', '.join(map(repr, known))}"
            )
    n = has.sum(axis=0).astype(np.float64) if counts is None else count_array(counts)
    if len(n) != has.shape[1]:
        raise UsageError(
            f"there are {len(n)} counts for {has.shape[1]} labels", remedy="pass one per label"
        )
    w = _label_weights(n, scheme, beta, normalise)
    if of == "label":
        out = np.tile(w, (len(has), 1))
    elif of == "positives":
        out = np.where(has, w, 1.0)
    else:
        alone = n @ w / n.sum() if n.any() else w.mean()
        rows = np.where(has.any(axis=1), has @ w, alone)
        out = np.tile(rows[:, None], (1, len(w)))
    if normalise == "batch":
        out = out / out.mean()
    return out


def pos_weights(Y: ArrayLike, *, cap: float | None = None, power: float = 1.0) -> F:
    r"""Compute the weight of the positives of each label: :math:`(n^-_c / n^+_c)^{power}`.

    What ``BCEWithLogitsLoss(pos_weight=)`` takes. At power 1 positives and negatives weigh the same
    in all. It moves each label by :math:`\log w_c` in log-odds, see
    :func:`~equipoise.weights.weight_offset`.

    Parameters
    ----------
    Y : array-like, shape (n, C) or (n,)
        1 or True where a row has the label, else 0 or False. One column for a binary target.
    cap : float, default=None
        No weight is larger; the weights of rare labels grow without bound otherwise.
    power : float, default=1.0
        0.5 is the square root, a weaker weight; 0 is none. At most 10.

    Returns
    -------
    ndarray, shape (C,), float64
        Of length 1 for a binary target. A label that no row has, or that all rows have, gets 1:
        there is nothing to balance.

    Raises
    ------
    UsageError
        A value of ``Y`` is neither 0 nor 1, or ``cap`` or ``power`` cannot be used.
    TargetError
        ``Y`` has no rows or no labels.

    Examples
    --------
    >>> from equipoise.weights import pos_weights
    >>> pos_weights([[1, 0], [1, 0], [0, 0], [0, 1], [0, 0]])
    array([1.5, 4. ])
    >>> pos_weights([0, 0, 0, 0, 1], power=0.5)
    array([2.])
    """
    check_number("power", power, high=_STRONGEST)
    if cap is not None:
        check_number("cap", cap, open_low=True, remedy="give a number above 0, or None")
    has = _indicator(Y)
    if has.ndim not in (1, 2):
        raise UsageError(
            f"Y has the shape {has.shape}", remedy="pass a row per case and a column per label"
        )
    if has.ndim == 1:
        has = has[:, None]
    n = has.sum(axis=0).astype(np.float64)
    out = negatives_per_positive(n, len(has) - n) ** power
    return out if cap is None else np.minimum(out, cap)


def negatives_per_positive(positives: F, negatives: F) -> F:
    """Return the ratio of each label; 1 where it has rows of one kind only, and nothing to balance."""
    out = np.ones(len(positives))
    np.divide(negatives, positives, out=out, where=(positives > 0) & (negatives > 0))
    return out


def _label_weights(n: F, scheme: str, beta: float, normalise: str) -> F:
    present = n > 0
    # Where no label has rows, one row each stands in for the checks of scheme and beta.
    raw = raw_weights(n[present] if present.any() else np.ones(1), scheme, beta)
    if normalise != "none":
        raw = raw / raw.mean()
    out = np.full(len(n), raw.mean())
    if present.any():
        out[present] = raw
    return out


def _indicator(Y: Any) -> NDArray[np.bool_]:
    try:
        values = np.asarray(Y.toarray() if hasattr(Y, "toarray") else Y)
        numbers = values if values.dtype.kind == "b" else values.astype(np.float64)
    except (TypeError, ValueError):
        raise UsageError("Y is no table of 0 and 1", remedy=_REMEDY) from None
    if values.size == 0:
        raise TargetError(
            f"Y has the shape {values.shape}", remedy="pass at least one row and one label"
        )
    has = numbers == 1
    wrong = ~(has | (numbers == 0))
    if wrong.any():
        raise UsageError(f"Y holds {numbers[wrong][0]:g}, neither 0 nor 1", remedy=_REMEDY)
    return np.asarray(has, dtype=np.bool_)
