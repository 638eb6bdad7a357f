"""Closed forms, limiting cases and relations between the losses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from equipoise.losses import (
    AsymmetricLoss,
    BalancedSoftmaxLoss,
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
)
from equipoise.weights import class_weights, element_weights

COUNTS = [60, 25, 15]
DRAW = torch.Generator().manual_seed(3)
Z = 3 * torch.randn(40, 3, generator=DRAW, dtype=torch.float64)
CODES = torch.randint(0, 3, (40,), generator=DRAW)
LABELS = (torch.rand(40, 3, generator=DRAW) < 0.4).double()
LABELS[7] = 0  # a row without labels
same = torch.testing.assert_close


def terms(loss, target=None):
    return loss.terms(
        Z, (CODES if loss.target == "classes" else LABELS) if target is None else target
    )


def cross_entropy():
    return F.cross_entropy(Z, CODES, reduction="none")


def bce():
    return F.binary_cross_entropy_with_logits(Z, LABELS, reduction="none")


def test_weighted_cross_entropy_is_that_of_torch() -> None:
    w, y = torch.tensor([0.3, 2.0, 5.0], dtype=torch.float64), CODES.clone()
    y[::7] = -100
    for reduction, theirs in [("weighted-mean", "mean"), ("sum", "sum"), ("none", "none")]:
        got = WeightedCrossEntropy(w, reduction=reduction)(Z, y)
        same(got, F.cross_entropy(Z, y, weight=w, reduction=theirs))
    deep, y = Z.reshape(5, 8, 3).movedim(2, 1), y.reshape(5, 8)
    got = WeightedCrossEntropy(w, reduction="weighted-mean")(deep, y)
    same(got, F.cross_entropy(deep, y, weight=w))


def test_weighted_mean_weighs_rows_too() -> None:
    rows = torch.linspace(0.5, 2.0, 40, dtype=torch.float64)
    w = torch.tensor([0.3, 2.0, 5.0], dtype=torch.float64)
    got = WeightedCrossEntropy(w, reduction="weighted-mean")(Z, CODES, sample_weight=rows)
    same(got, (rows * w[CODES] * cross_entropy()).sum() / (rows * w[CODES]).sum())


def test_weighted_bce_is_that_of_torch() -> None:
    w = torch.tensor([0.5, 3.0, 9.0], dtype=torch.float64)
    v = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
    elements = torch.rand(40, 3, generator=DRAW, dtype=torch.float64)
    got = WeightedBCE(w, label_weight=v)(Z, LABELS, sample_weight=elements)
    same(got, F.binary_cross_entropy_with_logits(Z, LABELS, weight=v * elements, pos_weight=w))


def test_focal_loss_is_the_closed_form() -> None:
    alpha = torch.tensor([0.2, 0.7, 1.5], dtype=torch.float64)
    p = Z.softmax(1)[torch.arange(40), CODES]
    for gamma in (0.5, 1.0, 2.0, 5.0):
        got = terms(FocalLoss(gamma, alpha))
        same(got, -alpha[CODES] * (1 - p) ** gamma * p.log())
        # As torchvision writes it.
        q = Z.sigmoid()
        right = q * LABELS + (1 - q) * (1 - LABELS)
        share = 0.25 * LABELS + 0.75 * (1 - LABELS)
        got = terms(FocalLoss(gamma, 0.25, target="labels"))
        same(got, share * (1 - right) ** gamma * bce())


def test_focal_loss_without_focus() -> None:
    same(terms(FocalLoss(0.0)), cross_entropy())
    same(terms(FocalLoss(0.0, target="labels")), bce())
    same(terms(FocalLoss(0.0, 0.5, target="labels")), bce() / 2)


@pytest.mark.parametrize("target", ["classes", "labels"])
def test_focal_loss_has_a_slope_where_the_model_is_sure(target: str) -> None:
    """(1 - p)^(1/2) has none where p rounds to 1, as the closed form does in float32 here."""
    z = torch.tensor([[40.0, -40.0], [-40.0, 40.0]], requires_grad=True)
    y = torch.tensor([0, 0]) if target == "classes" else torch.tensor([[1, 0], [1, 0]])
    loss = FocalLoss(0.5, target=target).terms(z, y)
    loss.sum().backward()
    per_item = loss.detach().reshape(2, -1)
    assert per_item[0].abs().max() < 1e-10
    torch.testing.assert_close(
        per_item[1], torch.full_like(per_item[1], 80.0 if target == "classes" else 40.0)
    )
    assert torch.isfinite(z.grad).all()
    torch.testing.assert_close(z.grad[1], torch.tensor([-1.0, 1.0]))


def test_one_alpha_weighs_the_second_of_two_classes() -> None:
    z, y = Z[:, :2], CODES.clamp(max=1)
    same(FocalLoss(2.0, 0.25).terms(z, y), FocalLoss(2.0, [0.75, 0.25]).terms(z, y))


@pytest.mark.parametrize("base", ["cross-entropy", "focal"])
def test_class_balanced_loss_between_its_limits(base: str) -> None:
    plain = cross_entropy() if base == "cross-entropy" else terms(FocalLoss(2.0))
    same(terms(ClassBalancedLoss(COUNTS, beta=0.0, base=base)), plain)
    inverse = 1 / np.array(COUNTS)
    inverse = torch.from_numpy(inverse * 3 / inverse.sum())
    near = terms(ClassBalancedLoss(COUNTS, beta=1 - 1e-12, base=base))
    same(near, inverse[CODES] * plain, rtol=1e-9, atol=0)
    weight = (1 - 0.9) / (1 - 0.9 ** np.array(COUNTS))
    weight = torch.from_numpy(weight * 3 / weight.sum())
    same(terms(ClassBalancedLoss(COUNTS, beta=0.9, base=base)), weight[CODES] * plain)


@pytest.mark.parametrize("of", ["row", "label", "positives"])
def test_class_balanced_loss_of_labels_has_the_element_weights(of: str) -> None:
    weights = element_weights(LABELS.numpy(), "ens", beta=0.9, of=of, counts=COUNTS)
    loss = ClassBalancedLoss(COUNTS, beta=0.9, base="bce", of=of)
    same(terms(loss), torch.from_numpy(weights) * bce())
    focal = ClassBalancedLoss(COUNTS, beta=0.9, base="sigmoid-focal", gamma=1.5, of=of)
    same(terms(focal), torch.from_numpy(weights) * terms(FocalLoss(1.5, target="labels")))


def test_rows_of_one_label_weigh_as_in_the_paper() -> None:
    hot = F.one_hot(CODES, 3).double()
    w = ClassBalancedLoss(COUNTS, beta=0.9).weight
    got = terms(ClassBalancedLoss(COUNTS, beta=0.9, base="bce"), hot)
    same(got, w[CODES][:, None] * F.binary_cross_entropy_with_logits(Z, hot, reduction="none"))


def test_logit_adjustment_and_its_kin() -> None:
    prior = torch.tensor(COUNTS, dtype=torch.float64) / sum(COUNTS)
    for tau in (0.0, 0.7, 1.0, 2.0):
        expected = F.cross_entropy(Z + tau * prior.log(), CODES, reduction="none")
        same(terms(LogitAdjustedLoss(COUNTS, tau)), expected)
        same(terms(VSLoss(COUNTS, gamma=0.0, tau=tau)), expected)
    n = prior * 1000
    e = n * Z.exp()
    same(terms(BalancedSoftmaxLoss(COUNTS)), -(e / e.sum(1, keepdim=True))[range(40), CODES].log())
    same(terms(LogitAdjustedLoss(COUNTS, 1.0)), terms(BalancedSoftmaxLoss(COUNTS)))
    same(terms(LogitAdjustedLoss([7, 7, 7], 1.0)), cross_entropy())


def test_vs_loss_is_the_closed_form() -> None:
    n = torch.tensor(COUNTS, dtype=torch.float64)
    moved = (n / n.max()) ** 0.3 * Z + 1.25 * (n / n.sum()).log()
    same(terms(VSLoss(COUNTS, 0.3, 1.25)), F.cross_entropy(moved, CODES, reduction="none"))


def test_ldam_is_the_closed_form() -> None:
    same(
        terms(LDAMLoss(COUNTS, max_margin=0.0, s=7.0)),
        F.cross_entropy(7 * Z, CODES, reduction="none"),
    )
    margins = np.array([1 / 60**0.25, 1 / 25**0.25, 1 / 15**0.25])
    margins *= 0.5 / margins.max()
    w = [0.5, 1.0, 4.0]
    for row, value in enumerate(terms(LDAMLoss(COUNTS, s=4.0, weight=w))):
        y = int(CODES[row])
        z = Z[row].numpy().copy()
        z[y] -= margins[y]
        expected = -w[y] * (4 * z[y] - math.log(np.exp(4 * z).sum()))
        assert float(value) == pytest.approx(expected)


def test_weights_can_come_late() -> None:
    for loss in (LDAMLoss(COUNTS), WeightedCrossEntropy()):
        before = terms(loss)
        loss.reweigh(class_weights(np.repeat([0, 1, 2], COUNTS)))
        w = torch.tensor([100 / 3 / n for n in COUNTS], dtype=torch.float64)
        same(terms(loss), w[CODES] * before)
        loss.reweigh(None)
        same(terms(loss), before)


def test_cosine_head_gives_cosines() -> None:
    head = CosineHead(5, 3).double()
    x = torch.randn(4, 5, generator=DRAW, dtype=torch.float64)
    expected = F.cosine_similarity(x[:, None], head.weight[None], dim=2)
    same(head(x), expected)
    same(head(100 * x), expected)
    assert head(torch.zeros(1, 5)).abs().max() == 0
    low = CosineHead(5, 3).half()
    assert low(torch.zeros(1, 5, dtype=torch.float16)).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = CosineHead(5, 3, scale=30.0)(x.float())
    assert got.dtype == torch.float32
    assert got.abs().max() <= 30.001


def test_asymmetric_loss_is_the_closed_form() -> None:
    same(terms(AsymmetricLoss(0.0, 0.0, 0.0)), bce())
    same(terms(AsymmetricLoss(2.0, 2.0, 0.0)), terms(FocalLoss(2.0, target="labels")))
    p = Z.sigmoid()
    q = (p - 0.1).clamp(min=0)
    expected = -LABELS * (1 - p) * p.log() - (1 - LABELS) * q**3 * (1 - q).log()
    same(terms(AsymmetricLoss(3.0, 1.0, 0.1)), expected)


def test_easiest_negatives_give_nothing() -> None:
    z = torch.tensor([-4.0, -2.9], dtype=torch.float64, requires_grad=True)  # p = .018, .052
    AsymmetricLoss(0.5)(z, torch.zeros(2)).backward()
    assert z.grad[0] == 0
    assert z.grad[1] > 0


def test_distribution_balanced_loss_without_its_parts_is_bce() -> None:
    neutral = {"alpha": 0.5, "beta": 0.0, "lam": 1.0, "kappa": 0.0, "gamma": 0.0}
    same(terms(DistributionBalancedLoss(COUNTS, 80, **neutral)), bce())
    focus = {**neutral, "gamma": 2.0}
    same(
        terms(DistributionBalancedLoss(COUNTS, 80, **focus)), terms(FocalLoss(2.0, target="labels"))
    )


def test_distribution_balanced_loss_is_that_of_the_paper() -> None:
    """Brute force, one element at a time, with the symbols of the paper."""
    N, lam, kappa, alpha, beta, mu, gamma = 80, 4.0, 0.3, 0.2, 8.0, 0.4, 1.5

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    loss = DistributionBalancedLoss(
        COUNTS, N, lam=lam, kappa=kappa, alpha=alpha, beta=beta, mu=mu, gamma=gamma
    )
    got = terms(loss)
    for k in range(40):
        labels = [j for j in range(3) if LABELS[k, j]]
        by_instance = sum(1 / COUNTS[j] for j in labels) / 3
        for i in range(3):
            by_class = 1 / COUNTS[i] / 3
            r = by_class / by_instance if labels else np.mean(COUNTS) / COUNTS[i]
            weight = alpha + sigmoid(beta * (r - mu))
            nu = kappa * math.log(N / COUNTS[i] - 1)
            z = float(Z[k, i])
            q, q_neg = sigmoid(z - nu), sigmoid(lam * (z - nu))
            y = float(LABELS[k, i])
            expected = -y * (1 - q) ** gamma * math.log(q)
            expected -= (1 - y) / lam * q_neg**gamma * math.log(sigmoid(-lam * (z - nu)))
            assert float(got[k, i]) == pytest.approx(weight * expected, rel=1e-9), (k, i)


def test_labels_of_no_row_and_of_every_row_are_finite() -> None:
    loss = DistributionBalancedLoss([0, 40, 12], 40)
    assert torch.isfinite(terms(loss)).all()
    assert torch.isfinite(loss.terms(Z, torch.zeros_like(LABELS))).all()


def test_expected_cost_is_the_closed_form() -> None:
    p = Z.softmax(1)
    errors = 1 - np.eye(3)
    same(terms(ExpectedCostLoss(errors, 0.0)), 1 - p[range(40), CODES])
    same(terms(ExpectedCostLoss(errors, 0.3)), 1 - p[range(40), CODES] + 0.3 * cross_entropy())
    M = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.5, 1.0], [9.0, 8.0, 0.0]], dtype=torch.float64)
    expected = torch.stack([M[y] @ q for y, q in zip(CODES, p, strict=True)])
    same(terms(ExpectedCostLoss(M, 0.0)), expected)
    same(terms(ExpectedCostLoss(M, 0.2)), expected + 0.2 * (24 / 6) * cross_entropy())


def test_cross_entropy_gets_a_confident_error_out() -> None:
    slopes = []
    for share in (0.0, 0.1):
        z = torch.tensor([[30.0, 0.0]], dtype=torch.float64, requires_grad=True)
        ExpectedCostLoss([[0, 1], [1, 0]], share)(z, torch.tensor([1])).backward()
        slopes.append(float(z.grad[0, 0]))
    assert slopes[0] < 1e-12
    assert slopes[1] == pytest.approx(0.1)
