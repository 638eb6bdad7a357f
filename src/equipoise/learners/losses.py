"""What the losses of a strategy mean for a learner: their modules, and by how much they move the prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.focal import correct_focal
from equipoise.learners.base import Fitted, FittedLabels, Loss, Target
from equipoise.learners.encoding import Matrix

__all__ = ["Refocused", "RefocusedLabels", "loss_offset", "make_loss", "split_alpha", "unfocused"]


def make_loss(
    loss: Loss | None, y: NDArray[Any], n_classes: int, target: Target = "classes"
) -> Any:
    """Return the module of :mod:`equipoise.losses` that minimises ``loss`` on rows of targets ``y``.

    Parameters
    ----------
    loss : Loss or None
        None is cross-entropy, and that of each label; numbers need one.
    y : int64 array of shape (n,) or (n, L), or float64 array of shape (n,)
        Class codes, labels or numbers of the rows that are trained on.
    n_classes : int
        Number of classes C.
    target : {"classes", "labels", "numbers"}, default "classes"
        What ``y`` is. The alpha of a focal loss of labels is left to their weights.

    Returns
    -------
    equipoise.losses.ImbalanceLoss
    """
    from equipoise import losses

    if target != "classes":
        return _of_labels(loss, y) if target == "labels" else _of_numbers(loss)
    counts = np.bincount(y, minlength=n_classes)
    if loss is None:
        return losses.WeightedCrossEntropy(np.ones(n_classes))
    kinds: dict[str, Any] = {
        "balanced-softmax": losses.BalancedSoftmaxLoss,
        "logit-adjusted": losses.LogitAdjustedLoss,
        "vs": losses.VSLoss,
        "ldam": losses.LDAMLoss,
    }
    values: dict[str, Any] = dict(loss.values)
    return (
        losses.FocalLoss(**values) if loss.name == "focal" else kinds[loss.name](counts, **values)
    )


def _of_labels(loss: Loss | None, Y: NDArray[np.int64]) -> Any:
    from equipoise import losses

    if loss is None:
        return losses.WeightedBCE()
    values: dict[str, Any] = {name: one for name, one in loss.values.items() if name != "alpha"}
    if loss.name == "focal":
        return losses.FocalLoss(target="labels", **values)
    if loss.name == "asymmetric":
        return losses.AsymmetricLoss(**values)
    return losses.DistributionBalancedLoss(Y.sum(axis=0), max(len(Y), 2), **values)


def _of_numbers(loss: Loss | None) -> Any:
    from equipoise import losses

    assert loss is not None  # squared error needs no module
    values: dict[str, Any] = dict(loss.values)
    kinds = {"pinball": "PinballLoss", "balanced-mse": "BalancedMSELoss"}
    return getattr(losses, kinds[loss.name])(**values)


def loss_offset(loss: Loss | None, y: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Return by how much minimising ``loss`` moves each class, in log-odds; zeros where it is no shift.

    Parameters
    ----------
    loss, y, n_classes
        As for :func:`make_loss`.

    Returns
    -------
    float64 array, shape (C,)
        ``prior_offset`` of the module, without importing what it is made of. What out-of-fold scores
        then still lack is levelled when they are judged.
    """
    out = np.zeros(n_classes)
    if loss is None or loss.name not in ("balanced-softmax", "logit-adjusted"):
        return out
    counts = np.bincount(y, minlength=n_classes)
    out[counts > 0] = -loss.values.get("tau", 1.0) * np.log(counts[counts > 0])
    out[counts > 0] -= out[counts > 0].mean()
    return out


def split_alpha(
    loss: Loss, y: NDArray[np.int64], n_classes: int
) -> tuple[Loss, NDArray[np.float64] | None]:
    """Take alpha, the share of the rare classes, out of a focal loss: it is a weight of the classes.

    Parameters
    ----------
    loss : Loss
        Any loss.
    y : int64 array, shape (n,)
        Class codes of the training rows.
    n_classes : int
        Number of classes C.

    Returns
    -------
    Loss, float64 array of shape (C,) or None
        The loss without it, and the weights: alpha for the rarer of two classes and ``1 - alpha`` for
        the other; of more classes from ``1 - alpha`` for the largest to alpha for the smallest, in equal
        steps. None where the loss has no alpha.
    """
    alpha = loss.values.get("alpha")
    if alpha is None:
        return loss, None
    rest = {name: value for name, value in loss.values.items() if name != "alpha"}
    order = np.argsort(-np.bincount(y, minlength=n_classes), kind="stable")
    weights = np.empty(n_classes)
    weights[order] = np.linspace(1.0 - alpha, alpha, n_classes)
    return Loss(loss.name, rest), weights


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


@dataclass
class RefocusedLabels:
    """The same of labels, whose log-odds are put back.

    Attributes
    ----------
    fitted : FittedLabels
        What was trained.
    gamma : float
        Focusing parameter of its loss.
    """

    fitted: FittedLabels
    gamma: float

    def log_odds(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log odds, shape (n, L)."""
        return unfocused(self.fitted.log_odds(X), self.gamma)


def unfocused(odds: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Return the log-odds of labels of which a focal loss made these, of the same shape."""
    if not gamma:
        return odds
    flat = odds.reshape(-1)
    both = np.column_stack([-np.logaddexp(0.0, flat), -np.logaddexp(0.0, -flat)])
    log_p = correct_focal(both, gamma)
    out: NDArray[np.float64] = (log_p[:, 1] - log_p[:, 0]).reshape(odds.shape)
    return out
