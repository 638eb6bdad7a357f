"""Weights of classes by their counts, or as given, and the weights of rows that follow from them."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import TargetError, UsageError

__all__ = ["SCHEMES", "class_weights", "parse_given", "sample_weights"]

SCHEMES = ("balanced", "ins", "isns", "ens")


def class_weights(
    y: ArrayLike,
    scheme: str = "balanced",
    *,
    beta: float = 0.999,
    given: Mapping[Any, float] | Sequence[float] | None = None,
    classes: Sequence[Any] | None = None,
) -> NDArray[np.float64]:
    r"""Compute one weight per class from the number of its rows.

    With :math:`n_c` rows in class c, N rows and C classes:

    ========  ==================================================  ============================
    scheme    weight before normalising                           normalised so that
    ========  ==================================================  ============================
    balanced  :math:`N / (C n_c)`                                 the mean over rows is 1
    ins       :math:`1 / n_c`                                     the sum over classes is C
    isns      :math:`1 / \sqrt{n_c}`                              the sum over classes is C
    ens       :math:`(1 - \beta) / (1 - \beta^{n_c})`             the sum over classes is C
    ========  ==================================================  ============================

    ``balanced`` and ``ins`` are the same up to a factor. ``ens`` goes from no weights at
    ``beta=0`` to ``ins`` as ``beta`` nears 1.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels; or, where ``classes`` is given, class codes 0..C-1.
    scheme : {"balanced", "ins", "isns", "ens"}, default="balanced"
        How weights follow from counts. Ignored where ``given`` is used.
    beta : float in [0, 1), default=0.999
        Only for ``ens``: the effective number of ``n`` rows never exceeds 1 / (1 - beta).
    given : mapping of label to weight, or sequence of C weights, default=None
        Use these positive numbers as they are, in place of a scheme.
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
        The scheme, ``beta`` or ``given`` cannot be used.
    TargetError
        There are no rows.

    References
    ----------
    Y. Cui, M. Jia, T.-Y. Lin, Y. Song and S. Belongie, "Class-Balanced Loss Based on Effective
    Number of Samples", CVPR 2019 (``ens``).

    Examples
    --------
    >>> from equipoise.weights import class_weights
    >>> class_weights(["ham"] * 6 + ["spam"] * 2).round(3)
    array([0.667, 2.   ])
    >>> class_weights(["ham"] * 6 + ["spam"] * 2, "isns").round(3)
    array([0.732, 1.268])
    >>> class_weights([0, 0, 1], given={"ham": 0.576, "spam": 10}, classes=["ham", "spam"])
    array([ 0.576, 10.   ])
    """
    labels, counts = _counts(y, classes)
    if given is not None:
        return _given_weights(given, labels)
    if scheme not in SCHEMES:
        near = difflib.get_close_matches(str(scheme), SCHEMES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            f"there is no weighting scheme {scheme!r}",
            remedy=f"{hint}choose one of {', '.join(SCHEMES)}, or pass given=",
        )
    present = counts > 0
    n = counts[present].astype(np.float64)
    if scheme == "balanced":
        raw = n.sum() / (len(n) * n)
    elif scheme == "ins":
        raw = 1.0 / n
    elif scheme == "isns":
        raw = 1.0 / np.sqrt(n)
    else:
        raw = _inverse_effective_number(n, beta)
    if scheme != "balanced":
        raw = raw * (len(n) / raw.sum())
    out = np.ones(len(counts))
    out[present] = raw
    return out


def sample_weights(y: ArrayLike, weights: Mapping[Any, float] | ArrayLike) -> NDArray[np.float64]:
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

    Examples
    --------
    >>> from equipoise.weights import class_weights, sample_weights
    >>> y = [0, 0, 0, 1]
    >>> sample_weights(y, class_weights(y)).round(3)
    array([0.667, 0.667, 0.667, 2.   ])
    >>> sample_weights(["b", "a"], {"a": 3, "b": 1})
    array([0.5, 1.5])
    """
    values = np.asarray(y)
    if len(values) == 0:
        raise TargetError("there are no rows to weigh", remedy="pass at least one label")
    if isinstance(weights, Mapping):
        labels, codes = np.unique(values, return_inverse=True)
        table = _given_weights(weights, labels.tolist(), allow_more=True)
    else:
        codes = _as_codes(values)
        table = np.asarray(weights, dtype=np.float64)
        if table.ndim != 1 or codes.max() >= len(table):
            raise UsageError(
                f"class code {codes.max()} has no weight: weights have shape {table.shape}",
                remedy="pass one weight per class in the order of the codes",
            )
        _check_positive(table, list(range(len(table))))
    rows = table[codes]
    out: NDArray[np.float64] = rows / rows.mean()
    return out


def parse_given(text: str) -> dict[str, float]:
    """Read weights written as ``label=weight,label=weight``, or as a JSON object.

    Parameters
    ----------
    text : str
        The last ``=`` of each part separates, so labels such as ``<=50K`` are fine. A label
        with a comma needs the JSON form.

    Returns
    -------
    dict of str to float
        Weights by the text of the label.

    Raises
    ------
    UsageError
        A part is not ``label=weight``, a weight is not a positive number, or a label repeats.

    Examples
    --------
    >>> from equipoise.weights import parse_given
    >>> parse_given("ham=0.576,spam=10")
    {'ham': 0.576, 'spam': 10.0}
    >>> parse_given("<=50K=1,>50K=3.2")
    {'<=50K': 1.0, '>50K': 3.2}
    """
    form = "write label=weight,label=weight such as ham=0.576,spam=10"
    if text.lstrip().startswith("{"):
        try:
            pairs = json.loads(text, object_pairs_hook=list)
        except json.JSONDecodeError as error:
            raise UsageError(
                f"class weights {text!r} are not JSON: {error}", remedy=form
            ) from error
    else:
        pairs = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            label, equals, number = part.rpartition("=")
            if not equals or not label.strip():
                raise UsageError(f"class weight {part!r} is not label=weight", remedy=form)
            pairs.append((label.strip(), number))
    out: dict[str, float] = {}
    for label, number in pairs:
        try:
            weight = float(number)
        except (TypeError, ValueError):
            weight = math.nan
        if not (math.isfinite(weight) and 1e-9 <= weight <= 1e9):
            raise UsageError(
                f"the weight {number!r} of class {label!r} is not a number from 1e-9 to 1e9",
                remedy=form,
            )
        if label in out:
            raise UsageError(f"class {label!r} is given two weights", remedy="give it one")
        out[label] = weight
    if not out:
        raise UsageError(f"class weights {text!r} name no class", remedy=form)
    return out


def _inverse_effective_number(n: NDArray[np.float64], beta: Any) -> NDArray[np.float64]:
    if not (isinstance(beta, int | float | np.number) and 0 <= beta < 1):
        raise UsageError(
            f"beta={beta!r} is outside [0, 1)",
            remedy="use a value such as 0.9, 0.99, 0.999 or 0.9999",
        )
    if beta == 0:
        return np.ones_like(n)
    # 1 - beta**n loses all digits for beta near 1; expm1 and log1p keep them.
    out: NDArray[np.float64] = (1.0 - beta) / -np.expm1(n * np.log1p(beta - 1.0))
    return out


def _as_codes(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.ndim != 1 or values.dtype.kind not in "iub" or (len(values) and values.min() < 0):
        raise UsageError(
            f"class codes must be a 1-d array of integers from 0, got dtype {values.dtype} and "
            f"shape {values.shape}",
            remedy="pass codes, or leave out classes= and pass labels",
        )
    return values.astype(np.int64)


def _counts(y: ArrayLike, classes: Sequence[Any] | None) -> tuple[list[Any], NDArray[np.int64]]:
    values = np.asarray(y)
    if values.ndim != 1 or len(values) == 0:
        raise TargetError(
            f"labels of shape {values.shape} cannot be counted",
            remedy="pass a 1-d array with at least one label",
        )
    if classes is None:
        labels, counts = np.unique(values, return_counts=True)
        return labels.tolist(), counts.astype(np.int64)
    codes = _as_codes(values)
    if codes.max() >= len(classes):
        raise UsageError(
            f"class code {codes.max()} has no label: classes= names {len(classes)}",
            remedy="name every class in the order of the codes",
        )
    return list(classes), np.bincount(codes, minlength=len(classes))


def _check_positive(weights: NDArray[np.float64], labels: Sequence[Any]) -> None:
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))
    if len(bad):
        raise UsageError(
            f"the weight {weights[bad[0]]} of class {labels[bad[0]]!r} is not a positive number",
            remedy="give every class a weight above 0",
        )


def _given_weights(
    given: Mapping[Any, float] | Sequence[float], labels: Sequence[Any], allow_more: bool = False
) -> NDArray[np.float64]:
    if isinstance(given, Mapping):
        # Labels typed on a command line are text even where the classes are numbers.
        named = {str(key): value for key, value in given.items()}
        texts = [str(label) for label in labels]
        missing = [text for text in texts if text not in named]
        unknown = [] if allow_more else [key for key in named if key not in texts]
        if missing or unknown:
            near = {key: difflib.get_close_matches(key, texts, n=1) for key in unknown}
            hints = [f"{key!r} may be {match[0]!r}" for key, match in near.items() if match]
            parts = [f"no weight is given for class {text!r}" for text in missing]
            parts += [f"a weight is given for {key!r}, which is not a class" for key in unknown]
            raise UsageError(
                "; ".join(parts),
                remedy="; ".join([*hints, f"give one weight for each of {', '.join(texts)}"]),
            )
        numbers: list[Any] = [named[text] for text in texts]
    else:
        numbers = list(given)
        if len(numbers) != len(labels):
            raise UsageError(
                f"{len(numbers)} weights are given for {len(labels)} classes",
                remedy="give one weight per class, in order, or a mapping of label to weight",
            )
    try:
        weights = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"class weights {numbers!r} are not numbers", remedy="give numbers above 0"
        ) from error
    _check_positive(weights, labels)
    return weights
