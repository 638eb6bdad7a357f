"""Which task a target poses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from equipoise.data.labels import is_missing, kind_of, nearest, plain_scalars
from equipoise.errors import UsageError

__all__ = ["MAX_LENGTH", "TASKS", "check_task", "detect_task"]

TASKS = ("binary", "multiclass", "multilabel", "regression")
# Longer texts are no labels.
MAX_LENGTH = 1000
# Whole numbers with more distinct values than this, and fractions with more than the second, measure rather than name.
MAX_WHOLE_CLASSES = 30
MAX_FRACTION_CLASSES = 10


def detect_task(values: Any) -> str:
    """Find which task a target poses.

    Texts and true/false are classes. Numbers are classes when they take few values: at most 30 for whole numbers,
    at most 10 when there are fractions. Lists are sets of labels.

    Parameters
    ----------
    values : series, ndarray or sequence of shape (n,)
        The target. Missing values are left out of account.

    Returns
    -------
    str
        "binary", "multiclass", "multilabel" or "regression". A target with less than two values counts as "binary",
        which `encode_target` refuses with a message.

    Examples
    --------
    >>> from equipoise.data.target import detect_task
    >>> detect_task(["ham", "spam", "ham", None])
    'binary'
    >>> detect_task([1, 2, 3, 1, 2, 3])
    'multiclass'
    >>> detect_task([0.12, 3.4, 7.1, 8.8, 2.2, 9.1, 5.5, 4.4, 1.1, 6.6, 7.7])
    'regression'
    """
    scalars = [value for value in plain_scalars(values) if not is_missing(value)]
    if any(isinstance(value, (list, tuple, set, frozenset)) for value in scalars):
        return "multilabel"
    try:
        distinct = set(scalars)
    except TypeError:
        return "multiclass"
    if len(distinct) <= 2:
        return "binary"
    if all(kind_of(value) == "number" for value in distinct):
        whole = all(float(value).is_integer() for value in distinct if math.isfinite(value))
        if len(distinct) > (MAX_WHOLE_CLASSES if whole else MAX_FRACTION_CLASSES):
            return "regression"
    return "multiclass"


def check_task(task: Any, known: Sequence[str] = TASKS) -> None:
    """Raise an error if a task that was said is none of the known ones.

    Parameters
    ----------
    task : str or None
        What was said; None for nothing.
    known : sequence of str
        The tasks to choose from.

    Raises
    ------
    UsageError
        If it is none of them.

    Examples
    --------
    >>> from equipoise.data.tasks import check_task
    >>> check_task("binray")
    Traceback (most recent call last):
    ...
    equipoise.errors.UsageError: task 'binray' is unknown; use binary
    """
    if task is None or (isinstance(task, str) and task in known):
        return
    raise UsageError(
        f"task {task!r} is unknown",
        remedy=f"use {nearest(str(task), known) or ', '.join(known)}",
    )
