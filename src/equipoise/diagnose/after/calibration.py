"""Whether probabilities can be taken at their word: in the majority, and class by class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaincinv, log_expit, ndtri
from scipy.stats import chi2

from equipoise.diagnose.chance import ALPHA, Range, count_tails, design_effect, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import MOST, Side, by_bounds, rare_sides, side_of, span, worst_of
from equipoise.diagnose.subject import After
from equipoise.stats.bootstrap import centred_interval
from equipoise.stats.multiple import holm

__all__ = [
    "Miscalibrated",
    "OverconfidentMajority",
    "bins_p",
    "calibration_gap",
    "calibration_line",
    "event_ratio",
    "reliability_bins",
]

F = NDArray[np.float64]
_NO_SCORES = "probabilities were not given"
_BINS = 15
_FEW = 20  # expected or observed rows below which a slope is not judged


def event_ratio(observed: int, expected: float, effect: float = 1.0, level: float = 0.95) -> Range:
    """Return observed over expected events with the exact interval of a Poisson count.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28.

    Examples
    --------
    >>> from equipoise.diagnose.after.calibration import event_ratio
    >>> [round(x, 2) for x in event_ratio(10, 5.0)]
    [2.0, 0.96, 3.68]
    """
    n, tail = observed / effect, (1 - level) / 2
    low = float(gammaincinv(n, tail)) if n > 0 else 0.0
    high = float(gammaincinv(n + 1, 1 - tail))
    scale = effect / max(expected, 1e-12)
    return observed / max(expected, 1e-12), low * scale, high * scale


def calibration_line(z: F, truth: NDArray[np.bool_]) -> tuple[F, F, float]:
    r"""Fit :math:`\mathrm{logit}\,P(y = 1) = a + b z` to log-odds z.

    Returns
    -------
    line : float64 array, shape (2,)
        Intercept and slope; (0, 1) where probabilities can be taken at their word.
    error : float64 array, shape (2,)
        Their standard errors.
    ratio : float
        Twice the log-likelihood above that of (0, 1): chi-squared with 2 degrees of freedom by chance.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.after.calibration import calibration_line
    >>> z = np.repeat([-2.0, 2.0], 100)
    >>> truth = np.tile(np.arange(100) % 4 == 0, 2) ^ (z > 0)
    >>> float(calibration_line(z, truth)[0][1].round(2))
    0.55
    """
    X = np.column_stack([np.ones(len(z)), z])
    sign = np.where(truth, 1.0, -1.0)

    def likelihood(line: F) -> float:
        return float(log_expit(sign * (X @ line)).sum())

    start = np.array([0.0, 1.0])
    line, at = start.copy(), likelihood(start)
    first = at
    hessian = np.eye(2)
    for _ in range(50):
        p = expit(X @ line)
        # A touch of ridge: of one value of z, or of classes that part, there is no line.
        hessian = (X.T * (p * (1 - p))) @ X + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, X.T @ (truth - p))
        size = 1.0
        while size > 1e-6 and likelihood(line + size * step) < at:
            size /= 2
        new = likelihood(line + size * step)
        if size <= 1e-6 or new - at < 1e-9:
            break
        line, at = line + size * step, new
        if np.abs(line).max() > 100:
            break
    error = np.sqrt(np.diag(np.linalg.inv(hessian)))
    return line, error, max(0.0, 2 * (at - first))


@register
class OverconfidentMajority(Check):
    """Whether more rows called common are something else than their probabilities admit."""

    code, name, title, stage = (
        "EQ204",
        "overconfident-majority",
        "Too sure of the common class",
        "after",
    )
    tasks = CLASSES | {"multilabel"}
    explain = """A row that is called common with a probability of 0.99 should be something else once in 100. Of
models trained on few rare rows this often fails where it matters.

Judged on the rows called a class that is not rare (of a label: called absent): with q_i the probability that row i is
something else, the number that is, O, against the exact distribution of a sum of independent draws with these
probabilities (groups widen it). O over the expected number E has the interval of Garwood (1936). An issue if
p < 0.01, of m labels corrected by Holm; low end of the ratio above 3 high, above 1.5 medium, else low.

What to do: calibrate on rows kept out, or correct the prior; see EQ206 for the other classes."""

    def examine(self, subject: After) -> Finding:
        """Count what is called common and is not."""
        if subject.log_p is None:
            return self.not_applicable(_NO_SCORES)
        rare = rare_sides(subject)
        if not rare:
            return self.not_applicable("no class is rare")
        units = _units(subject, rare)
        found = [_too_sure(*unit, subject.groups) for unit in units]
        if not found:
            return self.not_applicable("no row is called a common class")
        p = holm([one["p"] for one in found])
        for one, corrected in zip(found, p, strict=True):
            one["p_corrected"] = float(corrected)
        judged = [
            (
                by_bounds(one["ratio"]["low"] or 0.0, (3.0, 1.5, 0.0))
                if one["p_corrected"] < ALPHA
                else None,
                one,
            )
            for one in found
        ]
        bad = worst_of(judged)
        evidence = {"called": found[:MOST]}
        severity, worst = bad[0] if bad else (None, found[0])
        said = (
            f"of {worst['rows']:,} rows called {worst['class']}, {worst['others']:,} are something else, and their "
            f"probabilities say {worst['expected']:.1f}"
        )
        if severity is None:
            return self.passed(said, evidence)
        return self.issue(
            severity,
            said,
            evidence,
            "equipoise compare FILE --target COL --strategies untreated,weights-isns --metric log_loss",
            "calibrated on rows kept out, the probabilities say how many are missed",
            f"{worst['ratio']['low']:.1f} to {worst['ratio']['high']:.1f} times as many as expected, "
            f"p = {worst['p_corrected']:.2g}",
        )


def _units(subject: After, rare: list[int]) -> list[tuple[str, Any, F, Any]]:
    """Return by what is called: its name, the rows, and of these the chance to be something else and whether so."""
    if subject.y.ndim == 2:
        out = []
        for code in rare:
            side = side_of(subject, code)
            assert side.log_odds is not None
            rows = ~side.said
            if rows.any():
                out.append((f"not {side.name}", rows, expit(side.log_odds[rows]), side.truth[rows]))
        return out
    rows = ~np.isin(subject.labels, rare)
    if not rows.any():
        return []
    assert subject.log_p is not None
    p = np.exp(subject.log_p[rows])
    called = subject.labels[rows]
    other = np.clip(p.sum(axis=1) - p[np.arange(len(p)), called], 0.0, 1.0)
    common = [c for c in range(len(subject.classes)) if c not in rare and (called == c).any()]
    name = subject.classes[common[0]] if len(common) == 1 else "a common class"
    return [(name, rows, other, subject.y[rows] != called)]


def _too_sure(name: str, rows: Any, q: F, other: Any, groups: Any) -> dict[str, Any]:
    expected, observed = float(q.sum()), int(other.sum())
    variance = float((q * (1 - q)).sum())
    effect = design_effect(other - q, None if groups is None else groups[rows], variance)
    return {
        "class": name,
        "rows": len(q),
        "others": observed,
        "expected": expected,
        "ratio": span(event_ratio(observed, expected, effect)),
        "p": count_tails(q, observed, effect)[0],
    }


@register
class Miscalibrated(Check):
    """Whether the probabilities of each class can be taken at their word."""

    code, name, title, stage = "EQ206", "miscalibrated", "Probabilities are off", "after"
    tasks = CLASSES | {"multilabel"}
    explain = """Among rows given a probability of 0.2 for a class, a fifth should be of it.

Judged for each class against the rest (of two classes the positive one): logit P(y) = a + b logit(p) is fitted, and
(a, b) tested against (0, 1) by the likelihood ratio (Cox 1958), chi-squared with 2 degrees of freedom; beside it, for
what no line shows, the squared distances of up to ten bins (Hosmer and Lemeshow 1980). The smaller p counts twice, is
corrected by Holm, and groups widen both by their design effect. With fewer than 20 rows expected or found, only their number is tested,
exactly. An issue if p < 0.01. Severity: the interval of the slope, or of observed over expected rows, beyond 0.5 or 2
high, beyond 0.8 or 1.25 medium, else low. The expected calibration error over 15 bins stands beside what chance alone
would make of it.

What to do: undo the prior shift of weights or resampling (prior-corrected), or calibrate on rows kept out."""

    def examine(self, subject: After) -> Finding:
        """Fit a line to the log-odds of each class."""
        if subject.log_p is None:
            return self.not_applicable(_NO_SCORES)
        counts = subject.counts
        codes = [int(c) for c in np.argsort(counts, kind="stable")][:MOST]
        if subject.task == "binary" and subject.y.ndim == 1:
            codes = [1]
        found = [_judge_side(side_of(subject, c), subject.groups, len(codes)) for c in codes]
        for one, corrected in zip(found, holm([one["p"] for one in found]), strict=True):
            one["p_corrected"] = float(corrected)
        judged = [(_how_far(one) if one["p_corrected"] < ALPHA else None, one) for one in found]
        bad = worst_of(judged)
        evidence = {"classes": found}
        severity, worst = bad[0] if bad else (None, found[0])
        error = worst["calibration_error"]
        said = (
            f"{worst['class']}: {worst['rows']:,} rows where the probabilities add up to {worst['expected']:,.1f}, "
            f"calibration error {error['value']:.3f} (by chance {error['by_chance']:.3f})"
        )
        if severity is None:
            return self.passed(said, evidence)
        more = f"; {len(bad) - 1} more classes are off" if len(bad) > 1 else ""
        slope = worst["slope"]
        return self.issue(
            severity,
            said + more,
            evidence,
            "equipoise compare FILE --target COL --metric log_loss",
            "prior-corrected and calibrated probabilities, judged on rows kept out",
            f"p = {worst['p_corrected']:.2g}"
            + (f", slope {slope['low']:.2f} to {slope['high']:.2f}" if slope else ""),
        )


def _judge_side(side: Side, groups: Any, number: int) -> dict[str, Any]:
    assert side.log_odds is not None
    p, level = expit(side.log_odds), 1 - ALPHA / number
    variance = float((p * (1 - p)).sum())
    effect = design_effect(side.truth - p, groups, variance)
    expected, n = float(p.sum()), len(p)
    out: dict[str, Any] = {
        "class": side.name,
        "rows": side.rows,
        "expected": expected,
        "ratio": span(event_ratio(side.rows, expected, effect, level)),
        "intercept": None,
        "slope": None,
        "calibration_error": calibration_gap(p, side.truth),
        "bins": reliability_bins(p, side.truth),
    }
    if min(expected, n - expected, side.rows, n - side.rows) < _FEW:
        out["p"] = min(1.0, 2 * min(count_tails(p, side.rows, effect)))
        return out
    line, error, ratio = calibration_line(side.log_odds, side.truth)
    half = float(ndtri((1 + level) / 2)) * error * np.sqrt(effect)
    for at, name in enumerate(("intercept", "slope")):
        out[name] = span((line[at], line[at] - half[at], line[at] + half[at]))
    both = float(chi2.sf(ratio / effect, 2)), bins_p(p, side.truth, effect)
    out["p"] = min(1.0, 2 * min(both))
    return out


def _how_far(one: dict[str, Any]) -> Severity:
    ends = [one["ratio"], one["slope"]] if one["slope"] else [one["ratio"]]
    for severity, low, high in (("high", 0.5, 2.0), ("medium", 0.8, 1.25)):
        if any(end["high"] < low or end["low"] > high for end in ends):
            return "high" if severity == "high" else "medium"
    return "low"


def _bins(p: F) -> NDArray[np.int64]:
    ranked = np.sort(p)
    cuts = np.unique(np.linspace(0, len(p), _BINS + 1).astype(np.int64))[:-1]
    return np.searchsorted(np.unique(ranked[cuts]), p, side="right") - 1


def calibration_gap(p: F, truth: NDArray[np.bool_], seed: int = 0) -> dict[str, Any]:
    """Return the expected calibration error with its interval, and what chance makes of it.

    Over 15 bins of equal numbers of rows, ``sum_b |G_b| / n`` with G_b the sum of ``y_i - p_i``. Were the
    probabilities right, G_b would be about normal with variance ``V_b = sum p_i (1 - p_i)``, and the mean
    of the error ``sum_b sqrt(2 V_b / pi) / n``.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.after.calibration import calibration_gap
    >>> calibration_gap(np.full(4, 0.5), np.array([True, True, False, True]))["value"]
    0.25
    """
    at, n = _bins(p), len(p)
    gap = np.bincount(at, weights=truth - p)
    variance = np.bincount(at, weights=p * (1 - p))
    rows = np.bincount(at).astype(np.float64)
    seen = np.bincount(at, weights=truth) / rows
    value = float(np.abs(gap).sum() / n)
    noise = np.random.default_rng(seed).normal(size=(400, len(gap))) * np.sqrt(
        rows * seen * (1 - seen)
    )
    low, high = centred_interval(value, np.abs(gap + noise).sum(axis=1) / n, (0.0, 1.0))
    chance = float(np.sqrt(2 * variance / np.pi).sum() / n)
    spread = float(np.sqrt((variance * (1 - 2 / np.pi)).sum()) / n)
    return {
        **span((value, low, high)),
        "by_chance": chance,
        "by_chance_95": chance + 1.645 * spread,
    }


def reliability_bins(p: F, truth: NDArray[np.bool_], bins: int = 10) -> list[dict[str, Any]]:
    """Return mean probability, share that was true with its interval, and rows of each bin.

    Bins hold equal parts of ``sum p (1 - p)``: of a rare class, bins of equal numbers of rows would nearly
    all lie at 0. Equal probabilities share a bin.
    """
    at = _telling_bins(p, bins)
    out = []
    for b in np.unique(at):
        mine = at == b
        share = share_range(truth[mine])
        out.append({"probability": float(p[mine].mean()), **span(share), "rows": int(mine.sum())})
    return out


def bins_p(p: F, truth: NDArray[np.bool_], effect: float = 1.0) -> float:
    """Return the p value of the squared distances of up to ten bins from what their probabilities say.

    ``sum_b (O_b - E_b)^2 / V_b`` is chi-squared by chance, with a degree of freedom for each bin. Bins have
    equal variances V_b, of 5 at least.

    References
    ----------
    Hosmer, D. W. and Lemeshow, S. (1980). Goodness of fit tests for the multiple logistic regression model.
    Communications in Statistics 9.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.after.calibration import bins_p
    >>> bins_p(np.full(100, 0.5), np.arange(100) % 2 == 0)
    1.0
    """
    variance = p * (1 - p)
    at = _telling_bins(p, int(np.clip(variance.sum() / 5, 1, 10)))
    gap, spread = np.bincount(at, weights=truth - p), np.bincount(at, weights=variance)
    known = spread > 1
    statistic = (gap[known] ** 2 / spread[known]).sum() / effect
    return float(chi2.sf(statistic, known.sum())) if known.any() else 1.0


def _telling_bins(p: F, bins: int) -> NDArray[np.int64]:
    order = np.argsort(p, kind="stable")
    told = np.cumsum(p[order] * (1 - p[order]))
    starts = np.searchsorted(told, np.linspace(0, told[-1], bins + 1)[:-1], side="right")
    edges = np.unique(p[order][np.minimum(starts, len(p) - 1)])
    return np.maximum(np.searchsorted(edges, p, side="right") - 1, 0)
