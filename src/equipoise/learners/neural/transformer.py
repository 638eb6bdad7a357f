"""Fine-tune the networks of the learner ``transformer``."""

from __future__ import annotations

import math
import tempfile
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, TensorDataset

from equipoise.decisions.correction import prior_offset
from equipoise.errors import NotApplicable, UsageError
from equipoise.integrations.hf import ScheduleCallback
from equipoise.learners.base import Training
from equipoise.learners.losses import make_loss
from equipoise.learners.neural.fine_tuning import FineTuning, Rows
from equipoise.learners.neural.label_transformer import FitOfLabels
from equipoise.learners.neural.pretrained import (
    AT_ONCE,
    cosines_of,
    machine,
    put_cosines,
    quiet_reports,
    score_tokens,
)
from equipoise.learners.neural.stopping import Yardstick
from equipoise.learners.transformer import FittedTransformer, Transformer, TransformerOfLabels
from equipoise.metrics.confusion import confusion, per_class
from equipoise.schedules import (
    DeferredReweighting,
    DynamicSampler,
    TwoPhase,
    head_features,
    last_layer,
    retrain_head,
    tau_normalise,
)
from equipoise.weights import class_weights

__all__ = ["fine_tune"]

F = NDArray[np.float64]

_LEAST = 10  # a class keeps at least so many rows in the first of two phases, if it has them
_ABSENT = 30.0  # below the others in log-odds, as far as a probability of 1e-12 or so is


def fine_tune(learner: Transformer, training: Training) -> FittedTransformer | TransformerOfLabels:
    """Train as the slots of a training part say; at most one such fit runs at a time.

    The Trainer and dropout draw from the generators that all of the process share: they are seeded, and
    left as they were found.

    Parameters
    ----------
    learner : Transformer
    training : Training
        ``X`` are texts.

    Returns
    -------
    FittedTransformer or TransformerOfLabels
    """
    with machine(training.seed), quiet_reports(), tempfile.TemporaryDirectory() as folder:
        if training.target == "labels":
            return FitOfLabels(learner, training, folder).run()
        return _Fit(learner, training, folder).run()


class _Fit(FineTuning):
    """A fit with a score for each class."""

    def __init__(self, learner: Transformer, training: Training, folder: str) -> None:
        super().__init__(learner, training, folder, "single_label_classification")
        self.y, C = training.y, training.n_classes
        self.loss = make_loss(training.loss, self.y, C)
        self.cosine = training.loss is not None and training.loss.name == "ldam"
        if self.cosine:
            put_cosines(self.network)
        weight = training.sample_weight
        self.effective = np.bincount(self.y, weights=weight, minlength=C).astype(np.float64)
        self.shift = np.zeros(C)  # of the schedule
        self.kept_shift = self.shift
        self.yardstick = Yardstick(training, self.loss, self.watched_y)

    def telling(self, y: NDArray[np.int64]) -> NDArray[np.int64]:
        """Leave out rows of classes that training never showed: of these there is nothing to be learned."""
        counts = np.bincount(self.training.y, minlength=self.training.n_classes)
        return np.flatnonzero(counts[y] > 0)

    def run(self) -> FittedTransformer:
        name = self.training.schedule.name if self.training.schedule else ""
        values = dict(self.training.schedule.values) if self.training.schedule else {}
        self.sampler = self._sampler(name, values)
        self.deferred = self._deferred() if name == "deferred-reweighting" else None
        if name == "head-retraining":
            self._features(self.rows[:1])  # before hours of training, if it cannot be done
        self._train()
        if name == "head-retraining":
            self._retrain_head()
        elif name == "tau-norm":
            tau_normalise(self.network, values.get("tau", 1.0))
        if not self.cosine:
            self._level_bias()
        scale = self._scale() if self.cosine else 0.0
        if self.cosine:
            cosines_of(self.network).scale = scale
        return FittedTransformer(self.network, self.tokenizer, self.learner.max_length, scale)

    def _scale(self) -> float:
        """Choose the factor of the cosines on the watched rows; without any it is that of the loss."""
        if not self.watched:
            return self.yardstick.scales[0]
        return self._cross_entropy(score_tokens(self.network, self.tokenizer, self.watched))[1]

    def _level_bias(self) -> None:
        """Take what the schedule moved from the scores; a class without rows is as good as ruled out."""
        absent = np.where(np.bincount(self.y, minlength=len(self.shift)) > 0, 0.0, _ABSENT)
        self._move_bias(-self.shift - absent)

    def _move_bias(self, by: F) -> None:
        _, layer = last_layer(self.network)
        bias: Any = layer.bias
        with torch.no_grad():
            bias += torch.as_tensor(by).to(bias)

    # -- schedules --------------------------------------------------------------------------------

    def _sampler(self, name: str, values: dict[str, float]) -> Any:
        # The Trainer deals the batches out to the ranks itself.
        common: dict[str, Any] = {
            "classes": self.training.n_classes,
            "seed": self.training.seed,
            "rank": 0,
            "num_replicas": 1,
        }
        if name == "two-phase":
            counts = np.bincount(self.y)
            cap = int(values.get("cap", max(counts[counts > 0].min(), _LEAST)))
            self.first = int(values.get("epochs", math.ceil(self.learner.epochs / 3)))
            self.first = min(self.first, self.learner.epochs - 1)
            return TwoPhase(self.y, cap, self.first, redraw=True, **common)
        if name == "dynamic-sampling":
            return DynamicSampler(self.y, **common | values)
        return None

    def _deferred(self) -> DeferredReweighting:
        heavy = class_weights(self.y, "balanced", classes=range(self.training.n_classes))
        self.first = self.learner.epochs - math.ceil(self.learner.epochs / 3)
        self.shift = prior_offset(self.effective, self.effective * heavy)
        return DeferredReweighting(self.loss, heavy, self.first)

    def _reweigh(self, epoch: int) -> None:
        """Let the weights come in with the prior that they make, which few steps at a low rate do not reach."""
        assert self.deferred is not None
        self.deferred.on_epoch_start(epoch)
        if epoch == self.first and not self.cosine:
            self._move_bias(self.shift)

    def _features(self, rows: Rows) -> torch.Tensor:
        """Return what the last layer is given of each row."""
        loader: DataLoader[Any] = DataLoader(
            rows,  # type: ignore[arg-type]
            batch_size=AT_ONCE,
            collate_fn=lambda some: dict(self.tokenizer.pad(some, return_tensors="pt")),
        )
        try:
            return head_features(self.network, loader).float()
        except UsageError as error:
            raise NotApplicable(
                f"{error.problem}, so it cannot be trained apart from the layers below",
                remedy="use another schedule, or an encoder such as BERT",
            ) from error

    def _retrain_head(self) -> None:
        _, layer = last_layer(self.network)
        data = TensorDataset(self._features(self.rows), torch.from_numpy(self.y))
        done = retrain_head(torch.nn.Sequential(layer), data, head=layer, seed=self.training.seed)
        assert done.prior_offset is not None  # there is one class per row
        self.shift = done.prior_offset.numpy()

    # -- training ---------------------------------------------------------------------------------

    def _train(self) -> None:
        weight = self.training.sample_weight
        rows = [{**row, "label": int(c)} for row, c in zip(self.rows, self.y, strict=True)]
        if weight is not None:
            rows = [{**row, "weight": float(w)} for row, w in zip(rows, weight, strict=True)]
        start: Any = {"counts": self.effective} if self.training.start_at_prior else False
        also = [] if self.deferred is None else [ScheduleCallback(self._reweigh)]
        self.train(rows, self.loss, False if self.cosine else start, self.sampler, *also)
        if self.kept is not None:
            self.shift = self.kept_shift

    def end_epoch(self, epoch: int) -> None:
        """Follow the sampler too, and steer it."""
        if self.sampler is not None:
            self.shift = self.sampler.prior_offset.numpy()
        last = epoch + 1 == self.learner.epochs
        if isinstance(self.sampler, DynamicSampler) and not self.watched and not last:
            # Without rows kept out those of training have to do.
            self._steer(self.y, score_tokens(self.network, self.tokenizer, self.rows))
        super().end_epoch(epoch)

    def _steer(self, y: NDArray[np.int64], scores: F) -> None:
        if isinstance(self.sampler, DynamicSampler):
            called = confusion(y, scores.argmax(axis=1), scores.shape[1])
            self.sampler.update(per_class(called)["f1"])

    def judge(self, epoch: int, scores: F) -> float:
        """Return the cross-entropy, and steer the sampler."""
        self._steer(self.watched_y, scores)
        return self._cross_entropy(scores)[0] if epoch >= self.first else math.inf

    def keep(self) -> None:
        """Put aside what the schedule moved, too."""
        super().keep()
        self.kept_shift = self.shift.copy()

    def _cross_entropy(self, scores: F) -> tuple[float, float]:
        """Return the mean over the watched rows, and the scale that gives it."""
        return self.yardstick.measure(scores, self.shift)
