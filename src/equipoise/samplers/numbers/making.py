"""New rows of a bump: between two rows, or around one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.numbers.space import Space, half_medians

__all__ = ["NewRows", "around", "bases", "between", "mixed", "together"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class NewRows:
    """Rows that were made.

    Attributes
    ----------
    base, other : int64 arrays, shape (s,)
        The two parents; the same row where there is one.
    step : float64 array, shape (s,)
        Place on the line between them, 0 at the base.
    numbers : float64 array, shape (s, p)
        Columns of numbers.
    source : int64 array, shape (s, c)
        Row of the input from which each category comes.
    target : float64 array, shape (s,)
    """

    base: Rows
    other: Rows
    step: F
    numbers: F
    source: Rows
    target: F


def together(parts: Sequence[NewRows], p: int, c: int) -> NewRows:
    """Put rows of several bumps below each other; p and c are the numbers of columns."""
    none = NewRows(
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0),
        np.empty((0, p)),
        np.empty((0, c), np.int64),
        np.empty(0),
    )
    every = [none, *parts]
    names = none.__dataclass_fields__
    return NewRows(*(np.concatenate([getattr(one, name) for one in every]) for name in names))


def bases(m: int, more: int, random: Any) -> Rows:
    """Return the places of the rows from which to make ``more``: all as often, some drawn once more."""
    whole, rest = divmod(more, m)
    drawn = random.choice(m, rest, replace=False)
    return np.concatenate([np.repeat(np.arange(m), whole), np.sort(drawn)]).astype(np.int64)


def between(space: Space, y: F, base: Rows, other: Rows, random: Any) -> NewRows:
    r"""Make rows on the lines between pairs: the rule of SMOTER.

    The numbers are ``a + s (b - a)``, each category is that of either row with the same chance, and the
    target is :math:`(d_b y_a + d_a y_b) / (d_a + d_b)` with the distances of the new row to both; their
    mean where the distances are equal.

    Parameters
    ----------
    space : Space
    y : float64 array, shape (n,)
        Target.
    base, other : int64 arrays, shape (s,)
        Rows a and b.
    random : RandomState
        Draws s shares, then s x c coins.

    Returns
    -------
    NewRows
    """
    step = random.random_sample(len(base))
    coin = random.random_sample((len(base), space.codes.shape[1])) < 0.5
    one, two = space.numbers[base], space.numbers[other]
    # Weighed, as the difference of two numbers may be beyond the largest one.
    numbers = np.where(one == two, one, (1 - step)[:, None] * one + step[:, None] * two)
    source = np.where(coin, other[:, None], base[:, None])
    length = np.square(space.scaled(one) - space.scaled(two)).sum(axis=1)
    taken = np.take_along_axis(space.codes, source, axis=0)
    to_one = np.sqrt(step**2 * length + (taken != space.codes[base]).sum(axis=1))
    to_two = np.sqrt((1 - step) ** 2 * length + (taken != space.codes[other]).sum(axis=1))
    equal = to_one == to_two
    share = np.where(equal, 0.5, to_one / np.where(equal, 1.0, to_one + to_two))
    return NewRows(base, other, step, numbers, source, (1 - share) * y[base] + share * y[other])


def around(space: Space, y: F, rows: Rows, base: Rows, pert: F, random: Any) -> NewRows:
    r"""Make rows around others by Gaussian noise.

    To each number and to the target comes noise of the standard deviation :math:`\mathrm{pert} \cdot sd`,
    with the sd of the column in the bump; each category is that of a row of the bump drawn at random.

    Parameters
    ----------
    space : Space
    y : float64 array, shape (n,)
        Target.
    rows : int64 array, shape (m,)
        The bump.
    base : int64 array, shape (s,)
        Row around which each new one lies.
    pert : float64 array, shape (s,)
    random : RandomState
        Draws s x (p + 1) numbers, the target's last, then s x c rows.

    Returns
    -------
    NewRows
    """
    c = space.codes.shape[1]
    noise = random.standard_normal((len(base), space.numbers.shape[1] + 1)) * pert[:, None]
    numbers = space.numbers[base] + noise[:, :-1] * _spread(space.numbers[rows])
    target = y[base] + noise[:, -1] * _spread(y[rows, None])[0]
    source = rows[random.randint(len(rows), size=(len(base), c))]
    return NewRows(base, base, np.zeros(len(base)), numbers, source, target)


def mixed(
    space: Space,
    y: F,
    rows: Rows,
    more: int,
    k: int,
    pert: float,
    random: Any,
    n_jobs: int | None,
) -> NewRows:
    """Make rows of a bump by the rule of SMOGN: between near neighbours, around a row otherwise.

    Of each row a neighbour is drawn. Is it nearer than half the median distance from the row to all
    others of the bump, the new row lies between them, else around the row, with the lesser of that half
    and ``pert``.

    Parameters
    ----------
    space : Space
    y : float64 array, shape (n,)
        Target.
    rows : int64 array, shape (m,)
        The bump, of at least two rows.
    more : int
        Rows to make.
    k : int
        Neighbours, less than m.
    pert : float
    random : RandomState
        Draws bases, a neighbour for each, then for the near ones and for the others.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    NewRows
        In the order of the bases.
    """
    base = bases(len(rows), more, random)
    used, place = np.unique(base, return_inverse=True)
    chosen = space.nearest(rows, k, n_jobs)[base, random.randint(k, size=more)]
    most = half_medians(space, rows, used, n_jobs)[place]
    near = space.distance(rows[base], chosen) < most
    inside = between(space, y, rows[base[near]], chosen[near], random)
    outside = around(space, y, rows, rows[base[~near]], np.minimum(most[~near], pert), random)
    both = together([inside, outside], space.numbers.shape[1], space.codes.shape[1])
    order = np.argsort(np.concatenate([np.flatnonzero(near), np.flatnonzero(~near)]))
    return NewRows(*(getattr(both, name)[order] for name in both.__dataclass_fields__))


def _spread(values: F) -> F:
    """Return the standard deviation of each column, float64 (p,), with one degree of freedom taken."""
    if len(values) < 2:
        return np.zeros(values.shape[1])
    top = np.abs(values).max(axis=0)
    unit = np.where(top > 0, top, 1.0)
    out: F = (values / unit).std(axis=0, ddof=1) * unit
    return out
