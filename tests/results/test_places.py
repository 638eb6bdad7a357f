"""A place that cannot take the outcome is refused before the work; one that a kill left is put right."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import equipoise as eq
from equipoise.cli import main
from equipoise.errors import StorageError
from equipoise.jobs import comparing

X = np.random.default_rng(0).normal(size=(60, 2))
Y = (X[:, 0] > 0.8).astype(int)


def file_in_place(run, saved):
    (run / "model").write_text("kept")


def folder_of_something_else(run, saved):
    (run / "model").mkdir()
    (run / "model" / "thesis.tex").write_text("kept")


def damaged_model(run, saved):
    os.replace(saved, run / "model")
    path = run / "model" / "model.json"
    path.write_text(path.read_text()[:100])


def model_without_its_description(run, saved):
    os.replace(saved, run / "model")
    (run / "model" / "model.json").unlink()


def folder_in_place_of_the_result(run, saved):
    (run / "result.json").mkdir()


def folder_in_place_of_the_report(run, saved):
    (run / "report.html").mkdir()


WAYS = [
    (file_in_place, "is a file, and a model is a folder; choose another folder"),
    (folder_of_something_else, "exists and is not a saved model; choose another folder"),
    (damaged_model, "model.json is missing or damaged; choose another folder"),
    (model_without_its_description, "model.json is missing or damaged; choose another folder"),
    (folder_in_place_of_the_result, "is a folder, where a run writes a file; choose another"),
    (folder_in_place_of_the_report, "is a folder, where a run writes a file; choose another"),
]
NAMES = [prepare.__name__ for prepare, _ in WAYS]


def tree(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def no_work(*_, **__):
    raise AssertionError("the work began")


@pytest.mark.parametrize(("prepare", "words"), WAYS, ids=NAMES)
def test_what_is_in_the_way_is_found_before_the_trial(
    prepare, words, linear, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    run.mkdir()
    prepare(run, linear.save(tmp_path / "saved"))
    before = tree(run)
    monkeypatch.setattr(comparing, "load_dataset", no_work)
    with pytest.raises(StorageError, match=words):
        eq.compare(X, target=Y, run_dir=run)
    assert tree(run) == before


@pytest.mark.parametrize(("prepare", "words"), WAYS[:4], ids=NAMES[:4])
def test_what_is_in_the_way_is_found_before_training(
    prepare, words, linear, tmp_path, monkeypatch, capsys
):
    prepare(tmp_path, linear.save(tmp_path / "saved"))
    before = tree(tmp_path)
    monkeypatch.setattr("equipoise.jobs.training.train", no_work)
    assert main(["train", "data.csv", "-t", "y", "-o", str(tmp_path / "model")]) == 1
    error = " ".join(capsys.readouterr().err.split())
    assert all(part in error for part in words.split("; "))
    assert tree(tmp_path) == before


def test_an_older_model_and_an_empty_folder_are_no_hindrance(linear, tmp_path):
    linear.save(tmp_path / "model")
    (tmp_path / "result.json").write_text("{")
    result = eq.compare(X, target=Y, learner="linear", strategies="untreated", run_dir=tmp_path)
    assert eq.load(tmp_path / "model").about["rows"] == 60
    assert json.loads((tmp_path / "result.json").read_text()) == json.loads(result.to_json())


def test_a_model_that_a_kill_left_aside_comes_back(linear, people, tmp_path):
    linear.save(tmp_path / "model")
    from equipoise import files

    aside = files._beside(tmp_path / "model", ".replaced-")
    aside.mkdir()
    os.replace(tmp_path / "model", aside / "old")
    again = eq.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(people), linear.predict_proba(people))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
