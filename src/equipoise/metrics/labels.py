"""Metrics of sets of labels: of confusion matrices of every label, and of every row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import UsageError
from equipoise.metrics.confusion import ratio

__all__ = [
    "EachLabel",
    "Pooled",
    "balanced_accuracy_value",
    "cost_value",
    "error_value",
    "exact_match",
    "f1_of_rows",
    "fbeta_value",
    "label_confusion",
    "per_label",
    "precision_value",
    "recall_value",
]

F = NDArray[np.float64]
_EXACT = 2**24  # counts up to this are exact in single precision


def label_confusion(Y: ArrayLike, Q: ArrayLike, weights: ArrayLike | None = None) -> F:
    """Count rows by whether they have a label and whether they were given it, for every label.

    Parameters
    ----------
    Y : array of shape (n, L)
        1 where a row has the label, else 0.
    Q : array of shape (n, L)
        1 where a row was given the label, else 0; between them, the chance of it, and the counts are
        then expected ones.
    weights : array of shape (n,) or (B, n), optional
        Weights, or the multiplicities of B draws. Single precision is calculated in single precision.

    Returns
    -------
    float64 array, shape (L, 2, 2) or (B, L, 2, 2)
        Truth first: entry (j, 1, 0) is the weight of the rows that have label j and were not given it.

    Raises
    ------
    UsageError
        If shapes disagree, or an entry of ``Y`` is neither 0 nor 1 or one of ``Q`` is not within 0 to 1.

    Examples
    --------
    >>> from equipoise.metrics import label_confusion
    >>> label_confusion([[1, 0], [1, 1]], [[1, 0], [0, 1]]).tolist()
    [[[0.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]
    """
    true, said = np.asarray(Y), np.asarray(Q)
    weight = None if weights is None else np.asarray(weights)
    shape = true.shape[:1] if weight is None else weight.shape[-1:]
    if true.ndim != 2 or true.shape != said.shape or shape != true.shape[:1]:
        raise UsageError(
            f"Y has the shape {true.shape}, Q {said.shape}"
            + ("" if weight is None else f" and weights {weight.shape}"),
            remedy="give (n, L), (n, L) and (n,) or (B, n)",
        )
    _check_values(true, said)
    if weight is None:
        weight = np.ones(len(true), dtype=np.uint8)
    kind = _precision(weight, said)
    draws = np.atleast_2d(weight).astype(kind, copy=False)
    met = true.astype(kind)
    given = said.astype(kind)
    total = draws.sum(axis=1, dtype=np.float64)[:, None]
    # One product with all three, so that the weights are read once.
    sums = (draws @ np.hstack([met, given, met * given])).astype(np.float64)
    support, calls, hits = np.split(sums, 3, axis=1)
    out = np.empty((*hits.shape, 2, 2))
    out[..., 1, 1] = hits
    # What rounding leaves of nothing is nothing.
    out[..., 1, 0] = np.maximum(support - hits, 0.0)
    out[..., 0, 1] = np.maximum(calls - hits, 0.0)
    out[..., 0, 0] = np.maximum(total - support - calls + hits, 0.0)
    return out[0] if weight.ndim == 1 else out


def _precision(weight: NDArray[Any], said: NDArray[Any]) -> type[np.floating[Any]]:
    if weight.dtype == np.float32:
        return np.float32
    whole = said.dtype.kind in "biu" or bool(((said == 0) | (said == 1)).all())
    few = weight.dtype.kind in "bu" and weight.shape[-1] * int(weight.max(initial=0)) < _EXACT
    return np.float32 if whole and few else np.float64


def per_label(matrix: ArrayLike, beta: float = 2.0) -> dict[str, F]:
    """Return precision, recall, F1, F-beta and support of every label.

    Parameters
    ----------
    matrix : array of shape (..., L, 2, 2)
        As :func:`label_confusion` gives it.
    beta : float, default=2.0
        How much more recall counts than precision in ``fbeta``.

    Returns
    -------
    dict of float64 arrays of shape (..., L)
        ``precision``, ``recall``, ``f1``, ``fbeta`` (0 where undefined) and ``support``, the weight of
        the rows that have the label.

    Examples
    --------
    >>> from equipoise.metrics import label_confusion, per_label
    >>> per_label(label_confusion([[1, 0], [1, 1]], [[1, 0], [0, 1]]))["recall"].tolist()
    [0.5, 1.0]
    """
    m = np.asarray(matrix, dtype=np.float64)
    return {
        "precision": precision_value(m),
        "recall": recall_value(m),
        "f1": fbeta_value(m, 1.0),
        "fbeta": fbeta_value(m, beta),
        "support": m[..., 1, 0] + m[..., 1, 1],
    }


def precision_value(m: F) -> F:
    """Compute hits over calls, (..., 2, 2) to (...,)."""
    return ratio(m[..., 1, 1], m[..., 1, 1] + m[..., 0, 1])


def recall_value(m: F) -> F:
    """Compute hits over rows that have the label, (..., 2, 2) to (...,)."""
    return ratio(m[..., 1, 1], m[..., 1, 1] + m[..., 1, 0])


def fbeta_value(m: F, beta: float) -> F:
    """Compute F-beta, ``(1 + b^2) hits / ((1 + b^2) hits + b^2 misses + false alarms)``."""
    hits = (1 + beta**2) * m[..., 1, 1]
    return ratio(hits, hits + beta**2 * m[..., 1, 0] + m[..., 0, 1])


def balanced_accuracy_value(m: F) -> F:
    """Compute the mean of the recalls of rows with and without the label."""
    without = ratio(m[..., 0, 0], m[..., 0, 0] + m[..., 0, 1])
    return (recall_value(m) + without) / 2


def error_value(m: F) -> F:
    """Compute the share of rows with a wrong answer."""
    return ratio(m[..., 0, 1] + m[..., 1, 0], m.sum(axis=(-2, -1)))


def cost_value(m: F, cost: F) -> F:
    """Compute the mean cost of a row's answer; ``cost`` is (2, 2), truth first, or one per label."""
    return ratio((m * cost).sum(axis=(-2, -1)), m.sum(axis=(-2, -1)))


@dataclass(frozen=True)
class EachLabel:
    """A metric as a mean, or a sum, of what it is for each label alone.

    Each label can then be tuned on its own, which :func:`equipoise.decisions.tune_label_bias` does.

    Parameters
    ----------
    value : callable
        From float64 (..., 2, 2), truth first, to float64 (...,).
    average : {"macro", "weighted", "both", "all", "sum"}
        The mean over labels that some row has or was given; weighted by the rows that have the label;
        over labels that some rows have and some have not; over all labels; or their sum.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.labels import EachLabel, recall_value
    >>> matrix = np.array([[[5.0, 1.0], [1.0, 1.0]], [[8.0, 0.0], [0.0, 0.0]]])
    >>> float(EachLabel(recall_value, "macro")(matrix))
    0.5
    """

    value: Callable[[F], F]
    average: Literal["macro", "weighted", "both", "all", "sum"]

    def __call__(self, m: F) -> F:
        """Compute it from matrices (..., L, 2, 2)."""
        values = self.value(m)
        if self.average == "sum":
            return np.asarray(values.sum(axis=-1))
        with_it, without = m[..., 1, :].sum(axis=-1), m[..., 0, :].sum(axis=-1)
        weight = {
            "macro": lambda: with_it + m[..., 0, 1] > 0,
            "weighted": lambda: with_it,
            "both": lambda: (with_it > 0) & (without > 0),
            "all": lambda: np.ones_like(with_it),
        }[self.average]().astype(np.float64)
        return ratio((values * weight).sum(axis=-1), weight.sum(axis=-1))


@dataclass(frozen=True)
class Pooled:
    """A metric of all decisions together: F-beta, or precision or recall where beta is None.

    Parameters
    ----------
    beta : float or None
        How much more recall counts than precision.
    what : {"fbeta", "precision", "recall"}
        Which ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.metrics.labels import Pooled
    >>> float(Pooled(1.0)(np.array([[[5.0, 1.0], [1.0, 1.0]], [[8.0, 0.0], [0.0, 0.0]]])))
    0.5
    """

    beta: float | None
    what: Literal["fbeta", "precision", "recall"] = "fbeta"

    def __call__(self, m: F) -> F:
        """Compute it from matrices (..., L, 2, 2)."""
        total = m.sum(axis=-3)
        if self.beta is not None:
            return fbeta_value(total, self.beta)
        return precision_value(total) if self.what == "precision" else recall_value(total)


def _sets(Y: ArrayLike, Q: ArrayLike) -> tuple[F, F]:
    true, said = np.asarray(Y), np.asarray(Q)
    if true.ndim != 2 or true.shape != said.shape:
        raise UsageError(
            f"Y has the shape {true.shape} and Q {said.shape}", remedy="give (n, L) of each"
        )
    _check_values(true, said)
    return true.astype(np.float64), said.astype(np.float64)


def _check_values(true: NDArray[Any], said: NDArray[Any]) -> None:
    if true.dtype.kind != "b" and not ((true == 0) | (true == 1)).all():
        raise UsageError("Y holds something other than 0 and 1", remedy="give 1 or 0 per label")
    if not ((said >= 0) & (said <= 1)).all():
        raise UsageError("Q holds a number outside 0 to 1", remedy="give 1 or 0, or a chance")


def f1_of_rows(Y: ArrayLike, Q: ArrayLike) -> F:
    """Compute the F1 of the labels of every row: ``2 |true and said| / (|true| + |said|)``.

    Parameters
    ----------
    Y : array of shape (n, L)
        1 where a row has the label, else 0.
    Q : array of shape (n, L)
        1 where a row was given the label, else 0; between them, the chance of it. The sizes are then
        expected ones, and their ratio is near the expected F1.

    Returns
    -------
    float64 array, shape (n,)
        0 for a row that neither has nor was given a label, as in scikit-learn.

    Raises
    ------
    UsageError
        If shapes disagree, an entry of ``Y`` is neither 0 nor 1 or one of ``Q`` is not within 0 to 1.

    Examples
    --------
    >>> from equipoise.metrics.labels import f1_of_rows
    >>> f1_of_rows([[1, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]]).round(3).tolist()
    [0.667, 0.0]
    """
    true, said = _sets(Y, Q)
    return ratio(2 * (true * said).sum(axis=1), true.sum(axis=1) + said.sum(axis=1))


def exact_match(Y: ArrayLike, Q: ArrayLike) -> F:
    """Say of every row whether it was given exactly the labels that it has: 1 or 0.

    Parameters
    ----------
    Y : array of shape (n, L)
        1 where a row has the label, else 0.
    Q : array of shape (n, L)
        1 where a row was given the label, else 0; between them, the chance of it. The result is then
        the chance of an exact match if labels are given independently.

    Returns
    -------
    float64 array, shape (n,)

    Raises
    ------
    UsageError
        If shapes disagree, an entry of ``Y`` is neither 0 nor 1 or one of ``Q`` is not within 0 to 1.

    Examples
    --------
    >>> from equipoise.metrics.labels import exact_match
    >>> exact_match([[1, 1], [0, 0]], [[1, 0], [0, 0]]).tolist()
    [0.0, 1.0]
    """
    true, said = _sets(Y, Q)
    out: F = np.where(true == 1, said, 1 - said).prod(axis=1)
    return out
