"""SMOTE for numbers beside categories, on codes instead of sparse one-hot columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from imblearn.over_sampling import SMOTENC as _SMOTENC
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from equipoise.samplers.neighbours import Neighbours

__all__ = ["SMOTENC"]


class SMOTENC(_SMOTENC):
    """Make rows of rare classes between neighbours, categories by the vote of the neighbours.

    Two rows that differ in a category are apart by the median standard deviation of the numbers of their
    class. A new row takes its numbers from the line between a row and one of its k nearest of the class,
    and each category from the majority of the k. Parameters, attributes and rows are those of
    ``imblearn.over_sampling.SMOTENC``, whose own way is taken for frames, sparse matrices and text codes.
    Where rows are neighbours at the same distance, the lowest rows come first, so that rows may differ.

    Parameters
    ----------
    categorical_features : array-like or "auto"
        Columns that are categories: positions, a mask, or names.
    categorical_encoder : estimator, optional
        One-hot encoder of the categories; given one, imbalanced-learn's own way is taken.
    sampling_strategy : float, str, dict or callable, default "auto"
        Rows to make of each class.
    random_state : int or RandomState, optional
        Seed.
    k_neighbors : int or neighbours estimator, default 5
        Neighbours, k, of a row.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows made of each class.
    median_std_ : dict
        Median standard deviation of the numbers in each class that got rows.

    Raises
    ------
    ValueError
        If a class has no more rows than k, or all columns or none are categories.

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

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        plain = isinstance(X, np.ndarray) and X.dtype.kind == "f" and not sp.issparse(X)
        counted = isinstance(self.k_neighbors, (int, np.integer))
        if not plain or not counted or self.categorical_encoder is not None:
            resampled: tuple[Any, NDArray[Any]] = super()._fit_resample(X, y)
            return resampled
        self.n_features_ = X.shape[1]
        self._validate_column_types(X)
        self._validate_estimator()
        numbers = X[:, self.continuous_features_]
        levels, codes = [], np.empty((len(X), len(self.categorical_features_)), dtype=np.int64)
        for j, column in enumerate(self.categorical_features_):
            values, codes[:, j] = np.unique(X[:, column], return_inverse=True)
            levels.append(values)
        made, labels = [X], [y]
        self.median_std_: dict[Any, float] = {}
        for label, count in self.sampling_strategy_.items():
            if count == 0:
                continue
            own = np.flatnonzero(y == label)
            new_numbers, new_codes = self._between(numbers[own], codes[own], levels, label, count)
            rows = np.empty((count, X.shape[1]), dtype=X.dtype)
            rows[:, self.continuous_features_] = new_numbers
            for j, column in enumerate(self.categorical_features_):
                rows[:, column] = levels[j][new_codes[:, j]]
            made.append(rows)
            labels.append(np.full(count, label, dtype=y.dtype))
        return np.vstack(made), np.hstack(labels)

    def _between(
        self,
        numbers: NDArray[Any],
        codes: NDArray[np.int64],
        levels: list[NDArray[Any]],
        label: Any,
        count: int,
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Make ``count`` rows of one class: their numbers and their category codes."""
        k = int(self.k_neighbors)
        if k >= len(numbers):
            raise ValueError(
                f"k_neighbors={k} needs more rows than the {len(numbers)} of class '{label}': "
                f"use k_neighbors={len(numbers) - 1} or less"
            )
        self.median_std_[label] = float(np.median(numbers.std(axis=0, dtype=np.float64)))
        # One-hot columns of this height put two rows with different categories one such deviation apart.
        height = self.median_std_[label] / np.sqrt(2)
        hot = [
            height * (codes[:, [j]] == np.arange(len(values))) for j, values in enumerate(levels)
        ]
        points = np.hstack([numbers.astype(np.float64), *hot])
        near = Neighbours(points).search(points, k, own=np.arange(len(points)))[1]
        # The draws are imbalanced-learn's, in its order, so that a seed gives the same rows.
        draws = check_random_state(self.random_state)
        chosen = draws.randint(low=0, high=near.size, size=count)
        steps = draws.uniform(size=count)[:, None]
        rows, columns = np.divmod(chosen, k)
        draws = check_random_state(self.random_state)
        gap = numbers[near[rows, columns]] - numbers[rows]
        new_numbers = numbers[rows] + steps * gap
        new_codes = np.empty((count, codes.shape[1]), dtype=np.int64)
        cell = np.repeat(np.arange(count), k)
        for j, values in enumerate(levels):
            votes = np.bincount(
                cell * len(values) + codes[near[rows], j].ravel(), minlength=count * len(values)
            ).reshape(count, len(values))
            first = draws.permutation(np.argwhere(votes == votes.max(axis=1, keepdims=True)))
            _, at = np.unique(first[:, 0], return_index=True)
            new_codes[:, j] = first[at, 1]
        return new_numbers, new_codes
