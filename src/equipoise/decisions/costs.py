"""Read costs of errors in the forms that people write them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import DataError, UsageError

__all__ = ["parse_cost"]

F = NDArray[np.float64]
_SHORT = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}
_LARGEST = 1e100  # sums and products over any number of rows stay finite
_PAIRS = "write fn=10,fp=1"
_TABLE = "give a header with the predicted classes, and the true class first in every row"


def parse_cost(cost: Any, classes: Sequence[str], task: str = "binary") -> F:
    """Return the cost matrix: entry (i, j) is the cost of saying class j when the truth is i.

    Parameters
    ----------
    cost : str, mapping, array or path
        ``"fn=10,fp=1"`` in a binary task, or ``{"fn": 10, "fp": 1}``, where fn is a missed positive and fp
        a false alarm (tn and tp, the costs of right answers, are 0 unless given); a CSV file whose
        first column names the true class and whose header names the predicted one, in any order; or
        a (C, C) matrix in the order of the classes.
    classes : sequence of str
        Class names in code order; of two, the second is the positive one.
    task : str
        Task, for messages.

    Returns
    -------
    float64 array, shape (C, C)
        0 or more, at most 1e100.

    Raises
    ------
    UsageError
        If the costs do not fit the classes, are negative, too large or no numbers, or make every decision equally
        good.
    DataError
        If the file cannot be read or lacks a class.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.

    Examples
    --------
    >>> from equipoise.decisions import parse_cost
    >>> parse_cost("fn=10,fp=1", ["ham", "spam"]).tolist()
    [[0.0, 1.0], [10.0, 0.0]]
    """
    names = [str(name).strip() for name in classes]
    if isinstance(cost, Mapping):
        matrix = _from_pairs({str(key): value for key, value in cost.items()}, names, task)
    elif isinstance(cost, str | os.PathLike):
        text = os.fspath(cost)
        matrix = (
            _from_pairs(_pairs(text), names, task)
            if "=" in text and not os.path.exists(text)
            else _from_file(text, names)
        )
    else:
        matrix = as_floats(cost, "the cost matrix").copy()
    _check(matrix, names)
    return matrix


def _check(matrix: F, names: list[str]) -> None:
    size = len(names)
    if matrix.shape != (size, size):
        raise UsageError(
            f"the cost matrix has the shape {matrix.shape} for {size} classes",
            remedy=f"give ({size}, {size})",
        )
    for wrong, what, remedy in (
        (~np.isfinite(matrix), "not finite", "give every cost as a number"),
        # A gain is a cost below that of another answer; a constant more on a row changes no decision.
        (matrix < 0, "negative", "add the same amount to all costs of that true class"),
        (matrix > _LARGEST, "too large to add up", "divide all costs by the same number"),
    ):
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise UsageError(
                f"the cost of saying {names[j]!r} for {names[i]!r} is {matrix[i, j]:g}, which is {what}",
                remedy=remedy,
            )
    if (np.ptp(matrix, axis=1) == 0).all():
        raise UsageError(
            "the costs are the same whatever is decided",
            remedy="make an error cost more than a hit",
        )


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (one.strip() for one in part.partition("="))
        if not equals:
            raise UsageError(f"cost {part.strip()!r} is not of the form name=number", remedy=_PAIRS)
        if key.lower() in (known.lower() for known in pairs):
            raise UsageError(f"cost {key!r} is given twice", remedy=_PAIRS)
        pairs[key] = value
    return pairs


def _from_pairs(pairs: Mapping[str, Any], names: list[str], task: str) -> F:
    if len(names) != 2:
        raise UsageError(
            f"costs such as fn=10,fp=1 are for two classes, and this {task} task has {len(names)}",
            remedy="give a CSV file with a row per true class and a column per predicted one",
        )
    matrix = np.zeros((2, 2))
    given = set()
    for key, value in pairs.items():
        if key.lower() not in _SHORT:
            raise UsageError(
                f"cost {key!r} is unknown",
                remedy="use fn (a missed positive), fp (a false alarm), tp and tn",
            )
        given.add(key.lower())
        matrix[_SHORT[key.lower()]] = _number(value, repr(key), UsageError, _PAIRS)
    for key in ("fn", "fp"):
        if key not in given:
            # With one of them free of charge the cheapest rule says the same of all rows.
            raise UsageError(f"cost {key!r} is missing", remedy=f"{_PAIRS} with both of them")
    return matrix


def _number(value: Any, where: str, kind: type[UsageError | DataError], remedy: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise kind(f"the cost of {where} is {value!r}, which is no number", remedy=remedy) from None


def _from_file(path: str, names: list[str]) -> F:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise UsageError(
            f"cost {path!r} is neither a file nor of the form fn=10,fp=1",
            remedy="check the path, or write fn=10,fp=1",
        ) from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DataError(
            f"the cost file {path!r} cannot be read: {why}",
            remedy="give the path of a CSV file, or write fn=10,fp=1",
        ) from None
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"the cost file {path!r} cannot be read ({error})", remedy="give a CSV file in UTF-8"
        ) from None
    if not rows:
        raise DataError(f"the cost file {path!r} is empty", remedy=_TABLE)
    header = [cell.strip() for cell in rows[0][1:]]
    index = [row[0].strip() for row in rows[1:]]
    for what, found in (("column", header), ("row", index)):
        _check_labels(path, what, found, names)
    matrix = np.empty((len(names), len(names)))
    for i, true in enumerate(names):
        cells = rows[1 + index.index(true)]
        if len(cells) != 1 + len(names):
            raise DataError(
                f"the cost file {path!r} has {len(cells) - 1} costs for class {true!r}",
                remedy=f"give {len(names)}, one per predicted class",
            )
        for j, said in enumerate(names):
            where = f"saying {said!r} for {true!r}"
            cell = cells[1 + header.index(said)].strip()
            matrix[i, j] = _number(cell, where, DataError, f"write a number into the file {path!r}")
    return matrix


def _check_labels(path: str, what: str, found: list[str], names: list[str]) -> None:
    for name in found:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise DataError(
                f"the cost file {path!r} has a {what} for {name!r}, which is no class",
                remedy=f"{hint}the classes are {', '.join(map(repr, names))}",
            )
    for name in names:
        if found.count(name) != 1:
            raise DataError(
                f"the cost file {path!r} has {found.count(name)} {what}s for class {name!r}",
                remedy=_TABLE,
            )
