"""What ``result.json`` and ``model.json`` have to hold, to be found out when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from equipoise.compare.filling import TARGETS
from equipoise.results.fitted_files import fault_of_fitted
from equipoise.results.forms import (
    Each,
    Form,
    Maybe,
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

__all__ = ["find_fault_of_model", "find_fault_of_result"]

_VALUE: Form = {key: Maybe(number) for key in ("mean", "low", "high")}
_METRIC: Form = {
    "name": text,
    "title": text,
    "direction": one_of("maximize", "minimize"),
    "needs": one_of("labels", "ranking", "probabilities"),
    "description": text,
}
_CURVE: dict[str, Form] = {"x": [Maybe(number)], "y": [Maybe(number)]}
_STRATEGY: Form = {
    "id": text,
    "name": text,
    "title": text,
    "learner": text,
    "decision": Maybe(text),
    "family": text,
    "applicable": flag,
    "why_not": Maybe(text),
    "metrics": Each(_VALUE),
    "difference": Maybe(
        {
            "to": text,
            **{key: Maybe(number) for key in ("mean", "low", "high")},
            "p": Maybe(share),
            "p_corrected": Maybe(share),
        }
    ),
    "tied_with_best": flag,
    "seconds": size,
    "rows_trained": size,
    "note": Maybe(text),
}
_DETAIL: Form = {
    "confusion": [[size]],
    "per_class": [
        {"label": text, "support": size, "precision": _VALUE, "recall": _VALUE, "f1": _VALUE}
    ],
    "curves": {
        "pr": Each(_CURVE),
        "roc": Each(_CURVE),
        "reliability": Each({**_CURVE, "n": [size]}),
        "threshold": Each(
            {
                **{key: [Maybe(number)] for key in ("t", "precision", "recall", "f1")},
                "chosen": Maybe(number),
            }
        ),
    },
}
_RESULT: Form = {
    "equipoise_version": text,
    "versions": Each(text),
    "data": {
        "name": text,
        "rows": whole,
        "target": text,
        "fingerprint": text,
        "ratio": Maybe(size),
        "columns": [
            {"name": text, "role": text, "reason": text, "missing": whole, "distinct": whole}
        ],
        "leaks": [{"column": text, "score": Maybe(number), "why": text}],
        "duplicates": {"rows": whole, "clusters": whole},
        "notes": [text],
    },
    "task": one_of("binary", "multiclass"),
    "positive": Maybe(label),
    "classes": [{"label": label, "count": whole, "share": share}],
    "metric": _METRIC,
    "label_metric": _METRIC,
    "learners": [{"name": text, "why": text}],
    "folds": {"scheme": text, "folds": whole, "repeats": whole, "notes": [text]},
    "seed": whole,
    "seconds": size,
    "cost": Maybe({"matrix": [[number]], "given": Maybe(text)}),
    "strategies": [_STRATEGY],
    "baseline": text,
    "verdict": {
        "recommended": text,
        "best": text,
        "tied": [text],
        "nothing_needed": flag,
        "threshold_enough": flag,
        "competitors": whole,
        "headline": text,
        "reason": text,
        "score": {
            "metric": text,
            "mean": Maybe(number),
            "low": Maybe(number),
            "high": Maybe(number),
            "corrected_for_picking": _VALUE,
        },
    },
    "details": Each(_DETAIL),
    "method": [text],
}
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


def find_fault_of_result(summary: Any) -> str | None:
    """Return the first thing for which a document cannot be the summary of a trial, or None."""
    fault = find_fault(summary, _RESULT)
    return fault if fault is not None else next(_contradictions(summary), None)


def _contradictions(summary: dict[str, Any]) -> Iterator[str]:
    labels = [str(one["label"]) for one in summary["classes"]]
    yield from _of_labels(labels)
    positive = summary["positive"]
    if (positive is not None and str(positive) not in labels) or (positive is None) == (
        len(labels) == 2
    ):
        yield f"positive is {positive!r:.60}, which does not fit the classes"
    if summary["cost"] is not None:
        yield from _of_square("cost.matrix", summary["cost"]["matrix"], labels)
    entries = {one["id"]: one for one in summary["strategies"] if one["applicable"]}
    metrics = {summary[key]["name"] for key in ("metric", "label_metric")}
    for name, entry in entries.items():
        if entry["decision"] is None or not metrics <= set(entry["metrics"]):
            yield f"strategies: {name!r:.60} has no decision or lacks a metric"
    verdict = summary["verdict"]
    named = [summary["baseline"], verdict["recommended"], verdict["best"], *verdict["tied"]]
    for name in named:
        if name not in entries:
            yield f"there is no strategy {name!r:.60}, which the verdict speaks of"
    for name in named[:3]:
        if name not in summary["details"]:
            yield f"details has no {name!r:.60}"
    for name, detail in summary["details"].items():
        yield from _of_detail(f"details[{name!r:.60}]", detail, labels)


def _of_detail(where: str, detail: dict[str, Any], labels: list[str]) -> Iterator[str]:
    yield from _of_square(f"{where}.confusion", detail["confusion"], labels)
    if [row["label"] for row in detail["per_class"]] != labels:
        yield f"{where}.per_class does not list the classes"
    for kind, curves in detail["curves"].items():
        for name, curve in curves.items() if isinstance(curves, dict) else ():
            lists = {len(one) for one in curve.values() if isinstance(one, list)}
            if name not in labels or len(lists) > 1:
                yield f"{where}.curves.{kind} is of another class, or of lists of different lengths"


def _of_labels(labels: list[str]) -> Iterator[str]:
    if len(labels) < 2 or len(set(labels)) < len(labels):
        yield "classes are less than two, or not all different"


def _of_square(where: str, matrix: list[list[Any]], labels: list[str]) -> Iterator[str]:
    if len(matrix) != len(labels) or any(len(row) != len(labels) for row in matrix):
        yield f"{where} has not a row and a column for each of the {len(labels)} classes"


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
        yield from _of_square("decision.cost", about["decision"]["cost"], labels)


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
