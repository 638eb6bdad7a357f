"""What is made of each row by itself, once for all folds: counted words, sentence vectors, changed texts.

None of it depends on other rows, so that it tells a fold nothing about rows that it must not know: the changed
texts of a row come from its own texts and the seed. Only which rows have any is a matter of the whole data: those
of all classes but the largest, a property of the data that all folds share.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from equipoise.data.table import Table
from equipoise.learners.encoding import count_texts, embed_texts
from equipoise.learners.text import TextCounts
from equipoise.samplers.text.rows import Row, change_row
from equipoise.samplers.text.wording import METHODS, Change

__all__ = ["Changed", "Material"]

T = TypeVar("T")

_FORMS = 2  # changed forms of each text of a rarer class


@dataclass(frozen=True)
class Changed:
    """Rows with changed texts, and the rows that they were made from, in the order of these."""

    table: Table
    parents: NDArray[np.int64]


class Material:
    """Words, vectors and changed texts of all rows, each made when first asked for.

    Parameters
    ----------
    table : Table
        All rows.
    y : int64 array, shape (n,)
        Class codes.
    seed : int
        Seed of the changes.
    """

    def __init__(self, table: Table, y: NDArray[np.int64], seed: int) -> None:
        self.table, self._y, self._seed = table, y, seed
        self._made: dict[str, Any] = {}
        self._lock = threading.RLock()

    def _once(self, key: str, make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            out: T = self._made[key]
        return out

    @property
    def words(self) -> list[TextCounts]:
        """Terms of the text columns."""
        return self._once("words", lambda: count_texts(self.table))

    @property
    def changed(self) -> Changed:
        """Changed forms of the texts of all classes but the largest.

        Up to two for each row, different from it and from each other; none for a text that cannot be changed.
        Equal texts have equal forms.
        """
        return self._once("changed", lambda: _change(self.table, self._y, self._seed))

    def vectors(self) -> list[NDArray[np.float32]]:
        """Return the sentence vectors of each text column."""
        return self._once("vectors", lambda: embed_texts(self.table))

    def changed_vectors(self) -> list[NDArray[np.float32]]:
        """Return the sentence vectors of the changed texts."""
        return self._once("changed vectors", lambda: embed_texts(self.changed.table))


def _change(table: Table, y: NDArray[np.int64], seed: int) -> Changed:
    from equipoise.samplers import TextAugmentation

    usual = TextAugmentation()
    changes = [(name, METHODS[name]) for name in usual.methods]
    counts = np.bincount(y)
    # Changed texts of the largest class would be embedded for nothing.
    rarer = np.flatnonzero(counts[y] < counts.max()) if table.texts else np.empty(0, dtype=np.int64)
    forms: list[Row] = []
    parents: list[int] = []
    for row in rarer.tolist():
        own = _forms(tuple([text[row] for text in table.texts]), changes, usual.rate, seed)
        forms += own
        parents += [row] * len(own)
    made = table.take(np.array(parents, dtype=np.int64))
    for j, text in enumerate(made.texts):
        text[:] = [form[j] for form in forms]
    return Changed(made, np.array(parents, dtype=np.int64))


def _forms(row: Row, changes: Sequence[tuple[str, Change]], rate: float, seed: int) -> list[Row]:
    seen = {row}
    out = []
    for form in range(_FORMS):
        # Written out so, columns stay apart, and half of a surrogate pair can be hashed too.
        digest = hashlib.sha256(ascii((int(seed), form, row)).encode()).digest()
        known = len(seen)
        random = Random(int.from_bytes(digest[:8], "big"))
        made, _ = change_row(row, changes, rate, random, (), seen)
        if len(seen) > known:
            out.append(made)
    return out
