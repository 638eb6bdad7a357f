"""Columns that give the target away, that are no features, or that random folds would tear apart."""

from __future__ import annotations

import re
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from equipoise.diagnose.check import TASKS, Check
from equipoise.diagnose.finding import Finding
from equipoise.diagnose.parts import split_column
from equipoise.diagnose.registry import register
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import listed, name_of, percent, verb_for

__all__ = ["GivenAway", "GroupsAndIds", "OrderInTime"]

_PERFECT = 0.995
_PAIRS = 20_000
_FEWEST_LEVELS = 20
_TIME_NAME = re.compile(
    r"(?i)(.*[_\W])?(time|date|datetime|timestamp|day|month|year|period)([_\W].*)?"
)
_BLOCKS = 10
_REAL = 0.001


@register
class GivenAway(Check):
    """A column that predicts the target suspiciously well by itself."""

    code, name, title, stage = (
        "EQ112",
        "given-away",
        "A column that gives the target away",
        "before",
    )
    tasks = TASKS
    explain = """Judges every column of numbers or levels by itself: cut into levels, the share of each class per level is learned
on two thirds of the rows and predicts the last third, in turn.

An issue where these predictions tell a class from all others with an area under the ROC curve of at least 0.995, or
name the right class with a balanced accuracy of at least 0.98 (high); or where they reach an area of 0.9 while the
next best column is at most a third as far above chance (medium). A column may also be a good feature: what counts is
whether its value is known before the outcome is.

What to do: find out when the column is filled in. If only after the outcome, leave it out: --role COL=ignored.

Papers: Kaufman, Rosset, Perlich and Stitelman, "Leakage in Data Mining", ACM TKDD 6, 2012. Kapoor and Narayanan,
"Leakage and the Reproducibility Crisis in Machine-Learning-Based Science", Patterns 4, 2023."""

    def examine(self, subject: Before) -> Finding:
        """Report what reading the data found."""
        leaks = subject.dataset.leaks
        if not leaks:
            return self.passed("no column by itself tells the target almost perfectly")
        best = max(leaks, key=lambda leak: leak.score)
        names = [leak.column for leak in leaks]
        evidence = {
            "columns": {leak.column: {"score": leak.score, "why": leak.why} for leak in leaks},
            **subject.sampling,
        }
        more = (
            f"; so {verb_for(len(names) - 1, 'does', 'do')} {listed(names[1:], 3)}"
            if names[1:]
            else ""
        )
        ignored = " ".join(f"--role {quote(name + '=ignored')}" for name in names[:3])
        perfect = best.score >= _PERFECT or "almost" in best.why
        return self.issue(
            "high" if perfect else "medium",
            f"column {name_of(best.column)} {best.why.partition(':')[0]}{more}",
            evidence,
            f"find out whether it is known before the outcome; if not, leave it out: {ignored}",
            "scores fall to what the other columns can tell, which is what a model in use gets",
            "the area is measured on held-out rows; whether it is a leak only you can say",
        )


def _agreement(values: NDArray[Any], first: NDArray[Any], second: NDArray[Any]) -> float:
    a, b = values[first], values[second]
    same = a == b
    if values.dtype.kind == "f":
        same |= np.isnan(a) & np.isnan(b)
    return float(same.mean())


@register
class GroupsAndIds(Check):
    """Columns that name rows or groups of rows, and so are no features."""

    code, name, title, stage = (
        "EQ113",
        "groups-and-ids",
        "Ids, and groups that random folds break",
        "before",
    )
    tasks = TASKS
    explain = """Looks for three kinds of columns that say which row it is rather than what it is like.

Ids have a value of their own in every row: a tip, as `equipoise` leaves them out of the features by itself. A column
whose values are train, test and the like names a split someone made: a tip.

Groups are rows of one person, document or machine. A column of levels or whole numbers, of at least 20 values and
on average between 1.5 and a hundredth of the rows in each, is taken for one where other columns are as good as
constant within it: among pairs of rows of one value at least 99 % agree in a column in which fewer than 90 % of
random pairs do. With two such columns, or one and a tenth of all, it is an issue: medium, or high where the target
agrees within pairs more often than in random pairs, by more than three standard errors. Random folds then test on
people whom the model knows. An issue only while no --group is given.

What to do: --group COL keeps the rows of a group on one side.

Papers: Saeb et al., "The Need to Approximate the Use-Case in Clinical Machine Learning", GigaScience 6, 2017. Roberts
et al., "Cross-Validation Strategies for Data with Temporal, Spatial, Hierarchical, or Phylogenetic Structure",
Ecography 40, 2017."""

    def examine(self, subject: Before) -> Finding:
        """Look at names, values and what is constant within them."""
        data = subject.dataset
        ids = [column.name for column in data.columns if column.role == "id"]
        split = split_column(data)
        groups = [] if "groups" in data.kept else _find_groups(subject)
        evidence: dict[str, Any] = {"ids": ids, "split": split, "groups": groups}
        also = []
        if ids:
            also.append(
                f"{listed(ids)} {verb_for(len(ids), 'is an id', 'are ids')} and left out of the features"
            )
        if split is not None:
            also.append(f"{name_of(split)} names a split and is no feature")
        if groups:
            best = groups[0]
            column = name_of(best["column"])
            tail = f"; {'; '.join(also)}" if also else ""
            alike = best["target_alike"]
            why = (
                f", and so does the target in {percent(best['target_within'])} of pairs against {percent(best['target_apart'])}"
                if alike
                else ""
            )
            return self.issue(
                "high" if alike else "medium",
                f"{column} seems to name groups: {best['values']:,} values, within which {listed(best['constant'], 3)} "
                f"{verb_for(len(best['constant']), 'stays', 'stay')} the same{why}{tail}",
                evidence,
                f"--group {quote(best['column'])}",
                "scores as for groups that the model has not met, which are often lower",
                "inferred from the values; that they are groups only you can say",
            )
        if also:
            leave = " ".join(
                f"--role {quote(name + '=ignored')}"
                for name in [*ids, *([split] if split else [])][:3]
            )
            return self.tip(
                "; ".join(also),
                evidence,
                f"leave {verb_for(len(ids) + bool(split), 'it', 'them')} out of your own models too ({leave})",
                "an id cannot help on new rows, and can be learned by heart",
                "judged by values and name",
            )
        return self.passed("no column looks like an id or a group that folds would break", evidence)


def _find_groups(subject: Before) -> list[dict[str, Any]]:
    data = subject.dataset
    table, n = data.table, subject.n
    columns: dict[str, NDArray[Any]] = {
        name: table.numbers[:, j] for j, name in enumerate(table.number_names)
    }
    columns |= {name: table.codes[:, j] for j, name in enumerate(table.category_names)}
    rng = np.random.default_rng([subject.seed, 2])
    apart = rng.integers(0, n, (2, _PAIRS))
    apart = apart[:, apart[0] != apart[1]]
    found = []
    for name, values in columns.items():
        codes = _whole(values)
        if codes is None:
            continue
        sizes = np.bincount(codes)
        if len(sizes) < _FEWEST_LEVELS or not 1.5 <= n / len(sizes) <= n / 100:
            continue
        first, second = _pairs(codes, sizes, rng)
        if len(first) < 100:
            continue
        others = [other for other in columns if other != name]
        constant = [
            other
            for other in others
            if _agreement(columns[other], first, second) >= 0.99
            and _agreement(columns[other], *apart) < 0.9
        ]
        if not constant or (len(constant) < 2 and len(constant) < 0.1 * len(others)):
            continue
        within, without = _alike(subject, first, second), _alike(subject, *apart)
        spread = np.sqrt(max(without * (1 - without), 1e-9) / min(len(first), len(sizes)))
        found.append(
            {
                "column": name,
                "values": len(sizes),
                "constant": constant,
                "target_within": within,
                "target_apart": without,
                "target_alike": bool(within - without > 3 * spread),
            }
        )
    # Of columns that say the same, the finest names the groups.
    return sorted(found, key=lambda one: (-len(one["constant"]), -one["values"]))


def _whole(values: NDArray[Any]) -> NDArray[np.int64] | None:
    """Give the values of levels and whole numbers a code each; None for others."""
    if values.dtype.kind == "f":
        if np.isnan(values).any() or (values != np.floor(values)).any():
            return None
    elif (values < 0).any():
        return None
    return np.unique(values, return_inverse=True)[1].reshape(-1)


def _pairs(
    codes: NDArray[np.int64], sizes: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw two different rows of one value, once for each of at most so many values."""
    order = np.argsort(codes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    held = np.flatnonzero(sizes > 1)
    if len(held) > _PAIRS:
        held = rng.choice(held, _PAIRS, replace=False)
    one = rng.integers(0, sizes[held])
    two = (one + 1 + rng.integers(0, sizes[held] - 1)) % sizes[held]
    return order[starts[held] + one], order[starts[held] + two]


def _alike(subject: Before, first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Return the share of pairs whose target agrees; of numbers, that are in the same third."""
    y = subject.y
    if y.ndim == 2:
        return float((y[first] == y[second]).all(axis=1).mean())
    if subject.task == "regression":
        y = np.searchsorted(np.quantile(y, [1 / 3, 2 / 3]), y)
    return float((y[first] == y[second]).mean())


@register
class OrderInTime(Check):
    """Rows in an order of time, which random folds ignore."""

    code, name, title, stage = "EQ114", "order-in-time", "Rows in an order of time", "before"
    tasks = TASKS
    explain = """Looks for a column of dates, or one with a name such as time, date, year, or whose values never fall from the
first row to the last (at least 20 different ones), and whether the target changes along it.

The rows are cut in order into ten blocks. A chi-squared test asks whether the classes have the same shares in all of
them (of a numeric target: whether its thirds have; of labels, the rarest). With p < 0.001 it is an issue, for random
folds then let a model look ahead: medium where the share of the smallest class at least doubles between blocks, by
intervals that do not overlap, else low. Otherwise it is a tip. An issue only while no --time is given.

What to do: --time COL, whose folds only look forward.

Papers: Bergmeir and Benítez, "On the Use of Cross-Validation for Time Series Predictor Evaluation", Information
Sciences 191, 2012. Gama et al., "A Survey on Concept Drift Adaptation", ACM Computing Surveys 46, 2014."""

    def examine(self, subject: Before) -> Finding:
        """Look for a clock, and for change along it."""
        if subject.dataset.time is not None:
            return self.passed("folds only look forward in time, as --time asks")
        clock = _clock(subject)
        if clock is None:
            return self.passed("no column tells the order of time")
        name, values, how = clock
        order = np.argsort(values, kind="stable")
        codes, label = _watched(subject)
        block = np.empty(subject.n, dtype=np.int64)
        block[order] = np.arange(subject.n) * _BLOCKS // subject.n
        table = np.zeros((_BLOCKS, int(codes.max()) + 1))
        np.add.at(table, (block, codes), 1)
        table = table[:, table.sum(axis=0) > 0]
        p = float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0
        shares = np.bincount(block, weights=codes == label, minlength=_BLOCKS) / np.bincount(
            block, minlength=_BLOCKS
        )
        evidence = {"column": name, "p": p, "share_by_tenth": shares}
        todo = (
            f"--time {quote(name)}",
            "scores as for rows that come later than those trained on",
            "a chi-squared test over ten blocks in order",
        )
        of = (
            f"of {name_of(subject.classes[label])}"
            if subject.task != "regression"
            else "of its upper third"
        )
        said = f"{how} {name_of(name)}"
        if p >= _REAL:
            return self.tip(
                f"{said}; the target does not change along it (p = {p:.2g})", evidence, *todo
            )
        most, least = int(shares.argmax()), int(shares.argmin())
        doubled = shares[most] > 2 * shares[least] and _apart(shares, most, least, subject.n)
        return self.issue(
            "medium" if doubled else "low",
            f"{said}, and the target changes along it: the share {of} goes from {percent(shares[least])} to "
            f"{percent(shares[most])} between tenths of the rows",
            evidence,
            *todo,
        )


def _apart(shares: NDArray[Any], most: int, least: int, n: int) -> bool:
    from equipoise.diagnose.chance import share_range

    m = max(n // _BLOCKS, 1)
    low = share_range(np.arange(m) < round(shares[most] * m))[1]
    high = share_range(np.arange(m) < round(shares[least] * m))[2]
    return low > high


def _clock(subject: Before) -> tuple[str, NDArray[Any], str] | None:
    data = subject.dataset
    table = data.table
    dates = [column.name for column in data.columns if column.role == "date"]
    for name in dates:
        values = table.numbers[:, table.number_names.index(f"{name} (day)")]
        if f"{name} (hour)" in table.number_names:
            values = values + table.numbers[:, table.number_names.index(f"{name} (hour)")] / 24
        return name, np.where(np.isnan(values), np.inf, values), "rows are dated by"
    for j, name in enumerate(table.number_names):
        values = table.numbers[:, j]
        if np.isnan(values).any() or len(np.unique(values[:2000])) < 2:
            continue
        different = len(np.unique(values))
        if different >= _FEWEST_LEVELS and (np.diff(values) >= 0).all():
            return name, values, "rows are in the order of"
        if _TIME_NAME.fullmatch(name) and different >= 2 * _BLOCKS:
            return name, values, "rows have a time,"
    return None


def _watched(subject: Before) -> tuple[NDArray[np.int64], int]:
    """Return codes to count along time, and the one whose share is told."""
    y = subject.y
    if subject.task == "regression":
        return np.searchsorted(np.quantile(y, [1 / 3, 2 / 3]), y), 2
    if y.ndim == 2:
        seen = np.flatnonzero(subject.counts > 0)
        label = int(seen[subject.counts[seen].argmin()]) if len(seen) else 0
        codes = np.where(y[:, label] == 1, label, label + 1)
        return codes, label
    return y, int(np.where(subject.counts > 0, subject.counts, subject.n + 1).argmin())
