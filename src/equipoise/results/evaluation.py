"""Judge predictions from anywhere."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.compare.summary import SCHEMA_VERSION, plain
from equipoise.data.target import encode_target
from equipoise.decisions.costs import parse_cost
from equipoise.errors import DataError, UsageError
from equipoise.frames import build_frame
from equipoise.metrics.confusion import confusion, per_class
from equipoise.metrics.curves import curves
from equipoise.metrics.registry import get_metric, metric_names
from equipoise.stats.bootstrap import bootstrap_weights, percentile_interval

__all__ = ["Evaluation", "evaluate"]

F = NDArray[np.float64]


class Evaluation:
    """Metrics of given predictions, with intervals.

    Attributes
    ----------
    summary : dict
        Plain content that the renderings are made from.

    Examples
    --------
    >>> import equipoise as eq
    >>> result = eq.evaluate([0, 0, 0, 1, 1], [0.1, 0.2, 0.6, 0.7, 0.9])
    >>> result.summary["metrics"]["average_precision"]["mean"]
    1.0
    """

    def __init__(self, summary: dict[str, Any]) -> None:
        self.summary = summary

    def frame(self) -> Any:
        """Return the metrics as a polars data frame: name, value and interval."""
        metrics = self.summary["metrics"]
        columns: dict[str, list[Any]] = {"metric": list(metrics)}
        for part in ("mean", "low", "high"):
            columns[part] = [metrics[name][part] for name in metrics]
        return build_frame(columns).to_native()

    def to_json(self) -> str:
        """Return the summary as a JSON document."""
        return json.dumps(self.summary, indent=1, ensure_ascii=False, allow_nan=False)

    def __repr__(self) -> str:
        lines = [f"{self.summary['rows']} rows, 95 % intervals"]
        for name, value in self.summary["metrics"].items():
            if value["mean"] is None:
                lines.append(f"{name:<22} not defined")
            else:
                low, high = (
                    f"{value[k]:.3f}" if value[k] is not None else "?" for k in ("low", "high")
                )
                lines.append(f"{name:<22} {value['mean']:.3f}  {low} to {high}")
        return "\n".join([*lines, "next: .frame(), .to_json()"])


def evaluate(
    y_true: ArrayLike,
    scores: ArrayLike | None = None,
    *,
    labels: ArrayLike | None = None,
    classes: list[Any] | None = None,
    positive: Any = None,
    cost: Any = None,
    groups: ArrayLike | None = None,
    draws: int = 400,
    seed: int = 0,
) -> Evaluation:
    """Judge predictions of any tool, with bootstrap intervals.

    Parameters
    ----------
    y_true : array of shape (n,)
        True labels.
    scores : array of shape (n,) or (n, C), optional
        Probability of the positive class, or of every class in the order of ``classes``.
    labels : array of shape (n,), optional
        Predicted labels; by default the most probable class.
    classes : list, optional
        Class labels in the order of the columns of ``scores``; sorted by default, in a binary task with
        the positive one last.
    positive : optional
        Positive class of a binary task; the rarer one by default.
    cost : str, dict or array, optional
        Costs of errors, which adds the expected cost.
    groups : array of shape (n,), optional
        Rows of one group are drawn together.
    draws : int, default 400
        Bootstrap draws behind the intervals.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    Evaluation

    Raises
    ------
    UsageError, DataError
        If shapes disagree, a label is unknown, or scores are no probabilities.

    Examples
    --------
    >>> import equipoise as eq
    >>> eq.evaluate(["ham", "ham", "spam"], labels=["ham", "spam", "spam"]).summary["metrics"]["recall"]["mean"]
    1.0
    """
    y, known = _encode(y_true, classes, positive)
    names = [str(label) for label in known]
    task = "binary" if len(known) == 2 else "multiclass"
    if scores is None and labels is None:
        raise UsageError(
            "neither scores nor labels were given", remedy="give scores=, labels= or both"
        )
    log_p = None if scores is None else _log_proba(np.asarray(scores), len(y), len(known))
    if labels is not None:
        predicted = _codes(np.asarray(labels).ravel(), known, "labels")
        if len(predicted) != len(y):
            raise UsageError(
                f"there are {len(y)} true labels and {len(predicted)} predicted ones",
                remedy="give one of each per row",
            )
    else:
        assert log_p is not None
        predicted = log_p.argmax(axis=1)
    matrix = None if cost is None else parse_cost(cost, names, task)
    weights = bootstrap_weights(len(y), draws, seed, groups)
    total = confusion(y, predicted, len(known))
    drawn = confusion(y, predicted, len(known), weights)
    metrics: dict[str, dict[str, float]] = {}
    for name in metric_names(task):
        if name == "expected_cost" and matrix is None:
            continue
        metric = get_metric(name, task, names, matrix)
        if metric.needs == "labels":
            value, spread = metric.compute_labels(total), metric.compute_labels(drawn)
        elif log_p is None:
            continue
        else:
            value, spread = (
                metric.compute_scores(y, log_p),
                metric.compute_scores(y, log_p, weights),
            )
        low, high = percentile_interval(spread)
        metrics[name] = {"mean": float(value), "low": low, "high": high}
    point = per_class(total)
    table = [
        {
            "label": name,
            "support": point["support"][c],
            **{key: point[key][c] for key in ("precision", "recall", "f1")},
        }
        for c, name in enumerate(names)
    ]
    return Evaluation(
        plain(
            {
                "schema_version": SCHEMA_VERSION,
                "kind": "evaluation",
                "task": task,
                "rows": len(y),
                "classes": [
                    {"label": name, "count": int((y == c).sum())} for c, name in enumerate(names)
                ],
                "positive": names[1] if task == "binary" else None,
                "metrics": metrics,
                "confusion": total,
                "per_class": table,
                "curves": None if log_p is None else curves(y, log_p, names, None),
                "seed": seed,
            }
        )
    )


def _encode(
    y_true: ArrayLike, classes: list[Any] | None, positive: Any
) -> tuple[NDArray[np.int64], list[Any]]:
    values = np.asarray(y_true)
    if values.ndim != 1 or not len(values):
        raise UsageError(
            f"y_true has the shape {values.shape}", remedy="give a column of one or more labels"
        )
    if classes is not None:
        known = list(classes)
        if positive is not None and len(known) == 2 and str(known[1]) != str(positive):
            raise UsageError(
                f"positive={positive!r} is not the last of classes={known!r}",
                remedy="put the positive class last",
            )
        return _codes(values, known, "y_true"), known
    column = next(iter(build_frame({"y_true": values.tolist()}).iter_columns()))
    y, known, _ = encode_target(column, None, positive)
    return y, known


def _codes(values: NDArray[Any], classes: list[Any], what: str) -> NDArray[np.int64]:
    index = {str(label): code for code, label in enumerate(classes)}
    unique, inverse = np.unique(values.astype(str), return_inverse=True)
    unknown = [label for label in unique if label not in index]
    if unknown:
        raise DataError(
            f"{what} holds {unknown[0]!r}, which is not one of the classes {', '.join(list(index)[:10])}",
            remedy="give classes= with all labels, or correct the column",
        )
    return np.array([index[label] for label in unique], dtype=np.int64)[inverse]


def _log_proba(scores: NDArray[Any], n: int, n_classes: int) -> F:
    try:
        p = scores.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "scores are not numbers", remedy="give probabilities between 0 and 1"
        ) from None
    if p.ndim == 2 and p.shape[1] == 1:
        p = p[:, 0]
    if p.ndim == 1 and n_classes == 2:
        p = np.column_stack([1.0 - p, p])
    if p.shape != (n, n_classes):
        raise UsageError(
            f"scores has the shape {scores.shape} for {n} rows and {n_classes} classes",
            remedy=f"give one probability per class ({n}, {n_classes})"
            + (", or that of the positive class alone" if n_classes == 2 else ""),
        )
    if not np.isfinite(p).all() or (p < 0).any() or (p > 1).any():
        bad = p[~((p >= 0) & (p <= 1))]
        raise DataError(
            f"scores hold {bad[0]:g}, which is no probability",
            remedy="give probabilities between 0 and 1, such as predict_proba returns",
        )
    sums = p.sum(axis=1, keepdims=True)
    if (np.abs(sums - 1) > 0.01).any():
        raise DataError(
            f"the scores of a row sum to {float(sums[np.argmax(np.abs(sums - 1))].item()):g}, not to 1",
            remedy="give the probabilities of all classes, in the order of classes=",
        )
    out: F = np.log(np.clip(p / sums, 1e-15, None))
    return out
