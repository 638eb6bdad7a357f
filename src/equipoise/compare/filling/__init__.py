"""Fill the slots of a training part from the rows of a fold; a file for each kind of target."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from equipoise.compare.filling.prepared import Prepared, Trained

__all__ = ["TARGETS", "Prepared", "Trained", "filling_of"]

# What a learner is given to learn in each task; the files here are called so too.
TARGETS = {
    "binary": "classes",
    "multiclass": "classes",
    "multilabel": "labels",
    "regression": "numbers",
}


def filling_of(task: str) -> Callable[..., Prepared]:
    """Return ``fill(fold, learner, strategy, loss, watched=False)`` for a task."""
    module = import_module(f"{__name__}.{TARGETS[task]}")
    fill: Callable[..., Prepared] = module.fill
    return fill
