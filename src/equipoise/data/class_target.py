"""Targets of classes: which they are, which rows can be used, and the code of each row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from equipoise.data.labels import (
    kind_of,
    look_alikes,
    missing_labels,
    natural_key,
    nearest,
    plain_scalars,
    rows_word,
    some,
    spoken,
    was_word,
)
from equipoise.data.tasks import MAX_LENGTH, check_task, detect_task
from equipoise.errors import TargetError, UsageError

__all__ = ["encode_target", "usable_rows"]

MAX_CLASSES = 100


def usable_rows(
    values: Any, *, name: str = "target", drop_missing: bool = False, drop_rare: bool = False
) -> tuple[np.ndarray, list[str]]:
    """Say which rows can be used once missing targets and classes of one row are left out, as far as allowed.

    Parameters
    ----------
    values : series, ndarray or sequence of shape (n,)
        The target.
    name : str, default "target"
        Name of the column, for messages.
    drop_missing : bool, default False
        Leave out rows without a target. Without it such rows are left for `encode_target` to refuse.
    drop_rare : bool, default False
        Leave out classes of a single row. Without it they are left for `encode_target` to refuse.

    Returns
    -------
    keep : ndarray of shape (n,), bool
        The rows to keep.
    notes : list of str
        What was left out, in words.

    Examples
    --------
    >>> from equipoise.data.class_target import usable_rows
    >>> keep, notes = usable_rows(["a", "b", None, "a", "b", "c"], name="kind", drop_missing=True, drop_rare=True)
    >>> keep.tolist()
    [True, True, False, True, True, False]
    >>> notes
    ["1 row without 'kind' was left out", "class 'c' of 'kind' has a single row and was left out"]
    """
    scalars = plain_scalars(values)
    missing, words = missing_labels(scalars)
    keep = np.ones(len(scalars), dtype=bool)
    notes = []
    if drop_missing and any(missing):
        keep &= ~np.array(missing)
        notes.append(
            f"{rows_word(sum(missing))} without {name!r}{words} {was_word(sum(missing))} left out"
        )
    if drop_rare:
        present = [value for value, absent in zip(scalars, missing, strict=True) if not absent]
        counts = _count(present, name)
        rare = [label for label, count in counts.items() if count == 1]
        # A column of different values is no set of rare classes: leave it whole, for the message that says so.
        if rare and len(rare) < len(counts):
            rarely = set(rare)
            keep &= np.array(
                [
                    absent or value not in rarely
                    for value, absent in zip(scalars, missing, strict=True)
                ]
            )
            if len(rare) == 1:
                notes.append(f"class {some(rare)} of {name!r} has a single row and was left out")
            else:
                notes.append(
                    f"{len(rare)} classes of {name!r} have a single row each and were left out: {some(rare)}"
                )
    return keep, notes


def encode_target(
    values: Any, task: str | None = None, positive: Any = None, *, name: str = "target"
) -> tuple[np.ndarray, list[Any], list[str]]:
    """Turn a target into class codes.

    Parameters
    ----------
    values : series, ndarray or sequence of shape (n,)
        The target: texts, whole numbers, fractions or true/false, of one kind.
    task : {"binary", "multiclass"}, optional
        The task; found by `detect_task` if not given.
    positive : scalar, optional
        The class to be found in a binary task, by default the rarer one. A text such as "1" stands for a number 1.
    name : str, default "target"
        Name of the column, for messages.

    Returns
    -------
    y : ndarray of shape (n,), int64
        Class codes from 0. In a binary task code 1 is the positive class; otherwise codes follow the natural order
        of the labels, in which "10" comes after "9".
    classes : list
        The label of each code, as a plain Python scalar.
    notes : list of str
        What a reader should know about how the target was read.

    Raises
    ------
    TargetError
        If the target cannot be learned: missing values, one class, all values different, kinds of values mixed,
        more than 100 classes, a class of one row, or numbers that measure.
    UsageError
        If `task` is no task or not offered, or `positive` no class.

    Examples
    --------
    >>> from equipoise.data.class_target import encode_target
    >>> y, classes, notes = encode_target(["ham", "spam", "ham", "ham", "spam"])
    >>> y.tolist(), classes
    ([0, 1, 0, 0, 1], ['ham', 'spam'])
    """
    check_task(task, ("binary", "multiclass"))
    scalars = plain_scalars(values)
    _refuse_missing(scalars, name)
    counts = _count(scalars, name)
    _refuse_mixture(counts, name)
    labels = sorted(counts, key=natural_key)
    _refuse_degenerate(labels, counts, name)
    found = task or detect_task(scalars)
    _refuse_regression(found, labels, name)
    _refuse_unlearnable(labels, counts, name)
    if task == "binary" and len(labels) != 2:
        raise TargetError(
            f"column {name!r} has {len(labels)} classes ({some(labels)}), a binary task has 2",
            remedy="use --task multiclass, or leave --task out",
        )
    notes = look_alikes(labels, name)
    if found == "binary":
        labels, note = _order_binary(labels, counts, positive, name)
        notes += note
    elif positive is not None:
        raise UsageError(
            f"a positive class ({positive!r}) was given, but the task is {found} with {len(labels)} classes",
            remedy="leave the positive class out",
        )
    code = {label: index for index, label in enumerate(labels)}
    y = np.fromiter((code[value] for value in scalars), dtype=np.int64, count=len(scalars))
    return y, labels, notes


def _count(scalars: Sequence[Any], name: str) -> Counter[Any]:
    try:
        # Kinds are counted apart first, because True, 1 and 1.0 are one key of a dictionary.
        kinds = Counter(type(value) for value in scalars)
        counts = Counter(scalars)
    except TypeError:
        raise TargetError(
            f"column {name!r} holds a list or a record in each row, not one value",
            remedy="name a target column with one label per row",
        ) from None
    if bool in kinds and len(kinds) > 1:
        other = next(value for value in scalars if not isinstance(value, bool))
        raise _mixture(
            {
                "true/false": (kinds[bool], True),
                kind_of(other): (len(scalars) - kinds[bool], other),
            },
            name,
        )
    return counts


def _refuse_missing(scalars: Sequence[Any], name: str) -> None:
    absent, words = missing_labels(scalars)
    missing = sum(absent)
    if not scalars:
        raise TargetError(f"column {name!r} has no rows", remedy="give data with rows")
    if missing == len(scalars):
        raise TargetError(
            f"column {name!r} is empty in all {rows_word(missing)}", remedy="name another --target"
        )
    if missing:
        raise TargetError(
            f"column {name!r} is missing in {missing:,} of {rows_word(len(scalars))}{words}",
            remedy="leave those rows out with --drop-missing-target (drop_missing_target=True), or fill them in",
        )


def _refuse_mixture(counts: Mapping[Any, int], name: str) -> None:
    kinds: dict[str, tuple[int, Any]] = {}
    for label, count in counts.items():
        seen, example = kinds.get(kind_of(label), (0, label))
        kinds[kind_of(label)] = (seen + count, example)
    if len(kinds) > 1:
        raise _mixture(kinds, name)
    kind = next(iter(kinds))
    if kind not in ("true/false", "number", "text"):
        raise TargetError(
            f"column {name!r} holds values of the kind {kind!r}, which name no classes",
            remedy="name a target column of texts, numbers or true/false",
        )
    if kind == "text" and (longest := max(map(len, counts))) > MAX_LENGTH:
        raise TargetError(
            f"column {name!r} has a label of {longest:,} characters, at most {MAX_LENGTH:,} are a label: it seems to "
            "hold texts, not classes",
            remedy="name as --target the column that says the class of each row",
        )
    if kind == "number" and any(math.isinf(label) for label in counts):
        raise TargetError(
            f"column {name!r} holds infinite numbers",
            remedy="replace them by a class or a finite number",
        )


def _mixture(kinds: Mapping[str, tuple[int, Any]], name: str) -> TargetError:
    parts = [
        f"{rows_word(count)} of {kind} such as {example!r}"
        for kind, (count, example) in kinds.items()
    ]
    return TargetError(
        f"column {name!r} mixes kinds of values: {' and '.join(parts)}",
        remedy="write all labels as one kind, for example as text",
    )


def _refuse_degenerate(labels: Sequence[Any], counts: Mapping[Any, int], name: str) -> None:
    total = sum(counts.values())
    if len(labels) == 1:
        raise TargetError(
            f"column {name!r} has one class only: {labels[0]!r} in all {rows_word(total)}",
            remedy="name a --target with at least two classes, or give data that hold both",
        )
    if len(labels) == total:
        raise TargetError(
            f"column {name!r} has a different value in each of the {rows_word(total)} (for example {some(labels, 2)}): "
            "an id or a measured number, not a class",
            remedy="name another --target",
        )


def _refuse_regression(task: str, labels: Sequence[Any], name: str) -> None:
    if task == "regression":
        raise TargetError(
            f"column {name!r} is a number with {len(labels):,} different values, which measure and name no classes",
            remedy="say --task regression, cut the numbers into classes first, or say --task multiclass "
            f"if they are classes (at most {MAX_CLASSES})",
        )


def _refuse_unlearnable(labels: Sequence[Any], counts: Mapping[Any, int], name: str) -> None:
    if len(labels) > MAX_CLASSES:
        raise TargetError(
            f"column {name!r} has {len(labels):,} classes, at most {MAX_CLASSES} can be compared",
            remedy="name another --target, or merge the rare classes first",
        )
    rare = [label for label in labels if counts[label] == 1]
    if rare and len(labels) - len(rare) < 2:
        raise TargetError(
            f"class {rare[0]!r} of column {name!r} has 1 row: it cannot be both learned and tested",
            remedy="give more rows of that class, or name another --target",
        )
    if rare:
        what = (
            f"class {rare[0]!r} of column {name!r} has 1 row"
            if len(rare) == 1
            else (f"{len(rare)} classes of column {name!r} have 1 row each ({some(rare)})")
        )
        raise TargetError(
            f"{what}: a class cannot be both learned and tested on one row",
            remedy="leave such classes out with --drop-rare-classes (drop_rare_classes=True), or merge them into others",
        )


def _order_binary(
    labels: Sequence[Any], counts: Mapping[Any, int], positive: Any, name: str
) -> tuple[list[Any], list[str]]:
    """Put the positive class second."""
    first, second = labels
    if positive is not None:
        chosen = _find_label(positive, labels, name)
        return [first if chosen == second else second, chosen], []
    if counts[first] == counts[second]:
        note = (
            f"both classes have {rows_word(counts[first])}; {second!r} is taken as the positive one"
        )
        return [first, second], [note]
    return ([second, first] if counts[first] < counts[second] else [first, second]), []


def _find_label(wanted: Any, labels: Sequence[Any], name: str) -> Any:
    wanted = wanted.item() if isinstance(wanted, np.generic) else wanted
    exact = [
        label
        for label in labels
        if label == wanted and isinstance(label, bool) == isinstance(wanted, bool)
    ]
    # A command line gives texts, whatever the labels are.
    alike = [label for label in labels if spoken(label) == spoken(wanted)]
    for found in (exact, alike):
        if len(found) == 1:
            return found[0]
    near = nearest(str(wanted), [str(label) for label in labels])
    raise UsageError(
        f"the positive class {wanted!r} is not among the classes of column {name!r} ({some(labels)})",
        remedy=f"did you mean {near!r}?" if near else f"use one of {some(labels)}",
    )
