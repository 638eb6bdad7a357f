"""Given probabilities, checked and put into the order of the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.data.labels import some
from equipoise.errors import DataError, UsageError
from equipoise.results.labelling import called, find_label

__all__ = ["log_proba", "read_scores"]

F = NDArray[np.float64]
Scores = F | dict[Any, F]


def read_scores(scores: ArrayLike | Mapping[Any, ArrayLike], n: int) -> Scores:
    """Return probabilities as an array of shape (n,) or (n, C), or as one of shape (n,) per label.

    Raises
    ------
    UsageError, DataError
        If they are not of this shape, or no probabilities.
    """
    if not isinstance(scores, Mapping):
        return _numbers(scores, n, called(scores, "scores"))
    if not scores:
        raise UsageError(
            "scores name no class", remedy="give a column for each class, by its label"
        )
    out = {}
    for label, column in scores.items():
        what = called(column, f"scores[{label!r}]")
        p = _numbers(column, n, what)
        if p.ndim != 1:
            raise UsageError(
                f"{what} has the shape {p.shape}", remedy="give one probability per row and class"
            )
        out[label] = p
    return out


def _numbers(values: ArrayLike, n: int, what: str) -> F:
    try:
        p = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"not all values of {what} are numbers", remedy="give probabilities between 0 and 1"
        ) from None
    if p.ndim == 2 and p.shape[1] == 1:
        p = p[:, 0]
    if p.ndim not in (1, 2) or len(p) != n:
        raise UsageError(
            f"{what} has the shape {p.shape} for {n} rows",
            remedy=f"give one probability per row and class, ({n}, C), or that of the positive class alone",
        )
    fine = (p >= 0) & (p <= 1)
    if not fine.all():
        raise DataError(
            f"{p[~fine][0]:g} in {what} is no probability",
            remedy="give probabilities between 0 and 1, such as predict_proba returns",
        )
    return p


def log_proba(scores: Scores, classes: Sequence[Any]) -> F:
    """Return natural-log probabilities in the order of the classes, shape (n, C).

    Raises
    ------
    UsageError
        If there are not as many probabilities as classes.
    DataError
        If those of a row do not sum to 1.
    """
    p = _by_class(scores, classes) if isinstance(scores, dict) else scores
    if p.ndim == 1 and len(classes) == 2:
        p = np.column_stack([1.0 - p, p])
    if p.ndim == 1 or p.shape[1] != len(classes):
        raise UsageError(
            f"scores has the shape {p.shape} for {len(p)} rows and {len(classes)} classes",
            remedy=f"give one probability per class, ({len(p)}, {len(classes)})"
            + (", or that of the positive class alone" if len(classes) == 2 else ""),
        )
    sums = p.sum(axis=1, keepdims=True)
    if (np.abs(sums - 1) > 0.01).any():
        raise DataError(
            f"the scores of a row sum to {float(sums[np.argmax(np.abs(sums - 1))].item()):g}, not to 1",
            remedy="give the probabilities of all classes"
            + ("" if isinstance(scores, dict) else ", in the order of classes="),
        )
    out: F = np.log(np.clip(p / sums, 1e-15, None))
    return out


def _by_class(scores: dict[Any, F], classes: Sequence[Any]) -> F:
    columns: dict[Any, F] = {}
    for name, p in scores.items():
        label = find_label(name, classes)
        if label is None or label in columns:
            raise UsageError(
                f"the scores of {name!r} are for none of the classes {some(classes, 10)}"
                if label is None
                else f"two columns of scores are for the class {label!r}",
                remedy="give one column for each class, by its label",
            )
        columns[label] = p
    if len(columns) == 1 and len(classes) == 2:
        (label, p), *_ = columns.items()
        return p if label == classes[1] else 1.0 - p
    absent = [label for label in classes if label not in columns]
    if absent:
        raise UsageError(
            f"there are no scores for the class {absent[0]!r}, only for {some(list(scores), 10)}",
            remedy="give the probability of every class, or of one of two",
        )
    return np.column_stack([columns[label] for label in classes])
