"""Instance hardness: common rows that a model gives to their class, out of sample."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from imblearn.under_sampling import InstanceHardnessThreshold as _InstanceHardnessThreshold
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import _safe_indexing, check_random_state

from equipoise.errors import DataError, UsageError
from equipoise.samplers.base import Sampler

__all__ = ["InstanceHardnessThreshold"]

if TYPE_CHECKING:
    _Forest = Any
else:
    _Forest = RandomForestClassifier


class InstanceHardnessThreshold(Sampler, _InstanceHardnessThreshold):
    """Keep the common rows that a model, trained without them, gives to their own class.

    The hardness of a row is ``1 - p(y | x)``, p from cross-validation. Of a class of n rows of which m are
    wanted, those are kept whose ``p`` is at least the quantile of order ``1 - m / n`` of the class: m rows,
    or more where several are at the quantile.

    Parameters, attributes and results are those of
    ``imblearn.under_sampling.InstanceHardnessThreshold`` for labels 0, 1, ..., C - 1. imbalanced-learn
    takes the label for the number of the column of p: it fails on text or labels such as {1, 2}, and
    for {-1, 1} reads one column for both classes. Here any labels will do.

    The time is that of the model. The trees of the default forest are grown on all cores; which trees
    they are does not depend on that.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``, optional
        Model; a random forest of 100 trees by default.
    sampling_strategy : str, float, list, dict or callable, default "auto"
        Rows wanted of each class: ``"auto"`` (as many as the smallest has, of all others),
        ``"majority"``, ``"not minority"``, ``"not majority"``, ``"all"``, for two classes the ratio of
        the rare one to the other afterwards, or numbers by label.
    random_state : int or RandomState, optional
        Seed of the folds and of the model.
    cv : int, default 5
        Number of folds.
    n_jobs : int, optional
        Folds, and trees of the default forest, that are done at a time.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows wanted of each class that is thinned.
    estimator_ : classifier
        The model, not fitted.
    sample_indices_ : int64 array, shape (rows kept,)
        Row of the input behind each row of the output, class by class.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`.

    Raises
    ------
    UsageError
        If ``estimator`` is no classifier or ``cv`` no number.
    DataError
        If no class has a row for each fold, or values are missing.
    ValueError
        If another parameter cannot be used, or the labels hold a single class.

    Warns
    -----
    UserWarning
        If some class has fewer rows than there are folds.

    References
    ----------
    Smith, M., Martinez, T. and Giraud-Carrier, C. (2014). An instance level analysis of data complexity.
    Machine Learning 95.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from equipoise.samplers import InstanceHardnessThreshold
    >>> X = np.arange(20.0)[:, None]
    >>> y = np.where(X[:, 0] < 15, "often", "rare")
    >>> sampler = InstanceHardnessThreshold(estimator=LogisticRegression(), random_state=0)
    >>> sampler.fit_resample(X, y)[0].ravel().tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 15.0, 16.0, 17.0, 18.0, 19.0]
    """

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        self._check(counts.max())
        random = check_random_state(self.random_state)
        self._validate_estimator(random)
        folds = StratifiedKFold(n_splits=self.cv, shuffle=True, random_state=random)
        share = cross_val_predict(
            self._model(), X, codes, cv=folds, n_jobs=self.n_jobs, method="predict_proba"
        )[np.arange(len(codes)), codes]
        kept = []
        for c, label in enumerate(labels):
            own = np.flatnonzero(codes == c)
            if label in self.sampling_strategy_:
                wanted = self.sampling_strategy_[label]
                bar = np.percentile(share[own], (1.0 - wanted / len(own)) * 100.0)
                own = own[share[own] >= bar]
            kept.append(own)
        self.sample_indices_ = np.concatenate(kept)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def _check(self, largest: int) -> None:
        if self.estimator is not None and not is_classifier(self.estimator):
            raise UsageError(
                f"estimator={self.estimator!r} is no classifier",
                remedy="use one with predict_proba, or None for a forest",
            )
        if not isinstance(self.cv, Integral):
            raise UsageError(f"cv={self.cv!r} is no number of folds", remedy="use 2 or more")
        if largest < int(self.cv):
            raise DataError(
                f"InstanceHardnessThreshold(cv={self.cv}) needs a class of {self.cv} rows, "
                f"and the largest has {largest}",
                remedy=f"use cv={largest}" if largest > 1 else "give more rows",
            )

    def _model(self) -> Any:
        if self.estimator is not None or self.n_jobs is not None:
            return self.estimator_
        return _GrownTogether(
            n_estimators=100, random_state=self.random_state, n_jobs=effective_n_jobs(-1)
        )


class _GrownTogether(_Forest):
    """A forest that grows its trees in threads and asks them one after another.

    Asked in threads, the trees' shares would be added in any order, and rounding could move a row across
    the quantile.
    """

    def predict_proba(self, X: Any) -> Any:
        threads = self.get_params(deep=False)["n_jobs"]
        try:
            return self.set_params(n_jobs=None)._asked(X)
        finally:
            self.set_params(n_jobs=threads)

    def _asked(self, X: Any) -> Any:
        return super().predict_proba(X)
