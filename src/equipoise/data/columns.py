"""What each column is for: number, category, text, date, or nothing to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, cast, get_args

import narwhals as nw

from equipoise.errors import ColumnNotFound, DataError, UsageError
from equipoise.frames import parse_numbers, reads_as_date, string_series

__all__ = ["Column", "Role", "as_number", "assign_roles", "find_column"]

Role = Literal[
    "number", "category", "text", "date", "id", "constant", "target", "group", "time", "ignored"
]

_GIVEN = ("number", "category", "text", "date", "ignored")
_ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|index|rownames?|row)$)|[a-z]I[dD]$")
_LEADING_ZERO = r"^\s*[+-]?0\d+\s*$"
_TEXT_WORDS = 3.0
_TEXT_LENGTH = 30.0


@dataclass(frozen=True)
class Column:
    """A column and what it is taken for.

    Attributes
    ----------
    name, role, reason : str
        ``reason`` says why, in words.
    dtype : str
        Type as it was read.
    missing, distinct : int
        Number of missing values, and of different other ones.
    """

    name: str
    role: Role
    reason: str
    dtype: str
    missing: int
    distinct: int


def find_column(frame: nw.DataFrame[Any], name: str, what: str = "column") -> nw.Series[Any]:
    """Return a column of ``frame``.

    Raises
    ------
    ColumnNotFound
        If there is none; the message names the nearest.
    """
    if name in frame.columns:
        return frame[name]
    names = list(frame.columns)
    lower = {column.lower(): column for column in names}
    near = get_close_matches(str(name).lower(), lower, 1, 0.6)
    hint = f"did you mean {lower[near[0]]!r}? " if near else ""
    shown = ", ".join(repr(column) for column in names[:8]) + (" ..." if len(names) > 8 else "")
    raise ColumnNotFound(
        f"there is no {what} {name!r} in the data", remedy=f"{hint}the columns are {shown}"
    )


def assign_roles(
    frame: nw.DataFrame[Any],
    target: str | Sequence[str] | None,
    overrides: Mapping[str, str] | None = None,
    group: str | None = None,
    time: str | None = None,
    text: Iterable[str] = (),
) -> list[Column]:
    """Find the role of every column of ``frame``.

    Parameters
    ----------
    frame : narwhals.DataFrame
        The data.
    target : str or sequence of str, optional
        The column to be predicted, or the columns, which are no features.
    group, time : str, optional
        Columns with a part of their own, which are no features.
    overrides : mapping of str to str, optional
        Column to role, where the one found is wrong.
    text : iterable of str
        Columns to read as text.

    Returns
    -------
    list of Column
        In the order of the frame.

    Raises
    ------
    ColumnNotFound, UsageError, DataError
        For unknown names and roles, and for columns that hold lists or records.
    """
    given: dict[str, str] = dict.fromkeys(text, "text")
    given.update(overrides or {})
    for name, role in given.items():
        find_column(frame, name)
        if role == "id":
            given[name] = "ignored"
        elif role not in _GIVEN:
            near = get_close_matches(role, get_args(Role), 1)
            raise UsageError(
                f"role {role!r} of column {name!r} is unknown",
                remedy=f"use one of {', '.join(_GIVEN)}"
                + (f" (did you mean {near[0]}?)" if near else ""),
            )
    targets = [target] if isinstance(target, str) else list(target or ())
    for other, part in ((group, "group"), (time, "time"), *given.items()):
        if other in targets:
            raise UsageError(
                f"column {other!r} is the target and cannot be {part} too",
                remedy=f"name another {'column' if part in _GIVEN else part + ' column'}",
            )
    special: dict[str, Role] = {}
    named: list[tuple[str | None, Role]] = [(name, "target") for name in targets]
    named += [(group, "group"), (time, "time")]
    for name_or_none, role_of in named:
        if name_or_none is not None:
            find_column(frame, name_or_none, f"{role_of} column")
            special.setdefault(name_or_none, role_of)
    return [_column(frame[name], special.get(name), given.get(name)) for name in frame.columns]


def _column(series: nw.Series[Any], special: Role | None, given: str | None) -> Column:
    dtype = series.dtype
    nested = _nested(series)
    if nested:
        if special is None and given != "ignored":
            raise DataError(
                f"column {series.name!r} holds {nested}, not single values",
                remedy=f"split it into columns, or leave it out with --role {series.name}=ignored",
            )
        return Column(series.name, special or "ignored", "given", str(dtype), 0, 0)
    known = series.drop_nulls()
    if dtype.is_float():
        known = known.filter(~known.is_nan())
    missing = len(series) - len(known)
    distinct = int((string_series(known) if dtype == nw.Object else known).n_unique())

    def made(role: Role, reason: str) -> Column:
        return Column(series.name, role, reason, str(dtype), missing, distinct)

    if special is not None:
        return made(special, "given")
    if given is not None:
        return made(cast("Role", given), "given")
    return made(*_find(series, missing, distinct))


def _nested(series: nw.Series[Any]) -> str:
    """Name what a column holds in each row if that is no single value."""
    dtype = series.dtype
    for kind, word in ((nw.List, "lists"), (nw.Array, "arrays"), (nw.Struct, "records")):
        if dtype == kind:
            return word
    if dtype == nw.Object:
        kinds = {type(value) for value in series.to_list()}
        nested = {list, tuple, set, frozenset, dict}
        if any(kind in nested or hasattr(kind, "__array__") for kind in kinds):
            return "lists or records"
    return ""


def _find(series: nw.Series[Any], missing: int, distinct: int) -> tuple[Role, str]:
    n, dtype = len(series), series.dtype
    if distinct == 0:
        return "constant", "it has no values"
    if distinct == 1 and missing == 0:
        return "constant", "it has a single value"
    if dtype == nw.Boolean:
        return "category", "it is true or false"
    if dtype.is_integer():
        if distinct == n - missing and n >= 20 and _looks_like_id(series):
            return "id", "its whole numbers are all different and in order, or it is named as one"
        return "number", "it holds numbers"
    if dtype.is_numeric():
        return "number", "it holds numbers"
    if dtype == nw.Date or dtype == nw.Datetime:
        return "date", "it holds dates"
    if dtype == nw.Duration or dtype == nw.Time:
        return (
            "number",
            "it holds lengths of time" if dtype == nw.Duration else "it holds times of day",
        )
    if dtype == nw.Categorical or dtype == nw.Enum:
        return "category", "it holds levels"
    return _find_string(series, missing, distinct)


def _looks_like_id(series: nw.Series[Any]) -> bool:
    if _ID_NAME.search(series.name):
        return True
    values = series.drop_nulls().cast(nw.Float64)
    step = values.diff().drop_nulls()
    return bool(len(step)) and bool((step > 0).all()) and float(step.max()) <= 10


def as_number(series: nw.Series[Any]) -> nw.Series[Any] | None:
    """Return a column of text as numbers, blanks as missing, or None if they are no numbers.

    Examples
    --------
    >>> from equipoise.data.columns import as_number
    >>> from equipoise.frames import build_frame
    >>> as_number(build_frame({"x": ["1.5", " ", "20"]})["x"]).to_list()
    [1.5, None, 20.0]
    """
    numbers, bad = parse_numbers(series)
    return None if bad.any() or numbers.null_count() == len(numbers) else numbers


def _find_string(series: nw.Series[Any], missing: int, distinct: int) -> tuple[Role, str]:
    n = len(series)
    strings = string_series(series).drop_nulls()
    numbers = as_number(series)
    if numbers is not None:
        known = numbers.drop_nulls()
        if bool(strings.str.contains(_LEADING_ZERO).any()):
            if distinct == n - missing and n >= 20:
                return "id", "its values are codes with leading zeros, all different"
            return "category", "its values are codes with leading zeros"
        whole = bool((known == known.round(0)).all()) and bool(known.is_finite().all())
        if (
            whole
            and len(known) >= 20
            and known.n_unique() == len(known)
            and _looks_like_id(numbers)
        ):
            return "id", "its whole numbers are all different and in order, or it is named as one"
        return "number", "its text reads as numbers"
    if distinct > 2 and reads_as_date(strings):
        return "date", "its text reads as dates"
    sample = strings.head(5000)
    words = float(
        (sample.str.strip_chars().str.replace_all(r"\S+", "x").str.len_chars().mean() + 1) / 2
    )
    length = float(sample.str.len_chars().mean())
    wordy = words >= _TEXT_WORDS or length >= _TEXT_LENGTH
    varied = distinct > 0.5 * (n - missing) or distinct > 1000
    if wordy and varied and words > 1.5:
        return "text", f"it holds {words:.0f} words a row, mostly different"
    unique = distinct == n - missing and n >= 20
    if unique or (distinct > 0.9 * (n - missing) and n >= 100 and _ID_NAME.search(series.name)):
        return "id", "its values are all different" if unique else "it is named as one"
    return "category", f"it holds {distinct:,} level{'s' * (distinct != 1)}"
