"""Skew and tails of a numeric target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equipoise.diagnose.check import Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import percent, rows_of

__all__ = ["SkewedTarget"]

F = NDArray[np.float64]
_DRAWS = 200
_MOST_ROWS = 20_000
_TAIL = 0.05


def _measures(y: F) -> tuple[F, F]:
    """Return skewness and the share of the squared deviation that the top 5 % of rows hold; y is (B, n) ascending."""
    centred = y - y.mean(axis=1, keepdims=True)
    scale = np.abs(centred).max(axis=1, keepdims=True)
    centred = centred / np.where(scale > 0, scale, 1.0)
    square = centred**2
    variance = square.mean(axis=1)
    safe = np.where(variance > 0, variance, 1.0)
    skew = np.where(variance > 0, (centred**3).mean(axis=1) / safe**1.5, 0.0)
    top = max(int(np.ceil(_TAIL * y.shape[1])), 1)
    held = np.partition(square, -top, axis=1)[:, -top:].sum(axis=1)
    share = np.where(variance > 0, held / (safe * y.shape[1]), 0.0)
    return skew, share


def _amount(value: float) -> str:
    """Write a value with four digits, or all before the point."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:,.4g}"


@register
class SkewedTarget(Check):
    """A numeric target with a long tail."""

    code, name, title, stage = "EQ117", "skewed-target", "A skewed numeric target", "before"
    tasks = frozenset({"regression"})
    explain = """Measures how far a numeric target is from the middle-heavy shape that squared error is made for.

Skewness is m_3 / m_2 ** 1.5 of the central moments. The tail is measured by the share of the total squared deviation
that the 5 % of rows furthest from the mean hold: 0.28 of a normal distribution. Both with 95 % intervals from 200
bootstrap draws (of a sample of 20,000 rows where there are more).

An issue where the interval of the skewness lies above 1 or below -1: high where the tail surely holds more than
0.8 of the squared deviation, for then squared error judges by a handful of rows; medium where it surely holds more
than half; else low.

What to do: train on the logarithm (log1p where there are zeros) and undo the bias of going back, by smearing; or
minimise a loss that asks for what matters, such as the pinball loss of the 95th percentile; weigh rare ranges; judge
by errors in the tail too, not only by their mean.

Papers: Duan, "Smearing Estimate", JASA 78, 1983. Koenker and Bassett, "Regression Quantiles", Econometrica 46, 1978.
Ribeiro and Moniz, "Imbalanced Regression and Extreme Value Prediction", Machine Learning 109, 2020."""

    def examine(self, subject: Before) -> Finding:
        """Measure, with a bootstrap."""
        y = np.asarray(subject.y, dtype=np.float64)
        if len(y) < 20 or y.min() == y.max():
            return self.not_applicable(f"{rows_of(len(y))}, too few or too alike to tell a shape")
        rng = np.random.default_rng([subject.seed, 4])
        sample = y if len(y) <= _MOST_ROWS else rng.choice(y, _MOST_ROWS, replace=False)
        skew, tail = (float(value[0]) for value in _measures(y[None]))
        pairs = [_measures(rng.choice(sample, (1, len(sample)))) for _ in range(_DRAWS)]
        skews, tails = (np.concatenate(values) for values in zip(*pairs, strict=True))
        low_skew, high_skew = np.quantile(skews, [0.025, 0.975])
        low_tail, high_tail = np.quantile(tails, [0.025, 0.975])
        middle, p95 = float(np.median(y)), float(np.quantile(y, 0.95))
        zeros = float((y == 0).mean())
        evidence = {
            "skewness": {
                "value": skew,
                "low": min(float(low_skew), skew),
                "high": max(float(high_skew), skew),
            },
            "tail_share": {
                "value": tail,
                "low": min(float(low_tail), tail),
                "high": max(float(high_tail), tail),
            },
            "median": middle,
            "mean": float(y.mean()),
            "percentile_95": p95,
            "max": float(y.max()),
            "share_of_zeros": zeros,
            **({"rows_drawn": len(sample), "rows": len(y)} if len(sample) < len(y) else {}),
        }
        said = (
            f"skewness {skew:.1f} ({low_skew:.1f} to {high_skew:.1f}): median {_amount(middle)}, mean {_amount(y.mean())}, 95th "
            f"percentile {_amount(p95)}, largest {_amount(y.max())}; the outer 5 % of the rows hold {percent(tail)} of the "
            "squared deviation"
        )
        if not (low_skew > 1 or high_skew < -1):
            return self.passed(said, evidence)
        severity: Severity = "high" if low_tail > 0.8 else "medium" if low_tail > 0.5 else "low"
        log = "log1p" if zeros else "log"
        able = y.min() >= 0
        return self.issue(
            severity,
            said,
            evidence,
            f"train on the {log if able else 'Yeo-Johnson transform'} of the target with smearing, or on the pinball "
            "loss of the percentile that matters",
            "errors of ordinary rows shrink; those of the tail need a loss or weights of their own",
            "measured on all rows; intervals by a bootstrap",
        )
