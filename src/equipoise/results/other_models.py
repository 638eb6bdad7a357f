"""Models of several labels a row, and of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from equipoise.compare.filling import TARGETS
from equipoise.errors import UsageError
from equipoise.results.model import Model

__all__ = ["LabelModel", "NumberModel", "model_class"]

F = NDArray[np.float64]


class LabelModel(Model):
    """A model of several labels a row.

    Attributes
    ----------
    classes : list of str
        Names of the labels, in the order of the columns of every output.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> Y = (X + rng.normal(size=(300, 2)) > 1.2).astype(int)
    >>> model = eq.train(X, target=Y, strategy="pos-weight", learner="linear")
    >>> model.predict(X[:3]).shape, model.predict_proba(X[:3]).shape
    ((3, 2), (3, 2))
    """

    def log_odds(self, data: Any) -> F:
        """Return natural-log odds at the label shares of the training data, shape (n, L)."""
        X = self.read(data)
        if X is None:
            return np.empty((0, len(self.classes)))
        raw: Any = self.fitted
        return np.asarray(raw.log_odds(X) - self.offset, dtype=np.float64)

    def predict_proba(self, data: Any) -> F:
        """Return the probability of each label, put back to the label shares of the training data, (n, L)."""
        return np.asarray(expit(self.log_odds(data)))

    def predict(self, data: Any) -> NDArray[np.int64]:
        """Return 1 for each label that is said of a row, else 0, shape (n, L)."""
        out: NDArray[np.int64] = self.decision.labels(self.log_odds(data))
        return out

    def log_proba(self, data: Any) -> F:
        """Refuse: labels do not share one probability."""
        raise UsageError("a row has several labels, and no single one", remedy="use predict_proba")

    @property
    def next_steps(self) -> str:
        """What can be asked of it."""
        return ".predict(data), .predict_proba(data), .thresholds(), .save(folder)"

    def labels(self, log_proba: F) -> NDArray[Any]:
        """Return the labels said at these log-odds, as :meth:`predict` does."""
        out: NDArray[Any] = self.decision.labels(log_proba)
        return out

    def threshold(self) -> None:
        """Return nothing: each label has its own, see :meth:`thresholds`."""

    def thresholds(self) -> F:
        """Return the probability from which each label is said, shape (L,)."""
        return np.asarray(expit(-np.asarray(self.decision.bias)))


class NumberModel(Model):
    """A model of numbers.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = np.exp(X[:, 0] + rng.normal(size=300))
    >>> model = eq.train(X, target=y, strategy="log-target", learner="linear")
    >>> model.predict(X[:3]).shape, model.predict_upper(X[:3]).shape
    ((3,), (3,))
    """

    def _both(self, data: Any) -> F:
        X = self.read(data)
        if X is None:
            return np.empty((0, 2))
        raw: Any = self.fitted
        out: F = self.decision.apply(raw.predict(X))
        return out

    def predict(self, data: Any) -> F:
        """Return the predicted number of every row, in units of the target, shape (n,)."""
        return self._both(data)[:, 0]

    def predict_upper(self, data: Any) -> F:
        """Return for every row the number that 95 of 100 such rows stay at or below, shape (n,)."""
        return self._both(data)[:, 1]

    def predict_proba(self, data: Any) -> F:
        """Refuse: numbers have no classes."""
        raise UsageError(
            "the target is a number, not a class", remedy="use predict or predict_upper"
        )

    def log_proba(self, data: Any) -> F:
        """Refuse: numbers have no classes."""
        return self.predict_proba(data)

    def labels(self, log_proba: F) -> NDArray[Any]:
        """Refuse: numbers have no classes."""
        return self.predict_proba(log_proba)

    def threshold(self) -> None:
        """Return nothing: there is none."""

    @property
    def next_steps(self) -> str:
        """What can be asked of it."""
        return ".predict(data), .predict_upper(data), .save(folder)"


def model_class(task: str) -> type[Model]:
    """Return the class of models for a task."""
    return {"labels": LabelModel, "numbers": NumberModel}.get(TARGETS.get(task, "classes"), Model)
