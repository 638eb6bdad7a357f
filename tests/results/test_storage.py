"""Models on disk: the same predictions after a round trip, and no harm to what lies in the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import StorageError
from equipoise.learners.ensemble import ENSEMBLES

LEARNERS = [("linear", "untreated"), ("forest", "untreated"), ("boosting", "untreated")]
TREATED = [("boosting", "focal"), ("linear", "smote")]


def same(one: eq.Model, other: eq.Model, data) -> None:
    np.testing.assert_array_equal(one.predict_proba(data), other.predict_proba(data))
    labels, again = one.predict(data), other.predict(data)
    np.testing.assert_array_equal(labels, again)
    assert labels.dtype == again.dtype
    assert [type(label) for label in one.classes] == [type(label) for label in other.classes]
    assert one.classes == other.classes
    assert one.about == other.about


@pytest.mark.parametrize(
    ("learner", "strategy", "target", "text"),
    [
        *(
            (*one, target, text)
            for one in LEARNERS
            for target in ("two", "three")
            for text in (False, True)
        ),
        *((*one, target, False) for one in TREATED for target in ("two", "three")),
    ],
)
def test_a_learner_predicts_the_same_after_loading(
    learner, strategy, target, text, people, train, tmp_path
):
    model = train(target, text, learner=learner, strategy=strategy)
    same(model, eq.load(model.save(tmp_path / "model")), people)


@pytest.mark.parametrize("target", ["two", "three"])
@pytest.mark.parametrize("strategy", list(ENSEMBLES))
def test_an_ensemble_predicts_the_same_after_loading(
    strategy, target, people, train, tmp_path, small_ensembles
):
    model = train(target, strategy=strategy, text=target == "two")
    assert model.fitted.estimator.n_estimators == 2
    same(model, eq.load(model.save(tmp_path / "model")), people)


@pytest.mark.parametrize("decision", ["argmax", "prior-corrected", "tuned", "min-cost"])
def test_every_decision_survives(decision, people, train, tmp_path):
    cost = "fn=5,fp=1" if decision == "min-cost" else None
    model = train(
        learner="linear", strategy="weights-balanced", decision=decision, cost=cost, folds=2
    )
    same(model, eq.load(model.save(tmp_path / "model")), people)


@pytest.mark.parametrize(
    "labels", [["no", "yes"], [0, 1], [-1.5, 2.5], [False, True], ["1", "2"], ["é\n", 'a"b']]
)
def test_labels_keep_their_type(labels, tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = [labels[int(v > 0.7)] for v in X[:, 0]]
    model = eq.train(X, target=y, learner="linear")
    same(model, eq.load(model.save(tmp_path / "model")), X)


def test_a_model_saved_twice_is_the_later_one(linear, booster, tmp_path, people):
    linear.save(tmp_path / "model")
    booster.save(tmp_path / "model")
    same(booster, eq.load(tmp_path / "model"), people)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    assert not (tmp_path / "model" / "estimator.skops").exists()


def test_missing_parents_are_made_and_an_empty_folder_is_used(linear, tmp_path, people):
    same(linear, eq.load(linear.save(tmp_path / "a" / "b")), people)
    (tmp_path / "empty").mkdir()
    same(linear, eq.load(linear.save(str(tmp_path / "empty"))), people)


@pytest.mark.parametrize(
    "inside",
    [
        {"thesis.tex": "years of work"},
        {"model.json": "{}", "weights.bin": "of another library"},
        {"model.json": '{"kind": "model"}', "thesis.tex": "years of work"},
        {"model.json": "no json"},
        {"model.json": "[]"},
    ],
    ids=lambda inside: "+".join(inside),
)
def test_what_is_no_model_is_never_replaced(inside, linear, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in inside.items():
        (folder / name).write_text(content)
    with pytest.raises(StorageError, match=r"is not a saved model.*; choose another folder"):
        linear.save(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == inside
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_the_way(linear, tmp_path):
    (tmp_path / "file").write_text("kept")
    for place in (tmp_path / "file", tmp_path / "file" / "model"):
        with pytest.raises(StorageError):
            linear.save(place)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("when", ["mkdir", "replace"])
def test_a_full_or_forbidden_disk_leaves_the_older_model(
    when, linear, booster, people, tmp_path, monkeypatch
):
    linear.save(tmp_path / "model")
    calls = []

    def refuse(*args, **kwargs):
        calls.append(args)
        # Putting aside succeeds, putting in place does not, putting back does. The folder above is there.
        if (len(calls) != 2) if when == "replace" else kwargs.get("exist_ok"):
            return real(*args, **kwargs)
        raise PermissionError(13, "Permission denied")

    where = Path if when == "mkdir" else os
    real = getattr(where, when)
    monkeypatch.setattr(where, when, refuse)
    with pytest.raises(StorageError, match=r"Permission denied.*choose a folder"):
        booster.save(tmp_path / "model")
    monkeypatch.undo()
    same(linear, eq.load(tmp_path / "model"), people)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("strategy", "target", "text"),
    [
        ("untreated", "two", True),
        ("smote", "three", False),
        ("ldam", "three", False),
        ("head-retraining", "two", False),
    ],
)
def test_a_network_predicts_the_same_after_loading(
    strategy, target, text, people, train, tmp_path, monkeypatch
):
    from equipoise.learners.neural import mlp

    short = mlp.Recipe(epochs=2)
    monkeypatch.setattr(mlp, "Recipe", lambda: short)
    model = train(target, text, learner="mlp", strategy=strategy, folds=2)
    folder = model.save(tmp_path / "model")
    assert (folder / "network.safetensors").is_file()
    same(model, eq.load(folder), people)
    about = json.loads((folder / "model.json").read_text())
    assert (about["cosine"] > 0) == (strategy == "ldam")
