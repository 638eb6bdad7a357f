"""What the samplers for numeric targets share."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from equipoise.errors import UsageError
from equipoise.frames import wrap_native
from equipoise.samplers.numbers.bumps import Bump, find_bumps, known_relevance
from equipoise.samplers.numbers.core import Settings, make
from equipoise.samplers.numbers.making import NewRows
from equipoise.samplers.numbers.space import Space
from equipoise.samplers.numbers.tables import Table, target_like
from equipoise.samplers.origins import Made, Origins
from equipoise.weights.relevance import target_array

__all__ = ["Maker", "NotResampledNumbers", "NumberSampler"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]


class NotResampledNumbers(UsageError, NotFittedError):
    """A sampler is asked about rows before it has resampled any."""


class NumberSampler(BaseEstimator):
    """Base of the samplers for numeric targets.

    The rows are sorted by target and split into bumps: runs whose relevance is at or above the
    threshold, which are rare, and those between them, which are common.

    Attributes
    ----------
    relevance_ : callable
        The relevance that was used.
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies; -1 where it was made.
    origins_ : equipoise.samplers.origins.Origins
        The same for all rows, with the parents of those that were made.
    parents_ : CSR matrix of float64, shape (m, n)
        Share of each row of the input in each row of the output; rows sum to 1. A row with noise has one
        parent.
    """

    relevance: Any
    threshold: float
    sampling: str
    random_state: Any

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Resample.

        Parameters
        ----------
        X : array, sparse matrix or data frame, shape (n, columns)
            Rows: numpy, scipy, pandas, polars or pyarrow.
        y : array or series, shape (n,)
            Numeric target.

        Returns
        -------
        X, y : of the kinds given, shapes (m, columns) and (m,)
            Kept rows first, in their order, then repeated or made ones. Names and types of columns are
            kept, so made values in columns of whole numbers are cut to those; arrays of whole numbers,
            and targets, become floats where rows are made.

        Raises
        ------
        DataError
            If values are missing that the method needs, or no row is rare, or all are.
        UsageError
            If a parameter cannot be used.
        """
        target = target_array(_plain(y))
        table = Table(X)
        if table.n != len(target):
            raise UsageError(
                f"y has {len(target)} entries, and X {table.n} rows",
                remedy="give one entry per row",
            )
        try:
            random = check_random_state(self.random_state)
        except ValueError:
            raise UsageError(
                f"random_state={self.random_state!r} is no seed",
                remedy="use a whole number of 0 or more",
            ) from None
        self.relevance_ = known_relevance(self.relevance, target)
        bumps = find_bumps(target, self.relevance_, self.threshold)
        kept, made = self._resample(table, target, bumps, random)
        self._origins = Origins(table.n, kept, [Made(made.base, made.other, made.step)])
        self.sample_indices_ = self._origins.copied
        values = np.concatenate([target[kept], made.target])
        return table.grow(kept, made), target_like(y, values, self.sample_indices_)

    def _resample(self, table: Table, y: F, bumps: list[Bump], random: Any) -> tuple[Rows, NewRows]:
        raise NotImplementedError

    @property
    def origins_(self) -> Origins:
        """Where each row of the output came from."""
        known: Origins | None = self.__dict__.get("_origins")
        if known is None:
            raise NotResampledNumbers(
                f"this {type(self).__name__} has resampled nothing yet",
                remedy="call fit_resample first",
            )
        return known

    @property
    def parents_(self) -> sp.csr_matrix:
        """Share of each row of the input in each row of the output."""
        return self.origins_.shares()


class Maker(NumberSampler):
    """Base of those that make rows from the columns."""

    categorical_features: Any
    _way: str

    def _resample(self, table: Table, y: F, bumps: list[Bump], random: Any) -> tuple[Rows, NewRows]:
        name = type(self).__name__
        k, pert = getattr(self, "k_neighbors", 1), getattr(self, "pert", 0.0)
        if not (isinstance(k, int | np.integer) and not isinstance(k, bool) and k >= 1):
            raise UsageError(
                f"k_neighbors={k!r} cannot be used", remedy="give a whole number above 0"
            )
        if not (isinstance(pert, int | float | np.number) and 0 <= pert < np.inf):
            raise UsageError(f"pert={pert!r} cannot be used", remedy="give a number of 0 or more")
        space = Space(*table.read(self.categorical_features, name))
        how = Settings(self._way, self.sampling, int(k), float(pert), getattr(self, "n_jobs", None))
        return make(space, y, bumps, how, random)


def _plain(y: Any) -> Any:
    series = wrap_native(y, series=True)
    if series is not None:
        return series.to_numpy()
    return y.to_numpy(dtype=np.float64, na_value=np.nan) if _nullable(y) else y


def _nullable(y: Any) -> bool:
    return hasattr(y, "iloc") and not isinstance(y.dtype, np.dtype) and y.dtype.kind in "iuf"
