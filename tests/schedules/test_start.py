"""The first loss is the entropy of the labels: plain, weighted, resampled, one label or many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from equipoise.errors import TargetError, UsageError
from equipoise.schedules import last_layer, start_at_prior

COUNTS = [70, 25, 5]


def network(outputs: int, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, outputs)).to(dtype)


def rows(n: int) -> torch.Tensor:
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def codes(counts: list[int]) -> torch.Tensor:
    return torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))


def entropy(shares: Any) -> float:
    shares = np.asarray(shares, dtype=float) / np.sum(shares)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def test_first_loss_is_the_entropy() -> None:
    model, y = network(3), codes(COUNTS)
    start = start_at_prior(model, COUNTS)
    loss = cross_entropy(model(rows(len(y))), y).item()
    assert loss == pytest.approx(entropy(COUNTS), abs=1e-9)
    assert start.first_loss == pytest.approx(loss, abs=1e-9)
    assert start.entropy == pytest.approx(loss, abs=1e-9)
    assert start.name == "2"
    assert start.form == "softmax"


def test_any_other_bias_has_a_larger_first_loss() -> None:
    """What the entropy test would miss: a bias of zeros, two shares swapped."""
    y = codes(COUNTS)
    for wrong in ([1, 1, 1], [25, 70, 5], [70, 5, 25]):
        model = network(3)
        start_at_prior(model, wrong)
        assert cross_entropy(model(rows(len(y))), y).item() > entropy(COUNTS) + 1e-3
    model = network(3)
    start_at_prior(model, COUNTS, shrink=1.0)
    assert abs(cross_entropy(model(rows(len(y))), y).item() - entropy(COUNTS)) > 1e-4


def test_weighted_first_loss_is_the_weighted_entropy() -> None:
    model, y, w = network(3), codes(COUNTS), [0.5, 2.0, 7.0]
    start = start_at_prior(model, COUNTS, weights=w)
    mass = np.multiply(COUNTS, w)
    logits = model(rows(len(y)))
    weight = torch.tensor(w, dtype=torch.float64)
    theirs = cross_entropy(logits, y, weight=weight).item()
    ours = cross_entropy(logits, y, weight=weight, reduction="sum").item() / len(y)
    assert theirs == pytest.approx(entropy(mass), abs=1e-9)
    assert start.entropy == pytest.approx(theirs, abs=1e-9)
    assert start.first_loss == pytest.approx(ours, abs=1e-9)
    swapped = network(3)
    start_at_prior(swapped, COUNTS, weights=[2.0, 0.5, 7.0])
    assert cross_entropy(swapped(rows(len(y))), y, weight=weight).item() > theirs + 1e-3


def test_balanced_weights_start_uniform() -> None:
    start = start_at_prior(network(3), COUNTS, weights=[1 / n for n in COUNTS])
    np.testing.assert_allclose(start.prior, 1 / 3)


def test_resampled_prior_takes_the_place_of_the_counts() -> None:
    model, sampled = network(3), [40, 40, 20]
    y = codes(sampled)
    start = start_at_prior(model, COUNTS, sampled=sampled)
    loss = cross_entropy(model(rows(len(y))), y).item()
    assert loss == pytest.approx(entropy(sampled), abs=1e-9)
    assert start.first_loss == pytest.approx(loss, abs=1e-9)


@pytest.mark.parametrize("weight", [1.0, 9.0])
def test_single_output(weight: float) -> None:
    model, y = network(1), codes([90, 10])
    start = start_at_prior(model, [90, 10], weights=weight)
    logits = model(rows(100))[:, 0]
    loss = binary_cross_entropy_with_logits(
        logits, y.double(), pos_weight=torch.tensor(weight, dtype=torch.float64)
    ).item()
    pi = 0.1
    p = weight * pi / (1 - pi + weight * pi)
    assert start.form == "sigmoid"
    assert start.prior == pytest.approx([p], abs=1e-12)
    assert start.first_loss == pytest.approx(loss, abs=1e-9)
    assert loss == pytest.approx((weight * pi + 1 - pi) * entropy([p, 1 - p]), abs=1e-9)


def test_two_outputs_and_one_output_say_the_same() -> None:
    two, one = network(2), network(1)
    a, b = start_at_prior(two, [90, 10]), start_at_prior(one, [90, 10])
    assert a.form == "softmax"
    assert a.prior[1] == pytest.approx(b.prior[0], abs=1e-12)
    assert a.first_loss == pytest.approx(b.first_loss, abs=1e-12)


@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 20.0]])
def test_several_labels_per_row(weights: list[float] | None) -> None:
    generator = np.random.default_rng(0)
    hot = generator.random((200, 3)) < [0.6, 0.2, 0.03]
    model = network(3)
    start = start_at_prior(model, labels=hot, weights=weights)
    w = torch.tensor(weights or [1.0] * 3, dtype=torch.float64)
    loss = binary_cross_entropy_with_logits(
        model(rows(200)), torch.tensor(hot).double(), pos_weight=w
    ).item()
    pi = hot.mean(axis=0)
    p = w.numpy() * pi / (1 - pi + w.numpy() * pi)
    expected = np.mean(
        [(v * a + 1 - a) * entropy([b, 1 - b]) for v, a, b in zip(w.numpy(), pi, p, strict=True)]
    )
    assert start.form == "sigmoid"
    assert loss == pytest.approx(expected, abs=1e-9)
    assert start.first_loss == pytest.approx(loss, abs=1e-9)
    positives = hot.sum(axis=0)
    for again in (
        {"counts": positives, "rows": 200},
        {"counts": np.stack([200 - positives, positives])},
    ):
        other = start_at_prior(network(3), weights=weights, **again)
        np.testing.assert_allclose(other.bias, start.bias)


def test_cells_without_a_label_are_not_counted() -> None:
    hot = np.array([[1, 0], [0, np.nan], [0, 1], [-100, 1]])
    start = start_at_prior(network(2), labels=hot)
    np.testing.assert_allclose(start.prior, [1 / 3, 2 / 3])
    assert start_at_prior(network(2), labels=[0, 0, 0, 1, -100, -100]).prior[1] == pytest.approx(
        0.25
    )


@pytest.mark.parametrize(
    "labels",
    [
        [0, 0, 0, 1],
        np.array([0, 0, 0, 1], dtype=np.int32),
        torch.tensor([0, 0, 0, 1]),
        torch.tensor([0.0, 0.0, 0.0, 1.0]),
        ["ham", "ham", "ham", "spam"],
        [False, False, False, True],
    ],
    ids=["list", "numpy", "tensor", "float", "names", "booleans"],
)
@pytest.mark.parametrize("outputs", [1, 2])
def test_labels_of_any_kind(labels: Any, outputs: int) -> None:
    start = start_at_prior(network(outputs), labels=labels)
    assert start.prior[-1] == pytest.approx(0.25)


def test_order_of_names_is_that_of_the_outputs() -> None:
    labels = ["ham", "ham", "ham", "spam"]
    start = start_at_prior(network(2), labels=labels, classes=["spam", "ham"])
    np.testing.assert_allclose(start.prior, [0.25, 0.75])


def test_class_without_rows_has_the_smallest_share() -> None:
    model, y = network(4), codes([70, 25, 5])
    start = start_at_prior(model, [70, 25, 5, 0])
    np.testing.assert_allclose(start.prior, np.array([70, 25, 5, 0.5]) / 100.5)
    loss = cross_entropy(model(rows(100)), y).item()
    assert start.first_loss == pytest.approx(loss, abs=1e-9)
    np.testing.assert_allclose(
        start_at_prior(network(3), sampled=[0.9, 0.1, 0.0]).prior, np.array([90, 10, 5]) / 105
    )


def test_label_of_no_row_and_of_every_row() -> None:
    model = network(2)
    hot = np.array([[0, 1]] * 10)
    start = start_at_prior(model, labels=hot)
    np.testing.assert_allclose(start.bias, [-np.log(20), np.log(20)])
    loss = binary_cross_entropy_with_logits(model(rows(10)), torch.tensor(hot).double()).item()
    assert start.first_loss == pytest.approx(loss, abs=1e-9)


def test_one_class_only() -> None:
    assert start_at_prior(network(1), labels=[0, 0, 0, 0]).prior == pytest.approx([1 / 9])
    assert start_at_prior(network(2), labels=[0] * 4, classes=2).prior[0] == pytest.approx(8 / 9)


def test_weights_of_the_layer_are_shrunk() -> None:
    model = network(3)
    before = model[2].weight.detach().clone()
    start_at_prior(model, COUNTS, shrink=0.1)
    torch.testing.assert_close(model[2].weight.detach(), before * 0.1)
    assert model[2].weight.requires_grad


def test_a_convolution_can_be_the_head() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 3, 1)).double()
    start = start_at_prior(model, COUNTS, head="1")
    out = model(torch.randn(2, 1, 5, 5, dtype=torch.float64)).softmax(dim=1)
    np.testing.assert_allclose(out[1, :, 2, 2].detach(), start.prior)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("Bert", "classifier"),
        ("Roberta", "classifier.out_proj"),
        ("DistilBert", "classifier"),
        ("DebertaV2", "classifier"),
    ],
)
def test_transformers(name: str, layer: str) -> None:
    # As many classes as hidden units: the width of a layer alone does not tell.
    model, counts = classifier(name, 8), [900, 50, 20, 10, 8, 6, 4, 2]
    start = start_at_prior(model, counts)
    y = codes(counts)[::50]
    with torch.no_grad():
        out = model(input_ids=torch.randint(3, 40, (len(y), 5)), labels=y)
    wanted = -np.log(np.array(counts) / 1000)[y].mean()
    assert start.name == layer
    assert out.loss.item() == pytest.approx(wanted, abs=1e-6)


def classifier(name: str, n: int, **more: Any) -> nn.Module:
    transformers = pytest.importorskip("transformers")
    small = {"vocab_size": 40, "num_labels": n, "pad_token_id": 0, **more}
    if name == "DistilBert":
        small |= {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 8}
    elif name == "GPT2":
        small |= {"n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 1, "eos_token_id": 1}
    else:
        small |= {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        small |= {"intermediate_size": 8}
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**small)
    model: nn.Module = getattr(transformers, f"{name}ForSequenceClassification")(config).eval()
    return model


def test_a_head_without_bias_is_refused_and_can_be_given_one() -> None:
    model = classifier("GPT2", 3)
    with pytest.raises(UsageError, match=r"'score' has no bias.*model\.score\.bias = "):
        start_at_prior(model, COUNTS)
    model.score.bias = nn.Parameter(torch.zeros(3))  # as the message says
    start_at_prior(model, COUNTS)
    with torch.no_grad():
        out = model(input_ids=torch.randint(3, 40, (4, 5))).logits.softmax(dim=-1)
    np.testing.assert_allclose(out[2], np.array(COUNTS) / 100, atol=1e-6)


def test_form_follows_the_problem_type() -> None:
    model = classifier("Bert", 3, problem_type="multi_label_classification")
    assert start_at_prior(model, [3, 2, 1], rows=10).form == "sigmoid"
    with pytest.raises(UsageError, match="without the number of rows"):
        start_at_prior(model, [3, 2, 1])
    model = classifier("Bert", 1, problem_type="regression")
    with pytest.raises(UsageError, match="has no class prior"):
        start_at_prior(model, [3, 2])
    assert start_at_prior(model, [3, 2], form="sigmoid").prior == pytest.approx([0.4])


def test_labels_show_fewer_classes_than_the_network_has() -> None:
    start = start_at_prior(classifier("Bert", 4), labels=[0, 0, 0, 1, 1, 2])
    assert start.prior.shape == (4,)
    assert start.prior.argmin() == 3


class Heads(nn.Module):
    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)


def test_last_layer_of_common_shapes() -> None:
    resnet = Heads(layer1=nn.Linear(3, 3), fc=nn.Linear(3, 3))
    assert last_layer(resnet, 3)[0] == "fc"
    vgg = Heads(classifier=nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)))
    assert last_layer(vgg, 3)[0] == "classifier.2"
    wrapped = nn.DataParallel(resnet)
    assert last_layer(wrapped, 3)[0] == "module.fc"
    adapted = Heads(
        classifier=Heads(original_module=nn.Linear(3, 3), trained=Heads(default=nn.Linear(3, 3)))
    )
    assert last_layer(adapted, 3)[0] == "classifier.trained.default"
    only = nn.Linear(3, 2)
    assert last_layer(only, 2) == ("", only)
    assert last_layer(resnet, head=resnet.layer1) == ("layer1", resnet.layer1)
    nested = nn.Sequential(Heads(fc=nn.Linear(3, 3), other=nn.Linear(3, 3)), nn.Linear(3, 3))
    assert last_layer(nested, 3)[0] == "1"


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (Heads(a=nn.Linear(3, 2), b=nn.Linear(3, 2)), {}, r"2 layers .* a \(2 outputs\), b .*'b'"),
        (Heads(head=nn.Linear(3, 2), fc=nn.Linear(3, 2)), {}, r"2 layers .* head .* fc"),
        (Heads(a=nn.Linear(3, 2)), {"counts": COUNTS}, r"no linear layer with 3 outputs: a"),
        (nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 5)), {}, r"last linear layer, 1 \(5 out"),
        (nn.Tanh(), {}, "none at all"),
        (network(2), {"head": "7"}, "has no module '7'"),
        (network(2), {"head": nn.Tanh()}, "no weight"),
        (network(3), {"head": "2"}, "counts of 2 classes, the head has 3"),
        (nn.Linear(3, 2, bias=False), {}, "no bias"),
        (network(2), {"weights": [1, 0]}, "do not fit"),
        (network(2), {"weights": [1, 2, 3]}, "do not fit"),
        (network(2), {"shrink": -1}, "shrink=-1"),
        (network(2), {"form": "hinge"}, "form='hinge'"),
        (network(1), {"form": "softmax"}, "no linear layer with 2"),
        (network(2), {"counts": [0, 0]}, "no rows"),
        (network(2), {"counts": [5, -1]}, "not all numbers from 0"),
        (network(2), {"counts": [5, 1], "rows": 4}, "5 positives in 4 rows"),
        (network(2), {"labels": [0, 1]}, "both given"),
        (network(2), {"counts": None}, "no counts"),
        (network(2), {"counts": None, "labels": [[0, 1], [1, 0]], "form": "softmax"}, "argmax"),
    ],
)
def test_what_cannot_be_done_is_said(model: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        start_at_prior(model, **{"counts": [3, 1], **arguments})


def test_tied_weights_are_not_scaled_unawares() -> None:
    model = Heads(embed=nn.Embedding(3, 4), lm_head=nn.Linear(4, 3))
    model.lm_head.weight = model.embed.weight
    with pytest.raises(UsageError, match=r"also embed\.weight"):
        start_at_prior(model, COUNTS)
    start_at_prior(model, COUNTS, shrink=1)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([-1, 1], "label -1 of row 0 is no class code"),
        ([0.5, 1], "label 0.5 of row 0"),
        (["a", None], "1 of 2 labels are missing, the first in row 1"),
        ([], "no labels"),
        ([[0, 1], [2, 0]], "row 1, column 0"),
        ([[0, 1], [1]], "different lengths"),
        ([10**9], "would make"),
    ],
)
def test_labels_that_cannot_be_read(labels: Any, message: str) -> None:
    with pytest.raises((TargetError, UsageError), match=message):
        start_at_prior(network(2), labels=labels)
