"""Tables and columns in the library they came in, for rows that go back into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.errors import DataError, UsageError
from equipoise.frames.indexed import is_pandas

__all__ = [
    "append_rows",
    "category_codes",
    "is_arrow_array",
    "is_category",
    "is_number",
    "number_array",
    "put_columns",
    "text_like",
    "wrap_native",
]

_CATEGORIES = (nw.String, nw.Categorical, nw.Enum, nw.Boolean)


def wrap_native(data: Any, *, series: bool = False) -> Any:
    """Wrap what scikit-learn cannot rebuild, to be taken apart and put together again.

    Parameters
    ----------
    data : object
        A table of polars or pyarrow, or anything else.
    series : bool, default False
        Whether a column will do too.

    Returns
    -------
    narwhals.DataFrame, narwhals.Series or None
        None for pandas, arrays, lists and whatever is no table; ``to_native()`` is the way back.

    Raises
    ------
    UsageError
        If it is a lazy query.

    Examples
    --------
    >>> import polars as pl
    >>> from equipoise.frames import wrap_native
    >>> wrap_native(pl.DataFrame({"x": [1, 2]})).columns
    ['x']
    >>> wrap_native([1, 2]) is None
    True
    """
    if isinstance(data, np.ndarray) or is_pandas(data):
        return None
    wrapped = nw.from_native(data, allow_series=True if series else None, pass_through=True)
    if isinstance(wrapped, nw.LazyFrame):
        raise UsageError(
            f"{type(data).__name__} is a query that has no rows yet",
            remedy="call .collect() first and give what it returns",
        )
    if not isinstance(wrapped, (nw.DataFrame, nw.Series)) or wrapped.implementation.is_pandas():
        return None
    return wrapped


def is_number(dtype: Any) -> bool:
    """Say whether values of a type are numbers, or true and false.

    Parameters
    ----------
    dtype : narwhals type

    Returns
    -------
    bool
    """
    return bool(dtype.is_numeric() or dtype == nw.Boolean)


def is_category(dtype: Any) -> bool:
    """Say whether values of a type are text, categories, or true and false.

    Parameters
    ----------
    dtype : narwhals type

    Returns
    -------
    bool
    """
    return dtype in _CATEGORIES


def number_array(frame: nw.DataFrame[Any]) -> NDArray[Any]:
    """Return the columns of a frame as one array, of float32 if all are, else of float64.

    Parameters
    ----------
    frame : narwhals.DataFrame
        n rows of numbers, or true and false.

    Returns
    -------
    float32 or float64 array, shape (n, columns)
    """
    narrow = all(dtype == nw.Float32 for dtype in frame.schema.values())
    columns = [frame[name].to_numpy() for name in frame.columns]
    return np.column_stack(columns).astype(np.float32 if narrow else np.float64)


def append_rows(frame: nw.DataFrame[Any], rows: NDArray[Any]) -> nw.DataFrame[Any]:
    """Return a frame with rows below it, cut to the types of its columns.

    Parameters
    ----------
    frame : narwhals.DataFrame
        Of columns of numbers, or true and false.
    rows : array, shape (m, columns)
        Fractions are dropped where a column holds whole numbers, as by imbalanced-learn for pandas.

    Returns
    -------
    narwhals.DataFrame

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> from equipoise.frames import append_rows, wrap_native
    >>> frame = wrap_native(pl.DataFrame({"n": [1], "x": [0.5]}))
    >>> append_rows(frame, np.array([[2.7, 2.7]])).rows()
    [(1, 0.5), (2, 2.7)]
    """
    arrow = frame.implementation.is_pyarrow()
    schema = {
        name: nw.Float64() if arrow and dtype == nw.Decimal else dtype
        for name, dtype in frame.schema.items()
    }
    new = nw.from_dict(
        {name: _cast(rows[:, j], frame.schema[name]) for j, name in enumerate(frame.columns)},
        schema=schema,
        backend=frame.implementation,
    )
    if schema != dict(frame.schema):
        # Only pyarrow's own types know the digits of a decimal.
        new = nw.from_native(new.to_native().cast(frame.to_native().schema), eager_only=True)
    return nw.concat([frame, new])


def _cast(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    if not (dtype.is_integer() or dtype == nw.Boolean):
        return values
    whole = values.astype(np.float64).astype(np.int64)
    return whole.astype(bool) if dtype == nw.Boolean else whole


def put_columns(frame: nw.DataFrame[Any], columns: Mapping[str, Any]) -> nw.DataFrame[Any]:
    """Return a frame with columns in place of those of their names.

    Parameters
    ----------
    frame : narwhals.DataFrame
    columns : dict
        int64 arrays, or columns of the frame's own library.

    Returns
    -------
    narwhals.DataFrame

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> from equipoise.frames import put_columns, wrap_native
    >>> frame = wrap_native(pl.DataFrame({"x": ["a", "b"], "y": [1, 2]}))
    >>> put_columns(frame, {"x": np.array([5, 6])}).rows()
    [(5, 1), (6, 2)]
    """
    return frame.with_columns(
        nw.new_series(name, values, nw.Int64, backend=frame.implementation)
        if isinstance(values, np.ndarray)
        else nw.from_native(values, series_only=True).alias(name)
        for name, values in columns.items()
    )


def category_codes(series: nw.Series[Any]) -> NDArray[np.int64]:
    """Return codes of a column's values in the order of the values; a missing one comes last.

    That is the order of scikit-learn's encoders, on which the draws of samplers depend.

    Parameters
    ----------
    series : narwhals.Series, length n

    Returns
    -------
    int64 array, shape (n,)

    Raises
    ------
    DataError
        If a value is NaN, which equals nothing.

    Examples
    --------
    >>> import polars as pl
    >>> from equipoise.frames import category_codes, wrap_native
    >>> category_codes(wrap_native(pl.Series(["b", None, "a"]), series=True)).tolist()
    [1, 2, 0]
    """
    if series.dtype in (nw.Categorical, nw.Enum):
        series = series.cast(nw.String)
    missing = series.is_null().to_numpy()
    known = series.drop_nulls()
    if series.dtype.is_float() and bool(known.is_nan().any()):
        raise DataError(
            f"Input X contains NaN: in column {series.name!r}, which holds categories",
            remedy="put null, which is a category of its own, or leave such rows out",
        )
    if series.dtype == nw.Decimal or series.dtype == nw.Unknown or _is_half(series.dtype):
        # Neither sorted by pyarrow, nor replaced by polars where they have fewer digits than the most.
        codes = np.full(len(series), -1, dtype=np.int64)
        values = np.array([*known.to_list(), None], dtype=object)[:-1]
        levels_found, codes[~missing] = np.unique(values, return_inverse=True)
        codes[missing] = len(levels_found)
        return codes
    levels = known.unique().sort()
    codes = np.full(len(series), len(levels), dtype=np.int64)
    if len(levels):
        places = list(range(len(levels)))
        found = known.replace_strict(levels.to_list(), places, return_dtype=nw.Int64)
        codes[~missing] = found.to_numpy()
    return codes


def _is_half(dtype: Any) -> bool:
    return str(dtype) == "Float16"


def is_arrow_array(data: Any) -> bool:
    """Say whether data are an array of pyarrow, which is no series here: those come in chunks.

    Parameters
    ----------
    data : object

    Returns
    -------
    bool
    """
    return (
        type(data).__module__ == "pyarrow.lib"
        and type(data).__name__.endswith("Array")
        and not hasattr(data, "chunks")
    )


def text_like(old: Any, texts: Sequence[str]) -> Any:
    """Return texts as a column of the library and, where it can hold any text, the type of another.

    Parameters
    ----------
    old : narwhals.Series or array of pyarrow
    texts : sequence of str

    Returns
    -------
    column of the library, or array of pyarrow

    Examples
    --------
    >>> import polars as pl
    >>> from equipoise.frames import text_like, wrap_native
    >>> old = wrap_native(pl.Series("x", ["a"], dtype=pl.Categorical), series=True)
    >>> text_like(old, ["b", "c"]).dtype
    Categorical
    """
    if is_arrow_array(old):
        return _arrow(texts, old.type).combine_chunks()
    if old.implementation.is_pyarrow():
        return _arrow(texts, old.to_native().type)
    made = nw.new_series(old.name, texts, nw.String, backend=old.implementation)
    return (made.cast(nw.Categorical) if old.dtype == nw.Categorical else made).to_native()


def _arrow(texts: Sequence[str], kind: Any) -> Any:
    made = nw.new_series("", texts, nw.String, backend="pyarrow")
    return made.to_native().cast(kind)
