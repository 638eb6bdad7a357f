"""Deal rows to folds like cards: groups whole, each class evenly."""

from __future__ import annotations

import numpy as np

__all__ = ["deal"]


def deal(
    y: np.ndarray, groups: np.ndarray | None, folds: int, rng: np.random.Generator
) -> np.ndarray:
    """Give each row a fold, groups whole and each class spread as evenly as that allows.

    The same idea as a greedy deal of groups one by one, each to the fold that has least of what it holds, but groups
    with the same rows of each class are dealt together and single rows fill up in bulk, so the work does not grow
    with the number of groups.

    Parameters
    ----------
    y : ndarray of shape (n,), int64
        Class codes from 0.
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

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.data.dealing import deal
    >>> fold = deal(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 2, 3, 3]), 2, np.random.default_rng(0))
    >>> bool(fold[0] == fold[1]), bool(fold[4] == fold[5])
    (True, True)
    """
    n, C = len(y), int(y.max()) + 1
    fold = np.full(n, -1, dtype=np.int64)
    held = np.zeros((folds, C), dtype=np.int64)
    total = np.bincount(y, minlength=C)
    single = np.ones(n, dtype=bool)
    if groups is not None:
        sizes = np.bincount(groups)
        single = sizes[groups] == 1
        if not single.all():
            _deal_groups(y, groups, sizes, total, fold, held, rng)
    for c in np.argsort(total, kind="stable"):
        rows = rng.permutation(np.flatnonzero(single & (y == c)))
        shares = _fill(held, int(c), len(rows), rng)
        fold[rows] = np.repeat(np.arange(folds), shares)
        held[:, c] += shares
    return fold


def _deal_groups(
    y: np.ndarray,
    groups: np.ndarray,
    sizes: np.ndarray,
    total: np.ndarray,
    fold: np.ndarray,
    held: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Deal the groups of more than one row, writing to `fold` and `held`."""
    folds, C = held.shape
    rows = np.flatnonzero(sizes[groups] > 1)
    large, local = np.unique(groups[rows], return_inverse=True)
    kind_of, kinds = _kinds(y[rows], local, len(large), C)
    # Rows count in parts of their class, so that a rare class weighs as much as a frequent one; a small price for plain
    # rows keeps the folds alike in size where the classes leave the choice open.
    scale = 1.0 / np.maximum(total, 1)
    heavy = np.argsort(-((kinds * scale) ** 2).sum(axis=1), kind="stable")
    members = np.argsort(kind_of, kind="stable")
    ends = np.cumsum(np.bincount(kind_of, minlength=len(kinds)))
    fold_of = np.empty(len(large), dtype=np.int64)
    n = int(total.sum())
    for kind in heavy:
        mine = rng.permutation(members[ends[kind - 1] if kind else 0 : ends[kind]])
        each = len(mine) // folds
        content = kinds[kind]
        price = content * scale**2 + content.sum() / (n * n * C)
        ties = rng.permutation(folds)
        fold_of[mine[: each * folds]] = np.tile(np.arange(folds), each)
        held += each * content
        for group in mine[each * folds :]:
            cost = held @ price
            chosen = int(ties[np.argmin(cost[ties])])
            fold_of[group] = chosen
            held[chosen] += content
    fold[rows] = fold_of[local]


def _kinds(y: np.ndarray, local: np.ndarray, count: int, C: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort groups by content: the kind of each group, and the rows of each class in each kind."""
    pairs, rows = np.unique(local * C + y, return_counts=True)
    group, c = pairs // C, pairs % C
    kind_of = np.zeros(count, dtype=np.int64)
    # Class by class, not as one wide table: with 100 classes most cells of it would be empty.
    for k in range(C):
        mine = c == k
        content = np.zeros(count, dtype=np.int64)
        content[group[mine]] = rows[mine]
        kind_of = np.unique(kind_of * (int(content.max()) + 1) + content, return_inverse=True)[1]
    kinds = np.zeros((int(kind_of.max()) + 1, C), dtype=np.int64)
    kinds[kind_of[group], c] = rows
    return kind_of, kinds


def _fill(held: np.ndarray, c: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Share `count` single rows of class c among the folds so that the class ends as level as possible."""
    folds = len(held)
    level = np.sort(held[:, c])
    # Raise the lowest folds to a common level, as far as the rows go.
    needed = level * np.arange(1, folds + 1) - np.cumsum(level)
    low = int(np.searchsorted(needed, count, side="right"))
    height = (count + int(level[:low].sum())) // low
    shares: np.ndarray = np.maximum(height - held[:, c], 0)
    # Folds that already stand above the level get none; the few rows left go to the smallest folds that do not.
    left = count - int(shares.sum())
    open_folds = np.flatnonzero(held[:, c] <= height)
    order = rng.permutation(open_folds)
    order = order[np.argsort((held.sum(axis=1) + shares)[order], kind="stable")]
    shares[order[:left]] += 1
    return shares
