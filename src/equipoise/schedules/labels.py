"""Labels as class codes or as a multi-hot matrix, from tensors, arrays and lists."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray

from equipoise.errors import TargetError, UsageError

__all__ = ["as_array", "read_codes", "read_labels", "read_multi_hot", "real_number"]

_MOST_CLASSES = 1_000_000


def as_array(values: Any) -> NDArray[Any]:
    """Return a tensor, column, array or list as an array on the CPU."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        return np.asarray(values.float() if values.dtype == torch.bfloat16 else values)
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    if not isinstance(values, np.ndarray):
        values = list(values)
        if values and all(isinstance(value, torch.Tensor) for value in values):
            return as_array(torch.stack(values))
    try:
        return np.asarray(values)
    except ValueError as error:
        raise TargetError(
            "the rows of the labels have different lengths",
            remedy="pass one label per row, or a matrix of 0 and 1 with one column per label",
        ) from error


def read_labels(
    labels: Any, classes: int | Sequence[Any] | None = None
) -> tuple[NDArray[Any], list[Any]]:
    """Return codes (n,) int64, or a multi-hot matrix (n, C) bool, and the classes in order."""
    values = as_array(labels)
    if values.ndim == 2:
        return read_multi_hot(values, classes)
    return read_codes(values, classes)


def read_codes(
    labels: Any, classes: int | Sequence[Any] | None = None
) -> tuple[NDArray[np.int64], list[Any]]:
    """Return class codes (n,), int64, and the classes in the order of their codes.

    Whole numbers from 0 are taken for codes, as torch's losses do, unless ``classes`` names them.
    """
    values = as_array(labels)
    if values.ndim != 1 or len(values) == 0:
        raise TargetError(
            f"labels of shape {values.shape} give no row a class",
            remedy="pass a 1-d array with at least one label",
        )
    named = classes is not None and not _is_number(classes)
    if not named and values.dtype.kind in "biuf":
        return _codes_of_numbers(values, classes)
    names = list(classes) if isinstance(classes, Sequence | np.ndarray) else None
    return _codes_of_names(values, names, classes if names is None else None)


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
    asked = classes if _is_number(classes) else len(names)
    if asked != width:
        raise UsageError(
            f"classes= names {asked} labels, the multi-hot matrix has {width} columns",
            remedy="name every column in order, or leave classes= out",
        )
    return values.astype(bool), names


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _codes_of_numbers(values: NDArray[Any], count: Any) -> tuple[NDArray[np.int64], list[Any]]:
    whole = np.isfinite(values) & (values >= 0) if values.dtype.kind == "f" else values >= 0
    if values.dtype.kind == "f":
        whole &= np.floor(values) == values
    if not np.all(whole):
        row = int(np.flatnonzero(~whole)[0])
        raise TargetError(
            f"label {values[row].item()!r} of row {row} is no class code",
            remedy="pass whole numbers from 0, or name the classes in order with classes=",
        )
    top = int(values.max()) + 1
    n_classes = top if count is None else operator.index(count)
    if top > n_classes:
        raise UsageError(
            f"class code {top - 1} is beyond classes={n_classes}",
            remedy=f"pass classes={top}, or codes from 0 to {n_classes - 1}",
        )
    if n_classes > _MOST_CLASSES:
        raise UsageError(
            f"label {top - 1} taken for a class code would make {n_classes} classes",
            remedy="name the classes in order with classes=",
        )
    return values.astype(np.int64), list(range(n_classes))


def _codes_of_names(
    values: NDArray[Any], names: list[Any] | None, count: Any
) -> tuple[NDArray[np.int64], list[Any]]:
    listed = values.tolist()
    for row, value in enumerate(listed):
        if value is None or value != value:
            raise TargetError(f"row {row} has no label", remedy="leave out rows without a label")
    if names is None:
        names = sorted(set(listed), key=lambda one: (type(one).__name__, one))
        if count is not None and len(names) != count:
            raise UsageError(
                f"classes={count}, but the labels hold {len(names)} distinct names",
                remedy="name all classes in order, as in classes=['ham', 'spam']",
            )
    places = {name: code for code, name in enumerate(names)}
    if len(places) < len(names):
        raise UsageError(f"classes={names!r} names a class twice", remedy="name each once")
    unknown = [value for value in listed if value not in places]
    if unknown:
        raise UsageError(
            f"label {unknown[0]!r} is not among the classes {names!r}",
            remedy="name every class in classes=",
        )
    return np.fromiter((places[value] for value in listed), np.int64, len(listed)), names


def real_number(value: Any, name: str, expected: str) -> float:
    """Return a finite number from 0, or say which parameter is none."""
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or value < 0:
        raise UsageError(f"{name}={value!r} is no number from 0", remedy=f"pass {expected}")
    return float(value)
