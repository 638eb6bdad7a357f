"""Tables with a column for each label, checked and put into the order of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.data.labels import some
from equipoise.errors import DataError, UsageError
from equipoise.frames import to_frame

__all__ = ["has_columns", "read_answers", "read_probabilities", "read_truth"]

F = NDArray[np.float64]


def has_columns(values: Any) -> bool:
    """Tell whether these are values of several labels: a table, a mapping, or an array with several columns."""
    if isinstance(values, Mapping) or hasattr(values, "toarray"):
        return True
    if hasattr(values, "columns") and not isinstance(values, np.ndarray):
        return True
    try:
        shape = np.shape(values)
    except ValueError:  # lists of different lengths
        return False
    return len(shape) == 2 and shape[1] > 1


def read_truth(values: Any, names: Sequence[Any] | None) -> tuple[NDArray[np.int64], list[str]]:
    """Return the true labels as 0 and 1, shape (n, L), and the names of the labels.

    Raises
    ------
    UsageError, DataError
        If they are no such table.
    """
    table, found = _table(values, "y_true")
    if names is not None and found is not None:
        table, found = _in_order(table, found, [str(one) for one in names], "y_true")
    known = (
        found
        if found is not None
        else [str(one) for one in names]
        if names is not None
        else [f"label_{j}" for j in range(table.shape[1])]
    )
    if len(known) != table.shape[1] or len(set(known)) < len(known):
        raise UsageError(
            f"there are {table.shape[1]} columns of labels, and the names are {some(known, 10)}",
            remedy="give one distinct name for each column",
        )
    return _zeros_and_ones(table, known, "y_true"), known


def read_answers(values: Any, names: list[str], n: int) -> NDArray[np.int64]:
    """Return the labels that were said as 0 and 1, shape (n, L), in the order of the names."""
    table = _matched(values, names, n, "labels")
    return _zeros_and_ones(table, names, "labels")


def read_probabilities(values: Any, names: list[str], n: int) -> F:
    """Return the probability of each label, shape (n, L), in the order of the names."""
    table = _matched(values, names, n, "scores")
    wrong = ~((table >= 0) & (table <= 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{table[row, column]:g} in the scores of {names[column]!r} is no probability",
            remedy="give probabilities between 0 and 1, one for each label: they need not sum to 1",
        )
    return table


def _matched(values: Any, names: list[str], n: int, what: str) -> F:
    table, found = _table(values, what)
    if found is not None:
        table, _ = _in_order(table, found, names, what)
    if table.shape != (n, len(names)):
        raise UsageError(
            f"{what} has the shape {table.shape} for {n} rows and {len(names)} labels",
            remedy=f"give one value per row and label, ({n}, {len(names)})",
        )
    return table


def _in_order(table: F, found: list[str], names: list[str], what: str) -> tuple[F, list[str]]:
    absent = [name for name in names if name not in found]
    strange = [name for name in found if name not in names]
    if absent or strange:
        problem = (
            f"{what} lacks the label {absent[0]!r}"
            if absent
            else f"{what} is also of {strange[0]!r}, which is none of the labels"
        )
        raise UsageError(problem, remedy=f"give a column for each of {some(names, 10)}")
    return table[:, [found.index(name) for name in names]], names


def _table(values: Any, what: str) -> tuple[F, list[str] | None]:
    """Read numbers, shape (n, L), and the names of the columns if they have any."""
    names: list[str] | None = None
    if hasattr(values, "toarray"):
        values = values.toarray()
    elif isinstance(values, Mapping):
        names = [str(name) for name in values]
        columns = [np.asarray(column) for column in values.values()]
        if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
            raise UsageError(
                f"the columns of {what} have the shapes {some([one.shape for one in columns], 4)}",
                remedy="give one value per row for each label",
            )
        values = np.column_stack(columns)
    elif hasattr(values, "columns") and not isinstance(values, np.ndarray):
        frame = to_frame(values)
        names = list(frame.columns)
        values = np.column_stack([frame[name].to_numpy() for name in names])
    try:
        table = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"not all values of {what} are numbers", remedy="give 0 and 1, or probabilities"
        ) from None
    if table.ndim != 2 or not table.size:
        raise UsageError(
            f"{what} has the shape {table.shape}", remedy="give a row per case, a column per label"
        )
    if np.isnan(table).any():
        rows = int(np.isnan(table).any(axis=1).sum())
        raise DataError(
            f"{what} is missing in {rows:,} of {len(table):,} rows", remedy="leave those rows out"
        )
    return table, names


def _zeros_and_ones(table: F, names: list[str], what: str) -> NDArray[np.int64]:
    wrong = ~np.isin(table, (0.0, 1.0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{what} holds {table[row, column]:g} for the label {names[column]!r}",
            remedy="write 1 where a row has the label, else 0",
        )
    return table.astype(np.int64)
