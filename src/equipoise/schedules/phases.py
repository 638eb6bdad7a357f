"""Schedules of two parts: capped rows first and all rows then, or weights that come late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from equipoise.errors import UsageError
from equipoise.schedules.streams import RowSampler, cycled
from equipoise.weights.ranges import check_whole
from equipoise.weights.reading import as_array

__all__ = ["DeferredReweighting", "Schedule", "TwoPhase"]


@runtime_checkable
class Schedule(Protocol):
    """What is told when an epoch starts: all samplers and phases of this room.

    Examples
    --------
    >>> from equipoise.schedules import ClassAwareSampler, Schedule
    >>> isinstance(ClassAwareSampler([0, 1]), Schedule)
    True
    """

    def on_epoch_start(self, epoch: int) -> None:
        """Get ready for an epoch, counted from 0; any order of epochs gives the same."""


class TwoPhase(RowSampler):
    r"""Train on classes capped in size first, on all rows then.

    In the first epochs no class has more than ``cap`` rows, drawn once at random, so that its
    share is :math:`\propto \min(n_c, N)`; from ``epochs_first`` on every row is shown. Each epoch
    is equally long: in the first phase the rows come in rounds until it is full.

    Parameters
    ----------
    labels : tensor, array or list, shape (n,)
        Codes or names of the classes.
    cap : int
        The most rows N of a class in the first phase.
    epochs_first : int
        Epochs of the first phase; 0 for none.
    redraw : bool, default=False
        Whether each epoch of the first phase draws its rows anew.
    classes : int or sequence, default=None
        The number of classes or their names in order; what the labels show by default.
    num_samples : int, default=None
        Rows per epoch over all ranks; n by default.
    seed : int, default=0
        With the epoch it fixes the stream, on every rank alike.
    rank, num_replicas : int, default=None
        As for :class:`ClassAwareSampler`.

    Attributes
    ----------
    phase : int
        1 or 2, by the epoch that is set.
    shares, prior_offset : tensor, shape (C,), float64
        Expected share of each class in this phase, and its shift in log-odds. A network trained
        to the end of the second phase needs no correction.

    Raises
    ------
    UsageError, TargetError
        The labels or a parameter cannot be used.

    References
    ----------
    H. Lee, M. Park and J. Kim, "Plankton Classification on Imbalanced Large Scale Database via
    Convolutional Neural Networks with Transfer Learning", ICIP 2016.

    Examples
    --------
    >>> from equipoise.schedules import TwoPhase
    >>> labels = ["ham"] * 6 + ["spam"] * 2
    >>> sampler = TwoPhase(labels, cap=2, epochs_first=3)
    >>> len(sampler.rows(0)), len(sampler.rows(3))
    (4, 8)
    >>> sampler.set_epoch(3)
    >>> sampler.phase, sorted(sampler)
    (2, [0, 1, 2, 3, 4, 5, 6, 7])
    """

    def __init__(
        self,
        labels: Any,
        cap: int,
        epochs_first: int,
        *,
        redraw: bool = False,
        classes: int | Sequence[Any] | None = None,
        num_samples: int | None = None,
        seed: int = 0,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        super().__init__(labels, classes, num_samples, seed, rank, num_replicas)
        self.cap = check_whole("cap", cap)
        self.epochs_first = check_whole("epochs_first", epochs_first, least=0)
        self.redraw = redraw

    @property
    def phase(self) -> int:
        """1 for capped classes, 2 for all rows."""
        return 1 if self.epoch < self.epochs_first else 2

    def rows(self, epoch: int) -> NDArray[np.int64]:
        """Return the distinct rows that an epoch shows, in ascending order.

        Parameters
        ----------
        epoch : int
            Counted from 0. For training on a subset of the data in place of a sampler.
        """
        if check_whole("epoch", epoch, least=0) >= self.epochs_first:
            return np.arange(self._rows)
        generator = np.random.default_rng([self.seed, epoch if self.redraw else 0, 1])
        members = [self._members[c] for c in self._present]
        parts = [cycled(rows, min(len(rows), self.cap), generator) for rows in members]
        return np.sort(np.concatenate(parts))

    def _draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        return cycled(self.rows(self.epoch), self.num_samples, generator)

    def _shares(self) -> NDArray[np.float64]:
        sizes = np.minimum(self.counts, self.cap) if self.phase == 1 else self.counts
        out: NDArray[np.float64] = sizes / sizes.sum()
        return out


class DeferredReweighting:
    r"""Give the loss its class weights late in training.

    Weights from the start hurt what the lower layers learn; brought in once the representation
    stands and the learning rate has been lowered they move the borders between classes only. The
    weights are a function of the epoch alone, so a run that was resumed needs no state: they are
    no part of the loss's ``state_dict()`` from here on, which has the same keys in every epoch.
    Where a checkpoint holds the loss, make the schedule before it is loaded.

    Parameters
    ----------
    loss : nn.Module
        With a method ``reweigh``, such as ``WeightedCrossEntropy`` and ``LDAMLoss`` of
        :mod:`equipoise.losses`, or a buffer, such as ``weight`` of ``nn.CrossEntropyLoss``.
    weights : array-like, shape (C,)
        Weights above 0, such as of :func:`equipoise.weights.class_weights` with ``"ens"``.
    start_epoch : int
        The first epoch, counted from 0, with these weights. The loss keeps its own before that.
    buffer : str, default="weight"
        Which buffer to set; ``pos_weight`` for ``nn.BCEWithLogitsLoss``.

    Attributes
    ----------
    active : bool
        Whether the loss has the late weights.

    Raises
    ------
    UsageError
        The loss has nothing to set, or the weights do not fit.

    References
    ----------
    K. Cao, C. Wei, A. Gaidon, N. Arechiga and T. Ma, "Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss", NeurIPS 2019.

    Examples
    --------
    >>> from torch import nn
    >>> from equipoise.schedules import DeferredReweighting
    >>> loss = nn.CrossEntropyLoss()
    >>> schedule = DeferredReweighting(loss, weights=[0.6, 1.4], start_epoch=8)
    >>> for epoch in range(10):
    ...     schedule.step(epoch)
    >>> loss.weight
    tensor([0.6000, 1.4000])
    """

    def __init__(
        self, loss: nn.Module, weights: Any, start_epoch: int, *, buffer: str = "weight"
    ) -> None:
        self.loss = loss
        self.start_epoch = check_whole("start_epoch", start_epoch, least=0)
        self.buffer = buffer
        self._reweigh = getattr(loss, "reweigh", None) if buffer == "weight" else None
        if buffer not in getattr(loss, "_buffers", {}):
            held = ", ".join(getattr(loss, "_buffers", {})) or "none"
            raise UsageError(
                f"{type(loss).__name__} has no buffer {buffer!r} to set, it has {held}",
                remedy="pass a loss with class weights, or name its buffer in buffer=",
            )
        before = getattr(loss, buffer)
        self._before = None if before is None else before.detach().clone()
        self._late = _late_weights(weights, self._before)
        self.active = False
        loss.register_buffer(buffer, before, persistent=False)

    def step(self, epoch: int) -> None:
        """Set the weights of this epoch, counted from 0."""
        late = check_whole("epoch", epoch, least=0) >= self.start_epoch
        if late == self.active:
            return
        values = self._late if late else self._before
        if self._reweigh is not None:
            self._reweigh(values)
        else:
            held = getattr(self.loss, self.buffer)
            # None cannot say where the logits are; then it is where the weights were given.
            fitting = values if held is None or values is None else values.to(held)
            setattr(self.loss, self.buffer, fitting)
        self.active = late

    def on_epoch_start(self, epoch: int) -> None:
        """Do the same as :meth:`step`, under the name that all schedules have."""
        self.step(epoch)


def _late_weights(weights: Any, before: torch.Tensor | None) -> torch.Tensor:
    given = weights.detach() if isinstance(weights, torch.Tensor) else None
    table = as_array(weights)
    if (
        table.ndim != 1
        or table.dtype.kind not in "iuf"
        or not (np.isfinite(table) & (table > 0)).all()
    ):
        raise UsageError(
            f"class weights {table.tolist()} are not all above 0",
            remedy="pass one finite weight per class",
        )
    if before is not None and before.shape != table.shape:
        raise UsageError(
            f"{len(table)} weights are given, the loss has {tuple(before.shape)}",
            remedy="pass one per class in the order of the outputs",
        )
    return torch.as_tensor(table, dtype=torch.float32) if given is None else given.clone()
