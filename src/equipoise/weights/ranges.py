"""Parameters that are numbers, checked against their range."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from equipoise.errors import UsageError

__all__ = ["check_number", "check_whole"]


def check_number(
    name: str,
    value: Any,
    *,
    low: float = 0.0,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
    remedy: str | None = None,
) -> float:
    """Return a finite number that lies in a range, from 0 by default, or say so."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if real:
        above = value > low if open_low else value >= low
        below = value < high if open_high or math.isinf(high) else value <= high
    if not (real and above and below):
        endless = math.isinf(high)
        span = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high or endless else ']'}"
        plain = f"above {low:g}" if open_low else f"of {low:g} or more"
        raise UsageError(
            f"{name}={value!r} is outside {span}",
            remedy=remedy or f"give a number {plain if endless else f'in {span}'}",
        )
    return float(value)


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number from ``least``, or say which parameter is none."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise UsageError(
            f"{name}={value!r} cannot be used", remedy=f"give a whole number from {least}"
        )
    return number
