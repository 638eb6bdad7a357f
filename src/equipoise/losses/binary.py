"""Binary cross-entropy with weights for positives, for labels and for single elements."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from equipoise.losses.base import ImbalanceLoss
from equipoise.losses.counting import count_sides, per_class, sides_of_counts
from equipoise.losses.items import check_reduction, finish, label_items, to_terms
from equipoise.weights.labels import negatives_per_positive

__all__ = ["WeightedBCE", "log_sigmoids", "weighted_bce"]


def log_sigmoids(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return log p and log(1 - p), each exact where the other is tiny."""
    return torch.nn.functional.logsigmoid(z), torch.nn.functional.logsigmoid(-z)


def weighted_bce(
    logits: Tensor,
    target: Tensor,
    *,
    pos_weight: Any = None,
    label_weight: Any = None,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-v_c [w_c y log p + (1 - y) log(1 - p)]``, p = sigmoid(z).

    Parameters
    ----------
    logits : Tensor, shape (N, C), (N, 1) or (N,), any floating point dtype
    target : Tensor of the shape of ``logits``
        0, 1, bool, or shares between.
    pos_weight, label_weight : float or array of shape (C,), optional
        Weights above 0 of the positives of each label, and of each label.
    sample_weight : array of shape (N,) or (N, C), optional
        A weight for every row, or for every element.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If shapes or lengths disagree, a label is outside [0, 1], or a weight is not above 0.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import weighted_bce
    >>> weighted_bce(torch.zeros(2), torch.tensor([1, 0]), pos_weight=3.0, reduction="none")
    tensor([2.0794, 0.6931])
    """
    check_reduction(reduction)
    w = None if pos_weight is None else per_class("pos_weight", pos_weight)
    v = None if label_weight is None else per_class("label_weight", label_weight)
    return _bce(logits, target, w, v, sample_weight, reduction, ignore_index)


def _bce(
    logits: Tensor,
    target: Tensor,
    pos_weight: Tensor | None,
    label_weight: Tensor | None,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths = {
        "pos_weight": None if pos_weight is None else len(pos_weight),
        "label_weight": None if label_weight is None else len(label_weight),
    }
    z, y, kept = label_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    log_p, log_not = log_sigmoids(z)
    if pos_weight is not None:
        log_p = log_p * to_terms(pos_weight, z)
    terms = -(y * log_p + (1 - y) * log_not)
    if label_weight is not None:
        terms = terms * to_terms(label_weight, z)
    return finish(terms, kept, sample_weight, reduction)


class WeightedBCE(ImbalanceLoss):
    r"""Weigh positives, labels and single elements of binary cross-entropy.

    .. math:: \ell_{ic} = -v_c \, s_{ic} \, [w_c y_{ic} \log p_{ic} + (1 - y_{ic}) \log(1 - p_{ic})]

    with :math:`p = \mathrm{sigmoid}(z)`, weights of positives w, of labels v, and of elements s,
    which are passed at the call as ``sample_weight`` of shape (N, C). Weights of positives move the
    best logits by :math:`\log w_c`, so that the true probability is :math:`q / (q + w (1 - q))`.

    Parameters
    ----------
    pos_weight : float or array of shape (C,), default=None
        Weights of the positives of each label, above 0; 1 by default.
    label_weight : float or array of shape (C,), default=None
        Weights of whole labels, above 0; 1 by default.
    reduction : {"mean", "sum", "none"}, default="mean"
        Over elements, not rows.
    ignore_index : int, default=-100
        Elements that do not count.

    Raises
    ------
    UsageError
        If a weight is not above 0.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001, theorem 2.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import WeightedBCE
    >>> loss = WeightedBCE.from_labels([[1, 0], [0, 0], [0, 1], [0, 1]])
    >>> loss.pos_weight
    tensor([3., 1.], dtype=torch.float64)
    >>> loss(torch.zeros(1, 2), torch.tensor([[1, 0]]))
    tensor(1.3863)
    >>> loss.prior_offset
    tensor([1.0986, 0.0000], dtype=torch.float64)
    """

    target = "labels"
    pos_weight: Tensor | None
    label_weight: Tensor | None

    def __init__(
        self,
        pos_weight: Any = None,
        *,
        label_weight: Any = None,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self._hold(
            "pos_weight", None if pos_weight is None else per_class("pos_weight", pos_weight)
        )
        v = None if label_weight is None else per_class("label_weight", label_weight)
        self._hold("label_weight", v)

    @classmethod
    def from_counts(cls, counts: Any, n_rows: float, **kwargs: Any) -> WeightedBCE:
        """Weigh positives by negatives per positive, ``(n_rows - n_c) / n_c``.

        Parameters
        ----------
        counts : int or array of shape (C,)
            Rows that have each label. A label that no row has, or every row, gets weight 1.
        n_rows : float
            All rows.
        **kwargs
            As for the class.
        """
        return cls(negatives_per_positive(*sides_of_counts(counts, n_rows)), **kwargs)

    @classmethod
    def from_labels(cls, labels: Any, **kwargs: Any) -> WeightedBCE:
        """Weigh positives by negatives per positive of each column.

        Parameters
        ----------
        labels : array or Tensor of 0 and 1, shape (N, C), or (N,) for two classes
        **kwargs
            As for the class.
        """
        sides = count_sides(labels, kwargs.get("ignore_index", -100))
        return cls(negatives_per_positive(*sides), **kwargs)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every element; see the base class."""
        return _bce(
            logits,
            target,
            self.pos_weight,
            self.label_weight,
            sample_weight,
            "none",
            self.ignore_index,
        )

    @property
    def prior_offset(self) -> Tensor | None:
        """``log w_c`` per label; None without weights of positives."""
        return None if self.pos_weight is None else self.pos_weight.detach().cpu().double().log()
