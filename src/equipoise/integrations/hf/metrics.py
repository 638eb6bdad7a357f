"""Metrics of an evaluation, in the form in which the Trainer asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise import metrics
from equipoise.errors import UsageError
from equipoise.metrics.confusion import accuracy, averaged, balanced_accuracy

__all__ = ["compute_metrics"]

F = NDArray[np.float64]
_IGNORED = -100


def compute_metrics(
    prediction: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    threshold: float | Sequence[float] = 0.5,
    prior_offset: ArrayLike | None = None,
) -> Any:
    """Compute the metrics that a rare class shows in, for ``Trainer(compute_metrics=...)``.

    Pass it as it is, or with the names of the classes: ``compute_metrics=compute_metrics(classes=
    ["ham", "spam"])``. Labels are class codes, or multi-hot rows of the shape of the logits; those
    of -100 are skipped. Tokens count as rows.

    Parameters
    ----------
    prediction : transformers.EvalPrediction, optional
        Logits (n, C), (n, T, C), or a tuple that begins with them, and labels. Without it, a
        function of it is returned.
    classes : sequence of length C, optional
        Names of the classes or labels, in the order of the logits; their codes by default.
    threshold : float or sequence of C floats, default 0.5
        Probability from which on a label is given. For multi-hot labels only.
    prior_offset : array-like, shape (C,), optional
        The loss's ``prior_offset``: the log loss of the probabilities put back at the prior of the
        data is then reported as ``log_loss_corrected``.

    Returns
    -------
    dict of str to float, or a function that returns it
        For class codes: ``accuracy``, ``balanced_accuracy``, ``f1_macro``, ``f1_weighted``,
        ``average_precision_macro``, ``log_loss``. For multi-hot labels: ``f1_micro``, ``f1_macro``,
        ``f0.5_micro``, ``f0.5_macro``, ``average_precision_macro``, ``log_loss`` (mean over elements).
        For both, of every class: ``precision_NAME``, ``recall_NAME``, ``f1_NAME`` (0 where
        undefined) and ``average_precision_NAME`` (NaN where no row has the class).
        Macro averages run over classes that have rows or are named by the model, those of average
        precision over classes that have rows.

    Raises
    ------
    UsageError
        Names or thresholds do not fit the logits, there are NaN among these, or no row has a label.

    Examples
    --------
    >>> import numpy as np
    >>> from transformers import EvalPrediction
    >>> from equipoise.integrations.hf import compute_metrics
    >>> logits = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 0.5], [0.5, 0.0]])
    >>> scores = compute_metrics(EvalPrediction(logits, np.array([0, 0, 1, 1])))
    >>> scores["recall_1"], scores["average_precision_1"]
    (0.5, 1.0)
    """
    if prediction is None:
        # A partial, so that callbacks can read the names of the classes.
        given: dict[str, Any] = {
            "classes": classes,
            "threshold": threshold,
            "prior_offset": prior_offset,
        }
        return partial(compute_metrics, **given)
    logits, labels = _read(prediction)
    names = _names(classes, logits.shape[-1])
    offset = _offset(prior_offset, logits.shape[-1])
    if labels.shape == logits.shape:
        return _of_labels(logits, labels, names, threshold, offset)
    return _of_classes(logits, labels, names, offset)


def _read(prediction: Any) -> tuple[F, NDArray[Any]]:
    logits, labels = prediction.predictions, prediction.label_ids
    if isinstance(logits, tuple | list):
        logits = next((part for part in logits if np.ndim(part) >= 2), None)
    logits = None if logits is None else np.asarray(logits, dtype=np.float64)
    if logits is None or logits.ndim < 2 or logits.shape[-1] < 1 or labels is None:
        raise UsageError(
            "the evaluation holds no logits with a column per class, or no labels",
            remedy="evaluate a model with a classification head, on data with labels",
        )
    if isinstance(labels, tuple | list):
        labels = labels[0]
    labels = np.asarray(labels)
    if labels.shape not in (logits.shape, logits.shape[:-1]):
        raise UsageError(
            f"labels have the shape {labels.shape} and logits {logits.shape}",
            remedy="give a class code for each row, or one 0 or 1 for each label of each row",
        )
    return logits, labels


def _names(classes: Sequence[Any] | None, n_classes: int) -> list[str]:
    names = list(map(str, range(n_classes) if classes is None else classes))
    if len(names) != n_classes or len(set(names)) != n_classes:
        raise UsageError(
            f"classes={names} for logits of {n_classes} columns",
            remedy="give each column a name of its own, in order",
        )
    return names


def _offset(offset: Any, n_classes: int) -> F | None:
    if offset is None:
        return None
    detached = offset.detach().cpu() if hasattr(offset, "detach") else offset
    out = np.asarray(detached, dtype=np.float64)
    if out.shape != (n_classes,):
        raise UsageError(
            f"prior_offset has the shape {out.shape} for {n_classes} columns",
            remedy="give one number per class: the prior_offset of the loss",
        )
    return out


def _check(logits: F) -> None:
    if len(logits) == 0:
        raise UsageError(
            "no row of the evaluation has a label", remedy="give rows whose label is not -100"
        )
    if np.isnan(logits).any():
        raise UsageError(
            "the model's logits are NaN: the training has diverged",
            remedy="lower the learning rate, or clip gradients (max_grad_norm)",
        )


def _per_class(found: dict[str, F], precision: F, names: list[str]) -> dict[str, float]:
    out = {"average_precision_macro": _mean_of_known(precision)}
    for c, name in enumerate(names):
        out |= {f"{what}_{name}": float(found[what][c]) for what in ("precision", "recall", "f1")}
        out[f"average_precision_{name}"] = float(precision[c])
    return out


def _mean_of_known(values: F) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _of_classes(
    logits: F, labels: NDArray[Any], names: list[str], offset: F | None
) -> dict[str, float]:
    n_classes = len(names)
    kept = (labels != _IGNORED).reshape(-1)
    z, y = logits.reshape(-1, n_classes)[kept], labels.reshape(-1)[kept].astype(np.int64)
    _check(z)
    if n_classes == 1:
        raise UsageError(
            "the logits have one column, and labels are not of their shape",
            remedy="load the model with num_labels the number of classes: 2 for a binary task",
        )
    matrix = metrics.confusion(y, z.argmax(axis=1), n_classes)
    log_p = _log_softmax(z)
    precision = _ranked(np.eye(n_classes, dtype=np.int64)[y], _log_odds(z, log_p))
    out = {
        "accuracy": float(accuracy(matrix)),
        "balanced_accuracy": float(balanced_accuracy(matrix)),
        "f1_macro": float(averaged(matrix, "f1", "macro")),
        "f1_weighted": float(averaged(matrix, "f1", "weighted")),
        "log_loss": float(metrics.log_loss(y, log_p)),
    }
    if offset is not None:
        out["log_loss_corrected"] = float(metrics.log_loss(y, _log_softmax(z - offset)))
    return out | _per_class(metrics.per_class(matrix), precision, names)


def _of_labels(
    logits: F, labels: NDArray[Any], names: list[str], threshold: Any, offset: F | None
) -> dict[str, float]:
    n_labels = len(names)
    z, y = logits.reshape(-1, n_labels), labels.reshape(-1, n_labels).astype(np.float64)
    kept = y != _IGNORED
    _check(z[kept])
    cut = np.asarray(threshold, dtype=np.float64)
    if cut.shape not in ((), (n_labels,)) or not ((cut > 0) & (cut < 1)).all():
        raise UsageError(
            f"threshold={threshold!r} for {n_labels} labels",
            remedy="give one probability between 0 and 1, or one for each label",
        )
    truth = kept & (y >= 0.5)
    # On the scale of logits, where a sigmoid cannot round up to the threshold.
    said = kept & (z >= np.log(cut) - np.log1p(-cut))
    hit, support, calls = ((part).sum(axis=0) for part in (truth & said, truth, said))
    found = {
        "precision": _ratio(hit, calls),
        "recall": _ratio(hit, support),
        "f1": _ratio(2 * hit, support + calls),
    }
    precision = np.array(
        [_ranked(truth[k, c : c + 1], z[k, c : c + 1])[0] for c, k in enumerate(kept.T)]
    )
    out = {}
    for name, b2 in (("f1", 1.0), ("f0.5", 0.25)):
        top, bottom = (1 + b2) * hit, b2 * support + calls
        out[f"{name}_micro"] = float(_ratio(top.sum(), bottom.sum()))
        met = bottom > 0
        out[f"{name}_macro"] = float(_ratio(top, bottom)[met].mean()) if met.any() else 0.0
    out["log_loss"] = _binary_log_loss(z, y, kept)
    if offset is not None:
        out["log_loss_corrected"] = _binary_log_loss(z - offset, y, kept)
    return out | _per_class(found, precision, names)


def _ranked(truth: NDArray[Any], score: F) -> F:
    """Return the average precision of each column, NaN where it has no positive row."""
    out = np.full(truth.shape[1], np.nan)
    for c in np.flatnonzero(truth.any(axis=0)):
        out[c] = metrics.average_precision(truth[:, c].astype(np.int64), score[:, c])
    return out


def _ratio(top: Any, bottom: Any) -> F:
    out: F = np.zeros(np.shape(top))
    np.divide(top, bottom, out=out, where=np.asarray(bottom) > 0)
    return out


def _log_softmax(z: F) -> F:
    shifted = z - z.max(axis=1, keepdims=True)
    out: F = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return out


def _log_odds(z: F, log_p: F) -> F:
    """Return the log-odds of each class, which do not tie where probabilities round to 1."""
    with np.errstate(divide="ignore"):
        out = log_p - np.log(-np.expm1(log_p))
        rows, first = np.arange(len(z)), z.argmax(axis=1)
        others = z - z.max(axis=1, keepdims=True)
        others[rows, first] = -np.inf
        second = np.maximum(others.max(axis=1), -1e300)
        out[rows, first] = -second - np.log(np.exp(others - second[:, None]).sum(axis=1))
    return out


def _binary_log_loss(z: F, y: F, kept: NDArray[np.bool_]) -> float:
    loss = np.maximum(z, 0) - z * np.where(kept, y, 0.0) + np.log1p(np.exp(-np.abs(z)))
    return float(loss[kept].mean())
