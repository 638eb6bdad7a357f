"""The network on labels and on numbers: each loss learns, weights move odds, watched rows say when to stop."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.learners.base import Loss, Training
from equipoise.learners.losses import unfocused
from equipoise.learners.mlp import Mlp
from equipoise.learners.neural.mlp import Recipe
from equipoise.learners.neural.mlp_others import (
    _Labels,
    _Numbers,
    train_on_labels,
    train_on_numbers,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
Y = (X[:, :2] + 0.5 * RNG.normal(size=(240, 2)) > [0.0, 1.0]).astype(np.int64)
Z = 1000.0 + 10.0 * (X[:, 0] + 0.3 * RNG.normal(size=240))
QUICK = Recipe(hidden=(16,), epochs=12, blind=12, smallest=16, rate=1e-2)


@pytest.mark.parametrize("name", [None, "focal", "asymmetric", "distribution-balanced"])
def test_labels_are_learned_with_each_loss(name: str | None) -> None:
    loss = None if name is None else Loss(name)
    part = Training(
        X, Y, 2, target="labels", loss=loss, watched=(X[:60], Y[:60]), start_at_prior=True
    )
    odds = train_on_labels(part, QUICK).log_odds(X)
    for j in range(2):
        assert odds[Y[:, j] == 1, j].mean() > odds[Y[:, j] == 0, j].mean() + 0.5


@pytest.mark.parametrize("name", [None, "focal"])
def test_of_scores_that_tell_nothing_the_mean_entropy_of_the_labels_is_watched(
    name: str | None,
) -> None:
    """Whatever level training gave them; a label that never changes does not count."""
    more = np.column_stack([Y, np.ones(240, dtype=np.int64)])
    loss = None if name is None else Loss(name)
    part = Training(X, more, 3, target="labels", loss=loss, watched=(X[:60], more[:60]))
    share = Y[:60].mean(axis=0)
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    scores = np.tile([4.0, -7.0, 1.0], (60, 1))
    assert _Labels(part, QUICK).measure(scores) == pytest.approx(entropy.mean(), abs=1e-6)
    never = Training(X, more[:, 2:], 1, target="labels", watched=(X[:60], more[:60, 2:]))
    assert _Labels(never, QUICK).measure(scores[:, 2:]) == 0.0


def test_weights_of_positives_raise_the_odds_of_their_label() -> None:
    weight = np.where(Y == 1, [8.0, 1.0], 1.0)
    plain = train_on_labels(Training(X, Y, 2, target="labels"), QUICK).log_odds(X)
    part = Training(X, Y, 2, target="labels", element_weight=weight)
    moved = train_on_labels(part, QUICK).log_odds(X)
    assert (moved - plain)[:, 0].mean() > 0.5
    assert abs((moved - plain)[:, 1].mean()) < 0.5


@pytest.mark.parametrize("loss", [None, Loss("pinball", {"q": 0.5}), Loss("balanced-mse")])
def test_numbers_are_learned_with_each_loss(loss: Loss | None) -> None:
    part = Training(X, Z, 1, target="numbers", loss=loss, watched=(X[:60], Z[:60]))
    found = train_on_numbers(part, QUICK).predict(X)
    assert np.corrcoef(found, Z)[0, 1] > 0.8
    assert abs(found.mean() - Z.mean()) < 5.0


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_balanced_errors_are_judged_as_one_batch_at_a_cost_that_grows_with_the_rows_alone(
    noise: float,
) -> None:
    """The mean over watched rows in one batch, by a square of all pairs, but for a constant."""
    y = np.exp(1.5 * np.random.default_rng(3).normal(size=1500))
    part = Training(
        np.zeros((1500, 1)),
        y,
        1,
        target="numbers",
        loss=Loss("balanced-mse", {"noise": noise}),
        watched=(np.zeros((1500, 1)), y),
    )
    fit = _Numbers(part, QUICK)
    fit.at_once = 400  # the last part is smaller than the others
    z = (y - y.mean()) / y.std()
    for p in (0.7 * z, np.full(1500, z.max() + 1.0)):
        score = -0.5 * ((p[:, None] - z) / noise) ** 2
        top = score.max(axis=1)
        common = top + np.log(np.exp(score - top[:, None]).mean(axis=1))
        expected = np.mean((p - z) ** 2 + 2 * noise**2 * common)
        assert fit.measure(p[:, None]) == pytest.approx(expected, abs=1e-5)
    assert len(np.unique(y)) == 1500
    assert fit.judge.mixture.shape[1] < (120 if noise == 0.5 else 500)


def test_a_high_quantile_lies_above_most_rows() -> None:
    part = Training(X, Z, 1, target="numbers", loss=Loss("pinball", {"q": 0.9}))
    assert (train_on_numbers(part, QUICK).predict(X) >= Z).mean() > 0.75


def test_missing_watched_labels_and_few_rows() -> None:
    some = Training(X[:3], Y[:3], 2, target="labels", watched=(X[:2], np.zeros((2, 2), int)))
    assert np.isfinite(Mlp().fit(some).log_odds(X)).all()


def test_unfocused_undoes_the_minimum_of_the_focal_loss() -> None:
    """Of a label with the share p the loss is least at q, and q is brought back to p."""
    q = np.linspace(0.01, 0.99, 9801)
    for p in (0.1, 0.5, 0.8):
        risk = -p * (1 - q) ** 2 * np.log(q) - (1 - p) * q**2 * np.log(1 - q)
        best = q[risk.argmin()]
        odds = unfocused(np.array([[np.log(best / (1 - best))]]), 2.0)
        assert odds[0, 0] == pytest.approx(np.log(p / (1 - p)), abs=0.02)
