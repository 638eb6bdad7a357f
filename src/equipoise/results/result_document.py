"""What ``result.json`` has to hold, to be found out when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from equipoise.compare.filling import TARGETS
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

__all__ = ["find_fault_of_result"]

_VALUE: Form = {key: Maybe(number) for key in ("mean", "low", "high")}
_METRIC: Form = {
    "name": text,
    "title": text,
    "direction": one_of("maximize", "minimize"),
    "needs": one_of("labels", "ranking", "probabilities", "rows", "numbers"),
    "description": text,
}
_CURVE: dict[str, Form] = {"x": [Maybe(number)], "y": [Maybe(number)]}
_TESTED: dict[str, Form] = {
    **{key: Maybe(number) for key in ("mean", "low", "high")},
    "p": Maybe(share),
    "p_corrected": Maybe(share),
}
_DIFFERENCE = Maybe(_TESTED)
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
    "difference": Maybe({"to": text, **_TESTED}),
    "tied_with_best": flag,
    "seconds": size,
    "rows_trained": size,
    "note": Maybe(text),
}
_OF_CLASSES: Form = {
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
_OF_LABELS: Form = {
    "confusion": [[[size]]],
    "per_class": [
        {
            "label": text,
            "support": size,
            **dict.fromkeys(("precision", "recall", "f1", "fbeta"), _VALUE),
        }
    ],
    "beta": size,
}
_OF_NUMBERS: Form = {
    "deciles": Each([Maybe(number)]),
    "quantiles": {name: [number] for name in ("level", "true", "predicted")},
    "sample": {**{name: [number] for name in ("true", "predicted", "upper")}, "top": [flag]},
}
_SIDES: Form = {
    "measure": {"name": text, "title": text, "direction": one_of("maximize", "minimize")},
    "names": [{"name": text, "about": text}],
    "rows": [
        {
            "id": text,
            "side": text,
            "mean": Maybe(number),
            "to": Maybe(text),
            "difference": _DIFFERENCE,
        }
    ],
}
_FINDING: Form = {
    "code": text,
    "title": text,
    "state": one_of("issue", "tip", "passed", "not applicable", "muted"),
    "severity": Maybe(one_of("high", "medium", "low")),
    "summary": text,
    "action": text,
    "effect": text,
    "measured": Maybe(
        {
            "strategy": text,
            "metric": text,
            "difference": {key: Maybe(number) for key in ("value", "low", "high")},
            "p_corrected": Maybe(share),
            "run": text,
        }
    ),
}
# What a run of an older version, or of another task, lacks.
_OPTIONAL: dict[str, Form] = {"sides": _SIDES, "findings": [_FINDING]}
_MEASURES = ("min", "q25", "median", "mean", "q75", "q95", "max", "std", "skewness", "zeros")
_DRAWN: dict[str, tuple[str, Form]] = {
    "cooccurrence": ("labels", [[whole]]),
    "histogram": ("target", {"scale": text, "edges": [number], "counts": [whole]}),
}
_OF_TASK: dict[str, dict[str, Form]] = {
    "classes": {"details": Each(_OF_CLASSES)},
    "labels": {
        "details": Each(_OF_LABELS),
        "labels": {
            **{name: Maybe(size) for name in ("cardinality", "density", "mean_ir", "scumble")},
            **dict.fromkeys(("distinct_sets", "unlabelled"), whole),
        },
    },
    "numbers": {
        "details": Each(_OF_NUMBERS),
        "target": dict.fromkeys(_MEASURES, number),
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
    "task": one_of("binary", "multiclass", "multilabel", "regression"),
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
    "method": [text],
}


def find_fault_of_result(summary: Any) -> str | None:
    """Return the first thing for which a document cannot be the summary of a trial, or None."""
    fault = find_fault(summary, _RESULT)
    if fault is not None:
        return fault
    own = {**_OF_TASK[TARGETS[summary["task"]]]}
    own |= {name: form for name, form in _OPTIONAL.items() if name in summary}
    for name, (where, form) in _DRAWN.items():
        if name in (summary.get(where) or {}) and where in own:
            known = own[where]
            assert isinstance(known, dict)
            own[where] = {**known, name: form}
    fault = find_fault(summary, own)
    return fault if fault is not None else next(_contradictions(summary), None)


def _contradictions(summary: dict[str, Any]) -> Iterator[str]:
    labels = [str(one["label"]) for one in summary["classes"]]
    target = TARGETS[summary["task"]]
    two = target == "classes" and len(labels) == 2
    if (target == "numbers") == bool(labels) or (labels and _are_unusable(labels)):
        yield "classes do not fit the task, or are less than two, or not all different"
    positive = summary["positive"]
    if (positive is not None and str(positive) not in labels) or (positive is None) == two:
        yield f"positive is {positive!r:.60}, which does not fit the classes"
    if summary["cost"] is not None:
        answers = labels if target == "classes" else ["no", "yes"]
        yield from faults_of_square("cost.matrix", summary["cost"]["matrix"], answers)
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
        yield from _of_detail(f"details[{name!r:.60}]", detail, labels, target)
    for row in summary.get("sides", {"rows": []})["rows"]:
        if row["id"] not in entries:
            yield f"sides have no strategy {row['id']!r:.60}"


def _of_detail(where: str, detail: dict[str, Any], labels: list[str], target: str) -> Iterator[str]:
    if target == "numbers":
        for name in ("quantiles", "sample", "deciles"):
            if len({len(one) for one in detail[name].values()}) > 1:
                yield f"{where}.{name} has lists of different lengths"
        return
    if target == "labels":
        shapes = {(len(table), *(len(row) for row in table)) for table in detail["confusion"]}
        if len(detail["confusion"]) != len(labels) or shapes != {(2, 2, 2)}:
            yield f"{where}.confusion has not a table of 2 x 2 for each of the {len(labels)} labels"
    else:
        yield from faults_of_square(f"{where}.confusion", detail["confusion"], labels)
    if [row["label"] for row in detail["per_class"]] != labels:
        yield f"{where}.per_class does not list the classes"
    for kind, curves in detail.get("curves", {}).items():
        for name, curve in curves.items() if isinstance(curves, dict) else ():
            lists = {len(one) for one in curve.values() if isinstance(one, list)}
            if name not in labels or len(lists) > 1:
                yield f"{where}.curves.{kind} is of another class, or of lists of different lengths"


def _are_unusable(labels: list[str]) -> bool:
    return len(labels) < 2 or len(set(labels)) < len(labels)
