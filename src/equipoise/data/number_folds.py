"""Folds for a target of numbers: each range of the numbers spread evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equipoise.data.dealing import deal
from equipoise.data.forward import start_forward, stretches
from equipoise.data.splits import FoldPlan, affordable_folds, folds_word, splits_of
from equipoise.data.strata import MOST_BINS, number_strata
from equipoise.errors import TargetError

__all__ = ["number_folds"]

# Sizes of folds, and their shares of the largest numbers, are uneven when off by more than this part.
UNEVEN = 0.25


def number_folds(
    y: NDArray[np.float64],
    ids: NDArray[np.int64] | None,
    time: NDArray[np.generic] | None,
    folds: int,
    repeats: int,
    seed: int,
    kept: str,
) -> FoldPlan:
    """Plan the folds for numbers; see `make_folds`.

    Parameters
    ----------
    y : ndarray of shape (n,), float64
        Finite numbers.
    ids : ndarray of shape (n,), int64, optional
        Group ids from 0.
    time : ndarray of shape (n,), optional
        The times.
    folds, repeats, seed : int
        As asked for.
    kept : str
        What the groups are, for notes.

    Returns
    -------
    FoldPlan

    Raises
    ------
    TargetError
        If there are not two different numbers to learn from in each split.
    """
    if not len(y) or (y == y[0]).all():
        raise TargetError(
            "the target has one value only", remedy="give rows with at least two different numbers"
        )
    if time is not None:
        return _forward(y, ids, time, folds, repeats, kept)
    units, folds, notes = affordable_folds(len(y), ids, folds, kept)
    strata = number_strata(y, max(min(MOST_BINS, units // folds), 1))
    deals = [
        deal(strata, ids, folds, np.random.default_rng([seed, repeat])) for repeat in range(repeats)
    ]
    plan = FoldPlan(
        splits_of(deals, folds),
        folds,
        repeats,
        "stratified by ranges of the target"
        if ids is None
        else f"stratified by ranges of the target, {kept} kept together",
        notes,
    )
    for split in plan.splits:
        if not len(split.test) or (y[split.train] == y[split.train[0]]).all():
            raise TargetError(
                f"in fold {split.fold + 1} of {folds} only one value of the target is left to learn from",
                remedy="use fewer folds, or give more rows with different numbers",
            )
    if ids is not None:
        notes += _uneven(y, strata, plan, kept)
    return plan


def _uneven(
    y: NDArray[np.float64], strata: NDArray[np.int64], plan: FoldPlan, kept: str
) -> list[str]:
    """Name what the groups did not let be spread evenly."""
    notes = []
    top = strata == strata.max()
    least_top = f"the largest numbers, {y[top].min():g} and more,"
    for rows, what in ((np.ones(len(y), dtype=bool), "rows"), (top, least_top)):
        counts = [int(rows[split.test].sum()) for split in plan.splits]
        fair = rows.sum() / plan.folds
        if max(counts) > fair * (1 + UNEVEN) + 1 or min(counts) < fair * (1 - UNEVEN) - 1:
            notes.append(
                f"{what} could not be spread evenly: {min(counts):,} to {max(counts):,} per fold instead of "
                f"{fair:,.0f}; {kept} are kept together"
            )
    return notes


def _forward(
    y: NDArray[np.float64],
    ids: NDArray[np.int64] | None,
    time: NDArray[np.generic],
    folds: int,
    repeats: int,
    kept: str,
) -> FoldPlan:
    rank, notes, scheme = start_forward(time, len(y), ids, repeats, kept)
    rows = np.bincount(rank).astype(float)
    for fewer in range(min(folds, len(rows) - 1), 0, -1):
        splits = stretches(rank, rows, fewer, ids)
        if splits is None or any(np.ptp(y[split.train]) == 0 for split in splits):
            continue
        if fewer < folds:
            notes.append(f"{fewer} {folds_word(fewer)} instead of {folds}: the times allow no more")
        return FoldPlan(splits, fewer, 1, scheme, notes)
    raise TargetError(
        "no cut in time leaves two different numbers before it"
        + (f" once {kept} are kept together" if ids is not None else ""),
        remedy="give a longer stretch of time, or leave --time out",
    )
