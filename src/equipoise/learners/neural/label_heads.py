r"""Many linear heads of labels on the same features, trained together.

Each label of each strategy is a head of its own, with weights for its elements, and minimises

.. math::
    \frac{1}{\sum_i w_i} \sum_i w_i \left[ -y_i (1 - p_i)^{\gamma_+} \log p_i
        - \tfrac{1}{\lambda} (1 - y_i) q_i^{\gamma_-} \log(1 - q_i) \right]
    + \frac{1}{2 C n} \lVert \beta \rVert^2, \qquad
    p = \sigma(z + \nu), \quad q = \max(\sigma(\lambda (z + \nu)) - m, 0)

with the log-odds :math:`z = x \beta + b`, which holds binary cross-entropy and the focal, asymmetric and
distribution-balanced losses. Features are turned to their principal axes, where the curvature of every head is
about diagonal: scaled by it, the search takes a fraction of the steps, for rare labels as for frequent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.learners.neural.search import COLUMNS, Search, best_device, lengths

__all__ = ["LabelHead", "train_label_heads"]

F = NDArray[np.float64]

# C of the penalty, as of heads of classes.
_STRENGTH = 10.0
_BLOCK = 64
_SMALL = 1e-6  # the slope of a power is not finite at 0
_LEAST = 1e-4  # of a share of positives, in the curvature


@dataclass
class LabelHead:
    """What one head minimises.

    Attributes
    ----------
    label : int
        Column of Y.
    rows : int64 array, shape (m,)
        Rows that it trains on, possibly repeated.
    weight : float64 array, shape (m,) or None
        Their weights.
    gamma_pos, gamma_neg : float
        Focus on hard positives and negatives.
    margin : float
        What is taken off the probability of negatives.
    tolerance : float
        Factor of the log-odds of negatives.
    shift : float
        Added to the log-odds.
    """

    label: int
    rows: NDArray[np.int64]
    weight: F | None
    gamma_pos: float = 0.0
    gamma_neg: float = 0.0
    margin: float = 0.0
    tolerance: float = 1.0
    shift: float = 0.0

    @property
    def kind(self) -> int:
        """Tell heads whose losses take longer from the others."""
        return 2 if self.margin else int(bool(self.gamma_pos or self.gamma_neg))

    def full_weight(self, n: int) -> F:
        """Return the weight of every row, 0 where it is not trained on, with a sum of 1."""
        summed = np.bincount(self.rows, weights=self.weight, minlength=n).astype(np.float64)
        out: F = summed / max(summed.sum(), 1e-300)
        return out


def train_label_heads(
    X: NDArray[np.float32], Y: NDArray[np.int64], heads: Sequence[LabelHead], alone: bool = False
) -> list[tuple[F, float]]:
    """Train heads on the same features.

    Parameters
    ----------
    X : float32 array, shape (n, d)
        Features.
    Y : int64 array, shape (n, L)
        0 and 1.
    heads : sequence of LabelHead
    alone : bool, default False
        Train them one by one, each with products of its own.

    Returns
    -------
    list of (float64 array of shape (d,), float)
        Weights and intercepts, from which log-odds follow as ``X @ weights + intercept``.
    """
    axes = _Axes.of(torch.as_tensor(X, device=best_device()))
    size, columns = (1, 1) if alone else (_BLOCK, COLUMNS)
    order = sorted(range(len(heads)), key=lambda h: heads[h].kind)
    out: list[Any] = [None] * len(heads)
    for start in range(0, len(heads), size):
        some = order[start : start + size]
        block = _Block(axes, Y, [heads[h] for h in some], columns)
        block.train()
        for h, result in zip(some, block.results, strict=True):
            assert result is not None  # every head is reported at the end
            out[h] = result[0][:, 0], float(result[1][0])
    return out


@dataclass
class _Axes:
    """Features about their mean, turned to their principal axes, and a column of ones."""

    X: Tensor
    mean: Tensor
    turn: Tensor
    spread: Tensor  # variances along the axes

    @classmethod
    def of(cls, X: Tensor) -> _Axes:
        mean = X.double().mean(dim=0)
        centred = X - mean.to(X.dtype)
        double = centred.double()
        spread, turn = torch.linalg.eigh(double.T @ double / max(len(X), 1))
        turned = centred @ turn.to(X.dtype)
        ones = torch.ones_like(turned[:, :1])
        return cls(torch.cat([turned, ones], dim=1), mean, turn, spread.clamp(min=0.0))


class _Block(Search):
    """Heads whose evaluations are one product; ``theta`` has the shape (H, 1, d + 1)."""

    def __init__(
        self, axes: _Axes, Y: NDArray[np.int64], heads: Sequence[LabelHead], columns: int
    ) -> None:
        self.axes, self.X, self.heads, self.columns = axes, axes.X, heads, columns
        self.count, self.results = len(heads), [None] * len(heads)
        self.H = -(-len(heads) // columns) * columns
        n, self.d = len(Y), self.X.shape[1] - 1
        weight, sign = np.zeros((n, self.H)), -np.ones((n, self.H), dtype=np.float32)
        rows, share = np.ones(self.H), np.full(self.H, 0.5)
        for h, head in enumerate(heads):
            weight[:, h] = head.full_weight(n)
            sign[:, h] = 2.0 * Y[:, head.label] - 1.0
            rows[h] = max(len(head.rows), 1)
            share[h] = weight[Y[:, head.label] == 1, h].sum()
        share = np.clip(share, _LEAST, 1.0 - _LEAST)
        self.weight, self.sign = self._put(weight), self._put(sign)
        self.penalty = self._put(1.0 / (_STRENGTH * rows))
        self.gamma_pos = self._put([head.gamma_pos for head in heads], 0.0)
        self.gamma_neg = self._put([head.gamma_neg for head in heads], 0.0)
        self.margin = self._put([head.margin for head in heads], 0.0)
        self.tolerance = self._put([head.tolerance for head in heads], 1.0)
        self.shift = self._put([head.shift for head in heads], 0.0)
        self.kind = max(head.kind for head in heads)
        self.moved = any(head.shift or head.tolerance != 1.0 for head in heads)
        # About the curvature of cross-entropy where it ends up: half of that at the prior.
        curvature = 0.5 * share * (1.0 - share)
        along = axes.spread.cpu().numpy()[None, :] * curvature[:, None]
        along = 1.0 / np.sqrt(along + 1.0 / (_STRENGTH * rows)[:, None])
        self.scale = self._put(np.column_stack([along, 1.0 / np.sqrt(curvature)]))
        self.prior = self._put(np.log(share) - np.log1p(-share))
        self._unit = torch.ones(self.H, dtype=self.X.dtype, device=self.X.device)

    def _put(self, values: Any, fill: float | None = None) -> Tensor:
        array = np.asarray(values, dtype=np.float64)
        if fill is not None:
            array = np.concatenate([array, np.full(self.H - len(array), fill)])
        return torch.as_tensor(array, dtype=self.X.dtype, device=self.X.device)

    def losses(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return objectives and gradients; see the base class."""
        both = theta[:, 0] * self.scale
        z = self.X @ both.T
        if self.moved:
            z.add_(self.shift)
        loss, slope = self._of_elements(z)
        # Summed along the memory: down the columns, the order would depend on how many there are.
        total = loss.mul_(self.weight).T.contiguous().double().sum(dim=1)
        inner = both[:, : self.d]
        total = total + 0.5 * self.penalty * (inner**2).double().sum(dim=1)
        back = (self.X.T @ slope).T.contiguous()
        back[:, : self.d] += self.penalty[:, None] * inner
        return total, (back * self.scale)[:, None]

    def _of_elements(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return loss and weighted slope of each element by its log-odds, shape (n, H) each; spends ``z``."""
        positive = self.sign > 0
        a = z.mul_(self.sign)
        stretch = None
        if self.moved:
            stretch = torch.where(positive, torch.ones_like(self.tolerance), self.tolerance)
            a.mul_(stretch)
        log_p = torch.nn.functional.logsigmoid(a)
        q = torch.sigmoid(-a)
        if self.kind:
            loss, slope = self._focused(a, q, log_p, positive)
        else:
            loss, slope = -log_p, -q
        if stretch is not None:
            # The slope by z is stretched by as much as the loss is shrunk.
            loss = loss / stretch
        return loss, slope.mul_(self.weight).mul_(self.sign)

    def _focused(
        self, a: Tensor, q: Tensor, log_p: Tensor, positive: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return loss and slope by the log-odds ``a`` of the true value, whose chance is ``1 - q``."""
        gamma = torch.where(positive, self.gamma_pos, self.gamma_neg)
        rest = torch.sigmoid(a)  # not 1 less a rounded q
        plain = gamma == 0
        if self.kind == 1:
            some = q.clamp(min=_SMALL)
            power = some**gamma
            slope = power * (gamma / some * rest * log_p - 1.0) * q
            loss = -power * log_p
        else:
            cut = (self.margin > 0) & ~positive
            plain &= ~cut
            excess = torch.where(cut, q - self.margin, q)
            some = excess.clamp(min=_SMALL)
            power = some**gamma
            whole = torch.where(cut, rest + self.margin, rest)
            log_rest = torch.where(cut, torch.log(whole), log_p)
            pull = torch.where(cut, q * (rest / whole), q)
            slope = power * (gamma / some * whole * log_rest - 1.0) * pull
            loss = -power * log_rest
            # Negatives below the margin are let go.
            easy = cut & (excess <= 0)
            loss, slope = loss.masked_fill_(easy, 0.0), slope.masked_fill_(easy, 0.0)
        # What has no focus is as without it, to the last bit.
        return torch.where(plain, -log_p, loss), torch.where(plain, -q, slope)

    # -- the search -------------------------------------------------------------------------------

    def _start(self) -> Tensor:
        shape = (self.H, 1, self.d + 1)
        theta = torch.zeros(shape, dtype=self.X.dtype, device=self.X.device)
        theta[:, 0, self.d] = self.prior / self.scale[:, self.d]
        self._unit = lengths(self.losses(theta)[1]).clamp(min=1e-12)
        return theta

    def _narrow(self, kept: Tensor) -> None:
        self.H = len(kept)
        self.weight = self.weight[:, kept].contiguous()
        self.sign = self.sign[:, kept].contiguous()
        for name in _OF_HEADS:
            setattr(self, name, getattr(self, name)[kept])

    def _report(self, theta: Tensor, at: Tensor) -> None:
        both = (theta[:, 0] * self.scale).double()
        weights = both[:, : self.d] @ self.axes.turn.T
        intercepts = both[:, self.d] - weights @ self.axes.mean
        for column, h in enumerate(at.tolist()):
            if h < self.count:
                one = weights[column].cpu().numpy()[:, None]
                self.results[h] = one, intercepts[column].cpu().numpy()[None]


_OF_HEADS = (
    "penalty",
    "gamma_pos",
    "gamma_neg",
    "margin",
    "tolerance",
    "shift",
    "scale",
    "prior",
    "_unit",
)
