"""What a loss computes: numbers per item, how they are reduced, and their gradients."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

from equipoise.extras import load_extra
from equipoise.testing.tables import promise, refusal

__all__ = [
    "Batch",
    "check_adds_up_over_parts",
    "check_extreme_logits",
    "check_gradient",
    "check_ignored_items",
    "check_no_rows",
    "check_prior_offset",
    "check_reductions",
    "check_right_is_better",
    "check_rows_do_not_mix",
    "check_sample_weight",
    "check_terms",
    "like",
]


class Batch:
    """Random items that suit a loss, the same for the same loss.

    Parameters
    ----------
    kind : {"classes", "labels"}
        What the targets are.
    n_classes : int
        Columns of the logits.
    rows : int, default=32
    """

    def __init__(self, kind: str, n_classes: int, rows: int = 32) -> None:
        self.torch: Any = load_extra("torch", "torch", "equipoise.testing.check_loss")
        self.kind, self.n_classes, self.rows = kind, n_classes, rows
        draw = self.torch.Generator().manual_seed(0)
        shape = (rows, n_classes)
        self.logits = self.torch.randn(shape, generator=draw, dtype=self.torch.float64)
        if kind == "classes":
            self.target = self.torch.arange(rows) % n_classes
        else:
            self.target = (self.torch.rand(shape, generator=draw) < 0.4).double()
        self.weight = self.torch.rand(rows, generator=draw, dtype=self.torch.float64) + 0.1

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of the losses of the items."""
        return (self.rows,) if self.kind == "classes" else (self.rows, self.n_classes)

    def with_ignored(self, loss: Any) -> tuple[Any, Any]:
        """Return targets with some rows left out, unevenly over parts, and which items those are."""
        ignored = self.torch.zeros(self.item_shape, dtype=self.torch.bool)
        ignored[:5] = True
        ignored[11] = True
        target = self.target.clone()
        target[ignored] = loss.ignore_index
        return target, ignored


def like(got: Any, expected: Any, what: str, *, tolerance: float = 1e-9) -> None:
    """Require two tensors to agree, absolutely below 1 and relatively above."""
    promise(tuple(got.shape) == tuple(expected.shape), f"{what}: shape {tuple(got.shape)}")
    gap = (got.detach().double() - expected.detach().double()).abs()
    size = expected.detach().double().abs().clamp(min=1.0)
    worst = float((gap / size).max()) if gap.numel() else 0.0
    promise(worst <= tolerance, f"{what}: off by {worst:.3g}")


def _reducing(loss: Any, reduction: str) -> Any:
    other = copy.deepcopy(loss)
    other.reduction = reduction
    return other


def check_terms(loss: Any, batch: Batch) -> None:
    """Give one number per item, in float32 at least, and float64 for float64."""
    torch = batch.torch
    for given, expected in (
        (torch.float64, torch.float64),
        (torch.float32, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
    ):
        terms = loss.terms(batch.logits.to(given), batch.target)
        promise(terms.dtype == expected, f"terms are {terms.dtype} for {given} logits")
        promise(tuple(terms.shape) == batch.item_shape, f"terms have shape {tuple(terms.shape)}")
        promise(bool(torch.isfinite(terms).all()), f"terms are not finite for {given} logits")


def check_reductions(loss: Any, batch: Batch) -> None:
    """Divide the sum by the number of items for "mean", never by weights."""
    target, ignored = batch.with_ignored(loss)
    terms = loss.terms(batch.logits, target, sample_weight=batch.weight)
    for reduction, expected in (
        ("none", terms),
        ("sum", terms.sum()),
        ("mean", terms.sum() / (~ignored).sum()),
    ):
        got = _reducing(loss, reduction)(batch.logits, target, sample_weight=batch.weight)
        like(got, expected, f"reduction {reduction!r}")


def check_adds_up_over_parts(loss: Any, batch: Batch) -> None:
    """Make the mean of a batch the mean of its parts, weighted by their items; gradients too."""
    torch, mean = batch.torch, _reducing(loss, "mean")
    target, ignored = batch.with_ignored(loss)
    whole, parts = (batch.logits.clone().requires_grad_() for _ in range(2))
    total = mean(whole, target, sample_weight=batch.weight)
    total.backward()
    added = torch.zeros(())
    for start in range(0, batch.rows, 8):
        cut = slice(start, start + 8)
        share = (~ignored[cut]).sum() / (~ignored).sum()
        part = share * mean(parts[cut], target[cut], sample_weight=batch.weight[cut])
        part.backward()
        added = added + part.detach()
    like(added, total, "the mean over parts", tolerance=1e-6)
    like(parts.grad, whole.grad, "the gradient over parts", tolerance=1e-6)


def check_rows_do_not_mix(loss: Any, batch: Batch) -> None:
    """Give a row the loss that it has alone."""
    terms = loss.terms(batch.logits, batch.target)
    for row in (0, 7):
        cut = slice(row, row + 1)
        like(loss.terms(batch.logits[cut], batch.target[cut]), terms[cut], "a row alone")


def check_ignored_items(loss: Any, batch: Batch) -> None:
    """Give ignored items neither loss nor gradient, whatever their logits are."""
    torch = batch.torch
    target, ignored = batch.with_ignored(loss)
    logits = batch.logits.clone()
    logits[ignored] = float("nan")
    logits.requires_grad_()
    terms = loss.terms(logits, target, sample_weight=batch.weight)
    promise(bool((terms[ignored] == 0).all()), "ignored items have a loss")
    terms.sum().backward()
    promise(bool((logits.grad[ignored] == 0).all()), "ignored items have a gradient")
    kept = loss.terms(batch.logits, batch.target, sample_weight=batch.weight)[~ignored]
    like(terms[~ignored], kept, "items beside ignored ones")
    nothing = torch.full_like(batch.target, loss.ignore_index)
    logits = batch.logits.clone().requires_grad_()
    empty = _reducing(loss, "mean")(logits, nothing)
    empty.backward()
    promise(float(empty.detach()) == 0, f"the mean of no items is {float(empty.detach())}, not 0")
    promise(bool((logits.grad == 0).all()), "the mean of no items has a gradient")


def check_no_rows(loss: Any, batch: Batch) -> None:
    """Give 0 for a batch without rows."""
    got = _reducing(loss, "mean")(batch.logits[:0], batch.target[:0])
    promise(float(got) == 0, f"a batch without rows has the loss {float(got)}")


def check_sample_weight(loss: Any, batch: Batch) -> None:
    """Multiply the loss of an item by its weight, given by row or by item."""
    terms = loss.terms(batch.logits, batch.target)
    column = batch.weight.reshape(-1, *[1] * (terms.ndim - 1))
    expected = column * terms
    for given in (batch.weight, batch.weight.tolist(), column.expand(terms.shape)):
        got = loss.terms(batch.logits, batch.target, sample_weight=given)
        like(got, expected, "weighted items", tolerance=1e-6)
    for wrong in (batch.weight[:-1], -batch.weight):
        refusal(
            partial(loss.terms, batch.logits, batch.target, sample_weight=wrong),
            "sample weights that are too few or below 0",
        )


def check_gradient(loss: Any, batch: Batch) -> None:
    """Have the gradient that finite differences give."""
    logits, target = batch.logits[:6].clone().requires_grad_(), batch.target[:6]
    good = batch.torch.autograd.gradcheck(
        lambda z: loss.terms(z, target), (logits,), raise_exception=False
    )
    promise(good, "the gradient is not that of finite differences")


def check_extreme_logits(loss: Any, batch: Batch) -> None:
    """Stay finite, with a finite gradient, for logits of 60 and -60 in any precision."""
    torch = batch.torch
    signs = torch.where(batch.logits > 0, 60.0, -60.0)
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        logits = signs.to(dtype).detach().clone().requires_grad_()
        terms = loss.terms(logits, batch.target)
        terms.sum().backward()
        promise(bool(torch.isfinite(terms).all()), f"the loss is not finite in {dtype}")
        promise(bool(torch.isfinite(logits.grad).all()), f"the gradient is not finite in {dtype}")
        exact = loss.terms(logits.detach().double(), batch.target)
        like(terms, exact, f"the loss in {dtype}", tolerance=1e-4)


def check_right_is_better(loss: Any, batch: Batch) -> None:
    """Give right logits a lower loss than wrong ones."""
    if batch.kind == "classes":
        shape = batch.logits.shape
        right = batch.torch.zeros(shape).scatter(1, batch.target.unsqueeze(1), 1.0)
    else:
        right = 2 * batch.target - 1
    good = loss.terms(6 * right, batch.target).sum()
    bad = loss.terms(-6 * right, batch.target).sum()
    promise(bool(good < bad), f"right logits cost {float(good):.4g}, wrong ones {float(bad):.4g}")


def check_prior_offset(loss: Any, batch: Batch) -> None:
    """Have an offset that undoes what the loss does to known probabilities, or none."""
    torch, offset = batch.torch, loss.prior_offset
    if offset is None:
        return
    promise(tuple(offset.shape) == (batch.n_classes,), f"prior_offset: {tuple(offset.shape)}")
    promise(offset.dtype == torch.float64 and offset.device.type == "cpu", "prior_offset: dtype")
    share = torch.linspace(1.0, 2.0, batch.n_classes, dtype=torch.float64)
    z = torch.zeros(1, batch.n_classes, dtype=torch.float64, requires_grad=True)
    if batch.kind == "classes":
        promise(abs(float(offset.mean())) < 1e-6, "prior_offset is not centred")
        share = share / share.sum()
        targets = torch.arange(batch.n_classes)
        chances = share
    else:
        share = share / 4
        targets = torch.tensor([[1.0], [0.0]]).expand(2, batch.n_classes)
        chances = torch.stack([share, 1 - share])
    steps = torch.optim.LBFGS(
        [z],
        max_iter=200,
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def expected() -> Any:
        steps.zero_grad()
        total = (chances * loss.terms(z.expand(len(targets), -1), targets)).sum()
        total.backward()
        return total

    steps.step(expected)
    moved = z.detach()[0] - offset
    found = moved.softmax(0) if batch.kind == "classes" else moved.sigmoid()
    like(found, share, "probabilities less the prior_offset", tolerance=1e-4)
