"""A neural network of two hidden layers on tables; trained by torch, read and applied without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import NotApplicable
from equipoise.extras import load_extra, require
from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.numbers import Unit

__all__ = ["FittedNetwork", "Mlp", "NetworkOfLabels", "NetworkOfNumbers", "squashed"]

_CELLS = 2**28  # 1 GiB in single precision
_ROWS = 4096
_REACH = 3.0
_ABSENT = float(np.log(1e-12))


@dataclass
class FittedNetwork:
    r"""Layers of a network, :math:`h \leftarrow \max(0, h W^\top + b)`, the last one without the maximum.

    Attributes
    ----------
    weights : list of float32 arrays, shape (outputs, inputs)
        One per layer.
    biases : list of float32 arrays, shape (outputs,)
        One per layer.
    shift : float64 array, shape (C,)
        By how much the schedule of its training moved each class, in log-odds; taken from the scores.
    present : bool array, shape (C,)
        Classes that it was trained on. The others have a probability of 1e-12.
    cosine : float
        Where above 0, scores are cosines of the last layer's input and weights, times this number.
    """

    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    shift: NDArray[np.float64]
    present: NDArray[np.bool_]
    cosine: float = 0.0

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        parts = [self._log_proba(part) for part in _parts(X)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.shift)))

    def _log_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        hidden = _hidden(self.weights[:-1], self.biases[:-1], X)
        weight, bias = self.weights[-1].astype(np.float64).T, self.biases[-1].astype(np.float64)
        if self.cosine:
            hidden = _unit(hidden, axis=1)
            weight = self.cosine * _unit(weight, axis=0)
        scores = hidden @ weight + bias - self.shift
        top = scores[:, self.present].max(axis=1, keepdims=True)
        return log_softmax(np.where(self.present, scores, top + _ABSENT))

    # -- storage --------------------------------------------------------------------------------

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the layers as plain arrays, which can be stored without running code on load."""
        out: dict[str, NDArray[Any]] = {
            "shift": self.shift,
            "present": self.present.astype(np.uint8),
        }
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out[f"weight{k}"], out[f"bias{k}"] = weight, bias
        return out

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], cosine: float) -> FittedNetwork:
        """Rebuild a network from :meth:`to_arrays`.

        Raises
        ------
        ValueError
            If the arrays are not the layers of a network.
        """
        count = (len(arrays) - 2) // 2
        names = [f"{kind}{k}" for k in range(count) for kind in ("weight", "bias")]
        if count < 1 or set(arrays) != {"shift", "present", *names}:
            raise ValueError("its network has other arrays than layers")
        weights = [arrays[f"weight{k}"] for k in range(count)]
        biases = [arrays[f"bias{k}"] for k in range(count)]
        shift, present = arrays["shift"], arrays["present"]
        fits = all(
            w.ndim == 2 and w.shape[:1] == b.shape for w, b in zip(weights, biases, strict=True)
        )
        fits = fits and all(one.shape[0] == two.shape[1] for one, two in pairwise(weights))
        if not fits or not biases[-1].shape == shift.shape == present.shape or not present.any():
            raise ValueError("the layers of its network do not fit each other")
        if not all(np.isfinite(one).all() for one in (*weights, *biases, shift)):
            raise ValueError("its network has weights that are no numbers")
        return cls(
            [one.astype(np.float32) for one in weights],
            [one.astype(np.float32) for one in biases],
            shift.astype(np.float64),
            present.astype(bool),
            cosine,
        )


@dataclass
class NetworkOfLabels:
    """Layers as of :class:`FittedNetwork`, whose scores are log-odds; those of some labels are ``fixed``.

    Attributes
    ----------
    weights, biases : lists of float32 arrays
        One of each per layer.
    fixed : float64 array, shape (L,)
        Log-odds of labels that never change in training, NaN of the others.
    """

    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    fixed: NDArray[np.float64]

    def log_odds(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log odds, shape (n, L)."""
        return np.where(np.isnan(self.fixed), _scores(self.weights, self.biases, X), self.fixed)


@dataclass
class NetworkOfNumbers:
    """Layers as of :class:`FittedNetwork` that give one number, in a unit of its own."""

    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    unit: Unit

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return numbers, shape (n,)."""
        return self.unit.back(_scores(self.weights, self.biases, X)[:, 0])


class Mlp(Slots):
    """A network of two hidden layers, trained by mini-batches and stopped in time.

    After every epoch the rows kept out of training say how far it has come: by their cross-entropy without
    weights, at their own prior, so that treatments that move the prior are stopped by the same yardstick;
    a focal loss is undone by its gamma, and ``vs`` is watched with the factors and shifts of its training.
    The best epoch is kept. What a schedule moves is taken from the scores in here, so that their argmax
    after dynamic sampling, deferred re-weighting or head retraining is that at the prior of the data, while
    after weights or changed rows it is at the prior that these make.

    Of labels each has a score of its own, and the cross-entropies of all are watched, at the shares of the
    labels. Numbers are standardised, and watched by their loss without weights; the noise of
    ``balanced-mse`` is in standard deviations of the target, 0.5 unless it is said.

    References
    ----------
    Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization. ICLR. Srivastava, N. et al.
    (2014). Dropout. JMLR 15. Holzmueller, D., Grinsztajn, L. and Steinwart, I. (2024). Better by default:
    strong pre-tuned MLPs and boosted trees on tabular data. NeurIPS (bounded inputs).
    """

    name = "mlp"
    title = "Neural network"
    view: View = "dense"
    honours = frozenset({"rows", "weights", "loss", "start", "schedule", "decision"})
    losses = frozenset({"focal", "balanced-softmax", "logit-adjusted", "vs", "ldam"})
    targets = frozenset({"classes", "labels", "numbers"})
    other_honours: ClassVar = {
        "labels": frozenset({"rows", "weights", "loss", "start", "decision"}),
        "numbers": frozenset({"rows", "weights", "loss", "decision"}),
    }
    other_losses: ClassVar = {
        "labels": frozenset({"focal", "asymmetric", "distribution-balanced"}),
        "numbers": frozenset({"pinball", "balanced-mse"}),
    }
    watches = True
    balances = False

    def check(self) -> None:
        """Look whether torch is there.

        Raises
        ------
        MissingExtra
            If it is not installed.
        """
        require("torch", "torch", "the learner mlp")

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedNetwork | NetworkOfLabels | NetworkOfNumbers:
        """Train.

        Raises
        ------
        NotApplicable
            If the rows do not fit in memory as single numbers.
        MissingExtra
            If torch is not installed.
        """
        load_extra("torch", "torch", "the learner mlp")
        rows, columns = training.X.shape
        if rows * columns > _CELLS:
            raise NotApplicable(
                f"{rows:,} rows of {columns:,} columns are too many numbers for a network",
                remedy="leave out columns of many levels, or use the learner linear",
            )
        if training.target != "classes":
            from equipoise.learners.neural.mlp_others import train_on_labels, train_on_numbers

            of_labels = training.target == "labels"
            return train_on_labels(training) if of_labels else train_on_numbers(training)
        from equipoise.learners.neural.mlp import train_network

        return train_network(training).fitted


def squashed(X: Matrix) -> NDArray[np.float32]:
    r"""Bound each number smoothly, :math:`x / \sqrt{1 + (x / 3)^2}`: a far value moves no more than 3 would.

    Parameters
    ----------
    X : array or CSR matrix, shape (n, columns)
        Standardised numbers.

    Returns
    -------
    float32 array, shape (n, columns)
    """
    out = np.empty(X.shape, dtype=np.float32)
    at = 0
    for part in _parts(X):
        out[at : at + len(part)] = part
        at += len(part)
    return out


def _parts(X: Matrix) -> Iterator[NDArray[np.float64]]:
    """Yield rows, bounded, as many at a time as a small matrix holds."""
    for start in range(0, X.shape[0], _ROWS):
        some: Any = X[start : start + _ROWS]
        some = np.asarray(some.toarray() if sp.issparse(some) else some, dtype=np.float64)
        yield some / np.sqrt(1.0 + (some / _REACH) ** 2)


def _hidden(
    weights: list[NDArray[np.float32]], biases: list[NDArray[np.float32]], X: NDArray[np.float64]
) -> NDArray[np.float64]:
    for weight, bias in zip(weights, biases, strict=True):
        X = np.maximum(X @ weight.astype(np.float64).T + bias.astype(np.float64), 0.0)
    return X


def _scores(
    weights: list[NDArray[np.float32]], biases: list[NDArray[np.float32]], X: Matrix
) -> NDArray[np.float64]:
    last, bias = weights[-1].astype(np.float64).T, biases[-1].astype(np.float64)
    parts = [_hidden(weights[:-1], biases[:-1], part) @ last + bias for part in _parts(X)]
    return np.concatenate(parts) if parts else np.empty((0, len(bias)))


def _unit(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    length = np.sqrt((values**2).sum(axis=axis, keepdims=True))
    out: NDArray[np.float64] = values / np.maximum(length, 1e-12)
    return out
