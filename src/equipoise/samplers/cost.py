"""How much searching a method does, so that a trial can say beforehand what would take hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["estimated_pairs"]


def estimated_pairs(method: str, counts: ArrayLike) -> float:
    """Estimate how many pairs of rows a resampling method compares.

    Parameters
    ----------
    method : str
        Name of a strategy of the rows slot.
    counts : array of shape (C,)
        Training rows of each class.

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
    if method == "smote-tomek":
        return inside + float(balanced - largest) * balanced * 2
    if method == "smote-enn":
        return inside + float(balanced**2)
    return 0.0
