"""Columns of categories in polars and pyarrow tables: codes while rows are made, values after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import ColumnNotFound, DataError, UsageError
from equipoise.frames import category_codes, is_category, is_number, put_columns, wrap_native
from equipoise.samplers.base import Sampler
from equipoise.samplers.columns import not_numbers
from equipoise.samplers.refusals import listed, require_labels

__all__ = ["Coded", "categories_of", "places_of", "stray"]


class Coded(Sampler):
    """Base of the samplers that take categories as they stand in tables; a missing one is one of its own."""

    _coded: NDArray[np.int64] | None = None  # places of the coded columns

    def fit_resample(
        self, X: Any, y: Any, *, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Any, Any]:
        """Resample; see :meth:`equipoise.samplers.base.Sampler.fit_resample`."""
        require_labels(X, y)
        frame = wrap_native(X)
        self._coded = None
        if frame is None:
            return super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)
        places = self._category_columns(frame)
        names = [frame.columns[place] for place in places]
        self._require_numbers_beside(frame, names)
        coded = {name: category_codes(frame[name]) for name in names}
        self._coded = np.array(places, dtype=np.int64)
        X_out, y_out = super().fit_resample(
            put_columns(frame, coded).to_native(), y, sample_weight=sample_weight, groups=groups
        )
        made = wrap_native(X_out)
        back = {name: _decoded(frame[name], coded[name], made[name].to_numpy()) for name in names}
        return put_columns(made, back).to_native(), y_out

    def _category_columns(self, frame: Any) -> list[int]:
        """Return the places of the columns of categories."""
        return list(range(len(frame.columns)))

    def _require_numbers_beside(self, frame: Any, names: list[str]) -> None:
        wrong = [
            name
            for name, dtype in frame.schema.items()
            if name not in names and not is_number(dtype)
        ]
        if wrong:
            raise stray(wrong)


def stray(wrong: list[Any]) -> DataError:
    """Return the error on columns that are neither numbers nor said to be categories.

    Parameters
    ----------
    wrong : list
        Names of the columns.

    Returns
    -------
    DataError
        To be raised.
    """
    return DataError(
        f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} neither numbers nor among the "
        "categorical_features",
        remedy="name such columns in categorical_features, or leave them out",
    )


def places_of(given: Any, frame: Any) -> list[int]:
    """Return the places of the columns that are named, numbered or masked; "auto" goes by their types.

    Parameters
    ----------
    given : "auto", str, int, or sequence of str, int or bool
        Parameter ``categorical_features``.
    frame : narwhals.DataFrame

    Returns
    -------
    list of int
        Positions from 0.

    Raises
    ------
    ColumnNotFound
        If a name is no column.
    UsageError
        If a position or a mask does not fit the columns.
    """
    columns = list(frame.columns)
    if isinstance(given, str) and given == "auto":
        return [j for j, name in enumerate(columns) if is_category(frame.schema[name])]
    if isinstance(given, (str, int, np.integer)) and not isinstance(given, bool):
        given = [given]
    asked = list(given)
    if asked and all(isinstance(one, (bool, np.bool_)) for one in asked):
        if len(asked) != len(columns):
            raise UsageError(
                f"categorical_features is a mask of {len(asked)}, and there are {len(columns)} columns",
                remedy="give one entry per column",
            )
        return [int(j) for j in np.flatnonzero(asked)]
    unknown = [one for one in asked if isinstance(one, str) and one not in columns]
    if unknown:
        raise ColumnNotFound(
            f"categorical_features names {unknown[0]!r}, which is no column",
            remedy=f"use some of {', '.join(map(repr, columns[:8]))}",
        )
    places = [columns.index(one) if isinstance(one, str) else int(one) for one in asked]
    if any(not -len(columns) <= place < len(columns) for place in places):
        raise UsageError(
            f"categorical_features={given!r} has a number beyond the {len(columns)} columns",
            remedy=f"use 0 to {len(columns) - 1}",
        )
    return [place % len(columns) for place in places]


def categories_of(frame: Any) -> NDArray[np.int64]:
    """Return the places of the columns of pandas that are categories, or text that is no number.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    int64 array
        Positions from 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from equipoise.samplers.coding import categories_of
    >>> categories_of(pd.DataFrame({"x": ["1", "2.5"], "y": ["a", "b"]})).tolist()
    [1]
    """
    texts = set(not_numbers(frame, range(frame.shape[1])))
    return np.array(
        [
            j
            for j, kind in enumerate(frame.dtypes)
            if str(kind) == "category" or (j in texts and kind.kind == "O")
        ],
        dtype=np.int64,
    )


def _decoded(series: Any, codes: NDArray[np.int64], made: NDArray[Any]) -> Any:
    known, first = np.unique(codes, return_index=True)
    return series[first[np.searchsorted(known, made)].tolist()]
