"""Targets that are numbers: which rows can be used, and what the numbers are like."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.data.labels import rows_word, was_word
from equipoise.errors import TargetError
from equipoise.frames import float_values, parse_numbers

__all__ = ["describe_numbers", "read_numbers"]

# Squares and their sums stay finite.
LARGEST = 1e100


def read_numbers(
    series: nw.Series[Any], *, drop_missing: bool = False, learned: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """Read a target of numbers.

    Parameters
    ----------
    series : narwhals.Series
        Numbers, or texts that all read as such; length n.
    drop_missing : bool, default False
        Leave out rows without a number instead of refusing them.
    learned : bool, default True
        Whether a model is to learn from the rows, which numbers that are all the same cannot teach.

    Returns
    -------
    y : ndarray of shape (m,), float64
        The numbers of the rows that are kept.
    keep : ndarray of shape (n,), bool
        Which rows those are.
    notes : list of str
        What was left out, in words.

    Raises
    ------
    TargetError
        If the column holds no numbers, lacks some, or they are infinite, beyond 1e100 or all the same, or differ by less than
        1e-100.

    Examples
    --------
    >>> from equipoise.data.number_target import read_numbers
    >>> from equipoise.frames import build_frame
    >>> y, keep, notes = read_numbers(build_frame({"cost": [3.5, None, 10.0]})["cost"], drop_missing=True)
    >>> y.tolist(), keep.tolist(), notes
    ([3.5, 10.0], [True, False, True], ["1 row without 'cost' was left out"])
    """
    name = series.name
    values = _values(series)
    missing = np.isnan(values)
    count, n = int(missing.sum()), len(values)
    if n and count == n:
        if drop_missing:
            raise TargetError(
                f"column {name!r} has no rows with a number", remedy="name another --target"
            )
        raise TargetError(
            f"column {name!r} is empty in all {rows_word(n)}", remedy="name another --target"
        )
    if count and not drop_missing:
        raise TargetError(
            f"column {name!r} is missing in {count:,} of {rows_word(n)}",
            remedy="leave those rows out with --drop-missing-target (drop_missing_target=True), or fill them in",
        )
    notes = [f"{rows_word(count)} without {name!r} {was_word(count)} left out"] if count else []
    y = values[~missing] + 0.0
    _refuse(y, name, learned)
    return y, ~missing, notes


def _values(series: nw.Series[Any]) -> NDArray[np.float64]:
    """Read numbers, NaN where missing."""
    name, dtype = series.name, series.dtype
    if dtype.is_numeric():
        return float_values(series)
    if dtype == nw.Boolean or dtype.is_temporal() or dtype in (nw.List, nw.Array, nw.Struct):
        what = (
            "true/false"
            if dtype == nw.Boolean
            else "dates or times"
            if dtype.is_temporal()
            else "lists or records"
        )
        raise TargetError(
            f"column {name!r} holds {what}, and a regression target numbers",
            remedy="name another --target, or leave --task out",
        )
    numbers, bad = parse_numbers(series)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise TargetError(
            f"column {name!r} has {str(series[row])[:40]!r} in row {row + 1:,}, and a regression target numbers",
            remedy="leave --task out if its values name classes, name another --target, or correct the value",
        )
    return float_values(numbers)


def _refuse(y: NDArray[np.float64], name: str, learned: bool) -> None:
    infinite = int(np.isinf(y).sum())
    if infinite:
        raise TargetError(
            f"column {name!r} is infinite in {infinite:,} of {rows_word(len(y))}",
            remedy="replace those values by finite numbers, or empty them and use --drop-missing-target",
        )
    if not len(y):
        raise TargetError(f"column {name!r} has no rows", remedy="give data with rows")
    if learned and (y == y[0]).all():
        raise TargetError(
            f"column {name!r} has one value only: {y[0]:g} in all {rows_word(len(y))}",
            remedy="name a --target that varies",
        )
    if np.abs(y).max() > LARGEST:
        raise TargetError(
            f"column {name!r} holds {y[np.abs(y).argmax()]:g}, and numbers of at most {LARGEST:g} can be computed with",
            remedy="give it in a larger unit",
        )
    spread = float(np.ptp(y))
    if learned and spread < 1 / LARGEST:
        raise TargetError(
            f"column {name!r} varies by {spread:g} only, and differences of at least {1 / LARGEST:g} can be computed with",
            remedy="give it in a smaller unit",
        )


def describe_numbers(y: NDArray[np.float64]) -> dict[str, Any]:
    r"""Describe how numbers are spread.

    The skewness is :math:`\frac{1}{n} \sum_i ((y_i - \bar y) / s)^3` with :math:`s` the standard deviation over n,
    which is also what ``std`` is.

    Parameters
    ----------
    y : ndarray of shape (n,), float64
        Finite numbers.

    Returns
    -------
    dict
        min, max, mean, std, median, q25, q75, q95 and skewness as floats (0.0 for numbers that are all the same), and
        zeros, how many are 0.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.number_target import describe_numbers
    >>> about = describe_numbers(np.array([0.0, 0.0, 1.0, 7.0]))
    >>> about["median"], about["zeros"], round(about["skewness"], 3)
    (0.5, 2, 1.09)
    """
    # In units of the largest, so that the squares of tiny numbers do not vanish.
    unit = float(np.abs(y).max()) or 1.0
    part = y / unit
    away = part - part.mean()
    spread = math.sqrt(float((away**2).mean()))
    skewness = float(((away / spread) ** 3).mean()) if spread > 0 else 0.0
    quantiles = np.quantile(y, [0.25, 0.5, 0.75, 0.95])
    return {
        "min": float(y.min()),
        "max": float(y.max()),
        "mean": float(part.mean() * unit),
        "std": spread * unit,
        "median": float(quantiles[1]),
        "q25": float(quantiles[0]),
        "q75": float(quantiles[2]),
        "q95": float(quantiles[3]),
        "skewness": skewness,
        "zeros": int((y == 0).sum()),
    }
