"""Asymmetric loss: easy negatives count less, the easiest not at all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.binary import log_sigmoids
from equipoise.losses.items import check_reduction, finish, label_items
from equipoise.weights.ranges import check_number

__all__ = ["AsymmetricLoss", "asymmetric_loss"]


def asymmetric_loss(
    logits: Tensor,
    target: Tensor,
    *,
    gamma_neg: float = 4.0,
    gamma_pos: float = 0.0,
    margin: float = 0.05,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-y (1 - p)^g+ log p - (1 - y) q^g- log(1 - q)``, p = sigmoid(z), q = max(p - m, 0).

    Parameters
    ----------
    logits : Tensor, shape (N, C), (N, 1) or (N,), any floating point dtype
    target : Tensor of the shape of ``logits``
        0, 1, bool, or shares between.
    gamma_neg, gamma_pos : float, default=4.0 and 0.0
        0 or more.
    margin : float in [0, 1), default=0.05
    sample_weight : array of shape (N,) or (N, C), optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If a parameter is out of range, or shapes or labels are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import asymmetric_loss
    >>> asymmetric_loss(torch.zeros(2), torch.tensor([1, 0]), gamma_neg=1.0, reduction="none")
    tensor([0.6931, 0.2690])
    """
    check_reduction(reduction)
    return _asymmetric(
        logits,
        target,
        *_check(gamma_neg, gamma_pos, margin),
        sample_weight,
        reduction,
        ignore_index,
    )


def _check(gamma_neg: Any, gamma_pos: Any, margin: Any) -> tuple[float, float, float]:
    return (
        check_number("gamma_neg", gamma_neg),
        check_number("gamma_pos", gamma_pos),
        check_number("margin", margin, high=1.0, open_high=True),
    )


def _asymmetric(
    logits: Tensor,
    target: Tensor,
    gamma_neg: float,
    gamma_pos: float,
    margin: float,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    z, y, kept = label_items(logits, target, ignore_index=ignore_index, lengths={})
    log_p, log_not = log_sigmoids(z)
    positive, negative = -y * log_p, 1 - y
    if gamma_pos:
        positive = positive * torch.exp(gamma_pos * log_not)
    if margin:
        p = torch.sigmoid(z)
        counts = p > margin
        # A power has no slope at 0, so nothing below the margin may reach it.
        q = torch.where(counts, p - margin, torch.full_like(p, 0.5))
        # 1 - p, not 1 less a rounded p: it is what keeps a slope where p is nearly 1.
        loss = -torch.log(torch.sigmoid(-z) + margin)
        if gamma_neg:
            loss = loss * q**gamma_neg
        negative = negative * torch.where(counts, loss, torch.zeros_like(loss))
    else:
        negative = -negative * log_not
        if gamma_neg:
            negative = negative * torch.exp(gamma_neg * log_p)
    return finish(positive + negative, kept, sample_weight, reduction)


class AsymmetricLoss(ImbalanceLoss):
    r"""Focus positives and negatives apart, and drop the easiest negatives.

    .. math:: \ell = -y (1 - p)^{\gamma_+} \log p - (1 - y) p_m^{\gamma_-} \log(1 - p_m), \qquad
              p_m = \max(p - m, 0)

    Where a row has a few of many labels, negatives are nearly all elements and nearly all easy.
    Negatives with p up to m give nothing, so that positives rarely seen are not drowned, and wrong
    negatives with p near 1 are cut off in slope, which helps where labels are missing. Probabilities
    are too high for it, and no constant puts them back: ``prior_offset`` is None. Start the bias of
    the last layer at the prior, or the first steps only lower it.

    Parameters
    ----------
    gamma_neg : float, default=4.0
        Focus on hard negatives, 0 or more.
    gamma_pos : float, default=0.0
        Focus on hard positives, 0 or more; not above ``gamma_neg`` if positives are rare.
    margin : float in [0, 1), default=0.05
        What is taken off the probability of negatives.
    reduction : {"mean", "sum", "none"}, default="mean"
        Over elements; the reference implementation sums them.
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If a parameter is out of range.

    References
    ----------
    T. Ridnik, E. Ben-Baruch, N. Zamir, A. Noy, I. Friedman, M. Protter and L. Zelnik-Manor,
    "Asymmetric loss for multi-label classification", ICCV 2021.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import AsymmetricLoss
    >>> z, y = torch.tensor([[3.0, -3.0, 0.0]]), torch.tensor([[1, 0, 0]])
    >>> AsymmetricLoss(reduction="none")(z, y)
    tensor([[0.0486, 0.0000, 0.0245]])
    """

    target = "labels"

    def __init__(
        self,
        gamma_neg: float = 4.0,
        gamma_pos: float = 0.0,
        margin: float = 0.05,
        *,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self.gamma_neg, self.gamma_pos, self.margin = _check(gamma_neg, gamma_pos, margin)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every element; see the base class."""
        return _asymmetric(
            logits,
            target,
            self.gamma_neg,
            self.gamma_pos,
            self.margin,
            sample_weight,
            "none",
            self.ignore_index,
        )

    def extra_repr(self) -> str:
        """Show the parameters."""
        return (
            f"gamma_neg={self.gamma_neg:g}, gamma_pos={self.gamma_pos:g}, "
            f"margin={self.margin:g}, {super().extra_repr()}"
        )
