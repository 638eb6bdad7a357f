"""Weights of classes by their counts, and the weights of rows that follow from them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import TargetError, UsageError
from equipoise.weights.counting import as_codes, count_array, count_labels, distinct
from equipoise.weights.given import check_positive, cost_weights, given_weights
from equipoise.weights.ranges import check_number
from equipoise.weights.reading import label_array

__all__ = ["SCHEMES", "class_weights", "count_weights", "raw_weights", "sample_weights"]

F = NDArray[np.float64]
SCHEMES = ("balanced", "ins", "isns", "ens", "median-frequency")
_SUM_TO_C = ("ins", "isns", "ens")


def class_weights(
    y: ArrayLike,
    scheme: str = "balanced",
    *,
    beta: float = 0.999,
    given: Mapping[Any, float] | Sequence[float] | None = None,
    cost: ArrayLike | None = None,
    classes: Sequence[Any] | None = None,
) -> F:
    r"""Compute one weight per class from the number of its rows.

    With :math:`n_c` rows in class c, N rows and C classes:

    ================  ==========================================  ============================
    scheme            weight before normalising                   normalised so that
    ================  ==========================================  ============================
    balanced          :math:`N / (C n_c)`                         the mean over rows is 1
    ins               :math:`1 / n_c`                             the sum over classes is C
    isns              :math:`1 / \sqrt{n_c}`                      the sum over classes is C
    ens               :math:`(1 - \beta) / (1 - \beta^{n_c})`     the sum over classes is C
    median-frequency  :math:`\mathrm{median}_k(n_k) / n_c`        the class of the median has 1
    ================  ==========================================  ============================

    ``balanced``, ``ins`` and ``median-frequency`` are the same up to a factor. ``ens`` goes from no
    weights at ``beta=0`` to ``ins`` as ``beta`` nears 1.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels; or, where ``classes`` is given, class codes 0..C-1.
    scheme : {"balanced", "ins", "isns", "ens", "median-frequency"}, default="balanced"
        How weights follow from counts. Ignored where ``given`` or ``cost`` is used.
    beta : float in [0, 1), default=0.999
        Only for ``ens``: the effective number of ``n`` rows never exceeds 1 / (1 - beta).
    given : mapping of label to weight, or sequence of C weights, default=None
        Use these positive numbers as they are, in place of a scheme.
    cost : array-like, shape (C, C), default=None
        Entry (i, j) is the cost of saying class j when the truth is i. In place of a scheme, the
        weight of class i is :math:`\sum_j (M_{ij} - M_{ii})`, scaled so that the mean over rows is
        1. With two classes the most probable class under these weights is the one of least expected
        cost, exactly. With more, one number cannot tell apart the errors on a class, and the sum over
        its row is a rule of thumb: to decide exactly, leave the training as it is and take the class
        of least expected cost afterwards.
    classes : sequence of length C, default=None
        Labels in the order of their codes; sorted distinct values of ``y`` by default.

    Returns
    -------
    ndarray, shape (C,), float64
        Weights in the order of the classes. A class without rows gets 1 and takes no part in
        the normalising, so that its logarithm, a prior offset, stays finite.

    Raises
    ------
    UsageError
        The scheme, ``beta``, ``given`` or ``cost`` cannot be used.
    TargetError
        There are no rows, or labels are missing or of kinds that have no order.

    See Also
    --------
    count_weights : The same from counts.
    equipoise.weights.weight_offset : By how much weights move the classes.

    References
    ----------
    Y. Cui, M. Jia, T.-Y. Lin, Y. Song and S. Belongie, "Class-Balanced Loss Based on Effective
    Number of Samples", CVPR 2019 (``ens``). D. Eigen and R. Fergus, "Predicting Depth, Surface
    Normals and Semantic Labels with a Common Multi-Scale Convolutional Architecture", ICCV 2015
    (``median-frequency``). C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001, and
    K. M. Ting, "An Instance-Weighting Method to Induce Cost-Sensitive Trees", IEEE Transactions on
    Knowledge and Data Engineering 14, 2002 (``cost``).

    Examples
    --------
    >>> from equipoise.weights import class_weights
    >>> class_weights(["ham"] * 6 + ["spam"] * 2).round(3)
    array([0.667, 2.   ])
    >>> class_weights(["ham"] * 6 + ["spam"] * 2, "isns").round(3)
    array([0.732, 1.268])
    >>> class_weights([0, 0, 1], given={"ham": 0.576, "spam": 10}, classes=["ham", "spam"])
    array([ 0.576, 10.   ])
    >>> class_weights(["ham"] * 6 + ["spam"] * 2, cost=[[0, 1], [5, 0]])
    array([0.5, 2.5])
    """
    labels, counts = count_labels(y, classes)
    if given is not None and cost is not None:
        raise UsageError("both given= and cost= say the weights", remedy="pass one of them")
    if given is not None:
        return given_weights(given, labels)
    if cost is not None:
        return cost_weights(cost, labels, counts)
    return count_weights(counts, scheme, beta=beta)


def count_weights(counts: ArrayLike, scheme: str = "balanced", *, beta: float = 0.999) -> F:
    """Compute one weight per class from the counts of the classes.

    Parameters
    ----------
    counts : array-like, shape (C,)
        Rows of each class, or sums of their weights: 0 or more.
    scheme : {"balanced", "ins", "isns", "ens", "median-frequency"}, default="balanced"
        See :func:`class_weights`.
    beta : float in [0, 1), default=0.999
        Only for ``ens``.

    Returns
    -------
    ndarray, shape (C,), float64
        As :func:`class_weights` returns them; 1 for a class without rows.

    Raises
    ------
    UsageError
        The scheme or ``beta`` cannot be used, or a count is negative or not finite.
    TargetError
        No class has rows.

    Examples
    --------
    >>> from equipoise.weights import count_weights
    >>> count_weights([4827, 747]).round(3)
    array([0.577, 3.731])
    >>> count_weights([9, 1, 0], "ins")
    array([0.2, 1.8, 1. ])
    """
    n = count_array(counts)
    present = n > 0
    if not present.any():
        raise TargetError(
            f"none of the {len(n)} classes has rows", remedy="pass at least one count above 0"
        )
    raw = raw_weights(n[present], scheme, beta)
    if scheme in _SUM_TO_C:
        raw = raw / raw.mean()
    out = np.ones(len(n))
    out[present] = raw
    return out


def raw_weights(n: F, scheme: str, beta: float) -> F:
    """Return the weights of counts above 0 by a scheme, before normalising."""
    if scheme not in SCHEMES:
        near = difflib.get_close_matches(str(scheme), SCHEMES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            f"there is no weighting scheme {scheme!r}",
            remedy=f"{hint}choose one of {', '.join(SCHEMES)}, or pass given=",
        )
    if scheme == "ens":
        return _inverse_effective_number(n, beta)
    if scheme == "isns":
        return np.asarray(1.0 / np.sqrt(n))
    numerator = {"balanced": n.mean(), "ins": 1.0, "median-frequency": np.median(n)}
    return np.asarray(numerator[scheme] / n)


def sample_weights(y: ArrayLike, weights: Mapping[Any, float] | ArrayLike) -> F:
    """Give each row the weight of its class, scaled to mean 1 over the rows.

    Parameters
    ----------
    y : array-like, shape (n,)
        Class codes 0..C-1 where ``weights`` is an array, labels where it is a mapping.
    weights : array-like, shape (C,), or mapping of label to weight
        As :func:`class_weights` returns them, or by label.

    Returns
    -------
    ndarray, shape (n,), float64
        Row weights whose mean is 1, which leaves the strength of regularisation as it was.

    Raises
    ------
    UsageError
        A row's class has no weight.
    TargetError
        There are no rows, or labels are missing.

    Examples
    --------
    >>> from equipoise.weights import class_weights, sample_weights
    >>> y = [0, 0, 0, 1]
    >>> sample_weights(y, class_weights(y)).round(3)
    array([0.667, 0.667, 0.667, 2.   ])
    >>> sample_weights(["b", "a"], {"a": 3, "b": 1})
    array([0.5, 1.5])
    """
    values = label_array(y)
    if isinstance(weights, Mapping):
        labels, codes, _ = distinct(values)
        table = given_weights(weights, labels, allow_more=True)
    else:
        if values.dtype.kind not in "iub":
            raise UsageError(
                f"the label {values.tolist()[0]!r} is no class code, and the weights name no labels",
                remedy="pass the weights by label, as in dict(zip(sorted(set(y)), weights))",
            )
        codes = as_codes(values)
        table = np.asarray(weights, dtype=np.float64)
        if table.ndim != 1 or codes.max() >= len(table):
            raise UsageError(
                f"class code {codes.max()} has no weight: weights have shape {table.shape}",
                remedy="pass one weight per class in the order of the codes",
            )
        check_positive(table, list(range(len(table))))
    rows = table[codes]
    out: F = rows / rows.mean()
    return out


def _inverse_effective_number(n: F, beta: Any) -> F:
    usual = "use a value such as 0.9, 0.99, 0.999 or 0.9999"
    check_number("beta", beta, high=1.0, open_high=True, remedy=usual)
    if beta == 0:
        return np.ones_like(n)
    # 1 - beta**n loses all digits for beta near 1; expm1 of the logarithm keeps them.
    out: F = (1.0 - beta) / -np.expm1(n * math.log(beta))
    return out
