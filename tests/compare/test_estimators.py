"""Estimators of the user's own as learners."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression

import equipoise as eq
from equipoise.errors import EquipoiseError
from equipoise.learners.custom import Custom


@pytest.fixture
def noisy():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 4))
    return X, (X[:, 0] + X[:, 1] + rng.normal(size=300) > 2).astype(int)


def voting(C: float) -> VotingClassifier:
    members = [(f"member{i}", LogisticRegression(C=1.0)) for i in range(30)]
    return VotingClassifier([*members, ("last", LogisticRegression(C=C))], voting="soft")


def test_two_of_one_class_both_compete_and_equal_ones_are_one(noisy):
    result = eq.compare(
        *noisy,
        learner=[LogisticRegression(C=1e-4), LogisticRegression(C=10), LogisticRegression(C=10)],
        strategies="untreated",
        folds=3,
    )
    found = {
        one["learner"]: one["metrics"]["log_loss"]["mean"] for one in result.summary["strategies"]
    }
    assert set(found) == {"LogisticRegression", "LogisticRegression-2"}
    assert found["LogisticRegression-2"] < found["LogisticRegression"]


def test_a_journal_is_never_read_for_another_estimator(noisy, tmp_path):
    short, long = voting(1e-6), voting(50)
    assert repr(short) == repr(long)  # scikit-learn cuts it short
    run = {"strategies": "untreated", "folds": 3, "run_dir": tmp_path / "run"}
    eq.compare(*noisy, learner=short, **run)
    with pytest.raises(EquipoiseError, match="estimators"):
        eq.compare(*noisy, learner=long, **run)


def test_what_cannot_be_told_apart_is_never_taken_for_the_same():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    def made() -> Custom:
        return Custom.of(make_pipeline(FunctionTransformer(lambda X: X), LogisticRegression()))

    assert made().digest != made().digest


def test_a_learner_that_brings_its_own_treatment_is_refused():
    from sklearn.pipeline import make_pipeline

    for estimator in (
        LogisticRegression(class_weight="balanced"),
        make_pipeline(LogisticRegression(class_weight={0: 1, 1: 9})),
    ):
        with pytest.raises(EquipoiseError, match="treats imbalance itself"):
            Custom.of(estimator)
    assert Custom.of(LogisticRegression()).name == "LogisticRegression"
