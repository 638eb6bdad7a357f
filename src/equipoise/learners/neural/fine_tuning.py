"""Fine-tune a pretrained network by the Trainer of Hugging Face, whatever the target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers.trainer_callback import PrinterCallback, TrainerCallback

from equipoise.integrations.hf import ImbalanceTrainer
from equipoise.learners.base import Training
from equipoise.learners.neural.pretrained import (
    best_device,
    half_precision,
    load_base,
    put_bias,
    read_tokens,
    score_tokens,
)
from equipoise.learners.transformer import Transformer

__all__ = ["FineTuning"]

F = NDArray[np.float64]
Rows = list[dict[str, Any]]

_WARM, _DECAY = 0.1, 0.01


class FineTuning:
    """What fits share: the network and what it reads, the epochs, and the choice of the best of them.

    Parameters
    ----------
    learner : Transformer
    training : Training
        ``X`` are texts.
    folder : str
        Where the Trainer may write.
    problem : str
        What the config of the network calls the target.

    Attributes
    ----------
    rows, watched : lists of what the network reads of texts
        Those that are trained on, and those that tell how far it has come.
    watched_y : array
        Targets of the latter.
    first : int
        Epoch of those that may be kept.
    """

    def __init__(self, learner: Transformer, training: Training, folder: str, problem: str) -> None:
        self.learner, self.training, self.folder = learner, training, folder
        network, self.tokenizer = load_base(
            learner.model, num_labels=training.n_classes, problem_type=problem
        )
        self.network: Any = network.float()
        if self.network.config.pad_token_id is None:
            self.network.config.pad_token_id = self.tokenizer.pad_token_id
        put_bias(self.network)  # it holds the prior, and takes what a schedule moved
        self.rows = self._read(training.X if training.rows is None else training.X[training.rows])
        self.first = 0
        self.best = math.inf
        self.kept: dict[str, torch.Tensor] | None = None
        self.watched: Rows = []
        self.watched_y: NDArray[Any] = training.y[:0]
        if training.watched is not None:
            texts, y = training.watched
            some = self.telling(y)
            self.watched, self.watched_y = self._read(texts[some]), y[some]

    def _read(self, texts: Any) -> Rows:
        return read_tokens(self.tokenizer, self.network, list(texts), self.learner.max_length)

    def telling(self, y: NDArray[Any]) -> NDArray[np.int64]:
        """Return which of the rows with these targets can tell how far it has come."""
        return np.arange(len(y))

    def judge(self, epoch: int, scores: F) -> float:
        """Return how far the scores of the watched rows are off at the end of an epoch."""
        raise NotImplementedError

    def train(self, rows: Rows, loss: Any, start: Any, sampler: Any = None, *also: Any) -> None:
        """Go through the epochs; then the network is that of the best of them.

        Parameters
        ----------
        rows : list of dict
            What the network reads, with the target and weight of each row.
        loss : ImbalanceLoss or TrainerLoss
        start : False, or dict
            As ``start_at_prior`` of :class:`equipoise.integrations.hf.ImbalanceTrainer`.
        sampler : object, optional
        *also : TrainerCallback
        """
        learner = self.learner
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
        trainer = ImbalanceTrainer(
            self.network,
            args,
            transformers.DataCollatorWithPadding(self.tokenizer),
            rows,
            loss=loss,
            sampler=sampler,
            start_at_prior=start,
            callbacks=[_EndOfEpoch(self)],
        )
        trainer.remove_callback(PrinterCallback)
        for callback in also:
            trainer.add_callback(callback)
        trainer.train()
        if self.kept is not None:
            self.network.load_state_dict(self.kept)
        self.network.eval()

    def end_epoch(self, epoch: int) -> None:
        """Look at the watched rows: keep the network if it is the best so far."""
        if not self.watched:
            return
        value = self.judge(epoch, score_tokens(self.network, self.tokenizer, self.watched))
        if epoch >= self.first and (self.kept is None or value < self.best):
            self.best = value
            self.keep()

    def keep(self) -> None:
        """Put a copy of the network aside."""
        self.kept = {
            name: one.detach().to("cpu", copy=True)
            for name, one in self.network.state_dict().items()
        }


class _EndOfEpoch(TrainerCallback):  # type: ignore[misc, unused-ignore]
    def __init__(self, fit: FineTuning) -> None:
        self.fit = fit

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the number of the epoch that ends, from 0."""
        self.fit.end_epoch(round(state.epoch) - 1)
