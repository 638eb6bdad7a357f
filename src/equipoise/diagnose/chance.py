"""What chance alone would do: intervals of shares, and counts under given probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = [
    "ALPHA",
    "Range",
    "count_tails",
    "design_effect",
    "rare_classes",
    "share_gap",
    "share_range",
]

F = NDArray[np.float64]
Range = tuple[float, float, float]
"""An estimate and the ends of its interval."""

ALPHA = 0.01
"""Chance of a false alarm that a check may take: several look at the same rows."""

_RARE = 0.8
_EXACT = 2_500.0  # variance above which a count is taken for normal
_BINS = 512


def rare_classes(counts: NDArray[Any]) -> list[int]:
    """Return the codes of rare classes: with rows, but fewer than 0.8 of an equal share; rarest first.

    Of two classes that is less than 40 % of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.chance import rare_classes
    >>> rare_classes(np.array([900, 60, 40])), rare_classes(np.array([55, 45]))
    ([2, 1], [])
    """
    n = np.asarray(counts, dtype=np.float64)
    fair = n.sum() / max(len(n), 1)
    return [int(c) for c in np.argsort(n, kind="stable") if 0 < n[c] < _RARE * fair]


def design_effect(residual: F, groups: NDArray[Any] | None, variance: float | None = None) -> float:
    r"""Return by how much groups widen the variance of a sum, at least 1.

    .. math:: \max(1, \sum_g (\sum_{i \in g} r_i)^2 / V)

    Parameters
    ----------
    residual : float64 array, shape (n,)
        What each row adds to the sum, less its mean.
    groups : array, shape (n,), or None
        Rows of one group depend on each other.
    variance : float, optional
        V, that of the sum of independent rows; the sum of squares by default.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.chance import design_effect
    >>> design_effect(np.array([0.5, 0.5, -0.5, -0.5]), np.array([0, 0, 1, 1]))
    2.0
    """
    if groups is None or not len(residual):
        return 1.0
    codes = np.unique(groups, return_inverse=True)[1].reshape(-1)
    sums = np.bincount(codes, weights=residual)
    whole = float((residual**2).sum()) if variance is None else variance
    return max(1.0, float((sums**2).sum()) / whole) if whole > 0 else 1.0


def share_range(
    hits: NDArray[Any], groups: NDArray[Any] | None = None, level: float = 0.95
) -> Range:
    """Return a share with Wilson's interval; rows of groups count for fewer.

    Parameters
    ----------
    hits : bool array, shape (n,)
        Whether each row counts.
    groups : array, shape (n,), optional
        Rows of one group depend on each other: n is divided by their design effect.
    level : float, default 0.95
        Coverage.

    Returns
    -------
    value, low, high : float
        NaN, 0 and 1 without rows.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal
    of the American Statistical Association 22.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.chance import share_range
    >>> [round(x, 3) for x in share_range(np.arange(10) < 5)]
    [0.5, 0.237, 0.763]
    """
    hits = np.asarray(hits, dtype=np.float64)
    n = float(len(hits))
    if n == 0:
        return float("nan"), 0.0, 1.0
    p = float(hits.mean())
    if groups is not None:
        # Where all agree, nothing shows how alike rows of a group are: take them for copies.
        alike = p in (0.0, 1.0)
        n /= design_effect(np.ones(len(hits)) if alike else hits - p, groups)
    z = float(ndtri((1 + level) / 2))
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return p, float(max(0.0, middle - half)), float(min(1.0, middle + half))


def share_gap(a: Range, b: Range) -> Range:
    """Return the difference a - b of two independent shares, with Newcombe's interval.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions.
    Statistics in Medicine 17 (method 10).

    Examples
    --------
    >>> from equipoise.diagnose.chance import share_gap
    >>> [round(x, 2) for x in share_gap((0.9, 0.8, 0.95), (0.5, 0.4, 0.6))]
    [0.4, 0.26, 0.51]
    """
    d = a[0] - b[0]
    if not np.isfinite(d):
        return float("nan"), -1.0, 1.0
    low = d - float(np.hypot(a[0] - a[1], b[2] - b[0]))
    high = d + float(np.hypot(a[2] - a[0], b[0] - b[1]))
    return d, low, high


def count_tails(q: F, observed: int, inflation: float = 1.0) -> tuple[float, float]:
    """Return P(X >= observed) and P(X <= observed), X the number of rows that come true.

    Row i comes true with probability q_i. The distribution is computed exactly, by its characteristic
    function; with a variance above 2,500, or with groups, it is taken for normal.

    Parameters
    ----------
    q : float64 array, shape (n,)
        Probabilities; beyond 512 rows, neighbours in size share their mean.
    observed : int
        How many came true.
    inflation : float, default 1
        By how much groups widen the variance.

    References
    ----------
    Hong, Y. (2013). On computing the distribution function for the Poisson binomial distribution.
    Computational Statistics and Data Analysis 59.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.chance import count_tails
    >>> [round(p, 4) for p in count_tails(np.array([0.5, 0.5]), 2)]
    [0.25, 1.0]
    """
    q = np.clip(np.asarray(q, dtype=np.float64), 0.0, 1.0)
    mean, variance = float(q.sum()), float((q * (1 - q)).sum())
    if variance * inflation > _EXACT or inflation > 1:
        sd = max(float(np.sqrt(variance * inflation)), 1e-12)
        return (
            float(ndtr((mean - observed + 0.5) / sd)),
            float(ndtr((observed + 0.5 - mean) / sd)),
        )
    parts = [q] if len(q) <= _BINS else np.array_split(np.sort(q), _BINS)
    share = q if len(q) <= _BINS else np.array([part.mean() for part in parts])
    times = np.ones(len(q)) if len(q) <= _BINS else np.array([len(part) for part in parts])
    spread = float((times * share * (1 - share)).sum())
    size = 2 ** int(np.ceil(np.log2(24 * np.sqrt(spread) + 64)))
    turn = np.exp(2j * np.pi * np.arange(size // 2 + 1) / size)
    each = (1 - share[:, None]) + share[:, None] * turn[None]
    with np.errstate(divide="ignore"):
        length, angle = times @ np.log(np.abs(each)), times @ np.angle(each)
    mass = np.fft.irfft(np.exp(length) * np.exp(-1j * angle), size)
    # A window of that length around the mean holds all there is; its places are known modulo its length.
    at = int(np.floor(mean)) - size // 2 + np.arange(size)
    mass = np.clip(mass[at % size], 0.0, None)
    return (
        float(min(1.0, mass[at >= observed].sum())),
        float(min(1.0, mass[at <= observed].sum())),
    )
