"""Splits forward in time: what is tested comes after all that was learned from."""

from __future__ import annotations

import numpy as np

from equipoise.data.splits import FoldPlan, Split, folds_word
from equipoise.errors import DataError, TargetError, UsageError

__all__ = ["forward_splits", "start_forward", "stretches"]


def forward_splits(
    y: np.ndarray,
    ids: np.ndarray | None,
    time: np.ndarray,
    folds: int,
    repeats: int,
    names: list[str],
    kept: str,
) -> FoldPlan:
    """Cut the rows into folds + 1 stretches of time and test each but the first; see `make_folds`.

    Parameters
    ----------
    y : ndarray of shape (n,), int64
        Class codes from 0.
    ids : ndarray of shape (n,), int64, optional
        Group ids from 0; training rows of a group that is tested are left out.
    time : ndarray of shape (n,)
        The times, of any kind with an order.
    folds, repeats : int
        As asked for.
    names : list of str
        Names of the classes for messages.
    kept : str
        What the groups are, for messages.

    Returns
    -------
    FoldPlan
        Splits of one repeat.
    """
    rank, notes, scheme = start_forward(time, len(y), ids, repeats, kept)
    moments = int(rank.max()) + 1
    present = np.flatnonzero(np.bincount(y))
    # Stretches of equal rows are what a reader expects; where they leave a class out, stretches with
    # equal parts of each class, or of the scarcest, may not.
    rows = np.bincount(rank).astype(float)
    counts = np.bincount(y)
    mass = np.bincount(rank, weights=1.0 / counts[y])
    scarcest = present[np.argmin(counts[present])]
    scarce = np.bincount(rank, weights=y == scarcest) + rows / (1000 * len(y))
    best: tuple[int, list[Split]] | None = None
    for fewer in range(min(folds, moments - 1), 0, -1):
        for weight, even in ((rows, True), (mass, False), (scarce, False)):
            splits = stretches(rank, weight, fewer, ids)
            if splits is None:
                continue
            trained, tested = _coverage(y, splits, present)
            if trained.all() and tested.all():
                if fewer < folds:
                    notes.append(
                        f"{fewer} {folds_word(fewer)} instead of {folds}, so that every class is met before and after each cut"
                    )
                if not even:
                    notes.append(
                        "the cuts in time are placed so that every stretch holds rows of every class"
                    )
                return FoldPlan(splits, fewer, 1, scheme, notes)
            if best is None and (trained.sum(axis=1) >= 2).all():
                best = fewer, splits
    if best is None:
        raise TargetError(
            "no cut in time leaves two classes before it"
            + (f" once {kept} are kept together" if ids is not None else "")
            + f" ({', '.join(_first_seen(y, rank, c, names, time) for c in present[:5])})",
            remedy="give a longer stretch of time, or leave --time out",
        )
    fewer, splits = best
    if fewer < folds:
        notes.append(f"{fewer} {folds_word(fewer)} instead of {folds}: the times allow no more")
    trained, tested = _coverage(y, splits, present)
    for index, c in enumerate(present):
        missing = [
            side for side, met in (("learn", trained), ("test", tested)) if not met[:, index].all()
        ]
        if missing:
            notes.append(
                f"class {names[c]} does not occur in every stretch of time: some folds cannot {' or '.join(missing)} it"
            )
    return FoldPlan(splits, fewer, 1, scheme, notes)


def start_forward(
    time: np.ndarray, n: int, ids: np.ndarray | None, repeats: int, kept: str
) -> tuple[np.ndarray, list[str], str]:
    """Read the times: the moment of each row, what to note, and the scheme in words.

    Parameters
    ----------
    time : ndarray of shape (n,)
        The times.
    n : int
        Number of rows.
    ids : ndarray of shape (n,), optional
        Group ids.
    repeats : int
        As asked for.
    kept : str
        What the groups are.

    Returns
    -------
    rank : ndarray of shape (n,), int64
        Number of each row's moment, from 0.
    notes : list of str
    scheme : str
    """
    rank = _rank(time, n)
    notes = []
    if repeats > 1:
        notes.append(
            "a split forward in time has no chance in it: 1 repeat instead of " + str(repeats)
        )
    if int(rank.max()) < 1:
        raise DataError(
            "all rows have the same time",
            remedy="name a --time column with different values, or leave it out",
        )
    return (
        rank,
        notes,
        "forward in time" if ids is None else f"forward in time, {kept} kept together",
    )


def _rank(time: np.ndarray, n: int) -> np.ndarray:
    """Give each row the number of its moment, from 0 in the order of time."""
    time = np.asarray(time)
    if len(time) != n:
        raise UsageError(
            f"time has {len(time):,} values for {n:,} rows", remedy="give one time per row"
        )
    if time.dtype.kind in "fcmM":
        missing = int(np.isnat(time).sum() if time.dtype.kind in "mM" else np.isnan(time).sum())
    else:
        missing = (
            sum(value is None or value != value for value in time.tolist())
            if time.dtype == object
            else 0
        )
    if missing:
        raise DataError(
            f"the time is missing in {missing:,} of {n:,} rows",
            remedy="fill it in, or leave those rows out, or leave --time out",
        )
    try:
        return np.unique(time, return_inverse=True)[1]
    except TypeError:
        raise DataError(
            "the times are of different kinds and have no order",
            remedy="write all times in one form",
        ) from None


def stretches(
    rank: np.ndarray, weight: np.ndarray, folds: int, ids: np.ndarray | None
) -> list[Split] | None:
    """Cut the moments into folds + 1 stretches of equal weight.

    Parameters
    ----------
    rank : ndarray of shape (n,), int64
        Number of each row's moment, from 0.
    weight : ndarray of shape (m,), float64
        Weight of each moment.
    folds : int
        Number of stretches after the first.
    ids : ndarray of shape (n,), int64, optional
        Group ids from 0.

    Returns
    -------
    list of Split, or None
        None if a side would be empty.
    """
    passed = np.cumsum(weight)
    wanted = passed[-1] * np.arange(1, folds + 1) / (folds + 1)
    # The cut falls after the moment that brings the sum nearest to the wanted one.
    after = np.searchsorted(passed, wanted)
    before = np.maximum(after - 1, 0)
    cuts = np.where(wanted - passed[before] < passed[after] - wanted, before, after) + 1
    edges = np.append(cuts, len(weight))
    if edges[0] < 1 or (np.diff(edges) < 1).any():
        return None
    stretch = np.searchsorted(edges, rank, side="right")
    splits = []
    for k in range(folds):
        train, test = np.flatnonzero(stretch <= k), np.flatnonzero(stretch == k + 1)
        if ids is not None:
            tested = np.zeros(int(ids.max()) + 1, dtype=bool)
            tested[ids[test]] = True
            train = train[~tested[ids[train]]]
        if not len(train):
            return None
        splits.append(Split(0, k, train, test))
    return splits


def _coverage(
    y: np.ndarray, splits: list[Split], present: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Say of each split and class whether it is learned from and whether it is tested."""
    C = int(y.max()) + 1
    trained, tested = (
        np.stack([np.bincount(y[side], minlength=C)[present] > 0 for side in sides])
        for sides in ([split.train for split in splits], [split.test for split in splits])
    )
    return trained, tested


def _first_seen(y: np.ndarray, rank: np.ndarray, c: int, names: list[str], time: np.ndarray) -> str:
    rows = np.flatnonzero(y == c)
    return f"class {names[c]} begins at {np.asarray(time)[rows[np.argmin(rank[rows])]]}"
