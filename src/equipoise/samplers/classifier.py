"""A classifier that is trained on resampled rows, with their weights, and whose prior is put back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from equipoise.decisions.correction import correct
from equipoise.errors import UsageError

__all__ = ["ResampledClassifier"]

F = NDArray[np.float64]


def _classifier_has(method: str) -> Any:
    def check(self: Any) -> bool:
        return hasattr(getattr(self, "classifier_", self.classifier), method)

    return check


class ResampledClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Train a classifier on the rows that a sampler returns, and on no others.

    A pipeline passes rows and labels on, and loses the weights that belong to them. Here the weights that
    the sampler carries over (``sample_weight``) or makes (:class:`DownsampleUpweight`,
    :class:`UpsampleDownweight`) reach the classifier, which works in a pipeline of scikit-learn, in cross-
    validation and in a search. With ``correct_prior`` the probabilities are those of the prior before
    resampling: ``log p_c - offset_c``, normalised, where ``offset_c`` is the sampler's ``prior_offset_``.

    Parameters
    ----------
    sampler : sampler
        One of :mod:`equipoise.samplers`, or one that has ``fit_resample``.
    classifier : classifier
        Trained on its output.
    correct_prior : bool, default False
        Whether to put the prior back. Exact where the sampler draws rows of a class at random.

    Attributes
    ----------
    sampler_, classifier_
        The fitted copies.
    classes_ : array, shape (C,)
        Labels.
    n_features_in_ : int
        Number of columns.

    Raises
    ------
    UsageError
        If there are weights and the classifier takes none, or ``correct_prior`` is asked for and the
        sampler does not say by how much it moved the prior.

    References
    ----------
    Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a
    priori probabilities. Neural Computation 14.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from equipoise.samplers import RandomUnderSampler, ResampledClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], [900, 100])
    >>> X = rng.normal(size=(1000, 2)) + y[:, None]
    >>> model = ResampledClassifier(
    ...     RandomUnderSampler(random_state=0), LogisticRegression(), correct_prior=True
    ... ).fit(X, y)
    >>> round(float(model.predict_proba(X)[:, 1].mean()), 2)
    0.11
    """

    def __init__(self, sampler: Any, classifier: Any, *, correct_prior: bool = False) -> None:
        self.sampler = sampler
        self.classifier = classifier
        self.correct_prior = correct_prior

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: Any = None, groups: Any = None
    ) -> ResampledClassifier:
        """Resample and train.

        Parameters
        ----------
        X : array, sparse matrix or data frame, shape (n, columns)
            Rows.
        y : array, shape (n,)
            Labels.
        sample_weight : array, shape (n,), optional
            Weights; the sampler carries them over.
        groups : array, shape (n,), optional
            Groups; the sampler carries them to its ``groups_``.

        Returns
        -------
        ResampledClassifier
            Itself.
        """
        labels = _checked(y)
        self.sampler_ = clone(self.sampler)
        given = {"sample_weight": sample_weight, "groups": groups}
        given = {name: values for name, values in given.items() if values is not None}
        X_made, y_made = self.sampler_.fit_resample(
            X if hasattr(X, "shape") else np.asarray(X), labels, **given
        )
        weight = getattr(self.sampler_, "sample_weight_", None)
        fitted = clone(self.classifier)
        if weight is None:
            self.classifier_ = fitted.fit(X_made, y_made)
        elif has_fit_parameter(fitted, "sample_weight"):
            self.classifier_ = fitted.fit(X_made, y_made, sample_weight=weight)
        else:
            raise UsageError(
                f"{type(fitted).__name__} takes no sample_weight, and {type(self.sampler_).__name__} "
                "returns weights",
                remedy="use a classifier whose fit takes sample_weight, or another sampler",
            )
        self.classes_ = self.classifier_.classes_
        if self.correct_prior:
            self._offset = self._find_offset(np.unique(labels))
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.classifier_, name):
                setattr(self, name, getattr(self.classifier_, name))
        return self

    def _find_offset(self, labels: NDArray[Any]) -> F:
        offset = getattr(self.sampler_, "prior_offset_", None)
        if offset is None:
            raise UsageError(
                f"{type(self.sampler_).__name__} does not say by how much it moved the prior",
                remedy="use one of equipoise.samplers, or correct_prior=False",
            )
        # A class of which no row was left is none of the classifier's.
        found: F = offset[np.isin(labels, self.classes_)]
        return found

    @available_if(_classifier_has("predict_proba"))
    def predict_proba(self, X: Any) -> F:
        """Return the probability of each class, float64 (n, C)."""
        check_is_fitted(self)
        p: F = np.asarray(self.classifier_.predict_proba(X), dtype=np.float64)
        if not self.correct_prior:
            return p
        with np.errstate(divide="ignore"):
            corrected: F = np.exp(correct(np.log(p), self._offset))
        return corrected

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row: the likeliest, with the prior put back if that is asked for."""
        check_is_fitted(self)
        if self.correct_prior:
            likeliest: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
            return likeliest
        labels: NDArray[Any] = self.classifier_.predict(X)
        return labels

    @available_if(_classifier_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return the scores of the classifier as they are."""
        check_is_fitted(self)
        scores: NDArray[Any] = self.classifier_.decision_function(X)
        return scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.classifier)
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


def _checked(y: Any) -> NDArray[Any]:
    if y is None:
        raise UsageError(
            "a classifier requires y to be passed, but the target y is None",
            remedy="give the labels",
        )
    labels: NDArray[Any] = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return labels
