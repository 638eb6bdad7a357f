"""A training part before and after it is fitted, and the rows that it is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard

import numpy as np
from numpy.typing import NDArray

from equipoise.learners.base import Learner, Together, Training
from equipoise.learners.encoding import Matrix, View
from equipoise.learners.losses import Refocused

if TYPE_CHECKING:
    from equipoise.compare.fold import Fold
    from equipoise.strategies.strategy import Strategy

__all__ = ["Chosen", "Prepared", "Trained", "choose_rows", "trains_together"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A fitted training part with all that turns new rows into corrected scores."""

    fold: Fold  # whose encoder it reads through
    fitted: Any
    view: View
    offset: F
    rows_trained: int

    def scores(self, X: Matrix) -> F:
        """Return raw scores: log-probabilities of classes."""
        out: F = self.fitted.log_proba(X)
        return out


@dataclass(frozen=True)
class Prepared:
    """A training part with its slots filled from the rows of a fold, ready to be fitted."""

    becomes: ClassVar[type[Trained]] = Trained
    refocused: ClassVar[type] = Refocused  # what undoes the focus of a loss

    fold: Fold
    training: Training
    view: View
    offset: F

    @property
    def on_rows_of_fold(self) -> bool:
        """Whether it is trained on the matrix that strategies of its fold share."""
        return self.training.X is self.fold.matrix("train", self.view)

    def fit(self, learner: Learner) -> Trained:
        """Train."""
        return self.trained(learner.fit(self.training))

    def trained(self, fitted: Any) -> Trained:
        """Return it with what was fitted."""
        focus = 0.0 if self.training.loss is None else self.training.loss.focus
        if focus:
            fitted = self.refocused(fitted, focus)
        return self.becomes(self.fold, fitted, self.view, self.offset, len(self.training.y))


@dataclass(frozen=True)
class Chosen:
    """What the rows slot leaves to train on; the fields are those of a training."""

    X: Matrix
    y: NDArray[Any]
    view: View
    rows: NDArray[np.int64] | None = None
    weight: F | None = None
    shared: Any = None
    categorical: tuple[int, ...] = ()


def choose_rows(fold: Fold, learner: Learner, strategy: Strategy) -> Chosen:
    """Fill the rows slot, in the learner's view or, for generated rows, in the dense one."""
    view, y = learner.view, fold.y
    rows: NDArray[np.int64] | None = None
    weight: F | None = None
    made = fold.resampled(strategy.rows, view) if strategy.rows else None
    if made is not None and made.X is not None:
        # Generated rows live in the dense view, and so must whatever is scored against them.
        view = view if view in ("linear", "embedding") else "dense"
        return Chosen(made.X, made.y, view)
    if made is not None and made.rows is not None:
        rows, y, weight = made.rows, made.y, made.weight
    X = fold.matrix("train", view)
    categorical = tuple(fold.encoder.categorical) if view == "tree" else ()
    if rows is not None and (rows >= len(fold.y)).any():
        return Chosen(fold.with_changed(X, view)[rows], y, view, None, weight, None, categorical)
    shared = fold.once(("shared", learner.name), lambda: learner.share(X, fold.y, categorical))
    if rows is not None and shared is None and not trains_together(learner):
        X, rows = X[rows], None
    return Chosen(X, y, view, rows, weight, shared, categorical)


def trains_together(learner: Learner) -> TypeGuard[Together]:
    """Tell whether a learner trains what shares the rows of a fold at once, by ``fit_many``."""
    return hasattr(learner, "fit_many")
