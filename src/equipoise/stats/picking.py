"""The score of a winner, corrected for having been picked on the same data."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from equipoise.errors import UsageError
from equipoise.stats.bootstrap import percentile_interval

__all__ = ["picking_corrected"]


def picking_corrected(
    inbag: ArrayLike,
    oob: ArrayLike,
    sign: int,
    level: float = 0.95,
    *,
    estimates: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Estimate what the best of many candidates will score, free of the optimism of having picked it.

    In every bootstrap draw of the out-of-fold rows the candidate that is best on the drawn rows is picked, and judged
    on the rows left out; nothing is trained again. The estimate is the mean of those scores and the interval their
    percentiles. The rows left out are only 37 % of all, so the interval is somewhat too wide rather than too narrow.

    Parameters
    ----------
    inbag : array of shape (K, B)
        Metric of each candidate on the rows of each draw.
    oob : array of shape (K, B)
        Metric of each candidate on the rows that the draw left out.
    sign : int
        +1 when a larger metric is better, -1 when a smaller one is.
    level : float, default 0.95
        Level of the interval.
    estimates : array of shape (K,), optional
        Metric of each candidate on all rows. Some metrics, such as average precision, are larger on the fewer rows
        that are left out. With estimates the score of the best one is lowered by what picking costs on those rows,
        ``mean oob(best of all) - mean oob(picked)``, so that only like is compared with like; it is never raised.

    Returns
    -------
    estimate, low, high : float
        In the unit of the metric. NaN when no draw can be judged. Candidates that tie for the best of a draw are
        averaged, so their order does not matter.

    Raises
    ------
    UsageError
        When the two arrays differ in shape or are not (K, B), or `sign` is not +1 or -1.

    References
    ----------
    Tsamardinos, I., Greasidou, E. and Borboudakis, G. (2018). Bootstrapping the out-of-sample predictions for
    efficient and accurate cross-validation. Machine Learning 107.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.stats import picking_corrected
    >>> noise = np.random.default_rng(0).normal(size=(2, 30, 400))  # 30 candidates, none better than 0
    >>> estimate, low, high = picking_corrected(noise[0], noise[1], sign=1)
    >>> abs(estimate) < 0.15, bool(noise[0].max(axis=0).mean() > 1.5)
    (True, True)
    """
    drawn = np.asarray(inbag, dtype=np.float64)
    left = np.asarray(oob, dtype=np.float64)
    if drawn.ndim != 2 or drawn.shape != left.shape:
        raise UsageError(
            f"inbag has the shape {drawn.shape} and oob {left.shape}",
            remedy="give both as (candidates, draws)",
        )
    if sign not in (1, -1):
        raise UsageError(
            f"sign={sign!r} is no direction",
            remedy="give 1 (larger is better) or -1 (smaller is better)",
        )
    if drawn.size == 0:
        return float("nan"), float("nan"), float("nan")
    # A candidate that cannot be judged on the rows left out cannot be picked in that draw either.
    gain = np.where(np.isnan(drawn) | np.isnan(left), -np.inf, sign * drawn)
    top = gain.max(axis=0)
    picked = (gain == top) & np.isfinite(gain)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", category=RuntimeWarning
        )  # draws without any pick give NaN, dropped below
        scores = np.nanmean(np.where(picked, left, np.nan), axis=0)
    scores = scores[np.isfinite(scores)]
    if scores.size == 0:
        return float("nan"), float("nan"), float("nan")
    low, high = percentile_interval(scores, level)
    middle = float(scores.mean())
    if estimates is None:
        return middle, low, high
    seen = np.asarray(estimates, dtype=np.float64)
    ranked = np.where(np.isfinite(seen), sign * seen, -np.inf)
    best = int(ranked.argmax())
    own = left[best][np.isfinite(left[best])]
    if not np.isfinite(ranked[best]) or own.size == 0:
        return float("nan"), float("nan"), float("nan")
    cost = max(0.0, sign * (float(own.mean()) - middle))
    value = float(seen[best]) - sign * cost
    return value, low + value - middle, high + value - middle
