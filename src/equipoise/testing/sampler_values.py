"""Values that break formulas: copies, constants, very large, very small, missing."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.testing.tables import Table, promise, refusal, resample, seeded, values_of

__all__ = [
    "check_constant_columns",
    "check_duplicates",
    "check_huge_values",
    "check_infinite_values",
    "check_missing_values",
    "check_no_class_is_near_another",
    "check_tiny_values",
]


def _check_survives(sampler: Any, X: NDArray[Any], y: NDArray[Any], what: str) -> None:
    """Require finite values near those that were there, or a ValueError."""
    try:
        with warnings.catch_warnings():
            # To warn of such rows is no fault; what comes of them is looked at.
            warnings.simplefilter("ignore")
            _, X_out, y_out = resample(sampler, X, y)
    except ValueError as error:
        promise(str(error).strip(), f"{what} raise a ValueError that says nothing")
        return
    promise(len(X_out) == len(y_out) > 0, f"{what} give {len(X_out)} rows, {len(y_out)} labels")
    if X.ndim == 1:
        return
    promise(np.isfinite(X_out).all(), f"{what} give values that are not finite")
    # As far beyond as they lie apart, since a method may go on from a row away from another.
    span = np.ptp(X, axis=0) + 1e-9 * np.abs(X).max(axis=0)
    inside = (X_out >= X.min(axis=0) - span) & (X_out <= X.max(axis=0) + span)
    promise(inside.all(), f"{what} give values far outside of those that were there")


def check_duplicates(sampler: Any, table: Table) -> None:
    """Resample rows that are all the same, or come twice, or refuse them by a ValueError."""
    X, y = table.rows()
    same = X.copy()
    same[:] = X[0]
    _check_survives(sampler, same, y, "rows that are all the same")
    _check_survives(sampler, np.concatenate([X, X]), np.concatenate([y, y]), "rows that come twice")
    # The same row in two classes.
    _check_survives(sampler, np.concatenate([X, X[:20]]), np.append(y, (y[:20] + 1) % 3), "doubles")


def check_constant_columns(sampler: Any, table: Table) -> None:
    """Keep columns of a single value so."""
    X, y = table.rows()
    if X.ndim == 1:
        return
    X[:, -1] = 3.0
    _check_survives(sampler, X, y, "a constant column")
    X_out = resample(sampler, X, y)[1]
    promise(np.allclose(X_out[:, -1], 3.0, rtol=1e-12), "a constant column is constant no more")


def check_huge_values(sampler: Any, table: Table) -> None:
    """Give values near those of 1e200, whose squares overflow, or a ValueError."""
    X, y = table.rows()
    X[:, table.numbers] *= 1e200
    _check_survives(sampler, X, y, "values of 1e200")


def check_tiny_values(sampler: Any, table: Table) -> None:
    """Give values near those of 1e-200, whose squares are 0, or a ValueError."""
    X, y = table.rows()
    X[:, table.numbers] *= 1e-200
    _check_survives(sampler, X, y, "values of 1e-200")


def check_no_class_is_near_another(sampler: Any, table: Table) -> None:
    """Resample classes far apart, with no row at a border, or refuse them by a ValueError."""
    X, y = table.rows()
    X[:, table.numbers] += 1000.0 * y[:, None]
    _check_survives(sampler, X, y, "classes far apart")


def check_missing_values(sampler: Any, table: Table) -> None:
    """Keep NaN where the tags allow it; else name the column in a ValueError."""
    X, y = table.rows()
    column = table.numbers[-1] if table.numbers else X.shape[1] - 1
    X[3, column] = np.nan
    name = table.names()[column]
    if seeded(sampler).__sklearn_tags__().input_tags.allow_nan:
        _, X_out, y_out = resample(sampler, X, y)
        promise(len(X_out) == len(y_out), "rows and labels differ in length")
        others = np.delete(np.arange(X.shape[1]), column)
        promise(not np.isnan(X_out[:, others]).any(), "NaN has spread to other columns")
        kept = np.isnan(X_out).any() or not (y == y[3]).any()
        promise(kept or len(y_out) < len(y), "NaN has been replaced")
        return
    refusal(lambda: resample(sampler, X, y), "NaN", naming=(str(column),))
    for library in ("polars", "pyarrow"):
        call = partial(resample, sampler, table.frame(X, library), y)
        refusal(call, f"NaN in {library}", naming=(name,))


def check_infinite_values(sampler: Any, table: Table) -> None:
    """Refuse infinity by a ValueError, or copy it where only labels are looked at."""
    X, y = table.rows()
    X[3, table.numbers[-1] if table.numbers else -1] = np.inf
    try:
        _, X_out, y_out = resample(sampler, X, y)
    except ValueError as error:
        promise("inf" in str(error).lower(), f"the error does not speak of infinity: {error}")
        return
    promise(len(X_out) == len(y_out), "rows and labels differ in length")
    promise(not np.isnan(values_of(X_out)).any(), "infinity has become NaN")
