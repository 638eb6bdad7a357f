"""Labels and class codes, counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import TargetError, UsageError
from equipoise.weights.reading import label_array

__all__ = ["as_codes", "count_array", "count_labels", "distinct"]


def distinct(values: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted labels, the code of each row, and the rows of each label."""
    try:
        labels, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    except TypeError:
        kinds = sorted({type(one).__name__ for one in values.tolist()})
        raise TargetError(
            f"labels of the kinds {', '.join(kinds)} have no order",
            remedy="write all labels as one kind, for example as text",
        ) from None
    return labels.tolist(), codes.astype(np.int64), counts.astype(np.int64)


def as_codes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return class codes as int64, or refuse what is no code."""
    if values.ndim != 1 or values.dtype.kind not in "iub" or (len(values) and values.min() < 0):
        raise UsageError(
            f"class codes must be a 1-d array of integers from 0, got dtype {values.dtype} and "
            f"shape {values.shape}",
            remedy="pass codes, or leave out classes= and pass labels",
        )
    return values.astype(np.int64)


def count_labels(
    y: ArrayLike, classes: Sequence[Any] | None
) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the labels in code order and the rows of each."""
    values = label_array(y)
    if classes is None:
        labels, _, counts = distinct(values)
        return labels, counts
    codes = as_codes(values)
    if codes.max() >= len(classes):
        raise UsageError(
            f"class code {codes.max()} has no label: classes= names {len(classes)}",
            remedy="name every class in the order of the codes",
        )
    return list(classes), np.bincount(codes, minlength=len(classes))


def count_array(counts: ArrayLike) -> NDArray[np.float64]:
    """Return counts of classes as float64, or refuse what counts no rows."""
    try:
        n = np.asarray(counts, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"counts {counts!r} are not numbers", remedy="pass the rows of each class"
        ) from None
    if n.ndim != 1 or len(n) == 0:
        raise UsageError(
            f"counts have the shape {n.shape}", remedy="pass one count per class, shape (C,)"
        )
    wrong = np.flatnonzero(~(np.isfinite(n) & (n >= 0)))
    if len(wrong):
        raise UsageError(
            f"the count {n[wrong[0]]:g} of class {wrong[0]} is not a number of rows",
            remedy="pass 0 or more rows for each class",
        )
    return n
