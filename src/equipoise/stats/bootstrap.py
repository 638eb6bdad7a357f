"""Bootstrap draws of out-of-fold rows, and the intervals that they give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.data.seeds import check_seed
from equipoise.errors import UsageError

__all__ = ["bootstrap_weights", "centred_interval", "oob_weights", "percentile_interval"]


def bootstrap_weights(
    n: int, draws: int, seed: int, groups: ArrayLike | None = None
) -> NDArray[np.unsignedinteger[Any]]:
    """Draw rows with replacement and return how often each one was drawn.

    With `groups`, whole clusters are drawn: rows that depend on each other (duplicates, rows of one person) come
    or stay away together, so the spread of a metric over the draws is not too small. One set of draws serves every
    candidate of a trial, which makes their bootstrap values paired.

    Parameters
    ----------
    n : int
        Number of rows.
    draws : int
        Number of draws, B.
    seed : int
        Seed; the first draws are the same whatever `draws` is.
    groups : array of shape (n,), optional
        Cluster of each row, any integers or strings. Without it every row is its own cluster.

    Returns
    -------
    ndarray of shape (draws, n), uint8 (uint16 where a count passes 255)
        Multiplicity of each row in each draw.

    Raises
    ------
    UsageError
        When `n` or `draws` is below 1, `groups` has another length than `n`, or `seed` cannot be used.

    References
    ----------
    Efron, B. and Tibshirani, R. (1993). An Introduction to the Bootstrap. Chapman and Hall.
    Davison, A. and Hinkley, D. (1997). Bootstrap Methods and their Application, section 3.8. Cambridge.

    Examples
    --------
    >>> from equipoise.stats import bootstrap_weights
    >>> weights = bootstrap_weights(6, draws=2, seed=0)
    >>> weights.sum(axis=1).tolist()
    [6, 6]
    >>> bootstrap_weights(4, draws=1, seed=0, groups=["a", "a", "b", "b"]).tolist()
    [[0, 0, 2, 2]]
    """
    check_seed(seed)
    if n < 1 or draws < 1:
        raise UsageError(
            f"a bootstrap of {n} rows with {draws} draws is empty",
            remedy="give n >= 1 and draws >= 1",
        )
    clusters = None if groups is None else _cluster_codes(groups, n)
    size = n if clusters is None else int(clusters.max()) + 1
    rng = np.random.default_rng(seed)
    # A count reaches at most `size`; only then can a byte be too small, and even there it is next to impossible.
    weights: NDArray[np.unsignedinteger[Any]] = np.empty((draws, n), dtype=np.uint8)
    for draw in range(draws):
        counts = np.bincount(rng.integers(0, size, size), minlength=size)
        if weights.dtype == np.uint8 and size > 255 and counts.max() > 255:
            weights = weights.astype(np.uint16)
        weights[draw] = counts if clusters is None else counts[clusters]
    return weights


def _cluster_codes(groups: ArrayLike, n: int) -> NDArray[np.intp]:
    values = np.asarray(groups)
    if values.shape != (n,):
        raise UsageError(
            f"groups has the shape {values.shape} for {n} rows",
            remedy=f"give one group per row: ({n},)",
        )
    return np.unique(values, return_inverse=True)[1].reshape(-1)


def oob_weights(weights: NDArray[Any]) -> NDArray[np.uint8]:
    """Weight 1 for the rows that a draw left out, 0 for those that it holds.

    Parameters
    ----------
    weights : array of shape (B, n)
        Multiplicities of `bootstrap_weights`.

    Returns
    -------
    ndarray of shape (B, n), uint8
        About 37 % of the rows, or of the clusters, of each draw are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.stats import oob_weights
    >>> oob_weights(np.array([[2, 0, 1]], dtype=np.uint8)).tolist()
    [[0, 1, 0]]
    """
    left_out: NDArray[np.uint8] = (np.asarray(weights) == 0).astype(np.uint8)
    return left_out


def percentile_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval: the central `level` share of the values.

    Parameters
    ----------
    values : array of shape (B,)
        A statistic on each bootstrap draw. Draws on which it is not defined (NaN) are left out.
    level : float, default 0.95
        Coverage asked for, between 0 and 1.

    Returns
    -------
    low, high : float
        NaN when no value is finite.

    Raises
    ------
    UsageError
        When `level` is not between 0 and 1.

    Examples
    --------
    >>> from equipoise.stats import percentile_interval
    >>> percentile_interval(range(101), level=0.5)
    (25.0, 75.0)
    """
    check_level(level)
    kept = np.asarray(values, dtype=np.float64).ravel()
    kept = kept[np.isfinite(kept)]
    if kept.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def centred_interval(
    estimate: float,
    values: ArrayLike,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of draws that are moved until their median is the estimate.

    A draw repeats rows, which raises some scores in every draw: a calibration error by the noise that
    repeats add to each bin, an average precision by ties at the top. Unmoved, the interval may leave out
    the very value that it belongs to.

    Parameters
    ----------
    estimate : float
        The statistic on the rows themselves.
    values : array of shape (B,)
        The statistic on each bootstrap draw; NaN is left out.
    bounds : (float, float)
        Lowest and highest value of the statistic.
    level : float, default 0.95
        Coverage asked for.

    Returns
    -------
    low, high : float
        They hold the estimate. NaN when nothing is finite.

    References
    ----------
    Efron, B. (1981). Nonparametric standard errors and confidence intervals. Canadian Journal of
    Statistics 9: the correction of the percentile interval for a median that is off.

    Examples
    --------
    >>> from equipoise.stats import centred_interval
    >>> centred_interval(40.0, range(101), level=0.5)
    (15.0, 65.0)
    """
    low, high = percentile_interval(values, level)
    if not np.isfinite([estimate, low, high]).all():
        return float("nan"), float("nan")
    middle = float(np.nanmedian(np.asarray(values, dtype=np.float64)))
    return (
        max(bounds[0], estimate - (middle - low)),
        min(bounds[1], estimate + (high - middle)),
    )


def check_level(level: float) -> None:
    """Refuse a level that is not between 0 and 1."""
    if not 0 < level < 1:
        raise UsageError(
            f"level={level!r} is no share", remedy="give a number between 0 and 1, such as 0.95"
        )
