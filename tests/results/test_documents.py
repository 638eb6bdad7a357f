"""Documents of a run that were damaged or edited: one error of ours, or an outcome that is right."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.cli import main
from equipoise.errors import DataError, EquipoiseError, ModelError
from equipoise.report import render_html
from equipoise.results import storage
from equipoise.results.comparison import Comparison
from equipoise.results.result_document import find_fault_of_result


@pytest.fixture(scope="module", params=["two", "three"])
def run(request, people, tmp_path_factory) -> Path:
    """Return the folder of a finished run, with curves thinned out."""
    other, cost = {"two": ("three", "fn=3,fp=1"), "three": ("two", None)}[request.param]
    data = people.drop(other, "message")
    folder = tmp_path_factory.mktemp(request.param)
    eq.compare(
        data, target=request.param, learner="linear", strategies="smote", cost=cost, folds=3,
        run_dir=folder,
    )  # fmt: skip
    summary = json.loads((folder / "result.json").read_text())
    for one in summary["details"].values():
        for curves in one["curves"].values():
            for curve in curves.values():
                curve.update({key: v[:3] for key, v in curve.items() if isinstance(v, list)})
    (folder / "result.json").write_text(json.dumps(summary))
    return folder


@pytest.fixture
def no_drawing(monkeypatch):
    """Build charts but do not draw them, which takes a second."""
    for module in ("page", "classes"):
        monkeypatch.setattr(
            f"equipoise.report.views.{module}.to_svg", lambda spec, key: json.dumps(spec)[:9]
        )


def test_an_edited_result_is_refused_or_shown(run, tmp_path, no_drawing, edited):
    summary = json.loads((run / "result.json").read_text())
    assert find_fault_of_result(summary) is None
    rng = random.Random(0)
    path, shown, refused = tmp_path / "result.json", 0, []
    for at, odd, document in edited(summary, rng, 400):
        path.write_text(json.dumps(document))
        try:
            result = Comparison.read(tmp_path)
        except DataError as error:
            refused.append(error)
            continue
        if rng.random() < 0.1:
            render_html(result.summary)
            assert len(result.frame()) == len(document["strategies"]), (at, odd)
            assert repr(result)
            shown += 1
    assert shown
    assert all(error.remedy and len(str(error)) < 600 for error in refused)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("verdict"), "it has no 'verdict'"),
        (lambda s: s["verdict"].update(recommended="gone"), "there is no strategy 'gone'"),
        (lambda s: s["strategies"][0]["metrics"].clear(), "lacks a metric"),
        (
            lambda s: s["strategies"][0]["metrics"]["accuracy"].update(mean="0.5"),
            r"strategies\[0\].metrics\['accuracy'\].mean is '0.5', not a number",
        ),
        (lambda s: s["classes"].pop(), "less than two|does not fit the classes|has not a row"),
        (lambda s: s["classes"][0].update(count=-1), r"classes\[0\].count is -1, less than 0"),
        (lambda s: s["details"].clear(), "details has no"),
        (
            lambda s: next(iter(s["details"].values()))["confusion"].pop(),
            r"confusion has not a row and a column for each of the [23] classes",
        ),
        (
            lambda s: next(iter(next(iter(s["details"].values()))["curves"]["pr"].values()))[
                "x"
            ].pop(),
            "of lists of different lengths",
        ),
        (lambda s: s.update(schema_version=2), "schema_version 2 and kind 'comparison'; read it"),
    ],
)
def test_what_is_wrong_with_a_result_is_named(change, words, run, tmp_path, capsys):
    summary = json.loads((run / "result.json").read_text())
    change(summary)
    (tmp_path / "result.json").write_text(json.dumps(summary))
    with pytest.raises(DataError, match=words):
        Comparison.read(tmp_path)
    assert main(["report", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "3", "null", '{"a": NaN}', "\xff"])
def test_a_result_that_is_no_document(text, tmp_path):
    (tmp_path / "result.json").write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match="cannot be read as a result"):
        Comparison.read(tmp_path)


def test_a_result_that_an_editor_wrote_is_the_same(run, tmp_path):
    text = (run / "result.json").read_text()
    (tmp_path / "result.json").write_text(text, encoding="utf-8-sig", newline="\r\n")
    assert Comparison.read(tmp_path).summary == json.loads(text)


@pytest.mark.parametrize("kind", ["linear", "booster"])
def test_an_edited_model_is_refused(kind, request, people, tmp_path, edited):
    model = request.getfixturevalue(kind)
    folder = model.save(tmp_path / "model")
    about = json.loads((folder / "model.json").read_text())
    for at, odd, document in edited(about, random.Random(0), 150):
        (folder / "model.json").write_text(json.dumps(document))
        with pytest.raises(ModelError) as caught:
            eq.load(folder)
        assert len(str(caught.value)) < 600, (at, odd)


@pytest.mark.parametrize("kind", ["linear", "booster"])
def test_a_forged_model_is_refused_or_predicts(kind, request, people, tmp_path, edited):
    model = request.getfixturevalue(kind)
    folder = model.save(tmp_path / "model")
    about = json.loads((folder / "model.json").read_text())
    for at, odd, document in edited(about, random.Random(1), 200):
        document.pop("digest", None)
        document["digest"] = storage._digest_of(document)
        (folder / "model.json").write_text(json.dumps(document))
        try:
            loaded = eq.load(folder)
            probabilities = loaded.predict_proba(people[:5])
            assert len(loaded.predict(people[:5])) == 5
        except EquipoiseError:
            continue
        assert probabilities.shape == (5, 2), (at, odd)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
        assert repr(loaded)
