r"""Many linear heads on the same features, trained together.

Strategies and folds differ in which rows count and how much, and in what is added to the scores before the
softmax; the features are the same. So the heads are columns of one matrix: each evaluation of all losses is
one product with the features, and one more brings all gradients. Rows that a head does not train on have
weight 0 in it, repeated ones a multiple.

Head h minimises, with its row weights :math:`w_{hi}` of mean 1 over the rows it trains on,

.. math:: \frac{1}{\sum_i w_{hi}} \sum_i w_{hi}\, \ell_h(z_{hi}, y_i) + \frac{1}{2 C n_h} \lVert W_h \rVert^2

by L-BFGS (Liu and Nocedal 1989) to the optimum, each head with its own steps: what a head becomes does not
depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Head", "train_heads"]

_STRENGTH = (
    30.0  # C of the penalty: on unit-length sentence embeddings weaker and stronger ones rank worse
)
_MEMORY = 10
_STEPS = 200
_HALVINGS = 12
_TOLERANCE = 1e-4
_BLOCK = 32
# Products have a multiple of so many columns, some of them idle: below that the library that computes
# them may add in another order, and what a head becomes would depend on how many others there are.
_COLUMNS = 16


@dataclass
class Head:
    """What one head minimises.

    Attributes
    ----------
    weight : float array, shape (n,)
        Weight of every row, 0 where it is not trained on.
    rows : int
        Number of rows that it trains on, repeats included; with it the penalty fades.
    gamma : float
        Focusing parameter: the cross-entropy of a row is multiplied by ``(1 - p_y) ** gamma``.
    scale, shift : float arrays, shape (C,), or None
        Scores enter the softmax as ``scale * z + shift``.
    margin : float array, shape (C,), or None
        Taken from the score of the true class.
    cosine : bool
        Whether scores are cosines of features and weights, times ``scale``.
    """

    weight: NDArray[np.float64]
    rows: int
    gamma: float = 0.0
    scale: NDArray[np.float64] | None = None
    shift: NDArray[np.float64] | None = None
    margin: NDArray[np.float64] | None = None
    cosine: bool = False


def train_heads(
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    heads: Sequence[Head],
    alone: bool = False,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Train heads on the same features.

    Parameters
    ----------
    X : float32 array, shape (n, d)
        Features.
    y : int64 array, shape (n,)
        Class codes.
    n_classes : int
        Number of classes C.
    heads : sequence of Head
    alone : bool, default False
        Train them one by one, each with products of its own.

    Returns
    -------
    list of (float64 array of shape (d, C), float64 array of shape (C,))
        Weights and intercepts, from which scores follow as ``X @ weights + intercepts``.
    """
    out: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    device = _device()
    features = torch.as_tensor(X, device=device)
    labels = torch.as_tensor(y, device=device)
    for start in range(0, len(heads), size := 1 if alone else _BLOCK):
        columns = 1 if alone else _COLUMNS
        out += _Block(features, labels, n_classes, heads[start : start + size], columns).train()
    return out


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class _Block:
    """Heads whose evaluations are one product."""

    def __init__(
        self, X: Tensor, y: Tensor, n_classes: int, heads: Sequence[Head], columns: int
    ) -> None:
        self.X, self.y, self.C, self.heads = X, y, n_classes, heads
        # Of two classes only the difference of the scores matters.
        self.K = 1 if n_classes == 2 else n_classes
        self.H = -(-len(heads) // columns) * columns
        self.d = X.shape[1]
        weight = np.zeros((len(y), self.H))
        rows = np.ones(self.H)
        for h, head in enumerate(heads):
            weight[:, h] = head.weight / max(head.weight.sum(), 1e-300)
            rows[h] = max(head.rows, 1)
        self.weight = self._put(weight)
        self.penalty = self._put(1.0 / (_STRENGTH * rows))
        self.gamma = self._put([head.gamma for head in heads], 0.0)
        self.scale = self._put_classes([head.scale for head in heads], 1.0)
        self.shift = self._put_classes([head.shift for head in heads], 0.0)
        self.margin = self._put_classes([head.margin for head in heads], 0.0)
        self.cosine = self._put([float(head.cosine) for head in heads], 0.0)
        self.basis = self._put_basis()
        self.true = torch.nn.functional.one_hot(y, n_classes).to(X.dtype)[:, None, :]
        self.plain = not any(head.gamma or head.cosine for head in heads)

    def _put(self, values: Any, fill: float | None = None) -> Tensor:
        array = np.asarray(values, dtype=np.float64)
        if fill is not None:
            array = np.concatenate([array, np.full(self.H - len(array), fill)])
        return torch.as_tensor(array, dtype=self.X.dtype, device=self.X.device)

    def _put_classes(self, values: Sequence[Any], fill: float) -> Tensor:
        full = np.full((self.H, self.C), fill)
        for h, value in enumerate(values):
            if value is not None:
                full[h] = value
        return self._put(full)

    def _put_basis(self) -> Tensor:
        # Weights are searched in coordinates where the loss is about as steep in all directions:
        # the columns of embeddings are far from that, and the search takes a fraction of the steps.
        n = len(self.y)
        X = self.X.double()
        curvature = 0.1 * (X.T @ X) / n
        curvature.diagonal().add_(1.0 / (_STRENGTH * n))
        root = torch.linalg.cholesky(curvature)
        inverse = torch.linalg.solve_triangular(
            root.T, torch.eye(self.d, dtype=root.dtype, device=root.device), upper=True
        )
        return inverse.to(self.X.dtype)

    # -- the losses of all heads ------------------------------------------------------------------

    def _split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        inner = theta[:, : self.d * self.K].view(self.H, self.d, self.K)
        flat = self.basis @ inner.permute(1, 0, 2).reshape(self.d, self.H * self.K)
        weights = flat.view(self.d, self.H, self.K).permute(1, 0, 2)
        return weights, theta[:, self.d * self.K :]

    def _effective(self, weights: Tensor) -> Tensor:
        if self.plain:
            return weights
        length = weights.norm(dim=1, keepdim=True).clamp(min=1e-12)
        on = self.cosine[:, None, None]
        return on * (weights / length) + (1 - on) * weights

    def losses(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the objective of every head, shape (H,), and its gradients, shape (H, P)."""
        theta = theta.detach().requires_grad_(True)
        weights, intercepts = self._split(theta)
        flat = self._effective(weights).permute(1, 0, 2).reshape(self.d, self.H * self.K)
        z = (self.X @ flat).view(-1, self.H, self.K) + intercepts
        if self.K == 1:
            z = torch.cat([torch.zeros_like(z), z], dim=2)
        z = z * self.scale + self.shift - self.true * self.margin
        log_p = ((z - z.logsumexp(dim=2, keepdim=True)) * self.true).sum(dim=2)
        loss = -log_p
        if not self.plain:
            # Away from 0, where the slope of a power is not finite.
            loss = loss * (-torch.expm1(log_p)).clamp(min=1e-6) ** self.gamma
        total = (loss * self.weight).sum(dim=0)
        total = total + 0.5 * self.penalty * (weights**2).sum(dim=(1, 2))
        (gradient,) = torch.autograd.grad(total.sum(), theta)
        return total.detach(), gradient

    # -- the search -------------------------------------------------------------------------------

    def train(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Minimise, and return weights and intercepts per head."""
        theta = self._start()
        f, g = self.losses(theta)
        memory: list[tuple[Tensor, Tensor, Tensor]] = []
        done = torch.zeros(self.H, dtype=torch.bool, device=theta.device)
        done[len(self.heads) :] = True
        for _ in range(_STEPS):
            step = self._direction(g, memory)
            slope = (step * g).sum(dim=1)
            uphill = slope >= 0
            step = torch.where(uphill[:, None], -g, step)
            slope = torch.where(uphill, -(g**2).sum(dim=1), slope)
            length = torch.ones_like(f) if memory else 1.0 / g.norm(dim=1).clamp(min=1.0)
            length = torch.where(done, torch.zeros_like(length), length)
            for _ in range(_HALVINGS):
                new = theta + length[:, None] * step
                f_new, g_new = self.losses(new)
                # Single precision: no descent below what the sum of so many losses resolves.
                fine = (f_new <= f + 1e-4 * length * slope + 2e-7 * f.abs()) | done
                if bool(fine.all()):
                    break
                length = torch.where(fine, length, 0.5 * length)
            else:
                length = torch.where(fine, length, torch.zeros_like(length))
                new = theta + length[:, None] * step
                f_new, g_new = self.losses(new)
            s, v = new - theta, g_new - g
            product = (s * v).sum(dim=1)
            rho = torch.where(product > 1e-12, 1.0 / product.clamp(min=1e-12), 0.0)
            memory = [*memory[1 - _MEMORY :], (s, v, rho)]
            stuck = ~(f - f_new > 1e-7 * f.abs())
            done = done | (g_new.norm(dim=1) <= _TOLERANCE * self._unit) | stuck
            theta, f, g = new, f_new, g_new
            if bool(done.all()):
                break
        return self._results(theta)

    def _start(self) -> Tensor:
        theta = torch.zeros(self.H, (self.d + 1) * self.K, dtype=self.X.dtype, device=self.X.device)
        if not self.plain:
            # A cosine has no slope at a weight of length 0.
            mean = (self.X.T @ (self.weight[:, :, None] * self.true).reshape(len(self.y), -1)).view(
                self.d, self.H, self.C
            )
            mean = mean[:, :, 1:] - mean[:, :, :1] if self.K == 1 else mean
            inner = torch.linalg.solve_triangular(
                self.basis, mean.reshape(self.d, -1).contiguous(), upper=True
            ).view(self.d, self.H, self.K)
            flat = inner.permute(1, 0, 2).reshape(self.H, -1)
            theta[:, : self.d * self.K] = self.cosine[:, None] * flat
        self._unit = torch.ones(self.H, dtype=self.X.dtype, device=self.X.device)
        self._unit = self.losses(theta)[1].norm(dim=1).clamp(min=1e-12)
        return theta

    def _direction(self, g: Tensor, memory: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        q = g.clone()
        alphas = []
        for s, v, rho in reversed(memory):
            alpha = rho * (s * q).sum(dim=1)
            q = q - alpha[:, None] * v
            alphas.append(alpha)
        if memory:
            s, v, rho = memory[-1]
            known = rho > 0
            size = (s * v).sum(dim=1) / (v * v).sum(dim=1).clamp(min=1e-30)
            q = q * torch.where(known, size, torch.ones_like(size))[:, None]
        for (s, v, rho), alpha in zip(memory, reversed(alphas), strict=True):
            beta = rho * (v * q).sum(dim=1)
            q = q + (alpha - beta)[:, None] * s
        return -q

    def _results(self, theta: Tensor) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        weights, intercepts = self._split(theta)
        weights = self._effective(weights)
        out = []
        for h, head in enumerate(self.heads):
            w = weights[h].cpu().numpy().astype(np.float64)
            b = intercepts[h].cpu().numpy().astype(np.float64)
            if self.K == 1:
                w, b = np.hstack([np.zeros_like(w), w]), np.array([0.0, b[0]])
            if head.cosine and head.scale is not None:
                w, b = w * head.scale, b * head.scale
            out.append((w, b))
        return out
