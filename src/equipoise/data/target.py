"""What the target is: which task it poses, what each row is to be given, which rows can be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.data.class_target import encode_target, usable_rows
from equipoise.data.columns import find_column
from equipoise.data.label_sets import read_label_columns, read_label_lists, read_label_texts
from equipoise.data.number_target import read_numbers
from equipoise.data.tasks import check_task, detect_task
from equipoise.errors import TargetError, UsageError

__all__ = ["Target", "detect_task", "encode_target", "read_target", "usable_rows"]


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Attributes
    ----------
    y : ndarray
        Class codes, int64 (m,); 1 for each label that a row has, int64 (m, L); or numbers, float64 (m,).
    classes : list
        Labels of the classes in code order, names of the labels of sets, or nothing for numbers.
    task : {"binary", "multiclass", "multilabel", "regression"}
    positive : scalar or None
        The positive class of a binary task.
    keep : ndarray of shape (n,), bool
        The rows that can be used, m in all.
    notes : list of str
        What a reader should know about how the target was read.
    """

    y: NDArray[Any]
    classes: list[Any]
    task: str
    positive: Any
    keep: NDArray[np.bool_]
    notes: list[str]


def read_target(
    frame: nw.DataFrame[Any],
    names: Sequence[str],
    *,
    said: str | None = None,
    task: str | None = None,
    positive: Any = None,
    separator: str | None = None,
    drop_missing: bool = False,
    drop_rare: bool = False,
    learned: bool = True,
) -> Target:
    """Read the target.

    Parameters
    ----------
    frame : narwhals.DataFrame
        The data, n rows.
    names : sequence of str
        Columns of the target: one, or one for each label.
    said : str, optional
        The target in words, for messages.
    task : {"binary", "multiclass", "multilabel", "regression"}, optional
        The task; found from the target if not given.
    positive : scalar, optional
        Positive class of a binary task.
    separator : str, optional
        What stands between the labels of a row in a column of texts.
    drop_missing, drop_rare : bool, default False
        Leave out rows without a target; leave out classes and labels of a single row.
    learned : bool, default True
        Whether a model is to learn from the rows. Of rows that are only looked at, labels that no row or every row has
        are kept, and numbers may all be the same.

    Returns
    -------
    Target

    Raises
    ------
    TargetError
        If the target cannot be learned as it is.
    UsageError
        If arguments do not fit it.

    Examples
    --------
    >>> from equipoise.data.target import read_target
    >>> from equipoise.frames import build_frame
    >>> data = build_frame({"cost": [1.5, 2.5, 11.0, 12.0], "old": [1, 0, 0, 1], "ill": [0, 1, 0, 1]})
    >>> read_target(data, ["cost"], task="regression").y.tolist()
    [1.5, 2.5, 11.0, 12.0]
    >>> read_target(data, ["old", "ill"]).task
    'multilabel'
    """
    said = ",".join(names) if said is None else said
    check_task(task)
    columns = [find_column(frame, name, "target column") for name in names]
    found = _task_of(columns, said, task, separator)
    if found in ("multilabel", "regression") and positive is not None:
        raise UsageError(
            f"a positive class ({positive!r}) was given, but the task is {found}",
            remedy="leave the positive class out",
        )
    if found == "multilabel":
        rows = {"drop_missing": drop_missing, "drop_rare": drop_rare, "learned": learned}
        if len(columns) > 1:
            sets = read_label_columns(columns, said, **rows)
        elif _holds_lists(columns[0]):
            sets = read_label_lists(columns[0], **rows)
        else:
            sets = read_label_texts(columns[0], separator, **rows)
        return Target(sets.Y, list(sets.names), found, None, sets.keep, sets.notes)
    series = columns[0]
    if found == "regression":
        if task is None:
            _refuse_id(series)
        y, keep, notes = read_numbers(series, drop_missing=drop_missing, learned=learned)
        return Target(y, [], found, None, keep, notes)
    keep, notes = usable_rows(
        series, name=series.name, drop_missing=drop_missing, drop_rare=drop_rare
    )
    kept = series if keep.all() else series.filter(keep.tolist())
    codes, classes, more = encode_target(kept, task, positive, name=series.name)
    two = len(classes) == 2
    return Target(
        codes,
        classes,
        "binary" if two else "multiclass",
        classes[1] if two else None,
        keep,
        [*notes, *more, *_note_sets(classes, series.name)],
    )


def _note_sets(classes: Sequence[Any], name: str) -> list[str]:
    """Say that classes look like sets of labels, where several are put together of others."""
    for sign in "|;":
        parts = [{part.strip() for part in str(one).split(sign)} for one in classes]
        single = {next(iter(one)) for one in parts if len(one) == 1}
        several = [one for one in parts if len(one) > 1]
        if len(several) > 1 and len(single) > 1 and all(one & single for one in several):
            example = next(str(one) for one in classes if sign in str(one))
            return [
                f"values of {name!r} such as {example!r} count as classes of their own; --task multilabel "
                "(task='multilabel') reads them as several labels a row"
            ]
    return []


def _task_of(
    columns: Sequence[nw.Series[Any]], said: str, task: str | None, separator: str | None
) -> str:
    if len(columns) > 1:
        if task not in (None, "multilabel"):
            raise UsageError(
                f"the target {said!r} has {len(columns)} columns, and a {task} task one",
                remedy="name one --target column, or use --task multilabel",
            )
        if separator is not None:
            raise UsageError(
                f"separator={separator!r} was given for a target of {len(columns)} columns",
                remedy="leave the separator out, or name the one column that holds the labels of each row",
            )
        return "multilabel"
    series = columns[0]
    if separator is not None:
        if task not in (None, "multilabel") or _holds_lists(series):
            what = f"a {task} task" if task not in (None, "multilabel") else "a column of lists"
            raise UsageError(
                f"separator={separator!r} was given for {what}", remedy="leave the separator out"
            )
        return "multilabel"
    if task == "multilabel" and not _holds_lists(series) and not _holds_texts(series):
        raise UsageError(
            f"column {series.name!r} holds one value a row, and a multilabel task needs sets of labels",
            remedy="name a column for each label (--target a,b,c or --target 'label_*'), or leave --task out",
        )
    return task or detect_task(series)


def _holds_texts(series: nw.Series[Any]) -> bool:
    return series.dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object)


def _holds_lists(series: nw.Series[Any]) -> bool:
    if series.dtype in (nw.List, nw.Array):
        return True
    kinds = (list, tuple, set, frozenset, np.ndarray)
    return series.dtype == nw.Object and any(isinstance(value, kinds) for value in series.to_list())


def _refuse_id(series: nw.Series[Any]) -> None:
    """Refuse whole numbers that count the rows, unless they were said to be a measure."""
    known = series.drop_nulls()
    if not series.dtype.is_integer() or known.n_unique() < len(known):
        return
    steps = known.cast(nw.Int64).diff().drop_nulls()
    if len(steps) and ((steps > 0).all() or (steps < 0).all()) and steps.abs().max() <= 10:
        raise TargetError(
            f"column {series.name!r} has a different value in each of the {len(known):,} rows, in order (for example "
            f"{known[0]!r}, {known[1]!r}): an id, it seems",
            remedy="name another --target, or say --task regression if it measures something",
        )
