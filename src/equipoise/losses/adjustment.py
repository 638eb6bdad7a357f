"""Cross-entropy of logits to which the prior of the classes is added."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.counting import check_counts, count_classes, fill_absent
from equipoise.losses.cross_entropy import log_p_true
from equipoise.losses.items import check_reduction, class_items, finish, to_terms
from equipoise.weights.ranges import check_number

__all__ = [
    "BalancedSoftmaxLoss",
    "LogitAdjustedLoss",
    "VSLoss",
    "balanced_softmax_loss",
    "logit_adjusted_loss",
    "vs_loss",
]


def logit_adjusted_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Any,
    tau: float = 1.0,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-log softmax(z + tau log pi)_y``, pi the shares of the classes.

    Parameters
    ----------
    logits : Tensor, shape (N, C, d1, ...), any floating point dtype
    target : Tensor of integers, shape (N, d1, ...)
        Class codes.
    counts : array of shape (C,)
        Rows of each class, or their shares.
    tau : float, default=1.0
        0 or more.
    sample_weight : array of shape (N,) or of the shape of ``target``, optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If counts or tau are out of range, or shapes or codes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import logit_adjusted_loss
    >>> logit_adjusted_loss(torch.zeros(1, 2), torch.tensor([1]), counts=[3, 1])
    tensor(1.3863)
    """
    check_reduction(reduction)
    shift = check_number("tau", tau) * _log_prior(counts)
    return _shifted(logits, target, None, shift, sample_weight, reduction, ignore_index)


def balanced_softmax_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Any,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-log(n_y e^z_y / sum_c n_c e^z_c)``: :func:`logit_adjusted_loss` with tau 1.

    Parameters
    ----------
    logits, target, counts, sample_weight, reduction, ignore_index
        See :func:`logit_adjusted_loss`.

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If counts are out of range, or shapes or codes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import balanced_softmax_loss
    >>> balanced_softmax_loss(torch.zeros(1, 2), torch.tensor([1]), counts=[3, 1])
    tensor(1.3863)
    """
    check_reduction(reduction)
    shift = _log_prior(counts)
    return _shifted(logits, target, None, shift, sample_weight, reduction, ignore_index)


def vs_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Any,
    gamma: float = 0.15,
    tau: float = 1.0,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-log softmax(D z + tau log pi)_y`` with ``D_c = (n_c / n_max)^gamma``.

    Parameters
    ----------
    gamma : float, default=0.15
        0 or more; 0 is :func:`logit_adjusted_loss`.
    logits, target, counts, tau, sample_weight, reduction, ignore_index
        See :func:`logit_adjusted_loss`.

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If counts, gamma or tau are out of range, or shapes or codes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import vs_loss
    >>> vs_loss(torch.tensor([[0.0, 2.0]]), torch.tensor([1]), counts=[4, 1], gamma=0.5, tau=0.0)
    tensor(0.3133)
    """
    check_reduction(reduction)
    factor, shift = _factors(counts, gamma), check_number("tau", tau) * _log_prior(counts)
    return _shifted(logits, target, factor, shift, sample_weight, reduction, ignore_index)


def _log_prior(counts: Any) -> Tensor:
    n = check_counts(counts)
    n = fill_absent(n, n)
    return torch.from_numpy(np.log(n / n.sum()))


def _factors(counts: Any, gamma: Any) -> Tensor:
    n = check_counts(counts)
    n = fill_absent(n, n)
    return torch.from_numpy((n / n.max()) ** check_number("gamma", gamma))


def _shifted(
    logits: Tensor,
    target: Tensor,
    factor: Tensor | None,
    shift: Tensor,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths: dict[str, int | None] = {"counts": len(shift)}
    z, y, kept = class_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    shape = (1, -1, *[1] * (z.ndim - 2))
    if factor is not None:
        z = z * to_terms(factor, z).reshape(shape)
    terms = -log_p_true(z + to_terms(shift, z).reshape(shape), y)
    return finish(terms, kept, sample_weight, reduction)


class LogitAdjustedLoss(ImbalanceLoss):
    r"""Add the log prior to the logits while training, so that they are balanced without it.

    .. math:: \ell = -\log \mathrm{softmax}(z + \tau \log \pi)_y, \qquad \pi_c = n_c / N

    The largest logit is then the class that is likeliest under equal priors, the choice with the
    least balanced error for ``tau=1``. Other than weights it keeps its effect on data that the
    model can separate. Never together with a balanced sampler, which would count the prior twice.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows of each class as trained on. A class without rows is treated as one of average
        (geometric mean) size, so that it is not shifted.
    tau : float, default=1.0
        Strength, 0 or more; 0 is cross-entropy.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If counts or tau are out of range.

    References
    ----------
    A. K. Menon, S. Jayasumana, A. S. Rawat, H. Jain, A. Veit and S. Kumar, "Long-tail learning via
    logit adjustment", ICLR 2021.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import LogitAdjustedLoss
    >>> loss = LogitAdjustedLoss([90, 10])
    >>> loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    tensor(1.2040)
    >>> loss.prior_offset
    tensor([-1.0986,  1.0986], dtype=torch.float64)
    """

    log_prior: Tensor

    def __init__(
        self, counts: Any, tau: float = 1.0, *, reduction: str = "mean", ignore_index: int = -100
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self.tau = check_number("tau", tau)
        self._hold("log_prior", _log_prior(counts))

    @classmethod
    def from_counts(cls, counts: Any, **kwargs: Any) -> LogitAdjustedLoss:
        """Build from the rows of each class; the same as the class itself."""
        return cls(counts, **kwargs)

    @classmethod
    def from_labels(cls, labels: Any, *, classes: Any = None, **kwargs: Any) -> LogitAdjustedLoss:
        """Count the labels of the training rows.

        Parameters
        ----------
        labels, classes
            See :meth:`WeightedCrossEntropy.from_labels`.
        **kwargs
            As for the class.
        """
        return cls(count_classes(labels, classes, kwargs.get("ignore_index", -100)), **kwargs)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        shift = self.tau * self.log_prior
        return _shifted(logits, target, None, shift, sample_weight, "none", self.ignore_index)

    @property
    def prior_offset(self) -> Tensor | None:
        """``-tau log pi``, centred: logits less this are those of the data's own prior."""
        log = self.log_prior.detach().cpu().double()
        return -self.tau * (log - log.mean())

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"tau={self.tau:g}, {super().extra_repr()}"


class BalancedSoftmaxLoss(LogitAdjustedLoss):
    r"""Weigh the exponentials in the softmax by the counts of the classes.

    .. math:: \ell = -\log \frac{n_y e^{z_y}}{\sum_c n_c e^{z_c}}

    This is :class:`LogitAdjustedLoss` with ``tau=1``, found from another side: a bound of the error
    under equal priors. Never together with a balanced sampler.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows of each class as trained on.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If counts are out of range.

    References
    ----------
    J. Ren, C. Yu, S. Sheng, X. Ma, H. Zhao, S. Yi and H. Li, "Balanced meta-softmax for long-tailed
    visual recognition", NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import BalancedSoftmaxLoss
    >>> BalancedSoftmaxLoss([90, 10])(torch.zeros(2, 2), torch.tensor([0, 1]))
    tensor(1.2040)
    """

    def __init__(self, counts: Any, *, reduction: str = "mean", ignore_index: int = -100) -> None:
        super().__init__(counts, reduction=reduction, ignore_index=ignore_index)


class VSLoss(LogitAdjustedLoss):
    r"""Scale the logits by class, and add the log prior to them, while training.

    .. math:: \ell = -\log \mathrm{softmax}(\Delta z + \tau \log \pi)_y, \qquad
              \Delta_c = (n_c / n_{max})^\gamma

    Shifts work early in training and lose their effect once all training rows are right; factors
    keep moving the boundary away from rare classes. Predict with the logits as they are. With
    ``gamma`` above 0 no constant per class puts probabilities back: ``prior_offset`` is None.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows of each class as trained on.
    gamma : float, default=0.15
        Strength of the factors, 0 or more; 0 is :class:`LogitAdjustedLoss`.
    tau : float, default=1.0
        Strength of the shifts, 0 or more.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If counts, gamma or tau are out of range.

    References
    ----------
    G. R. Kini, O. Paraskevas, S. Oymak and C. Thrampoulidis, "Label-imbalanced and group-sensitive
    classification under overparameterization", NeurIPS 2021.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import VSLoss
    >>> loss = VSLoss([90, 10], gamma=0.2, tau=1.0)
    >>> loss(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]), torch.tensor([0, 1]))
    tensor(0.5143)
    """

    factor: Tensor

    def __init__(
        self,
        counts: Any,
        gamma: float = 0.15,
        tau: float = 1.0,
        *,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(counts, tau, reduction=reduction, ignore_index=ignore_index)
        self.gamma = check_number("gamma", gamma)
        self._hold("factor", _factors(counts, gamma))

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        shift = self.tau * self.log_prior
        return _shifted(
            logits, target, self.factor, shift, sample_weight, "none", self.ignore_index
        )

    @property
    def prior_offset(self) -> Tensor | None:
        """``-tau log pi``, centred, where ``gamma`` is 0; else None."""
        return super().prior_offset if self.gamma == 0 else None

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"gamma={self.gamma:g}, {super().extra_repr()}"
