"""Single steps of the networks on tables: what each goes down on, which rows it is shown, what is taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from equipoise.learners.base import Loss, Schedule, Training
from equipoise.learners.mlp import FittedNetwork, squashed
from equipoise.learners.neural import mlp
from equipoise.learners.neural.mlp import Recipe, train_network
from equipoise.learners.neural.mlp_others import train_on_labels, train_on_numbers
from equipoise.learners.neural.network import AdamW
from equipoise.learners.numbers import Unit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
CODES = (X[:, 0] + RNG.normal(size=24) > 0).astype(np.int64)
LABELS = (X[:, :2] + RNG.normal(size=(24, 2)) > 0).astype(np.int64)
NUMBERS = X[:, 0] + np.exp(RNG.normal(size=24))
# Batches of 8, whose weights have other means than 1.
WEIGHT = np.geomspace(1, 50, 24) / np.geomspace(1, 50, 24).mean()
RECIPE = Recipe(hidden=(5,), dropout=0.0, batches=3, smallest=4, blind=1)
UNTRAINED = Recipe(hidden=(5,), blind=0)


@pytest.fixture
def stepped_on(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Values that networks are asked to go down on; no step is taken."""
    values: list[float] = []
    monkeypatch.setattr(AdamW, "down", lambda self, loss: values.append(float(loss.detach())))
    return values


def on_classes(**more: Any) -> tuple[Any, np.ndarray]:
    part = Training(X, CODES, 2, **more)
    log_p = train_network(part, UNTRAINED).fitted.log_proba(X)
    return part, -log_p[np.arange(24), CODES]


def on_labels(**more: Any) -> tuple[Any, np.ndarray]:
    part = Training(X, LABELS, 2, target="labels", **more)
    odds = train_on_labels(part, UNTRAINED).log_odds(X)
    terms = np.logaddexp(0.0, np.where(LABELS == 1, -odds, odds))
    # Weights of rows are made to have mean 1 in each label, which they have.
    return part, terms.sum(axis=1)


def on_numbers(**more: Any) -> tuple[Any, np.ndarray]:
    part = Training(X, NUMBERS, 1, target="numbers", **more)
    unit = Unit.of(NUMBERS, part.sample_weight)
    rest = unit.put(NUMBERS) - unit.put(train_on_numbers(part, UNTRAINED).predict(X))
    if part.loss is None:
        return part, rest**2
    q = part.loss.values["q"]
    return part, np.maximum(q * rest, (q - 1) * rest)


CASES = [
    (train_network, on_classes, {}),
    (train_on_labels, on_labels, {}),
    (train_on_numbers, on_numbers, {}),
    (train_on_numbers, on_numbers, {"loss": Loss("pinball", {"q": 0.9})}),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("train", "terms", "more"), CASES, ids=["classes", "labels", "numbers", "quantile"]
)
def test_a_step_goes_down_on_the_weighted_sum_over_the_number_of_rows(
    train: Any, terms: Any, more: Any, weighted: bool, stepped_on: list[float]
) -> None:
    """Over the sum of weights of a batch, rows would count by the company that they are in."""
    weight = WEIGHT if weighted else None
    part, expected = terms(sample_weight=weight, **more)
    train(part, RECIPE)
    assert len(stepped_on) == 3
    if weighted:
        expected = expected * WEIGHT
    # Batches are of equal size, so the mean of their means is that over the rows, whatever their order.
    assert np.mean(stepped_on) == pytest.approx(expected.mean(), rel=1e-5)
    assert np.ptp(stepped_on) > 0.01


def test_steps_over_several_batches_are_those_of_torch() -> None:
    # Where each batch was divided by its own weight, the steps would be others: a batch of heavy rows pulls more.
    part = Training(X, CODES, 2, seed=4, sample_weight=WEIGHT)
    before = train_network(part, UNTRAINED).fitted
    after = train_network(part, RECIPE).fitted
    net = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
    with torch.no_grad():
        for k, layer in enumerate((net[0], net[2])):
            layer.weight.copy_(torch.tensor(before.weights[k]))
            layer.bias.copy_(torch.tensor(before.biases[k]))
    steps = torch.optim.AdamW(net.parameters(), lr=RECIPE.rate, weight_decay=RECIPE.decay)
    for batch in np.random.default_rng([4, 0]).permutation(24).reshape(3, 8):
        terms = torch.nn.functional.cross_entropy(
            net(torch.from_numpy(squashed(X[batch]))),
            torch.from_numpy(CODES[batch]),
            reduction="none",
        )
        steps.zero_grad()
        (terms * torch.from_numpy(WEIGHT[batch])).mean().backward()
        steps.step()
    for k, layer in enumerate((net[0], net[2])):
        np.testing.assert_allclose(after.weights[k], layer.weight.detach(), atol=1e-5)
        np.testing.assert_allclose(after.biases[k], layer.bias.detach(), atol=1e-5)


def test_what_the_schedule_moved_is_taken_from_the_scores() -> None:
    """Scores 0.3 x, -0.2 x and 0.1, of which the last class was never shown, in closed form."""
    layer = np.array([[0.3], [-0.2], [0.0]], dtype=np.float32)
    bias = np.array([0.0, 0.0, 0.1], dtype=np.float32)
    shift = np.array([0.7, -0.4, -0.3])
    at = squashed(np.array([[-2.0], [0.5]])).astype(np.float64)
    scores = at @ layer.T.astype(np.float64) + bias - shift
    three = FittedNetwork([layer], [bias], shift, np.ones(3, dtype=bool))
    p = np.exp(three.log_proba(np.array([[-2.0], [0.5]])))
    np.testing.assert_allclose(p, np.exp(scores) / np.exp(scores).sum(axis=1)[:, None], rtol=1e-6)
    two = FittedNetwork([layer], [bias], shift, np.array([True, True, False]))
    log_p = two.log_proba(np.array([[-2.0], [0.5]]))
    np.testing.assert_allclose(
        log_p[:, 0] - log_p[:, 1], scores[:, 0] - scores[:, 1], rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(log_p[:, 2] - log_p[:, :2].max(axis=1), np.log(1e-12), rtol=1e-6)


@pytest.mark.parametrize("name", ["head-retraining", "dynamic-sampling"])
def test_every_epoch_is_shown_rows_of_its_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of = {"head-retraining": "ClassAwareSampler", "dynamic-sampling": "DynamicSampler"}[name]
    drawn: list[tuple[int, ...]] = []

    class Watched(getattr(mlp, of)):  # type: ignore[misc]
        def __iter__(self) -> Any:
            drawn.append(tuple(super().__iter__()))
            return iter(drawn[-1])

    monkeypatch.setattr(mlp, of, Watched)
    part = Training(X, CODES, 2, schedule=Schedule(name))
    train_network(part, Recipe(hidden=(4,), blind=4))
    assert len(drawn) == len(set(drawn)) == 4
    assert all(len(one) == 24 for one in drawn)


@pytest.mark.parametrize("name", ["two-phase", "head-retraining", "dynamic-sampling"])
def test_a_process_of_several_trains_on_all_rows(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Training(X, CODES, 2, schedule=Schedule(name))
    recipe = Recipe(hidden=(4,), blind=2, first=1)
    alone = train_network(part, recipe).fitted
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    among = train_network(part, recipe).fitted
    for one, two in zip(alone.weights, among.weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_cosines_have_no_lengths_to_normalise() -> None:
    part = Training(X, CODES, 2, loss=Loss("ldam"))
    recipe = Recipe(hidden=(4,), blind=1)
    plain = train_network(part, recipe).fitted
    part.schedule = Schedule("tau-norm")
    np.testing.assert_array_equal(
        train_network(part, recipe).fitted.log_proba(X), plain.log_proba(X)
    )
