"""One fold: its encodings, neighbour searches and generated rows, each made once and shared."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.compare.material import Material
from equipoise.data.dataset import Dataset
from equipoise.data.folds import Split, make_folds
from equipoise.data.table import Table
from equipoise.decisions.correction import prior_offset
from equipoise.ensembles import balanced_prior_offset
from equipoise.errors import NotApplicable, TargetError
from equipoise.learners.base import (
    Fitted,
    Learner,
    Loss,
    Together,
    Training,
    scaled_weights,
)
from equipoise.learners.encoding import Encoder, Matrix, View
from equipoise.learners.losses import Refocused, loss_offset, split_alpha
from equipoise.learners.text import TextCounts
from equipoise.samplers.engine.neighbours import Graph
from equipoise.strategies.resampling import Resampled, Space, resample
from equipoise.strategies.strategy import Strategy

__all__ = ["Fold", "Prepared", "Trained", "stable_seed", "trains_together"]

T = TypeVar("T")

_INNER_FOLDS = 8


def stable_seed(*parts: object) -> int:
    """Derive a 31-bit seed from ``parts``, the same on every machine and in every order of work."""
    return zlib.crc32("/".join(str(part) for part in parts).encode()) & 0x7FFFFFFF


@dataclass(frozen=True)
class Trained:
    """A fitted training part with all that turns new rows into corrected log-probabilities."""

    fold: Fold  # whose encoder it reads through
    fitted: Fitted
    view: View
    offset: NDArray[np.float64]
    rows_trained: int


@dataclass(frozen=True)
class Prepared:
    """A training part with its slots filled from the rows of a fold, ready to be fitted."""

    fold: Fold
    training: Training
    view: View
    offset: NDArray[np.float64]

    @property
    def on_rows_of_fold(self) -> bool:
        """Whether it is trained on the matrix that strategies of its fold share."""
        return self.training.X is self.fold.matrix("train", self.view)

    def trained(self, fitted: Fitted) -> Trained:
        """Return it with what was fitted."""
        focus = 0.0 if self.training.loss is None else self.training.loss.focus
        if focus:
            fitted = Refocused(fitted, focus)
        return Trained(self.fold, fitted, self.view, self.offset, len(self.training.y))


class Fold:
    """The training and test rows of one split, with a cache of what strategies share.

    Everything is computed when first asked for, under a lock per key, so that threads that work on
    strategies of the same fold never do it twice.
    """

    def __init__(
        self, dataset: Dataset, split: Split, seed: int, material: Material, within: str = ""
    ) -> None:
        self.dataset, self.split, self.material = dataset, split, material
        self.table, self.n_classes = dataset.table, len(dataset.classes)
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
    def y(self) -> NDArray[np.int64]:
        """Class codes of the training rows."""
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

    def _with_changed(self, X: Matrix, view: View) -> Matrix:
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
            return Fold(data, inner, self._base_seed, self.material, within="/inner")

        return self.once("inner", make)

    # -- strategies --------------------------------------------------------------------------

    def resampled(self, method: str, view: View) -> Resampled:
        """Return the fold's rows after ``method``, made once for all learners of a space."""
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
            )
            seed = stable_seed(self.seed, method)
            return resample(method, space, seed, lambda other: self.resampled(other, view))

        return self.once(("rows", where, method), make)

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
        if learner.watches:
            return self.inner._prepare(learner, strategy, loss, watched=True)
        return self._prepare(learner, strategy, loss)

    def tuned_loss(self, learner: Learner, strategy: Strategy) -> Loss:
        """Choose the numbers of a loss on rows of the training part that are kept out for it."""

        def make() -> Loss:
            from equipoise.compare.tuning import tune_loss

            return tune_loss(self.inner, learner, strategy)

        return self.once(("loss", learner.name, strategy.name), make)

    def _prepare(
        self, learner: Learner, strategy: Strategy, loss: Loss | None, watched: bool = False
    ) -> Prepared:
        view, y = learner.view, self.y
        rows: NDArray[np.int64] | None = None
        weight: NDArray[np.float64] | None = None
        shared = None
        categorical: tuple[int, ...] = ()
        made = self.resampled(strategy.rows.method, view) if strategy.rows else None
        if made is not None and made.X is not None:
            # Generated rows live in the dense view, and so must whatever is scored against them.
            view = view if view in ("linear", "embedding") else "dense"
            X, y = made.X, made.y
        else:
            if made is not None and made.rows is not None:
                rows, y, weight = made.rows, made.y, made.weight
            X = self.matrix("train", view)
            if view == "tree":
                categorical = tuple(self.encoder.categorical)
            if rows is not None and (rows >= len(self.y)).any():
                X, rows = self._with_changed(X, view)[rows], None
            else:
                shared = self.once(
                    ("shared", learner.name), lambda: learner.share(X, self.y, categorical)
                )
                if rows is not None and shared is None and not trains_together(learner):
                    X, rows = X[rows], None
        if strategy.weights is not None:
            by_class = strategy.weights.of_classes(self.y, self.n_classes)
            weight = by_class[y] if weight is None else weight * by_class[y]
        if loss is not None:
            loss, shares = split_alpha(loss, self.y, self.n_classes)
            if shares is not None:
                weight = shares[y] if weight is None else weight * shares[y]
        training = Training(
            X,
            y,
            self.n_classes,
            sample_weight=scaled_weights(weight),
            loss=loss,
            schedule=strategy.schedule,
            start_at_prior=strategy.start,
            categorical=categorical,
            seed=stable_seed(self.seed, learner.name),
            shared=shared,
            rows=rows,
            watched=(
                (self.matrix("test", view), self.dataset.y[self.split.test]) if watched else None
            ),
        )
        return Prepared(self, training, view, self._offset(learner, y, weight, loss))

    def train(self, learner: Learner, strategy: Strategy) -> Trained:
        """Fit one training part on the training rows.

        Raises
        ------
        NotApplicable
            If the strategy does not fit these rows.
        """
        prepared = self.prepare(learner, strategy)
        return prepared.trained(learner.fit(prepared.training))

    def _offset(
        self,
        learner: Learner,
        y: NDArray[np.int64],
        weight: NDArray[np.float64] | None,
        loss: Loss | None,
    ) -> NDArray[np.float64]:
        true = np.bincount(self.y, minlength=self.n_classes)
        if learner.balances:
            return balanced_prior_offset(true)
        # Otherwise it follows from the weight that each class had in training, and from the loss.
        effective = np.bincount(y, weights=weight, minlength=self.n_classes)
        return prior_offset(true, effective) + loss_offset(loss, y, self.n_classes)

    def score(self, trained: Trained) -> NDArray[np.float64]:
        """Return the raw log-probabilities of the test rows, shape (rows, C)."""
        log_p = trained.fitted.log_proba(self._test_rows(trained))
        if np.isnan(log_p).any():
            raise NotApplicable(
                "its model gives probabilities that are not numbers",
                remedy="leave it out with --strategies, or scale the columns",
            )
        return log_p

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


def trains_together(learner: Learner) -> TypeGuard[Together]:
    """Tell whether a learner trains what shares the rows of a fold at once, by ``fit_many``."""
    return hasattr(learner, "fit_many")
