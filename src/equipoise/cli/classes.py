"""Classes of a target column, or labels of several, and the rows of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.cli.screen import Screen
from equipoise.errors import TargetError, UsageError

__all__ = ["Classes", "read_classes"]

_MOST = 1000  # more values than these are no classes that anyone weighs


@dataclass
class Classes:
    """Sorted labels, the rows of each, and the code of the positive of two classes.

    Where a row may have several labels, they stand in the order of the columns, and ``rows`` is the number
    of all rows.
    """

    labels: list[Any]
    counts: list[int]
    positive: int | None
    rows: int | None = None

    @property
    def several(self) -> bool:
        """Whether a row may have several labels."""
        return self.rows is not None

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.counts) if self.rows is None else self.rows


def read_classes(
    screen: Screen,
    file: Path,
    target: str,
    positive: str | None,
    drop_missing: bool,
    separator: str | None = None,
) -> Classes:
    """Count the classes of a data file, or the labels where the target names several columns or sets.

    Unlike a trial, which has to learn and to test each class, this takes classes of a single row.

    Raises
    ------
    UsageError
        If there is no such column, or no such positive class.
    DataError
        If the file cannot be read, or its target holds no classes.
    """
    from equipoise.data.labels import look_alikes, nearest, some
    from equipoise.data.reading import read_table
    from equipoise.data.target_columns import find_target
    from equipoise.results.labelling import find_label

    frame = read_table(file)
    names = find_target(frame, target)[1]
    column = frame[names[0]]
    if len(names) > 1 or separator is not None or _holds_lists(column):
        return _read_labels(screen, frame, names, target, positive, drop_missing, separator)
    target = column.name
    counts = _count(screen, column, target, drop_missing)
    labels = sorted(counts)
    for note in look_alikes(labels, target):
        screen.note(f"note: {note}")
    code: int | None = None
    if positive is not None and len(labels) != 2:
        raise UsageError(
            f"--positive {positive!r} is for two classes, and there are {len(labels)}",
            remedy="leave --positive out",
        )
    if len(labels) == 2:
        code = int(counts[labels[0]] >= counts[labels[1]])
        if positive is not None:
            found = find_label(positive, labels)
            if found is None:
                near = nearest(positive, [str(label) for label in labels])
                raise UsageError(
                    f"the positive class {positive!r} is not among the classes of column {target!r}",
                    remedy=f"did you mean {near!r}?" if near else f"use one of {some(labels)}",
                )
            code = labels.index(found)
    return Classes(labels, [counts[label] for label in labels], code)


def _holds_lists(series: Any) -> bool:
    return any(isinstance(one, list | tuple) for one in series.to_list())


def _read_labels(
    screen: Screen,
    frame: Any,
    names: list[str],
    target: str,
    positive: str | None,
    drop_missing: bool,
    separator: str | None,
) -> Classes:
    from equipoise.data.target import read_target

    found = read_target(
        frame,
        names,
        said=target,
        task="multilabel",
        positive=positive,
        separator=separator,
        drop_missing=drop_missing,
        learned=False,
    )
    for note in found.notes:
        screen.note(f"note: {note}")
    return Classes(found.classes, found.y.sum(axis=0).tolist(), None, len(found.y))


def _count(screen: Screen, series: Any, target: str, drop_missing: bool) -> dict[Any, int]:
    """Return the rows of each label, or say why the values are no classes."""
    from collections import Counter

    from equipoise.data.labels import kind_of, missing_labels, plain_scalars, rows_word, was_word
    from equipoise.data.target import detect_task

    try:
        counts = dict(Counter(plain_scalars(series)))
    except TypeError:
        raise TargetError(
            f"column {target!r} holds a list or a record in each row, not one label",
            remedy="name a target column with one label per row",
        ) from None
    rows = sum(counts.values())
    absent, words = missing_labels(list(counts))
    missing = sum(n for n, gone in zip(counts.values(), absent, strict=True) if gone)
    if missing and not drop_missing:
        raise TargetError(
            f"column {target!r} is missing in {missing:,} of {rows_word(rows)}{words}",
            remedy="leave those rows out with --drop-missing-target, or fill them in",
        )
    if missing:
        screen.note(f"note: {rows_word(missing)} without {target!r} {was_word(missing)} left out")
    counts = {label: n for (label, n), gone in zip(counts.items(), absent, strict=True) if not gone}
    another = "name a --target with at least two classes"
    if not counts:
        raise TargetError(f"column {target!r} is empty in all {rows_word(rows)}", remedy=another)
    example = next(iter(counts))
    if len(counts) == 1:
        raise TargetError(
            f"column {target!r} has one class only: {example!r} in all {rows_word(rows - missing)}",
            remedy=another,
        )
    kinds = sorted({kind_of(label) for label in counts})
    if len(kinds) > 1 or kinds[0] not in ("true/false", "number", "text"):
        raise TargetError(
            f"column {target!r} holds values of the kind {' and '.join(kinds)}, which name no classes",
            remedy="name a target column of texts, numbers or true/false",
        )
    measured = detect_task(list(counts)) == "regression"
    if measured or len(counts) > _MOST or len(counts) == rows - missing > 2:
        what = "numbers that measure" if measured else "no classes"
        raise TargetError(
            f"column {target!r} has {len(counts):,} different values in {rows_word(rows - missing)}: "
            f"{what}",
            remedy="name another --target, or cut the values into classes first",
        )
    return counts
