"""Learners fitted on labels and on numbers as files beside model.json; loading them runs no code."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.smearing import Smearing
from equipoise.learners.boosting import FittedBoosters, FittedCurve
from equipoise.learners.forest import FittedForestOfNumbers, FittedForests
from equipoise.learners.labels import FittedOdds
from equipoise.learners.mlp import NetworkOfLabels, NetworkOfNumbers
from equipoise.learners.numbers import FittedLine, Unit
from equipoise.learners.transforms import Predictor, Transform
from equipoise.results.estimators import pack_any, unpack_any
from equipoise.results.forms import Form, Maybe, find_fault, number, one_of, text
from equipoise.results.trees import check_booster

__all__ = [
    "FITTED_FILES",
    "fault_of_fitted",
    "fixed_from_json",
    "fixed_to_json",
    "load_fitted",
    "save_fitted",
]

_UPPER = "upper-"
_FILES = {
    "odds": "head.npz",
    "line": "head.npz",
    "boosters": "boosters.json",
    "curve": "booster.txt",
    "forests": "estimator.skops",
    "forest": "estimator.skops",
    "label-network": "layers.npz",
    "number-network": "layers.npz",
}
_OF_TARGET = {
    "labels": ("odds", "boosters", "forests", "label-network"),
    "numbers": ("line", "curve", "forest", "number-network"),
}
FITTED_FILES = {*_FILES.values(), *(_UPPER + name for name in _FILES.values())}

_UNIT: Form = {"centre": number, "spread": number}
_NUMBERS: dict[str, dict[str, Form]] = {
    "boosters": {"start": [number]},
    "curve": {"unit": _UNIT},
    "forests": {"fixed": [Maybe(number)]},
    "forest": {"unit": _UNIT},
    "label-network": {"fixed": [Maybe(number)]},
    "number-network": {"unit": _UNIT},
}
_WAY_BACK: dict[str, Form] = {
    "transform": {"name": text, **dict.fromkeys(("power", "scale", "low", "high"), number)},
    "smearing": {"errors": [number], "weights": [number]},
}
Content = Callable[[str], bytes]  # of a file of the folder, by its name


def save_fitted(fitted: Any, folder: Path, trusted: list[str]) -> dict[str, Any]:
    """Write what was fitted on labels or numbers; return what model.json has to say of it."""
    if not isinstance(fitted, Predictor):
        return _save(fitted, folder, "", trusted)
    out = _save(fitted.point, folder, "", trusted)
    out["upper"] = fitted.upper and _save(fitted.upper, folder, _UPPER, trusted)
    out["transform"] = fitted.transform and fitted.transform.to_json()
    out["smearing"] = fitted.smearing and fitted.smearing.to_json()
    return out


def _save(fitted: Any, folder: Path, prefix: str, trusted: list[str]) -> dict[str, Any]:
    if isinstance(fitted, FittedOdds):
        content = _arrays_as_bytes(weights=fitted.weights, intercepts=fitted.intercepts)
        out: dict[str, Any] = {"kind": "odds"}
    elif isinstance(fitted, FittedLine):
        content = _arrays_as_bytes(weights=fitted.weights, intercept=np.array(fitted.intercept))
        out = {"kind": "line"}
    elif isinstance(fitted, FittedBoosters):
        trees = [one and one.model_to_string() for one in fitted.boosters]
        content = json.dumps(trees).encode("ascii")
        out = {"kind": "boosters", "start": fitted.start.tolist()}
    elif isinstance(fitted, FittedCurve):
        content = fitted.booster.model_to_string().encode("ascii")
        out = {"kind": "curve", "unit": fitted.unit._asdict()}
    elif isinstance(fitted, FittedForests):
        content = pack_any(fitted.estimators, trusted)
        out = {"kind": "forests", "fixed": fixed_to_json(fitted.fixed)}
    elif isinstance(fitted, NetworkOfLabels):
        content = _arrays_as_bytes(**_layers(fitted))
        out = {"kind": "label-network", "fixed": fixed_to_json(fitted.fixed)}
    elif isinstance(fitted, NetworkOfNumbers):
        content = _arrays_as_bytes(**_layers(fitted))
        out = {"kind": "number-network", "unit": fitted.unit._asdict()}
    else:
        assert isinstance(fitted, FittedForestOfNumbers)
        content = pack_any(fitted.estimator, trusted)
        out = {"kind": "forest", "unit": fitted.unit._asdict()}
    name = prefix + _FILES[out["kind"]]
    (folder / name).write_bytes(content)
    return {**out, "file": name}


def fixed_to_json(fixed: NDArray[np.float64]) -> list[float | None]:
    """Return the log-odds of labels that never change as JSON holds them, None for the others."""
    return [None if np.isnan(one) else float(one) for one in fixed]


def fixed_from_json(stored: list[float | None]) -> NDArray[np.float64]:
    """Return what :func:`fixed_to_json` was given."""
    return np.array([np.nan if one is None else one for one in stored], dtype=np.float64)


def _layers(fitted: NetworkOfLabels | NetworkOfNumbers) -> dict[str, Any]:
    out = {f"weight{k}": one for k, one in enumerate(fitted.weights)}
    return {**out, **{f"bias{k}": one for k, one in enumerate(fitted.biases)}}


def _arrays_as_bytes(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


# -- reading ---------------------------------------------------------------------------------------


def fault_of_fitted(stored: Any, target: str, labels: int) -> str | None:
    """Return the first thing for which an entry of model.json cannot say what was fitted, or None."""
    return next(_faults(stored, target, labels), None)


def _faults(stored: Any, target: str, labels: int) -> Iterator[str]:
    entries = [("fitted", stored, "")]
    if target == "numbers":
        fault = find_fault(
            stored, {"upper": Maybe({}), **{k: Maybe(v) for k, v in _WAY_BACK.items()}}
        )
        if fault is not None:
            yield f"fitted: {fault}"
            return
        if (stored["transform"] is None) != (stored["smearing"] is None):
            yield "fitted has a transform or a smearing without the other"
        for key in ("scale",) if stored["transform"] else ():
            if stored["transform"][key] <= 0:
                yield f"fitted.transform.{key} is not above 0"
        smearing = stored["smearing"]
        if smearing and len({0, len(smearing["errors"]), len(smearing["weights"])}) != 2:
            yield "fitted.smearing has not a weight for each error"
        if stored["upper"] is not None:
            entries.append(("fitted.upper", stored["upper"], _UPPER))
    for where, one, prefix in entries:
        fault = find_fault(one, {"kind": one_of(*_OF_TARGET[target]), "file": text})
        fault = fault or find_fault(one, _NUMBERS.get(one["kind"], {}))
        if fault is not None:
            yield f"{where}: {fault}"
            return
        if one["file"] != prefix + _FILES[one["kind"]]:
            yield f"{where}.file is {one['file']!r:.60}, which no such model has"
        if "unit" in one and one["unit"]["spread"] <= 0:
            yield f"{where}.unit.spread is not above 0"
        for key in ("start", "fixed"):
            if key in one and len(one[key]) != labels:
                yield f"{where}.{key} does not fit the {labels} labels"


def load_fitted(
    stored: dict[str, Any], content: Content, labels: int, what: str, trusted: list[str]
) -> Any:
    """Rebuild what :func:`save_fitted` wrote, from an entry without fault.

    Raises
    ------
    ModelError
        If a file holds a type that is not trusted, or damaged trees.
    ValueError
        If the files do not fit the entry.
    """
    point = _load(stored, content, labels, what, trusted)
    if "upper" not in stored:
        return point
    upper, transform = stored["upper"], stored["transform"]
    if upper is not None:
        upper = _load(upper, content, labels, what, trusted)
    if transform is None:
        return Predictor(point, upper)
    transform = Transform.from_json(transform)
    smearing = Smearing.from_json(stored["smearing"], transform.backward)
    return Predictor(point, upper, transform, smearing)


def _load(
    stored: dict[str, Any], content: Content, labels: int, what: str, trusted: list[str]
) -> Any:
    kind, raw = stored["kind"], content(stored["file"])
    unit = Unit(**{k: float(v) for k, v in stored["unit"].items()}) if "unit" in stored else None
    if kind in ("odds", "line"):
        return _linear(raw, labels if kind == "odds" else 0)
    if kind == "boosters":
        texts = json.loads(raw)
        if not isinstance(texts, list) or len(texts) != labels:
            raise ValueError("it has not a booster for each label")
        boosters = [None if one is None else _booster(one) for one in texts]
        return FittedBoosters(boosters, np.array(stored["start"], dtype=np.float64))
    if kind == "curve":
        assert unit is not None
        return FittedCurve(_booster(raw.decode("ascii")), unit)
    fixed = fixed_from_json(stored.get("fixed", []))
    if kind in ("label-network", "number-network"):
        weights, biases = _read_layers(raw, 1 if unit is not None else labels)
        if unit is not None:
            return NetworkOfNumbers(weights, biases, unit)
        return NetworkOfLabels(weights, biases, fixed)
    estimator = unpack_any(raw, what, trusted)
    if kind == "forest":
        assert unit is not None
        if not hasattr(estimator, "predict") or getattr(estimator, "n_outputs_", 0) != 1:
            raise ValueError(f"{type(estimator).__name__} does not predict a number")
        return FittedForestOfNumbers(estimator, unit)
    _check_forests(estimator, fixed)
    return FittedForests(estimator, fixed)


def _linear(raw: bytes, labels: int) -> FittedOdds | FittedLine:
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        found = {name: one.astype(np.float64) for name, one in arrays.items()}
    weights = found["weights"]
    if not all(np.isfinite(one).all() for one in found.values()):
        raise ValueError("its weights are no numbers")
    if not labels:
        if weights.ndim != 1 or found["intercept"].shape != ():
            raise ValueError("its weights are not those of a line")
        return FittedLine(weights, float(found["intercept"]))
    if weights.ndim != 2 or {weights.shape[1], *found["intercepts"].shape} != {labels}:
        raise ValueError("its heads do not fit the labels")
    return FittedOdds(weights, found["intercepts"])


def _read_layers(raw: bytes, outputs: int) -> tuple[list[Any], list[Any]]:
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        found = {name: one.astype(np.float32) for name, one in arrays.items()}
    count = len(found) // 2
    weights = [found[f"weight{k}"] for k in range(count)]
    biases = [found[f"bias{k}"] for k in range(count)]
    fits = count > 0 and len(biases[-1]) == outputs
    fits = fits and all(w.shape[:1] == b.shape for w, b in zip(weights, biases, strict=True))
    fits = fits and all(w.ndim == 2 for w in weights)
    fits = fits and all(one.shape[0] == two.shape[1] for one, two in pairwise(weights))
    if not fits or not all(np.isfinite(one).all() for one in found.values()):
        raise ValueError("the layers of its network do not fit each other")
    return weights, biases


def _booster(trees: Any) -> Any:
    import lightgbm as lgb

    if not isinstance(trees, str):
        raise ValueError("a booster is no text")
    check_booster(trees, 2)  # it has one score, as that of two classes has
    return lgb.Booster(model_str=trees)


def _check_forests(estimators: Any, fixed: Any) -> None:
    if not isinstance(estimators, list) or len(estimators) != len(fixed):
        raise ValueError("it has not a forest for each label")
    for one, odds in zip(estimators, fixed, strict=True):
        known = None if one is None else np.asarray(getattr(one, "classes_", ())).tolist()
        if (known is None) == np.isnan(odds) or known not in (None, [0, 1]):
            raise ValueError("a forest does not tell a label from its absence")
