"""Distribution-balanced loss for many labels, some of them rare, that come together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from equipoise.errors import UsageError
from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.counting import count_sides, sides_of_counts
from equipoise.losses.focal import focal_elements
from equipoise.losses.items import check_reduction, finish, label_items, to_terms
from equipoise.weights.ranges import check_number

__all__ = ["DistributionBalancedLoss", "distribution_balanced_loss"]


class _Shape(NamedTuple):
    alpha: float
    beta: float
    mu: float
    lam: float
    kappa: float
    gamma: float


def distribution_balanced_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Any,
    n_rows: float,
    alpha: float = 0.1,
    beta: float = 10.0,
    mu: float = 0.2,
    lam: float = 5.0,
    kappa: float = 0.05,
    gamma: float = 2.0,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute the loss of :class:`DistributionBalancedLoss`.

    Parameters
    ----------
    logits : Tensor, shape (N, C), any floating point dtype
    target : Tensor of the shape of ``logits``
        0, 1 or bool.
    counts, n_rows, alpha, beta, mu, lam, kappa, gamma
        See :class:`DistributionBalancedLoss`.
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
    >>> from equipoise.losses.functional import distribution_balanced_loss
    >>> z, y = torch.zeros(1, 2), torch.tensor([[1, 0]])
    >>> distribution_balanced_loss(z, y, counts=[5, 50], n_rows=100).round(decimals=3)
    tensor(0.1280)
    """
    check_reduction(reduction)
    shape = _check(alpha, beta, mu, lam, kappa, gamma)
    rate, bias = _rate_and_bias(counts, n_rows)
    return _balanced(logits, target, rate, bias, shape, sample_weight, reduction, ignore_index)


def _check(alpha: Any, beta: Any, mu: Any, lam: Any, kappa: Any, gamma: Any) -> _Shape:
    return _Shape(
        check_number("alpha", alpha),
        check_number("beta", beta),
        check_number("mu", mu),
        check_number("lam", lam, open_low=True),
        check_number("kappa", kappa),
        check_number("gamma", gamma),
    )


def _rate_and_bias(counts: Any, n_rows: Any) -> tuple[Tensor, Tensor]:
    """Return mean(n) / n_c and the prior in log-odds, finite for labels of no row and of all."""
    n, _ = sides_of_counts(counts, n_rows, least=2.0)
    rows = float(n_rows)
    n = np.clip(n, 1.0, rows - 1.0)
    return torch.from_numpy(n.mean() / n), torch.from_numpy(np.log(n) - np.log(rows - n))


def _balanced(
    logits: Tensor,
    target: Tensor,
    rate: Tensor,
    bias: Tensor,
    shape: _Shape,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths: dict[str, int | None] = {"counts": len(rate)}
    z, y, kept = label_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    if z.ndim != 2 or z.shape[1] != len(rate):
        raise UsageError(
            f"logits have the shape {tuple(z.shape)} and counts {len(rate)} entries",
            remedy="pass (N, C) with one column per label; for one logit use WeightedBCE",
        )
    drawn = to_terms(rate, z)
    # How often a row is drawn by its labels; one without labels as one with a label of mean size.
    by_row = (y * drawn).sum(dim=1, keepdim=True)
    by_row = torch.where((y > 0).any(dim=1, keepdim=True), by_row, torch.ones_like(by_row))
    weight = shape.alpha + torch.sigmoid(shape.beta * (drawn / by_row - shape.mu))
    # z - nu with nu = -kappa b: the prior is added, so that z itself need not hold it.
    moved = z + shape.kappa * to_terms(bias, z)
    positive, _ = focal_elements(moved, y, shape.gamma)
    _, negative = focal_elements(shape.lam * moved, y, shape.gamma)
    return finish(weight * (positive + negative / shape.lam), kept, sample_weight, reduction)


class DistributionBalancedLoss(ImbalanceLoss):
    r"""Balance labels that come together, and let negatives go once they are right.

    .. math::
        \ell_{ic} &= \hat r_{ic} \left[ -y (1 - q)^\gamma \log q
            - \tfrac{1}{\lambda} (1 - y) \bar q^\gamma \log(1 - \bar q) \right], \\
        q &= \sigma(z - \nu), \quad \bar q = \sigma(\lambda (z - \nu)), \quad
            \nu_c = -\kappa b_c, \quad b_c = \log \frac{n_c}{N - n_c}, \\
        \hat r_{ic} &= \alpha + \sigma(\beta (r_{ic} - \mu)), \quad
            r_{ic} = \frac{1 / n_c}{\sum_k y_{ik} / n_k}

    Drawing rows so that every label comes equally often draws a row once for each of its labels: r
    is the share of those draws that are due to label c, smoothed to a weight. Negatives are scaled
    by :math:`\lambda`, so that their slope fades soon after the logit is below its threshold, which
    the prior sets by :math:`\nu`. Predict with ``sigmoid(z)``. Weights differ by row, and no constant
    per label puts probabilities back: ``prior_offset`` is None.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows that have each label; taken as 1 at least, and as one less than all rows at most.
    n_rows : float
        All rows, 2 or more.
    alpha : float, default=0.1
        Least weight, 0 or more.
    beta, mu : float, default=10.0 and 0.2
        Steepness and middle of the smoothing, 0 or more. Where labels seldom come together, r is 1
        for nearly all positives, and a larger mu tells negatives apart.
    lam : float, default=5.0
        Tolerance of negatives, above 0; 1 is none.
    kappa : float, default=0.05
        How much of the prior the threshold holds, 0 or more.
    gamma : float, default=2.0
        Focus, 0 or more; 0 is none.
    reduction : {"mean", "sum", "none"}, default="mean"
        Over elements.
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If a parameter is out of range.

    Notes
    -----
    r is not defined for a row without labels. Here it is that of a row whose one label has the mean
    number of rows, ``mean(n) / n_c``. With ``alpha=0.5, beta=0, lam=1, kappa=0, gamma=0`` the loss
    is binary cross-entropy.

    References
    ----------
    T. Wu, Q. Huang, Z. Liu, Y. Wang and D. Lin, "Distribution-balanced loss for multi-label
    classification in long-tailed datasets", ECCV 2020. Y. Huang, B. Giledereli, A. Köksal, A. Özgür
    and E. Ozkirimli, "Balancing methods for multi-label text classification with long-tailed class
    distribution", EMNLP 2021.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import DistributionBalancedLoss
    >>> Y = torch.tensor([[1, 0], [1, 0], [1, 1], [0, 0], [1, 0]])
    >>> loss = DistributionBalancedLoss.from_labels(Y, gamma=0.0)
    >>> loss(torch.zeros(5, 2), Y).round(decimals=3)
    tensor(0.4030)
    """

    target = "labels"
    rate: Tensor
    bias: Tensor

    def __init__(
        self,
        counts: Any,
        n_rows: float,
        *,
        alpha: float = 0.1,
        beta: float = 10.0,
        mu: float = 0.2,
        lam: float = 5.0,
        kappa: float = 0.05,
        gamma: float = 2.0,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self.shape = _check(alpha, beta, mu, lam, kappa, gamma)
        rate, bias = _rate_and_bias(counts, n_rows)
        self._hold("rate", rate)
        self._hold("bias", bias)

    @classmethod
    def from_counts(cls, counts: Any, n_rows: float, **kwargs: Any) -> DistributionBalancedLoss:
        """Build from the rows of each label; the same as the class itself."""
        return cls(counts, n_rows, **kwargs)

    @classmethod
    def from_labels(cls, labels: Any, **kwargs: Any) -> DistributionBalancedLoss:
        """Count the labels of the training rows.

        Parameters
        ----------
        labels : array or Tensor of 0 and 1, shape (N, C)
        **kwargs
            As for the class.
        """
        positives, negatives = count_sides(labels, kwargs.get("ignore_index", -100))
        return cls(positives, float((positives + negatives).max()), **kwargs)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every element; see the base class."""
        return _balanced(
            logits,
            target,
            self.rate,
            self.bias,
            self.shape,
            sample_weight,
            "none",
            self.ignore_index,
        )

    def extra_repr(self) -> str:
        """Show the parameters."""
        shown = ", ".join(f"{name}={value:g}" for name, value in self.shape._asdict().items())
        return f"{shown}, {super().extra_repr()}"
