"""Read a stored model, of whatever task it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from equipoise.results.estimators import trusted_names
from equipoise.results.model import Model
from equipoise.results.other_models import model_class
from equipoise.results.storage import read_parts

__all__ = ["load"]


def load(folder: str | Path, *, trusted: str | Iterable[str] = ()) -> Model:
    """Load a model that :meth:`Model.save` wrote; no code from the folder is run.

    Parameters
    ----------
    folder : path
        What was given to :meth:`Model.save`, or ``RUN/model`` of a trial.
    trusted : list of str, optional
        Types and functions outside the libraries known to be safe that the model may hold, such as
        ``["mypackage.MyEstimator"]``. They are imported and built from what the folder says, so name
        only those whose code you know, and only for a folder from someone you trust.

    Raises
    ------
    ModelError
        If the folder is no model, is damaged, or holds a type that is neither known to be safe nor trusted.

    Examples
    --------
    >>> import equipoise as eq, numpy as np, tempfile
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> model = eq.train(X, target=(X[:, 0] > 1).astype(int), strategy="untreated", learner="linear")
    >>> again = eq.load(model.save(tempfile.mkdtemp() + "/model"))
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    parts = read_parts(Path(folder), trusted_names(trusted))
    return model_class(str(parts.about.get("task")))(*parts)
