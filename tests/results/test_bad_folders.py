"""Folders that are no model, or a forged one: one error with a remedy each, and nothing is run."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import skops.io

import equipoise as eq
from equipoise.errors import EquipoiseError, ModelError, StorageError
from equipoise.results import storage


@pytest.fixture
def saved(linear, tmp_path):
    return linear.save(tmp_path / "model")


def refused(folder, words=".") -> str:
    """Load, and return the message of the one error of ours that comes of it."""
    with pytest.raises(ModelError, match=words) as caught:
        eq.load(folder)
    assert caught.value.remedy
    assert isinstance(caught.value, EquipoiseError)
    return str(caught.value)


def edit(folder, change) -> None:
    """Change what model.json says, with the digest that a forger would write."""
    path = folder / "model.json"
    about = json.loads(path.read_text())
    change(about)
    about.pop("digest", None)
    about["digest"] = storage._digest_of(about)
    path.write_text(json.dumps(about))


def plant(folder, name: str, content: bytes) -> None:
    """Put a file in place of a stored one, with the digest that a forger would write."""
    (folder / name).write_bytes(content)
    edit(folder, lambda about: about["files"].update({name: storage._digest(content)}))


def test_a_folder_that_is_none(tmp_path, saved):
    refused(tmp_path / "nowhere", "is not a saved model")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "it has no model.json")
    assert "did you mean" in refused(tmp_path)
    refused(saved / "model.json", "is not a saved model")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_named(version, saved):
    edit(saved, lambda about: about.update(schema_version=version))
    refused(saved, rf"written in form {version!r}; load it with a version")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"kind": "comparison"}', "\x00\xff"])
def test_a_model_json_that_is_none(text, saved):
    (saved / "model.json").write_text(text, encoding="latin-1")
    refused(saved)


@pytest.mark.parametrize(
    "key",
    ["schema_version", "classes", "view", "offset", "decision", "columns", "learner_file", "files"],
)
def test_an_entry_that_is_missing_or_odd(key, saved):
    original = (saved / "model.json").read_text()
    edit(saved, lambda about: about.pop(key))
    refused(saved)
    for odd in (None, 7, "x", [], {}, [float("nan")], [[1.0, 2.0]]):
        (saved / "model.json").write_text(original)
        edit(saved, lambda about, odd=odd: about.update({key: odd}))
        refused(saved)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"rows": 120', '"rows": 121'), ('"green",', '"Green",'), ('"no"', '"on"')],
)
def test_a_model_json_that_was_edited(old, new, saved):
    path = saved / "model.json"
    text = path.read_text()
    path.write_text(text.replace("\n", "\r\n").replace("  ", "\t"))
    eq.load(saved)  # written down otherwise, it says the same
    assert old in text
    path.write_text(text.replace(old, new, 1))
    refused(saved, "damaged or was changed: it is not what was saved; save the model again")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda about: about["offset"].append(0.0), "offset does not fit the 2 classes"),
        (lambda about: about.update(offset=["0.1", "0.2"]), r"offset\[0\] is '0.1', not a number"),
        (lambda about: about.update(offset=[1e308, 0.0]), "1e.308, not a number"),
        (lambda about: about["decision"].update(bias=[0.0]), "bias does not fit the 2 classes"),
        (lambda about: about["decision"].update(cost=[[0, 1]]), "has not a row and a column"),
        (lambda about: about["classes"][0].update(type="int"), "'no' is not of the type int"),
        (lambda about: about["classes"][0].update(value=5), "5 is not of the type str"),
        (lambda about: about["classes"].pop(), "less than two"),
        (lambda about: about["classes"][0].update(value="yes"), "not all different"),
        (lambda about: about["columns"]["features"].pop(), "damaged or incomplete"),
        (lambda about: about["columns"]["features"][0].pop(), "whose role is unknown"),
        (lambda about: about["columns"]["features"][0].append("x"), "whose role is unknown"),
        (lambda about: about["columns"]["levels"].clear(), "without levels"),
        (lambda about: about["columns"]["levels"]["colour"].pop(), "do not belong together"),
        (lambda about: about.update(view="tree"), "damaged or incomplete"),
        (lambda about: about.update(linear="yes"), "linear is 'yes', not true or false"),
        (lambda about: about["promised"].update(f1_macro=3), "promised.* not an object"),
        (lambda about: about.pop("target"), "it has no 'target'"),
        (lambda about: about.update(learner_file="booster.txt"), "it has no 'start'"),
    ],
)
def test_a_model_json_that_was_forged(change, words, saved):
    edit(saved, change)
    refused(saved, words)


@pytest.mark.parametrize("name", ["encoder.npz", "estimator.skops"])
def test_a_file_that_is_missing_or_cut(name, saved):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: len(content) // 2])
    refused(saved, "it was cut or changed; copy the whole folder again")
    (saved / name).unlink()
    refused(saved, f"it has no {name}")


@pytest.mark.parametrize("name", ["encoder.npz", "estimator.skops"])
@pytest.mark.parametrize("kind", ["cut", "empty", "text", "pickle", "array"])
def test_a_planted_file_is_refused_without_running_anything(name, kind, saved, tmp_path):
    content = (saved / name).read_bytes()
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    planted = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "text": b"hello",
        "pickle": pickle.dumps(Trap(tmp_path / "sprung")),
        "array": array.getvalue(),
    }[kind]
    plant(saved, name, planted)
    refused(saved)
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Make a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_the_trap_would_spring(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung"))).close()
    assert (tmp_path / "sprung").exists()


def test_an_array_of_objects_is_refused(saved, tmp_path):
    with np.load(saved / "encoder.npz") as arrays:
        content = dict(arrays)
    content["mean"] = np.array([Trap(tmp_path / "sprung")], dtype=object)
    packed = io.BytesIO()
    np.savez_compressed(packed, **content)
    plant(saved, "encoder.npz", packed.getvalue())
    refused(saved, "damaged or incomplete")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["median", "texts", "widths", "seed"])
def test_an_encoder_that_lacks_an_array(name, saved):
    with np.load(saved / "encoder.npz") as arrays:
        content = {key: value for key, value in arrays.items() if key != name}
    packed = io.BytesIO()
    np.savez_compressed(packed, **content)
    plant(saved, "encoder.npz", packed.getvalue())
    refused(saved, name)


NOTHING = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "0"}


def reference(module: str, name: str, loader: str, **more) -> bytes:
    schema = {
        "__class__": name,
        "__module__": module,
        "__loader__": loader,
        "__id__": 1,
        "content": {**NOTHING, "__id__": 2},
        "protocol": 2,
        "_skops_version": skops.__version__,
        **more,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("schema.json", json.dumps(schema))
    return packed.getvalue()


@pytest.mark.parametrize("loader", ["FunctionNode", "TypeNode", "ObjectNode"])
@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen")],
)
def test_a_type_that_is_not_trusted_is_named(module, name, loader, saved):
    plant(saved, "estimator.skops", reference(module, name, loader))
    message = refused(saved, "not known to be safe")
    assert f"{module}.{name}" in message


@pytest.mark.parametrize("content", [{"a": 1}, [1], np.zeros(3), "text"], ids=repr)
def test_an_estimator_that_is_none(content, saved):
    plant(saved, "estimator.skops", skops.io.dumps(content))
    refused(saved)


def test_an_estimator_of_other_classes(saved):
    from sklearn.linear_model import LogisticRegression

    other = LogisticRegression().fit(np.arange(8.0)[:, None], [0, 5] * 4)
    plant(saved, "estimator.skops", skops.io.dumps(other))
    refused(saved, "LogisticRegression")


def test_a_folder_that_may_not_be_read(saved, monkeypatch):
    from pathlib import Path

    def forbidden(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", forbidden)
    with pytest.raises(StorageError, match="Permission denied; ask for permission"):
        eq.load(saved)


def test_a_learner_that_cannot_be_stored_says_so(linear, tmp_path):
    from dataclasses import replace

    odd = replace(linear.fitted, estimator=(value for value in "abc"))
    with pytest.raises(ModelError, match="a generator cannot be stored"):
        replace(linear, fitted=odd).save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_booster_that_is_cut_or_forged_does_not_end_the_process(booster, tmp_path):
    folder = booster.save(tmp_path / "model")
    text = (folder / "booster.txt").read_bytes()
    (folder / "booster.txt").write_bytes(text[: len(text) // 2])
    refused(folder, "cut or changed")
    for planted in (text[: len(text) // 2], b"", b"hello", "é".encode(), pickle.dumps(1)):
        plant(folder, "booster.txt", planted)
        refused(folder)
    plant(folder, "booster.txt", text)
    eq.load(folder)
    edit(folder, lambda about: about.update(start=[0.0]))
    refused(folder, "start does not fit the 2 classes")


@pytest.fixture(scope="module")
def network(train, tmp_path_factory):
    """Return the folder of a stored network."""
    from equipoise.learners.neural import mlp

    short = mlp.Recipe(epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlp, "Recipe", lambda: short)
        model = train("three", learner="mlp", folds=2)
    return model.save(tmp_path_factory.mktemp("network") / "model")


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("bias1"),
        lambda arrays: arrays.update(more=np.zeros(2)),
        lambda arrays: arrays.update(bias0=np.zeros(3)),
        lambda arrays: arrays.update(weight0=arrays["weight0"][:, 1:]),
        lambda arrays: arrays.update(weight2=arrays["weight2"][1:], bias2=arrays["bias2"][1:]),
        lambda arrays: arrays.update(weight1=np.full_like(arrays["weight1"], np.inf)),
        lambda arrays: arrays.update(present=np.zeros(3, dtype=np.uint8)),
        lambda arrays: [
            arrays.update({name: arrays[name][:2]})
            for name in ("weight2", "bias2", "shift", "present")
        ],
    ],
)
def test_a_network_of_other_layers_is_refused(change, network, tmp_path):
    from safetensors.numpy import load, save

    shutil.copytree(network, tmp_path / "model")
    arrays = load((network / "network.safetensors").read_bytes())
    change(arrays)
    arrays = {name: np.ascontiguousarray(one) for name, one in arrays.items()}
    plant(tmp_path / "model", "network.safetensors", save(arrays))
    refused(tmp_path / "model", "damaged or incomplete")


@pytest.mark.parametrize("kind", ["cut", "empty", "text", "pickle"])
def test_a_planted_network_is_refused_without_running_anything(kind, network, tmp_path):
    shutil.copytree(network, tmp_path / "model")
    content = (network / "network.safetensors").read_bytes()
    planted = {"cut": content[:-9], "empty": b"", "text": b"no array", "pickle": pickle.dumps([1])}
    plant(tmp_path / "model", "network.safetensors", planted[kind])
    refused(tmp_path / "model", "damaged or incomplete")
    edit(tmp_path / "model", lambda about: about.pop("cosine"))
    refused(tmp_path / "model", "it has no 'cosine'")
