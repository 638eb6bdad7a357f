"""The difference between two candidates judged on the same folds: interval and test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.stats.bootstrap import check_level

__all__ = ["Difference", "paired_difference"]

PRIOR_DF = 16.0
"""Degrees of freedom that the bootstrap's variance counts for at least, next to those of the folds."""

ROWS_PER_DF = 3.0
"""Rare rows that make one more of them: the spread of the bootstrap's variance over data sets tells so."""

INFLATION = 1.5
"""Variance of a difference over that of its draws, which do not know how the training rows vary: 1.0 to 1.6 measured,
alike for 3, 5 and 10 folds."""


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
    repeats: int | None = None,
    rare_rows: int | None = None,
    cautious: bool = False,
    level: float = 0.95,
) -> Difference:
    """Test the difference a - b of two candidates that were judged on the same folds and the same draws.

    With draws the variance of the difference is moderated. That of the draws, V, knows how the test rows vary but not
    how the training rows do; that of the folds, S^2, knows both but has only k - 1 degrees of freedom. V serves as a
    prior of ``d0 = max(16, rare_rows / 3)`` degrees of freedom. With k folds in each repeat::

        variance = 1.5 (d0 V + (k - 1) S^2 / k) / (d0 + k - 1),  t with d0 + k - 1 degrees of freedom

    The factor, measured, is for the training rows that folds share. The factor of Nadeau and Bengio in its place,
    ``1 / J + rho`` with rho = test rows / training rows, comes to 2.25 for five folds: it allows for test rows that are
    shared too, which those of one repeat are not. Without draws the test is theirs: ``S^2 (1 / J + rho)``, J - 1
    degrees of freedom.

    Parameters
    ----------
    fold_values_a, fold_values_b : array of shape (J,)
        Metric of each candidate on each fold, J = folds * repeats. Folds where one of them is NaN are left out.
    test_fraction : float
        Test rows over training rows of a fold, rho: 0.25 for five folds. With draws it only tells k.
    boot_a, boot_b : array of shape (B,), optional
        Metric of each candidate on the same bootstrap draws of the out-of-fold rows (averaged over repeats).
    estimate : float, optional
        Difference to report and test: give that of the pooled out-of-fold metric, which the draws belong to. Default:
        mean over the folds.
    repeats : int, optional
        Number of repeats in J. Default: as many as `test_fraction` tells for folds that partition the rows; give 1 for
        folds that only go forward in time.
    rare_rows : int, optional
        Rows (clusters, where rows come in clusters) of the rarest class. With few of them V itself is uncertain; with
        many the test gains power, most of all after correction for many candidates. Default: as if few.
    cautious : bool, default False
        Whether the variance is never below that of the mean of the folds, S / k. For values that training moves as a
        whole, such as errors of numbers after resampling: draws of test rows do not see that.
    level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Difference
        All NaN where neither folds nor draws allow a test; p = 1 where the two never differ.

    Raises
    ------
    UsageError
        When shapes do not fit, `test_fraction` is not positive or `repeats` does not divide J.

    Notes
    -----
    Measured by `benchmarks/coverage_of_tests.py` with 5 % rare rows, average precision and macro F1. No true
    difference, five pairs of linear learners or trees, 500 to 3,000 rows, five folds, 400 or 1,000 data sets each:
    p < .05 in 1.6 % of trials on average and 3.5 % at worst (Nadeau-Bengio 1.3 % and 2.5 %, the draws alone 6.0 % and
    10.5 %). The factor and d0 were chosen there. On other data sets, for the worst pair (single trees on different
    columns, macro F1): 4.5 % of 3,000 trials with five folds, 4.0 to 6.5 % by run; 4.4 % with three folds and 3.8 %
    with ten, 500 trials each; LightGBM on adult at most 2.5 % of 120. True differences of linear learners: 28 % found
    against 11 % by Nadeau-Bengio; at p < .001, as after Holm over 50, 1.8 % against 0.2 %. The mean over folds of the
    average precision of trees erred more than the pooled one, so give `estimate`. Not measured: fewer than 25 rare
    rows, two folds, folds forward in time.

    For errors of numbers (RMSE, MAE; lognormal targets, ridge, one resampler with two seeds, 300 or 1,000 rows, five
    folds, 120 to 300 data sets each) p < .05 came in 9 to 16 % of trials, and with `cautious` in 2 to 5 %; of true
    differences of the RMSE it finds 68 to 74 % where the plain rule finds 75 to 84 % and Nadeau-Bengio 40 %.

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
    if not test_fraction > 0:
        raise UsageError(
            f"test_fraction={test_fraction!r} is not above 0",
            remedy="give test rows / training rows, such as 0.25",
        )
    check_level(level)
    passes = _repeats(folds.size, test_fraction) if repeats is None else repeats
    if passes < 1 or folds.size % passes:
        raise UsageError(
            f"repeats={repeats!r} does not divide {folds.size} fold values",
            remedy="give every fold of every repeat, NaN where a candidate failed",
        )
    known = folds[np.isfinite(folds)]
    draws = np.empty(0)
    if (boot_a is None) != (boot_b is None):
        raise UsageError(
            f"boot_{'b' if boot_b is None else 'a'} is missing",
            remedy="give the draws of both or of none",
        )
    if boot_a is not None and boot_b is not None:
        draws = _paired(boot_a, boot_b, "boot")
        draws = draws[np.isfinite(draws)]
    mean = estimate if estimate is not None else float(known.mean()) if known.size else float("nan")
    prior_df = PRIOR_DF if rare_rows is None else max(PRIOR_DF, rare_rows / ROWS_PER_DF)
    variance, df = _variance(known, draws, test_fraction, passes, prior_df, cautious)
    if known.size and _is_nothing(mean, known, draws):
        return Difference(0.0, 0.0, 0.0, 1.0, standard_error=0.0, df=df, folds=known.size)
    if not (np.isfinite(mean) and np.isfinite(variance)):
        nan = float("nan")
        return Difference(nan, nan, nan, nan, folds=known.size)
    from scipy.special import stdtr, stdtrit

    error = float(np.sqrt(variance))
    half = float(stdtrit(df, (1 + level) / 2)) * error
    p = float(2 * stdtr(df, -abs(mean) / error)) if error > 0 else 0.0
    return Difference(
        mean, mean - half, mean + half, p, standard_error=error, df=df, folds=known.size
    )


def _repeats(values: int, test_fraction: float) -> int:
    """Repeats of k folds that partition the rows, where 1 / k = rho / (1 + rho); 1 when that does not come out."""
    guess = max(1, round(values * test_fraction / (1 + test_fraction)))
    return guess if values % guess == 0 else 1


def _variance(
    folds: NDArray[np.float64],
    draws: NDArray[np.float64],
    test_fraction: float,
    repeats: int,
    prior_df: float,
    cautious: bool,
) -> tuple[float, float]:
    if folds.size == 0 or (folds.size == 1 and draws.size < 2):
        return float("nan"), float("nan")
    spread = float(folds.var(ddof=1)) if folds.size > 1 else 0.0
    if draws.size < 2:
        return spread * (1 / folds.size + test_fraction), float(folds.size - 1)
    # Repeats judge the same rows again: they steady the value, but bring no new rows to measure its spread on.
    k = folds.size / repeats
    own_df = max(k - 1, 0.0) if folds.size > 1 else 0.0
    df = prior_df + own_df
    pooled = (prior_df * float(draws.var(ddof=1)) + own_df * spread / k) / df
    return INFLATION * (max(pooled, spread / k) if cautious else pooled), df


def _is_nothing(mean: float, folds: NDArray[np.float64], draws: NDArray[np.float64]) -> bool:
    """Whether all differences are rounding: its spread is rounding too, and no ground for a test."""
    largest = max(
        abs(mean), float(np.abs(folds).max()), float(np.abs(draws).max()) if draws.size else 0.0
    )
    return largest <= 1e-12


def _paired(a: ArrayLike, b: ArrayLike, name: str) -> NDArray[np.float64]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise UsageError(
            f"{name}_a has the shape {first.shape} and {name}_b {second.shape}",
            remedy="give two arrays of one dimension with the same folds, or the same draws, in the same order",
        )
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference: NaN, left out
        return first - second
