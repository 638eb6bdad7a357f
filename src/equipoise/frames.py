"""Data frames of every kind, read through narwhals; no other module imports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from equipoise.errors import DataError

__all__ = [
    "build_frame",
    "column_name",
    "epoch_seconds",
    "float_values",
    "level_codes",
    "parse_numbers",
    "reads_as_date",
    "scan_bytes",
    "string_codes",
    "string_series",
    "text_values",
    "to_frame",
]

BLANKS = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None")
"""Texts that stand for a missing number or date."""


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
    """Return the name by which a column label of any type is known."""
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
            raise _unreadable(series.name, str(series.dtype)) from None
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
            else _strings(labels).gather(codes).cast(pl.Categorical)
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


def _strings(native: pl.Series) -> pl.Series:
    """Return values as text; a whole number reads the same whatever type it was stored in."""
    dtype = native.dtype
    if dtype == pl.Object:
        texts = [None if value is None else str(value) for value in native.to_list()]
        return pl.Series(native.name, texts, pl.String)
    if dtype.is_float() or dtype == pl.Decimal:
        floats = native.cast(pl.Float64).fill_nan(None)
        whole = (floats == floats.floor()) & (floats.abs() < 2.0**53)
        ints = floats.cast(pl.Int64, strict=False).cast(pl.String)
        return ints.zip_with(whole.fill_null(False), floats.cast(pl.String))
    with suppress(pl.exceptions.PolarsError):
        if not dtype.is_nested():
            return native.cast(pl.String)
    raise _unreadable(native.name, dtype.base_type().__name__)


def _unreadable(name: str, kind: str) -> DataError:
    return DataError(
        f"column {name!r} holds {kind.lower()} values, which cannot be read",
        remedy="give text, numbers or dates, or leave the column out",
    )


def string_series(series: nw.Series[Any]) -> nw.Series[Any]:
    """Return a column as text, null where missing."""
    return nw.from_native(_strings(series.to_native()), series_only=True)


def parse_numbers(series: nw.Series[Any]) -> tuple[nw.Series[Any], NDArray[np.bool_]]:
    """Return a column of text as numbers, and which values are neither numbers nor blank."""
    text = _blanked(series.to_native())
    numbers = text.cast(pl.Float64, strict=False)
    bad = numbers.is_null() & text.is_not_null()
    return nw.from_native(numbers, series_only=True), bad.to_numpy()


_DATE_FORMATS = tuple("%Y-%m-%d" + clock for clock in ("", "T%T", " %T", " %R", "T%R"))


def reads_as_date(strings: nw.Series[Any]) -> bool:
    """Say whether all texts of a column, blanks aside, are ISO dates."""
    for part in (strings.head(1000), strings):
        native = _blanked(part.to_native()).drop_nulls()
        if not len(native) or _to_dates(native).null_count():
            return False
    return True


def _blanked(native: pl.Series) -> pl.Series:
    text = _strings(native).str.strip_chars()
    return text.set(text.is_in(BLANKS), None)


def _to_dates(native: pl.Series) -> pl.Series:
    trimmed = _blanked(native).str.replace(r"(\.\d+)?(Z|[+-]\d\d:?\d\d)?$", "")
    best = pl.Series(trimmed.name, [None] * len(trimmed), dtype=pl.Datetime("us"))
    for form in (*_DATE_FORMATS, "%Y/%m/%d"):
        best = best.fill_null(trimmed.str.to_datetime(form, strict=False, exact=True))
        if best.null_count() == trimmed.null_count():
            break
    return best


def epoch_seconds(series: nw.Series[Any]) -> NDArray[np.float64]:
    """Return dates, times or ISO texts as seconds since 1970, NaN where missing or unreadable."""
    native = series.to_native()
    if native.dtype == pl.Duration:
        micros = native.dt.total_microseconds()
    elif native.dtype == pl.Time:
        micros = native.cast(pl.Int64) // 1000
    else:
        dates = native if native.dtype.is_temporal() else _to_dates(native)
        micros = dates.cast(pl.Datetime("us")).dt.epoch("us")
    # Divided here, because polars multiplies by 1e-6, which is not exact.
    return np.asarray(micros.cast(pl.Float64).fill_null(float("nan"))) / 1e6


def float_values(series: nw.Series[Any]) -> NDArray[np.float64]:
    """Return numbers, true/false or lengths of time as float64, NaN where missing."""
    native = series.to_native()
    if native.dtype in (pl.Duration, pl.Time):
        return epoch_seconds(series)
    return np.asarray(native.cast(pl.Float64, strict=False).fill_null(float("nan")))


def string_codes(series: nw.Series[Any]) -> tuple[NDArray[np.int32], list[str]]:
    """Return codes of a column's sorted levels as text, -1 where missing, and the levels."""
    levels = _strings(series.to_native()).drop_nulls().unique().sort().to_list()
    return level_codes(series, levels), levels


def level_codes(series: nw.Series[Any], levels: Sequence[str]) -> NDArray[np.int32]:
    """Return positions in ``levels`` (1, True and TRUE are "true" too), -1 where missing or unknown."""
    native = series.to_native()
    strings = _strings(native)
    if not len(levels):
        return np.full(len(strings), -1, dtype=np.int32)
    lower = [level.lower() for level in levels]
    if set(lower) <= {"true", "false"} and len(set(lower)) == len(lower):
        levels, strings = lower, strings.str.to_lowercase()
        if native.dtype.is_numeric():
            strings = strings.replace({"1": "true", "0": "false"})
    codes = pl.Series(range(len(levels)), dtype=pl.Int32)
    known = pl.Series(levels, dtype=pl.String)
    found = strings.replace_strict(known, codes, default=-1, return_dtype=pl.Int32)
    return found.fill_null(-1).to_numpy()


def text_values(series: nw.Series[Any]) -> NDArray[np.object_]:
    """Return a column as an object array of strings, "" where missing."""
    return np.array(_strings(series.to_native()).fill_null("").to_list(), dtype=object)


def scan_bytes(kind: str, content: bytes, **csv: Any) -> nw.DataFrame[Any]:
    """Read a file: csv (with options of its engine), jsonl, parquet, arrow or arrow-stream."""
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
