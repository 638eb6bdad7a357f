"""Train every part on every fold, each once, and keep the scores."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from equipoise.compare.events import Listener, UnitDone
from equipoise.compare.fold import Fold
from equipoise.compare.journal import Journal, Record
from equipoise.compare.plan import Part, Plan
from equipoise.compare.quiet import quiet
from equipoise.errors import EquipoiseError, NotApplicable

__all__ = ["train_all"]


@dataclass(frozen=True)
class _Unit:
    part: Part
    split: int


def train_all(
    plan: Plan, journal: Journal, n_jobs: int | None, tell: Listener
) -> dict[str, list[Record]]:
    """Return the records of every part, in the order of the splits.

    The work is handed out fold by fold to threads, which share the encodings and searches of the
    fold; the heavy steps release Python's lock. Each fit uses one thread, so the numbers do not
    depend on how many there are.
    """
    splits, classes = plan.folds.splits, len(plan.dataset.classes)
    units = [_Unit(part, s) for s in range(len(splits)) for part in plan.parts]
    records: dict[tuple[str, int], Record] = {}
    total, done = len(units), 0
    todo: list[_Unit] = []
    for unit in units:
        split = splits[unit.split]
        record = journal.get(unit.part.id, split.repeat, split.fold, (len(split.test), classes))
        if record is None:
            todo.append(unit)
            continue
        records[unit.part.id, unit.split] = record
        done += 1
        tell(_event(unit, plan, record, done, total, from_journal=True))
    if todo:
        folds = _Folds(plan, todo)
        workers = Parallel(
            n_jobs=n_jobs or cpu_count(), backend="threading", return_as="generator_unordered"
        )
        with threadpool_limits(1), quiet():
            for unit, record in workers(delayed(_run)(folds, unit) for unit in todo):
                split = splits[unit.split]
                journal.put(unit.part.id, split.repeat, split.fold, record)
                records[unit.part.id, unit.split] = record
                done += 1
                tell(_event(unit, plan, record, done, total, from_journal=False))
    return {part.id: [records[part.id, s] for s in range(len(splits))] for part in plan.parts}


class _Folds:
    """Folds that are alive: made when first asked for, dropped after their last unit."""

    def __init__(self, plan: Plan, todo: list[_Unit]) -> None:
        self._plan = plan
        self._left = {s: sum(unit.split == s for unit in todo) for s in {u.split for u in todo}}
        self._alive: dict[int, Fold] = {}
        self._lock = threading.Lock()

    def get(self, split: int) -> Fold:
        with self._lock:
            if split not in self._alive:
                data = self._plan.dataset
                self._alive[split] = Fold(
                    data.table,
                    data.y,
                    len(data.classes),
                    self._plan.folds.splits[split],
                    self._plan.seed,
                    self._plan.words,
                )
            return self._alive[split]

    def release(self, split: int) -> None:
        with self._lock:
            self._left[split] -= 1
            if not self._left[split]:
                del self._alive[split]


def _run(folds: _Folds, unit: _Unit) -> tuple[_Unit, Record]:
    start = time.perf_counter()
    fold = folds.get(unit.split)
    try:
        trained = fold.train(unit.part.learner, unit.part.strategy)
        record = Record(fold.score(trained), trained.offset, rows_trained=trained.rows_trained)
    except NotApplicable as error:
        record = Record(None, None, why_not=str(error.problem))
    except (EquipoiseError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a learner may fail on one treatment: the others go on
        words = " ".join(str(error).split())[:200]
        record = Record(None, None, why_not=f"its fit failed: {type(error).__name__}: {words}")
    finally:
        folds.release(unit.split)
    record.seconds = time.perf_counter() - start
    return unit, record


def _event(
    unit: _Unit, plan: Plan, record: Record, done: int, total: int, from_journal: bool
) -> UnitDone:
    split = plan.folds.splits[unit.split]
    return UnitDone(
        unit.part.learner.name,
        unit.part.strategy.name,
        split.repeat,
        split.fold,
        record.seconds,
        done,
        total,
        from_journal,
    )
