"""What a prediction of a number is put through before it is given out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.decisions.conformal import ConformalQuantile
from equipoise.errors import UsageError

__all__ = ["NUMBER_DECISIONS", "NumberDecision"]

F = NDArray[np.float64]
# The plainest first.
NUMBER_DECISIONS = ("prediction", "mean-corrected")


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
    upper : ConformalQuantile
        Gives the 95th percentile.
    own : bool
        Whether it starts from a 95th percentile that the model itself predicts, else from the shifted
        prediction.

    Raises
    ------
    UsageError
        If the name is unknown or the shift is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import ConformalQuantile, NumberDecision
    >>> y = np.arange(100.0)
    >>> upper = ConformalQuantile.fit(np.full(100, 50.0), y)
    >>> NumberDecision("prediction", 0.0, upper).apply(np.array([[50.0, 50.0]]))
    array([[50., 95.]])
    """

    name: str
    shift: float
    upper: ConformalQuantile
    own: bool = False

    def __post_init__(self) -> None:
        if self.name not in NUMBER_DECISIONS or not np.isfinite(self.shift):
            raise UsageError(
                f"the decision {self.name!r} with the shift {self.shift!r} cannot be used",
                remedy=f"use one of {', '.join(NUMBER_DECISIONS)} with a finite number",
            )

    def apply(self, predicted: ArrayLike) -> F:
        """Return point predictions and 95th percentiles.

        Parameters
        ----------
        predicted : float64 array, shape (n, 2)
            What a training part predicts: a number, and its own 95th percentile where it has one.

        Returns
        -------
        float64 array, shape (n, 2)
        """
        given = as_floats(predicted, "predicted")
        point = given[:, 0] + self.shift
        return np.column_stack([point, self.upper.upper(given[:, 1] if self.own else point)])

    @classmethod
    def fit(cls, name: str, predicted: ArrayLike, y: ArrayLike, own: bool) -> NumberDecision:
        """Learn the shift and the 95th percentile from rows that the model was not trained on.

        Parameters
        ----------
        name : {"prediction", "mean-corrected"}
        predicted : float64 array, shape (n, 2)
        y : float64 array, shape (n,)
        own : bool
            As above.
        """
        given, true = as_floats(predicted, "predicted"), as_floats(y, "y")
        shift = float(np.mean(true - given[:, 0])) if name == "mean-corrected" else 0.0
        bins = 1 if own else 10
        base = given[:, 1] if own else given[:, 0] + shift
        return cls(name, shift, ConformalQuantile.fit(base, true, bins=bins), own)

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store."""
        return {
            "name": self.name,
            "shift": self.shift,
            "upper": self.upper.to_json(),
            "own": self.own,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> NumberDecision:
        """Rebuild a decision from :meth:`to_json`."""
        upper = ConformalQuantile.from_json(stored["upper"])
        return cls(str(stored["name"]), float(stored["shift"]), upper, bool(stored["own"]))
