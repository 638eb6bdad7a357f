"""Expected cost of a decision by the probabilities of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.errors import UsageError
from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.items import check_reduction, class_items, finish, to_terms
from equipoise.weights.ranges import check_number

__all__ = ["ExpectedCostLoss", "expected_cost_loss"]


def expected_cost_loss(
    logits: Tensor,
    target: Tensor,
    *,
    cost: Any,
    cross_entropy: float = 0.1,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``sum_k M[y, k] p_k + share * mean cost of an error * -log p_y``, p = softmax(z).

    Parameters
    ----------
    logits : Tensor, shape (N, C, d1, ...), any floating point dtype
    target : Tensor of integers, shape (N, d1, ...)
        Class codes.
    cost : array of shape (C, C)
        Costs of 0 or more, ``cost[truth, predicted]``.
    cross_entropy : float, default=0.1
        Share, 0 or more.
    sample_weight : array of shape (N,) or of the shape of ``target``, optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If costs are not square, negative or all 0, or shapes or codes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import expected_cost_loss
    >>> z, y = torch.zeros(1, 2), torch.tensor([1])
    >>> expected_cost_loss(z, y, cost=[[0, 1], [10, 0]], cross_entropy=0.0)
    tensor(5.)
    """
    check_reduction(reduction)
    share = check_number("cross_entropy", cross_entropy)
    return _expected(logits, target, _matrix(cost), share, sample_weight, reduction, ignore_index)


def _matrix(cost: Any) -> Tensor:
    remedy = (
        "give costs of 0 or more as a square, cost[truth, predicted], such as [[0, 1], [10, 0]]"
    )
    try:
        held = cost.detach().cpu().double().numpy() if isinstance(cost, Tensor) else cost
        table = np.array(held, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"cost={cost!r} is no table of numbers", remedy=remedy) from error
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise UsageError(f"cost has the shape {table.shape}", remedy=remedy)
    wrong = ~(np.isfinite(table) & (table >= 0))
    if wrong.any():
        truth, said = np.argwhere(wrong)[0]
        raise UsageError(
            f"cost[{truth}, {said}] is {table[truth, said]:g}",
            remedy=f"{remedy}; a gain is written by adding to its whole row until none is below 0",
        )
    if not (table * (1 - np.eye(len(table)))).any():
        raise UsageError("no error costs anything", remedy=remedy)
    return torch.from_numpy(table)


def _expected(
    logits: Tensor,
    target: Tensor,
    cost: Tensor,
    cross_entropy: float,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    classes = len(cost)
    z, y, kept = class_items(logits, target, ignore_index=ignore_index, lengths={"cost": classes})
    table = to_terms(cost, z)
    log_p = torch.log_softmax(z, dim=1)
    terms = (table[y].movedim(-1, 1) * log_p.exp()).sum(dim=1)
    if cross_entropy:
        errors = (table.sum() - table.diagonal().sum()) / (classes * (classes - 1))
        terms = terms - cross_entropy * errors * log_p.gather(1, y.unsqueeze(1)).squeeze(1)
    return finish(terms, kept, sample_weight, reduction)


class ExpectedCostLoss(ImbalanceLoss):
    r"""Minimise the cost that is expected if classes are drawn by the model's probabilities.

    .. math:: \ell = \sum_k M_{yk} p_k - \lambda \bar M \log p_y

    with p = softmax(z), costs M[truth, predicted] and :math:`\bar M` the mean cost of an error. The
    slope of the first part is :math:`p_k (M_{yk} - \sum_j M_{yj} p_j)`, which is 0 where the model
    is sure and wrong; the second part, a share of cross-entropy in the unit of the costs, gets it
    out of there. The first part alone is least where all probability is on the cheapest class:
    such outputs are decisions, not probabilities, and ``prior_offset`` is None. Often better: train
    with cross-entropy, calibrate, and decide by expected cost.

    Parameters
    ----------
    cost : array of shape (C, C)
        Costs of 0 or more, ``cost[truth, predicted]``.
    cross_entropy : float, default=0.1
        Share :math:`\lambda`, 0 or more.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If costs are not square, negative or all 0 off the diagonal, or the share is negative.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001. M. Kukar and I. Kononenko,
    "Cost-sensitive learning with neural networks", ECAI 1998.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import ExpectedCostLoss
    >>> loss = ExpectedCostLoss([[0, 1], [10, 0]], cross_entropy=0.0)
    >>> loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    tensor(2.7500)
    """

    cost: Tensor

    def __init__(
        self,
        cost: Any,
        cross_entropy: float = 0.1,
        *,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self._hold("cost", _matrix(cost))
        self.cross_entropy = check_number("cross_entropy", cross_entropy)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        return _expected(
            logits,
            target,
            self.cost,
            self.cross_entropy,
            sample_weight,
            "none",
            self.ignore_index,
        )

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"cross_entropy={self.cross_entropy:g}, {super().extra_repr()}"
