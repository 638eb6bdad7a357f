"""What was claimed of seven treatments, and what probabilities on test rows say of each claim.

Every claim compares one arm with the untreated one, on the same test rows and the same seeds. Its interval
comes from `equipoise.stats.paired_difference` on bootstrap draws of test rows (copies of a message together)
and of seeds, at a level that holds for all claims at once (Bonferroni): if none of them were true, a wrong
"confirmed" or "refuted" would stand in 5 % of such tables at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from equipoise.metrics import average_precision, per_class
from equipoise.metrics.confusion import accuracy
from equipoise.stats import Difference, bootstrap_weights, centred_interval, paired_difference

F = NDArray[np.float64]
MESSAGE = "log-odds of the message"
LABEL_METRICS = ("precision", "recall", "F1", "macro F1", "accuracy")
CONFIRMED, REFUTED, UNDECIDED = "confirmed", "refuted", "undecided"


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
    Claim("weighting is overconfident (inverse)", "inverse-weights", MESSAGE, True),
    Claim("weighting is overconfident (hand-set)", "hand-weights", MESSAGE, True),
    Claim("downsampling + upweighting is underconfident", "down-upweight", MESSAGE, False),
    Claim("bias initialisation raises the probability", "bias-init", MESSAGE, True),
    Claim("focal loss lowers the probability", "focal", MESSAGE, False),
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


def seed_draws(seeds: int, draws: int, seed: int) -> F:
    """Draw seeds with replacement: weights of shape (draws, seeds) whose rows sum to 1.

    One fewer than there are is drawn, since then the spread of a mean over draws is that of a mean over
    seeds without bias (Rao and Wu 1988); with all of them it would be too small by a third for three.
    """
    if seeds == 1:
        return np.ones((draws, 1))
    rng = np.random.default_rng([seed, seeds])
    return rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), size=draws) / (seeds - 1)


class Bench:
    """Metrics of arms on test rows: of every seed, and on draws of rows and seeds that all arms share."""

    def __init__(
        self,
        y: NDArray[np.int64],
        groups: NDArray[np.int64],
        n_train: int,
        *,
        draws: int = 2000,
        seed: int = 0,
    ) -> None:
        self.y = np.asarray(y, dtype=np.int64)
        self.draws = bootstrap_weights(len(self.y), draws, seed, groups)
        self.seed = seed
        self.test_fraction = len(self.y) / n_train
        self.rare = len(np.unique(np.asarray(groups)[self.y == 1]))

    def values(self, p: F) -> tuple[dict[str, F], dict[str, F]]:
        """Return metrics of every seed, shape (S,), and on every draw, shape (B,), from p of shape (S, n)."""
        share = seed_draws(len(p), len(self.draws), self.seed)
        points: dict[str, list[F]] = {}
        drawn: dict[str, F] = {}
        for s, one in enumerate(p):
            point = label_metrics(self.y, one)
            draw = label_metrics(self.y, one, self.draws)
            point["average precision"] = average_precision(self.y, one)
            draw["average precision"] = average_precision(self.y, one, self.draws)
            for name, value in draw.items():
                points.setdefault(name, []).append(point[name])
                drawn[name] = drawn.get(name, 0.0) + share[:, s] * value
        return {name: np.array(of, dtype=np.float64) for name, of in points.items()}, drawn

    def interval(self, points: F, drawn: F) -> tuple[float, float]:
        """Return the 95 % interval of one metric of one arm."""
        return centred_interval(float(points.mean()), drawn, (0.0, 1.0))

    def compare(
        self,
        arm: tuple[dict[str, F], dict[str, F]],
        other: tuple[dict[str, F], dict[str, F]],
        measure: str,
        level: float = 0.95,
    ) -> Difference:
        """Test the difference of one metric of two arms, given what `values` said of each."""
        # Seeds judge the same rows again, as repeats do; how they vary is in the draws.
        return paired_difference(
            arm[0][measure],
            other[0][measure],
            self.test_fraction,
            arm[1][measure],
            other[1][measure],
            repeats=len(arm[0][measure]),
            rare_rows=self.rare,
            level=level,
        )


def seed_differences(
    z: Mapping[str, F], untreated: str = "untreated", level: float = 0.95
) -> dict[str, Difference]:
    """Test what has no rows to draw, such as the log-odds of one message: only seeds vary.

    A two-way layout of A arms and S seeds, whose spread is taken to be the same in all arms: a t test with
    (A - 1) (S - 1) degrees of freedom. The paired t test, which it is for two arms, would have S - 1, and
    could tell next to nothing from three seeds. Not finite for one seed.
    """
    table = np.stack(list(z.values()))
    arms, seeds = table.shape
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    df = (arms - 1) * (seeds - 1)
    error = float(np.sqrt(2 * (rest**2).sum() / df / seeds)) if df else float("nan")
    half = float(stdtrit(df, (1 + level) / 2)) * error if df else float("nan")
    out = {}
    for arm, values in z.items():
        gap = float(np.mean(values) - np.mean(z[untreated]))
        alike = abs(gap) <= 1e-12  # but for rounding, whose spread is no ground for a test
        p = 1.0 if alike else float(2 * stdtr(df, -abs(gap) / error)) if error > 0 else 0.0
        if not df:
            p = float("nan")
        out[arm] = Difference(
            gap, gap - half, gap + half, p, standard_error=error, df=float(df), folds=seeds
        )
    return out


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
        Log-odds of spam of the one message; all arms tell how much seeds vary.
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
    gaps = seed_differences(message, untreated, each) if known else {}
    out = []
    for claim in known:
        if claim.measure == MESSAGE:
            gap = gaps[claim.arm]
        else:
            gap = bench.compare(values[claim.arm], values[untreated], claim.measure, each)
        out.append(Finding(claim, gap, verdict(gap.low, gap.high, claim.more)))
    return out
