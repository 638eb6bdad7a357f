"""Labels as class codes or as a multi-hot matrix, from tensors, arrays and lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import TargetError, UsageError
from equipoise.weights.reading import as_array, is_whole, read_codes

__all__ = ["read_labels", "read_multi_hot"]


def read_labels(
    labels: Any, classes: int | Sequence[Any] | None = None
) -> tuple[NDArray[Any], list[Any]]:
    """Return codes (n,) int64, or a multi-hot matrix (n, C) bool, and the classes in order."""
    values = as_array(labels)
    if values.ndim == 2:
        return read_multi_hot(values, classes)
    return read_codes(values, classes)


def read_multi_hot(
    labels: Any, classes: int | Sequence[Any] | None = None
) -> tuple[NDArray[np.bool_], list[Any]]:
    """Return a matrix of 0 and 1 as booleans (n, C), and the labels in the order of its columns."""
    values = as_array(labels)
    if values.ndim != 2 or 0 in values.shape:
        raise TargetError(
            f"labels of shape {values.shape} are no multi-hot matrix",
            remedy="pass one row per example and one column of 0 and 1 per label",
        )
    # `in` by comparison: what is neither 0 nor 1, NaN and text included, is refused.
    wrong = np.argwhere(~((values == 0) | (values == 1)))
    if len(wrong):
        row, column = wrong[0].tolist()
        raise TargetError(
            f"row {row}, column {column} of the multi-hot labels is {values[row, column]!r}",
            remedy="pass 0 or 1 in every cell",
        )
    width = values.shape[1]
    names = list(classes) if isinstance(classes, Sequence | np.ndarray) else list(range(width))
    asked = classes if is_whole(classes) else len(names)
    if asked != width:
        raise UsageError(
            f"classes= names {asked} labels, the multi-hot matrix has {width} columns",
            remedy="name every column in order, or leave classes= out",
        )
    return values.astype(bool), names
