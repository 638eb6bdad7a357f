"""How much searching a method does, so that a trial can say beforehand what would take hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["estimated_pairs"]


_LINES = 5 * 8  # lines from a row to its neighbours, and what one costs in rows
_CLEARING = 5_000  # rows that a row is compared with until a sample clears it
_LEFT = 0.03  # share of the rows that no sample clears


def estimated_pairs(method: str, counts: ArrayLike, on_lines: bool = True) -> float:
    """Estimate how many pairs of rows a resampling method compares.

    Parameters
    ----------
    method : str
        Name of a strategy of the rows slot.
    counts : array of shape (C,)
        Training rows of each class.
    on_lines : bool, default True
        Whether SMOTE makes rows on the lines between given ones, as it does between numbers alone.

    Returns
    -------
    float
        0 for methods that compare no rows.

    Examples
    --------
    >>> from equipoise.samplers.cost import estimated_pairs
    >>> estimated_pairs("tomek", [900, 100])
    200000.0
    """
    n = np.asarray(counts, dtype=np.float64)
    n = n[n > 0]
    if not len(n):
        return 0.0
    total, largest = float(n.sum()), float(n.max())
    rare = total - largest
    inside = float((n[n < largest] ** 2).sum())
    balanced = largest * len(n)
    if method == "smote":
        return inside
    if method in ("borderline-smote", "adasyn"):
        return float(rare * total) + inside
    if method == "tomek":
        return float(2 * rare * total)
    if method == "nearmiss-1":
        return float(total * rare)
    if method == "enn":
        # Where the other classes are many, the short cut does not serve and every row is searched.
        return float(largest * (rare + 10_000)) if rare * 4 <= largest else float(total**2)
    if method in ("smote-tomek", "smote-enn"):
        every = largest * (balanced - largest)
        bounds = min(every, largest * rare * _LINES) if on_lines else every
        return inside + float(bounds + balanced * (min(_CLEARING, balanced) + _LEFT * balanced))
    return 0.0
