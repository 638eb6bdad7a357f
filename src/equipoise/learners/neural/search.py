"""Minimise the losses of many heads at once by L-BFGS, each head with steps of its own."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["COLUMNS", "Search", "best_device", "lengths"]

F = NDArray[np.float64]

# Products have a multiple of so many columns, some of them idle: below that the library that computes
# them may add in another order, and what a head becomes would depend on how many others there are.
COLUMNS = 16
_MEMORY = 10
_STEPS = 200
_HALVINGS = 12
_TOLERANCE = 1e-4
# Of a loss: what single precision of its terms leaves of it.
_RESOLUTION = 1e-8


def best_device() -> torch.device:
    """Return the first graphics card, or the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Search:
    """Heads whose evaluations are one product.

    Attributes
    ----------
    count : int
        Number of heads.
    H : int
        Number of columns, of which the last are idle, and those of heads that are done may be dropped.
    columns : int
        What H is a multiple of.
    results : list
        Weights and intercepts of each head, once reported.
    """

    count: int
    H: int
    columns: int
    results: list[tuple[F, F] | None]
    _unit: Tensor

    def losses(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the objective of every head, shape (H,), and its gradients, of the shape of theta."""
        raise NotImplementedError

    def _start(self) -> Tensor:
        """Return where the search starts, shape (H, K, d + 1); sets what gradients are measured by."""
        raise NotImplementedError

    def _narrow(self, kept: Tensor) -> None:
        """Go on with these columns alone."""
        raise NotImplementedError

    def _report(self, theta: Tensor, at: Tensor) -> None:
        """Put what the columns came to into the results; ``at`` tells the head of each."""
        raise NotImplementedError

    def train(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Minimise, and return weights and intercepts per head."""
        theta = self._start()
        f, g = self.losses(theta)
        memory: list[tuple[Tensor, Tensor, Tensor]] = []
        at = torch.arange(self.H, device=theta.device)  # the head that each column is of
        done = at >= self.count
        for _ in range(_STEPS):
            step = self._direction(g, memory)
            slope = _dot(step, g)
            uphill = slope >= 0
            step = torch.where(uphill[:, None, None], -g, step)
            slope = torch.where(uphill, -_dot(g, g), slope)
            length = torch.ones_like(slope) if memory else 1.0 / lengths(g).clamp(min=1.0)
            length = torch.where(done, torch.zeros_like(length), length)
            for halving in range(_HALVINGS + 1):
                new = theta + _times(length, step)
                f_new, g_new = self.losses(new)
                fine = (f_new <= f + 1e-4 * length * slope + _RESOLUTION * f.abs()) | done
                if bool(fine.all()) or halving == _HALVINGS:
                    break
                shorter = 0.5 * length if halving < _HALVINGS - 1 else torch.zeros_like(length)
                length = torch.where(fine, length, shorter)
            s, v = new - theta, g_new - g
            product = _dot(s, v)
            rho = torch.where(product > 1e-12, 1.0 / product.clamp(min=1e-12), 0.0)
            memory = [*memory[1 - _MEMORY :], (s, v, rho)]
            stuck = ~(f - f_new > _RESOLUTION * f.abs())
            done = done | (lengths(g_new) <= _TOLERANCE * self._unit) | stuck
            theta, f, g = new, f_new, g_new
            if bool(done.all()):
                break
            kept = self._still_needed(done)
            if kept is not None:
                self._report(theta, at)
                self._narrow(kept)
                theta, f, g, at, done = theta[kept], f[kept], g[kept], at[kept], done[kept]
                memory = [(s[kept], v[kept], rho[kept]) for s, v, rho in memory]
        self._report(theta, at)
        return [one for one in self.results if one is not None]

    def _still_needed(self, done: Tensor) -> Tensor | None:
        """Return the columns to go on with, once enough heads are done to drop some; else None."""
        fewer = -(-int((~done).sum()) // self.columns) * self.columns
        if fewer >= self.H:
            return None
        first = torch.argsort(done.to(torch.int8), stable=True)
        return first[:fewer].sort().values

    def _direction(self, g: Tensor, memory: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        q = g.clone()
        alphas = []
        for s, v, rho in reversed(memory):
            alpha = rho * _dot(s, q)
            q -= _times(alpha, v)
            alphas.append(alpha)
        if memory:
            s, v, rho = memory[-1]
            size = _dot(s, v) / _dot(v, v).clamp(min=1e-30)
            q *= torch.where(rho > 0, size, torch.ones_like(size))[:, None, None]
        for (s, v, rho), alpha in zip(memory, reversed(alphas), strict=True):
            q += _times(alpha - rho * _dot(v, q), s)
        return -q


def lengths(values: Tensor) -> Tensor:
    """Return the length of each head's part, shape (H,)."""
    out: Tensor = values.flatten(1).norm(dim=1)
    return out


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).flatten(1).sum(dim=1)


def _times(number: Tensor, values: Tensor) -> Tensor:
    return number[:, None, None] * values
