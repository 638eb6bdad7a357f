"""What the samplers of label sets share: kinds of input, where each row came from, and what follows from that."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.samplers.base import Sampler, _check_length, _checked_weight
from equipoise.samplers.labels.imbalance import label_offset
from equipoise.samplers.labels.tables import Rows, number_matrix, read_label_sets
from equipoise.samplers.origins import Origins

__all__ = ["LabelSampler", "Resampled", "real_between", "seeded"]

F = NDArray[np.float64]
Places = NDArray[np.int64]
Resampled = tuple[Origins, Any, Any]


class LabelSampler(Sampler):
    """Base of the samplers where a row may have several labels at once.

    A sampler returns in ``_fit_resample`` where its rows come from, and the rows that it made.

    Attributes
    ----------
    labels_ : list
        Names of the columns of ``Y``, or their places from 0.
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies; -1 where it was made.
    origins_, parents_, sample_weight_, groups_
        See :class:`equipoise.samplers.base.Sampler`.
    prior_offset_ : float64 array, shape (L,)
        By how much the share of each label moved: ``logit(share after) - logit(share before)``. Subtract
        it from the log-odds of a model trained on the output. It is the shift of each label on its own
        alone: where labels occur together, repeating a row for one of them changes how often they do,
        which no number per label can undo. 0 for a label that no row or every row has, before or after.
        Where there is a ``sample_weight_``, shares are of weight.
    """

    _sampling_type = "bypass"
    _several = True  # a method that compares labels needs at least two

    def fit(self, X: Any, Y: Any) -> LabelSampler:
        """Check the input; :meth:`fit_resample` does the work.

        Parameters
        ----------
        X, Y : see :meth:`fit_resample`

        Returns
        -------
        LabelSampler
            Itself.
        """
        self._read(X, Y)
        return self

    def fit_resample(
        self, X: Any, Y: Any, *, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Any, Any]:
        """Resample.

        Parameters
        ----------
        X : array, sparse matrix or data frame, shape (n, columns)
            Rows: numpy, scipy, pandas, polars or pyarrow. Methods that read labels only take a list or
            series of texts too.
        Y : array, sparse matrix or data frame, shape (n, L)
            1 where a row has the label, else 0.
        sample_weight : array, shape (n,), optional
            Weights of 0 or more, carried to ``sample_weight_``.
        groups : array, shape (n,), optional
            Groups, carried to ``groups_``.

        Returns
        -------
        X, Y : of the kinds given, shapes (m, columns) and (m, L)
            The rows of the output, and their label sets; names and types of columns are kept.

        Raises
        ------
        TargetError
            If ``Y`` holds anything but 0 and 1, or has one column where labels are compared.
        DataError
            If values are missing that the method needs, or a label has too few rows.
        UsageError
            If a parameter cannot be used.
        """
        rows, has, labels = self._read(X, Y)
        if sample_weight is not None:
            sample_weight = _checked_weight(sample_weight, len(has))
        values = number_matrix(rows, type(self).__name__) if self._reads_columns else None
        origins, X_new, Y_new = self._fit_resample(values, has)
        if not len(origins.first):
            raise DataError(
                f"{type(self).__name__} removed every row",
                remedy="remove fewer, or use a sampler that repeats rows, such as MLROS",
            )
        self._origins = origins
        self.sample_indices_ = origins.copied
        after = has[origins.copied] if Y_new is None else np.concatenate([has, Y_new])
        for name in ("sample_weight_", "groups_"):
            self.__dict__.pop(name, None)
        self._weigh(sample_weight)
        weight = self.__dict__.get("sample_weight_")
        self._shares = _shares(has, self._weight_before), _shares(after, weight)
        if groups is not None:
            self.groups_ = self._carried(groups, "groups")
        if Y_new is None:
            return rows.take(origins.copied), labels.take(origins.copied)
        return rows.extended(X_new), labels.extended(Y_new.astype(np.int64))

    def _read(self, X: Any, Y: Any) -> tuple[Rows, NDArray[np.bool_], Rows]:
        if X is None:
            raise UsageError("X is None", remedy="give the rows")
        has, names, labels = read_label_sets(Y)
        if self._several and has.shape[1] == 1:
            raise TargetError(
                f"Y has one label, {names[0]!r}, and {type(self).__name__} compares labels with each other",
                remedy="pass that column as y to a sampler of classes, such as RandomOverSampler",
            )
        rows = Rows(X)
        _check_length(len(has), len(rows), "Y")
        self.labels_ = names
        columns = rows.names
        self.__dict__.pop("feature_names_in_", None)
        if columns is not None and all(isinstance(one, str) for one in columns):
            self.feature_names_in_ = np.array(columns, dtype=object)
        if len(getattr(rows.given, "shape", ())) == 2:
            self.n_features_in_ = int(rows.given.shape[1])
        return rows, has, labels

    def _fit_resample(self, X: Any, has: NDArray[np.bool_]) -> Resampled:
        """Return where the rows of the output come from, and the rows and label sets made, or None."""
        raise NotImplementedError

    @property
    def prior_offset_(self) -> F:
        """By how much the share of each label moved, in log-odds."""
        _ = self.origins_  # raises where nothing was resampled
        return label_offset(*self._shares)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = tags.input_tags.string = not self._reads_columns
        return tags


def _shares(has: NDArray[np.bool_], weight: F | None) -> F:
    if weight is None:
        return np.asarray(has.mean(axis=0), dtype=np.float64)
    total = float(weight.sum())
    return weight @ has / total if total > 0 else np.zeros(has.shape[1])


def seeded(random_state: Any) -> np.random.RandomState:
    """Return a generator for a seed.

    Parameters
    ----------
    random_state : int, RandomState or None

    Returns
    -------
    RandomState

    Raises
    ------
    UsageError
        If it is no seed.
    """
    try:
        out: np.random.RandomState = check_random_state(random_state)
    except ValueError:
        raise UsageError(
            f"random_state={random_state!r} is no seed", remedy="use a whole number of 0 or more"
        ) from None
    return out


def real_between(value: Any, name: str, low: float, high: float, *, ends: str = "(]") -> float:
    """Return a number between two others, or say which parameter is none.

    Parameters
    ----------
    value : object
    name : str
        Name of the parameter.
    low, high : float
        Bounds.
    ends : str, default "(]"
        Which bounds belong to the range.

    Returns
    -------
    float

    Raises
    ------
    UsageError
        If it is no number in the range.
    """
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    above = real and (value > low or (ends[0] == "[" and value == low))
    below = real and (value < high or (ends[1] == "]" and value == high))
    if not (above and below and math.isfinite(value)):
        span = f"{ends[0]}{low:g}, {high:g}{ends[1]}"
        raise UsageError(f"{name}={value!r} is outside {span}", remedy=f"use a number in {span}")
    return float(value)
