"""Values of one column: text, numbers, dates and codes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from equipoise.errors import DataError

__all__ = [
    "BLANKS",
    "as_text",
    "epoch_seconds",
    "float_values",
    "level_codes",
    "parse_numbers",
    "reads_as_date",
    "string_codes",
    "string_series",
    "text_values",
    "unreadable",
]

BLANKS = ("", "?", "NA", "N/A", "NaN", "nan", "null", "None")
"""Texts that stand for a missing number or date."""


def as_text(native: pl.Series) -> pl.Series:
    """Return values as text; a whole number reads the same whatever type it was stored in.

    Parameters
    ----------
    native : polars.Series
        Values of any type but lists and records.

    Returns
    -------
    polars.Series of strings
        Null where missing.

    Raises
    ------
    DataError
        If values are lists or records.

    Examples
    --------
    >>> import polars as pl
    >>> from equipoise.frames.columns import as_text
    >>> as_text(pl.Series([1.0, 2.5, None])).to_list()
    ['1', '2.5', None]
    """
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
    raise unreadable(native.name, dtype.base_type().__name__)


def unreadable(name: str, kind: str) -> DataError:
    """Return the error on a column whose values no operation takes.

    Parameters
    ----------
    name, kind : str
        The column, and what it holds.

    Returns
    -------
    DataError
        To be raised.
    """
    return DataError(
        f"column {name!r} holds {kind.lower()} values, which cannot be read",
        remedy="give text, numbers or dates, or leave the column out",
    )


def string_series(series: nw.Series[Any]) -> nw.Series[Any]:
    """Return a column as text, null where missing.

    Parameters
    ----------
    series : narwhals.Series

    Returns
    -------
    narwhals.Series of strings
    """
    return nw.from_native(as_text(series.to_native()), series_only=True)


def parse_numbers(series: nw.Series[Any]) -> tuple[nw.Series[Any], NDArray[np.bool_]]:
    """Return a column of text as numbers, and which values are neither numbers nor blank.

    Parameters
    ----------
    series : narwhals.Series
        Text, length n.

    Returns
    -------
    numbers : narwhals.Series of float64
        Null where there is no number.
    bad : bool array, shape (n,)
        Whether a text is neither a number nor blank.

    Examples
    --------
    >>> from equipoise.frames import build_frame, parse_numbers
    >>> numbers, bad = parse_numbers(build_frame({"x": ["1e3", "NA", "many"]})["x"])
    >>> numbers.to_list(), bad.tolist()
    ([1000.0, None, None], [False, False, True])
    """
    text = _blanked(series.to_native())
    numbers = text.cast(pl.Float64, strict=False)
    bad = numbers.is_null() & text.is_not_null()
    return nw.from_native(numbers, series_only=True), bad.to_numpy()


_DATE_FORMATS = tuple("%Y-%m-%d" + clock for clock in ("", "T%T", " %T", " %R", "T%R"))


def reads_as_date(strings: nw.Series[Any]) -> bool:
    """Say whether all texts of a column, blanks aside, are ISO dates.

    Parameters
    ----------
    strings : narwhals.Series
        Text.

    Returns
    -------
    bool

    Examples
    --------
    >>> from equipoise.frames import build_frame, reads_as_date
    >>> reads_as_date(build_frame({"day": ["2024-02-29", "NA"]})["day"])
    True
    """
    for part in (strings.head(1000), strings):
        native = _blanked(part.to_native()).drop_nulls()
        if not len(native) or _to_dates(native).null_count():
            return False
    return True


def _blanked(native: pl.Series) -> pl.Series:
    text = as_text(native).str.strip_chars()
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
    """Return dates, times or ISO texts as seconds since 1970, NaN where missing or unreadable.

    Parameters
    ----------
    series : narwhals.Series
        Dates, times, lengths of time or text, length n.

    Returns
    -------
    float64 array, shape (n,)
        Seconds; of lengths and times of day, those from 0.

    Examples
    --------
    >>> from equipoise.frames import build_frame, epoch_seconds
    >>> epoch_seconds(build_frame({"day": ["1970-01-02", "soon"]})["day"]).tolist()
    [86400.0, nan]
    """
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
    """Return numbers, true/false or lengths of time as float64, NaN where missing.

    Parameters
    ----------
    series : narwhals.Series
        Length n.

    Returns
    -------
    float64 array, shape (n,)
        Lengths of time in seconds.

    Examples
    --------
    >>> from equipoise.frames import build_frame, float_values
    >>> float_values(build_frame({"x": [True, None]})["x"]).tolist()
    [1.0, nan]
    """
    native = series.to_native()
    if native.dtype in (pl.Duration, pl.Time):
        return epoch_seconds(series)
    return np.asarray(native.cast(pl.Float64, strict=False).fill_null(float("nan")))


def string_codes(series: nw.Series[Any]) -> tuple[NDArray[np.int32], list[str]]:
    """Return codes of a column's sorted levels as text, -1 where missing, and the levels.

    Parameters
    ----------
    series : narwhals.Series
        Length n.

    Returns
    -------
    codes : int32 array, shape (n,)
    levels : list of str

    Examples
    --------
    >>> from equipoise.frames import build_frame, string_codes
    >>> codes, levels = string_codes(build_frame({"x": ["b", None, "a"]})["x"])
    >>> codes.tolist(), levels
    ([1, -1, 0], ['a', 'b'])
    """
    levels = as_text(series.to_native()).drop_nulls().unique().sort().to_list()
    return level_codes(series, levels), levels


def level_codes(series: nw.Series[Any], levels: Sequence[str]) -> NDArray[np.int32]:
    """Return positions in ``levels`` (1, True and TRUE are "true" too), -1 where missing or unknown.

    Parameters
    ----------
    series : narwhals.Series
        Length n.
    levels : sequence of str
        Levels as text.

    Returns
    -------
    int32 array, shape (n,)

    Examples
    --------
    >>> from equipoise.frames import build_frame, level_codes
    >>> level_codes(build_frame({"x": ["TRUE", "no"]})["x"], ["false", "true"]).tolist()
    [1, -1]
    """
    native = series.to_native()
    strings = as_text(native)
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
    """Return a column as an object array of strings, "" where missing.

    Parameters
    ----------
    series : narwhals.Series
        Length n.

    Returns
    -------
    object array, shape (n,)
    """
    return np.array(as_text(series.to_native()).fill_null("").to_list(), dtype=object)
