"""Losses of numeric targets: of a quantile, and of all targets as if they were equally frequent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.errors import TargetError, UsageError
from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.items import check_reduction, finish
from equipoise.weights.ranges import check_number

__all__ = ["BalancedMSELoss", "PinballLoss", "balanced_mse_loss", "pinball_loss"]

_LOW = (torch.float16, torch.bfloat16)


def number_items(prediction: Any, target: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Check predictions (N,) or (N, 1) against targets of the same number, and tell which are kept."""
    if not isinstance(prediction, Tensor) or not prediction.is_floating_point():
        kind = prediction.dtype if isinstance(prediction, Tensor) else type(prediction).__name__
        raise UsageError(
            f"predictions are {kind}, not floating point numbers",
            remedy="pass the tensor that the last layer returns",
        )
    p = prediction.float() if prediction.dtype in _LOW else prediction
    if p.ndim != 1 and not (p.ndim == 2 and p.shape[1] == 1):
        raise UsageError(
            f"predictions have the shape {tuple(p.shape)}",
            remedy="pass (N,) or (N, 1), one number per row",
        )
    if not isinstance(target, Tensor) or target.is_complex():
        raise UsageError(
            f"targets are {type(target).__name__}", remedy="pass a tensor with one number per row"
        )
    # Not a set of shapes: in a graph that is recorded, lengths have no hash.
    if tuple(target.shape) not in ((p.shape[0],), (p.shape[0], 1)):
        raise UsageError(
            f"targets have the shape {tuple(target.shape)}, predictions {tuple(p.shape)}",
            remedy="pass one target per row",
        )
    y = target.reshape(p.shape).to(p.dtype)
    kept = ~y.isnan()
    # Whatever stands at left-out rows, not a number included, must not reach the gradient.
    return p.masked_fill(~kept, 0.0), y.masked_fill(~kept, 0.0), kept


def pinball_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    q: float = 0.5,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Compute ``max(q (y - p), (q - 1) (y - p))``.

    Parameters
    ----------
    prediction : Tensor, shape (N,) or (N, 1), any floating point dtype
    target : Tensor of N numbers
        Rows whose target is NaN do not count.
    q : float in (0, 1), default=0.5
    sample_weight : array of shape (N,) or of the shape of ``prediction``, optional
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If q is outside (0, 1), or shapes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.numbers import pinball_loss
    >>> pinball_loss(torch.tensor([1.0, 1.0]), torch.tensor([3.0, 0.0]), q=0.75, reduction="none")
    tensor([1.5000, 0.2500])
    """
    check_reduction(reduction)
    return _pinball(prediction, target, _quantile(q), sample_weight, reduction)


def balanced_mse_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    noise: float = 1.0,
    mixture: tuple[Any, Any, Any] | None = None,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Compute the balanced squared error; see :class:`BalancedMSELoss`.

    Parameters
    ----------
    prediction : Tensor, shape (N,) or (N, 1), any floating point dtype
    target : Tensor of N numbers
        Rows whose target is NaN do not count.
    noise : float, default=1.0
        Standard deviation, above 0.
    mixture : tuple of three arrays of shape (K,), optional
        Weights, means and standard deviations of normal distributions, in place of the batch.
    sample_weight : array of shape (N,) or of the shape of ``prediction``, optional
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If a parameter cannot be used, or shapes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.numbers import balanced_mse_loss
    >>> balanced_mse_loss(torch.tensor([0.0, 0.0]), torch.tensor([0.0, 1.0]), reduction="none")
    tensor([0.9482, 1.9482])
    """
    check_reduction(reduction)
    sigma = torch.tensor(check_number("noise", noise, open_low=True), dtype=torch.float64)
    known = None if mixture is None else _mixture(mixture)
    return _balanced(prediction, target, sigma, known, sample_weight, reduction)


def _pinball(
    prediction: Tensor, target: Tensor, q: float, sample_weight: Any, reduction: str
) -> Tensor:
    p, y, kept = number_items(prediction, target)
    short = y - p
    return finish(torch.maximum(q * short, (q - 1) * short), kept, sample_weight, reduction)


def _balanced(
    prediction: Tensor,
    target: Tensor,
    sigma: Tensor,
    mixture: Tensor | None,
    sample_weight: Any,
    reduction: str,
) -> Tensor:
    p, y, kept = number_items(prediction, target)
    s = sigma.to(device=p.device, dtype=p.dtype)
    if mixture is None:
        scores = -0.5 * ((p.reshape(-1, 1) - y.reshape(1, -1)) / s) ** 2
        # The least number, and not infinity: of no kept row at all it has a logarithm and a slope of 0.
        left_out = ~kept.reshape(1, -1)
        common = scores.masked_fill(left_out, torch.finfo(p.dtype).min).logsumexp(dim=1)
    else:
        share, mean, spread = mixture.to(device=p.device, dtype=p.dtype)
        wide = torch.sqrt(spread**2 + s**2)
        scores = -0.5 * ((p.reshape(-1, 1) - mean) / wide) ** 2 - torch.log(wide / s)
        common = (scores + torch.log(share)).logsumexp(dim=1)
    own = 0.5 * ((p - y) / s) ** 2
    # The factor keeps the size of the squared error whatever the noise is, and is not learned by.
    terms = 2 * s.detach() ** 2 * (own + common.reshape(own.shape))
    return finish(terms, kept, sample_weight, reduction)


def _quantile(q: Any) -> float:
    return check_number("q", q, high=1.0, open_low=True, open_high=True)


def _mixture(given: Any) -> Tensor:
    try:
        out = np.stack([np.asarray(one, dtype=np.float64).reshape(-1) for one in given])
        good = out.shape[0] == 3 and out.shape[1] > 0 and bool(np.isfinite(out).all())
    except (TypeError, ValueError):
        good = False
    if not good or (out[0] <= 0).any() or (out[2] < 0).any():
        raise UsageError(
            "the mixture is not weights, means and standard deviations of normal distributions",
            remedy="give three arrays of one length, the weights above 0, the deviations 0 or more",
        )
    out[0] /= out[0].sum()
    return torch.from_numpy(out)


class _NumberLoss(ImbalanceLoss):
    """A loss of numbers: rows whose target is NaN do not count, as any number may be a target."""

    target = "numbers"

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def _reduced(self, logits: Tensor, target: Tensor, sample_weight: Any) -> Tensor:
        return self._compute(logits, target, sample_weight, self.reduction)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every row.

        Parameters
        ----------
        logits : Tensor, shape (N,) or (N, 1)
            Predictions, in the units of the target; any floating point dtype.
        target : Tensor of N numbers
            NaN leaves a row out.
        sample_weight : array of shape (N,) or of the shape of ``logits``, optional
            Finite factors of 0 or more.

        Returns
        -------
        Tensor, shape of ``logits``
            0 at rows left out.
        """
        return self._compute(logits, target, sample_weight, "none")

    def _compute(
        self, logits: Tensor, target: Tensor, sample_weight: Any, reduction: str
    ) -> Tensor:
        raise NotImplementedError


class PinballLoss(_NumberLoss):
    r"""Fit the quantile q of the target: errors below it cost q, above it 1 - q.

    .. math:: \ell = \max(q (y - p), (q - 1)(y - p))

    At q = 0.5 it is half the absolute error, and the median fits it best; with q = 0.95 the prediction
    is what 95 % of the rows stay below.

    Parameters
    ----------
    q : float in (0, 1), default=0.5
    reduction : {"mean", "sum", "none"}, default="mean"

    Raises
    ------
    UsageError
        If q is outside (0, 1).

    References
    ----------
    R. Koenker and G. Bassett, "Regression Quantiles", Econometrica 46, 1978.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import PinballLoss
    >>> PinballLoss(0.9)(torch.tensor([0.0, 0.0]), torch.tensor([10.0, -10.0]))
    tensor(5.)
    """

    def __init__(self, q: float = 0.5, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.q = _quantile(q)

    def _compute(
        self, logits: Tensor, target: Tensor, sample_weight: Any, reduction: str
    ) -> Tensor:
        return _pinball(logits, target, self.q, sample_weight, reduction)

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"q={self.q:g}, {super().extra_repr()}"


class BalancedMSELoss(_NumberLoss):
    r"""Fit the targets as if all were equally frequent: the balanced squared error.

    A squared error is the likelihood of normal noise. Balanced, it is that likelihood divided by the one
    that any row's target would have, so that predictions are no longer drawn to the common targets:

    .. math:: \ell_i = (p_i - y_i)^2 + 2 \sigma^2 \log \sum_j e^{-(p_i - y_j)^2 / 2 \sigma^2}

    with the sum over the rows of the batch, the batch-based Monte-Carlo form. With a ``mixture``, the
    sum is :math:`\sum_k w_k \sigma / \sqrt{s_k^2 + \sigma^2} \, e^{-(p_i - m_k)^2 / 2 (s_k^2 +
    \sigma^2)}` over normal distributions fitted to the targets, which needs no large batch. Where
    targets are spread evenly, over much more than the noise, it is the squared error but for a constant.
    Under noise much wider than the targets only their mean is left in it,
    :math:`(p - y)^2 - \mathrm{mean}_j (p - y_j)^2`, of which predictions run away: choose the noise as
    the error that the model makes, or learn it.

    Parameters
    ----------
    noise : float, default=1.0
        Standard deviation :math:`\sigma` of the noise, in units of the target.
    mixture : tuple of three arrays of shape (K,), optional
        Weights, means and standard deviations; see :meth:`from_targets`. By default the batch.
    learn_noise : bool, default=False
        Make ``noise`` a parameter, which an optimiser has to be given.
    reduction : {"mean", "sum", "none"}, default="mean"

    Notes
    -----
    Without a mixture the loss of a row depends on the others of its batch: means over parts of a batch do
    not add up to that of the batch. ``sample_weight`` weighs rows, not the terms of the sum.

    Raises
    ------
    UsageError
        If a parameter cannot be used.

    References
    ----------
    J. Ren, M. Zhang, C. Yu and Z. Liu, "Balanced MSE for Imbalanced Visual Regression", CVPR 2022.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import BalancedMSELoss
    >>> loss = BalancedMSELoss(noise=0.5)
    >>> loss(torch.tensor([0.0, 0.2, 2.0]), torch.tensor([0.0, 0.0, 3.0]))
    tensor(0.2319)
    """

    log_noise: Tensor
    mixture: Tensor | None

    def __init__(
        self,
        noise: float = 1.0,
        *,
        mixture: tuple[Any, Any, Any] | None = None,
        learn_noise: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        logarithm = math.log(check_number("noise", noise, open_low=True))
        if learn_noise:
            self.log_noise = nn.Parameter(torch.tensor(logarithm))
        else:
            self._hold("log_noise", torch.tensor(logarithm, dtype=torch.float64))
        self._hold("mixture", None if mixture is None else _mixture(mixture))

    @classmethod
    def from_targets(
        cls, y: Any, *, components: int = 8, seed: int = 0, **kwargs: Any
    ) -> BalancedMSELoss:
        """Fit a mixture of normal distributions to the targets of training.

        Parameters
        ----------
        y : array of shape (n,)
            Targets.
        components : int, default=8
            Distributions; no more than there are different targets.
        seed : int, default=0
            Seed of the fit.
        **kwargs
            As for the class.

        Raises
        ------
        TargetError
            If there are no targets, or one is missing or infinite.
        """
        from sklearn.mixture import GaussianMixture

        values = np.asarray(y, dtype=np.float64).reshape(-1, 1)
        if not len(values) or not np.isfinite(values).all():
            raise TargetError(
                f"the mixture cannot be fitted to {len(values)} targets, some of them maybe missing",
                remedy="give at least one, without NaN and infinity",
            )
        different = len(np.unique(values))
        if different == 1:
            return cls(mixture=([1.0], values[0], [0.0]), **kwargs)
        fit = GaussianMixture(min(components, different), random_state=seed).fit(values)
        spread = np.sqrt(fit.covariances_.reshape(-1))
        return cls(mixture=(fit.weights_, fit.means_.reshape(-1), spread), **kwargs)

    @property
    def noise(self) -> float:
        """Standard deviation of the noise."""
        return float(self.log_noise.detach().exp())

    def _compute(
        self, logits: Tensor, target: Tensor, sample_weight: Any, reduction: str
    ) -> Tensor:
        return _balanced(
            logits, target, self.log_noise.exp(), self.mixture, sample_weight, reduction
        )

    def extra_repr(self) -> str:
        """Show the parameters."""
        form = "batch" if self.mixture is None else f"mixture of {self.mixture.shape[1]}"
        return f"noise={self.noise:g}, over the {form}, {super().extra_repr()}"
