"""Read one or two files for the checks of data: nothing is refused that a check can tell."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.data.dataset import Dataset, load_dataset
from equipoise.data.label_column import read_label_column
from equipoise.data.labels import is_missing, plain_scalars
from equipoise.data.reading import read_table
from equipoise.data.separators import find_separator
from equipoise.data.target import read_target
from equipoise.data.target_columns import find_target
from equipoise.diagnose.subject import Before
from equipoise.errors import ColumnNotFound, DataError, EquipoiseError
from equipoise.frames import to_frame
from equipoise.results.labelling import find_label

__all__ = ["read_before"]


def read_before(
    data: Any,
    target: Any,
    *,
    other: Any = None,
    task: str | None = None,
    group: str | None = None,
    time: str | None = None,
    text: str | Iterable[str] | None = None,
    roles: Mapping[str, str] | None = None,
    positive: Any = None,
    separator: str | None = None,
    seed: int = 0,
) -> Before:
    """Read data, and a second file by what was learned of the first.

    Rows without a target and classes of a single row are left out, and told of by the checks.

    Parameters
    ----------
    data, target, other, task, group, time, text, roles, positive, separator, seed
        See :func:`equipoise.diagnose`.

    Raises
    ------
    EquipoiseError
        Whatever is wrong with the data, with the remedy.

    Examples
    --------
    >>> from equipoise.diagnose.reading import read_before
    >>> before = read_before({"x": [1.0, 2, 3, 4, 5], "y": ["a", "a", "b", "b", "c"]}, "y")
    >>> before.classes, before.left_out
    (['a', 'b'], {'c': 1})
    """
    source, frame = _frame(data, target)
    frame, names, said = find_target(frame, target)
    dataset = load_dataset(
        frame,
        # What was said is found again, and is shorter in messages than a list of many labels.
        target if isinstance(target, str) else names if len(names) > 1 else names[0],
        task=task,
        group=group,
        time=time,
        text=text,
        roles=roles,
        positive=positive,
        drop_missing_target=True,
        drop_rare_classes=True,
        separator=separator,
        seed=seed,
    )
    dataset.source, dataset.target = source, said
    left_out = _left_out(frame, names, dataset)
    if other is None:
        return Before(dataset, None, seed, left_out)
    where, second = _frame(other, target)
    one_column = dataset.task == "multilabel" and len(names) == 1
    if one_column and separator is None:
        separator = find_separator(frame[names[0]])
    try:
        found, strange = _second(second, names, dataset, where, separator)
    except EquipoiseError as error:
        remedy = error.remedy
        if isinstance(error, ColumnNotFound):
            remedy = "give it the columns of the first, with missing values where not known"
        raise type(error)(f"in the second data, {error.problem}", remedy=remedy) from None
    return Before(dataset, found, seed, left_out, strange)


def _frame(data: Any, target: Any) -> tuple[str, Any]:
    if isinstance(data, str | os.PathLike):
        name = os.fsencode(Path(data).name).decode("utf-8", "replace")
        return name, read_table(data)
    return "data", to_frame(data, plain=target if isinstance(target, str) else None)


def _left_out(frame: Any, names: list[str], dataset: Dataset) -> dict[str, int]:
    if dataset.task == "multilabel" and len(names) > 1:
        gone = [name for name in names if name not in dataset.classes]
        return {name: int(np.nansum(read_label_column(frame[name]))) for name in gone}
    if dataset.task not in ("binary", "multiclass"):
        return {}
    counts = Counter(v for v in plain_scalars(frame[names[0]]) if not is_missing(v))
    kept = set(map(str, dataset.classes))
    return {str(label): n for label, n in counts.items() if n == 1 and str(label) not in kept}


def _second(
    frame: Any, names: list[str], first: Dataset, source: str, separator: str | None
) -> tuple[Dataset, dict[str, int]]:
    if not len(frame):
        raise DataError(f"{source} has no rows", remedy="give rows to compare")
    table = first.schema.apply(frame)
    y, strange = _labels(frame, names, first, separator)
    found = replace(
        first,
        table=table,
        y=y,
        source=source,
        groups=None,
        kept="rows",
        time=None,
        leaks=[],
        duplicates={},
        notes=[],
        fingerprint="",
    )
    return found, strange


def _labels(
    frame: Any, names: list[str], first: Dataset, separator: str | None
) -> tuple[NDArray[Any], dict[str, int]]:
    """Read the target of a second file by the classes of the first; -1 where it is not known."""
    n = len(frame)
    if any(name not in frame.columns or frame[name].null_count() == n for name in names):
        shape = (n, len(first.classes)) if first.task == "multilabel" else (n,)
        return np.full(shape, np.nan if first.task == "regression" else -1), {}
    if first.task in ("binary", "multiclass"):
        values = plain_scalars(frame[names[0]])
        counts = Counter(value for value in values if not is_missing(value))
        code = {}
        for value in counts:
            found = find_label(value, first.classes)
            code[value] = -1 if found is None else first.classes.index(found)
        y = np.array([-1 if is_missing(v) else code[v] for v in values], dtype=np.int64)
        return y, {str(value): counts[value] for value in counts if code[value] < 0}
    # One row, or rows that all have a label, can be compared, though nobody could learn from them.
    read = read_target(
        frame, names, task=first.task, separator=separator, drop_missing=True, learned=False
    )
    if first.task == "regression":
        out = np.full(n, np.nan)
        out[read.keep] = read.y
        return out, {}
    Y = np.full((n, len(first.classes)), -1, dtype=np.int64)
    Y[read.keep] = 0
    strange = {}
    for j, name in enumerate(read.classes):
        if name in first.classes:
            Y[read.keep, first.classes.index(name)] = read.y[:, j]
        elif read.y[:, j].any():
            strange[str(name)] = int(read.y[:, j].sum())
    return Y, strange
