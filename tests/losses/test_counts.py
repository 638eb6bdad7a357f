"""Weights and counts from labels of any kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from equipoise.errors import EquipoiseError, TargetError, UsageError
from equipoise.losses import (
    BalancedSoftmaxLoss,
    ClassBalancedLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
    WeightedBCE,
    WeightedCrossEntropy,
)
from equipoise.weights import SCHEMES, class_weights, count_weights, element_weights

CODES = [0] * 12 + [1] * 5 + [2] * 3
Y = [[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]]
COUNTING = [BalancedSoftmaxLoss, ClassBalancedLoss, FocalLoss, LDAMLoss, LogitAdjustedLoss, VSLoss]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mean_weight_of_the_rows_is_one(scheme: str) -> None:
    got = WeightedCrossEntropy.from_labels(CODES, scheme=scheme, beta=0.9).weight
    assert float(got[CODES].mean()) == pytest.approx(1.0)
    theirs = class_weights(CODES, scheme, beta=0.9)
    np.testing.assert_allclose(got / got[0], theirs / theirs[0])
    counted = WeightedCrossEntropy.from_counts([12, 5, 3], scheme=scheme, beta=0.9).weight
    torch.testing.assert_close(counted, got)


@pytest.mark.parametrize(
    "labels",
    [
        CODES,
        tuple(CODES),
        np.array(CODES, dtype=np.uint8),
        np.array(CODES, dtype=float),
        torch.tensor(CODES),
        torch.tensor(CODES, dtype=torch.int8),
        [["ham", "news", "spam"][code] for code in CODES],
        np.array(["ham", "news", "spam"])[CODES],
        np.array(["ham", "news", "spam"], dtype=object)[CODES],
        [*CODES, -100, -100],
    ],
    ids=[
        "list",
        "tuple",
        "uint8",
        "float",
        "tensor",
        "int8",
        "texts",
        "array",
        "object",
        "ignored",
    ],
)
def test_labels_of_any_kind(labels) -> None:
    expected = WeightedCrossEntropy.from_counts([12, 5, 3]).weight
    torch.testing.assert_close(WeightedCrossEntropy.from_labels(labels).weight, expected)
    torch.testing.assert_close(
        LogitAdjustedLoss.from_labels(labels).log_prior, LogitAdjustedLoss([12, 5, 3]).log_prior
    )


@pytest.mark.parametrize("kind", COUNTING)
def test_labels_and_counts_agree(kind) -> None:
    from_labels, from_counts = kind.from_labels(CODES), kind.from_counts([12, 5, 3])
    for name, held in from_counts.named_buffers():
        torch.testing.assert_close(dict(from_labels.named_buffers())[name], held)
    assert dict(from_counts.named_buffers())


def test_classes_order_the_labels() -> None:
    texts = ["no"] * 6 + ["yes"] * 2
    sorted_ = WeightedCrossEntropy.from_labels(texts).weight
    turned = WeightedCrossEntropy.from_labels(texts, classes=["yes", "no"]).weight
    torch.testing.assert_close(turned, sorted_.flip(0))
    numbers = WeightedCrossEntropy.from_labels([1] * 6 + [2] * 2, classes=[1, 2]).weight
    torch.testing.assert_close(numbers, sorted_)
    assert (
        WeightedCrossEntropy.from_labels(np.array(texts) == "yes").weight.tolist()
        == sorted_.tolist()
    )


def test_a_class_without_rows_is_not_shifted() -> None:
    for loss in (
        WeightedCrossEntropy.from_labels([0] * 9 + [2], classes=3),
        WeightedCrossEntropy.from_counts([9, 0, 1]),
        LogitAdjustedLoss([9, 0, 1]),
    ):
        offset = loss.prior_offset
        assert float(offset[1]) == pytest.approx(0.0, abs=1e-12)
        assert float(offset[2] - offset[0]) == pytest.approx(np.log(9))
    for kind in (LDAMLoss, VSLoss, ClassBalancedLoss, BalancedSoftmaxLoss):
        loss = kind([9, 0, 1])(torch.zeros(1, 3), torch.tensor([1]))
        assert torch.isfinite(loss)


@pytest.mark.parametrize("beta", [0.0, 0.9, 1 - 1e-9])
def test_a_class_without_rows_has_no_say_in_the_others(beta: float) -> None:
    counts = [90, 10, 0]
    expected = count_weights(counts, "ens", beta=beta)  # 1 without rows
    Y = np.repeat(np.eye(3), counts, axis=0)
    by_label = element_weights(Y, "ens", beta=beta, of="label")[0]
    for base in ("cross-entropy", "focal", "bce", "sigmoid-focal"):
        loss = ClassBalancedLoss(counts, beta=beta, base=base)
        without = ClassBalancedLoss(counts[:2], beta=beta, base=base).weight
        torch.testing.assert_close(loss.weight[:2], without)
        np.testing.assert_allclose(loss.weight[:2], expected[:2])
        if "sigmoid" in base or base == "bce":
            np.testing.assert_allclose(loss.weight, by_label)
            np.testing.assert_allclose(loss.weight, expected)
    assert ClassBalancedLoss(counts, beta=beta).prior_offset[2] == pytest.approx(0, abs=1e-12)
    moved = ClassBalancedLoss(counts, beta=beta, base="bce", of="positives").prior_offset
    assert moved[2] == 0
    # The same loss as with element weights in torch's own.
    z, y = torch.randn(100, 3, dtype=torch.float64), torch.from_numpy(Y)
    ours = ClassBalancedLoss(counts, beta=beta, base="bce", of="label")(z, y)
    weight = torch.from_numpy(element_weights(Y, "ens", beta=beta, of="label"))
    torch.testing.assert_close(ours, torch.nn.BCEWithLogitsLoss(weight=weight)(z, y))


def test_given_weights_by_name_and_by_place() -> None:
    labels = ["ham"] * 3 + ["spam"]
    by_name = WeightedCrossEntropy.from_labels(labels, given={"spam": 6, "ham": 2}).weight
    np.testing.assert_allclose(by_name, np.array([2, 6]) * 4 / 12)
    by_place = WeightedCrossEntropy.from_counts([3, 1], given=[2, 6]).weight
    torch.testing.assert_close(by_place, by_name)
    with pytest.raises(EquipoiseError, match="eggs"):
        WeightedCrossEntropy.from_labels(labels, given={"eggs": 6, "ham": 2})


def test_counts_too_many_to_list() -> None:
    weight = WeightedCrossEntropy.from_counts([10**12, 10**6]).weight
    assert float(weight[1] / weight[0]) == pytest.approx(1e6)


def test_negatives_per_positive() -> None:
    loss = WeightedBCE.from_labels(Y)
    assert loss.pos_weight.tolist() == [1.0, 1.0, 1.0]  # even; none; all
    loss = WeightedBCE.from_labels(torch.tensor([1, 0, 0, 0, -100]))
    assert loss.pos_weight.tolist() == [3.0]
    assert WeightedBCE.from_counts([2, 30], 32).pos_weight.tolist() == [15.0, 2 / 30]
    assert WeightedBCE.from_counts(2, 32).pos_weight.tolist() == [15.0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_focus_on_labels_balances_as_weights_of_positives_do(scheme: str) -> None:
    """alpha to 1 - alpha is the ratio of the class weights of one against the rest."""
    counts, n = [9, 50, 0, 60], 60
    loss = FocalLoss.from_counts(counts, n, scheme=scheme, beta=0.9, target="labels")
    ratio = loss.alpha / (1 - loss.alpha)
    for c in (0, 1):
        w = class_weights([0] * (n - counts[c]) + [1] * counts[c], scheme, beta=0.9)
        assert float(ratio[c]) == pytest.approx(w[1] / w[0])
    assert loss.alpha[2:].tolist() == [0.5, 0.5]  # none; all
    Y = np.arange(n)[:, None] < counts
    again = FocalLoss.from_labels(Y, scheme=scheme, beta=0.9, target="labels")
    torch.testing.assert_close(again.alpha, loss.alpha)
    if scheme == "balanced":
        weighed = WeightedBCE.from_counts(counts, n)
        torch.testing.assert_close(ratio, weighed.pos_weight)
        # Without focus it is weighted cross-entropy, times 1 - alpha.
        z, y = torch.randn(n, 4), torch.from_numpy(Y)
        plain = FocalLoss.from_counts(counts, n, gamma=0, target="labels").terms(z, y)
        scaled = weighed.terms(z, y) * (1 - loss.alpha)
        torch.testing.assert_close(plain, scaled.float())


def test_focus_on_one_logit() -> None:
    y = torch.tensor([1, 0, 0, 0, -100])
    loss = FocalLoss.from_labels(y, target="labels")
    assert loss.alpha.tolist() == [0.75]
    assert torch.isfinite(loss(torch.zeros(5), y))


def test_counts_of_labels() -> None:
    same = DistributionBalancedLoss.from_counts([2, 0, 4], 4)
    got = DistributionBalancedLoss.from_labels(Y)
    torch.testing.assert_close(got.rate, same.rate)
    torch.testing.assert_close(got.bias, same.bias)
    sigmoid = ClassBalancedLoss.from_labels(Y, base="bce", beta=0.5)
    counted = ClassBalancedLoss([2, 0, 4], base="bce", beta=0.5)
    torch.testing.assert_close(sigmoid.weight, counted.weight)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: WeightedCrossEntropy.from_labels([]), "no labels"),
        (lambda: WeightedCrossEntropy.from_labels([-100, -100]), "no labels"),
        (
            lambda: WeightedCrossEntropy.from_labels([0, 1, -1]),
            "label -1 of row 2 is no class code",
        ),
        (
            lambda: WeightedCrossEntropy.from_labels([0, 5], classes=3),
            "class code 5 is beyond classes=3",
        ),
        (lambda: WeightedCrossEntropy.from_labels(["a", "b"], classes=3), "hold 2 distinct names"),
        (
            lambda: WeightedCrossEntropy.from_labels(["a", "c"], classes=["a", "b"]),
            "'c' is not among",
        ),
        (lambda: WeightedCrossEntropy.from_labels([[0, 1], [1, 0]]), r"shape \(2, 2\)"),
        (lambda: WeightedCrossEntropy.from_labels([0, 1], scheme="balance"), "'balance'"),
        (lambda: WeightedCrossEntropy.from_labels([0, 1], scheme="ens", beta=1.0), "beta=1.0"),
        (lambda: WeightedCrossEntropy.from_counts([3, -1]), "counts is -1 for class 1"),
        (lambda: WeightedCrossEntropy.from_counts([0, 0]), "not all 0"),
        (lambda: LogitAdjustedLoss([5]), "2 or more"),
        (lambda: LogitAdjustedLoss([5, float("nan")]), "counts is nan for class 1"),
        (lambda: LogitAdjustedLoss([[5, 3]]), r"shape \(1, 2\)"),
        (lambda: LogitAdjustedLoss("ab"), "counts has the shape"),
        (lambda: WeightedBCE.from_labels([[0, 2]]), "a label is 2"),
        (lambda: WeightedBCE.from_labels(["a", "b"]), "give 0 and 1"),
        (lambda: WeightedBCE.from_counts([9], 8), "9 rows of n_rows=8"),
        (lambda: DistributionBalancedLoss([9], 8), "9 rows of n_rows=8"),
        (lambda: DistributionBalancedLoss([1], 1), "n_rows=1"),
        (lambda: WeightedBCE.from_counts([1], "8"), "n_rows='8'"),
        (lambda: FocalLoss.from_counts([9], 8, target="labels"), "9 rows of n_rows=8"),
        (lambda: FocalLoss.from_counts([9, 1], target="labels"), "add n_rows="),
        (lambda: FocalLoss.from_counts([9, 1], 10), "n_rows=10 is given for class codes"),
        (lambda: FocalLoss.from_labels([[0, 1], [1, 0]]), r"shape \(2, 2\)"),
    ],
)
def test_labels_and_counts_that_cannot_be_used(call, words: str) -> None:
    with pytest.raises((TargetError, UsageError), match=words) as found:
        call()
    assert found.value.remedy
