"""The Trainer with row weights, a sampler, a prior, schedules and checks."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EvalPrediction,
    TrainerCallback,
    TrainingArguments,
)

from equipoise.errors import MissingExtra, UsageError
from equipoise.integrations.hf import (
    DynamicSamplingCallback,
    ImbalanceTrainer,
    ScheduleCallback,
    compute_metrics,
)
from equipoise.losses import WeightedBCE, WeightedCrossEntropy
from equipoise.schedules import (
    BalancedBatchSampler,
    ClassAwareSampler,
    DeferredReweighting,
    DynamicSampler,
    TwoPhase,
)

COUNTS = [24, 6, 2]
CODES = torch.repeat_interleave(torch.arange(3), torch.tensor(COUNTS))


def bert(**options: Any) -> BertForSequenceClassification:
    torch.manual_seed(0)
    settings = {"num_labels": 3, "problem_type": None} | options
    config = BertConfig(
        vocab_size=100,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout=0.0,
        **settings,
    )
    return BertForSequenceClassification(config)


def rows(weights: Any = None, several: bool = False) -> list[dict[str, Any]]:
    ids = torch.randint(1, 100, (32, 6), generator=torch.Generator().manual_seed(1))
    hot = functional.one_hot(CODES, 3).float()
    out: list[dict[str, Any]] = [
        {"input_ids": ids[i], "labels": hot[i] if several else int(CODES[i])} for i in range(32)
    ]
    for i, weight in enumerate([] if weights is None else weights):
        out[i]["weight"] = torch.as_tensor(weight).float()
    return out


def arguments(folder: Path, **options: Any) -> TrainingArguments:
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 8,
        "per_device_eval_batch_size": 12,
        "num_train_epochs": 1,
        "max_grad_norm": 1e9,
        "learning_rate": 1e-3,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
    }
    return TrainingArguments(**(settings | options))


class Catch(TrainerCallback):
    """Keep the gradient of every step and the rows of every batch."""

    def __init__(self) -> None:
        self.gradients: list[torch.Tensor] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        grads = [p.grad.reshape(-1) for p in kwargs["model"].parameters() if p.grad is not None]
        self.gradients.append(torch.cat(grads).clone())


class Seen(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Rows that note when they are read."""

    def __init__(self, data: list[dict[str, Any]]) -> None:
        self.data, self.read = data, []

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.read.append(index)
        return self.data[index]


@pytest.mark.parametrize("several", [False, True], ids=["rows", "elements"])
@pytest.mark.parametrize("parts", [1, 4])
def test_weights_reach_the_loss_and_not_the_model(
    tmp_path: Path, parts: int, several: bool
) -> None:
    weights = np.linspace(0.2, 1.8, 96).reshape(32, 3)
    weights = weights if several else weights[:, 1]
    catch = Catch()
    args = arguments(
        tmp_path,
        max_steps=1,
        per_device_train_batch_size=32 // parts,
        gradient_accumulation_steps=parts,
    )
    by_class = torch.tensor([0.5, 1.0, 5.0])
    loss = WeightedBCE(by_class) if several else WeightedCrossEntropy(by_class)
    data = rows(weights, several)
    ImbalanceTrainer(bert(), args, train_dataset=data, loss=loss, callbacks=[catch]).train()
    model = bert()
    logits = model(torch.stack([row["input_ids"] for row in data])).logits
    if several:
        hot = functional.one_hot(CODES, 3).float()
        each = functional.binary_cross_entropy_with_logits(
            logits, hot, pos_weight=by_class, reduction="none"
        )
    else:
        each = functional.cross_entropy(logits, CODES, reduction="none") * by_class[CODES]
    (each * torch.from_numpy(weights)).mean().backward()
    true = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    assert torch.allclose(catch.gradients[0], true, atol=1e-6)


def test_evaluation_reports_the_loss_with_and_without_weights(tmp_path: Path) -> None:
    loss = WeightedCrossEntropy.from_counts(COUNTS)
    data = rows()
    trainer = ImbalanceTrainer(
        bert(), arguments(tmp_path), eval_dataset=data, loss=loss, compute_metrics=compute_metrics
    )
    out = trainer.evaluate()
    with torch.no_grad():
        logits = bert()(torch.stack([row["input_ids"] for row in data])).logits
    plain = functional.cross_entropy(logits, CODES)
    assert out["eval_unweighted_loss"] == pytest.approx(float(plain))
    assert out["eval_log_loss"] == pytest.approx(float(plain))
    offset = loss.prior_offset
    assert offset is not None
    corrected = functional.cross_entropy(logits - offset.float(), CODES)
    assert out["eval_corrected_loss"] == pytest.approx(float(corrected))
    assert abs(out["eval_loss"] - float(plain)) > 1e-3
    # In batches of 12, 12 and 8 the Trainer's mean of means is another; one batch agrees.
    whole = arguments(tmp_path, per_device_eval_batch_size=32)
    one = ImbalanceTrainer(bert(), whole, eval_dataset=data, loss=loss).evaluate()
    weighted = functional.cross_entropy(logits, CODES, reduction="none")
    weighted = (weighted * torch.as_tensor(loss.weight)[CODES]).mean()
    assert one["eval_loss"] == pytest.approx(float(weighted))
    assert one["eval_unweighted_loss"] == pytest.approx(float(plain))
    predicted = trainer.predict(data)
    assert predicted.metrics["test_unweighted_loss"] == pytest.approx(float(plain))
    assert predicted.predictions.shape == (32, 3)


def test_several_labels_by_default(tmp_path: Path) -> None:
    model = bert(problem_type="multi_label_classification")
    data = rows(several=True)
    out = ImbalanceTrainer(
        model, arguments(tmp_path), eval_dataset=data, compute_metrics=compute_metrics
    ).evaluate()
    with torch.no_grad():
        logits = bert()(torch.stack([row["input_ids"] for row in data])).logits
    expected = functional.binary_cross_entropy_with_logits(
        logits, functional.one_hot(CODES, 3).float()
    )
    assert out["eval_unweighted_loss"] == pytest.approx(float(expected))
    assert "eval_f0.5_micro" in out
    assert "eval_corrected_loss" not in out


def test_a_model_that_returns_tuples_is_evaluated(tmp_path: Path) -> None:
    trainer = ImbalanceTrainer(
        bert(return_dict=False),
        arguments(tmp_path),
        eval_dataset=rows(),
        compute_metrics=compute_metrics,
    )
    assert trainer.evaluate()["eval_accuracy"] >= 0


def entropy(shares: Any) -> float:
    p = np.asarray(shares, dtype=float) / np.sum(shares)
    return float(-(p * np.log(p)).sum())


@pytest.mark.parametrize(
    "start", [True, COUNTS, {"counts": COUNTS}], ids=["labels", "list", "dict"]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_first_loss_is_the_entropy_of_the_labels(
    tmp_path: Path, start: Any, weighted: bool
) -> None:
    loss = WeightedCrossEntropy.from_counts(COUNTS) if weighted else None
    trainer = ImbalanceTrainer(
        bert(),
        arguments(tmp_path),
        train_dataset=rows(),
        eval_dataset=rows(),
        loss=loss,
        start_at_prior=start,
    )
    out = trainer.evaluate()
    assert out["eval_unweighted_loss" if loss is None else "eval_corrected_loss"] == pytest.approx(
        entropy(COUNTS), abs=1e-5
    )
    if loss is not None:  # balanced weights begin where no class is preferred
        assert out["eval_unweighted_loss"] == pytest.approx(np.log(3), abs=1e-5)


def test_the_prior_of_a_sampler_and_of_a_model_made_anew(tmp_path: Path) -> None:
    sampler = ClassAwareSampler(CODES)
    trainer = ImbalanceTrainer(
        args=arguments(tmp_path),
        train_dataset=rows(),
        eval_dataset=rows(),
        model_init=lambda: bert(),
        sampler=sampler,
        start_at_prior=True,
    )
    for model in (trainer.model, trainer.call_model_init()):
        assert torch.allclose(model.classifier.bias.softmax(0), torch.full((3,), 1 / 3))
    out = trainer.evaluate()
    assert out["eval_unweighted_loss"] == pytest.approx(np.log(3), abs=1e-5)
    assert out["eval_corrected_loss"] == pytest.approx(entropy(COUNTS), abs=1e-5)


def test_several_labels_start_at_their_priors(tmp_path: Path) -> None:
    trainer = ImbalanceTrainer(
        bert(),
        arguments(tmp_path),
        train_dataset=rows(several=True),
        loss=WeightedBCE(pos_weight=[1.0, 4.0, 15.0]),
        start_at_prior=True,
    )
    p = torch.tensor(COUNTS) / 32
    expected = torch.log(torch.tensor([1.0, 4.0, 15.0]) * p / (1 - p))
    assert torch.allclose(trainer.model.classifier.bias, expected, atol=1e-6)
    assert trainer.model.config.problem_type == "multi_label_classification"


def test_the_sampler_says_which_rows_come(tmp_path: Path) -> None:
    data = Seen(rows())
    sampler = ClassAwareSampler(CODES, seed=3)
    args = arguments(tmp_path, num_train_epochs=2)
    trainer = ImbalanceTrainer(bert(), args, train_dataset=data, sampler=sampler)
    data.read.clear()
    trainer.train()
    expected = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        expected += list(sampler)
    assert expected[:32] != expected[32:]
    assert data.read == expected


def test_the_sampler_is_told_the_epoch_by_the_trainer_itself(tmp_path: Path) -> None:
    sampler = ClassAwareSampler(CODES)
    trainer = ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=rows(), sampler=sampler)
    trainer.state.epoch = 2.0
    trainer.callback_handler.on_epoch_begin(trainer.args, trainer.state, trainer.control)
    assert sampler.epoch == 2


def test_balanced_batches_stay_whole(tmp_path: Path) -> None:
    data = Seen(rows())
    sampler = BalancedBatchSampler(CODES, batch_size=6)
    args = arguments(tmp_path, per_device_train_batch_size=6)
    trainer = ImbalanceTrainer(bert(), args, train_dataset=data, sampler=sampler)
    data.read.clear()
    trainer.train()
    batches = CODES[torch.tensor(data.read)].reshape(-1, 6)
    assert (batches.sort(dim=1).values == torch.tensor([0, 0, 1, 1, 2, 2])).all()
    with pytest.raises(UsageError, match="batch_size=8"):
        ImbalanceTrainer(bert(), arguments(tmp_path), train_dataset=data, sampler=sampler)


@pytest.mark.parametrize("steps", [4, 6], ids=["after an epoch", "within one"])
def test_a_resumed_run_draws_the_same_rows(tmp_path: Path, steps: int) -> None:
    def run(folder: Path, resume: Any = None, **options: Any) -> tuple[list[int], Any]:
        data = Seen(rows())
        sampler = DynamicSampler(CODES, seed=3)
        args = arguments(folder, num_train_epochs=3, eval_strategy="steps", eval_steps=3, **options)
        trainer = ImbalanceTrainer(
            bert(),
            args,
            train_dataset=data,
            eval_dataset=rows(),
            sampler=sampler,
            compute_metrics=compute_metrics,
            callbacks=[DynamicSamplingCallback(sampler)],
        )
        data.read.clear()
        trainer.train(resume_from_checkpoint=resume)
        return data.read, trainer.model

    full, model = run(tmp_path, save_strategy="steps", save_steps=steps)
    rest, resumed = run(tmp_path / "other", resume=str(tmp_path / f"checkpoint-{steps}"))
    assert rest == full[8 * steps :]
    for one, other in zip(model.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_dynamic_sampling_follows_the_evaluations(tmp_path: Path) -> None:
    sampler = DynamicSampler(CODES, floor=0, smoothing=0)
    names = ["ham", "spam", "rare"]
    shares = []

    class Note(TrainerCallback):
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            shares.append(sampler.shares.tolist())

    trainer = ImbalanceTrainer(
        bert(),
        arguments(tmp_path, num_train_epochs=3, eval_strategy="epoch"),
        train_dataset=rows(),
        eval_dataset=rows(),
        sampler=sampler,
        compute_metrics=compute_metrics(classes=names),
        callbacks=[DynamicSamplingCallback(sampler, names), Note()],
    )
    trainer.train()
    logged = [entry for entry in trainer.state.log_history if "eval_f1_rare" in entry]
    assert len(logged) == 3
    assert shares[0] == pytest.approx([1 / 3] * 3)
    for epoch in (1, 2):
        lack = np.array([1 - logged[epoch - 1][f"eval_f1_{name}"] for name in names])
        assert shares[4 * epoch] == pytest.approx(lack / lack.sum())
    trainer.train()  # begins anew
    assert shares[12] == pytest.approx([1 / 3] * 3)


def test_an_evaluation_without_scores_is_refused(tmp_path: Path) -> None:
    sampler = DynamicSampler(CODES)
    trainer = ImbalanceTrainer(
        bert(),
        arguments(tmp_path),
        train_dataset=rows(),
        eval_dataset=rows(),
        sampler=sampler,
        callbacks=[DynamicSamplingCallback(sampler)],
    )
    with pytest.raises(UsageError, match="compute_metrics"):
        trainer.evaluate()
    with pytest.raises(UsageError, match="DynamicSampler"):
        DynamicSamplingCallback(ClassAwareSampler(CODES))


def test_schedules_are_told_the_epoch(tmp_path: Path) -> None:
    told: list[int] = []
    sampler = ClassAwareSampler(CODES)
    args = arguments(tmp_path, num_train_epochs=3)
    callbacks = [ScheduleCallback(told.append), ScheduleCallback(sampler)]
    ImbalanceTrainer(bert(), args, train_dataset=rows(), callbacks=callbacks).train()
    assert told == [0, 1, 2]
    assert sampler.epoch == 2
    with pytest.raises(UsageError, match="on_epoch_start"):
        ScheduleCallback(3)


def test_weights_that_come_late_and_rows_that_are_capped_first(tmp_path: Path) -> None:
    loss = WeightedCrossEntropy([1.0, 1.0, 1.0])
    late = DeferredReweighting(loss, [0.5, 1.0, 5.0], start_epoch=1)
    data, weights = Seen(rows()), []

    class Note(TrainerCallback):
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            weights.append(torch.as_tensor(loss.weight).tolist())

    trainer = ImbalanceTrainer(
        bert(),
        arguments(tmp_path, num_train_epochs=2),
        train_dataset=data,
        loss=loss,
        sampler=TwoPhase(CODES, cap=2, epochs_first=1),
        callbacks=[ScheduleCallback(late), Note()],
    )
    data.read.clear()
    trainer.train()
    assert weights == [[1.0, 1.0, 1.0]] * 4 + [[0.5, 1.0, 5.0]] * 4
    assert len(set(data.read[:32])) == 6
    assert sorted(data.read[32:]) == list(range(32))


def test_an_evaluation_leaves_the_model_to_be_prepared_for_training(tmp_path: Path) -> None:
    # Else accelerate would not wrap it for several ranks, and gradients would not be averaged.
    trainer = ImbalanceTrainer(bert(), arguments(tmp_path), eval_dataset=rows())
    trainer.evaluate()
    assert not getattr(trainer.model, "_is_accelerate_prepared", False)


CE, BCE = WeightedCrossEntropy(), WeightedBCE()


@pytest.mark.parametrize(
    ("model", "options", "match"),
    [
        ({"num_labels": 1}, {}, "regression.*num_labels"),
        ({"problem_type": "regression"}, {}, "single_label_classification"),
        ({"problem_type": "multi_label_classification"}, {"loss": CE}, "WeightedBCE"),
        ({"problem_type": "single_label_classification"}, {"loss": BCE}, "WeightedCrossEntropy"),
        (
            {"num_labels": 2},
            {"loss": WeightedCrossEntropy([1.0, 2.0, 3.0])},
            "num_labels=2.*3 entries",
        ),
        ({}, {"loss": CE, "train_dataset": rows(several=True)}, "float32.*WeightedBCE"),
        ({}, {"loss": BCE, "train_dataset": rows()}, "int64.*WeightedCrossEntropy"),
        ({}, {"train_dataset": [{"input_ids": [1], "y": 0}]}, "'labels' or 'label'"),
        ({}, {"train_dataset": [{"input_ids": [1], "label": "ham"}]}, "class codes"),
        (
            {"num_labels": 2},
            {"loss": BCE, "train_dataset": rows(several=True)},
            "load the model with num_labels=3",
        ),
        ({}, {"compute_loss_func": print}, "loss="),
        ({}, {"loss": torch.nn.CrossEntropyLoss()}, "WeightedCrossEntropy"),
        ({}, {"args": {"label_smoothing_factor": 0.1}}, "label_smoothing_factor=0"),
        (
            {},
            {
                "args": {"train_sampling_strategy": "sequential"},
                "sampler": ClassAwareSampler(CODES),
            },
            "leave one",
        ),
        ({}, {"sampler": ClassAwareSampler(CODES, rank=0, num_replicas=2)}, "num_replicas=1"),
        ({}, {"start_at_prior": True}, "train_dataset"),
    ],
)
def test_what_does_not_fit_is_named_before_training(
    tmp_path: Path, model: Any, options: Any, match: str
) -> None:
    options = dict(options)
    args = arguments(tmp_path, **options.pop("args", {}))
    with pytest.raises(UsageError, match=match):
        ImbalanceTrainer(bert(**model), args, **options)


def test_a_named_weight_column_has_to_be_there(tmp_path: Path) -> None:
    trainer = ImbalanceTrainer(
        bert(), arguments(tmp_path), train_dataset=rows(), weight_column="importance"
    )
    with pytest.raises(UsageError, match="'importance'"):
        trainer.train()


STOCK = """
from transformers import Trainer
trainer = Trainer(model, args, train_dataset=train, {})
trainer.train()
"""
OURS = """
from equipoise.integrations.hf import trainer_loss
from equipoise.losses import WeightedCrossEntropy
from transformers import Trainer
trainer = Trainer(model, args, train_dataset=train, {})
trainer.train()
"""


def test_the_whole_script_is_two_lines_and_an_argument_more(tmp_path: Path) -> None:
    added = "compute_loss_func=trainer_loss(WeightedCrossEntropy.from_labels(labels))"
    names: list[dict[str, Any]] = []
    for code in (STOCK.format(""), OURS.format(added)):
        args = arguments(tmp_path)
        names.append({"model": bert(), "train": rows(), "labels": CODES, "args": args})
        exec(compile(code, "script", "exec"), names[-1])
    assert OURS.count("\n") == STOCK.count("\n") + 2
    data = torch.stack([row["input_ids"] for row in rows()])
    with torch.no_grad():
        plain, weighted = [one["model"](data).logits.softmax(1).mean(0) for one in names]
    assert weighted[2] > plain[2]  # the rare class has become more likely


def test_without_transformers_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "equipoise.integrations.hf"
    for name in [name for name in sys.modules if name.startswith(module)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(
        "equipoise.extras.find_spec", lambda name: None if name == "transformers" else object()
    )
    with pytest.raises(MissingExtra, match=r"pip install 'equipoise\[hf\]'"):
        importlib.import_module(module)


def test_metrics_of_the_trainer_are_those_of_its_logits(tmp_path: Path) -> None:
    data = rows()
    data[3]["labels"] = -100
    trainer = ImbalanceTrainer(
        bert(), arguments(tmp_path), eval_dataset=data, compute_metrics=compute_metrics
    )
    out = trainer.predict(data)
    direct = compute_metrics(EvalPrediction(out.predictions, out.label_ids))
    assert {f"test_{key}": value for key, value in direct.items()}.items() <= out.metrics.items()
    assert out.metrics["test_unweighted_loss"] == pytest.approx(direct["log_loss"], rel=1e-5)
