"""Instance hardness against imbalanced-learn, and for labels that it cannot take."""

from __future__ import annotations

import imblearn.under_sampling as theirs
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from equipoise.errors import DataError, UsageError
from equipoise.samplers import InstanceHardnessThreshold


def draw(seed: int, counts: list[int], columns: int = 3) -> tuple:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.normal(size=(len(y), columns)) + 0.7 * y[:, None], y


def same(our: InstanceHardnessThreshold, X: object, y: object) -> None:
    their = theirs.InstanceHardnessThreshold(**our.get_params(deep=False))
    X_our, y_our = our.fit_resample(X, y)
    X_their, y_their = their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
    if sparse.issparse(X):
        assert (X_our != X_their).nnz == 0
    elif isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(X_our, X_their)
    else:
        np.testing.assert_array_equal(X_our, X_their)
        assert X_our.dtype == X_their.dtype
    np.testing.assert_array_equal(y_our, y_their)
    assert repr(our.estimator_) == repr(their.estimator_)


@pytest.mark.parametrize("counts", [[80, 20], [70, 30, 15]], ids=["binary", "three classes"])
def test_the_default_forest_gives_imbalanced_learns_rows(counts):
    X, y = draw(0, counts)
    X[10:30] = X[50:70]  # copies with other labels: leaves that are not of one class
    same(InstanceHardnessThreshold(random_state=0, cv=3), X, y)


def test_a_generator_goes_on_where_it_was():
    X, y = draw(1, [60, 20])
    mine, other = np.random.RandomState(3), np.random.RandomState(3)
    our = InstanceHardnessThreshold(random_state=mine, cv=2)
    their = theirs.InstanceHardnessThreshold(random_state=other, cv=2)
    our.fit_resample(X, y)
    their.fit_resample(X, y)
    np.testing.assert_array_equal(our.sample_indices_, their.sample_indices_)
    assert mine.randint(10**6) == other.randint(10**6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("model", [LogisticRegression(), GaussianNB()], ids=["linear", "bayes"])
def test_models_and_types(model, dtype):
    for seed in range(2):
        X, y = draw(seed, [150, 40, 20])
        same(
            InstanceHardnessThreshold(estimator=model, random_state=seed), (2 * X).astype(dtype), y
        )


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, pd.DataFrame])
def test_kinds_of_input(make):
    X, y = draw(2, [90, 20])
    X[X < 0] = 0
    tree = DecisionTreeClassifier(max_depth=3)
    same(InstanceHardnessThreshold(estimator=tree, random_state=1), make(X), y)


@pytest.mark.parametrize(
    "strategy", [0.6, "all", "majority", "not majority", {0: 70, 1: 30}, lambda y: {0: 60}]
)
def test_strategies(strategy):
    X, y = draw(3, [200, 40] if strategy == 0.6 else [200, 60, 25])
    same(
        InstanceHardnessThreshold(
            estimator=GaussianNB(), random_state=0, sampling_strategy=strategy
        ),
        X,
        y,
    )


@pytest.mark.parametrize(
    "names",
    [["a", "b", "c"], [1, 2, 3], [-1, 1, 2], [10, 200, 3000], [-3, -2, -1]],
    ids=str,
)
def test_labels_of_any_kind_give_the_rows_of_their_codes(names):
    X, y = draw(4, [150, 40, 20])
    coded = InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0)
    named = InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0)
    coded.fit_resample(X, y)
    labels = np.array(names)[y]
    out, kept = named.fit_resample(X, labels)
    np.testing.assert_array_equal(coded.sample_indices_, named.sample_indices_)
    np.testing.assert_array_equal(kept, labels[named.sample_indices_])
    np.testing.assert_array_equal(named.parents_ @ X, out)


def test_the_rows_kept_are_those_of_a_plain_loop():
    X, y = draw(5, [90, 20])
    y = 2 * y - 1
    share = np.empty(len(y))
    folds = StratifiedKFold(5, shuffle=True, random_state=np.random.RandomState(0))
    for train, test in folds.split(X, y):
        model = GaussianNB().fit(X[train], y[train])
        for i in test:
            share[i] = model.predict_proba(X[[i]])[0, list(model.classes_).index(y[i])]
    sampler = InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0)
    sampler.fit_resample(X, y)
    common = np.flatnonzero(y == -1)
    easiest = common[np.argsort(share[common])[-20:]]
    assert sampler.sample_indices_.tolist() == [*sorted(easiest), *np.flatnonzero(y == 1)]


def test_the_forest_does_not_depend_on_the_threads():
    X, y = draw(6, [70, 20])
    one, many = (InstanceHardnessThreshold(random_state=0, cv=2, n_jobs=n) for n in (1, None))
    given = InstanceHardnessThreshold(estimator=RandomForestClassifier(), random_state=0, cv=2)
    np.testing.assert_array_equal(one.fit_resample(X, y)[0], many.fit_resample(X, y)[0])
    same(given, X, y)


def test_what_cannot_be_used_is_refused():
    X, y = draw(7, [30, 4])
    with pytest.raises(DataError, match=r"cv=31\) needs a class of 31 rows.*30; use cv=30"):
        InstanceHardnessThreshold(cv=31).fit_resample(X, y)
    with pytest.raises(UsageError, match="is no number of folds"):
        InstanceHardnessThreshold(cv=StratifiedKFold(3)).fit_resample(X, y)
    with pytest.raises(ValueError, match="estimator"):
        InstanceHardnessThreshold(estimator=KMeans()).fit_resample(X, y)
    with pytest.warns(UserWarning, match="least populated class"):
        InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0).fit_resample(X, y)
