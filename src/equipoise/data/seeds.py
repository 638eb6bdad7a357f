"""Which seeds can be used."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from equipoise.errors import UsageError

__all__ = ["LAST_SEED", "check_seed"]

LAST_SEED = 2**32 - 1
"""The largest seed that every library takes."""


def check_seed(seed: Any) -> None:
    """Refuse a seed that not every library takes, before any work is done with it.

    Raises
    ------
    UsageError
        If it is no whole number from 0 to 2**32 - 1.

    Examples
    --------
    >>> from equipoise.data.seeds import check_seed
    >>> check_seed(-1)
    Traceback (most recent call last):
    ...
    equipoise.errors.UsageError: seed=-1 cannot be used; give a whole number from 0 to 4294967295
    """
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not whole or not 0 <= seed <= LAST_SEED:
        raise UsageError(
            f"seed={seed!r} cannot be used", remedy=f"give a whole number from 0 to {LAST_SEED}"
        )
