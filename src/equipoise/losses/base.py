"""What every loss of this room is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from equipoise.errors import UsageError
from equipoise.losses.items import REDUCTIONS, check_reduction, kept_of, reduce

__all__ = ["ImbalanceLoss", "Reweighable"]


class ImbalanceLoss(nn.Module):
    """Base of the losses: a number per item, and how these become one.

    To write a loss, derive from this class, say in ``target`` what it takes, and compute in
    :meth:`terms` the loss of every item; :func:`equipoise.testing.check_loss` tells whether it
    keeps the promises below.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of items that are not ignored, never by a sum of
        weights: so the mean over a batch is the mean over its parts, weighted by their items.
    ignore_index : int, default=-100
        Targets of this value do not count: their loss and gradient are 0.

    Attributes
    ----------
    target : {"classes", "labels", "numbers"}
        ``"classes"``: logits (N, C, d1, ...) and int64 class codes (N, d1, ...), for softmax.
        ``"labels"``: logits (N, C), (N, 1) or (N,) and 0, 1 or bool of the same shape, for sigmoid.
        ``"numbers"``: predictions (N,) or (N, 1) and as many numbers, NaN where a row does not count.
    prior_offset : Tensor of shape (C,), float64, on the host, or None
        By how much training with the loss moves each class, in log-odds. Subtract it from logits
        or log-probabilities to be back at the prior of the data:
        :func:`equipoise.decisions.correct`. Centred to mean 0 over classes; per label for
        ``"labels"``, where it is subtracted from the logit. None where there is nothing to
        subtract: the loss moves nothing, or does more than to move the prior.

    Notes
    -----
    Losses are computed and returned in float32, or in float64 for float64 logits. Weights and
    counts are buffers in float64: they follow ``.to(device)``, are part of ``state_dict()``, and
    keep their precision when a model is cast to half. Class weights that
    :class:`equipoise.schedules.DeferredReweighting` looks after follow from the epoch, and are no
    part of ``state_dict()``.

    Examples
    --------
    >>> import torch
    >>> from equipoise.losses import ImbalanceLoss
    >>> class Hinge(ImbalanceLoss):
    ...     target = "labels"
    ...
    ...     def terms(self, logits, target, *, sample_weight=None):
    ...         loss = (1 - (2 * target - 1) * logits.float()).clamp(min=0)
    ...         loss = loss * (target != self.ignore_index)
    ...         return loss if sample_weight is None else loss * sample_weight
    >>> Hinge()(torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, -100.0]))
    tensor(1.)
    """

    target: Literal["classes", "labels", "numbers"] = "classes"
    _reductions: tuple[str, ...] = REDUCTIONS

    def __init__(self, *, reduction: str = "mean", ignore_index: int = -100) -> None:
        super().__init__()
        self.reduction = check_reduction(reduction, self._reductions)
        self.ignore_index = int(ignore_index)

    def terms(self, logits: Tensor, target: Tensor, *, sample_weight: Any = None) -> Tensor:
        """Compute the loss of every item.

        Parameters
        ----------
        logits : Tensor, shape (N, C, d1, ...), (N, C), (N, 1) or (N,)
            Raw scores, any floating point dtype.
        target : Tensor
            Class codes, or 0 and 1; see ``target`` of the class.
        sample_weight : array of shape (N,), or of the shape of the result, optional
            Finite factors of 0 or more.

        Returns
        -------
        Tensor, shape of ``target`` for classes, of ``logits`` for labels
            0 at ignored items.
        """
        raise NotImplementedError

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        *,
        sample_weight: Any = None,
        num_items_in_batch: Any = None,
    ) -> Tensor:
        """Compute the loss of every item and reduce; parameters as in :meth:`terms`.

        ``num_items_in_batch`` is what the Trainer of Hugging Face hands over, which needs
        :func:`equipoise.integrations.hf.trainer_loss` between it and the loss.
        """
        if num_items_in_batch is not None:
            kind = type(self).__name__
            raise UsageError(
                f"{kind} takes logits and targets, and compute_loss_func= hands it outputs and "
                "num_items_in_batch",
                remedy=f"wrap it: compute_loss_func=trainer_loss({kind}(...)), with trainer_loss of "
                "equipoise.integrations.hf",
            )
        return self._reduced(logits, target, sample_weight)

    def _reduced(self, logits: Tensor, target: Tensor, sample_weight: Any) -> Tensor:
        terms = self.terms(logits, target, sample_weight=sample_weight)
        return reduce(terms, kept_of(target, self.ignore_index), self.reduction)

    @property
    def prior_offset(self) -> Tensor | None:
        """By how much training moves each class, in log-odds, or None."""
        return None

    def extra_repr(self) -> str:
        """Show how losses are reduced."""
        return f"reduction={self.reduction!r}"

    def _hold(self, name: str, values: Tensor | None) -> None:
        self.register_buffer(name, None if values is None else values.detach().clone())

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ImbalanceLoss:
        exact = {
            name: held
            for name, held in self._buffers.items()
            if held is not None and held.dtype == torch.float64 and not held.is_meta
        }
        if exact and fn(torch.zeros(0)).device.type == "mps":  # has no float64
            self._buffers.update({name: held.float() for name, held in exact.items()})
            exact = {}
        super()._apply(fn, recurse)
        for name, held in exact.items():
            moved = self._buffers[name]
            if moved is not None and moved.dtype != held.dtype:
                self._buffers[name] = held.to(moved.device)
        return self


class Reweighable(ImbalanceLoss):
    """A loss that holds class weights, or none, and may be given others while it is trained."""

    weight: Tensor | None

    def reweigh(self, weight: Any = None) -> None:
        """Put other weights in place, or none, such as late in training.

        Parameters
        ----------
        weight : array of shape (C,), optional
            Weights above 0, such as of :func:`equipoise.weights.class_weights`.
        """
        raise NotImplementedError

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *others: Any, **more: Any
    ) -> None:
        held = state_dict.get(f"{prefix}weight")
        if "weight" in self._non_persistent_buffers_set:
            # A schedule puts them in place. The state may be that of a run without it.
            state_dict.pop(f"{prefix}weight", None)
        elif held is not None and self.weight is None:
            # Weights that came while the saved loss was trained; those of a new one come with it.
            self.weight = torch.empty_like(held)
        super()._load_from_state_dict(state_dict, prefix, *others, **more)
