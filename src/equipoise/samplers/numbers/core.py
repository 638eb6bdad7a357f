"""The five ways to resample rows with a numeric target, on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.numbers.bumps import Bump, check_sampling, wanted_rows
from equipoise.samplers.numbers.making import NewRows, around, bases, between, mixed, together
from equipoise.samplers.numbers.space import Space

__all__ = ["Settings", "drop_common", "make", "repeat_rare"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]
_MOST = 10  # rows of the output by repeating, in rows of the input


@dataclass(frozen=True)
class Settings:
    """What the ways that make rows have in common.

    Attributes
    ----------
    way : {"smoter", "smogn", "gaussian-noise"}
    sampling : {"balance", "extreme"}
    k : int
        Neighbours.
    pert : float
        Size of the noise.
    n_jobs : int or None
        Threads.
    """

    way: str
    sampling: str
    k: int
    pert: float
    n_jobs: int | None = None


def make(space: Space, y: F, bumps: list[Bump], how: Settings, random: Any) -> tuple[Rows, NewRows]:
    """Thin the bumps that have too many rows, and make rows for the rare ones that have too few.

    Parameters
    ----------
    space : Space
        The n rows.
    y : float64 array, shape (n,)
        Target.
    bumps : list of Bump
    how : Settings
    random : RandomState

    Returns
    -------
    kept : int64 array
        Rows of the input that stay, ascending.
    made : NewRows
    """
    kept: list[Rows] = []
    parts: list[NewRows] = []
    for bump, wanted in zip(
        bumps, wanted_rows([len(bump.rows) for bump in bumps], how.sampling), strict=True
    ):
        rows, more = bump.rows, wanted - len(bump.rows)
        if more < 0:
            rows = random.choice(rows, wanted, replace=False)
        elif more > 0 and bump.rare:
            parts.append(_made(space, y, rows, more, how, random))
        kept.append(rows)
    p, c = space.numbers.shape[1], space.codes.shape[1]
    return np.sort(np.concatenate(kept)), together(parts, p, c)


def _made(space: Space, y: F, rows: Rows, more: int, how: Settings, random: Any) -> NewRows:
    m = len(rows)
    if how.way == "gaussian-noise" or m == 1:
        base = rows[bases(m, more, random)]
        return around(space, y, rows, base, np.full(more, how.pert), random)
    k = min(how.k, m - 1)
    if how.way == "smogn":
        return mixed(space, y, rows, more, k, how.pert, random, how.n_jobs)
    base = bases(m, more, random)
    other = space.nearest(rows, k, how.n_jobs)[base, random.randint(k, size=more)]
    return between(space, y, rows[base], other, random)


def repeat_rare(bumps: list[Bump], sampling: str, random: Any) -> Rows:
    """Return all rows, and after them repeated ones of rare bumps, int64 (m,).

    With N common rows and B rare bumps each of these gets N / B rows (``"balance"``), or
    :math:`(N / B)^2 / n_b` (``"extreme"``), if it has fewer; all of them ten times the input at most.
    """
    check_sampling(sampling)
    rare = [bump.rows for bump in bumps if bump.rare]
    n = sum(len(bump.rows) for bump in bumps)
    each = (n - sum(map(len, rare))) / len(rare)
    parts = [np.arange(n)]
    for rows in rare:
        wanted = each if sampling == "balance" else each**2 / len(rows)
        more = round(min(wanted, (_MOST - 1) * n / len(rare))) - len(rows)
        parts.append(rows[bases(len(rows), max(0, more), random)])
    return np.concatenate(parts).astype(np.int64)


def drop_common(bumps: list[Bump], sampling: str, random: Any) -> Rows:
    """Return all rare rows and some of the others, int64 (m,), ascending.

    With R rare rows and B common bumps each of these keeps R / B rows (``"balance"``), or
    :math:`(R / B)^2 / n_b` (``"extreme"``), if it has more, and at least 1.
    """
    check_sampling(sampling)
    common = [bump.rows for bump in bumps if not bump.rare]
    parts = [bump.rows for bump in bumps if bump.rare]
    each = sum(map(len, parts)) / len(common)
    for rows in common:
        wanted = each if sampling == "balance" else each**2 / len(rows)
        most = min(len(rows), max(1, round(wanted)))
        parts.append(random.choice(rows, most, replace=False))
    return np.sort(np.concatenate(parts)).astype(np.int64)
