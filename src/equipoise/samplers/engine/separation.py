"""How far each row is, at least, from the rows of the other classes.

A lower bound is enough to tell that a row has only its own class around it, and it is cheaper than a
search: the smallest lower end of a block of distances, with nothing to settle.

Rows that SMOTE made lie on the lines between the rows of a rare class, and there are few lines: a row
is at least as far from all rows on a line as from the line. With D_i and D_j the squared distances to
its ends and L its length, the squared distance to the point at s in [0, 1] is

    (1 - s) D_i + s D_j - s (1 - s) L^2,

smallest at s = (D_i - D_j + L^2) / (2 L^2), cut to [0, 1]. So a matrix product with the few given rows
bounds the distances to all rows made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.engine.precision import QUERIES, TILE, TINY, Precision, spread
from equipoise.samplers.origins import Made

__all__ = ["Gap", "nearest_other", "separation"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_CHUNK = 65_536
_PASSES = 8  # a line costs about as much as so many rows


@dataclass(frozen=True)
class Gap:
    """Bounds of the distance of each row to the nearest row of another class.

    Attributes
    ----------
    low, high : float64 arrays, shape (n,)
        At most and at least the distance; infinite where nothing is known, or there is no other class.
    """

    low: F
    high: F


def nearest_other(
    X: F,
    rows: Rows,
    others: Rows,
    n_jobs: int | None = None,
    precision: Precision | None = None,
) -> Gap:
    """Bound the distance of each of some rows to the nearest of others.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        Rows without missing or infinite values.
    rows, others : int64 arrays
        Two sets of rows.
    n_jobs : int, optional
        Threads.
    precision : Precision, optional
        That of the rows, where it is known.

    Returns
    -------
    Gap
        Of ``rows``. Where single precision can say nothing, it is from 0 to infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.separation import nearest_other
    >>> X = np.array([[0.0], [3.0], [4.0]])
    >>> gap = nearest_other(X, np.array([0]), np.array([1, 2]))
    >>> gap.low.round(3).tolist(), gap.high.round(3).tolist()
    ([3.0], [3.0])
    """
    return _Floors(X, n_jobs, precision).between(rows, others)[0]


def separation(
    X: F,
    codes: Rows,
    made: Mapping[int, tuple[int, Made]] | None = None,
    n_jobs: int | None = None,
    precision: Precision | None = None,
) -> Gap:
    """Bound the distance of each row to the nearest row of another class.

    Parameters
    ----------
    X : float64 array, shape (n, p)
        Rows without missing or infinite values, those that were given before those that were made.
    codes : int64 array, shape (n,)
        Class of each.
    made : dict, optional
        By class, the position of the first row made for it and how its rows were made.
    n_jobs : int, optional
        Threads.
    precision : Precision, optional
        That of the rows, where it is known.

    Returns
    -------
    Gap
        Infinite where there is one class.
    """
    made = {} if made is None else made
    low, high = np.full(len(X), np.inf), np.full(len(X), np.inf)
    floors = _Floors(X, n_jobs, precision)

    def lower(rows: Any, gap: Gap) -> None:
        low[rows] = np.minimum(low[rows], gap.low)
        high[rows] = np.minimum(high[rows], gap.high)

    classes = np.unique(codes)
    members = {int(c): np.flatnonzero(codes == c) for c in classes}
    for at, c in enumerate(classes):
        for d in classes[at + 1 :]:
            one, other = int(c), int(d)
            if one in made and other not in made:
                one, other = other, one
            lines = _Lines(X, *made[other]) if other in made and one not in made else None
            rows, others = members[one], members[other]
            if lines is None or len(lines.base) * _PASSES > lines.rows:
                for part, gap in zip((rows, others), floors.between(rows, others), strict=True):
                    lower(part, gap)
                continue
            given = others[others < lines.start]
            for part, gap in zip((rows, given), floors.between(rows, given), strict=True):
                lower(part, gap)
            to_line, from_line = floors.to_lines(rows, given, lines)
            far = np.maximum(to_line - lines.off.max(), 0.0)
            lower(rows, Gap(far, np.full(len(rows), np.inf)))
            new = slice(lines.start, lines.start + lines.rows)
            far = np.maximum(from_line[lines.line] - lines.off, 0.0)
            lower(new, Gap(far, np.full(lines.rows, np.inf)))
    return Gap(low, high)


class _Lines:
    """The distinct lines on which rows were made, the line of each row, and how far off it the row is.

    Rounding to the type of the columns, to whole numbers even, moves a row off its line.
    """

    def __init__(self, X: F, start: int, made: Made) -> None:
        self.start, self.rows = start, len(made.base)
        low, high = np.minimum(made.base, made.other), np.maximum(made.base, made.other)
        size = int(high.max(initial=0)) + 1
        keys, self.line = np.unique(low * size + high, return_inverse=True)
        self.base, self.other = np.divmod(keys, size)
        self.off = np.empty(self.rows)
        for at in range(0, self.rows, _CHUNK):
            part = slice(at, at + _CHUNK)
            base, step = X[made.base[part]], made.step[part, None]
            point = base + step * (X[made.other[part]] - base)
            new = X[start + at : start + at + len(base)]
            rounding = 8 * np.finfo(np.float64).eps * np.abs(new).max(axis=1, initial=0.0)
            gap = np.abs(new - point) + rounding[:, None]
            self.off[part] = np.sqrt(np.einsum("ij,ij->i", gap, gap))


class _Floors:
    def __init__(self, X: F, n_jobs: int | None, precision: Precision | None = None) -> None:
        self.X = X
        self.n_jobs = n_jobs
        self.precision = Precision.measure(X) if precision is None else precision

    def between(self, rows: Rows, others: Rows) -> tuple[Gap, Gap]:
        if not self.precision.narrow:
            nothing = [Gap(np.zeros(len(n)), np.full(len(n), np.inf)) for n in (rows, others)]
            return nothing[0], nothing[1]
        columns, there_square = self.precision.columns(self.X[others])
        columns = np.column_stack([columns, np.ones(len(others), dtype=np.float32)])
        low, here_square = np.empty(len(rows)), np.empty(len(rows))
        back, lock = np.full(len(others), np.inf, dtype=np.float32), Lock()

        def bound(part: slice) -> None:
            left, here_square[part] = self._queries(rows[part])
            least = np.full(len(left), np.inf, dtype=np.float32)
            there = np.empty(len(others), dtype=np.float32)
            for at in range(0, len(others), TILE):
                tile = slice(at, at + TILE)
                lower = left @ columns[tile].T
                np.minimum(least, lower.min(axis=1), out=least)
                there[tile] = lower.min(axis=0)
            low[part] = least
            with lock:
                np.minimum(back, there, out=back)

        spread(bound, len(rows), QUERIES, self.n_jobs)
        # What both ends of a distance are apart at most.
        width = 8 * self.precision.error
        most = [float(square.max(initial=0.0)) for square in (here_square, there_square)]
        back_low = back.astype(np.float64)
        return (
            Gap(self._distance(low), self._ceiling(low, width * (here_square + most[1]))),
            Gap(
                self._distance(back_low), self._ceiling(back_low, width * (there_square + most[0]))
            ),
        )

    def to_lines(self, rows: Rows, given: Rows, lines: _Lines) -> tuple[F, F]:
        if not self.precision.narrow:
            return np.zeros(len(rows)), np.zeros(len(lines.base))
        columns, square = self.precision.columns(self.X[given])
        columns = np.column_stack([columns, np.ones(len(given), dtype=np.float32)])
        place = np.zeros(int(given.max()) + 1, dtype=np.int64)
        place[given] = np.arange(len(given))
        i, j = place[lines.base], place[lines.other]
        gap = self.precision.scale * (self.X[lines.base] - self.X[lines.other])
        length = np.einsum("ij,ij->i", gap, gap).astype(np.float32)
        share = np.divide(0.5, length, out=np.zeros_like(length), where=length > 1e-30)
        # The products are lowered by their margin; this is for the rounding of what is done with them.
        rounding = 4 * self.precision.error * float(square.max(initial=0.0))
        low = np.empty(len(rows))
        back, lock = np.full(len(i), np.inf, dtype=np.float32), Lock()

        def bound(part: slice) -> None:
            left, own = self._queries(rows[part])
            ends = left @ columns.T
            from_i, turn = ends[:, i], ends[:, j]
            np.subtract(from_i, turn, out=turn)
            turn += length
            step = turn * share
            np.clip(step, 0.0, 1.0, out=step)
            # (1 - s) D_i + s D_j - s (1 - s) L^2 = D_i - s (turn - s L^2)
            turn -= step * length
            turn *= step
            from_i -= turn
            from_i -= (4 * self.precision.error * own + rounding).astype(np.float32)[:, None]
            low[part] = from_i.min(axis=1)
            there = from_i.min(axis=0)
            with lock:
                np.minimum(back, there, out=back)

        spread(bound, len(rows), QUERIES // 2, self.n_jobs)
        return self._distance(low), self._distance(back.astype(np.float64))

    def _queries(self, rows: Rows) -> tuple[NDArray[np.float32], F]:
        """Return the left side with ``|q|^2``, lowered by its own margin, as a last column."""
        centred = self.precision.centred(self.X[rows])
        square = np.einsum("ij,ij->i", centred, centred)
        lowered = square * (1 - 3 * self.precision.error)
        return np.column_stack([self.precision.left(centred), lowered.astype(np.float32)]), square

    def _distance(self, lower: F) -> F:
        bound: F = np.sqrt(np.maximum(lower - TINY, 0.0)) * (1 - 1e-6) / self.precision.scale
        return bound

    def _ceiling(self, lower: F, width: F) -> F:
        bound: F = (
            np.sqrt(np.maximum(lower, 0.0) + width + TINY) * (1 + 1e-6) / self.precision.scale
        )
        return bound
