"""Which classes there are, how rare they are, and what their rarity does to a plain model."""

from __future__ import annotations

from shlex import quote
from typing import Any

import numpy as np

from equipoise.diagnose.chance import Range, rare_classes, share_gap, share_range
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import (
    evidence_of,
    listed,
    name_of,
    percent,
    ratio,
    rows_of,
    span,
    verb_for,
)

__all__ = ["AbsentClasses", "ClassRatio", "FewRows", "RarityHarm"]

# With so many rows of a class, all of them found, the 95 % interval of its recall still reaches below a half.
_UNTESTABLE = 5
# Half the width of the 95 % interval of a recall of one half, 0.98 / sqrt(n), is 0.25 and 0.15 there.
_VAGUE, _ROUGH = 16, 43
_WORTH = 0.05  # loss of recall below which certainty is no reason to act


def _spread_of_shares(counts: Any) -> float:
    """Return Pielou's evenness: the entropy of the shares over that of equal ones."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts))) if len(counts) > 1 else 1.0


@register
class ClassRatio(Check):
    """How many rows each class has."""

    code, name, title, stage = "EQ101", "class-ratio", "Classes and their ratio", "before"
    tasks = CLASSES
    explain = """Counts the rows of each class and compares the largest with the smallest.

A class counts as rare when it has less than 0.8 of an equal share, which of two classes is 40 % of the rows.
Evidence: the shares with Wilson's 95 % interval, the ratio of the largest to the smallest class, and the
evenness H / log C of the shares p, where H = - sum p log p (1 when all are alike).

Rarity is no fault by itself. What follows from it for the judging of models: a model that always says the
largest class has an accuracy of that class's share, so accuracy tells nothing. Judge by the average precision
of the rare class, by macro F1, or by what errors cost.

Papers: Branco, Torgo and Ribeiro, "A Survey of Predictive Modeling on Imbalanced Domains", ACM Computing
Surveys 49, 2016."""

    def examine(self, subject: Before) -> Finding:
        """Compare the counts."""
        counts, names = subject.counts, subject.classes
        n = int(counts.sum())
        most, least = int(counts.argmax()), int(counts.argmin())
        found = share_range(np.arange(n) < counts[least])
        times = counts[most] / max(counts[least], 1)
        evidence = {
            "rows": n,
            "counts": dict(zip(names, counts.tolist(), strict=True)),
            "smallest": names[least],
            "share_of_smallest": evidence_of(found),
            "ratio": float(times),
            "evenness": _spread_of_shares(counts),
        }
        rare = rare_classes(counts)
        if not rare:
            return self.passed(
                f"{rows_of(len(names), 'class')} of about the same size, the largest {ratio(times)} "
                "times the smallest",
                evidence,
            )
        summary = (
            f"{counts[least]:,} of {n:,} rows are {name_of(names[least])}, {span(found)}: "
            f"{ratio(times)} of {name_of(names[most])} to each"
        )
        if len(rare) > 1:
            summary += f"; {len(rare)} of {len(names)} classes are rare"
        share = counts[most] / n
        metric = "average_precision" if subject.task == "binary" else "f1_macro"
        return self.tip(
            summary,
            evidence,
            f"judge models by --metric {metric}, not by accuracy",
            f"always saying {name_of(names[most])} has an accuracy of {percent(share)} and finds no "
            f"{name_of(names[least])}",
            "certain: the rows were counted",
        )


@register
class RarityHarm(Check):
    """What rarity does to the recall of a plain model."""

    code, name, title, stage = "EQ102", "rarity-harm", "What rarity does to a plain model", "before"
    tasks = CLASSES
    explain = """Trains a logistic regression without any treatment on five folds, and looks at its out-of-fold
labels of each rare class (less than 0.8 of an equal share).

Two recalls of the class are compared. One is that of the most probable class, arg max p_c. The other is that of
the same model when all classes count alike, arg max p_c / pi_c with pi_c the class's share, which is what a moved
threshold or weights would ask of it. The difference is what rarity takes away, since learner and columns are the
same. Wilson's intervals at 95 %, in which copies and groups count for fewer rows; Newcombe's for the difference.

An issue where the recall is below that of the largest class beyond chance, and rises when classes count alike,
beyond chance and by five points at least: high where the interval of the recall lies below one half, so that the
model surely misses most rows of the class; medium where the recall itself is below one half; else low. Passed where
rarity takes nothing away, or next to nothing: then treatments of imbalance have little to mend.

What to do depends on how rare it is. Down to some 5 % of the rows, balanced weights or a moved threshold usually
give what there is to gain. Below that, and with few rows, oversampling is worth a trial too, as SMOTE of tables or
augmentation of texts. Which of them helps is an empirical question: `equipoise compare` answers it.

Papers: Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001. Provost, "Machine Learning from Imbalanced
Data Sets 101", AAAI workshop 2000. Newcombe, Statistics in Medicine 17, 1998."""

    def examine(self, subject: Before) -> Finding:
        """Compare the recall of a plain model with the one at equal priors."""
        counts, names = subject.counts, subject.classes
        rare = rare_classes(counts)
        if not rare:
            return self.passed("no class is rare")
        rows = subject.tested
        log_p, y = subject.log_proba[rows], subject.sample.y[rows]
        groups = None if subject.sample.groups is None else subject.sample.groups[rows]
        with np.errstate(divide="ignore"):
            alike = (log_p - np.log(counts / counts.sum())).argmax(axis=1) == y
        plain = log_p.argmax(axis=1) == y

        def recall(hits: Any, code: int) -> Range:
            mine = y == code
            return share_range(hits[mine], None if groups is None else groups[mine])

        largest = recall(plain, int(counts.argmax()))
        found = [(code, recall(plain, code), recall(alike, code)) for code in rare]
        found = [one for one in found if np.isfinite(one[1][0])]
        if not found:
            return self.not_applicable("no fold tests a row of a rare class")
        evidence: dict[str, Any] = {
            "recall": {names[code]: evidence_of(now) for code, now, _ in found},
            "recall_when_classes_count_alike": {
                names[code]: evidence_of(then) for code, _, then in found
            },
            "recall_of_largest": evidence_of(largest),
            "share": {names[code]: float(counts[code] / counts.sum()) for code in rare},
            **subject.sampling,
        }
        harmed = [
            (code, now, then)
            for code, now, then in found
            if share_gap(largest, now)[1] > 0
            and share_gap(then, now)[1] > 0
            and then[0] - now[0] >= _WORTH
        ]
        worst, now, then = min(harmed or found, key=lambda one: one[1][0])
        said = f"a plain linear model finds {span(now)} of the rows of {name_of(names[worst])}"
        if not harmed:
            low = now[2] < 0.5
            why = "and as good as no more when classes count alike: " if low else ""
            tail = "rarity is not what it lacks" if low else "rarity does it little harm or none"
            return self.passed(f"{said}, {why}{tail}", evidence)
        severity: Severity = "high" if now[2] < 0.5 else "medium" if now[0] < 0.5 else "low"
        more = f" ({len(harmed)} classes suffer)" if len(harmed) > 1 else ""
        strategies = _advice(subject, worst)
        evidence["strategies"] = strategies
        return self.issue(
            severity,
            f"{said}, and {percent(then[0])} when all classes count alike{more}",
            evidence,
            f"equipoise compare FILE --target {quote(subject.dataset.target)} --strategies {','.join(strategies)}",
            f"recall of {name_of(names[worst])} up to about {percent(then[0])}, at the price of precision; "
            "a moved threshold gives it without new training",
            "measured out of fold with a linear model; other learners may differ",
        )


def _advice(subject: Before, code: int) -> list[str]:
    share, rows = subject.counts[code] / subject.n, int(subject.counts[code])
    few = share < 0.05 or rows < 100
    out = ["untreated", "weights-balanced"]
    if few and subject.dataset.table.texts:
        out += ["random-over", "text-augmentation"]
    elif few:
        out += ["random-over", "smote"]
    return out


@register
class FewRows(Check):
    """Classes with too few rows to learn or to test."""

    code, name, title, stage = "EQ103", "few-rows", "Classes with few rows", "before"
    tasks = CLASSES | {"multilabel"}
    explain = """Looks for classes, or labels, with so few rows that nothing can be said of them. Rows that are copies or
belong to one group count once.

The severity follows from what n rows can show of a recall. With n = 5, all of them found, the exact 95 % interval
still reaches down to 0.025 ** (1 / n) = 0.48: high. Half the width of the interval of a recall of one half,
0.98 / sqrt(n), exceeds 0.25 below 16 rows (medium) and 0.15 below 43 rows (low). A class of a single row cannot be
learned and tested at all.

What to do: collect rows of these classes, above all else; merge them into a class with which they share a
treatment; or leave them out and say so. Copies made by oversampling add no evidence.

Papers: Clopper and Pearson, Biometrika 26, 1934. Wang, Yao, Kwok and Ni, "Generalizing from a Few Examples: A Survey
on Few-Shot Learning", ACM Computing Surveys 53, 2020."""

    def examine(self, subject: Before) -> Finding:
        """Count what can be told apart."""
        units = dict(zip(subject.classes, _units(subject), strict=True))
        units.update(subject.left_out)
        few = sorted((name for name in units if units[name] < _ROUGH), key=lambda name: units[name])
        what = "label" if subject.task == "multilabel" else "class"
        if not few:
            rarest = min(units, key=lambda name: units[name])
            return self.passed(
                f"the smallest {what}, {name_of(rarest)}, has {rows_of(units[rarest])} of its own",
                {"rows": units[rarest]},
            )
        least = units[few[0]]
        half = 0.98 / np.sqrt(max(least, 1))
        evidence = {
            "rows_of_few": {name: units[name] for name in few},
            "left_out": subject.left_out,
            "half_width_of_recall": min(float(half), 1.0),
        }
        shown = ", ".join(f"{name_of(name)} {units[name]:,}" for name in few[:4])
        more = f" and {len(few) - 4} more" if len(few) > 4 else ""
        tells = (
            "cannot be tested"
            if least <= _UNTESTABLE
            else f"could have its recall measured to within {percent(half)} at best"
        )
        vague: Severity = "medium" if least < _VAGUE else "low"
        return self.issue(
            "high" if least <= _UNTESTABLE else vague,
            f"{rows_of(len(few), what)} {verb_for(len(few), 'has', 'have')} few rows of "
            f"{verb_for(len(few), 'its', 'their')} own ({shown}{more}); {name_of(few[0])} {tells}",
            evidence,
            f"collect more rows of {listed(few, 2)}, or merge {verb_for(len(few), 'it', 'them')} into others",
            "four times the rows halve the uncertainty; oversampled copies do not change it",
            "certain: the rows were counted, copies and groups once",
        )


def _units(subject: Before) -> list[int]:
    """Count the rows of each class, those of one group once."""
    y, groups = subject.y, subject.dataset.groups
    if groups is None:
        return [int(count) for count in subject.counts]
    if y.ndim == 2:
        return [len(np.unique(groups[y[:, j] == 1])) for j in range(y.shape[1])]
    C = len(subject.classes)
    pairs = np.unique(np.unique(groups, return_inverse=True)[1] * C + y)
    return [int(count) for count in np.bincount(pairs % C, minlength=C)]


@register
class AbsentClasses(Check):
    """Classes that a part of the data lacks."""

    code, name, title, stage = "EQ104", "absent-class", "Classes that a part lacks", "before"
    tasks = CLASSES | {"multilabel"}
    explain = """Compares the classes of two parts of the data: the file and a second one (--other), the parts that a
column named split, fold or partition names, or, with --time, the first four fifths of the rows and the last.

A class that a model meets in use and never met in training cannot be predicted: high. A class that the second
part lacks is judged by how likely that is by chance: with share p in the first part and m rows in the second it
is (1 - p) ** m, with p the lower end of Wilson's 95 % interval. Below 0.05 the parts differ: medium, or low where
only the part to test on is concerned, whose scores then say nothing of that class. Otherwise a tip.

What to do: split anew, stratified by class; or add rows of the class to the part that lacks it.

Papers: Saerens, Latinne and Decaestecker, Neural Computation 14, 2002. Sechidis, Tsoumakas and Vlahavas, "On the
Stratification of Multi-Label Data", ECML PKDD 2011."""

    def examine(self, subject: Before) -> Finding:
        """Compare the classes of the parts."""
        parts = subject.parts
        if not parts:
            return self.not_applicable("there is one file, without a column that names parts")
        counts = {name: part.counts for name, part in parts.items()}
        strange = {n: part.strange for n, part in parts.items() if part.strange}
        first = next(iter(parts))
        evidence = {
            "rows": {name: parts[name].n for name in parts},
            "counts": {
                name: dict(zip(subject.classes, one.tolist(), strict=True))
                for name, one in counts.items()
            },
            "not_in_first": strange,
        }
        absent = [
            (name, c, self._chance(parts[first].n, int(counts[first][c]), parts[name].n))
            for name in parts
            if name != first and parts[name].n
            for c in range(len(subject.classes))
            if counts[first][c] and not counts[name][c]
        ]
        lacking = [
            (name, c)
            for name in parts
            for c in range(len(subject.classes))
            if not counts[first][c] and counts[name][c]
        ]
        unseen = [(name, label) for name, labels in strange.items() for label in labels]
        unseen += [(name, subject.classes[c]) for name, c in lacking]
        if unseen:
            name, label = unseen[0]
            more = f" ({len(unseen)} such classes)" if len(unseen) > 1 else ""
            return self.issue(
                "high",
                f"{name_of(label)} occurs in {name} and not in {first}, so a model trained there can never "
                f"predict it{more}",
                evidence,
                f"add rows of {listed([label for _, label in unseen], 3)} to {first}, or split anew by class",
                "its recall cannot be above 0 before that",
                "certain: the rows were counted",
            )
        if not absent:
            return self.passed(f"every class occurs in {listed(list(parts))}", evidence)
        name, c, chance = min(absent, key=lambda one: one[2])
        evidence["chance"] = chance
        what = (
            f"{name} has no row of {name_of(subject.classes[c])} among {rows_of(parts[name].n)}, and {first} has "
            f"{counts[first][c]:,}"
        )
        todo = (
            "split anew by class (stratified)",
            f"scores on {name} say nothing of {name_of(subject.classes[c])} before that",
        )
        if chance < 0.05:
            sure = f"the probability of that by chance is at most {chance:.2g}"
            return self.issue("medium", what, evidence, *todo, sure)
        return self.tip(f"{what}, which chance explains", evidence, *todo)

    @staticmethod
    def _chance(n: int, count: int, m: int) -> float:
        low = share_range(np.arange(n) < count)[1]
        return float((1.0 - low) ** m)
