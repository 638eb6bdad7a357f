"""Train the network of the learner ``mlp`` on labels and on numbers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from equipoise.decisions.label_correction import label_intercept
from equipoise.learners.base import Training
from equipoise.learners.labels import element_weights, fixed_odds
from equipoise.learners.losses import make_loss, unfocused
from equipoise.learners.mlp import NetworkOfLabels, NetworkOfNumbers, squashed
from equipoise.learners.neural.mlp import Fit, Recipe, layers_of
from equipoise.learners.neural.network import Network
from equipoise.learners.numbers import Unit
from equipoise.losses import BalancedMSELoss

__all__ = ["train_on_labels", "train_on_numbers"]

F = NDArray[np.float64]

_AT_ONCE = 65_536
_NOISE = (
    0.5  # of balanced squared error, in standard deviations of the target: about what a model errs
)
_GROUPS = 8  # of targets, per standard deviation of the noise
_PAIRS = 2**22  # of a prediction and a group at a time: 32 MiB


def train_on_labels(training: Training, recipe: Recipe | None = None) -> NetworkOfLabels:
    """Train a network with a score for each label; see :func:`equipoise.learners.neural.mlp.train_network`."""
    torch.get_num_threads()  # the first call in a thread would undo the limit
    with threadpool_limits(1, user_api="openmp"):
        fit = _Labels(training, recipe or Recipe())
        weights, biases = fit.run()
        return NetworkOfLabels(weights, biases, fit.fixed)


def train_on_numbers(training: Training, recipe: Recipe | None = None) -> NetworkOfNumbers:
    """Train a network of one number; see :func:`equipoise.learners.neural.mlp.train_network`."""
    torch.get_num_threads()
    with threadpool_limits(1, user_api="openmp"):
        fit = _Numbers(training, recipe or Recipe())
        weights, biases = fit.run()
        return NetworkOfNumbers(weights, biases, fit.unit)


class _Fit(Fit):
    outputs: int

    def __init__(self, training: Training, recipe: Recipe) -> None:
        super().__init__(training, recipe)
        self.watched = None
        if training.watched is not None and training.watched[0].shape[0]:
            self.watched = self.put(squashed(training.watched[0]))

    def start(self, network: Network) -> None:
        """Set the last layer before the first step."""

    def run(self) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Train until the watched rows gain nothing more; return the layers of the best epoch."""
        network, _ = self.network_of(self.outputs)
        self.start(network)
        self.stage(network, self.X, self.watched, self.all_rows)
        return layers_of(network)


class _Labels(_Fit):
    def __init__(self, training: Training, recipe: Recipe) -> None:
        super().__init__(training, recipe)
        weights = element_weights(training)
        self.fixed = fixed_odds(training.y, weights)
        self.free = np.isnan(self.fixed)
        self.outputs = training.n_classes
        Y = training.y if weights is None else training.y * weights
        self.share = np.clip(Y.mean(axis=0), 1e-6, 1 - 1e-6)
        # Labels that never change teach nothing, and must not take the network for themselves.
        weights = self.free.astype(np.float64) * (1.0 if weights is None else weights)
        self.weight = self.put(np.broadcast_to(weights, training.y.shape).astype(np.float32))
        self.Y = self.put(training.y.astype(np.float32))
        self.loss = make_loss(training.loss, training.y, self.outputs, "labels").to(self.device)
        self.focus = 0.0 if training.loss is None else training.loss.focus

    def start(self, network: Network) -> None:
        if self.training.start_at_prior:
            with torch.no_grad():
                odds = np.log(self.share) - np.log1p(-self.share)
                network.head.bias.copy_(self.put(odds.astype(np.float32)))

    def terms(self, scores: Tensor, at: Tensor) -> Tensor:
        out: Tensor = self.loss.terms(scores, self.Y[at], sample_weight=self.weight[at])
        return out

    def measure(self, scores: F) -> float:
        """Return the mean cross-entropy of the labels, without weights and at their shares among these rows."""
        assert self.training.watched is not None
        Y = self.training.watched[1][:, self.free]
        odds = unfocused(scores[:, self.free], self.focus)
        odds = odds + label_intercept(odds, Y.mean(axis=0))
        return float(np.logaddexp(0.0, np.where(Y == 1, -odds, odds)).sum() / max(Y.size, 1))


class _Numbers(_Fit):
    outputs = 1

    def __init__(self, training: Training, recipe: Recipe) -> None:
        super().__init__(training, recipe)
        weight, y = training.sample_weight, training.y
        self.unit = Unit.of(y, weight)
        if np.ptp(y) == 0:  # what the network makes of nothing has no unit
            self.unit = Unit(self.unit.centre, 1e-12 * (abs(self.unit.centre) or 1.0))
        self.z = self.put(self.unit.put(y).astype(np.float32))
        self.weight = None if weight is None else self.put(weight.astype(np.float32))
        loss = training.loss
        balanced = loss is not None and loss.name == "balanced-mse"
        if loss is not None and balanced:
            loss = loss.settled({"noise": loss.values.get("noise", _NOISE)})
        self.loss = None
        if loss is not None:
            self.loss = make_loss(loss, y, 1, "numbers").to(self.device)
        self.judge, self.at_once = self.loss, _AT_ONCE
        if self.loss is not None and balanced and self.watched is not None:
            assert training.watched is not None
            # All watched rows are the batch, as its size moves the loss. Row by row they would be a square.
            noise = self.loss.noise
            groups = _grouped(self.unit.put(training.watched[1]), noise / _GROUPS)
            self.judge = BalancedMSELoss(noise, mixture=groups)
            self.at_once = max(_PAIRS // max(len(groups[0]), 1), 1)

    def terms(self, scores: Tensor, at: Tensor) -> Tensor:
        weight = None if self.weight is None else self.weight[at]
        if self.loss is not None:
            out: Tensor = self.loss.terms(scores[:, 0], self.z[at], sample_weight=weight)
            return out
        squared = (scores[:, 0] - self.z[at]) ** 2
        return squared if weight is None else squared * weight

    def measure(self, scores: F) -> float:
        """Return the mean loss, without weights."""
        assert self.training.watched is not None
        z = self.unit.put(self.training.watched[1])
        if self.judge is None:
            return float(np.mean((scores[:, 0] - z) ** 2))
        both = torch.from_numpy(np.stack([scores[:, 0], z])).split(self.at_once, dim=1)
        with torch.no_grad():
            return sum(float(self.judge.terms(p, y).sum()) for p, y in both) / len(z)


def _grouped(values: F, width: float) -> tuple[F, F, F]:
    """Return how many values are in each cell of a grid that has any, their means and standard deviations."""
    _, cell, count = np.unique(np.floor(values / width), return_inverse=True, return_counts=True)
    mean = np.bincount(cell, weights=values) / count
    spread = np.bincount(cell, weights=(values - mean[cell]) ** 2) / count
    return count.astype(np.float64), mean, np.sqrt(spread)
