"""A loss in the form in which the Trainer takes one."""

from __future__ import annotations

from typing import Any

import torch

from equipoise.errors import UsageError

__all__ = ["TrainerLoss", "find_logits", "items", "trainer_loss"]

IGNORED = -100
_WRAP = {
    "CrossEntropyLoss": "equipoise.losses.WeightedCrossEntropy(weight=...)",
    "BCEWithLogitsLoss": "equipoise.losses.WeightedBCE(pos_weight=...)",
    "MultiLabelSoftMarginLoss": "equipoise.losses.WeightedBCE(pos_weight=...)",
}


def trainer_loss(loss: Any) -> TrainerLoss:
    r"""Turn a loss into what ``Trainer(compute_loss_func=...)`` asks for.

    With items i of one micro-batch, their weights :math:`w_i` and losses :math:`l_i`, and n items in
    all micro-batches of the optimizer step, on all ranks:

    .. math:: f = \sum_i w_i l_i / n

    The sum of f over the micro-batches is the loss of the whole batch, so the gradient does not
    depend on how the batch is split. Neither a mean over each micro-batch nor one divided by its
    sum of weights has that property. Items are labels other than -100: rows, tokens, or, where the
    labels are multi-hot, elements (a batch of B rows and C labels has B C).

    Parameters
    ----------
    loss : ImbalanceLoss
        Any of ``equipoise.losses``, with ``reduction="mean"`` and ``ignore_index=-100``; or an object
        with a method ``terms(logits, target, sample_weight=None)``, which gives the loss of each
        item unreduced, and an attribute ``target``, "classes" or "labels".

    Returns
    -------
    callable
        ``f(outputs, labels, num_items_in_batch=None, *, sample_weight=None)``, a scalar tensor.
        ``outputs`` is what the model returned: a ``ModelOutput``, dict or tuple. Without
        ``num_items_in_batch`` the items of this call are counted. ``sample_weight`` holds the
        :math:`w_i`: one a row, shape (B,), or one an item, of the shape of ``labels``.

    Raises
    ------
    UsageError
        The loss has no unreduced form, or reduces in a way that does not add up over micro-batches.
        When called: there are no logits or labels, or the labels do not fit the loss.

    Notes
    -----
    The Trainer multiplies the result by the number of ranks where it counted items over all of them
    (``average_tokens_across_devices``), since the average of gradients over ranks divides by it:
    nothing is to be done here. With ``compute_loss_func`` the Trainer ignores
    ``label_smoothing_factor`` without a word; :class:`ImbalanceTrainer` refuses it.

    Examples
    --------
    >>> import torch
    >>> from equipoise.integrations.hf import trainer_loss
    >>> from equipoise.losses import WeightedCrossEntropy
    >>> f = trainer_loss(WeightedCrossEntropy.from_counts([3, 1]))
    >>> outputs = {"logits": torch.zeros(4, 2)}
    >>> round(float(f(outputs, torch.tensor([0, 0, 0, 1]))), 4)
    0.6931
    """
    if isinstance(loss, TrainerLoss):
        return loss
    return TrainerLoss(loss)


class TrainerLoss:
    """What :func:`trainer_loss` returns."""

    def __init__(self, loss: Any) -> None:
        _check_loss(loss)
        self.loss = loss
        self.target: str = loss.target

    def __repr__(self) -> str:
        return f"trainer_loss({self.loss!r})"

    def __call__(
        self,
        outputs: Any,
        labels: torch.Tensor | None,
        num_items_in_batch: torch.Tensor | int | None = None,
        *,
        sample_weight: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the share of one micro-batch in the loss of an optimizer step."""
        found = find_logits(outputs)
        logits, target = items(found, labels, self.target)
        if sample_weight is not None and labels is not None:
            sample_weight = _spread(sample_weight, labels.shape, target, len(found))
        total: torch.Tensor = self.loss.terms(logits, target, sample_weight=sample_weight).sum()
        return total / _count(num_items_in_batch, target, total)


def _count(
    given: torch.Tensor | int | None, labels: torch.Tensor, like: torch.Tensor
) -> torch.Tensor | int:
    if given is None:
        return labels.ne(IGNORED).sum().clamp(min=1)
    if not isinstance(given, torch.Tensor):
        return max(given, 1)
    # DataParallel repeats the count for each replica and averages what is computed here, on the
    # outputs of all, as many times: the sum makes up for both.
    return given.sum().to(like.device).clamp(min=1)


def find_logits(outputs: Any) -> torch.Tensor:
    """Return the logits in what a model gave: a mapping, or a tuple with or without a loss before them."""
    if isinstance(outputs, dict):
        logits = outputs.get("logits")
        named = ", ".join(map(repr, outputs)) or "nothing"
    else:
        parts = list(outputs) if isinstance(outputs, tuple | list) else [outputs]
        shaped = [part for part in parts if isinstance(part, torch.Tensor) and part.dim() >= 2]
        logits = shaped[0] if shaped else None
        named = ", ".join(type(part).__name__ for part in parts) or "nothing"
    if not isinstance(logits, torch.Tensor):
        raise UsageError(
            f"the model returned no logits but {named}",
            remedy="train a model with a classification head, such as AutoModelForSequenceClassification",
        )
    return logits


def items(
    logits: torch.Tensor, labels: torch.Tensor | None, target: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bring logits (..., C) and labels to the shapes of a loss.

    "classes": (n, C) and int64 (n,), whatever stood before, so that tokens become rows.
    "labels": both as they are.
    """
    if labels is None:
        raise UsageError(
            "the batch has no labels, so there is nothing to compute the loss from",
            remedy="name the label column 'labels' (or 'label'), and let the collator keep it",
        )
    n_classes = logits.shape[-1]
    shown = f"{str(labels.dtype).removeprefix('torch.')} of shape {tuple(labels.shape)}"
    if target == "labels":
        if not (labels.is_floating_point() or labels.dtype == torch.bool):
            raise UsageError(
                f"the labels are {shown}, but this loss is one of several labels a row: it takes "
                f"floats of the shape of the logits, {tuple(logits.shape)}",
                remedy="give multi-hot rows as floats (labels.float()), or use a loss of classes "
                "such as WeightedCrossEntropy for class codes",
            )
        if labels.numel() == logits.numel() and n_classes == 1:
            labels = labels.reshape(logits.shape)
        if labels.shape != logits.shape:
            raise UsageError(
                f"the labels are {shown} and the logits of shape {tuple(logits.shape)}",
                remedy="give one 0 or 1 for each label of each row, and load the model with num_labels "
                "the number of labels",
            )
        return logits, labels
    if labels.is_floating_point() or (labels.shape == logits.shape and n_classes > 1):
        raise UsageError(
            f"the labels are {shown}, but this loss is one of classes: it takes one integer code a row",
            remedy="give codes (labels.argmax(-1) of one-hot rows), or use a loss of labels such as "
            "WeightedBCE where a row can have several",
        )
    if n_classes == 1:
        raise UsageError(
            "the model has one output, which the Trainer takes for regression",
            remedy="load it with num_labels the number of classes: 2 for a binary task",
        )
    flat = labels.reshape(-1).long()
    rows = logits.reshape(-1, n_classes)
    if len(flat) != len(rows):
        raise UsageError(
            f"the labels are {shown} and the logits of shape {tuple(logits.shape)}",
            remedy="give one class code for each row (or token) of the logits",
        )
    return rows, flat


def _spread(
    weight: torch.Tensor, given: torch.Size, target: torch.Tensor, n_rows: int
) -> torch.Tensor:
    """Return a weight for each item; that of a row is the weight of all of its tokens or labels."""
    weight = weight.to(target.device)
    if weight.shape == given:
        return weight.reshape(target.shape)
    if weight.numel() != n_rows:
        raise UsageError(
            f"there are weights of shape {tuple(weight.shape)} for {n_rows} rows and labels of shape "
            f"{tuple(given)}",
            remedy="give one weight a row, or one for each of the labels in their shape",
        )
    each = target.numel() // max(n_rows, 1)
    return weight.reshape(n_rows, 1).expand(n_rows, each).reshape(target.shape)


def _check_loss(loss: Any) -> None:
    if isinstance(loss, type):
        raise UsageError(
            f"{loss.__name__} is a class, and its losses are made first",
            remedy=f"pass {loss.__name__}(), or {loss.__name__}.from_labels(labels) where it has that",
        )
    kind = type(loss).__name__
    if not callable(getattr(loss, "terms", None)) or getattr(loss, "target", None) not in (
        "classes",
        "labels",
    ):
        known = _WRAP.get(kind)
        raise UsageError(
            f"{kind} gives one number for a batch, and a mean of each micro-batch does not add up "
            "to that of the whole",
            remedy=f"use {known}"
            if known
            else "use a loss of equipoise.losses, or an object with terms(logits, target, "
            "sample_weight=None), the loss of each item, and target='classes' or 'labels'",
        )
    if (reduction := getattr(loss, "reduction", "mean")) != "mean":
        raise UsageError(
            f"{kind}(reduction={reduction!r}) cannot be kept: the Trainer needs the sum over a "
            "micro-batch divided by the items of the whole batch",
            remedy="use reduction='mean'",
        )
    if (ignored := getattr(loss, "ignore_index", IGNORED)) != IGNORED:
        raise UsageError(
            f"{kind}(ignore_index={ignored}) leaves out other rows than the Trainer, which counts "
            "all labels but -100",
            remedy="mark the rows to leave out with -100, and drop ignore_index=",
        )
