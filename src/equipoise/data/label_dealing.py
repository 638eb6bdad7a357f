"""Deal rows that have sets of labels to folds: groups whole, each label evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["deal_labels", "spread"]

Whole = NDArray[np.int64]


def deal_labels(
    Y: NDArray[np.int64], groups: NDArray[np.int64] | None, folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give each row a fold, groups whole and each label spread as evenly as that allows.

    Groups of more than one row come first, the heaviest at the head, each to the fold that has least of the labels
    it holds. The single rows follow by `spread`, those with most labels first, and make up for what the groups left
    uneven.

    Parameters
    ----------
    Y : ndarray of shape (n, L), int64
        1 where a row has a label, else 0.
    groups : ndarray of shape (n,), int64, optional
        Group ids from 0.
    folds : int
        Number of folds.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of shape (n,), int64
        Fold of each row.

    References
    ----------
    K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the Stratification of Multi-label Data", ECML PKDD 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.label_dealing import deal_labels
    >>> Y = np.array([[1, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0, 0]])
    >>> fold = deal_labels(Y, None, 2, np.random.default_rng(0))
    >>> [int(Y[fold == k, 1].sum()) for k in range(2)], np.bincount(fold).tolist()
    ([1, 1], [3, 3])
    """
    # What a fold holds of each label, and in the last column its rows.
    content = np.column_stack([Y, np.ones(len(Y), dtype=np.int64)])
    total = content.sum(axis=0)
    held = np.zeros((folds, content.shape[1]), dtype=np.int64)
    fold = np.full(len(Y), -1, dtype=np.int64)
    if groups is not None:
        sizes = np.bincount(groups)
        rows = np.flatnonzero(sizes[groups] > 1)
        if len(rows):
            large, local = np.unique(groups[rows], return_inverse=True)
            fold[rows] = _deal_groups(content[rows], local, len(large), total, held, rng)[local]
    single = rng.permutation(np.flatnonzero(fold < 0))
    single = single[np.argsort(-content[single].sum(axis=1), kind="stable")]
    fold[single] = spread(Y[single].astype(bool), total - folds * held, rng)
    return fold


def spread(has: NDArray[np.bool_], need: Whole, rng: np.random.Generator) -> Whole:
    """Deal rows one by one: iterative stratification.

    Again and again the label with the fewest rows left is taken, and each of its rows, in the order given, goes to the
    fold that lacks that label most. Of several such folds it is the one that lacks most of all the row's labels and of
    rows, each in parts of its total; then the first in an order drawn once. Rows without labels come last.

    Parameters
    ----------
    has : ndarray of shape (m, L), bool
        The labels of the rows.
    need : ndarray of shape (folds, L + 1), int64
        How much each fold lacks of each label, and of rows in the last column, times the number of folds, so that
        the numbers are whole.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of shape (m,), int64
        Fold of each row.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.label_dealing import spread
    >>> has = np.array([[True], [True], [False], [False]])
    >>> sorted(spread(has, np.array([[2, 4], [2, 4]]), np.random.default_rng(0))[:2].tolist())
    [0, 1]
    """
    folds, L = len(need), has.shape[1]
    fold = np.full(len(has), -1, dtype=np.int64)
    order = rng.permutation(folds).tolist()
    waiting = np.arange(len(has))
    left = has.sum(axis=0)
    worth = (1.0 / np.maximum(need.sum(axis=0), 1)).tolist()
    lacking = need.T.tolist()
    while len(waiting) and left.any():
        label = int(np.argmin(np.where(left > 0, left, len(has) + 1)))
        mine = has[waiting, label]
        rows = waiting[mine]
        waiting = waiting[~mine]
        fold[rows] = _to_the_neediest(_lists(has[rows]), label, lacking, worth, order)
        left = left - has[rows].sum(axis=0)
    fold[waiting] = _to_the_neediest([[L]] * len(waiting), L, lacking, worth, order)
    return fold


def _lists(has: NDArray[np.bool_]) -> list[list[int]]:
    """List the labels of each row, and the column that counts rows."""
    L = has.shape[1]
    row, label = np.nonzero(has)
    ends = np.cumsum(np.bincount(row, minlength=len(has))).tolist()
    labels = label.tolist()
    starts = [0, *ends[:-1]]
    return [[*labels[a:b], L] for a, b in zip(starts, ends, strict=True)]


def _to_the_neediest(
    rows: list[list[int]],
    label: int,
    lacking: list[list[int]],
    worth: list[float],
    order: list[int],
) -> list[int]:
    """Give each row, in turn, to the fold that lacks most of a label; `lacking`, label by fold, is kept up to date."""
    folds = len(order)
    of_label = lacking[label]
    chosen = []
    for labels in rows:
        most = max(of_label)
        tied = [k for k in order if of_label[k] == most]
        best = tied[0]
        if len(tied) > 1:
            wanted = [sum(lacking[j][k] * worth[j] for j in labels) for k in tied]
            best = tied[wanted.index(max(wanted))]
        chosen.append(best)
        for j in labels:
            lacking[j][best] -= folds
    return chosen


def _deal_groups(
    content: Whole, local: Whole, count: int, total: Whole, held: Whole, rng: np.random.Generator
) -> Whole:
    """Deal groups, writing to `held`; return the fold of each."""
    folds = len(held)
    summed = np.zeros((count, content.shape[1]), dtype=np.int64)
    np.add.at(summed, local, content)
    kinds, kind_of = np.unique(summed, axis=0, return_inverse=True)
    # Labels count in parts of themselves, so that a rare one weighs as much as a frequent one; rows count as one more.
    scale = 1.0 / np.maximum(total, 1)
    heavy = np.argsort(-((kinds * scale) ** 2).sum(axis=1), kind="stable")
    members = np.argsort(kind_of, kind="stable")
    ends = np.cumsum(np.bincount(kind_of, minlength=len(kinds)))
    out = np.empty(count, dtype=np.int64)
    for kind in heavy:
        mine = rng.permutation(members[ends[kind - 1] if kind else 0 : ends[kind]])
        each = len(mine) // folds
        out[mine[: each * folds]] = np.tile(np.arange(folds), each)
        held += each * kinds[kind]
        price = kinds[kind] * scale**2
        ties = rng.permutation(folds)
        for group in mine[each * folds :]:
            cost = held @ price
            chosen = int(ties[np.argmin(cost[ties])])
            out[group] = chosen
            held[chosen] += kinds[kind]
    return out
