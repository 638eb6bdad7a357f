"""Models of labels and of numbers on disk: the same bits after a round trip, and damage that is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.decisions.conformal import ConformalQuantile
from equipoise.decisions.decision import LabelDecision
from equipoise.decisions.numbers import NumberDecision
from equipoise.decisions.smearing import Smearing
from equipoise.errors import ModelError
from equipoise.frames import to_frame
from equipoise.learners.base import Loss, Training
from equipoise.learners.boosting import Boosting
from equipoise.learners.forest import Forest
from equipoise.learners.linear import Linear
from equipoise.learners.losses import RefocusedLabels
from equipoise.learners.mlp import Mlp
from equipoise.learners.transforms import Predictor, Transform
from equipoise.results import storage
from equipoise.results.storage import Parts, read_parts, write_parts

LEARNERS: list[Any] = [Linear(), Boosting(), Forest(), Mlp()]
by_name = pytest.mark.parametrize("learner", LEARNERS, ids=lambda one: one.name)


def read(model: eq.Model, data: Any, view: Any) -> Any:
    return model.encoder.transform(model.schema.apply(to_frame(data)), view)


def parts_of_labels(model: eq.Model, people: Any, learner: Any) -> Parts:
    income = people["income"].to_numpy()
    Y = np.column_stack([income > 0.5, income < -0.5, income > 99]).astype(np.int64)
    X = read(model, people, learner.view)
    fitted = learner.fit(Training(X, Y, 3, target="labels", seed=1))
    about = {**model.about, "task": "multilabel", "positive": None}
    decision = LabelDecision("tuned", np.array([0.0, 0.5, -1.0]))
    names = ["high", "low", "é"]
    return Parts(
        model.schema, model.encoder, fitted, learner.view, np.zeros(3), decision, names, about
    )


def parts_of_numbers(model: eq.Model, people: Any, learner: Any, log: bool = False) -> Parts:
    y = np.exp(people["income"].to_numpy())
    X = read(model, people, learner.view)
    transform = Transform.fit("log", y) if log else None
    z = y if transform is None else transform.forward(y)
    point = learner.fit(Training(X, z, 1, target="numbers", seed=1))
    upper = None
    if "pinball" in learner.losses_for("numbers") and not log:
        loss = Loss("pinball", {"q": 0.95})
        upper = learner.fit(Training(X, z, 1, target="numbers", loss=loss))
    smearing = None
    if transform is not None:
        smearing = Smearing(np.linspace(-0.5, 0.5, 9), transform.backward)
    fitted = Predictor(point, upper, transform, smearing)
    about = {**model.about, "task": "regression", "positive": None}
    rule = ConformalQuantile.fit(y, y + 1.0)
    decision = NumberDecision("mean-corrected", 0.25, rule, own=upper is not None)
    return Parts(
        model.schema, model.encoder, fitted, learner.view, np.zeros(2), decision, [], about
    )


@by_name
def test_labels_are_scored_the_same_after_loading(
    learner: Any, linear: eq.Model, people: Any, tmp_path: Path
) -> None:
    parts = parts_of_labels(linear, people, learner)
    again = read_parts(write_parts(parts, tmp_path / "model", []), [])
    X = read(linear, people, learner.view)
    np.testing.assert_array_equal(again.fitted.log_odds(X), parts.fitted.log_odds(X))
    assert again.classes == parts.classes
    assert again.decision.to_json() == parts.decision.to_json()
    assert again.about == json.loads(json.dumps(parts.about))


@by_name
@pytest.mark.parametrize("log", [False, True], ids=["as it is", "log"])
def test_numbers_are_predicted_the_same_after_loading(
    learner: Any, log: bool, linear: eq.Model, people: Any, tmp_path: Path
) -> None:
    parts = parts_of_numbers(linear, people, learner, log)
    again = read_parts(write_parts(parts, tmp_path / "model", []), [])
    X = read(linear, people, learner.view)
    np.testing.assert_array_equal(again.fitted.predict(X), parts.fitted.predict(X))
    assert again.classes == []
    assert again.decision.to_json() == parts.decision.to_json()


def test_a_focal_loss_is_undone_after_loading(
    linear: eq.Model, people: Any, tmp_path: Path
) -> None:
    parts = parts_of_labels(linear, people, Linear())
    parts = parts._replace(fitted=RefocusedLabels(parts.fitted, 2.0))
    again = read_parts(write_parts(parts, tmp_path / "model", []), [])
    X = read(linear, people, "linear")
    np.testing.assert_array_equal(again.fitted.log_odds(X), parts.fitted.log_odds(X))


def edit(folder: Path, change: Any) -> None:
    """Change model.json, and sign it anew as who forges it would."""
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    change(about)
    about.pop("digest")
    about["digest"] = storage._digest_of(about)
    (folder / "model.json").write_text(json.dumps(about), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.update(task="regression"),
        lambda a: a.update(task="binary"),
        lambda a: a["classes"].pop(),
        lambda a: a["offset"].append(0.0),
        lambda a: a["decision"]["bias"].pop(),
        lambda a: a.pop("fitted"),
        lambda a: a["fitted"].update(kind="line"),
        lambda a: a["fitted"].update(kind="odds"),
        lambda a: a["fitted"].update(file="model.json"),
        lambda a: a["fitted"]["start"].append(1.0),
        lambda a: a["fitted"].update(start="x"),
    ],
)
def test_a_forged_model_of_labels_is_refused(
    change: Any, linear: eq.Model, people: Any, tmp_path: Path
) -> None:
    folder = write_parts(parts_of_labels(linear, people, Boosting()), tmp_path / "model", [])
    edit(folder, change)
    with pytest.raises(ModelError):
        read_parts(folder, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.update(task="multilabel"),
        lambda a: a.update(classes=[{"type": "int", "value": 1}]),
        lambda a: a["decision"].update(name="argmax"),
        lambda a: a["decision"]["upper"]["shifts"].append(1.0),
        lambda a: a["fitted"]["unit"].update(spread=0.0),
        lambda a: a["fitted"].update(upper={}),
        lambda a: a["fitted"]["upper"].update(file="booster.txt"),
        lambda a: a["fitted"].pop("transform"),
        lambda a: a["fitted"].update(transform={"name": "log"}),
        lambda a: a["fitted"].update(smearing={"errors": [], "weights": []}),
    ],
)
def test_a_forged_model_of_numbers_is_refused(
    change: Any, linear: eq.Model, people: Any, tmp_path: Path
) -> None:
    folder = write_parts(parts_of_numbers(linear, people, Boosting()), tmp_path / "model", [])
    edit(folder, change)
    with pytest.raises(ModelError):
        read_parts(folder, [])


@by_name
def test_a_file_that_was_cut_is_refused(
    learner: Any, linear: eq.Model, people: Any, tmp_path: Path
) -> None:
    folder = write_parts(parts_of_labels(linear, people, learner), tmp_path / "model", [])
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    path = folder / about["learner_file"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelError):
        read_parts(folder, [])
    edit(folder, lambda a: a["files"].update({path.name: storage._digest(path.read_bytes())}))
    with pytest.raises(ModelError):
        read_parts(folder, [])
