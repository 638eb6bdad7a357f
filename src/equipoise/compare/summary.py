"""The one plain summary of a trial that every rendering is made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.compare.journal import Record
from equipoise.compare.judging import Judge, Value
from equipoise.compare.plan import Plan, library_versions
from equipoise.compare.sides import test_sides
from equipoise.compare.verdict import Ranked, Verdict
from equipoise.compare.wording import headline, method, name_of, reason
from equipoise.metrics.registry import Metric

__all__ = ["SCHEMA_VERSION", "plain", "summarise"]

SCHEMA_VERSION = 1
_MOST_LABELS = 40  # beyond these a matrix of all pairs is no picture
_BINS = 30
_LONG_TAIL = 3.0  # beyond this skewness a linear axis shows one bar


def plain(value: Any) -> Any:
    """Turn numpy values into those that JSON knows; what is not finite becomes None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value if value is None or isinstance(value, str) else str(value)


def summarise(
    judge: Judge,
    verdict: Verdict,
    records: dict[str, list[Record]],
    seconds: float,
    cost_given: str | None,
) -> dict[str, Any]:
    """Build the content of ``result.json``."""
    import equipoise

    plan = judge.plan
    data = plan.dataset
    described = data.describe()
    shown = {one.candidate.id: one for one in (verdict.recommended, verdict.best, verdict.baseline)}
    out = {
        "schema_version": SCHEMA_VERSION,
        "kind": "comparison",
        "equipoise_version": equipoise.__version__,
        "versions": library_versions(plan.choices),
        "data": {
            "name": data.source,
            "rows": described["rows"],
            "target": data.target,
            "fingerprint": data.fingerprint,
            "ratio": described["ratio"],
            "columns": described["columns"],
            "leaks": described["leaks"],
            "duplicates": described["duplicates"],
            "notes": [*described["notes"], *plan.folds.notes],
        },
        "task": data.task,
        "positive": data.positive,
        "classes": described["classes"],
        "metric": _metric(judge.metric),
        "label_metric": _metric(judge.label_metric),
        "learners": [{"name": choice.name, "why": choice.why} for choice in plan.choices],
        "folds": {
            "scheme": plan.folds.scheme,
            "folds": plan.folds.folds,
            "repeats": plan.folds.repeats,
            "notes": plan.folds.notes,
        },
        "seed": plan.seed,
        "seconds": seconds,
        "cost": None if judge.cost is None else {"matrix": judge.cost, "given": cost_given},
        "strategies": [
            *(_entry(one, judge, records) for one in verdict.ranked),
            *_not_applicable(plan, records),
        ],
        "baseline": verdict.baseline.candidate.id,
        "verdict": {
            "recommended": verdict.recommended.candidate.id,
            "recommended_name": name_of(verdict.recommended, judge),
            "best": verdict.best.candidate.id,
            "tied": [one.candidate.id for one in verdict.tied],
            "lead_of_best": None
            if verdict.gap is None
            else {key: getattr(verdict.gap, key) for key in ("mean", "low", "high", "p")},
            "nothing_needed": verdict.nothing_needed,
            "threshold_enough": verdict.threshold_enough,
            "competitors": verdict.competitors,
            "detectable_difference": verdict.detectable,
            "headline": headline(verdict, judge),
            "reason": reason(verdict, judge),
            "score": {
                "metric": judge.metric.name,
                **_value(verdict.recommended.candidate.metrics[judge.metric.name]),
                "corrected_for_picking": _value(verdict.picked),
            },
        },
        "details": {
            name: judge.detail(one.candidate, records[one.candidate.part.id])
            for name, one in shown.items()
        },
        "method": method(verdict, judge),
    }
    sides = test_sides(judge, verdict.ranked)
    if sides is not None:
        out["sides"] = sides
    out.update({key: described[key] for key in ("labels", "target") if key in described})
    _add_pictures(out, data.y)
    result: dict[str, Any] = plain(out)
    return result


def _add_pictures(out: dict[str, Any], y: Any) -> None:
    """Add what a report draws of the target: how often labels meet, or a histogram of numbers."""
    if "labels" in out and y.shape[1] <= _MOST_LABELS:
        out["labels"]["cooccurrence"] = y.T @ y
    if "target" in out:
        shown, scale = y, "linear"
        if y.min() >= 0 and out["target"]["skewness"] > _LONG_TAIL:
            shown, scale = y[y > 0], "log"
        spaced = np.geomspace if scale == "log" else np.linspace
        # The ends exactly, which rounding may miss; numbers of nearly one size have fewer bins.
        inner = spaced(shown.min(), shown.max(), _BINS + 1)[1:-1]
        edges = np.unique(np.clip([shown.min(), *inner, shown.max()], shown.min(), shown.max()))
        counts = np.histogram(shown, edges)[0]
        out["target"]["histogram"] = {"scale": scale, "edges": edges, "counts": counts}


def _metric(metric: Metric) -> dict[str, str]:
    return {
        "name": metric.name,
        "title": metric.title,
        "direction": metric.direction,
        "needs": metric.needs,
        "description": metric.description,
    }


def _value(value: Value) -> dict[str, float]:
    return {"mean": value.mean, "low": value.low, "high": value.high}


def _entry(one: Ranked, judge: Judge, records: dict[str, list[Record]]) -> dict[str, Any]:
    candidate, difference = one.candidate, one.difference
    strategy = candidate.part.strategy
    return {
        "id": candidate.id,
        "name": strategy.name,
        "title": strategy.title,
        "learner": candidate.part.learner.name,
        "decision": candidate.decision.name,
        "family": strategy.family,
        "slots": strategy.slots(candidate.decision.name),
        "paper": strategy.paper,
        "applicable": True,
        "why_not": None,
        "metrics": {name: _value(value) for name, value in candidate.metrics.items()},
        "difference": None
        if difference is None
        else {
            "to": one.baseline,
            "mean": difference.mean,
            "low": difference.low,
            "high": difference.high,
            "p": difference.p,
            "p_corrected": difference.p_corrected,
        },
        "tied_with_best": one.tied,
        "p_against_best": one.p_best,
        "seconds": candidate.seconds,
        "rows_trained": candidate.rows_trained,
        "note": None,
    }


def _not_applicable(plan: Plan, records: dict[str, list[Record]]) -> list[dict[str, Any]]:
    out = [(left.learner, left.strategy, left.why_not) for left in plan.left_out]
    for part in plan.parts:
        failed = [record for record in records[part.id] if record.why_not is not None]
        if failed:
            where = f"in {len(failed)} of {len(records[part.id])} folds: {failed[0].why_not}"
            out.append((part.learner.name, part.strategy, where))
    return [
        {
            "id": f"{learner}/{strategy.name}",
            "name": strategy.name,
            "title": strategy.title,
            "learner": learner,
            "decision": None,
            "family": strategy.family,
            "slots": strategy.slots(),
            "paper": strategy.paper,
            "applicable": False,
            "why_not": why,
            "metrics": {},
            "difference": None,
            "tied_with_best": False,
            "p_against_best": None,
            "seconds": 0.0,
            "rows_trained": 0.0,
            "note": None,
        }
        for learner, strategy, why in out
    ]
