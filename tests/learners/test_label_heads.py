"""Heads of labels that are trained together, against the losses by themselves and against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from equipoise.learners.base import FLOOR, Loss, Training
from equipoise.learners.embedding import Embedding, _label_heads
from equipoise.learners.losses import make_loss
from equipoise.learners.neural.label_heads import LabelHead, _Axes, _Block, train_label_heads

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 12)) * np.geomspace(1, 0.05, 12) + 0.3
X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
Z = 4 * X[:, :4] @ RNG.normal(size=(4, 4)) + 0.5 * RNG.normal(size=(300, 4))
CUTS = np.quantile(Z, [0.5, 0.7, 0.9, 0.95], axis=0).diagonal()
Y = (Z > CUTS).astype(np.int64)

LOSSES = [
    None,
    Loss("focal", {"gamma": 2.0}),
    Loss("focal", {"gamma": 1.0}),
    Loss("asymmetric", {"gamma_pos": 0.0, "gamma_neg": 4.0, "margin": 0.0}),
    Loss("asymmetric", {"gamma_pos": 1.0, "gamma_neg": 4.0, "margin": 0.05}),
    Loss("asymmetric", {"gamma_pos": 0.0, "gamma_neg": 0.0, "margin": 0.2}),
    Loss("distribution-balanced"),
    Loss("distribution-balanced", {"gamma": 0.0, "lam": 2.0, "kappa": 0.1}),
]
by_loss = pytest.mark.parametrize(
    "loss", LOSSES, ids=lambda one: "plain" if one is None else one.describe
)


def part(rows: Any = None, **more: Any) -> Training:
    return Training(X, Y if rows is None else Y[rows], 4, target="labels", rows=rows, **more)


def heads_of(training: Training) -> list[LabelHead]:
    return _label_heads(training, training.element_weight, np.arange(4))


def block_of(heads: list[LabelHead]) -> _Block:
    # In double precision, beside an idle head and two others: none may disturb another.
    others = [LabelHead(0, np.arange(300), None), LabelHead(1, np.arange(300), None, 2.0, 1.0, 0.1)]
    return _Block(_Axes.of(torch.from_numpy(X.astype(np.float64))), Y, [*others, *heads], 16)


@by_loss
def test_what_a_head_minimises_is_the_loss_of_its_name(loss: Loss | None) -> None:
    weight = RNG.uniform(0.5, 2.0, Y.shape)
    training = part(loss=loss, element_weight=weight)
    heads = heads_of(training)
    block = block_of(heads)
    theta = torch.from_numpy(RNG.normal(size=(block.H, 1, 13)))
    found = block.losses(theta)[0][2:6].numpy()
    block._report(theta, torch.arange(block.H))
    made = [one for one in block.results if one is not None][2:]
    z = np.column_stack([X.astype(np.float64) @ w[:, 0] + b[0] for w, b in made])
    module = make_loss(loss, Y, 4, "labels")
    terms = module.terms(torch.from_numpy(z), torch.from_numpy(Y), sample_weight=weight).numpy()
    penalty = np.array([(w**2).sum() for w, _ in made]) / (2 * 10.0 * 300)
    # A head weighs its elements to a sum of 1, whatever the loss makes of them.
    total = np.array([300.0 if head.weight is None else head.weight.sum() for head in heads])
    np.testing.assert_allclose(found, terms.sum(axis=0) / total + penalty, rtol=1e-5)


@by_loss
def test_gradients_are_those_of_finite_differences(loss: Loss | None) -> None:
    block = block_of(heads_of(part(loss=loss)))
    theta = torch.from_numpy(0.5 * RNG.normal(size=(block.H, 1, 13)))
    gradient = block.losses(theta)[1]
    for h in range(2, 6):
        for place in RNG.integers(0, 13, 3):
            step = torch.zeros_like(theta)
            step[h, 0, place] = 1e-5
            up, down = (float(block.losses(theta + sign * step)[0][h]) for sign in (1, -1))
            found = float(gradient[h, 0, place])
            assert found == pytest.approx((up - down) / 2e-5, rel=1e-3, abs=1e-6)


def test_plain_heads_are_logistic_regressions_of_their_labels() -> None:
    rows = np.flatnonzero(RNG.random(300) < 0.8)
    weight = np.where(Y[rows] == 1, 3.0, 1.0)
    found = Embedding().fit(part(rows, element_weight=weight)).log_odds(X)
    for j in range(4):
        peer = LogisticRegression(C=10.0, tol=1e-10, max_iter=10_000).fit(
            X[rows], Y[rows, j], sample_weight=weight[:, j] / weight[:, j].mean()
        )
        np.testing.assert_allclose(found[:, j], peer.decision_function(X), atol=5e-3)


def _many(count: int) -> list[Training]:
    rng = np.random.default_rng(1)
    out = []
    for k in range(count):
        rows = rng.integers(0, 300, 250)
        weight = rng.uniform(0.5, 2, (250, 4))
        out.append(part(rows, element_weight=weight, loss=LOSSES[k % len(LOSSES)]))
    return out


def test_a_head_does_not_depend_on_who_is_trained_beside_it() -> None:
    trainings = _many(24)
    together = Embedding().fit_many(trainings)
    backwards = Embedding().fit_many(trainings[::-1])[::-1]
    few = [Embedding().fit(one) for one in trainings[3:8]]
    for one, other in zip([*together, *together[3:8]], [*backwards, *few], strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.intercepts, other.intercepts)


def test_one_by_one_gives_the_same_scores() -> None:
    heads = [head for training in _many(8) for head in heads_of(training)]
    for one, other in zip(
        train_label_heads(X, Y, heads), train_label_heads(X, Y, heads, alone=True), strict=True
    ):
        np.testing.assert_allclose(X @ one[0] + one[1], X @ other[0] + other[1], atol=0.06)


def test_repeated_rows_count_as_often() -> None:
    rows = np.concatenate([np.arange(300), np.flatnonzero(Y[:, 2])])
    ((w, b),) = train_label_heads(X, Y, [LabelHead(2, rows, None)])
    peer = LogisticRegression(C=10.0, tol=1e-10, max_iter=10_000).fit(X[rows], Y[rows, 2])
    np.testing.assert_allclose(X @ w + b, peer.decision_function(X), atol=5e-3)


@by_loss
def test_no_other_method_comes_lower(loss: Loss | None) -> None:
    from scipy.optimize import minimize

    heads = heads_of(part(loss=loss))
    block, again = block_of(heads), block_of(heads)
    block.train()
    for h in (2, 5):
        made = block.results[h]
        assert made is not None

        def objective(flat: Any, h: int = h) -> tuple[float, Any]:
            theta = torch.zeros(again.H, 1, 13, dtype=torch.float64)
            theta[h, 0] = torch.from_numpy(flat)
            value, slope = again.losses(theta)
            return float(value[h]), slope[h, 0].numpy()

        inner = made[0][:, 0] @ again.axes.turn.numpy()
        start = np.append(inner, made[1][0] + made[0][:, 0] @ again.axes.mean.numpy())
        start = start / again.scale[h].numpy()
        best = minimize(objective, start, jac=True, method="L-BFGS-B").fun
        assert objective(start)[0] <= best * 1.001 + 1e-7


@by_loss
def test_ugly_data_end_in_finite_scores(loss: Loss | None) -> None:
    same = np.tile(X[:1], (40, 1))
    labels = np.zeros((40, 3), dtype=np.int64)
    labels[39, 0] = labels[:, 1] = 1  # one row of a label, all rows, and none
    for features in (same, np.zeros((40, 3), dtype=np.float32), 1e6 * same):
        fitted = Embedding().fit(Training(features, labels, 3, loss=loss, target="labels"))
        odds = fitted.log_odds(features)
        assert np.isfinite(odds).all()
        assert (odds[:, 1] == -FLOOR).all()
        assert (odds[:, 2] == FLOOR).all()


def test_few_rows() -> None:
    one = Training(X[:2], Y[:2] * 0 + np.array([[0], [1]]), 4, target="labels")
    odds = Embedding().fit(one).log_odds(X[:2])
    assert (odds[1] > odds[0]).all()
