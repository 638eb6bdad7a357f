"""Start training at the class prior: the bias of the last layer, and weights that stay out of its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from equipoise.errors import UsageError
from equipoise.schedules.labels import read_labels
from equipoise.schedules.layers import last_layer, other_owners
from equipoise.weights.ranges import check_number
from equipoise.weights.reading import as_array, read_codes

__all__ = ["LayerStart", "last_layer", "start_at_prior"]

Form = Literal["softmax", "sigmoid"]


@dataclass(frozen=True, eq=False)
class LayerStart:
    """What :func:`start_at_prior` set.

    Parameters
    ----------
    name : str
        Dotted name of the layer.
    form : {"softmax", "sigmoid"}
        What turns its outputs into probabilities.
    prior : ndarray, shape (C,), float64
        Probabilities that the network now gives every row; they sum to 1 for softmax.
    bias : ndarray, shape (C,), float64
        The bias before rounding to the layer's dtype.
    entropy : float
        Entropy of ``prior`` in nats, the mean over the labels for sigmoid.
    first_loss : float
        The loss of the first step with zero weights, summed over items with their weights and
        divided by the number of items. Without weights and empty classes it is ``entropy``.
    """

    name: str
    form: Form
    prior: NDArray[np.float64]
    bias: NDArray[np.float64]
    entropy: float
    first_loss: float


def start_at_prior(
    model: nn.Module,
    counts: Any = None,
    *,
    labels: Any = None,
    classes: int | Sequence[Any] | None = None,
    rows: float | None = None,
    form: Form | None = None,
    weights: Any = None,
    sampled: Any = None,
    head: nn.Module | str | None = None,
    shrink: float = 0.0,
) -> LayerStart:
    r"""Set the bias of the last layer so that the network starts by saying the prior.

    Without it the first steps are spent on learning how rare the classes are, and a rare class
    first gets large gradients from its many confident mistakes. With :math:`\pi_c` the share of
    class c and w its weight:

    =======  ======================================  =========================================
    form     bias                                    with weights
    =======  ======================================  =========================================
    softmax  :math:`\log \pi_c`                      :math:`\pi_c \propto w_c n_c`
    sigmoid  :math:`\log(\pi_c / (1 - \pi_c))`       :math:`\log(w_c \pi_c / (1 - \pi_c))`
    =======  ======================================  =========================================

    That is the bias which minimises the (weighted) cross-entropy of a constant. Other losses
    start there as well, though their own best constant may be another.

    Parameters
    ----------
    model : nn.Module
        Changed in place; call this after loading pretrained weights.
    counts : array-like, shape (C,) or (2, C), default=None
        Rows per class in the order of the outputs; for a single output those of 0 and of 1. For
        several labels per row the positives per label, with ``rows``; or negatives and positives.
    labels : tensor, array or list, shape (n,) or (n, C), default=None
        In place of counts: codes or names (sorted) of the classes, or a multi-hot matrix. -100,
        and NaN in a matrix, is not counted.
    classes : int or sequence, default=None
        The number of classes or their names in order, where ``labels`` do not show them all.
    rows : number, default=None
        The number of rows that positives per label were counted in.
    form : {"softmax", "sigmoid"}, default=None
        By default sigmoid for a single output, for a matrix of labels, for ``rows``, and where
        ``model.config.problem_type`` says multi-label; else softmax.
    weights : array-like, shape (C,), or number, default=None
        Class weights of the loss, or for sigmoid its ``pos_weight``.
    sampled : array-like or sampler, default=None
        Counts or shares after resampling, in the form of ``counts``; or the sampler that draws
        the rows, for its ``shares``. Used in place of ``counts`` and ``labels``.
    head : nn.Module or str, default=None
        The layer or its dotted name, where :func:`last_layer` cannot tell.
    shrink : float, default=0.0
        Factor for the weights of the layer. With 0 every row gets the prior at first; the layers
        below then have no gradient in the first step, and have one from the second.

    Returns
    -------
    LayerStart
        Name of the layer, prior, bias and the loss to expect in the first step.

    Raises
    ------
    UsageError
        The layer is not found, has no bias or shares its weights; or the numbers do not fit it.

    Notes
    -----
    A class without rows counts as half a row, or where shares are given half the smallest share,
    so that its logarithm is finite. A label that all rows carry lacks half a row likewise.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar, "Focal Loss for Dense Object
    Detection", ICCV 2017 (prior of the last bias).

    Examples
    --------
    >>> from torch import nn
    >>> from equipoise.schedules import start_at_prior
    >>> start = start_at_prior(nn.Sequential(nn.Linear(4, 3)), [90, 9, 1])
    >>> start.prior
    array([0.9 , 0.09, 0.01])
    >>> round(start.first_loss, 3)
    0.358
    """
    factor = check_number("shrink", shrink, remedy="pass 0 for zero weights, 1 to keep them")
    known = _known_width(model, head)
    table = _Table.read(model, counts, labels, classes, rows, form, sampled, known)
    name, layer = last_layer(model, table.widths(form), head=head)
    width = int(layer.weight.shape[0])  # type: ignore[index]
    form = _form(model, form, table, width)
    negatives, positives = table.sides(form, width)
    weight = _weights(weights, width, form)
    bias = _bias(negatives, positives, weight, form)
    _write(model, name, layer, bias, factor)
    log_prior, log_rest = _log_probabilities(bias, form)
    prior = np.exp(log_prior)
    loss = -(positives * weight * log_prior).sum()
    spread = -prior * log_prior
    if form == "sigmoid":
        loss -= (negatives * log_rest).sum()
        spread = spread - np.exp(log_rest) * log_rest
    items = positives.sum() + (negatives.sum() if form == "sigmoid" else 0.0)
    entropy = spread.sum() if form == "softmax" else spread.mean()
    return LayerStart(name, form, prior, bias, float(entropy), float(loss / items))


@dataclass(frozen=True)
class _Table:
    """Counts as they came: per class, or per label with the rows that do not carry it."""

    positives: NDArray[np.float64]
    negatives: NDArray[np.float64] | None = None

    @classmethod
    def read(
        cls,
        model: nn.Module,
        counts: Any,
        labels: Any,
        classes: int | Sequence[Any] | None,
        rows: float | None,
        form: Form | None,
        sampled: Any,
        known: int | None,
    ) -> _Table:
        if form not in (None, "softmax", "sigmoid"):
            raise UsageError(f"form={form!r} is unknown", remedy="use 'softmax' or 'sigmoid'")
        if (counts is not None) + (labels is not None) + (sampled is not None) == 0:
            raise UsageError("no counts are given", remedy="pass counts=, labels= or sampled=")
        if sampled is None and counts is not None and labels is not None:
            raise UsageError("counts= and labels= are both given", remedy="pass one of them")
        if hasattr(sampled, "shares"):
            shares = _numbers(sampled.shares, "the sampler's shares")
            many = getattr(sampled, "multi_label", False)
            return cls(shares, 1.0 - shares) if many else cls(shares)
        if sampled is None and labels is not None:
            return cls._of_labels(labels, classes, known)
        table = _numbers(counts if sampled is None else sampled, "counts")
        if table.ndim == 2:
            if table.shape[0] != 2:
                raise UsageError(
                    f"counts of shape {table.shape} are not negatives and positives",
                    remedy="pass shape (C,), or (2, C): a row of negatives, a row of positives",
                )
            return cls(table[1], table[0])
        if rows is None:
            if _says_multi_label(model, form) and len(table) != 2:
                raise UsageError(
                    "positives per label are given without the number of rows",
                    remedy="add rows=, or pass a row of negatives and a row of positives",
                )
            return cls(table)
        negatives = check_number("rows", rows, remedy="pass the number of rows counted") - table
        if (negatives < 0).any():
            c = int(negatives.argmin())
            raise UsageError(
                f"label {c} has {table[c]:g} positives in {rows:g} rows",
                remedy="pass all rows in rows=, positive or not",
            )
        return cls(table, negatives)

    @classmethod
    def _of_labels(cls, labels: Any, classes: Any, known: int | None) -> _Table:
        values = as_array(labels)
        if values.ndim == 2 and values.dtype.kind in "iufb":
            ignored = np.isnan(values) | (values == -100)
            hot, _ = read_labels(np.where(ignored, 0, values), classes)
            positives = hot.sum(axis=0, dtype=np.float64)
            return cls(positives, (~ignored).sum(axis=0) - positives)
        codes, names = read_codes(values, classes, ignore_index=-100)
        # Codes do not tell of classes above the largest one seen; the network does.
        wider = known if classes is None and values.dtype.kind in "iufb" and known else 0
        wider = max(wider, 2) if len(names) == 1 else wider
        width = max(wider, len(names))
        return cls(np.bincount(codes, minlength=width).astype(np.float64))

    def widths(self, form: Form | None) -> set[int]:
        width = len(self.positives)
        binary = self.negatives is None and width == 2 and form != "softmax"
        return {1, width} if binary else {width}

    def sides(self, form: Form, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return negatives and positives of every output."""
        positives, negatives = self.positives, self.negatives
        if negatives is None and width == 1 and len(positives) == 2:
            negatives, positives = positives[:1], positives[1:]
        elif negatives is None:
            negatives = positives.sum() - positives
        if len(positives) != width:
            raise UsageError(
                f"there are counts of {len(positives)} classes, the head has {width} outputs",
                remedy=f"pass {width} counts in the order of the outputs",
            )
        if positives.sum() <= 0 and (form == "softmax" or negatives.sum() <= 0):
            raise UsageError("there are no rows to take a prior from", remedy="pass counts above 0")
        if form == "softmax" and self.negatives is not None:
            raise UsageError(
                "softmax takes one class per row, the counts are of several labels per row",
                remedy="pass class codes, such as labels=Y.argmax(1), or form='sigmoid'",
            )
        return negatives, positives


def _says_multi_label(model: nn.Module, form: Form | None) -> bool:
    problem = getattr(getattr(model, "config", None), "problem_type", None)
    return form == "sigmoid" or (form is None and problem == "multi_label_classification")


def _known_width(model: nn.Module, head: nn.Module | str | None) -> int | None:
    if head is not None:
        _, layer = last_layer(model, head=head)
        return int(layer.weight.shape[0])  # type: ignore[index]
    width = getattr(getattr(model, "config", None), "num_labels", None)
    return width if isinstance(width, int) else None


def _form(model: nn.Module, form: Form | None, table: _Table, width: int) -> Form:
    problem = getattr(getattr(model, "config", None), "problem_type", None)
    if form is None and problem == "regression":
        raise UsageError(
            "the model's config says problem_type='regression', which has no class prior",
            remedy="set model.config.problem_type, or pass form='softmax' or form='sigmoid'",
        )
    if form == "softmax" and width == 1:
        raise UsageError(
            "softmax over a single output is always 1",
            remedy="use form='sigmoid', or a head with two outputs",
        )
    several = table.negatives is not None or problem == "multi_label_classification"
    return form or ("sigmoid" if width == 1 or several else "softmax")


def _bias(
    negatives: NDArray[np.float64],
    positives: NDArray[np.float64],
    weight: NDArray[np.float64],
    form: Form,
) -> NDArray[np.float64]:
    sides = positives if form == "softmax" else np.concatenate([negatives, positives])
    least = min(0.5, sides[sides > 0].min() / 2)
    up = np.log(weight) + np.log(np.maximum(positives, least))
    out: NDArray[np.float64]
    if form == "softmax":
        out = up - np.logaddexp.reduce(up)
    else:
        out = up - np.log(np.maximum(negatives, least))
    return out


def _log_probabilities(
    bias: NDArray[np.float64], form: Form
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if form == "softmax":
        return bias, bias
    return -np.logaddexp(0.0, -bias), -np.logaddexp(0.0, bias)


def _weights(weights: Any, width: int, form: Form) -> NDArray[np.float64]:
    if weights is None:
        return np.ones(width)
    table = np.asarray(weights) if np.isscalar(weights) else as_array(weights)
    if table.ndim == 0 or (table.shape == (1,) and form == "sigmoid"):
        table = np.full(width, table.reshape(()))
    table = _numbers(table, "weights")
    if table.shape != (width,) or not (table > 0).all():
        raise UsageError(
            f"weights {table.tolist()} do not fit a head with {width} outputs",
            remedy=f"pass {width} weights above 0 in the order of the outputs",
        )
    return table


def _write(
    model: nn.Module, name: str, layer: nn.Module, bias: NDArray[np.float64], factor: float
) -> None:
    where = f"model.{name}" if name else "the head"
    weight, old = layer._parameters.get("weight"), layer._parameters.get("bias")
    if old is None:
        raise UsageError(
            f"the head {name or type(layer).__name__!r} has no bias to hold the prior",
            remedy=f"give it one first: {where}.bias = torch.nn.Parameter(torch.zeros({len(bias)}))",
        )
    if weight is None or weight.is_meta or old.is_meta or old.numel() != len(bias):
        raise UsageError(
            f"the weights of {where} are computed, not loaded or on other devices",
            remedy="load the weights first, call this before the model is sharded, and remove "
            "parametrizations",
        )
    owners = other_owners(model, weight)
    if factor != 1 and owners:
        raise UsageError(
            f"the weights of {where} are also {', '.join(owners)}: scaling changes them all",
            remedy="untie them, or pass shrink=1",
        )
    with torch.no_grad():
        # A product would keep what is not finite.
        weight.zero_() if factor == 0 else weight.mul_(factor)
        old.copy_(torch.as_tensor(bias, dtype=torch.float64).to(old))


def _numbers(values: Any, name: str) -> NDArray[np.float64]:
    try:
        table = as_array(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} are no numbers: {values!r}", remedy="pass C numbers") from error
    if table.size == 0 or table.ndim == 0 or not (np.isfinite(table) & (table >= 0)).all():
        raise UsageError(
            f"{name} {table.tolist()} are not all numbers from 0", remedy="pass one per class"
        )
    return table
