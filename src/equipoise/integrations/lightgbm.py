"""Objectives for LightGBM."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError

__all__ = ["FocalObjective"]

F = NDArray[np.float64]
_SMALL = 1e-12


class FocalObjective:
    """Focal loss as an objective of ``lightgbm.train``.

    ``L = -alpha_y (1 - p_y)^gamma log p_y``, with ``p`` from a sigmoid of one score, or from a softmax of
    C scores. The gradient is exact. The second derivative of the loss is negative for rows that are badly
    wrong; LightGBM needs a positive one. The binary form takes the exact value where it is above that of
    cross-entropy damped by ``(1 - p)^gamma``, and the latter elsewhere; the softmax form is scaled as
    LightGBM scales its own. With ``gamma = 0`` and no ``alpha`` both are LightGBM's own objectives.

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing parameter, 0 or more.
    alpha : array of shape (n_classes,), optional
        Weight of each class.
    n_classes : int, default 2
        Number of classes; set ``num_class`` as well where above 2.

    Raises
    ------
    UsageError
        If gamma is negative, alpha does not fit, or there are fewer than two classes.

    References
    ----------
    Lin, T.-Y. et al. (2017). Focal loss for dense object detection. ICCV.

    Examples
    --------
    >>> import lightgbm as lgb, numpy as np
    >>> from equipoise.integrations.lightgbm import FocalObjective
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> data = lgb.Dataset(X, (X[:, 0] > 1).astype(int))
    >>> focal = FocalObjective(gamma=2.0)
    >>> booster = lgb.train({"objective": focal, "verbosity": -1, "num_threads": 1}, data, 5)
    >>> focal.predict_proba(booster.predict(X)).shape
    (200, 2)
    """

    def __init__(
        self, gamma: float = 2.0, alpha: ArrayLike | None = None, n_classes: int = 2
    ) -> None:
        self.gamma = _number(gamma)
        if not 0 <= self.gamma < np.inf:
            raise UsageError(
                f"gamma={gamma!r} is not a number of 0 or more",
                remedy="use 0 (cross-entropy) to about 5",
            )
        if not _number(n_classes).is_integer() or n_classes < 2:
            raise UsageError(
                f"n_classes={n_classes!r} is not a number of classes", remedy="use 2 or more"
            )
        self.n_classes = int(n_classes)
        self.alpha = None if alpha is None else _weights(alpha, self.n_classes)

    def __call__(self, scores: F, data: Any) -> tuple[F, F]:
        """Return gradient and Hessian, as LightGBM asks.

        Parameters
        ----------
        scores : float64 array, shape (n,) where binary, else (n, C)
            Raw scores.
        data : lightgbm.Dataset
            With labels 0 to C - 1, and weights if there are any.

        Returns
        -------
        grad, hess : float64 arrays of the shape of ``scores``

        Raises
        ------
        UsageError
            If labels or scores do not fit ``n_classes``.
        """
        labels = np.asarray(data.get_label())
        y = labels.astype(np.int64)
        if len(y) and ((y != labels).any() or y.min() < 0 or y.max() >= self.n_classes):
            bad = labels[(y != labels) | (y < 0) | (y >= self.n_classes)][0]
            raise UsageError(
                f"the label {bad:g} is not one of the {self.n_classes} classes",
                remedy=f"use labels 0 to {self.n_classes - 1}, and n_classes= the number of them",
            )
        shape = (len(y),) if self.n_classes == 2 else (len(y), self.n_classes)
        if np.shape(scores) != shape:
            raise UsageError(
                f"scores of shape {np.shape(scores)} came for {len(y)} rows and {self.n_classes} classes",
                remedy="set num_class in the parameters of LightGBM to n_classes where that is above 2",
            )
        grad, hess = self.derivatives(y, np.asarray(scores, dtype=np.float64))
        # LightGBM leaves row weights to whoever brings an objective.
        weight = data.get_weight()
        scale = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
        if self.alpha is not None:
            scale = scale * self.alpha[y]
        scale = scale if grad.ndim == 1 else scale[:, None]
        return grad * scale, hess * scale

    def loss(self, y: NDArray[np.int64], scores: F) -> F:
        """Return the loss of each row, shape (n,), without alpha and row weights.

        Parameters
        ----------
        y : int64 array, shape (n,)
            Class codes.
        scores : float64 array, shape (n,) where binary, else (n, C)
            Raw scores.
        """
        if self.n_classes == 2:
            log_p = -np.logaddexp(0.0, -np.where(y == 1, scores, -scores))
        else:
            log_p = (scores - _logsumexp(scores))[np.arange(len(y)), y]
        out: F = -np.power(-np.expm1(log_p), self.gamma) * log_p
        return out

    def derivatives(self, y: NDArray[np.int64], scores: F) -> tuple[F, F]:
        """Return the first and the (made positive) second derivative by the scores."""
        return self._sigmoid(y, scores) if self.n_classes == 2 else self._softmax(y, scores)

    def _sigmoid(self, y: NDArray[np.int64], scores: F) -> tuple[F, F]:
        g, side = self.gamma, np.where(y == 1, 1.0, -1.0)
        x = side * scores
        log_p = -np.logaddexp(0.0, -x)
        p = np.exp(log_p)
        q = np.maximum(1.0 - p, np.exp(-np.logaddexp(0.0, x)))  # 1 - p without cancellation
        damp = np.power(q, g)
        grad = damp * (g * p * log_p - q)
        exact = p * damp * (g * q * log_p - g * g * p * log_p + (2 * g + 1) * q)
        return side * grad, np.maximum(np.maximum(exact, p * q * damp), 1e-16)

    def _softmax(self, y: NDArray[np.int64], scores: F) -> tuple[F, F]:
        g, rows = self.gamma, np.arange(len(y))
        log_p = scores - _logsumexp(scores)
        p = np.exp(log_p)
        log_true = log_p[rows, y]
        q = np.maximum(-np.expm1(log_true), _SMALL)
        pull = np.power(q, g) - g * np.exp(log_true) * np.power(q, g - 1) * log_true
        grad = p.copy()
        grad[rows, y] -= 1.0
        factor = self.n_classes / (self.n_classes - 1)
        hess = np.maximum(factor * pull[:, None] * p * (1 - p), 1e-16)
        return grad * pull[:, None], hess

    def predict_proba(self, scores: F) -> F:
        """Turn raw scores into probabilities.

        Parameters
        ----------
        scores : float64 array, shape (n,) where binary, else (n, C)
            What ``Booster.predict`` gives.

        Returns
        -------
        float64 array, shape (n, C)
            Not calibrated for gamma above 0: the focal loss is no proper score.
        """
        if self.n_classes == 2:
            p = np.exp(-np.logaddexp(0.0, -np.asarray(scores).reshape(-1)))
            return np.column_stack([1.0 - p, p])
        out: F = np.exp(scores - _logsumexp(scores))
        return out


def _logsumexp(scores: F) -> F:
    top = scores.max(axis=1, keepdims=True)
    out: F = top + np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return out


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _weights(alpha: ArrayLike, n_classes: int) -> F:
    try:
        out = np.array(alpha, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"alpha={alpha!r} does not hold numbers", remedy="give one weight per class"
        ) from None
    if out.shape != (n_classes,):
        raise UsageError(
            f"alpha has the shape {out.shape} for {n_classes} classes",
            remedy="give one weight per class",
        )
    if not ((out >= 0) & np.isfinite(out)).all():
        raise UsageError(
            f"alpha={out.tolist()} holds what is no weight", remedy="use numbers of 0 or more"
        )
    return out
