"""Heads that are trained together, against the losses by themselves and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from equipoise.learners.base import Loss, Training
from equipoise.learners.embedding import Embedding, _head
from equipoise.learners.losses import make_loss
from equipoise.learners.neural.heads import Head, _basis, _Block, train_heads

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 12)) * np.geomspace(1, 0.05, 12)
X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
Z = 3 * X[:, :3] @ RNG.normal(size=(3, 3)) + 0.5 * RNG.normal(size=(300, 3))
Y3 = np.argmax(Z + np.array([1.5, 0.3, -0.4]), axis=1)
Y2 = (Z[:, 0] > 1.2).astype(np.int64)

LOSSES = [
    None,
    Loss("focal", {"gamma": 2.0}),
    Loss("focal", {"gamma": 1.0}),
    Loss("balanced-softmax"),
    Loss("logit-adjusted", {"tau": 0.7}),
    Loss("vs", {"gamma": 0.2, "tau": 1.0}),
    Loss("ldam", {"max_margin": 0.5, "s": 30.0}),
]


def _name(loss):
    return "plain" if loss is None else loss.describe


@pytest.mark.parametrize("y", [Y2, Y3], ids=["two", "three"])
@pytest.mark.parametrize("loss", LOSSES, ids=_name)
def test_what_a_head_minimises_is_the_loss_of_its_name(loss, y):
    n_classes = int(y.max()) + 1
    weight = RNG.uniform(0.5, 2, len(y))
    training = Training(X, y, n_classes, sample_weight=weight / weight.mean(), loss=loss)
    head = _head(training, len(X))
    # In double precision, beside an idle head and a focal one: none may disturb another.
    others = [Head(np.ones(len(y)), len(y)), Head(np.ones(len(y)), len(y), gamma=2.0)]
    X64 = torch.from_numpy(X.astype(np.float64))
    labels = torch.from_numpy(y)
    block = _Block(X64, labels, n_classes, [*others, head], 16, _basis(X64))
    theta = torch.from_numpy(RNG.normal(size=(block.H, block.K, 13)))
    found = float(block.losses(theta)[0][2])

    weights, intercepts = block.weights(theta)[2].T, theta[2, :, 12]
    penalty = 0.5 * float((weights**2).sum()) / (10.0 * len(y))
    if loss is not None and loss.name == "ldam":
        weights, penalty = weights / weights.norm(dim=0), 0.0  # their length is free
    z = X64 @ weights + intercepts
    z = torch.cat([torch.zeros(len(y), 1, dtype=z.dtype), z], dim=1) if n_classes == 2 else z
    module = make_loss(loss, y, n_classes)
    terms = module.terms(z, torch.from_numpy(y), sample_weight=training.sample_weight)
    scale = head.weight.sum()  # a head weighs its rows to a sum of 1, class weights included
    assert found == pytest.approx(float(terms.sum()) / scale + penalty, rel=1e-6)


@pytest.mark.parametrize("y", [Y2, Y3], ids=["two", "three"])
@pytest.mark.parametrize("loss", LOSSES, ids=_name)
def test_gradients_are_those_of_finite_differences(loss, y):
    n_classes = int(y.max()) + 1
    head = _head(Training(X, y, n_classes, loss=loss), len(X))
    X64 = torch.from_numpy(X.astype(np.float64))
    block = _Block(X64, torch.from_numpy(y), n_classes, [head], 1, _basis(X64))
    theta = torch.from_numpy(RNG.normal(size=(1, block.K, 13)))
    gradient = block.losses(theta)[1][0].numpy().ravel()
    for place in RNG.integers(0, 13 * block.K, 6):
        step = torch.zeros_like(theta)
        step.view(-1)[place] = 1e-5
        up, down = (float(block.losses(theta + sign * step)[0][0]) for sign in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("y", [Y2, Y3], ids=["two", "three"])
def test_plain_heads_are_logistic_regressions(y):
    weight = np.where(RNG.random(300) < 0.8, np.where(y == 1, 3.0, 1.0), 0.0)
    kept = weight > 0
    ((w, b),) = train_heads(X, y, int(y.max()) + 1, [Head(weight, int(kept.sum()))])
    # Of two classes the peer, too, penalises the difference of the scores.
    peer = LogisticRegression(C=10.0, tol=1e-10, max_iter=10_000).fit(
        X[kept], y[kept], sample_weight=weight[kept] / weight[kept].mean()
    )
    scores = X @ w + b
    if len(b) == 2:
        np.testing.assert_allclose(
            scores[:, 1] - scores[:, 0], peer.decision_function(X), atol=5e-3
        )
    else:
        centred = scores - scores.mean(axis=1, keepdims=True)
        theirs = peer.decision_function(X)
        np.testing.assert_allclose(centred, theirs - theirs.mean(axis=1, keepdims=True), atol=1e-2)


def _many(count):
    rng = np.random.default_rng(1)
    trainings = []
    for k in range(count):
        rows = rng.integers(0, 300, 250)
        loss = LOSSES[k % len(LOSSES)]
        weight = rng.uniform(0.5, 2, 250)
        trainings.append(
            Training(X, Y3[rows], 3, sample_weight=weight / weight.mean(), loss=loss, rows=rows)
        )
    return trainings


def test_a_head_does_not_depend_on_who_is_trained_beside_it():
    trainings = _many(40)
    together = Embedding().fit_many(trainings)
    backwards = Embedding().fit_many(trainings[::-1])[::-1]
    few = Embedding().fit_many(trainings[35:38])
    for one, other in zip(together, backwards, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
    for one, other in zip(together[35:38], few, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.intercepts, other.intercepts)


def test_one_by_one_gives_the_same_scores():
    trainings = _many(16)
    for training, one in zip(trainings, Embedding().fit_many(trainings), strict=True):
        alone = Embedding().fit(training)
        np.testing.assert_allclose(alone.log_proba(X), one.log_proba(X), rtol=0.01, atol=0.02)


def test_repeated_rows_are_rows_of_twice_the_weight():
    rows = np.concatenate([np.arange(300), np.flatnonzero(Y2 == 1)])
    repeated = Embedding().fit(Training(X, Y2[rows], 2, rows=rows))
    weight = np.where(Y2 == 1, 2.0, 1.0)
    (made,) = train_heads(X, Y2, 2, [Head(weight, len(rows))], alone=True)
    np.testing.assert_array_equal(repeated.weights, made[0])


def test_swapped_class_weights_are_seen():
    light, heavy = (
        Embedding().fit(Training(X, Y2, 2, sample_weight=np.where(rare == Y2, 5.0, 1.0)))
        for rare in (0, 1)
    )
    odds = [np.diff(one.log_proba(X), axis=1) for one in (light, heavy)]
    assert (odds[1] > odds[0] + 0.5).all()


@pytest.mark.parametrize("loss", LOSSES, ids=_name)
def test_ugly_data_end_in_finite_scores(loss):
    same = np.tile(X[:1], (40, 1))
    y = np.array([0] * 39 + [1])  # all rows alike, one of a class, and a class that is absent
    out = Embedding().fit(Training(same, y, 3, loss=loss)).log_proba(same)
    assert np.isfinite(out).all()
    constant = np.zeros((40, 3), dtype=np.float32)
    assert np.isfinite(
        Embedding().fit(Training(constant, y, 2, loss=loss)).log_proba(constant)
    ).all()


@pytest.mark.parametrize("y", [Y2, Y3], ids=["two", "three"])
def test_a_cosine_ends_as_low_as_by_the_search_of_torch(y):
    C, loss = int(y.max()) + 1, Loss("ldam", {"max_margin": 0.5, "s": 30.0})
    module = make_loss(loss, y, C)
    features, labels = torch.from_numpy(X.astype(np.float64)), torch.from_numpy(y)

    def objective(w, b):
        z = features @ (w / w.norm(dim=0)) + b
        z = torch.cat([torch.zeros(len(y), 1, dtype=z.dtype), z], dim=1) if C == 2 else z
        return module.terms(z, labels).mean()

    means = torch.stack([features[labels == c].mean(dim=0) for c in range(C)], dim=1)
    w = (means[:, 1:] - means[:, :1] if C == 2 else means).clone().requires_grad_()
    b = torch.zeros(w.shape[1], dtype=w.dtype, requires_grad=True)
    search = torch.optim.LBFGS([w, b], max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        search.zero_grad()
        value = objective(w, b)
        value.backward()
        return value

    search.step(closure)
    ((weights, intercepts),) = train_heads(X, y, C, [_head(Training(X, y, C, loss=loss), len(y))])
    keep = slice(1, 2) if C == 2 else slice(None)
    ours = objective(
        torch.from_numpy(weights[:, keep]), torch.from_numpy(intercepts[keep] / module.s)
    )
    assert float(ours) <= objective(w, b).item() + 1e-4
