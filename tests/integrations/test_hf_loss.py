"""The contract of the Trainer: the gradient does not depend on how a batch is split."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from equipoise import losses
from equipoise.errors import UsageError
from equipoise.integrations.hf import trainer_loss
from equipoise.integrations.hf.checks import check_model
from equipoise.losses import WeightedBCE, WeightedCrossEntropy

COUNTS = [24, 6, 2]


def bert(several: bool = False) -> BertForSequenceClassification:
    torch.manual_seed(0)
    kind = "multi_label_classification" if several else "single_label_classification"
    config = BertConfig(
        vocab_size=100,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout=0.0,
        num_labels=3,
        problem_type=kind,
    )
    return BertForSequenceClassification(config)


def rows(several: bool = False) -> list[dict[str, Any]]:
    """Make 32 rows in random order; the two of the rarest class stand in two of the micro-batches."""
    source = torch.Generator().manual_seed(1)
    drawn = torch.randint(1, 100, (32, 6), generator=source)
    sorted_codes = torch.repeat_interleave(torch.arange(3), torch.tensor(COUNTS))
    codes = sorted_codes[torch.randperm(32, generator=source)].tolist()
    labels: list[Any] = list(codes)
    if several:
        hot = functional.one_hot(torch.tensor(codes), 3).float()
        hot[::5, 1] = 1.0
        labels = list(hot)
    return [{"input_ids": ids, "labels": y} for ids, y in zip(drawn, labels, strict=True)]


class Catch(TrainerCallback):
    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        grads = [p.grad.reshape(-1) for p in kwargs["model"].parameters() if p.grad is not None]
        self.gradient = torch.cat(grads).clone()


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 32,
        "max_steps": 1,
        "max_grad_norm": 1e9,
        "learning_rate": 1e-3,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
        "train_sampling_strategy": "sequential",
    }
    return TrainingArguments(**(settings | options))


def gradient(
    folder: Path, parts: int, several: bool = False, kind: type[Trainer] = Trainer, **options: Any
) -> torch.Tensor:
    catch = Catch()
    args = arguments(
        folder, per_device_train_batch_size=32 // parts, gradient_accumulation_steps=parts
    )
    kind(bert(several), args, train_dataset=rows(several), callbacks=[catch], **options).train()
    return catch.gradient


def weighted(several: bool) -> Any:
    if several:
        return WeightedBCE(pos_weight=[1.0, 4.0, 15.0])
    return WeightedCrossEntropy.from_counts(COUNTS)


class WeightedMean(Trainer):
    """The override that is found in most scripts."""

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, **kwargs: Any
    ) -> Any:
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        if labels.is_floating_point():
            w = torch.tensor([1.0, 4.0, 15.0])
            loss = functional.binary_cross_entropy_with_logits(outputs.logits, labels, pos_weight=w)
        else:
            w = 32 / (3 * torch.tensor(COUNTS, dtype=torch.float32))
            loss = functional.cross_entropy(outputs.logits, labels, weight=w)
        return (loss, outputs) if return_outputs else loss


class WeightedMeanScaled(WeightedMean):
    loss_is_scaled_for_ga = False


@pytest.mark.parametrize("several", [False, True], ids=["classes", "labels"])
def test_the_gradient_of_one_batch_and_of_four_micro_batches(tmp_path: Path, several: bool) -> None:
    def ratio(kind: type[Trainer] = Trainer, **options: Any) -> tuple[float, float]:
        one, four = (gradient(tmp_path, n, several, kind, **options) for n in (1, 4))
        return float(four.norm() / one.norm()), float((four - one).norm() / one.norm())

    stock, _ = ratio()
    override, _ = ratio(WeightedMean)
    scaled, _ = ratio(WeightedMeanScaled)
    ours, apart = ratio(compute_loss_func=trainer_loss(weighted(several)))
    assert stock == pytest.approx(4.0, rel=1e-4)
    assert ours == pytest.approx(1.0, abs=1e-5)
    assert apart < 1e-5
    if several:  # a mean of elements is additive, so that only the factor of the Trainer is wrong
        assert override == pytest.approx(4.0, rel=1e-4)
    else:
        assert override > 3
        assert abs(scaled - 1) > 0.05


@pytest.mark.parametrize("several", [False, True], ids=["classes", "labels"])
def test_the_gradient_is_that_of_the_loss_on_the_whole_batch(tmp_path: Path, several: bool) -> None:
    found = gradient(tmp_path, 4, several, compute_loss_func=trainer_loss(weighted(several)))
    model, data = bert(several), rows(several)
    logits = model(torch.stack([row["input_ids"] for row in data])).logits
    if several:
        y = torch.stack([row["labels"] for row in data])
        w = torch.tensor([1.0, 4.0, 15.0])
        loss = functional.binary_cross_entropy_with_logits(logits, y, pos_weight=w)
    else:
        y = torch.tensor([row["labels"] for row in data])
        w = 32 / (3 * torch.tensor(COUNTS, dtype=torch.float32))  # mean 1 over the rows
        loss = (functional.cross_entropy(logits, y, reduction="none") * w[y]).mean()
    loss.backward()
    true = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    assert torch.allclose(found, true, atol=1e-6)


@pytest.mark.parametrize("shared", [True, False], ids=["counted over ranks", "per rank"])
def test_two_ranks_give_the_gradient_of_one(shared: bool) -> None:
    """The Trainer's own arithmetic: items summed over ranks, loss times ranks, gradients averaged."""
    torch.manual_seed(0)
    x, head = torch.randn(12, 4), torch.randn(4, 3, requires_grad=True)
    y = torch.tensor([0, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0])
    f = trainer_loss(WeightedCrossEntropy([0.5, 1.0, 5.0]))
    (whole,) = torch.autograd.grad(f({"logits": x @ head}, y, 12), head)
    parts = []
    for rank in (slice(0, 6), slice(6, 12)):
        loss = f({"logits": x[rank] @ head}, y[rank], torch.tensor(12 if shared else 6))
        loss *= 2 if shared else 1  # in place, as the Trainer does
        parts += torch.autograd.grad(loss, head)
    assert torch.allclose((parts[0] + parts[1]) / 2, whole, atol=1e-6)


@pytest.mark.parametrize("averaged", [True, False])
def test_replicas_of_data_parallel(averaged: bool) -> None:
    """The Trainer repeats the count for each replica, but calls the loss once, on the outputs of all."""
    torch.manual_seed(0)
    logits, y = torch.randn(8, 3), torch.arange(8) % 3
    f = trainer_loss(WeightedCrossEntropy())
    count = torch.tensor(8 if averaged else 8 // 2).unsqueeze(0).expand(2, -1)
    loss = f({"logits": logits}, y, count)
    loss *= 2 if averaged else 1
    assert float(loss.mean()) == pytest.approx(float(functional.cross_entropy(logits, y)))


def test_rows_that_are_skipped_and_counts_that_are_missing() -> None:
    torch.manual_seed(0)
    logits, y = torch.randn(5, 3), torch.tensor([0, -100, 2, 1, -100])
    w = torch.tensor([0.5, 1.0, 5.0])
    f = trainer_loss(WeightedCrossEntropy(w))
    kept = y != -100
    each = functional.cross_entropy(logits[kept], y[kept], reduction="none") * w[y[kept]]
    for count in (None, 3, torch.tensor(3), torch.tensor([3.0])):
        assert float(f({"logits": logits}, y, count)) == pytest.approx(float(each.mean()))
    nothing = f({"logits": logits}, torch.full((5,), -100))
    assert float(nothing) == 0.0
    assert float(f({"logits": logits}, torch.full((5,), -100), torch.tensor(0))) == 0.0


def test_whatever_a_model_returns() -> None:
    logits, y = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    f = trainer_loss(WeightedCrossEntropy())
    expected = float(functional.cross_entropy(logits, y))
    for outputs in (
        {"logits": logits},
        OrderedDict(hidden=torch.zeros(4, 2), logits=logits),
        SequenceClassifierOutput(logits=logits),
        (logits, torch.zeros(4, 2)),
        (torch.tensor(0.0), logits),
    ):
        assert float(f(outputs, y)) == pytest.approx(expected)


def test_tokens_and_the_weights_of_their_rows() -> None:
    torch.manual_seed(0)
    logits, y = torch.randn(2, 5, 3), torch.randint(0, 3, (2, 5))
    y[1, 3:] = -100
    f = trainer_loss(WeightedCrossEntropy())
    each = functional.cross_entropy(logits.movedim(-1, 1), y, reduction="none", ignore_index=-100)
    assert float(f({"logits": logits}, y)) == pytest.approx(float(each.sum() / 8))
    found = f({"logits": logits}, y, 8, sample_weight=torch.tensor([2.0, 0.5]))
    assert float(found) == pytest.approx(float((2 * each[0].sum() + each[1].sum() / 2) / 8))
    flat = f({"logits": logits}, y.reshape(-1), 8, sample_weight=torch.tensor([2.0, 0.5]))
    assert float(flat) == pytest.approx(float(found))
    by_token = torch.rand(2, 5)
    found = f({"logits": logits}, y, 8, sample_weight=by_token)
    assert float(found) == pytest.approx(float((by_token * each).sum() / 8))


def test_elements_of_several_labels_are_counted() -> None:
    torch.manual_seed(0)
    logits, y = torch.randn(4, 3), torch.randint(0, 2, (4, 3)).float()
    y[0, 1] = -100
    f = trainer_loss(WeightedBCE())
    kept = y != -100
    expected = functional.binary_cross_entropy_with_logits(logits[kept], y[kept])
    assert float(f({"logits": logits}, y)) == pytest.approx(float(expected))
    assert float(f({"logits": logits}, y, torch.tensor(11))) == pytest.approx(float(expected))
    w = torch.rand(4, 3)
    each = functional.binary_cross_entropy_with_logits(logits, y.clamp(min=0), reduction="none")
    found = f({"logits": logits}, y, sample_weight=w)
    assert float(found) == pytest.approx(float((each * w * kept).sum() / 11))
    halves = [f({"logits": logits[k]}, y[k], 11, sample_weight=w[k]) for k in ([0], [1, 2, 3])]
    assert float(sum(halves)) == pytest.approx(float(found))
    found = f({"logits": logits}, y, sample_weight=w[:, 0])
    assert float(found) == pytest.approx(float((each * w[:, :1] * kept).sum() / 11))
    one = f({"logits": logits[:, :1]}, (y[:, 2] > 0).float())  # a single output
    assert torch.isfinite(one)


def test_half_precision_logits_give_a_loss_in_single() -> None:
    logits, y = torch.randn(4, 3, dtype=torch.bfloat16), torch.tensor([0, 1, 2, 0])
    assert trainer_loss(WeightedCrossEntropy())({"logits": logits}, y).dtype == torch.float32


Z = torch.zeros(4, 3)


@pytest.mark.parametrize(
    ("loss", "outputs", "labels", "match"),
    [
        (WeightedCrossEntropy(), {"loss": 0}, torch.zeros(4).long(), "no logits but 'loss'"),
        (
            WeightedCrossEntropy(),
            (torch.tensor(0.0),),
            torch.zeros(4).long(),
            "no logits but Tensor",
        ),
        (WeightedCrossEntropy(), {"logits": Z}, None, "name the label column"),
        (WeightedCrossEntropy(), {"logits": Z}, torch.zeros(4, 3), r"float32.*argmax"),
        (WeightedCrossEntropy(), {"logits": Z}, torch.zeros(4, 3).long(), r"int64.*WeightedBCE"),
        (WeightedCrossEntropy(), {"logits": Z}, torch.zeros(4), "float32"),
        (WeightedCrossEntropy(), {"logits": Z}, torch.zeros(5).long(), r"\(5,\)"),
        (WeightedCrossEntropy(), {"logits": Z[:, :1]}, torch.zeros(4).long(), "num_labels"),
        (WeightedCrossEntropy(), {"logits": Z}, torch.full((4,), 3), "code 3"),
        (WeightedBCE(), {"logits": Z}, torch.zeros(4, 3).long(), r"labels\.float\(\)"),
        (WeightedBCE(), {"logits": Z}, torch.zeros(4).long(), "WeightedCrossEntropy"),
        (WeightedBCE(), {"logits": Z}, torch.zeros(4, 2), r"\(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_named(loss: Any, outputs: Any, labels: Any, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        trainer_loss(loss)(outputs, labels, 4)


@pytest.mark.parametrize(
    ("loss", "match"),
    [
        (torch.nn.CrossEntropyLoss(), r"WeightedCrossEntropy\(weight"),
        (torch.nn.BCEWithLogitsLoss(), r"WeightedBCE\(pos_weight"),
        (torch.nn.KLDivLoss(), r"terms\(logits, target"),
        (WeightedCrossEntropy(reduction="weighted-mean"), "reduction='mean'"),
        (WeightedCrossEntropy(reduction="sum"), "reduction='mean'"),
        (WeightedCrossEntropy(ignore_index=-1), "-100"),
        (None, "NoneType"),
    ],
)
def test_losses_without_a_sum_are_refused(loss: Any, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        trainer_loss(loss)
    f = trainer_loss(WeightedCrossEntropy())
    assert trainer_loss(f) is f
    for weight in (torch.ones(3), torch.ones(4, 3)):
        with pytest.raises(UsageError, match="one weight a row"):
            f({"logits": Z}, torch.zeros(4).long(), sample_weight=weight)
    with pytest.raises(UsageError, match=r"shape \(3, 4\) for 4 rows and labels of shape \(4, 3\)"):
        trainer_loss(WeightedBCE())({"logits": Z}, Z, sample_weight=Z.T)


CODES = torch.repeat_interleave(torch.arange(3), torch.tensor(COUNTS))
HOT = functional.one_hot(CODES, 3).float()


@pytest.mark.parametrize(
    "loss",
    [
        losses.FocalLoss(),
        losses.FocalLoss(alpha=0.25, target="labels"),
        losses.ClassBalancedLoss.from_labels(CODES),
        losses.BalancedSoftmaxLoss.from_labels(CODES),
        losses.LogitAdjustedLoss.from_labels(CODES),
        losses.VSLoss.from_labels(CODES),
        losses.LDAMLoss.from_labels(CODES),
        losses.AsymmetricLoss(),
        losses.DistributionBalancedLoss.from_labels(HOT),
        losses.ExpectedCostLoss(1 - torch.eye(3)),
    ],
    ids=lambda loss: f"{type(loss).__name__}-{loss.target}",
)
def test_micro_batches_of_every_loss_add_up(loss: Any) -> None:
    torch.manual_seed(0)
    logits, y = torch.randn(32, 3), CODES if loss.target == "classes" else HOT
    order = torch.randperm(32)
    f = trainer_loss(loss)
    parts = [f({"logits": logits[k]}, y[k], y.numel()) for k in order.split([20, 9, 3])]
    assert float(sum(parts)) == pytest.approx(float(loss(logits, y)), rel=1e-5)
    check_model(bert(loss.target == "labels"), f)
