"""Where the target stands: one column, several, a pattern of names, or values given beside the data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Any

import narwhals as nw
import numpy as np

from equipoise.data.columns import find_column
from equipoise.errors import ColumnNotFound, DataError, UsageError
from equipoise.frames import build_frame, column_name, to_frame

__all__ = ["find_target"]

_TARGET = "target"
_SHOWN = 8


def find_target(frame: nw.DataFrame[Any], target: Any) -> tuple[nw.DataFrame[Any], list[str], str]:
    """Find the columns of the target, and add them to the data if they were given by themselves.

    Parameters
    ----------
    frame : narwhals.DataFrame
        The data, n rows.
    target : str, sequence of str, array, series or data frame
        A column's name; several, in a list or joined by commas; a pattern in which ``*`` stands for any letters and
        ``?`` for one; or the values, of shape (n,) or (n, L). A column whose own name holds a comma or a star is
        found by that name first.

    Returns
    -------
    frame : narwhals.DataFrame
        The data with the target in it.
    names : list of str
        The columns of the target.
    said : str
        The target in words, for messages and records.

    Raises
    ------
    ColumnNotFound
        If a name or a pattern fits no column.
    UsageError
        If the target is neither names nor one row of values for each row.

    Examples
    --------
    >>> from equipoise.data.target_columns import find_target
    >>> from equipoise.frames import build_frame
    >>> data = build_frame({"x": [1, 2], "is_red": [0, 1], "is_big": [1, 1]})
    >>> find_target(data, "is_*")[1:]
    (['is_red', 'is_big'], 'is_*')
    """
    if isinstance(target, str):
        return frame, _named(frame, target), target
    if isinstance(target, (int, tuple)) and not isinstance(target, bool):
        # pandas knows columns by numbers and tuples too.
        name = column_name(target)
        parts = target if isinstance(target, tuple) else ()
        if name in frame.columns and not (parts and _are_columns(frame, parts)):
            return frame, [name], name
    if isinstance(target, (list, tuple)) and _are_names(frame, target):
        names = [name for part in target for name in _named(frame, column_name(part))]
        return frame, list(dict.fromkeys(names)), ",".join(column_name(part) for part in target)
    table = _label_table(target)
    if table is not None:
        return _with_table(frame, table)
    return _with_values(frame, target)


def _named(frame: nw.DataFrame[Any], said: str) -> list[str]:
    """Return the columns that a text names."""
    if said in frame.columns:
        return [said]
    if "," not in said:
        return _matching(frame, said.strip()) if _is_pattern(said) else _one(frame, said)
    names: list[str] = []
    parts = said.split(",")
    while parts:
        # The longest piece that is a column: its own name may hold commas.
        for end in range(len(parts), 0, -1):
            piece = ",".join(parts[:end])
            found = next((name for name in (piece, piece.strip()) if name in frame.columns), None)
            if found is not None:
                names.append(found)
                break
            if end == 1 and piece.strip():
                piece = piece.strip()
                names += _matching(frame, piece) if _is_pattern(piece) else _one(frame, piece)
        parts = parts[end:]
    if not names:
        _one(frame, said)
    return list(dict.fromkeys(names))


def _one(frame: nw.DataFrame[Any], name: str) -> list[str]:
    return [find_column(frame, name, "target column").name]


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _matching(frame: nw.DataFrame[Any], pattern: str) -> list[str]:
    # Brackets are plain letters here; column names hold them more often than a person means a set by them.
    fits = re.compile(translate(pattern.replace("[", "[[]")))
    names = [name for name in frame.columns if fits.match(name)]
    if not names:
        columns = list(frame.columns)
        shown = ", ".join(map(repr, columns[:_SHOWN])) + (" ..." if len(columns) > _SHOWN else "")
        raise ColumnNotFound(
            f"no column fits the target pattern {pattern!r}", remedy=f"the columns are {shown}"
        )
    return names


def _are_columns(frame: nw.DataFrame[Any], parts: Sequence[Any]) -> bool:
    return all(isinstance(part, (str, int, tuple)) for part in parts) and all(
        column_name(part) in frame.columns for part in parts
    )


def _are_names(frame: nw.DataFrame[Any], parts: Sequence[Any]) -> bool:
    """Tell whether a list names columns, and does not hold one value for each row."""
    if not parts or len(set(map(str, parts))) < len(parts):
        return False
    if _are_columns(frame, parts):
        return len(parts) != len(frame) or all(isinstance(part, str) for part in parts)
    if len(parts) == len(frame) or not all(isinstance(part, str) for part in parts):
        return False
    return any(part in frame.columns or _is_pattern(part) for part in parts)


def _label_table(target: Any) -> nw.DataFrame[Any] | None:
    """Read values with several columns; None if there is one only."""
    if hasattr(target, "toarray"):
        target = target.toarray()
    if isinstance(target, (str, list, tuple)) or hasattr(target, "to_list"):
        return None
    shape = getattr(target, "shape", ())
    if not isinstance(shape, tuple) or len(shape) < 2 or (len(shape) == 2 and shape[1] == 1):
        return None
    if len(shape) > 2:
        raise UsageError(
            f"the target has {len(shape)} dimensions",
            remedy="give one value for each row, or one row of labels",
        )
    if shape[1] == 0:
        raise UsageError("the target has no columns", remedy="give a column for each label")
    if isinstance(target, np.ndarray) or not hasattr(target, "columns"):
        values = np.asarray(target)
        return build_frame({f"label_{j}": values[:, j] for j in range(shape[1])})
    try:
        return to_frame(target)
    except DataError as error:
        raise UsageError(f"of the target, {error.problem}", remedy=error.remedy) from None


def _with_table(
    frame: nw.DataFrame[Any], table: nw.DataFrame[Any]
) -> tuple[nw.DataFrame[Any], list[str], str]:
    _refuse_length(frame, len(table))
    names = []
    for label in table.columns:
        name = _free(frame, label)
        frame = frame.with_columns(table[label].alias(name))
        names.append(name)
    return frame, names, _TARGET


def _with_values(frame: nw.DataFrame[Any], target: Any) -> tuple[nw.DataFrame[Any], list[str], str]:
    values = list(target) if isinstance(target, (list, tuple)) else None
    if values is None:
        values = getattr(target, "to_list", lambda: None)()
    if values is None:
        array = np.asarray(target)
        values = (array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array).tolist()
    if not isinstance(values, list):
        raise UsageError(
            f"the target is {target!r:.60}",
            remedy="give a column's name, or one value for each row",
        )
    _refuse_length(frame, len(values))
    label = getattr(target, "name", None)
    name = _free(frame, _TARGET if label in (None, "") else column_name(label))
    return frame.with_columns(build_frame({name: values})[name]), [name], name


def _free(frame: nw.DataFrame[Any], name: str) -> str:
    while name in frame.columns:
        name += "_"
    return name


def _refuse_length(frame: nw.DataFrame[Any], count: int) -> None:
    if count != len(frame):
        raise UsageError(
            f"the target has {count} values and the data {len(frame)} rows",
            remedy="give one per row",
        )
