"""What a trial tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Event", "Listener", "Planned", "Stage", "UnitDone"]


@dataclass(frozen=True)
class Planned:
    """The plan stands; training is about to start."""

    units_total: int
    learners: list[dict[str, str]]
    strategies: list[str]
    folds: int
    repeats: int
    resumed: int
    data: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    run_dir: str | None = None
    minutes: float = 0.0  # on one core, of the learners that take long


@dataclass(frozen=True)
class UnitDone:
    """One training part was trained and scored on one fold, or read from the journal."""

    learner: str
    strategy: str
    repeat: int
    fold: int
    seconds: float
    done: int
    total: int
    from_journal: bool


@dataclass(frozen=True)
class Stage:
    """A step other than training began."""

    text: str


Event = Planned | UnitDone | Stage
Listener = Callable[[Event], None]
