"""Columns that give the target away: found and reported, never removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise.data.class_leaks import Leak, find_class_leaks
from equipoise.data.column_scores import Features
from equipoise.data.label_leaks import find_label_leaks
from equipoise.data.number_leaks import find_number_leaks
from equipoise.data.seeds import check_seed
from equipoise.data.strata import form_of

__all__ = ["Leak", "find_leaks"]


def find_leaks(
    table: Features, y: np.ndarray, seed: int = 0, *, labels: Sequence[Any] | None = None
) -> list[Leak]:
    """Find columns that predict the target near perfectly, or far better than every other column.

    Each column of numbers or categories is cut into levels: its values or, where these are many, up to 64 ranges
    of equal mass and a few more along each class; missing is a level of its own. The share of each class per level,
    learned on two thirds of the rows, predicts the last third, in turn. Numbers are also judged by their plain order.
    A column is reported if these predictions

    - tell some class from all others with an area under the ROC curve of at least 0.995, or name the right class with
      a balanced accuracy of at least 0.98: it gives the target away; or
    - reach an area of at least 0.9 while the next best column is at most a third as far above chance, out of three
      columns or more: it stands out, as an answer given together with the target does.

    A strong column may be quite legitimate; whether it is known at the time of prediction only the user can say.
    Each label of a row is looked at as two classes. For numbers see `find_number_leaks` in
    ``equipoise.data.number_leaks``.

    Texts are not searched. Of large tables all rows of the rare classes are used and a random sample of the others,
    weighted back to their number. Classes of fewer than 10 rows are left out of account.

    Parameters
    ----------
    table : Table
        The features.
    y : ndarray of shape (n,) or (n, L)
        Class codes from 0, int64; 1 for each label that a row has, else 0, of shape (n, L); or numbers, float64.
    seed : int, default 0
        Seed of the sample and of the thirds.
    labels : sequence, optional
        Names of the classes, in code order, or of the labels, for the words.

    Returns
    -------
    list of Leak
        Strongest first; empty if no column is suspicious.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from equipoise.data.leaks import find_leaks
    >>> y = np.repeat([0, 1], [80, 20])
    >>> refund = np.where(y == 1, 9.5, np.nan)
    >>> noise = np.random.default_rng(0).normal(size=100)
    >>> table = SimpleNamespace(numbers=np.column_stack([noise, refund]), number_names=["age", "refund"],
    ...                         codes=np.empty((100, 0), np.int32), category_names=[])
    >>> [(leak.column, leak.score) for leak in find_leaks(table, y)]
    [('refund', 1.0)]
    """
    check_seed(seed)
    y = np.asarray(y)
    form = form_of(y)
    rng = np.random.default_rng(seed)
    if form == "numbers":
        return find_number_leaks(table, y, rng)
    if form == "labels":
        names = [str(j) for j in range(y.shape[1])] if labels is None else [repr(x) for x in labels]
        return find_label_leaks(table, y, rng, names)
    return find_class_leaks(table, y.astype(np.int64), rng, labels)
