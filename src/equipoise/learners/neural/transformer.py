"""Fine-tune the networks of the learner ``transformer``."""

from __future__ import annotations

import math
import tempfile
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch.utils.data import DataLoader, TensorDataset
from transformers.trainer_callback import PrinterCallback, TrainerCallback

from equipoise.decisions.correction import prior_offset
from equipoise.integrations.hf import ImbalanceTrainer, ScheduleCallback
from equipoise.learners.base import Training
from equipoise.learners.losses import make_loss
from equipoise.learners.neural.pretrained import (
    AT_ONCE,
    best_device,
    cosines_of,
    load_from,
    load_tokenizer,
    machine,
    put_cosines,
    quiet_reports,
    read_tokens,
    score_tokens,
)
from equipoise.learners.neural.sentences import half_precision, place_of
from equipoise.learners.neural.stopping import Yardstick
from equipoise.learners.transformer import FittedTransformer, Transformer
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

_WARM, _DECAY = 0.1, 0.01
_LEAST = 10  # a class keeps at least so many rows in the first of two phases, if it has them
_ABSENT = 30.0  # below the others in log-odds, as far as a probability of 1e-12 or so is


def fine_tune(learner: Transformer, training: Training) -> FittedTransformer:
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
    FittedTransformer
    """
    with machine(training.seed), quiet_reports(), tempfile.TemporaryDirectory() as folder:
        return _Fit(learner, training, folder).run()


class _Fit:
    def __init__(self, learner: Transformer, training: Training, folder: str) -> None:
        self.learner, self.training, self.folder = learner, training, folder
        self.y, C = training.y, training.n_classes
        place = place_of(learner.model)
        self.tokenizer = load_tokenizer(place, learner.model)
        self.network: Any = load_from(
            transformers.AutoModelForSequenceClassification,
            place,
            learner.model,
            num_labels=C,
            ignore_mismatched_sizes=True,
        ).float()
        if self.network.config.pad_token_id is None:
            self.network.config.pad_token_id = self.tokenizer.pad_token_id
        self.loss = make_loss(training.loss, self.y, C)
        self.cosine = training.loss is not None and training.loss.name == "ldam"
        if self.cosine:
            put_cosines(self.network)
        X = training.X if training.rows is None else training.X[training.rows]
        self.rows = read_tokens(self.tokenizer, self.network, list(X), learner.max_length)
        weight = training.sample_weight
        self.effective = np.bincount(self.y, weights=weight, minlength=C).astype(np.float64)
        self.shift = np.zeros(C)  # of the schedule
        self.first = 0  # epoch of those that may be kept
        self.kept: tuple[float, dict[str, torch.Tensor], F] | None = None
        self.watched: list[dict[str, list[int]]] = []
        self.watched_codes = np.empty(0, dtype=np.int64)
        if training.watched is not None:
            texts, codes = training.watched
            # Of a class that training never showed there is nothing to be learned.
            seen = np.flatnonzero((np.bincount(self.y, minlength=C) > 0)[codes])
            self.watched_codes = codes[seen]
            self.watched = read_tokens(
                self.tokenizer, self.network, list(texts[seen]), learner.max_length
            )
        self.yardstick = Yardstick(training, self.loss, self.watched_codes)

    def run(self) -> FittedTransformer:
        name = self.training.schedule.name if self.training.schedule else ""
        values = dict(self.training.schedule.values) if self.training.schedule else {}
        self.sampler = self._sampler(name, values)
        self.deferred = self._deferred() if name == "deferred-reweighting" else None
        self._train()
        if self.kept is not None:
            self.network.load_state_dict(self.kept[1])
            self.shift = self.kept[2]
        self.network.eval()
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
        _, layer = last_layer(self.network)
        bias: Any = layer.bias
        if bias is None:
            return
        absent = np.where(np.bincount(self.y, minlength=len(self.shift)) > 0, 0.0, _ABSENT)
        with torch.no_grad():
            bias -= torch.as_tensor(self.shift + absent).to(bias)

    # -- schedules --------------------------------------------------------------------------------

    def _sampler(self, name: str, values: dict[str, float]) -> Any:
        C, seed = self.training.n_classes, self.training.seed
        if name == "two-phase":
            counts = np.bincount(self.y)
            cap = int(values.get("cap", max(counts[counts > 0].min(), _LEAST)))
            self.first = int(values.get("epochs", math.ceil(self.learner.epochs / 3)))
            self.first = min(self.first, self.learner.epochs - 1)
            return TwoPhase(self.y, cap, self.first, redraw=True, classes=C, seed=seed)
        if name == "dynamic-sampling":
            known: dict[str, Any] = dict(values)
            return DynamicSampler(self.y, classes=C, seed=seed, **known)
        return None

    def _deferred(self) -> DeferredReweighting:
        heavy = class_weights(self.y, "balanced", classes=range(self.training.n_classes))
        self.first = self.learner.epochs - math.ceil(self.learner.epochs / 3)
        self.shift = prior_offset(self.effective, self.effective * heavy)
        return DeferredReweighting(self.loss, heavy, self.first)

    def _retrain_head(self) -> None:
        _, layer = last_layer(self.network)
        loader: DataLoader[Any] = DataLoader(
            self.rows,  # type: ignore[arg-type]
            batch_size=AT_ONCE,
            collate_fn=lambda rows: dict(self.tokenizer.pad(rows, return_tensors="pt")),
        )
        features = head_features(self.network, loader, head=layer)
        data = TensorDataset(features.float(), torch.from_numpy(self.y))
        done = retrain_head(torch.nn.Sequential(layer), data, head=layer, seed=self.training.seed)
        assert done.prior_offset is not None  # there is one class per row
        self.shift = done.prior_offset.numpy()

    # -- training ---------------------------------------------------------------------------------

    def _train(self) -> None:
        learner, weight = self.learner, self.training.sample_weight
        rows = [{**row, "label": int(c)} for row, c in zip(self.rows, self.y, strict=True)]
        if weight is not None:
            rows = [{**row, "weight": float(w)} for row, w in zip(rows, weight, strict=True)]
        steps = learner.epochs * math.ceil(len(rows) / learner.batch_size)
        args = transformers.TrainingArguments(
            self.folder,
            num_train_epochs=learner.epochs,
            per_device_train_batch_size=learner.batch_size,
            learning_rate=learner.learning_rate,
            weight_decay=_DECAY,
            warmup_steps=math.ceil(_WARM * steps),
            seed=self.training.seed,
            bf16=half_precision(best_device()),
            use_cpu=best_device().type == "cpu",
            save_strategy="no",
            eval_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        args._n_gpu = min(args.n_gpu, 1)
        start: Any = {"counts": self.effective} if self.training.start_at_prior else False
        trainer = ImbalanceTrainer(
            self.network,
            args,
            transformers.DataCollatorWithPadding(self.tokenizer),
            rows,
            loss=self.loss,
            sampler=self.sampler,
            start_at_prior=start if not self.cosine else False,
            callbacks=[_EndOfEpoch(self)],
        )
        trainer.remove_callback(PrinterCallback)
        if self.deferred is not None:
            trainer.add_callback(ScheduleCallback(self.deferred))
        trainer.train()

    def end_epoch(self, epoch: int) -> None:
        """Look at the watched rows: keep the network if it is the best so far, and steer the sampler."""
        if self.sampler is not None:
            self.shift = self.sampler.prior_offset.numpy()
        if not self.watched:
            return
        scores = score_tokens(self.network, self.tokenizer, self.watched)
        if isinstance(self.sampler, DynamicSampler):
            self.sampler.update(_f1(self.watched_codes, scores.argmax(axis=1), scores.shape[1]))
        if epoch < self.first:
            return
        value, _ = self._cross_entropy(scores)
        if self.kept is None or value < self.kept[0]:
            state = {
                name: one.detach().to("cpu", copy=True)
                for name, one in self.network.state_dict().items()
            }
            self.kept = value, state, self.shift.copy()

    def _cross_entropy(self, scores: F) -> tuple[float, float]:
        """Return the mean over the watched rows, and the scale that gives it."""
        return self.yardstick.measure(scores, self.shift)


class _EndOfEpoch(TrainerCallback):  # type: ignore[misc, unused-ignore]
    def __init__(self, fit: _Fit) -> None:
        self.fit = fit

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the number of the epoch that ends, from 0."""
        self.fit.end_epoch(round(state.epoch) - 1)


def _f1(y: NDArray[np.int64], guess: NDArray[np.int64], n_classes: int) -> F:
    hits = np.bincount(y[guess == y], minlength=n_classes)
    either = np.bincount(y, minlength=n_classes) + np.bincount(guess, minlength=n_classes)
    out: F = 2.0 * hits / np.maximum(either, 1)
    return out
