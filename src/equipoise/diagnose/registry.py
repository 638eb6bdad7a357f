"""All checks: ours, those of installed packages, and those that were registered."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TypeVar, get_args

from equipoise.diagnose.check import Check
from equipoise.diagnose.finding import Stage
from equipoise.errors import UsageError

__all__ = ["CHECKS", "find_check", "known_checks", "register"]

C = TypeVar("C", bound=type[Check])

CHECKS: dict[str, Check] = {}
ENTRY_POINTS = "equipoise.checks"

_ROOMS = ("equipoise.diagnose.before", "equipoise.diagnose.after")
_CODE = re.compile(r"[A-Z]{2,}\d{3}")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_loaded: list[bool] = []


def register(check: C) -> C:
    """Put a check among those that are run; usable as a decorator of its class.

    A package can bring checks without being imported first: an entry point of the group
    ``equipoise.checks`` names a subclass, or a module that registers some.

    Parameters
    ----------
    check : type
        A subclass of :class:`~equipoise.diagnose.check.Check` that can be made without arguments.

    Returns
    -------
    type
        The same.

    Raises
    ------
    UsageError
        If it lacks an attribute, or its code or name is taken by another.

    Examples
    --------
    >>> from equipoise.diagnose.check import CLASSES, Check
    >>> from equipoise.diagnose.registry import CHECKS, find_check, register
    >>> @register
    ... class Odd(Check):
    ...     code, name, title, stage = "XX101", "odd-rows", "An odd number of rows", "before"
    ...     tasks, explain = CLASSES, "Counts the rows."
    ...     def examine(self, subject):
    ...         return self.passed(f"{subject.n} rows")
    >>> find_check("odd-rows").code
    'XX101'
    >>> del CHECKS["XX101"]
    """
    missing = [one for one in Check.__annotations__ if not hasattr(check, one)]
    if missing:
        raise UsageError(
            f"the check {check.__name__} has no {' and no '.join(missing)}",
            remedy="give them as class attributes",
        )
    for what, value, pattern in (("code", check.code, _CODE), ("name", check.name, _NAME)):
        if not pattern.fullmatch(value):
            raise UsageError(
                f"{what}={value!r} of the check {check.__name__} cannot be used",
                remedy="use a code such as XY101 and a name such as odd-rows",
            )
    if check.stage not in get_args(Stage):
        raise UsageError(
            f"stage={check.stage!r} of the check {check.__name__} is unknown",
            remedy="use before or after",
        )
    for other in CHECKS.values():
        same = type(other).__qualname__ == check.__qualname__
        if (other.code == check.code or other.name == check.name) and not same:
            raise UsageError(
                f"the check {check.__name__} has the code or name of {type(other).__name__} "
                f"({other.code}, {other.name})",
                remedy="choose others",
            )
    CHECKS[check.code] = check()
    return check


def known_checks(stage: Stage | None = None) -> list[Check]:
    """Return all checks in the order of their codes, or those of one stage.

    Examples
    --------
    >>> from equipoise.diagnose.registry import known_checks
    >>> known_checks("before")[0].code
    'EQ101'
    """
    if not _loaded:
        for room in _ROOMS:
            for module in iter_modules(import_module(room).__path__, f"{room}."):
                import_module(module.name)
        for point in entry_points(group=ENTRY_POINTS):
            found = point.load()
            if isinstance(found, type) and issubclass(found, Check):
                register(found)
        _loaded.append(True)
    return [CHECKS[code] for code in sorted(CHECKS) if stage in (None, CHECKS[code].stage)]


def find_check(name: str) -> Check:
    """Return a check by its code or name, in any case of letters.

    Raises
    ------
    UsageError
        If there is none; the message names the nearest.
    """
    by_name = {key: one for one in known_checks() for key in (one.code.lower(), one.name)}
    if (found := by_name.get(name.strip().lower())) is not None:
        return found
    near = get_close_matches(name.strip().lower(), by_name, 1)
    hint = f"did you mean {by_name[near[0]].code} ({by_name[near[0]].name})? " if near else ""
    listed = ", ".join(one.code for one in known_checks())
    raise UsageError(f"there is no check {name!r}", remedy=f"{hint}the codes are {listed}")
