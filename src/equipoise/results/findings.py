"""What a check found, as plain data, and its rendering in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from equipoise.errors import UsageError

__all__ = ["Finding", "Severity", "Stage", "State", "interval", "plain"]

State = Literal["issue", "tip", "passed", "not applicable", "muted"]
Severity = Literal["high", "medium", "low"]
Stage = Literal["before", "after"]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    code, name, title, stage : str
        Those of the check: ``"EQ105"``, ``"exact-copies"``, a title, ``"before"`` or ``"after"``
        training.
    state : {"issue", "tip", "passed", "not applicable", "muted"}
        An issue is a fault, or a property that will hurt; a tip is worth knowing.
    severity : {"high", "medium", "low"} or None
        How much an issue matters; None of other states.
    summary : str
        One sentence with the numbers; of a check that does not apply, why.
    evidence : dict
        The numbers, as plain data. An interval is ``{"value", "low", "high"}``.
    action : str
        A command or strategy to run, "" where there is nothing to do.
    effect : str
        What to expect of the action.
    confidence : str
        How sure the finding is, in words.
    measured : dict or None
        The effect of the action as a trial measured it: ``strategy``, ``metric``, ``difference``
        (``value``, ``low``, ``high``), ``p_corrected`` and ``run``. Shown in place of ``effect``.

    Raises
    ------
    UsageError
        If state, severity or stage are none of those above, or do not fit each other.

    Examples
    --------
    >>> from equipoise.results.findings import Finding
    >>> Finding("EQ105", "exact-copies", "Copies", "before", "passed", None, "no row is a copy").state
    'passed'
    """

    code: str
    name: str
    title: str
    stage: Stage
    state: State
    severity: Severity | None
    summary: str
    evidence: dict[str, Any] = field(default_factory=dict)
    action: str = ""
    effect: str = ""
    confidence: str = ""
    measured: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for value, allowed, what in (
            (self.state, get_args(State), "state"),
            (self.stage, get_args(Stage), "stage"),
            (self.severity, (None, *get_args(Severity)), "severity"),
        ):
            if value not in allowed:
                raise UsageError(
                    f"{what}={value!r} of the finding {self.code} is unknown",
                    remedy=f"use one of {', '.join(map(str, allowed))}",
                )
        if (self.state == "issue") != (self.severity is not None):
            raise UsageError(
                f"the finding {self.code} has state {self.state!r} and severity {self.severity!r}",
                remedy="give a severity to issues, and to no other finding",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data that JSON can hold."""
        return dict(plain(asdict(self)))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Finding:
        """Rebuild a finding from :meth:`to_dict`."""
        return cls(**stored)


def interval(value: float, low: float, high: float) -> dict[str, float | None]:
    """Return an estimate with its interval, as evidence holds it; None for what is not finite."""
    return {
        name: float(number) if np.isfinite(number) else None
        for name, number in (("value", value), ("low", low), ("high", high))
    }


def plain(value: Any) -> Any:
    """Turn arrays and numpy scalars into lists and numbers, and what is not finite into None.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.results.findings import plain
    >>> plain({"shares": np.array([0.5, np.nan]), 3: np.int64(2), "labels": ("a", None)})
    {'shares': [0.5, None], '3': 2, 'labels': ['a', None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
