"""Estimators of the caller's own: a run keeps its result, and a model is stored so that it loads."""

from __future__ import annotations

import json
import re
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import equipoise as eq
from equipoise import results
from equipoise.errors import ModelError, UsageError

from .test_storage import same

X = np.random.default_rng(0).normal(size=(120, 2))
Y = (X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=120) > 1).astype(int)


class Mine(LogisticRegression):
    """An estimator that no library knows."""


MINE = f"{__name__}.Mine"


def squares(X):
    return X**2


def piped(function):
    return make_pipeline(FunctionTransformer(function), LogisticRegression())


def trial(learner, folder):
    return eq.compare(
        X, target=Y, learner=learner, strategies="untreated", folds=2, n_jobs=1, run_dir=folder
    )


@pytest.mark.parametrize(
    ("learner", "words"),
    [(piped(lambda X: X), "lambda> cannot be stored"), (Mine(), rf"trusted=\['{MINE}'\]")],
    ids=["lambda", "class"],
)
def test_a_run_whose_model_cannot_be_stored_keeps_all_else(learner, words, tmp_path):
    with pytest.raises(ModelError, match=words) as caught:
        eq.train(X, target=Y, learner=learner).save(tmp_path / "alone")
    assert not list(tmp_path.iterdir())
    result = trial(learner, tmp_path / "run")
    for name in ("report.html", "result.json", "leaderboard.csv"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    assert not (tmp_path / "run" / "model").exists()
    saved = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert saved == json.loads(result.to_json())
    assert saved["model"] == {"saved": False, "why_not": str(caught.value)}
    assert f"the model was not saved: {caught.value}" in repr(result)
    assert result.model().predict(X).shape == (120,)


def test_a_run_whose_model_is_stored_says_nothing_of_it(tmp_path):
    result = trial(piped(np.negative), tmp_path)
    assert "model" not in result.summary
    same(result.model(), eq.load(tmp_path / "model"), X)


def test_the_result_is_written_before_the_model(tmp_path, monkeypatch):
    def cut(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(eq.Model, "save", cut)
    with pytest.raises(KeyboardInterrupt):
        trial("linear", tmp_path)
    found = {path.name for path in tmp_path.iterdir()}
    assert {"report.html", "result.json", "leaderboard.csv"} <= found


@pytest.mark.parametrize(
    ("learner", "name"),
    [(Mine(), MINE), (piped(squares), f"{__name__}.squares")],
    ids=["class", "function"],
)
def test_what_the_caller_trusts_is_stored_and_loaded(learner, name, tmp_path):
    model = eq.train(X, target=Y, learner=learner)
    model.save(tmp_path / "model", trusted=[name])
    same(model, eq.load(tmp_path / "model", trusted=[name]), X)
    same(model, eq.load(tmp_path / "model", trusted=name), X)
    for trusted in ((), ["another.Name"]):
        with pytest.raises(ModelError, match=f"not known to be safe: {name};"):
            eq.load(tmp_path / "model", trusted=trusted)


def test_trusting_does_not_store_what_cannot_be_found_again(tmp_path):
    class Local(LogisticRegression):
        pass

    model = eq.train(X, target=Y, learner=Local())
    with pytest.raises(ModelError, match="does not load again"):
        model.save(tmp_path / "model", trusted=[f"{__name__}.Local"])
    model = eq.train(X, target=Y, learner=piped(lambda X: X))
    with pytest.raises(ModelError, match="has no name to load it by"):
        model.save(tmp_path / "model", trusted=[f"{__name__}.<lambda>"])
    assert not list(tmp_path.iterdir())


def test_trusted_holds_names(linear, tmp_path):
    for call in (linear.save, eq.load):
        with pytest.raises(UsageError, match="is no name"):
            call(tmp_path / "model", trusted=[Mine])


def test_a_logistic_regression_of_the_callers_own_scores_the_same_after_loading(tmp_path):
    y = np.digitize(X[:, 0], [-0.5, 0.8])
    model = eq.train(30 * X, target=y, learner=LogisticRegression(C=1e6))
    same(model, eq.load(model.save(tmp_path / "model")), 30 * X)


def test_a_trained_model_says_the_versions_that_a_trial_says(tmp_path):
    alone = eq.train(X, target=Y, learner="linear").about["versions"]
    assert (
        alone
        == trial("linear", None).summary["versions"]
        == trial("linear", None).model().about["versions"]
    )
    assert {"python", "numpy", "scikit-learn"} <= set(alone)


def test_the_modules_of_results_import_each_other_one_way():
    sources = {path.stem: path.read_text() for path in Path(results.__file__).parent.glob("*.py")}
    graph = {
        name: set(re.findall(r"^ *from equipoise\.results\.(\w+) import", text, re.MULTILINE))
        for name, text in sources.items()
    }
    TopologicalSorter(graph).prepare()  # which raises where there is a cycle
