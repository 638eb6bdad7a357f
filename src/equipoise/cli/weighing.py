"""The weights of classes or labels by every scheme that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from equipoise.cli.classes import Classes
from equipoise.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WeightColumn", "weigh"]

_ANSWERS = ["absent", "present"]


@dataclass
class WeightColumn:
    """The weights of one scheme, and by how much they move the classes or labels."""

    scheme: str
    beta: float | None
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def name(self) -> str:
        """The scheme, with its number where it has one."""
        return self.scheme if self.beta is None else f"{self.scheme} {self.beta:g}"


def weigh(
    classes: Classes,
    asked: Iterable[tuple[str, float | None]],
    given: str | None,
    cost: str | None,
) -> list[WeightColumn]:
    """Return the weights, first those that the code is for.

    Parameters
    ----------
    classes : Classes
        With labels of which a row may have several, the weights are those of the positives of each.
    asked : iterable of (str, float or None)
        Schemes, and the beta of ens.
    given : str or None
        Weights by hand.
    cost : str or None
        What errors cost.

    Raises
    ------
    UsageError
    """
    from equipoise.weights import parse_given, weight_offset
    from equipoise.weights.given import given_weights

    if given is not None and cost is not None:
        raise UsageError("--given and --cost both say the weights", remedy="leave one out")
    found: list[tuple[str, float | None, NDArray[np.float64]]] = []
    if given is not None:
        found.append(("given", None, given_weights(parse_given(given), classes.labels)))
    if cost is not None:
        by_cost = _label_costs if classes.several else _class_costs
        found.append(("cost", None, by_cost(classes, cost)))
    by_scheme = _label_weights if classes.several else _class_weights
    for name, beta in asked:
        found.append((name, beta, by_scheme(classes, name, 0.999 if beta is None else beta)))
    kind: Any = "labels" if classes.several else "classes"
    return [WeightColumn(name, beta, w, weight_offset(w, kind)) for name, beta, w in found]


def _class_weights(classes: Classes, scheme: str, beta: float) -> NDArray[np.float64]:
    from equipoise.weights import count_weights

    return count_weights(classes.counts, scheme, beta=beta)


def _label_weights(classes: Classes, scheme: str, beta: float) -> NDArray[np.float64]:
    """Return the weight of having a label over that of not having it, as two classes have them."""
    import numpy as np

    from equipoise.weights import count_weights

    out = np.ones(len(classes.labels))
    for j, count in enumerate(classes.counts):
        if 0 < count < classes.total:  # else there is nothing to balance
            absent, present = count_weights([classes.total - count, count], scheme, beta=beta)
            out[j] = present / absent
    return out


def _class_costs(classes: Classes, cost: str) -> NDArray[np.float64]:
    import numpy as np

    from equipoise.decisions import parse_cost
    from equipoise.weights.given import cost_weights

    # Costs such as fn=10,fp=1 are read with the positive class last.
    order = list(range(len(classes.labels)))
    if classes.positive == 0:
        order.reverse()
    names = [str(classes.labels[one]) for one in order]
    matrix = parse_cost(cost, names, "multiclass" if classes.positive is None else "binary")
    back = np.ix_(order, order)  # a reversal is its own inverse
    return cost_weights(matrix[back], classes.labels, np.array(classes.counts))


def _label_costs(classes: Classes, cost: str) -> NDArray[np.float64]:
    import numpy as np

    from equipoise.decisions import parse_cost
    from equipoise.weights.given import cost_weights

    absent, present = cost_weights(parse_cost(cost, _ANSWERS), _ANSWERS, np.ones(2, dtype=np.int64))
    return np.full(len(classes.labels), present / absent)
