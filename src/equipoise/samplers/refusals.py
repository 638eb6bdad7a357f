"""What samplers refuse, in words that name the class, the column and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from equipoise.errors import DataError
from equipoise.frames import is_number

__all__ = ["explain_missing", "listed", "plain", "require_neighbours", "require_numbers"]


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
        raise DataError(
            f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} not numbers, which {name} needs",
            remedy="use SMOTENC for numbers beside categories, RandomOverSampler or RandomUnderSampler "
            "for any columns, or encode them first",
        )


def explain_missing(
    X: Any, y: Any, name: str, error: Exception, columns: list[str] | None = None
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
    columns : list of str, optional
        Names of the columns, where ``X`` does not have them.

    Raises
    ------
    DataError
        If values of ``X`` or ``y`` are NaN or infinite; the message names the first column.
    """
    if "NaN" not in str(error) and "infinity" not in str(error):
        return
    try:
        values = np.asarray(X.data if sp.issparse(X) else X, dtype=np.float64)
    except (TypeError, ValueError):
        return
    if "Input y" in str(error):
        raise DataError(
            "the labels hold NaN or infinity", remedy="leave rows without a label out"
        ) from None
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
    raise DataError(
        f"Input X contains {what}: {int(bad.sum())} value{'s' * int(bad.sum() != 1)}{where}; {name} needs all",
        remedy="impute them first, or use RandomOverSampler or RandomUnderSampler, which look at labels only",
    ) from error


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
