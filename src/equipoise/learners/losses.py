"""What the losses of a strategy mean for a learner: their modules, and by how much they move the prior."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import Loss

__all__ = ["loss_offset", "make_loss"]

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
    if loss is None or loss.name not in _SHIFTS:
        return np.zeros(n_classes)
    offset: NDArray[np.float64] = make_loss(loss, y, n_classes).prior_offset.numpy()
    return offset


def _shares(alpha: float, counts: NDArray[np.int64]) -> list[float]:
    # Of two classes alpha is that of the rarer one; of more, each has the more the rarer it is.
    if len(counts) == 2:
        rare = int(counts.argmin())
        return [alpha if c == rare else 1.0 - alpha for c in range(2)]
    order = np.argsort(np.argsort(-counts, kind="stable"), kind="stable") / (len(counts) - 1)
    return [float(1.0 - alpha + (2.0 * alpha - 1.0) * place) for place in order]
