"""Labels and classes that samplers refuse, in words that name the class and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.frames import wrap_native

__all__ = [
    "is_missing",
    "listed",
    "plain",
    "require_labels",
    "require_neighbours",
]


def require_neighbours(
    name: str, parameter: str, k: int, label: Any, count: int, *, spare: int = 1
) -> None:
    """Refuse a number of neighbours that a class does not have.

    Parameters
    ----------
    name, parameter : str
        Class of the sampler, and its parameter.
    k : int
        Value of the parameter.
    label : object
        The class, or None for all rows.
    count : int
        Its rows.
    spare : int, default 1
        Rows that are no neighbours: 1 as a row is none of its own.

    Raises
    ------
    DataError
        If ``k > count - spare``.
    """
    if k <= count - spare:
        return
    most = count - spare
    whose = "the data have" if label is None else f"class {plain(label)!r} has"
    rows = f"{count} row{'s' * (count != 1)}"
    remedy = f"use {parameter}={most}" + (" or RandomOverSampler" if label is not None else "")
    if most < 1:
        remedy = "use RandomOverSampler" if label is not None else "give more rows"
    raise DataError(
        f"{whose} {rows}, {name}({parameter}={k}) needs at least {k + spare}", remedy=remedy
    )


def require_labels(X: Any, y: Any) -> None:
    """Refuse what has no rows or no labels, or lacks the labels of some rows.

    Parameters
    ----------
    X, y : object
        Rows and their labels.

    Raises
    ------
    UsageError
        If one is None.
    TargetError
        If labels are missing; the message says how many.
    """
    for name, given, what in (("X", X, "rows"), ("y", y, "labels")):
        if given is None:
            raise UsageError(f"{name} is None", remedy=f"give the {what}, one per row")
    missing = _missing_labels(y)
    if missing.any():
        raise TargetError(
            f"y is missing in {int(missing.sum())} of {len(missing)} rows, the first is row "
            f"{int(missing.argmax())}",
            remedy="leave rows without a label out",
        )


def _missing_labels(y: Any) -> NDArray[np.bool_]:
    """Say of which rows a label is missing."""
    if hasattr(y, "isna"):
        return _any_in_row(np.asarray(y.isna(), dtype=bool))
    wrapped = wrap_native(y, series=True)
    if hasattr(wrapped, "is_null") and not wrapped.dtype.is_float():
        return _any_in_row(wrapped.is_null().to_numpy())
    values = _objects(y) if isinstance(y, (list, tuple)) else np.asarray(y)
    if values.dtype.kind == "f":
        return _any_in_row(np.isnan(values))
    if values.dtype.kind == "O":
        found = np.array([is_missing(value) for value in values.ravel()], dtype=bool)
        return _any_in_row(found.reshape(values.shape))
    return np.zeros(len(values), dtype=bool)


def _any_in_row(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return (
        np.asarray(found.reshape(len(found), -1).any(axis=1), dtype=bool) if found.size else found
    )


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    # As an array, a list of texts and NaN would be one of texts.
    return np.fromiter(values, dtype=object, count=len(values))


def is_missing(value: Any) -> bool:
    """Say whether a value stands for one that is missing: None, NaN, and what pandas has for it.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool

    Examples
    --------
    >>> from equipoise.samplers.refusals import is_missing
    >>> is_missing(float("nan")), is_missing("nan")
    (True, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def listed(names: Sequence[Any]) -> str:
    """Return columns as words of an error: the first three names, and how many more.

    Parameters
    ----------
    names : sequence
        Names of columns.

    Returns
    -------
    str

    Examples
    --------
    >>> from equipoise.samplers.refusals import listed
    >>> listed(["a", "b", "c", "d"])
    "columns 'a', 'b', 'c' and 1 more"
    """
    shown = ", ".join(repr(str(each)) for each in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"column{'s' * (len(names) > 1)} {shown}{more}"


def plain(label: Any) -> Any:
    """Return a label as Python writes it, for messages.

    Parameters
    ----------
    label : object
        A label, of numpy or not.

    Returns
    -------
    object

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.refusals import plain
    >>> plain(np.float64(1.0))
    1.0
    """
    return label.item() if isinstance(label, np.generic) else label
