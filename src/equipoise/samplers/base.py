"""What all samplers share: kinds of input, where each row came from, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from imblearn.base import BaseSampler
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import _safe_indexing

from equipoise.decisions.correction import prior_offset
from equipoise.errors import DataError, EquipoiseError, UsageError
from equipoise.frames import (
    append_rows,
    copied_back,
    is_pandas,
    number_array,
    plain_numbers,
    wrap_native,
)
from equipoise.samplers.amounts import check_amounts
from equipoise.samplers.columns import explain_columns, explain_size, require_numbers
from equipoise.samplers.origins import Origins
from equipoise.samplers.refusals import require_labels

__all__ = ["NotResampled", "Sampler"]

if TYPE_CHECKING:
    # imbalanced-learn ships no types: to the type checker every class of it is Any.
    _Base = Any
else:
    _Base = BaseSampler


class NotResampled(UsageError, NotFittedError):
    """A sampler is asked about rows before it has resampled any; to ``hasattr``, what is asked for is absent."""


class Sampler(_Base):
    """Base of the samplers: put before the class of imbalanced-learn whose name is taken.

    A sampler sets ``_origins`` in ``_fit_resample``: which rows it kept, and from which it made new ones.
    All else follows from that.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies; -1 where it was made from several.
    origins_ : equipoise.samplers.origins.Origins
        The same for all rows, with the parents of those that were made.
    parents_ : CSR matrix of float64, shape (m, n)
        Share of each row of the input in each row of the output. Rows sum to 1; a copy has one parent, a
        row on the line between two has both, in the proportion of its place on the line. Their mean is
        the new row, but for noise (``shrinkage``) and for columns of integers, where it is cut to one.
    sample_weight_ : float64 array, shape (m,)
        Weights, where ``sample_weight`` was given: those of the parents in the proportion of their shares.
    groups_ : array, shape (m,)
        Groups, where ``groups`` was given: that of the first parent. A made row may have its other
        parents in other groups.
    prior_offset_ : float64 array, shape (C,)
        By how much the class prior moved: ``log(n after / n before)`` of each class in sorted order, less
        the mean. Differences of two entries are log-odds. Subtract it from the log probabilities of a
        model trained on the output. Where rows of a class are drawn at random, that is exact for the
        true probabilities, as densities within classes stay what they were, and for a model as far as it
        estimates them: a well-specified, lightly penalised logistic regression on many rows. Trees grown
        to their rows hardly move when rows are repeated, so there it corrects far too much: see
        ``correct_prior="level"`` of :class:`equipoise.samplers.ResampledClassifier`. Where rows are
        removed or made by their place, it corrects the prior and no more. Where there is a
        ``sample_weight_``, n are sums of weights: the offset is that of a model trained with those
        weights, and the prior that is put back is the weighted one.
    """

    _reads_columns = True  # or labels only, so that the columns may hold anything

    def fit_resample(
        self, X: Any, y: Any, *, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Any, Any]:
        """Resample.

        Parameters
        ----------
        X : array, sparse matrix or data frame, shape (n, columns)
            Rows: numpy, scipy, pandas, polars or pyarrow.
        y : array or series, shape (n,)
            Labels.
        sample_weight : array, shape (n,), optional
            Weights of 0 or more, carried to ``sample_weight_``.
        groups : array, shape (n,), optional
            Groups, carried to ``groups_``.

        Returns
        -------
        X, y : of the kinds given, shapes (m, columns) and (m,)
            The rows of the output, and their labels; names and types of columns are kept.

        Raises
        ------
        DataError
            If values are missing that the method needs, or a class has too few rows; the message names
            the column or the class.
        UsageError
            If a parameter cannot be used.
        """
        require_labels(X, y)
        frame, labels = wrap_native(X), wrap_native(y, series=True)
        table = X if self._reads_columns and is_pandas(X) else None
        strategy = self.sampling_strategy
        if isinstance(strategy, Mapping):
            check_amounts(strategy)
        self._origins: Origins | None = None
        y_given = y if labels is None else labels.to_numpy()
        _check_length(_length(y_given), _length(X if frame is None else frame), "y")
        if sample_weight is not None:
            sample_weight = _checked_weight(sample_weight, _length(y_given))
        self._names = None if frame is None else list(frame.columns)
        values = X if frame is None else self._frame_values(frame)
        values = values if table is None else plain_numbers(table)
        try:
            X_out, y_out = super().fit_resample(values, y_given)
        except EquipoiseError:
            raise
        except ValueError as error:
            names = self._names or getattr(X, "columns", None)
            if "could not convert string" in str(error):
                # Text in categories of pandas passes the check of scikit-learn.
                explain_columns(values, None, type(self).__name__, error, names)
            explain_size(values, type(self).__name__, error, names)
            raise
        if not len(y_out):
            raise DataError(
                f"{type(self).__name__} removed every row",
                remedy="use a milder sampling_strategy, or another sampler",
            )
        if self._origins is None:
            self._origins = Origins(_length(y_given), self.sample_indices_)
        if frame is not None:
            X_out = _frame_back(frame, X_out, self._origins)
            self.feature_names_in_ = np.array(frame.columns, dtype=object)
            self.n_features_in_ = len(frame.columns)
        if table is not None:
            X_out = copied_back(table, X_out, self._origins.copied)
        self._conclude(y_given, y_out, sample_weight, groups)
        if labels is not None:
            y_out = labels[self._origins.first.tolist()].to_native()
        return X_out, y_out

    def _conclude(self, before: Any, after: Any, sample_weight: Any, groups: Any) -> None:
        """Keep what follows from where the rows came from."""
        self._labels = _flat(np.asarray(before)), _flat(np.asarray(after))
        for name in ("sample_weight_", "groups_"):
            self.__dict__.pop(name, None)
        self._weigh(sample_weight)
        if groups is not None:
            self.groups_ = self._carried(groups, "groups")

    def carry(self, values: Any) -> Any:
        """Carry further values of the input rows to the output rows: those of the first parent.

        Parameters
        ----------
        values : array, series or frame, length n
            One entry per row of the input.

        Returns
        -------
        of the kind given, length m

        Raises
        ------
        UsageError
            If the length is not that of the input.
        """
        return self._carried(values, "values")

    def _carried(self, values: Any, name: str) -> Any:
        origins = self.origins_
        foreign = wrap_native(values, series=True)
        values = values if foreign is not None else _indexable(values)
        _check_length(len(values) if foreign is None else len(foreign), origins.n, name)
        if foreign is not None:
            return foreign[origins.first.tolist()].to_native()
        return _safe_indexing(values, origins.first)

    @property
    def origins_(self) -> Origins:
        """Where each row of the output came from."""
        known: Origins | None = self.__dict__.get("_origins")
        if known is None:
            raise NotResampled(
                f"this {type(self).__name__} has resampled nothing yet",
                remedy="call fit_resample first",
            )
        return known

    @property
    def parents_(self) -> sp.csr_matrix:
        """Share of each row of the input in each row of the output."""
        return self.origins_.shares()

    @property
    def prior_offset_(self) -> NDArray[np.float64]:
        """By how much the class prior moved; differences of two entries are log-odds."""
        _ = self.origins_  # raises where nothing was resampled
        before, after = self._labels
        classes, codes = np.unique(before, return_inverse=True)
        at = np.searchsorted(classes, after)
        weight = self.__dict__.get("sample_weight_")
        most = len(classes)
        return prior_offset(
            np.bincount(codes, weights=self._weight_before, minlength=most),
            np.bincount(at, weights=weight, minlength=most),
        )

    def _weigh(self, sample_weight: Any) -> None:
        """Carry weights over: each new row gets those of its parents in the proportion of their shares."""
        self._weight_before: NDArray[np.float64] | None = None
        if sample_weight is None:
            return
        origins = self.origins_
        weight = _checked_weight(sample_weight, origins.n)
        self._weight_before = weight
        self.sample_weight_ = origins.mix(weight)

    def _frame_values(self, frame: Any) -> NDArray[Any]:
        """Return the array that stands for a polars or pyarrow table."""
        if not self._reads_columns:
            return np.arange(len(frame))[:, None]
        require_numbers(frame, type(self).__name__)
        return number_array(frame)

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Any, bool]:
        rest = () if accept_sparse is None else (accept_sparse,)
        try:
            checked: tuple[Any, Any, bool] = super()._check_X_y(X, y, *rest)
        except (TypeError, ValueError) as error:
            explain_columns(X, y, type(self).__name__, error, self.__dict__.get("_names"))
            raise
        return checked

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def _frame_back(frame: Any, X_out: Any, origins: Origins) -> Any:
    """Build a table like the one given: its own rows as they are, so that no type is lost, and new ones."""
    copies = origins.copied
    made = np.flatnonzero(copies < 0)
    kept = frame[copies[copies >= 0].tolist()]
    if not len(made):
        return kept.to_native()
    both = append_rows(kept, np.asarray(X_out)[made])
    if made[0] == len(kept):
        return both.to_native()
    place = np.empty(len(copies), dtype=np.int64)
    place[copies >= 0] = np.arange(len(kept))
    place[made] = np.arange(len(kept), len(copies))
    return both[place.tolist()].to_native()


def _indexable(values: Any) -> Any:
    return values if hasattr(values, "shape") or hasattr(values, "iloc") else list(values)


def _flat(y: NDArray[Any]) -> NDArray[Any]:
    return y if y.ndim == 1 else y.argmax(axis=1) if y.shape[1] > 1 else y.ravel()


def _length(rows: Any) -> int:
    return int(rows.shape[0]) if hasattr(rows, "shape") else len(rows)


def _check_length(given: int, expected: int, name: str) -> None:
    if given != expected:
        raise UsageError(
            f"{name} has {given} entries, and the data {expected} rows",
            remedy="give one entry per row",
        )


def _checked_weight(given: Any, n: int) -> NDArray[np.float64]:
    remedy = "give one number of 0 or more per row"
    try:
        weight = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("sample_weight holds what is no number", remedy=remedy) from None
    if weight.ndim != 1:
        raise UsageError(f"sample_weight has {weight.ndim} dimensions, not 1", remedy=remedy)
    _check_length(len(weight), n, "sample_weight")
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise UsageError(
            f"{int(wrong.sum())} of {n} entries of sample_weight are no weights, the first is "
            f"{weight[first]:g} in row {first}",
            remedy=remedy,
        )
    return weight
