"""Train every part on every fold, each once, and keep the scores."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from equipoise.compare.events import Listener, Stage, UnitDone
from equipoise.compare.filling.prepared import Prepared, Trained, trains_together
from equipoise.compare.fold import Fold
from equipoise.compare.journal import Journal, Record
from equipoise.compare.machine import is_of_machine
from equipoise.compare.plan import Part, Plan
from equipoise.compare.quiet import quiet
from equipoise.errors import EquipoiseError, NotApplicable

__all__ = ["train_all"]

T = TypeVar("T")


@dataclass(frozen=True)
class _Unit:
    part: Part
    split: int


def train_all(
    plan: Plan,
    journal: Journal,
    n_jobs: int | None,
    tell: Listener,
    before: int = 0,
    after: int = 0,
) -> dict[str, list[Record]]:
    """Return the records of every part, in the order of the splits.

    Parts of a learner that takes all cores itself are trained last, one at a time. ``before`` and
    ``after`` count the units of other rounds, which progress is told with.

    The work is handed out fold by fold to threads, which share the encodings and searches of the
    fold; the heavy steps release Python's lock. Each fit uses one thread, so the numbers do not
    depend on how many there are.
    """
    splits, columns = plan.folds.splits, plan.columns
    units = [_Unit(part, s) for s in range(len(splits)) for part in plan.parts]
    records: dict[tuple[str, int], Record] = {}
    total, done = before + len(units) + after, before
    todo: list[_Unit] = []
    for unit in units:
        split = splits[unit.split]
        record = journal.get(unit.part.id, split.repeat, split.fold, (len(split.test), columns))
        if record is None:
            todo.append(unit)
            continue
        records[unit.part.id, unit.split] = record
        done += 1
        tell(_event(unit, plan, record, done, total, from_journal=True))
    if todo:
        folds = _Folds(plan, todo)
        workers = _workers(n_jobs or cpu_count())

        def keep(unit: _Unit, record: Record) -> None:
            nonlocal done
            split = splits[unit.split]
            journal.put(unit.part.id, split.repeat, split.fold, record)
            records[unit.part.id, unit.split] = record
            done += 1
            tell(_event(unit, plan, record, done, total, from_journal=False))

        _embed(plan, todo, tell)
        with threadpool_limits(1), quiet():
            waiting: list[_Waiting] = []
            alone = [unit for unit in todo if _takes_all_cores(unit)]
            beside = [unit for unit in todo if not _takes_all_cores(unit)]
            for unit, outcome in workers(delayed(_run)(folds, unit) for unit in beside):
                if isinstance(outcome, Record):
                    keep(unit, outcome)
                else:
                    waiting.append(_Waiting(unit, *outcome))
            for group in workers(delayed(_run_together)(folds, some) for some in _groups(waiting)):
                for unit, record in group:
                    keep(unit, record)
            for unit, outcome in _workers(1)(delayed(_run)(folds, unit) for unit in alone):
                assert isinstance(outcome, Record)  # only what is trained together waits
                keep(unit, outcome)
    return {part.id: [records[part.id, s] for s in range(len(splits))] for part in plan.parts}


def _takes_all_cores(unit: _Unit) -> bool:
    return getattr(unit.part.learner, "alone", False)


def _workers(count: int) -> Parallel:
    return Parallel(n_jobs=count, backend="threading", return_as="generator_unordered")


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
                    data,
                    self._plan.folds.splits[split],
                    self._plan.seed,
                    self._plan.material,
                    focus=self._plan.focus,
                )
            return self._alive[split]

    def release(self, split: int) -> None:
        with self._lock:
            self._left[split] -= 1
            if not self._left[split]:
                del self._alive[split]


def _embed(plan: Plan, todo: list[_Unit], tell: Listener) -> None:
    """Embed the texts while all cores are free for it, before the threads that each use one."""
    reading = [unit.part for unit in todo if unit.part.learner.view == "embedding"]
    if not reading or not plan.dataset.table.texts:
        return
    tell(Stage("embedding the texts"))
    with quiet():
        plan.material.vectors()
        if any(one.strategy.rows and one.strategy.rows.changes_texts for one in reading):
            plan.material.changed_vectors()


@dataclass(frozen=True)
class _Waiting:
    """A unit that is trained together with others on the same rows."""

    unit: _Unit
    prepared: Prepared
    seconds: float  # that preparing it took


def _run(folds: _Folds, unit: _Unit) -> tuple[_Unit, Record | tuple[Prepared, float]]:
    start = time.perf_counter()
    fold = folds.get(unit.split)
    learner = unit.part.learner
    keeps = False

    def work() -> Record | Prepared:
        prepared = fold.prepare(learner, unit.part.strategy)
        if trains_together(learner) and prepared.on_rows_of_fold:
            return prepared
        return _record(fold, prepared.fit(learner))

    try:
        outcome = _attempt(work)
        keeps = isinstance(outcome, Prepared)
    finally:
        if not keeps:
            folds.release(unit.split)
    seconds = time.perf_counter() - start
    if isinstance(outcome, Prepared):
        return unit, (outcome, seconds)
    outcome.seconds = seconds
    return unit, outcome


def _run_together(folds: _Folds, group: list[_Waiting]) -> list[tuple[_Unit, Record]]:
    start = time.perf_counter()
    learner: Any = group[0].unit.part.learner

    def work() -> list[Record]:
        fitted = learner.fit_many([one.prepared.training for one in group])
        return [
            _record(folds.get(one.unit.split), one.prepared.trained(model))
            for one, model in zip(group, fitted, strict=True)
        ]

    outcome = _attempt(work)
    records = outcome if isinstance(outcome, list) else [replace(outcome) for _ in group]
    each = (time.perf_counter() - start) / len(group)
    for one, record in zip(group, records, strict=True):
        folds.release(one.unit.split)
        record.seconds = one.seconds + each
    return [(one.unit, record) for one, record in zip(group, records, strict=True)]


def _groups(waiting: list[_Waiting]) -> list[list[_Waiting]]:
    """Put together what shares a learner and a fold."""
    alike: dict[tuple[str, int], list[_Waiting]] = {}
    for one in waiting:
        alike.setdefault((one.unit.part.learner.name, one.unit.split), []).append(one)
    return list(alike.values())


def _record(fold: Fold, trained: Trained) -> Record:
    return Record(fold.score(trained), trained.offset, rows_trained=trained.rows_trained)


def _attempt(work: Callable[[], T]) -> T | Record:
    try:
        # Each thread has its own number of threads to work with, and a new one starts with all cores.
        with threadpool_limits(1, user_api="openmp"):
            return work()
    except NotApplicable as error:
        return Record(None, None, why_not=error.problem, remedy=error.remedy)
    except EquipoiseError:
        raise
    except Exception as error:  # a learner may fail on one treatment: the others go on
        if is_of_machine(error):
            raise  # kept, it would never be tried again
        words = " ".join(str(error).split())[:200]
        return Record(None, None, why_not=f"its fit failed: {type(error).__name__}: {words}")


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
