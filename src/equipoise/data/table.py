"""Features as plain arrays, and the schema that makes them from a frame, of training or later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.data.columns import Column, find_column
from equipoise.errors import ColumnNotFound, DataError
from equipoise.frames import (
    BLANKS,
    epoch_seconds,
    float_values,
    level_codes,
    parse_numbers,
    string_codes,
    string_series,
    text_values,
)

__all__ = ["Schema", "Table"]

_DAY = 86_400.0
_SHOWN = 8  # names of columns in a message


@dataclass
class Table:
    """Features of ``n`` rows.

    Attributes
    ----------
    numbers : float64 array, shape (n, p)
        NaN where missing.
    codes : int32 array, shape (n, q)
        Position in ``levels``, -1 where missing or unknown.
    texts : list of object arrays, each of shape (n,)
        Strings, "" where missing.
    """

    numbers: NDArray[np.float64]
    codes: NDArray[np.int32]
    texts: list[NDArray[np.object_]]
    number_names: list[str]
    category_names: list[str]
    text_names: list[str]
    levels: list[list[str]]
    n: int

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Return some of the rows."""
        return Table(
            self.numbers[rows],
            self.codes[rows],
            [text[rows] for text in self.texts],
            self.number_names,
            self.category_names,
            self.text_names,
            self.levels,
            len(rows),
        )


@dataclass
class Schema:
    """The features that a model reads: their names, roles and levels.

    Attributes
    ----------
    features : list of (name, role)
        ``role`` is "number", "category", "text" or "date".
    levels : dict of str to list of str
        Levels of each category, in code order.
    clocks : dict of str to bool
        Whether a date column has a time of day.
    """

    features: list[tuple[str, str]]
    levels: dict[str, list[str]] = field(default_factory=dict)
    clocks: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: nw.DataFrame[Any], columns: Sequence[Column]) -> Schema:
        """Learn the schema of the feature columns of a frame."""
        roles = ("number", "category", "text", "date")
        schema = cls([(column.name, column.role) for column in columns if column.role in roles])
        for name, role in schema.features:
            if role == "category":
                schema.levels[name] = string_codes(frame[name])[1]
            elif role == "date":
                seconds = epoch_seconds(frame[name])
                known = seconds[~np.isnan(seconds)]
                schema.clocks[name] = bool((known % _DAY != 0).any())
        return schema

    def apply(self, frame: nw.DataFrame[Any]) -> Table:
        """Read the features from a frame.

        Raises
        ------
        ColumnNotFound
            If columns are missing; the message names them and what is near.
        DataError
            If a column of numbers or dates holds something else.
        """
        n = len(frame)
        self._refuse_missing(frame)
        numbers: dict[str, NDArray[np.float64]] = {}
        codes: dict[str, NDArray[np.int32]] = {}
        texts: dict[str, NDArray[np.object_]] = {}
        for name, role in self.features:
            series = find_column(frame, name)
            if role == "number":
                numbers[name] = _numbers(series)
            elif role == "category":
                codes[name] = level_codes(series, self.levels[name])
            elif role == "text":
                texts[name] = text_values(series)
            else:
                numbers.update(_date(series, self.clocks[name]))
        return Table(
            np.column_stack(list(numbers.values())) if numbers else np.empty((n, 0)),
            np.column_stack(list(codes.values())) if codes else np.empty((n, 0), np.int32),
            list(texts.values()),
            list(numbers),
            list(codes),
            list(texts),
            [self.levels[name] for name in codes],
            n,
        )

    def _refuse_missing(self, frame: nw.DataFrame[Any]) -> None:
        """Name all the columns that are missing at once."""
        names = [name for name, _ in self.features]
        missing = [name for name in names if name not in frame.columns]
        if not missing:
            return
        # A column that is read under its own name is not another one misspelt.
        spare = {column.lower(): column for column in frame.columns if column not in names}
        near = {
            name: spare[found]
            for name in missing[:_SHOWN]
            for found in get_close_matches(name.lower(), spare, 1, 0.7)
        }
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        listed = ", ".join(map(repr, missing[:_SHOWN])) + more
        hints = [f"did you mean {found!r} for {name!r}?" for name, found in near.items()]
        if len(missing) == 1:
            hints = [f"did you mean {found!r}?" for found in near.values()]
            what = f"there is no column {listed} in the data"
        else:
            what = f"{len(missing)} columns are not in the data: {listed}"
        raise ColumnNotFound(
            what,
            remedy=" ".join(hints)
            or "give the columns that the model was trained on, with missing values where not known",
        )

    def find_unseen(self, frame: nw.DataFrame[Any]) -> dict[str, tuple[int, str]]:
        """Find the values of categories that training never saw.

        Returns
        -------
        dict of str to (int, str)
            By column, the number of rows with such a value, and the first of them.
        """
        found = {}
        for name, levels in self.levels.items():
            strange = level_codes(frame[name], levels) < 0
            if strange.any():
                values = string_series(frame[name]).filter(strange.tolist()).drop_nulls()
                if len(values):
                    found[name] = (len(values), str(values[0]))
        return found

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store."""
        return {
            "features": [list(pair) for pair in self.features],
            "levels": self.levels,
            "clocks": self.clocks,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Schema:
        """Rebuild a schema from :meth:`to_json`."""
        return cls(
            [(name, role) for name, role in stored["features"]], stored["levels"], stored["clocks"]
        )


def _numbers(series: nw.Series[Any]) -> NDArray[np.float64]:
    if series.dtype in (nw.Date, nw.Datetime):
        raise DataError(
            f"column {series.name!r} should hold numbers, and has dates",
            remedy=f"give numbers, or train with --role {series.name}=date",
        )
    if series.dtype.is_numeric() or series.dtype in (nw.Boolean, nw.Duration, nw.Time):
        values = float_values(series)
    else:
        read, bad = parse_numbers(series)
        _refuse(series, bad, "numbers", f"or train with --role {series.name}=category")
        values = float_values(read)
    # Infinity would poison every mean; a missing value is what the learners know how to treat.
    return np.where(np.isinf(values), np.nan, values)


def _refuse(series: nw.Series[Any], bad: NDArray[np.bool_], what: str, remedy: str) -> None:
    """Raise an error on the first of the values that cannot be read."""
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"column {series.name!r} should hold {what}, and has {str(series[row])[:40]!r} in row {row + 1:,}",
            remedy=f"correct the value, {remedy}",
        )


def _date(series: nw.Series[Any], clock: bool) -> dict[str, NDArray[np.float64]]:
    known = ~series.is_null()
    if series.dtype.is_numeric():
        if not np.isnan(float_values(series)).all():
            raise DataError(
                f"column {series.name!r} should hold dates, and has numbers",
                remedy=f"write dates as 2024-12-31, or train with --role {series.name}=number",
            )
        seconds = np.full(len(series), np.nan)
    else:
        seconds = epoch_seconds(series)
        if not series.dtype.is_temporal():
            known = ~string_series(series).str.strip_chars().is_in(list(BLANKS)).fill_null(True)
        _refuse(
            series,
            np.isnan(seconds) & known.to_numpy(),
            "dates",
            "and write dates as 2024-12-31 or 2024-12-31 23:59:59",
        )
    days = np.floor(seconds / _DAY)
    stamps = np.where(np.isnan(days), 0, days).astype("datetime64[D]")
    month = (stamps.astype("datetime64[M]").astype(int) % 12 + 1).astype(np.float64)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    out = {
        f"{series.name} (day)": days,
        f"{series.name} (month)": np.where(np.isnan(days), np.nan, month),
        f"{series.name} (weekday)": weekday,
    }
    if clock:
        out[f"{series.name} (hour)"] = seconds % _DAY // 3600
    return out
