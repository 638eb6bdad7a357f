"""Upper bounds of predicted numbers that hold for a stated share of new rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError

__all__ = ["ConformalQuantile"]

F = NDArray[np.float64]
_CLOSE = 1e-9


@dataclass(frozen=True, eq=False)
class ConformalQuantile:
    r"""An upper bound that at least a share q of new rows stays below: a prediction plus a shift.

    The shift of n rows whose errors :math:`e_i = y_i - \hat y_i` are known is the
    :math:`\lceil (n + 1) q \rceil`-th smallest error. If a new row is exchangeable with them, it is at or
    below its bound with a chance from q to q + 1 / (n + 1), whatever the model. Each bin of predictions has a
    shift of its own, for large predictions err by more (Mondrian conformal prediction), and the promise
    then holds in every bin. With one bin, of a model that predicts the q-quantile itself, this is
    conformalized quantile regression of one side.

    Attributes
    ----------
    q : float
        The share.
    edges : float64 array, shape (K - 1,)
        Ascending; a prediction belongs to the bin that begins with the last edge that it reaches.
    shifts : float64 array, shape (K,)
        What is added in each bin.
    rows : int64 array, shape (K,)
        Rows behind each. Fewer than ``q / (1 - q)``, 19 at 0.95, cannot promise q: the largest error is then
        taken, which covers ``n / (n + 1)``.

    References
    ----------
    Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic learning in a random world. Romano, Y.,
    Patterson, E. and Candès, E. (2019). Conformalized quantile regression. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import ConformalQuantile
    >>> y = np.arange(1.0, 100.0)
    >>> ConformalQuantile.fit(np.zeros(99), y, q=0.95).upper([0.0]).tolist()
    [95.0]
    """

    q: float
    edges: F
    shifts: F
    rows: NDArray[np.int64]

    @classmethod
    def fit(
        cls, predicted: ArrayLike, y: ArrayLike, q: float = 0.95, bins: int = 10
    ) -> ConformalQuantile:
        """Learn the shifts from rows that the model was not trained on.

        Parameters
        ----------
        predicted : array of shape (n,)
            Points, or predicted q-quantiles.
        y : array of shape (n,)
            True numbers.
        q : float, default=0.95
            Above 0 and below 1.
        bins : int, default=10
            Bins of equal numbers of rows, by prediction; equal predictions share one. Neighbours are merged
            until each bin has ``q / (1 - q)`` rows.

        Returns
        -------
        ConformalQuantile

        Raises
        ------
        UsageError
            If shapes disagree, there are no rows, a number is not finite, or ``q`` or ``bins`` cannot be used.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.decisions import ConformalQuantile
        >>> point = np.repeat([1.0, 2.0], 50)
        >>> fitted = ConformalQuantile.fit(point, point + np.tile(np.arange(50.0), 2) * point, q=0.9)
        >>> fitted.shifts.tolist(), fitted.rows.tolist()
        ([45.0, 90.0], [50, 50])
        """
        point, true = as_floats(predicted, "predicted"), as_floats(y, "y")
        if point.ndim != 1 or point.shape != true.shape or len(point) == 0:
            raise UsageError(
                f"predicted has the shape {point.shape} and y {true.shape}",
                remedy="give one of each per row, and a row at least",
            )
        for name, values in (("predicted", point), ("y", true)):
            if not np.isfinite(values).all():
                raise UsageError(
                    f"{name} holds {np.sum(~np.isfinite(values))} numbers that are not finite",
                    remedy="give finite numbers",
                )
        if not 0 < q < 1:
            raise UsageError(f"q is {q}", remedy="give a share between 0 and 1, such as 0.95")
        if bins < 1:
            raise UsageError(f"bins is {bins}", remedy="give 1 or more")
        ranked = np.sort(point)
        edges = np.unique(ranked[np.arange(1, int(bins)) * len(ranked) // int(bins)])
        edges = _merged(edges, point, int(np.ceil(q / (1 - q) - _CLOSE)))
        member = np.searchsorted(edges, point, side="right")
        errors = [np.sort((true - point)[member == k]) for k in range(len(edges) + 1)]
        shifts = [one[_rank(len(one), q) - 1] for one in errors]
        return cls(float(q), edges, np.array(shifts), np.array([len(one) for one in errors]))

    def upper(self, predicted: ArrayLike) -> F:
        """Return the bound of every row.

        Parameters
        ----------
        predicted : array of shape (m,)
            What it was fitted on: points, or predicted q-quantiles.

        Returns
        -------
        float64 array, shape (m,)

        Examples
        --------
        >>> from equipoise.decisions import ConformalQuantile
        >>> fitted = ConformalQuantile.fit([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], q=0.5, bins=1)
        >>> fitted.upper([5.0]).tolist()
        [6.0]
        """
        point = as_floats(predicted, "predicted")
        out: F = point + self.shifts[np.searchsorted(self.edges, point, side="right")]
        return out

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store.

        Examples
        --------
        >>> from equipoise.decisions import ConformalQuantile
        >>> ConformalQuantile.fit([0.0], [1.0], q=0.5).to_json()
        {'q': 0.5, 'edges': [], 'shifts': [1.0], 'rows': [1]}
        """
        return {
            "q": self.q,
            "edges": self.edges.tolist(),
            "shifts": self.shifts.tolist(),
            "rows": self.rows.tolist(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> ConformalQuantile:
        """Rebuild it from :meth:`to_json`.

        Examples
        --------
        >>> from equipoise.decisions import ConformalQuantile
        >>> stored = {"q": 0.5, "edges": [], "shifts": [1.0], "rows": [1]}
        >>> ConformalQuantile.from_json(stored).upper([2.0]).tolist()
        [3.0]
        """
        edges, shifts = (np.array(stored[key], dtype=np.float64) for key in ("edges", "shifts"))
        return cls(float(stored["q"]), edges, shifts, np.array(stored["rows"], dtype=np.int64))


def _rank(n: int, q: float) -> int:
    # 0.9 * 10 is a little more than 9, and the ninth is meant.
    return min(n, int(np.ceil((n + 1) * q - _CLOSE)))


def _merged(edges: F, point: F, need: int) -> F:
    """Drop edges until every bin has the rows it needs, the smallest bins first."""
    counts = np.bincount(np.searchsorted(edges, point, side="right"), minlength=len(edges) + 1)
    while len(edges) and counts.min() < need:
        k = int(counts.argmin())
        # With the smaller of its neighbours; at an end there is but one.
        left = k > 0 and (k == len(edges) or counts[k - 1] <= counts[k + 1])
        at = k - 1 if left else k
        edges = np.delete(edges, at)
        counts[at] += counts[at + 1]
        counts = np.delete(counts, at + 1)
    return edges
