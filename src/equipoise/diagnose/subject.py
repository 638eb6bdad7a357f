"""What checks look at: data, or predictions, with all that several checks need computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from equipoise.compare.fold import Fold
from equipoise.compare.material import Material
from equipoise.data.dataset import Dataset
from equipoise.data.folds import FoldPlan, make_folds
from equipoise.decisions.correction import prior_offset
from equipoise.diagnose.copies import Copies, find_copies
from equipoise.diagnose.parts import Part, count_classes, find_parts
from equipoise.errors import EquipoiseError, NotApplicable
from equipoise.learners.base import log_softmax
from equipoise.learners.encoding import Encoder, Matrix, count_texts
from equipoise.samplers.engine.neighbours import Graph

__all__ = ["After", "Before"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]
T = TypeVar("T")

QUICK_ROWS, QUICK_TEXTS = 20_000, 5_000
QUICK_FOLDS = 5
NEIGHBOURS = 10


class _Shared:
    """Values that are made when first asked for, and kept; an error is kept too."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}
        self._lock = threading.RLock()

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Return the value of ``key``, made by whoever asks first.

        Raises
        ------
        EquipoiseError
            The one that ``make`` raised the first time.
        """
        with self._lock:
            if key not in self._made:
                try:
                    self._made[key] = make()
                except EquipoiseError as error:
                    self._made[key] = error
            value = self._made[key]
        if isinstance(value, EquipoiseError):
            raise type(value)(value.problem, remedy=value.remedy)
        out: T = value
        return out


class Before(_Shared):
    """Data to look at before training.

    Parameters
    ----------
    dataset : Dataset
        The data as a trial reads them.
    other : Dataset, optional
        A second file, read with the schema and the classes of the first.
    seed : int, default 0
        Seed of samples, folds and models.
    left_out : dict of str to int, optional
        Classes that no trial can use, as those of a single row, with their rows.
    strange : dict of str to int, optional
        Classes of the second file that the first does not know, with their rows. In ``other.y`` they
        have the code -1, as have rows without a target.

    Attributes
    ----------
    task, classes, y, n, counts
        Of the data: task, labels as texts, the target as it is (class codes; 0/1 of shape (n, L); or
        numbers), rows, and rows of each class or label (empty for numbers).
    """

    def __init__(
        self,
        dataset: Dataset,
        other: Dataset | None = None,
        seed: int = 0,
        left_out: dict[str, int] | None = None,
        strange: dict[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.dataset, self.other, self.seed = dataset, other, seed
        self.left_out, self.strange = dict(left_out or {}), dict(strange or {})
        self.task: str = dataset.task
        self.classes = [str(label) for label in dataset.classes]
        self.y: NDArray[Any] = dataset.y
        self.n = len(dataset.y)
        self.counts = count_classes(dataset)

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that the data come in, by name, the one to train on first; empty if there is one.

        Two files; or the levels of a column named split; or, with times, the earlier rows and the later.
        """
        return self.once("parts", lambda: find_parts(self.dataset, self.other, self.strange))

    @property
    def copies(self) -> Copies:
        """Rows that are alike."""
        return self.once("copies", lambda: find_copies(self.dataset))

    # -- a sample that a quick model can be trained on --------------------------------------------

    @property
    def sample(self) -> Dataset:
        """The data, or of more than 20,000 rows (5,000 of texts) a sample of so many, rare classes whole."""
        if self.n <= self._room:
            return self.dataset
        return self.once("sample", lambda: _take(self.dataset, self.sample_rows))

    @property
    def sample_rows(self) -> Rows:
        """Rows of :attr:`sample`, ascending, int64 (m,)."""
        return self.once("sample rows", self._draw)

    @property
    def sampling(self) -> dict[str, int]:
        """Evidence of how many rows were looked at: empty if all were."""
        m = len(self.sample_rows)
        return {} if m == self.n else {"rows_looked_at": m, "rows": self.n}

    @property
    def _room(self) -> int:
        return QUICK_TEXTS if self.dataset.table.texts else QUICK_ROWS

    def _draw(self) -> Rows:
        room = self._room
        if self.n <= room:
            return np.arange(self.n)
        rng = np.random.default_rng([self.seed, 1])
        if self.task not in ("binary", "multiclass"):
            return np.sort(rng.choice(self.n, room, replace=False))
        keep = _allot(self.counts, room)
        chosen = []
        for code, number in enumerate(keep):
            mine = np.flatnonzero(self.y == code)
            chosen.append(mine if number == len(mine) else rng.choice(mine, number, replace=False))
        return np.sort(np.concatenate(chosen))

    @property
    def folds(self) -> FoldPlan:
        """Folds of :attr:`sample`, made as a trial makes them.

        Raises
        ------
        TargetError
            If no split leaves two classes to learn from.
        """

        def make() -> FoldPlan:
            data = self.sample
            return make_folds(
                data.y,
                data.groups,
                data.time,
                QUICK_FOLDS,
                seed=self.seed,
                labels=data.classes,
                kept=data.kept,
            )

        return self.once("folds", make)

    @property
    def tested(self) -> Rows:
        """Positions in :attr:`sample` that some fold tests, ascending: all, but for splits in time."""
        return np.sort(np.concatenate([split.test for split in self.folds.splits]))

    @property
    def log_proba(self) -> F:
        """Out-of-fold natural-log probabilities of a quick linear model, float64 (m, C).

        Of the rows of :attr:`sample`; NaN where no fold tests a row. They are at the prior of all rows:
        where the sample holds rare classes whole, the difference is taken back.

        Raises
        ------
        NotApplicable
            If the task has no classes.
        TargetError
            If there are no folds.
        """
        return self.once("log_proba", self._quick)

    def _quick(self) -> F:
        from equipoise.diagnose.quick import QuickLinear
        from equipoise.strategies.catalogue import get_strategy

        if self.task not in ("binary", "multiclass"):
            raise NotApplicable(
                f"the quick model is for classes, and the task is {self.task}",
                remedy="ask for it in a binary or multiclass task",
            )
        data, plan = self.sample, self.folds
        material = Material(data.table, data.y, self.seed)
        out = np.full((len(data.y), len(data.classes)), np.nan)
        shift = prior_offset(self.counts, np.bincount(data.y, minlength=len(data.classes)))
        with threadpool_limits(1):
            for split in plan.splits:
                fold = Fold(data, split, self.seed, material)
                trained = fold.train(QuickLinear(), get_strategy("untreated"))
                out[split.test] = log_softmax(fold.score(trained) - trained.offset - shift)
        return out

    # -- geometry -----------------------------------------------------------------------------------

    @property
    def dense(self) -> Matrix:
        """All rows as numbers: standardised, categories one-hot, texts as leading components.

        float64 (n, p); sparse where the levels of categories are more than 400.
        """

        def make() -> Matrix:
            table = self.dataset.table
            counts = count_texts(table)
            encoder = Encoder(seed=self.seed).fit(table, counts)
            tfidf = encoder.tfidf(counts)
            encoder.fit_components(tfidf)
            return encoder.transform(table, "dense", encoder.components(tfidf))

        return self.once("dense", make)

    @property
    def graph(self) -> Graph:
        """Nearest neighbours among all rows by :attr:`dense`, up to 10 of each, found when asked for."""
        return self.once("graph", lambda: Graph(self.dense, NEIGHBOURS))


@dataclass
class After:
    """Predictions to look at, and what made them as far as it is known.

    Attributes
    ----------
    y : int64 array, shape (n,), or (n, L) of 0/1
        The truth: class codes, or labels.
    log_p : float64 array, shape (n, C), or None
        Natural-log probabilities; of labels, log-odds of shape (n, L).
    labels : int64 array, shape (n,) or (n, L)
        What was predicted.
    classes : list of str
        Names in the order of the codes; of a binary task the positive one last.
    task : str
        "binary", "multiclass" or "multilabel".
    train : After or None
        The same of the rows that the model was trained on.
    groups : int64 array, shape (n,), or None
        Rows of one group belong together.
    features : float64 array, shape (n, p), or None
        The rows as a dense matrix, for what needs their places.
    threshold : float or None
        Probability of the positive class from which on it is predicted.
    seed : int
        Seed of the draws.
    """

    y: NDArray[np.int64]
    log_p: F | None
    labels: NDArray[np.int64]
    classes: list[str]
    task: str = "binary"
    train: After | None = None
    groups: NDArray[np.int64] | None = None
    features: F | None = None
    threshold: float | None = None
    seed: int = 0
    _shared: _Shared = field(default_factory=_Shared, repr=False)

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Return the value of ``key``, made by whoever asks first."""
        return self._shared.once(key, make)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.y)

    @property
    def counts(self) -> Rows:
        """Rows of each class or label, int64 (C,)."""
        if self.y.ndim == 2:
            return np.asarray(self.y.sum(axis=0), dtype=np.int64)
        return np.bincount(self.y, minlength=len(self.classes))


def _allot(counts: Rows, room: int) -> list[int]:
    """Deal out places: small classes whole, the others an equal number."""
    keep = np.zeros(len(counts), dtype=np.int64)
    left = room
    order = np.argsort(counts, kind="stable")
    for place, code in enumerate(order):
        keep[code] = min(int(counts[code]), left // (len(counts) - place))
        left -= int(keep[code])
    return [int(number) for number in keep]


def _take(dataset: Dataset, rows: Rows) -> Dataset:
    return replace(
        dataset,
        table=dataset.table.take(rows),
        y=dataset.y[rows],
        groups=None if dataset.groups is None else dataset.groups[rows],
        time=None if dataset.time is None else dataset.time[rows],
    )
