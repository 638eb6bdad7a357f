"""Tables of numbers and categories of any library, taken apart for distances and put together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import DataError, UsageError
from equipoise.frames import (
    append_rows,
    category_codes,
    copied_back,
    is_number,
    is_pandas,
    number_array,
    plain_numbers,
    put_columns,
    wrap_native,
)
from equipoise.samplers.coding import categories_of, places_of
from equipoise.samplers.columns import not_numbers
from equipoise.samplers.numbers.making import NewRows
from equipoise.samplers.refusals import is_missing, listed

__all__ = ["Table", "target_like"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]


class Table:
    """A table that rows are taken from and added to.

    Parameters
    ----------
    X : array, sparse matrix or data frame, shape (n, columns)
        Rows: numpy, scipy, pandas, polars or pyarrow.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers.tables import Table
    >>> Table(np.array([[1.0], [2.0]])).take(np.array([1, 1])).tolist()
    [[2.0], [2.0]]
    """

    def __init__(self, X: Any) -> None:
        self.frame = wrap_native(X)
        self.pandas = self.frame is None and is_pandas(X)
        if self.frame is None and not self.pandas:
            X = X.tocsr() if sp.issparse(X) else np.asarray(X)
            if X.ndim != 2:
                raise UsageError(
                    f"X has {X.ndim} dimensions", remedy="pass a table: a row per case"
                )
        self.X = X
        self.categories: list[int] = []
        self.numbers: list[int] = []
        self.n = len(self.frame) if self.frame is not None else int(X.shape[0])
        self.names = (
            list(self.frame.columns)
            if self.frame is not None
            else list(X.columns if self.pandas else range(X.shape[1]))
        )

    def take(self, rows: Rows) -> Any:
        """Return some rows, of the kind given."""
        if self.frame is not None:
            return self.frame[rows.tolist()].to_native()
        if self.pandas:
            return self.X.iloc[rows].reset_index(drop=True)
        return self.X[rows]

    def read(self, categorical: Any, wanted_by: str) -> tuple[F, Rows]:
        """Return the columns of numbers, float64 (n, p), and codes of the categories, int64 (n, c).

        Raises
        ------
        DataError
            If a column is neither, or a number is missing or infinite.
        """
        if sp.issparse(self.X):
            raise DataError(
                f"{wanted_by} makes rows from all columns, and the matrix is sparse",
                remedy="give a dense array, or use TailOverSampler or TailUnderSampler",
            )
        self.categories = sorted(set(self._places(categorical)))
        self.numbers = [j for j in range(len(self.names)) if j not in self.categories]
        self._require_numbers(wanted_by)
        numbers = self._number_values()
        wrong = ~np.isfinite(numbers)
        if wrong.any():
            first = self.names[self.numbers[int(wrong.any(axis=0).argmax())]]
            what = "NaN" if np.isnan(numbers).any() else "infinity"
            raise DataError(
                f"Input X contains {what}: {int(wrong.sum())} value{'s' * int(wrong.sum() != 1)}, the "
                f"first in column {first!r}; {wanted_by} needs all",
                remedy="impute them first, or use TailOverSampler or TailUnderSampler, which look at the "
                "target only",
            )
        return numbers, self._codes()

    def _places(self, given: Any) -> list[int]:
        if self.frame is not None:
            return places_of(given, self.frame)
        if isinstance(given, str) and given == "auto":
            if self.pandas:
                boolean = [j for j, kind in enumerate(self.X.dtypes) if str(kind) == "bool"]
                return [*categories_of(self.X).tolist(), *boolean]
            return not_numbers(self.X) if self.X.dtype.kind in "OUS" else []
        return places_of(given, _Named(self.names))

    def _require_numbers(self, wanted_by: str) -> None:
        if self.frame is not None:
            schema = list(self.frame.schema.items())
            wrong = [schema[j][0] for j in self.numbers if not is_number(schema[j][1])]
        elif self.pandas:
            wrong = not_numbers(self.X.iloc[:, self.numbers], [self.names[j] for j in self.numbers])
        else:
            wrong = [j for j in not_numbers(self.X) if j in self.numbers]
        if wrong:
            raise DataError(
                f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} neither numbers nor categories, "
                f"which {wanted_by} needs",
                remedy="name such columns in categorical_features, or leave them out",
            )

    def _number_values(self) -> F:
        if not self.numbers:
            return np.empty((self.n, 0))
        if self.frame is not None:
            names = [self.names[j] for j in self.numbers]
            return number_array(self.frame[names]).astype(np.float64)
        if self.pandas:
            plain = plain_numbers(self.X.iloc[:, self.numbers])
            return np.asarray(plain.to_numpy(dtype=np.float64), dtype=np.float64)
        return np.asarray(self.X[:, self.numbers], dtype=np.float64)

    def _codes(self) -> Rows:
        codes = np.empty((self.n, len(self.categories)), dtype=np.int64)
        for place, j in enumerate(self.categories):
            if self.frame is not None:
                codes[:, place] = category_codes(self.frame[self.names[j]])
            elif self.pandas:
                codes[:, place] = self.X.iloc[:, j].factorize(use_na_sentinel=False)[0]
            else:
                known: dict[Any, int] = {}
                values = [None if is_missing(one) else one for one in self.X[:, j].tolist()]
                codes[:, place] = [known.setdefault(one, len(known)) for one in values]
        return codes

    def grow(self, kept: Rows, made: NewRows) -> Any:
        """Return the kept rows, and below them the made ones, cut to the types of their columns."""
        both = np.concatenate([kept, made.base])
        if not len(made.base):
            return self.take(kept)
        source = {
            j: np.concatenate([kept, made.source[:, place]])
            for place, j in enumerate(self.categories)
        }
        if self.frame is not None:
            return self._grown_frame(kept, both, made, source)
        if self.pandas:
            return self._grown_pandas(kept, both, made, source)
        out = self.X[both]
        if self.X.dtype.kind in "iu":
            out = out.astype(np.float64)
        out[len(kept) :, self.numbers] = made.numbers
        for j, rows in source.items():
            out[:, j] = self.X[rows, j]
        return out

    def _grown_frame(self, kept: Rows, both: Rows, made: NewRows, source: dict[int, Rows]) -> Any:
        columns = {
            self.names[j]: self.frame[self.names[j]][rows.tolist()].to_native()
            for j, rows in source.items()
        }
        if self.numbers:
            names = [self.names[j] for j in self.numbers]
            grown = append_rows(self.frame[names][kept.tolist()], made.numbers)
            columns |= {name: grown[name].to_native() for name in names}
        return put_columns(self.frame[both.tolist()], columns).to_native()

    def _grown_pandas(self, kept: Rows, both: Rows, made: NewRows, source: dict[int, Rows]) -> Any:
        out = self.X.iloc[both].reset_index(drop=True)
        own = self.X.iloc[:, self.numbers]
        copied = np.concatenate([kept, np.full(len(made.base), -1)])
        values = np.vstack([self._number_values()[kept], made.numbers])
        grown = copied_back(own, type(self.X)(values, columns=own.columns), copied)
        for place, j in enumerate(self.numbers):
            column = grown.iloc[:, place]
            out.isetitem(j, column.astype(own.dtypes.iloc[place]))
        for j, rows in source.items():
            out.isetitem(j, self.X.iloc[rows, j].reset_index(drop=True))
        return out


class _Named:
    """Names and nothing else: what :func:`places_of` asks of a frame where positions or names are given."""

    def __init__(self, columns: list[Any]) -> None:
        self.columns = columns


def target_like(y: Any, values: F, copied: Rows) -> Any:
    """Return targets as a column of the library that they came in.

    Parameters
    ----------
    y : array, list or series, length n
        Targets of the input.
    values : float64 array, shape (m,)
        Targets of the output.
    copied : int64 array, shape (m,)
        Row of the input behind each, -1 for made ones. Where there are none the type stays too.

    Returns
    -------
    of the kind given, length m

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> from equipoise.samplers.numbers.tables import target_like
    >>> target_like(pl.Series("t", [1, 2]), np.array([2.0]), np.array([1])).to_list()
    [2]
    """
    whole = bool((copied >= 0).all())
    series = wrap_native(y, series=True)
    if series is not None:
        if whole:
            return series[copied.tolist()].to_native()
        kind = series.implementation
        return type(series).from_numpy(series.name, values, backend=kind).to_native()
    if hasattr(y, "iloc"):
        return y.iloc[copied].reset_index(drop=True) if whole else type(y)(values, name=y.name)
    given = np.asarray(y)
    if whole:
        return given[copied]
    return values.astype(given.dtype) if given.dtype == np.float32 else values
