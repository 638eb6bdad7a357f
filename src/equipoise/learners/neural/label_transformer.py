"""Fine-tune the networks of the learner ``transformer`` on labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.label_correction import label_intercept
from equipoise.learners.base import Training
from equipoise.learners.labels import element_weights, fixed_odds
from equipoise.learners.losses import make_loss, unfocused
from equipoise.learners.neural.fine_tuning import FineTuning, Rows
from equipoise.learners.transformer import Transformer, TransformerOfLabels

__all__ = ["FitOfLabels"]

F = NDArray[np.float64]


class FitOfLabels(FineTuning):
    """A fit with a score for each label; parameters as for :class:`FineTuning`."""

    def __init__(self, learner: Transformer, training: Training, folder: str) -> None:
        super().__init__(learner, training, folder, "multi_label_classification")
        weights = element_weights(training)
        self.fixed = fixed_odds(training.y, weights)
        self.free = np.isnan(self.fixed)
        self.weights = np.ones(training.y.shape) if weights is None else weights
        self.loss = make_loss(training.loss, training.y, training.n_classes, "labels")
        self.focus = 0.0 if training.loss is None else training.loss.focus

    def run(self) -> TransformerOfLabels:
        """Train, unless no label ever changes."""
        if self.free.any():
            sides = [
                (self.weights * side).sum(axis=0) for side in (1 - self.training.y, self.training.y)
            ]
            start = {"counts": np.stack(sides)} if self.training.start_at_prior else False
            self.train(self._rows(), self.loss, start)
        self.network.eval()
        return TransformerOfLabels(
            self.network, self.tokenizer, self.learner.max_length, self.fixed
        )

    def _rows(self) -> Rows:
        Y = self.training.y.astype(np.float64).tolist()
        out = [{**row, "labels": y} for row, y in zip(self.rows, Y, strict=True)]
        # Labels that never change teach nothing, and must not take the network for themselves.
        weights = self.weights * self.free
        if (weights == 1).all():
            return out
        return [{**row, "weight": w} for row, w in zip(out, weights.tolist(), strict=True)]

    def judge(self, epoch: int, scores: F) -> float:
        """Return the mean cross-entropy of the labels, without weights and at their shares among these rows."""
        Y = self.watched_y[:, self.free]
        odds = unfocused(scores[:, self.free], self.focus)
        odds = odds + label_intercept(odds, Y.mean(axis=0))
        return float(np.logaddexp(0.0, np.where(Y == 1, -odds, odds)).mean())
