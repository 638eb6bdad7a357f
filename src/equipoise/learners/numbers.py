r"""What learners of numbers share: numbers standardised in training, and linear predictions.

A line of a quantile minimises, with weights of mean 1 over n rows,

.. math:: \sum_i w_i\, \rho_q(y_i - x_i \beta - b) + \tfrac{\lambda}{2} \lVert \beta \rVert^2, \qquad
          \rho_q(r) = \max(q r, (q - 1) r)

by L-BFGS on losses whose kink is rounded off, ever less. Then b is set to the quantile of what is left, so that
the share of rows below the line is q as near as rows allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.learners.encoding import Matrix

__all__ = ["FittedLine", "Unit", "fit_quantile", "weighted_quantile"]

F = NDArray[np.float64]

# Half the width of the part that is rounded off, in standard deviations of y.
_WIDTHS = (0.5, 0.1, 0.02, 0.004)
_STEPS = 200


class Unit(NamedTuple):
    """Where numbers lie and how far they spread: ``(y - centre) / spread`` has mean 0 and variance 1."""

    centre: float
    spread: float

    @classmethod
    def of(cls, y: F, weight: F | None) -> Unit:
        """Measure rows by their weights; numbers that are all the same spread by 1."""
        centre = float(np.average(y, weights=weight))
        spread = float(np.sqrt(np.average((y - centre) ** 2, weights=weight)))
        # What rounding alone makes of equal numbers is no spread.
        if not np.isfinite(spread) or spread <= 1e-12 * abs(centre):
            spread = 1.0 if np.isfinite(spread) else float(np.abs(y - centre).max())
        return cls(centre, spread)

    def put(self, y: F) -> F:
        """Return numbers in this unit."""
        return (np.asarray(y, dtype=np.float64) - self.centre) / self.spread

    def back(self, z: Any) -> F:
        """Return numbers in the unit of y."""
        out: F = self.centre + self.spread * np.asarray(z, dtype=np.float64)
        return out


@dataclass
class FittedLine:
    """Numbers that are linear in the features, ``X @ weights + intercept``."""

    weights: F
    intercept: float

    def predict(self, X: Matrix) -> F:
        """Return numbers, shape (n,)."""
        scores: Any = X @ self.weights
        return np.asarray(scores, dtype=np.float64) + self.intercept


def weighted_quantile(values: F, q: float, weight: F | None = None) -> float:
    """Return the least of the values up to which a share q of the weight lies, as minimises the pinball loss.

    Where a whole interval minimises it, the middle of that interval.
    """
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    below = np.cumsum(np.ones(len(values)) if weight is None else weight[order])
    wanted = q * below[-1]
    slack = 1e-9 * below[-1]
    first = min(int(np.searchsorted(below, wanted - slack)), len(values) - 1)
    last = min(int(np.searchsorted(below, wanted + slack)), len(values) - 1)
    return float(0.5 * (ranked[first] + ranked[last]))


def fit_quantile(X: Matrix, z: F, q: float, weight: F | None, penalty: float) -> tuple[F, float]:
    """Return the weights and the intercept of the line of a quantile.

    Parameters
    ----------
    X : array or CSR matrix, shape (n, d)
    z : float64 array, shape (n,)
        Numbers, standardised.
    q : float in (0, 1)
    weight : float64 array, shape (n,) or None
        With mean 1.
    penalty : float
        Of the squared length of the weights.

    Returns
    -------
    float64 array of shape (d,), float
    """
    from scipy.optimize import minimize

    share: Any = 1.0 if weight is None else weight
    features: Any = X
    transposed = features.T.tocsr() if sp.issparse(X) else features.T
    # From the right quantile of all rows on, which is where the line ends up if nothing tells rows apart.
    theta = np.append(np.zeros(X.shape[1]), weighted_quantile(z, q, weight))

    def loss(theta: F, width: float) -> tuple[float, F]:
        beta = theta[:-1]
        rest = z - features @ beta - theta[-1]
        inside = np.clip(rest / width, -1.0, 1.0)
        rounded = np.where(np.abs(rest) < width, 0.5 * (rest * inside + width), np.abs(rest))
        slope = share * (0.5 * inside + (q - 0.5))
        value = float(np.sum(share * (0.5 * rounded + (q - 0.5) * rest)))
        gradient = np.append(penalty * beta - transposed @ slope, -slope.sum())
        return (value + 0.5 * penalty * float(beta @ beta)) / len(z), gradient / len(z)

    for width in _WIDTHS:
        found = minimize(
            loss,
            theta,
            args=(width,),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _STEPS, "maxcor": 20, "gtol": 1e-7, "ftol": 1e-10},
        )
        theta = found.x
    beta = theta[:-1]
    return beta, weighted_quantile(z - features @ beta, q, weight)
