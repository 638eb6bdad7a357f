"""Rows whose numbers differ in the last digits only, as after rounding, noise or a stay in single precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from equipoise.data.kinds import number_kinds

__all__ = ["near_copies"]

# Two numbers agree when they differ by less than this part of their column's scale.
TOLERANCE = 1e-6
# Cells are so much wider than what separates copies that an edge seldom falls between them.
CELL = 1e-3
# Half a cell apart, and neither with an edge at the column's median, where values often sit.
SHIFTS = (0.318, 0.818)
# An offset is no spread: a column's scale is at least this part of its median.
OFFSET = 5e-3
# Neighbours within a cell that a row is compared with, in an order that puts copies side by side.
NEIGHBOURS = 8
# At most this part of what is found may be what chance would bring together.
CHANCE = 0.001
# Half the distance of numbers in single precision, with room for the comparison itself.
SINGLE = 6.1e-8
# Hardly any number is one that single precision holds by chance: such a pair counts as this much nearer.
SINGLE_BY_CHANCE = 1e-3
# From here on every floating-point number is whole.
ALL_WHOLE = 2.0**53
# Seconds of a day: a multiple of a second in days, or of a hundredth of anything, is whole in this unit.
FINE = 86_400.0
# Up to here few numbers are whole in that unit by chance.
FINE_UP_TO = 1e5


def near_copies(numbers: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Join different rows whose numbers agree in all but the last digits.

    Two rows agree when `others` are equal and so is, or nearly is, every number. Nearly equal are:

    - numbers within 1e-6 of ``hypot(scale, x - median)`` of their column, where the scale is the median distance from
      the median: six digits of the spread in the middle of a column, of the value itself in a long tail;
    - a number and what single precision makes of it, which is coarse where a column has a large offset.

    Numbers in hundredths, or dates in days to the second, must meet both conditions: there a step is no last digit.
    Whole numbers agree only when equal, unless so large that floating point holds no others.

    Candidates share a cell in one of two grids, half a cell apart, and are then compared. Copies are missed where one
    column has an edge of the first grid between them and another an edge of the second: for 30 columns in single
    precision in less than one of 100,000 pairs, for differences as large as allowed in one of 1,000.

    Rows of a dense cloud come near each other too. How often follows from how many different rows share a cell:
    only distances are accepted at which chance explains less than 0.1% of the pairs. Rows that are joined must
    all agree with one another: a chain of small steps is no family of copies.

    Parameters
    ----------
    numbers : ndarray of shape (m, p), float64
        Numbers of different rows; NaN agrees with NaN.
    others : sequence of arrays, each of shape (m,)
        Whatever must be equal.

    Returns
    -------
    ndarray of shape (m,), int64
        Rows joined have the same id.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.nearness import near_copies
    >>> rows = np.array([[0.1, 7.5], [0.3, 7.5], [np.float32(0.1), 7.5]])
    >>> a, b, c = near_copies(rows, [])
    >>> bool(a == c), bool(a == b)
    (True, False)
    """
    m = len(numbers)
    exact, blurred = list(others), []
    for column in numbers.T:
        if _is_whole(column[:100]).all() and _is_whole(column).all():
            exact.append(column)
        else:
            blurred.append(_Blurred(column))
    if m < 2 or not blurred:
        return np.arange(m)
    cells, pairs, distances = [], [np.empty((2, 0), dtype=np.int64)], [np.empty(0)]
    for shift in SHIFTS:
        rows, cell = _in_company(exact, blurred, shift, m)
        for pair in _neighbours(blurred, shift, rows, cell):
            near, distance = _compare(blurred, *pair)
            pairs.append(near)
            distances.append(distance)
        cells.append((rows, cell))
    edges, lengths = np.concatenate(pairs, axis=1), np.concatenate(distances)
    if not len(lengths):
        return np.arange(m)
    joined = _components(edges, m)
    strangers = max(_strangers(cell, joined[rows]) for rows, cell in cells)
    edges = edges[:, lengths <= _reach(lengths, strangers)]
    return _without_chains(blurred, _components(edges, m))


def _is_whole(values: np.ndarray) -> np.ndarray:
    """Tell which numbers are whole, as opposed to rounded by the format; a missing one may be."""
    whole = (values == np.rint(values)) & (np.abs(values) < ALL_WHOLE)
    return np.asarray(whole | ~np.isfinite(values))


def _is_stepped(values: np.ndarray) -> np.ndarray:
    """Tell which numbers are given in hundredths, or in days to the second."""
    with np.errstate(over="ignore", invalid="ignore"):
        steps = values * FINE
        # The product is off by its own last digits.
        near = np.abs(steps - np.rint(steps)) <= 1e-15 * np.abs(steps)
    return np.asarray(near & (np.abs(values) < FINE_UP_TO))


@dataclass
class _Blurred:
    """A column of numbers, on a scale where the same difference means the same everywhere."""

    values: np.ndarray
    _scaling: tuple[float, float] | None = None

    @property
    def scaling(self) -> tuple[float, float]:
        """Median and scale, worked out when first asked for: many columns never are."""
        if self._scaling is None:
            self._scaling = _scaling(self.values)
        return self._scaling

    @property
    def cell(self) -> float:
        """Width of a cell: wide also against the rounding of single precision where there is an offset."""
        middle, scale = self.scaling
        return CELL * max(1.0, 0.1 * abs(middle) / scale)

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Give places on a line that is linear around the median and logarithmic in the tails."""
        middle, scale = self.scaling
        with np.errstate(over="ignore", invalid="ignore"):
            places: np.ndarray = np.arcsinh((self.values[rows] - middle) / scale)
        return places


@dataclass
class _Grid:
    """The cells of a column."""

    column: _Blurred
    shift: float

    def places(self, rows: np.ndarray) -> np.ndarray:
        """Give places on the line with the cells as the unit."""
        return self.column.at(rows) / self.column.cell + self.shift

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.floor(self.places(rows)))


def _scaling(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    with np.errstate(over="ignore"):
        # The middle one of the values, not the mean of two: that could overflow.
        middle = float(np.partition(finite, len(finite) // 2)[len(finite) // 2])
        away = np.abs(finite - middle)
        far = int(0.999 * (len(away) - 1))
        # Noise on a column of one frequent value must not pass for its spread, nor must a few extreme values.
        away = away[away > TOLERANCE * np.partition(away, far)[far]]
    spread = float(np.partition(away, len(away) // 2)[len(away) // 2]) if len(away) else 0.0
    scale = max(spread, OFFSET * abs(middle))
    return middle, scale if 0 < scale < np.inf else 1.0


def _in_company(
    exact: Sequence[np.ndarray], blurred: Sequence[_Blurred], shift: float, m: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that share a cell with others, cell after cell, and the cell of each."""
    grid = [_Grid(column, shift) for column in blurred]
    kinds = number_kinds([*exact, *grid], np.arange(m))
    _, cell, sizes = np.unique(kinds, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(sizes[cell] > 1)
    return rows, cell[rows]


def _neighbours(
    blurred: Sequence[_Blurred], shift: float, rows: np.ndarray, cell: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pair the rows of each cell that lie side by side along a slanted line."""
    if not len(rows):
        return
    slants = np.random.default_rng(0).uniform(0.5, 1.5, len(blurred))
    along = np.zeros(len(rows))
    for column, slant in zip(blurred, slants, strict=True):
        places = _Grid(column, shift).places(rows)
        with np.errstate(invalid="ignore"):
            along += slant * np.nan_to_num(places - np.floor(places))
    order = np.lexsort((along, cell))
    rows, cell, along = rows[order], cell[order], along[order]
    for lag in range(1, min(NEIGHBOURS, len(rows) - 1) + 1):
        close = along[lag:] - along[:-lag] <= TOLERANCE / CELL * slants.sum()
        close &= cell[lag:] == cell[:-lag]
        if not close.any():
            return
        yield rows[:-lag][close], rows[lag:][close]


def _compare(
    blurred: Sequence[_Blurred], first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keep the pairs that agree in every column; give their largest distance, in cells."""
    distances = np.zeros(len(first))
    for column in blurred:
        a, b = column.values[first], column.values[second]
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            apart = np.abs(column.at(first) - column.at(second))
            single = (a.astype(np.float32) == b) | (b.astype(np.float32) == a)
            single &= np.abs(a - b) <= SINGLE * np.abs(a)
            distance = apart / column.cell * np.where(single, SINGLE_BY_CHANCE, 1.0)
        near = apart <= TOLERANCE
        near = np.where(_is_stepped(a) & _is_stepped(b), near & single, near | single)
        keep = same | (near & ~(_is_whole(a) & _is_whole(b)))
        distances = np.maximum(distances, np.where(same, 0.0, distance))[keep]
        first, second = first[keep], second[keep]
        if not len(first):
            break
    return np.stack([first, second]), distances


def _components(edges: np.ndarray, m: int) -> np.ndarray:
    ties = coo_array((np.ones(edges.shape[1], dtype=np.int8), tuple(edges)), shape=(m, m))
    component: np.ndarray = connected_components(ties, directed=False)[1].astype(np.int64)
    return component


def _strangers(cell: np.ndarray, joined: np.ndarray) -> int:
    """Count the pairs that share a cell and do not agree."""
    width = int(joined.max(initial=0)) + 1
    held = np.unique(cell * width + joined) // width
    sizes = np.unique(held, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def _reach(lengths: np.ndarray, strangers: int) -> float:
    """Return the largest distance at which chance explains few of the pairs, as in Benjamini and Hochberg (1995)."""
    ordered = np.sort(lengths)
    # Of pairs spread over a cell, at most this many are as near: fewer in all columns than in one.
    by_chance = 2.0 * ordered * strangers
    accepted = np.flatnonzero(by_chance <= CHANCE * np.arange(1, len(ordered) + 1))
    return float(ordered[accepted[-1]]) if len(accepted) else -1.0


def _without_chains(blurred: Sequence[_Blurred], component: np.ndarray) -> np.ndarray:
    """Take apart the components that reach further than the tolerance."""
    order = np.argsort(component, kind="stable")
    sizes = np.bincount(component)
    order = order[sizes[component[order]] > 1]
    if not len(order):
        return component
    members = component[order]
    starts = np.flatnonzero(np.diff(members, prepend=-1))
    chain = np.zeros(len(starts), dtype=bool)
    for column in blurred:
        middle, scale = column.scaling
        places, values = column.at(order), column.values[order]
        with np.errstate(over="ignore", invalid="ignore"):
            # Rounding to single precision goes either way.
            rounding = 2 * SINGLE * np.abs(values) / np.hypot(scale, values - middle)
            reach = np.maximum.reduceat(places, starts) - np.minimum.reduceat(places, starts)
            chain |= reach > TOLERANCE + np.maximum.reduceat(rounding, starts)
    loose = order[np.repeat(chain, np.diff(starts, append=len(order)))]
    component = component.copy()
    component[loose] = len(sizes) + np.arange(len(loose))
    return component
