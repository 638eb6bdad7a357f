"""Rows that are copies of each other: across a split they let a model recite instead of predict."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.diagnose.chance import Range, share_range
from equipoise.diagnose.check import TASKS, Check
from equipoise.diagnose.copies import beyond_first, crossing
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import (
    ROWS_COUNTED,
    evidence_of,
    name_of,
    percent,
    rows_of,
    span,
    verb_for,
)

__all__ = ["ConflictingLabels", "CopiesAcross", "ExactCopies"]

# Shares of a class from which on its scores are shaky, and worthless.
_SHAKY, _WORTHLESS = 0.02, 0.10
_FOLDS = 5


def _severity(low: float) -> Severity:
    return "high" if low > _WORTHLESS else "medium" if low > _SHAKY else "low"


def _by_class(
    subject: Before,
    hit: NDArray[np.bool_],
    y: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
) -> list[tuple[str, int, Range]]:
    """Return name, hits and share with its interval for each class that is hit, the worst first."""
    y = subject.y if y is None else y
    if subject.task == "regression":
        found = [("", hit)]
        sets = [groups]
    elif y.ndim == 2:
        found = [(name, hit[y[:, j] == 1]) for j, name in enumerate(subject.classes)]
        sets = [None if groups is None else groups[y[:, j] == 1] for j in range(y.shape[1])]
    else:
        found = [(name, hit[y == c]) for c, name in enumerate(subject.classes)]
        sets = [None if groups is None else groups[y == c] for c in range(len(subject.classes))]
    out = [
        (name, int(mine.sum()), share_range(mine, g))
        for (name, mine), g in zip(found, sets, strict=True)
        if mine.any()
    ]
    return sorted(out, key=lambda one: -one[2][1])


def _of(name: str) -> str:
    return f" of {name_of(name)}" if name else ""


@register
class ExactCopies(Check):
    """Rows that occur more than once."""

    code, name, title, stage = "EQ105", "exact-copies", "Rows that occur more than once", "before"
    tasks = TASKS
    explain = """Counts the rows whose features, target aside, are the same to the last sign as those of another row. A row
without any value is no copy.

Copies on both sides of a split let a model recite. Of g copies that random folds deal out, one that is tested has
another in the training rows with probability 1 - (1 / k) ** (g - 1), with k = 5 folds. Evidence: the number of
rows beyond the first of their kind, by class, and the mean of that probability.

The severity rests on the share of a class whose rows have a copy, by the lower end of Wilson's 95 % interval with
copies counted as one: above 10 % high, above 2 % medium, else low. It is a tip where repeats are legitimate: where
the columns take so few values that rows must repeat, or where a reading is common (in more than a tenth of all
rows), since a model in use meets the same rows again.

What to do: keep copies on one side. `equipoise compare` does so by itself; elsewhere give their group to
StratifiedGroupKFold, or remove all but one before the split.

Papers: Barz and Denzler, "Do We Train on Test Data? Purging CIFAR of Near-Duplicates", Journal of Imaging 6, 2020.
Lee et al., "Deduplicating Training Data Makes Language Models Better", ACL 2022."""

    def examine(self, subject: Before) -> Finding:
        """Count copies by class."""
        exact = subject.copies.exact
        extra = beyond_first(exact)
        if not extra.any():
            return self.passed("no row occurs twice")
        sizes = np.bincount(exact)[exact]
        kept = np.bincount(subject.copies.kept)[subject.copies.kept]
        copy = (sizes > 1) & (kept > 1)
        met = np.where(copy, 1 - (1 / _FOLDS) ** (sizes - 1.0), 0.0)
        repeated = {name: count for name, count, _ in _by_class(subject, extra) if name}
        evidence = {
            "rows_beyond_first": int(extra.sum()),
            "beyond_first_by_class": repeated,
            "kinds_repeated": int((np.bincount(exact) > 1).sum()),
            "share_met_in_random_folds": float(met.mean()),
        }
        said = f"{rows_of(int(extra.sum()))} of {subject.n:,} {verb_for(int(extra.sum()), 'repeats', 'repeat')} another"
        if not copy.any():
            return self.tip(
                f"{said}: readings that recur, not copies of cases",
                evidence,
                "group rows of one case with --group COL, if a column tells them",
                "none where the rows are different cases",
                "judged by how many combinations of values there can be, and by how common each is",
            )
        name, _, found = _by_class(
            subject, copy, groups=np.where(copy, exact, -1 - np.arange(subject.n))
        )[0]
        evidence["share_with_copy"] = {"class": name, **evidence_of(found)}
        if name in repeated:
            said += f" ({repeated[name]:,}{_of(name)})"
        recurs = int(((sizes > 1) & ~copy).sum())
        if recurs:
            said += f"; beside {recurs:,} that share common readings,"
        else:
            said += ";"
        return self.issue(
            _severity(found[1]),
            f"{said} {span(found)} of the rows{_of(name)} have a copy",
            evidence,
            "keep copies on one side of a split, as equipoise compare does (elsewhere StratifiedGroupKFold)",
            f"random folds would test {percent(float(met.mean()))} of the rows with a copy in training",
            "certain: features were compared sign by sign",
        )


@register
class ConflictingLabels(Check):
    """Copies with different targets."""

    code, name, title, stage = (
        "EQ106",
        "conflicting-labels",
        "Copies with different labels",
        "before",
    )
    tasks = frozenset({"binary", "multiclass", "multilabel"})
    explain = """Looks at rows that are copies of each other (texts by their letters, numbers up to their last digits) and yet
have different labels. No model can be right on all of them: of a set of copies with n_c rows of class c, at least
sum n_c - max n_c are said wrongly, whatever is learned.

The severity rests on the share of a class whose rows have a copy with another label, by the lower end of Wilson's
95 % interval with copies counted as one: above 10 % high, above 2 % medium, else low. It is a tip where the columns
take so few values that different cases look the same: then the columns, not the labels, are what is short.

What to do: look at these rows first when labels are checked; they are the cheapest errors to find. Where both
labels are right, a column is missing that tells the cases apart.

Papers: Northcutt, Athalye and Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine Learning
Benchmarks", NeurIPS Datasets 2021. Brodley and Friedl, Journal of Artificial Intelligence Research 11, 1999."""

    def examine(self, subject: Before) -> Finding:
        """Compare the labels of copies."""
        near = subject.copies.near
        labels = subject.y
        if labels.ndim == 2:
            labels = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
        C = int(labels.max(initial=0)) + 1
        kinds, counts = np.unique(near * C + labels, return_counts=True)
        held = kinds // C
        at_odds = np.bincount(held, minlength=int(near.max()) + 1) > 1
        hit = at_odds[near]
        if not hit.any():
            copies = int(beyond_first(near).sum())
            return self.passed(
                "copies agree in their labels" if copies else "there are no copies to compare",
                {"rows_beyond_first": copies},
            )
        largest = np.zeros(len(at_odds), dtype=np.int64)
        np.maximum.at(largest, held, counts)
        wrong = int((np.bincount(near) - largest)[at_odds].sum())
        name, count, found = _by_class(subject, hit, groups=near)[0]
        rows = np.flatnonzero(hit)
        examples = rows[np.argsort(near[rows], kind="stable")][:20]
        evidence = {
            "rows": int(hit.sum()),
            "sets": int(at_odds.sum()),
            "wrong_at_least": wrong,
            "share": {"class": name, **evidence_of(found)},
            "examples": examples,
            "rows_counted": ROWS_COUNTED,
        }
        sets = int(at_odds.sum())
        said = (
            f"{rows_of(int(hit.sum()))} in {rows_of(sets, 'set')} of copies disagree on the label: {count:,}{_of(name)}, "
            f"{span(found)} of that class"
        )
        kept = np.bincount(subject.copies.kept)[subject.copies.kept]
        todo = (
            f"check these rows by hand (0-based: {', '.join(map(str, examples[:6]))}, ...)",
            f"any model is wrong on at least {wrong:,} of them as they are",
            "certain that they conflict; which label is right is not known",
        )
        if not (kept[hit] > 1).any():
            return self.tip(f"{said}; the columns cannot tell these cases apart", evidence, *todo)
        return self.issue(_severity(found[1]), said, evidence, *todo)


@register
class CopiesAcross(Check):
    """Near copies, and copies on both sides of a given split."""

    code, name, title, stage = (
        "EQ107",
        "copies-across",
        "Near copies, and copies across a split",
        "before",
    )
    tasks = TASKS
    explain = """Looks for rows of one part of the data that are copies of rows of the part to train on: of a second file
(--other), of the parts that a column named split names, or with --time of the latest fifth of the rows. Texts are
the same when their letters are, numbers when they agree up to rounding and the last digits.

The severity rests on the share of a class of the later part whose rows occur in the first, by the lower end of
Wilson's 95 % interval: above 10 % high, above 2 % medium, else low. Where the data come in one part it is a tip that
tells how many rows nearly agree with another without being equal to it, which random folds would tear apart.

What to do: remove from the part to test on what also occurs in the other, or split anew with copies on one side.

Papers: Barz and Denzler, Journal of Imaging 6, 2020. Elangovan, He and Verspoor, "Memorization vs. Generalization:
Quantifying Data Leakage in NLP Performance Evaluation", EACL 2021."""

    def examine(self, subject: Before) -> Finding:
        """Compare the parts, or count near copies."""
        parts = subject.parts
        if not parts:
            return self._within(subject)
        first = next(iter(parts))
        worst: tuple[float, str, str, int, Range] | None = None
        counts = {}
        kept = subject.copies.kept
        if subject.other is None:
            kept = self._groups_beside_split(subject)
        for part, rows in parts.items():
            if part == first or not rows.n:
                continue
            if subject.other is not None:
                hit = crossing(subject.dataset.table, subject.other.table)
                y = subject.other.y
            else:
                mine = np.asarray(rows.rows)
                hit, y = np.isin(kept[mine], kept[parts[first].rows]), subject.y[mine]
            counts[part] = int(hit.sum())
            for name, _, found in _by_class(subject, hit, y)[:1]:
                if worst is None or found[1] > worst[0]:
                    worst = (found[1], part, name, int(hit.sum()), found)
            if hit.any() and worst is None:  # the labels of these rows are not known
                found = share_range(hit)
                worst = (found[1], part, "", int(hit.sum()), found)
        evidence: dict[str, Any] = {"copies_of_first": counts, "first": first}
        if worst is None:
            return self.passed(f"no row of {first} occurs in another part", evidence)
        low, part, name, count, found = worst
        evidence["share"] = {"part": part, "class": name, **evidence_of(found)}
        return self.issue(
            _severity(low),
            f"{rows_of(count)} of {part} {verb_for(count, 'is a copy', 'are copies')} of rows of {first}, "
            f"{span(found)} of its rows{_of(name)}",
            evidence,
            f"remove them from {part}, or split anew with copies on one side",
            f"scores on {part} are too good by up to their share",
            "texts are compared by their letters, numbers up to the last digits",
        )

    @staticmethod
    def _groups_beside_split(subject: Before) -> NDArray[np.int64]:
        """Group copies, leaving aside the very column that names the parts."""
        from dataclasses import replace

        from equipoise.data.duplicates import find_duplicates
        from equipoise.diagnose.parts import split_column

        column = split_column(subject.dataset)
        table = subject.dataset.table
        if column is None:
            return subject.copies.kept
        at = table.category_names.index(column)
        rest = [j for j in range(len(table.category_names)) if j != at]
        beside = replace(
            table,
            codes=table.codes[:, rest],
            category_names=[table.category_names[j] for j in rest],
            levels=[table.levels[j] for j in rest],
        )
        return find_duplicates(beside).groups

    def _within(self, subject: Before) -> Finding:
        copies = subject.copies
        count = int(
            beyond_first(copies.kept).sum()
            - beyond_first(copies.exact)[np.bincount(copies.kept)[copies.kept] > 1].sum()
        )
        total = int(beyond_first(copies.kept).sum())
        if count <= 0:
            return self.passed("no row nearly agrees with another without being equal to it")
        return self.tip(
            f"{rows_of(count)} {verb_for(count, 'agrees', 'agree')} with another in all but case, signs or last "
            f"digits: {total:,} with the exact copies",
            {"near": count, "rows_beyond_first": total},
            "keep them on one side of a split, as equipoise compare does",
            "as for exact copies",
            "texts are compared by their letters, numbers up to the last digits",
        )
