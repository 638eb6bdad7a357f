"""Choose the numbers of a loss inside a training part."""

from __future__ import annotations

import dataclasses

import numpy as np

from equipoise.compare.filling.prepared import trains_together
from equipoise.compare.fold import Fold
from equipoise.errors import NotApplicable
from equipoise.learners.base import Learner, Loss
from equipoise.metrics.confusion import confusion
from equipoise.metrics.registry import default_label_metric, get_metric
from equipoise.strategies.strategy import Strategy

__all__ = ["TRIALS", "tune_loss"]

TRIALS = 16
_AT_ONCE = 8
_RANGES = {"gamma": (0.0, 5.0), "alpha": (0.25, 0.95), "tau": (0.0, 2.5)}


def tune_loss(fold: Fold, learner: Learner, strategy: Strategy) -> Loss:
    """Return the loss of ``strategy`` with the numbers that score best on the test rows of ``fold``.

    The tree of Parzen estimators (Bergstra et al. 2011) proposes; macro F1 of the likeliest class as trained
    decides. A ranking would not do: by tau and alpha it hardly changes, and they would be left to chance.

    Parameters
    ----------
    fold : Fold
        The rows of a training part, divided once more.
    learner, strategy
        What is trained.

    Raises
    ------
    MissingExtra
        If optuna is not installed.
    NotApplicable
        If the strategy does not fit these rows.
    """
    assert strategy.loss is not None
    from equipoise.extras import load_extra

    optuna = load_extra("optuna", "tune", f"the strategy {strategy.name}")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    data = fold.dataset
    labels = [str(label) for label in data.classes]
    metric = get_metric(default_label_metric(data.task), data.task, labels, None)
    sampler = optuna.samplers.TPESampler(seed=fold.seed, n_startup_trials=_AT_ONCE)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    y = data.y[fold.split.test]
    best: tuple[float, Loss] | None = None
    for _ in range(TRIALS // _AT_ONCE):
        trials = [study.ask() for _ in range(_AT_ONCE)]
        tried = [
            strategy.loss.settled(
                {name: trial.suggest_float(name, *_RANGES[name]) for name in strategy.loss.tuned}
            )
            for trial in trials
        ]
        prepared = [
            fold.prepare(learner, dataclasses.replace(strategy, loss=loss)) for loss in tried
        ]
        trainings = [one.training for one in prepared]
        if trains_together(learner):
            fitted = learner.fit_many(trainings)
        else:
            fitted = [learner.fit(training) for training in trainings]
        for trial, loss, one, model in zip(trials, tried, prepared, fitted, strict=True):
            said = fold.score(one.trained(model)).argmax(axis=1)
            value = float(metric.compute_labels(confusion(y, said, len(labels))))
            study.tell(trial, value if np.isfinite(value) else float("-inf"))
            if np.isfinite(value) and (best is None or value > best[0]):
                best = (value, loss)
    if best is None:
        raise NotApplicable(
            "no row of a class is left to choose its numbers on",
            remedy="use focal or balanced-softmax, whose numbers are given",
        )
    return best[1]
