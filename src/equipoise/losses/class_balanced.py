"""Weights by the effective number of rows, over four losses."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from equipoise.errors import UsageError
from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.counting import (
    centred_log,
    check_counts,
    count_classes,
    count_sides,
    fill_absent,
    per_class,
)
from equipoise.losses.focal import focal_elements, focal_items
from equipoise.losses.items import check_reduction, class_items, finish, label_items, to_terms
from equipoise.weights import count_weights
from equipoise.weights.ranges import check_number

__all__ = ["ClassBalancedLoss", "class_balanced_loss"]

_BASES = ("cross-entropy", "focal", "bce", "sigmoid-focal")
_SIGMOID = ("bce", "sigmoid-focal")
_OF = ("row", "label", "positives")
Of = Literal["row", "label", "positives"]


def class_balanced_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Any,
    beta: float = 0.999,
    base: str = "cross-entropy",
    gamma: float = 2.0,
    of: Of = "row",
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``w_y base(z, y)`` with ``w_c ~ (1 - beta) / (1 - beta^n_c)``, mean of w = 1.

    Parameters
    ----------
    logits : Tensor, shape (N, C, d1, ...) for softmax bases, (N, C) for sigmoid ones
    target : Tensor
        Class codes (N, d1, ...), or 0 and 1 (N, C).
    counts : array of shape (C,)
        Rows of each class or label.
    beta, base, gamma, of
        See :class:`ClassBalancedLoss`.
    sample_weight : array of shape (N,) or of the shape of the items, optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If an argument is out of range, or shapes, codes or labels are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import class_balanced_loss
    >>> class_balanced_loss(torch.zeros(1, 2), torch.tensor([1]), counts=[30, 10], beta=0.99999)
    tensor(1.0397)
    """
    check_reduction(reduction)
    _check_base(base, of)
    n = check_counts(counts)
    gamma = check_number("gamma", gamma)
    w, alone = _weights(n, beta, base)
    if base in _SIGMOID:
        focus = 0.0 if base == "bce" else gamma
        return _labels(logits, target, w, alone, focus, of, sample_weight, reduction, ignore_index)
    focus = 0.0 if base == "cross-entropy" else gamma
    return _classes(logits, target, w, focus, sample_weight, reduction, ignore_index)


def _check_base(base: str, of: str) -> None:
    for name, value, known in (("base", base, _BASES), ("of", of, _OF)):
        if value not in known:
            raise UsageError(
                f"{name}={value!r} is unknown", remedy=f"use one of {', '.join(map(repr, known))}"
            )


def _weights(n: Any, beta: Any, base: str) -> tuple[Tensor, Tensor]:
    """Return a weight per class, and what a row with one label weighs on average."""
    w = count_weights(n, "ens", beta=beta)
    if base not in _SIGMOID:  # a label without rows is not moved by its 1
        w = fill_absent(w, n)
    return per_class("weight", w), torch.tensor(np.dot(n, w) / n.sum(), dtype=torch.float64)


def _classes(
    logits: Tensor,
    target: Tensor,
    w: Tensor,
    gamma: float,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths: dict[str, int | None] = {"counts": len(w)}
    z, y, kept = class_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    terms = focal_items(z, y, gamma) * to_terms(w, z)[y]
    return finish(terms, kept, sample_weight, reduction)


def _labels(
    logits: Tensor,
    target: Tensor,
    w: Tensor,
    alone: Tensor,
    gamma: float,
    of: str,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths: dict[str, int | None] = {"counts": len(w)}
    z, y, kept = label_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    if z.ndim != 2 or z.shape[1] != len(w):
        raise UsageError(
            f"logits have the shape {tuple(z.shape)} and counts {len(w)} entries",
            remedy="pass (N, C) with one column per label; for one logit use WeightedBCE",
        )
    positive, negative = focal_elements(z, y, gamma)
    weight = to_terms(w, z)
    if of == "positives":
        terms = weight * positive + negative
    elif of == "label":
        terms = weight * (positive + negative)
    else:
        rows = (y * weight).sum(dim=1, keepdim=True)
        rows = torch.where((y > 0).any(dim=1, keepdim=True), rows, to_terms(alone, z))
        terms = rows * (positive + negative)
    return finish(terms, kept, sample_weight, reduction)


class ClassBalancedLoss(ImbalanceLoss):
    r"""Weigh classes by the inverse of their effective number of rows.

    .. math:: \ell = w_y \, \ell_{base}(z, y), \qquad
              w_c \propto \frac{1 - \beta}{1 - \beta^{n_c}}

    with a mean of 1 over the classes that have rows.

    The idea: a further row of a large class is likely near one that is there already, so that
    :math:`n` rows are worth :math:`(1 - \beta^n) / (1 - \beta)`. With ``beta=0`` all classes weigh
    1, towards 1 they weigh as inverse frequencies; .9999 on fewer than thousands of rows is all but
    that.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows of each class, or rows that have each label. One without rows has no say in the weights
        of the others and is not moved: a class gets the geometric mean of them, a label 1.
    beta : float in [0, 1), default=0.999
    base : {"cross-entropy", "focal", "bce", "sigmoid-focal"}, default="cross-entropy"
        The first two take class codes, the others labels.
    gamma : float, default=2.0
        Of the focal bases.
    of : {"row", "label", "positives"}, default="row"
        For labels, what weighs: a row the sum of the weights of its labels, as in the paper, where
        each row has one label (a row without any weighs what a row with one does on average); or
        both answers to a label its weight; or its positives alone.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If an argument is out of range.

    See Also
    --------
    equipoise.weights.element_weights : The same weights of labels for use in other losses.

    References
    ----------
    Y. Cui, M. Jia, T.-Y. Lin, Y. Song and S. Belongie, "Class-balanced loss based on effective
    number of samples", CVPR 2019.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import ClassBalancedLoss
    >>> loss = ClassBalancedLoss([900, 100], beta=0.99, base="focal")
    >>> loss.weight
    tensor([0.7760, 1.2240], dtype=torch.float64)
    >>> loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    tensor(0.1733)
    """

    weight: Tensor
    alone: Tensor

    def __init__(
        self,
        counts: Any,
        *,
        beta: float = 0.999,
        base: str = "cross-entropy",
        gamma: float = 2.0,
        of: Of = "row",
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        _check_base(base, of)
        self.base, self.of, self.beta = base, of, beta
        self.gamma = check_number("gamma", gamma)
        self.target = "labels" if base in _SIGMOID else "classes"
        weight, alone = _weights(check_counts(counts), beta, base)
        self._hold("weight", weight)
        self._hold("alone", alone)

    @classmethod
    def from_counts(cls, counts: Any, **kwargs: Any) -> ClassBalancedLoss:
        """Build from the rows of each class; the same as the class itself."""
        return cls(counts, **kwargs)

    @classmethod
    def from_labels(cls, labels: Any, *, classes: Any = None, **kwargs: Any) -> ClassBalancedLoss:
        """Count the labels of the training rows.

        Parameters
        ----------
        labels : array or Tensor
            Class labels (N,), see :meth:`WeightedCrossEntropy.from_labels`; for sigmoid bases
            0 and 1, shape (N, C).
        classes : sequence of labels, or int, optional
            Labels in the order of the columns, or the number of classes of codes.
        **kwargs
            As for the class.
        """
        ignored = kwargs.get("ignore_index", -100)
        if kwargs.get("base", "cross-entropy") in _SIGMOID:
            return cls(count_sides(labels, ignored)[0], **kwargs)
        return cls(count_classes(labels, classes, ignored), **kwargs)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        gamma = self.gamma if "focal" in self.base else 0.0
        if self.target == "classes":
            return _classes(
                logits, target, self.weight, gamma, sample_weight, "none", self.ignore_index
            )
        return _labels(
            logits,
            target,
            self.weight,
            self.alone,
            gamma,
            self.of,
            sample_weight,
            "none",
            self.ignore_index,
        )

    @property
    def prior_offset(self) -> Tensor | None:
        """``log w_c``: centred over cross-entropy, per label over "bce" of positives; else None."""
        if self.base == "cross-entropy":
            return centred_log(self.weight)
        if self.base == "bce" and self.of == "positives":
            return self.weight.detach().cpu().double().log()
        return None

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"base={self.base!r}, beta={self.beta:g}, {super().extra_repr()}"
