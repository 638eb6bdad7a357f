"""Relevance of numeric targets: which values matter, from 0 for the common ones to 1 for the rare ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import TargetError, UsageError
from equipoise.weights.ranges import check_number

__all__ = ["Relevance", "target_array"]

F = NDArray[np.float64]
_EXTREMES = ("both", "high", "low")
_STEEPEST = (
    3.0  # a piece whose slopes are within so many times its chord, with its sign, is monotone
)
_THINNED = 1_000  # order statistics on each side of the median from which the medcouple is taken
_OTHER_WAYS = "name the values that matter: Relevance.top(y, share=0.05) or Relevance.from_points([(y, phi), ...])"


@dataclass(frozen=True)
class Relevance:
    r"""How relevant each value of a target is: a smooth, piecewise monotone function from 0 to 1.

    Between the control points :math:`(y_k, \varphi_k, m_k)` it is the cubic Hermite polynomial

    .. math:: \varphi(y) = h_{00}(t) \varphi_k + h_{10}(t) d_k m_k + h_{01}(t) \varphi_{k+1}
              + h_{11}(t) d_k m_{k+1}, \quad t = (y - y_k) / d_k, \; d_k = y_{k+1} - y_k,

    with slopes limited so that it never overshoots; outside them it is constant. Build one with
    :meth:`automatic`, :meth:`top` or :meth:`from_points`, and call it with values.

    Attributes
    ----------
    points : tuple of (y, phi, slope)
        Control points in ascending order of y.

    References
    ----------
    R. P. Ribeiro, "Utility-based Regression", PhD thesis, University of Porto 2011. F. N. Fritsch and
    R. E. Carlson, "Monotone Piecewise Cubic Interpolation", SIAM Journal on Numerical Analysis 17, 1980.

    Examples
    --------
    >>> from equipoise.weights.relevance import Relevance
    >>> phi = Relevance.from_points([(10, 0), (20, 1)])
    >>> phi([0, 10, 15, 20, 99]).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """

    points: tuple[tuple[float, float, float], ...]

    @classmethod
    def automatic(
        cls,
        y: ArrayLike,
        extremes: Literal["both", "high", "low"] = "both",
        coef: float = 1.5,
        *,
        adjusted: bool = False,
    ) -> Relevance:
        r"""Take the control points from the box plot: 0 at the median, 1 at the ends of the whiskers.

        A whisker ends at the last value within ``coef`` interquartile ranges of the quartiles. A side on
        which no value lies beyond its whisker has relevance 0 up to its last value.

        Parameters
        ----------
        y : array-like, shape (n,)
            Target values.
        extremes : {"both", "high", "low"}, default="both"
            Which extreme values matter.
        coef : float, default=1.5
            Length of the whiskers at most, in interquartile ranges.
        adjusted : bool, default=False
            Lengthen the whisker of the heavier tail, and shorten the other, by the medcouple M: by
            :math:`e^{3M}` above and :math:`e^{-4M}` below where M is positive. Far fewer values of a
            skewed target are extreme then. M is that of at most 2,001 evenly spaced order statistics.

        Returns
        -------
        Relevance

        Raises
        ------
        TargetError
            If no value is extreme on the sides asked for, or the middle half of the values is one value.
        UsageError
            If an argument cannot be used.

        References
        ----------
        R. P. Ribeiro 2011, as above. M. Hubert and E. Vandervieren, "An adjusted boxplot for skewed
        distributions", Computational Statistics & Data Analysis 52, 2008 (``adjusted``).

        Examples
        --------
        >>> from equipoise.weights.relevance import Relevance
        >>> phi = Relevance.automatic([1, 2, 3, 4, 5, 6, 7, 40, 50])
        >>> phi([1, 5, 7, 40]).tolist()
        [0.0, 0.0, 1.0, 1.0]
        """
        if extremes not in _EXTREMES:
            raise UsageError(
                f"extremes={extremes!r} is unknown", remedy="use 'both', 'high' or 'low'"
            )
        check_number("coef", coef, open_low=True)
        values = np.sort(target_array(y))
        first, middle, third = _quartiles(values)
        reach = coef * (third - first)
        below, above = _stretch(values, middle) if adjusted else (1.0, 1.0)
        low = values[np.searchsorted(values, first - below * reach, side="left")]
        high = values[np.searchsorted(values, third + above * reach, side="right") - 1]
        lows = extremes != "high" and values[0] < low < middle
        highs = extremes != "low" and values[-1] > high > middle
        if not (lows or highs):
            raise _no_extremes(values, extremes, coef, float(first), float(third))
        points = [(low, 1.0) if lows else (values[0], 0.0), (middle, 0.0)]
        points.append((high, 1.0) if highs else (values[-1], 0.0))
        distinct = {float(at): phi for at, phi in points}
        return cls(tuple((at, phi, 0.0) for at, phi in sorted(distinct.items())))

    @classmethod
    def top(
        cls, y: ArrayLike, share: float = 0.05, *, side: Literal["high", "low"] = "high"
    ) -> Relevance:
        """Let the largest values matter: 0 up to the median, 1 from the quantile ``1 - share`` on.

        Parameters
        ----------
        y : array-like, shape (n,)
            Target values.
        share : float in (0, 0.5), default=0.05
            Share of the rows that have relevance 1, more where values are tied.
        side : {"high", "low"}, default="high"
            The largest or the smallest values.

        Returns
        -------
        Relevance

        Raises
        ------
        TargetError
            If so many rows share one value that the quantile is the median.
        UsageError
            If an argument cannot be used.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.weights.relevance import Relevance
        >>> phi = Relevance.top(np.arange(101), share=0.1)
        >>> phi([50, 70, 90]).tolist()
        [0.0, 0.5, 1.0]
        """
        check_number(
            "share",
            share,
            high=0.5,
            open_low=True,
            open_high=True,
            remedy="give a share such as 0.05",
        )
        if side not in ("high", "low"):
            raise UsageError(f"side={side!r} is unknown", remedy="use 'high' or 'low'")
        values = target_array(y)
        middle = float(np.median(values))
        start = float(np.quantile(values, 1 - share if side == "high" else share))
        if start == middle:
            others = float(np.mean(values > middle if side == "high" else values < middle))
            beyond = "above" if side == "high" else "below"
            raise TargetError(
                f"the outermost {share:.1%} of the target begin at its median, {middle:g}",
                remedy=f"give a share below {others:.3g}, the share of the rows {beyond} it"
                if others
                else "nothing can be treated as rare on this side",
            )
        return cls(tuple(sorted([(middle, 0.0, 0.0), (start, 1.0, 0.0)])))

    @classmethod
    def from_points(cls, points: Iterable[Sequence[float]]) -> Relevance:
        """Use given control points.

        Parameters
        ----------
        points : sequence of (y, phi) or (y, phi, slope)
            At least two, with different y, and phi from 0 to 1. Without a slope, that of monotone cubic
            interpolation: 0 at a peak, in a hollow and at both ends, else between those of the two chords.

        Returns
        -------
        Relevance

        Raises
        ------
        UsageError
            If the points cannot be used.

        Examples
        --------
        >>> from equipoise.weights.relevance import Relevance
        >>> Relevance.from_points([(30, 0, 0), (15, 1, 0), (55, 1, 0)]).points[0]
        (15.0, 1.0, 0.0)
        """
        remedy = (
            "give at least two of (y, phi) or (y, phi, slope), with different y and phi from 0 to 1"
        )
        try:
            rows = [tuple(float(one) for one in point) for point in points]
        except (TypeError, ValueError):
            raise UsageError("the points of relevance are not all numbers", remedy=remedy) from None
        wrong = [row for row in rows if len(row) not in (2, 3) or not np.isfinite(row).all()]
        wrong += [row for row in rows if row not in wrong and not 0 <= row[1] <= 1]
        if wrong:
            raise UsageError(f"{wrong[0]} is no point of relevance", remedy=remedy)
        rows.sort()
        at = np.array([row[0] for row in rows])
        if len(rows) < 2 or (np.diff(at) <= 0).any():
            raise UsageError(
                f"the points of relevance have {len(np.unique(at))} different y", remedy=remedy
            )
        phi = np.array([row[1] for row in rows])
        with np.errstate(
            over="ignore"
        ):  # pieces that hardly rise, or are nearly as wide as numbers go
            slope = _between_chords(at, phi)
            for k, row in enumerate(rows):
                if len(row) == 3:
                    slope[k] = row[2]
            slope = _limited(at, phi, slope)
        return cls(tuple(zip(at.tolist(), phi.tolist(), slope.tolist(), strict=True)))

    def __call__(self, y: ArrayLike) -> F:
        """Return the relevance of values.

        Parameters
        ----------
        y : array-like of any shape
            Values of the target; infinite ones have the relevance of the outermost point.

        Returns
        -------
        ndarray of the same shape, float64
            From 0 to 1.

        Raises
        ------
        TargetError
            If a value is missing or no number.
        """
        values = target_array(y, any_shape=True)
        at, phi, slope = np.array(self.points).T
        inside = np.clip(values, at[0], at[-1])
        k = np.clip(np.searchsorted(at, inside, side="right") - 1, 0, len(at) - 2)
        # Halves keep the difference of two values near the ends of float64 finite.
        width = at[k + 1] / 2 - at[k] / 2
        t = (inside / 2 - at[k] / 2) / width
        rise = phi[k] + t * t * (3 - 2 * t) * (phi[k + 1] - phi[k])
        bend = t * (1 - t) * (slope[k] * (1 - t) - slope[k + 1] * t) * width * 2
        out: F = np.where(t == 1, phi[k + 1], np.clip(rise + bend, 0.0, 1.0))
        return out

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON.

        Examples
        --------
        >>> from equipoise.weights.relevance import Relevance
        >>> Relevance.from_points([(0, 0), (1, 1)]).to_json()
        {'points': [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]}
        """
        return {"points": [list(point) for point in self.points]}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Relevance:
        """Build from what :meth:`to_json` returned.

        Examples
        --------
        >>> from equipoise.weights.relevance import Relevance
        >>> Relevance.from_json({"points": [[0, 0, 0], [2, 1, 0]]})(1.0).item()
        0.5
        """
        return cls.from_points(stored["points"])


def target_array(y: ArrayLike, *, any_shape: bool = False) -> F:
    """Return a numeric target as float64 in which no value is missing; infinite ones only for `any_shape`."""
    remedy = "pass one number per row, and leave out or fill in rows without one"
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise TargetError("the target holds what is no number", remedy=remedy) from None
    if not any_shape and (values.ndim != 1 or not len(values)):
        raise TargetError(
            f"the target has the shape {values.shape}",
            remedy="pass a 1-d array with at least one number",
        )
    wrong = np.isnan(values) if any_shape else ~np.isfinite(values)
    if wrong.any():
        kind = "missing" if any_shape else "missing or infinite"
        raise TargetError(
            f"{int(wrong.sum()):,} of {values.size:,} values of the target are {kind}",
            remedy=remedy,
        )
    return values


def _quartiles(ordered: F) -> tuple[float, float, float]:
    """Return the quartiles, each half way between two values where its place falls between them."""
    place = np.array([0.25, 0.5, 0.75]) * (len(ordered) - 1)
    both = ordered[np.floor(place).astype(int)] / 2 + ordered[np.ceil(place).astype(int)] / 2
    return float(both[0]), float(both[1]), float(both[2])


def _no_extremes(values: F, extremes: str, coef: float, first: float, third: float) -> TargetError:
    if first == third:
        return TargetError(
            f"half of the target's values and more are {first:g}, so its box plot has no length",
            remedy=_OTHER_WAYS,
        )
    where = {"both": "on either side", "high": "above", "low": "below"}[extremes]
    return TargetError(
        f"none of the {len(values):,} values of the target is extreme {where}: the quartiles are "
        f"{first:g} and {third:g}, and all lie within {coef:g} times their distance",
        remedy=_OTHER_WAYS,
    )


def _stretch(ordered: F, middle: float) -> tuple[float, float]:
    """Return the factors of the lower and the upper whisker of the adjusted box plot."""
    m = _medcouple(ordered, middle)
    return (np.exp(-4 * m), np.exp(3 * m)) if m >= 0 else (np.exp(-3 * m), np.exp(4 * m))


def _medcouple(ordered: F, middle: float) -> float:
    if len(ordered) > 2 * _THINNED + 1:
        ordered = ordered[np.linspace(0, len(ordered) - 1, 2 * _THINNED + 1).round().astype(int)]
        middle = float(ordered[_THINNED])
    below, above = middle - ordered[ordered <= middle], ordered[ordered >= middle] - middle
    total = above[:, None] + below
    with np.errstate(invalid="ignore"):
        kernel = (above[:, None] - below) / total
    # Values at the median itself: each pair of them counts by the sign of its place.
    ties = np.flatnonzero(above == 0)[:, None] + np.arange(int((below == 0).sum()))
    kernel[total == 0] = np.sign(ties - (int((above == 0).sum()) - 1)).ravel()
    return float(np.median(kernel))


def _between_chords(at: F, phi: F) -> F:
    """Return slopes at the points: harmonic means of the chords, weighed by the widths beside them."""
    width, chord = np.diff(at), np.diff(phi) / np.diff(at)
    slope = np.zeros(len(at))
    same = np.flatnonzero(chord[:-1] * chord[1:] > 0)
    one, two = 2 * width[same + 1] + width[same], width[same + 1] + 2 * width[same]
    slope[same + 1] = (one + two) / (one / chord[same] + two / chord[same + 1])
    return slope


def _limited(at: F, phi: F, slope: F) -> F:
    """Return slopes that are made no steeper than keeps every piece monotone."""
    chord = np.diff(phi) / np.diff(at)
    before, after = np.r_[chord[0], chord], np.r_[chord, chord[-1]]
    most = _STEEPEST * np.minimum(np.abs(before), np.abs(after))
    same = (slope * before > 0) & (slope * after > 0)
    out: F = np.where(same, np.sign(slope) * np.minimum(np.abs(slope), most), 0.0)
    return out
