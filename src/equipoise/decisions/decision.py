"""How scores become labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError

__all__ = ["DECISIONS", "Decision"]

F = NDArray[np.float64]
# The plainest first.
DECISIONS = ("argmax", "prior-corrected", "min-cost", "tuned")


@dataclass(frozen=True, eq=False)
class Decision:
    """A filling of the decision slot, applied to corrected log-probabilities.

    All but one are a bias on the classes: ``argmax_c (log_p_c + bias_c)``. For ``"argmax"`` the bias is
    the prior offset of the training, which undoes the correction; for ``"prior-corrected"`` it is 0; for
    ``"tuned"`` it was chosen for a metric. ``"min-cost"`` takes ``argmin_k sum_j p_j cost[j, k]``.

    Parameters
    ----------
    name : str
        ``"argmax"``, ``"prior-corrected"``, ``"tuned"`` or ``"min-cost"``.
    bias : float64 array, shape (C,), optional
        What is added to the log-probabilities.
    cost : float64 array, shape (C, C), optional
        Entry (i, j) is the cost of saying class j when the truth is i. Either this or a bias is given.

    Raises
    ------
    UsageError
        If both or neither are given, or the one given has the wrong shape or a number that is not finite.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.

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
        name, given = ("bias", self.bias) if self.cost is None else ("cost", self.cost)
        values = np.asarray(given, dtype=np.float64)
        if values.ndim != (1 if name == "bias" else 2) or len(set(values.shape)) != 1:
            raise UsageError(
                f"the {name} has the shape {values.shape}",
                remedy="give (C,) for a bias and (C, C) for costs",
            )
        if not np.isfinite(values).all():
            raise UsageError(
                f"the {name} has an entry that is not finite", remedy="give every entry as a number"
            )

    def labels(self, log_p: F) -> NDArray[np.int64]:
        """Decide.

        Parameters
        ----------
        log_p : float64 array, shape (n, C)
            Corrected natural-log probabilities.

        Returns
        -------
        int64 array, shape (n,)
            Class codes; the lower code wins a tie.

        Raises
        ------
        UsageError
            If the decision is for another number of classes.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.decisions import Decision
        >>> Decision("tuned", bias=np.array([0.0, 2.0])).labels(np.log([[0.8, 0.2]])).tolist()
        [1]
        """
        given = self.bias if self.cost is None else self.cost
        size = len(np.asarray(given))
        if np.ndim(log_p) != 2 or np.shape(log_p)[1] != size:
            raise UsageError(
                f"the decision is for {size} classes and log_p has the shape {np.shape(log_p)}",
                remedy="give a column per class",
            )
        if self.cost is not None:
            return np.asarray((np.exp(log_p) @ self.cost).argmin(axis=1), dtype=np.int64)
        assert self.bias is not None
        return np.asarray((log_p + self.bias).argmax(axis=1), dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.decisions import Decision
        >>> Decision("argmax", bias=np.zeros(2)).to_json()
        {'name': 'argmax', 'bias': [0.0, 0.0], 'cost': None}
        """
        return {
            "name": self.name,
            "bias": None if self.bias is None else np.asarray(self.bias).tolist(),
            "cost": None if self.cost is None else np.asarray(self.cost).tolist(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Decision:
        """Rebuild a decision from :meth:`to_json`.

        Examples
        --------
        >>> from equipoise.decisions import Decision
        >>> Decision.from_json({"name": "argmax", "bias": [0.0, 0.0], "cost": None}).bias.tolist()
        [0.0, 0.0]
        """
        arrays = {
            key: None if stored[key] is None else np.array(stored[key], dtype=np.float64)
            for key in ("bias", "cost")
        }
        return cls(str(stored["name"]), **arrays)
