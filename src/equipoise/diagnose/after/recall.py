"""What is found of the rare classes: recall, recall on the training rows, and classes never predicted."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.diagnose.chance import ALPHA, share_gap, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import (
    MOST,
    by_bounds,
    in_words,
    rare_sides,
    side_of,
    span,
    worst_of,
)
from equipoise.diagnose.subject import After

__all__ = ["LowRareRecall", "NeverPredicted", "TrainingGap"]

_LABELLED = CLASSES | {"multilabel"}
_GAPS = (0.3, 0.1, 0.0)
_WORTH = 0.05  # gap of recall below which certainty is no reason to act
_COMPARE = "equipoise compare FILE --target COL --metric f1_macro"


def others_found(subject: After, code: int) -> Any:
    """Return, for the rows that are not of a class, whether they were called what they are."""
    if subject.y.ndim == 2:
        rest = subject.y[:, code] == 0
        return rest, subject.labels[rest, code] == 0
    rest = subject.y != code
    return rest, subject.labels[rest] == subject.y[rest]


def _of(groups: Any, rows: Any) -> Any:
    return None if groups is None else groups[rows]


@register
class LowRareRecall(Check):
    """Whether rare classes are found less often than the others."""

    code, name, title, stage = "EQ201", "low-rare-recall", "Rare rows are missed", "after"
    tasks = _LABELLED
    explain = """Recall is the share of a class's rows that were called that class. Trained on few rows of a class,
a model finds fewer of them, and accuracy does not show it.

Judged for each class below 0.8 of an equal share of the rows (each label below 40 %): the recall of the other rows
less that of the class, with Newcombe's interval (1998) from two of Wilson (1927), at the level 1 - 0.01 / m for m
classes; rows of a group count for fewer, by their design effect. The severity follows the low end of the interval:
above 0.3 high, above 0.1 medium, above 0 low, unless the gap itself is below 0.05, which no treatment is worth.

What to do: first move the threshold, which costs no training; the trial compares that with weights and resampling."""

    def examine(self, subject: After) -> Finding:
        """Compare recalls."""
        codes = rare_sides(subject)
        if not codes:
            return self.not_applicable("no class is rare")
        level = 1 - ALPHA / len(codes)
        found = []
        for code in codes:
            side = side_of(subject, code)
            rest, right = others_found(subject, code)
            own = share_range(side.said[side.truth], _of(subject.groups, side.truth), level)
            other = share_range(right, _of(subject.groups, rest), level)
            gap = share_gap(other, own)
            entry: dict[str, Any] = {
                "class": side.name,
                "rows": side.rows,
                "recall": span(own),
                "recall_of_others": span(other),
                "gap": span(gap),
            }
            if side.log_odds is not None:
                # The share of the class as the threshold: what its scores could find, untrained further.
                called = side.log_odds > np.log(side.rows / max(len(side.truth) - side.rows, 1))
                entry["at_prior"] = {
                    "recall": float(called[side.truth].mean()),
                    "precision": float(side.truth[called].mean()) if called.any() else None,
                }
            found.append((by_bounds(gap[1], _GAPS) if gap[0] >= _WORTH else None, entry))
        evidence = {"classes": [entry for _, entry in found], "level": level}
        bad = worst_of(found)
        if not bad:
            first = found[0][1]
            return self.passed(
                f"no rare class is found much less often than the others: recall of {first['class']} "
                f"{in_words(first['recall'])}, of the others {in_words(first['recall_of_others'])}",
                evidence,
            )
        severity, worst = bad[0]
        more = f", and {len(bad) - 1} more classes likewise" if len(bad) > 1 else ""
        at = worst.get("at_prior")
        effect = (
            f"with the share of the class as the threshold, these scores would find {100 * at['recall']:.0f} % of it "
            f"at a precision of {100 * (at['precision'] or 0):.0f} %"
            if at
            else "the recall of the rare class rises, its precision falls; the trial says by how much"
        )
        return self.issue(
            severity,
            f"recall of {worst['class']} is {in_words(worst['recall'])} on {worst['rows']:,} rows, "
            f"of the others {in_words(worst['recall_of_others'])}{more}",
            evidence,
            _COMPARE,
            effect,
            f"the gap is at least {100 * worst['gap']['low']:.0f} points with {100 * level:.1f} % confidence",
        )


@register
class TrainingGap(Check):
    """Whether the rare class is known by heart but not found on new rows."""

    code, name, title, stage = (
        "EQ205",
        "rare-training-gap",
        "The rare class is found in training, less on new rows",
        "after",
    )
    tasks = _LABELLED
    explain = """A model that repeats or weighs few rows can learn them by heart. Its recall on the training rows is
then high, and on new rows it is not.

Judged for each rare class: recall on the training rows less recall on the test rows, with Newcombe's interval (1998)
at the level 1 - 0.01 / m for m classes; low end above 0.3 high, above 0.1 medium, above 0 low. The same gap of the
other rows stands beside it.

What to do: fewer copies (weights instead of random oversampling), stronger regularisation, or more rows of the class."""

    def examine(self, subject: After) -> Finding:
        """Compare recall on training and test rows."""
        train = subject.train
        if train is None:
            return self.not_applicable("predictions of the training rows were not given")
        codes = [c for c in rare_sides(subject) if train.counts[c] > 0]
        if not codes:
            return self.not_applicable("no class that is rare has rows in both parts")
        level = 1 - ALPHA / len(codes)
        found: list[tuple[Severity | None, dict[str, Any]]] = []
        for code in codes:
            parts = []
            for part in (train, subject):
                side = side_of(part, code)
                rest, right = others_found(part, code)
                parts.append(
                    (
                        share_range(side.said[side.truth], _of(part.groups, side.truth), level),
                        share_range(right, _of(part.groups, rest), level),
                    )
                )
            gap, gap_of_others = (share_gap(parts[0][k], parts[1][k]) for k in (0, 1))
            found.append(
                (
                    by_bounds(gap[1], _GAPS),
                    {
                        "class": side.name,
                        "rows": side.rows,
                        "training_rows": int(train.counts[code]),
                        "recall_in_training": span(parts[0][0]),
                        "recall": span(parts[1][0]),
                        "gap": span(gap),
                        "gap_of_others": span(gap_of_others),
                    },
                )
            )
        evidence = {"classes": [entry for _, entry in found], "level": level}
        bad = worst_of(found)
        if not bad:
            first = found[0][1]
            return self.passed(
                f"recall of {first['class']} is {in_words(first['recall_in_training'])} in training "
                f"and {in_words(first['recall'])} on new rows",
                evidence,
            )
        severity, worst = bad[0]
        more = f", and {len(bad) - 1} more classes likewise" if len(bad) > 1 else ""
        return self.issue(
            severity,
            f"recall of {worst['class']} falls from {in_words(worst['recall_in_training'])} in training to "
            f"{in_words(worst['recall'])} on new rows{more}",
            evidence,
            "equipoise compare FILE --target COL --strategies untreated,weights-balanced,weights-isns,smote",
            "treatments without copies of rows learn fewer of them by heart",
            f"the gap is at least {100 * worst['gap']['low']:.0f} points with {100 * level:.1f} % confidence",
        )


@register
class NeverPredicted(Check):
    """Whether a class is there and never predicted."""

    code, name, title, stage = "EQ210", "never-predicted", "Classes are never predicted", "after"
    tasks = _LABELLED
    explain = """A class that is in the truth and in no prediction has a recall of 0.

With n rows of it and none found, its recall is below 1 - 0.05^(1/n) with 95 % confidence (the rule of three is
3 / n). Of several such classes each is judged at 0.05 / m. Severity: that bound below 0.25 high, below 0.6 medium,
else low: with one or two rows, nothing found may be chance.

What to do: merge the class into another, collect rows, or give its rows more weight."""

    def examine(self, subject: After) -> Finding:
        """Look for classes that no row is called."""
        counts = subject.counts
        said = (
            subject.labels.sum(axis=0)
            if subject.labels.ndim == 2
            else np.bincount(subject.labels, minlength=len(counts))
        )
        lost = [int(c) for c in np.argsort(counts, kind="stable") if counts[c] > 0 and said[c] == 0]
        if not lost:
            return self.passed(f"each of {int((counts > 0).sum())} classes is predicted")
        found: list[tuple[Severity | None, dict[str, Any]]] = []
        for code in lost:
            bound = float(1 - (0.05 / len(lost)) ** (1 / counts[code]))
            expected = None
            if (odds := side_of(subject, code).log_odds) is not None:
                expected = float((1 / (1 + np.exp(-odds))).sum())
            found.append(
                (
                    by_bounds(-bound, (-0.25, -0.6, -1.1)),
                    {
                        "class": subject.classes[code],
                        "rows": int(counts[code]),
                        "recall_at_most": bound,
                        "expected_by_scores": expected,
                    },
                )
            )
        bad = worst_of(found)
        severity, worst = bad[0]
        named = ", ".join(f"{entry['class']} ({entry['rows']:,} rows)" for _, entry in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        return self.issue(
            severity,
            f"never predicted: {named}{more}",
            {"classes": [entry for _, entry in bad[:MOST]], "number": len(lost)},
            _COMPARE,
            "a threshold of its own, or balanced weights, makes a class be predicted at all",
            f"recall of {worst['class']} is below {100 * worst['recall_at_most']:.0f} % with 95 % confidence",
        )
