"""Where the rows of a resampled table came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import UsageError

__all__ = ["Made", "Origins"]

Rows = NDArray[np.int64]
F = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """Rows made on the line from one row to another.

    Attributes
    ----------
    base : int64 array, shape (s,)
        Row of the input at which each new row starts.
    other : int64 array, shape (s,)
        Row of the input towards which it goes.
    step : float64 array, shape (s,)
        How far: 0 is the base, 1 the other.
    """

    base: Rows
    other: Rows
    step: F


class Origins:
    """The parents of each row of the output, and their shares.

    Parameters
    ----------
    n : int
        Rows of the input.
    copied : int64 array, shape (kept,)
        Row of the input that each of the first rows of the output copies.
    made : sequence of Made
        Rows that follow, in this order.

    Attributes
    ----------
    n : int
        Rows of the input.
    copied : int64 array, shape (m,)
        Row of the input that each row of the output copies, -1 where it was made.
    first, other : int64 array, shape (m,)
        Row of the input at which each starts, and towards which it goes; a copy goes nowhere.
    step : float64 array, shape (m,)
        How far: 0 is ``first``, 1 is ``other``, below 0 away from it. ``other`` and ``step`` are empty where
        rows have more than two parents: :meth:`shares` knows those.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers.origins import Made, Origins
    >>> half = Made(np.array([0]), np.array([2]), np.array([0.25]))
    >>> origins = Origins(3, np.arange(3), [half])
    >>> origins.copied.tolist(), origins.shares().toarray()[3].tolist()
    ([0, 1, 2, -1], [0.75, 0.0, 0.25])
    """

    def __init__(self, n: int, copied: Rows, made: Any = ()) -> None:
        self.n = int(n)
        kept = np.asarray(copied, dtype=np.int64)
        made = list(made)
        self._shares: sp.csr_matrix | None = None
        none = np.full(sum(len(each.base) for each in made), -1, dtype=np.int64)
        self.copied: Rows = np.concatenate([kept, none])
        self._known = True
        self.first: Rows = np.concatenate([kept, *(each.base for each in made)]).astype(np.int64)
        self.other: Rows = np.concatenate([kept, *(each.other for each in made)]).astype(np.int64)
        self.step: F = np.concatenate([np.zeros(len(kept)), *(each.step for each in made)])

    @classmethod
    def from_shares(cls, shares: Any, copied: Rows, first: Rows) -> Origins:
        """Build from a matrix of shares, for rows of more than two parents.

        Parameters
        ----------
        shares : sparse matrix, shape (m, n)
            Rows sum to 1.
        copied, first : int64 arrays, shape (m,)
            Row that is copied, -1 for none, and the parent that groups and further values come from.

        Returns
        -------
        Origins
        """
        out = cls(shares.shape[1], np.empty(0, dtype=np.int64))
        out.copied = np.asarray(copied, dtype=np.int64)
        out.first = np.asarray(first, dtype=np.int64)
        out._shares = sp.csr_matrix(shares)
        return out

    @classmethod
    def from_voters(cls, n: int, bases: Sequence[Rows], voters: Sequence[Rows]) -> Origins:
        """Build from rows whose parents have equal shares.

        Parameters
        ----------
        n : int
            Rows of the input, which come first in the output.
        bases : sequence of int64 arrays
            Row that each row of the output starts from, part by part; the first part is the input itself.
        voters : sequence of int64 arrays, shapes (rows of the part, k)
            The parents.

        Returns
        -------
        Origins
        """
        counts = np.concatenate([np.full(len(one), one.shape[1]) for one in voters])
        shares = sp.csr_matrix(
            (
                np.repeat(1.0 / counts, counts),
                np.concatenate([one.ravel() for one in voters]),
                np.append(0, np.cumsum(counts)),
            ),
            shape=(len(counts), n),
        )
        none = np.full(len(counts) - n, -1, dtype=np.int64)
        return cls.from_shares(shares, np.concatenate([bases[0], none]), np.concatenate(bases))

    @classmethod
    def unknown(cls, n: int, m: int) -> Origins:
        """Stand for what another's sampler did, of which only its n given rows, the first of m, are known.

        Parameters
        ----------
        n, m : int
            Rows of the input and of the output.

        Returns
        -------
        Origins
        """
        out = cls(n, np.arange(n))
        rest = np.full(m - n, -1, dtype=np.int64)
        out.copied = np.concatenate([out.copied, rest])
        out.first, out.other = out.copied, out.copied
        out.step = np.zeros(m)
        out._known = m == n
        return out

    def _require(self) -> None:
        if not self._known:
            raise UsageError(
                "the sampler that made the rows does not say from which",
                remedy="use one of equipoise.samplers",
            )

    def take(self, rows: Rows) -> Origins:
        """Return the origins of some of the rows of the output, for what cleans after making.

        Parameters
        ----------
        rows : int64 array, shape (kept,)
            Rows of the output.

        Returns
        -------
        Origins
        """
        out = Origins(self.n, np.empty(0, dtype=np.int64))
        out.copied, out.first = self.copied[rows], self.first[rows]
        out._known = self._known or bool((out.copied >= 0).all())
        if self._shares is not None:
            out._shares = self._shares[rows]
        else:
            out.other, out.step = self.other[rows], self.step[rows]
        return out

    def lines(self, rows: Rows) -> Made:
        """Return how some rows of the output were made; a copy goes nowhere from its parent.

        Parameters
        ----------
        rows : int64 array, shape (s,)
            Rows of the output.

        Returns
        -------
        Made
        """
        return Made(self.first[rows], self.other[rows], self.step[rows])

    def shares(self) -> sp.csr_matrix:
        """Return the share of each row of the input in each row of the output, CSR (m, n).

        Returns
        -------
        CSR matrix of float64, shape (m, n)

        Raises
        ------
        UsageError
            If the sampler did not say where its rows came from.
        """
        self._require()
        if self._shares is not None:
            return self._shares
        one = (self.step == 0) | (self.first == self.other)
        m = len(self.first)
        starts = np.append(0, np.cumsum(np.where(one, 1, 2)))
        index = np.empty(starts[-1], dtype=np.int64)
        value = np.ones(starts[-1])
        index[starts[:-1]] = self.first
        two = np.flatnonzero(~one)
        value[starts[:-1][two]] = 1 - self.step[two]
        index[starts[:-1][two] + 1] = self.other[two]
        value[starts[:-1][two] + 1] = self.step[two]
        return sp.csr_matrix((value, index, starts), shape=(m, self.n))

    def mix(self, values: F) -> F:
        """Return the values of the parents in the proportion of their shares, float64 (m,).

        Parameters
        ----------
        values : float64 array, shape (n,)

        Returns
        -------
        float64 array, shape (m,)

        Raises
        ------
        UsageError
            If the sampler did not say where its rows came from.
        """
        self._require()
        if self._shares is not None:
            mixed: F = self._shares @ values
            return mixed
        return (1 - self.step) * values[self.first] + self.step * values[self.other]
