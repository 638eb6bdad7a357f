"""Labels as they come, in lists, columns, arrays and tensors: one reader for all who count them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import TargetError, UsageError

__all__ = ["as_array", "is_whole", "label_array", "read_codes"]

_MOST_CLASSES = 1_000_000
_NUMBERS = int | float | np.number | np.bool_


def as_array(values: Any, name: str = "labels") -> NDArray[Any]:
    """Return a tensor, column, array or list as an array on the host; what is one value is 0-d."""
    if hasattr(values, "detach"):  # a tensor: torch is not imported here
        host = values.detach().cpu()
        # bfloat16 has no counterpart in numpy.
        return np.asarray(host.double() if host.is_floating_point() else host)
    single = isinstance(values, str | bytes | Mapping | Set) or not isinstance(values, Iterable)
    if not single and not hasattr(values, "__array__"):
        values = [as_array(one) if hasattr(one, "detach") else one for one in values]
    try:
        out = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the rows of the {name} have different lengths, or are no rows",
            remedy="pass one value per row, or equally long rows",
        ) from error
    texts = isinstance(values, list) and out.ndim == 1 and out.dtype.kind in "US"
    if texts and not all(isinstance(one, str | bytes) for one in values):
        # Next to a text numpy would write numbers, NaN among them, as texts.
        out = np.empty(len(values), dtype=object)
        out[:] = values
    return out


def label_array(labels: Any) -> NDArray[Any]:
    """Return labels as a 1-d array in which none is missing.

    The same labels are read alike from every container: numbers of a column of objects as numbers.
    """
    values = as_array(labels)
    if values.ndim != 1:
        raise TargetError(
            f"labels of shape {values.shape} give no row a class",
            remedy="pass one label per row, shape (n,)",
        )
    if len(values) == 0:
        raise _no_labels()
    missing = np.flatnonzero(_missing(values))
    if len(missing):
        raise TargetError(
            f"{len(missing):,} of {len(values):,} labels are missing, the first in row {missing[0]}",
            remedy="leave those rows out, or fill them in",
        )
    if values.dtype.kind == "O" and all(isinstance(one, _NUMBERS) for one in values):
        return np.asarray(values.tolist())
    return values


def read_codes(
    labels: Any,
    classes: int | Sequence[Any] | None = None,
    *,
    ignore_index: int | None = None,
    least: int = 1,
) -> tuple[NDArray[np.int64], list[Any]]:
    """Return class codes, int64, and the classes in the order of their codes.

    Whole numbers from 0 are taken for codes, as torch's losses do, unless ``classes`` names them;
    those that are ``ignore_index`` are left out. Other labels stand in sorted order, or in that of
    ``classes``. Where ``classes`` does not say how many there are, codes make ``least`` or more.
    """
    values = label_array(labels)
    numbers = values.dtype.kind in "biuf"
    if ignore_index is not None and numbers and values.dtype.kind != "b":
        kept = values != ignore_index
        if not kept.any():
            raise _no_labels()
    else:
        kept = np.ones(len(values), dtype=bool)
    named = classes is not None and not is_whole(classes)
    if numbers and not named:
        return _codes_of_numbers(values, kept, classes, least)
    names = list(classes) if isinstance(classes, Sequence | np.ndarray) else None
    return _codes_of_names(values[kept], names, classes if names is None else None)


def is_whole(value: Any) -> TypeGuard[int]:
    """Tell whether a value is one whole number."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _no_labels() -> TargetError:
    return TargetError("there are no labels to count", remedy="pass at least one label")


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind == "O":
        from equipoise.data.labels import is_missing

        # A blank text is a label here, as it is in an array of texts.
        gone = (not isinstance(one, str) and is_missing(one) for one in values)
        return np.fromiter(gone, np.bool_, len(values))
    # Only NaN and NaT differ from themselves.
    return np.asarray(values != values) if values.dtype.kind in "fcmM" else np.zeros(0, np.bool_)


def _codes_of_numbers(
    values: NDArray[Any], kept: NDArray[np.bool_], count: Any, least: int
) -> tuple[NDArray[np.int64], list[Any]]:
    whole = values >= 0
    if values.dtype.kind == "f":
        whole &= np.isfinite(values) & (np.floor(values) == values)
    wrong = np.flatnonzero(kept & ~whole)
    if len(wrong):
        row = int(wrong[0])
        raise TargetError(
            f"label {values[row].item()!r} of row {row} is no class code",
            remedy="pass whole numbers from 0, or name the classes in order with classes=",
        )
    values = values[kept]
    top = int(values.max()) + 1
    n_classes = max(top, least) if count is None else operator.index(count)
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
    unknown = next((one for one in listed if one not in places), None)
    if unknown is not None:
        raise UsageError(
            f"label {unknown!r} is not among the classes {names!r}",
            remedy="name every class in classes=",
        )
    return np.fromiter((places[one] for one in listed), np.int64, len(listed)), names
