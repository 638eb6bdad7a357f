"""Metrics of probabilities: log loss, Brier score and calibration error, with many weights at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError

__all__ = ["as_float", "binned_error", "brier", "calibration_error", "log_loss", "mean_of"]

F = NDArray[np.float64]
_FLOOR = np.log(np.finfo(np.float64).eps)
_BINS = 15


def _checked(y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None) -> None:
    rows, shape = len(y), np.shape(log_p)
    weight = (rows,) if sample_weight is None else np.shape(sample_weight)
    if rows == 0 or len(shape) != 2 or shape[0] != rows or weight[-1:] != (rows,):
        raise UsageError(
            f"y has {rows} rows, log_p the shape {shape} and sample_weight {weight}",
            remedy="give (n,), (n, C) and (n,) or (B, n), with a row at least",
        )


def as_float(sample_weight: NDArray[Any]) -> NDArray[Any]:
    """Return weights as floats; single precision is kept, which halves the time of many draws of many rows."""
    weight = np.asarray(sample_weight)
    return weight if weight.dtype == np.float32 else weight.astype(np.float64)


def mean_of(values: F, sample_weight: NDArray[Any] | None) -> Any:
    """Return the mean of values (n,) as a float, or under weights (B, n) as float64 (B,)."""
    if sample_weight is None:
        return float(values.mean())
    weight = as_float(sample_weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = weight @ values.astype(weight.dtype) / weight.sum(axis=-1, dtype=np.float64)
    return float(out) if weight.ndim == 1 else out


def log_loss(y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute the mean negative log-probability of the true class, in nats.

    ``-sum_i w_i max(log p_i(y_i), log 2.2e-16) / sum_i w_i``: a probability of 0 costs 36, not infinity.

    Parameters
    ----------
    y : int64 array, shape (n,)
        Class codes.
    log_p : float64 array, shape (n, C)
        Natural-log probabilities; -inf is allowed.
    sample_weight : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws. Single precision is calculated in single precision.

    Returns
    -------
    float, or float64 array of shape (B,)
        NaN where all weights are 0.

    Raises
    ------
    UsageError
        If shapes disagree or there are no rows.

    References
    ----------
    Good, I. J. (1952). Rational decisions. Journal of the Royal Statistical Society B 14.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import log_loss
    >>> round(log_loss(np.array([0, 1]), np.log([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    _checked(y, log_p, sample_weight)
    true = np.maximum(log_p[np.arange(len(y)), y], _FLOOR)
    return mean_of(-true, sample_weight)


def brier(y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute the Brier score, the mean squared error of the probabilities.

    In a binary task that of the positive class, ``mean (p_i1 - y_i)^2``, between 0 and 1; for several
    classes the sum over them, ``mean sum_c (p_ic - [y_i = c])^2``, between 0 and 2.

    Parameters
    ----------
    y, log_p, sample_weight
        As for :func:`log_loss`.

    Returns
    -------
    float, or float64 array of shape (B,)
        NaN where all weights are 0.

    Raises
    ------
    UsageError
        If shapes disagree or there are no rows.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather
    Review 78.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import brier
    >>> brier(np.array([0, 1]), np.log([[0.5, 0.5], [0.5, 0.5]]))
    0.25
    """
    _checked(y, log_p, sample_weight)
    p = np.exp(log_p)
    truth = np.zeros_like(p)
    truth[np.arange(len(y)), y] = 1.0
    error = ((p - truth) ** 2).sum(axis=1)
    return mean_of(error / 2 if p.shape[1] == 2 else error, sample_weight)


def calibration_error(
    y: NDArray[np.int64], log_p: F, sample_weight: NDArray[Any] | None = None
) -> Any:
    """Compute the expected calibration error over 15 bins of equal numbers of rows.

    ``sum_b |sum_(i in b) w_i (y_i - p_i)| / sum_i w_i``: the distance between the mean probability and
    the observed share of a bin, weighted by its rows. In a binary task for the positive class; for
    several classes the mean over them. Bins are cut on the unweighted probabilities, so that all
    draws share them, and equal probabilities share a bin.

    Parameters
    ----------
    y, log_p, sample_weight
        As for :func:`log_loss`.

    Returns
    -------
    float, or float64 array of shape (B,)
        Between 0 and 1; NaN where all weights are 0.

    Raises
    ------
    UsageError
        If shapes disagree or there are no rows.

    References
    ----------
    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015). Obtaining well calibrated probabilities using
    Bayesian binning. AAAI. Kull, M. et al. (2019). Beyond temperature scaling. NeurIPS (one class at a time).

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics import calibration_error
    >>> calibration_error(np.array([0, 1]), np.log([[0.5, 0.5], [0.5, 0.5]]))
    0.0
    """
    _checked(y, log_p, sample_weight)
    p = np.exp(log_p)
    columns = [1] if p.shape[1] == 2 else range(p.shape[1])
    weight = np.ones(len(y)) if sample_weight is None else as_float(sample_weight)
    total = [
        binned_error((y == c).astype(np.float64), p[:, c], np.atleast_2d(weight)) for c in columns
    ]
    out = np.mean(total, axis=0)
    return float(out[0]) if weight.ndim == 1 else out


def binned_error(truth: F, p: F, weight: NDArray[Any]) -> F:
    """Return the calibration error of one class under weights (B, n), float64 (B,)."""
    ranked = np.sort(p)
    cuts = np.unique(np.linspace(0, len(p), _BINS + 1).astype(np.int64))[:-1]
    # Equal probabilities share a bin, or the result would hang on the order of the rows.
    bins = np.searchsorted(np.unique(ranked[cuts]), p, side="right") - 1
    gap = np.zeros((len(p), bins.max() + 1), dtype=weight.dtype)
    gap[np.arange(len(p)), bins] = truth - p
    with np.errstate(divide="ignore", invalid="ignore"):
        out: F = np.abs(weight @ gap).sum(axis=1) / weight.sum(axis=1, dtype=np.float64)
    return out
