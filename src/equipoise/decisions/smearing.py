"""Bring predictions of a transformed number back to its own scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError

__all__ = ["Smearing"]

F = NDArray[np.float64]
_KEPT = 200
_TAIL = 25
_CELLS = 2_000_000


class Smearing:
    r"""The mean on the own scale of a number that was predicted on a transformed one.

    A model of :math:`h(y)` predicts :math:`\hat z`. :math:`h^{-1}(\hat z)` is the median of y at best; its mean
    is that over the errors e of the model,

    .. math:: \hat y = \sum_i w_i \, h^{-1}(\hat z + e_i)

    Of more than 200 errors the 25 smallest and the 25 largest are kept, which matter most after an
    exponential, and the others as 150 means of groups that grow towards the middle.

    Parameters
    ----------
    residuals : array of shape (n,)
        ``h(y) - z`` of rows that the model was not trained on.
    inverse : callable
        The inverse of h, float64 (m,) to float64 (m,), monotone.

    Attributes
    ----------
    errors, weights : float64 arrays of shape (K,), K at most 200
        What is kept, ascending, and the share of the rows that each stands for.

    Raises
    ------
    UsageError
        If there are no residuals, or one is not finite.

    References
    ----------
    Duan, N. (1983). Smearing estimate: a nonparametric retransformation method. Journal of the American
    Statistical Association 78.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import Smearing
    >>> Smearing([-1.0, 1.0], np.exp).predict([0.0]).round(4).tolist()
    [1.5431]
    """

    errors: F
    weights: F

    def __init__(self, residuals: ArrayLike, inverse: Callable[[F], Any]) -> None:
        ranked = np.sort(as_floats(residuals, "residuals").ravel())
        if len(ranked) == 0 or not np.isfinite(ranked).all():
            raise UsageError(
                f"{np.sum(~np.isfinite(ranked))} of {len(ranked)} residuals are not finite",
                remedy="give at least one residual, and all of them as finite numbers",
            )
        if not callable(inverse):
            raise UsageError(f"inverse={inverse!r} is no function", remedy="give one, as np.expm1")
        self.inverse = inverse
        n = len(ranked)
        starts = np.arange(n)
        if n > _KEPT:
            grown = np.geomspace(_TAIL, n / 2, _KEPT // 2 - _TAIL + 1).astype(np.int64)
            low = np.concatenate([np.arange(_TAIL), grown])
            starts = np.unique(np.concatenate([low[:-1], n - low[1:]]))
        counts = np.diff(np.append(starts, n))
        self.errors = np.add.reduceat(ranked, starts) / counts
        self.weights = counts / n

    def predict(self, z: ArrayLike) -> F:
        """Return the mean on the own scale.

        Parameters
        ----------
        z : array of shape (m,)
            Predictions on the transformed scale.

        Returns
        -------
        float64 array, shape (m,)
            Infinite where the inverse overflows.

        Examples
        --------
        >>> from equipoise.decisions import Smearing
        >>> Smearing([0.0], lambda z: 2 * z).predict([1.0, 2.0]).tolist()
        [2.0, 4.0]
        """
        points = as_floats(z, "z")
        out = np.empty(len(points))
        step = max(1, _CELLS // len(self.errors))
        for i in range(0, len(points), step):
            shifted = points[i : i + step, None] + self.errors
            with np.errstate(over="ignore"):
                back = np.asarray(self.inverse(shifted.ravel()), dtype=np.float64)
                out[i : i + step] = back.reshape(shifted.shape) @ self.weights
        return out

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store; the inverse is not among them.

        Examples
        --------
        >>> from equipoise.decisions import Smearing
        >>> Smearing([0.0], lambda z: z).to_json()
        {'errors': [0.0], 'weights': [1.0]}
        """
        return {"errors": self.errors.tolist(), "weights": self.weights.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any], inverse: Callable[[F], Any]) -> Smearing:
        """Rebuild it from :meth:`to_json` and the inverse.

        Examples
        --------
        >>> from equipoise.decisions import Smearing
        >>> Smearing.from_json({"errors": [1.0], "weights": [1.0]}, lambda z: z).predict([0.5]).tolist()
        [1.5]
        """
        out = cls(stored["errors"], inverse)
        out.errors = np.array(stored["errors"], dtype=np.float64)
        out.weights = np.array(stored["weights"], dtype=np.float64)
        return out
