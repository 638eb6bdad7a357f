"""Whether errors run one way: a class taken for another far more often than the other way round."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.diagnose.chance import ALPHA, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity, interval
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import rare_sides, side_of, worst_of
from equipoise.diagnose.subject import After

__all__ = ["Lopsided"]

_SHOWN = 30  # classes of a matrix in the evidence


@register
class Lopsided(Check):
    """Whether rare classes are called more or less often than they occur."""

    code, name, title, stage = "EQ203", "lopsided-confusion", "Errors run one way", "after"
    tasks = CLASSES | {"multilabel"}
    explain = """Misses of a class and false alarms for it cancel in the number of its predictions. Where misses
prevail, the class is called less often than it occurs.

Judged for each rare class: of its misses and false alarms, E in all, the share s of misses with Wilson's interval at
the level 1 - 0.01 / m, which is McNemar's test (1947) for m classes. Predicted over true rows is then
1 + E (1 - 2 s) / n. Severity by the end of that interval nearer to 1: at most 0.5, or at least 2, high; at most 0.8,
or at least 1.25, medium; else low. The class that it is most often taken for is named.

What to do: a threshold or prior correction moves the balance, at no training. Too few calls may be right where a miss
costs little: give the costs."""

    def examine(self, subject: After) -> Finding:
        """Compare misses and false alarms."""
        codes = rare_sides(subject)
        if not codes:
            return self.not_applicable("no class is rare")
        level = 1 - ALPHA / len(codes)
        found = [_judge(subject, code, level) for code in codes]
        evidence: dict[str, Any] = {"classes": [entry for _, entry in found], "level": level}
        if subject.y.ndim == 1 and len(subject.classes) <= _SHOWN:
            C = len(subject.classes)
            cells = np.bincount(subject.y * C + subject.labels, minlength=C * C)
            evidence["confusion"] = {
                "labels": subject.classes,
                "counts": cells.reshape(C, C).tolist(),
            }
        bad = worst_of(found)
        if not bad:
            first = found[0][1]
            return self.passed(
                f"{first['class']} is called {first['predicted']:,} times and occurs {first['rows']:,} times: "
                "misses and false alarms balance within chance",
                evidence,
            )
        severity, worst = bad[0]
        more = f", and {len(bad) - 1} more classes are out of balance" if len(bad) > 1 else ""
        taken = worst["most_taken_for"]
        of = f", {taken['rows']:,} of the misses taken for {taken['class']}" if taken else ""
        few = worst["ratio"]["value"] < 1
        return self.issue(
            severity,
            f"{worst['class']} is called {worst['predicted']:,} times and occurs {worst['rows']:,} times: "
            f"{worst['misses']:,} misses and {worst['false_alarms']:,} false alarms{of}{more}",
            evidence,
            "equipoise compare FILE --target COL --strategies untreated --metric f1_macro",
            "moving the threshold alone "
            + ("finds more of the class, with more false alarms" if few else "stops false alarms"),
            f"predicted over true rows is {worst['ratio']['low']:.2f} to {worst['ratio']['high']:.2f} "
            f"with {100 * level:.1f} % confidence",
        )


def _judge(subject: After, code: int, level: float) -> tuple[Severity | None, dict[str, Any]]:
    side = side_of(subject, code)
    wrong = side.truth != side.said
    groups = None if subject.groups is None else subject.groups[wrong]
    missed = share_range(side.truth[wrong], groups, level)
    errors, rows = int(wrong.sum()), side.rows
    ends = [1 + errors * (1 - 2 * s) / rows for s in (missed[2], missed[1])]
    ratio = int(side.said.sum()) / rows
    if not errors:
        ends = [1.0, 1.0]
    low, high = max(0.0, ends[0]), max(0.0, ends[1])
    severity: Severity | None = None
    if high < 1 or low > 1:
        far = high <= 0.5 or low >= 2
        severity = "high" if far else "medium" if high <= 0.8 or low >= 1.25 else "low"
    taken = None
    if subject.y.ndim == 1 and (side.truth & wrong).any():
        for_others = np.bincount(subject.labels[side.truth & wrong], minlength=len(subject.classes))
        most = int(for_others.argmax())
        taken = {"class": subject.classes[most], "rows": int(for_others[most])}
    return severity, {
        "class": side.name,
        "rows": rows,
        "predicted": int(side.said.sum()),
        "misses": int((side.truth & ~side.said).sum()),
        "false_alarms": int((side.said & ~side.truth).sum()),
        "ratio": interval(ratio, low, high),
        "most_taken_for": taken,
    }
