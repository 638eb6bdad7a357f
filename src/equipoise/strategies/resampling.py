"""Fill the rows slot inside the training part of a fold."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.errors import NotApplicable
from equipoise.learners.encoding import Encoder, Matrix

__all__ = ["Resampled", "Space", "resample"]

_NEIGHBOURS = 5


@dataclass
class Resampled:
    """Training rows after the rows slot: either positions of real rows, or a new matrix."""

    y: NDArray[np.int64]
    rows: NDArray[np.int64] | None = None
    X: Matrix | None = None
    weight: NDArray[np.float64] | None = None


@dataclass
class Space:
    """Where neighbours are searched and rows generated: the dense view of the training rows.

    ``scaled`` and ``discrete`` are its two halves before one-hot encoding, for SMOTENC; both are
    None where text columns leave no such split.
    """

    X: Matrix
    y: NDArray[np.int64]
    encoder: Encoder
    scaled: NDArray[np.float64] | None
    discrete: NDArray[np.int64] | None


def resample(method: str, space: Space, seed: int, cached: Callable[[str], Any]) -> Resampled:
    """Resample by ``method``; ``cached("smote")`` returns the fold's SMOTE rows, made once.

    Raises
    ------
    NotApplicable
        If the rows do not allow it; the message names the class and its count.
    """
    smallest = int(np.bincount(space.y)[np.unique(space.y)].min())
    with warnings.catch_warnings():
        # imbalanced-learn warns when a class cannot be thinned as far as asked: it is then kept.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", FutureWarning)
        if method in _SELECT:
            return _select(method, space, seed, smallest)
        if smallest < 2:
            raise NotApplicable(
                "a class has a single training row in a fold, and a point between two rows needs two",
                remedy="use random-over, or collect more rows of that class",
            )
        return _generate(method, space, seed, smallest, cached)


def _select(method: str, space: Space, seed: int, smallest: int) -> Resampled:
    sampler = _SELECT[method](seed, smallest)
    # The random methods look at labels only; row numbers stand in for the columns.
    blind = method not in _SEARCHING
    X = np.arange(len(space.y), dtype=np.float64)[:, None] if blind else space.X
    y = sampler.fit_resample(X, space.y)[1]
    rows = np.asarray(sampler.sample_indices_, dtype=np.int64)
    if len(np.unique(y)) < len(np.unique(space.y)):
        raise NotApplicable(
            f"{method} removed every training row of a class", remedy="use a milder strategy"
        )
    # MildCombination offers weights that undo it; as a strategy it is meant to move the prior.
    weight = sampler.sample_weight_ if method in _WEIGHING else None
    return Resampled(np.asarray(y, dtype=np.int64), rows=rows, weight=weight)


def _over(seed: int, smallest: int) -> Any:
    from equipoise.samplers import RandomOverSampler

    return RandomOverSampler(random_state=seed)


def _under(seed: int, smallest: int) -> Any:
    from equipoise.samplers import RandomUnderSampler

    return RandomUnderSampler(random_state=seed)


def _mild(seed: int, smallest: int) -> Any:
    from equipoise.samplers import MildCombination

    return MildCombination(random_state=seed)


def _downsample(seed: int, smallest: int) -> Any:
    from equipoise.samplers import DownsampleUpweight

    return DownsampleUpweight(random_state=seed)


def _upsample(seed: int, smallest: int) -> Any:
    from equipoise.samplers import UpsampleDownweight

    return UpsampleDownweight(random_state=seed)


def _tomek(seed: int, smallest: int) -> Any:
    from equipoise.samplers import TomekLinks

    return TomekLinks()


def _enn(seed: int, smallest: int) -> Any:
    from equipoise.samplers import EditedNearestNeighbours

    return EditedNearestNeighbours(n_neighbors=3)


def _nearmiss(seed: int, smallest: int) -> Any:
    from equipoise.samplers import NearMiss

    return NearMiss(version=1, n_neighbors=min(3, smallest))


_SELECT: dict[str, Callable[[int, int], Any]] = {
    "random-over": _over,
    "random-under": _under,
    "mild-combination": _mild,
    "downsample-upweight": _downsample,
    "upsample-downweight": _upsample,
    "tomek": _tomek,
    "enn": _enn,
    "nearmiss-1": _nearmiss,
}
_SEARCHING = {"tomek", "enn", "nearmiss-1"}
_WEIGHING = {"downsample-upweight", "upsample-downweight"}


def _generate(
    method: str, space: Space, seed: int, smallest: int, cached: Callable[[str], Any]
) -> Resampled:
    k = min(_NEIGHBOURS, smallest - 1)
    if method == "smote":
        return _smote(space, seed, k)
    if method in ("smote-tomek", "smote-enn"):
        made: Resampled = cached("smote")
        return _clean(method, made)
    from equipoise.samplers import ADASYN, BorderlineSMOTE

    if method == "adasyn":
        sampler: Any = ADASYN(n_neighbors=k, random_state=seed)
    elif method == "borderline-smote":
        sampler = BorderlineSMOTE(k_neighbors=k, m_neighbors=10, random_state=seed)
    else:
        raise LookupError(f"there is no rows method {method!r}")
    try:
        X, y = sampler.fit_resample(space.X, space.y)
    except (ValueError, RuntimeError) as error:
        raise NotApplicable(
            f"{method} found no rare row to add points at ({_first_sentence(error)})",
            remedy="use smote",
        ) from None
    return Resampled(np.asarray(y, dtype=np.int64), X=_snapped(X, space))


def _smote(space: Space, seed: int, k: int) -> Resampled:
    from equipoise.samplers import SMOTE, SMOTEN, SMOTENC

    n_discrete = 0 if space.discrete is None else space.discrete.shape[1]
    if n_discrete == 0 or space.scaled is None or space.discrete is None:
        X, y = SMOTE(k_neighbors=k, random_state=seed).fit_resample(space.X, space.y)
        return Resampled(np.asarray(y, dtype=np.int64), X=X)
    n_numbers = space.scaled.shape[1]
    if n_numbers == 0:
        sampler: Any = SMOTEN(k_neighbors=k, random_state=seed)
        codes, y = sampler.fit_resample(space.discrete, space.y)
        X = space.encoder.mixed_to_dense(np.empty((len(y), 0)), np.asarray(codes, dtype=np.int64))
        return Resampled(np.asarray(y, dtype=np.int64), X=X)
    mixed = np.hstack([space.scaled, space.discrete])
    sampler = SMOTENC(list(range(n_numbers, mixed.shape[1])), k_neighbors=k, random_state=seed)
    made, y = sampler.fit_resample(mixed, space.y)
    codes = made[:, n_numbers:].astype(np.int64)
    X = space.encoder.mixed_to_dense(made[:, :n_numbers], codes)
    return Resampled(np.asarray(y, dtype=np.int64), X=X)


def _clean(method: str, made: Resampled) -> Resampled:
    from equipoise.samplers import EditedNearestNeighbours, TomekLinks

    sampler: Any = (
        TomekLinks(sampling_strategy="all")
        if method == "smote-tomek"
        else EditedNearestNeighbours(sampling_strategy="all")
    )
    X, y = sampler.fit_resample(made.X, made.y)
    if len(np.unique(y)) < len(np.unique(made.y)):
        raise NotApplicable(
            f"{method} removed every training row of a class", remedy="use smote alone"
        )
    return Resampled(np.asarray(y, dtype=np.int64), X=X)


def _snapped(X: Matrix, space: Space) -> Matrix:
    new = slice(len(space.y), None)
    if space.discrete is None or space.discrete.shape[1] == 0 or sp.issparse(X):
        return X
    X[new] = space.encoder.snap(np.ascontiguousarray(X[new]))
    return X


def _first_sentence(error: Exception) -> str:
    return str(error).split(". ")[0].strip().rstrip(".")
