"""Distances in single precision, with a bound on what rounding does to them.

The squared distance of a query q to a row x is ``|q|^2 + |x|^2 - 2 q.x``, so a matrix product gives the
distances of a block of queries to a block of rows. In single precision that product is about three times
as fast, and off by at most ``e (|q|^2 + 2 |x|^2)``, where ``e = 1.1 (p + 8) u`` with p columns and
u = 2^-24. Whoever keeps both ends of that margin can discard most pairs and still lose none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

__all__ = ["QUERIES", "TILE", "TINY", "Precision", "round_up", "spread"]

F = NDArray[np.float64]
S = NDArray[np.float32]

TINY = 1e-36
"""What single precision may lose below its range, after scaling to 1."""
QUERIES, TILE = 256, 4096
"""Rows and columns of a block of distances: small enough for the cache, large enough for the product."""
_CHUNK = 65_536
_SOME = 1_000
_UNIT = 2.0**-24


@dataclass(frozen=True)
class Precision:
    """A shift and a scale under which rows fit single precision.

    Attributes
    ----------
    centre : float64 array, shape (p,)
        Subtracted, which changes no distance but the size of what is rounded.
    scale : float
        A power of two, which rounds nothing, that brings every value into [-1, 1].
    narrow : bool
        Whether squares stay within the range of floats; if not, no bound holds.
    error : float
        The factor e of the module.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.precision import Precision
    >>> precision = Precision.measure(np.array([[1.0], [9.0]]))
    >>> precision.centre.tolist(), precision.scale, precision.centred(np.array([[9.0]])).tolist()
    ([5.0], 0.125, [[0.5]])
    """

    centre: F
    scale: float
    narrow: bool
    error: float

    @classmethod
    def measure(cls, X: F) -> Precision:
        """Measure rows, float64 (n, p)."""
        n, p = X.shape
        error = 1.1 * (p + 8) * _UNIT
        if not n or not p:
            return cls(np.zeros(p), 1.0, True, error)
        with np.errstate(all="ignore"):
            # Of few rows, and not their mean: one row far away must not move the others off the centre.
            centre = np.median(X[:: max(1, n // _SOME)], axis=0)
            top = float(np.maximum(X.max(axis=0) - centre, centre - X.min(axis=0)).max())
        scale = 2.0 ** -np.frexp(top)[1] if np.isfinite(top) and top > 0 else 1.0
        narrow = bool(np.isfinite(top) and 1e-150 < top < 1e150) or top == 0
        return cls(centre, float(scale), narrow, error)

    def centred(self, X: F) -> F:
        """Return rows shifted and scaled, float64."""
        shifted: F = X - self.centre
        shifted *= self.scale
        return shifted

    def left(self, centred: F) -> S:
        """Return the queries' side of the product: ``-2 q`` and a 1, float32 (q, p + 1)."""
        out = np.empty((len(centred), centred.shape[1] + 1), dtype=np.float32)
        np.multiply(centred, -2.0, out=out[:, :-1], casting="same_kind")
        out[:, -1] = 1.0
        return out

    def columns(self, X: F, upper: bool = False) -> tuple[S, F]:
        """Return the rows' side: x and ``|x|^2`` lowered or raised by the margin, and ``|x|^2``.

        Then ``left @ columns.T`` is at most ``|x|^2 - 2 q.x + e |q|^2``, a lower end but for e |q|^2, or
        at least ``|x|^2 - 2 q.x - e |q|^2``, an upper end.
        """
        n, p = X.shape
        columns, square = np.empty((n, p + 1), dtype=np.float32), np.empty(n)
        factor = 1 + 2 * self.error if upper else 1 - 2 * self.error
        for at in range(0, n, _CHUNK):
            part = slice(at, at + _CHUNK)
            centred = self.centred(X[part])
            square[part] = np.einsum("ij,ij->i", centred, centred)
            columns[part, :p] = centred
            columns[part, p] = square[part] * factor
        return columns, square

    def slack(self, square: F) -> S:
        """Return what to add to the product for its upper end, but for e |q|^2."""
        return round_up(4 * self.error * square)


def round_up(values: NDArray[np.floating]) -> S:
    """Round to single precision, never down.

    Parameters
    ----------
    values : float array

    Returns
    -------
    float32 array of the same shape
        The next one above each.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.engine.precision import round_up
    >>> bool(round_up(np.array([0.1]))[0] > 0.1)
    True
    """
    out: S = np.nextafter(values.astype(np.float32), np.float32(np.inf))
    return out


@lru_cache(maxsize=1)
def _controller(process: int) -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def spread(work: Callable[[slice], None], n: int, size: int, n_jobs: int | None = None) -> None:
    """Call ``work`` on consecutive parts of ``n`` items, on the threads that matrix products may use.

    Parameters
    ----------
    work : callable
        Takes a slice, and writes where no other part does.
    n : int
        Items.
    size : int
        Most items of a part.
    n_jobs : int, optional
        Threads; as many as the library of matrix products uses by default, -1 for all cores.
    """
    controller = _controller(os.getpid())
    allowed = max((each["num_threads"] for each in controller.info()), default=1)
    if n_jobs is not None:
        allowed = n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)
    size = max(1, min(size, -(-n // allowed)))
    parts: Sequence[slice] = [slice(at, min(at + size, n)) for at in range(0, n, size)]
    if allowed == 1 or len(parts) <= 1:
        for part in parts:
            work(part)
        return
    with _one_thread_each(controller), ThreadPoolExecutor(allowed) as pool:
        for _ in pool.map(work, parts):
            pass


_limits: list[Any] = []
_users = 0
_turn = Lock()


@contextmanager
def _one_thread_each(controller: ThreadpoolController) -> Iterator[None]:
    """Keep matrix products to one thread while anyone needs it: the limit is that of the process."""
    global _users
    with _turn:
        if not _users:
            _limits.append(controller.limit(limits=1))
        _users += 1
    try:
        yield
    finally:
        with _turn:
            _users -= 1
            if not _users:
                _limits.pop().restore_original_limits()
