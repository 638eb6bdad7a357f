"""Cross-entropy with a weight for every class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from equipoise.losses.base import Reweighable
from equipoise.losses.counting import centred_log, per_class, weights_of_counts, weights_of_labels
from equipoise.losses.items import REDUCTIONS, check_reduction, class_items, finish, to_terms

__all__ = ["WeightedCrossEntropy", "log_p_true", "weighted_cross_entropy"]


def log_p_true(z: Tensor, y: Tensor) -> Tensor:
    """Return the log-probability of the true class of every item."""
    return torch.log_softmax(z, dim=1).gather(1, y.unsqueeze(1)).squeeze(1)


def weighted_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Any = None,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-w_y log softmax(z)_y``.

    Parameters
    ----------
    logits : Tensor, shape (N, C, d1, ...), any floating point dtype
    target : Tensor of integers, shape (N, d1, ...)
        Class codes.
    weight : array of shape (C,), optional
        Weights of the classes, above 0; 1 by default.
    sample_weight : array of shape (N,) or of the shape of ``target``, optional
    reduction : {"mean", "sum", "none", "weighted-mean"}, default="mean"
        ``"mean"`` divides by the number of items, ``"weighted-mean"`` by the sum of their weights,
        as torch does; the latter does not add up over micro-batches.
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If shapes or lengths disagree, a code is out of range, or a weight is not above 0.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import weighted_cross_entropy
    >>> z = torch.zeros(2, 2)
    >>> weighted_cross_entropy(z, torch.tensor([0, 1]), weight=[1.0, 3.0], reduction="none")
    tensor([0.6931, 2.0794])
    """
    check_reduction(reduction, (*REDUCTIONS, "weighted-mean"))
    w = None if weight is None else per_class("weight", weight)
    return _cross_entropy(logits, target, w, sample_weight, reduction, ignore_index)


def _cross_entropy(
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths = {"weight": None if weight is None else len(weight)}
    z, y, kept = class_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    w = torch.ones_like(z[:, 0]) if weight is None else to_terms(weight, z)[y]
    terms = -w * log_p_true(z, y)
    if reduction != "weighted-mean":
        return finish(terms, kept, sample_weight, reduction)
    total = finish(w, kept, sample_weight, "sum")
    loss = finish(terms, kept, sample_weight, "sum")
    return loss / torch.where(total > 0, total, torch.ones_like(total))


class WeightedCrossEntropy(Reweighable):
    r"""Weigh the cross-entropy of each item by its class.

    .. math:: \ell = -w_y \log \mathrm{softmax}(z)_y

    Rows of a class with weight w count as w rows. The best logits are moved by
    :math:`\log w_c`, so that predicted probabilities are too high for heavy classes;
    :attr:`prior_offset` puts them back.

    Parameters
    ----------
    weight : array of shape (C,), default=None
        Weights above 0 in the order of the columns; none: plain cross-entropy.
    reduction : {"mean", "sum", "none", "weighted-mean"}, default="mean"
        ``"mean"`` divides by the number of items, ``"weighted-mean"`` by the sum of their weights,
        as :class:`torch.nn.CrossEntropyLoss`; the latter does not add up over micro-batches.
    ignore_index : int, default=-100
        Targets that do not count.

    Raises
    ------
    UsageError
        If a weight is not above 0, or the reduction is not known.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001. G. King and L. Zeng,
    "Logistic regression in rare events data", Political Analysis 2001.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import WeightedCrossEntropy
    >>> loss = WeightedCrossEntropy.from_labels(["ham"] * 6 + ["spam"] * 2)
    >>> loss.weight
    tensor([0.6667, 2.0000], dtype=torch.float64)
    >>> loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    tensor(0.9242)
    >>> loss.prior_offset
    tensor([-0.5493,  0.5493], dtype=torch.float64)
    """

    target = "classes"
    _reductions = (*REDUCTIONS, "weighted-mean")
    weight: Tensor | None

    def __init__(
        self, weight: Any = None, *, reduction: str = "mean", ignore_index: int = -100
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self._hold("weight", None if weight is None else per_class("weight", weight))

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        *,
        scheme: str = "balanced",
        beta: float = 0.999,
        given: Mapping[Any, float] | Sequence[float] | None = None,
        **kwargs: Any,
    ) -> WeightedCrossEntropy:
        """Take the weights from the rows of each class, scaled to mean 1 over the rows.

        Parameters
        ----------
        counts : array of shape (C,)
            Rows of each class. A class without rows gets the geometric mean of the other
            weights, so that it is not shifted.
        scheme, beta, given
            See :func:`equipoise.weights.class_weights`; ``given`` by code where it is a mapping.
        **kwargs
            As for the class.
        """
        return cls(weights_of_counts(counts, scheme, beta, given), **kwargs)

    @classmethod
    def from_labels(
        cls,
        labels: Any,
        *,
        scheme: str = "balanced",
        beta: float = 0.999,
        given: Mapping[Any, float] | Sequence[float] | None = None,
        classes: Sequence[Any] | int | None = None,
        **kwargs: Any,
    ) -> WeightedCrossEntropy:
        """Take the weights from the labels of the training rows, scaled to mean 1 over them.

        Parameters
        ----------
        labels : list, array or Tensor, shape (N,)
            Integers are class codes. Other labels, such as texts, are numbered in sorted order:
            code 0 of the targets has to be the first of the sorted labels.
        scheme, beta, given
            See :func:`equipoise.weights.class_weights`.
        classes : sequence of labels, or int, optional
            Labels in the order of the columns, or the number of classes of codes.
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
        return cls(weights_of_labels(labels, classes, ignored, scheme, beta, given), **kwargs)

    def reweigh(self, weight: Any = None) -> None:
        """Put other weights in place, or none; see the base class."""
        held = None if weight is None else per_class("weight", weight)
        if held is not None and self.weight is not None:
            held = held.to(self.weight.device)
        self.weight = held

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        return self._loss(logits, target, sample_weight, "none")

    def _reduced(self, logits: Tensor, target: Tensor, sample_weight: Any) -> Tensor:
        return self._loss(logits, target, sample_weight, self.reduction)

    def _loss(self, logits: Tensor, target: Tensor, sample_weight: Any, reduction: str) -> Tensor:
        return _cross_entropy(
            logits, target, self.weight, sample_weight, reduction, self.ignore_index
        )

    @property
    def prior_offset(self) -> Tensor | None:
        """``log w_c``, centred; None without weights."""
        return None if self.weight is None else centred_log(self.weight)
