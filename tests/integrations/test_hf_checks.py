"""What a run would do wrong without a word is an error, or a warning, before it begins."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from equipoise.errors import UsageError
from equipoise.integrations.hf import (
    DynamicSamplingCallback,
    ImbalanceTrainer,
    compute_metrics,
    trainer_loss,
)
from equipoise.losses import BalancedSoftmaxLoss, FocalLoss, WeightedBCE, WeightedCrossEntropy
from equipoise.schedules import (
    BalancedBatchSampler,
    ClassAwareSampler,
    DynamicSampler,
    RepeatFactorSampler,
)

CODES = [0] * 12 + [1] * 4
ROWS = [{"input_ids": [1, 2, i % 7], "labels": code} for i, code in enumerate(CODES)]
BALANCED = WeightedCrossEntropy.from_counts([12, 4])


def bert() -> BertForSequenceClassification:
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=9,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            num_labels=2,
        )
    )


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": 1,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
    }
    return TrainingArguments(**(settings | options))


@pytest.mark.parametrize("weight", ["heavy", None, float("nan"), -1.0, [1.0, "a"]])
def test_weights_that_are_no_numbers(tmp_path: Path, weight: Any) -> None:
    data = [row | {"weight": weight} for row in ROWS]
    with pytest.raises(UsageError, match=r"weight of the first row, in the column 'weight'"):
        ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=data)
    ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=data, weight_column=None)
    good = [row | {"weight": torch.tensor(2.0)} for row in ROWS]
    ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=good)


@pytest.mark.parametrize(
    ("make", "missing"),
    [(lambda label: -100, None), (lambda label: [-100.0, -100.0], WeightedBCE())],
    ids=["classes", "labels"],
)
def test_rows_without_any_label(tmp_path: Path, make: Any, missing: Any) -> None:
    data = [row | {"labels": make(row["labels"])} for row in ROWS]
    with pytest.raises(UsageError, match=r"all 16 labels of train_dataset are -100"):
        ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=data, loss=missing)
    data[-1]["labels"] = 1 if missing is None else [1.0, -100.0]
    ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=data, loss=missing)


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_sampler_of_other_rows(tmp_path: Path, extra: int) -> None:
    labels = CODES[:-1] if extra < 0 else [*CODES, 1]
    for sampler in (ClassAwareSampler(labels), BalancedBatchSampler(labels, 8)):
        with pytest.raises(UsageError, match=rf"made for {16 + extra} rows, and .* has 16"):
            ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=ROWS, sampler=sampler)
    # How many rows an epoch draws is another matter.
    fewer = ClassAwareSampler(CODES, num_samples=4)
    ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=ROWS, sampler=fewer)


def following(
    folder: Path,
    names: Any = None,
    prefix: str = "eval",
    metrics: Any = compute_metrics,
    **more: Any,
) -> ImbalanceTrainer:
    sampler = DynamicSampler(CODES)
    return ImbalanceTrainer(
        bert(),
        arguments(folder, **({"eval_strategy": "epoch"} | more)),
        train_dataset=ROWS,
        eval_dataset={"a": ROWS} if prefix != "eval" else ROWS,
        sampler=sampler,
        compute_metrics=metrics,
        callbacks=[DynamicSamplingCallback(sampler, names, prefix=prefix)],
    )


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"eval_strategy": "no"}, r"eval_strategy='no'.*set eval_strategy='epoch'"),
        ({"metrics": None}, r"reports no eval_f1_0, \.\.\., but no F1; pass compute_metrics="),
        ({"metrics": compute_metrics(classes=["ham", "spam"])}, r"no eval_f1_0.*eval_f1_spam"),
        ({"names": ["ham", "spam"]}, r"reports no eval_f1_ham, eval_f1_spam, but eval_f1_0"),
        (
            {"names": ["ham", "spam"], "metrics": compute_metrics(classes=["ham", "eggs"])},
            r"no eval_f1_ham, eval_f1_spam, but eval_f1_ham, eval_f1_eggs",
        ),
        ({"prefix": "eval_b"}, r"prefix='eval_b' is of no evaluation.*prefix='eval_a'"),
    ],
)
def test_evaluations_that_do_not_hold_what_a_sampler_follows(
    tmp_path: Path, options: Any, match: str
) -> None:
    trainer = following(tmp_path, **options)
    with pytest.raises(UsageError, match=match):
        trainer.train()
    assert trainer.state.global_step == 0


@pytest.mark.parametrize(
    ("names", "prefix", "metrics"),
    [
        (None, "eval", compute_metrics(threshold=0.5)),
        (["ham", "spam"], "eval", compute_metrics(classes=["ham", "spam"])),
        ([0, 1], "eval", compute_metrics),
        (None, "eval_a", compute_metrics(classes=[0, 1])),
        (None, "eval", lambda prediction: {"f1_0": 0.5, "f1_1": 0.5}),
    ],
)
def test_evaluations_that_do(names: Any, prefix: str, metrics: Any) -> None:
    callback = DynamicSamplingCallback(DynamicSampler(CODES), names, prefix=prefix)
    callback.check(metrics, {"a": ROWS} if prefix == "eval_a" else ROWS)


@pytest.mark.parametrize("sampler", [ClassAwareSampler(CODES), DynamicSampler(CODES)])
@pytest.mark.parametrize("loss", [BALANCED, BalancedSoftmaxLoss([12, 4])])
def test_balancing_twice_is_warned_of_once(tmp_path: Path, loss: Any, sampler: Any) -> None:
    with pytest.warns(
        UserWarning, match=r"turn the order of the classes around; use one"
    ) as caught:
        ImbalanceTrainer(
            bert(), arguments(tmp_path), train_dataset=ROWS, loss=loss, sampler=sampler
        )
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_balancing_once_is_not(tmp_path: Path) -> None:
    some = RepeatFactorSampler(CODES, threshold=1.0)
    drawn = WeightedCrossEntropy.from_counts((some.shares * 1000).round().long())
    assert some.prior_offset.abs().min() > 0.2
    assert drawn.prior_offset.abs().min() > 0.2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for loss, sampler in (
            (drawn, some),
            (WeightedCrossEntropy(), ClassAwareSampler(CODES)),
            (BALANCED, None),
        ):
            ImbalanceTrainer(
                bert(), arguments(tmp_path), train_dataset=ROWS, loss=loss, sampler=sampler
            )


def test_a_class_in_place_of_a_loss() -> None:
    with pytest.raises(
        UsageError, match=r"WeightedCrossEntropy is a class.*pass WeightedCrossEntr"
    ):
        trainer_loss(WeightedCrossEntropy)


@pytest.mark.parametrize("loss", [WeightedCrossEntropy(), FocalLoss()])
def test_a_loss_that_is_handed_to_the_stock_trainer_as_it_is(tmp_path: Path, loss: Any) -> None:
    trainer = Trainer(bert(), arguments(tmp_path), train_dataset=ROWS, compute_loss_func=loss)
    batch = {"input_ids": torch.tensor([[1, 2, 3]]), "labels": torch.tensor([1])}
    with pytest.raises(UsageError, match=r"wrap it: compute_loss_func=trainer_loss\("):
        trainer.compute_loss(trainer.model, batch, num_items_in_batch=torch.tensor(1))
