"""Weights of rows by how rare their numeric target is: smoothed label distributions, and DenseWeight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.weights.ranges import check_number, check_whole
from equipoise.weights.relevance import target_array

__all__ = ["dense_weights", "lds_weights"]

F = NDArray[np.float64]
_KERNELS = ("gaussian", "triangular", "laplace")
_SCHEMES = ("inverse", "sqrt-inverse")
_GRID = 4_096
_REACH = 8.0  # bandwidths beyond which a normal density is below the rounding of its peak
_FLOOR = 1e-6
_FLAT = 1e-9  # relative differences of densities that may be rounding


def lds_weights(
    y: ArrayLike,
    kernel: str = "gaussian",
    bins: int = 100,
    sigma: float = 2.0,
    ks: int = 5,
    scheme: str = "inverse",
    *,
    cap: float | None = 100.0,
) -> F:
    r"""Weigh rows by the inverse of the smoothed share of their target: label distribution smoothing.

    The range of the target is cut into bins of one width, with counts :math:`p_b`. A row in bin b weighs

    .. math:: w = 1 / \tilde p_b \text{ or } 1 / \sqrt{\tilde p_b}, \quad
              \tilde p_b = \sum_{b'} k(b, b') \, p_{b'},

    with a symmetric kernel over ``ks`` bins, whose sum is 1, and no rows beyond the ends.
    The weights are then scaled to mean 1.

    Parameters
    ----------
    y : array-like, shape (n,)
        Target values.
    kernel : {"gaussian", "triangular", "laplace"}, default="gaussian"
        Shape: by :math:`e^{-d^2 / 2\sigma^2}`, :math:`1 - d / (h + 1)` with h = (ks - 1) / 2, or
        :math:`e^{-d / \sigma}` for a distance of d bins.
    bins : int, default=100
        Bins over the range.
    sigma : float, default=2.0
        Width of the kernel, in bins; not for ``"triangular"``.
    ks : int, default=5
        Bins that the kernel covers, odd; 1 does not smooth.
    scheme : {"inverse", "sqrt-inverse"}, default="inverse"
        How a weight follows from a share. The square root is the milder one.
    cap : float or None, default=100.0
        No weight is more than so many times the smallest one. In a heavy tail most bins are empty, and
        a single row far out would weigh as much as thousands; None leaves it so.

    Returns
    -------
    ndarray, shape (n,), float64
        Positive, of mean 1. All 1 where the target has one value.

    Raises
    ------
    TargetError
        If a value is missing or no number.
    UsageError
        If a parameter cannot be used.

    References
    ----------
    Y. Yang, K. Zha, Y.-C. Chen, H. Wang and D. Katabi, "Delving into Deep Imbalanced Regression",
    ICML 2021.

    Examples
    --------
    >>> from equipoise.weights.density import lds_weights
    >>> lds_weights([0, 0, 0, 1], bins=2, ks=1).round(3)
    array([0.667, 0.667, 0.667, 2.   ])
    """
    _check_choice("kernel", kernel, _KERNELS)
    _check_choice("scheme", scheme, _SCHEMES)
    bins, ks = check_whole("bins", bins), check_whole("ks", ks)
    if ks % 2 == 0:
        raise UsageError(f"ks={ks} is even", remedy="use an odd number of bins, such as 5")
    check_number("sigma", sigma, open_low=True)
    if cap is not None:
        check_number("cap", cap, low=1.0, open_low=True)
    place = np.minimum((bins * _unit(target_array(y))).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins).astype(np.float64)
    smooth = np.convolve(counts, _window(kernel, ks, sigma))[ks // 2 : ks // 2 + bins][place]
    raw = 1.0 / smooth if scheme == "inverse" else 1.0 / np.sqrt(smooth)
    if cap is not None:
        raw = np.minimum(raw, cap * raw.min())
    out: F = raw / raw.mean()
    return out


def dense_weights(
    y: ArrayLike, alpha: float = 1.0, *, bandwidth: float | None = None, eps: float = _FLOOR
) -> F:
    r"""Weigh rows by how far their target's density is below the highest: DenseWeight.

    .. math:: w_i \propto \max(1 - \alpha \, p'(y_i), \epsilon), \quad
              p'(y) = \frac{p(y) - \min_j p(y_j)}{\max_j p(y_j) - \min_j p(y_j)},

    with p a kernel density estimate by normal kernels, and the weights scaled to mean 1. No weight is
    ever more than 1 / (mean of the weights before scaling), so heavy tails need no cap: with
    ``alpha <= 1`` a row counts 1 / :math:`\epsilon` times another at most, and a rare one
    :math:`1 / (1 - \alpha)` times one at the peak.

    Parameters
    ----------
    y : array-like, shape (n,)
        Target values.
    alpha : float, default=1.0
        Strength, 0 or more. At 0 all weigh 1; above 1 more and more of the common rows weigh next to
        nothing.
    bandwidth : float, optional
        Standard deviation of the kernels, in units of the target. By default
        :math:`0.9 \min(sd, IQR / 1.34) \, n^{-1/5}`, which a heavy tail does not stretch; where the
        interquartile range is 0, :math:`0.9 \, sd \, n^{-1/5}`.
    eps : float, default=1e-6
        Smallest weight before scaling, above 0.

    Returns
    -------
    ndarray, shape (n,), float64
        Positive, of mean 1. All 1 where the target has one value.

    Raises
    ------
    TargetError
        If a value is missing or no number.
    UsageError
        If a parameter cannot be used.

    Notes
    -----
    The density is computed on a grid of at least 4,096 points, and at least 32 to a bandwidth where
    that takes no more than a million, from counts shared linearly between two points, by one
    convolution; between the points it is interpolated.

    References
    ----------
    M. Steininger, K. Kobs, P. Davidson, A. Krause and A. Hotho, "Density-based weighting for imbalanced
    regression", Machine Learning 110, 2021. B. W. Silverman, "Density Estimation for Statistics and Data
    Analysis", 1986 (the bandwidth).

    Examples
    --------
    >>> from equipoise.weights.density import dense_weights
    >>> dense_weights([1, 1, 1, 1, 9], bandwidth=0.5).round(3)
    array([0., 0., 0., 0., 5.])
    >>> dense_weights([1, 1, 1, 1, 9], alpha=0.5, bandwidth=0.5).round(3)
    array([0.833, 0.833, 0.833, 0.833, 1.667])
    """
    check_number("alpha", alpha)
    check_number("eps", eps, open_low=True)
    if bandwidth is not None:
        check_number("bandwidth", bandwidth, open_low=True)
    values = target_array(y)
    density = _density(values, bandwidth)
    low, top = density.min(), density.max()
    if top - low <= _FLAT * top:
        return np.ones(len(values))
    raw = np.maximum(1.0 - alpha * (density - low) / (top - low), eps)
    out: F = raw / raw.mean()
    return out


def _density(values: F, bandwidth: float | None) -> F:
    """Return the density at each value, up to a factor."""
    unit = _unit(values)
    if not unit.any():
        return np.ones(len(values))
    width = _bandwidth(unit) if bandwidth is None else _in_units(bandwidth, values)
    width = min(max(width, 1e-9), 1e9)
    cells = int(np.clip(np.ceil(32.0 / width), _GRID, 1_000_000))
    place = unit * cells
    left = np.minimum(place.astype(np.int64), cells - 1)
    share = place - left
    mass: F = np.bincount(left, weights=1.0 - share, minlength=cells + 1).astype(np.float64)
    mass += np.bincount(left + 1, weights=share, minlength=cells + 1)
    reach = int(min(np.ceil(_REACH * width * cells), cells))
    offset = np.arange(-reach, reach + 1.0) / (width * cells)
    smooth = _convolved(mass, np.exp(-0.5 * offset * offset))[reach : reach + cells + 1]
    out: F = (1.0 - share) * smooth[left] + share * smooth[left + 1]
    # The Fourier transform rounds what is next to nothing to below 0, too.
    return np.maximum(out, 0.0)


def _convolved(one: F, two: F) -> F:
    # By numpy: scipy.signal takes longer to import than all the rest of this room.
    size = 1 << (len(one) + len(two) - 1).bit_length()
    out: F = np.fft.irfft(np.fft.rfft(one, size) * np.fft.rfft(two, size), size)
    return out


def _bandwidth(unit: F) -> float:
    """Return Silverman's bandwidth of values between 0 and 1."""
    sd = float(unit.std())
    first, third = np.quantile(unit, [0.25, 0.75])
    spread = min(sd, float(third - first) / 1.34) or sd
    return 0.9 * spread * float(len(unit) ** -0.2)


def _unit(values: F) -> F:
    """Return values as places between the smallest, 0, and the largest, 1; all 0 where they are one."""
    low, half = values.min(), values.max() / 2 - values.min() / 2
    out: F = (values / 2 - low / 2) / half if half > 0 else np.zeros(len(values))
    return out


def _in_units(bandwidth: float, values: F) -> float:
    half = float(values.max() / 2 - values.min() / 2)
    return bandwidth / 2 / half if half > bandwidth * 1e-9 else 1e9


def _window(kernel: str, ks: int, sigma: float) -> F:
    half = (ks - 1) // 2
    apart = np.abs(np.arange(-half, half + 1.0))
    shapes = {
        "gaussian": np.exp(-0.5 * np.square(apart / sigma)),
        "triangular": 1.0 - apart / (half + 1.0),
        "laplace": np.exp(-apart / sigma),
    }
    out: F = shapes[kernel] / shapes[kernel].sum()
    return out


def _check_choice(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(
            f"{name}={value!r} is unknown", remedy=f"use {', '.join(map(repr, known))}"
        )
