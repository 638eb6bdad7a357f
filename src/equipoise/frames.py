"""Data frames of every kind, read through narwhals; no other module imports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from equipoise.errors import DataError

__all__ = [
    "FLOAT",
    "build_frame",
    "column_values",
    "epoch_seconds",
    "float_values",
    "level_codes",
    "like_input",
    "reads_as_date",
    "string_codes",
    "text_values",
    "to_frame",
]


def to_frame(data: Any) -> nw.DataFrame[Any]:
    """Return ``data`` as a narwhals frame over polars.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, numpy array of shape (n, p), dict of columns
        The columns of an array are called ``x0``, ``x1``, ...

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
        return build_frame({f"x{j}": data[:, j] for j in range(data.shape[1])})
    if isinstance(data, Mapping):
        return build_frame(data)
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise DataError(
            f"data of type {type(data).__name__} cannot be read",
            remedy="give a path, a pandas, polars or pyarrow table, or a numpy array",
        ) from None
    except (nw.exceptions.DuplicateError, ValueError):
        raise _duplicated(list(map(str, data.columns))) from None
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise _duplicated(names)
    if frame.implementation.is_polars():
        return frame
    return build_frame({str(name): _plain(frame[name]) for name in frame.columns})


def _duplicated(names: list[str]) -> DataError:
    twice = next((name for name in names if names.count(name) > 1), "?")
    return DataError(
        f"the column name {twice!r} is there {names.count(twice)} times",
        remedy="rename all but one",
    )


def _plain(series: nw.Series[Any]) -> Any:
    if series.implementation.is_pandas_like():
        native = series.to_native()
        if str(native.dtype) == "category":
            return pl.Series(
                native.astype(object).where(native.notna(), None).tolist(), strict=False
            )
        if native.dtype == object:
            return [None if value is None or value != value else value for value in native.tolist()]
        return pl.from_pandas(native)
    return series.to_polars()


def build_frame(columns: Mapping[str, Any]) -> nw.DataFrame[Any]:
    """Build a frame from columns given as lists, arrays or series."""
    out = []
    for name, values in columns.items():
        if isinstance(values, np.ndarray) and values.dtype == object:
            values = [None if v is None or v != v else v for v in values.tolist()]
        if isinstance(values, pl.Series):
            out.append(values.alias(str(name)))
            continue
        try:
            out.append(pl.Series(str(name), values))
        except (TypeError, pl.exceptions.PolarsError):
            # Mixed types: kept as they are, for the reader of the column to judge.
            out.append(pl.Series(str(name), list(values), dtype=pl.Object))
    return nw.from_native(pl.DataFrame(out), eager_only=True)


def column_values(series: nw.Series[Any]) -> NDArray[Any]:
    """Return a column as a numpy array; missing strings are None, missing numbers NaN."""
    return series.to_numpy()


def like_input(columns: Mapping[str, Sequence[Any]], original: Any) -> Any:
    """Return ``columns`` as a frame of the kind of ``original``; polars where that is no frame."""
    frame = build_frame(columns).to_native()
    try:
        kind = nw.from_native(original, eager_only=True).implementation
    except TypeError:
        return frame
    if kind.is_pandas():
        return frame.to_pandas()
    return frame.to_arrow() if kind.is_pyarrow() else frame


FLOAT = pl.Float64
"""The type that numbers are read as."""

_DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d")


def reads_as_date(strings: nw.Series[Any]) -> bool:
    """Say whether all strings of a column are ISO dates."""
    sample = strings.head(1000)
    return len(sample) > 0 and _to_dates(sample.to_native()).null_count() == 0


def _to_dates(native: pl.Series) -> pl.Series:
    trimmed = (
        native.cast(pl.String).str.strip_chars().str.replace(r"(\.\d+)?(Z|[+-]\d\d:?\d\d)?$", "")
    )
    best = trimmed.str.to_datetime(_DATE_FORMATS[0], strict=False, exact=True)
    for form in _DATE_FORMATS[1:]:
        best = best.fill_null(trimmed.str.to_datetime(form, strict=False, exact=True))
    return best


def epoch_seconds(series: nw.Series[Any]) -> NDArray[np.float64]:
    """Return dates, times or ISO strings as seconds since 1970, NaN where missing or unreadable."""
    native = series.to_native()
    if not native.dtype.is_temporal():
        native = _to_dates(native)
    if native.dtype == pl.Duration:
        out = native.dt.total_microseconds().cast(pl.Float64) / 1e6
    else:
        out = native.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 1e6
    return out.to_numpy()


def float_values(series: nw.Series[Any]) -> NDArray[np.float64]:
    """Return numbers as float64, NaN where missing."""
    native = series.to_native()
    if native.dtype == pl.Duration:
        return epoch_seconds(series)
    return native.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def string_codes(series: nw.Series[Any]) -> tuple[NDArray[np.int32], list[str]]:
    """Return codes of a column's sorted string levels, -1 where missing, and the levels."""
    native = series.to_native()
    if native.dtype == pl.Object:
        native = pl.Series([None if value is None else str(value) for value in native.to_list()])
    strings = native.cast(pl.String)
    levels = strings.drop_nulls().unique().sort()
    return level_codes(series, levels.to_list()), levels.to_list()


def level_codes(series: nw.Series[Any], levels: Sequence[str]) -> NDArray[np.int32]:
    """Return the position of each value in ``levels``, -1 where missing or unknown."""
    native = series.to_native()
    if native.dtype == pl.Object:
        native = pl.Series([None if value is None else str(value) for value in native.to_list()])
    strings = native.cast(pl.String)
    if not len(levels):
        return np.full(len(strings), -1, dtype=np.int32)
    codes = pl.Series(range(len(levels)), dtype=pl.Int32)
    found = strings.replace_strict(pl.Series(levels), codes, default=-1, return_dtype=pl.Int32)
    return found.fill_null(-1).to_numpy()


def text_values(series: nw.Series[Any]) -> NDArray[np.object_]:
    """Return a column as an object array of strings, "" where missing."""
    native = series.to_native()
    if native.dtype == pl.Object:
        native = pl.Series([None if value is None else str(value) for value in native.to_list()])
    out = np.empty(len(native), dtype=object)
    out[:] = native.cast(pl.String).fill_null("").to_list()
    return out


def scan_bytes(
    kind: str, content: bytes, separator: str = ",", names: Sequence[str] = ()
) -> nw.DataFrame[Any]:
    """Read the content of a file of a known kind: csv, jsonl, parquet or arrow."""
    import io

    file = io.BytesIO(content)
    if kind == "parquet":
        frame = pl.read_parquet(file)
    elif kind == "arrow":
        frame = pl.read_ipc(file)
    elif kind == "jsonl":
        frame = pl.read_ndjson(file, infer_schema_length=None)
    else:
        frame = (
            pl.read_csv(
                file, separator=separator, infer_schema_length=10_000, try_parse_dates=False
            )
            if not names
            else _read_csv(file, separator, names)
        )
    return nw.from_native(frame, eager_only=True)


def _read_csv(file: Any, separator: str, names: Sequence[str]) -> pl.DataFrame:
    try:
        frame = pl.read_csv(file, separator=separator, infer_schema_length=10_000)
    except pl.exceptions.ComputeError:
        # A type that the first rows do not foretell: look at all of them.
        file.seek(0)
        frame = pl.read_csv(file, separator=separator, infer_schema_length=None)
    if len(names) == frame.width:
        frame.columns = [name or f"column_{j}" for j, name in enumerate(names)]
    return frame
