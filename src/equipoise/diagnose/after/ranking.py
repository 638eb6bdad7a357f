"""Whether scores tell what they seem to: ROC AUC beside average precision, and few rows behind a score."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.diagnose.chance import ALPHA, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import Side, rare_sides, side_of, span, worst_of
from equipoise.diagnose.subject import After
from equipoise.metrics.ranking import auc_measure, average_precision, precision_measure, rank
from equipoise.stats.bootstrap import bootstrap_weights, centred_interval

__all__ = ["FewRows", "FlatteringAuc"]

_MOST = 20  # classes looked at
_CELLS = 20_000_000  # rows times draws
_LEFT_OUT = 200  # rare rows left out one at a time


def _draws(subject: After) -> Any:
    draws = int(np.clip(_CELLS // subject.n, 60, 300))
    return subject.once(
        ("draws", draws), lambda: bootstrap_weights(subject.n, draws, subject.seed, subject.groups)
    )


def _ranked(subject: After, code: int) -> tuple[Side, list[Any]]:
    """Return a side with the draws of its ROC AUC and average precision, estimates in front."""

    def make() -> tuple[Side, list[Any]]:
        side = side_of(subject, code)
        assert side.log_odds is not None
        measures, y = [auc_measure, precision_measure], side.truth.astype(np.int64)
        whole = rank(measures, y, side.log_odds)
        drawn = rank(measures, y, side.log_odds, _draws(subject))
        return side, [np.append(one, many) for one, many in zip(whole, drawn, strict=True)]

    return subject.once(("ranked", code), make)


@register
class FlatteringAuc(Check):
    """Whether ROC AUC paints a rosier picture than average precision."""

    code, name, title, stage = "EQ208", "flattering-auc", "ROC AUC flatters", "after"
    tasks = CLASSES | {"multilabel"}
    explain = """ROC AUC counts false alarms as a share of the many common rows: a tenth of a percent of these may be
as many as all rare rows, and it hardly moves. Average precision (AP) counts them beside the rows found.

Judged for each rare class on one scale, 0 by chance and 1 at best: 2 AUC - 1 less (AP - q) / (1 - q), q the share of the
class. Interval by the bootstrap at the level 1 - 0.01 / m for m classes. Low end above 0.5 medium, above 0.3 low, above
0.15 a tip. The scores themselves may be as good as the data allow: what is at fault is the metric that is read.

References: Davis and Goadrich (2006), ICML; Saito and Rehmsmeier (2015), PLoS ONE 10.

What to do: choose and report by average precision, or by the recall at a precision that you can live with."""

    def examine(self, subject: After) -> Finding:
        """Put both on one scale and compare."""
        if subject.log_p is None:
            return self.not_applicable("probabilities were not given")
        codes = [c for c in rare_sides(subject) if subject.counts[c] < subject.n][:_MOST]
        if not codes:
            return self.not_applicable("no class is rare")
        level = 1 - ALPHA / len(codes)
        found = []
        for code in codes:
            side, (auc, precision) = _ranked(subject, code)
            q = side.rows / len(side.truth)
            lead = (2 * auc - 1) - (precision - q) / (1 - q)
            ends = centred_interval(float(lead[0]), lead[1:], level=level)
            entry: dict[str, Any] = {
                "class": side.name,
                "rows": side.rows,
                "share": q,
                "lead": span((lead[0], *ends)),
            }
            for name, values in (("roc_auc", auc), ("average_precision", precision)):
                entry[name] = span(
                    (values[0], *centred_interval(values[0], values[1:], (0.0, 1.0)))
                )
            low = ends[0] if np.isfinite(ends[0]) else -1.0
            severity: Severity | None = "medium" if low > 0.5 else "low" if low > 0.3 else None
            found.append((severity, low > 0.15, entry))
        bad = worst_of((severity, entry) for severity, _, entry in found)
        evidence = {"classes": [entry for *_, entry in found], "level": level}
        tips = [entry for _, tip, entry in found if tip]
        worst = bad[0][1] if bad else tips[0] if tips else found[0][2]
        said = (
            f"{worst['class']}: ROC AUC {worst['roc_auc']['value']:.3f}, average precision "
            f"{worst['average_precision']['value']:.3f} where guessing has {worst['share']:.3g}"
        )
        words = (
            "equipoise compare FILE --target COL --metric average_precision",
            "treatments are chosen by what they find among their alarms",
            f"the lead is at least {worst['lead']['low'] or 0:.2f} with {100 * level:.1f} % confidence",
        )
        if bad:
            return self.issue(bad[0][0], said, evidence, *words)
        return self.tip(said, evidence, *words) if tips else self.passed(said, evidence)


@register
class FewRows(Check):
    """Whether a score of a rare class rests on a handful of rows."""

    code, name, title, stage = (
        "EQ209",
        "handful-of-rows",
        "The score rests on a handful of rows",
        "after",
    )
    tasks = CLASSES | {"multilabel"}
    explain = """A recall over ten rows moves by a tenth with each of them, and the next ten rows will tell another
story.

Judged for each rare class in two ways. One is half the width w of the 95 % interval of its average precision
(bootstrap; of its recall, by Wilson, where there are no scores or fewer than ten rows). The other is d, by how much the
score moves when one row is left out: with up to 200 rows of the class each is, and the row that moves average precision
most is named. High where w is above 0.25, so that the interval covers half the scale, or d above 0.1; medium where w is
above 0.15 or d above 0.05; low where w is above 0.1. A recall of one half has such a w below 12, 39 and 93 rows; a
score near 0 or 1 is known from fewer.

What to do: more rows of the class in the test part, cross-validation (each row is tested once), and intervals beside
every score."""

    def examine(self, subject: After) -> Finding:
        """Measure the interval, and leave rare rows out."""
        codes = [c for c in rare_sides(subject) if subject.counts[c] < subject.n][:_MOST]
        if not codes:
            return self.not_applicable("no class is rare")
        found = [_rests_on(subject, code) for code in codes]
        judged = [(_how_frail(one), one) for one in found]
        bad = worst_of(judged)
        severity, worst = bad[0] if bad else (None, found[0])
        score = worst["score"]
        said = (
            f"{worst['measure']} of {worst['class']} is {score['value']:.2f} "
            f"({score['low']:.2f} to {score['high']:.2f}) on {worst['rows']:,} rows"
        )
        if worst["most_influence"]:
            said += f"; one row moves it by {abs(worst['most_influence']['change']):.3f}"
        evidence = {"classes": found}
        if severity is None:
            return self.passed(said, evidence)
        return self.issue(
            severity,
            said,
            evidence,
            "equipoise compare FILE --target COL --folds 10",
            "every rare row is tested once, and differences come with intervals",
            f"95 % interval, half its width is {worst['half_width']:.2f}",
        )


def _how_frail(one: dict[str, Any]) -> Severity | None:
    most, half = one["most_influence"], one["half_width"]
    moved = abs(most["change"]) if most else 0.0
    if half > 0.25 or moved > 0.1:
        return "high"
    if half > 0.15 or moved > 0.05:
        return "medium"
    return "low" if half > 0.1 else None


def _rests_on(subject: After, code: int) -> dict[str, Any]:
    rows = int(subject.counts[code])
    if subject.log_p is None or rows < 10:
        side = side_of(subject, code)
        groups = None if subject.groups is None else subject.groups[side.truth]
        score = share_range(side.said[side.truth], groups)
        measure = "recall"
    else:
        side, (_, values) = _ranked(subject, code)
        ends = centred_interval(values[0], values[1:], (0.0, 1.0))
        score, measure = (float(values[0]), *ends), "average precision"
    most = None
    if side.log_odds is not None and 1 < rows <= _LEFT_OUT:
        mine = np.flatnonzero(side.truth)
        weight = np.ones((rows, len(side.truth)), dtype=np.uint8)
        weight[np.arange(rows), mine] = 0
        y = side.truth.astype(np.int64)
        moved = average_precision(y, side.log_odds, weight) - average_precision(y, side.log_odds)
        at = int(np.abs(moved).argmax())
        most = {"row": int(mine[at]), "change": float(moved[at])}
    return {
        "class": side.name,
        "rows": rows,
        "measure": measure,
        "score": span(score),
        "half_width": (score[2] - score[1]) / 2,
        "most_influence": most,
    }
