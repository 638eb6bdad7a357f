"""Judge predictions from anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.compare.summary import SCHEMA_VERSION, plain
from equipoise.data.tasks import check_task
from equipoise.decisions.costs import parse_cost
from equipoise.errors import UsageError
from equipoise.frames import build_frame
from equipoise.metrics.confusion import confusion, per_class
from equipoise.metrics.curves import curves
from equipoise.metrics.registry import get_metric, metric_names
from equipoise.results.label_tables import has_columns
from equipoise.results.labelling import called, codes_of, group_codes, known_classes, read_labels
from equipoise.results.other_evaluations import judge_labels, judge_numbers
from equipoise.results.scores import log_proba, read_scores
from equipoise.stats.bootstrap import bootstrap_weights, centred_interval

__all__ = ["Evaluation", "evaluate"]


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
                lines.append(f"{name:<22} not defined: {value['why']}")
            else:
                mean, low, high = (_short(value[key]) for key in ("mean", "low", "high"))
                lines.append(f"{name:<22} {mean}  {low} to {high}")
        return "\n".join([*lines, "next: .frame(), .to_json()"])


def _short(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:.3f}" if 0.001 <= abs(value) < 100 or value == 0 else f"{value:,.4g}"


def evaluate(
    y_true: ArrayLike | Mapping[Any, ArrayLike],
    scores: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    *,
    labels: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    task: str | None = None,
    upper: ArrayLike | None = None,
    classes: list[Any] | None = None,
    positive: Any = None,
    cost: Any = None,
    groups: ArrayLike | None = None,
    draws: int = 400,
    seed: int = 0,
) -> Evaluation:
    """Judge predictions of any tool, with bootstrap intervals.

    The interval of a metric is the central 95 % of its values on ``draws`` bootstrap samples of the rows.
    A metric that these rows leave undefined, such as the recall of a class without rows, is None, with
    the reason beside it.

    Parameters
    ----------
    y_true : array of shape (n,) or (n, L), data frame, or mapping of label to array of shape (n,)
        True labels: texts, numbers or true/false, of one kind. One row is enough. Several columns are
        several labels a row, 1 where a row has the label, else 0. With ``task="regression"``, numbers.
    scores : array of shape (n,) or (n, C), or mapping of label to array of shape (n,), optional
        Probability of the positive class, or of every class in the order of ``classes``; or a column of
        probabilities for each label, in any order, where of two classes one is enough. Of several labels
        a row, the probability of each. Of numbers, the predictions, or (n, 2) with a 95th percentile.
    labels : array of shape (n,), optional
        Predicted labels; by default the most probable class. A label that the truth lacks is a class
        without rows. Of several labels a row 0 and 1, shape (n, L); by default those above one half.
    task : {"binary", "multiclass", "multilabel", "regression"}, optional
        Needed for numbers, and for a single column of a label; else the shape of ``y_true`` tells.
    upper : array of shape (n,), optional
        Predicted 95th percentiles of numbers, which adds how many rows they cover.
    classes : list, optional
        Class labels in the order of the columns of ``scores``; sorted by default, in a binary task with
        the positive one last. Needed where the rows do not hold every class. Of several labels a row, their
        names.
    positive : optional
        Positive class of a binary task; the rarer one by default.
    cost : str, dict or array, optional
        Costs of errors, which adds the expected cost.
    groups : array of shape (n,), optional
        Rows of one group are drawn together; a row without one is drawn by itself.
    draws : int, default 400
        Bootstrap draws behind the intervals.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    Evaluation
        Its ``summary`` holds ``metrics``: name to mean, low, high and why, ``confusion`` (C, C) with the
        true class first, or (L, 2, 2) of labels, ``per_class`` and ``curves``; of numbers ``deciles``.

    Raises
    ------
    UsageError, DataError
        If shapes disagree, a label is missing or unknown, or scores are no probabilities.

    References
    ----------
    Efron, B. and Tibshirani, R. (1993). An Introduction to the Bootstrap. Chapman and Hall.

    Examples
    --------
    >>> import equipoise as eq
    >>> eq.evaluate(["ham", "ham", "spam"], labels=["ham", "spam", "spam"]).summary["metrics"]["recall"]["mean"]
    1.0
    >>> eq.evaluate(["ham", "ham", "spam"], {"ham": [0.9, 0.6, 0.1]}).summary["metrics"]["accuracy"]["mean"]
    1.0
    >>> labels = {"red": [1, 0, 1], "big": [0, 0, 1]}
    >>> eq.evaluate(labels, {"red": [0.9, 0.4, 0.2], "big": [0.1, 0.2, 0.7]}).summary["metrics"]["f1_micro"]["mean"]
    0.8
    >>> eq.evaluate([10.0, 20.0], [12.0, 19.0], task="regression").summary["metrics"]["mae"]["mean"]
    1.5
    """
    if task is not None:
        check_task(task)
    if scores is None and labels is None:
        raise UsageError(
            "neither scores nor labels were given", remedy="give scores=, labels= or both"
        )
    if task is None and has_columns(y_true):
        task = "multilabel"
    of_numbers = task == "regression"
    _refuse_others(task, labels, upper, classes, positive, cost)
    if task in ("multilabel", "regression"):
        clusters = None if groups is None else group_codes(groups)
        found = (
            judge_numbers(y_true, scores, upper, clusters, draws, seed)  # type: ignore[arg-type]
            if of_numbers
            else judge_labels(y_true, scores, labels, classes, cost, clusters, draws, seed)
        )
        head = {"schema_version": SCHEMA_VERSION, "kind": "evaluation", "task": task}
        return Evaluation(plain({**head, **found, "seed": seed}))
    true_name, said_name = called(y_true, "y_true"), called(labels, "labels")
    truth = read_labels(y_true, true_name)
    said = None if labels is None else read_labels(labels, said_name)
    if said is not None and len(said) != len(truth):
        raise UsageError(
            f"there are {len(truth)} true labels and {len(said)} predicted ones",
            remedy="give one of each per row",
        )
    p = None if scores is None else read_scores(scores, len(truth))
    known = known_classes(
        truth,
        said,
        None if p is None else list(p) if isinstance(p, dict) else 2 if p.ndim == 1 else p.shape[1],
        classes,
        positive,
    )
    y = codes_of(truth, known, true_name)
    names = [str(label) for label in known]
    if task == "binary" and len(known) != 2:
        raise UsageError(
            f"task='binary' was given, and there are {len(known)} classes: {', '.join(names[:10])}",
            remedy="leave the task out",
        )
    task = "binary" if len(known) == 2 else "multiclass"
    log_p = None if p is None else log_proba(p, known)
    if said is not None:
        predicted = codes_of(said, known, said_name)
    else:
        assert log_p is not None
        predicted = log_p.argmax(axis=1)
    matrix = None if cost is None else parse_cost(cost, names, task)
    weights = bootstrap_weights(
        len(y), draws, seed, None if groups is None else group_codes(groups)
    )
    total = confusion(y, predicted, len(known))
    drawn = confusion(y, predicted, len(known), weights)
    counts = np.bincount(y, minlength=len(known))
    metrics: dict[str, dict[str, Any]] = {}
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
        low, high = centred_interval(value, spread, (metric.low, metric.high))
        why = _undefined(name, metric.needs, counts, names)
        if why is None and not np.isfinite(value):
            why = "not defined on these rows"
        metrics[name] = (
            {"mean": float(value), "low": low, "high": high, "why": None}
            if why is None
            else {"mean": None, "low": None, "high": None, "why": why}
        )
    point = per_class(total)
    table = [
        {
            "label": name,
            "support": point["support"][c],
            "precision": point["precision"][c],
            # What a class without rows would have been called is not known.
            "recall": point["recall"][c] if counts[c] else None,
            "f1": point["f1"][c] if counts[c] else None,
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
                    {"label": name, "count": int(counts[c])} for c, name in enumerate(names)
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


def _refuse_others(
    task: str | None, labels: Any, upper: Any, classes: Any, positive: Any, cost: Any
) -> None:
    """Refuse what belongs to another task."""
    if upper is not None and task != "regression":
        raise UsageError(
            "a 95th percentile (upper) was given, and the task is of classes or labels",
            remedy="give task='regression', or leave it out",
        )
    if positive is not None and task in ("multilabel", "regression"):
        raise UsageError(
            f"a positive class ({positive!r}) was given, and the task is {task}",
            remedy="leave the positive class out",
        )
    if task != "regression":
        return
    given = {"labels": labels, "classes": classes, "cost": cost}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageError(
            f"{wrong[0]} was given, and the target is a number",
            remedy="give the predicted numbers as scores, and their 95th percentile as upper",
        )


def _undefined(name: str, needs: str, counts: NDArray[np.int64], names: list[str]) -> str | None:
    """Say why a metric has no value on these rows, if it has none."""
    met = np.flatnonzero(counts)
    if len(met) == 1 and needs == "ranking":
        return f"all rows are of the class {names[met[0]]!r}, and a ranking needs two"
    binary = len(names) == 2
    if binary and counts[1] == 0 and name.partition(":")[0] in ("recall", "f1", "fbeta"):
        return f"no row is of the positive class {names[1]!r}"
    return None
