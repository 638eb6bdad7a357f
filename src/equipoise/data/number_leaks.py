"""Columns that give a number away."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from equipoise.data.class_leaks import COLUMNS_FOR_A_LEAD, LEAD, PERFECT_AUC, Leak
from equipoise.data.column_scores import (
    BINS,
    PARTS,
    ROWS_OF_A_CLASS,
    Features,
    cut_parts,
    quantiles,
    room_for,
    score_levels,
    score_numbers,
)

__all__ = ["find_number_leaks"]

# A column alone is near perfect from here on: rank correlation, and part of the variance of ranks.
PERFECT_CORRELATION = 0.99
PERFECT_VARIANCE = 0.98
# A column is suspicious from here on, if it tells so many times what the next best column does.
STRONG_VARIANCE = 0.8
LEAST_VARIANCE = 0.1
FEWEST_ROWS_KNOWN = 30
MOST_ROWS_LOOKED_AT = 10_000
LEAST_KNOWN = 0.2
EXACT = 1 - 1e-9
# Numbers of which each is in less than this share of the rows are not equal by chance.
RARE_VALUE = 0.01
EQUAL_SHARE = 0.2
SPIKE_SHARE = 0.05
# A level without rows is taken to hold so much of a row in the middle, so that it has a mean.
SHRINK = 0.1
_QUESTION = "is it known before the outcome is?"


def find_number_leaks(table: Features, y: np.ndarray, rng: np.random.Generator) -> list[Leak]:
    """Find columns that give a number away.

    A column is reported if, where it is known,

    - it is the target on another scale, a x + b, or equals it in a fifth of the rows or more, numbers that are common
      in the target left out of account;
    - its rank correlation with the target is at least 0.99, or the mean rank of the target in each of its levels,
      learned on two thirds of the rows, tells at least 0.98 of the variance of ranks on the last third, in turn;
    - it tells at least 0.8 of that variance while the next best column tells at most a third as much, out of three
      columns or more; or
    - it tells the rows with the most frequent number, such as 0 in a column of costs, from all others with an area
      under the ROC curve of at least 0.995, where that number is in 5% to 95% of the rows.

    Ranks and not the numbers themselves, because a few huge numbers would decide everything.

    Parameters
    ----------
    table : Table
        The features.
    y : ndarray of shape (n,), float64
        Finite numbers.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of Leak
        Strongest first.
    """
    p, q = table.numbers.shape[1], table.codes.shape[1]
    if not p + q or len(y) < FEWEST_ROWS_KNOWN:
        return []
    room = min(room_for(p + q), MOST_ROWS_LOOKED_AT)
    rows = np.arange(len(y))
    if len(y) > room:
        rows = np.sort(rng.choice(len(y), room, replace=False))
    y = y[rows]
    ranks = rankdata(y)
    if np.ptp(ranks) == 0:
        return []
    part = rng.permutation(len(y)) % PARTS
    spike, at_spike = _spike(y)
    spike_part = None if at_spike is None else cut_parts(at_spike, rng)
    told, seen = [], []
    for j in range(p + q):
        values = table.numbers[rows, j] if j < p else table.codes[rows, j - p].astype(np.float64)
        told.append(_variance(values, ranks, part, j < p))
        seen.append(_relation(values, y, ranks) if j < p else (0.0, ""))
        if at_spike is not None and spike_part is not None and told[j] < PERFECT_VARIANCE:
            one = np.ones(len(y))
            both = np.arange(2)
            area = float(
                (
                    score_numbers(values, at_spike, one, spike_part, both)
                    if j < p
                    else score_levels(table.codes[rows, j - p] + 1, at_spike, one, spike_part)
                )[0].max()
            )
            if area >= PERFECT_AUC and not seen[j][1]:
                why = (
                    f"tells the rows with {spike:g} from all others almost perfectly by itself "
                    f"(area under the ROC curve {area:.3f})"
                )
                seen[j] = area, why
    names = [*table.number_names, *table.category_names]
    leaks = []
    for j, name in enumerate(names):
        score, why = seen[j]
        next_best = max([told[k] for k in range(p + q) if k != j], default=0.0)
        if not why and told[j] >= PERFECT_VARIANCE:
            score, why = told[j], f"tells {told[j]:.3f} of the variance of ranks by itself"
        elif (
            not why
            and told[j] >= STRONG_VARIANCE
            and p + q >= COLUMNS_FOR_A_LEAD
            and told[j] >= LEAD * max(next_best, LEAST_VARIANCE)
        ):
            score = told[j]
            why = (
                f"tells far more than any other column ({told[j]:.2f} of the variance of ranks, "
                f"the next best column {next_best:.2f})"
            )
        if why:
            score = max(score, told[j])
            leaks.append(Leak(name, round(float(score), 4), f"{why}: {_QUESTION}"))
    return sorted(leaks, key=lambda leak: -leak.score)


def _spike(y: np.ndarray) -> tuple[float, np.ndarray | None]:
    """Find the most frequent number, and which rows have it, if they are neither few nor nearly all."""
    values, counts = np.unique(y, return_counts=True)
    most = int(counts.argmax())
    count = int(counts[most])
    enough = min(count, len(y) - count) >= max(SPIKE_SHARE * len(y), ROWS_OF_A_CLASS)
    return float(values[most]), (y == values[most]).astype(np.int64) if enough else None


def _relation(values: np.ndarray, y: np.ndarray, ranks: np.ndarray) -> tuple[float, str]:
    """Say how a column of numbers follows the target where it is known: a score, and in words."""
    known = ~np.isnan(values)
    count = int(known.sum())
    if count < max(FEWEST_ROWS_KNOWN, LEAST_KNOWN * len(y)):
        return 0.0, ""
    values, y, ranks = values[known], y[known], ranks[known]
    if (values == values[0]).all() or (y == y[0]).all():
        return 0.0, ""
    where = (
        "" if count == len(known) else f" where it is known ({count / len(known):.0%} of the rows)"
    )
    if abs(_correlation(values, y)) >= EXACT:
        return 1.0, f"is the target itself on another scale{where}"
    inverse, counts = np.unique(y, return_inverse=True, return_counts=True)[1:]
    rare = counts[inverse] < max(RARE_VALUE * count, 2)
    if rare.sum() >= max(FEWEST_ROWS_KNOWN, 0.1 * count):
        equal = float((values[rare] == y[rare]).mean())
        if equal >= EQUAL_SHARE:
            return (
                equal,
                f"equals the target in {equal:.0%} of the rows{where}, common numbers left out",
            )
    correlation = _correlation(rankdata(values), ranks)
    if abs(correlation) >= PERFECT_CORRELATION:
        return (
            correlation**2,
            f"follows the target almost perfectly{where} (rank correlation {correlation:.3f})",
        )
    return 0.0, ""


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    # In units of the largest, so that squares neither vanish nor overflow.
    a, b = (x / (np.abs(x).max() or 1.0) for x in (a, b))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0


def _variance(values: np.ndarray, ranks: np.ndarray, part: np.ndarray, is_number: bool) -> float:
    """Compute the part of the variance of ranks that the mean rank of each level tells on held-out rows."""
    missing = np.isnan(values)
    level = np.unique(values, return_inverse=True)[1]
    many = is_number and int(level.max()) + 1 > BINS
    left = whole = 0.0
    for k in range(PARTS):
        train, test = part != k, part == k
        if not train.any() or not test.any():
            continue
        of_row = level
        if many:
            edges = np.unique(quantiles(np.sort(values[train & ~missing]), BINS))
            of_row = np.where(missing, 0, np.searchsorted(edges, values) + 1)
        size = int(of_row.max()) + 1
        middle = ranks[train].mean()
        rows = np.bincount(of_row[train], minlength=size)
        total = np.bincount(of_row[train], weights=ranks[train], minlength=size)
        mean = (total + SHRINK * middle) / (rows + SHRINK)
        left += float(((ranks[test] - mean[of_row[test]]) ** 2).sum())
        whole += float(((ranks[test] - middle) ** 2).sum())
    return max(1.0 - left / whole, 0.0) if whole > 0 else 0.0
