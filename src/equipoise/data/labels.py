"""Labels as plain Python scalars: their kinds, their order, and the words for them in messages."""

from __future__ import annotations

import datetime
import decimal
import difflib
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from equipoise.errors import UsageError
from equipoise.frames import BLANKS

__all__ = [
    "is_missing",
    "kind_of",
    "look_alikes",
    "missing_labels",
    "natural_key",
    "nearest",
    "plain_scalars",
    "reads_as_number",
    "rows_word",
    "some",
    "spoken",
    "was_word",
]

_BLANKS = frozenset(text.casefold() for text in BLANKS)


def plain_scalars(values: Any) -> list[Any]:
    """List the values as plain Python scalars, from whatever kind of column."""
    for method in ("to_list", "tolist", "to_pylist"):
        if hasattr(values, method):
            values = getattr(values, method)()
            break
    if not isinstance(values, Iterable):
        raise UsageError(
            f"a target of type {type(values).__name__} is no column",
            remedy="give one value per row",
        )
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def is_missing(value: Any) -> bool:
    """Tell whether there is no label: None, NaN and its like, or a blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, (list, tuple, set, frozenset, dict, np.ndarray)):
        return False
    try:
        # Only NaN, NaT and their like differ from themselves; pandas' NA cannot be asked at all.
        return bool(value != value)
    except TypeError:
        return True


def _means_missing(text: str) -> bool:
    """Tell whether a text is one of those that stand for a missing value in many files, such as NA."""
    return text.strip().casefold() in _BLANKS


def missing_labels(labels: Sequence[Any]) -> tuple[list[bool], str]:
    """Tell which labels are missing, and in brackets which words were taken for that.

    A word such as NA may well be the name of a class. Among numbers written as text it is not.
    """
    missing = [is_missing(label) for label in labels]
    known = [label for label, absent in zip(labels, missing, strict=True) if not absent]
    if not all(isinstance(label, str) for label in known):
        return missing, ""
    words = {label for label in set(known) if _means_missing(label)}
    numbers = set(known) - words
    if not words or not numbers or not all(map(reads_as_number, numbers)):
        return missing, ""
    taken = some(sorted(words))
    return (
        [absent or label in words for label, absent in zip(labels, missing, strict=True)],
        f" (among numbers {taken} stands for none)",
    )


def kind_of(value: Any) -> str:
    """Name the kind of a label in words."""
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return "date"
    return type(value).__name__


def natural_key(label: Any) -> tuple[Any, ...]:
    """Give the sort key under which "item 10" follows "item 9"."""
    if not isinstance(label, str):
        return (label,)
    parts = re.split(r"([0-9]{1,18})", label)
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part
    ), label


def spoken(label: Any) -> str:
    """Write a label as it could be typed, so that 1, 1.0 and "1" agree."""
    text = str(label).strip().casefold()
    if isinstance(label, bool):
        return text
    try:
        return repr(float(text))
    except ValueError:
        return text


def reads_as_number(text: str) -> bool:
    """Tell whether a text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def nearest(text: str, known: Sequence[str]) -> str | None:
    """Find the known name that is most like a text, if any is."""
    return next(iter(difflib.get_close_matches(text, known, n=1)), None)


def some(labels: Sequence[Any], most: int = 5) -> str:
    """List the first few labels, each cut to a readable length."""
    shown = ", ".join(_short(label) for label in labels[:most])
    return f"{shown}, ..." if len(labels) > most else shown


def _short(label: Any) -> str:
    text = repr(label)
    return text if len(text) <= 60 else f"{text[:56]}...'"


def rows_word(count: int) -> str:
    """Write a number of rows."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def was_word(count: int) -> str:
    """Choose between "was" and "were"."""
    return "was" if count == 1 else "were"


def look_alikes(labels: Sequence[Any], name: str) -> list[str]:
    """Say which labels a reader may take for something else than they count as."""
    texts = [label for label in labels if isinstance(label, str)]
    shapes: dict[str, list[str]] = {}
    for label in texts:
        shapes.setdefault(" ".join(label.casefold().split()), []).append(label)
    notes = [
        f"classes {some(same)} of {name!r} differ only in case or spaces and count as different"
        for same in shapes.values()
        if len(same) > 1
    ]
    blanks = [label for label in texts if _means_missing(label)]
    if blanks:
        notes.append(
            f"{some(blanks)} of {name!r} counts as a class; where it stands for no label, leave the cell empty"
        )
    numeric = [label for label in texts if reads_as_number(label)]
    if numeric and len(numeric) < len(texts):
        words = [label for label in texts if not reads_as_number(label)]
        notes.append(
            f"{name!r} holds both numbers ({some(numeric, 2)}) and words ({some(words, 2)}); all count as classes"
        )
    return notes
