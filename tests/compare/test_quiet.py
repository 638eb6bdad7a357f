"""Warnings of libraries stay inside the trial, and the caller's filters stay as they were."""

from __future__ import annotations

import threading
import warnings

import numpy as np

import equipoise as eq
from equipoise.compare.quiet import quiet


def test_threads_that_meddle_with_filters_are_heard_by_nobody(capsys):
    before = list(warnings.filters)

    def meddle():
        for _ in range(300):
            with warnings.catch_warnings():
                warnings.resetwarnings()
                warnings.warn("noise", stacklevel=1)

    with quiet():
        threads = [threading.Thread(target=meddle) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert list(warnings.filters) == before
    assert capsys.readouterr().err == ""


def test_whoever_asks_for_all_warnings_sees_them():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with quiet():
            warnings.warn("seen", stacklevel=1)
    assert [str(one.message) for one in heard] == ["seen"]


def test_a_learner_that_returns_nan_is_left_out_and_the_trial_goes_on():
    from sklearn.dummy import DummyClassifier

    class Broken(DummyClassifier):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = (X[:, 0] + rng.normal(size=200) > 1).astype(int)
    result = eq.compare(X, y, learner=[Broken(), "linear"], strategies="untreated", folds=3)
    why = {one["learner"]: one["why_not"] for one in result.summary["strategies"]}
    assert "not numbers" in why["Broken"]
    assert why["linear"] is None
