"""The difference between two candidates judged on the same folds: interval and test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError

__all__ = ["Difference", "paired_difference"]

PRIOR_DF = 16.0
"""Degrees of freedom that the bootstrap's variance counts for, next to the J - 1 of the folds."""


@dataclass(frozen=True)
class Difference:
    """A paired difference a - b with its interval and test.

    Attributes
    ----------
    mean : float
        Estimated difference, in the unit of the metric.
    low, high : float
        Interval at the level asked for; it excludes 0 exactly when `p` is below 1 - level.
    p : float
        Two-sided p value of the hypothesis of no difference, for this pair alone.
    p_corrected : float or None
        The same after correction for the number of pairs, when one was made.
    standard_error : float
        Standard error of `mean`, with the variation of the training sets.
    df : float
        Degrees of freedom of the t distribution behind the interval and `p`.
    folds : int
        Number of folds, over all repeats, on which both candidates have a value.
    """

    mean: float
    low: float
    high: float
    p: float
    p_corrected: float | None = None
    standard_error: float = float("nan")
    df: float = float("nan")
    folds: int = 0


def paired_difference(
    fold_values_a: ArrayLike,
    fold_values_b: ArrayLike,
    test_fraction: float,
    boot_a: ArrayLike | None = None,
    boot_b: ArrayLike | None = None,
    *,
    estimate: float | None = None,
    level: float = 0.95,
) -> Difference:
    """Test the difference a - b of two candidates that were judged on the same folds and the same draws.

    Parameters
    ----------
    fold_values_a, fold_values_b : array of shape (J,)
        Metric of each candidate on each fold, J = folds * repeats. Folds where one of them is NaN are left out.
    test_fraction : float
        Test rows over training rows of a fold: 0.25 for five folds.
    boot_a, boot_b : array of shape (B,), optional
        Metric of each candidate on the same bootstrap draws of the out-of-fold rows.
    estimate : float, optional
        Difference to report and test, such as that of the pooled out-of-fold metric. Default: mean over the folds.
    level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Difference
        All NaN where neither folds nor draws allow a test; p = 1 where the two never differ.

    Raises
    ------
    UsageError
        When shapes do not fit or `test_fraction` is not positive.

    References
    ----------
    Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error. Machine Learning 52.
    Smyth, G. (2004). Linear models and empirical Bayes methods for assessing differential expression in microarray
    experiments. Statistical Applications in Genetics and Molecular Biology 3(1).

    Examples
    --------
    >>> from equipoise.stats import paired_difference
    >>> gain = paired_difference([0.8, 0.7, 0.9], [0.7, 0.65, 0.78], test_fraction=0.5)
    >>> round(gain.mean, 3), gain.df, round(gain.p, 3)
    (0.09, 2.0, 0.112)
    """
    folds = _paired(fold_values_a, fold_values_b, "fold_values")
    draws = _paired(boot_a, boot_b, "boot") if boot_a is not None and boot_b is not None else np.empty(0)
    if not test_fraction > 0:
        raise UsageError(
            f"test_fraction={test_fraction!r} is not above 0", remedy="give test rows / training rows, as 0.25"
        )
    if not 0 < level < 1:
        raise UsageError(f"level={level!r} is no share", remedy="give a number between 0 and 1, such as 0.95")
    mean = float(folds.mean()) if estimate is None and folds.size else estimate
    variance, df = _variance(folds, draws, test_fraction)
    if mean is None or not np.isfinite(mean) or not np.isfinite(variance):
        nan = float("nan")
        return Difference(nan, nan, nan, nan, folds=folds.size)
    error = float(np.sqrt(variance))
    # Values that differ by rounding only are equal: their spread is rounding too, and no ground for a test.
    if abs(mean) <= 1e-12 and error <= 1e-12:
        return Difference(0.0, 0.0, 0.0, 1.0, standard_error=0.0, df=df, folds=folds.size)
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(df, (1 + level) / 2)) * error
    p = float(2 * stdtr(df, -abs(mean) / error)) if error > 0 else 0.0
    return Difference(mean, mean - half, mean + half, p, standard_error=error, df=df, folds=folds.size)


def _variance(folds: NDArray[np.float64], draws: NDArray[np.float64], test_fraction: float) -> tuple[float, float]:
    own_df = folds.size - 1 if folds.size > 1 else 0
    own = float(folds.var(ddof=1)) if own_df else 0.0
    prior_df, prior = 0.0, 0.0
    if draws.size > 1:
        # n / n_test draws-worth of rows fit into the pool, so a single fold spreads that many times more.
        prior_df, prior = PRIOR_DF, float(draws.var(ddof=1)) * (1 + 1 / test_fraction)
    df = own_df + prior_df
    if df == 0 or folds.size == 0:
        return float("nan"), float("nan")
    pooled = (own_df * own + prior_df * prior) / df
    return pooled * (1 / folds.size + test_fraction), float(df)


def _paired(a: ArrayLike, b: ArrayLike, name: str) -> NDArray[np.float64]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise UsageError(
            f"{name}_a has the shape {first.shape} and {name}_b {second.shape}",
            remedy="give two arrays of one dimension with the same folds, or the same draws, in the same order",
        )
    difference = first - second
    return difference[np.isfinite(difference)]
