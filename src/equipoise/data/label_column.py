"""A column that says of each row whether it has a label."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.errors import TargetError
from equipoise.frames import BLANKS, float_values, string_codes

__all__ = ["read_label_column"]

_YES = frozenset({"1", "1.0", "true", "yes"})
_NO = frozenset({"0", "0.0", "false", "no"})
_BLANK = frozenset(text.casefold() for text in BLANKS)
_MEANT = "a column of a label holds 0 or 1, true or false, yes or no"


def read_label_column(series: nw.Series[Any]) -> NDArray[np.float64]:
    """Read the column of a label.

    Parameters
    ----------
    series : narwhals.Series
        True/false, 0/1, or the texts 0, 1, yes, no, true, false; length n.

    Returns
    -------
    ndarray of shape (n,), float64
        1, 0, or NaN where nothing is said.

    Raises
    ------
    TargetError
        If it holds something else.

    Examples
    --------
    >>> from equipoise.data.label_column import read_label_column
    >>> from equipoise.frames import build_frame
    >>> read_label_column(build_frame({"red": ["yes", "no", None]})["red"]).tolist()
    [1.0, 0.0, nan]
    """
    dtype = series.dtype
    if dtype in (nw.List, nw.Array, nw.Struct) or dtype.is_temporal():
        raise TargetError(
            f"column {series.name!r} holds {str(dtype)[:40]}",
            remedy=f"{_MEANT}: name other columns",
        )
    if dtype.is_numeric() or dtype == nw.Boolean:
        numbers = float_values(series)
        wrong = ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise _no_label(series.name, f"{numbers[row]:g}", row)
        return numbers
    codes, levels = string_codes(series)
    meaning = np.full(len(levels) + 1, np.nan)
    for code, level in enumerate(levels):
        word = level.strip().casefold()
        if word in _YES or word in _NO:
            meaning[code] = float(word in _YES)
        elif word not in _BLANK:
            raise _no_label(series.name, f"{level:.40}", int(np.argmax(codes == code)))
    return meaning[codes]


def _no_label(name: str, value: str, row: int) -> TargetError:
    return TargetError(
        f"column {name!r} has {value!r} in row {row + 1:,}, and {_MEANT}",
        remedy="correct the value, or leave the column out of the target",
    )
