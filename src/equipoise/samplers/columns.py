"""Columns that samplers cannot read, in words that name the column and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import DataError
from equipoise.frames import is_number
from equipoise.samplers.refusals import is_missing, listed

__all__ = [
    "explain_columns",
    "explain_missing",
    "explain_mixture",
    "explain_size",
    "not_numbers",
    "require_numbers",
]

_LARGE = 1e38  # about where single precision ends
_SIGNS = ("too large", "not finite", "NaN to integer", "contains NaN", "contains infinity")


def require_numbers(frame: Any, name: str) -> None:
    """Refuse a frame with columns that are not numbers.

    Parameters
    ----------
    frame : narwhals.DataFrame
        Rows.
    name : str
        Class of the sampler.

    Raises
    ------
    DataError
        If there are any; the message names the first.
    """
    wrong = [column for column, dtype in frame.schema.items() if not is_number(dtype)]
    if wrong:
        raise _no_numbers(wrong, name)


def _no_numbers(wrong: Sequence[Any], name: str) -> DataError:
    return DataError(
        f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} not numbers, which {name} needs",
        remedy="use SMOTENC for numbers beside categories, RandomOverSampler or RandomUnderSampler "
        "for any columns, or encode them first",
    )


def explain_columns(
    X: Any, y: Any, name: str, error: Exception, columns: Sequence[Any] | None = None
) -> None:
    """Raise a clearer message if it is text, dates or missing values that were refused, else return.

    Parameters
    ----------
    X : array, sparse matrix or data frame, shape (n, columns)
        The rows that were refused.
    y : array
        Their labels.
    name : str
        Class of the sampler.
    error : Exception
        What the check raised.
    columns : sequence, optional
        Names of the columns, where ``X`` does not have them.

    Raises
    ------
    DataError
        If a column holds text or dates, or values of ``X`` or ``y`` are NaN or infinite; the message
        names the first column.
    """
    wrong = not_numbers(X, columns)
    if wrong:
        raise _no_numbers(wrong, name) from None
    explain_missing(X, y, name, error, columns)


def not_numbers(X: Any, columns: Sequence[Any] | None = None) -> list[Any]:
    """Return the names of the columns that hold text or dates that are not read as numbers.

    Parameters
    ----------
    X : array, sparse matrix, data frame or list of rows, shape (n, columns)
        Rows.
    columns : sequence, optional
        Names of the columns, where ``X`` does not have them.

    Returns
    -------
    list
        Names, or places from 0.

    Examples
    --------
    >>> from equipoise.samplers.columns import not_numbers
    >>> not_numbers([["1.5", "ham", 3]])
    [1]
    """
    if sp.issparse(X):
        return []
    return [name for name, values in _columns(X, columns) if _is_text(values)]


def _columns(X: Any, names: Sequence[Any] | None) -> list[tuple[Any, NDArray[Any]]]:
    """Return names and values of columns, without what pandas holds to be missing."""
    if hasattr(X, "iloc"):
        own = list(X.columns) if names is None else names
        return [(name, np.asarray(X.iloc[:, j].dropna())) for j, name in enumerate(own)]
    try:
        values = X if isinstance(X, np.ndarray) else np.array(X, dtype=object)
    except ValueError:
        return []
    if values.ndim != 2:
        return []
    own = range(values.shape[1]) if names is None else list(names)
    return [(name, values[:, j]) for j, name in enumerate(own)]


def _is_text(values: NDArray[Any]) -> bool:
    if values.dtype.kind in "biufc":
        return False
    if values.dtype.kind in "Mm":
        return True
    try:
        values.astype(np.float64)
    except ValueError:
        return True
    except TypeError:
        return any(isinstance(one, str) or hasattr(one, "isoformat") for one in values)
    return False


def explain_missing(
    X: Any, y: Any, name: str, error: Exception, columns: Sequence[Any] | None = None
) -> None:
    """Raise a clearer message if it is missing values that were refused, else return.

    Parameters
    ----------
    X : array, sparse matrix or data frame, shape (n, columns)
        The rows that were refused.
    y : array
        Their labels.
    name : str
        Class of the sampler.
    error : Exception
        What the check raised.
    columns : sequence, optional
        Names of the columns, where ``X`` does not have them.

    Raises
    ------
    DataError
        If values of ``X`` or ``y`` are NaN or infinite; the message names the first column.
    """
    if "NaN" not in str(error) and "infinity" not in str(error):
        return
    if "Input y" in str(error):
        raise DataError(
            "the labels hold NaN or infinity", remedy="leave rows without a label out"
        ) from None
    try:
        values = np.asarray(X.data if sp.issparse(X) else X, dtype=np.float64)
    except (TypeError, ValueError):
        return
    bad = ~np.isfinite(values)
    if not bad.any():
        return
    where = ""
    if values.ndim == 2:
        first = int(np.flatnonzero(bad.any(axis=0))[0])
        named: Any = columns or getattr(X, "columns", None)
        names = range(values.shape[1]) if named is None else list(named)
        where = f", the first in column {names[first]!r}"
    what = "NaN" if np.isnan(values).any() else "infinity"
    # The advice to repeat rows at random is of no use to who asked for just that, with noise.
    way = (
        "leave shrinkage out: without it, RandomOverSampler looks at labels only"
        if name == "RandomOverSampler"
        else "use RandomOverSampler or RandomUnderSampler, which look at labels only"
    )
    raise DataError(
        f"Input X contains {what}: {int(bad.sum())} value{'s' * int(bad.sum() != 1)}{where}; {name} needs all",
        remedy=f"impute them first, or {way}",
    ) from error


def explain_size(X: Any, name: str, error: Exception, columns: Sequence[Any] | None = None) -> None:
    """Raise a clearer message if it is the size of values that a model could not compute with, else return.

    Parameters
    ----------
    X : array or sparse matrix, shape (n, columns)
        Rows.
    name : str
        Class of the sampler.
    error : Exception
        What the model raised.
    columns : sequence, optional
        Names of the columns.

    Raises
    ------
    DataError
        If a value is beyond the range of single precision; the message names the column.
    """
    if not any(sign in str(error) for sign in _SIGNS):
        return
    try:
        values = np.abs((X.tocsc() if sp.issparse(X) else np.asarray(X)).astype(np.float64))
    except (TypeError, ValueError):
        return
    largest = values.max(axis=0)
    tops: NDArray[np.float64] = largest.toarray().ravel() if sp.issparse(X) else largest
    place = int(tops.argmax())
    if tops[place] > _LARGE:
        named = place if columns is None else columns[place]
        raise DataError(
            f"column {named!r} has values up to {tops[place]:.3g}, too large for the model in {name}",
            remedy="scale the columns first, such as by sklearn.preprocessing.MaxAbsScaler",
        ) from error


def explain_mixture(X: Any, error: Exception, columns: Sequence[Any] | None = None) -> None:
    """Raise a clearer message if a column of categories holds text beside numbers, else return.

    Parameters
    ----------
    X : array or data frame, shape (n, columns)
        Categories that an encoder refused.
    error : Exception
        What it raised.
    columns : sequence, optional
        Names of the columns, where ``X`` does not have them.

    Raises
    ------
    DataError
        If there is such a column; the message names it and the types.
    """
    for name, values in _columns(X, columns):
        kinds = sorted({type(one).__name__ for one in values.tolist() if not is_missing(one)})
        if values.dtype.kind == "O" and "str" in kinds and len(kinds) > 1:
            raise DataError(
                f"column {name!r} holds values of several types, {' and '.join(kinds)}",
                remedy="make them all text, such as by astype(str), or all numbers",
            ) from error
