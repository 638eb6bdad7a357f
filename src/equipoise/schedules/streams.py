"""What all samplers share: one stream of rows per epoch, the same on every rank, cut into slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch.utils.data import Sampler

from equipoise.data.seeds import check_seed
from equipoise.decisions.correction import prior_offset
from equipoise.errors import TargetError, UsageError
from equipoise.schedules.labels import read_labels
from equipoise.weights.ranges import check_whole

__all__ = ["Epochs", "RowSampler", "allot", "cycled", "drawn_offset"]


class Epochs:
    """Seed, epoch and rank of a stream of rows, and its state."""

    def __init__(self, seed: int, rank: int | None, num_replicas: int | None) -> None:
        check_seed(seed)
        self.seed = int(seed)
        self.epoch = 0
        self.num_replicas = _world(num_replicas)
        self.rank = _rank(rank, self.num_replicas)

    def set_epoch(self, epoch: int) -> None:
        """Draw the next stream by this epoch; ranks must agree on it."""
        self.epoch = check_whole("epoch", epoch, least=0)

    def on_epoch_start(self, epoch: int) -> None:
        """Do the same as :meth:`set_epoch`, under the name that all schedules have."""
        self.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return what another sampler of the same rows needs to draw the same epoch."""
        return {"kind": type(self).__name__, "seed": self.seed, "epoch": self.epoch, **self._more()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over seed and epoch; skipping the batches done before is the loader's work."""
        own = self.state_dict()
        for key in ("kind", "rows", "classes", "epoch", "seed"):
            there = state.get(key)
            if there is None or (key in ("kind", "rows", "classes") and there != own[key]):
                raise UsageError(
                    f"the state is of {key} {there!r}, this sampler is of {key} {own[key]!r}",
                    remedy="load it into a sampler of the same kind and of the same labels",
                )
        check_seed(state["seed"])
        self.set_epoch(state["epoch"])
        self.seed = int(state["seed"])

    def _more(self) -> dict[str, Any]:
        raise NotImplementedError

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.epoch])

    def _length(self, total: int) -> int:
        return -(-total // self.num_replicas)

    def _slice(self, stream: NDArray[Any]) -> NDArray[Any]:
        """Take this rank's part; the stream is begun anew where it does not divide evenly."""
        total = self._length(len(stream)) * self.num_replicas
        return np.resize(stream, (total, *stream.shape[1:]))[self.rank :: self.num_replicas]


class RowSampler(Epochs, Sampler[int]):
    """A sampler of single rows. Subclasses draw the stream of an epoch in ``_draw``."""

    def __init__(
        self,
        labels: Any,
        classes: int | Sequence[Any] | None,
        num_samples: int | None,
        seed: int,
        rank: int | None,
        num_replicas: int | None,
        *,
        many: bool = False,
    ) -> None:
        super().__init__(seed, rank, num_replicas)
        table, self.classes = read_labels(labels, classes)
        self.multi_label = table.ndim == 2
        if self.multi_label and not many:
            raise UsageError(
                f"{type(self).__name__} takes one label per row, the labels have shape {table.shape}",
                remedy="pass class codes, or use RepeatFactorSampler or ClassAwareSampler",
            )
        n = len(table)
        self.num_samples = n if num_samples is None else check_whole("num_samples", num_samples)
        if self.multi_label:
            self._members = [np.flatnonzero(table[:, c]) for c in range(table.shape[1])]
        else:
            order = np.argsort(table, kind="stable")
            ends = np.cumsum(np.bincount(table, minlength=len(self.classes)))
            self._members = np.split(order, ends[:-1])
        self._rows = n
        self.counts = np.array([len(rows) for rows in self._members], dtype=np.int64)
        self._present = np.flatnonzero(self.counts)
        if len(self._present) == 0:
            raise TargetError("no row has a label", remedy="pass at least one positive cell")

    def __len__(self) -> int:
        return self._length(self.num_samples)

    def __iter__(self) -> Iterator[int]:
        return iter(self._slice(self._draw(self._generator())).tolist())

    @property
    def shares(self) -> torch.Tensor:
        """Expected share of the drawn rows that carry each class, shape (C,), float64."""
        return torch.from_numpy(self._shares())

    @property
    def prior_offset(self) -> torch.Tensor | None:
        """By how much, in log-odds, what is drawn moves the classes, shape (C,), float64.

        The mean over the classes that are drawn is 0. Subtract it from the logits to be back at
        the prior. None for several labels per row: there no shift per label is exact.
        """
        return None if self.multi_label else drawn_offset(self._shares(), self.counts)

    def _more(self) -> dict[str, Any]:
        return {"rows": self._rows, "classes": len(self.classes)}

    def _draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        raise NotImplementedError

    def _shares(self) -> NDArray[np.float64]:
        raise NotImplementedError


def cycled(
    rows: NDArray[np.int64], count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw rows in random order, none again before all others have been drawn as often."""
    rounds = -(-count // len(rows))
    table = generator.permuted(np.tile(rows, (rounds, 1)), axis=1)
    out: NDArray[np.int64] = table.ravel()[:count]
    return out


def allot(
    amounts: NDArray[np.float64], total: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Round amounts above 0 at random to whole ones that sum to the total.

    One random number shifts the grid on which the running sum is cut (systematic sampling), so
    each amount is rounded up or down, is kept in expectation, and the sum never varies.
    """
    running = np.cumsum(amounts) * (total / amounts.sum())
    running[-1] = total
    cuts = np.minimum(np.floor(running + generator.random()), total).astype(np.int64)
    out: NDArray[np.int64] = np.diff(cuts, prepend=0)
    return out


def drawn_offset(shares: NDArray[np.float64], counts: NDArray[np.int64]) -> torch.Tensor:
    """Return log of drawn share over own share, centred; 0 for classes never drawn."""
    return torch.from_numpy(prior_offset(counts, shares))


def _distributed() -> bool:
    return dist.is_available() and dist.is_initialized()


def _world(given: int | None) -> int:
    if given is None:
        return dist.get_world_size() if _distributed() else 1
    return check_whole("num_replicas", given)


def _rank(given: int | None, world: int) -> int:
    if given is None:
        if world > 1 and not _distributed():
            raise UsageError(
                f"num_replicas={world} without rank=, and torch.distributed is not initialised",
                remedy=f"pass rank=, from 0 to {world - 1}",
            )
        given = dist.get_rank() if world > 1 else 0
    rank = check_whole("rank", given, least=0)
    if rank >= world:
        raise UsageError(
            f"rank={rank} is beyond num_replicas={world}", remedy=f"give 0 to {world - 1}"
        )
    return rank
