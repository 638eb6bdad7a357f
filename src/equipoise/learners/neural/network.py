"""Networks whose numbers come from generators of their own, and the steps of their training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from equipoise.losses import CosineHead

__all__ = ["AdamW", "Cosines", "Kept", "LoneHead", "Network"]


class Cosines(CosineHead):
    """Weights are drawn by the network, not from torch's own generator."""

    def __init__(self, in_features: int, n_classes: int) -> None:
        nn.Module.__init__(self)
        self.scale = 1.0
        self.weight = nn.Parameter(torch.empty(n_classes, in_features))


class Network(nn.Module):
    """Hidden layers with dropout, and a last layer of scores or of cosines."""

    def __init__(
        self,
        sizes: Sequence[int],
        n_classes: int,
        cosine: bool,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.body = nn.ModuleList(nn.utils.skip_init(nn.Linear, a, b) for a, b in pairwise(sizes))
        self.head: Any = (
            Cosines(sizes[-1], n_classes)
            if cosine
            else nn.utils.skip_init(nn.Linear, sizes[-1], n_classes)
        )
        for layer in self.body:
            _draw(layer, math.sqrt(6.0), generator)
        self.reset_head(generator)

    def reset_head(self, generator: torch.Generator) -> None:
        """Draw the last layer anew."""
        _draw(self.head, 1.0, generator)

    def features(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return what the last layer is given; with a generator some units are left out."""
        for layer in self.body:
            x = torch.relu(layer(x))
            if generator is not None and self.dropout:
                # Modules for this draw from the generator that all threads share.
                keep = 1.0 - self.dropout
                x = x * (torch.empty_like(x).bernoulli_(keep, generator=generator) / keep)
        return x

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return scores, shape (n, C)."""
        out: Tensor = self.head(self.features(x, generator))
        return out


class LoneHead(nn.Module):
    """The last layer as a network of its own, on features."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.head = network.head

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return scores, shape (n, C)."""
        out: Tensor = self.head(x)
        return out


def _draw(layer: Any, gain: float, generator: torch.Generator) -> None:
    bound = gain / math.sqrt(layer.weight.shape[1])
    drawn = torch.empty(layer.weight.shape).uniform_(-bound, bound, generator=generator)
    with torch.no_grad():
        layer.weight.copy_(drawn)
        if getattr(layer, "bias", None) is not None:
            layer.bias.zero_()


class AdamW:
    """The steps of torch.optim.AdamW, which would first import a compiler: seconds, in many threads."""

    def __init__(self, network: nn.Module, rate: float, decay: float) -> None:
        self.parameters = list(network.parameters())
        self.rate, self.decay, self.count = rate, decay, 0
        self.means = [torch.zeros_like(one) for one in self.parameters]
        self.squares = [torch.zeros_like(one) for one in self.parameters]

    def down(self, loss: Tensor) -> None:
        """Take a step against the slope of the loss."""
        slopes = torch.autograd.grad(loss, self.parameters)
        self.count += 1
        first, second = (1.0 - beta**self.count for beta in (0.9, 0.999))
        with torch.no_grad():
            for one, slope, mean, square in zip(
                self.parameters, slopes, self.means, self.squares, strict=True
            ):
                mean.lerp_(slope, 0.1)
                square.mul_(0.999).addcmul_(slope, slope, value=0.001)
                one.mul_(1.0 - self.rate * self.decay)
                length = (square / second).sqrt_().add_(1e-8)
                one.addcdiv_(mean, length, value=-self.rate / first)


@dataclass
class Kept:
    """Parameters, and the shift that belongs to them."""

    state: list[Tensor]
    shift: NDArray[np.float64]

    @classmethod
    def of(cls, network: nn.Module, shift: NDArray[np.float64]) -> Kept:
        """Copy them."""
        return cls([one.detach().clone() for one in network.parameters()], shift)

    def put_back(self, network: nn.Module) -> NDArray[np.float64]:
        """Give the network its parameters back, and return the shift."""
        with torch.no_grad():
            for one, old in zip(network.parameters(), self.state, strict=True):
                one.copy_(old)
        return self.shift
