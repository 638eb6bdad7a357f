"""A small language for the form of a JSON document, and the search for what departs from it.

A form is written as the document is: a dictionary of the keys that must be there, a list of one form for
all entries, or a rule, a function that returns what is wrong with a value in words, or None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

__all__ = [
    "Each",
    "Form",
    "Maybe",
    "faults_of_square",
    "find_fault",
    "flag",
    "label",
    "number",
    "one_of",
    "read_json",
    "share",
    "size",
    "text",
    "whole",
]

_LARGEST = 1e300  # so that sums and differences are numbers too


@dataclass(frozen=True)
class Maybe:
    """Null, or what ``form`` accepts."""

    form: Form


@dataclass(frozen=True)
class Each:
    """An object with any keys, whose values ``form`` accepts."""

    form: Form


Rule: TypeAlias = Callable[[Any], str | None]
Form: TypeAlias = "Rule | Maybe | Each | dict[str, Form] | list[Form]"


def read_json(path: Path) -> Any:
    """Read a JSON document, in which there is no NaN and no infinity.

    Raises
    ------
    ValueError
        If it is none.
    OSError
        If it cannot be read.
    """
    try:
        # Some editors put a mark before the first character.
        content = path.read_text(encoding="utf-8-sig")
        return json.loads(content, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def find_fault(document: Any, form: Form, where: str = "") -> str | None:
    """Return the first place where a document departs from a form, in words, or None.

    Examples
    --------
    >>> from equipoise.results.forms import find_fault, number
    >>> find_fault({"a": [1, "2"]}, {"a": [number]})
    "a[1] is '2', not a number"
    >>> find_fault({"a": [1, 2]}, {"a": [number]})
    """
    if isinstance(form, Maybe):
        return None if document is None else find_fault(document, form.form, where)
    wrong = _form_of_its_own(document, form)
    if wrong is not None:
        return f"{where or 'it'} {wrong}"
    faults = (find_fault(part, inner, f"{where}{at}") for at, part, inner in _parts(document, form))
    fault = next((fault for fault in faults if fault is not None), None)
    return fault if where or fault is None else fault.removeprefix(".")


def _form_of_its_own(document: Any, form: Form) -> str | None:
    if isinstance(form, list):
        return None if isinstance(document, list) else f"is {_short(document)}, not a list"
    if isinstance(form, (dict, Each)):
        if not isinstance(document, dict):
            return f"is {_short(document)}, not an object"
        if isinstance(form, Each):
            return next((wrong for wrong in map(text, document) if wrong), None)
        lacking = next((key for key in form if key not in document), None)
        return None if lacking is None else f"has no {lacking!r}"
    assert not isinstance(form, Maybe)
    return form(document)


def _parts(document: Any, form: Form) -> Iterator[tuple[str, Any, Form]]:
    if isinstance(form, list):
        yield from ((f"[{i}]", one, form[0]) for i, one in enumerate(document))
    elif isinstance(form, Each):
        yield from ((f"[{_short(key)}]", one, form.form) for key, one in document.items())
    elif isinstance(form, dict):
        yield from ((f".{key}", document[key], inner) for key, inner in form.items())


def _short(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None:
        return "null"
    if isinstance(value, int) and abs(value) > _LARGEST:  # of more digits than can be written
        return "a huge number"
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:36]}..."


def one_of(*values: str) -> Rule:
    """Accept some texts."""

    def rule(value: Any) -> str | None:
        if isinstance(value, str) and value in values:
            return None
        return f"is {_short(value)}, not {' or '.join(map(repr, values))}"

    return rule


def text(value: Any) -> str | None:
    """Accept text that can be written to a file."""
    if not isinstance(value, str):
        return f"is {_short(value)}, not text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "is text with half a character in it"
    return None


def flag(value: Any) -> str | None:
    """Accept true and false."""
    return None if isinstance(value, bool) else f"is {_short(value)}, not true or false"


def number(value: Any) -> str | None:
    """Accept a number that can be reckoned with."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return None if known and abs(value) <= _LARGEST else f"is {_short(value)}, not a number"


def size(value: Any) -> str | None:
    """Accept a number of 0 or more."""
    return number(value) or (None if value >= 0 else f"is {_short(value)}, less than 0")


def share(value: Any) -> str | None:
    """Accept a number from 0 to 1."""
    return size(value) or (None if value <= 1 else f"is {_short(value)}, more than 1")


def whole(value: Any) -> str | None:
    """Accept a whole number of 0 or more."""
    known = size(value)
    return known or (None if isinstance(value, int) else f"is {_short(value)}, not a whole number")


def label(value: Any) -> str | None:
    """Accept the name of a class: text, a number, true or false."""
    if isinstance(value, bool):
        return None
    return text(value) if isinstance(value, str) else number(value)


def faults_of_square(where: str, matrix: list[list[Any]], labels: list[str]) -> Iterator[str]:
    """Yield what is wrong with a matrix that has a row and a column for each class."""
    if len(matrix) != len(labels) or any(len(row) != len(labels) for row in matrix):
        yield f"{where} has not a row and a column for each of the {len(labels)} classes"
