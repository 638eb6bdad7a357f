"""The last layer alone: trained anew, divided by its norms, scaled per class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from equipoise.errors import UsageError
from equipoise.schedules import (
    head_features,
    learn_scales,
    retrain_head,
    start_at_prior,
    tau_normalise,
)

COUNTS = [600, 60, 12]


def long_tail(seed: int, counts: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    y = torch.repeat_interleave(torch.arange(3), torch.tensor(counts))
    centres = torch.tensor([[0.0, 0.0], [1.6, 0.0], [0.0, 1.6]])
    return centres[y] + torch.randn(len(y), 2, generator=generator), y


def encoder_and_head() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3)
    )


@pytest.fixture(scope="module")
def trained() -> dict[str, torch.Tensor]:
    """Weights of a network trained on the long tail as it is."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = encoder_and_head()
        x, y = long_tail(0, COUNTS)
        start_at_prior(model, COUNTS)
        steps = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(150):
            steps.zero_grad()
            cross_entropy(model(x), y).backward()
            steps.step()
    return model.state_dict()


@pytest.fixture
def model(trained: dict[str, torch.Tensor]) -> nn.Sequential:
    out = encoder_and_head()
    out.load_state_dict(trained)
    return out


@torch.no_grad()
def recalls(model: nn.Module) -> np.ndarray:
    x, y = long_tail(1, [400, 400, 400])
    was = model.training
    guess = model.eval()(x).argmax(dim=1)
    model.train(was)
    return np.array([(guess[y == c] == c).double().mean().item() for c in range(3)])


def test_retraining_raises_the_recall_of_the_rare_and_leaves_the_encoder(
    model: nn.Sequential,
) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    plain = recalls(model)
    model.train()
    model[0].weight.requires_grad_(False)
    done = retrain_head(model, TensorDataset(*long_tail(0, COUNTS)), epochs=8)
    after = model.state_dict()
    for name in before:
        same = torch.equal(before[name], after[name])
        assert same is (not name.startswith("4.")), name
    better = recalls(model)
    assert better[1:].mean() > plain[1:].mean() + 0.15
    assert better.mean() > plain.mean() + 0.05
    assert done.losses[-1] < done.losses[0]
    assert done.name == "4"
    assert all(module.training for module in model.modules())
    assert not model[0].weight.requires_grad
    assert model[1].weight.requires_grad
    assert model[4].weight.requires_grad
    assert model[4].weight.grad is None


def test_offset_of_retraining_is_that_of_balanced_rows(model: nn.Sequential) -> None:
    done = retrain_head(model, TensorDataset(*long_tail(0, COUNTS)), epochs=1)
    expected = -np.log(COUNTS)
    assert done.prior_offset is not None
    np.testing.assert_allclose(done.prior_offset, expected - expected.mean())


def test_retraining_is_reproducible_and_leaves_the_generator(model: nn.Sequential) -> None:
    data = TensorDataset(*long_tail(0, COUNTS))
    state = torch.random.get_rng_state()
    first = retrain_head(model, data, epochs=2, seed=3)
    weight = model[4].weight.detach().clone()
    again = retrain_head(model, data, epochs=2, seed=3)
    assert first.losses == again.losses
    assert torch.equal(weight, model[4].weight)
    assert torch.equal(state, torch.random.get_rng_state())
    retrain_head(model, data, epochs=2, seed=4)
    assert not torch.equal(weight, model[4].weight)


def test_going_on_without_a_reset(model: nn.Sequential) -> None:
    before = model[4].weight.detach().clone()
    retrain_head(model, TensorDataset(*long_tail(0, COUNTS)), epochs=1, lr=1e-6, reset=False)
    torch.testing.assert_close(model[4].weight.detach(), before, rtol=0, atol=1e-4)


class Rows(Dataset[dict[str, Any]]):
    """Rows as mappings, with labels as names kept elsewhere."""

    def __init__(self) -> None:
        self.x, self.y = long_tail(0, COUNTS)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {"x": self.x[row], "labels": self.y[row]}


class Output(dict[str, Any]):
    pass


class Named(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> Output:
        return Output(logits=self.inner(x))


def test_mappings_loaders_names_and_a_forward_of_ones_own(model: nn.Sequential) -> None:
    names = [["common", "rare", "rarest"][c] for c in Rows().y]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = []
    for forward in (None, lambda model, batch: model.inner(batch["x"])):
        model.load_state_dict(state)
        loader = DataLoader(Rows(), batch_size=50)
        done = retrain_head(
            Named(model), loader, names, epochs=2, head=model[4], forward_fn=forward
        )
        assert done.name == "inner.4"
        found.append(model[4].weight.detach().clone())
    assert torch.equal(*found)


def test_single_output_and_several_labels() -> None:
    x, y = long_tail(0, COUNTS)
    torch.manual_seed(0)
    one = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    done = retrain_head(one, TensorDataset(x, (y > 0).long()), epochs=5, lr=0.05)
    assert done.losses[-1] < np.log(2)
    many = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    hot = torch.stack([y == 1, y == 2], dim=1)
    done = retrain_head(many, TensorDataset(x, hot), epochs=5, lr=0.05)
    assert done.losses[-1] < np.log(2)
    assert done.prior_offset is None


def test_own_loss_sampler_and_optimizer(model: nn.Sequential) -> None:
    data = TensorDataset(*long_tail(0, COUNTS))
    seen = []

    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        seen.extend(target.tolist())
        return cross_entropy(logits, target)

    retrain_head(
        model,
        data,
        epochs=1,
        loss=loss,
        sampler=torch.utils.data.SequentialSampler(data),
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1),
    )
    assert seen == data.tensors[1].tolist()


class Stream(IterableDataset[int]):
    def __iter__(self) -> Any:
        return iter(range(3))


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        (Stream(), {}, "no index"),
        (Rows(), {}, "does not say what the labels"),
        (TensorDataset(*long_tail(0, COUNTS)), {"labels": [0, 1]}, "2 labels for 672 rows"),
        (TensorDataset(*long_tail(0, COUNTS)), {"labels": ["a"] * 672}, "of 1 classes"),
        (
            TensorDataset(*long_tail(0, COUNTS)),
            {"head": "0"},
            r"shape \(64, 3\) do not come from the head '0' with 16 outputs",
        ),
        (
            TensorDataset(*long_tail(0, COUNTS)),
            {"forward_fn": lambda model, batch: torch.zeros(len(batch[0]), 3)},
            "do not come from the head",
        ),
        (
            TensorDataset(*long_tail(0, COUNTS)),
            {"forward_fn": lambda model, batch: model(batch[0]), "epochs": 0},
            "epochs=0",
        ),
    ],
)
def test_what_cannot_be_trained_is_said(
    model: nn.Sequential, data: Any, more: dict[str, Any], message: str
) -> None:
    before = [one.clone() for one in model.parameters()]
    with pytest.raises(UsageError, match=message):
        retrain_head(model, data, **more)
    assert all(map(torch.equal, model.parameters(), before))
    assert all(one.requires_grad for one in model.parameters())
    assert model.training


def test_norms_are_equal_at_one_and_stay_at_zero(model: nn.Sequential) -> None:
    weight = model[4].weight.detach().clone()
    bias = model[4].bias.detach().clone()
    norms = weight.norm(dim=1)
    assert norms.max() > 1.1 * norms.min()
    assert tau_normalise(model, 0.0, bias="keep") is model[4]
    assert torch.equal(model[4].weight, weight)
    assert torch.equal(model[4].bias, bias)
    tau_normalise(model, 0.5)
    torch.testing.assert_close(model[4].weight.detach(), weight / norms.sqrt()[:, None])
    assert not model[4].bias.any()
    tau_normalise(model, 1.0)
    torch.testing.assert_close(model[4].weight.detach().norm(dim=1), torch.ones(3))


def test_normalising_raises_the_recall_of_the_rare(model: nn.Sequential) -> None:
    plain = recalls(model)
    tau_normalise(model, 1.0)
    assert recalls(model)[1:].mean() > plain[1:].mean() + 0.05


@pytest.mark.parametrize(
    ("layer", "more", "message"),
    [
        (nn.Linear(2, 3), {"tau": -1}, "tau=-1"),
        (nn.Linear(2, 3), {"tau": float("nan")}, "tau=nan"),
        (nn.Linear(2, 3), {"bias": "drop"}, "bias='drop'"),
        (nn.Linear(2, 1), {}, "single output"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)), {}, "are computed"),
    ],
)
def test_what_cannot_be_normalised_is_said(layer: Any, more: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tau_normalise(layer, **more)


def test_zero_weights_have_no_norm() -> None:
    layer = nn.Linear(2, 3)
    start_at_prior(layer, COUNTS)
    with pytest.raises(UsageError, match="weights of class 0 are 0"):
        tau_normalise(layer)


def test_features_are_what_the_head_is_given(model: nn.Sequential) -> None:
    data = TensorDataset(*long_tail(0, COUNTS))
    model.train()
    features = head_features(model, data, batch_size=100)
    assert features.shape == (672, 16)
    with torch.no_grad():
        wanted = model.eval()(data.tensors[0])
        torch.testing.assert_close(model[4](features), wanted)


def test_features_of_a_head_that_runs_per_token_are_refused() -> None:
    with pytest.raises(UsageError, match="not given one vector per row"):
        head_features(nn.Linear(2, 3), TensorDataset(torch.zeros(4, 5, 2)))


def test_scales_are_the_best_for_balanced_rows(model: nn.Sequential) -> None:
    data = TensorDataset(*long_tail(0, COUNTS))
    features = head_features(model, data)
    layer = model[4]
    old = nn.Linear(16, 3)
    old.load_state_dict(layer.state_dict())
    plain = recalls(model)
    scales = learn_scales(model, features, data.tensors[1], penalty=1e-3)
    torch.testing.assert_close(layer.weight, old.weight * scales[:, None].float())
    torch.testing.assert_close(layer.bias, old.bias * scales.float())

    def objective(s: torch.Tensor) -> float:
        z = old(features).double().detach() * s
        loss = cross_entropy(z, data.tensors[1], reduction="none")
        by_class = [loss[data.tensors[1] == c].mean().item() for c in range(3)]
        return float(np.mean(by_class)) + 1e-3 * ((s - 1) ** 2).mean().item()

    best = objective(scales)
    assert best < objective(torch.ones(3))
    for c in range(3):
        for step in (-0.02, 0.02):
            other = scales.clone()
            other[c] += step
            assert objective(other) > best
    assert recalls(model)[1:].mean() > plain[1:].mean()


def test_scales_stay_finite_where_classes_are_separable() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-1.0], [1.0]]))
    x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    scales = learn_scales(layer, x, ["a", "a", "b", "b"])
    assert scales.isfinite().all()
    assert scales.max() < 100


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (torch.zeros(4, 2), [0, 1, 2, 3], "of 4 classes, the head has 3"),
        (torch.zeros(4, 5), [0, 1, 2, 0], r"\(4, 5\) do not fit 4 labels"),
        (torch.zeros(3, 2), [0, 1, 2, 0], r"\(3, 2\) do not fit 4 labels"),
    ],
)
def test_what_cannot_be_scaled_is_said(features: Any, labels: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        learn_scales(nn.Linear(2, 3), features, labels)
