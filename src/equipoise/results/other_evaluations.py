"""Judge given labels, several a row, and given numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.data.label_imbalance import label_imbalance
from equipoise.data.number_target import describe_numbers
from equipoise.decisions.costs import parse_cost
from equipoise.errors import DataError, TargetError, UsageError
from equipoise.metrics.label_ranking import compute_label_rankings
from equipoise.metrics.labels import label_confusion, per_label
from equipoise.metrics.metric import Metric
from equipoise.metrics.numbers import error_by_decile
from equipoise.metrics.registry import get_metric, metric_names
from equipoise.results.label_tables import read_answers, read_probabilities, read_truth
from equipoise.results.labelling import called
from equipoise.stats.bootstrap import bootstrap_weights, centred_interval
from equipoise.weights.relevance import Relevance

__all__ = ["judge_labels", "judge_numbers"]

F = NDArray[np.float64]
_BETA = 0.5
_OF_UPPER = ("pinball", "coverage_gap", "coverage")


def judge_labels(
    y_true: Any,
    scores: Any,
    labels: Any,
    names: Sequence[Any] | None,
    cost: Any,
    groups: NDArray[np.int64] | None,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Return what is found of predictions of several labels a row."""
    y, known = read_truth(y_true, names)
    p = None if scores is None else read_probabilities(scores, known, len(y))
    if labels is not None:
        said = read_answers(labels, known, len(y))
    else:
        assert p is not None
        said = (p > 0.5).astype(np.int64)
    matrix = None if cost is None else parse_cost(cost, ["no", "yes"], "binary")
    weights = bootstrap_weights(len(y), draws, seed, groups)
    total, drawn = label_confusion(y, said), label_confusion(y, said, weights)
    metrics = [
        get_metric(name, "multilabel", known, matrix)
        for name in metric_names("multilabel")
        if name != "expected_cost" or matrix is not None
    ]
    found: dict[str, tuple[Any, Any]] = {}
    for metric in metrics:
        if metric.needs == "labels":
            found[metric.name] = metric.compute_labels(total), metric.compute_labels(drawn)
        elif metric.needs == "rows":
            rows = metric.compute_rows(y, said)
            found[metric.name] = rows.mean(), weights @ rows / weights.sum(axis=1)
    if p is not None:
        q = np.clip(p, 1e-15, 1 - 1e-15)
        log_odds = np.log(q) - np.log1p(-q)
        of_scores = [one for one in metrics if one.needs in ("ranking", "probabilities")]
        value = compute_label_rankings(of_scores, y, log_odds)
        spread = compute_label_rankings(of_scores, y, log_odds, weights)
        found |= {
            one.name: pair
            for one, pair in zip(of_scores, zip(value, spread, strict=True), strict=True)
        }
    counts = y.sum(axis=0)
    point = per_label(total, _BETA)
    about = label_imbalance(y)
    return {
        "rows": len(y),
        "classes": [
            {"label": name, "count": int(n)} for name, n in zip(known, counts, strict=True)
        ],
        "positive": None,
        "labels": {
            "cardinality": about.cardinality,
            "unlabelled": about.unlabelled,
            "mean_ir": about.mean_ir,
        },
        "metrics": {
            one.name: _with_interval(one, *found[one.name]) for one in metrics if one.name in found
        },
        "confusion": total,
        "beta": _BETA,
        "per_class": [
            {
                "label": name,
                "support": int(counts[c]),
                "precision": point["precision"][c],
                # What rows with a label that none has would have been called is not known.
                **{key: point[key][c] if counts[c] else None for key in ("recall", "f1", "fbeta")},
            }
            for c, name in enumerate(known)
        ],
        "curves": None,
    }


def judge_numbers(
    y_true: ArrayLike,
    predicted: ArrayLike,
    upper: ArrayLike | None,
    groups: NDArray[np.int64] | None,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Return what is found of predictions of numbers."""
    y = _numbers(y_true, called(y_true, "y_true"))
    given = np.asarray(predicted)
    if given.ndim == 2 and given.shape[1] == 2 and upper is None:
        given, upper = given[:, 0], given[:, 1]
    columns = [_numbers(given, called(predicted, "scores"), len(y))]
    if upper is not None:
        columns.append(_numbers(upper, called(upper, "upper"), len(y)))
    both = np.column_stack(columns)
    weights = bootstrap_weights(len(y), draws, seed, groups)
    metrics = {}
    for name in metric_names("regression"):
        if name in _OF_UPPER and upper is None:
            continue
        try:
            relevance = Relevance.automatic(y) if name == "sera" else None
        except TargetError:
            continue  # no number stands out
        metric = get_metric(name, "regression", relevance=relevance, y=y)
        value = metric.compute_scores(y, both)
        metrics[name] = _with_interval(metric, value, metric.compute_scores(y, both, weights))
    return {
        "rows": len(y),
        "classes": [],
        "positive": None,
        "target": describe_numbers(y),
        "metrics": metrics,
        "confusion": None,
        "per_class": [],
        "deciles": error_by_decile(y, both),
        "curves": None,
    }


def _numbers(values: Any, what: str, n: int | None = None) -> F:
    try:
        out = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"not all values of {what} are numbers", remedy="give numbers") from None
    if out.ndim == 2 and out.shape[1] == 1:
        out = out[:, 0]
    if out.ndim != 1 or not len(out) or len(out) != (n or len(out)):
        wanted = "a column of one number or more" if n is None else f"one number per row, ({n},)"
        raise UsageError(f"{what} has the shape {out.shape}", remedy=f"give {wanted}")
    missing = ~np.isfinite(out)
    if missing.any():
        raise DataError(
            f"{what} is missing or infinite in {int(missing.sum()):,} of {len(out):,} rows",
            remedy="leave those rows out",
        )
    return out


def _with_interval(metric: Metric, value: Any, spread: Any) -> dict[str, Any]:
    if not np.isfinite(value):
        why = "not defined on these rows"
        return {"mean": None, "low": None, "high": None, "why": why}
    low, high = centred_interval(float(value), spread, (metric.low, metric.high))
    return {"mean": float(value), "low": low, "high": high, "why": None}
