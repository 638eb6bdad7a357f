"""Train the network of the learner ``mlp``: mini-batches, early stopping, losses, starts and schedules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from equipoise.decisions.correction import prior_offset
from equipoise.learners.base import Training
from equipoise.learners.losses import make_loss
from equipoise.learners.mlp import FittedNetwork, squashed
from equipoise.learners.neural.network import AdamW, Cosines, Kept, LoneHead, Network
from equipoise.learners.neural.stopping import Yardstick
from equipoise.schedules import (
    ClassAwareSampler,
    DynamicSampler,
    TwoPhase,
    start_at_prior,
    tau_normalise,
)

__all__ = ["Recipe", "Trained", "train_network"]

F = NDArray[np.float64]
Rows = Callable[[int], NDArray[np.int64]]  # of an epoch, in the order in which they are shown

_AT_ONCE = 65_536


@dataclass(frozen=True)
class Recipe:
    """Numbers of the training, the same for all strategies.

    Attributes
    ----------
    hidden : tuple of int
        Widths of the hidden layers.
    dropout : float
        Share of the hidden units that are left out of a step.
    rate, decay : float
        Learning rate and weight decay of AdamW.
    epochs, patience : int
        The most epochs of a stage, and how many without a gain end it.
    blind : int
        Epochs of a stage where no rows tell when to stop.
    batches : int
        A mini-batch is so large that an epoch has about as many ...
    smallest, largest : int
        ... within these bounds.
    first : int
        Epochs of the first phase of two-phase learning.
    least : int
        A class keeps at least so many rows there, if it has them.
    late_rate : float
        Factor of the rate once deferred weights come in.
    """

    hidden: tuple[int, ...] = (128, 64)
    dropout: float = 0.3
    rate: float = 2e-3
    decay: float = 1e-2
    epochs: int = 200
    patience: int = 15
    blind: int = 40
    batches: int = 12
    smallest: int = 32
    largest: int = 4096
    first: int = 10
    least: int = 10
    late_rate: float = 0.1

    def batch_size(self, rows: int) -> int:
        """Return the power of 2 that makes about ``batches`` of so many rows."""
        size = 2 ** round(math.log2(max(rows, 1) / self.batches)) if rows > self.batches else 1
        return int(min(max(size, self.smallest), self.largest))


@dataclass
class Trained:
    """A network and how it came about.

    Attributes
    ----------
    fitted : FittedNetwork
    watched : list of list of float
        Per stage, cross-entropy of the watched rows after each epoch.
    """

    fitted: FittedNetwork
    watched: list[list[float]] = field(default_factory=list)


def train_network(training: Training, recipe: Recipe | None = None) -> Trained:
    """Train a network as the slots of a training part say.

    Neither the generator of torch nor its number of threads is touched for others: weights and dropout
    are drawn from generators of the fit, and one thread computes, so that the same seed gives the same
    bits however many fits run at once.

    Parameters
    ----------
    training : Training
    recipe : Recipe, default=None

    Returns
    -------
    Trained
    """
    torch.get_num_threads()  # the first call in a thread would undo the limit
    with threadpool_limits(1, user_api="openmp"):
        return _Fit(training, recipe or Recipe()).run()


class _Fit:
    def __init__(self, training: Training, recipe: Recipe) -> None:
        self.recipe, self.training, self.seed = recipe, training, training.seed
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        X, y, C = training.X, training.y, training.n_classes
        self.X = self._put(squashed(X if training.rows is None else X[training.rows]))
        self.codes, self.y = y, self._put(y)
        weight = training.sample_weight
        self.weight = None if weight is None else self._put(weight.astype(np.float32))
        self.effective = np.bincount(y, weights=weight, minlength=C).astype(np.float64)
        self.present = np.bincount(y, minlength=C) > 0
        self.loss = make_loss(training.loss, y, C).to(self.device)
        cosine = training.loss is not None and training.loss.name == "ldam"
        self.watched, self.watched_codes = self._watch()
        self.yardstick = Yardstick(training, self.loss, self.watched_codes)
        start = torch.Generator().manual_seed(self.seed)
        sizes = (self.X.shape[1], *recipe.hidden)
        self.network = Network(sizes, C, cosine, recipe.dropout, start).to(self.device)
        self.start = start
        self.generator = torch.Generator(self.device).manual_seed(self.seed + 1)
        self.history: list[list[float]] = []
        self.shift = np.zeros(C)  # of the schedule

    def _put(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def _watch(self) -> tuple[Tensor | None, NDArray[np.int64]]:
        none = np.empty(0, dtype=np.int64)
        if self.training.watched is None:
            return None, none
        X, y = self.training.watched
        # Of a class that training never showed there is nothing to be learned.
        rows = np.flatnonzero(self.present[y])
        return (self._put(squashed(X[rows])), y[rows]) if len(rows) else (None, none)

    def run(self) -> Trained:
        name = self.training.schedule.name if self.training.schedule else ""
        values = dict(self.training.schedule.values) if self.training.schedule else {}
        if self.training.start_at_prior and isinstance(self.network.head, nn.Linear):
            start_at_prior(self.network.head, self.effective, head=self.network.head)
        if name == "dynamic-sampling":
            floor, smoothing = values.get("floor", 0.1), values.get("smoothing", 0.5)
            self._sample_dynamically(DynamicSampler(self.codes, floor, smoothing, **self._stream()))
        else:
            if name == "two-phase":
                self._train_on_capped_rows(values)
            self._stage(self.network, self.X, self.watched, self._all_rows)
        if name == "deferred-reweighting":
            self._reweigh()
        elif name == "head-retraining":
            self._retrain_head(ClassAwareSampler(self.codes, **self._stream()))
        elif name == "tau-norm" and bool(self.network.head.weight.norm(dim=1).all()):
            tau_normalise(self.network.head, values.get("tau", 1.0), head=self.network.head)
        return Trained(self._fitted(), self.history)

    # -- schedules --------------------------------------------------------------------------------

    def _stream(self) -> dict[str, Any]:
        # A process of several may train it, but each fit is one process's alone: it is shown all rows.
        classes = self.training.n_classes
        return {"classes": classes, "seed": self.seed, "rank": 0, "num_replicas": 1}

    def _all_rows(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.codes))

    def _train_on_capped_rows(self, values: dict[str, float]) -> None:
        counts = np.bincount(self.codes)
        cap = int(values.get("cap", max(counts[counts > 0].min(), self.recipe.least)))
        first = int(values.get("epochs", self.recipe.first))
        phases = TwoPhase(self.codes, cap, first, redraw=True, **self._stream())

        def rows(epoch: int) -> NDArray[np.int64]:
            return np.random.default_rng([self.seed, epoch, 1]).permutation(phases.rows(epoch))

        self._stage(self.network, self.X, None, rows, epochs=first)

    def _sample_dynamically(self, sampler: DynamicSampler) -> None:
        def rows(epoch: int) -> NDArray[np.int64]:
            if epoch:
                sampler.update(self._f1())
            sampler.set_epoch(epoch)
            self.shift = _offset_of(sampler)
            return np.fromiter(sampler, dtype=np.int64)

        self._stage(self.network, self.X, self.watched, rows)

    def _f1(self) -> F:
        # Without rows kept out those of training have to do.
        X, y = (self.X, self.codes) if self.watched is None else (self.watched, self.watched_codes)
        guess = self._scores(self.network, X).argmax(dim=1).cpu().numpy()
        C = self.training.n_classes
        hits = np.bincount(y[guess == y], minlength=C)
        either = np.bincount(y, minlength=C) + np.bincount(guess, minlength=C)
        out: F = 2.0 * hits / np.maximum(either, 1)
        return out

    def _reweigh(self) -> None:
        heavy = self.effective.sum() / (self.present.sum() * np.maximum(self.effective, 1e-300))
        heavy = np.where(self.effective > 0, heavy, 1.0)
        by_row = self._put(heavy[self.codes].astype(np.float32))
        self.weight = by_row if self.weight is None else self.weight * by_row
        self.shift = prior_offset(self.effective, self.effective * heavy)
        rate = self.recipe.rate * self.recipe.late_rate
        self._stage(self.network, self.X, self.watched, self._all_rows, rate=rate)

    def _retrain_head(self, sampler: ClassAwareSampler) -> None:
        self.network.reset_head(self.start)
        self.shift = _offset_of(sampler)

        def rows(epoch: int) -> NDArray[np.int64]:
            sampler.set_epoch(epoch)
            return np.fromiter(sampler, dtype=np.int64)

        with torch.no_grad():
            features = self.network.features(self.X)
            watched = None if self.watched is None else self.network.features(self.watched)
        self._stage(LoneHead(self.network), features, watched, rows)

    # -- training ---------------------------------------------------------------------------------

    def _stage(
        self,
        network: nn.Module,
        X: Tensor,
        watched: Tensor | None,
        rows: Rows,
        rate: float | None = None,
        epochs: int | None = None,
    ) -> None:
        """Train until the watched rows gain nothing more, and go back to the best epoch."""
        recipe = self.recipe
        if epochs is None:
            epochs = recipe.epochs if watched is not None else min(recipe.blind, recipe.epochs)
        steps = AdamW(network, recipe.rate if rate is None else rate, recipe.decay)
        losses: list[float] = []
        best, since = math.inf, 0
        kept = Kept.of(network, self.shift)
        for epoch in range(epochs):
            shown = rows(epoch)
            count = -(-len(shown) // recipe.batch_size(len(shown)))
            for batch in np.array_split(shown, count):
                at = torch.from_numpy(batch).to(self.device)
                weight = None if self.weight is None else self.weight[at]
                scores = network(X[at], self.generator)
                terms = self.loss.terms(scores, self.y[at], sample_weight=weight)
                steps.down(terms.sum() / len(batch))
            if watched is None:
                continue
            losses.append(self._cross_entropy(network, watched)[0])
            if losses[-1] < best:
                best, since, kept = losses[-1], 0, Kept.of(network, self.shift)
            elif (since := since + 1) >= recipe.patience:
                break
        if watched is not None and epochs:
            self.shift = kept.put_back(network)
            self.history.append(losses)

    def _scores(self, network: nn.Module, X: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([network(part) for part in X.split(_AT_ONCE)])

    def _cross_entropy(self, network: nn.Module, X: Tensor) -> tuple[float, float]:
        """Return the mean over the watched rows, and the scale that gives it."""
        return self.yardstick.measure(self._scores(network, X).double().cpu().numpy(), self.shift)

    def _fitted(self) -> FittedNetwork:
        layers = [*self.network.body, self.network.head]
        weights = [layer.weight.detach().cpu().numpy().copy() for layer in layers]
        biases = [
            np.zeros(len(weight), dtype=np.float32)
            if getattr(layer, "bias", None) is None
            else layer.bias.detach().cpu().numpy().copy()
            for layer, weight in zip(layers, weights, strict=True)
        ]
        cosine = 0.0
        if isinstance(self.network.head, Cosines):
            cosine = self.yardstick.scales[0]
            if self.watched is not None:
                cosine = self._cross_entropy(self.network, self.watched)[1]
        return FittedNetwork(weights, biases, self.shift, self.present, cosine)


def _offset_of(sampler: DynamicSampler | ClassAwareSampler) -> F:
    offset = sampler.prior_offset
    assert offset is not None  # there is one class per row
    out: F = offset.numpy()
    return out
