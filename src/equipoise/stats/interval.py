"""The interval of a score that a trial promises."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from equipoise.stats.bootstrap import centred_interval
from equipoise.stats.paired import INFLATION

__all__ = ["trial_interval"]


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
