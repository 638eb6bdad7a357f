"""Bumps of a numeric target: runs of neighbouring values that are all rare, or all common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import TargetError, UsageError
from equipoise.weights.relevance import Relevance

__all__ = ["Bump", "find_bumps", "known_relevance", "wanted_rows"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]
_SAMPLING = ("balance", "extreme")


@dataclass(frozen=True)
class Bump:
    """Rows whose targets follow each other on one side of the threshold.

    Attributes
    ----------
    rows : int64 array, shape (m,)
        In ascending order.
    rare : bool
        Whether their relevance reaches the threshold.
    """

    rows: Rows
    rare: bool


def known_relevance(given: Any, y: F) -> Callable[[F], F]:
    """Return the relevance that is asked for: None is that of the box plot, points are interpolated.

    Parameters
    ----------
    given : None, Relevance, callable, or sequence of (y, phi) or (y, phi, slope)
    y : float64 array, shape (n,)
        Target.

    Returns
    -------
    callable
        Takes targets, returns numbers from 0 to 1.

    Raises
    ------
    TargetError
        If the box plot has no extreme values.
    UsageError
        If it is none of these.
    """
    if given is None:
        return Relevance.automatic(y)
    if callable(given):
        asked: Callable[[F], F] = given
        return asked
    if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str):
        return Relevance.from_points(given)
    raise UsageError(
        f"relevance={given!r} says not which values matter",
        remedy="leave it out, or give a Relevance or points such as [(10, 0), (50, 1)]",
    )


def find_bumps(y: F, relevance: Callable[[F], F], threshold: float) -> list[Bump]:
    """Split the rows, in the order of their targets, where the relevance crosses the threshold.

    Parameters
    ----------
    y : float64 array, shape (n,)
        Target.
    relevance : callable
        Takes targets, returns numbers from 0 to 1.
    threshold : float
        Above 0 and at most 1.

    Returns
    -------
    list of Bump
        By ascending target.

    Raises
    ------
    TargetError
        If no row is rare, or all are.
    UsageError
        If the threshold or what the relevance returns cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.numbers.bumps import find_bumps
    >>> y = np.array([5.0, 1.0, 9.0, 2.0, 8.0])
    >>> [(b.rows.tolist(), b.rare) for b in find_bumps(y, lambda v: v / 10, 0.8)]
    [([0, 1, 3], False), ([2, 4], True)]
    """
    number: Any = threshold
    if not (isinstance(number, int | float | np.number) and 0 < number <= 1):
        raise UsageError(
            f"threshold={threshold!r} is not above 0 and at most 1", remedy="use such as 0.8"
        )
    order = np.argsort(y, kind="stable")
    phi = np.asarray(relevance(y[order]), dtype=np.float64)
    if phi.shape != y.shape or not ((phi >= 0) & (phi <= 1)).all():
        raise UsageError(
            f"the relevance returned the shape {phi.shape} for {y.shape}, or values outside 0 to 1",
            remedy="return a number from 0 to 1 for each target",
        )
    rare = phi >= threshold
    if rare.all() or not rare.any():
        raise TargetError(
            f"the relevance of {'every' if rare.all() else 'no'} row reaches threshold={threshold:g}; "
            f"it goes from {phi.min():.3g} to {phi.max():.3g}",
            remedy="choose a threshold between, or another relevance",
        )
    cuts = np.flatnonzero(np.diff(rare)) + 1
    return [
        Bump(np.sort(part), bool(flag))
        for part, flag in zip(np.split(order, cuts), rare[np.append(0, cuts)], strict=True)
    ]


def wanted_rows(sizes: Sequence[int], sampling: str) -> list[int]:
    """Return how many rows each bump is to have, so that their sum is about that of now.

    Parameters
    ----------
    sizes : sequence of int
        Rows of each of the B bumps.
    sampling : {"balance", "extreme"}
        All the same, n / B; or as the inverses of the sizes.

    Returns
    -------
    list of int
        At least 1 each.

    Raises
    ------
    UsageError
        If ``sampling`` is neither.

    Examples
    --------
    >>> from equipoise.samplers.numbers.bumps import wanted_rows
    >>> wanted_rows([80, 20], "balance"), wanted_rows([80, 20], "extreme")
    ([50, 50], [20, 80])
    """
    check_sampling(sampling)
    share = np.ones(len(sizes)) if sampling == "balance" else 1.0 / np.asarray(sizes)
    wanted = np.rint(sum(sizes) * share / share.sum())
    return [max(1, int(one)) for one in wanted]


def check_sampling(sampling: Any) -> None:
    """Refuse what is neither of the two ways."""
    if sampling not in _SAMPLING:
        raise UsageError(f"sampling={sampling!r} is unknown", remedy="use 'balance' or 'extreme'")
