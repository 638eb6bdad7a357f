"""Tell that others are closer than a radius, without finding the nearest.

Any k of them will do, so they are looked for in a small random sample first, then in larger ones. Which
rows a sample clears depends on chance; what is said of a cleared row does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.samplers.precision import QUERIES, TILE, TINY, Precision, spread

__all__ = ["surely_closer"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_FIRST = 512
_GROWTH = 4
_ENOUGH = 64


def surely_closer(
    X: Any,
    rows: Rows,
    among: Rows,
    radius: F,
    k: int,
    n_jobs: int | None = None,
    precision: Precision | None = None,
) -> NDArray[np.bool_]:
    """Find rows with k others that lie strictly closer than a radius.

    Parameters
    ----------
    X : float array, shape (n, p)
        Rows without missing or infinite values.
    rows : int64 array, shape (q,)
        The rows asked about.
    among : int64 array
        Rows that count; a row does not count for itself.
    radius : float64 array, shape (q,)
        Distance of each.
    k : int
        How many must be closer.
    n_jobs : int, optional
        Threads.
    precision : Precision, optional
        That of the rows, where it is known.

    Returns
    -------
    bool array, shape (q,)
        True where k are closer. False says nothing: a sample that large would cost as much as a search.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.clearing import surely_closer
    >>> X = np.zeros((3000, 2))
    >>> rows = np.arange(3000)
    >>> bool(surely_closer(X, rows, rows, np.full(3000, 0.1), 3).all())
    True
    """
    cleared = np.zeros(len(rows), dtype=bool)
    if not _pays(len(rows), _FIRST, len(among)):
        return cleared
    X = np.asarray(X, dtype=np.float64)
    precision = Precision.measure(X) if precision is None else precision
    if not precision.narrow:
        return cleared
    with np.errstate(over="ignore"):
        reach = np.minimum((radius * precision.scale) ** 2 * (1 - 1e-9), 1e30)
    rng = np.random.default_rng(0)
    unsettled = np.flatnonzero(reach > 0)
    size = max(_FIRST, k + 1)
    while _pays(len(unsettled), size, len(among)):
        sample = rng.choice(among, size, replace=False)
        found = _count(X, precision, rows[unsettled], sample, reach[unsettled], n_jobs)
        cleared[unsettled[found >= k]] = True
        unsettled = unsettled[found < k]
        size *= _GROWTH
    return cleared


def _count(
    X: F, precision: Precision, rows: Rows, sample: Rows, reach: F, n_jobs: int | None
) -> Rows:
    """Count the rows of a sample that surely lie within a squared distance, the row itself left out."""
    columns, _ = precision.columns(X[sample], upper=True)
    itself = np.zeros(len(X), dtype=np.int64)
    itself[sample] = 1
    found = -itself[rows]

    def count(part: slice) -> None:
        centred = precision.centred(X[rows[part]])
        own = np.einsum("ij,ij->i", centred, centred)
        left = precision.left(centred)
        # In all of this, |q|^2 is left out: the same for every row.
        bar = reach[part] - own - 2 * precision.error * own - TINY
        bar = np.nextafter(bar.astype(np.float32), np.float32(-np.inf))[:, None]
        for at in range(0, len(sample), TILE):
            closer = left @ columns[at : at + TILE].T < bar
            found[part] += _trues(closer)

    spread(count, len(rows), QUERIES, n_jobs)
    return found


def _trues(mask: NDArray[np.bool_]) -> Rows:
    """Count by row, eight at a time where the columns allow."""
    words = mask.view(np.uint8 if mask.shape[1] % 8 else np.uint64)
    counts: Rows = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return counts


def _pays(rows: int, size: int, among: int) -> bool:
    """Tell whether a sample is worth its product: it must be smaller than all, and the rows not few."""
    return rows >= _ENOUGH and 2 * size <= among
