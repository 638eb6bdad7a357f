"""What the judges of all tasks share: rows, folds, bootstrap draws, and how values become candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from equipoise.compare.journal import Record
from equipoise.compare.measures import find_metric, is_measurable
from equipoise.compare.plan import Part, Plan
from equipoise.compare.quiet import quiet
from equipoise.metrics.registry import Metric, metric_names
from equipoise.stats.bootstrap import bootstrap_weights

__all__ = ["Candidate", "Judge", "Measured", "Side", "Value", "effort", "with_noise"]

F = NDArray[np.float64]


@dataclass(frozen=True)
class Value:
    """An estimate with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """A metric of one candidate: on all rows, on every draw, on every fold, on what each draw left out."""

    value: float
    draws: F
    folds: F
    left_out: F


@dataclass(frozen=True)
class Side:
    """A part of the data that candidates are compared on apart."""

    name: str
    about: str
    at: Any


@dataclass
class Candidate:
    """A training part under one decision, as judged.

    ``confusion`` is (C, C) for classes, (L, 2, 2) for labels and empty for numbers; ``label_draws`` holds
    that of every bootstrap draw.
    """

    part: Part
    decision: Any
    metrics: dict[str, Value]
    confusion: F
    label_draws: F
    folds: dict[str, F]  # metric name -> value on each fold (J,)
    draws: dict[str, F]  # metric name -> value on each bootstrap draw (B,)
    left_out: dict[str, F]  # metric name -> value on the rows that a draw left out (B,)
    level: F  # what a model trained on all rows adds to its corrected scores
    sides: dict[str, Measured] = field(default_factory=dict)
    seconds: float = 0.0
    rows_trained: float = 0.0

    @property
    def id(self) -> str:
        """Name of the candidate, such as ``"linear/smote/tuned"``."""
        return f"{self.part.id}/{self.decision.name}"


@dataclass
class Judge:
    """Bootstrap draws and metrics shared by all candidates, so that every comparison is paired."""

    plan: Plan
    metric: Metric
    label_metric: Metric
    cost: Any = None
    rows: NDArray[np.int64] = field(init=False)
    y: NDArray[Any] = field(init=False)
    weights: NDArray[np.float32] = field(init=False)
    n_classes: int = field(init=False)
    draws: int = field(init=False, default=0)  # that thresholds are chosen by
    sides: list[Side] = field(init=False, default_factory=list)  # what is rare and the rest
    side_metric: Metric | None = field(init=False, default=None)  # that they are compared by

    plain: ClassVar[str] = "argmax"  # the decision of a baseline
    cautious: ClassVar[bool] = False  # whether tests heed that training moves whole folds
    decisions: ClassVar[tuple[str, ...]] = ()  # that can be asked for
    rarest_in_words = "of the rarest class"

    @property
    def nothing(self) -> dict[str, Any]:
        """The fields of a decision that has nothing to correct."""
        return {"bias": np.zeros(len(self.labels))}

    @property
    def design(self) -> dict[str, Any]:
        """What the paired tests have to know of the folds and the rows."""
        return {
            "test_fraction": self.test_fraction,
            "repeats": self.repeats,
            "rare_rows": self.rare,
            "cautious": self.cautious,
        }

    @property
    def decides(self) -> bool:
        """Whether the metric of choice depends on the decision."""
        return self.metric.needs not in ("ranking", "probabilities")

    def __post_init__(self) -> None:
        data, splits = self.plan.dataset, self.plan.folds.splits
        self.rows = np.unique(np.concatenate([split.test for split in splits]))
        self.y = data.y[self.rows]
        groups = None if data.groups is None else data.groups[self.rows]
        cells = len(self.rows) * (self.y.shape[1] if self.y.ndim == 2 else 1)
        draws = 400 if cells <= 100_000 else 200
        counts = bootstrap_weights(len(self.rows), draws, self.plan.seed, groups)
        # Fortran order: the counts of one row in all draws lie together, as ranking metrics read them.
        self.counts = np.asfortranarray(counts)
        self.weights = counts.astype(np.float32)
        self.left = np.asfortranarray((self.counts == 0).astype(np.uint8))
        self.spared = (counts == 0).astype(np.float32)
        # Copies of a row tell no more than one, so what is counted of what is rare are its groups.
        self.rare = self.rarest(self.rows if groups is None else groups)
        self.test_fraction = float(np.mean([len(s.test) / max(len(s.train), 1) for s in splits]))
        self.members = [(split.repeat, np.searchsorted(self.rows, split.test)) for split in splits]
        self.repeats = 1 + max(split.repeat for split in splits)
        self.labels = [str(label) for label in data.classes]
        self.n_classes = max(len(self.labels), 1)
        names = dict.fromkeys([*metric_names(data.task), self.metric.name, self.label_metric.name])
        if self.cost is None:
            names.pop("expected_cost", None)
        given = {one.name: one for one in (self.metric, self.label_metric)}
        focus = self.plan.focus
        self.metrics = [
            given.get(name) or find_metric(name, data, self.cost, focus)
            for name in names
            if name in given or is_measurable(name, data, focus)
        ]
        self.prepare()

    def rarest(self, ids: NDArray[Any]) -> int:
        """Count the independent cases of what is rarest, from the cluster of every row."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make what the task needs beside that."""

    def judge(self, part: Part, records: list[Record]) -> list[Candidate]:
        """Judge one part under every decision that applies."""
        raise NotImplementedError

    def out_of_fold(
        self, candidate: Candidate, records: list[Record]
    ) -> tuple[F, NDArray[np.int64]] | None:
        """Return scores at the prior of the data and what is said of every row, from the first repeat.

        Of tuned thresholds that is what most draws say that left the row out. None for numbers.
        """
        return None

    def detail(self, candidate: Candidate, records: list[Record]) -> dict[str, Any]:
        """Return what a report shows of one candidate alone."""
        raise NotImplementedError

    def judge_all(self, records: dict[str, list[Record]], n_jobs: int | None) -> list[Candidate]:
        """Judge all parts that have scores on every fold."""
        parts = [
            part
            for part in self.plan.parts
            if all(record.scores is not None for record in records[part.id])
        ]
        with quiet():
            judged = Parallel(n_jobs=n_jobs or cpu_count(), backend="threading")(
                delayed(self.judge)(part, records[part.id]) for part in parts
            )
        return [candidate for candidates in judged for candidate in candidates]

    def on_folds(self, metric: Metric, scores: list[F]) -> F:
        """Return a metric of scores on the rows of each fold, (J,)."""
        return np.array(
            [
                metric.compute_scores(self.y[where], scores[repeat][where])
                for repeat, where in self.members
            ]
        )

    def folds_of(self, repeat: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return the rows of each fold of a repeat, and those of the folds that may level it.

        These are the others, or where folds go forward in time the earlier ones.
        """
        folds = [where for r, where in self.members if r == repeat]
        forward = self.plan.dataset.time is not None
        out = []
        for k, where in enumerate(folds):
            others = [one for j, one in enumerate(folds) if (j < k if forward else j != k)]
            rows = np.concatenate(others) if others else np.empty(0, dtype=np.int64)
            out.append((where, rows))
        return out


def effort(records: list[Record]) -> dict[str, Any]:
    """Return what training a part took, as fields of its candidates."""
    return {
        "seconds": sum(record.seconds for record in records),
        "rows_trained": float(np.mean([record.rows_trained for record in records])),
    }


def with_noise(spread: F, values: F | None) -> F:
    """Return values on draws with the noise of tuned thresholds.

    A threshold is chosen once: its own scatter adds to that of the rows.

    Parameters
    ----------
    spread : array, shape (B,)
    values : array, shape (repeats, draws) or None
        The same metric of all rows under the thresholds of each draw; None where they are not tuned.
    """
    if values is None:
        return spread
    noise = np.mean(values - values.mean(axis=1, keepdims=True), axis=0)
    return spread + np.resize(np.roll(noise, 1), len(spread))
