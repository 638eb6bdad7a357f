"""One fold: its encodings, neighbour searches and generated rows, each made once and shared."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.data.folds import Split
from equipoise.data.table import Table
from equipoise.decisions.correction import prior_offset
from equipoise.ensembles import balanced_prior_offset
from equipoise.errors import NotApplicable
from equipoise.learners.base import Fitted, Learner, Training, scaled_weights
from equipoise.learners.encoding import Encoder, Matrix, View
from equipoise.learners.text import TextCounts
from equipoise.samplers.engine.neighbours import Graph
from equipoise.strategies.resampling import Resampled, Space, resample
from equipoise.strategies.strategy import Strategy

__all__ = ["Fold", "Trained", "stable_seed"]

T = TypeVar("T")


def stable_seed(*parts: object) -> int:
    """Derive a 31-bit seed from ``parts``, the same on every machine and in every order of work."""
    return zlib.crc32("/".join(str(part) for part in parts).encode()) & 0x7FFFFFFF


class Trained:
    """A fitted training part with all that turns new rows into corrected log-probabilities."""

    def __init__(
        self, fitted: Fitted, view: View, offset: NDArray[np.float64], rows_trained: int
    ) -> None:
        self.fitted = fitted
        self.view = view
        self.offset = offset
        self.rows_trained = rows_trained


class Fold:
    """The training and test rows of one split, with a cache of what strategies share.

    Everything is computed when first asked for, under a lock per key, so that threads that work on
    strategies of the same fold never do it twice.
    """

    def __init__(
        self,
        table: Table,
        y: NDArray[np.int64],
        n_classes: int,
        split: Split,
        seed: int,
        counts: list[TextCounts],
    ) -> None:
        self.table, self.y_all, self.n_classes = table, y, n_classes
        self.split, self.counts = split, counts
        self.seed = stable_seed(seed, split.repeat, split.fold)
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
    def y(self) -> NDArray[np.int64]:
        """Class codes of the training rows."""
        return self.once("y", lambda: self.y_all[self.split.train])

    def _table(self, side: str) -> Table:
        rows = self.split.train if side == "train" else self.split.test
        return self.once(("table", side), lambda: self.table.take(rows))

    def _counts(self, side: str) -> list[TextCounts]:
        rows = self.split.train if side == "train" else self.split.test
        return [column.take(rows) for column in self.counts]

    def _tfidf(self, side: str) -> list[sp.csr_matrix]:
        return self.once(("tfidf", side), lambda: self.encoder.tfidf(self._counts(side)))

    def _components(self, side: str) -> list[NDArray[np.float64]]:
        self.once("basis", lambda: self.encoder.fit_components(self._tfidf("train")))
        return self.once(("components", side), lambda: self.encoder.components(self._tfidf(side)))

    def _texts(self, side: str, view: View) -> Sequence[Matrix]:
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
        if view == "linear" and not self.table.texts:
            view = "dense"  # the same columns: share them
        return self.once(
            ("matrix", side, view),
            lambda: self.encoder.transform(self._table(side), view, self._texts(side, view)),
        )

    # -- strategies --------------------------------------------------------------------------

    def resampled(self, method: str, view: View) -> Resampled:
        """Return the fold's rows after ``method``, made once for all learners of a space."""
        # Without text there is one space; with it the linear view has another, that of the words.
        where: View = "linear" if view == "linear" and self.table.texts else "dense"

        def make() -> Resampled:
            space = Space(
                self._table("train"),
                self.y,
                self.encoder,
                matrix=lambda: self.matrix("train", where),
                graph=lambda: self.once(
                    ("graph", where), lambda: Graph(self.matrix("train", where))
                ),
            )
            seed = stable_seed(self.seed, method)
            return resample(method, space, seed, lambda other: self.resampled(other, view))

        return self.once(("rows", where, method), make)

    def train(self, learner: Learner, strategy: Strategy) -> Trained:
        """Fit one training part on the training rows.

        Raises
        ------
        NotApplicable
            If the strategy does not fit these rows.
        """
        view, y = learner.view, self.y
        rows: NDArray[np.int64] | None = None
        weight: NDArray[np.float64] | None = None
        shared = None
        categorical: tuple[int, ...] = ()
        made = self.resampled(strategy.rows.method, view) if strategy.rows else None
        if made is not None and made.X is not None:
            # Generated rows live in the dense view, and so must whatever is scored against them.
            view = "linear" if view == "linear" else "dense"
            X, y = made.X, made.y
        else:
            X = self.matrix("train", view)
            if view == "tree":
                categorical = tuple(self.encoder.categorical)
            if made is not None and made.rows is not None:
                rows, y, weight = made.rows, made.y, made.weight
            shared = self.once(
                ("shared", learner.name), lambda: learner.share(X, self.y, categorical)
            )
            if rows is not None and shared is None:
                X = X[rows]
        if strategy.weights is not None:
            by_class = strategy.weights.of_classes(self.y, self.n_classes)
            weight = by_class[y] if weight is None else weight * by_class[y]
        fitted = learner.fit(
            Training(
                X,
                y,
                self.n_classes,
                sample_weight=scaled_weights(weight),
                loss=strategy.loss,
                categorical=categorical,
                seed=stable_seed(self.seed, learner.name),
                shared=shared,
                rows=rows,
            )
        )
        offset = self._offset(learner, y, weight)
        return Trained(fitted, view, offset, len(y))

    def _offset(
        self, learner: Learner, y: NDArray[np.int64], weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        true = np.bincount(self.y, minlength=self.n_classes)
        if learner.balances:
            return balanced_prior_offset(true)
        # Otherwise it follows from the weight that each class had in training.
        return prior_offset(true, np.bincount(y, weights=weight, minlength=self.n_classes))

    def score(self, trained: Trained) -> NDArray[np.float64]:
        """Return the raw log-probabilities of the test rows, shape (rows, C)."""
        log_p = trained.fitted.log_proba(self.matrix("test", trained.view))
        if np.isnan(log_p).any():
            raise NotApplicable(
                "its model gives probabilities that are not numbers",
                remedy="leave it out with --strategies, or scale the columns",
            )
        return log_p
