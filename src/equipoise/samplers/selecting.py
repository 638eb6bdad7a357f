"""What samplers that only choose among the given rows have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from imblearn.base import BaseSampler

__all__ = ["Selecting"]

if TYPE_CHECKING:
    # imbalanced-learn ships no types: to the type checker every class of it is Any.
    _Base = Any
else:
    _Base = BaseSampler


class Selecting(_Base):
    """A sampler whose output rows are input rows, ``sample_indices_`` saying which.

    That makes frames of any kind easy: the rows are chosen on arrays and taken from the frame, so a
    polars or pyarrow table keeps its kind, its names and its types.
    """

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Resample.

        Parameters
        ----------
        X : array, sparse matrix or data frame, shape (n, columns)
            Rows: numpy, scipy, pandas, polars or pyarrow.
        y : array or series, shape (n,)
            Labels.
        **params : dict
            Extra parameters of the sampler.

        Returns
        -------
        X, y : of the kinds given, shapes (m, columns) and (m,)
            The rows chosen, and their labels.
        """
        frame = _foreign(X, allow_series=False)
        labels = _foreign(y, allow_series=True)
        if frame is None and labels is None:
            given: tuple[Any, Any] = super().fit_resample(X, y, **params)
            return given
        X_out, y_out = super().fit_resample(
            X if frame is None else frame.to_numpy(),
            y if labels is None else labels.to_numpy(),
            **params,
        )
        rows = np.asarray(self.sample_indices_).tolist()
        if frame is not None:
            X_out = frame[rows].to_native()
            self.feature_names_in_ = np.array(frame.columns, dtype=object)
        if labels is not None:
            y_out = labels[rows].to_native()
        return X_out, y_out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def _foreign(data: Any, allow_series: bool) -> Any:
    """Return a narwhals object for frames and series that imbalanced-learn cannot rebuild."""
    wrapped = nw.from_native(
        data, eager_only=True, allow_series=True if allow_series else None, pass_through=True
    )
    if not isinstance(wrapped, (nw.DataFrame, nw.Series)) or wrapped.implementation.is_pandas():
        return None
    return wrapped
