"""Which classes given predictions are about, and the code of every label.

Judging asks for less than learning: a class may have one row or none, and labels may come as numbers
on one side and as their text on the other.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.data.labels import (
    is_missing,
    kind_of,
    natural_key,
    nearest,
    plain_scalars,
    rows_word,
    some,
    spoken,
)
from equipoise.data.target import detect_task
from equipoise.errors import DataError, UsageError

__all__ = ["called", "codes_of", "find_label", "group_codes", "known_classes", "read_labels"]

_MOST = 1000
# The ways of writing no and yes, in pairs: a column of nothing but one stands beside the other.
_PAIRS = (("0", "1"), ("0.0", "1.0"), ("False", "True"), ("false", "true"))
_BIT = {text: bit for pair in _PAIRS for bit, text in enumerate(pair)}
_PARTNERS = {text: pair[1 - bit] for pair in _PAIRS for bit, text in enumerate(pair)}


def called(values: Any, otherwise: str) -> str:
    """Say in a message what values these are: a series has a name, by which its owner knows it."""
    name = getattr(values, "name", None)
    return f"the column {name!r}" if isinstance(name, str) and name else otherwise


def read_labels(values: Any, what: str) -> list[Any]:
    """List the labels as plain Python scalars.

    Raises
    ------
    UsageError
        If ``values`` is no column of one or more labels.
    DataError
        If a label is missing, or labels are of several kinds.
    """
    try:
        shape: tuple[int, ...] = np.shape(values)
    except ValueError:  # lists of different lengths
        shape = (len(values), -1)
    if len(shape) != 1 or not shape[0]:
        raise UsageError(
            f"{what} has the shape {shape}", remedy="give a column of one or more labels"
        )
    labels = plain_scalars(values)
    try:
        # True, 1 and 1.0 are one key of a dictionary, so their types are looked at as well.
        distinct = dict.fromkeys(labels)
        kinds = dict.fromkeys(kind_of(label) for label in {type(v): v for v in labels}.values())
    except TypeError:
        raise DataError(
            f"{what} holds a list or a record in a row", remedy="give one label per row"
        ) from None
    if any(map(is_missing, distinct)):
        missing = sum(map(is_missing, labels))
        raise DataError(
            f"{what} is missing in {missing:,} of {rows_word(len(labels))}",
            remedy="leave those rows out",
        )
    if len(kinds) > 1:
        examples = [next(v for v in labels if kind_of(v) == kind) for kind in kinds]
        parts = [f"{kind} such as {v!r}" for kind, v in zip(kinds, examples, strict=True)]
        raise DataError(
            f"{what} mixes kinds of values: {' and '.join(parts)}",
            remedy="write all labels as one kind, for example as text",
        )
    return labels


def known_classes(
    truth: Sequence[Any],
    said: Sequence[Any] | None,
    scored: int | Sequence[Any] | None,
    classes: Sequence[Any] | None,
    positive: Any,
) -> list[Any]:
    """Find the classes in code order; of two, the positive one is the last.

    Parameters
    ----------
    truth, said : sequences of labels
        True labels, and predicted ones if there are any.
    scored : int, sequence of labels, or None
        The classes that scores are for, if there are any: their number or, of some or all, their labels.
    classes : sequence, optional
        The classes, if the caller knows them.
    positive : optional
        The positive class.

    Raises
    ------
    UsageError
        If ``classes`` or ``positive`` cannot be used.
    DataError
        If the labels are no classes, or do not tell what the classes are.
    """
    if classes is not None:
        return _given(list(classes), positive)
    counts = {_key(label): count for label, count in Counter(truth).items()}
    known = {_key(label): label for label in dict.fromkeys(truth)}
    if isinstance(scored, Sequence):
        for label in scored:
            _add(label, known, truth)
        wanted: int | None = max(2, len(known))  # one of two classes need not be named
    else:
        wanted = scored
    # Where scores fix the number of classes, predicted labels only fill what the truth leaves open.
    if said is not None and (wanted is None or len(known) < wanted):
        for label in dict.fromkeys(said):
            known.setdefault(_match(label, known) or _key(label), label)
    if positive is not None and len(known) == 1:
        _add(positive, known, truth)
    only = next(iter(known.values()))
    if len(known) == 1 and _key(only) in _PARTNERS:
        text = _PARTNERS[_key(only)]
        known[text] = text if isinstance(only, str) else type(only)(_BIT[text])
    _refuse(list(known.values()), wanted)
    try:
        labels = sorted(known.values(), key=natural_key)
    except TypeError:
        raise DataError(
            f"true and predicted labels are of different kinds: {some(list(known.values()))}",
            remedy="write both as the same kind, for example as text",
        ) from None
    if len(labels) != 2:
        if positive is not None:
            raise UsageError(
                f"a positive class ({positive!r}) was given, and there are {len(labels)} classes",
                remedy="leave the positive class out",
            )
        return labels
    first, second = labels
    if positive is not None:
        return (
            [first, second] if _positive_key(positive, labels) == _key(second) else [second, first]
        )
    if _PARTNERS.get(_key(first)) == _key(second):
        return [first, second]  # 0 and 1 say themselves which is the positive one, rare or not
    return (
        [second, first]
        if counts.get(_key(first), 0) < counts.get(_key(second), 0)
        else [first, second]
    )


def _add(label: Any, known: dict[str, Any], truth: Sequence[Any]) -> None:
    """Add a class that a person named, who writes text where the column holds numbers or truth values."""
    if _match(label, known) is not None:
        return
    kind = type(truth[0])
    if isinstance(label, str) and kind is not str and (kind is not bool or label in _BIT):
        with contextlib.suppress(TypeError, ValueError, ArithmeticError):
            label = kind(_BIT[label] if kind is bool else label)
    known[_key(label)] = label


def _given(classes: list[Any], positive: Any) -> list[Any]:
    twice = [key for key, count in Counter(map(_key, classes)).items() if count > 1]
    if twice or not classes:
        raise UsageError(
            f"classes={classes!r} " + (f"names {twice[0]} twice" if twice else "names none"),
            remedy="give every class once, in the order of the columns of scores",
        )
    misplaced = (
        positive is not None
        and len(classes) == 2
        and _positive_key(positive, classes) != _key(classes[1])
    )
    if misplaced:
        raise UsageError(
            f"positive={positive!r} is not the last of classes={classes!r}",
            remedy="put the positive class last",
        )
    return classes


def _positive_key(positive: Any, labels: Sequence[Any]) -> str:
    found = _match(positive, {_key(label): label for label in labels})
    if found is None:
        near = nearest(str(positive), [str(label) for label in labels])
        raise UsageError(
            f"the positive class {positive!r} is not among the classes ({some(labels)})",
            remedy=f"did you mean {near!r}?" if near else f"use one of {some(labels)}",
        )
    return found


def _refuse(known: list[Any], wanted: int | None) -> None:
    if len(known) > _MOST or detect_task(known) in ("regression", "multilabel"):
        raise DataError(
            f"the labels take {len(known):,} values, such as {some(known, 2)}, which are measured rather than classes",
            remedy="give labels, or cut the numbers into classes; where they are classes, give classes=",
        )
    if wanted is not None and len(known) != wanted:
        have = f"{len(known)} class" + ("es" if len(known) > 1 else "")
        raise UsageError(
            f"the scores are for {wanted} classes, and the labels hold {have}: {some(known)}",
            remedy="say which they are with classes=, in the order of the columns of scores"
            + (", or with positive=" if wanted == 2 and len(known) == 1 else ""),
        )


def codes_of(labels: Sequence[Any], classes: Sequence[Any], what: str) -> NDArray[np.int64]:
    """Return the code of every label, shape (n,).

    Raises
    ------
    DataError
        If a label is none of the classes.
    """
    known = {_key(label): label for label in classes}
    code = {key: position for position, key in enumerate(known)}
    counts = Counter(labels)
    found = {label: _match(label, known) for label in counts}
    strange = [label for label, match in found.items() if match is None]
    if strange:
        rows = rows_word(sum(counts[label] for label in strange))
        raise DataError(
            f"{what} holds {strange[0]!r}, which is not one of the classes {some(classes, 10)} ({rows})",
            remedy="leave those rows out, correct the column, or give classes= with all labels",
        )
    at = {label: code[match] for label, match in found.items() if match is not None}
    return np.fromiter(map(at.__getitem__, labels), dtype=np.int64, count=len(labels))


def find_label(label: Any, classes: Sequence[Any]) -> Any | None:
    """Find the class that a label stands for, however it is written, or None.

    Examples
    --------
    >>> from equipoise.results.labelling import find_label
    >>> find_label("1", [0, 1]), find_label("rare", ["common", "rare"]), find_label("size", [0, 1])
    (1, 'rare', None)
    """
    known = {_key(one): one for one in classes}
    found = _match(label, known)
    return None if found is None else known[found]


def group_codes(groups: Any) -> NDArray[np.int64]:
    """Give every group a number, and every row without one a number of its own, shape (n,)."""
    labels = plain_scalars(groups)
    seen: dict[Any, int] = {}
    keys = [("row", i) if is_missing(v) else ("group", str(v)) for i, v in enumerate(labels)]
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


def _key(label: Any) -> str:
    return str(label.item() if isinstance(label, np.generic) else label)


def _match(label: Any, known: dict[str, Any]) -> str | None:
    """Find a class by its text, else by its number: 1, 1.0, "1" and True are one class unless told apart."""
    key = _key(label)
    if key in known:
        return key
    same = [text for text in known if key in _BIT and _BIT.get(text) == _BIT[key]]
    if len(same) == 1:
        return same[0]
    if not _is_number(key):
        return None
    alike = [text for text in known if _is_number(text) and spoken(text) == spoken(key)]
    return alike[0] if len(alike) == 1 else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
