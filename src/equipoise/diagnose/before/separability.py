"""Whether the columns tell the rare classes at all: a quick model against guessing."""

from __future__ import annotations

from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import mannwhitneyu

from equipoise.diagnose.chance import ALPHA, rare_classes, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import span, worst_of
from equipoise.diagnose.subject import Before
from equipoise.errors import EquipoiseError
from equipoise.metrics.ranking import auc_measure, precision_measure, rank
from equipoise.stats.bootstrap import bootstrap_weights, centred_interval
from equipoise.stats.multiple import holm

__all__ = ["Separability", "row_weights"]

F = NDArray[np.float64]
_MOST = 20
_DRAWS = 200


def row_weights(subject: Before) -> F:
    """Return what each row of the sample stands for: rows of its class over those in the sample."""
    y = subject.sample.y
    kept = np.bincount(y, minlength=len(subject.classes))
    return np.asarray((subject.counts / np.maximum(kept, 1))[y], dtype=np.float64)


@register
class Separability(Check):
    """Whether a quick model tells rare rows from the others."""

    code, name, title, stage = (
        "EQ110",
        "separability",
        "Can the columns tell the rare class?",
        "before",
    )
    tasks = CLASSES
    explain = """If the columns say nothing of a class, no treatment of the imbalance will find it.

A logistic regression is trained and tested on five folds (of at most 20,000 rows, with rare classes whole and the
prior put back). For each rare class, or all classes where none is rare: ROC AUC and average precision (AP) of its
out-of-fold probabilities, with bootstrap intervals at the level 1 - 0.01 / m for m classes, and the recall with the
share of the class as the threshold.

Judged: AUC against 0.5 by the test of Mann and Whitney (1947), one-sided, corrected by Holm. If p > 0.01 the class
cannot be told from the others: high if the upper end of the AUC is below 0.7, else medium, for there may be too few rows
to tell. Otherwise by the upper end of (AP - q) / (1 - q), q the share of the class: below 0.2 medium, below 0.5 low.
A learner that bends may find more than a linear one.

What to do: other columns, other learners, checked labels; only then treatments."""

    def examine(self, subject: Before) -> Finding:
        """Rank out-of-fold rows."""
        codes = (rare_classes(subject.counts) or list(range(len(subject.classes))))[:_MOST]
        if len(subject.classes) == 2:
            codes = codes[-1:] if len(codes) == 2 else codes
        try:
            log_p, rows = subject.log_proba, subject.tested
        except EquipoiseError as error:
            return self.not_applicable(str(error.problem))
        y, weight = subject.sample.y[rows], row_weights(subject)[rows]
        groups = subject.sample.groups
        drawn = bootstrap_weights(
            len(rows), _DRAWS, subject.seed, None if groups is None else groups[rows]
        )
        level = 1 - ALPHA / len(codes)
        found = [
            _judge(subject, code, log_p[rows], y, weight, drawn, level)
            for code in codes
            if 0 < (y == code).sum() < len(y)
        ]
        if not found:
            return self.not_applicable("no fold tests a rare class")
        for one, p in zip(found, holm([one["p"] for one in found]), strict=True):
            one["p_corrected"] = float(p)
        judged = [(_severity(one), one) for one in found]
        bad = worst_of(judged)
        severity, worst = bad[0] if bad else (None, found[0])
        score = worst["average_precision"]
        said = (
            f"a quick linear model ranks {worst['class']} with an average precision of {score['value']:.3f} "
            f"({score['low']:.3f} to {score['high']:.3f}) where guessing has {worst['share']:.3g}; "
            f"ROC AUC {worst['roc_auc']['value']:.3f}"
        )
        evidence = {"classes": found, "level": level, **subject.sampling}
        if severity is None:
            return self.passed(said, evidence)
        hopeless = worst["p_corrected"] > ALPHA
        return self.issue(
            severity,
            said,
            evidence,
            f"equipoise compare FILE --target {quote(subject.dataset.target)} --learner linear,boosting "
            "--strategies untreated,weights-balanced",
            "trees may find what a line cannot; where they do not either, other columns are needed"
            if hopeless
            else "trees may find more than a line; treatments move the threshold more than the ranking",
            f"p = {worst['p_corrected']:.2g} against guessing",
        )


def _judge(
    subject: Before,
    code: int,
    log_p: F,
    y: NDArray[np.int64],
    weight: F,
    drawn: Any,
    level: float,
) -> dict[str, Any]:
    truth = y == code
    odds = log_p[:, code] - logsumexp(np.delete(log_p, code, axis=1), axis=1)
    measures = [auc_measure, precision_measure]
    auc, precision = rank(measures, truth.astype(np.int64), odds, weight)
    draws = rank(measures, truth.astype(np.int64), odds, drawn * weight)
    share = float(subject.counts[code] / subject.counts.sum())
    found = odds[truth] > np.log(share / max(1 - share, 1e-12))
    return {
        "class": subject.classes[code],
        "rows": int(subject.counts[code]),
        "share": share,
        "roc_auc": span((auc, *centred_interval(auc, draws[0], (0.0, 1.0), level))),
        "average_precision": span(
            (precision, *centred_interval(precision, draws[1], (0.0, 1.0), level))
        ),
        "recall_at_prior": span(share_range(found, None, level)),
        "p": float(mannwhitneyu(odds[truth], odds[~truth], alternative="greater").pvalue),
    }


def _severity(one: dict[str, Any]) -> Severity | None:
    if one["p_corrected"] > ALPHA:
        top = one["roc_auc"]["high"]
        return "high" if top is not None and top < 0.7 else "medium"
    top = one["average_precision"]["high"]
    if top is None:
        return None
    gain = (top - one["share"]) / (1 - one["share"])
    return "medium" if gain < 0.2 else "low" if gain < 0.5 else None
