"""Every loss keeps the promises; a loss that breaks one is found out."""

from __future__ import annotations

import warnings

import pytest
import torch

import equipoise.losses
from equipoise.errors import UsageError
from equipoise.losses import (
    AsymmetricLoss,
    BalancedMSELoss,
    BalancedSoftmaxLoss,
    ClassBalancedLoss,
    DistributionBalancedLoss,
    ExpectedCostLoss,
    FocalLoss,
    ImbalanceLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    PinballLoss,
    VSLoss,
    WeightedBCE,
    WeightedCrossEntropy,
    functional,
)
from equipoise.testing import check_loss, loss_checks

COUNTS = [50, 20, 1]
COST = [[0, 1, 2], [3, 0, 1], [9, 9, 0]]
LOSSES = {
    "plain": (WeightedCrossEntropy(), 3),
    "weighted": (WeightedCrossEntropy([0.5, 2.0, 7.0]), 3),
    "weighted-mean": (WeightedCrossEntropy([0.5, 2.0], reduction="weighted-mean"), 2),
    "bce": (WeightedBCE([3.0, 20.0], label_weight=[1.0, 0.5]), 2),
    "bce-one": (WeightedBCE(9.0), 1),
    "focal": (FocalLoss(2.0, [0.5, 1.0, 2.0]), 3),
    "focal-fraction": (FocalLoss(0.5, 0.75), 2),
    "focal-labels": (FocalLoss(2.0, 0.25, target="labels"), 3),
    "focal-labels-one": (FocalLoss(0.5, target="labels"), 1),
    "cb": (ClassBalancedLoss(COUNTS, beta=0.99), 3),
    "cb-focal": (ClassBalancedLoss(COUNTS, base="focal"), 3),
    "cb-bce": (ClassBalancedLoss(COUNTS, base="bce", of="positives"), 3),
    "cb-sigmoid-focal": (ClassBalancedLoss(COUNTS, base="sigmoid-focal"), 3),
    "adjusted": (LogitAdjustedLoss(COUNTS, 1.3), 3),
    "balanced-softmax": (BalancedSoftmaxLoss(COUNTS), 3),
    "vs": (VSLoss(COUNTS), 3),
    "vs-shift": (VSLoss(COUNTS, gamma=0.0), 3),
    "ldam": (LDAMLoss(COUNTS, weight=[0.5, 1.0, 2.0]), 3),
    "asymmetric": (AsymmetricLoss(), 3),
    "asymmetric-fraction": (AsymmetricLoss(0.5, 0.5, 0.2), 1),
    "asymmetric-no-margin": (AsymmetricLoss(3.0, 1.0, 0.0), 2),
    "distribution": (DistributionBalancedLoss(COUNTS, 80), 3),
    "cost": (ExpectedCostLoss(COST), 3),
}
# An exported graph takes half a second each; the paths through the code are in these.
EXPORTED = {
    "weighted",
    "bce",
    "focal",
    "cb-sigmoid-focal",
    "vs",
    "ldam",
    "asymmetric",
    "distribution",
    "cost",
}


NUMBERS = {
    "pinball": (PinballLoss(0.9), 1),
    "batch": (BalancedMSELoss(0.7), 1),
    "mixture": (BalancedMSELoss(0.7, mixture=([3.0, 1.0], [0.5, 4.0], [0.5, 2.0])), 1),
    "learned": (BalancedMSELoss(0.7, learn_noise=True), 1),
}


def cases():
    for key, (loss, columns) in LOSSES.items():
        for name, check in loss_checks(loss, columns):
            if name != "check_exports" or key in EXPORTED:
                yield pytest.param(check, id=f"{key}-{name.removeprefix('check_')}")


@pytest.mark.parametrize("check", list(cases()))
def test_keeps_the_promise(check) -> None:
    check()


def test_all_public_losses_are_here() -> None:
    public = {
        value
        for name in equipoise.losses.__all__
        if isinstance(value := getattr(equipoise.losses, name), type)
        and issubclass(value, ImbalanceLoss)
        and value.target != "numbers"  # those are held to their own promises
    }
    assert public - {ImbalanceLoss} == {type(loss) for loss, _ in LOSSES.values()}


# -- graphs ---------------------------------------------------------------------------------------


class Weighed(torch.nn.Module):
    """A loss whose weights are an argument by place, as graphs want them."""

    def __init__(self, loss: ImbalanceLoss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, logits, target, weight):
        return self.loss(logits, target, sample_weight=weight)


def batch_of(loss: ImbalanceLoss, columns: int, rows: int):
    draw = torch.Generator().manual_seed(rows)
    z = torch.randn(rows, columns, generator=draw)
    if loss.target == "classes":
        y = torch.randint(0, columns, (rows,), generator=draw)
    else:
        y = (torch.randn(z.shape, generator=draw) > 0).float()
    y[1] = float("nan") if loss.target == "numbers" else -100
    return z, y, torch.rand(rows, generator=draw)


def record(loss: ImbalanceLoss, columns: int, how: str):
    """Return a graph recorded on 9 rows, which holds for any number of them."""
    module, given = Weighed(loss), batch_of(loss, columns, 9)
    if how == "trace":
        with warnings.catch_warnings():
            # That it goes away, and that checks of shapes are not recorded.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
            return torch.jit.trace(module, given, check_trace=False)
    if how == "export":
        any_number = tuple({0: torch.export.Dim("rows", min=2)} for _ in given)
        return torch.export.export(module, given, dynamic_shapes=any_number).module()
    return torch.compile(module, backend="eager", fullgraph=True)


GRAPHS = [(key, "trace") for key in (*LOSSES, *NUMBERS)]
# These take half a second each.
GRAPHS += [(key, how) for key in ("pinball", "batch") for how in ("export", "compile")]
GRAPHS += [("focal", "compile")]


@pytest.mark.parametrize(("key", "how"), GRAPHS)
def test_a_graph_is_the_loss(key: str, how: str) -> None:
    loss, columns = (LOSSES | NUMBERS)[key]
    graph = record(loss, columns, how)
    for rows in (9, 23):
        given = batch_of(loss, columns, rows)
        torch.testing.assert_close(graph(*given), Weighed(loss)(*given))


class Broken(WeightedCrossEntropy):
    """Plain cross-entropy with one promise broken."""

    def __init__(self, fault: str) -> None:
        super().__init__([1.0, 3.0])
        self.fault = fault

    def forward(self, logits, target, *, sample_weight=None):
        terms = self.terms(logits, target, sample_weight=sample_weight)
        kept = target != self.ignore_index
        if self.reduction == "none":
            return terms
        if self.reduction == "sum":
            return terms.sum()
        weights = self.weight[target.clamp(min=0)] * kept
        count = {"weights": weights.sum(), "all": torch.tensor(len(terms))}
        return terms.sum() / count.get(self.fault, kept.sum()).clamp(min=1)

    def terms(self, logits, target, *, sample_weight=None):
        weight = None if self.fault == "sample" else sample_weight
        if self.fault == "half":
            return super().terms(logits, target, sample_weight=weight).to(logits.dtype)
        if self.fault == "batch":
            logits = logits - logits.mean(dim=0)
        if self.fault == "slope":
            logits = logits.detach() + 0.5 * (logits - logits.detach())
        if self.fault == "sign":
            return -super().terms(logits, target, sample_weight=weight)
        if self.fault == "write":
            logits.clamp_(-1, 1)
        if self.fault == "naive":
            kept = target != self.ignore_index
            p = logits.softmax(1).gather(1, target.clamp(min=0)[:, None])[:, 0]
            return -(p.log() * kept)
        return super().terms(logits, target, sample_weight=weight)

    @property
    def prior_offset(self):
        offset = super().prior_offset
        return offset.flip(0) if self.fault == "offset" else offset


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("weights", "check_adds_up_over_parts"),
        ("all", "check_reductions"),
        ("sample", "check_sample_weight"),
        ("half", "check_terms"),
        ("batch", "check_rows_do_not_mix"),
        ("slope", "check_gradient"),
        ("sign", "check_right_is_better"),
        ("write", "check_input_is_left_alone"),
        ("naive", "check_ignored_items"),
        ("naive", "check_extreme_logits"),
        ("naive", "check_refusals"),
        ("offset", "check_prior_offset"),
    ],
)
def test_a_broken_loss_is_found_out(fault: str, check: str) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        dict(loss_checks(Broken(fault), 2))[check]()


def test_the_mutant_without_a_fault_passes() -> None:
    for name, check in loss_checks(Broken(""), 2):
        if name != "check_exports":
            check()


def test_check_loss_lists_all_that_is_broken() -> None:
    with pytest.raises(AssertionError, match=r"Broken breaks \d promises") as found:
        check_loss(Broken("naive"), 2)
    assert "check_ignored_items: " in str(found.value)
    assert "check_extreme_logits: " in str(found.value)


def test_expected_failures_have_to_fail() -> None:
    with pytest.raises(AssertionError, match="check_terms: holds"):
        check_loss(WeightedCrossEntropy(), 2, expected_failures={"check_terms": "no reason"})


@pytest.mark.parametrize("thing", [FocalLoss, torch.nn.CrossEntropyLoss(), "focal"])
def test_what_is_no_loss_is_refused(thing: object) -> None:
    with pytest.raises(UsageError, match="is no loss"):
        list(loss_checks(thing, 2))


CALLS = {
    "weighted": ("weighted_cross_entropy", {"weight": [0.5, 2.0, 7.0]}),
    "bce": ("weighted_bce", {"pos_weight": [3.0, 20.0], "label_weight": [1.0, 0.5]}),
    "focal": ("focal_loss", {"alpha": [0.5, 1.0, 2.0]}),
    "focal-fraction": ("focal_loss", {"gamma": 0.5, "alpha": 0.75}),
    "focal-labels": ("sigmoid_focal_loss", {"alpha": 0.25}),
    "cb": ("class_balanced_loss", {"counts": COUNTS, "beta": 0.99}),
    "cb-focal": ("class_balanced_loss", {"counts": COUNTS, "base": "focal"}),
    "cb-bce": ("class_balanced_loss", {"counts": COUNTS, "base": "bce", "of": "positives"}),
    "adjusted": ("logit_adjusted_loss", {"counts": COUNTS, "tau": 1.3}),
    "balanced-softmax": ("balanced_softmax_loss", {"counts": COUNTS}),
    "vs": ("vs_loss", {"counts": COUNTS}),
    "ldam": ("ldam_loss", {"counts": COUNTS, "weight": [0.5, 1.0, 2.0]}),
    "asymmetric": ("asymmetric_loss", {}),
    "distribution": ("distribution_balanced_loss", {"counts": COUNTS, "n_rows": 80}),
    "cost": ("expected_cost_loss", {"cost": COST}),
}


@pytest.mark.parametrize("key", CALLS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_function_and_module_agree(key: str, reduction: str) -> None:
    loss, columns = LOSSES[key]
    name, arguments = CALLS[key]
    z = torch.randn(9, columns, generator=torch.Generator().manual_seed(1))
    y = torch.arange(9) % columns if loss.target == "classes" else (z > 0.3).float()
    y[2] = -100
    got = getattr(functional, name)(z, y, reduction=reduction, **arguments)
    terms = loss.terms(z, y)
    expected = {"none": terms, "sum": terms.sum(), "mean": terms.sum() / (y != -100).sum()}
    torch.testing.assert_close(got, expected[reduction])


def test_every_function_has_its_module() -> None:
    assert {name for name, _ in CALLS.values()} == set(functional.__all__)
