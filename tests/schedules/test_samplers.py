"""What is drawn, how often, by which rank, and whether it comes again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import softmax
from torch.utils.data import DataLoader, TensorDataset

from equipoise.errors import TargetError, UsageError
from equipoise.schedules import (
    BalancedBatchSampler,
    ClassAwareSampler,
    DynamicSampler,
    RepeatFactorSampler,
    start_at_prior,
)
from equipoise.schedules.streams import allot

COUNTS = [70, 23, 7]
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], COUNTS))
HOT = np.random.default_rng(1).random((120, 4)) < [0.7, 0.3, 0.05, 0.01]

MAKERS: dict[str, Callable[..., Any]] = {
    "class-aware": ClassAwareSampler,
    "repeat-factor": lambda y, **more: RepeatFactorSampler(y, 0.4, **more),
    "dynamic": DynamicSampler,
    "balanced": lambda y, **more: BalancedBatchSampler(y, 6, **more).as_sampler(),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def epochs(sampler: Any, count: int) -> list[list[int]]:
    out = []
    for epoch in range(count):
        sampler.set_epoch(epoch)
        out.append(list(sampler))
    return out


@every
def test_seed_and_epoch_fix_the_stream(make: Callable[..., Any]) -> None:
    first, again = epochs(make(LABELS), 3), epochs(make(LABELS), 3)
    assert first == again
    assert first[0] != first[1] != first[2]
    assert list(make(LABELS, seed=1)) != first[0]
    sampler = make(LABELS)
    assert list(sampler) == list(sampler), "the epoch alone moves the stream on"


@every
def test_global_random_state_is_left_alone(make: Callable[..., Any]) -> None:
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(1), np.random.random()
    torch.manual_seed(5)
    np.random.seed(5)
    list(make(LABELS))
    assert (torch.rand(1), np.random.random()) == expected


@every
@pytest.mark.parametrize("world", [2, 3])
def test_ranks_share_out_one_stream(make: Callable[..., Any], world: int) -> None:
    whole = make(LABELS)
    ranks = [make(LABELS, rank=rank, num_replicas=world) for rank in range(world)]
    for epoch in range(3):
        for sampler in (whole, *ranks):
            sampler.set_epoch(epoch)
        stream, parts = list(whole), [list(rank) for rank in ranks]
        assert len({len(part) for part in parts}) == 1
        assert [len(part) for part in parts] == [len(rank) for rank in ranks]
        drawn, joint = Counter(stream), Counter(row for part in parts for row in part)
        assert not drawn - joint, "every row of the stream goes to some rank"
        unit = 6 if make is MAKERS["balanced"] else 1
        padding = sum((joint - drawn).values())
        assert padding == -(len(stream) // unit) % world * unit


def test_ranks_take_every_other_row_and_the_padding_is_the_beginning() -> None:
    stream = list(ClassAwareSampler(LABELS, num_samples=100))
    parts = [
        list(ClassAwareSampler(LABELS, num_samples=100, rank=rank, num_replicas=3))
        for rank in range(3)
    ]
    merged = [row for rows in zip(*parts, strict=True) for row in rows]
    assert merged == stream + stream[:2]


@every
def test_length_is_constant(make: Callable[..., Any]) -> None:
    sampler = make(LABELS)
    assert {len(rows) for rows in epochs(sampler, 20)} == {len(sampler)}


@every
def test_state_goes_on_where_it_was(make: Callable[..., Any]) -> None:
    one = make(LABELS, seed=3)
    one.set_epoch(4)
    if isinstance(one, DynamicSampler):
        one.update([0.9, 0.5, 0.1])
    other = make(LABELS)
    other.load_state_dict(one.state_dict())
    assert list(other) == list(one)
    with pytest.raises(UsageError, match="the state is of rows"):
        make(LABELS[:99]).load_state_dict(one.state_dict())


def test_state_of_another_kind_is_refused() -> None:
    state = ClassAwareSampler(LABELS).state_dict()
    with pytest.raises(UsageError, match="kind 'ClassAwareSampler'"):
        DynamicSampler(LABELS).load_state_dict(state)
    state = DynamicSampler(LABELS).state_dict()
    with pytest.raises(UsageError, match="shares of 2 classes, 3 have rows"):
        DynamicSampler(LABELS).load_state_dict({**state, "target": [0.5, 0.5]})


@every
def test_expected_shares_and_offset_are_what_is_drawn(make: Callable[..., Any]) -> None:
    sampler = make(LABELS)
    source = getattr(sampler, "_batches", sampler)
    drawn = np.bincount(LABELS[np.concatenate(epochs(sampler, 400))], minlength=3)
    shares = drawn / drawn.sum()
    np.testing.assert_allclose(shares, source.shares, atol=0.004)
    assert source.prior_offset.dtype == torch.float64
    assert source.prior_offset.mean().item() == pytest.approx(0, abs=1e-12)
    # Log-probabilities of the drawn rows less the offset are those of the rows as they are.
    back = softmax(source.shares.log() - source.prior_offset, dim=0)
    np.testing.assert_allclose(back, np.array(COUNTS) / 100)


@every
def test_rows_of_a_class_are_drawn_alike(make: Callable[..., Any]) -> None:
    times = np.bincount(np.concatenate(epochs(make(LABELS), 400)), minlength=100)
    for c in range(3):
        mine = times[c == LABELS]
        assert abs(mine / mine.mean() - 1).max() < 0.25


@every
def test_no_row_again_before_the_others_of_its_class(make: Callable[..., Any]) -> None:
    times = np.bincount(list(make(LABELS)), minlength=100)
    for c in range(3):
        mine = times[c == LABELS]
        assert mine.max() - mine.min() <= 1


@every
@pytest.mark.parametrize(
    ("labels", "more"),
    [
        ([0, 0, 0, 0, 0, 0], {}),
        ([0, 0, 0, 0, 1], {}),
        ([0, 0, 2, 2, 0], {"classes": 4}),
        (["b", "a", "b"], {"classes": ["b", "absent", "a"]}),
        ([0], {}),
    ],
    ids=["one class", "one row", "absent", "names", "one of all"],
)
def test_classes_of_one_row_or_none(
    make: Callable[..., Any], labels: list[Any], more: dict[str, Any]
) -> None:
    sampler = make(labels, **more)
    rows = list(sampler)
    source = getattr(sampler, "_batches", sampler)
    assert {labels[row] for row in rows} == set(labels)
    names = source.classes
    for c, name in enumerate(names):
        if name not in labels:
            assert source.shares[c] == 0
            assert source.prior_offset[c] == 0
    assert source.prior_offset.isfinite().all()
    assert len(source.shares) == len(names)


def test_balanced_batches_hold_every_class_equally() -> None:
    sampler = BalancedBatchSampler(LABELS, batch_size=12)
    batches = list(sampler)
    assert len(batches) == len(sampler) == 9
    assert {tuple(np.bincount(LABELS[batch])) for batch in batches} == {(4, 4, 4)}
    assert any(LABELS[batch].tolist() != sorted(LABELS[batch]) for batch in batches)
    flat = sampler.as_sampler()
    assert list(flat) == [row for batch in batches for row in batch]
    assert len(flat) == 108
    flat.set_epoch(2)
    assert list(sampler) != batches


def test_balanced_sampler_feeds_a_loader() -> None:
    data = TensorDataset(torch.from_numpy(LABELS))
    loader = DataLoader(data, batch_sampler=BalancedBatchSampler(LABELS, 9))
    assert {tuple(y.bincount().tolist()) for (y,) in loader} == {(3, 3, 3)}
    rows = BalancedBatchSampler(LABELS, 9).as_sampler()
    loader = DataLoader(data, batch_size=9, sampler=rows)
    assert {tuple(y.bincount().tolist()) for (y,) in loader} == {(3, 3, 3)}


def test_accelerate_passes_the_epoch_on() -> None:
    data_loader = pytest.importorskip("accelerate.data_loader")
    data = TensorDataset(torch.from_numpy(LABELS))
    parts = []
    for index in range(2):
        sampler = BalancedBatchSampler(LABELS, 9, num_replicas=1)
        loader = DataLoader(data, batch_sampler=sampler)
        shard = data_loader.prepare_data_loader(loader, num_processes=2, process_index=index)
        shard.set_epoch(3)
        assert sampler.epoch == 3
        parts += [y for (y,) in shard]
    assert {tuple(y.bincount().tolist()) for y in parts} == {(3, 3, 3)}


def test_class_aware_goes_round_the_classes() -> None:
    drawn = LABELS[list(ClassAwareSampler(LABELS, num_samples=99))]
    assert all(set(group) == {0, 1, 2} for group in drawn.reshape(-1, 3))


def test_class_aware_with_several_labels() -> None:
    sampler = ClassAwareSampler(HOT, num_samples=300)
    drawn = HOT[np.concatenate(epochs(sampler, 200))].mean(axis=0)
    np.testing.assert_allclose(drawn, sampler.shares, atol=0.01)
    assert sampler.prior_offset is None


def test_repeat_factors_are_those_of_the_paper() -> None:
    f = HOT.mean(axis=0)
    r = np.maximum(1, np.sqrt(0.2 / f))
    expected = np.array([max([1.0, *r[row]]) for row in HOT])
    sampler = RepeatFactorSampler(torch.from_numpy(HOT), 0.2)
    np.testing.assert_allclose(sampler.repeat_factors, expected)
    assert len(sampler) == np.ceil(expected.sum())
    assert expected[HOT[:, 2]].min() > expected[~HOT.any(axis=1)].max() == 1
    assert sampler.prior_offset is None
    drawn = np.concatenate(epochs(sampler, 2000))
    times = np.bincount(drawn, minlength=len(HOT)) / 2000
    stretch = len(sampler) / expected.sum()
    np.testing.assert_allclose(times, expected * stretch, atol=0.06)
    np.testing.assert_allclose(HOT[drawn].mean(axis=0), sampler.shares, atol=1e-3)


def test_repeat_factor_rounds_only_the_fraction() -> None:
    sampler = RepeatFactorSampler(LABELS, 0.5)
    stretched = sampler.repeat_factors * len(sampler) / sampler.repeat_factors.sum()
    for rows in epochs(sampler, 50):
        times = np.bincount(rows, minlength=100)
        assert (times >= 1).all()
        assert (times >= np.floor(stretched)).all()
        assert (times <= np.ceil(stretched)).all()


def test_threshold_below_every_share_shows_each_row_once() -> None:
    assert sorted(RepeatFactorSampler(LABELS, 0.01)) == list(range(100))


def test_dynamic_shares_follow_what_is_lacking() -> None:
    sampler = DynamicSampler(LABELS, floor=0, smoothing=0)
    np.testing.assert_allclose(sampler.shares, 1 / 3)
    sampler.update(torch.tensor([0.9, 0.7, 0.4], dtype=torch.float64))
    np.testing.assert_allclose(sampler.shares, [0.1, 0.3, 0.6])
    sampler.update([1.0, 1.0, 1.0])
    np.testing.assert_allclose(sampler.shares, 1 / 3)
    sampler.update([1.0, 1.0, 0.0])
    assert set(LABELS[list(sampler)]) == {2}
    assert sampler.prior_offset.tolist() == [0, 0, 0], "what is never drawn is not shifted"


def test_dynamic_floor_and_smoothing() -> None:
    sampler = DynamicSampler(LABELS, floor=0.3, smoothing=0.75)
    sampler.update([1.0, 1.0, 0.0])
    target = 0.75 / 3 + 0.25 * np.array([0, 0, 1])
    np.testing.assert_allclose(sampler.shares, 0.7 * target + 0.1)
    for _ in range(100):
        sampler.update([1.0, 1.0, 0.0])
    np.testing.assert_allclose(sampler.shares, [0.1, 0.1, 0.8])


def test_dynamic_passes_over_classes_without_rows() -> None:
    sampler = DynamicSampler([0, 0, 2], classes=3, floor=0, smoothing=0)
    sampler.update([0.8, float("nan"), 0.2])
    np.testing.assert_allclose(sampler.shares, [0.2, 0, 0.8])


@pytest.mark.parametrize("f1", [[0.5, 0.5], [0.5, 0.5, 50], [0.5, 0.5, float("nan")], ["a"] * 3])
def test_f1_that_cannot_be_used(f1: Any) -> None:
    with pytest.raises(UsageError, match="F1"):
        DynamicSampler(LABELS).update(f1)


def test_amounts_are_rounded_without_bias() -> None:
    generator = np.random.default_rng(0)
    amounts = np.array([0.2, 1.5, 3.3, 5.0])
    drawn = np.array([allot(amounts, 10, generator) for _ in range(20000)])
    assert (drawn.sum(axis=1) == 10).all()
    np.testing.assert_allclose(drawn.mean(axis=0), amounts, atol=0.02)
    assert (np.abs(drawn - amounts) < 1).all()


def test_network_starts_at_what_the_sampler_draws() -> None:
    sampler = RepeatFactorSampler(HOT, 0.2)
    model = torch.nn.Linear(3, 4)
    start = start_at_prior(model, sampled=sampler)
    assert start.form == "sigmoid"
    np.testing.assert_allclose(start.prior, sampler.shares)
    balanced = ClassAwareSampler(LABELS)
    np.testing.assert_allclose(start_at_prior(torch.nn.Linear(3, 3), sampled=balanced).prior, 1 / 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BalancedBatchSampler(LABELS, 10), r"batch_size=10 is no multiple.*batch_size=9"),
        (lambda: BalancedBatchSampler(LABELS, 1), "use batch_size=3"),
        (lambda: BalancedBatchSampler(HOT, 8), "several labels"),
        (lambda: BalancedBatchSampler(LABELS, 3, num_batches=0), "num_batches=0"),
        (lambda: DynamicSampler(HOT), "one label per row"),
        (lambda: DynamicSampler(LABELS, floor=2), r"floor=2 is outside \[0, 1\]"),
        (lambda: DynamicSampler(LABELS, smoothing=1), r"smoothing=1 is outside \[0, 1\)"),
        (lambda: RepeatFactorSampler(LABELS, 0), r"threshold=0 is outside \(0, 1\]"),
        (lambda: ClassAwareSampler(LABELS, num_samples=0), "num_samples=0"),
        (lambda: ClassAwareSampler(LABELS, seed=-1), "seed=-1"),
        (lambda: ClassAwareSampler(LABELS, num_replicas=2), "without rank="),
        (lambda: ClassAwareSampler(LABELS, num_replicas=2, rank=2), "rank=2 is beyond"),
        (lambda: ClassAwareSampler(LABELS).set_epoch(-1), "epoch=-1"),
        (lambda: ClassAwareSampler(LABELS, classes=2), "class code 2 is beyond classes=2"),
        (lambda: ClassAwareSampler(["a"], classes=["b"]), "'a' is not among"),
        (lambda: ClassAwareSampler(np.zeros((3, 2))), "no row has a label"),
        (lambda: ClassAwareSampler([0, -100]), "label -100 of row 1"),
    ],
)
def test_what_cannot_be_done_is_said(make: Callable[[], Any], message: str) -> None:
    with pytest.raises((UsageError, TargetError), match=message):
        make()


def test_rank_and_world_come_from_torch_distributed(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = list(ClassAwareSampler(LABELS, rank=1, num_replicas=4))
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 4)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 1)
    assert list(ClassAwareSampler(LABELS)) == wanted
    assert len(wanted) == 25
    # A loader that deals batches out itself must see the whole stream.
    assert len(ClassAwareSampler(LABELS, num_replicas=1)) == 100
