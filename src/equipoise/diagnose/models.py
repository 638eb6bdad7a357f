"""Findings about a model, from what it says of rows that it was not trained on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.data.columns import find_column
from equipoise.data.reading import read_table
from equipoise.data.target_columns import find_target
from equipoise.diagnose.run import diagnose_predictions
from equipoise.errors import UsageError
from equipoise.frames import to_frame
from equipoise.results.diagnosis import Diagnosis
from equipoise.results.model import Model

__all__ = ["diagnose_model"]


def diagnose_model(
    model: Model,
    data: Any,
    target: str | None = None,
    *,
    mute: Iterable[str] = (),
    run: str | Path | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Say what imbalance did to a model, from rows that it was not trained on.

    Parameters
    ----------
    model : Model
        Of classes or of labels, from :func:`equipoise.train`, :func:`equipoise.load` or a trial.
    data : path, data frame or array
        Rows with the columns that the model reads, and the target.
    target : str, optional
        Column of the truth; that of the training by default.
    mute, run, seed
        See :func:`equipoise.diagnose`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    EquipoiseError
        If a column is missing, or the model predicts numbers.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> from equipoise.diagnose.models import diagnose_model
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=400)
    >>> data = {"x": x, "y": (x + rng.normal(size=400) > 1.8).astype(int)}
    >>> model = eq.train({k: v[:200] for k, v in data.items()}, "y", learner="linear")
    >>> found = diagnose_model(model, {k: v[200:] for k, v in data.items()})
    >>> found["EQ201"].stage
    'after'
    """
    task, name = str(model.about.get("task")), target or str(model.about.get("target"))
    if task == "regression":
        raise UsageError(
            "the model predicts numbers, and these checks are about classes and labels",
            remedy="judge it by `equipoise evaluate FILE --model DIR`",
        )
    frame = read_table(data) if isinstance(data, str | os.PathLike) else to_frame(data)
    labels = [str(label) for label in model.classes]
    if task == "multilabel":
        names = find_target(frame, name)[1]
        if not set(labels) <= set(names):
            raise UsageError(
                f"the target {name!r} lacks columns of labels that the model knows",
                remedy=f"give a column for each of {', '.join(labels[:10])}",
            )
        truth: Any = np.column_stack([frame[label].to_numpy() for label in labels])
        scores: Any = model.predict_proba(frame)
    else:
        truth = find_column(frame, name, "target column")
        scores = dict(zip(model.classes, model.predict_proba(frame).T, strict=True))
    found = diagnose_predictions(
        truth,
        scores,
        labels=model.predict(frame),
        classes=labels if task == "multilabel" else None,
        positive=model.classes[-1] if task == "binary" else None,
        mute=mute,
        run=run,
        seed=seed,
    )
    found.summary.update(source=f"a model of {name}", target=name)
    return found
