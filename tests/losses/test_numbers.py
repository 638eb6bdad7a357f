"""Losses of numeric targets: closed forms, limits, gradients, and the promises of all losses."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from equipoise.errors import TargetError, UsageError
from equipoise.losses import BalancedMSELoss, ImbalanceLoss, PinballLoss
from equipoise.losses.numbers import balanced_mse_loss, pinball_loss

DRAW = torch.Generator().manual_seed(0)
P = torch.randn(20, generator=DRAW, dtype=torch.float64)
Y = torch.randn(20, generator=DRAW, dtype=torch.float64).exp()
MIXTURE = ([3.0, 1.0], [0.5, 4.0], [0.5, 2.0])
LOSSES = {
    "median": PinballLoss(),
    "pinball": PinballLoss(0.9),
    "batch": BalancedMSELoss(0.7),
    "mixture": BalancedMSELoss(0.7, mixture=MIXTURE),
    "learned": BalancedMSELoss(0.7, learn_noise=True),
}
same = torch.testing.assert_close
each = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def test_half_the_absolute_error_at_the_median() -> None:
    same(PinballLoss()(P, Y), F.l1_loss(P, Y) / 2)


@given(st.floats(0.01, 0.99), st.floats(-5, 5), st.floats(-5, 5))
def test_pinball_by_its_cases(q: float, p: float, y: float) -> None:
    expected = q * (y - p) if y >= p else (1 - q) * (p - y)
    one, other = torch.tensor([[p], [y]], dtype=torch.float64)
    got = pinball_loss(one, other, q=q)
    assert got.item() == pytest.approx(expected)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.95])
def test_the_quantile_fits_best(q: float) -> None:
    y = Y.sort().values
    tries = torch.stack([PinballLoss(q)(y[k].expand(20), y) for k in range(20)])
    assert abs(int(tries.argmin()) - (math.ceil(20 * q) - 1)) <= 1
    assert tries.min() <= PinballLoss(q)(torch.quantile(y, q).expand(20), y) + 1e-12


def test_balanced_error_by_a_double_loop() -> None:
    s = 0.7
    for i, got in enumerate(BalancedMSELoss(s).terms(P, Y).tolist()):
        p, y = P[i].item(), Y[i].item()
        total = sum(math.exp(-((p - other) ** 2) / (2 * s * s)) for other in Y.tolist())
        assert got == pytest.approx((p - y) ** 2 + 2 * s * s * math.log(total))


def test_balanced_error_over_a_mixture_is_the_integral() -> None:
    """What stands in the logarithm is the noise's density, over its peak, averaged over the mixture."""
    s = 0.7
    at = np.linspace(-20, 30, 200_001)
    w, m, d = (np.array(one) for one in MIXTURE)
    density = sum(
        share * np.exp(-0.5 * ((at - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
        for share, mean, sd in zip(w / w.sum(), m, d, strict=True)
    )
    for p, y, got in zip(
        P.tolist(), Y.tolist(), LOSSES["mixture"].terms(P, Y).tolist(), strict=True
    ):
        total = np.trapezoid(density * np.exp(-((p - at) ** 2) / (2 * s * s)), at)
        assert got == pytest.approx((p - y) ** 2 + 2 * s * s * math.log(total), abs=1e-6)


def test_even_targets_leave_the_squared_error() -> None:
    y = torch.linspace(-50, 50, 2001, dtype=torch.float64)
    p = (y + torch.sin(7 * y)).requires_grad_()
    BalancedMSELoss(0.5, reduction="sum")(p, y).backward()
    inner = y.abs() < 40
    same(p.grad[inner], 2 * (p - y).detach()[inner], atol=1e-6, rtol=0)


def test_wide_noise_leaves_the_mean_alone() -> None:
    terms = BalancedMSELoss(1e4).terms(P, Y) - 2e8 * math.log(20)
    expected = (P - Y) ** 2 - ((P[:, None] - Y) ** 2).mean(1)
    same(terms, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("mixture", [None, ([1.0], [0.0], [1.0])], ids=["batch", "mixture"])
def test_it_undoes_the_pull_to_the_common_targets(mixture) -> None:
    """A feature is the target and noise of size 1, targets are standard normal.

    The best prediction is then half the feature; the feature itself, if all targets were equally frequent.
    """
    draw = torch.Generator().manual_seed(1)
    y = torch.randn(800, generator=draw, dtype=torch.float64)
    x = y + torch.randn(800, generator=draw, dtype=torch.float64)
    for loss, slope in ((F.mse_loss, 0.5), (BalancedMSELoss(1.0, mixture=mixture), 1.0)):
        found = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        steps = torch.optim.LBFGS([found], max_iter=10)

        def step(loss=loss, found=found, steps=steps):
            steps.zero_grad()
            value = loss(found * x, y)
            value.backward()
            return value

        steps.step(step)
        assert found.item() == pytest.approx(slope, abs=0.1)


@each
def test_gradients(loss: ImbalanceLoss) -> None:
    weight = torch.rand(20, dtype=torch.float64, generator=DRAW)
    y = Y.clone()
    y[3] = float("nan")
    assert torch.autograd.gradcheck(
        lambda p: loss(p, y, sample_weight=weight), (P.clone().requires_grad_(),)
    )


def test_noise_can_be_learned() -> None:
    torch.manual_seed(0)
    loss = BalancedMSELoss(3.0, learn_noise=True)
    y = torch.rand(400) * 50
    p = y + 0.5 * torch.randn(400)
    steps = torch.optim.Adam(loss.parameters(), lr=0.05)
    for _ in range(200):
        steps.zero_grad()
        loss(p, y).backward()
        steps.step()
    assert loss.noise == pytest.approx(0.5, rel=0.2)
    assert not list(BalancedMSELoss(3.0).parameters())


def test_a_mixture_from_targets() -> None:
    y = np.random.default_rng(0).lognormal(size=300)
    loss = BalancedMSELoss.from_targets(y, components=4, noise=0.5)
    assert loss.mixture.shape == (3, 4)
    assert float(loss.mixture[0].sum()) == pytest.approx(1)
    assert float(loss.mixture[0] @ loss.mixture[1]) == pytest.approx(y.mean(), rel=1e-3)
    same(loss.mixture, BalancedMSELoss.from_targets(y, components=4).mixture)
    one = BalancedMSELoss.from_targets([2.0, 2.0], noise=1.0)
    same(one.terms(P, Y), (P - Y) ** 2 - (P - 2) ** 2)
    with pytest.raises(TargetError):
        BalancedMSELoss.from_targets([1.0, np.nan])


@each
def test_promises_of_all_losses(loss: ImbalanceLoss) -> None:
    assert loss.target == "numbers"
    assert loss.prior_offset is None
    weight = torch.rand(20, dtype=torch.float64, generator=DRAW)
    y = Y.clone()
    y[[0, 7]] = float("nan")
    broken = P.clone()
    broken[[0, 7]] = float("inf")
    broken.requires_grad_()
    terms = loss.terms(broken, y, sample_weight=weight)
    kept = ~y.isnan()
    same(terms[kept], loss.terms(P[kept], y[kept]) * weight[kept])
    assert (terms[~kept] == 0).all()
    for reduction, expected in (("sum", terms.sum()), ("mean", terms.sum() / 18), ("none", terms)):
        other = copy.deepcopy(loss)
        other.reduction = reduction
        same(other(broken, y, sample_weight=weight), expected)
    terms.sum().backward()
    assert (broken.grad[~kept] == 0).all()
    assert torch.isfinite(broken.grad).all()
    nothing = P.clone().requires_grad_()
    total = loss(nothing, torch.full((20,), float("nan")))
    total.backward()
    assert total == 0
    assert (nothing.grad == 0).all()
    assert loss(P[:0], Y[:0]) == 0
    same(loss.terms(P[:, None], Y), loss.terms(P, Y[:, None])[:, None])
    assert loss.terms(P.half(), Y).dtype == torch.float32
    again = copy.deepcopy(loss)
    again.load_state_dict(loss.state_dict())
    same(again(P, Y), loss(P, Y))
    assert str(loss).endswith("reduction='mean')")
    assert torch.isfinite(loss.terms(1e6 * P.float(), -1e6 * Y.float())).all()


def test_functions_are_the_modules() -> None:
    same(pinball_loss(P, Y, q=0.9), PinballLoss(0.9)(P, Y))
    same(balanced_mse_loss(P, Y, noise=0.7), LOSSES["batch"](P, Y))
    same(balanced_mse_loss(P, Y, noise=0.7, mixture=MIXTURE), LOSSES["mixture"](P, Y))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: PinballLoss(0), "q=0 is outside"),
        (lambda: PinballLoss(1.0), "q=1.0 is outside"),
        (lambda: BalancedMSELoss(0), "noise=0 is outside"),
        (lambda: BalancedMSELoss(float("nan")), "noise=nan"),
        (lambda: BalancedMSELoss(mixture=([1.0], [0.0])), "the mixture is not"),
        (lambda: BalancedMSELoss(mixture=([0.0], [0.0], [1.0])), "the mixture is not"),
        (lambda: PinballLoss(reduction="all"), "reduction='all'"),
        (lambda: PinballLoss()(P, Y[:3]), r"targets have the shape \(3,\)"),
        (lambda: PinballLoss()(torch.zeros(20, 2), Y), r"predictions have the shape \(20, 2\)"),
        (lambda: PinballLoss()(torch.zeros(20).long(), Y), "torch.int64"),
        (lambda: PinballLoss()(P, Y.tolist()), "targets are list"),
        (lambda: PinballLoss()(P, Y, sample_weight=torch.full((20,), -1.0)), "weight is -1"),
    ],
)
def test_wrong_use(call, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()
