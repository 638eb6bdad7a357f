"""One fold: its encodings, neighbour searches and generated rows, each made once and shared."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.compare.filling import Prepared, Trained, filling_of
from equipoise.compare.material import Material
from equipoise.compare.measures import Focus
from equipoise.data.dataset import Dataset
from equipoise.data.folds import Split, make_folds
from equipoise.data.table import Table
from equipoise.errors import NotApplicable, TargetError
from equipoise.learners.base import Learner, Loss
from equipoise.learners.encoding import Encoder, Matrix, View
from equipoise.learners.text import TextCounts
from equipoise.samplers.engine.neighbours import Graph
from equipoise.strategies.resampling import Resampled, Rows, Space
from equipoise.strategies.strategy import Strategy

__all__ = ["Fold", "stable_seed"]

T = TypeVar("T")

_INNER_FOLDS = 8


def stable_seed(*parts: object) -> int:
    """Derive a 31-bit seed from ``parts``, the same on every machine and in every order of work."""
    return zlib.crc32("/".join(str(part) for part in parts).encode()) & 0x7FFFFFFF


class Fold:
    """The training and test rows of one split, with a cache of what strategies share.

    Everything is computed when first asked for, under a lock per key, so that threads that work on
    strategies of the same fold never do it twice.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: Split,
        seed: int,
        material: Material,
        within: str = "",
        focus: Focus | None = None,
    ) -> None:
        self.dataset, self.split, self.material, self.focus = dataset, split, material, focus
        self.table, self.n_classes = dataset.table, max(len(dataset.classes), 1)
        self._base_seed = seed
        self.seed = stable_seed(seed, split.repeat, f"{split.fold}{within}")
        self._cache: dict[Any, Any] = {}
        self._locks: dict[Any, threading.Lock] = {}
        self._guard = threading.Lock()

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Return the cached value of ``key``, made by the first thread that asks."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._cache:
                try:
                    self._cache[key] = make()
                except NotApplicable as error:
                    self._cache[key] = error
            value = self._cache[key]
        if isinstance(value, NotApplicable):
            # A fresh one for each thread: a traceback that grows would keep its frames alive.
            raise NotApplicable(value.problem, remedy=value.remedy)
        out: T = value
        return out

    # -- encodings ---------------------------------------------------------------------------

    @property
    def y(self) -> NDArray[Any]:
        """The target of the training rows."""
        return self.once("y", lambda: self.dataset.y[self.split.train])

    def _table(self, side: str) -> Table:
        rows = self.split.train if side == "train" else self.split.test
        return self.once(("table", side), lambda: self.table.take(rows))

    def _counts(self, side: str) -> list[TextCounts]:
        rows = self.split.train if side == "train" else self.split.test
        return [column.take(rows) for column in self.material.words]

    def _tfidf(self, side: str) -> list[sp.csr_matrix]:
        return self.once(("tfidf", side), lambda: self.encoder.tfidf(self._counts(side)))

    def _components(self, side: str) -> list[NDArray[np.float64]]:
        self.once("basis", lambda: self.encoder.fit_components(self._tfidf("train")))
        return self.once(("components", side), lambda: self.encoder.components(self._tfidf(side)))

    def _texts(self, side: str, view: View) -> Sequence[Matrix]:
        if view == "text":
            return []
        if view == "embedding":
            rows = self.split.train if side == "train" else self.split.test
            return [vectors[rows] for vectors in self.material.vectors()]
        return self._tfidf(side) if view == "linear" else self._components(side)

    @property
    def encoder(self) -> Encoder:
        """The encoder, fitted on the training rows."""
        return self.once(
            "encoder",
            lambda: Encoder(seed=self.seed).fit(self._table("train"), self._counts("train")),
        )

    def matrix(self, side: str, view: View) -> Matrix:
        """Return the training or test rows in a view."""
        if view in ("linear", "embedding") and not self.table.texts:
            view = "dense"  # the same columns: share them
        return self.once(
            ("matrix", side, view),
            lambda: self.encoder.transform(self._table(side), view, self._texts(side, view)),
        )

    def with_changed(self, X: Matrix, view: View) -> Matrix:
        """Return the training rows in a view, and behind them all changed texts of the data."""

        def make() -> Matrix:
            table = self.material.changed.table
            if view == "embedding":
                return self.encoder.transform(table, view, self.material.changed_vectors())
            if view not in ("linear", "text"):
                self._components("train")
            return self.encoder.transform(table, view)

        parts = [X, self.once(("changed", view), make)]
        return sp.vstack(parts, format="csr") if sp.issparse(X) else np.concatenate(parts)

    def _parents(self) -> NDArray[np.int64]:
        """Return the training row that each changed text was made from, or -1."""
        place = np.full(self.table.n, -1, dtype=np.int64)
        place[self.split.train] = np.arange(len(self.split.train))
        return place[self.material.changed.parents]

    @property
    def inner(self) -> Fold:
        """The training rows as a fold of their own, whose test rows say when to stop or what to choose."""

        def make() -> Fold:
            rows, data = self.split.train, self.dataset
            try:
                drawn = make_folds(
                    self.y,
                    None if data.groups is None else data.groups[rows],
                    None if data.time is None else data.time[rows],
                    _INNER_FOLDS,
                    seed=self.seed,
                )
            except TargetError as error:
                raise NotApplicable(
                    "no part of its training rows can be kept out of training with all classes in the rest",
                    remedy="use a learner that needs no such part, such as linear or boosting",
                ) from error
            split = drawn.splits[-1]  # of a split in time, the last one
            outer = self.split
            inner = Split(outer.repeat, outer.fold, rows[split.train], rows[split.test])
            return Fold(data, inner, self._base_seed, self.material, "/inner", self.focus)

        return self.once("inner", make)

    # -- strategies --------------------------------------------------------------------------

    def watched(self, view: View) -> tuple[Matrix, NDArray[Any]]:
        """Return the test rows with their target, for a fold whose test rows say when to stop."""
        return self.matrix("test", view), self.dataset.y[self.split.test]

    def seed_of(self, name: str) -> int:
        """Return the seed of what is called ``name`` on this fold."""
        return stable_seed(self.seed, name)

    def resampled(self, filling: Rows, view: View) -> Resampled:
        """Return the fold's rows after ``filling``, made once for all learners of a space."""
        # Without text there is one space; with it words, and the vectors of sentences, have their own.
        where: View = "dense"
        if self.table.texts and view in ("linear", "embedding", "text"):
            where = "linear" if view == "linear" else "embedding"

        def make() -> Resampled:
            space = Space(
                self._table("train"),
                self.y,
                self.encoder,
                matrix=lambda: self.matrix("train", where),
                graph=lambda: self.once(
                    ("graph", where), lambda: Graph(self.matrix("train", where))
                ),
                parents=self._parents,
                focus=self.focus,
            )
            return filling.resample(
                space, self.seed_of(filling.method), lambda other: self.resampled(other, view)
            )

        return self.once(("rows", where, filling.method), make)

    def prepare(self, learner: Learner, strategy: Strategy) -> Prepared:
        """Fill the slots of a training part from the training rows.

        Raises
        ------
        NotApplicable
            If the strategy does not fit these rows.
        """
        loss = strategy.loss
        if loss is not None and loss.tuned:
            loss = self.tuned_loss(learner, strategy)
        fill = filling_of(self.dataset.task)
        if learner.watches:
            return fill(self.inner, learner, strategy, loss, watched=True)
        return fill(self, learner, strategy, loss)

    def tuned_loss(self, learner: Learner, strategy: Strategy) -> Loss:
        """Choose the numbers of a loss on rows of the training part that are kept out for it."""

        def make() -> Loss:
            from equipoise.compare.tuning import tune_loss

            return tune_loss(self.inner, learner, strategy)

        return self.once(("loss", learner.name, strategy.name), make)

    def train(self, learner: Learner, strategy: Strategy) -> Trained:
        """Fit one training part on the training rows.

        Raises
        ------
        NotApplicable
            If the strategy does not fit these rows.
        """
        return self.prepare(learner, strategy).fit(learner)

    def score(self, trained: Trained) -> NDArray[np.float64]:
        """Return the raw scores of the test rows: log-probabilities (rows, C) of classes."""
        scores = trained.scores(self._test_rows(trained))
        if np.isnan(scores).any():
            raise NotApplicable(
                "its model gives predictions that are not numbers",
                remedy="leave it out with --strategies, or scale the columns",
            )
        return scores

    def _test_rows(self, trained: Trained) -> Matrix:
        if trained.fold is self:
            return self.matrix("test", trained.view)
        # It was trained through the encoder of the inner fold.
        return self.once(
            ("test of inner", trained.view), lambda: trained.fold.encode(self, trained.view)
        )

    def encode(self, other: Fold, view: View) -> Matrix:
        """Return the test rows of another fold as this one's encoder sees them."""
        table = other._table("test")
        if view == "embedding":
            return self.encoder.transform(table, view, other._texts("test", view))
        if view not in ("linear", "text") and table.texts:
            self._components("train")
        return self.encoder.transform(table, view)
