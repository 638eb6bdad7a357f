"""A strategy: one filling for each of the slots that it uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import Loss, Schedule
from equipoise.strategies.resampling import Rows
from equipoise.weights import (
    class_weights,
    dense_weights,
    element_weights,
    lds_weights,
    pos_weights,
)

__all__ = ["CLASSES", "LABELS", "NUMBERS", "Strategy", "Weights"]

Family = Literal["none", "weights", "rows", "loss", "start", "schedule", "ensemble", "control"]
CLASSES = frozenset({"binary", "multiclass"})
LABELS = frozenset({"multilabel"})
NUMBERS = frozenset({"regression"})


@dataclass(frozen=True)
class Weights:
    """Filling of the weights slot: a scheme of :mod:`equipoise.weights`, or numbers by label.

    For several labels a row, ``pos-weight`` weighs the positives of each label, up to ``cap`` and to the
    ``power``; the other schemes weigh a row by the labels that it has. For numbers, ``lds`` and ``dense``
    weigh by how dense the target is.
    """

    scheme: str
    beta: float | None = None
    given: Mapping[str, float] | None = None  # in the order of the class codes by the time of use
    cap: float | None = None
    power: float = 1.0

    @property
    def describe(self) -> str:
        """Say the scheme with its numbers."""
        if self.given is not None:
            return ", ".join(f"{name}={value:g}" for name, value in self.given.items())
        numbers = {"beta": self.beta, "cap": self.cap, "power": self.power}
        said = [
            f"{k}={v:g}" for k, v in numbers.items() if v is not None and (k, v) != ("power", 1)
        ]
        return f"{self.scheme}({', '.join(said)})" if said else self.scheme

    def of_classes(self, y: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
        """Return one weight per class from the class codes of training rows; 1 where it has none."""
        return class_weights(
            y,
            self.scheme,
            beta=self.beta or 0.0,
            given=None if self.given is None else list(self.given.values()),
            classes=range(n_classes),
        )

    def of_labels(self, Y: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return one weight per label of every row of ``Y``, from the counts of the rows ``known``."""
        if self.scheme == "pos-weight":
            return np.where(Y, pos_weights(known, cap=self.cap, power=self.power), 1.0)
        return element_weights(Y, self.scheme, beta=self.beta or 0.0, counts=known.sum(axis=0))

    def of_numbers(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one weight per row from the target of training rows."""
        schemes: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]
        schemes = {"lds": lds_weights, "dense": dense_weights}
        return schemes[self.scheme](y)


@dataclass(frozen=True)
class Strategy:
    """A named combination of fillings, with its source.

    Parameters
    ----------
    name : str
        What one types, such as ``"smote"``.
    title : str
        What one reads, such as ``"SMOTE"``.
    family : str
        The slot that it is known for, ``"ensemble"``, ``"control"`` or ``"none"``.
    summary : str
        What it does, in a sentence.
    paper : str
        Author, year, venue.
    rows, weights, loss, schedule : optional
        Training part: what fills the slot, or None.
    start : bool
        Whether training begins at the class prior.
    control : str or None
        For an ensemble, the untreated strategy of the same size that it is judged against.
    simplicity : int
        Place in the order from simplest (0) to most involved, which decides among equals.
    same_as : str or None
        Name of another strategy with the identical training part.
    transform : str or None
        Of the numbers that are predicted: ``"log"`` or ``"yeo-johnson"``, undone by smearing.
    tasks : frozenset of str
        Tasks that it applies to.
    """

    name: str
    title: str
    family: Family
    summary: str
    paper: str
    rows: Rows | None = None
    weights: Weights | None = None
    loss: Loss | None = None
    schedule: Schedule | None = None
    start: bool = False
    control: str | None = None
    simplicity: int = 0
    same_as: str | None = None
    transform: str | None = None
    tasks: frozenset[str] = CLASSES

    @property
    def is_ensemble(self) -> bool:
        """Whether it is a learner of its own."""
        return self.family in ("ensemble", "control")

    @property
    def needs(self) -> frozenset[str]:
        """Slots that the learner has to honour."""
        filled = {
            "rows": self.rows,
            "weights": self.weights,
            "loss": self.loss,  # a transformed target is any learner's own loss
            # Beside a loss it only spares steps, to a learner that takes steps.
            "start": (self.start and self.loss is None) or None,
            "schedule": self.schedule,
        }
        return frozenset(slot for slot, value in filled.items() if value is not None)

    def slots(self, decision: str | None = None) -> dict[str, str | None]:
        """Return the six slots with what fills them, in words."""
        return {
            "rows": self.rows.describe if self.rows else None,
            "weights": self.weights.describe if self.weights else None,
            "loss": self._loss_in_words(),
            "start": "class prior" if self.start else None,
            "schedule": self.schedule.describe if self.schedule else None,
            "decision": decision,
        }

    def _loss_in_words(self) -> str | None:
        if self.transform is not None:
            return f"squared error of the {self.transform} target, undone by smearing"
        return self.loss.describe if self.loss else None
