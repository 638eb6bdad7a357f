"""Plan the splits: stratified, groups on one side, or forward in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise.data.dealing import deal
from equipoise.data.duplicates import duplicate_groups, merge_groups
from equipoise.data.forward import forward_splits
from equipoise.data.label_folds import label_folds
from equipoise.data.number_folds import number_folds
from equipoise.data.seeds import check_seed
from equipoise.data.splits import FoldPlan, Split, folds_word, splits_of
from equipoise.data.strata import form_of
from equipoise.errors import TargetError, UsageError

__all__ = ["FoldPlan", "Split", "duplicate_groups", "make_folds", "merge_groups"]

# A fold is called uneven when its share of a class is off by more than this part of the fair share.
UNEVEN = 0.25


def make_folds(
    y: np.ndarray,
    groups: np.ndarray | None = None,
    time: np.ndarray | None = None,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    *,
    labels: Sequence[Any] | None = None,
    kept: str = "groups",
) -> FoldPlan:
    """Plan the folds of a trial.

    Without `time`, every row is tested once per repeat. Each fold gets its fair share of each class: to within one
    row if there are no groups, and as near as whole groups allow if there are. Groups of more than one row are dealt
    first, alike ones evenly, the rest each to the fold that has least of what they hold; single rows then fill up.

    Labels, of which a row may have several, are dealt by iterative stratification; see
    ``equipoise.data.label_dealing``. Numbers are cut into up to 20 ranges of equal mass, which are then dealt like
    classes.

    With `time`, the rows are cut into `folds` + 1 stretches; each but the first is tested once, by a model that saw
    only what came before. Equal times are never split. Training rows whose group is also tested are left out.

    A class with fewer rows or groups than folds reduces the number of folds, with a note. Groups that make an even
    deal impossible lead to a note, not to an error. So does a label with fewer rows or groups than folds: some folds
    test without it.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, L)
        Class codes from 0, int64; 1 for each label that a row has, else 0, of shape (n, L); or numbers, float64.
    groups : ndarray of shape (n,), optional
        Rows with the same id stay on one side.
    time : ndarray of shape (n,), optional
        Numbers, dates or texts in an order of time.
    folds : int, default 5
        Number of folds, at least 2.
    repeats : int, default 1
        How often to split anew. A split in time cannot be repeated.
    seed : int, default 0
        The same seed gives the same folds.
    labels : sequence, optional
        Names of the classes, in code order, or of the labels, for the notes.
    kept : str, default "groups"
        What the groups are, for the notes: "duplicates", for example.

    Returns
    -------
    FoldPlan
        The splits, what scheme they follow, and notes.

    Raises
    ------
    UsageError
        If `folds`, `repeats` or `seed` cannot be used.
    TargetError
        If no split leaves two classes, a label or two different numbers to learn from.
    DataError
        If a time is missing.

    References
    ----------
    K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the Stratification of Multi-label Data", ECML PKDD 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.folds import make_folds
    >>> y = np.array([0] * 16 + [1] * 4)
    >>> plan = make_folds(y, folds=4)
    >>> plan.scheme, [int(y[split.test].sum()) for split in plan.splits]
    ('stratified', [1, 1, 1, 1])
    """
    _check(folds, repeats, seed)
    y = np.asarray(y)
    form = form_of(y)
    ids = None if groups is None else np.unique(groups, return_inverse=True)[1]
    if ids is not None and int(ids.max(initial=-1)) + 1 == len(ids):
        ids = None
    if form == "numbers":
        return number_folds(y, ids, time, folds, repeats, seed, kept)
    y = y.astype(np.int64)
    count = y.shape[1] if form == "labels" else int(y.max(initial=0)) + 1
    names = (
        [repr(label) for label in labels] if labels is not None else [str(c) for c in range(count)]
    )
    if form == "labels":
        return label_folds(y, ids, time, folds, repeats, seed, names, kept)
    if len(np.unique(y)) < 2:
        raise TargetError(
            "the target has one class only", remedy="give rows of at least two classes"
        )
    if time is not None:
        return forward_splits(y, ids, time, folds, repeats, names, kept)
    return _stratified(y, ids, folds, repeats, seed, names, kept)


def _check(folds: int, repeats: int, seed: int) -> None:
    check_seed(seed)
    given: list[tuple[str, Any, int]] = [("folds", folds, 2), ("repeats", repeats, 1)]
    for name, value, least in given:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise UsageError(
                f"{name}={value!r} cannot be used",
                remedy=f"give a whole number of at least {least}",
            )


def _stratified(
    y: np.ndarray,
    ids: np.ndarray | None,
    folds: int,
    repeats: int,
    seed: int,
    names: list[str],
    kept: str,
) -> FoldPlan:
    planned, notes = _affordable(y, ids, folds, names, kept)
    scheme = "stratified" if ids is None else f"stratified, {kept} kept together"
    shareable = ~_in_one_group(y, ids)
    for folds in range(planned, 1, -1):
        deals = [
            deal(y, ids, folds, np.random.default_rng([seed, repeat])) for repeat in range(repeats)
        ]
        counts = np.stack([_count(y, fold, folds) for fold in deals])
        # Large groups may leave a fold without a class though there are groups enough; fewer folds can mend that.
        if (counts[..., shareable] > 0).all():
            break
    if folds < planned:
        notes.append(
            f"{folds} {folds_word(folds)}: with more, {kept} kept together would leave some fold without a class"
        )
    if ids is not None:
        notes += _uneven(counts, y, ids, names, kept)
    _refuse_single_class(counts, names, kept)
    return FoldPlan(splits_of(deals, folds), folds, repeats, scheme, notes)


def _affordable(
    y: np.ndarray, ids: np.ndarray | None, folds: int, names: list[str], kept: str
) -> tuple[int, list[str]]:
    """Reduce the folds to the rows, or groups, of the scarcest class; a class in one group is left to a later note."""
    rows = np.bincount(y)
    units = _units(y, ids)
    present = np.flatnonzero(rows)
    single = present[rows[present] == 1]
    if len(single):
        raise TargetError(
            f"class {names[single[0]]} has 1 row: a class cannot be both learned and tested on one row",
            remedy="leave such classes out with --drop-rare-classes (drop_rare_classes=True), or merge them into others",
        )
    usable = present[units[present] > 1]
    scarcest = usable[np.argmin(units[usable])] if len(usable) else None
    if scarcest is None or units[scarcest] >= folds:
        return folds, []
    fewer = int(units[scarcest])
    in_groups = f" in {fewer} groups ({kept} are kept together)" if fewer < rows[scarcest] else ""
    note = f"class {names[scarcest]} has {rows[scarcest]:,} rows{in_groups}: {fewer} folds instead of {folds}"
    if fewer < 5:
        note += ", and what is said of that class rests on very little"
    return fewer, [note]


def _in_one_group(y: np.ndarray, ids: np.ndarray | None) -> np.ndarray:
    """Say of each class code whether there are no two groups with rows of it."""
    units = _units(y, ids)
    return np.asarray(units == 0 if ids is None else units < 2)


def _units(y: np.ndarray, ids: np.ndarray | None) -> np.ndarray:
    """Count, for each class code, the rows or groups that can be dealt."""
    if ids is None:
        return np.bincount(y)
    C = int(y.max()) + 1
    return np.bincount(np.unique(ids * C + y) % C, minlength=C)


def _count(y: np.ndarray, fold: np.ndarray, folds: int) -> np.ndarray:
    C = int(y.max()) + 1
    return np.bincount(fold * C + y, minlength=folds * C).reshape(folds, C)


def _uneven(
    counts: np.ndarray, y: np.ndarray, ids: np.ndarray, names: list[str], kept: str
) -> list[str]:
    """Name what the groups did not let be spread evenly."""
    notes = []
    folds, C = counts.shape[1:]
    total = np.bincount(y, minlength=C)
    largest = np.zeros(C, dtype=np.int64)
    pairs, sizes = np.unique(ids * C + y, return_counts=True)
    np.maximum.at(largest, pairs % C, sizes)
    for c in np.flatnonzero(total):
        most, least = int(counts[..., c].max()), int(counts[..., c].min())
        fair = total[c] / folds
        if most == total[c]:
            notes.append(
                f"class {names[c]}: all {total[c]:,} rows are in one group ({kept} are kept together), "
                "so it is tested in one fold only, by models that have seen none of it"
            )
        elif most > fair * (1 + UNEVEN) + 1 or least < fair * (1 - UNEVEN) - 1:
            notes.append(
                f"class {names[c]} could not be spread evenly: {least:,} to {most:,} rows per fold instead of "
                f"{fair:,.0f}; {kept} are kept together, and the largest holds {largest[c]:,} of its {total[c]:,} rows"
            )
    return notes


def _refuse_single_class(counts: np.ndarray, names: list[str], kept: str) -> None:
    """Refuse a plan in which some training side would hold fewer than two classes."""
    train = counts.sum(axis=1, keepdims=True) - counts
    bad = ((train > 0).sum(axis=-1) < 2).any()
    if bad:
        lost = int(np.argmax((train == 0).any(axis=(0, 1)) & (counts.sum(axis=(0, 1)) > 0)))
        raise TargetError(
            f"all rows of class {names[lost]} are in one group ({kept} are kept together), so no split can both learn and test it",
            remedy="give rows of that class in at least two groups, or another --group if one was named",
        )
