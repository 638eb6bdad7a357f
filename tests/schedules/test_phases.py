"""Capped rows first and all rows then; weights that come late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from equipoise.errors import UsageError
from equipoise.losses import LDAMLoss, WeightedCrossEntropy
from equipoise.schedules import (
    BalancedBatchSampler,
    DeferredReweighting,
    DynamicSampler,
    Schedule,
    TwoPhase,
)

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [70, 23, 7]))


def test_first_phase_caps_every_class() -> None:
    sampler = TwoPhase(LABELS, cap=10, epochs_first=2)
    assert np.bincount(LABELS[sampler.rows(0)]).tolist() == [10, 10, 7]
    assert len(set(sampler.rows(0).tolist())) == 27
    assert sampler.rows(0).tolist() == sampler.rows(1).tolist()
    assert set(sampler) == set(sampler.rows(0).tolist())
    assert sampler.phase == 1
    np.testing.assert_allclose(sampler.shares, np.array([10, 10, 7]) / 27)
    drawn = np.bincount(list(sampler), minlength=100)
    assert set(drawn[sampler.rows(0)]) == {3, 4}, "100 draws of 27 rows, in rounds"


def test_second_phase_shows_all_rows_once() -> None:
    sampler = TwoPhase(LABELS, cap=10, epochs_first=2)
    sampler.on_epoch_start(2)
    assert sampler.phase == 2
    assert sorted(sampler) == sampler.rows(2).tolist() == list(range(100))
    np.testing.assert_allclose(sampler.prior_offset, 0, atol=1e-12)


def test_offset_of_the_first_phase() -> None:
    offset = TwoPhase(LABELS, cap=10, epochs_first=2).prior_offset
    expected = np.log([10 / 70, 10 / 23, 1])
    np.testing.assert_allclose(offset, expected - expected.mean())


def test_rows_may_be_drawn_anew() -> None:
    sampler = TwoPhase(LABELS, cap=10, epochs_first=2, redraw=True)
    assert sampler.rows(0).tolist() != sampler.rows(1).tolist()
    assert np.bincount(LABELS[sampler.rows(1)]).tolist() == [10, 10, 7]


def test_length_does_not_tell_the_phases_apart() -> None:
    sampler = TwoPhase(LABELS, cap=10, epochs_first=1)
    lengths = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        lengths += [len(sampler), len(list(sampler))]
    assert set(lengths) == {100}


def test_ranks_share_the_subset() -> None:
    parts = [TwoPhase(LABELS, 10, 1, rank=rank, num_replicas=3) for rank in range(3)]
    merged = [row for rows in zip(*parts, strict=True) for row in rows]
    stream = list(TwoPhase(LABELS, 10, 1))
    assert merged == stream + stream[:2]


def test_classes_of_one_row_or_none() -> None:
    sampler = TwoPhase([0, 0, 0, 2], cap=1, epochs_first=1, classes=4)
    assert {0, 1, 2} & set(sampler)
    assert 3 in set(sampler)
    assert sampler.prior_offset.isfinite().all()
    assert TwoPhase([0, 0], cap=5, epochs_first=0).phase == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cap": 0}, "cap=0"),
        ({"epochs_first": -1}, "epochs_first=-1"),
        ({"labels": np.eye(3)}, "one label per row"),
    ],
)
def test_what_cannot_be_done_is_said(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TwoPhase(**{"labels": LABELS, "cap": 3, "epochs_first": 2, **more})


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0])),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)),
        WeightedCrossEntropy(),
        WeightedCrossEntropy([1.0, 2.0, 3.0]),
        LDAMLoss([70, 23, 7]),
    ],
    ids=["plain", "weighted", "double", "ours", "ours weighted", "LDAM"],
)
def test_weights_come_late_and_go_again(loss: nn.Module) -> None:
    held: Any = loss.weight
    before = None if held is None else held.clone()
    logits = torch.randn(9, 3, generator=torch.Generator().manual_seed(0))
    if before is not None:
        logits = logits.to(before.dtype)
    y = torch.tensor([0, 1, 2] * 3)
    early = loss(logits, y).item()
    schedule = DeferredReweighting(loss, np.array([0.5, 1.5, 8.0]), start_epoch=2)
    for epoch, late in [(0, False), (1, False), (2, True), (3, True), (1, False), (5, True)]:
        schedule.step(epoch)
        assert schedule.active is late
        if late:
            assert loss.weight.tolist() == [0.5, 1.5, 8.0]
            assert loss(logits, y).item() != pytest.approx(early)
        else:
            assert loss(logits, y).item() == early
            assert (loss.weight is None) if before is None else torch.equal(loss.weight, before)


def held_by(loss: nn.Module, buffer: str, epoch: int) -> tuple[nn.Module, DeferredReweighting]:
    """Return a network that holds a loss, as a LightningModule does, at an epoch."""
    schedule = DeferredReweighting(loss, [0.5, 1.5, 8.0], start_epoch=2, buffer=buffer)
    schedule.step(epoch)
    return nn.ModuleDict({"loss": loss, "net": nn.Linear(4, 3)}), schedule


RESUMED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "plain": (nn.CrossEntropyLoss, "weight"),
    "weighted": (lambda: nn.CrossEntropyLoss(torch.ones(3)), "weight"),
    "sigmoid": (nn.BCEWithLogitsLoss, "pos_weight"),
    "ours": (WeightedCrossEntropy, "weight"),
    "ours weighted": (lambda: WeightedCrossEntropy([1.0, 2.0, 3.0]), "weight"),
    "LDAM": (lambda: LDAMLoss([70, 23, 7]), "weight"),
}


@pytest.mark.parametrize("saved", [0, 3])
@pytest.mark.parametrize("now", [0, 3])
@pytest.mark.parametrize("key", RESUMED)
def test_a_checkpoint_of_one_phase_loads_in_the_other(key: str, now: int, saved: int) -> None:
    make, buffer = RESUMED[key]
    first, _ = held_by(make(), buffer, saved)
    again, schedule = held_by(make(), buffer, now)
    again.load_state_dict(first.state_dict(), strict=True)
    torch.testing.assert_close(again["net"].weight, first["net"].weight)
    for epoch in (saved, 3, 0):
        schedule.step(epoch)
        expected = [0.5, 1.5, 8.0] if epoch == 3 else getattr(make(), buffer)
        found = getattr(again["loss"], buffer)
        assert (found is None) if expected is None else found.tolist() == list(expected)


@pytest.mark.parametrize("make", [WeightedCrossEntropy, lambda: LDAMLoss([70, 23, 7])])
def test_weights_given_by_hand_come_back_with_the_state(make: Callable[[], Any]) -> None:
    loss, again, scheduled = make(), make(), make()
    loss.reweigh([1.0, 2.0, 3.0])
    DeferredReweighting(scheduled, [0.5, 1.5, 8.0], start_epoch=2)
    for other in (again, scheduled):
        other.load_state_dict(loss.state_dict(), strict=True)
    assert again.weight.tolist() == [1.0, 2.0, 3.0]
    assert again.weight.data_ptr() != loss.weight.data_ptr()
    assert scheduled.weight is None, "the epoch says the weights"


def test_late_weights_are_those_that_the_loss_would_have_had() -> None:
    logits, y = torch.randn(6, 2), torch.tensor([0, 1] * 3)
    loss = nn.CrossEntropyLoss()
    DeferredReweighting(loss, [1.0, 5.0], 0).step(0)
    wanted = nn.functional.cross_entropy(logits, y, weight=torch.tensor([1.0, 5.0]))
    torch.testing.assert_close(loss(logits, y), wanted, rtol=0, atol=0)


def test_pos_weight_by_name() -> None:
    loss = nn.BCEWithLogitsLoss()
    DeferredReweighting(loss, [4.0], 0, buffer="pos_weight").on_epoch_start(0)
    assert loss.pos_weight.tolist() == [4.0]


@pytest.mark.parametrize(
    ("loss", "weights", "message"),
    [
        (nn.MSELoss(), [1.0], "MSELoss has no buffer 'weight' to set, it has none"),
        (nn.CrossEntropyLoss(), [1.0, 0.0], "not all above 0"),
        (nn.CrossEntropyLoss(), [[1.0, 2.0]], "not all above 0"),
        (nn.CrossEntropyLoss(torch.ones(3)), [1.0, 2.0], "2 weights are given"),
    ],
)
def test_weights_that_cannot_be_set(loss: nn.Module, weights: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DeferredReweighting(loss, weights, 1)


def test_all_schedules_have_one_protocol() -> None:
    loss = nn.CrossEntropyLoss()
    schedules = [
        TwoPhase(LABELS, 5, 1),
        DynamicSampler(LABELS),
        BalancedBatchSampler(LABELS, 6),
        DeferredReweighting(loss, [1.0, 2.0, 3.0], 4),
    ]
    for schedule in schedules:
        assert isinstance(schedule, Schedule)
        schedule.on_epoch_start(4)
    assert schedules[1].epoch == 4
    assert loss.weight.tolist() == [1.0, 2.0, 3.0]
