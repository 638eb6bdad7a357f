"""SMOTE for categories: beside numbers, on codes instead of sparse one-hot columns, and alone."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from imblearn.metrics.pairwise import ValueDifferenceMetric
from imblearn.over_sampling import SMOTEN as _SMOTEN
from imblearn.over_sampling import SMOTENC as _SMOTENC
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.utils import _safe_indexing, check_array, check_random_state

from equipoise.errors import UsageError
from equipoise.frames import is_pandas
from equipoise.samplers.asking import AUTO, Asked
from equipoise.samplers.coding import Coded, categories_of, places_of, stray
from equipoise.samplers.columns import explain_missing, explain_mixture, not_numbers
from equipoise.samplers.engine.categories import ValueDifferences, drawn_winners, most_frequent
from equipoise.samplers.generating import Space, copies, draw, points
from equipoise.samplers.origins import Made, Origins

__all__ = ["SMOTEN", "SMOTENC"]

Rows = NDArray[np.int64]


class SMOTENC(Coded, _SMOTENC):
    """Make rows of rare classes between neighbours, categories by the vote of the neighbours.

    Two rows that differ in a category are apart by the median standard deviation of the numbers of their
    class. A new row takes its numbers from the line between a row and one of its k nearest of the class,
    and each category from the majority of the k. Parameters, attributes and rows are those of
    ``imblearn.over_sampling.SMOTENC``; ties are settled as in :class:`equipoise.samplers.SMOTE`. Where
    all numbers are integers, that deviation is not cut to one, which would let categories count for
    less, or nothing.

    Tables of polars and pyarrow may hold text, categorical and boolean columns, which keep their types;
    a missing category is a category of its own.

    Parameters
    ----------
    categorical_features : array-like or "auto"
        Columns that are categories: positions, a mask, or names. ``"auto"`` takes the categorical
        columns of pandas and those of text that is no number, and the text, categorical, enum and
        boolean ones of polars and pyarrow.
    categorical_encoder : estimator, optional
        One-hot encoder of the categories, with one column for each; default
        ``sklearn.preprocessing.OneHotEncoder(handle_unknown="ignore")``.
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have: see :class:`equipoise.samplers.SMOTE`.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int, "auto" or neighbours estimator, default 5
        Neighbours, k, of a row. ``"auto"`` takes 5, or all others of the class if they are fewer; the
        single row of a class is then repeated.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows made of each class.
    median_std_ : dict
        Median standard deviation of the numbers in each class that got rows.
    categorical_features_, continuous_features_ : int64 arrays
        Places of the two kinds of columns.
    categorical_encoder_ : estimator
        The encoder, fitted; on codes where the table is one of polars or pyarrow.
    nn_k_ : neighbours estimator
        What ``k_neighbors`` asks for; not fitted where our own search serves.
    parents_ : CSR matrix of float64, shape (m, n)
        Shares of the two rows that the numbers come from.
    sample_indices_, sample_weight_, groups_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has no more rows than k, or a column beside the categories is not of numbers.
    ColumnNotFound
        If a named column is not in a table of polars or pyarrow.
    ValueError
        If all columns or none are categories, or the encoder merges or drops categories.

    References
    ----------
    Chawla, N. V., Bowyer, K. W., Hall, L. O. and Kegelmeyer, W. P. (2002). SMOTE: synthetic minority
    over-sampling technique. Journal of Artificial Intelligence Research 16.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import SMOTENC
    >>> X = np.array([[0.1, 0], [0.2, 0], [0.9, 1], [0.8, 1], [0.7, 1]])
    >>> y = np.array([1, 1, 0, 0, 0])
    >>> X_new, y_new = SMOTENC([1], k_neighbors=1, random_state=0).fit_resample(X, y)
    >>> y_new.tolist(), float(X_new[-1, 1])
    ([1, 1, 0, 0, 0, 1], 0.0)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_SMOTENC._parameter_constraints,
        "k_neighbors": [*_SMOTENC._parameter_constraints["k_neighbors"], AUTO],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _category_columns(self, frame: Any) -> list[int]:
        return places_of(self.categorical_features, frame)

    def _validate_column_types(self, X: Any) -> None:
        if self._coded is not None:
            places = self._coded
        elif is_pandas(X) and isinstance(self.categorical_features, str):
            places = categories_of(X)
        else:
            super()._validate_column_types(X)
            return
        self.categorical_features_ = places
        self.continuous_features_ = np.setdiff1d(np.arange(self.n_features_), places)

    def _validate_estimator(self) -> None:
        self.nn_k_ = _asked(self).estimator()
        if not len(self.continuous_features_):
            raise UsageError(
                "SMOTE-NC is not designed to work only with categorical features, and all "
                f"{self.n_features_} columns are",
                remedy="use SMOTEN",
            )
        if not len(self.categorical_features_):
            raise UsageError(
                "SMOTE-NC is not designed to work only with numerical features, and none of the "
                f"{self.n_features_} columns is a category",
                remedy="name some in categorical_features, or use SMOTE",
            )

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        self.n_features_ = X.shape[1]
        self._validate_column_types(X)
        self._validate_estimator()
        dense = X.toarray() if sp.issparse(X) else X
        numbers = self._numbers(_safe_indexing(dense, self.continuous_features_, axis=1))
        codes, levels = self._encoded(
            _safe_indexing(dense, self.categorical_features_, axis=1), numbers.dtype
        )
        made, new_codes, labels = [], [codes], [y]
        self.median_std_: dict[Any, float] = {}
        for label, count in self.sampling_strategy_.items():
            if count:
                own = np.flatnonzero(y == label)
                line, voted = self._between(numbers, codes, levels, own, label, int(count))
                made.append(line)
                new_codes.append(voted)
                labels.append(np.full(count, label, dtype=y.dtype))
        self._origins = Origins(len(y), np.arange(len(y)), made)
        self.sample_indices_ = self._origins.copied
        whole = np.vstack([numbers, *(points(numbers, line) for line in made)])
        return self._joined(X, whole, np.vstack(new_codes), levels), np.concatenate(labels)

    def _numbers(self, X: Any) -> NDArray[Any]:
        try:
            checked = check_array(X, accept_sparse=["csr", "csc"])
            if checked.dtype == object:  # so it may be of categories of pandas
                checked = checked.astype(np.float64)
        except (TypeError, ValueError) as error:
            names = self._named(self.continuous_features_)
            if wrong := not_numbers(X, names):
                raise stray(wrong) from None
            explain_missing(X, None, "SMOTENC", error, names)
            raise
        dense: NDArray[Any] = checked.toarray() if sp.issparse(checked) else checked
        return dense

    def _named(self, places: Rows) -> list[Any]:
        names = self.__dict__.get("_names") or getattr(self, "feature_names_in_", None)
        return [j if names is None else names[j] for j in places.tolist()]

    def _encoded(self, X: Any, dtype: Any) -> tuple[Rows, list[NDArray[Any]]]:
        """Return the categories as codes, and the values that these stand for."""
        self.categorical_encoder_ = (
            OneHotEncoder(handle_unknown="ignore", dtype=dtype)
            if self.categorical_encoder is None
            else clone(self.categorical_encoder)
        )
        try:
            hot = sp.csr_matrix(self.categorical_encoder_.fit_transform(X))
        except TypeError as error:
            explain_mixture(X, error, self._named(self.categorical_features_))
            raise
        levels = list(self.categorical_encoder_.categories_)
        starts = np.cumsum([0, *(len(values) for values in levels)])
        hot.sort_indices()
        whole = hot.shape[1] == starts[-1] and hot.nnz == len(levels) * hot.shape[0]
        codes = hot.indices.reshape(hot.shape[0], -1) - starts[:-1] if whole else None
        if codes is None or (codes < 0).any() or (codes >= np.diff(starts)).any():
            raise ValueError(
                "SMOTENC requires a one-hot encoding with one column per category for the categorical "
                f"features. The provided `categorical_encoder` produced {hot.shape[1]} columns for "
                f"{starts[-1]} categories. Pass an encoder that keeps all categories, such as "
                "`OneHotEncoder(handle_unknown='ignore')`."
            )
        return codes.astype(np.int64), levels

    def _between(
        self,
        numbers: NDArray[Any],
        codes: Rows,
        levels: list[NDArray[Any]],
        own: Rows,
        label: Any,
        count: int,
    ) -> tuple[Made, Rows]:
        """Make rows of one class: the lines of their numbers, and their categories."""
        asked = _asked(self)
        inside = numbers[own].astype(np.float64)
        # The square of a deviation may leave the range of floats; a power of two rounds nothing.
        top = float(np.abs(inside).max(initial=0.0))
        unit = 2.0 ** np.frexp(top)[1] if top > 1e150 else 1.0
        self.median_std_[label] = float(np.median((inside / unit).std(axis=0)) * unit)
        if len(own) == 1 and asked.automatic:
            return copies(own, count), np.repeat(codes[own], count, axis=0)
        # One-hot columns of this height put two rows with different categories one such deviation apart.
        height = self.median_std_[label] / np.sqrt(2)
        hot = [
            height * (codes[own][:, [j]] == np.arange(len(values)))
            for j, values in enumerate(levels)
        ]
        whole = np.hstack([inside, *hot])
        places = np.arange(len(own))
        space = Space(whole if asked.own else sp.csr_matrix(whole))
        near = space.near(asked, self.nn_k_, places, places, label)
        line = draw(self.random_state, places, near, count)
        draws = check_random_state(self.random_state)
        voted = np.empty((count, len(levels)), dtype=np.int64)
        for j in range(len(levels)):
            winners, many = most_frequent(codes[own][near, j])
            voted[:, j] = drawn_winners(draws, winners, many, line.base)
        return Made(own[line.base], own[line.other], line.step), voted

    def _joined(
        self, X: Any, numbers: NDArray[Any], codes: Rows, levels: list[NDArray[Any]]
    ) -> Any:
        """Put the columns of numbers and of categories back in their places."""
        columns: dict[int, Any] = {}
        for j, place in enumerate(self.continuous_features_):
            columns[int(place)] = numbers[:, j]
        for j, place in enumerate(self.categorical_features_):
            columns[int(place)] = levels[j][codes[:, j]]
        if hasattr(X, "iloc") and X.columns.is_unique:
            frame = type(X)({place: columns[place] for place in range(len(columns))})
            frame.columns = X.columns
            return frame
        kind = np.result_type(numbers.dtype, *(values.dtype for values in levels))
        out = np.empty((len(codes), len(columns)), dtype=kind)
        for place, column in columns.items():
            out[:, place] = column
        if sp.issparse(X):
            return type(X)(out)
        return out


class SMOTEN(Coded, _SMOTEN):
    """Make rows of rare classes from rows of categories, by the vote of the neighbours.

    Two rows are apart by the value difference metric: the sum over the columns of
    ``(sum_c |P(c | a) - P(c | b)|) ** 2``, with a and b their categories and c the classes. A new row
    takes each category from the majority of a row and its k nearest of the class. Parameters,
    attributes and rows are those of ``imblearn.over_sampling.SMOTEN``, ties included. The categories of
    polars and pyarrow tables keep their types; a missing one is a category of its own.

    Parameters
    ----------
    categorical_encoder : estimator, optional
        Ordinal encoder of the categories; default ``sklearn.preprocessing.OrdinalEncoder()``.
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows that a class is to have: see :class:`equipoise.samplers.SMOTE`.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int, "auto" or neighbours estimator, default 5
        Neighbours, k, of a row. ``"auto"`` takes 5, or all others of the class if they are fewer; the
        single row of a class is then repeated.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows made of each class.
    categorical_encoder_ : estimator
        The encoder, fitted; on codes where the table is one of polars or pyarrow.
    nn_k_ : neighbours estimator
        What ``k_neighbors`` asks for; not fitted where our own search serves.
    parents_ : CSR matrix of float64, shape (m, n)
        Shares of the rows that voted, equal ones.
    sample_indices_, sample_weight_, groups_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    DataError
        If a class has no more rows than k.

    References
    ----------
    Chawla, N. V., Bowyer, K. W., Hall, L. O. and Kegelmeyer, W. P. (2002). SMOTE: synthetic minority
    over-sampling technique. Journal of Artificial Intelligence Research 16.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import SMOTEN
    >>> X = np.array([["red"], ["red"], ["blue"], ["green"], ["green"], ["blue"]], dtype=object)
    >>> y = np.array([1, 1, 0, 0, 0, 0])
    >>> X_new, y_new = SMOTEN(k_neighbors=1, random_state=0).fit_resample(X, y)
    >>> X_new[6:].ravel().tolist(), y_new[6:].tolist()
    (['red', 'red'], [1, 1])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_SMOTEN._parameter_constraints,
        "k_neighbors": [*_SMOTEN._parameter_constraints["k_neighbors"], AUTO],
    }

    def _validate_estimator(self) -> None:
        self.nn_k_ = _asked(self).estimator().set_params(metric="precomputed")

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        given = X
        if sp.issparse(X):
            X = X.toarray()
            warnings.warn(
                "SMOTEN makes the sparse matrix a dense array, which is not really efficient",
                DataConversionWarning,
                stacklevel=2,
            )
        self._validate_estimator()
        self.categorical_encoder_ = (
            OrdinalEncoder(dtype=np.int32)
            if self.categorical_encoder is None
            else clone(self.categorical_encoder)
        )
        try:
            codes = self.categorical_encoder_.fit_transform(X)
        except TypeError as error:
            explain_mixture(X, error, getattr(self, "feature_names_in_", None))
            raise
        metric = ValueDifferenceMetric(
            n_categories=[len(values) for values in self.categorical_encoder_.categories_]
        ).fit(codes, y)
        parts, labels = [X], [y]
        bases, voters = [np.arange(len(y))], [np.arange(len(y))[:, None]]
        for label, count in self.sampling_strategy_.items():
            if not count:
                continue
            own = np.flatnonzero(y == label)
            random = check_random_state(self.random_state)
            drawn = random.choice(np.arange(len(own)), size=int(count), replace=True)
            rows, place = np.unique(drawn, return_inverse=True)
            near = self._near(metric, codes[own].astype(np.int64), rows, label)
            winners, many = most_frequent(
                codes[own][near].transpose(0, 2, 1).reshape(-1, near.shape[1])
            )
            # The lowest of the most frequent.
            voted = winners[np.cumsum(many) - many].reshape(len(rows), codes.shape[1])
            parts.append(self.categorical_encoder_.inverse_transform(voted)[place])
            labels.append(np.full(count, label, dtype=y.dtype))
            bases.append(own[drawn])
            voters.append(own[near][place])
        self._origins = Origins.from_voters(len(y), bases, voters)
        self.sample_indices_ = self._origins.copied
        out = np.vstack(parts)
        return (type(given)(out) if sp.issparse(given) else out), np.concatenate(labels)

    def _near(self, metric: Any, codes: Rows, rows: Rows, label: Any) -> Rows:
        """Return some rows of a class and their nearest in it, themselves among them."""
        asked = _asked(self)
        if asked.own:
            k = asked.number(label, len(codes))
            return ValueDifferences(metric.proba_per_class_, codes).nearest(rows, k + 1)
        distance = metric.pairwise(codes)
        found: Rows = self.nn_k_.fit(distance).kneighbors(distance[rows], return_distance=False)
        return found


def _asked(sampler: Any) -> Asked:
    return Asked(type(sampler).__name__, "k_neighbors", sampler.k_neighbors, 5)
