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
from equipoise.learners.neural.search import best_device
from equipoise.learners.neural.stopping import Yardstick
from equipoise.metrics.confusion import confusion, per_class
from equipoise.schedules import (
    ClassAwareSampler,
    DynamicSampler,
    TwoPhase,
    start_at_prior,
    tau_normalise,
)

__all__ = ["Fit", "Recipe", "Trained", "layers_of", "train_network"]

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
        return _Classes(training, recipe or Recipe()).run()


class Fit:
    """Rows on their device, and the loop over epochs that stops in time.

    A fit says in ``terms`` what its steps go down on, and in ``measure`` how far it has come.

    Attributes
    ----------
    shift : float64 array
        What the schedule of the epoch moved; it is kept with the parameters of the best epoch.
    history : list of list of float
        Per stage, what the watched rows measured after each epoch.
    """

    watched: Tensor | None

    def __init__(self, training: Training, recipe: Recipe) -> None:
        self.recipe, self.training, self.seed = recipe, training, training.seed
        self.device = best_device()
        X = training.X
        self.X = self.put(squashed(X if training.rows is None else X[training.rows]))
        self.generator = torch.Generator(self.device).manual_seed(self.seed + 1)
        self.history: list[list[float]] = []
        self.shift: F = np.zeros(0)

    def put(self, values: NDArray[Any]) -> Tensor:
        """Bring an array to the device."""
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def network_of(self, outputs: int, cosine: bool = False) -> tuple[Network, torch.Generator]:
        """Return a network as the seed draws it, and the generator, which can draw more."""
        start = torch.Generator().manual_seed(self.seed)
        sizes = (self.X.shape[1], *self.recipe.hidden)
        network = Network(sizes, outputs, cosine, self.recipe.dropout, start)
        return network.to(self.device), start

    def terms(self, scores: Tensor, at: Tensor) -> Tensor:
        """Return the weighted losses of the rows ``at``."""
        raise NotImplementedError

    def measure(self, scores: F) -> float:
        """Return how far the scores of the watched rows are off."""
        raise NotImplementedError

    def all_rows(self, epoch: int) -> NDArray[np.int64]:
        """Return all rows in the order of an epoch."""
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.X))

    def scores(self, network: nn.Module, X: Tensor) -> F:
        """Return what the network says of rows, without dropout."""
        with torch.no_grad():
            both = torch.cat([network(part) for part in X.split(_AT_ONCE)])
        out: F = both.double().cpu().numpy()
        return out

    def stage(
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
                terms = self.terms(network(X[at], self.generator), at)
                steps.down(terms.sum() / len(batch))
            if watched is None:
                continue
            losses.append(self.measure(self.scores(network, watched)))
            if losses[-1] < best:
                best, since, kept = losses[-1], 0, Kept.of(network, self.shift)
            elif (since := since + 1) >= recipe.patience:
                break
        if watched is not None and epochs:
            self.shift = kept.put_back(network)
            self.history.append(losses)


class _Classes(Fit):
    def __init__(self, training: Training, recipe: Recipe) -> None:
        super().__init__(training, recipe)
        y, C = training.y, training.n_classes
        self.codes, self.y = y, self.put(y)
        weight = training.sample_weight
        self.weight = None if weight is None else self.put(weight.astype(np.float32))
        self.effective = np.bincount(y, weights=weight, minlength=C).astype(np.float64)
        self.present = np.bincount(y, minlength=C) > 0
        self.loss = make_loss(training.loss, y, C).to(self.device)
        cosine = training.loss is not None and training.loss.name == "ldam"
        self.watched, self.watched_codes = self._watch()
        self.yardstick = Yardstick(training, self.loss, self.watched_codes)
        self.network, self.start = self.network_of(C, cosine)
        self.shift = np.zeros(C)

    def _watch(self) -> tuple[Tensor | None, NDArray[np.int64]]:
        none = np.empty(0, dtype=np.int64)
        if self.training.watched is None:
            return None, none
        X, y = self.training.watched
        # Of a class that training never showed there is nothing to be learned.
        rows = np.flatnonzero(self.present[y])
        return (self.put(squashed(X[rows])), y[rows]) if len(rows) else (None, none)

    def run(self) -> Trained:
        name = self.training.schedule.name if self.training.schedule else ""
        values = dict(self.training.schedule.values) if self.training.schedule else {}
        linear = isinstance(self.network.head, nn.Linear)
        if self.training.start_at_prior and linear:
            start_at_prior(self.network.head, self.effective, head=self.network.head)
        if name == "dynamic-sampling":
            floor, smoothing = values.get("floor", 0.1), values.get("smoothing", 0.5)
            self._sample_dynamically(DynamicSampler(self.codes, floor, smoothing, **self._stream()))
        else:
            if name == "two-phase":
                self._train_on_capped_rows(values)
            self.stage(self.network, self.X, self.watched, self.all_rows)
        if name == "deferred-reweighting":
            self._reweigh()
        elif name == "head-retraining":
            self._retrain_head(ClassAwareSampler(self.codes, **self._stream()))
        # To cosines the lengths of weights are nothing.
        elif name == "tau-norm" and linear and self.network.head.weight.norm(dim=1).all():
            tau_normalise(self.network.head, values.get("tau", 1.0), head=self.network.head)
        return Trained(self._fitted(), self.history)

    # -- schedules --------------------------------------------------------------------------------

    def _stream(self) -> dict[str, Any]:
        # A process of several may train it, but each fit is one process's alone: it is shown all rows.
        classes = self.training.n_classes
        return {"classes": classes, "seed": self.seed, "rank": 0, "num_replicas": 1}

    def _train_on_capped_rows(self, values: dict[str, float]) -> None:
        counts = np.bincount(self.codes)
        cap = int(values.get("cap", max(counts[counts > 0].min(), self.recipe.least)))
        first = int(values.get("epochs", self.recipe.first))
        phases = TwoPhase(self.codes, cap, first, redraw=True, **self._stream())

        def rows(epoch: int) -> NDArray[np.int64]:
            return np.random.default_rng([self.seed, epoch, 1]).permutation(phases.rows(epoch))

        self.stage(self.network, self.X, None, rows, epochs=first)

    def _sample_dynamically(self, sampler: DynamicSampler) -> None:
        def rows(epoch: int) -> NDArray[np.int64]:
            if epoch:
                sampler.update(self._f1())
            sampler.set_epoch(epoch)
            self.shift = _offset_of(sampler)
            return np.fromiter(sampler, dtype=np.int64)

        self.stage(self.network, self.X, self.watched, rows)

    def _f1(self) -> F:
        # Without rows kept out those of training have to do.
        X, y = (self.X, self.codes) if self.watched is None else (self.watched, self.watched_codes)
        guess = self.scores(self.network, X).argmax(axis=1)
        return per_class(confusion(y, guess, self.training.n_classes))["f1"]

    def _reweigh(self) -> None:
        heavy = self.effective.sum() / (self.present.sum() * np.maximum(self.effective, 1e-300))
        heavy = np.where(self.effective > 0, heavy, 1.0)
        by_row = self.put(heavy[self.codes].astype(np.float32))
        self.weight = by_row if self.weight is None else self.weight * by_row
        self.shift = prior_offset(self.effective, self.effective * heavy)
        rate = self.recipe.rate * self.recipe.late_rate
        self.stage(self.network, self.X, self.watched, self.all_rows, rate=rate)

    def _retrain_head(self, sampler: ClassAwareSampler) -> None:
        self.network.reset_head(self.start)
        self.shift = _offset_of(sampler)

        def rows(epoch: int) -> NDArray[np.int64]:
            sampler.set_epoch(epoch)
            return np.fromiter(sampler, dtype=np.int64)

        with torch.no_grad():
            features = self.network.features(self.X)
            watched = None if self.watched is None else self.network.features(self.watched)
        self.stage(LoneHead(self.network), features, watched, rows)

    # -- training ---------------------------------------------------------------------------------

    def terms(self, scores: Tensor, at: Tensor) -> Tensor:
        weight = None if self.weight is None else self.weight[at]
        out: Tensor = self.loss.terms(scores, self.y[at], sample_weight=weight)
        return out

    def measure(self, scores: F) -> float:
        return self.yardstick.measure(scores, self.shift)[0]

    def _fitted(self) -> FittedNetwork:
        weights, biases = layers_of(self.network)
        cosine = 0.0
        if isinstance(self.network.head, Cosines):
            cosine = self.yardstick.scales[0]
            if self.watched is not None:
                scores = self.scores(self.network, self.watched)
                cosine = self.yardstick.measure(scores, self.shift)[1]
        return FittedNetwork(weights, biases, self.shift, self.present, cosine)


def layers_of(network: Network) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Return copies of the weights and the biases of all layers; those that have no bias get 0."""
    layers = [*network.body, network.head]
    weights = [layer.weight.detach().cpu().numpy().copy() for layer in layers]
    biases = [
        np.zeros(len(weight), dtype=np.float32)
        if getattr(layer, "bias", None) is None
        else layer.bias.detach().cpu().numpy().copy()
        for layer, weight in zip(layers, weights, strict=True)
    ]
    return weights, biases


def _offset_of(sampler: DynamicSampler | ClassAwareSampler) -> F:
    offset = sampler.prior_offset
    assert offset is not None  # there is one class per row
    out: F = offset.numpy()
    return out
