"""A Trainer that takes a loss, a sampler, row weights and a prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from transformers import Trainer

from equipoise.errors import UsageError
from equipoise.integrations.hf.callbacks import DynamicSamplingCallback, ScheduleCallback
from equipoise.integrations.hf.checks import (
    check_drawn,
    check_model,
    check_options,
    check_rows,
    labels_of,
    rows_of,
    warn_of_balancing_twice,
)
from equipoise.integrations.hf.loss import IGNORED, TrainerLoss, find_logits, items, trainer_loss
from equipoise.losses import WeightedBCE, WeightedCrossEntropy
from equipoise.schedules import start_at_prior as start_model_at_prior

__all__ = ["ImbalanceTrainer"]

_USUAL_COLUMN = "weight"


class ImbalanceTrainer(Trainer):
    """Train with a loss and a sampler for rare classes, and with a weight for each row.

    A ``transformers.Trainer`` whose gradient does not depend on how a batch is split into
    micro-batches or over ranks; see :func:`trainer_loss`.

    Parameters
    ----------
    model, args, data_collator, train_dataset, eval_dataset
        As for ``Trainer``. Where ``model.config.problem_type`` is empty, it is set to what the loss
        takes, so that a saved model knows it.
    loss : ImbalanceLoss, optional
        Any of ``equipoise.losses``; by default cross-entropy, or binary cross-entropy where
        ``problem_type`` is "multi_label_classification", both without weights.
    sampler : torch Sampler of row indices, or BalancedBatchSampler, optional
        Such as those of ``equipoise.schedules``: which rows are drawn in an epoch, in what order. It
        has to yield the same stream on every rank (``num_replicas=1``), since the Trainer deals the
        batches out; its ``set_epoch`` is called at each epoch, also where training resumes within
        one.
    weight_column : str or None, default "weight"
        Column of the data with a factor of 0 or more for each row, or of several labels a row with
        one for each of them; it reaches the loss and not the model. Data without it count each row once. Keep the mean of the training rows at 1,
        as the learning rate is set for that. None: such a column is nothing special.
    start_at_prior : bool, counts per class, or dict, default False
        Let the last bias start at the class prior, moved by what the loss and the sampler move it.
        True counts the labels of ``train_dataset``; a dict holds arguments of
        ``equipoise.schedules.start_at_prior``. With ``model_init`` each new model starts there.
    **options
        Further arguments of ``Trainer``.

    Raises
    ------
    UsageError
        Model, labels and loss do not go together; the sampler was made for other rows; or an option
        is set that the loss would silently switch off, such as ``label_smoothing_factor``.

    Warns
    -----
    UserWarning
        The sampler balances the classes, and so does the loss.

    Notes
    -----
    ``eval_loss`` is the loss that is trained, class and row weights included. Beside it stands
    ``eval_unweighted_loss``, plain cross-entropy of the same logits, averaged over all items of the
    evaluation at once; and where the loss or the sampler has a ``prior_offset``,
    ``eval_corrected_loss``, that of the logits put back at the prior of the data. Of the three the
    last is the one to select checkpoints by.

    Examples
    --------
    >>> import tempfile
    >>> from transformers import BertConfig, BertForSequenceClassification, TrainingArguments
    >>> from equipoise.integrations.hf import ImbalanceTrainer
    >>> from equipoise.losses import WeightedCrossEntropy
    >>> config = BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
    ...     intermediate_size=8, num_labels=2)
    >>> rows = [{"input_ids": [1, 2, i % 9], "label": int(i % 4 == 0)} for i in range(8)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     trainer = ImbalanceTrainer(
    ...         BertForSequenceClassification(config),
    ...         TrainingArguments(folder, max_steps=1, report_to=[], disable_tqdm=True, use_cpu=True,
    ...             save_strategy="no", logging_strategy="no"),
    ...         train_dataset=rows,
    ...         loss=WeightedCrossEntropy([1.0, 1.5]),
    ...         start_at_prior=True,
    ...     )
    >>> trainer.model.classifier.bias.detach().softmax(0).numpy().round(3)  # 6 : 2 * 1.5
    array([0.667, 0.333], dtype=float32)
    """

    def __init__(
        self,
        model: Any = None,
        args: Any = None,
        data_collator: Any = None,
        train_dataset: Any = None,
        eval_dataset: Any = None,
        *,
        loss: Any = None,
        sampler: Any = None,
        weight_column: str | None = _USUAL_COLUMN,
        start_at_prior: Any = False,
        **options: Any,
    ) -> None:
        check_options(args, options, sampler)
        self.weight_column = weight_column
        self.sampler = sampler
        self._row_sampler = None if sampler is None else rows_of(sampler, args)
        check_drawn(sampler, train_dataset)
        self._trainer_loss: TrainerLoss | None = None if loss is None else trainer_loss(loss)
        self._start = start_at_prior
        self._start_rows = train_dataset
        self._row_weight: torch.Tensor | None = None
        self._sums: torch.Tensor | None = None
        if model is not None:
            self._prepare_model(model)
        super().__init__(
            model,
            args,
            data_collator,
            train_dataset,
            eval_dataset,
            compute_loss_func=self._loss_of_batch,
            **options,
        )
        if data_collator is None:
            # Another collator may make of a label what it likes.
            check_rows(train_dataset, self.loss, self.model, weight_column)
        warn_of_balancing_twice(self.loss.loss, sampler)
        if hasattr(sampler, "set_epoch"):
            # The data loader does not reach it on every path of a resumed run.
            self.add_callback(ScheduleCallback(sampler.set_epoch))

    def train(self, *args: Any, **options: Any) -> Any:
        """Train as ``Trainer`` does, if what the callbacks follow will be reported."""
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, DynamicSamplingCallback):
                callback.check(self.compute_metrics, self.eval_dataset)
        return super().train(*args, **options)

    @property
    def loss(self) -> TrainerLoss:
        """The loss as the Trainer calls it."""
        assert self._trainer_loss is not None  # set with the model
        return self._trainer_loss

    @property
    def prior_offset(self) -> torch.Tensor | None:
        """By how much loss and sampler move each class, in log-odds: subtract it from the logits.

        None where there is nothing to subtract, or nothing that is exact.
        """
        parts = [getattr(self.loss.loss, "prior_offset", None)]
        if hasattr(self.sampler, "prior_offset"):
            if self.sampler.prior_offset is None:
                return None
            parts.append(self.sampler.prior_offset)
        known = [torch.as_tensor(part, dtype=torch.float64) for part in parts if part is not None]
        return sum(known[1:], known[0]) if known else None

    def call_model_init(self, trial: Any = None) -> Any:
        """Make a model, and let it start at the prior if asked to."""
        model = super().call_model_init(trial)
        self._prepare_model(model)
        return model

    def _prepare_model(self, model: Any) -> None:
        if self._trainer_loss is None:
            problem = getattr(getattr(model, "config", None), "problem_type", None)
            several = problem == "multi_label_classification"
            self._trainer_loss = trainer_loss(WeightedBCE() if several else WeightedCrossEntropy())
        check_model(model, self.loss)
        if self._start is not False and self._start is not None:
            start_model_at_prior(model, **self._start_options(model))

    def _start_options(self, model: Any) -> dict[str, Any]:
        given = dict(self._start) if isinstance(self._start, Mapping) else {}
        several = self.loss.target == "labels"
        out: dict[str, Any] = {"form": "sigmoid" if several else "softmax"}
        # The sampler's shares stand in for the counts below.
        offset = getattr(self.loss.loss, "prior_offset", None)
        if offset is not None:
            out["weights"] = torch.as_tensor(offset).exp()
        if not isinstance(self._start, Mapping | bool):
            out["counts"] = self._start
        elif not {"counts", "labels"} & set(given):
            if self._start_rows is None:
                raise UsageError(
                    "start_at_prior=True, and there is no train_dataset to count",
                    remedy="pass train_dataset=, or the counts: start_at_prior=[950, 50]",
                )
            out["labels"] = labels_of(self._start_rows)
        if hasattr(self.sampler, "shares"):
            out["sampled"] = self.sampler
        return out | given

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        if self._row_sampler is not None:
            return self._row_sampler
        # The argument came with transformers 4.54.
        return super()._get_train_sampler(*([] if train_dataset is None else [train_dataset]))

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        if self.weight_column is not None and self.weight_column not in self._signature_columns:
            self._signature_columns.append(self.weight_column)

    def _loss_of_batch(
        self, outputs: Any, labels: Any, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        return self.loss(outputs, labels, num_items_in_batch, sample_weight=self._row_weight)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Compute the loss of a batch; the Trainer scales it as it would that of a stock script."""
        inputs = dict(inputs)
        self._row_weight = self._take_weight(inputs, model.training)
        labels = inputs.get("labels")
        try:
            loss, outputs = super().compute_loss(
                model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch
            )
        finally:
            self._row_weight = None
        if model.training and num_items_in_batch is None:
            # The Trainer counted nothing, and takes the loss for scaled all the same.
            loss = loss / getattr(self, "current_gradient_accumulation_steps", 1)
        if self._sums is not None and not model.training:
            self._add_plain_losses(outputs, labels)
        if not return_outputs:
            return loss
        # The Trainer drops the first of a tuple as the loss, which the head did not compute.
        return loss, outputs if isinstance(outputs, dict) else (loss, *outputs)

    def _take_weight(self, inputs: dict[str, Any], training: bool) -> torch.Tensor | None:
        if self.weight_column is None:
            return None
        weight = inputs.pop(self.weight_column, None)
        if weight is None and training and self.weight_column != _USUAL_COLUMN:
            raise UsageError(
                f"a training batch has no column {self.weight_column!r}, but {', '.join(inputs)}",
                remedy="name the column in weight_column=, and let the collator keep it",
            )
        return None if weight is None else torch.as_tensor(weight).float()

    def evaluation_loop(
        self,
        dataloader: Any,
        description: str,
        prediction_loss_only: bool | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> Any:
        """Evaluate, and add the losses without weights."""
        self._sums = torch.zeros(3, dtype=torch.float64)
        fresh = not getattr(self.model, "_is_accelerate_prepared", False)
        try:
            output = super().evaluation_loop(
                dataloader, description, prediction_loss_only, ignore_keys, metric_key_prefix
            )
            plain, corrected, count = self._sums.tolist()
        finally:
            self._sums = None
            if fresh and not self.is_in_train:
                # Else a later train() takes the model for one that is spread over the ranks already,
                # and the gradients of the ranks are never averaged.
                self.model._is_accelerate_prepared = False
        if count:
            output.metrics[f"{metric_key_prefix}_unweighted_loss"] = plain / count
            if self.prior_offset is not None:
                output.metrics[f"{metric_key_prefix}_corrected_loss"] = corrected / count
        return output

    @torch.no_grad()
    def _add_plain_losses(self, outputs: Any, labels: Any) -> None:
        logits = find_logits(outputs).detach()
        z, y = items(logits, labels, self.loss.target)
        z = z.float()
        offset = self.prior_offset
        moved = z if offset is None else z - offset.to(z)
        kept = y.ne(IGNORED) if y.dtype != torch.bool else torch.ones_like(y)
        parts = [_plain(one, y, kept) for one in (z, moved)] + [kept]
        rows = torch.stack([part.reshape(len(logits), -1).double().sum(1) for part in parts], dim=1)
        # By row, so that rows which pad the last batch of a rank are dropped.
        gathered = self.gather_function(rows)
        assert self._sums is not None
        self._sums += gathered.sum(0).to(self._sums)


def _plain(z: torch.Tensor, y: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    if z.shape != y.shape:
        return torch.nn.functional.cross_entropy(z, y, ignore_index=IGNORED, reduction="none")
    target = torch.where(kept, y.to(z.dtype), 0.0)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, target, reduction="none")
    return loss * kept
