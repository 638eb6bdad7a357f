"""The interval of a score that a trial promises."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.stats.bootstrap import centred_interval
from equipoise.stats.paired import INFLATION

__all__ = ["log_mean_interval", "trial_interval"]


def trial_interval(
    estimate: float,
    draws: ArrayLike,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval for the score that a model trained on all rows will get on new rows.

    The percentiles of the draws, moved by :func:`equipoise.stats.centred_interval` until their median is
    the estimate, tell how the score varies with the rows that it is computed on, but the
    model varies with its training rows as well. So the distance of each percentile from the estimate is
    multiplied by ``sqrt(1.5)``, the factor of :func:`equipoise.stats.paired_difference`, and kept within
    the bounds of the metric.

    Parameters
    ----------
    estimate : float
        Score of the pooled out-of-fold rows.
    draws : array of shape (B,)
        The score on each bootstrap draw of them. NaN is left out.
    bounds : (float, float)
        Lowest and highest value of the metric.
    level : float, default 0.95
        Coverage asked for.

    Returns
    -------
    low, high : float
        They hold the estimate. NaN when no draw is finite.

    Notes
    -----
    Measured by `benchmarks/coverage_of_intervals.py`, on data of 1,000 rows with 5 % in the rare class, untreated
    and with balanced weights. Of 60 such data with `linear`, the 95 % interval held the score on new rows for
    97 % by average precision and ROC AUC, for 98 to 100 % by log loss and Brier score, and for 90 to 98 % by
    macro F1, balanced accuracy and MCC under each decision. Of 40 with `boosting` it was 93 to 98 %, 93 to
    95 %, and 90 to 100 %; tuned thresholds on trees are the weak spot, where errors are 1.4 times what the
    interval implies.

    Examples
    --------
    >>> from equipoise.stats import trial_interval
    >>> low, high = trial_interval(50.0, range(101), bounds=(0, 90), level=0.5)
    >>> round(low, 1), round(high, 1)
    (19.4, 80.6)
    """
    low, high = centred_interval(estimate, draws, level=level)
    factor = float(np.sqrt(INFLATION))
    # A NaN, the first argument of either, stays one.
    return (
        max(estimate - factor * (estimate - low), bounds[0]),
        min(estimate + factor * (high - estimate), bounds[1]),
    )


def log_mean_interval(
    values: NDArray[np.float64], counts: NDArray[np.unsignedinteger], level: float = 0.95
) -> tuple[float, float]:
    r"""Interval for the mean of what is never negative and has a heavy tail, such as squared errors.

    The bootstrap-t on the logarithm: every draw gives :math:`t_b = (\log m_b - \log m) / s_b`, with s_b the
    standard error of log m_b, and the interval is :math:`\log m - t s` with the quantiles of t_b. Then each
    end is moved away by sqrt(1.5), as in :func:`trial_interval`.

    Parameters
    ----------
    values : float64 array, shape (n,)
        Values of the rows, or sums over clusters where ``counts`` is of clusters.
    counts : array, shape (B, n)
        How often each draw holds each of them.
    level : float, default 0.95
        Coverage asked for.

    Returns
    -------
    low, high : float
        NaN where the mean is 0 or nothing varies.

    Notes
    -----
    Of squared errors of a linear model, 95 % intervals held the true value in 93 % (lognormal target, 300 rows), 89 %
    (1,000 rows) and 78 to 81 % (Pareto with index 2.5), where percentiles of the draws hold it in 79 and 53 to
    59 %. Misses are upwards: the largest errors are not among the rows yet.

    References
    ----------
    Hall, P. (1992). The Bootstrap and Edgeworth Expansion. Springer.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.stats import bootstrap_weights
    >>> from equipoise.stats.interval import log_mean_interval
    >>> values = np.random.default_rng(0).exponential(size=400)
    >>> low, high = log_mean_interval(values, bootstrap_weights(400, 200, 0))
    >>> bool(low < values.mean() < high)
    True
    """
    nan = float("nan")
    mean, n = float(values.mean()), values.shape[0]
    if n < 2 or not np.isfinite(mean) or mean <= 0 or np.ptp(values) == 0:
        return nan, nan
    scaled = values / mean
    w = counts.astype(np.float32)
    size = w.sum(axis=1)
    first = np.asarray(w @ scaled.astype(np.float32), dtype=np.float64) / size
    second = np.asarray(w @ (scaled**2).astype(np.float32), dtype=np.float64) / size
    spread = np.sqrt(np.maximum(second - first**2, 0.0) / size)
    usable = (first > 0) & (spread > 0)
    if usable.sum() < 2:
        return nan, nan
    t = np.log(first[usable]) / (spread[usable] / first[usable])
    own = float(scaled.std() / np.sqrt(n))
    low, high = np.quantile(t, [(1 - level) / 2, (1 + level) / 2])
    factor = float(np.sqrt(INFLATION))
    ends = np.exp(-factor * np.array([max(high, 0.0), min(low, 0.0)]) * own)
    return float(mean * ends[0]), float(mean * ends[1])
