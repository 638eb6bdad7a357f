"""Margins that are wider for rare classes, and the head of cosines that they need."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from equipoise.errors import UsageError
from equipoise.losses.base import Reweighable
from equipoise.losses.counting import (
    check_counts,
    count_classes,
    fill_absent,
    per_class,
)
from equipoise.losses.cross_entropy import log_p_true
from equipoise.losses.items import check_reduction, class_items, finish, to_terms
from equipoise.weights.ranges import check_number, check_whole

__all__ = ["CosineHead", "LDAMLoss", "ldam_loss"]


class CosineHead(nn.Module):
    """Score classes by the cosine of the features with one direction per class.

    Parameters
    ----------
    in_features : int
    n_classes : int
    scale : float, default=1.0
        Factor of the cosines. Leave it at 1 for :class:`LDAMLoss`, which has its own; take about
        30 for other losses, since cosines alone cannot make a softmax sure of anything.

    Raises
    ------
    UsageError
        If a size is below 1 (classes: 2), or the scale is not above 0.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import CosineHead
    >>> head = CosineHead(8, 3)
    >>> cosines = head(torch.randn(5, 8))
    >>> tuple(cosines.shape), bool(cosines.abs().max() <= 1.0001)
    ((5, 3), True)
    """

    def __init__(self, in_features: int, n_classes: int, scale: float = 1.0) -> None:
        super().__init__()
        in_features = check_whole("in_features", in_features)
        n_classes = check_whole("n_classes", n_classes, least=2)
        self.scale = check_number("scale", scale, open_low=True)
        self.weight = nn.Parameter(torch.empty(n_classes, in_features))
        nn.init.normal_(self.weight)  # its directions are uniform on the sphere

    def forward(self, features: Tensor) -> Tensor:
        """Return cosines times the scale.

        Parameters
        ----------
        features : Tensor, shape (..., in_features)

        Returns
        -------
        Tensor, shape (..., n_classes), float32 or float64
            A row of zeros has cosine 0 with every class.
        """
        # A cosine in bfloat16 has two digits, and the loss multiplies it by 30.
        with torch.autocast(features.device.type, enabled=False):
            wide = torch.promote_types(torch.float32, features.dtype)
            rows = nn.functional.normalize(features.to(wide), dim=-1)
            directions = nn.functional.normalize(self.weight.to(wide), dim=-1)
            return self.scale * nn.functional.linear(rows, directions)

    def extra_repr(self) -> str:
        """Show the sizes."""
        classes, features = self.weight.shape
        return f"in_features={features}, n_classes={classes}, scale={self.scale:g}"


def ldam_loss(
    logits: Tensor,
    target: Tensor,
    *,
    counts: Any,
    max_margin: float = 0.5,
    s: float = 30.0,
    weight: Any = None,
    sample_weight: Any = None,
    reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:
    """Compute ``-w_y log softmax(s (z - D_y e_y))_y`` with margins ``D_c ~ n_c^(-1/4)``.

    Parameters
    ----------
    logits : Tensor, shape (N, C, d1, ...), any floating point dtype
        Cosines, as of :class:`CosineHead`.
    target : Tensor of integers, shape (N, d1, ...)
        Class codes.
    counts : array of shape (C,)
        Rows of each class.
    max_margin : float, default=0.5
        Margin of the rarest class, 0 or more.
    s : float, default=30.0
        Factor of the cosines, above 0.
    weight : array of shape (C,), optional
        Weights of the classes, above 0.
    sample_weight : array of shape (N,) or of the shape of ``target``, optional
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Returns
    -------
    Tensor, float32 or float64

    Raises
    ------
    UsageError
        If an argument is out of range, or shapes or codes are wrong.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses.functional import ldam_loss
    >>> ldam_loss(torch.tensor([[0.2, 0.6]]), torch.tensor([1]), counts=[90, 10], s=10.0)
    tensor(1.3133)
    """
    check_reduction(reduction)
    s = check_number("s", s, open_low=True)
    margins = _margins(counts, max_margin)
    w = None if weight is None else per_class("weight", weight)
    return _ldam(logits, target, margins, s, w, sample_weight, reduction, ignore_index)


def _margins(counts: Any, max_margin: Any) -> Tensor:
    n = check_counts(counts)
    margins = fill_absent(n, n) ** -0.25
    return torch.from_numpy(margins * (check_number("max_margin", max_margin) / margins.max()))


def _ldam(
    logits: Tensor,
    target: Tensor,
    margins: Tensor,
    s: float,
    weight: Tensor | None,
    sample_weight: Any,
    reduction: str,
    ignore_index: int,
) -> Tensor:
    lengths = {"counts": len(margins), "weight": None if weight is None else len(weight)}
    z, y, kept = class_items(logits, target, ignore_index=ignore_index, lengths=lengths)
    place = y.unsqueeze(1)
    reduced = z.scatter_add(1, place, -to_terms(margins, z)[place])
    terms = -log_p_true(s * reduced, y)
    if weight is not None:
        terms = terms * to_terms(weight, z)[y]
    return finish(terms, kept, sample_weight, reduction)


class LDAMLoss(Reweighable):
    r"""Ask for a wider margin where a class has fewer rows.

    .. math:: \ell = -w_y \log \frac{e^{s (z_y - D_y)}}{e^{s (z_y - D_y)} + \sum_{j \ne y} e^{s z_j}},
              \qquad D_c \propto n_c^{-1/4}, \quad \max_c D_c = m

    Logits must be cosines, from :class:`CosineHead`: margins of free logits shrink to nothing as
    these grow. Predict with ``softmax(s z)``. Weights come late (deferred re-weighting): train
    without, then :meth:`reweigh` for the last part. Margins are no shift of the prior:
    ``prior_offset`` is None.

    Parameters
    ----------
    counts : array of shape (C,)
        Rows of each class. A class without rows has the margin of one of average (geometric mean)
        size.
    max_margin : float, default=0.5
        Margin of the rarest class, 0 or more.
    s : float, default=30.0
        Factor of the cosines, above 0.
    weight : array of shape (C,), default=None
        Weights of the classes, above 0.
    reduction : {"mean", "sum", "none"}, default="mean"
    ignore_index : int, default=-100

    Raises
    ------
    UsageError
        If an argument is out of range.

    References
    ----------
    K. Cao, C. Wei, A. Gaidon, N. Aréchiga and T. Ma, "Learning imbalanced datasets with
    label-distribution-aware margin loss", NeurIPS 2019.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import CosineHead, LDAMLoss
    >>> loss = LDAMLoss([810, 10])
    >>> loss.margins
    tensor([0.1667, 0.5000], dtype=torch.float64)
    >>> loss(CosineHead(4, 2)(torch.randn(6, 4)), torch.tensor([0, 0, 0, 0, 1, 1])).shape
    torch.Size([])
    """

    margins: Tensor
    weight: Tensor | None

    def __init__(
        self,
        counts: Any,
        max_margin: float = 0.5,
        s: float = 30.0,
        *,
        weight: Any = None,
        reduction: str = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction=reduction, ignore_index=ignore_index)
        self.s = check_number("s", s, open_low=True)
        self._hold("margins", _margins(counts, max_margin))
        self._hold("weight", None)
        self.reweigh(weight)

    @classmethod
    def from_counts(cls, counts: Any, **kwargs: Any) -> LDAMLoss:
        """Build from the rows of each class; the same as the class itself."""
        return cls(counts, **kwargs)

    @classmethod
    def from_labels(cls, labels: Any, *, classes: Any = None, **kwargs: Any) -> LDAMLoss:
        """Count the labels of the training rows.

        Parameters
        ----------
        labels, classes
            See :meth:`WeightedCrossEntropy.from_labels`.
        **kwargs
            As for the class.
        """
        return cls(count_classes(labels, classes, kwargs.get("ignore_index", -100)), **kwargs)

    def reweigh(self, weight: Any = None) -> None:
        """Put other weights in place, or none; see the base class."""
        held = None if weight is None else per_class("weight", weight).to(self.margins.device)
        if held is not None and len(held) != len(self.margins):
            raise UsageError(
                f"weight has {len(held)} entries, counts have {len(self.margins)}",
                remedy="give one per class, in the order of the counts",
            )
        self.weight = held

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item; see the base class."""
        return _ldam(
            logits,
            target,
            self.margins,
            self.s,
            self.weight,
            sample_weight,
            "none",
            self.ignore_index,
        )

    def extra_repr(self) -> str:
        """Show the parameters."""
        return f"s={self.s:g}, {super().extra_repr()}"
