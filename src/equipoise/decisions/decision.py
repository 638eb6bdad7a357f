"""How scores become labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError

__all__ = ["Decision"]

F = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Decision:
    """A filling of the decision slot, applied to corrected log-probabilities.

    All but one are a bias on the classes: ``argmax_c (log_p_c + bias_c)``. For ``"argmax"`` the bias is
    the prior offset of the training, which undoes the correction; for ``"prior-corrected"`` it is 0; for
    ``"tuned"`` it was chosen for a metric. ``"min-cost"`` takes ``argmin_k sum_j p_j cost[j, k]``
    (Elkan 2001).

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import Decision
    >>> p = np.log([[0.8, 0.2]])
    >>> Decision("min-cost", cost=np.array([[0.0, 1.0], [10.0, 0.0]])).labels(p).tolist()
    [1]
    """

    name: str
    bias: F | None = None
    cost: F | None = None

    def __post_init__(self) -> None:
        if (self.bias is None) == (self.cost is None):
            raise UsageError(
                "a decision has either a bias or a cost matrix", remedy="give one of them"
            )

    def labels(self, log_p: F) -> NDArray[np.int64]:
        """Return class codes, shape (n,); the lower code wins a tie."""
        if self.cost is not None:
            return np.asarray((np.exp(log_p) @ self.cost).argmin(axis=1), dtype=np.int64)
        assert self.bias is not None
        return np.asarray((log_p + self.bias).argmax(axis=1), dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store."""
        return {
            "name": self.name,
            "bias": None if self.bias is None else np.asarray(self.bias).tolist(),
            "cost": None if self.cost is None else np.asarray(self.cost).tolist(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Decision:
        """Rebuild a decision from :meth:`to_json`."""
        arrays = {
            key: None if stored[key] is None else np.array(stored[key], dtype=np.float64)
            for key in ("bias", "cost")
        }
        return cls(str(stored["name"]), **arrays)
