"""Numbers and names as findings say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from equipoise.diagnose.chance import Range

__all__ = [
    "ROWS_COUNTED",
    "evidence_of",
    "listed",
    "name_of",
    "percent",
    "ratio",
    "rows_of",
    "span",
    "verb_for",
]

ROWS_COUNTED = "from 0, in the order of the file, without rows that lack a target"
"""How evidence names a row."""

_LONGEST = 30


def percent(share: float) -> str:
    """Say a share with the digits that matter.

    Examples
    --------
    >>> from equipoise.diagnose.wording import percent
    >>> [percent(x) for x in (0.13402, 0.00173, 0.5, 1.0, 0.0, 0.99942, 0.0000012)]
    ['13.4 %', '0.17 %', '50 %', '100 %', '0 %', '99.94 %', '0.00012 %']
    """
    return f"{_digits(share)} %"


def _digits(share: float) -> str:
    value = 100 * share
    rest = min(value, 100 - value)
    if rest <= 0 or abs(value - round(value)) < 1e-9:
        return f"{value:.0f}"
    if rest >= 0.95:
        return f"{value:.1f}"
    return f"{value:.2f}" if rest >= 0.01 else f"{value:.2g}"


def ratio(value: float) -> str:
    """Say how many there are to one, with three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def span(found: Range) -> str:
    """Say a share with its interval."""
    return f"{percent(found[0])} ({_digits(found[1])} to {_digits(found[2])} %)"


def evidence_of(found: Range) -> dict[str, float]:
    """Return a share with its interval, as evidence holds it."""
    return dict(zip(("value", "low", "high"), map(float, found), strict=True))


def rows_of(count: int, what: str = "row") -> str:
    """Say a number of rows, or of something else.

    Examples
    --------
    >>> from equipoise.diagnose.wording import rows_of
    >>> rows_of(1), rows_of(5574), rows_of(2, "copy"), rows_of(3, "class")
    ('1 row', '5,574 rows', '2 copies', '3 classes')
    """
    many = what[:-1] + "ies" if what.endswith("y") else what + ("es" if what[-1] == "s" else "s")
    return f"{count:,} {what if count == 1 else many}"


def verb_for(count: int, one: str = "is", many: str = "are") -> str:
    """Return the verb that goes with a number."""
    return one if count == 1 else many


def name_of(label: Any) -> str:
    """Quote a label or column on one line, cut where it is long."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(label)).split())
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def listed(labels: Sequence[Any], most: int = 4) -> str:
    """List quoted names, the first few of many.

    Examples
    --------
    >>> from equipoise.diagnose.wording import listed
    >>> listed(["a", "b"]), listed(list("abcdef"), 2)
    ("'a' and 'b'", "'a', 'b' and 4 more")
    """
    names = [name_of(label) for label in labels[:most]]
    if len(labels) > most:
        return f"{', '.join(names)} and {len(labels) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
