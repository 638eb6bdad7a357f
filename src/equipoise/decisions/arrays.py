"""Numbers as they come, in arrays, tensors, columns and lists: one reader for all decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError
from equipoise.weights.reading import as_array

__all__ = ["as_floats"]


def as_floats(values: Any, name: str) -> NDArray[np.float64]:
    """Return an array, tensor, column or list as float64 on the host.

    Raises
    ------
    UsageError
        If it does not hold numbers, or rows of different lengths.
    """
    try:
        return np.asarray(as_array(values, name), dtype=np.float64)
    except (TypeError, ValueError, UsageError):
        raise UsageError(
            f"{name} does not hold numbers",
            remedy="give numbers, equally many in every row, as an array, a tensor, a column or a list",
        ) from None
