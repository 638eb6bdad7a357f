"""What a loss is given, checked, and how the losses of items become one number."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from equipoise.errors import UsageError

__all__ = [
    "REDUCTIONS",
    "Items",
    "check_reduction",
    "class_items",
    "finish",
    "kept_of",
    "label_items",
    "reduce",
    "to_terms",
]

REDUCTIONS = ("mean", "sum", "none")
_LOW = (torch.float16, torch.bfloat16)


class Items(NamedTuple):
    """Logits in single precision or better, targets without ignored values, and what is kept."""

    logits: Tensor
    target: Tensor
    kept: Tensor


def check_reduction(reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> str:
    """Return the reduction, or say which there are."""
    if reduction not in allowed:
        hint = "only WeightedCrossEntropy has it; " if reduction == "weighted-mean" else ""
        raise UsageError(
            f"reduction={reduction!r} is not known here",
            remedy=f"{hint}use one of {', '.join(allowed)}",
        )
    return reduction


def _captured() -> bool:
    """Tell whether a graph is being recorded, in which values cannot be looked at."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()


def _check_logits(logits: Any) -> Tensor:
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise UsageError(
            f"logits are {kind}, not floating point numbers",
            remedy="pass the tensor of raw scores of the last layer, before softmax or sigmoid",
        )
    return logits.float() if logits.dtype in _LOW else logits


def kept_of(target: Tensor, ignore_index: int) -> Tensor:
    """Tell which items count."""
    if target.dtype == torch.bool:
        return torch.ones_like(target)
    # A negative number compared with unsigned codes would wrap around.
    codes = target if target.is_floating_point() else target.long()
    return codes != ignore_index


def class_items(
    logits: Tensor, target: Any, *, ignore_index: int = -100, lengths: dict[str, int | None]
) -> Items:
    """Check logits (N, C, d1, ...) against class codes (N, d1, ...).

    ``lengths`` names arguments that hold one number per class.
    """
    z = _check_logits(logits)
    if z.ndim < 2 or z.shape[1] < 2:
        raise UsageError(
            f"logits have the shape {tuple(z.shape)}, not one column per class",
            remedy="pass (N, C) with C of 2 or more; one column is for a sigmoid loss such as WeightedBCE",
        )
    if not isinstance(target, Tensor) or target.is_floating_point() or target.is_complex():
        kind = target.dtype if isinstance(target, Tensor) else type(target).__name__
        raise UsageError(
            f"targets are {kind}, not class codes",
            remedy="pass a tensor of integers 0..C-1: target.argmax(1) of one-hot rows, "
            "or a loss for several labels a row such as WeightedBCE",
        )
    expected = (z.shape[0], *z.shape[2:])
    if tuple(target.shape) != expected:
        raise UsageError(
            f"targets have the shape {tuple(target.shape)}, logits {tuple(z.shape)}",
            remedy=f"pass one class code per item, shape {expected}",
        )
    classes = z.shape[1]
    for name, length in lengths.items():
        if length is not None and length != classes:
            raise UsageError(
                f"{name} has {length} entries, logits have {classes} columns",
                remedy="give one per class, in the order of the columns",
            )
    y = target.long()
    kept = kept_of(y, ignore_index)
    if not _captured():
        wrong = kept & ((y < 0) | (y >= classes))
        if bool(wrong.any()):
            raise UsageError(
                f"class code {int(y[wrong][0])} is outside 0..{classes - 1}",
                remedy=f"number the classes from 0, or mark items to be left out by {ignore_index}",
            )
        if bool(kept.all()):
            return Items(z, y, kept)
    # Whatever stands at ignored items, not a number included, must not reach the gradient.
    return Items(z.masked_fill(~kept.unsqueeze(1), 0.0), y.masked_fill(~kept, 0), kept)


def label_items(
    logits: Tensor, target: Any, *, ignore_index: int = -100, lengths: dict[str, int | None]
) -> Items:
    """Check logits (N, C), (N, 1) or (N,) against labels in [0, 1] of the same shape.

    ``lengths`` names arguments that hold one number per label; 1 fits any.
    """
    z = _check_logits(logits)
    if z.ndim not in (1, 2):
        raise UsageError(
            f"logits have the shape {tuple(z.shape)}",
            remedy="pass (N, C), one column per label, or (N,) or (N, 1) for two classes",
        )
    if not isinstance(target, Tensor) or target.is_complex():
        raise UsageError(
            f"targets are {type(target).__name__}",
            remedy="pass a tensor of 0 and 1, shaped as logits",
        )
    columns = z.shape[1] if z.ndim == 2 else 1
    if tuple(target.shape) != tuple(z.shape):
        if columns != 1 or target.shape not in ((z.shape[0],), (z.shape[0], 1)):
            hint = (
                "; class codes need one-hot rows, or a softmax loss such as WeightedCrossEntropy"
                if target.ndim == 1 and not target.is_floating_point()
                else ""
            )
            raise UsageError(
                f"targets have the shape {tuple(target.shape)}, logits {tuple(z.shape)}",
                remedy=f"pass one 0 or 1 for every logit{hint}",
            )
        target = target.reshape(z.shape)
    for name, length in lengths.items():
        if length not in (None, 1, columns):
            raise UsageError(
                f"{name} has {length} entries, logits have {columns} columns",
                remedy="give one per label, in the order of the columns, or one for all",
            )
    kept = kept_of(target, ignore_index)
    y = target.to(z.dtype)
    if not _captured():
        wrong = kept & ~((y >= 0) & (y <= 1))
        if bool(wrong.any()):
            raise UsageError(
                f"a label is {float(y[wrong][0]):g}, outside [0, 1]",
                remedy=f"pass 0 and 1, or mark items to be left out by {ignore_index}",
            )
        if bool(kept.all()):
            return Items(z, y, kept)
    return Items(z.masked_fill(~kept, 0.0), y.masked_fill(~kept, 0.0), kept)


def to_terms(values: Tensor, like: Tensor) -> Tensor:
    """Bring weights to the device and precision of the logits."""
    return values.to(device=like.device, dtype=like.dtype)


def _spread(sample_weight: Any, terms: Tensor) -> Tensor:
    """Give every item the weight of its row, or its own."""
    weight = torch.as_tensor(sample_weight)
    full, rows = tuple(terms.shape), tuple(terms.shape[:1])
    if tuple(weight.shape) not in (full, rows):
        raise UsageError(
            f"sample_weight has the shape {tuple(weight.shape)}",
            remedy=f"give one per row, {rows}, or one per item, {full}",
        )
    if not _captured():
        wrong = ~((weight >= 0) & torch.isfinite(weight))
        if bool(wrong.any()):
            raise UsageError(
                f"a sample weight is {float(weight[wrong][0]):g}",
                remedy="give finite weights of 0 or more",
            )
    weight = to_terms(weight, terms)
    if weight.shape != terms.shape:
        weight = weight.reshape(-1, *[1] * (terms.ndim - 1))
    return weight


def reduce(terms: Tensor, kept: Tensor, reduction: str) -> Tensor:
    """Sum, average over the items that are kept, or leave as they are."""
    if reduction == "none":
        return terms
    total = terms.sum()
    if reduction == "sum":
        return total
    return total / kept.sum().clamp(min=1).to(terms.dtype)


def finish(terms: Tensor, kept: Tensor, sample_weight: Any, reduction: str) -> Tensor:
    """Weigh the losses of items, drop the ignored ones, reduce."""
    if sample_weight is not None:
        terms = terms * _spread(sample_weight, terms)
    return reduce(terms.masked_fill(~kept, 0.0), kept, reduction)
