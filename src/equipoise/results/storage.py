"""Models on disk: JSON, plain arrays, LightGBM's text form and skops; never pickle."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.compare.filling import TARGETS
from equipoise.data.table import Schema
from equipoise.decisions.decision import Decision, LabelDecision
from equipoise.decisions.numbers import NumberDecision
from equipoise.errors import MissingExtra, ModelError, StorageError
from equipoise.extras import load_extra
from equipoise.files import check_writable, recover, write_folder
from equipoise.frames import build_frame
from equipoise.learners.boosting import FittedBooster
from equipoise.learners.embedding import FittedHead
from equipoise.learners.encoding import Encoder, View
from equipoise.learners.linear import FittedEstimator, FittedLinear
from equipoise.learners.losses import Refocused, RefocusedLabels
from equipoise.learners.mlp import FittedNetwork
from equipoise.learners.transformer import FILES, FittedTransformer, TransformerOfLabels
from equipoise.results.documents import find_fault_of_model
from equipoise.results.estimators import pack, unpack
from equipoise.results.fitted_files import (
    FITTED_FILES,
    fixed_from_json,
    fixed_to_json,
    load_fitted,
    save_fitted,
)
from equipoise.results.forms import read_json
from equipoise.results.trees import check_booster

__all__ = ["Parts", "check_place", "read_parts", "write_parts"]

_SCHEMA_VERSION = 1
_ENCODER, _BOOSTER, _ESTIMATOR = "encoder.npz", "booster.txt", "estimator.skops"
_HEAD, _NETWORK = "head.npz", "network.safetensors"
_OURS = {"model.json", _ENCODER, _BOOSTER, _ESTIMATOR, _HEAD, _NETWORK, *FILES, *FITTED_FILES}
# Entries of model.json that serve loading alone; the others are what a model says about itself.
_OF_STORAGE = (
    "schema_version",
    "kind",
    "learner_file",
    "linear",
    "start",
    "cosine",
    "max_length",
    "fixed",
    "files",
    "digest",
    "focus",
    "fitted",
)
_DECISIONS: dict[str, Any] = {
    "classes": Decision,
    "labels": LabelDecision,
    "numbers": NumberDecision,
}


class Parts(NamedTuple):
    """What a model is made of, in the order of its fields."""

    schema: Schema
    encoder: Encoder
    fitted: Any  # what its task asks of a learner
    view: View
    offset: NDArray[np.float64]
    decision: Any
    classes: list[Any]
    about: dict[str, Any]


def write_parts(model: Parts, folder: Path, trusted: list[str]) -> Path:
    """Write a model into ``folder`` whole or not at all.

    Raises
    ------
    ModelError
        If the learner cannot be stored so that it loads again.
    StorageError
        If the folder cannot be written.
    """
    about = {
        "schema_version": _SCHEMA_VERSION,
        "kind": "model",
        **model.about,
        "classes": [_label_to_json(label) for label in model.classes],
        "view": model.view,
        "offset": model.offset.tolist(),
        "decision": model.decision.to_json(),
        "columns": model.schema.to_json(),
    }
    check_place(folder)

    def fill(temporary: Path) -> None:
        with (temporary / _ENCODER).open("wb") as file:
            # numpy's types take any name for its own option.
            np.savez_compressed(file, **model.encoder.to_arrays())  # type: ignore[arg-type]
        refocused = isinstance(model.fitted, (Refocused, RefocusedLabels))
        about["focus"] = model.fitted.gamma if refocused else 0.0
        trained = model.fitted.fitted if refocused else model.fitted
        if _target_of(about) == "classes" or isinstance(trained, TransformerOfLabels):
            about["learner_file"] = _save_fitted(trained, temporary, about, trusted)
        else:
            about["fitted"] = save_fitted(trained, temporary, trusted)
            about["learner_file"] = about["fitted"]["file"]
        about["files"] = {
            name: _digest((temporary / name).read_bytes())
            for name in sorted(path.name for path in temporary.iterdir())
        }
        about["digest"] = _digest_of(about)
        text = json.dumps(about, indent=2, ensure_ascii=False)
        (temporary / "model.json").write_text(text, encoding="utf-8")

    write_folder(folder, fill)
    return folder


def _target_of(about: dict[str, Any]) -> str:
    return TARGETS.get(str(about.get("task")), "classes")


def check_place(folder: Path) -> None:
    """Refuse a place where no model can go, before the work of making one.

    What an earlier process left half done there is put right first.

    Raises
    ------
    StorageError
        If anything but an older model of ours lies there, or it cannot be written to.
    """
    recover(folder)
    check_writable(folder)
    place = folder.resolve()
    if not place.exists():
        return
    if not place.is_dir():
        raise StorageError(
            f"{str(folder)!r} is a file, and a model is a folder",
            remedy="choose another folder, or move the file away",
        )
    inside = {path.name for path in place.iterdir()}
    if inside and not inside <= _OURS:
        raise StorageError(
            f"{str(folder)!r} exists and is not a saved model", remedy="choose another folder"
        )
    if inside and not _is_model(place):
        raise StorageError(
            f"{str(folder)!r} exists and is not a saved model: its model.json is missing or damaged",
            remedy="choose another folder, or remove this one if you do not need it",
        )


def _is_model(place: Path) -> bool:
    try:
        about = read_json(place / "model.json")
    except (OSError, ValueError):
        return False
    return isinstance(about, dict) and about.get("kind") == "model"


def _digest_of(about: dict[str, Any]) -> str:
    # Of what it says, not of how it is written down: line ends and spaces may change.
    return _digest(json.dumps(about, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _save_fitted(fitted: Any, folder: Path, about: dict[str, Any], trusted: list[str]) -> str:
    if isinstance(fitted, FittedBooster):
        # Not by save_model, which says nothing of a disk that is full.
        text = fitted.booster.model_to_string()
        (folder / _BOOSTER).write_text(text, encoding="ascii", newline="\n")
        about["start"] = fitted.start.tolist()
        return _BOOSTER
    if isinstance(fitted, FittedHead):
        with (folder / _HEAD).open("wb") as file:
            np.savez(file, weights=fitted.weights, intercepts=fitted.intercepts)
        return _HEAD
    if isinstance(fitted, FittedNetwork):
        (folder / _NETWORK).write_bytes(_safetensors().save(fitted.to_arrays()))
        about["cosine"] = fitted.cosine
        return _NETWORK
    if isinstance(fitted, FittedTransformer):
        fitted.save(folder)
        about["cosine"], about["max_length"] = fitted.cosine, fitted.max_length
        return FILES[0]
    if isinstance(fitted, TransformerOfLabels):
        fitted.save(folder)
        about["fixed"], about["max_length"] = fixed_to_json(fitted.fixed), fitted.max_length
        return FILES[0]
    assert isinstance(fitted, FittedEstimator)
    (folder / _ESTIMATOR).write_bytes(pack(fitted, trusted))
    about["linear"] = isinstance(fitted, FittedLinear)
    return _ESTIMATOR


def read_parts(folder: Path, trusted: list[str]) -> Parts:
    """Read a model from its folder.

    Raises
    ------
    ModelError
        If the folder is no model, is damaged, or holds a type that is not trusted.
    StorageError
        If it cannot be read.
    """
    try:
        if not folder.exists():
            recover(folder)
        if not (folder / "model.json").is_file():
            inside = folder / "model" / "model.json"
            hint = f"did you mean {str(inside.parent)!r}? " if inside.is_file() else ""
            raise ModelError(
                f"{str(folder)!r} is not a saved model: it has no model.json",
                remedy=f"{hint}give the folder that `equipoise train -o` or a run wrote",
            )
        return _read(folder, trusted)
    except (ModelError, MissingExtra):
        raise
    except PermissionError as error:
        raise StorageError(
            f"the model in {str(folder)!r} cannot be read: {error.strerror}",
            remedy="ask for permission to read the folder",
        ) from error
    except Exception as error:
        # Whatever a damaged file raises, in whichever library, the remedy is the same.
        what = str(error).strip().split("\n")[0]
        raise ModelError(
            f"the model in {str(folder)!r} is damaged or incomplete ({type(error).__name__}: {what})",
            remedy="save it again, or copy the whole folder",
        ) from error


def _read(folder: Path, trusted: list[str]) -> Parts:
    about = read_json(folder / "model.json")
    if not isinstance(about, dict) or about.get("kind") != "model":
        raise ModelError(
            f"{str(folder / 'model.json')!r} does not describe a model",
            remedy="give the folder that `equipoise train -o` or a run wrote",
        )
    if about.get("schema_version") != _SCHEMA_VERSION:
        raise ModelError(
            f"{str(folder)!r} was written in form {about.get('schema_version')!r:.40}",
            remedy=f"load it with a version of equipoise that knows it; this one knows {_SCHEMA_VERSION}",
        )
    fault = find_fault_of_model(about)
    if fault is None and about.pop("digest", None) != _digest_of(about):
        fault = "it is not what was saved"
    if fault is not None:
        raise ModelError(
            f"the model.json in {str(folder)!r} is damaged or was changed: {fault}",
            remedy="save the model again, or copy the whole folder again",
        )
    classes = [_label_from_json(label) for label in about.pop("classes")]
    encoder = Encoder.from_arrays(_arrays(_content(folder, _ENCODER, about)))
    target = _target_of(about)
    fitted: Any
    if "fitted" in about:
        what = f"the model in {str(folder)!r}"
        fitted = load_fitted(
            about["fitted"],
            lambda name: _content(folder, name, about),
            len(classes),
            what,
            trusted,
        )
    else:
        fitted = _read_fitted(folder, about, len(classes), trusted)
    focus = float(about.get("focus", 0.0))
    if focus:
        fitted = (RefocusedLabels if target == "labels" else Refocused)(fitted, focus)
    offset = np.array(about.pop("offset"), dtype=np.float64)
    decision = _DECISIONS[target].from_json(about.pop("decision"))
    schema, view = Schema.from_json(about.pop("columns")), about.pop("view")
    _try_out(schema, encoder, fitted, view, target, len(classes))
    return Parts(
        schema,
        encoder,
        fitted,
        view,
        offset,
        decision,
        classes,
        {key: value for key, value in about.items() if key not in _OF_STORAGE},
    )


def _try_out(
    schema: Schema, encoder: Encoder, fitted: Any, view: View, target: str, n_classes: int
) -> None:
    """Predict a row without values: parts that do not belong together fail here, not at the first use."""
    table = schema.apply(
        build_frame({name: [None] for name, _ in schema.features} or {"x": [None]})
    )
    X = encoder.transform(table, view)
    ask = {"classes": "log_proba", "labels": "log_odds", "numbers": "predict"}[target]
    scores = getattr(fitted, ask)(X)
    known = [
        len(lookup) == len(levels) + 1
        for lookup, levels in zip(encoder.lookups, table.levels, strict=True)
    ]
    shape = (1, 2 if target == "numbers" else n_classes)
    if scores.shape != shape or np.isnan(scores).any() or not all(known):
        raise ValueError("its parts do not belong together")


def _content(folder: Path, name: str, about: dict[str, Any]) -> bytes:
    path = folder / name
    if not path.is_file():
        raise ModelError(
            f"the model in {str(folder)!r} is incomplete: it has no {name}",
            remedy="copy the whole folder, or save it again",
        )
    content = path.read_bytes()
    if _digest(content) != about["files"][name]:
        raise ModelError(
            f"{str(path)!r} is not the file that was saved with the model: it was cut or changed",
            remedy="copy the whole folder again, or save it again",
        )
    return content


def _arrays(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def _read_fitted(folder: Path, about: dict[str, Any], n_classes: int, trusted: list[str]) -> Any:
    if about["learner_file"] == _BOOSTER:
        import lightgbm as lgb

        text = _content(folder, _BOOSTER, about).decode("ascii")
        check_booster(text, n_classes)
        start = np.array(about["start"], dtype=np.float64)
        return FittedBooster(lgb.Booster(model_str=text), n_classes, start)
    if about["learner_file"] == _HEAD:
        arrays = _arrays(_content(folder, _HEAD, about))
        weights, intercepts = arrays["weights"], arrays["intercepts"]
        if weights.ndim != 2 or {weights.shape[1]} != {n_classes, *intercepts.shape}:
            raise ValueError("its head does not fit the classes")
        return FittedHead(weights.astype(np.float64), intercepts.astype(np.float64))
    if about["learner_file"] == _NETWORK:
        layers = _safetensors().load(_content(folder, _NETWORK, about))
        network = FittedNetwork.from_arrays(layers, float(about["cosine"]))
        if len(network.shift) != n_classes:
            raise ValueError("its network does not fit the classes")
        return network
    if about["learner_file"] == FILES[0]:
        # Whatever else lay there might be read as a part of the model.
        strange = sorted({path.name for path in folder.iterdir()} - {"model.json", *about["files"]})
        if strange or not {*about["files"]} <= {_ENCODER, *FILES}:
            raise ValueError(f"it has files that were not saved: {', '.join(strange)[:60]}")
        for name in about["files"]:
            _content(folder, name, about)
        most = int(about["max_length"])
        if _target_of(about) == "labels":
            return TransformerOfLabels.load(folder, most, fixed_from_json(about["fixed"]))
        cosine = float(about["cosine"])
        return FittedTransformer.load(folder, most, cosine, n_classes)
    content = _content(folder, _ESTIMATOR, about)
    linear = about["linear"] is True
    return unpack(content, n_classes, linear, f"the model in {str(folder)!r}", trusted)


def _safetensors() -> Any:
    return load_extra("safetensors.numpy", "torch", "a model of the learner mlp")


def _label_to_json(label: Any) -> dict[str, Any]:
    if isinstance(label, (bool, np.bool_)):
        return {"type": "bool", "value": bool(label)}
    if isinstance(label, (int, np.integer)):
        return {"type": "int", "value": int(label)}
    if isinstance(label, (float, np.floating)):
        return {"type": "float", "value": float(label)}
    return {"type": "str", "value": str(label)}


def _label_from_json(label: dict[str, Any]) -> Any:
    kinds = {"bool": bool, "int": int, "float": float, "str": str}
    return kinds[label["type"]](label["value"])
