"""Columns of categories in polars and pyarrow tables: codes while rows are made, values after."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from equipoise.errors import ColumnNotFound, DataError, UsageError
from equipoise.samplers.base import Sampler, _foreign, _listed

__all__ = ["Coded", "places_of"]

_KINDS = (nw.String, nw.Categorical, nw.Enum, nw.Boolean)


class Coded(Sampler):
    """Base of the samplers that take categories as they stand in tables; a missing one is one of its own."""

    _coded: NDArray[np.int64] | None = None  # places of the coded columns

    def fit_resample(
        self, X: Any, y: Any, *, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Any, Any]:
        """Resample; see :meth:`equipoise.samplers.base.Sampler.fit_resample`."""
        frame = _foreign(X, series=False)
        self._coded = None
        if frame is None:
            return super().fit_resample(X, y, sample_weight=sample_weight, groups=groups)
        places = self._category_columns(frame)
        names = [frame.columns[place] for place in places]
        self._require_numbers_beside(frame, names)
        coded = {name: _codes(frame[name]) for name in names}
        self._coded = np.array(places, dtype=np.int64)
        given = frame.with_columns(
            nw.new_series(name, coded[name], nw.Int64, backend=frame.implementation)
            for name in names
        )
        X_out, y_out = super().fit_resample(
            given.to_native(), y, sample_weight=sample_weight, groups=groups
        )
        made = nw.from_native(X_out, eager_only=True)
        back = made.with_columns(
            _decoded(frame[name], coded[name], made[name].to_numpy()) for name in names
        )
        return back.to_native(), y_out

    def _category_columns(self, frame: Any) -> list[int]:
        """Return the places of the columns of categories."""
        return list(range(len(frame.columns)))

    def _require_numbers_beside(self, frame: Any, names: list[str]) -> None:
        wrong = [
            name
            for name, dtype in frame.schema.items()
            if name not in names and not (dtype.is_numeric() or dtype == nw.Boolean)
        ]
        if wrong:
            raise DataError(
                f"{_listed(wrong)} {'are' if len(wrong) > 1 else 'is'} neither numbers nor among the "
                "categorical_features",
                remedy="name such columns in categorical_features, or leave them out",
            )


def places_of(given: Any, frame: Any) -> list[int]:
    """Return the places of the columns that are named, numbered or masked; "auto" goes by their types."""
    columns = list(frame.columns)
    if isinstance(given, str) and given == "auto":
        return [j for j, name in enumerate(columns) if frame.schema[name] in _KINDS]
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


def _codes(series: Any) -> NDArray[np.int64]:
    # In the order of the values, as encoders of scikit-learn have them, on which draws depend.
    if series.dtype in (nw.Categorical, nw.Enum):
        series = series.cast(nw.String)
    missing = series.is_null().to_numpy()
    known = series.drop_nulls()
    if series.dtype.is_float() and bool(known.is_nan().any()):
        raise DataError(
            f"Input X contains NaN: in column {series.name!r}, which holds categories",
            remedy="put null, which is a category of its own, or leave such rows out",
        )
    levels = known.unique().sort()
    codes = np.full(len(series), len(levels), dtype=np.int64)
    if len(levels):
        places = list(range(len(levels)))
        found = known.replace_strict(levels.to_list(), places, return_dtype=nw.Int64)
        codes[~missing] = found.to_numpy()
    return codes


def _decoded(series: Any, codes: NDArray[np.int64], made: NDArray[Any]) -> Any:
    known, first = np.unique(codes, return_index=True)
    return series[first[np.searchsorted(known, made)].tolist()].alias(series.name)
