"""What ``model.json`` has to hold, to be found out when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from equipoise.compare.filling import TARGETS
from equipoise.results.fitted_files import fault_of_fitted
from equipoise.results.forms import (
    Each,
    Form,
    Maybe,
    faults_of_square,
    find_fault,
    flag,
    label,
    number,
    one_of,
    share,
    size,
    text,
    whole,
)

__all__ = ["find_fault_of_model"]

_MODEL: Form = {
    "classes": [{"type": one_of("bool", "int", "float", "str"), "value": label}],
    "view": one_of("linear", "dense", "tree", "filled", "embedding", "text"),
    "offset": [number],
    "columns": {"features": [[text]], "levels": Each([text]), "clocks": Each(flag)},
    "files": Each(text),
    "learner_file": one_of(
        "booster.txt",
        "boosters.json",
        "estimator.skops",
        "head.npz",
        "layers.npz",
        "network.safetensors",
        "model.safetensors",
    ),
    "task": one_of("binary", "multiclass", "multilabel", "regression"),
    "target": text,
    "positive": Maybe(text),
    "learner": text,
    "strategy": text,
    "decision_rule": text,
    "rows": whole,
    "rows_trained": size,
    "promised": Each({"mean": number, "low": number, "high": number}),
}
_NAMED = one_of("argmax", "prior-corrected", "tuned", "min-cost")
_DECISIONS: dict[str, Form] = {
    "classes": {"name": _NAMED, "bias": Maybe([number]), "cost": Maybe([[number]])},
    "labels": {"name": _NAMED, "bias": [number]},
    "numbers": {
        "name": one_of("prediction", "mean-corrected"),
        "shift": number,
        "upper": {"q": share, "edges": [number], "shifts": [number], "rows": [whole]},
        "own": flag,
    },
}
_OF_TRANSFORMER: dict[str, dict[str, Form]] = {
    "classes": {"cosine": size, "max_length": whole},
    "labels": {"fixed": [Maybe(number)], "max_length": whole},
}
_TYPES: dict[str, Any] = {"bool": bool, "int": int, "float": (int, float), "str": str}


def _of_labels(labels: list[str]) -> Iterator[str]:
    if len(labels) < 2 or len(set(labels)) < len(labels):
        yield "classes are less than two, or not all different"


def find_fault_of_model(about: Any) -> str | None:
    """Return the first thing for which a document cannot describe a model, or None."""
    fault = find_fault(about, _MODEL)
    return fault if fault is not None else next(_contradictions_of_model(about), None)


def _contradictions_of_model(about: dict[str, Any]) -> Iterator[str]:
    for one in about["classes"]:
        kind = _TYPES[one["type"]]
        if not isinstance(one["value"], kind) or isinstance(one["value"], bool) != (kind is bool):
            yield f"class {one['value']!r:.60} is not of the type {one['type']}"
    target = TARGETS[about["task"]]
    fault = find_fault(about, {"decision": _DECISIONS[target]})
    if fault is not None:
        yield fault
        return
    labels = [str(one["value"]) for one in about["classes"]]
    if target == "classes":
        yield from _of_labels(labels)
        yield from _of_classes(about, labels)
    else:
        yield from _of_others(about, target, labels)
    columns = about["columns"]
    for feature in columns["features"]:
        name, role = feature if len(feature) == 2 else ("", "")
        kept = {"category": columns["levels"], "date": columns["clocks"], "number": {name: 0}}
        if name not in {**kept, "text": {name: 0}}.get(role, {}):
            yield f"columns.features has {feature!r:.60}, whose role is unknown or without levels"


def _of_classes(about: dict[str, Any], labels: list[str]) -> Iterator[str]:
    lists = {"offset": about["offset"], "bias": about["decision"]["bias"]}
    own: dict[str, dict[str, Form]] = {
        "booster.txt": {"start": [number]},
        "estimator.skops": {"linear": flag},
        "network.safetensors": {"cosine": size},
        "model.safetensors": _OF_TRANSFORMER["classes"],
    }
    form = own.get(about["learner_file"], {})
    if "focus" in about:
        form = {**form, "focus": size}
    fault = find_fault(about, form)
    if fault is not None:
        yield fault
    if about["learner_file"] == "booster.txt":
        lists["start"] = about["start"]
    for name, given in lists.items():
        if given is not None and len(given) != len(labels):
            yield f"{name} does not fit the {len(labels)} classes"
    if about["decision"]["cost"] is not None:
        yield from faults_of_square("decision.cost", about["decision"]["cost"], labels)


def _of_others(about: dict[str, Any], target: str, labels: list[str]) -> Iterator[str]:
    if target == "labels":
        if not labels or len(set(labels)) < len(labels):
            yield "classes are none, or not all different"
        for name, given in (("offset", about["offset"]), ("bias", about["decision"]["bias"])):
            if len(given) != len(labels):
                yield f"{name} does not fit the {len(labels)} labels"
    elif labels:
        yield "classes are not empty, and the target is a number"
    else:
        upper = about["decision"]["upper"]
        if not len(upper["edges"]) + 1 == len(upper["shifts"]) == len(upper["rows"]):
            yield "decision.upper has not a shift for each part"
    form: dict[str, Form] = {"focus": size} if "focus" in about else {}
    tuned = target == "labels" and about["learner_file"] == "model.safetensors"
    if tuned:
        form = {**form, **_OF_TRANSFORMER[target]}
    fault = find_fault(about, form) or (
        None if "fitted" not in about else fault_of_fitted(about["fitted"], target, len(labels))
    )
    if fault is not None:
        yield fault
    elif tuned and len(about["fixed"]) != len(labels):
        yield f"fixed does not fit the {len(labels)} labels"
    elif tuned == ("fitted" in about):
        yield "it does not say what was fitted"
    elif "fitted" in about and about["fitted"]["file"] != about["learner_file"]:
        yield "learner_file is another than that of what was fitted"
