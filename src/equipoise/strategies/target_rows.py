"""Fillings of the rows slot for label sets and for numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import EquipoiseError, NotApplicable
from equipoise.learners.encoding import Matrix
from equipoise.strategies.resampling import Resampled, Rows, Space

__all__ = ["LabelRows", "NumberRows"]

Chosen = tuple[NDArray[np.int64] | None, Any, NDArray[Any] | None]


@dataclass(frozen=True)
class LabelRows(Rows):
    """Filling of the rows slot by a multi-label sampler of :mod:`equipoise.samplers`."""

    def resample(self, space: Space, seed: int, cached: Callable[[Any], Resampled]) -> Resampled:
        """Resample the rows of ``space``."""
        from equipoise.samplers.labels.methods import resample_labels

        X = space.matrix() if self.searches else None
        graph = space.graph() if self.searches else None
        return _resampled(
            space.y, X, lambda given: resample_labels(self.method, given, space.y, seed, graph)
        )


@dataclass(frozen=True)
class NumberRows(Rows):
    """Filling of the rows slot by a sampler for continuous targets of :mod:`equipoise.samplers`."""

    def resample(self, space: Space, seed: int, cached: Callable[[Any], Resampled]) -> Resampled:
        """Resample the rows of ``space``."""
        from equipoise.samplers.numbers.methods import resample_numbers

        X = space.matrix() if self.generates else None
        if sp.issparse(X):
            raise NotApplicable(
                "a point between two texts is no text",
                remedy="use weights, or a transformed target",
            )
        relevance = None if space.focus is None else space.focus(space.y)
        return _resampled(
            space.y, X, lambda given: resample_numbers(self.method, given, space.y, seed, relevance)
        )


def _resampled(y: NDArray[Any], X: Matrix | None, choose: Callable[[Any], Chosen]) -> Resampled:
    """Put the rows that a sampler keeps and those that it makes below each other; X is None if it reads none."""
    given = np.empty((len(y), 0)) if X is None else X
    try:
        rows, X_new, y_new = choose(given)
    except EquipoiseError as error:
        raise NotApplicable(error.problem, remedy=error.remedy) from None
    if X_new is None or y_new is None or not len(y_new):
        return Resampled(
            y if rows is None else y[rows], rows=np.arange(len(y)) if rows is None else rows
        )
    kept = slice(None) if rows is None else rows
    stack: Any = sp.vstack if sp.issparse(given) else np.concatenate
    made = stack([given[kept], X_new.astype(given.dtype)])
    return Resampled(np.concatenate([y[kept], y_new]), X=made)
