"""Focal loss: items that are already right count less."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from equipoise.errors import UsageError
from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.binary import log_sigmoids
from equipoise.losses.counting import (
    count_classes,
    count_sides,
    per_class,
    share_of_positives,
    sides_of_counts,
    weights_of_counts,
)
from equipoise.losses.cross_entropy import log_p_true
from equipoise.losses.items import check_reduction, class_items, finish, label_items, to_terms
from equipoise.weights.ranges import check_number

__all__ = ["FocalLoss", "focal_elements", "focal_items", "focal_loss", "sigmoid_focal_loss"]


def focal_items(z: Tensor, y: Tensor, gamma: float) -> Tensor:
    """Return ``-(1 - p_y)^gamma log p_y`` of checked items."""
    log_p = log_p_true(z, y)
    if gamma == 0:
        return -log_p
    # 1 - p_y as the sum of the others: exact where p_y rounds to 1, and so is its gradient.
    others = z.scatter(1, y.unsqueeze(1), float("-inf")).logsumexp(dim=1) - z.logsumexp(dim=1)
    return -torch.exp(gamma * others) * log_p


def focal_elements(z: Tensor, y: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Return the positive and the negative part of sigmoid focal loss of checked elements."""
    log_p, log_not = log_sigmoids(z)
    positive, negative = -y * log_p, -(1 - y) * log_not
    if gamma == 0:
        return positive, negative
    return torch.exp(gamma * log_not) * positive, torch.exp(gamma * log_p) * negative


def focal_loss(
    logits: Tensor,
    target: Tensor,
    *,
    gamma: float = 2.0,
    alpha: Any = None,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-alpha_y (1 - p_y)^gamma log p_y``, p = softmax(z).

    Parameters
    ----------
    logits : Tensor, shape (N, C, d1, ...), any floating point dtype
    target : Tensor of integers, shape (N, d1, ...)
        Class codes.
    gamma : float, default=2.0
        0 or more; 0 is cross-entropy.
    alpha : float or array of shape (C,), optional
        Weights of the classes. One number in (0, 1) weighs class 1 of two by alpha and class 0 by
        1 - alpha.
    sample_weight : array of shape (N,) or of the shape of ``target``, optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If gamma is negative, alpha does not fit, or shapes or codes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import focal_loss
    >>> focal_loss(torch.zeros(1, 2), torch.tensor([1]), gamma=1.0)
    tensor(0.3466)
    """
    check_reduction(reduction)
    return _focal(
        logits,
        target,
        check_number("gamma", gamma),
        None if alpha is None else _class_alpha(alpha),
        sample_weight,
        reduction,
        ignore_index,
    )


def sigmoid_focal_loss(
    logits: Tensor,
    target: Tensor,
    *,
    gamma: float = 2.0,
    alpha: Any = None,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-alpha y (1 - p)^gamma log p - (1 - alpha) (1 - y) p^gamma log(1 - p)``, p = sigmoid(z).

    Parameters
    ----------
    logits : Tensor, shape (N, C), (N, 1) or (N,), any floating point dtype
    target : Tensor of the shape of ``logits``
        0, 1, bool, or shares between.
    gamma : float, default=2.0
        0 or more; 0 is binary cross-entropy.
    alpha : float or array of shape (C,), optional
        Share of the positives, in (0, 1); none: both count 1.
    sample_weight : array of shape (N,) or (N, C), optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If gamma is negative, alpha is outside (0, 1), or shapes or labels are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import sigmoid_focal_loss
    >>> sigmoid_focal_loss(torch.zeros(1), torch.tensor([1]), gamma=1.0, alpha=0.25)
    tensor(0.0866)
    """
    check_reduction(reduction)
    return _sigmoid_focal(
        logits,
        target,
        check_number("gamma", gamma),
        None if alpha is None else _shares(alpha),
        sample_weight,
        reduction,
        ignore_index,
    )


def _shares(alpha: Any) -> Tensor:
    out = per_class("alpha", alpha)
    if bool((out >= 1).any()):
        raise UsageError(
            f"alpha={alpha!r} is outside (0, 1)",
            remedy="give the share of the positives, such as 0.25; their negatives get the rest",
        )
    return out


def _class_alpha(alpha: Any) -> Tensor:
    out = per_class("alpha", alpha)
    return _shares(alpha) if len(out) == 1 else out


def _focal(
    logits: Tensor,
    target: Tensor,
    gamma: float,
    alpha: Tensor | None,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths = {"alpha": None if alpha is None or len(alpha) == 1 else len(alpha)}
    z, y, kept = class_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    if alpha is not None and len(alpha) == 1:
        if z.shape[1] != 2:
            raise UsageError(
                f"alpha={float(alpha[0]):g} is one number for {z.shape[1]} classes, and would only "
                "scale the loss",
                remedy="give one per class, as FocalLoss.from_counts does, or leave alpha out",
            )
        alpha = torch.cat([1 - alpha, alpha])
    terms = focal_items(z, y, gamma)
    if alpha is not None:
        terms = terms * to_terms(alpha, z)[y]
    return finish(terms, kept, sample_weight, reduction)


def _sigmoid_focal(
    logits: Tensor,
    target: Tensor,
    gamma: float,
    alpha: Tensor | None,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths = {"alpha": None if alpha is None else len(alpha)}
    z, y, kept = label_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    positive, negative = focal_elements(z, y, gamma)
    if alpha is not None:
        share = to_terms(alpha, z)
        positive, negative = share * positive, (1 - share) * negative
    return finish(positive + negative, kept, sample_weight, reduction)


class FocalLoss(ImbalanceLoss):
    r"""Let items count less the surer the model is of their true class.

    .. math:: \ell = -\alpha_t (1 - p_t)^\gamma \log p_t

    with :math:`p_t` the probability of the true class: by softmax for ``target="classes"``, by
    sigmoid of each logit for ``target="labels"``. Probabilities of a model trained with it are not
    calibrated, they are drawn to the middle; no constant puts them back, so ``prior_offset`` is
    None: calibrate on held-out rows.

    Parameters
    ----------
    gamma : float, default=2.0
        0 or more; 0 is weighted cross-entropy.
    alpha : float or array of shape (C,), default=None
        With ``"labels"``, share of the positives in (0, 1), one or per label: 0.25 was found best
        with gamma 2 for detection, where ease, not rarity, was to be balanced. With ``"classes"``,
        a weight above 0 per class; one number weighs class 1 of two by alpha, class 0 by 1 - alpha.
    target : {"classes", "labels"}, default="classes"
        Softmax of class codes, or sigmoid of labels.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If gamma is negative, alpha is out of range, or ``target`` is not known.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, "Focal loss for dense object detection",
    ICCV 2017. J. Mukhoti et al., "Calibrating deep neural networks using focal loss", NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import FocalLoss
    >>> z = torch.tensor([[2.0, -1.0, 0.0], [0.0, 0.0, 0.0]])
    >>> FocalLoss(gamma=2.0)(z, torch.tensor([0, 1]))
    tensor(0.2462)
    >>> FocalLoss(gamma=2.0, alpha=0.25, target="labels")(z[:, 0], torch.tensor([1, 0]))
    tensor(0.0652)
    """

    alpha: Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: Any = None,
        *,
        target: Literal["classes", "labels"] = "classes",
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self.gamma = check_number("gamma", gamma)
        if target not in ("classes", "labels"):
            raise UsageError(
                f"target={target!r} is unknown",
                remedy="use 'classes' for softmax of class codes, 'labels' for sigmoid",
            )
        self.target = target
        check = _shares if target == "labels" else _class_alpha
        self._hold("alpha", None if alpha is None else check(alpha))

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        n_rows: float | None = None,
        *,
        scheme: str = "balanced",
        beta: float = 0.999,
        **kwargs: Any,
    ) -> FocalLoss:
        """Take alpha from the rows of each class, or from those that have each label.

        Parameters
        ----------
        counts : array of shape (C,)
            Rows of each class, or with ``target="labels"`` rows that have each label.
        n_rows : float, optional
            All rows; needed with ``target="labels"``, and only there.
        scheme, beta
            See :func:`equipoise.weights.class_weights`. Of classes alpha is the weight, scaled to
            mean 1 over the rows. Of labels it is the weight of the positives over the sum of those of
            positives and negatives: their share of the rows changed places, for ``"balanced"``. A
            label that no row has, or every row, gets 1/2.
        **kwargs
            As for the class.

        Examples
        --------
        >>> from equipoise.losses import FocalLoss
        >>> FocalLoss.from_counts([25, 50], n_rows=100, target="labels").alpha
        tensor([0.7500, 0.5000], dtype=torch.float64)
        """
        if kwargs.get("target", "classes") != "labels":
            if n_rows is not None:
                raise UsageError(
                    f"n_rows={n_rows!r} is given for class codes, whose counts make up all rows",
                    remedy="leave it out, or add target='labels'",
                )
            return cls(alpha=weights_of_counts(counts, scheme, beta, None), **kwargs)
        if n_rows is None:
            raise UsageError(
                "rows that have each label do not tell how many have not",
                remedy="add n_rows=, the number of all rows",
            )
        positives, negatives = sides_of_counts(counts, n_rows)
        return cls(alpha=share_of_positives(positives, negatives, scheme, beta), **kwargs)

    @classmethod
    def from_labels(
        cls,
        labels: Any,
        *,
        scheme: str = "balanced",
        beta: float = 0.999,
        classes: Any = None,
        **kwargs: Any,
    ) -> FocalLoss:
        """Take alpha from the labels of the training rows, as :meth:`from_counts` from counts.

        Parameters
        ----------
        labels : list, array or Tensor
            Class labels (N,), see :meth:`WeightedCrossEntropy.from_labels`; with
            ``target="labels"`` 0 and 1, shape (N, C), or (N,) for one logit.
        scheme, beta
            See :meth:`from_counts`.
        classes : sequence of labels, or int, optional
            Of class labels: their order, or how many codes there are.
        **kwargs
            As for the class.

        Raises
        ------
        TargetError
            If a label is missing (None, NaN), or is no code where the others are.
        UsageError
            If ``classes`` does not name the labels, or another argument cannot be used.
        """
        ignored = kwargs.get("ignore_index", -100)
        if kwargs.get("target", "classes") == "labels":
            alpha = share_of_positives(*count_sides(labels, ignored), scheme, beta)
            return cls(alpha=alpha, **kwargs)
        counts = count_classes(labels, classes, ignored)
        return cls.from_counts(counts, scheme=scheme, beta=beta, **kwargs)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        compute = _focal if self.target == "classes" else _sigmoid_focal
        return compute(
            logits, target, self.gamma, self.alpha, sample_weight, "none", self.ignore_index
        )

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"gamma={self.gamma:g}, target={self.target!r}, {super().extra_repr()}"
