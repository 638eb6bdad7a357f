"""Small tables to try samplers on, and what the checks say when a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import narwhals as nw
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import clone

__all__ = ["KINDS", "Table", "frames", "promise", "refusal", "resample", "seeded", "values_of"]

KINDS = ("numbers", "mixed", "categories", "text")
_WORDS = (
    "see you at the station",
    "lunch is on me today",
    "claim your prize now",
    "call back soon",
)


@dataclass(frozen=True)
class Table:
    """Rows of a kind that a sampler takes.

    Parameters
    ----------
    kind : {"numbers", "mixed", "categories", "text"}
        Numbers; numbers beside a category in column 0; whole numbers that stand for categories; or texts.

    Examples
    --------
    >>> from equipoise.testing import Table
    >>> X, y = Table("mixed").rows((6, 3))
    >>> X.shape, sorted(y.tolist())
    ((9, 4), [0, 0, 0, 0, 0, 0, 1, 1, 1])
    """

    kind: str = "numbers"

    def rows(
        self, counts: tuple[int, ...] = (60, 24, 12), seed: int = 0
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Draw rows of classes 0, 1, ... that overlap, without ties between numbers.

        Parameters
        ----------
        counts : tuple of int
            Rows of each class.
        seed : int, default 0
            Seed.

        Returns
        -------
        X : array, shape (n, 4) or, of texts, (n,)
        y : int64 array, shape (n,)
        """
        random = np.random.default_rng(seed)
        y = np.repeat(np.arange(len(counts)), counts)
        random.shuffle(y)
        if self.kind == "text":
            X = np.empty(len(y), dtype=object)
            X[:] = [f"row {i}: {_WORDS[i % len(_WORDS)]}, or take {i * 7}" for i in range(len(y))]
            return X, y
        if self.kind == "categories":
            return (random.integers(0, 4, (len(y), 4)) + y[:, None] % 2).astype(np.float64), y
        X = random.normal(size=(len(y), 4))
        X[:, 1:3] += y[:, None]
        if self.kind == "mixed":
            X[:, 0] = random.integers(0, 3, len(y))
        return X, y

    @property
    def numbers(self) -> list[int]:
        """Columns that are numbers."""
        return {"numbers": [0, 1, 2, 3], "mixed": [1, 2, 3]}.get(self.kind, [])

    def names(self) -> list[str]:
        """Return the names of the columns in a frame."""
        return ["text"] if self.kind == "text" else ["first", "second", "third", "fourth"]

    def frame(self, X: NDArray[Any], library: Any, types: Any = None) -> Any:
        """Return a frame of pandas, polars or pyarrow with these rows."""
        columns = [X.astype(str)] if X.ndim == 1 else list(X.T)
        data = dict(zip(self.names(), columns, strict=True))
        frame = nw.from_dict(data, backend=library)
        if types is not None:
            frame = frame.with_columns(nw.col(name).cast(kind) for name, kind in types.items())
        return frame.to_native()


def frames() -> list[Any]:
    """Return the frame libraries that are installed."""
    return [name for name in ("pandas", "polars", "pyarrow") if find_spec(name)]


def promise(kept: Any, broken: str) -> None:
    """Raise an AssertionError where a promise is not kept, also under ``python -O``."""
    if not kept:
        raise AssertionError(broken)


def refusal(call: Callable[[], Any], what: str, *, naming: tuple[str, ...] = ()) -> None:
    """Require a ValueError whose message holds each of these texts."""
    try:
        call()
    except ValueError as error:
        for text in naming:
            promise(text in str(error), f"the error on {what} does not say {text!r}: {error}")
        return
    raise AssertionError(f"{what} raised no error")


def seeded(sampler: Any, seed: int | None = 0) -> Any:
    """Return a clone, with this seed where it takes one."""
    copy = clone(sampler)
    if "random_state" in copy.get_params(deep=False):
        copy.set_params(random_state=seed)
    return copy


def resample(sampler: Any, X: Any, y: Any, **given: Any) -> tuple[Any, Any, Any]:
    """Return a fitted clone of seed 0 and its output, rows and labels."""
    copy = seeded(sampler)
    X_out, y_out = copy.fit_resample(X, y, **given)
    return copy, X_out, y_out


def values_of(rows: Any) -> NDArray[Any]:
    """Return rows of any kind as a plain array."""
    if sp.issparse(rows):
        dense: NDArray[Any] = rows.toarray()
        return dense
    wrapped = nw.from_native(rows, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(wrapped, nw.DataFrame):
        return np.column_stack([wrapped[name].to_numpy() for name in wrapped.columns])
    return wrapped.to_numpy() if isinstance(wrapped, nw.Series) else np.asarray(rows)
