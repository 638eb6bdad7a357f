"""Train one part on all rows, for the model that is handed over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from equipoise.compare.fold import Fold
from equipoise.compare.plan import Part, Plan
from equipoise.data.folds import Split
from equipoise.learners.base import Fitted
from equipoise.learners.encoding import Encoder, View

__all__ = ["Refitted", "refit"]


@dataclass
class Refitted:
    """A training part fitted on all rows."""

    encoder: Encoder
    view: View
    fitted: Fitted
    offset: NDArray[np.float64]
    rows_trained: int


def refit(plan: Plan, part: Part) -> Refitted:
    """Fit ``part`` on every row of the plan's data.

    Raises
    ------
    NotApplicable
        If the strategy does not fit these rows.
    """
    data = plan.dataset
    everything = Split(0, -1, np.arange(data.table.n), np.empty(0, dtype=np.int64))
    fold = Fold(data, everything, plan.seed, plan.material, focus=plan.focus)
    with threadpool_limits(1):
        trained = fold.train(part.learner, part.strategy)
    return Refitted(
        trained.fold.encoder, trained.view, trained.fitted, trained.offset, trained.rows_trained
    )
