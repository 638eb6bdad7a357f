"""Read predictions of any tool for the checks of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.diagnose.subject import After
from equipoise.errors import UsageError
from equipoise.results.labelling import called, codes_of, group_codes, known_classes, read_labels
from equipoise.results.scores import log_proba, read_scores

__all__ = ["read_predictions"]


def read_predictions(
    y_true: ArrayLike,
    scores: Any = None,
    *,
    labels: ArrayLike | None = None,
    classes: Sequence[Any] | None = None,
    positive: Any = None,
    groups: ArrayLike | None = None,
    train: Sequence[Any] | None = None,
    features: ArrayLike | None = None,
    threshold: float | None = None,
    seed: int = 0,
) -> After:
    """Turn truth, scores and labels into what the checks look at.

    See :func:`equipoise.diagnose.run.diagnose_predictions` for the parameters.

    Raises
    ------
    UsageError, DataError
        If shapes disagree, a label is missing or unknown, or scores are no probabilities.

    Examples
    --------
    >>> from equipoise.diagnose.predictions import read_predictions
    >>> after = read_predictions(["ham", "ham", "spam"], [0.2, 0.7, 0.4])
    >>> after.classes, after.labels.tolist()
    (['ham', 'spam'], [0, 1, 0])
    """
    if scores is None and labels is None:
        raise UsageError(
            "neither scores nor labels were given", remedy="give scores=, labels= or both"
        )
    if threshold is not None and not 0 < threshold < 1:
        raise UsageError(
            f"threshold={threshold!r} is no probability between 0 and 1",
            remedy="give one such as 0.5",
        )
    if np.ndim(y_true) == 2 and np.shape(y_true)[1] > 1:
        after = _sets(np.asarray(y_true), scores, labels, classes, threshold)
    else:
        after = _classes(y_true, scores, labels, classes, positive, threshold)
    after.seed = seed
    if groups is not None:
        after.groups = group_codes(groups)
        _same_length("groups", after.groups, after.n)
    if features is not None:
        after.features = np.asarray(features, dtype=np.float64)
        _same_length("features", after.features, after.n)
    if train is not None:
        known = after.classes
        if after.task != "multilabel":
            known = _original(y_true, labels, scores, classes, positive)
        parts = [*train, None, None][:3]
        after.train = read_predictions(
            parts[0],
            parts[1],
            labels=parts[2],
            classes=known,
            threshold=threshold,
            seed=seed,
        )
    return after


def _same_length(what: str, values: NDArray[Any], n: int) -> None:
    if len(values) != n:
        raise UsageError(f"{what} are for {len(values)} rows, of {n}", remedy="give one per row")


def _known(
    y_true: Any, labels: Any, scores: Any, classes: Sequence[Any] | None, positive: Any
) -> tuple[list[Any], list[Any], list[Any] | None, Any]:
    truth = read_labels(y_true, called(y_true, "y_true"))
    said = None if labels is None else read_labels(labels, called(labels, "labels"))
    if said is not None and len(said) != len(truth):
        raise UsageError(
            f"there are {len(truth)} true labels and {len(said)} predicted ones",
            remedy="give one of each per row",
        )
    p = None if scores is None else read_scores(scores, len(truth))
    width = (
        None if p is None else list(p) if isinstance(p, dict) else 2 if p.ndim == 1 else p.shape[1]
    )
    given = None if classes is None else list(classes)
    return truth, known_classes(truth, said, width, given, positive), said, p


def _original(*given: Any) -> list[Any]:
    return _known(*given)[1]


def _classes(
    y_true: Any,
    scores: Any,
    labels: Any,
    classes: Sequence[Any] | None,
    positive: Any,
    threshold: float | None,
) -> After:
    truth, known, said, p = _known(y_true, labels, scores, classes, positive)
    y = codes_of(truth, known, called(y_true, "y_true"))
    log_p = None if p is None else log_proba(p, known)
    task = "binary" if len(known) == 2 else "multiclass"
    if said is not None:
        predicted = codes_of(said, known, called(labels, "labels"))
    else:
        assert log_p is not None
        predicted = log_p.argmax(axis=1)
        if task == "binary" and threshold is not None:
            predicted = (log_p[:, 1] >= np.log(threshold)).astype(np.int64)
    names = [str(label) for label in known]
    return After(y, log_p, predicted, names, task, threshold=threshold)


def _sets(
    Y: NDArray[Any],
    scores: Any,
    labels: Any,
    names: Sequence[Any] | None,
    threshold: float | None,
) -> After:
    n, L = Y.shape
    known = [f"label {j}" for j in range(L)] if names is None else [str(name) for name in names]
    if len(known) != L:
        raise UsageError(f"{len(known)} names are given for {L} labels", remedy="give one for each")
    odds = None
    if scores is not None:
        p = np.asarray(scores, dtype=np.float64)
        _shaped("scores", p, (n, L))
        if not ((p >= 0) & (p <= 1)).all():
            raise UsageError(
                "scores of labels are not all between 0 and 1",
                remedy="give probabilities; of log-odds s they are 1 / (1 + exp(-s))",
            )
        with np.errstate(divide="ignore"):
            odds = np.clip(np.log(p) - np.log1p(-p), -700.0, 700.0)
    if labels is not None:
        said = _bits("labels", np.asarray(labels), (n, L))
    else:
        assert odds is not None
        cut = 0.5 if threshold is None else threshold
        said = (odds >= np.log(cut) - np.log1p(-cut)).astype(np.int64)
    truth = _bits("y_true", Y, (n, L))
    return After(truth, odds, said, known, "multilabel", threshold=threshold)


def _shaped(what: str, values: NDArray[Any], shape: tuple[int, int]) -> None:
    if values.shape != shape:
        raise UsageError(
            f"{what} has the shape {values.shape}, and y_true {shape}",
            remedy="give one value per row and label",
        )


def _bits(what: str, values: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.int64]:
    _shaped(what, values, shape)
    if not np.isin(values, (0, 1)).all():
        raise UsageError(
            f"{what} holds values other than 0 and 1", remedy="give 1 where a row has the label"
        )
    return values.astype(np.int64)
