"""Errors name the value and say what to do; precision, devices and state."""

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from equipoise.errors import UsageError
from equipoise.losses import (
    AsymmetricLoss,
    ClassBalancedLoss,
    CosineHead,
    DistributionBalancedLoss,
    ExpectedCostLoss,
    FocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
    WeightedBCE,
    WeightedCrossEntropy,
    functional,
)

Z, Y = torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])
N = [5, 3, 1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: WeightedCrossEntropy([1, -2]), "weight is -2 for class 1"),
        (lambda: WeightedCrossEntropy([1, 0]), "weight is 0 for class 1.*ignore_index"),
        (lambda: WeightedCrossEntropy([1, float("inf")]), "weight is inf"),
        (lambda: WeightedCrossEntropy(["a"]), "give one number per class"),
        (lambda: WeightedCrossEntropy([1, 2])(Z, Y), "weight has 2 entries, logits have 3 columns"),
        (lambda: WeightedCrossEntropy(reduction="average"), "reduction='average'.*mean, sum"),
        (lambda: FocalLoss(reduction="weighted-mean"), "only WeightedCrossEntropy"),
        (lambda: WeightedCrossEntropy()(Z, Y[:3]), r"shape \(3,\), logits \(4, 3\)"),
        (lambda: WeightedCrossEntropy()(Z, Y + 1), r"class code 3 is outside 0\.\.2.*-100"),
        (lambda: WeightedCrossEntropy()(Z, torch.zeros(4, 3)), "argmax"),
        (lambda: WeightedCrossEntropy()(Z, torch.zeros(4, 3).long()), r"shape \(4, 3\)"),
        (lambda: WeightedCrossEntropy()(Z[:, 0], Y), "one column per class"),
        (lambda: WeightedCrossEntropy()(Z[:, :1], Y), "sigmoid loss"),
        (lambda: WeightedCrossEntropy()(Z.long(), Y), "before softmax"),
        (lambda: WeightedCrossEntropy()([[0.0, 1.0]], Y), "logits are list"),
        (lambda: WeightedCrossEntropy()(Z, [0, 1, 2, 0]), "targets are list"),
        (lambda: WeightedCrossEntropy()(Z, Y, sample_weight=[1, 2]), r"one per row, \(4,\)"),
        (lambda: WeightedCrossEntropy()(Z, Y, sample_weight=[1, 1, 1, -1]), "sample weight is -1"),
        (lambda: WeightedBCE([1, -2]), "pos_weight is -2 for class 1"),
        (lambda: WeightedBCE(label_weight=[0, 1]), "label_weight is 0"),
        (lambda: WeightedBCE([1, 2])(Z, Z), "pos_weight has 2 entries, logits have 3"),
        (lambda: WeightedBCE()(Z, Y), "class codes need one-hot rows"),
        (lambda: WeightedBCE()(Z, Z + 2), r"a label is 2, outside \[0, 1\]"),
        (lambda: WeightedBCE()(Z[..., None], Z), r"shape \(4, 3, 1\)"),
        (lambda: WeightedBCE()(Z, [0]), "targets are list"),
        (lambda: FocalLoss(-1), r"gamma=-1 is outside \[0, inf\)"),
        (lambda: FocalLoss(float("nan")), "gamma=nan"),
        (lambda: FocalLoss("2"), "gamma='2'"),
        (lambda: FocalLoss(alpha=1.5), r"alpha=1.5 is outside \(0, 1\)"),
        (lambda: FocalLoss(alpha=0.25)(Z, Y), "alpha=0.25 is one number for 3 classes"),
        (lambda: functional.focal_loss(Z, Y, alpha=0.25), "one number for 3 classes"),
        (lambda: functional.focal_loss(Z, Y, alpha=[1, 2]), "alpha has 2 entries"),
        (lambda: functional.focal_loss([0.0], Y), "logits are list"),
        (lambda: FocalLoss(alpha=[0.5, -1]), "alpha is -1 for class 1"),
        (lambda: FocalLoss(alpha=[0.5, 1.0], target="labels"), "share of the positives"),
        (lambda: FocalLoss(target="label"), "target='label'"),
        (lambda: ClassBalancedLoss(N, beta=1), r"beta=1 is outside \[0, 1\)"),
        (lambda: ClassBalancedLoss(N, beta=-0.1), "beta=-0.1"),
        (lambda: ClassBalancedLoss(N, base="ce"), "base='ce'.*'cross-entropy'"),
        (lambda: ClassBalancedLoss(N, of="rows"), "of='rows'.*'row'"),
        (lambda: ClassBalancedLoss(N, gamma=-1), "gamma=-1"),
        (lambda: ClassBalancedLoss([3, 1])(Z, Y), "counts has 2 entries, logits have 3"),
        (lambda: ClassBalancedLoss(N, base="bce")(Z[:, :1], Z[:, :1]), "WeightedBCE|counts has 3"),
        (lambda: LogitAdjustedLoss(N, -1), "tau=-1"),
        (lambda: LogitAdjustedLoss([3, 1])(Z, Y), "counts has 2 entries"),
        (lambda: VSLoss(N, gamma=-1), "gamma=-1"),
        (lambda: LDAMLoss(N, max_margin=-1), "max_margin=-1"),
        (lambda: LDAMLoss(N, s=0), r"s=0 is outside \(0, inf\)"),
        (lambda: LDAMLoss(N, weight=[1, 2]), "weight has 2 entries, counts have 3"),
        (lambda: CosineHead(0, 3), "in_features=0"),
        (lambda: CosineHead(4, 1), "n_classes=1"),
        (lambda: CosineHead(4, 3, scale=0), "scale=0"),
        (lambda: AsymmetricLoss(-1), "gamma_neg=-1"),
        (lambda: AsymmetricLoss(gamma_pos=-1), "gamma_pos=-1"),
        (lambda: AsymmetricLoss(margin=1.0), r"margin=1.0 is outside \[0, 1\)"),
        (lambda: DistributionBalancedLoss(N, 9, lam=0), "lam=0"),
        (lambda: DistributionBalancedLoss(N, 9, alpha=-1), "alpha=-1"),
        (lambda: DistributionBalancedLoss(N, 9)(Z[:, :2], Z[:, :2]), "counts has 3 entries"),
        (lambda: ExpectedCostLoss([[0, 1, 2], [1, 0, 2]]), r"cost has the shape \(2, 3\)"),
        (lambda: ExpectedCostLoss([[0, 1], [-5, 0]]), r"cost\[1, 0\] is -5.*gain"),
        (lambda: ExpectedCostLoss([[3, 0], [0, 3]]), "no error costs"),
        (lambda: ExpectedCostLoss([["a", 1], [1, 0]]), "no table of numbers"),
        (lambda: ExpectedCostLoss([[0, 1], [1, 0]], -0.1), "cross_entropy=-0.1"),
        (lambda: ExpectedCostLoss([[0, 1], [1, 0]])(Z, Y), "cost has 2 entries, logits have 3"),
    ],
)
def test_errors_name_the_value_and_the_remedy(call, words: str) -> None:
    with pytest.raises(UsageError, match=words) as found:
        call()
    assert found.value.remedy


def test_one_logit_for_two_classes() -> None:
    z, y = torch.tensor([2.0, -1.0, 0.3]), torch.tensor([1, 0, 1])
    for loss in (WeightedBCE(4.0), FocalLoss(alpha=0.25, target="labels"), AsymmetricLoss()):
        flat = loss.terms(z, y)
        torch.testing.assert_close(loss.terms(z[:, None], y), flat[:, None])
        torch.testing.assert_close(loss.terms(z[:, None], y[:, None].bool()), flat[:, None])
        torch.testing.assert_close(loss(z[:, None], y), flat.mean())


def test_single_elements_can_be_left_out() -> None:
    z, y = torch.randn(3, 2), torch.tensor([[1.0, -100.0], [0.0, 1.0], [-100.0, -100.0]])
    loss = WeightedBCE([2.0, 3.0])
    terms = loss.terms(z, y)
    assert (terms == 0).tolist() == (y == -100).tolist()
    torch.testing.assert_close(loss(z, y), terms.sum() / 3)
    loss = WeightedBCE(ignore_index=-1)
    assert loss.terms(z, y.clamp(min=-1))[0, 1] == 0


def test_unsigned_codes_are_not_taken_for_the_ignored() -> None:
    z = torch.randn(2, 200)
    y = torch.tensor([156, 3], dtype=torch.uint8)  # 156 is -100 in eight bits
    loss = WeightedCrossEntropy()
    torch.testing.assert_close(loss(z, y), torch.nn.functional.cross_entropy(z, y.long()))


def test_weights_follow_the_module() -> None:
    loss = WeightedCrossEntropy([1.0, 1 / 3])
    assert set(loss.state_dict()) == {"weight"}
    offset = np.asarray(loss.prior_offset)
    for cast in (torch.float16, torch.bfloat16, torch.float32):
        moved = copy.deepcopy(loss).to(cast)
        assert moved.weight.dtype == torch.float64
        np.testing.assert_array_equal(moved.prior_offset, offset)
    assert copy.deepcopy(loss).to("meta").weight.device.type == "meta"
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), loss).half()
    assert model[0].weight.dtype == torch.float16
    assert model[1].weight.dtype == torch.float64
    other = WeightedCrossEntropy([1.0, 1.0])
    other.load_state_dict(loss.state_dict())
    np.testing.assert_array_equal(other.prior_offset, offset)


def test_autocast_leaves_the_loss_in_single_precision() -> None:
    logits = torch.randn(4, 3)
    expected = LDAMLoss(N)(logits, Y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = LDAMLoss(N)(logits, Y)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, expected)


def test_representation_shows_the_parameters() -> None:
    assert "gamma=2, target='labels'" in repr(FocalLoss(target="labels"))
    assert "lam=5" in repr(DistributionBalancedLoss(N, 9))
    assert "in_features=4, n_classes=3" in repr(CosineHead(4, 3))


def test_without_torch_the_pip_line_is_shown() -> None:
    hide = (
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'torch' else real(name, *more)\n"
        "import equipoise.losses"
    )
    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True)
    assert done.returncode == 1
    assert "MissingExtra: equipoise.losses needs the package torch" in done.stderr
    assert "pip install 'equipoise[torch]'" in done.stderr
