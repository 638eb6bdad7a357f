"""Whether model, labels, loss and options go together, before a run is started."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import BatchSampler

from equipoise.errors import UsageError
from equipoise.integrations.hf.loss import IGNORED, TrainerLoss

__all__ = [
    "check_drawn",
    "check_model",
    "check_options",
    "check_rows",
    "labels_of",
    "rows_of",
    "warn_of_balancing_twice",
]

_NAMES = ("labels", "label", "label_ids")
_PROBLEMS = {"classes": "single_label_classification", "labels": "multi_label_classification"}
_KINDS = {"classes": "classes, one a row", "labels": "labels, several a row"}


def check_options(args: Any, options: Mapping[str, Any], sampler: Any) -> None:
    """Refuse what would be switched off without a word."""
    if options.get("compute_loss_func") is not None:
        raise UsageError(
            "compute_loss_func= is the Trainer's own way in, which loss= uses",
            remedy="pass loss=, or use transformers.Trainer with trainer_loss(loss)",
        )
    if (smoothing := getattr(args, "label_smoothing_factor", 0)) != 0:
        raise UsageError(
            f"label_smoothing_factor={smoothing} has no effect beside a loss of its own",
            remedy="set label_smoothing_factor=0, or use transformers.Trainer without a loss",
        )
    strategy = getattr(args, "train_sampling_strategy", "random")
    grouped = strategy not in ("random", None) or getattr(args, "group_by_length", False)
    if sampler is not None and grouped:
        raise UsageError(
            f"sampler= and train_sampling_strategy={strategy!r} both say in what order rows are drawn",
            remedy="leave one of them out",
        )


def rows_of(sampler: Any, args: Any) -> Any:
    """Return a sampler as one of single rows, which the Trainer makes batches of."""
    if (replicas := getattr(sampler, "num_replicas", 1)) > 1:
        raise UsageError(
            f"{type(sampler).__name__} draws for one rank of {replicas}, and the Trainer deals the "
            "batches out to the ranks itself",
            remedy=f"make it with num_replicas=1: {type(sampler).__name__}(..., num_replicas=1)",
        )
    flat = getattr(sampler, "as_sampler", None)
    if flat is None and isinstance(sampler, BatchSampler):
        raise UsageError(
            f"{type(sampler).__name__} yields batches, and the Trainer makes its own of single rows",
            remedy="pass a sampler of row indices",
        )
    if flat is None:
        return sampler
    size = getattr(args, "train_batch_size", 8)
    if sampler.batch_size != size:
        raise UsageError(
            f"{type(sampler).__name__} fills batches of {sampler.batch_size}, and the Trainer makes "
            f"batches of {size}",
            remedy=f"use batch_size={size} there, or set per_device_train_batch_size",
        )
    return flat()


def check_model(model: Any, loss: TrainerLoss) -> None:
    """Compare the model's config with the loss, and note the kind of problem where it says none."""
    config = getattr(model, "config", None)
    if config is None:
        return
    kind, problem = type(loss.loss).__name__, getattr(config, "problem_type", None)
    width = getattr(config, "num_labels", None)
    if problem not in (None, _PROBLEMS[loss.target]):
        other = {"classes": "WeightedBCE", "labels": "WeightedCrossEntropy"}[loss.target]
        remedy = (
            f"set model.config.problem_type = {_PROBLEMS[loss.target]!r}"
            if problem == "regression"
            else f"set model.config.problem_type = {_PROBLEMS[loss.target]!r}, or use a loss such as {other}"
        )
        raise UsageError(
            f"the model's problem_type is {problem!r}, and {kind} is a loss of {_KINDS[loss.target]}",
            remedy=remedy,
        )
    if width == 1 and (loss.target == "classes" or problem is None):
        raise UsageError(
            "the model has num_labels=1, which means regression",
            remedy="load it with num_labels the number of classes: 2 for a binary task",
        )
    if isinstance(width, int):
        _check_width(loss, width)
    if problem is None:
        config.problem_type = _PROBLEMS[loss.target]


def _check_width(loss: TrainerLoss, width: int) -> None:
    """Try the loss on one row: it knows best how many classes it was made for."""
    held = next(iter(getattr(loss.loss, "buffers", list)()), torch.zeros(0))
    logits = torch.zeros(1, width, device=held.device)
    target = logits if loss.target == "labels" else logits[:, 0].long()
    try:
        loss.loss.terms(logits, target)
    except UsageError as error:
        raise UsageError(
            f"{type(loss.loss).__name__} does not fit a model with num_labels={width}: {error.problem}",
            remedy="load the model with num_labels the number of classes that the loss was made for, "
            "or make the loss for all of them (classes= of from_labels)",
        ) from error


def check_rows(dataset: Any, loss: TrainerLoss, model: Any, weight_column: str | None) -> None:
    """Look at label and weight of the first row: their types decide what a collator makes of them."""
    row = _first(dataset)
    if row is None:
        return
    name = next((name for name in _NAMES if name in row), None)
    if name is None:
        raise UsageError(
            f"the rows have no labels, but {', '.join(map(repr, row))}",
            remedy="name the label column 'labels' or 'label'",
        )
    value = row[name]
    label = _array(value)
    kind, shown = type(loss.loss).__name__, f"{label.dtype} of shape {label.shape}"
    width = getattr(getattr(model, "config", None), "num_labels", None)
    if label.dtype.kind not in "biuf":
        raise UsageError(
            f"the label of the first row is {value!r}", remedy="give class codes, or multi-hot rows"
        )
    if loss.target == "classes" and label.dtype.kind == "f":
        raise UsageError(
            f"the label of the first row is {shown}, and {kind} takes integer class codes",
            remedy="give codes (argmax of one-hot rows), or use WeightedBCE for several labels a row",
        )
    if loss.target == "labels" and (label.dtype.kind != "f" and label.dtype.kind != "b"):
        raise UsageError(
            f"the label of the first row is {shown}, and {kind} takes multi-hot rows of floats",
            remedy="give [0.0, 1.0, ...] of one number for each label, or use WeightedCrossEntropy "
            "for class codes",
        )
    if loss.target == "labels" and width is not None and label.size != width:
        raise UsageError(
            f"the label of the first row holds {label.size} numbers, and the model has "
            f"num_labels={width}",
            remedy=f"load the model with num_labels={label.size}",
        )
    if weight_column in row:
        _check_weight(row[weight_column], weight_column)
    if not _any_label(dataset, name):
        raise UsageError(
            f"all {len(dataset)} labels of train_dataset are {IGNORED}, which the loss leaves out",
            remedy="give rows with labels",
        )


def _check_weight(value: Any, column: Any) -> None:
    weight = _array(value)
    if weight.dtype.kind not in "biuf" or not (np.isfinite(weight) & (weight >= 0)).all():
        raise UsageError(
            f"the weight of the first row, in the column {column!r}, is {value!r}",
            remedy="give finite numbers of 0 or more, or pass weight_column=None if the column holds "
            "something else",
        )


def _any_label(dataset: Any, name: str) -> bool:
    # Most often the first row has one, so that no more are read.
    rows = (dataset[index][name] for index in range(len(dataset)))
    return any(bool(np.any(_array(label) != IGNORED)) for label in rows)


def _array(value: Any) -> Any:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def check_drawn(sampler: Any, dataset: Any) -> None:
    """Refuse a sampler that was made for other rows."""
    if not hasattr(sampler, "state_dict") or not hasattr(dataset, "__len__"):
        return
    rows = sampler.state_dict().get("rows")
    if rows is not None and rows != len(dataset):
        raise UsageError(
            f"{type(sampler).__name__} was made for {rows} rows, and train_dataset has {len(dataset)}",
            remedy="make the sampler from the labels of train_dataset, in its order",
        )


_SLACK = 0.1  # in log-odds: counts of drawn rows are rounded


def warn_of_balancing_twice(loss: Any, sampler: Any) -> None:
    """Warn where the loss makes up for a prior that the sampler has taken away."""
    by_loss, by_sampler = (getattr(one, "prior_offset", None) for one in (loss, sampler))
    counts = getattr(sampler, "counts", None)
    if by_loss is None or by_sampler is None or counts is None:
        return
    counts = torch.as_tensor(counts, dtype=torch.float64)
    by_loss, by_sampler = (torch.as_tensor(one).to(counts) for one in (by_loss, by_sampler))
    if by_loss.shape != counts.shape or not by_loss.any() or not by_sampler.any():
        return
    # Weights by the counts of the rows as they are drawn do not go past balance.
    prior = counts.log()
    shown = (prior + by_sampler + by_loss)[counts > 0]
    rare, common = prior[counts > 0].argmin(), prior[counts > 0].argmax()
    if shown[rare] > shown[common] + _SLACK:
        warnings.warn(
            f"{type(sampler).__name__} draws rare classes more often, and {type(loss).__name__} makes "
            "up for their being rare again: together they turn the order of the classes around; use "
            "one of the two, or make the loss from the counts of the rows as they are drawn",
            UserWarning,
            stacklevel=3,
        )


def labels_of(dataset: Any) -> Any:
    """Return the labels of all rows."""
    columns = getattr(dataset, "column_names", None)
    if columns:
        name = next((name for name in _NAMES if name in columns), None)
        if name is not None:
            return np.asarray(dataset[name])
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise UsageError(
            f"the labels of a {type(dataset).__name__} without length cannot be counted beforehand",
            remedy="pass the counts: start_at_prior=[950, 50]",
        )
    rows = (dataset[index] for index in range(len(dataset)))
    return np.asarray([np.asarray(next(row[n] for n in _NAMES if n in row)) for row in rows])


def _first(dataset: Any) -> Any:
    if dataset is None or not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        return None
    row = dataset[0] if len(dataset) else None
    return row if isinstance(row, Mapping) else None
