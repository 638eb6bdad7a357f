"""What a loss fits for known probabilities, and that its offset puts them back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from equipoise.decisions import correct, prior_offset
from equipoise.losses import (
    BalancedSoftmaxLoss,
    ClassBalancedLoss,
    LogitAdjustedLoss,
    VSLoss,
    WeightedBCE,
    WeightedCrossEntropy,
)

COUNTS = np.array([70.0, 25.0, 5.0])
# Four kinds of rows, equally many, each with its probabilities of three classes.
POSTERIOR = np.array(
    [[0.90, 0.08, 0.02], [0.30, 0.60, 0.10], [0.05, 0.05, 0.90], [0.34, 0.33, 0.33]]
)
SOFTMAX = {
    "weighted": WeightedCrossEntropy([0.5, 2.0, 7.0]),
    "from counts": WeightedCrossEntropy.from_counts(COUNTS),
    "class-balanced": ClassBalancedLoss(COUNTS, beta=0.97),
    "adjusted": LogitAdjustedLoss(COUNTS, 1.4),
    "balanced softmax": BalancedSoftmaxLoss(COUNTS),
    "vs": VSLoss(COUNTS, gamma=0.0, tau=0.8),
}


def fitted(loss, posterior) -> np.ndarray:
    """Minimise the expected loss over one free logit per kind of row and class."""
    z = torch.zeros(posterior.shape, dtype=torch.float64, requires_grad=True)
    shares = torch.from_numpy(posterior)
    steps = torch.optim.LBFGS(
        [z],
        max_iter=500,
        tolerance_grad=1e-11,
        tolerance_change=1e-15,
        line_search_fn="strong_wolfe",
    )

    def expected():
        steps.zero_grad()
        rows, classes = posterior.shape
        if loss.target == "classes":
            items = [loss.terms(z, torch.full((rows,), c)) for c in range(classes)]
            total = (shares * torch.stack(items, dim=1)).sum()
        else:
            total = (shares * loss.terms(z, torch.ones(posterior.shape))).sum()
            total = total + ((1 - shares) * loss.terms(z, torch.zeros(posterior.shape))).sum()
        total.backward()
        return total

    steps.step(expected)
    return z.detach().numpy()


@pytest.mark.parametrize("key", SOFTMAX)
def test_logits_less_the_offset_are_the_probabilities(key: str) -> None:
    loss = SOFTMAX[key]
    z = fitted(loss, POSTERIOR)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    found = np.exp(correct(log_p, np.asarray(loss.prior_offset)))
    np.testing.assert_allclose(found, POSTERIOR, atol=1e-6)
    # Without the offset they are others, so that the line above can fail.
    assert np.abs(np.exp(log_p) - POSTERIOR).max() > 0.05


@pytest.mark.parametrize("key", SOFTMAX)
@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_two_classes_exchanged_do_not_pass(key: str, pair: tuple[int, int]) -> None:
    """The check above is able to see an offset in the wrong order."""
    loss = SOFTMAX[key]
    z = fitted(loss, POSTERIOR)
    offset = np.asarray(loss.prior_offset).copy()
    offset[list(pair)] = offset[list(pair[::-1])]
    found = np.exp(correct(z - np.log(np.exp(z).sum(axis=1, keepdims=True)), offset))
    assert np.abs(found - POSTERIOR).max() > 0.01


@pytest.mark.parametrize(
    "loss",
    [WeightedBCE([0.5, 4.0, 30.0]), ClassBalancedLoss(COUNTS, base="bce", of="positives")],
    ids=["pos_weight", "positives"],
)
def test_labels_less_the_offset_are_the_probabilities(loss) -> None:
    z = fitted(loss, POSTERIOR)
    offset = np.asarray(loss.prior_offset)
    np.testing.assert_allclose(1 / (1 + np.exp(offset - z)), POSTERIOR, atol=1e-6)
    q, w = 1 / (1 + np.exp(-z)), np.exp(offset)
    np.testing.assert_allclose(q / (q + w * (1 - q)), POSTERIOR, atol=1e-6)
    assert np.abs(q - POSTERIOR).max() > 0.1


def test_weights_of_both_answers_move_no_label() -> None:
    for loss in (
        WeightedBCE(label_weight=[1.0, 5.0, 9.0]),
        ClassBalancedLoss(COUNTS, base="bce", of="label"),
    ):
        np.testing.assert_allclose(1 / (1 + np.exp(-fitted(loss, POSTERIOR))), POSTERIOR, atol=1e-6)
        assert loss.prior_offset is None


@pytest.mark.parametrize("counts", [[90, 10], [70, 25, 5], [40, 0, 10]])
@pytest.mark.parametrize("scheme", ["balanced", "ins", "isns", "ens"])
def test_offsets_are_those_of_decisions(counts: list[int], scheme: str) -> None:
    n = np.array(counts, dtype=float)
    loss = WeightedCrossEntropy.from_counts(n, scheme=scheme, beta=0.99)
    expected = prior_offset(n, n * np.asarray(loss.weight))
    np.testing.assert_allclose(loss.prior_offset, expected, atol=1e-12)
    np.testing.assert_allclose(
        LogitAdjustedLoss(n, 0.6).prior_offset,
        0.6 * prior_offset(n, (n > 0).astype(float)),
        atol=1e-12,
    )
    np.testing.assert_allclose(
        ClassBalancedLoss(n, beta=0.99).prior_offset,
        WeightedCrossEntropy.from_counts(n, scheme="ens", beta=0.99).prior_offset,
        atol=1e-12,
    )


def test_weights_of_an_intercept_are_undone_on_counts() -> None:
    """A model of intercepts alone fits the counts; weighted and put back, it does again."""
    loss = WeightedCrossEntropy.from_counts(COUNTS)
    z = fitted(loss, COUNTS[None] / COUNTS.sum())
    np.testing.assert_allclose(np.exp(z) / np.exp(z).sum(), [[1 / 3] * 3], atol=1e-6)
    back = z - np.asarray(loss.prior_offset)
    np.testing.assert_allclose(np.exp(back) / np.exp(back).sum(), COUNTS[None] / 100, atol=1e-6)
