"""Models on disk: JSON, plain arrays, LightGBM's text form and skops; never pickle."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise.data.table import Schema
from equipoise.decisions.decision import Decision
from equipoise.errors import ModelError, StorageError
from equipoise.learners.base import Fitted
from equipoise.learners.boosting import FittedBooster
from equipoise.learners.encoding import Encoder
from equipoise.learners.linear import FittedEstimator, FittedLinear

if TYPE_CHECKING:
    from equipoise.results.model import Model

__all__ = ["load_model", "save_model"]

_SCHEMA_VERSION = 1

# Types that skops does not trust by itself and that our own learners need. Each only holds data: a
# name is added after looking at what building it can do.
_TRUSTED = [
    "equipoise.ensembles.self_paced.SelfPacedEnsembleClassifier",
    "imblearn.ensemble._bagging.BalancedBaggingClassifier",
    "imblearn.ensemble._easy_ensemble.EasyEnsembleClassifier",
    "imblearn.ensemble._forest.BalancedRandomForestClassifier",
    "imblearn.ensemble._weight_boosting.RUSBoostClassifier",
    "imblearn.pipeline.Pipeline",
    "imblearn.under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
    "imblearn.utils._tags.InputTags",
    "imblearn.utils._tags.SamplerTags",
    "imblearn.utils._tags.Tags",
    "sklearn.utils._bunch.Bunch",
]


def save_model(model: Model, folder: Path) -> Path:
    """Write ``model`` into ``folder`` by way of a neighbour folder that is renamed into place."""
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
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(folder)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".partial-"))
        with (temporary / "encoder.npz").open("wb") as file:
            np.savez_compressed(file, **model.encoder.to_arrays())  # type: ignore[arg-type]
        about["learner_file"] = _save_fitted(model.fitted, temporary, about)
        text = json.dumps(about, indent=2, ensure_ascii=False)
        (temporary / "model.json").write_text(text, encoding="utf-8")
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"cannot write the model to {str(folder)!r}: {error.strerror or error}",
            remedy="free some space or choose a folder that you may write to",
        ) from error
    finally:
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _refuse_foreign(folder: Path) -> None:
    if folder.is_file() or (
        folder.is_dir() and any(folder.iterdir()) and not (folder / "model.json").is_file()
    ):
        raise StorageError(
            f"{str(folder)!r} exists and is not a saved model", remedy="choose another folder"
        )


def _save_fitted(fitted: Fitted, folder: Path, about: dict[str, Any]) -> str:
    if isinstance(fitted, FittedBooster):
        fitted.booster.save_model(str(folder / "booster.txt"))
        about["start"] = fitted.start.tolist()
        return "booster.txt"
    import skops.io

    assert isinstance(fitted, FittedEstimator)
    with (folder / "estimator.skops").open("wb") as file:
        skops.io.dump(fitted.estimator, file)
    return "estimator.skops"


def load_model(folder: Path) -> Model:
    """Rebuild a model from its folder."""
    from equipoise.results.model import Model

    if not folder.is_dir() or not (folder / "model.json").is_file():
        inside = folder / "model" / "model.json"
        hint = f"did you mean {str(inside.parent)!r}? " if inside.is_file() else ""
        raise ModelError(
            f"{str(folder)!r} is not a saved model: it has no model.json",
            remedy=f"{hint}give the folder that `equipoise train -o` or a run wrote",
        )
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if about["schema_version"] != _SCHEMA_VERSION or about["kind"] != "model":
            raise ModelError(
                f"{str(folder)!r} was written in form {about['schema_version']!r}",
                remedy=f"load it with a version of equipoise that knows it; this one knows {_SCHEMA_VERSION}",
            )
        classes = [_label_from_json(label) for label in about.pop("classes")]
        with np.load(folder / "encoder.npz", allow_pickle=False) as arrays:
            encoder = Encoder.from_arrays(dict(arrays))
        fitted = _load_fitted(folder, about, len(classes))
        return Model(
            Schema.from_json(about.pop("columns")),
            encoder,
            fitted,
            about.pop("view"),
            np.array(about.pop("offset"), dtype=np.float64),
            Decision.from_json(about.pop("decision")),
            classes,
            {
                k: v
                for k, v in about.items()
                if k not in ("schema_version", "kind", "learner_file", "start")
            },
        )
    except (ModelError, MemoryError):
        raise
    except Exception as error:
        # Whatever a damaged file raises, in whichever library, the remedy is the same.
        raise ModelError(
            f"the model in {str(folder)!r} is damaged or incomplete ({type(error).__name__}: {error})",
            remedy="save it again, or copy the whole folder",
        ) from error


def _load_fitted(folder: Path, about: dict[str, Any], n_classes: int) -> Fitted:
    if about["learner_file"] == "booster.txt":
        import lightgbm as lgb

        booster = lgb.Booster(model_str=(folder / "booster.txt").read_text())
        return FittedBooster(booster, n_classes, np.array(about["start"], dtype=np.float64))
    import skops.io

    path = folder / "estimator.skops"
    unknown = set(skops.io.get_untrusted_types(file=path)) - set(_TRUSTED)
    if unknown:
        raise ModelError(
            f"the model in {str(folder)!r} holds types that are not known to be safe: "
            f"{', '.join(sorted(unknown)[:5])}",
            remedy="load it yourself with skops.io.load if you trust whoever made it",
        )
    estimator = skops.io.load(path, trusted=sorted(_TRUSTED))
    kind = FittedLinear if type(estimator).__name__ == "LogisticRegression" else FittedEstimator
    return kind(estimator, n_classes)


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
