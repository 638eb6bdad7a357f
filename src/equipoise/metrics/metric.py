"""A metric, with what one has to know about it: direction, task, what it needs, bounds, source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Metric"]

F = NDArray[np.float64]


_NAMES = (
    "Brier",
    "F1",
    "F2",
    "G-mean",
    "Hamming",
    "Matthews",
    "NearMiss-1",
    "R²",
    "Spearman",
    "Tomek",
)


def in_sentence(title: str) -> str:
    """Put the first letter in lower case, unless the word is a name.

    Examples
    --------
    >>> [in_sentence(title) for title in ("Macro F1", "ROC AUC", "G-mean", "Tomek links")]
    ['macro F1', 'ROC AUC', 'G-mean', 'Tomek links']
    """
    first = title.split()[0]
    named = first in _NAMES or any(letter.isupper() for letter in first[1:])
    return title if named else title[0].lower() + title[1:]


@dataclass(frozen=True)
class Metric:
    """A metric and its properties.

    Attributes
    ----------
    name, title : str
        What one types, and what one reads.
    direction : {"maximize", "minimize"}
        Which way is better.
    needs : {"labels", "ranking", "probabilities", "rows", "numbers"}
        What it looks at: confusion matrices; scores; the labels of a row, all together (multilabel);
        or predicted numbers (regression).
    tasks : frozenset of str
        Tasks that it is defined for: "binary", "multiclass", "multilabel", "regression".
    low, high : float
        Bounds, which may be infinite.
    reference, description : str
        Where it comes from, and what it says in one sentence.
    function : callable
        ``function(matrix)`` for a metric of labels, ``function(Y, Q)`` for one of rows, else
        ``function(y, scores, sample_weight)``.
    false_alarms_hurt : bool
        Of a binary metric of labels: whether it can never gain when a negative row is called
        positive and nothing else changes. Thresholds are then sought just below positive rows
        only, which is as exact and much faster; leave it False where in doubt.
    caution : str
        What whoever chooses by it should know, in a sentence or two; mostly empty.
    decides : bool
        False where neither more nor less is better, as for the share of rows below a percentile:
        such a metric is shown, and chooses nothing. ``direction`` means nothing then.

    Examples
    --------
    >>> from equipoise.metrics import get_metric
    >>> metric = get_metric("f1", "binary")
    >>> metric.direction, metric.needs, metric.low, metric.high
    ('maximize', 'labels', 0.0, 1.0)
    """

    name: str
    title: str
    direction: Literal["maximize", "minimize"]
    needs: Literal["labels", "ranking", "probabilities", "rows", "numbers"]
    tasks: frozenset[str]
    low: float
    high: float
    reference: str
    description: str
    function: Callable[..., Any]
    false_alarms_hurt: bool = False
    caution: str = ""
    decides: bool = True

    @property
    def phrase(self) -> str:
        """The title as it stands within a sentence: "macro F1", "ROC AUC"."""
        return in_sentence(self.title)

    @property
    def sign(self) -> int:
        """+1 where larger is better, else -1."""
        return 1 if self.direction == "maximize" else -1

    def better(self, first: float, second: float) -> bool:
        """Say whether ``first`` is better than ``second``; never, if one of them is NaN.

        Examples
        --------
        >>> from equipoise.metrics import get_metric
        >>> get_metric("log_loss", "binary").better(0.1, 0.2)
        True
        """
        return self.sign * first > self.sign * second

    def compute_labels(self, matrix: ArrayLike) -> Any:
        """Compute a metric of labels from confusion matrices.

        Parameters
        ----------
        matrix : array of shape (..., C, C), or (..., L, 2, 2) of a multilabel task
            Counts, true class first, as :func:`equipoise.metrics.confusion` or
            :func:`equipoise.metrics.label_confusion` gives them.

        Returns
        -------
        float64, shape (...,)

        Examples
        --------
        >>> from equipoise.metrics import get_metric
        >>> float(get_metric("accuracy", "binary").compute_labels([[7, 1], [1, 1]]))
        0.8
        """
        return self.function(np.asarray(matrix, dtype=np.float64))

    def compute_rows(self, Y: ArrayLike, Q: ArrayLike) -> F:
        """Compute a metric of rows, whose weighted mean over rows is the value.

        Parameters
        ----------
        Y, Q : arrays of shape (n, L)
            1 where a row has a label, and where it was given it, else 0; ``Q`` may hold chances.

        Returns
        -------
        float64 array, shape (n,)

        Examples
        --------
        >>> from equipoise.metrics import get_metric
        >>> metric = get_metric("exact_match", "multilabel")
        >>> float(metric.compute_rows([[1, 0], [1, 1]], [[1, 0], [0, 1]]).mean())
        0.5
        """
        return np.asarray(self.function(Y, Q), dtype=np.float64)

    def compute_scores(
        self, y: NDArray[Any], log_p: F, sample_weight: NDArray[Any] | None = None
    ) -> Any:
        """Compute a metric of rankings, probabilities or numbers.

        Parameters
        ----------
        y : int64 array, shape (n,), or (n, L) of a multilabel task, or float64 array of a regression
            Class codes; 1 for every label that the row has; or numbers.
        log_p : float64 array, shape (n, C), (n, L) or (n, 2)
            Natural-log probabilities of classes; log-odds of labels; or points and 95th percentiles.
        sample_weight : array of shape (n,) or (B, n), optional
            Weights, or the multiplicities of B draws.

        Returns
        -------
        float, or float64 array of shape (B,)
            NaN where undefined, as a ranking is on a draw that lacks a class.

        Examples
        --------
        >>> import numpy as np
        >>> from equipoise.metrics import get_metric
        >>> log_p = np.log([[0.9, 0.1], [0.4, 0.6]])
        >>> get_metric("roc_auc", "binary").compute_scores(np.array([0, 1]), log_p)
        1.0
        """
        return self.function(y, log_p, sample_weight)
