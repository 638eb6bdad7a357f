r"""Many linear heads on the same features, trained together.

Strategies differ in which rows of a fold count and how much, and in what is added to the scores before the
softmax; the features are the same. So the heads are columns of one matrix: each evaluation of all losses is
one product with the features, and one more brings all gradients. Rows that a head does not train on have
weight 0 in it, repeated ones a multiple.

Head h minimises, with its row weights :math:`w_{hi}` of mean 1 over the rows it trains on,

.. math:: \frac{1}{\sum_i w_{hi}} \sum_i w_{hi}\, \ell_h(z_{hi}, y_i) + \frac{1}{2 C n_h} \lVert W_h \rVert^2

(the last term not for cosines, whose length means nothing) by L-BFGS (Liu and Nocedal 1989) to the optimum, each head with its own steps: what a head becomes does not
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

from equipoise.learners.neural.search import COLUMNS, Search, best_device, lengths

__all__ = ["Head", "train_heads"]

# C of the penalty: on rows of length 1, as of TF-IDF, a C of 1 is known to under-fit.
_STRENGTH = 10.0
_BLOCK = 64
_SMALL = 1e-6  # the slope of a power is not finite at 0


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

    @property
    def bounded(self) -> bool:
        """Whether its scores are bounded, or its true class is held back."""
        return self.cosine or self.margin is not None


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
    device = best_device()
    features = torch.as_tensor(X, device=device)
    labels = torch.as_tensor(y, device=device)
    basis = _basis(features)
    # Coordinates that straighten the losses of a plane bend those of a cosine, which has none and a block to itself.
    single = [h for h, head in enumerate(heads) if alone or head.bounded]
    others = [h for h in range(len(heads)) if h not in single]
    blocks = [others[start : start + _BLOCK] for start in range(0, len(others), _BLOCK)]
    out: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for block, columns in [*((one, COLUMNS) for one in blocks), *(([h], 1) for h in single)]:
        chosen = [heads[h] for h in block]
        own = torch.eye(len(basis)).to(basis) if chosen[0].cosine else basis
        made = _Block(features, labels, n_classes, chosen, columns, own).train()
        out |= dict(zip(block, made, strict=True))
    return [out[h] for h in range(len(heads))]


def _basis(X: Tensor) -> Tensor:
    # Weights are searched in coordinates where the loss is about as steep in all directions:
    # the columns of embeddings are far from that, and the search takes a fraction of the steps.
    n, d = X.shape
    wide = X.double()
    curvature = 0.1 * (wide.T @ wide) / n
    curvature.diagonal().add_(1.0 / (_STRENGTH * n))
    root = torch.linalg.cholesky(curvature)
    inverse = torch.linalg.solve_triangular(
        root.T, torch.eye(d, dtype=root.dtype, device=root.device), upper=True
    )
    out: Tensor = inverse.T.to(X.dtype).contiguous()
    return out


class _Block(Search):
    """Heads whose evaluations are one product.

    What is searched, ``theta``, has the shape (H, K, d + 1): for each head and score the weights, in
    coordinates of ``basis``, and the intercept.
    """

    def __init__(
        self,
        X: Tensor,
        y: Tensor,
        n_classes: int,
        heads: Sequence[Head],
        columns: int,
        basis: Tensor,
    ) -> None:
        # The intercept is the weight of a column of ones, so that a product brings its slope as well.
        self.X = torch.cat([X, torch.ones_like(X[:, :1])], dim=1)
        self.y, self.C, self.heads, self.columns = y, n_classes, heads, columns
        self.count, self.results = len(heads), [None] * len(heads)
        # Of two classes only the difference of the scores matters.
        self.K = 1 if n_classes == 2 else n_classes
        self.H = -(-len(heads) // columns) * columns
        self.d = X.shape[1]
        weight = np.zeros((len(y), self.H))
        rows = np.ones(self.H)
        for h, head in enumerate(heads):
            weight[:, h] = head.weight / max(head.weight.sum(), 1e-300)
            # The length of a cosine's weights means nothing: a penalty would only make it vanish.
            rows[h] = np.inf if head.cosine else max(head.rows, 1)
        self.weight = self._put(weight)
        self.penalty = self._put(1.0 / (_STRENGTH * rows))
        self.gamma = self._put([head.gamma for head in heads], 0.0)
        self.scale = self._put_classes([head.scale for head in heads], 1.0)
        self.shift = self._put_classes([head.shift for head in heads], 0.0)
        self.margin = self._put_classes([head.margin for head in heads], 0.0)
        self.cosine = self._put([float(head.cosine) for head in heads], 0.0)
        self.basis = basis
        self.focused = self.gamma.nonzero()[:, 0]
        self._unit = torch.ones(self.H, dtype=X.dtype, device=X.device)
        self.bounded = any(head.bounded for head in heads)
        self.true = torch.nn.functional.one_hot(y, n_classes).to(X.dtype)
        self.sign = 2.0 * self.true[:, 1:2] - 1.0

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

    # -- the losses of all heads ------------------------------------------------------------------

    def weights(self, theta: Tensor) -> Tensor:
        """Return the weights in the coordinates of the features, shape (H, K, d)."""
        inner = theta[:, :, : self.d].reshape(self.H * self.K, self.d)
        return self._by_head(self.basis.T @ inner.T)

    def _by_head(self, columns: Tensor) -> Tensor:
        # Products have the heads in their columns: in their rows, where a head stands would matter.
        return columns.T.contiguous().view(self.H, self.K, -1)

    def losses(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return objectives and gradients; see the base class."""
        weights = self.weights(theta)
        used, length = weights, None
        if self.bounded:
            length = weights.norm(dim=2, keepdim=True).clamp(min=1e-12)
            used = torch.where(self.cosine[:, None, None] > 0, weights / length, weights)
        both = torch.cat([used, theta[:, :, self.d :]], dim=2).view(self.H * self.K, self.d + 1)
        z = self.X @ both.T
        loss, slope = self._of_two(z) if self.K == 1 else self._of_many(z.view(-1, self.H, self.C))
        # Summed along the memory: down the columns, the order would depend on how many there are.
        total = loss.mul_(self.weight).T.contiguous().double().sum(dim=1)
        total = total + 0.5 * self.penalty * (weights**2).double().sum(dim=2).sum(dim=1)
        back = self._by_head(self.X.T @ slope)
        of_weights = back[:, :, : self.d]
        if length is not None:
            along = (used * of_weights).sum(dim=2, keepdim=True)
            turned = (of_weights - along * used) / length
            of_weights = torch.where(self.cosine[:, None, None] > 0, turned, of_weights)
        of_weights = of_weights + self.penalty[:, None, None] * weights
        inner = self._by_head(self.basis @ of_weights.reshape(self.H * self.K, self.d).T)
        gradient = torch.cat([inner, back[:, :, self.d :]], dim=2)
        return total, gradient

    def _of_two(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return loss and slope of each row by the log-odds of the second class, shape (n, H) each."""
        a = z.mul_(self.scale[:, 1]).add_(self.shift[:, 1] - self.shift[:, 0]).mul_(self.sign)
        if self.bounded:
            a -= self.true @ self.margin.T
        log_p = torch.nn.functional.logsigmoid(a)
        q = torch.sigmoid(-a)
        slope, loss = -q, -log_p
        if len(at := self.focused):
            gamma, some, own = self.gamma[at], q[:, at].clamp(min=_SMALL), log_p[:, at]
            power = some**gamma
            slope[:, at] = -power * (some - gamma * (1 - some) * own)
            loss[:, at] = -power * own
        return loss, slope.mul_(self.weight).mul_(self.sign).mul_(self.scale[:, 1])

    def _of_many(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return loss, shape (n, H), and slope by each score, shape (n, H * C)."""
        z = z * self.scale + self.shift
        true = self.true[:, None, :]
        if self.bounded:
            z = z - true * self.margin
        log_all = torch.log_softmax(z, dim=2)
        log_p = log_all.gather(2, self.y[:, None, None].expand(-1, self.H, 1))[:, :, 0]
        pull, loss = self.weight, -log_p
        if len(at := self.focused):
            gamma, own = self.gamma[at], log_p[:, at]
            q = (-torch.expm1(own)).clamp_(min=_SMALL)
            power = q**gamma
            pull = pull.clone()
            pull[:, at] *= power - gamma * power / q * (1 - q) * own
            loss[:, at] *= power
        slope = (log_all.exp_() - true) * pull[:, :, None] * self.scale
        return loss, slope.view(len(self.y), self.H * self.C)

    def _narrow(self, kept: Tensor) -> None:
        self.H = len(kept)
        self.weight = self.weight[:, kept].contiguous()
        self.penalty, self.gamma, self._unit = (
            values[kept] for values in (self.penalty, self.gamma, self._unit)
        )
        self.focused = self.gamma.nonzero()[:, 0]
        self.scale, self.shift, self.margin, self.cosine = (
            values[kept] for values in (self.scale, self.shift, self.margin, self.cosine)
        )

    def _start(self) -> Tensor:
        shape = (self.H, self.K, self.d + 1)
        theta = torch.zeros(shape, dtype=self.X.dtype, device=self.X.device)
        if self.bounded:
            # A cosine has no slope at a weight of length 0: it starts between the means of the classes, and at
            # length 1, as the first step of the search has.
            sums = torch.einsum("nh,nc,nd->hcd", self.weight, self.true, self.X[:, : self.d])
            means = sums[:, 1:] - sums[:, :1] if self.K == 1 else sums
            means = means / means.norm(dim=2, keepdim=True).clamp(min=1e-12)
            inner = torch.linalg.solve_triangular(self.basis, means, upper=False, left=False)
            theta[:, :, : self.d] = torch.where(self.cosine[:, None, None] > 0, inner, 0.0)
        self._unit = lengths(self.losses(theta)[1]).clamp(min=1e-12)
        return theta

    def _report(self, theta: Tensor, at: Tensor) -> None:
        weights = self.weights(theta)
        for column, h in enumerate(at.tolist()):
            if h >= len(self.heads):
                continue
            head = self.heads[h]
            w = weights[column].T.cpu().numpy().astype(np.float64)
            b = theta[column, :, self.d].cpu().numpy().astype(np.float64)
            if head.cosine:
                w = w / np.maximum(np.linalg.norm(w, axis=0), 1e-12)
            if self.K == 1:
                w, b = np.hstack([np.zeros_like(w), w]), np.array([0.0, b[0]])
            if head.cosine and head.scale is not None:
                w, b = w * head.scale, b * head.scale
            self.results[h] = (w, b)
