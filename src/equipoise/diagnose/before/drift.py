"""Whether a second file is like the first: shares of classes, columns one by one, and all together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import chi2_contingency, ks_2samp

from equipoise.compare.fold import Fold
from equipoise.compare.material import Material
from equipoise.data.dataset import Dataset
from equipoise.data.folds import make_folds
from equipoise.data.table import Table
from equipoise.diagnose.chance import ALPHA
from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.sides import MOST, by_bounds, span, worst_of
from equipoise.diagnose.subject import Before
from equipoise.errors import EquipoiseError
from equipoise.metrics.ranking import roc_auc
from equipoise.stats.bootstrap import bootstrap_weights, centred_interval
from equipoise.stats.multiple import holm

__all__ = ["Drift", "class_shift", "column_shifts", "joined"]

F = NDArray[np.float64]
_ROWS = 5_000  # of each file, for columns and the classifier
_FOLDS = 3
_DRAWS = 200


def class_shift(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, list[dict[str, Any]]]:
    """Test whether classes have the same shares in two sets of rows.

    Parameters
    ----------
    first, second : int arrays, shape (C,)
        Rows of each class.

    Returns
    -------
    p : float
        Of the chi-squared test; 1 where there is nothing to compare.
    ratios : list of dict
        For each class with rows in both, its code and the ratio of its shares, second over first, with the
        interval of Katz at the level 1 - 0.01 / m.

    References
    ----------
    Katz, D., Baptista, J., Azen, S. P. and Pike, M. C. (1978). Obtaining confidence intervals for the
    risk ratio in cohort studies. Biometrics 34.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.before.drift import class_shift
    >>> p, ratios = class_shift(np.array([900, 100]), np.array([800, 200]))
    >>> p < 0.001, round(ratios[1]["ratio"]["value"], 2)
    (True, 2.0)
    """
    table = np.array([first, second], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return 1.0, []
    p = float(chi2_contingency(table, correction=False).pvalue)
    both = np.flatnonzero((np.asarray(first) > 0) & (np.asarray(second) > 0))
    z = float(ndtri(1 - ALPHA / 2 / max(len(both), 1)))
    n, m = float(np.sum(first)), float(np.sum(second))
    out = []
    for c in both:
        a, b = float(first[c]), float(second[c])
        ratio = (b / m) / (a / n)
        wide = np.exp(z * np.sqrt(max(1 / a - 1 / n + 1 / b - 1 / m, 0.0)))
        out.append({"code": int(c), "ratio": span((ratio, ratio / wide, ratio * wide))})
    return p, out


def column_shifts(first: Table, second: Table) -> list[dict[str, Any]]:
    """Test each column for another distribution, corrected by Holm.

    Numbers by the test of Kolmogorov and Smirnov, with missing values apart; categories, and whether
    values are missing, by chi-squared; texts by their lengths.

    Parameters
    ----------
    first, second : Table
        Rows read with one schema.

    Returns
    -------
    list of dict
        ``column``, ``test``, ``distance`` (the largest difference of the distribution functions, or half
        the sum of differences of shares), ``p`` (corrected); smallest p first.

    Examples
    --------
    >>> from equipoise.data.dataset import load_dataset
    >>> from equipoise.diagnose.before.drift import column_shifts
    >>> made = [{"x": [i + shift for i in range(50)], "y": ["a", "b"] * 25} for shift in (0.5, 40.5)]
    >>> one, other = (load_dataset(data, "y").table for data in made)
    >>> column_shifts(one, other)[0]["distance"]
    0.8
    """
    out: list[dict[str, Any]] = []

    def add(column: str, test: str, distance: float, p: float) -> None:
        out.append({"column": column, "test": test, "distance": float(distance), "p": float(p)})

    for j, name in enumerate(first.number_names):
        a, b = first.numbers[:, j], second.numbers[:, j]
        gone = [np.isnan(a), np.isnan(b)]
        if gone[0].any() or gone[1].any():
            add(name, "missing values", *_shares(*(one.astype(np.int64) for one in gone)))
        if not gone[0].all() and not gone[1].all():
            found = ks_2samp(a[~gone[0]], b[~gone[1]], method="asymp")
            add(name, "Kolmogorov-Smirnov", found.statistic, found.pvalue)
    for j, name in enumerate(first.category_names):
        add(name, "chi-squared", *_shares(first.codes[:, j], second.codes[:, j]))
    for j, name in enumerate(first.text_names):
        sizes = [np.array([len(text) for text in one.texts[j]]) for one in (first, second)]
        found = ks_2samp(*sizes, method="asymp")
        add(f"length of {name}", "Kolmogorov-Smirnov", found.statistic, found.pvalue)
    for one, p in zip(out, holm([one["p"] for one in out]), strict=True):
        one["p"] = float(p)
    return sorted(out, key=lambda one: (one["p"], -one["distance"]))


def _shares(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, float]:
    levels, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    if len(levels) < 2:
        return 0.0, 1.0
    table = np.array(
        [np.bincount(part, minlength=len(levels)) for part in np.split(codes.reshape(-1), [len(a)])]
    ).astype(np.float64)
    shares = table / table.sum(axis=1, keepdims=True)
    # Levels of few rows share a cell: the test rests on five expected rows in each.
    few = table.sum(axis=0) * table.sum(axis=1).min() / table.sum() < 5
    if few.any():
        table = np.column_stack([table[:, ~few], table[:, few].sum(axis=1)])
    if table.shape[1] < 2 or (table.sum(axis=0) == 0).any():
        return float(np.abs(shares[0] - shares[1]).sum() / 2), 1.0
    p = float(chi2_contingency(table, correction=False).pvalue)
    return float(np.abs(shares[0] - shares[1]).sum() / 2), p


def joined(first: Dataset, second: Dataset) -> Dataset:
    """Return the rows of both as data whose classes are the files: 0 for the first, 1 for the second."""
    a, b = first.table, second.table
    table = Table(
        np.concatenate([a.numbers, b.numbers]),
        np.concatenate([a.codes, b.codes]),
        [np.concatenate(pair) for pair in zip(a.texts, b.texts, strict=True)],
        a.number_names,
        a.category_names,
        a.text_names,
        a.levels,
        a.n + b.n,
    )
    y = np.repeat(np.arange(2), [a.n, b.n])
    return replace(
        first, table=table, y=y, classes=["first", "second"], task="binary", groups=None, time=None
    )


@register
class Drift(Check):
    """Whether a second file has other classes shares or other rows than the first."""

    code, name, title, stage = "EQ111", "drift", "The second file differs from the first", "before"
    tasks = CLASSES
    explain = """A model chosen on one file is used on rows like another. If these differ, its scores there may too.

Shares of the classes: chi-squared; an issue if p < 0.005, by the ratio of shares, whose interval (Katz 1978, level
1 - 0.01 / m) lies beyond 2 or 1/2 high, beyond 1.25 or 0.8 medium, else low.

Rows: up to 5,000 of each file are told apart by gradient boosting on three folds (a classifier two-sample test,
Lopez-Paz and Oquab 2017); rows of the second are weighed so that classes have the same shares, so that a shift of
classes alone does not count. The ROC AUC is 0.5 by chance; by the low end of its bootstrap interval (level 0.99) above
0.7 high, above 0.6 medium, above 0.55 low. Each column is tested too (Kolmogorov-Smirnov or chi-squared, corrected by
Holm), to name those that differ.

What to do: other shares: prior correction with the new shares. Other rows: split by time or by group as they will be
met, leave out columns that only tell the files apart, or collect rows like the new ones."""

    def examine(self, subject: Before) -> Finding:
        """Compare two files."""
        other = subject.other
        if other is None:
            return self.not_applicable("no second file was given")
        if other.table.n == 0:
            return self.not_applicable("the second file has no rows")
        known = other.y[other.y >= 0]
        counts = np.bincount(known, minlength=len(subject.classes))
        p, ratios = class_shift(subject.counts, counts)
        shares = [_named(one, subject) for one in ratios]
        found: list[tuple[Severity | None, str]] = []
        for one in shares if p < ALPHA / 2 else []:
            severity = _beyond(one["ratio"]["low"], one["ratio"]["high"])
            found.append(
                (
                    severity,
                    f"the share of {one['class']} is {one['ratio']['value']:.2f} times that of the first file",
                )
            )
        rng = np.random.default_rng([subject.seed, 111])
        first, second = (_some(data, rng) for data in (subject.dataset, other))
        columns = column_shifts(first.table, second.table)
        differ = [one["column"] for one in columns if one["p"] < ALPHA]
        auc = None
        with suppress(EquipoiseError):  # of too few rows, the tests of columns stand alone
            auc = _told_apart(first, second, counts.sum() > 0, subject.seed)
        if auc is not None:
            by_auc = by_bounds(auc["low"] or 0.0, (0.7, 0.6, 0.55))
            named = f"; most in {', '.join(differ[:3])}" if differ else ""
            found.append(
                (
                    by_auc,
                    f"a classifier tells the files apart with a ROC AUC of {auc['value']:.2f} "
                    f"({auc['low']:.2f} to {auc['high']:.2f}){named}",
                )
            )
        evidence = {
            "p_of_class_shares": p,
            "class_shares": shares[:MOST],
            "roc_auc": auc,
            "columns": columns[:MOST],
            "columns_that_differ": len(differ),
            "rows_looked_at": [first.table.n, second.table.n],
        }
        bad = worst_of(found)
        said = found[-1][1] if found else "the files have the same shares of classes"
        if not bad:
            return self.passed(f"{said}; shares of classes p = {p:.2g}", evidence)
        return self.issue(
            bad[0][0],
            "; ".join(words for _, words in bad[:2]),
            evidence,
            f"equipoise compare FILE --target {quote(subject.dataset.target)} --time COL",
            "a trial split as the rows will be met tells what to expect of them",
            f"shares of classes p = {p:.2g}; {len(differ)} of {len(columns)} tests of columns differ",
        )


def _named(one: dict[str, Any], subject: Before) -> dict[str, Any]:
    return {"class": subject.classes[one["code"]], "ratio": one["ratio"]}


def _beyond(low: float, high: float) -> Severity | None:
    # By how much one exceeds the other, whichever it is.
    return by_bounds(max(low, 1 / high if high > 0 else float("inf")), (2.0, 1.25, 1.0))


def _some(data: Dataset, rng: np.random.Generator) -> Dataset:
    if data.table.n <= _ROWS:
        return data
    rows = np.sort(rng.choice(data.table.n, _ROWS, replace=False))
    return replace(data, table=data.table.take(rows), y=data.y[rows], groups=None, time=None)


def _told_apart(first: Dataset, second: Dataset, labelled: bool, seed: int) -> dict[str, Any]:
    from equipoise.learners.choice import get_learner
    from equipoise.strategies.catalogue import get_strategy

    data = joined(first, second)
    plan = make_folds(data.y, folds=_FOLDS, seed=seed)
    material = Material(data.table, data.y, seed)
    score = np.empty(len(data.y))
    for split in plan.splits:
        fold = Fold(data, split, seed, material)
        log_p = fold.score(fold.train(get_learner("boosting"), get_strategy("untreated")))
        score[split.test] = log_p[:, 1] - log_p[:, 0]
    weight = np.ones(len(data.y))
    if labelled:
        C = len(first.classes)
        shares = [np.bincount(one.y[one.y >= 0], minlength=C) for one in (first, second)]
        a, b = (one / max(one.sum(), 1) for one in shares)
        of_class = np.where((a > 0) & (b > 0), a / np.maximum(b, 1e-12), 0.0)
        y = np.concatenate([first.y, second.y])
        weight = np.where(y >= 0, 1.0, 0.0)
        weight[first.table.n :] *= of_class[y[first.table.n :].clip(0)]
        weight[: first.table.n] *= (b > 0)[y[: first.table.n].clip(0)]
    value = roc_auc(data.y, score, weight)
    drawn = bootstrap_weights(len(data.y), _DRAWS, seed)
    ends = centred_interval(value, roc_auc(data.y, score, drawn * weight), (0.0, 1.0), 1 - ALPHA)
    return span((value, *ends))
