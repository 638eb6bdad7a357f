"""Read costs of errors in the forms that people write them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import DataError, UsageError

__all__ = ["parse_cost"]

F = NDArray[np.float64]
_SHORT = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}


def parse_cost(cost: Any, classes: Sequence[str], task: str = "binary") -> F:
    """Return the cost matrix: entry (i, j) is the cost of saying class j when the truth is i.

    Parameters
    ----------
    cost : str, mapping, array or path
        ``"fn=10,fp=1"`` in a binary task, or ``{"fn": 10, "fp": 1}``; a CSV file whose first column names
        the true class and whose header names the predicted one; or a (C, C) matrix.
    classes : sequence of str
        Class names in code order.
    task : str
        Task, for messages.

    Returns
    -------
    float64 array, shape (C, C)

    Raises
    ------
    UsageError, DataError
        If the costs cannot be read, do not fit the classes, or make every decision equally good.

    Examples
    --------
    >>> from equipoise.decisions import parse_cost
    >>> parse_cost("fn=10,fp=1", ["ham", "spam"]).tolist()
    [[0.0, 1.0], [10.0, 0.0]]
    """
    names = [str(name) for name in classes]
    if isinstance(cost, Mapping):
        matrix = _from_pairs({str(k): v for k, v in cost.items()}, names)
    elif isinstance(cost, (str, os.PathLike)):
        text = str(cost)
        matrix = (
            _from_pairs(_pairs(text), names)
            if "=" in text and not Path(text).exists()
            else _from_file(text, names)
        )
    else:
        try:
            matrix = np.array(cost, dtype=np.float64)
        except (TypeError, ValueError):
            raise UsageError(
                "the cost matrix does not hold numbers", remedy="give a square matrix of numbers"
            ) from None
    size = len(names)
    if matrix.shape != (size, size):
        raise UsageError(
            f"the cost matrix has the shape {matrix.shape} for {size} classes",
            remedy=f"give ({size}, {size})",
        )
    if not np.isfinite(matrix).all():
        raise UsageError(
            "the cost matrix has an entry that is not finite", remedy="give every cost as a number"
        )
    if (np.ptp(matrix, axis=1) == 0).all():
        raise UsageError(
            "the costs are the same whatever is decided",
            remedy="make an error cost more than a hit",
        )
    return matrix


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(
                f"cost {part.strip()!r} is not of the form name=number", remedy="write fn=10,fp=1"
            )
        pairs[key.strip()] = value.strip()
    return pairs


def _from_pairs(pairs: Mapping[str, Any], names: list[str]) -> F:
    if len(names) != 2:
        raise UsageError(
            f"costs such as fn=10,fp=1 are for two classes, and there are {len(names)}",
            remedy="give a CSV file with a row per true class and a column per predicted one",
        )
    matrix = np.zeros((2, 2))
    for key, value in pairs.items():
        if key.lower() not in _SHORT:
            raise UsageError(
                f"cost {key!r} is unknown",
                remedy="use fn (a missed positive), fp (a false alarm), tp and tn",
            )
        matrix[_SHORT[key.lower()]] = _number(value, key)
    return matrix


def _number(value: Any, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"cost of {where} is {value!r}, which is no number", remedy="write fn=10,fp=1"
        ) from None


def _from_file(path: str, names: list[str]) -> F:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise UsageError(
            f"cost {path!r} is neither a file nor of the form fn=10,fp=1",
            remedy="check the path, or write fn=10,fp=1",
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"the cost file {path!r} cannot be read ({error})", remedy="give a CSV file"
        ) from None
    header = [cell.strip() for cell in rows[0][1:]] if rows else []
    index = [row[0].strip() for row in rows[1:]]
    for what, found in (("column", header), ("row", index)):
        for name in names:
            if found.count(name) != 1:
                raise DataError(
                    f"the cost file {path!r} has {found.count(name)} {what}s for class {name!r}",
                    remedy="give a header with the predicted classes, and the true class first in every row",
                )
    matrix = np.empty((len(names), len(names)))
    for i, true in enumerate(names):
        row = rows[1 + index.index(true)]
        for j, said in enumerate(names):
            at = 1 + header.index(said)
            matrix[i, j] = _number(row[at] if at < len(row) else None, f"saying {said} for {true}")
    return matrix
