"""Texts out of lists, arrays, series and frames, and back into what they came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import ColumnNotFound, DataError, UsageError
from equipoise.frames import is_arrow_array, put_columns, text_like, wrap_native
from equipoise.samplers.refusals import is_missing

__all__ = ["Sheet", "open_sheet", "restored_labels"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Sheet:
    """Columns of texts and the way back.

    Attributes
    ----------
    length : int
        Number of rows.
    labels : list
        Labels of all columns, empty for data of one dimension.
    texts : list of list of str
        The columns of text.
    rebuilt : callable
        Takes, for each row wanted, the row of the input that the other columns are copied from, and new
        columns of text; returns data of the kind that came in.
    """

    length: int
    labels: list[Any]
    texts: list[list[str]]
    rebuilt: Callable[[Rows, list[list[str]]], Any]


def open_sheet(data: Any, column: Any = None) -> Sheet:
    """Read texts.

    Parameters
    ----------
    data : list, array, series or data frame
        Texts, or rows with texts in some columns: numpy, pandas, polars or pyarrow.
    column : label or list of labels, optional
        Columns of text, needed where there are several.

    Returns
    -------
    Sheet

    Raises
    ------
    UsageError
        If ``column`` is missing, unknown or out of place.
    DataError
        If the data cannot be read, or texts are missing or are no texts.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.text.sheets import open_sheet
    >>> sheet = open_sheet(["a", "b"])
    >>> sheet.rebuilt(np.array([0, 1, 1]), [["a", "b", "c"]])
    ['a', 'b', 'c']
    """
    if isinstance(data, (list, tuple)):
        return _single(data, column, lambda rows, texts: texts)
    if isinstance(data, np.ndarray):
        return _from_array(data, column)
    if hasattr(data, "iloc"):
        return _from_pandas(data, column)
    if is_arrow_array(data):
        return _single(data.to_pylist(), column, lambda _, texts: text_like(data, texts))
    wrapped = wrap_native(data, series=True)
    if hasattr(wrapped, "columns"):
        return _from_frame(wrapped, column)
    if wrapped is not None:
        return _single(wrapped.to_list(), column, lambda _, texts: text_like(wrapped, texts))
    raise DataError(
        f"X is of type {type(data).__name__}, not texts",
        remedy="give a list, array, series or data frame of texts",
    )


def _single(values: Sequence[Any], column: Any, back: Callable[[Rows, list[str]], Any]) -> Sheet:
    if column is not None:
        raise UsageError(
            f"column={column!r} names a column, but X has no columns",
            remedy="leave column out, or give a data frame",
        )
    texts = _checked(values, "X")
    return Sheet(len(texts), [], [texts], lambda rows, columns: back(rows, columns[0]))


def _from_array(data: NDArray[Any], column: Any) -> Sheet:
    if data.ndim not in (1, 2):
        raise DataError(
            f"X is an array of {data.ndim} dimensions", remedy="give texts in one dimension or two"
        )
    # A fixed width would cut new texts off, so it is found anew; other arrays hold any object.
    dtype = np.str_ if data.dtype.kind == "U" else object
    if data.ndim == 1:
        return _single(data.tolist(), column, lambda _, texts: np.array(texts, dtype=dtype))
    labels = list(range(data.shape[1]))
    places = _places(labels, column)

    def back(rows: Rows, columns: list[list[str]]) -> Any:
        out = data[rows].astype(object)
        for j, texts in zip(places, columns, strict=True):
            out[:, j] = texts
        return out if dtype is object else out.astype(dtype)

    return Sheet(len(data), labels, [_checked(data[:, j].tolist(), j) for j in places], back)


def _from_pandas(data: Any, column: Any) -> Sheet:
    def series(old: Any, texts: list[str], index: Any) -> Any:
        dtype = None if str(old.dtype) == "category" else old.dtype
        return type(old)(texts, index=index, dtype=dtype, name=old.name)

    if data.ndim == 1:
        return _single(data.tolist(), column, lambda _, texts: series(data, texts, None))
    labels = list(data.columns)
    places = _places(labels, column)

    def back(rows: Rows, columns: list[list[str]]) -> Any:
        out = data.iloc[rows].reset_index(drop=True)
        for j, texts in zip(places, columns, strict=True):
            out.isetitem(j, series(data.iloc[:, j], texts, out.index))
        return out

    texts = [_checked(data.iloc[:, j].tolist(), labels[j]) for j in places]
    return Sheet(len(data), labels, texts, back)


def _from_frame(frame: Any, column: Any) -> Sheet:
    labels = frame.columns
    places = _places(labels, column)

    def back(rows: Rows, columns: list[list[str]]) -> Any:
        new = {
            labels[j]: text_like(frame[labels[j]], texts)
            for j, texts in zip(places, columns, strict=True)
        }
        return put_columns(frame[rows.tolist()], new).to_native()

    texts = [_checked(frame[labels[j]].to_list(), labels[j]) for j in places]
    return Sheet(len(frame), labels, texts, back)


def _places(labels: list[Any], column: Any) -> list[int]:
    named = ", ".join(map(repr, labels[:8])) + (", ..." if len(labels) > 8 else "")
    if column is None:
        if len(labels) != 1:
            raise UsageError(
                f"X has {len(labels)} columns ({named}) and column is not set",
                remedy="name the column of texts, as in column='text'",
            )
        return [0]
    wanted = column if isinstance(column, list) else [column]
    if not wanted:
        raise UsageError("column=[] names no column", remedy=f"use one or more of {named}")
    places = []
    for label in wanted:
        found = [j for j, one in enumerate(labels) if type(one) is type(label) and one == label]
        if len(found) != 1 or found[0] in places:
            many = "is not there" if not found else "is there twice"
            raise ColumnNotFound(f"column {label!r} {many}", remedy=f"X has the columns {named}")
        places += found
    return places


def _checked(values: Sequence[Any], label: Any) -> list[str]:
    """Return values as plain texts."""
    if all(type(value) is str for value in values):
        return list(values)
    where = "X" if label == "X" else f"column {label!r}"
    missing = sum(map(is_missing, values))
    if missing:
        raise DataError(
            f"{missing} of {len(values)} texts of {where} are missing",
            remedy="fill them with '' or drop the rows",
        )
    wrong = [value for value in values if not isinstance(value, str)]
    if wrong:
        raise DataError(
            f"{len(wrong)} of {len(values)} values of {where} are not texts, the first being {wrong[0]!r:.60}",
            remedy="give texts, or make them so with str()",
        )
    return [str(value) for value in values]


def restored_labels(given: Any, labels: Any, rows: Rows) -> Any:
    """Return resampled labels as the kind of column that was given.

    Parameters
    ----------
    given : array or series
        Labels before.
    labels : array or series
        Labels after, in the kind that imbalanced-learn gives.
    rows : int64 array
        Row of ``given`` behind each.

    Returns
    -------
    array or series

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> from equipoise.samplers.text.sheets import restored_labels
    >>> restored_labels(pl.Series([3, 4]), None, np.array([0, 1, 1])).to_list()
    [3, 4, 4]
    """
    if isinstance(given, (list, np.ndarray)) or hasattr(given, "iloc"):
        return labels
    wrapped = wrap_native(given, series=True)
    if wrapped is not None and not hasattr(wrapped, "columns"):
        return wrapped[rows.tolist()].to_native()
    return given.take(rows) if is_arrow_array(given) else labels
