"""What every learner can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.encoding import Matrix, View

__all__ = [
    "Fitted",
    "Focal",
    "Learner",
    "Training",
    "align_log_proba",
    "log_softmax",
    "scaled_weights",
]


@dataclass(frozen=True)
class Focal:
    """Filling of the loss slot: focal loss with focusing parameter ``gamma`` (Lin et al. 2017)."""

    gamma: float = 2.0


@dataclass
class Training:
    """Rows for one fit.

    Attributes
    ----------
    X : array or CSR matrix, shape (n, columns)
        What the learner sees, in its own view or, for generated rows, in the dense one.
    y : int64 array, shape (n,)
        Class codes.
    n_classes : int
        Number of classes of the task; some may be absent here.
    sample_weight : float64 array, shape (n,) or None
        Row weights with mean 1.
    loss : Focal or None
        What is minimised instead of cross-entropy.
    categorical : list of int
        Columns of ``X`` that hold category codes.
    seed : int
        Seed of whatever is random in the fit.
    shared : object or None
        Prepared form of all training rows of the fold (such as binned columns) ...
    rows : int64 array or None
        ... of which these rows, possibly repeated, are trained on.
    """

    X: Matrix
    y: NDArray[np.int64]
    n_classes: int
    sample_weight: NDArray[np.float64] | None = None
    loss: Focal | None = None
    categorical: tuple[int, ...] = ()
    seed: int = 0
    shared: Any = None
    rows: NDArray[np.int64] | None = None


class Fitted(Protocol):
    """A trained learner."""

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""


class Learner(Protocol):
    """A way to learn, as the trial sees it."""

    @property
    def name(self) -> str:
        """The name that a person types."""

    @property
    def title(self) -> str:
        """The name that a person reads."""

    @property
    def view(self) -> View:
        """The encoding that it reads."""

    @property
    def honours(self) -> frozenset[str]:
        """The slots that it can fill."""

    @property
    def balances(self) -> bool:
        """Whether it trains on as many rows of every class, whatever the counts it is given."""

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> Any:
        """Prepare the training rows of a fold once for all strategies, or return None."""

    def fit(self, training: Training) -> Fitted:
        """Train."""


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
