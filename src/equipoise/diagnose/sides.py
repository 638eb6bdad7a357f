"""Predictions seen one class, or one label, at a time: whether a row is of it, was called it, how likely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from equipoise.diagnose.chance import Range, rare_classes
from equipoise.diagnose.finding import Severity, interval
from equipoise.diagnose.subject import After

__all__ = [
    "MOST",
    "Side",
    "by_bounds",
    "in_words",
    "rare_sides",
    "side_of",
    "span",
    "two_columns",
    "worst_of",
]

B = NDArray[np.bool_]
F = NDArray[np.float64]
T = TypeVar("T")

MOST = 50
"""Classes or labels that a check looks at, the rarest first."""
_CERTAIN = 36.0  # log-odds beyond which double precision sees 0 or 1
_ORDER: tuple[Severity, ...] = ("high", "medium", "low")


@dataclass(frozen=True)
class Side:
    """One class or label against the rest.

    Attributes
    ----------
    code : int
        Its code.
    name : str
        Its name.
    truth, said : bool arrays, shape (n,)
        Whether a row is of it, and whether it was called it.
    log_odds : float64 array, shape (n,), or None
        Natural log-odds that a row is of it, from -36 to 36.
    """

    code: int
    name: str
    truth: B
    said: B
    log_odds: F | None

    @property
    def rows(self) -> int:
        """Rows that are of it."""
        return int(self.truth.sum())


def side_of(subject: After, code: int) -> Side:
    """Return a class or label against the rest."""
    odds = None
    if subject.y.ndim == 2:
        truth, said = subject.y[:, code] == 1, subject.labels[:, code] == 1
        if subject.log_p is not None:
            odds = subject.log_p[:, code]
    else:
        truth, said = subject.y == code, subject.labels == code
        if subject.log_p is not None:
            rest = np.delete(subject.log_p, code, axis=1)
            with np.errstate(invalid="ignore"):
                odds = subject.log_p[:, code] - logsumexp(rest, axis=1)
    if odds is not None:
        odds = np.clip(np.nan_to_num(odds, nan=0.0), -_CERTAIN, _CERTAIN)
    return Side(code, subject.classes[code], truth, said, odds)


def rare_sides(subject: After) -> list[int]:
    """Return the codes of rare classes or labels, rarest first, 50 at most.

    A class is rare below 0.8 of an equal share of the rows, a label below 0.4 of all rows.
    """
    counts = subject.counts
    if subject.y.ndim == 2:
        order = np.argsort(counts, kind="stable")
        rare = [int(c) for c in order if 0 < counts[c] < 0.4 * subject.n]
    else:
        rare = rare_classes(counts)
    return rare[:MOST]


def two_columns(log_odds: F) -> F:
    """Return natural-log probabilities of no and yes, float64 (n, 2)."""
    return np.column_stack([log_expit(-log_odds), log_expit(log_odds)])


def span(values: Range) -> dict[str, float | None]:
    """Return an estimate with its interval as evidence."""
    return interval(*values)


def in_words(values: Range | dict[str, Any]) -> str:
    """Say a share with its interval.

    Examples
    --------
    >>> from equipoise.diagnose.sides import in_words
    >>> in_words((0.2, 0.151, 0.26))
    '20 % (15 to 26 %)'
    """
    value, low, high = (
        (values["value"], values["low"], values["high"]) if isinstance(values, dict) else values
    )
    if not np.isfinite(value):
        return "unknown"
    return f"{100 * value:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"


def by_bounds(certain: float, bounds: Sequence[float]) -> Severity | None:
    """Return how severe an effect is that is at least ``certain``: above the first, second or third bound.

    Examples
    --------
    >>> from equipoise.diagnose.sides import by_bounds
    >>> by_bounds(0.2, (0.3, 0.1, 0.0)), by_bounds(-0.1, (0.3, 0.1, 0.0))
    ('medium', None)
    """
    for severity, bound in zip(_ORDER, bounds, strict=True):
        if certain > bound:
            return severity
    return None


def worst_of(found: Iterable[tuple[Severity | None, T]]) -> list[tuple[Severity, T]]:
    """Return what has a severity, the worst first, in the given order among equals."""
    kept = [(severity, one) for severity, one in found if severity is not None]
    return sorted(kept, key=lambda pair: _ORDER.index(pair[0]))
