"""Self-paced ensemble: balanced bags that turn from easy towards hard majority rows."""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from equipoise.ensembles.offsets import balanced_prior_offset

__all__ = ["SelfPacedEnsembleClassifier"]


class SelfPacedEnsembleClassifier(ClassifierMixin, BaseEstimator):
    r"""Average of classifiers, each trained on all rare rows and as many rows of the others.

    The first member sees a random balanced bag. Before each later one the rows of every larger
    class are cut into ``k_bins`` equally wide bins by their hardness under the ensemble so far,
    and bin l gives rows in proportion to :math:`1 / (h_l + \alpha)`, where :math:`h_l` is its
    mean hardness and :math:`\alpha = \tan(\pi i / (2 (n - 1)))` for member i = 1..n-1. With a
    small alpha all bins contribute the same total hardness; as it grows all bins contribute the
    same number of rows, which gives the few hard rows more room.

    The paper treats two classes. With more, the smallest class is kept whole and each larger one
    is drawn from by the hardness of its own rows for its own label.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``, default=None
        Member to clone; ``DecisionTreeClassifier()`` by default.
    n_estimators : int, default=10
        Number of members.
    k_bins : int, default=20
        Number of hardness bins per class.
    hardness : {"absolute", "squared", "cross-entropy"}, default="absolute"
        Of a row whose true class has probability p: 1 - p, (1 - p)^2 or -log p.
    n_jobs : int, default=None
        Threads for scoring rows. Results do not depend on it. Members depend on each other and
        are trained one after the other.
    random_state : int, RandomState or None, default=None
        Seed of the bags and of the members.

    Attributes
    ----------
    estimators_ : list of classifiers
        Members, trained on class codes.
    estimators_samples_ : list of ndarray
        Rows that each member was trained on.
    classes_ : ndarray, shape (C,)
        Labels.
    prior_offset_ : ndarray, shape (C,)
        What balanced bags add to the log-probabilities, centred: minus the log of the count.
        Exact for random bags; drawing by hardness makes it an approximation.
    n_features_in_ : int
        Number of columns.

    References
    ----------
    Z. Liu, W. Cao, Z. Gao, J. Bian, H. Chen, Y. Chang and T.-Y. Liu, "Self-paced Ensemble for
    Highly Imbalanced Massive Data Classification", ICDE 2020.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from equipoise.ensembles import SelfPacedEnsembleClassifier
    >>> X, y = make_classification(500, weights=[0.95], random_state=0)
    >>> model = SelfPacedEnsembleClassifier(random_state=0).fit(X, y)
    >>> model.predict_proba(X[:3]).shape
    (3, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "k_bins": [Interval(Integral, 1, None, closed="left")],
        "hardness": [StrOptions({"absolute", "squared", "cross-entropy"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int = 10,
        k_bins: int = 20,
        hardness: str = "absolute",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.k_bins = k_bins
        self.hardness = hardness
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike) -> SelfPacedEnsembleClassifier:
        """Train the members one after the other.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, shape (n, columns)
            Rows.
        y : array-like, shape (n,)
            Labels.

        Returns
        -------
        SelfPacedEnsembleClassifier
            Itself.
        """
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=None, ensure_all_finite=self._finite()
        )
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        rng = check_random_state(self.random_state)
        counts = np.bincount(codes)
        target = int(counts.min())
        kept = np.flatnonzero(np.isin(codes, np.flatnonzero(counts == target)))
        larger = [np.flatnonzero(codes == code) for code in np.flatnonzero(counts > target)]
        scored = np.concatenate(larger) if larger else np.empty(0, dtype=np.int64)
        X_scored, own = X[scored], codes[scored]
        own_proba = np.zeros(len(scored))

        self.estimators_: list[Any] = []
        self.estimators_samples_: list[NDArray[np.int64]] = []
        for member in range(self.n_estimators):
            drawn = [kept]
            if member == 0:
                drawn += [rng.choice(rows, target, replace=False) for rows in larger]
            elif larger:
                own_proba += self._score(self.estimators_[-1:], X_scored)[np.arange(len(own)), own]
                hardness = self._hardness(own_proba / member)
                # The last member has an infinite alpha: every bin gives the same number of rows.
                alpha = np.tan(np.pi / 2 * member / (self.n_estimators - 1))
                start = 0
                for rows in larger:
                    part = hardness[start : start + len(rows)]
                    drawn.append(rows[_draw(part, target, self.k_bins, float(alpha), rng)])
                    start += len(rows)
            bag = np.sort(np.concatenate(drawn))
            model = (
                clone(self.estimator) if self.estimator is not None else DecisionTreeClassifier()
            )
            _seed(model, rng)
            self.estimators_.append(model.fit(X[bag], codes[bag]))
            self.estimators_samples_.append(bag)
        self.prior_offset_ = balanced_prior_offset(counts)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Average the members' probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, shape (n, columns)
            Rows.

        Returns
        -------
        ndarray, shape (n, C)
            Probabilities as learned from balanced bags; ``prior_offset_`` tells how to put the
            prior back.
        """
        check_is_fitted(self)
        X = validate_data(
            self,
            X,
            reset=False,
            accept_sparse="csr",
            dtype=None,
            ensure_all_finite=self._finite(),
        )
        return self._score(self.estimators_, X) / len(self.estimators_)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label with the highest average probability.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, shape (n, columns)
            Rows.

        Returns
        -------
        ndarray, shape (n,)
            Labels.
        """
        proba = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[np.argmax(proba, axis=1)]
        return labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        member = get_tags(
            self.estimator if self.estimator is not None else DecisionTreeClassifier()
        )
        tags.input_tags.allow_nan = member.input_tags.allow_nan
        tags.input_tags.sparse = member.input_tags.sparse
        return tags

    def _finite(self) -> bool | str:
        return "allow-nan" if get_tags(self).input_tags.allow_nan else True

    def _hardness(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.hardness == "absolute":
            return 1.0 - p
        if self.hardness == "squared":
            return (1.0 - p) ** 2
        out: NDArray[np.float64] = -np.log(np.clip(p, 1e-7, 1.0))
        return out

    def _score(self, members: list[Any], X: Any) -> NDArray[np.float64]:
        """Sum the members' probabilities; threads share out rows, so sums do not depend on them."""
        n = X.shape[0]
        out = np.zeros((n, len(self.classes_)))
        threads = max(1, min(effective_n_jobs(self.n_jobs), n // 1000))
        edges = np.linspace(0, n, threads + 1).astype(int)

        def add(low: int, high: int) -> None:
            for model in members:
                out[low:high] += model.predict_proba(X[low:high])

        if threads == 1:
            add(0, n)
        else:
            spans = pairwise(edges)
            Parallel(threads, require="sharedmem")(delayed(add)(low, high) for low, high in spans)
        return out


def _seed(estimator: Any, rng: np.random.RandomState) -> None:
    names = sorted(
        name for name in estimator.get_params() if name.split("__")[-1] == "random_state"
    )
    if names:
        estimator.set_params(**{name: int(rng.randint(2**31 - 1)) for name in names})


def _draw(
    hardness: NDArray[np.float64], total: int, k_bins: int, alpha: float, rng: np.random.RandomState
) -> NDArray[np.int64]:
    """Draw ``total`` distinct rows, each bin's part by the inverse of its mean hardness."""
    low, high = hardness.min(), hardness.max()
    if high > low:
        # Divided first: what a spread near the smallest float divides may not be one.
        place = ((hardness - low) / (high - low) * k_bins).astype(np.int64)
        place = np.minimum(place, k_bins - 1)
    else:
        place = np.zeros(len(hardness), dtype=np.int64)
    sizes = np.bincount(place, minlength=k_bins)
    mean = np.bincount(place, weights=hardness, minlength=k_bins) / np.maximum(sizes, 1)
    quota = _allocate(1.0 / (mean + alpha), sizes, total)
    mixed = rng.permutation(len(hardness))
    mixed = mixed[np.argsort(place[mixed], kind="stable")]
    first = np.cumsum(sizes) - sizes
    rank = np.arange(len(mixed)) - np.repeat(first, sizes)
    return mixed[rank < np.repeat(quota, sizes)]


def _allocate(
    weights: NDArray[np.float64], sizes: NDArray[np.int64], total: int
) -> NDArray[np.int64]:
    """Share ``total`` out in proportion to ``weights``, no part above its size, sum exact."""
    out = np.zeros(len(sizes), dtype=np.int64)
    open_ = sizes > 0
    while True:
        # A bin too small for its part gives all it has; the others share what is left.
        part = np.where(open_, weights, 0.0)
        left = total - int(out.sum())
        quota = part * (left / part.sum()) if left and open_.any() else np.zeros(len(sizes))
        full = open_ & (quota >= sizes)
        if not full.any():
            break
        out[full] = sizes[full]
        open_ &= ~full
    floor = np.floor(quota).astype(np.int64)
    short = total - int(out.sum()) - int(floor.sum())
    if short > 0:
        rest = np.where(open_, quota - floor, -1.0)
        floor[np.argsort(-rest, kind="stable")[:short]] += 1
    return out + floor
