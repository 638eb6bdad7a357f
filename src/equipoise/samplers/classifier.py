"""A classifier that is trained on resampled rows, with their weights, and whose prior is put back."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone, is_regressor
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import _safe_indexing, assert_all_finite, column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from equipoise.decisions.correction import calibration_intercept, correct
from equipoise.errors import DataError, UsageError

__all__ = ["ResampledClassifier"]

F = NDArray[np.float64]
Rows = NDArray[np.int64]

_WEIGHTS = (
    "class_weight",
    "class_weights",
    "auto_class_weights",
    "is_unbalance",
    "scale_pos_weight",
)
_SEED = 0  # of the folds that the level is found on
_FAR = 50.0  # log-odds beyond any that rows can tell apart


def _classifier_has(method: str, *, corrected: bool = True) -> Any:
    def check(self: Any) -> bool:
        wanted = corrected or not self.correct_prior
        return wanted and hasattr(getattr(self, "classifier_", self.classifier), method)

    return check


class ResampledClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Train a classifier on the rows that a sampler returns, and on no others.

    A pipeline passes rows and labels on, and loses the weights that belong to them. Here the weights that
    the sampler carries over (``sample_weight``) or makes (:class:`DownsampleUpweight`,
    :class:`UpsampleDownweight`) reach the classifier, which works in a pipeline of scikit-learn, in cross-
    validation and in a search. With ``correct_prior`` the probabilities are put back to the prior before
    resampling: ``log p_c - offset_c``, normalised. Calibration and searches belong around this class, not
    inside it, where they would see resampled rows.

    Parameters
    ----------
    sampler : sampler
        One of :mod:`equipoise.samplers`, or one that has ``fit_resample``.
    classifier : classifier
        Trained on its output.
    correct_prior : bool or "level", default False
        Whether to put the prior back. With True the offset is the sampler's ``prior_offset_``. Where rows
        of a class are drawn at random that is exact for the true probabilities, and for a model as far as
        it estimates them: a well-specified, lightly penalised logistic regression on many rows. Trees
        grown to their rows hardly move when rows are repeated, and the offset corrects far too much.
        ``"level"`` serves any classifier and sampler: the offset is the one by which the mean
        probabilities of rows that were left out of resampling and training equal the shares of the
        classes, which takes ``cv`` more fits.
    cv : int, default 5
        Folds for ``"level"``, at least 2; fewer where a class has fewer rows, or groups. Groups, where
        given, are kept together.

    Attributes
    ----------
    sampler_, classifier_
        The fitted copies.
    classes_ : array, shape (C,)
        Labels.
    prior_offset_ : float64 array, shape (C,)
        What is subtracted from the log probabilities, if ``correct_prior``.
    n_features_in_ : int
        Number of columns.

    Raises
    ------
    UsageError
        If ``sampler`` or ``classifier`` is none, there are weights and the classifier takes none, or
        ``correct_prior`` or ``cv`` cannot be used:
        the classifier has no probabilities, it has class weights, which move the prior too, or the
        sampler does not say by how much it moved it.
    DataError
        If resampling left no row of a class, or a class has too few rows or groups for ``"level"``.

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

    def __init__(
        self, sampler: Any, classifier: Any, *, correct_prior: bool | str = False, cv: int = 5
    ) -> None:
        self.sampler = sampler
        self.classifier = classifier
        self.correct_prior = correct_prior
        self.cv = cv

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
            Weights; the sampler carries them over, and the prior that is put back is the weighted one.
        groups : array, shape (n,), optional
            Groups; the sampler carries them to its ``groups_``, and the folds for ``"level"`` keep them
            together.

        Returns
        -------
        ResampledClassifier
            Itself.
        """
        labels = _checked(y)
        self._check_parameters()
        rows = X if hasattr(X, "shape") else np.asarray(X)
        self.sampler_, self.classifier_ = self._train(rows, labels, sample_weight, groups)
        self.classes_ = self.classifier_.classes_
        self.__dict__.pop("prior_offset_", None)
        if self.correct_prior == "level":
            self.prior_offset_ = self._find_level(rows, labels, sample_weight, groups)
        elif self.correct_prior:
            self.prior_offset_ = self._find_offset()
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.classifier_, name):
                setattr(self, name, getattr(self.classifier_, name))
        return self

    def _check_parameters(self) -> None:
        given: Any = self.correct_prior
        if not (
            isinstance(given, (bool, np.bool_)) or (isinstance(given, str) and given == "level")
        ):
            raise UsageError(
                f"correct_prior={given!r} cannot be used", remedy='use False, True or "level"'
            )
        folds: Any = self.cv
        if not isinstance(folds, Integral) or int(folds) < 2:
            raise UsageError(f"cv={self.cv!r} is no number of folds", remedy="use 2 or more")
        for name, one in (("sampler", self.sampler), ("classifier", self.classifier)):
            if isinstance(one, type):
                raise UsageError(
                    f"{name} is the class {one.__name__}",
                    remedy=f"give an instance: {one.__name__}()",
                )
        if not hasattr(self.sampler, "fit_resample"):
            raise UsageError(
                f"sampler={self.sampler!r} has no fit_resample",
                remedy="give one of equipoise.samplers, such as RandomUnderSampler()",
            )
        if not hasattr(self.classifier, "fit") or is_regressor(self.classifier):
            raise UsageError(
                f"classifier={self.classifier!r} is no classifier",
                remedy="give one of scikit-learn's kind, such as LogisticRegression()",
            )
        if not given:
            return
        name = type(self.classifier).__name__
        if not hasattr(self.classifier, "predict_proba"):
            raise UsageError(
                f"{name} has no predict_proba, so there are no probabilities to correct",
                remedy="use a classifier that has it, or correct_prior=False",
            )
        weighing = _class_weights(self.classifier)
        if weighing is not None and not isinstance(given, str):
            raise UsageError(
                f"{name} has {weighing}, which moves the prior by more than the sampler knows",
                remedy='use correct_prior="level", or no class weights',
            )

    def _train(
        self, X: Any, labels: NDArray[Any], sample_weight: Any, groups: Any
    ) -> tuple[Any, Any]:
        """Return the sampler and the classifier, fitted."""
        sampler = clone(self.sampler)
        given = {"sample_weight": sample_weight, "groups": groups}
        given = {name: values for name, values in given.items() if values is not None}
        X_made, y_made = sampler.fit_resample(X, labels, **given)
        left = np.isin(classes := np.unique(labels), np.asarray(y_made))
        if not left.all():
            raise DataError(
                f"{type(sampler).__name__} left no row of class {classes[~left].tolist()[0]!r}, which "
                "the classifier would not know",
                remedy="use a milder sampling_strategy, or another sampler",
            )
        weight = getattr(sampler, "sample_weight_", None)
        fitted = clone(self.classifier)
        if weight is None:
            return sampler, fitted.fit(X_made, y_made)
        if has_fit_parameter(fitted, "sample_weight"):
            return sampler, fitted.fit(X_made, y_made, sample_weight=weight)
        raise UsageError(
            f"{type(fitted).__name__} takes no sample_weight, and {type(sampler).__name__} "
            "returns weights",
            remedy="use a classifier whose fit takes sample_weight, or another sampler",
        )

    def _find_offset(self) -> F:
        offset: F | None = getattr(self.sampler_, "prior_offset_", None)
        if offset is None:
            raise UsageError(
                f"{type(self.sampler_).__name__} does not say by how much it moved the prior",
                remedy='use one of equipoise.samplers, correct_prior="level", or correct_prior=False',
            )
        return offset

    def _find_level(self, X: Any, labels: NDArray[Any], sample_weight: Any, groups: Any) -> F:
        """Return by how much mean probabilities of rows left out are off the shares of the classes."""
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        together = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        X = X.tocsr() if sp.issparse(X) else X
        log_p = np.empty((len(labels), len(self.classes_)))
        for training, out in _folds(labels, together, int(self.cv)):
            own = [None if each is None else each[training] for each in (weight, together)]
            model = self._train(_safe_indexing(X, training), labels[training], *own)[1]
            log_p[out] = _log_probabilities(model, _safe_indexing(X, out))
        codes = np.searchsorted(self.classes_, labels)
        shares = np.bincount(codes, weights=weight, minlength=len(self.classes_)).astype(np.float64)
        if weight is None:
            return -calibration_intercept(log_p, shares)
        return -_weighted_intercept(log_p, shares, weight)

    @available_if(_classifier_has("predict_proba"))
    def predict_proba(self, X: Any) -> F:
        """Return the probability of each class, float64 (n, C)."""
        check_is_fitted(self)
        if self.correct_prior:
            corrected: F = np.exp(self._corrected(X))
            return corrected
        p: F = np.asarray(self.classifier_.predict_proba(X), dtype=np.float64)
        return p

    @available_if(_classifier_has("predict_proba"))
    def predict_log_proba(self, X: Any) -> F:
        """Return the natural logarithm of the probability of each class, float64 (n, C)."""
        check_is_fitted(self)
        return self._corrected(X) if self.correct_prior else _log_probabilities(self.classifier_, X)

    def _corrected(self, X: Any) -> F:
        return correct(_log_probabilities(self.classifier_, X), self.prior_offset_)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row: the likeliest, with the prior put back if that is asked for."""
        check_is_fitted(self)
        if self.correct_prior:
            likeliest: NDArray[Any] = self.classes_[self._corrected(X).argmax(axis=1)]
            return likeliest
        labels: NDArray[Any] = self.classifier_.predict(X)
        return labels

    @available_if(_classifier_has("decision_function", corrected=False))
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return the scores of the classifier as they are.

        Not there with ``correct_prior``: log-odds with the prior put back are differences of
        ``predict_log_proba``.
        """
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


def _log_probabilities(model: Any, X: Any) -> F:
    with np.errstate(divide="ignore"):
        logged: F = np.log(np.asarray(model.predict_proba(X), dtype=np.float64))
    return logged


def _class_weights(classifier: Any) -> str | None:
    """Return the parameter by which a classifier, or the last step of a pipeline, weighs classes."""
    while getattr(classifier, "steps", None):
        classifier = classifier.steps[-1][1]
    given = classifier.get_params(deep=False) if hasattr(classifier, "get_params") else {}
    for name in _WEIGHTS:
        value = given.get(name)
        plain = isinstance(value, (int, float)) and not isinstance(value, bool) and value == 1
        if value is not None and value is not False and not plain:
            return f"{name}={value!r}"
    return None


def _folds(labels: NDArray[Any], groups: Rows | None, cv: int) -> list[tuple[Rows, Rows]]:
    """Return rows to train on and rows left out, with every class among the first."""
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    what = "row"
    if groups is not None:
        what = "group"
        pairs = np.unique(np.column_stack([codes, groups]), axis=0)
        counts = np.bincount(pairs[:, 0], minlength=len(classes))
    rarest = int(counts.argmin())
    for k in range(min(cv, int(counts[rarest])), 1, -1):
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        splits = kind(k, shuffle=True, random_state=_SEED).split(codes, codes, groups)
        folds = [(training, out) for training, out in splits if len(out)]
        if all(len(np.unique(codes[training])) == len(classes) for training, _ in folds):
            return folds
    n = int(counts[rarest])
    few = (
        f"class {classes[[rarest]].tolist()[0]!r} has {n} {what}{'s' * (n != 1)}"
        if n < 2
        else "groups cannot be split so that every class is in every part"
    )
    raise DataError(
        f'{few}, and correct_prior="level" needs each class in 2 {what}s or more, in parts of their own',
        remedy=f"give more {what}s, merge the class, or use correct_prior=True",
    )


def _weighted_intercept(log_p: F, totals: F, weight: F) -> F:
    """Do what ``calibration_intercept`` does, with the mean over rows weighted."""
    known = np.flatnonzero(totals > 0)
    out = np.zeros(len(totals))
    z = np.maximum(log_p[:, known], -_FAR)
    share, target = weight / weight.sum(), totals[known] / totals.sum()

    def off(b: F) -> tuple[float, F]:
        log_q = correct(z, -b)
        norm = (z + b - log_q)[:, 0]
        gradient: F = share @ np.exp(log_q) - target
        return float(share @ norm - target @ b), gradient

    start = np.log(target) - np.log(share @ np.exp(z))
    # Convex: where the gradient is 0, the mean is the target.
    found = minimize(off, start, jac=True, method="BFGS", options={"gtol": 1e-9}).x
    found = np.clip(found, -_FAR, _FAR)
    out[known] = found - found.mean()
    return out
