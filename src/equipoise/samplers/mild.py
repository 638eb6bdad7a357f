"""Random resampling that goes part of the way, or keeps the prior by weights."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, check_array, check_random_state
from sklearn.utils.validation import _check_feature_names, _check_n_features

from equipoise.errors import DataError, UsageError
from equipoise.samplers.amounts import RANDOM_METHODS, row_rule
from equipoise.samplers.base import Sampler

__all__ = ["DownsampleUpweight", "MildCombination", "UpsampleDownweight"]

Y = NDArray[np.int64]


class _Drawing(Sampler):
    """Draw rows class by class up to a number that depends on the counts.

    Only the labels are looked at, so the columns may hold anything: text, dates, missing values.
    """

    _sampling_type = "bypass"
    _reads_columns = False
    _method: ClassVar[str]
    _keeps_prior = False  # by weights
    # Checked here instead, with a remedy.
    _parameter_constraints: ClassVar[dict[str, Any]] = {"random_state": "no_validation"}

    def __init__(self, *, random_state: Any = None) -> None:
        super().__init__(sampling_strategy="auto")
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def _wanted(self, counts: Y) -> Y:
        given = {name: getattr(self, name) for name in RANDOM_METHODS[self._method]}
        wanted = row_rule(self._method, given)(dict(enumerate(counts.tolist())))
        return np.array(wanted, dtype=np.int64)

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Any, bool]:
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        _check_n_features(self, X, reset=True)
        _check_feature_names(self, X, reset=True)
        if not hasattr(X, "iloc"):
            X = check_array(X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False)
        return X, y, binarize_y

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        try:
            random = check_random_state(self.random_state)
        except ValueError:
            raise UsageError(
                f"random_state={self.random_state!r} is no seed",
                remedy="use a whole number of 0 or more",
            ) from None
        labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        wanted = self._wanted(counts)
        parts = []
        for c in range(len(labels)):
            own = np.flatnonzero(codes == c)
            extra = int(wanted[c]) - len(own)
            if extra < 0:
                own = np.sort(random.choice(own, int(wanted[c]), replace=False))
            elif extra > 0:
                # Every row once before any is repeated.
                own = np.concatenate([own, random.choice(own, extra, replace=True)])
            parts.append(own)
        self.sample_indices_ = np.concatenate(parts)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def _weigh(self, sample_weight: Any) -> None:
        super()._weigh(sample_weight)
        if not self._keeps_prior:
            return
        before, after = self._labels
        labels, codes = np.unique(before, return_inverse=True)
        at = np.searchsorted(labels, after)
        weight = np.ones(len(at)) if sample_weight is None else self.sample_weight_
        given = np.bincount(codes, weights=self._weight_before, minlength=len(labels))
        left = np.bincount(at, weights=weight, minlength=len(labels))
        lost = np.flatnonzero((given > 0) & (left <= 0))
        if len(lost):
            raise DataError(
                f"all rows of class {labels[lost[:1]].tolist()[0]!r} that {type(self).__name__} kept weigh "
                f"0, and its rows {given[lost[0]]:g} before",
                remedy="leave rows of weight 0 out first, or keep more rows by a larger ratio",
            )
        factor = np.divide(given, left, out=np.zeros(len(labels)), where=left > 0)
        self.sample_weight_ = weight * factor[at]


class MildCombination(_Drawing):
    """Repeat rare rows part of the way, then drop common rows part of the way.

    With n the rows of a class and N those of the largest, every class is repeated up to ``over * N`` rows
    where it has fewer, and classes above ``ratio`` times the smallest class that results are thinned to
    that. By default ``over`` is the geometric mean between the imbalance that is there and none,
    ``sqrt(n_min / N)``, and ``ratio`` is 2.

    Parameters
    ----------
    over : float, optional
        Share of the largest class, above 0 and at most 1, that rare classes are repeated up to.
    ratio : float, default 2.0
        Largest ratio of two classes that is left, at least 1.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input behind each row of the output.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    UsageError
        If ``over``, ``ratio`` or ``random_state`` cannot be used.

    References
    ----------
    Batista, G., Prati, R. and Monard, M. (2004). A study of the behavior of several methods for
    balancing machine learning training data. SIGKDD Explorations 6.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import MildCombination
    >>> X, y = np.zeros((110, 1)), np.repeat([0, 1], [100, 10])
    >>> np.bincount(MildCombination(random_state=0).fit_resample(X, y)[1]).tolist()
    [64, 32]
    """

    _method = "mild-combination"

    def __init__(
        self, *, over: float | None = None, ratio: float = 2.0, random_state: Any = None
    ) -> None:
        super().__init__(random_state=random_state)
        self.over = over
        self.ratio = ratio

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "random_state": "no_validation",
        "over": "no_validation",
        "ratio": "no_validation",
    }


class DownsampleUpweight(_Drawing):
    """Drop common rows and weight the kept ones by the factor, which keeps the prior.

    A class with n rows, of which m are kept, gets the weight n / m per row: the classes weigh as much as
    before, and the probabilities of a learner that uses the weights stay on their level.

    Parameters
    ----------
    ratio : float, default 2.0
        Largest ratio of a class to the smallest one that is left, at least 1.
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input behind each row of the output.
    sample_weight_ : float64 array, shape (m,)
        Weight of each row of the output; pass it to the learner. Where weights were given, each class
        keeps the sum of its weights.
    groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`. The offset is 0: it is that of a model trained with
        ``sample_weight_``, and where weights were given the prior kept is the weighted one.

    Raises
    ------
    UsageError
        If ``ratio`` or ``random_state`` cannot be used.
    DataError
        If all rows kept of a class weigh 0, and not all that were given.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import DownsampleUpweight
    >>> sampler = DownsampleUpweight(random_state=0)
    >>> X, y = np.zeros((110, 1)), np.repeat([0, 1], [100, 10])
    >>> y_kept = sampler.fit_resample(X, y)[1]
    >>> np.bincount(y_kept).tolist(), np.bincount(y_kept, weights=sampler.sample_weight_).tolist()
    ([20, 10], [100.0, 10.0])
    """

    _method = "downsample-upweight"
    _keeps_prior = True

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "random_state": "no_validation",
        "ratio": "no_validation",
    }

    def __init__(self, *, ratio: float = 2.0, random_state: Any = None) -> None:
        super().__init__(random_state=random_state)
        self.ratio = ratio


class UpsampleDownweight(_Drawing):
    """Repeat rare rows up to the largest class and weight them down by the factor, which keeps the prior.

    A class with n rows becomes N, the number of the largest class, and each of its rows weighs n / N.
    Every row is there at least once.

    Parameters
    ----------
    random_state : int or RandomState, optional
        Seed.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input behind each row of the output.
    sample_weight_ : float64 array, shape (m,)
        Weight of each row of the output; pass it to the learner. Where weights were given, each class
        keeps the sum of its weights.
    groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`. The offset is 0: it is that of a model trained with
        ``sample_weight_``, and where weights were given the prior kept is the weighted one.

    Raises
    ------
    UsageError
        If ``random_state`` cannot be used.

    References
    ----------
    Elkan, C. (2001). The foundations of cost-sensitive learning. IJCAI.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.samplers import UpsampleDownweight
    >>> sampler = UpsampleDownweight(random_state=0)
    >>> X, y = np.zeros((110, 1)), np.repeat([0, 1], [100, 10])
    >>> y_more = sampler.fit_resample(X, y)[1]
    >>> np.bincount(y_more).tolist(), np.bincount(y_more, weights=sampler.sample_weight_).round(9).tolist()
    ([100, 100], [100.0, 10.0])
    """

    _method = "upsample-downweight"
    _keeps_prior = True
