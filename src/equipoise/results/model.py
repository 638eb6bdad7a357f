"""A trained model: it reads new rows in the form of the old ones, and says classes and probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.data.table import Schema
from equipoise.decisions.correction import correct
from equipoise.frames import to_frame
from equipoise.learners.base import Fitted
from equipoise.learners.encoding import Encoder, Matrix, View
from equipoise.results.estimators import trusted_names
from equipoise.results.storage import Parts, write_parts

__all__ = ["Model"]


@dataclass
class Model:
    """A learner, its encoder, the prior correction and the decision, ready for new rows.

    Attributes
    ----------
    classes : list
        Class labels as they stand in the target column, in the order of the columns of
        :meth:`predict_proba`; in a binary task the positive class is the last.
    decision : Decision
        How probabilities become labels, or what a number is put through.
    about : dict
        What the model is: learner, strategy, decision, target, task, training data.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = (X[:, 0] + rng.normal(size=300) > 1.8).astype(int)
    >>> model = eq.train(X, target=y, strategy="weights-balanced", learner="linear")
    >>> model.predict(X[:3]).shape, model.predict_proba(X[:3]).shape
    ((3,), (3, 2))
    """

    schema: Schema
    encoder: Encoder
    fitted: Fitted
    view: View
    offset: NDArray[np.float64]
    decision: Any
    classes: list[Any]
    about: dict[str, Any] = field(default_factory=dict)

    def read(self, data: Any) -> Matrix | None:
        """Return new rows as the learner reads them; None where there are no rows."""
        table = self.schema.apply(_frame(data))
        return self.encoder.transform(table, self.view) if table.n else None

    def log_proba(self, data: Any) -> NDArray[np.float64]:
        """Return natural-log probabilities at the class shares of the training data, shape (n, C)."""
        X = self.read(data)
        if X is None:
            return np.empty((0, len(self.classes)))
        return correct(self.fitted.log_proba(X), self.offset)

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Return probabilities put back to the class shares of the training data.

        Parameters
        ----------
        data : path, data frame or array
            New rows with the columns that the model was trained on; others are ignored.

        Returns
        -------
        float64 array, shape (n, C)
            Columns in the order of ``classes``.

        Raises
        ------
        ColumnNotFound, DataError
            If a column is missing or holds another kind of value.
        """
        return np.exp(self.log_proba(data))

    def predict(self, data: Any) -> NDArray[Any]:
        """Return the class label of every row by the model's decision, shape (n,)."""
        return self.labels(self.log_proba(data))

    def labels(self, log_proba: NDArray[np.float64]) -> NDArray[Any]:
        """Turn log-probabilities from :meth:`log_proba` into class labels, shape (n,)."""
        labels = np.asarray(self.classes)
        if labels.dtype.kind not in "biufSU" or len(labels) != len(self.classes):
            labels = np.empty(len(self.classes), dtype=object)
            labels[:] = self.classes
        out: NDArray[Any] = labels[self.decision.labels(log_proba)]
        return out

    def threshold(self) -> float | None:
        """Return the probability from which the positive class of two is said.

        None for more classes, and for costs by which no probability parts the two.
        """
        if len(self.classes) != 2:
            return None
        if self.decision.bias is not None:
            shift = float(self.decision.bias[1] - self.decision.bias[0])
            return float(1 / (1 + np.exp(np.clip(shift, -700, 700))))
        assert self.decision.cost is not None
        (right, alarm), (miss, hit) = self.decision.cost.tolist()
        extra, spared = alarm - right, miss - hit
        return extra / (extra + spared) if min(extra, spared) > 0 else None

    def save(self, folder: str | Path, *, trusted: str | Iterable[str] = ()) -> Path:
        """Write the model as a folder: ``model.json`` beside the arrays; loading it runs no code.

        Parameters
        ----------
        folder : path
            A new or empty folder, or that of an older model, which is replaced.
        trusted : list of str, optional
            Types and functions of your own that the model may hold, such as
            ``["mypackage.MyEstimator"]``; :func:`load` has to be given them too. Those of
            scikit-learn, imbalanced-learn and numpy need not be named.

        Raises
        ------
        ModelError
            If the model holds something that :func:`load` would refuse.
        StorageError
            If the folder cannot be written; nothing is left half written.
        """
        parts = Parts(
            self.schema,
            self.encoder,
            self.fitted,
            self.view,
            self.offset,
            self.decision,
            self.classes,
            self.about,
        )
        return write_parts(parts, Path(folder), trusted_names(trusted))

    @property
    def next_steps(self) -> str:
        """What can be asked of it."""
        return ".predict(data), .predict_proba(data), .save(folder)"

    def __repr__(self) -> str:
        about = self.about
        what = "/".join(str(about.get(key)) for key in ("learner", "strategy", "decision_rule"))
        kinds = {"multilabel": f", {len(self.classes)} labels", "regression": ""}
        many = kinds.get(str(about.get("task")), f", {len(self.classes)} classes")
        return f"Model({what}, target={about.get('target')!r}{many})\nnext: {self.next_steps}"


def _frame(data: Any) -> Any:
    if isinstance(data, (str, Path)):
        from equipoise.data.reading import read_table

        return read_table(data)
    return to_frame(data)
