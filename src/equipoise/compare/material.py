"""What is made of each row by itself, once for all folds: counted words, sentence vectors, changed texts.

None of it depends on other rows, so that it tells a fold nothing about rows that it must not know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from equipoise.data.table import Table
from equipoise.frames import build_frame, text_values, to_frame
from equipoise.learners.encoding import count_texts, embed_texts
from equipoise.learners.text import TextCounts

__all__ = ["Changed", "Material"]

T = TypeVar("T")

_FORMS = 2  # changed forms of each text of a rarer class


@dataclass(frozen=True)
class Changed:
    """Rows with changed texts, and the rows that they were made from."""

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
        """Changed forms of the texts of all classes but the largest."""
        return self._once("changed", lambda: _change(self.table, self._y, self._seed))

    @property
    def vectors(self) -> list[NDArray[np.float32]]:
        """Sentence vectors of each text column."""
        return self._once("vectors", lambda: embed_texts(self.table))

    @property
    def changed_vectors(self) -> list[NDArray[np.float32]]:
        """Sentence vectors of the changed texts."""
        return self._once("changed vectors", lambda: embed_texts(self.changed.table))

    def all_vectors(self, with_changed: bool) -> NDArray[np.float32]:
        """Return the vectors of all rows, and of the changed ones below them, as one matrix."""

        def make() -> NDArray[np.float32]:
            parts = self.vectors
            if with_changed:
                pairs = zip(parts, self.changed_vectors, strict=True)
                parts = [np.vstack(pair) for pair in pairs]
            return np.ascontiguousarray(np.hstack(parts))

        return self._once(f"all vectors, {with_changed}", make)


def _change(table: Table, y: NDArray[np.int64], seed: int) -> Changed:
    from equipoise.samplers import TextAugmentation

    counts = np.bincount(y)
    wanted = {
        int(c): int(counts[c]) * (1 + _FORMS)
        for c in np.flatnonzero(counts)
        if counts[c] < counts.max()
    }
    if not wanted or not table.texts:
        return Changed(table.take(np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.int64))
    columns = [f"text{j}" for j in range(len(table.texts))]
    frame = build_frame(
        {name: text.tolist() for name, text in zip(columns, table.texts, strict=True)}
    )
    sampler = TextAugmentation(sampling_strategy=wanted, random_state=seed, column=columns)
    made = to_frame(sampler.fit_resample(frame.to_native(), y)[0])
    new = np.flatnonzero(np.asarray(sampler.sample_indices_) < 0)
    parents = np.asarray(sampler.parents_.indices[sampler.parents_.indptr[new]], dtype=np.int64)
    texts = [text_values(made[name])[new] for name in columns]
    return Changed(replace(table.take(parents), texts=texts), parents)
