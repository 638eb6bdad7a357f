"""How far a network has come, by rows that are kept out of its training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.decisions.correction import correct, prior_offset
from equipoise.decisions.focal import correct_focal
from equipoise.learners.base import Training, log_softmax
from equipoise.learners.losses import loss_offset

__all__ = ["Yardstick"]

F = NDArray[np.float64]

_SCALES = 12  # to about a 45th of that of the loss


class Yardstick:
    """Cross-entropy of scores of the watched rows, without weights and at their own prior.

    It is that of the probabilities which minimising the loss calibrates: a focal loss is undone by its
    gamma, and the factors and shifts of ``vs`` are those that its scores have in training. The margins of
    ``ldam`` make its cosines far too sure at the scale of the loss: they are judged at the best of scales
    from there down, each lower by the square root of 2.

    Parameters
    ----------
    training : Training
    loss : equipoise.losses.ImbalanceLoss
        The module of its loss.
    codes : int64 array, shape (rows,)
        Classes of the watched rows.

    Attributes
    ----------
    moved : float64 array, shape (C,)
        By how much weights, repeated rows and the loss moved each class, in log-odds.
    scales : list of float
        Those that are tried, that of the loss first; 1 alone where scores are no cosines.
    """

    def __init__(self, training: Training, loss: Any, codes: NDArray[np.int64]) -> None:
        C = training.n_classes
        self.codes, self.focus, self.scales = codes, 0.0, [1.0]
        self.factor: F | None = None
        self.present = np.bincount(training.y, minlength=C) > 0
        effective = np.bincount(training.y, weights=training.sample_weight, minlength=C)
        # The rows that are watched are at the prior of the data, whatever is trained on.
        self.moved = prior_offset(np.bincount(codes, minlength=C), effective)
        self.moved = self.moved + loss_offset(training.loss, training.y, C)
        if training.loss is None:
            return
        self.focus = training.loss.focus
        if training.loss.name == "vs":
            self.factor = loss.factor.double().cpu().numpy()
            self.moved = self.moved - loss.tau * loss.log_prior.double().cpu().numpy()
        elif training.loss.name == "ldam":
            self.scales = [float(loss.s) * 2.0 ** (-k / 2) for k in range(_SCALES)]

    def measure(self, scores: F, shift: F) -> tuple[float, float]:
        """Return the mean over the rows, and the scale that gives it.

        Parameters
        ----------
        scores : float64 array, shape (rows, C)
            What the network gives, before any scale.
        shift : float64 array, shape (C,)
            By how much the schedule moved each class, in log-odds.
        """
        if self.factor is not None:
            scores = scores * self.factor
        tried = []
        for scale in self.scales:
            log_q = log_softmax(np.where(self.present, scale * scores, -np.inf))
            log_p = correct(correct_focal(log_q, self.focus), self.moved + shift)
            tried.append((float(-log_p[np.arange(len(log_p)), self.codes].mean()), scale))
        return min(tried)
