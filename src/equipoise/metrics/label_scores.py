"""Metrics of log-odds of labels: probabilities of every label, and the order of labels in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from equipoise.errors import UsageError
from equipoise.metrics.probability import as_float, binned_error, mean_of

__all__ = [
    "checked",
    "coverage_error",
    "label_brier",
    "label_calibration_error",
    "label_log_loss",
    "ranking_loss",
]

F = NDArray[np.float64]
_MOST = -np.log(np.finfo(np.float64).eps)


def checked(
    Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None
) -> tuple[NDArray[np.bool_], F, NDArray[Any] | None]:
    """Return truth, scores and weights as arrays, or raise what is wrong with them."""
    truth, z = np.asarray(Y), np.asarray(log_odds, dtype=np.float64)
    weight = None if sample_weight is None else np.asarray(sample_weight)
    shape = truth.shape[:1] if weight is None else weight.shape[-1:]
    if truth.ndim != 2 or truth.size == 0 or truth.shape != z.shape or shape != truth.shape[:1]:
        raise UsageError(
            f"Y has the shape {truth.shape}, log_odds {z.shape}"
            + ("" if weight is None else f" and sample_weight {weight.shape}"),
            remedy="give (n, L), (n, L) and (n,) or (B, n), with a row and a label at least",
        )
    if np.isnan(z).any():
        raise UsageError(
            f"{np.isnan(z).any(axis=1).sum()} of {len(z)} rows have log-odds that are NaN",
            remedy="give a number for every label",
        )
    if truth.dtype.kind != "b" and not ((truth == 0) | (truth == 1)).all():
        raise UsageError("Y holds something other than 0 and 1", remedy="give 1 or 0 per label")
    return truth == 1, z, weight


def label_log_loss(Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute the mean over labels of the binary log loss, in nats.

    ``mean_j log(1 + exp(-s_ij z_ij))`` with s = 1 where the row has the label and -1 where not; at most 36
    for one label of one row, so that a certain mistake is not infinite.

    Parameters
    ----------
    Y : array of shape (n, L)
        1 where a row has the label, else 0.
    log_odds : float64 array, shape (n, L)
        Natural log-odds; infinite ones are allowed.
    sample_weight : array of shape (n,) or (B, n), optional
        Weights, or multiplicities of B draws.

    Returns
    -------
    float, or float64 array of shape (B,)
        NaN where all weights are 0.

    Raises
    ------
    UsageError
        If shapes disagree, there are no rows or labels, log-odds are NaN, or Y is not of 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_scores import label_log_loss
    >>> round(label_log_loss(np.array([[1, 0]]), np.array([[0.0, 0.0]])), 4)
    0.6931
    """
    truth, z, weight = checked(Y, log_odds, sample_weight)
    loss = np.minimum(np.logaddexp(0.0, np.where(truth, -z, z)), _MOST)
    return mean_of(loss.mean(axis=1), weight)


def label_brier(Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute the mean over labels of the Brier score, ``mean_j (p_ij - y_ij)^2``.

    Parameters, results and errors are those of :func:`label_log_loss`.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather
    Review 78.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_scores import label_brier
    >>> label_brier(np.array([[1, 0]]), np.array([[0.0, 0.0]]))
    0.25
    """
    truth, z, weight = checked(Y, log_odds, sample_weight)
    # The probability of the wrong answer, exact where that of the right one rounds to 1.
    return mean_of((expit(np.where(truth, -z, z)) ** 2).mean(axis=1), weight)


def label_calibration_error(
    Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None = None
) -> Any:
    """Compute the mean over labels of the expected calibration error.

    That of a label is :func:`equipoise.metrics.calibration_error` of its probability: 15 bins of equal
    numbers of rows. Parameters, results and errors are those of :func:`label_log_loss`.

    References
    ----------
    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015). Obtaining well calibrated probabilities using
    Bayesian binning. AAAI.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_scores import label_calibration_error
    >>> label_calibration_error(np.array([[1], [0]]), np.array([[0.0], [0.0]]))
    0.0
    """
    truth, z, weight = checked(Y, log_odds, sample_weight)
    draws = np.atleast_2d(np.ones(len(z)) if weight is None else as_float(weight))
    p = expit(z)
    each = [binned_error(truth[:, j].astype(float), p[:, j], draws) for j in range(z.shape[1])]
    out = np.mean(each, axis=0)
    return float(out[0]) if weight is None or weight.ndim == 1 else out


def coverage_error(Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute how many labels of a row's ranking one must take to have all that the row has.

    The mean over rows of the number of labels that score at least as high as the lowest label which the
    row has; 0 for a row without labels. Parameters, results and errors are those of
    :func:`label_log_loss`.

    References
    ----------
    Schapire, R. E. and Singer, Y. (2000). BoosTexter: a boosting-based system for text categorization.
    Machine Learning 39. Tsoumakas, G., Katakis, I. and Vlahavas, I. (2010). Mining multi-label data.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_scores import coverage_error
    >>> coverage_error(np.array([[1, 0, 0]]), np.array([[0.5, 1.0, 0.2]]))
    2.0
    """
    truth, z, weight = checked(Y, log_odds, sample_weight)
    lowest = np.where(truth, z, np.inf).min(axis=1)
    # Without this a label of infinite score would be taken to reach the none that a row has.
    taken = np.where(truth.any(axis=1), (z >= lowest[:, None]).sum(axis=1), 0.0)
    return mean_of(taken, weight)


def ranking_loss(Y: NDArray[Any], log_odds: F, sample_weight: NDArray[Any] | None = None) -> Any:
    """Compute the share of pairs of labels that stand in the wrong order, within a row.

    The mean over rows of the share of pairs, one label that the row has and one that it has not, of which
    the first does not score higher; ties are wrong. 0 for a row that has no or all labels. Parameters,
    results and errors are those of :func:`label_log_loss`.

    References
    ----------
    Schapire, R. E. and Singer, Y. (2000). BoosTexter: a boosting-based system for text categorization.
    Machine Learning 39.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.label_scores import ranking_loss
    >>> ranking_loss(np.array([[1, 0, 0]]), np.array([[0.5, 1.0, 0.2]]))
    0.5
    """
    truth, z, weight = checked(Y, log_odds, sample_weight)
    # From the top down; within a tie first the labels that the row has not, so that they count as above.
    order = np.lexsort((truth, -z), axis=1)
    ranked = np.take_along_axis(truth, order, axis=1)
    wrong = (np.cumsum(~ranked, axis=1) * ranked).sum(axis=1)
    has = truth.sum(axis=1)
    return mean_of(wrong / np.maximum(has * (truth.shape[1] - has), 1), weight)
