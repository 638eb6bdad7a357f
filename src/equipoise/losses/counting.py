"""Numbers per class: counts of labels, weights that follow from them, and checks of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.errors import UsageError
from equipoise.weights import class_weights, count_weights
from equipoise.weights.ranges import check_number
from equipoise.weights.reading import as_array, read_codes

__all__ = [
    "centred_log",
    "check_counts",
    "count_classes",
    "count_sides",
    "fill_absent",
    "per_class",
    "share_of_positives",
    "sides_of_counts",
    "weights_of_counts",
    "weights_of_labels",
]

F = NDArray[np.float64]


def per_class(name: str, values: Any, *, zero: bool = False, sign: bool = False) -> Tensor:
    """Return one float64 number per class: above 0, 0 or more, or of any sign."""
    array = as_array(values, name)
    if array.ndim > 1 or array.dtype.kind not in "iufb" or array.size == 0:
        raise UsageError(
            f"{name} has the shape {array.shape} and dtype {array.dtype}",
            remedy="give one number per class",
        )
    numbers = np.atleast_1d(array).astype(np.float64)
    with np.errstate(invalid="ignore"):
        wrong = ~np.isfinite(numbers)
        if not sign:
            wrong |= numbers < 0 if zero else numbers <= 0
    if wrong.any():
        what = (
            "a finite number"
            if sign
            else f"a finite number {'of 0 or more' if zero else 'above 0'}"
        )
        more = "" if zero or sign else "; to leave a class out, set its targets to ignore_index"
        raise UsageError(
            f"{name} is {numbers[wrong][0]:g} for class {int(np.flatnonzero(wrong)[0])}",
            remedy=f"give {what} per class{more}",
        )
    return torch.from_numpy(numbers)


def check_counts(counts: Any, *, least: int = 2) -> F:
    """Return counts per class as float64: 0 or more, and one at least above 0."""
    out: F = per_class("counts", counts, zero=True).numpy()
    if len(out) < least or not out.any():
        raise UsageError(
            f"counts are {out.tolist()}",
            remedy=f"give the rows of each class, {least} or more of them, not all 0",
        )
    return out


def fill_absent(numbers: F, counts: F) -> F:
    """Give classes without rows the geometric mean of the others, so that they are not shifted."""
    out = numbers.copy()
    present = counts > 0
    out[~present] = np.exp(np.log(numbers[present]).mean())
    return out


def centred_log(numbers: Tensor) -> Tensor:
    """Return logarithms less their mean, in double precision on the host."""
    log = numbers.detach().cpu().double().log()
    return log - log.mean()


def _codes(
    labels: Any, classes: Sequence[Any] | int | None, ignore_index: int
) -> tuple[NDArray[np.int64], list[Any]]:
    # A softmax has two columns even where the labels show one class.
    return read_codes(labels, classes, ignore_index=ignore_index, least=2)


def count_classes(
    labels: Any, classes: Sequence[Any] | int | None = None, ignore_index: int = -100
) -> F:
    """Count the rows of each class.

    Integers are class codes; other labels stand in sorted order, or in that of ``classes``.
    """
    codes, names = _codes(labels, classes, ignore_index)
    return np.bincount(codes, minlength=len(names)).astype(np.float64)


def count_sides(labels: Any, ignore_index: int = -100) -> tuple[F, F]:
    """Count in every column of multi-hot labels the rows with the label, and those without."""
    Y = as_array(labels)
    if Y.ndim == 1:
        Y = Y[:, None]
    if Y.ndim != 2 or Y.size == 0 or Y.dtype.kind not in "iufb":
        raise UsageError(
            f"labels have the shape {Y.shape} and dtype {Y.dtype}",
            remedy="give 0 and 1, shape (N, C), or (N,) for two classes",
        )
    Y = Y.astype(np.float64)
    kept = ignore_index != Y
    wrong = kept & ~((Y >= 0) & (Y <= 1))
    if wrong.any():
        raise UsageError(f"a label is {Y[wrong][0]:g}, outside [0, 1]", remedy="give 0 and 1")
    return np.where(kept, Y, 0.0).sum(axis=0), np.where(kept, 1 - Y, 0.0).sum(axis=0)


def sides_of_counts(counts: Any, n_rows: Any, *, least: float = 1.0) -> tuple[F, F]:
    """Return from rows with each label, and all rows, those with the label and those without."""
    positives = check_counts(counts, least=1)
    rows = check_number("n_rows", n_rows, low=least)
    if (positives > rows).any():
        raise UsageError(
            f"a label has {positives.max():g} rows of n_rows={n_rows}",
            remedy="give in n_rows the number of all rows",
        )
    return positives, rows - positives


def share_of_positives(positives: F, negatives: F, scheme: str, beta: float) -> F:
    """Return per label the weight of its positives over the sum of those of both answers.

    A label that no row has, or every row, has nothing to weigh: 1/2.
    """
    out = np.full(len(positives), 0.5)
    for c in np.flatnonzero((positives > 0) & (negatives > 0)):
        w = count_weights([negatives[c], positives[c]], scheme, beta=beta)
        out[c] = w[1] / w.sum()
    return out


def _scale(raw: F, counts: F) -> F:
    """Scale so that the mean over the rows is 1; a class without rows is not shifted."""
    filled = fill_absent(raw, counts)
    out: F = filled * (counts.sum() / (counts * filled).sum())
    return out


def weights_of_labels(
    labels: Any,
    classes: Sequence[Any] | int | None,
    ignore_index: int,
    scheme: str,
    beta: float,
    given: Mapping[Any, float] | Sequence[float] | None,
) -> F:
    """Return one weight per class whose mean over the labelled rows is 1."""
    codes, names = _codes(labels, classes, ignore_index)
    raw = class_weights(codes, scheme, beta=beta, given=given, classes=names)
    counts = np.bincount(codes, minlength=len(names)).astype(np.float64)
    if given is not None:
        return np.asarray(raw * (counts.sum() / (counts * raw).sum()))
    return _scale(raw, counts)


def weights_of_counts(
    counts: Any, scheme: str, beta: float, given: Mapping[Any, float] | Sequence[float] | None
) -> F:
    """Do the same from counts, which may be fractions of rows or too many to list."""
    n = check_counts(counts)
    if given is None:
        return _scale(count_weights(n, scheme, beta=beta), n)
    codes = np.arange(len(n))
    raw = class_weights(codes, given=given, classes=codes.tolist())
    return np.asarray(raw * (n.sum() / (n * raw).sum()))
