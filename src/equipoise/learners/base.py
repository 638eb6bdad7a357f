"""What every learner can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.encoding import Matrix, View

__all__ = [
    "FLOOR",
    "Fitted",
    "FittedLabels",
    "FittedNumbers",
    "Learner",
    "Loss",
    "Schedule",
    "Slots",
    "Target",
    "Together",
    "Training",
    "align_log_proba",
    "log_softmax",
    "scaled_weights",
]

Target = Literal["classes", "labels", "numbers"]

# What a model never saw is as unlikely as this, in logarithms: finite, and far below all else.
FLOOR = float(np.log(1e-12))


@dataclass(frozen=True)
class Loss:
    """Filling of the loss slot: a loss by name, with its numbers.

    Attributes
    ----------
    name : str
        What is minimised; see :mod:`equipoise.losses`. Of classes ``"focal"``, ``"balanced-softmax"``,
        ``"logit-adjusted"``, ``"vs"`` or ``"ldam"``; of labels ``"focal"``, ``"asymmetric"`` or
        ``"distribution-balanced"``; of numbers ``"pinball"`` or ``"balanced-mse"``.
    values : mapping of str to float
        Numbers of the loss, such as ``{"gamma": 2.0}``.
    tuned : tuple of str
        Numbers that are chosen anew inside each training part.
    """

    name: str
    values: Mapping[str, float] = field(default_factory=dict, hash=False)
    tuned: tuple[str, ...] = ()

    @property
    def describe(self) -> str:
        """Say the loss with its numbers."""
        numbers = [
            f"{name}={value:g}" for name, value in self.values.items() if name not in self.tuned
        ]
        numbers += [f"{name} tuned" for name in self.tuned]
        return f"{self.name}({', '.join(numbers)})" if numbers else self.name

    @property
    def focus(self) -> float:
        """Focusing parameter of a focal loss, 0 of others."""
        return self.values.get("gamma", 0.0) if self.name == "focal" else 0.0

    def settled(self, values: Mapping[str, float]) -> Loss:
        """Return it with these numbers and nothing left to tune."""
        return Loss(self.name, {**self.values, **values})


@dataclass(frozen=True)
class Schedule:
    """Filling of the schedule slot: how training changes over time, with its numbers.

    Attributes
    ----------
    name : {"two-phase", "dynamic-sampling", "deferred-reweighting", "head-retraining", "tau-norm"}
        See :mod:`equipoise.schedules`.
    values : mapping of str to float
        Its numbers.
    """

    name: str
    values: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def describe(self) -> str:
        """Say the schedule with its numbers."""
        numbers = ", ".join(f"{name}={value:g}" for name, value in self.values.items())
        return f"{self.name}({numbers})" if numbers else self.name


@dataclass
class Training:
    """Rows for one fit.

    Attributes
    ----------
    X : array or CSR matrix, shape (n, columns)
        What the learner sees, in its own view or, for generated rows, in the dense one.
    y : int64 array of shape (n,) or (n, L), or float64 array of shape (n,)
        Class codes; or 0 and 1 for each of L labels; or numbers.
    n_classes : int
        Number of classes of the task, of which some may be absent here; or L; or 1 for numbers.
    sample_weight : float64 array, shape (n,) or None
        Row weights with mean 1.
    loss : Loss or None
        What is minimised instead of cross-entropy, of its sum over the labels, or of squared error.
    schedule : Schedule or None
        How training changes over time.
    start_at_prior : bool
        Whether the last layer starts at the class prior.
    categorical : list of int
        Columns of ``X`` that hold category codes.
    seed : int
        Seed of whatever is random in the fit.
    shared : object or None
        Prepared form of all training rows of the fold (such as binned columns).
    rows : int64 array or None
        Rows of what is shared by the strategies of a fold, ``shared`` or else ``X``, that are trained on,
        possibly repeated; None for all.
    watched : (matrix, array like y) or None
        Rows and targets that take no part in training and tell when to stop it.
    target : {"classes", "labels", "numbers"}
        What ``y`` is.
    element_weight : float64 array, shape (n, L) or None
        Of labels, weights with mean 1 of each label of each row, on top of those of rows.
    """

    X: Matrix
    y: NDArray[Any]
    n_classes: int
    sample_weight: NDArray[np.float64] | None = None
    loss: Loss | None = None
    schedule: Schedule | None = None
    start_at_prior: bool = False
    categorical: tuple[int, ...] = ()
    seed: int = 0
    shared: Any = None
    rows: NDArray[np.int64] | None = None
    watched: tuple[Matrix, NDArray[Any]] | None = None
    target: Target = "classes"
    element_weight: NDArray[np.float64] | None = None


class Fitted(Protocol):
    """A learner trained on classes."""

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""


class FittedLabels(Protocol):
    """A learner trained on labels."""

    def log_odds(self, X: Matrix) -> NDArray[np.float64]:
        """Return the natural-log odds of each label, shape (n, L), as the loss left them."""


class FittedNumbers(Protocol):
    """A learner trained on numbers."""

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return numbers in the unit of the ``y`` of training, shape (n,)."""


class Slots:
    """What a learner answers about targets unless it says more: that it learns classes alone."""

    targets: ClassVar[frozenset[str]] = frozenset({"classes"})
    # Of the targets beside classes, for which the attributes of a learner speak.
    other_losses: ClassVar[Mapping[str, frozenset[str]]] = {}
    other_honours: ClassVar[Mapping[str, frozenset[str]]] = {}
    other_titles: ClassVar[Mapping[str, str]] = {}

    def title_for(self, target: str) -> str:
        """Return the name that a person reads where it learns a target."""
        own: str = getattr(self, "title")  # noqa: B009 - of the class that derives
        return self.other_titles.get(target, own)

    def losses_for(self, target: str) -> frozenset[str]:
        """Return names of the losses that it can be given for a target."""
        if target == "classes":
            own: frozenset[str] = getattr(self, "losses")  # noqa: B009 - of the class that derives
            return own
        return self.other_losses.get(target, frozenset())

    def honours_for(self, target: str) -> frozenset[str]:
        """Return the slots that it can fill for a target; none where it cannot learn it."""
        if target == "classes":
            own: frozenset[str] = getattr(self, "honours")  # noqa: B009
            return own
        return self.other_honours.get(target, frozenset())


class Learner(Protocol):
    """A way to learn, as the trial sees it."""

    @property
    def name(self) -> str:
        """The name that a person types."""

    @property
    def title(self) -> str:
        """The name that a person reads for classes; see :meth:`title_for`."""

    def title_for(self, target: str) -> str:
        """Return the name that a person reads where it learns a target."""

    @property
    def view(self) -> View:
        """The encoding that it reads."""

    @property
    def targets(self) -> frozenset[str]:
        """What it can learn: ``"classes"``, ``"labels"``, ``"numbers"``."""

    @property
    def honours(self) -> frozenset[str]:
        """The slots that it can fill for classes; see :meth:`honours_for`."""

    @property
    def losses(self) -> frozenset[str]:
        """Names of the losses that it can be given for classes; see :meth:`losses_for`."""

    def honours_for(self, target: str) -> frozenset[str]:
        """Return the slots that it can fill for a target."""

    def losses_for(self, target: str) -> frozenset[str]:
        """Return names of the losses that it can be given for a target."""

    @property
    def watches(self) -> bool:
        """Whether it stops by rows of the training part that are kept out of its training."""

    @property
    def balances(self) -> bool:
        """Whether it trains on as many rows of every class, whatever the counts it is given."""

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> Any:
        """Prepare the training rows of a fold once for all strategies, or return None."""

    def fit(self, training: Training) -> Any:
        """Train; return a Fitted, FittedLabels or FittedNumbers, as the target of the rows asks."""


class Together(Learner, Protocol):
    """A learner that trains many strategies of a fold at once, where they share its rows."""

    def fit_many(self, trainings: Sequence[Training]) -> list[Any]:
        """Train each as :meth:`fit` would; all share ``X`` and name their rows in it, if not all."""


def align_log_proba(
    proba: NDArray[np.float64], classes: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """Spread the columns of an estimator over all classes of the task and take logarithms.

    Classes absent from training get the smallest positive share rather than zero, so that their
    log-probability stays finite.
    """
    out = np.zeros((len(proba), n_classes))
    out[:, np.asarray(classes, dtype=np.int64)] = proba
    out = np.clip(out, 1e-12, None)
    logged: NDArray[np.float64] = np.log(out / out.sum(axis=1, keepdims=True))
    return logged


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn one score per class into natural-log probabilities, shape (n, C)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    out: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return out


def scaled_weights(weights: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Scale row weights to mean 1, which keeps the strength of regularisation comparable."""
    if weights is None:
        return None
    out: NDArray[np.float64] = weights / weights.mean()
    return None if np.allclose(out, 1.0, rtol=1e-12, atol=0) else out
