"""Tables of any library as one kind of frame, from objects and from the bytes of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from equipoise.errors import DataError
from equipoise.frames.columns import as_text, unreadable

__all__ = ["build_frame", "column_name", "scan_bytes", "to_frame"]


def to_frame(data: Any, *, plain: str | None = None) -> nw.DataFrame[Any]:
    """Return ``data`` as a narwhals frame over polars.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, numpy array of shape (n, p), dict of columns
        The columns of an array are called ``x0``, ``x1``, ...; levels of a pandas MultiIndex are joined with ``_``.
    plain : str, optional
        A column whose values keep their type though they are categorical, as a target's labels must.

    Returns
    -------
    narwhals.DataFrame

    Raises
    ------
    DataError
        If ``data`` is none of these, has no columns, or repeats a column name.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.frames import to_frame
    >>> to_frame(np.zeros((2, 3))).columns
    ['x0', 'x1', 'x2']
    """
    if isinstance(data, np.ndarray):
        if data.ndim != 2:
            raise DataError(
                f"the array has {data.ndim} dimension{'s' * (data.ndim != 1)}",
                remedy="give one row per case and one column per feature",
            )
        data = {f"x{j}": data[:, j] for j in range(data.shape[1])}
    if isinstance(data, Mapping):
        return build_frame(data)
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    elif type(data).__name__ == "RecordBatch":
        data = pl.DataFrame(data)
    try:
        frame: nw.DataFrame[Any] = nw.from_native(data, eager_only=True)
    except TypeError:
        raise DataError(
            f"data of type {type(data).__name__} cannot be read",
            remedy="give a path, a pandas, polars or pyarrow table, or a numpy array",
        ) from None
    except (nw.exceptions.DuplicateError, ValueError):
        named = getattr(data, "column_names", None) or data.columns
        raise _duplicated([column_name(label) for label in named]) from None
    if frame.implementation.is_polars() and frame.columns:
        return frame
    names = [column_name(label) for label in frame.columns]
    if len(set(names)) < len(names):
        raise _duplicated(names)
    columns = zip(names, frame.iter_columns(), strict=True)
    return build_frame({name: _plain(each, name == plain) for name, each in columns})


def column_name(label: Any) -> str:
    """Return the name by which a column label of any type is known.

    Parameters
    ----------
    label : object
        A label; those of several levels are tuples.

    Returns
    -------
    str

    Examples
    --------
    >>> from equipoise.frames import column_name
    >>> column_name(("size", 3))
    'size_3'
    """
    if isinstance(label, tuple):
        return "_".join(str(part) for part in label if str(part))
    return str(label)


def _duplicated(names: list[str]) -> DataError:
    twice = next((name for name in names if names.count(name) > 1), "?")
    return DataError(
        f"the column name {twice!r} is there {names.count(twice)} times",
        remedy="rename all but one",
    )


def _plain(series: nw.Series[Any], keep_type: bool = False) -> pl.Series:
    """Return a column of any library as a polars series."""
    polars: pl.Series
    if not series.implementation.is_pandas_like():
        try:
            polars = series.to_polars()
        except pl.exceptions.PolarsError:
            raise unreadable(series.name, str(series.dtype)) from None
        return polars
    native: Any = series.to_native()
    kind = str(native.dtype)
    if kind == "category":
        labels = _from_list("", native.cat.categories.tolist())
        codes = pl.Series(native.cat.codes.to_numpy()).cast(pl.Int64)
        codes = codes.set(codes < 0, None)
        return (
            labels.gather(codes)
            if keep_type
            else as_text(labels).gather(codes).cast(pl.Categorical)
        )
    if kind.startswith("period"):
        native = native.dt.to_timestamp()
    elif kind.startswith("Sparse"):
        native = native.sparse.to_dense()
    if native.dtype == object or kind.startswith(("interval", "complex")):
        return _from_list("", native.tolist())
    polars = pl.from_pandas(native)
    return polars


def _absent(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.generic | Decimal) and bool(value != value)


def _from_list(name: str, values: Sequence[Any]) -> pl.Series:
    clean = [
        None if _absent(v) else v.item() if isinstance(v, (np.number, np.bool_)) else v
        for v in values
    ]
    try:
        return pl.Series(name, clean)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        kinds = {type(value) for value in clean} - {type(None)}
        if kinds <= {int, float, Decimal}:
            return pl.Series(name, [None if v is None else float(v) for v in clean], pl.Float64)
        # Mixed types: kept as they are, for the reader of the column to judge.
        return pl.Series(name, clean, dtype=pl.Object)


def _from_array(name: str, values: NDArray[Any]) -> pl.Series:
    kind = values.dtype.kind
    if values.ndim == 0 or kind == "c":
        what = "complex numbers" if kind == "c" else "one value, not one for each row"
        raise DataError(f"column {name!r} holds {what}", remedy="give one real value for each row")
    if kind == "O" or isinstance(values, np.ma.MaskedArray):
        return _from_list(name, values.tolist())
    if kind in "mM":
        unit = "ns" if np.datetime_data(values.dtype)[0] in ("ns", "ps", "fs", "as") else "us"
        return pl.Series(name, values.astype(f"{kind}8[{unit}]"))
    if kind == "f":
        # Half and extended precision are types that not every operation knows.
        return pl.Series(name, values.astype(np.float64))
    if kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    return pl.Series(name, values)


def build_frame(columns: Mapping[Any, Any]) -> nw.DataFrame[Any]:
    """Build a frame from columns given as lists, arrays or series.

    Parameters
    ----------
    columns : dict
        Values by name, all of one length.

    Returns
    -------
    narwhals.DataFrame
        Over polars.

    Raises
    ------
    DataError
        If there is no column, one is no list of values, lengths differ, or a name is there twice.

    Examples
    --------
    >>> from equipoise.frames import build_frame
    >>> build_frame({"x": [1, 2.5], "y": ["a", None]}).shape
    (2, 2)
    """
    out = []
    for label, values in columns.items():
        name = column_name(label)
        if isinstance(values, pl.Series):
            out.append(values.alias(name))
        elif isinstance(values, np.ndarray):
            out.append(_from_array(name, values))
        elif nw.dependencies.is_into_series(values):
            out.append(_plain(nw.from_native(values, series_only=True)).alias(name))
        elif isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
            raise DataError(
                f"column {name!r} is {values!r:.60}, not a list of values",
                remedy="give a list or array with one value for each row",
            )
        else:
            out.append(_from_list(name, list(values)))
    if not out:
        raise DataError("the data have no columns", remedy="give one column per feature")
    names = [series.name for series in out]
    if len(set(names)) < len(names):
        raise _duplicated(names)
    for series in out:
        if len(series) != len(out[0]):
            raise DataError(
                f"column {series.name!r} has {len(series)} values and {out[0].name!r} {len(out[0])}",
                remedy="give each column one value for each row",
            )
    return nw.from_native(pl.DataFrame(out), eager_only=True)


def scan_bytes(kind: str, content: bytes, **csv: Any) -> nw.DataFrame[Any]:
    r"""Read a file: csv (with options of its engine), jsonl, parquet, arrow or arrow-stream.

    Parameters
    ----------
    kind : {"csv", "jsonl", "parquet", "arrow", "arrow-stream"}
        What the content is.
    content : bytes
        The whole file.
    **csv
        Options of :func:`polars.read_csv`; ``as_text`` names columns that stay text.

    Returns
    -------
    narwhals.DataFrame
        Over polars.

    Raises
    ------
    ValueError
        If it cannot be read; errors of polars and pyarrow pass through.

    Examples
    --------
    >>> from equipoise.frames import scan_bytes
    >>> scan_bytes("csv", b"x,y\n1,a\n").rows()
    [(1, 'a')]
    """
    try:
        if kind == "csv":
            frame = _read_csv(content, csv)
        elif kind == "jsonl":
            frame = pl.read_ndjson(content, infer_schema_length=None)
        else:
            frame = _read_binary(kind, content)
    except pl.exceptions.PanicException as error:
        # No subclass of Exception, so no caller would be ready for it.
        raise ValueError(str(error)) from None
    return nw.from_native(frame, eager_only=True)


def _read_binary(kind: str, content: bytes) -> pl.DataFrame:
    # By pyarrow, because on some damaged files polars waits for ever.
    from pyarrow import BufferReader, ipc, parquet

    file = BufferReader(content)
    if kind == "parquet":
        table = parquet.read_table(file)
    else:
        table = (ipc.open_file if kind == "arrow" else ipc.open_stream)(file).read_all()
    table.validate(full=True)
    return pl.DataFrame(table)


def _read_csv(content: bytes, options: dict[str, Any]) -> pl.DataFrame:
    texts = dict.fromkeys(options.pop("as_text", ()), pl.String)
    try:
        return pl.read_csv(content, infer_schema_length=10_000, schema_overrides=texts, **options)
    except pl.exceptions.ComputeError:
        # A type that the first rows do not foretell: look at all of them.
        return pl.read_csv(content, infer_schema_length=None, schema_overrides=texts, **options)
