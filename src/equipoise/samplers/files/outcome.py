"""What resampling a file comes to: rows of each class before and after, and the shift of the prior."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equipoise.data.labels import missing_labels, natural_key, reads_as_number, rows_word
from equipoise.data.target import detect_task
from equipoise.errors import DataError, TargetError, UsageError

__all__ = ["MOST_CLASSES", "ResampledFile", "check_added", "class_counts", "prior_shift"]

MOST_CLASSES = 1000
"""Different labels above which a column is no target."""


@dataclass(frozen=True)
class ResampledFile:
    """What :func:`equipoise.samplers.files.resample_file` wrote.

    Attributes
    ----------
    out : Path
        The file.
    method : str
    before, after : dict
        Rows of each class, by label in natural order. Labels of CSV files that are resampled as a lazy query
        are text.
    prior_offset : dict
        ``log(share after / share before)`` of each class: the difference of two classes is by how much
        the prior of the file has their log-odds too high, and so a model that estimates probabilities;
        trees hardly move when rows are repeated. Shares are those of the weights where there are any,
        which makes all 0 for a model trained with them. None where a class has no rows left.
    weight, row_number : str or None
        Names of the columns that were added.
    parameters : dict
        Parameters of the method: those that were given, and those that were settled as they were not.
    notes : tuple of str
        What is good to know about how these rows came to be.
    """

    out: Path
    method: str
    before: dict[Any, int]
    after: dict[Any, int]
    prior_offset: dict[Any, float | None] = field(repr=False)
    weight: str | None = None
    row_number: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)


def class_counts(labels: Sequence[Any], rows: Sequence[int], target: str) -> dict[Any, int]:
    """Return the rows of each class in natural order, or refuse the target.

    Parameters
    ----------
    labels : sequence
        The different labels, as plain scalars.
    rows : sequence of int
        Rows of each.
    target : str
        Name of their column, for messages.

    Returns
    -------
    dict

    Raises
    ------
    DataError
        If there are no rows.
    TargetError
        If labels are missing, there is one class only, or more than :data:`MOST_CLASSES`, or the labels
        measure something.

    Examples
    --------
    >>> from equipoise.samplers.files.outcome import class_counts
    >>> class_counts(["item 10", "item 9"], [3, 5], "kind")
    {'item 9': 5, 'item 10': 3}
    """
    if not labels:
        raise DataError("the file has no rows", remedy="give a file with rows")
    if len(labels) > MOST_CLASSES:
        raise TargetError(
            f"column {target!r} has more than {MOST_CLASSES:,} different values: an id or a measured "
            "number, not a class",
            remedy="name another target, or merge the rare classes first",
        )
    absent, words = missing_labels(labels)
    missing = sum(n for n, gone in zip(rows, absent, strict=True) if gone)
    if missing:
        raise TargetError(
            f"column {target!r} is missing in {missing:,} of {rows_word(sum(rows))}{words}",
            remedy="fill the labels in, or take those rows out of the file first",
        )
    if len(labels) == 1:
        raise TargetError(
            f"column {target!r} has one class only: {labels[0]!r} in all {rows_word(rows[0])}",
            remedy="name a target with at least two classes, or give data that hold both",
        )
    _refuse_measured(labels, target)
    counts = dict(zip(labels, rows, strict=True))
    return {label: int(counts[label]) for label in sorted(counts, key=natural_key)}


def _refuse_measured(labels: Sequence[Any], target: str) -> None:
    """Refuse fractions that are no names; whole numbers may be, however many there are."""
    # In text files numbers are text.
    if not all(reads_as_number(str(label)) for label in labels):
        return
    numbers = [float(label) for label in labels]
    part = min((each for each in numbers if not each.is_integer()), default=None)
    if part is not None and detect_task(numbers) == "regression":
        raise TargetError(
            f"column {target!r} has {len(labels):,} different numbers such as {part:.6g}: it measures "
            "something and holds no classes",
            remedy="name a target with classes, or cut the numbers into a few ranges first",
        )


def prior_shift(before: dict[Any, int], after: dict[Any, int]) -> dict[Any, float | None]:
    """Return ``log(share after / share before)`` of each class, None where no row is left.

    Parameters
    ----------
    before, after : dict
        Rows by label.

    Returns
    -------
    dict

    Examples
    --------
    >>> from equipoise.samplers.files.outcome import prior_shift
    >>> {label: round(shift, 3) for label, shift in prior_shift({0: 90, 1: 10}, {0: 10, 1: 10}).items()}
    {0: -0.588, 1: 1.609}
    """
    total = math.log(sum(after.values())) - math.log(sum(before.values()))
    return {
        label: math.log(after[label]) - math.log(n) - total if after[label] else None
        for label, n in before.items()
    }


def check_added(added: Sequence[str | None], columns: Collection[str], where: Path) -> None:
    """Refuse columns to add whose names are taken.

    Parameters
    ----------
    added : sequence of str or None
        Names of columns to add; None adds none.
    columns : collection of str
        Columns of the file.
    where : Path
        The file, for messages.

    Raises
    ------
    UsageError
        If a name is in the file already, or there twice.
    """
    names = [name for name in added if name is not None]
    for name in names:
        if name in columns or names.count(name) > 1:
            raise UsageError(
                f"{str(where)!r} has a column {name!r} already"
                if name in columns
                else f"two columns to add are both called {name!r}",
                remedy="rename it, or name the column to add otherwise",
            )
