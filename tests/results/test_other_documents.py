"""Documents of trials of labels and numbers that were damaged or edited: refused, or shown."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

import equipoise as eq
from equipoise.cli import main
from equipoise.errors import DataError
from equipoise.report import render_html
from equipoise.results.comparison import Comparison
from equipoise.results.result_document import find_fault_of_result


@pytest.fixture(scope="module", params=["labels", "numbers"])
def run(request, tmp_path_factory):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 2))
    if request.param == "labels":
        target = (X[:, [0, 1, 0, 1, 0, 1]] + rng.normal(size=(240, 6)) > 1.2).astype(int)
    else:
        target = np.exp(X[:, 0] + rng.normal(size=240))
    folder = tmp_path_factory.mktemp(request.param)
    names = "pos-weight" if request.param == "labels" else "log-target"
    eq.compare(X, target, learner="linear", strategies=names, folds=3, run_dir=folder)
    return folder


@pytest.fixture
def no_drawing(monkeypatch):
    """Build charts but do not draw them, which takes a second."""
    for module in ("page", "labels", "numbers", "data"):
        monkeypatch.setattr(
            f"equipoise.report.views.{module}.to_svg",
            lambda spec, key: json.dumps(spec)[:9],
            raising=False,
        )


def test_a_run_is_read_and_its_report_made_again(run, capsys):
    assert find_fault_of_result(json.loads((run / "result.json").read_text())) is None
    assert main(["report", str(run)]) == 0
    capsys.readouterr()


def test_an_edited_result_is_refused_or_shown(run, tmp_path, no_drawing, edited):
    summary = json.loads((run / "result.json").read_text())
    rng = random.Random(1)
    path, shown, refused = tmp_path / "result.json", 0, []
    for _, _, document in edited(summary, rng, 250):
        path.write_text(json.dumps(document))
        try:
            result = Comparison.read(tmp_path)
        except DataError as error:
            refused.append(error)
            continue
        if rng.random() < 0.3:
            render_html(result.summary)
            assert repr(result)
            shown += 1
    assert shown
    assert len(refused) > 100
    assert all(error.remedy and len(str(error)) < 600 for error in refused)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s["sides"]["rows"][0].update(id="gone"), "sides have no strategy 'gone'"),
        (lambda s: s["findings"][0].update(state="odd"), r"findings\[0\].state"),
        (lambda s: s.update(task="binary"), "details|classes do not fit"),
        (
            lambda s: s["classes"].append({"label": "label_0", "count": 1, "share": 0.1}),
            "classes do not fit",
        ),
    ],
)
def test_what_is_wrong_is_named(change, words, run, tmp_path):
    summary = json.loads((run / "result.json").read_text())
    change(summary)
    (tmp_path / "result.json").write_text(json.dumps(summary))
    with pytest.raises(DataError, match=words):
        Comparison.read(tmp_path)
