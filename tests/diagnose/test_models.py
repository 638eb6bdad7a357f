"""Findings about a saved model and about the model that a run recommends."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.cli import main
from equipoise.diagnose.models import diagnose_model
from equipoise.diagnose.run import diagnose_predictions
from equipoise.errors import UsageError


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    kind = np.where(x + rng.normal(size=800) > 1.9, "rare", "common")
    return pl.DataFrame({"x": x, "z": rng.normal(size=800), "kind": kind})


def test_a_model_is_judged_as_its_predictions_are(rows):
    model = eq.train(rows[:500], "kind", learner="linear")
    new = rows[500:]
    found = diagnose_model(model, new)
    p = model.predict_proba(new)
    expected = diagnose_predictions(
        new["kind"].to_list(),
        dict(zip(model.classes, p.T, strict=True)),
        labels=model.predict(new),
        positive="rare",
    )
    assert [one.to_dict() for one in found.findings] == [one.to_dict() for one in expected.findings]
    assert found["EQ201"].state == "issue"


def test_a_model_of_labels_is_judged_and_one_of_numbers_refused(rows):
    X = rows.select("x", "z").to_numpy()
    Y = (X + np.random.default_rng(1).normal(size=X.shape) > 1.5).astype(int)
    table = rows.select("x", "z").with_columns(a=pl.Series(Y[:, 0]), b=pl.Series(Y[:, 1]))
    found = diagnose_model(eq.train(table[:500], "a,b", learner="linear"), table[500:])
    assert {one.stage for one in found.findings} == {"after"}
    with pytest.raises(UsageError, match="predicts numbers"):
        diagnose_model(eq.train(X, np.exp(X[:, 0]), learner="linear"), X)


def test_the_verb_joins_data_model_and_run(rows, tmp_path, capsys):
    path = tmp_path / "rows.csv"
    rows.write_csv(path)
    run = tmp_path / "run"
    eq.compare(path, "kind", learner="linear", strategies="weights-balanced", folds=3, run_dir=run)
    capsys.readouterr()
    given = ["diagnose", str(path), "--target", "kind", "--json"]
    assert main([*given, "--run", str(run)]) == 0
    of_run = json.loads(capsys.readouterr().out)["findings"]
    stored = json.loads((run / "result.json").read_text())["findings"]
    later = {one["code"]: one for one in stored if one["stage"] == "after"}
    assert later
    assert {one["code"]: one for one in of_run if one["stage"] == "after"} == later
    assert main([*given, "--run", str(run), "--model", str(run / "model")]) == 0
    codes = [one["code"] for one in json.loads(capsys.readouterr().out)["findings"]]
    assert len(codes) == len(set(codes))
    assert set(later) <= set(codes)
    assert main(["diagnose", "--target", "kind", "--model", str(run / "model")]) == 2
    assert "give" in capsys.readouterr().err
