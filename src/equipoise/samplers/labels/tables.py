"""Rows and label columns of any kind: read as arrays, and given back as what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, check_array

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.frames import (
    append_rows,
    copied_back,
    is_number,
    is_pandas,
    number_array,
    plain_numbers,
    wrap_native,
)
from equipoise.samplers.columns import not_numbers
from equipoise.samplers.refusals import listed

__all__ = ["Rows", "number_matrix", "read_label_sets"]

_REMEDY = "pass 1 where a row has the label and 0 where it has not, one column per label"


class Rows:
    """A table whose rows are taken, repeated and added to, of whatever kind it is.

    Parameters
    ----------
    given : array, sparse matrix, data frame, series or list of n rows
    """

    def __init__(self, given: Any) -> None:
        self.frame = wrap_native(given, series=True)
        indexable = self.frame is not None or hasattr(given, "shape") or hasattr(given, "iloc")
        self.given: Any = given if indexable else list(given)

    def __len__(self) -> int:
        if self.frame is not None:
            return len(self.frame)
        return int(self.given.shape[0]) if hasattr(self.given, "shape") else len(self.given)

    @property
    def names(self) -> list[Any] | None:
        """Names of the columns, where there are any."""
        table = self.given if self.frame is None else self.frame
        columns = getattr(table, "columns", None)
        return None if columns is None else list(columns)

    def take(self, rows: NDArray[np.int64]) -> Any:
        """Return some rows, in the order and as often as they are named.

        Parameters
        ----------
        rows : int64 array, shape (m,)

        Returns
        -------
        of the kind given; an index of pandas starts anew
        """
        if self.frame is not None:
            return self.frame[rows.tolist()].to_native()
        if sp.issparse(self.given):
            return self.given.tocsr()[rows].asformat(self.given.format)
        if hasattr(self.given, "iloc"):
            return self.given.iloc[rows].reset_index(drop=True)
        return _safe_indexing(self.given, rows)

    def extended(self, new: Any) -> Any:
        """Return all rows, and new ones below them in the types of the columns.

        Parameters
        ----------
        new : array or sparse matrix, shape (s, columns)

        Returns
        -------
        of the kind given; an index of pandas starts anew
        """
        if self.frame is not None:
            return append_rows(self.frame, np.asarray(new)).to_native()
        if sp.issparse(self.given):
            below = sp.csr_matrix(new).astype(self.given.dtype)
            return sp.vstack([self.given, below], format=self.given.format)
        if is_pandas(self.given):
            return self._extended_pandas(new)
        if isinstance(self.given, list):
            return [*self.given, *np.asarray(new).tolist()]
        return np.concatenate([self.given, new]).astype(self.given.dtype, copy=False)

    def _extended_pandas(self, new: Any) -> Any:
        given, count = self.given, len(self)
        plain = np.asarray(plain_numbers(given))
        out = type(given)(np.concatenate([plain, new]), columns=given.columns)
        for place, dtype in enumerate(given.dtypes):
            if isinstance(dtype, np.dtype) and dtype.kind == "f":
                out.isetitem(place, out.iloc[:, place].astype(dtype))
        copied = np.append(np.arange(count), np.full(len(new), -1))
        return copied_back(given, out, copied)


def read_label_sets(Y: Any) -> tuple[NDArray[np.bool_], list[Any], Rows]:
    """Read label columns of 0 and 1.

    Parameters
    ----------
    Y : array, sparse matrix or data frame, shape (n, L)

    Returns
    -------
    has : bool array, shape (n, L)
        Whether the row has the label.
    names : list
        Names of the columns, or their places from 0.
    rows : Rows
        The table.

    Raises
    ------
    UsageError
        If it has not two dimensions.
    TargetError
        If it is empty, a value is neither 0 nor 1, or no row has any label.
    """
    if Y is None:
        raise UsageError("Y is None", remedy=_REMEDY)
    rows = Rows(Y)
    values = _label_values(rows)
    if values.ndim != 2:
        raise UsageError(
            f"Y has the shape {values.shape}, and label sets need a column per label",
            remedy=f"{_REMEDY}; where each row has one class, use SMOTE, RandomOverSampler and the like",
        )
    if not values.size:
        raise TargetError(
            f"Y has the shape {values.shape}", remedy="pass at least one row and one label"
        )
    names = rows.names or list(range(values.shape[1]))
    try:
        has = np.asarray(values == 1, dtype=np.bool_)
        wrong = ~(has | np.asarray(values == 0, dtype=np.bool_))
    except (TypeError, ValueError):
        wrong = np.ones(values.shape, dtype=np.bool_)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        value = values[row, column]
        shown = value.item() if isinstance(value, np.generic) else value
        raise TargetError(
            f"label {names[column]!r} is {shown!r} in row {row}, neither 0 nor 1", remedy=_REMEDY
        )
    if not has.any():
        raise TargetError("no row of Y has any label", remedy=_REMEDY)
    return has, names, rows


def _label_values(rows: Rows) -> NDArray[Any]:
    if rows.frame is not None:
        if not hasattr(rows.frame, "columns"):
            return np.asarray(rows.frame.to_numpy())
        wide = [rows.frame[name].to_numpy() for name in rows.frame.columns]
        if any(column.dtype.kind not in "biuf" for column in wide):
            wide = [column.astype(object) for column in wide]  # or 1 would become "1" beside text
        return np.column_stack(wide) if wide else np.empty((len(rows), 0))
    given = rows.given
    if sp.issparse(given):
        return np.asarray(given.toarray())
    if is_pandas(given):
        given = plain_numbers(given)
    try:
        return np.asarray(given)
    except ValueError:
        raise UsageError("the rows of Y have different lengths", remedy=_REMEDY) from None


def number_matrix(rows: Rows, name: str) -> Any:
    """Return rows of numbers as an array or a CSR matrix, or say which column is none.

    Parameters
    ----------
    rows : Rows
        The table.
    name : str
        Class of the sampler, for messages.

    Returns
    -------
    array or CSR matrix, shape (n, columns)
        Without missing or infinite values; float32 stays so.

    Raises
    ------
    DataError
        If a column holds text or dates, or misses values.
    """
    values = rows.given
    if rows.frame is not None and hasattr(rows.frame, "columns"):
        wrong = [column for column, dtype in rows.frame.schema.items() if not is_number(dtype)]
        if wrong:
            raise _no_numbers(wrong, name)
        values = number_array(rows.frame)
    elif is_pandas(values):
        values = plain_numbers(values)
    try:
        return check_array(values, accept_sparse="csr", dtype="numeric", input_name="X")
    except (TypeError, ValueError) as error:
        wrong = not_numbers(values, rows.names)
        if wrong:
            raise _no_numbers(wrong, name) from None
        _explain_gaps(values, rows.names, name, error)
        raise DataError(
            f"{name} cannot read X: {error}",
            remedy="pass a table of numbers, one row per case, or use MLROS, which reads labels only",
        ) from error


def _no_numbers(wrong: Sequence[Any], name: str) -> DataError:
    return DataError(
        f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} not numbers, which {name} needs",
        remedy="encode them first, or use MLROS, MLRUS or RepeatFactorOverSampler, which read labels only",
    )


def _explain_gaps(values: Any, names: list[Any] | None, name: str, error: Exception) -> None:
    if "NaN" not in str(error) and "infinity" not in str(error):
        return
    plain = np.asarray(values.tocsc().toarray() if sp.issparse(values) else values, np.float64)
    bad = ~np.isfinite(plain)
    if not bad.any():
        return
    first = int(np.flatnonzero(bad.any(axis=0))[0])
    what = "NaN" if np.isnan(plain).any() else "infinity"
    raise DataError(
        f"X holds {what}: {int(bad.sum())} value{'s' * int(bad.sum() != 1)}, the first in column "
        f"{(names or range(plain.shape[1]))[first]!r}; {name} needs all",
        remedy="impute them first, or use MLROS, MLRUS or RepeatFactorOverSampler, which read labels only",
    ) from error
