"""What all samplers share: kinds of input, where each row came from, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from imblearn.base import BaseSampler
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import _safe_indexing

from equipoise.decisions.correction import prior_offset
from equipoise.errors import DataError, UsageError
from equipoise.frames import append_rows, is_number, number_array, wrap_native
from equipoise.samplers.origins import Origins

__all__ = ["NotResampled", "Sampler", "explain_missing", "listed", "require_neighbours"]

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
        frame, labels = wrap_native(X), wrap_native(y, series=True)
        self._origins: Origins | None = None
        y_given = y if labels is None else labels.to_numpy()
        _check_length(_length(y_given), _length(X if frame is None else frame), "y")
        if sample_weight is not None:
            sample_weight = _checked_weight(sample_weight, _length(y_given))
        self._names = None if frame is None else list(frame.columns)
        values = X if frame is None else self._frame_values(frame)
        X_out, y_out = super().fit_resample(values, y_given)
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
            self.groups_ = self.carry(groups)

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
        origins = self._known_origins()
        foreign = wrap_native(values, series=True)
        values = values if foreign is not None else _indexable(values)
        _check_length(len(values) if foreign is None else len(foreign), origins.n, "values")
        if foreign is not None:
            return foreign[origins.first.tolist()].to_native()
        return _safe_indexing(values, origins.first)

    @property
    def parents_(self) -> sp.csr_matrix:
        """Share of each row of the input in each row of the output."""
        return self._known_origins().shares()

    @property
    def prior_offset_(self) -> NDArray[np.float64]:
        """By how much the class prior moved; differences of two entries are log-odds."""
        self._known_origins()
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
        origins = self._known_origins()
        weight = _checked_weight(sample_weight, origins.n)
        self._weight_before = weight
        self.sample_weight_ = origins.mix(weight)

    def _known_origins(self) -> Origins:
        known: Origins | None = self.__dict__.get("_origins")
        if known is None:
            raise NotResampled(
                f"this {type(self).__name__} has resampled nothing yet",
                remedy="call fit_resample first",
            )
        return known

    def _frame_values(self, frame: Any) -> NDArray[Any]:
        """Return the array that stands for a polars or pyarrow table."""
        if not self._reads_columns:
            return np.arange(len(frame))[:, None]
        _require_numbers(frame, type(self).__name__)
        return number_array(frame)

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Any, bool]:
        rest = () if accept_sparse is None else (accept_sparse,)
        try:
            checked: tuple[Any, Any, bool] = super()._check_X_y(X, y, *rest)
        except ValueError as error:
            explain_missing(X, y, type(self).__name__, error, self.__dict__.get("_names"))
            raise
        return checked

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags


def require_neighbours(
    name: str, parameter: str, k: int, label: Any, count: int, *, spare: int = 1
) -> None:
    """Refuse a number of neighbours that a class does not have.

    Parameters
    ----------
    name, parameter : str
        Class of the sampler, and its parameter.
    k : int
        Value of the parameter.
    label : object
        The class, or None for all rows.
    count : int
        Its rows.
    spare : int, default 1
        Rows that are no neighbours: 1 as a row is none of its own.

    Raises
    ------
    DataError
        If ``k > count - spare``.
    """
    if k <= count - spare:
        return
    most = count - spare
    whose = "the data have" if label is None else f"class {_plain(label)!r} has"
    rows = f"{count} row{'s' * (count != 1)}"
    remedy = f"use {parameter}={most}" + (" or RandomOverSampler" if label is not None else "")
    if most < 1:
        remedy = "use RandomOverSampler" if label is not None else "give more rows"
    raise DataError(
        f"{whose} {rows}, {name}({parameter}={k}) needs at least {k + spare}", remedy=remedy
    )


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


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


def _require_numbers(frame: Any, name: str) -> None:
    wrong = [column for column, dtype in frame.schema.items() if not is_number(dtype)]
    if wrong:
        raise DataError(
            f"{listed(wrong)} {'are' if len(wrong) > 1 else 'is'} not numbers, which {name} needs",
            remedy="use SMOTENC for numbers beside categories, RandomOverSampler or RandomUnderSampler "
            "for any columns, or encode them first",
        )


def listed(names: Sequence[Any]) -> str:
    """Return columns as words of an error: the first three names, and how many more.

    Examples
    --------
    >>> from equipoise.samplers.base import listed
    >>> listed(["a", "b", "c", "d"])
    "columns 'a', 'b', 'c' and 1 more"
    """
    shown = ", ".join(repr(str(each)) for each in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"column{'s' * (len(names) > 1)} {shown}{more}"


def explain_missing(
    X: Any, y: Any, name: str, error: Exception, columns: list[str] | None = None
) -> None:
    """Raise a clearer message if it is missing values that were refused, else return.

    Parameters
    ----------
    X : array, sparse matrix or data frame, shape (n, columns)
        The rows that were refused.
    y : array
        Their labels.
    name : str
        Class of the sampler.
    error : Exception
        What the check raised.
    columns : list of str, optional
        Names of the columns, where ``X`` does not have them.

    Raises
    ------
    DataError
        If values of ``X`` or ``y`` are NaN or infinite; the message names the first column.
    """
    if "NaN" not in str(error) and "infinity" not in str(error):
        return
    try:
        values = np.asarray(X.data if sp.issparse(X) else X, dtype=np.float64)
    except (TypeError, ValueError):
        return
    if "Input y" in str(error):
        raise DataError(
            "the labels hold NaN or infinity", remedy="leave rows without a label out"
        ) from None
    bad = ~np.isfinite(values)
    if not bad.any():
        return
    where = ""
    if values.ndim == 2:
        first = int(np.flatnonzero(bad.any(axis=0))[0])
        named: Any = columns or getattr(X, "columns", None)
        names = range(values.shape[1]) if named is None else list(named)
        where = f", the first in column {names[first]!r}"
    what = "NaN" if np.isnan(values).any() else "infinity"
    raise DataError(
        f"Input X contains {what}: {int(bad.sum())} value{'s' * int(bad.sum() != 1)}{where}; {name} needs all",
        remedy="impute them first, or use RandomOverSampler or RandomUnderSampler, which look at labels only",
    ) from error
