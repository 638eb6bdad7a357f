"""What a plan of splits is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.errors import TargetError

__all__ = ["FoldPlan", "Split", "affordable_folds", "folds_word", "splits_of"]


@dataclass(frozen=True)
class Split:
    """One split of the rows.

    Attributes
    ----------
    repeat, fold : int
        Which repeat and which fold of it, from 0.
    train, test : ndarray of int64
        Row numbers of both sides, ascending.
    """

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class FoldPlan:
    """All splits of a trial.

    Attributes
    ----------
    splits : list of Split
        By repeat, then fold.
    folds, repeats : int
        How many there are in fact; fewer than asked for if the data do not allow more.
    scheme : str
        How the rows were split, in words.
    notes : list of str
        What could not be done as asked, and why.
    """

    splits: list[Split]
    folds: int
    repeats: int
    scheme: str
    notes: list[str]


def folds_word(count: int) -> str:
    """Word for so many folds."""
    return "fold" if count == 1 else "folds"


def affordable_folds(
    n: int, ids: np.ndarray | None, folds: int, kept: str
) -> tuple[int, int, list[str]]:
    """Reduce the folds to the rows, or groups, that there are to deal.

    Parameters
    ----------
    n : int
        Rows.
    ids : ndarray of shape (n,), optional
        Group of each row, from 0.
    folds : int
        Folds asked for.
    kept : str
        What the groups are, for messages.

    Returns
    -------
    units, folds : int
        What is dealt, and how many folds it is dealt to.
    notes : list of str

    Raises
    ------
    TargetError
        If there is a single one to deal.
    """
    units = n if ids is None else int(ids.max()) + 1
    if units < 2:
        raise TargetError(
            f"all {n:,} rows are in one group ({kept} are kept together), so no split can both learn and test",
            remedy="give rows of at least two groups, or another --group if one was named",
        )
    if units >= folds:
        return units, folds, []
    what = "rows" if ids is None else f"groups ({kept} are kept together)"
    return (
        units,
        units,
        [f"there are {units} {what}: {units} {folds_word(units)} instead of {folds}"],
    )


def splits_of(deals: Sequence[np.ndarray], folds: int) -> list[Split]:
    """Make the splits in which each fold is tested once per deal.

    Parameters
    ----------
    deals : sequence of ndarray of shape (n,), int64
        Fold of each row, for each repeat.
    folds : int
        Number of folds.

    Returns
    -------
    list of Split
        By repeat, then fold.
    """
    splits = []
    for repeat, fold in enumerate(deals):
        order = np.argsort(fold, kind="stable")
        ends = np.cumsum(np.bincount(fold, minlength=folds))
        for k in range(folds):
            test = order[ends[k - 1] if k else 0 : ends[k]]
            splits.append(Split(repeat, k, np.flatnonzero(fold != k), test))
    return splits
