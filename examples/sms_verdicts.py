"""What was claimed of seven treatments, and what probabilities on test rows say of each claim.

Every claim compares one arm with the untreated one, on the same test rows and the same seeds. Its interval
is that of a t test whose variance has two parts: test rows, told by bootstrap draws of them (copies of a
message together), and seeds. All are at a level that is meant for all claims at once (Bonferroni): 5 % of
such tables should have a wrong "confirmed" or "refuted" if no arm differs. With three seeds it is somewhat
more, as the approximation of `welch` is too narrow where few degrees of freedom bring most of the variance:
in simulated tables of equal arms, 100 to 300 for each size of the seeds' part, 2 % for the smallest, 6.0 to
7.5 % for the four between and 9.5 % for the largest. Doubt a claim that is barely decided.

What is judged are models trained on these training rows. There is one split and one training set: how much
another would change a difference is not known here and not in the intervals.

The variance of three seeds has two degrees of freedom. So few claims about the one message, where only seeds
vary, can be decided from three seeds; five and more (`--seeds 5`) tell much more. With one or two seeds nothing is
decided: in simulated tables of equal arms whose seeds differ, 21 % to all had a wrong verdict then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from equipoise.metrics import average_precision, per_class
from equipoise.metrics.confusion import accuracy
from equipoise.stats import Difference, bootstrap_weights

F = NDArray[np.float64]
MESSAGE = "log-odds of the message"
CONFIRMED, REFUTED, UNDECIDED = "confirmed", "refuted", "undecided"
SEEDS = 3  # below this, nothing is decided
ROWS_DF, ROWS_PER_DF = 16.0, 3.0  # what the variance over draws counts for, as in equipoise.stats


@dataclass(frozen=True)
class Claim:
    """That an arm has more (or less) of a measure than the untreated one."""

    text: str
    arm: str
    measure: str
    more: bool


@dataclass(frozen=True)
class Finding:
    """A claim, the difference to the untreated arm, and the verdict."""

    claim: Claim
    difference: Difference
    verdict: str


CLAIMS = [
    *(
        Claim("bias initialisation: all metrics improve", "bias-init", measure, True)
        for measure in ("precision", "recall", "F1", "macro F1")
    ),
    Claim("downsampling + upweighting: spam recall falls", "down-upweight", "recall", False),
    Claim("upsampling + downweighting: spam recall falls", "up-downweight", "recall", False),
    Claim("focal loss, tuned, beats the baseline", "focal-tuned", "macro F1", True),
    Claim("inverse weights improve on the baseline", "inverse-weights", "macro F1", True),
    Claim("hand-set weights raise spam recall", "hand-weights", "recall", True),
    Claim("hand-set weights lower spam precision", "hand-weights", "precision", False),
    # They were made as claims of too much and too little confidence. One message cannot tell that: see sms_calibration.
    Claim("inverse weights raise the message", "inverse-weights", MESSAGE, True),
    Claim("hand-set weights raise the message", "hand-weights", MESSAGE, True),
    Claim("downsampling + upweighting lowers the message", "down-upweight", MESSAGE, False),
    Claim("bias initialisation raises the message", "bias-init", MESSAGE, True),
    Claim("focal loss lowers the message", "focal", MESSAGE, False),
]


def label_metrics(
    y: NDArray[np.int64], p: F, weights: NDArray[np.unsignedinteger] | None = None
) -> dict[str, F]:
    """Return metrics of the labels at argmax, those of spam where nothing else is said.

    p is the probability of spam, weights of shape (B, n) are draws. Each value has the shape (B,) or ().
    """
    counts = np.ones((1, len(y))) if weights is None else np.asarray(weights, dtype=np.float64)
    cell = 2 * y + (p > 0.5)
    # One product brings the confusion matrices of all draws.
    matrix = (counts @ np.eye(4)[cell]).reshape(-1, 2, 2)
    if weights is None:
        matrix = matrix[0]
    each = per_class(matrix)
    spam = {"precision": "precision", "recall": "recall", "F1": "f1"}
    out = {name: each[key][..., 1] for name, key in spam.items()}
    return out | {"macro F1": each["f1"].mean(axis=-1), "accuracy": accuracy(matrix)}


def welch(gap: float, parts: Sequence[tuple[float, float]], level: float = 0.95) -> Difference:
    """Test a gap whose variance is a sum of parts, each estimated with degrees of freedom of its own.

    Parameters
    ----------
    gap : float
        Estimate that is 0 if there is nothing.
    parts : sequence of (variance, degrees of freedom)
        Independent estimates; their sum is the variance of the gap.
    level : float
        Level of the interval.

    Returns
    -------
    Difference
        By a t distribution with the degrees of freedom of Satterthwaite, V^2 / sum(V_i^2 / df_i). The
        interval is NaN where a part has none.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
    Biometrics Bulletin 2(6).
    """
    variance = sum(part for part, _ in parts)
    if abs(gap) <= 1e-12 and variance <= 1e-24:  # rounding, whose spread is no ground for a test
        return Difference(0.0, 0.0, 0.0, 1.0, standard_error=0.0)
    if not (np.isfinite(variance) and all(df > 0 for _, df in parts)):
        nan = float("nan")
        return Difference(gap, nan, nan, nan)
    if variance == 0:
        return Difference(gap, gap, gap, 0.0, standard_error=0.0)
    df = variance**2 / sum(part**2 / df for part, df in parts)
    error = float(np.sqrt(variance))
    half = float(stdtrit(df, (1 + level) / 2)) * error
    p = float(2 * stdtr(df, -abs(gap) / error))
    return Difference(gap, gap - half, gap + half, p, standard_error=error, df=float(df))


class Bench:
    """Metrics of arms on test rows: of every seed, and on draws of rows that all arms share."""

    def __init__(
        self,
        y: NDArray[np.int64],
        groups: NDArray[np.int64],
        *,
        draws: int = 2000,
        seed: int = 0,
    ) -> None:
        self.y = np.asarray(y, dtype=np.int64)
        self.draws = bootstrap_weights(len(self.y), draws, seed, groups)
        self.rare = len(np.unique(np.asarray(groups)[self.y == 1]))

    def values(self, p: F) -> tuple[dict[str, F], dict[str, F]]:
        """Return metrics of every seed, shape (S,), and their mean over seeds on every draw, shape (B,).

        p has the shape (S, n).
        """
        points: dict[str, list[F]] = {}
        drawn: dict[str, F] = {}
        for one in p:
            point = label_metrics(self.y, one)
            draw = label_metrics(self.y, one, self.draws)
            point["average precision"] = average_precision(self.y, one)
            draw["average precision"] = average_precision(self.y, one, self.draws)
            for name, value in draw.items():
                points.setdefault(name, []).append(point[name])
                drawn[name] = drawn.get(name, 0.0) + value / len(p)
        return {name: np.array(of, dtype=np.float64) for name, of in points.items()}, drawn

    def test(self, points: F, drawn: F, level: float = 0.95) -> Difference:
        """Test a mean over seeds against 0, from its values by seed and its draws; no interval below 3 seeds."""
        return self.test_by(points, float(np.nanvar(drawn, ddof=1)), level)

    def test_by(self, points: F, of_rows: float, level: float = 0.95) -> Difference:
        """Do the same where the part of the variance that test rows bring is known."""
        if len(points) < SEEDS:
            return welch(float(points.mean()), [(float("nan"), 0.0)], level)
        # How a seed answers to these rows is in both parts: they sum to a little too much.
        parts = [self._rows(of_rows), (float(points.var(ddof=1)) / len(points), len(points) - 1.0)]
        return welch(float(points.mean()), parts, level)

    def interval(self, points: F, drawn: F) -> tuple[float, float]:
        """Return the 95 % interval of a metric of one arm that lies between 0 and 1; of rows alone below 3 seeds."""
        if len(points) < SEEDS:
            rows = float(np.nanvar(drawn, ddof=1))
            found = welch(float(points.mean()), [self._rows(rows)])
        else:
            found = self.test(points, drawn)
        return max(found.low, 0.0), min(found.high, 1.0)

    def _rows(self, variance: float) -> tuple[float, float]:
        return variance, max(ROWS_DF, self.rare / ROWS_PER_DF)

    def compare(
        self,
        arm: tuple[dict[str, F], dict[str, F]],
        other: tuple[dict[str, F], dict[str, F]],
        measure: str,
        level: float = 0.95,
    ) -> Difference:
        """Test the difference of one metric of two arms, given what `values` said of each."""
        points, drawn = (arm[part][measure] - other[part][measure] for part in (0, 1))
        found = self.test(points, drawn, level)
        # Metrics lie between 0 and 1, and nothing is decided beyond.
        return replace(found, low=max(found.low, -1.0), high=min(found.high, 1.0))


def seed_difference(a: F, b: F, level: float = 0.95) -> Difference:
    """Test a difference of what has no rows to draw, such as the log-odds of one message: only seeds vary.

    The test of Welch: each arm has a spread of its own, and S - 1 degrees of freedom. That of one arm tells
    nothing of another's, since weights or a changed loss change it as well. No interval below 3 seeds.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different population
    variances are involved. Biometrika 34(1-2).
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if min(len(a), len(b)) < SEEDS:
        return welch(float(a.mean() - b.mean()), [(float("nan"), 0.0)], level)
    parts = [(float(z.var(ddof=1)) / len(z), len(z) - 1.0) for z in (a, b)]
    return welch(float(a.mean() - b.mean()), parts, level)


def verdict(low: float, high: float, more: bool) -> str:
    """Say what an interval of the difference makes of a claim about its sign."""
    if not np.isfinite([low, high]).all() or low <= 0 <= high:
        return UNDECIDED
    return CONFIRMED if (low > 0) == more else REFUTED


def joint(verdicts: Sequence[str]) -> str:
    """Say what becomes of a claim with several parts: one that is refuted refutes it."""
    if REFUTED in verdicts:
        return REFUTED
    return CONFIRMED if set(verdicts) == {CONFIRMED} else UNDECIDED


def judge(
    bench: Bench,
    values: Mapping[str, tuple[dict[str, F], dict[str, F]]],
    message: Mapping[str, F],
    claims: Sequence[Claim] = CLAIMS,
    *,
    untreated: str = "untreated",
    level: float = 0.95,
) -> list[Finding]:
    """Judge every claim about an arm that was run.

    Parameters
    ----------
    bench : Bench
        The test rows and their draws.
    values : mapping of arm to what `bench.values` gave
        Seed s of one arm goes with seed s of another.
    message : mapping of arm to array of shape (S,)
        Log-odds of spam of the one message.
    claims : sequence of Claim
        Those about arms that are missing are left out, and do not count among the tests.
    untreated : str
        The arm that the others are compared with.
    level : float
        Level of the intervals together.

    Returns
    -------
    list of Finding
    """
    known = [claim for claim in claims if {claim.arm, untreated} <= set(values)]
    each = 1 - (1 - level) / max(len(known), 1)
    out = []
    for claim in known:
        if claim.measure == MESSAGE:
            gap = seed_difference(message[claim.arm], message[untreated], each)
        else:
            gap = bench.compare(values[claim.arm], values[untreated], claim.measure, each)
        out.append(Finding(claim, gap, verdict(gap.low, gap.high, claim.more)))
    return out
