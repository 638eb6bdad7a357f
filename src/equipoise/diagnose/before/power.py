"""The smallest difference that so many rare rows can show."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtri

from equipoise.compare.fold import Fold
from equipoise.compare.material import Material
from equipoise.decisions.correction import prior_offset
from equipoise.diagnose.before.separability import row_weights
from equipoise.diagnose.chance import rare_classes
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import by_bounds, worst_of
from equipoise.diagnose.subject import Before
from equipoise.errors import EquipoiseError
from equipoise.learners.base import log_softmax
from equipoise.metrics.ranking import average_precision
from equipoise.stats.bootstrap import bootstrap_weights
from equipoise.stats.paired import INFLATION

__all__ = ["SmallestDifference", "smallest_difference"]

F = NDArray[np.float64]
_MOST = 5
_DRAWS = 200
_TRIALS = 20  # treatments of a trial, whose tests are corrected for their number


def smallest_difference(draws: F, tests: int = 1, power: float = 0.8, alpha: float = 0.05) -> float:
    r"""Return the true difference that a paired test finds with a given power.

    .. math:: (z_{1 - \alpha / 2 m} + z_{power}) \sqrt{1.5\, V}

    with V the variance of the difference over bootstrap draws of the rows, 1.5 the allowance of
    :func:`equipoise.stats.paired_difference` for the training rows, and m tests.

    Parameters
    ----------
    draws : float64 array, shape (B,)
        The difference on each draw.
    tests : int, default 1
        Tests that are corrected for their number.
    power : float, default 0.8
    alpha : float, default 0.05

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.before.power import smallest_difference
    >>> round(smallest_difference(np.array([-0.02, 0.0, 0.02])), 3)
    0.069
    """
    spread = float(np.nanvar(draws, ddof=1))
    return float((ndtri(1 - alpha / 2 / tests) + ndtri(power)) * np.sqrt(INFLATION * spread))


@register
class SmallestDifference(Check):
    """Whether a trial on these rows can tell treatments apart."""

    code, name, title, stage = (
        "EQ115",
        "smallest-difference",
        "What difference so many rare rows can show",
        "before",
    )
    tasks = CLASSES
    fast = False
    explain = """A trial compares treatments on the same test rows. With few rare rows even a large true difference
drowns in chance, and "tied" then says little.

A logistic regression is trained on five folds, untreated and with balanced weights (of a sample with rare classes
whole: as sampled, and weighed back to all rows), two treatments that differ as treatments do. V is the variance of their difference over bootstrap draws of the test rows, in average precision, and in
the recall when as many rows are called as the class has. A true difference of (z + z') sqrt(1.5 V) is found four times
in five: z for p < 0.05, of 20 treatments corrected for their number, z' = 0.84, and 1.5 for the training rows.

Judged by that of the recall, for 20 treatments: above 0.15 high, above 0.08 medium, above 0.04 low.

What to do: more rows of the class; fewer treatments; several repeats steady the folds, but bring no new rows."""

    def examine(self, subject: Before) -> Finding:
        """Compare two treatments on drawn rows."""
        codes = rare_classes(subject.counts)[:_MOST]
        if not codes:
            return self.not_applicable("no class is rare")
        try:
            plain, rows = subject.log_proba, subject.tested
            treated = _weighted(subject)
        except EquipoiseError as error:
            return self.not_applicable(str(error.problem))
        y, weight = subject.sample.y[rows], row_weights(subject)[rows]
        groups = subject.sample.groups
        drawn = weight * bootstrap_weights(
            len(rows), _DRAWS, subject.seed, None if groups is None else groups[rows]
        )
        found = []
        for code in codes:
            truth = y == code
            if not truth.any():
                continue
            scores = [_odds(one[rows], code) for one in (plain, treated)]
            ap = [average_precision(truth.astype(np.int64), one, drawn) for one in scores]
            recall = [_recall_at_number(truth, one, drawn) for one in scores]
            entry: dict[str, Any] = {"class": subject.classes[code], "rows": int(truth.sum())}
            for name, (a, b) in (("average_precision", ap), ("recall", recall)):
                entry[name] = {
                    "one_treatment": smallest_difference(a - b),
                    "of_20": smallest_difference(a - b, _TRIALS),
                }
            found.append((by_bounds(entry["recall"]["of_20"], (0.15, 0.08, 0.04)), entry))
        if not found:
            return self.not_applicable("no fold tests a rare class")
        evidence = {"classes": [entry for _, entry in found], **subject.sampling}
        bad = worst_of(found)
        severity, worst = bad[0] if bad else (None, found[0][1])
        ap, recall = worst["average_precision"], worst["recall"]
        said = (
            f"{worst['rows']:,} rows of {worst['class']} can show a difference of {_least(ap['one_treatment'])} in average "
            f"precision and {_least(recall['one_treatment'])} in recall; among {_TRIALS} treatments {_least(ap['of_20'])} and "
            f"{_least(recall['of_20'])}"
        )
        if severity is None:
            return self.passed(said, evidence)
        return self.issue(
            severity,
            said,
            evidence,
            f"equipoise compare FILE --target {quote(subject.dataset.target)} "
            "--strategies untreated,weights-balanced,smote",
            "few treatments share one chance of error; smaller differences will be called tied",
            "measured on two treatments of a linear model; others differ more or less",
        )


def _odds(log_p: F, code: int) -> F:
    out: F = log_p[:, code] - logsumexp(np.delete(log_p, code, axis=1), axis=1)
    return out


def _recall_at_number(truth: NDArray[np.bool_], score: F, weight: F) -> F:
    """Return recall when as many rows are called as the class has, float64 (B,)."""
    order = np.argsort(-score, kind="stable")
    ranked, hit = weight[:, order], truth[order]
    called = np.cumsum(ranked, axis=1)
    positives = (ranked * hit).sum(axis=1)
    inside = called <= positives[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        out: F = (ranked * hit * inside).sum(axis=1) / positives
    return out


def _weighted(subject: Before) -> F:
    """Return out-of-fold log-probabilities of the quick model with other weights, at the prior of all rows.

    Of a sample that has its classes nearer to balance already, the weights take it back to all rows; else
    they balance it.
    """
    from equipoise.learners.linear import Linear
    from equipoise.strategies.catalogue import get_strategy
    from equipoise.strategies.strategy import Weights

    def make() -> F:
        data, strategy = subject.sample, get_strategy("weights-balanced")
        material = Material(data.table, data.y, subject.seed)
        out = np.full((len(data.y), len(data.classes)), np.nan)
        kept = np.bincount(data.y, minlength=len(data.classes))
        shift = prior_offset(subject.counts, kept)
        if len(data.y) < subject.n:
            back = subject.counts / np.maximum(kept, 1)
            back = np.where(kept > 0, back / back[kept > 0].mean(), 1.0)
            given = dict(zip(subject.classes, back.tolist(), strict=True))
            strategy = replace(strategy, weights=Weights("given", given=given))
        for split in subject.folds.splits:
            fold = Fold(data, split, subject.seed, material)
            trained = fold.train(Linear(), strategy)
            out[split.test] = log_softmax(fold.score(trained) - trained.offset - shift)
        return out

    return subject.once("weighted", make)


def _least(difference: float) -> str:
    # Both measures end at 1.
    return f"{difference:.3f}" if difference < 1 else "more than there is"
