"""Targets that are predicted on another scale, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.smearing import Smearing
from equipoise.errors import NotApplicable
from equipoise.learners.base import FittedNumbers
from equipoise.learners.encoding import Matrix

__all__ = ["Predictor", "Transform"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class Transform:
    r"""A power of numbers (Yeo and Johnson 2000), of which the logarithm is one.

    With :math:`u = y / s`,

    .. math::

        z = ((1 + u)^\lambda - 1) / \lambda \quad (u \ge 0), \qquad
        z = -((1 - u)^{2 - \lambda} - 1) / (2 - \lambda) \quad (u < 0),

    and the logarithm where a power is 0: :math:`\lambda = 0` is ``log(1 + y / s)``. The scale s is the
    median size of the training targets that are not 0, so that the unit of y does not matter.

    Attributes
    ----------
    name : {"log", "yeo-johnson"}
    power : float
        Lambda.
    scale : float
        s, in units of the target.
    low, high : float
        Range of the training targets; what lies outside comes back as the nearer end.

    References
    ----------
    I.-K. Yeo and R. A. Johnson, "A new family of power transformations to improve normality or symmetry",
    Biometrika 87, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.learners.transforms import Transform
    >>> y = np.array([0.0, 1.0, 2.0, 30.0])
    >>> one = Transform.fit("log", y)
    >>> one.scale, np.allclose(one.backward(one.forward(y)), y)
    (2.0, True)
    """

    name: str
    power: float
    scale: float
    low: float
    high: float

    @classmethod
    def fit(cls, name: str, y: F) -> Transform:
        """Learn scale and power from training targets.

        Raises
        ------
        NotApplicable
            If the logarithm is asked for and a target is below 0, or if all are 0.
        """
        low, high = float(y.min()), float(y.max())
        some = np.abs(y[y != 0])
        if not len(some):
            raise NotApplicable("all targets are 0", remedy="leave the target as it is")
        if name == "log" and low < 0:
            raise NotApplicable(
                f"the target has values below 0, such as {low:g}, which have no logarithm",
                remedy="use yeo-johnson-target",
            )
        scale = float(np.median(some))
        power = 0.0 if name == "log" else _power(y / scale)
        return cls(name, power, scale, low, high)

    def forward(self, y: F) -> F:
        """Return z of the numbers y."""
        u = np.asarray(y, dtype=np.float64) / self.scale
        up = _boxed(np.maximum(u, 0.0), self.power)
        down = _boxed(np.maximum(-u, 0.0), 2.0 - self.power)
        return np.where(u >= 0, up, -down)

    def backward(self, z: F) -> F:
        """Return the numbers of which z are the transforms, kept in the range of the training targets."""
        ends = self.forward(np.array([self.low, self.high]))
        z = np.clip(z, ends[0], ends[1])
        up = _unboxed(np.maximum(z, 0.0), self.power)
        down = _unboxed(np.maximum(-z, 0.0), 2.0 - self.power)
        return np.clip(np.where(z >= 0, up, -down) * self.scale, self.low, self.high)

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store."""
        return {
            "name": self.name,
            "power": self.power,
            "scale": self.scale,
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Transform:
        """Rebuild it from :meth:`to_json`."""
        numbers = (float(stored[key]) for key in ("power", "scale", "low", "high"))
        return cls(str(stored["name"]), *numbers)


def _boxed(u: F, power: float) -> F:
    grown = np.log1p(u)
    return grown if abs(power) < 1e-8 else np.expm1(power * grown) / power


def _unboxed(z: F, power: float) -> F:
    if abs(power) < 1e-8:
        return np.expm1(z)
    # With a negative power z has an upper bound, which only what was clipped can reach.
    inside = np.maximum(power * z, -1.0 + 1e-15)
    return np.expm1(np.log1p(inside) / power)


def _power(u: F) -> float:
    """Return the lambda of greatest likelihood, from -2 to 4."""
    from scipy.optimize import minimize_scalar
    from scipy.stats import yeojohnson_llf

    with np.errstate(all="ignore"):
        found = minimize_scalar(
            lambda power: -float(yeojohnson_llf(power, u)), bounds=(-2.0, 4.0), method="bounded"
        )
    return float(found.x) if np.isfinite(found.fun) else 1.0


@dataclass
class Predictor:
    r"""Fitted learners behind one prediction: a number, and its 95th percentile.

    A prediction on another scale comes back by smearing (Duan 1983): the mean over errors e of
    :math:`h^{-1}(\hat z + e)`, since :math:`h^{-1}(\hat z)` is nearer to the median than to the mean.

    Attributes
    ----------
    point : FittedNumbers
        Predicts the number, or its transform.
    upper : FittedNumbers or None
        Predicts the 95th percentile; without it the number stands in for it, to be corrected by the decision.
    transform : Transform or None
        Of the target that ``point`` predicts.
    smearing : Smearing or None
        Of the errors of ``point`` on rows that it was not trained on, with a transform only.

    References
    ----------
    N. Duan, "Smearing estimate: a nonparametric retransformation method", JASA 78, 1983.
    """

    point: FittedNumbers
    upper: FittedNumbers | None = None
    transform: Transform | None = None
    smearing: Smearing | None = None

    def predict(self, X: Matrix) -> F:
        """Return the number and its 95th percentile, shape (n, 2)."""
        first = np.asarray(self.point.predict(X), dtype=np.float64)
        if self.smearing is not None:
            first = self.smearing.predict(first)
        second = first if self.upper is None else np.asarray(self.upper.predict(X))
        return np.column_stack([first, second])
