"""Learn the classifier apart from the representation: train the last layer alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, Sampler

from equipoise.data.seeds import check_seed
from equipoise.errors import UsageError
from equipoise.schedules.labels import read_labels
from equipoise.schedules.layers import last_layer, other_owners
from equipoise.schedules.samplers import ClassAwareSampler
from equipoise.weights.ranges import check_whole
from equipoise.weights.reading import as_array

__all__ = ["HeadTraining", "head_features", "retrain_head"]

Forward = Callable[[nn.Module, Any], Tensor]


@dataclass(frozen=True, eq=False)
class HeadTraining:
    """What :func:`retrain_head` did.

    Parameters
    ----------
    name : str
        Dotted name of the layer.
    losses : list of float
        Mean loss of each epoch on the rows drawn.
    prior_offset : tensor, shape (C,), or None
        By how much the drawn rows moved the classes, in log-odds: subtract it from the logits to
        have probabilities at the prior. None where no such shift is exact.
    """

    name: str
    losses: list[float]
    prior_offset: Tensor | None


def retrain_head(
    model: nn.Module,
    data: Dataset[Any] | DataLoader[Any],
    labels: Any = None,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    lr: float = 0.01,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    forward_fn: Forward | None = None,
    sampler: Sampler[int] | None = None,
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
    head: nn.Module | str | None = None,
    reset: bool = True,
    seed: int = 0,
) -> HeadTraining:
    """Train the last layer anew on class-balanced rows and leave all others as they are.

    The representation is best learned on the rows as they come; what suffers from imbalance is
    the classifier on top (classifier re-training, cRT). The network runs in evaluation mode, so
    neither parameters nor running statistics below the head change by a single bit.

    Parameters
    ----------
    model : nn.Module
        Trained; changed in place. Modes and ``requires_grad`` are put back in the end.
    data : Dataset or DataLoader
        Training rows by index. Of a loader its data, collating, workers and batch size are used.
    labels : tensor, array or list, shape (n,) or (n, C), default=None
        Codes or names of the classes, or a multi-hot matrix; by default those of the data: the
        last tensor of a ``TensorDataset``, ``targets``, or a column ``labels`` or ``label``.
    epochs, batch_size : int, default=10 and 64
        Length of the training.
    lr : float, default=0.01
        Rate at the start; falls to 0 along a cosine.
    loss : callable(logits, target), default=None
        By default cross-entropy; binary cross-entropy for a single output or several labels.
    forward_fn : callable(model, batch) returning logits, default=None
        By default the model is called with the first part of a pair, or with all of a mapping but
        its labels, and ``.logits`` is taken where there is one.
    sampler : Sampler of row indices, default=None
        :class:`ClassAwareSampler` by default.
    optimizer : callable(parameters), default=None
        AdamW without weight decay and with ``lr`` by default. Its rate falls likewise.
    head : nn.Module or str, default=None
        The layer, where :func:`last_layer` cannot tell.
    reset : bool, default=True
        Begin with random weights and a bias of 0, in place of what the layer has learned.
    seed : int, default=0
        Fixes weights and rows.

    Returns
    -------
    HeadTraining
        Name of the layer, losses, and how to be back at the prior.

    Raises
    ------
    UsageError
        The layer or the labels are not found, or do not fit each other.

    References
    ----------
    B. Kang, S. Xie, M. Rohrbach, Z. Yan, A. Gordo, J. Feng and Y. Kalantidis, "Decoupling
    Representation and Classifier for Long-Tailed Recognition", ICLR 2020.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import TensorDataset
    >>> from equipoise.schedules import retrain_head
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> y = torch.tensor([0] * 90 + [1] * 10)
    >>> done = retrain_head(model, TensorDataset(torch.randn(100, 4), y), epochs=2)
    >>> done.name, len(done.losses)
    ('2', 2)
    >>> done.prior_offset
    tensor([-1.0986,  1.0986], dtype=torch.float64)
    """
    check_seed(seed)
    check_whole("epochs", epochs)
    name, layer = last_layer(model, head=head)
    weight: Tensor = layer.weight  # type: ignore[assignment]
    if owners := other_owners(model, weight):
        raise UsageError(
            f"the weights of the head are also {', '.join(owners)}: training changes them all",
            remedy="untie them first",
        )
    source, loader = _source(data)
    target = _targets(_labels_of(source) if labels is None else labels, source, len(weight))
    if sampler is None:
        columns = target.shape[1] if target.ndim == 2 else max(2, len(weight))
        sampler = ClassAwareSampler(target, classes=columns, seed=seed, rank=0, num_replicas=1)
    size = getattr(loader, "batch_size", None) or check_whole("batch_size", batch_size)
    losses = []
    with _only(model, layer):
        if reset:
            _reset(layer, seed)
        parameters = list(layer.parameters())
        steps = (
            optimizer(parameters)
            if optimizer
            else torch.optim.AdamW(parameters, lr=lr, weight_decay=0.0)
        )
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(steps, epochs)
        for epoch in range(epochs):
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(epoch)
            batches = list(BatchSampler(sampler, size, drop_last=False))
            total = 0.0
            for rows, batch in zip(batches, _loader(source, batches, loader, seed), strict=True):
                logits = (forward_fn or _forward)(model, _to(batch, weight.device))
                if not logits.requires_grad or logits.shape[1:].numel() != len(weight):
                    raise UsageError(
                        f"outputs of shape {tuple(logits.shape)} do not come from the head {name!r} "
                        f"with {len(weight)} outputs",
                        remedy="name the layer that gives them in head=",
                    )
                value = _loss(loss, logits, torch.from_numpy(target[rows]).to(weight.device))
                steps.zero_grad()
                value.backward()
                steps.step()
                total += float(value.detach()) * len(rows)
            decay.step()
            losses.append(total / sum(map(len, batches)))
    return HeadTraining(name, losses, getattr(sampler, "prior_offset", None))


def head_features(
    model: nn.Module,
    data: Dataset[Any] | DataLoader[Any],
    *,
    batch_size: int = 64,
    forward_fn: Forward | None = None,
    head: nn.Module | str | None = None,
) -> Tensor:
    """Return what the last layer is given for every row, in the order of the data.

    Parameters
    ----------
    model : nn.Module
        Run in evaluation mode, and put back in its own after.
    data : Dataset or DataLoader
        Rows by index; of a loader its data, collating, workers and batch size are used.
    batch_size : int, default=64
        Rows at a time.
    forward_fn, head
        As for :func:`retrain_head`.

    Returns
    -------
    tensor, shape (n, inputs), on the CPU
        One row per row of the data.

    Raises
    ------
    UsageError
        The layer is not found, or is not given one vector per row.

    Examples
    --------
    >>> import torch
    >>> from equipoise.schedules import head_features
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> head_features(model, torch.utils.data.TensorDataset(torch.randn(10, 4))).shape
    torch.Size([10, 8])
    """
    name, layer = last_layer(model, head=head)
    source, loader = _source(data)
    size = getattr(loader, "batch_size", None) or check_whole("batch_size", batch_size)
    n = len(source)  # type: ignore[arg-type]
    batches = [list(range(first, min(first + size, n))) for first in range(0, n, size)]
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().cpu()))
    device = layer.weight.device
    try:
        with _only(model, layer), torch.no_grad():
            for batch in _loader(source, batches, loader, seed=0):
                (forward_fn or _forward)(model, _to(batch, device))
    finally:
        hook.remove()
    if sum(map(len, seen)) != n or any(part.ndim != 2 for part in seen):
        raise UsageError(
            f"the head {name!r} is not given one vector per row",
            remedy="name the layer that gives the logits of a row in head=",
        )
    return torch.cat(seen)


@contextmanager
def _only(model: nn.Module, layer: nn.Module) -> Iterator[None]:
    """Let gradients reach this layer alone, with the whole network in evaluation mode."""
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(one, one.requires_grad) for one in {*model.parameters(), *layer.parameters()}]
    before = [one.detach().clone() for one in layer.parameters()]
    try:
        model.eval()
        for one, _ in wanted:
            one.requires_grad_(False)
        for one in layer.parameters():
            one.requires_grad_(True)
        yield
    except BaseException:
        with torch.no_grad():
            for one, old in zip(layer.parameters(), before, strict=True):
                one.copy_(old)
        raise
    finally:
        for module, mode in modes:
            module.training = mode
        for one, want in wanted:
            one.requires_grad_(want)
        for one in layer.parameters():
            one.grad = None


def _reset(layer: nn.Module, seed: int) -> None:
    """Draw the weights as torch does, but from a generator of their own."""
    generator = torch.Generator().manual_seed(seed)
    weight: Tensor = layer.weight  # type: ignore[assignment]
    bound = weight[0].numel() ** -0.5
    drawn = torch.empty(weight.shape).uniform_(-bound, bound, generator=generator)
    with torch.no_grad():
        weight.copy_(drawn)
        if isinstance(layer.bias, Tensor):
            layer.bias.zero_()


def _source(data: Any) -> tuple[Dataset[Any], DataLoader[Any] | None]:
    loader = data if isinstance(data, DataLoader) else None
    source = data.dataset if isinstance(data, DataLoader) else data
    if isinstance(source, IterableDataset) or not hasattr(source, "__getitem__"):
        raise UsageError(
            f"the rows of {type(source).__name__} have no index to draw them by",
            remedy="pass a Dataset with __getitem__ and __len__",
        )
    return source, loader


def _loader(
    source: Dataset[Any], batches: list[list[int]], like: DataLoader[Any] | None, seed: int
) -> DataLoader[Any]:
    return DataLoader(
        source,
        batch_sampler=batches,
        collate_fn=None if like is None else like.collate_fn,
        num_workers=0 if like is None else like.num_workers,
        generator=torch.Generator().manual_seed(seed),  # leaves the global one alone
    )


def _labels_of(source: Any) -> Any:
    tensors = getattr(source, "tensors", None)
    if isinstance(tensors, tuple) and len(tensors) > 1:
        return tensors[-1]
    if hasattr(source, "targets"):
        return source.targets
    for column in ("labels", "label"):
        if column in (getattr(source, "column_names", None) or ()):
            return source[column]
    raise UsageError(
        f"{type(source).__name__} does not say what the labels of its rows are",
        remedy="pass them in labels=, in the order of the rows",
    )


def _targets(labels: Any, source: Any, width: int) -> NDArray[Any]:
    """Return codes (n,) int64, or a matrix of 0 and 1 (n, C) float32."""
    values = as_array(labels)
    numbers = values.ndim == 1 and values.dtype.kind in "biuf"
    table, classes = read_labels(values, max(2, width) if numbers else None)
    if len(classes) != max(width, 2 if values.ndim == 1 else 1):
        raise UsageError(
            f"the labels are of {len(classes)} classes, the head has {width} outputs",
            remedy="pass labels of as many classes, or name the layer in head=",
        )
    if len(table) != len(source):
        raise UsageError(
            f"there are {len(table)} labels for {len(source)} rows", remedy="pass one per row"
        )
    return table.astype(np.float32) if table.ndim == 2 else table


def _loss(loss: Callable[..., Tensor] | None, logits: Tensor, target: Tensor) -> Tensor:
    if loss is not None:
        return loss(logits, target)
    logits = logits if logits.dtype == torch.float64 else logits.float()
    if target.ndim == 2:
        return functional.binary_cross_entropy_with_logits(logits, target.to(logits))
    if logits.ndim == 1 or logits.shape[1] == 1:
        flat = logits.reshape(-1)
        return functional.binary_cross_entropy_with_logits(flat, target.to(flat))
    return functional.cross_entropy(logits, target)


def _forward(model: nn.Module, batch: Any) -> Tensor:
    if isinstance(batch, list | tuple):
        batch = batch[0]
    if isinstance(batch, Mapping):
        out = model(**{k: v for k, v in batch.items() if k not in ("labels", "label")})
    else:
        out = model(batch)
    if isinstance(out, Mapping) and "logits" in out:
        out = out["logits"]
    out = getattr(out, "logits", out)
    if not isinstance(out, Tensor):
        raise UsageError(
            f"the model returns {type(out).__name__}, not logits",
            remedy="pass forward_fn=, a function of model and batch that returns the logits",
        )
    return out


def _to(batch: Any, device: Any) -> Any:
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {key: _to(value, device) for key, value in batch.items()}
    if isinstance(batch, list | tuple):
        return [_to(value, device) for value in batch]
    return batch
