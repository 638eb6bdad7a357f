"""Folds for sets of labels: each label spread evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equipoise.data.forward import start_forward, stretches
from equipoise.data.label_dealing import deal_labels
from equipoise.data.labels import rows_word
from equipoise.data.splits import FoldPlan, Split, affordable_folds, folds_word, splits_of
from equipoise.errors import TargetError

__all__ = ["label_folds"]

# A fold is called uneven when its share of a label is off by more than this part of the fair share.
UNEVEN = 0.25
_SHOWN = 10


def label_folds(
    Y: NDArray[np.int64],
    ids: NDArray[np.int64] | None,
    time: NDArray[np.generic] | None,
    folds: int,
    repeats: int,
    seed: int,
    names: list[str],
    kept: str,
) -> FoldPlan:
    """Plan the folds for sets of labels; see `make_folds`.

    Parameters
    ----------
    Y : ndarray of shape (n, L), int64
        1 where a row has a label, else 0.
    ids : ndarray of shape (n,), int64, optional
        Group ids from 0.
    time : ndarray of shape (n,), optional
        The times.
    folds, repeats, seed : int
        As asked for.
    names : list of str
        Names of the labels for notes.
    kept : str
        What the groups are, for notes.

    Returns
    -------
    FoldPlan

    Raises
    ------
    TargetError
        If there is no label to learn from in some split.
    """
    if not _vary(Y).any():
        raise TargetError(
            "no label is there in some rows and not in others",
            remedy="give rows with and without a label",
        )
    if time is not None:
        return _forward(Y, ids, time, folds, repeats, names, kept)
    _, folds, notes = affordable_folds(len(Y), ids, folds, kept)
    deals = [
        deal_labels(Y, ids, folds, np.random.default_rng([seed, repeat]))
        for repeat in range(repeats)
    ]
    splits = splits_of(deals, folds)
    scheme = (
        "stratified by labels" if ids is None else f"stratified by labels, {kept} kept together"
    )
    for split in splits:
        if not len(split.test) or not _vary(Y[split.train]).any():
            raise TargetError(
                f"in fold {split.fold + 1} of {folds} there is no label to learn from, because none is there in some "
                "training rows and not in others",
                remedy="use fewer folds, or give more rows"
                + ("" if ids is None else " or another --group if one was named"),
            )
    notes += _scarce(Y, ids, folds, names, kept)
    if ids is not None:
        notes += _uneven(Y, ids, splits, folds, names, kept)
    return FoldPlan(splits, folds, repeats, scheme, notes)


def _vary(Y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which labels some rows have and others have not."""
    counts = Y.sum(axis=0)
    return np.asarray((counts > 0) & (counts < len(Y)))


def _units(Y: NDArray[np.int64], ids: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Count, for each label, the rows or groups that have it."""
    if ids is None:
        return np.asarray(Y.sum(axis=0))
    return np.array([len(np.unique(ids[Y[:, j] > 0])) for j in range(Y.shape[1])])


def _scarce(
    Y: NDArray[np.int64], ids: NDArray[np.int64] | None, folds: int, names: list[str], kept: str
) -> list[str]:
    """Name the labels that are in fewer rows or groups than there are folds."""
    rows, units = Y.sum(axis=0), _units(Y, ids)
    notes = []
    for j in np.flatnonzero((rows > 0) & (units < folds)):
        count = rows_word(int(rows[j]))
        if units[j] > 1:
            in_groups = (
                f" in {units[j]} groups ({kept} are kept together)" if units[j] < rows[j] else ""
            )
            notes.append(
                f"label {names[j]} has {count}{in_groups}: some of the {folds} folds test without it"
            )
        elif rows[j] > 1:
            notes.append(
                f"label {names[j]}: all {rows[j]:,} rows are in one group ({kept} are kept together), "
                "so it is tested in one fold only, by models that have seen none of it"
            )
        else:
            notes.append(
                f"label {names[j]} has {count}: it is tested in one fold only, by models that have seen none of it"
            )
    return _shortened(notes, "labels are that scarce")


def _uneven(
    Y: NDArray[np.int64],
    ids: NDArray[np.int64],
    splits: list[Split],
    folds: int,
    names: list[str],
    kept: str,
) -> list[str]:
    """Name what the groups did not let be spread evenly."""
    counts = np.stack([Y[split.test].sum(axis=0) for split in splits])
    sizes = np.array([len(split.test) for split in splits])
    total, units = Y.sum(axis=0), _units(Y, ids)
    notes = []
    fair = len(Y) / folds
    if sizes.max() > fair * (1 + UNEVEN) + 1 or sizes.min() < fair * (1 - UNEVEN) - 1:
        notes.append(
            f"rows could not be spread evenly: {sizes.min():,} to {sizes.max():,} per fold instead of {fair:,.0f}; "
            f"{kept} are kept together"
        )
    off = []
    for j in np.flatnonzero(units >= folds):
        most, least, fair = int(counts[:, j].max()), int(counts[:, j].min()), total[j] / folds
        if most > fair * (1 + UNEVEN) + 1 or least < fair * (1 - UNEVEN) - 1:
            largest = int(np.bincount(ids[Y[:, j] > 0]).max())
            off.append(
                f"label {names[j]} could not be spread evenly: {least:,} to {most:,} rows per fold instead of "
                f"{fair:,.0f}; {kept} are kept together, and the largest holds {largest:,} of its {total[j]:,} rows"
            )
    return [*notes, *_shortened(off, "labels are that uneven")]


def _shortened(notes: list[str], what: str) -> list[str]:
    if len(notes) <= _SHOWN:
        return notes
    return [*notes[:_SHOWN], f"{len(notes) - _SHOWN} more {what}"]


def _forward(
    Y: NDArray[np.int64],
    ids: NDArray[np.int64] | None,
    time: NDArray[np.generic],
    folds: int,
    repeats: int,
    names: list[str],
    kept: str,
) -> FoldPlan:
    rank, notes, scheme = start_forward(time, len(Y), ids, repeats, kept)
    rows = np.bincount(rank).astype(float)
    total = Y.sum(axis=0)
    # Stretches of equal rows, or where these leave a label out, with equal parts of each label.
    weights = [rows]
    with_labels = np.bincount(rank, weights=Y @ (1.0 / np.maximum(total, 1)))
    weights.append(with_labels + rows / (1000 * len(Y)))
    for fewer in range(min(folds, len(rows) - 1), 0, -1):
        usable = []
        for weight in weights:
            splits = stretches(rank, weight, fewer, ids)
            if splits is None or not all(_vary(Y[split.train]).any() for split in splits):
                continue
            met = np.stack(
                [Y[side].any(axis=0) for split in splits for side in (split.train, split.test)]
            )
            usable.append((int(met.sum()), splits, met))
        if not usable:
            continue
        _, splits, met = max(usable, key=lambda one: one[0])
        if fewer < folds:
            notes.append(f"{fewer} {folds_word(fewer)} instead of {folds}: the times allow no more")
        if splits is not usable[0][1]:
            notes.append("the cuts in time are placed so that labels are met before and after them")
        scarce = []
        for j in np.flatnonzero(total):
            sides = [
                side
                for side, there in (("learn", met[::2, j]), ("test", met[1::2, j]))
                if not there.all()
            ]
            if sides:
                scarce.append(
                    f"label {names[j]} does not occur in every stretch of time: some folds cannot "
                    f"{' or '.join(sides)} it"
                )
        notes += _shortened(scarce, "labels do not either")
        return FoldPlan(splits, fewer, 1, scheme, notes)
    raise TargetError(
        "no cut in time leaves rows with and without a label before it"
        + (f" once {kept} are kept together" if ids is not None else ""),
        remedy="give a longer stretch of time, or leave --time out",
    )
