"""One changed form of a row of texts, by one of several methods."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

from equipoise.samplers.text.wording import Change

__all__ = ["Row", "change_row"]

Row = tuple[str, ...]


def change_row(
    parent: Row,
    changes: Sequence[tuple[str, Change]],
    rate: float,
    random: Random,
    protected: Collection[str],
    seen: set[Row],
) -> tuple[Row, str]:
    """Change the texts of a row by one method, and by another where that gives what is there already.

    Each method is tried once in random order, and once more where what they gave had been seen.

    Parameters
    ----------
    parent : tuple of str
        The texts of the row, one for each column.
    changes : sequence of (str, callable)
        Names and functions of the methods to draw from, as in
        :data:`equipoise.samplers.text.wording.METHODS`.
    rate : float
        Share of the words changed, above 0 and at most 1.
    random : random.Random
        Source of random numbers.
    protected : collection of str
        Words in casefold that stay.
    seen : set of tuple of str
        Rows that are there already, the parent among them. A new row is added in place.

    Returns
    -------
    row : tuple of str
        The changed row: one out of ``seen`` where no other was found, the parent where nothing changes it.
    method : str
        Name of the method, "" for the parent.

    Examples
    --------
    >>> from random import Random
    >>> from equipoise.samplers.text.rows import change_row
    >>> from equipoise.samplers.text.wording import METHODS
    >>> parent = ("call now", "to claim your prize")
    >>> change_row(parent, [("swap", METHODS["swap"])], 0.1, Random(1), (), {parent})
    (('now call', 'to your claim prize'), 'swap')
    """
    k = len(changes)
    order = [int(random.random() * k)]
    second_best = None
    for turn in range(2 * k):
        if turn == 1:
            rest = [i for i in range(k) if i != order[0]]
            rest.sort(key=lambda _: random.random())
            order = [*order, *rest, order[0], *rest]
        elif turn == k and second_best is None:
            break
        name, change = changes[order[turn]]
        row = tuple([change(text, rate, random, protected) for text in parent])
        if row not in seen:
            seen.add(row)
            return row, name
        if row != parent:
            second_best = row, name
    return second_best or (parent, "")
