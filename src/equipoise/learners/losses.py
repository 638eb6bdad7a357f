"""What the losses of a strategy mean for a learner: their modules, and by how much they move the prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.focal import correct_focal
from equipoise.learners.base import Fitted, Loss
from equipoise.learners.encoding import Matrix

__all__ = ["Refocused", "loss_offset", "loss_weights", "make_loss"]

_SHIFTS = ("balanced-softmax", "logit-adjusted")


def make_loss(loss: Loss | None, y: NDArray[np.int64], n_classes: int) -> Any:
    """Return the module of :mod:`equipoise.losses` that minimises ``loss`` on rows of classes ``y``.

    Parameters
    ----------
    loss : Loss or None
        None is cross-entropy.
    y : int64 array, shape (n,)
        Class codes of the rows that are trained on.
    n_classes : int
        Number of classes C.

    Returns
    -------
    equipoise.losses.ImbalanceLoss
    """
    from equipoise import losses

    counts = np.bincount(y, minlength=n_classes)
    if loss is None:
        return losses.WeightedCrossEntropy(np.ones(n_classes))
    values: dict[str, Any] = dict(loss.values)
    if loss.name == "focal":
        alpha = values.pop("alpha", None)
        return losses.FocalLoss(alpha=None if alpha is None else _shares(alpha, counts), **values)
    if loss.name == "class-balanced-focal":
        return losses.ClassBalancedLoss(counts, base="focal", **values)
    kinds: dict[str, Any] = {
        "balanced-softmax": losses.BalancedSoftmaxLoss,
        "logit-adjusted": losses.LogitAdjustedLoss,
        "vs": losses.VSLoss,
        "ldam": losses.LDAMLoss,
    }
    return kinds[loss.name](counts, **values)


def loss_offset(loss: Loss | None, y: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Return by how much minimising ``loss`` moves each class, in log-odds; zeros where it is no shift.

    Parameters
    ----------
    loss, y, n_classes
        As for :func:`make_loss`.

    Returns
    -------
    float64 array, shape (C,)
        What out-of-fold scores then still lack is levelled when they are judged.
    """
    if loss is None:
        return np.zeros(n_classes)
    if loss.name in _SHIFTS:
        offset: NDArray[np.float64] = make_loss(loss, y, n_classes).prior_offset.numpy()
        return offset
    weights = loss_weights(make_loss(loss, y, n_classes))
    if weights is None:
        return np.zeros(n_classes)
    moved = np.log(weights)
    return moved - moved.mean()


def loss_weights(module: Any) -> NDArray[np.float64] | None:
    """Return the weights of the classes in a module of :mod:`equipoise.losses`, or None."""
    held = getattr(module, "alpha", None)
    held = getattr(module, "weight", None) if held is None else held
    return None if held is None else np.asarray(held.numpy(), dtype=np.float64)


@dataclass
class Refocused:
    """A learner fitted with a focal loss, whose log-probabilities are put back to the classes.

    Attributes
    ----------
    fitted : Fitted
        What was trained.
    gamma : float
        Focusing parameter of its loss.
    """

    fitted: Fitted
    gamma: float

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        return correct_focal(self.fitted.log_proba(X), self.gamma)


def _shares(alpha: float, counts: NDArray[np.int64]) -> list[float]:
    # Of two classes alpha is that of the rarer one; of more, each has the more the rarer it is.
    if len(counts) == 2:
        rare = int(counts.argmin())
        return [alpha if c == rare else 1.0 - alpha for c in range(2)]
    order = np.argsort(np.argsort(-counts, kind="stable"), kind="stable") / (len(counts) - 1)
    return [float(1.0 - alpha + (2.0 * alpha - 1.0) * place) for place in order]
