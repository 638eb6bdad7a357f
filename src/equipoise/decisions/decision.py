"""How scores become labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.decisions.arrays import as_floats
from equipoise.errors import UsageError

__all__ = ["DECISIONS", "Decision", "LabelDecision"]

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
        values = as_floats(given, f"the {name}")
        if values.ndim != (1 if name == "bias" else 2) or len(set(values.shape)) != 1:
            raise UsageError(
                f"the {name} has the shape {values.shape}",
                remedy="give (C,) for a bias and (C, C) for costs",
            )
        if not np.isfinite(values).all():
            raise UsageError(
                f"the {name} has an entry that is not finite", remedy="give every entry as a number"
            )
        object.__setattr__(self, name, values)

    def labels(self, log_p: ArrayLike) -> NDArray[np.int64]:
        """Decide.

        Parameters
        ----------
        log_p : array or tensor, shape (n, C)
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
        assert given is not None
        size = len(given)
        values = as_floats(log_p, "log_p")
        if values.ndim != 2 or values.shape[1] != size:
            raise UsageError(
                f"the decision is for {size} classes and log_p has the shape {values.shape}",
                remedy="give a column per class",
            )
        if self.cost is not None:
            return np.asarray((np.exp(values) @ self.cost).argmin(axis=1), dtype=np.int64)
        assert self.bias is not None
        return np.asarray((values + self.bias).argmax(axis=1), dtype=np.int64)

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
            "bias": None if self.bias is None else self.bias.tolist(),
            "cost": None if self.cost is None else self.cost.tolist(),
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


@dataclass(frozen=True, eq=False)
class LabelDecision:
    """A filling of the decision slot of a multilabel task, applied to corrected log-odds.

    A row is given the labels with ``log_odds + bias > 0``. For ``"argmax"``, giving what is more likely than
    not by the model as trained, the bias is the offset of the training, which undoes the correction; for
    ``"prior-corrected"`` it is 0; for ``"tuned"`` it was chosen for a metric; for ``"min-cost"`` it follows
    from costs.

    Parameters
    ----------
    name : str
        ``"argmax"``, ``"prior-corrected"``, ``"tuned"`` or ``"min-cost"``.
    bias : float64 array, shape (L,)
        What is added to the log-odds.

    Raises
    ------
    UsageError
        If the bias has another shape or a number that is not finite.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.decisions import LabelDecision
    >>> LabelDecision("tuned", np.array([0.0, 2.0])).labels([[-1.0, -1.0]]).tolist()
    [[0, 1]]
    """

    name: str
    bias: F

    def __post_init__(self) -> None:
        values = as_floats(self.bias, "the bias")
        if values.ndim != 1 or not np.isfinite(values).all():
            what = (
                f"the shape {values.shape}" if values.ndim != 1 else "an entry that is not finite"
            )
            raise UsageError(f"the bias has {what}", remedy="give a finite number per label")
        object.__setattr__(self, "bias", values)

    @classmethod
    def min_cost(cls, cost: ArrayLike, n_labels: int) -> LabelDecision:
        """Return the decision that makes the expected cost smallest, label by label.

        A label is given where its probability is above ``(fp - tn) / (fp - tn + fn - tp)``.

        Parameters
        ----------
        cost : array of shape (2, 2) or (L, 2, 2)
            Entry (i, j) is the cost of answering j when the truth is i, where 1 is having the label; one
            matrix for all labels, or one for each.
        n_labels : int
            L.

        Returns
        -------
        LabelDecision

        Raises
        ------
        UsageError
            If the shape is another, or an error costs no more than the right answer.

        Examples
        --------
        >>> from equipoise.decisions import LabelDecision
        >>> decision = LabelDecision.min_cost([[0, 1], [3, 0]], 2)
        >>> decision.bias.round(4).tolist()
        [1.0986, 1.0986]
        """
        matrix = as_floats(cost, "the cost matrix")
        if matrix.shape not in ((2, 2), (n_labels, 2, 2)):
            raise UsageError(
                f"the cost matrix has the shape {matrix.shape} for {n_labels} labels",
                remedy="give (2, 2) for all labels, or (L, 2, 2)",
            )
        missed = matrix[..., 1, 0] - matrix[..., 1, 1]
        false = matrix[..., 0, 1] - matrix[..., 0, 0]
        if not (np.isfinite(missed) & np.isfinite(false) & (missed > 0) & (false > 0)).all():
            raise UsageError(
                "an error costs no more than the right answer",
                remedy="make the cost of fn greater than that of tp, and that of fp than that of tn",
            )
        return cls("min-cost", np.broadcast_to(np.log(missed) - np.log(false), n_labels).copy())

    def labels(self, log_odds: ArrayLike) -> NDArray[np.int64]:
        """Decide.

        Parameters
        ----------
        log_odds : array or tensor, shape (n, L)
            Corrected natural log-odds.

        Returns
        -------
        int64 array, shape (n, L)
            1 for every label that a row is given, else 0.

        Raises
        ------
        UsageError
            If the decision is for another number of labels.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.decisions import LabelDecision
        >>> LabelDecision("prior-corrected", np.zeros(2)).labels([[0.1, -0.1]]).tolist()
        [[1, 0]]
        """
        z = as_floats(log_odds, "log_odds")
        if z.ndim != 2 or z.shape[1] != len(self.bias):
            raise UsageError(
                f"the decision is for {len(self.bias)} labels and log_odds has the shape {z.shape}",
                remedy="give a column per label",
            )
        return (z + self.bias > 0).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return plain data to store.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.decisions import LabelDecision
        >>> LabelDecision("tuned", np.zeros(2)).to_json()
        {'name': 'tuned', 'bias': [0.0, 0.0]}
        """
        return {"name": self.name, "bias": self.bias.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> LabelDecision:
        """Rebuild a decision from :meth:`to_json`.

        Examples
        --------
        >>> from equipoise.decisions import LabelDecision
        >>> LabelDecision.from_json({"name": "tuned", "bias": [0.0, 1.0]}).bias.tolist()
        [0.0, 1.0]
        """
        return cls(str(stored["name"]), np.array(stored["bias"], dtype=np.float64))
