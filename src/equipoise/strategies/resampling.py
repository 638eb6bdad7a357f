"""Fill the rows slot inside the training part of a fold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.data.table import Table
from equipoise.errors import NotApplicable
from equipoise.learners.encoding import Encoder, Matrix
from equipoise.samplers.engine.neighbours import Graph
from equipoise.samplers.engine.separation import Gap
from equipoise.samplers.methods import METHODS
from equipoise.samplers.origins import Origins

__all__ = ["ROWS", "Resampled", "Rows", "Space", "UpTo", "resample"]


@dataclass
class Resampled:
    """Training rows after the rows slot: either positions of rows, or a new matrix.

    Positions from the number of training rows on are those of changed texts.
    """

    y: NDArray[Any]
    rows: NDArray[np.int64] | None = None
    X: Matrix | None = None
    weight: NDArray[np.float64] | None = None
    graph: Graph | None = None
    origins: Origins | None = None

    @cached_property
    def far(self) -> Gap | None:
        """How far each row is from the other classes; what follows SMOTE shares it."""
        from equipoise.samplers.combining import distance_to_others

        return None if self.graph is None else distance_to_others(self.graph, self.y, self.origins)


@dataclass(frozen=True)
class Space:
    """Where neighbours are searched and rows generated: the training rows, encoded when asked for.

    Attributes
    ----------
    table : Table
        The training rows.
    y : array, shape (n,) or (n, L)
        Their target: class codes, labels or numbers.
    encoder : Encoder
        Fitted on them.
    matrix : callable
        Returns them in the dense view, or the linear one of texts.
    graph : callable
        Returns the graph of their neighbours in that view, which all methods share.
    parents : callable
        Returns, for each changed text of the data, the training row that it was made from, or -1.
    focus : callable or None
        Returns the relevance of the targets asked for, from those of the training rows.
    """

    table: Table
    y: NDArray[Any]
    encoder: Encoder
    matrix: Callable[[], Matrix]
    graph: Callable[[], Graph]
    parents: Callable[[], NDArray[np.int64]]
    focus: Callable[[NDArray[np.float64]], Any] | None = None

    @property
    def has_codes(self) -> bool:
        """Whether columns of codes stand beside the numbers; text leaves no such split."""
        return self.encoder.n_discrete > 0 and not self.table.texts


@dataclass(frozen=True)
class UpTo:
    """A number of neighbours: ``most``, or what the rarest class has, less ``spare``, if that is fewer.

    All classes get the same number, so that rows of one are made as those of another; ``"auto"`` of the
    samplers goes by each class, and is the same for two.
    """

    most: int
    spare: int = 0

    def for_smallest(self, smallest: int) -> int:
        """Return the number where the rarest class has ``smallest`` training rows.

        Parameters
        ----------
        smallest : int
            Training rows of the rarest class.

        Returns
        -------
        int
        """
        return min(self.most, smallest - self.spare)

    def __repr__(self) -> str:
        return f"min({self.most}, rarest{f' - {self.spare}' if self.spare else ''})"


@dataclass(frozen=True)
class Rows:
    """Filling of the rows slot: a sampler of :mod:`equipoise.samplers` and how it is used.

    Attributes
    ----------
    method : str
        Name of the strategy, as in :data:`equipoise.samplers.methods.METHODS`.
    parameters : dict
        Those of its class, other than the seed and what the name implies; an :class:`UpTo` is settled by the training rows.
    searches : bool
        Whether it looks for neighbours, which costs time on large data; else it reads labels only.
    generates : bool
        Whether it makes new rows, in the dense view; else it keeps or repeats real ones, in any view.
    weighs : bool
        Whether its rows are trained on with the weights that keep the prior.
    after, step : str or None
        Another method, whose rows are cleaned, and the one whose class cleans them.
    words : str
        What it does, where the name of the sampler says too little.
    changes_texts : bool
        Whether it adds changed texts, which are made once for all folds, each from one row.
    """

    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    searches: bool = True
    generates: bool = False
    weighs: bool = False
    after: str | None = None
    step: str | None = None
    words: str = ""
    changes_texts: bool = False

    @property
    def sampler(self) -> str:
        """Name of the class that is applied."""
        return METHODS[self.step or self.method].sampler

    @property
    def describe(self) -> str:
        """Say what is done, with its numbers."""
        own = self.words or self._in_code
        return own if self.after is None else f"{ROWS[self.after].describe}, then {own}"

    @property
    def _in_code(self) -> str:
        every = {**METHODS[self.method].implied, **self.parameters}
        numbers = ", ".join(f"{name}={value!r}" for name, value in every.items())
        return f"{self.sampler}({numbers})" if numbers else self.sampler

    def resample(self, space: Space, seed: int, cached: Callable[[Rows], Resampled]) -> Resampled:
        """Resample the rows of ``space``; ``cached`` returns those of another filling, made once."""
        return resample(self.method, space, seed, lambda other: cached(ROWS[other]))

    def make(self, seed: int, smallest: int) -> Any:
        """Return the sampler for training rows of which the rarest class has ``smallest``.

        Parameters
        ----------
        seed : int
            Seed, for samplers that draw.
        smallest : int
            Training rows of the rarest class.

        Returns
        -------
        sampler
        """
        method = METHODS[self.step or self.method]
        sampler = method.kind()(**method.implied)
        settled = {
            name: value.for_smallest(smallest) if isinstance(value, UpTo) else value
            for name, value in self.parameters.items()
        }
        if "random_state" in sampler.get_params():
            settled["random_state"] = seed
        return sampler.set_params(**settled)


_FIVE = UpTo(5, spare=1)  # a row is no neighbour of itself

ROWS: dict[str, Rows] = {
    one.method: one
    for one in [
        Rows("random-over", searches=False, words="repeat rare rows to 1:1"),
        Rows("random-under", searches=False, words="drop common rows to 1:1"),
        # It offers weights that undo it; as a strategy it is meant to move the prior.
        Rows("mild-combination", searches=False),
        Rows(
            "downsample-upweight",
            searches=False,
            weighs=True,
            words="drop common rows, weight by the factor",
        ),
        Rows(
            "upsample-downweight",
            searches=False,
            weighs=True,
            words="repeat rare rows, weight by 1 / factor",
        ),
        Rows(
            "text-augmentation",
            searches=False,
            words="add changed texts to 1:1",
            changes_texts=True,
        ),
        Rows("tomek"),
        Rows("enn", {"n_neighbors": 3}),
        Rows("nearmiss-1", {"n_neighbors": UpTo(3)}),
        Rows("smote", {"k_neighbors": _FIVE}, generates=True),
        Rows("borderline-smote", {"k_neighbors": _FIVE, "m_neighbors": 10}, generates=True),
        Rows("adasyn", {"n_neighbors": _FIVE}, generates=True),
        Rows(
            "smote-tomek",
            {"sampling_strategy": "all"},
            generates=True,
            after="smote",
            step="tomek",
        ),
        Rows(
            "smote-enn",
            {"n_neighbors": 3, "sampling_strategy": "all"},
            generates=True,
            after="smote",
            step="enn",
        ),
    ]
}


def resample(method: str, space: Space, seed: int, cached: Callable[[str], Resampled]) -> Resampled:
    """Resample by ``method``; ``cached("smote")`` returns the fold's SMOTE rows, made once.

    Parameters
    ----------
    method : str
        A key of :data:`ROWS`.
    space : Space
        The training rows.
    seed : int
        Seed.
    cached : callable
        Returns the rows of another method.

    Returns
    -------
    Resampled

    Raises
    ------
    NotApplicable
        If the rows do not allow it; the message names the class and its count.
    """
    filling = ROWS[method]
    smallest = int(np.bincount(space.y)[np.unique(space.y)].min())
    with warnings.catch_warnings():
        # imbalanced-learn warns when a class cannot be thinned as far as asked: it is then kept.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", FutureWarning)
        if filling.generates and smallest < 2:
            raise NotApplicable(
                "a class has a single training row in a fold, and a point between two rows needs two",
                remedy="use random-over, or collect more rows of that class",
            )
        if filling.changes_texts:
            return _with_changed_texts(space, seed)
        sampler = filling.make(seed, smallest)
        if not filling.generates:
            return _select(filling, sampler, space)
        if filling.after is not None:
            return _clean(filling, sampler, cached(filling.after))
        if method == "smote":
            return _smote(space, sampler)
        return _generate(filling, sampler, space)


def _select(filling: Rows, sampler: Any, space: Space) -> Resampled:
    # The methods that look at labels only get row numbers in place of the columns.
    if hasattr(sampler, "choose"):
        rows = sampler.choose(space.graph(), space.y)
    else:
        X = space.matrix() if filling.searches else np.arange(len(space.y))[:, None]
        sampler.fit_resample(X, space.y)
        rows = np.asarray(sampler.sample_indices_, dtype=np.int64)
    y = space.y[rows]
    if len(np.unique(y)) < len(np.unique(space.y)):
        raise NotApplicable(
            f"{filling.method} removed every training row of a class",
            remedy="use a milder strategy",
        )
    weight = sampler.sample_weight_ if filling.weighs else None
    return Resampled(y, rows=rows, weight=weight)


def _with_changed_texts(space: Space, seed: int) -> Resampled:
    rng = np.random.default_rng(seed)
    parents = space.parents()
    usable = np.flatnonzero(parents >= 0)
    counts = np.bincount(space.y)
    rows = [np.arange(len(space.y))]
    for c in np.flatnonzero(counts):
        lacking = int(counts.max() - counts[c])
        changed = len(space.y) + usable[space.y[parents[usable]] == c]
        # Each changed text once, in random order, and then all that there is of the class again.
        supply = [rng.permutation(changed)[:lacking]]
        lacking -= len(supply[0])
        everything = np.concatenate([np.flatnonzero(space.y == c), changed])
        while lacking > 0:
            supply.append(rng.permutation(everything)[:lacking])
            lacking -= len(supply[-1])
        rows += supply
    chosen = np.concatenate(rows).astype(np.int64)
    return Resampled(np.concatenate([space.y, space.y[parents.clip(0)]])[chosen], rows=chosen)


def _generate(filling: Rows, sampler: Any, space: Space) -> Resampled:
    try:
        X, y = sampler.generate(space.graph(), space.y)
    except (ValueError, RuntimeError) as error:
        raise NotApplicable(
            f"{filling.method} found no rare row to add points at ({_first_sentence(error)})",
            remedy="use smote",
        ) from None
    return Resampled(np.asarray(y, dtype=np.int64), X=_snapped(X, space))


def _smote(space: Space, sampler: Any) -> Resampled:
    X, y = _between(space, sampler)
    graph = space.graph()
    # The given rows come first in what SMOTE returns: their neighbours are known or will be.
    known = not sp.issparse(X) and np.array_equal(X[: graph.n], graph.X)
    return Resampled(
        np.asarray(y, dtype=np.int64),
        X=X,
        graph=Graph(X, base=graph if known else None),
        # Between codes there is no line, so that rows made there are not on one.
        origins=None if space.has_codes else sampler.origins_,
    )


def _between(space: Space, sampler: Any) -> tuple[Matrix, NDArray[Any]]:
    from equipoise.samplers import SMOTEN, SMOTENC

    if not space.has_codes:
        X, y = sampler.generate(space.graph(), space.y)
        return X, y
    # The variants of SMOTE for columns of which some or all are codes.
    given = {name: getattr(sampler, name) for name in ("k_neighbors", "random_state")}
    scaled, discrete = space.encoder.scaled(space.table), space.encoder.discrete(space.table)
    n_numbers = scaled.shape[1]
    if n_numbers == 0:
        codes, y = SMOTEN(**given).fit_resample(discrete, space.y)
        made = np.empty((len(y), 0))
    else:
        mixed = np.hstack([scaled, discrete])
        places = list(range(n_numbers, mixed.shape[1]))
        whole, y = SMOTENC(places, **given).fit_resample(mixed, space.y)
        made, codes = whole[:, :n_numbers], whole[:, n_numbers:]
    return space.encoder.mixed_to_dense(made, np.asarray(codes, dtype=np.int64)), y


def _clean(filling: Rows, sampler: Any, made: Resampled) -> Resampled:
    assert made.X is not None
    rows = sampler.choose(made.graph, made.y, made.far)
    y = made.y[rows]
    if len(np.unique(y)) < len(np.unique(made.y)):
        raise NotApplicable(
            f"{filling.method} removed every training row of a class",
            remedy=f"use {filling.after} alone",
        )
    return Resampled(y, X=made.X[rows])


def _snapped(X: Matrix, space: Space) -> Matrix:
    new = slice(len(space.y), None)
    if not space.has_codes or sp.issparse(X):
        return X
    X[new] = space.encoder.snap(np.ascontiguousarray(X[new]))
    return X


def _first_sentence(error: Exception) -> str:
    return str(error).split(". ")[0].strip().rstrip(".")
