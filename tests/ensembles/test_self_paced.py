from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from equipoise import ensembles
from equipoise.ensembles import SelfPacedEnsembleClassifier, balanced_prior_offset
from equipoise.ensembles.self_paced import _allocate, _draw


@parametrize_with_checks(
    [
        SelfPacedEnsembleClassifier(n_estimators=3),
        SelfPacedEnsembleClassifier(LogisticRegression(), n_estimators=2, hardness="cross-entropy"),
    ]
)
def test_behaves_like_a_scikit_learn_classifier(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def rare() -> tuple[np.ndarray, np.ndarray]:
    return make_classification(2000, 8, weights=[0.95], flip_y=0.02, class_sep=0.8, random_state=3)


@pytest.mark.parametrize("hardness", ["absolute", "squared", "cross-entropy"])
def test_bags_are_balanced_keep_the_rare_class_and_do_not_repeat(
    rare: tuple[np.ndarray, np.ndarray], hardness: str
) -> None:
    X, y = rare
    model = SelfPacedEnsembleClassifier(hardness=hardness, random_state=0).fit(X, y)
    positives = np.flatnonzero(y == 1)
    for bag in model.estimators_samples_:
        assert len(np.unique(bag)) == len(bag) == 2 * len(positives)
        assert np.isin(positives, bag).all()


def test_several_classes_and_text_labels() -> None:
    X, y = make_classification(
        900, 8, n_informative=5, n_classes=3, weights=[0.75, 0.2], random_state=0
    )
    labels = np.array(["often", "seldom", "rare"])[y]
    model = SelfPacedEnsembleClassifier(random_state=0).fit(X, labels)
    assert model.classes_.tolist() == ["often", "rare", "seldom"]
    least = np.bincount(y).min()
    for bag in model.estimators_samples_:
        assert np.unique(labels[bag], return_counts=True)[1].tolist() == [least] * 3
    assert set(model.predict(X)) == {"often", "seldom", "rare"}


def test_the_same_seed_gives_the_same_numbers_whatever_the_threads(
    rare: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = rare
    one = SelfPacedEnsembleClassifier(random_state=7, n_jobs=1).fit(X, y).predict_proba(X)
    two = SelfPacedEnsembleClassifier(random_state=7, n_jobs=2).fit(X, y).predict_proba(X)
    other = SelfPacedEnsembleClassifier(random_state=8).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_hard_rows_gain_weight_from_member_to_member(
    rare: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = rare
    member = DecisionTreeClassifier(max_depth=4)
    model = SelfPacedEnsembleClassifier(member, random_state=0).fit(X, y)
    final = model.predict_proba(X)[:, 1]
    mean = [final[bag[y[bag] == 0]].mean() for bag in model.estimators_samples_]
    assert mean[-1] > mean[0]


def test_ranks_better_than_one_balanced_tree(rare: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rare
    train, test = slice(0, 1200), slice(1200, None)
    tree = SelfPacedEnsembleClassifier(n_estimators=1, random_state=0).fit(X[train], y[train])
    ten = SelfPacedEnsembleClassifier(n_estimators=10, random_state=0).fit(X[train], y[train])
    scores = [average_precision_score(y[test], m.predict_proba(X[test])[:, 1]) for m in (tree, ten)]
    assert scores[1] > scores[0]


def test_sparse_rows_and_missing_values(rare: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rare
    dense = SelfPacedEnsembleClassifier(n_estimators=3, random_state=0).fit(X, y)
    other = SelfPacedEnsembleClassifier(n_estimators=3, random_state=0).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(
        dense.predict_proba(X), other.predict_proba(sparse.csr_array(X)), atol=1e-6
    )
    holes = X.copy()
    holes[::7, 2] = np.nan
    assert np.isfinite(
        SelfPacedEnsembleClassifier(random_state=0).fit(holes, y).predict_proba(holes)
    ).all()


def test_offset_puts_the_prior_back() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(40_000) < 0.05).astype(int)
    X = rng.normal(size=(len(y), 1)) + y[:, None]
    model = SelfPacedEnsembleClassifier(LogisticRegression(), n_estimators=1, random_state=0)
    model.fit(X, y)
    raw = model.predict_proba(X)
    corrected = np.log(raw) - model.prior_offset_
    corrected = np.exp(corrected) / np.exp(corrected).sum(axis=1, keepdims=True)
    assert raw[:, 1].mean() > 0.2
    assert corrected[:, 1].mean() == pytest.approx(y.mean(), abs=0.004)
    np.testing.assert_allclose(model.prior_offset_, balanced_prior_offset(np.bincount(y)))


def test_offset_of_an_absent_class_is_zero() -> None:
    assert balanced_prior_offset([10, 0, 10]).tolist() == [0, 0, 0]
    assert balanced_prior_offset([10, 0, 1000])[1] == 0


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(1e-6, 1e6)), min_size=1, max_size=20),
    st.data(),
)
def test_allocation_is_exact_and_within_sizes(bins: list[tuple[int, float]], data: Any) -> None:
    sizes = np.array([size for size, _ in bins])
    weights = np.array([weight for _, weight in bins])
    total = data.draw(st.integers(0, int(sizes.sum())))
    parts = _allocate(weights, sizes, total)
    assert parts.sum() == total
    assert (parts >= 0).all()
    assert (parts <= sizes).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 25), st.data())
def test_draw_gives_distinct_rows(values: list[float], bins: int, data: Any) -> None:
    total = data.draw(st.integers(1, len(values)))
    rows = _draw(np.array(values), total, bins, 0.3, np.random.RandomState(0))
    assert len(np.unique(rows)) == len(rows) == total


def test_others_come_from_imbalanced_learn_when_asked_for() -> None:
    import imblearn.ensemble

    assert ensembles.RUSBoostClassifier is imblearn.ensemble.RUSBoostClassifier
    assert set(ensembles.__all__) == set(dir(ensembles))
    with pytest.raises(AttributeError, match="nothing"):
        _ = ensembles.nothing
