"""Numbers as a reader wants them: no more digits than the data carry, and words for chance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

__all__ = [
    "MISSING",
    "amount",
    "count",
    "decimals_for",
    "duration",
    "number",
    "p_words",
    "percent",
    "shorten",
    "signed",
    "skew_words",
]

MISSING = "–"
_MINUS = "−"
_ALPHA = 0.05


def number(value: float | None, decimals: int = 3) -> str:
    """Write a number with a fixed count of decimals.

    Examples
    --------
    >>> number(-0.5, 2), number(None), number(1234.5, 0)
    ('−0.50', '–', '1,234')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    zero = not any(c in "123456789" for c in text)
    return text if value >= 0 or zero else _MINUS + text


def signed(value: float | None, decimals: int = 3) -> str:
    """Write a difference with its sign; one that rounds to zero has none."""
    text = number(value, decimals)
    zero = not any(c in "123456789" for c in text)
    return f"+{text}" if value is not None and value > 0 and not zero else text


def interval(value: dict[str, Any] | None, decimals: int = 3, *, sign: bool = False) -> str:
    """Write the ends of an interval."""
    write = signed if sign else number
    low, high = (value or {}).get("low"), (value or {}).get("high")
    if low is None or high is None:
        return ""
    return f"{write(low, decimals)} to {write(high, decimals)}"


def decimals_for(values: Iterable[dict[str, Any] | None]) -> int:
    """Return how many decimals to write: three, as in the verdict's sentences, four for narrow intervals."""
    widths, sizes = [], []
    for value in values:
        if value and value.get("low") is not None and value.get("high") is not None:
            widths.append((value["high"] - value["low"]) / 2)
            sizes.append(max(abs(value["low"]), abs(value["high"])))
    widths = sorted(width for width in widths if width > 0)
    if not widths:
        return 3
    half, largest = widths[len(widths) // 2], max(sizes)
    least = 0 if largest >= 20 else 3
    # Errors of a target of tiny numbers are tiny: four decimals of them would be zeros.
    most = 4 if largest >= 0.05 else min(12, 3 - math.floor(math.log10(largest)))
    return min(most, max(least, math.ceil(-math.log10(half / 3))))


def amount(value: float | None) -> str:
    """Write a number of any size with four digits that mean something, or all before the point.

    Examples
    --------
    >>> amount(13270.42), amount(1.51418), amount(0.000123456), amount(-40.0), amount(2.5e12)
    ('13,270', '1.514', '0.0001235', '−40', '2.5e+12')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-6:
        text = f"{size:.4g}"
    elif size >= 1000 or size == 0:
        text = f"{size:,.0f}"
    else:
        text = f"{size:.{3 - math.floor(math.log10(size))}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if value >= 0 else _MINUS + text


def skew_words(skewness: float | None) -> str:
    """Say what a skewness amounts to, by the usual bounds of a half, one and, for a long tail, three.

    References
    ----------
    Bulmer, M. (1979). Principles of Statistics. Dover.

    Examples
    --------
    >>> skew_words(0.2), skew_words(1.5), skew_words(-0.7)
    ('nearly symmetric', 'skewed, with a tail of large values', 'slightly skewed towards small values')
    """
    if skewness is None or not math.isfinite(skewness):
        return ""
    size, side = abs(skewness), "large" if skewness > 0 else "small"
    if size < 0.5:
        return "nearly symmetric"
    if size < 1:
        return f"slightly skewed towards {side} values"
    if size < 3:
        return f"skewed, with a tail of {side} values"
    return f"strongly skewed, with a long tail of {side} values"


def count(value: float | None) -> str:
    """Write a count with thousands set off."""
    return MISSING if value is None else f"{round(value):,}"


def percent(share: float | None) -> str:
    """Write a share with two digits that mean something.

    Examples
    --------
    >>> percent(0.866), percent(0.0173), percent(0.00173), percent(0.0)
    ('87 %', '1.7 %', '0.17 %', '0 %')
    """
    if share is None:
        return MISSING
    value = 100 * share
    if value == 0 or value >= 9.95:
        return f"{min(value, 99.9):.1f} %" if 99.5 <= value < 100 else f"{value:.0f} %"
    digits = 1 if value >= 0.995 else min(4, 1 - math.floor(math.log10(value)))
    return f"{value:.{digits}f} %"


def ratio(value: float | None) -> str:
    """Write how many rows of the largest class there are for each row of the smallest."""
    if value is None:
        return MISSING
    return f"{value:,.0f} to 1" if value >= 10 else f"{value:.1f} to 1"


def duration(seconds: float | None) -> str:
    """Write a time in the unit a person would use.

    Examples
    --------
    >>> duration(0.04), duration(12.3), duration(200), duration(7300)
    ('under 0.1 s', '12 s', '3 min 20 s', '2 h 2 min')
    """
    if seconds is None:
        return MISSING
    if seconds < 0.1:
        return "under 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def p_value(p: float | None) -> str:
    """Write a corrected p value."""
    if p is None or not math.isfinite(p):
        return "p not testable"
    if p < 0.001:
        return "p below 0.001"
    return f"p {p:.3f}" if p < 0.1 else f"p {p:.2f}"


def p_words(difference: dict[str, Any] | None, direction: str) -> str:
    """Say what a corrected difference to the baseline amounts to."""
    if difference is None or difference.get("mean") is None:
        return ""
    p = difference.get("p_corrected")
    if p is None or not math.isfinite(p):
        return "not testable"
    if p > _ALPHA:
        return "may be chance"
    gain = difference["mean"] * (1 if direction == "maximize" else -1)
    return "shown better" if gain > 0 else "shown worse"


def shorten(text: str, length: int = 60) -> str:
    """Cut a text in the middle of a sentence's way, keeping both ends."""
    if len(text) <= length:
        return text
    tail = length // 4
    return f"{text[: length - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def title_of(strategy: dict[str, Any]) -> str:
    """Name a candidate: what is done to the data, by which learner, with which decision if any."""
    decision = strategy.get("decision")
    parts = [
        strategy.get("title") or strategy.get("name"),
        strategy.get("learner"),
        None if decision in ("argmax", "prediction") else decision,
    ]
    if strategy.get("learner") == "ensemble":
        parts.pop(1)
    return " · ".join(str(part) for part in parts if part)
