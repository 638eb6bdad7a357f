"""What a prediction of a number is put through before it is given out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.upper import ConformalUpper
from equipoise.errors import UsageError

__all__ = ["NumberDecision"]

F = NDArray[np.float64]
_NAMES = ("prediction", "mean-corrected")


@dataclass(frozen=True)
class NumberDecision:
    """A shift of the point prediction, and the rule for its 95th percentile.

    Weights, resampled rows and losses other than the squared error move the mean of what is predicted, as
    they move the prior of classes. ``"mean-corrected"`` adds the mean error of out-of-fold predictions,
    after which the mean prediction is the mean of the target; ``"prediction"`` adds nothing.

    Parameters
    ----------
    name : {"prediction", "mean-corrected"}
    shift : float
        In units of the target.
    upper : ConformalUpper
        Gives the 95th percentile from the shifted prediction.

    Raises
    ------
    UsageError
        If the name is unknown or the shift is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions.numbers import NumberDecision
    >>> from equipoise.decisions.upper import ConformalUpper
    >>> y = np.arange(100.0)
    >>> upper = ConformalUpper.fit(np.full(100, 50.0), y)
    >>> NumberDecision("prediction", 0.0, upper).apply(np.array([[50.0, 50.0]]))
    array([[50., 95.]])
    """

    name: str
    shift: float
    upper: ConformalUpper

    def __post_init__(self) -> None:
        if self.name not in _NAMES or not np.isfinite(self.shift):
            raise UsageError(
                f"the decision {self.name!r} with the shift {self.shift!r} cannot be used",
                remedy=f"use one of {', '.join(_NAMES)} with a finite number",
            )

    def apply(self, predicted: F) -> F:
        """Return point predictions and 95th percentiles.

        Parameters
        ----------
        predicted : float64 array, shape (n, 2)
            What a training part predicts: a number, and its own 95th percentile where it has one.

        Returns
        -------
        float64 array, shape (n, 2)
        """
        moved = np.asarray(predicted, dtype=np.float64) + self.shift
        return np.column_stack([moved[:, 0], self.upper.apply(moved[:, 0], own=moved[:, 1])])

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store."""
        return {"name": self.name, "shift": self.shift, "upper": self.upper.to_json()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> NumberDecision:
        """Rebuild a decision from :meth:`to_json`."""
        upper = ConformalUpper.from_json(stored["upper"])
        return cls(str(stored["name"]), float(stored["shift"]), upper)
