"""Batches that hold every class equally often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Sampler

from equipoise.errors import UsageError
from equipoise.schedules.samplers import ClassAwareSampler
from equipoise.schedules.streams import Epochs, cycled, drawn_offset
from equipoise.weights.ranges import check_whole

__all__ = ["BalancedBatchSampler"]


class BalancedBatchSampler(Epochs, Sampler[list[int]]):
    r"""Fill every batch with the same number of rows of each class.

    Pass it as ``batch_sampler=`` of a ``DataLoader``; what wants single rows, such as the Trainer
    of Hugging Face, takes :meth:`as_sampler` with the same batch size. Rows of a class come in
    rounds: none is repeated before all others of its class were drawn.

    Parameters
    ----------
    labels : tensor, array or list, shape (n,)
        Codes or names of the classes.
    batch_size : int
        Rows per batch and rank; a multiple of the number of classes that have rows.
    num_batches : int, default=None
        Batches per epoch over all ranks; by default as many as hold n rows, rounded up.
    classes, seed, rank, num_replicas
        As for :class:`ClassAwareSampler`. Each rank gets whole batches.

    Attributes
    ----------
    shares, prior_offset : tensor, shape (C,), float64
        Share of each class, and its shift in log-odds.

    Raises
    ------
    UsageError, TargetError
        The labels or a parameter cannot be used.

    Examples
    --------
    >>> from equipoise.schedules import BalancedBatchSampler
    >>> labels = ["ham"] * 6 + ["spam"] * 2
    >>> for batch in BalancedBatchSampler(labels, batch_size=4):
    ...     print(sorted(labels[row] for row in batch))
    ['ham', 'ham', 'spam', 'spam']
    ['ham', 'ham', 'spam', 'spam']
    """

    drop_last = False

    def __init__(
        self,
        labels: Any,
        batch_size: int,
        *,
        num_batches: int | None = None,
        classes: int | Sequence[Any] | None = None,
        seed: int = 0,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        super().__init__(seed, rank, num_replicas)
        self._source = ClassAwareSampler(labels, classes=classes, rank=0, num_replicas=1)
        if self._source.multi_label:
            raise UsageError(
                "batches cannot be balanced where rows have several labels",
                remedy="use ClassAwareSampler or RepeatFactorSampler",
            )
        self.classes, self.counts = self._source.classes, self._source.counts
        self.batch_size = check_whole("batch_size", batch_size)
        present = len(self._source._present)
        if self.batch_size % present:
            near = max(1, round(self.batch_size / present)) * present
            raise UsageError(
                f"batch_size={batch_size} is no multiple of the {present} classes",
                remedy=f"use batch_size={near}, or ClassAwareSampler for shares that are equal "
                "over the epoch",
            )
        if num_batches is None:
            num_batches = -(-self._source._rows // self.batch_size)
        self.num_batches = check_whole("num_batches", num_batches)

    def __len__(self) -> int:
        return self._length(self.num_batches)

    def __iter__(self) -> Iterator[list[int]]:
        generator = self._generator()
        source = self._source
        each = self.batch_size // len(source._present)
        parts = [
            cycled(source._members[c], each * self.num_batches, generator).reshape(-1, each)
            for c in source._present
        ]
        batches = generator.permuted(np.concatenate(parts, axis=1), axis=1)
        return iter(self._slice(batches).tolist())

    def as_sampler(self) -> Sampler[int]:
        """Return the same rows one by one, for a loader that makes batches of the same size."""
        return _Flat(self)

    @property
    def sampler(self) -> Sampler[int]:
        """The same as :meth:`as_sampler`, where loaders look for what takes the epoch."""
        return self.as_sampler()

    @property
    def shares(self) -> torch.Tensor:
        """Share of each class in every batch, shape (C,), float64."""
        return self._source.shares

    @property
    def prior_offset(self) -> torch.Tensor:
        """By how much, in log-odds, the batches move the classes, shape (C,), float64."""
        return drawn_offset(self._source._shares(), self.counts)

    def _more(self) -> dict[str, Any]:
        return self._source._more()


class _Flat(Sampler[int]):
    """The rows of a batch sampler one after another."""

    def __init__(self, batches: BalancedBatchSampler) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches) * self._batches.batch_size

    def __iter__(self) -> Iterator[int]:
        return (row for batch in self._batches for row in batch)

    def set_epoch(self, epoch: int) -> None:
        self._batches.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        return self._batches.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._batches.load_state_dict(state)
