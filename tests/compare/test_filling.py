"""What the engine hands to a learner of classes: weights, losses, offsets, and rows that it must not touch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from equipoise.compare.fold import Fold
from equipoise.compare.plan import make_plan
from equipoise.data.dataset import load_dataset
from equipoise.data.folds import make_folds
from equipoise.learners.base import Loss
from equipoise.strategies import CATALOGUE


class Head:
    """A learner that takes every slot, and says log-odds of -3 to 3 of whatever it is asked."""

    name, title, view = "head", "Head", "dense"
    honours = frozenset({"rows", "weights", "loss", "start", "schedule", "decision"})
    losses = frozenset({"focal", "balanced-softmax", "logit-adjusted", "vs"})
    balances = False

    def __init__(self, watches=False):
        self.watches = watches

    def share(self, X, y, categorical):
        return None

    def fit(self, training):
        z = np.linspace(-3, 3, 50)
        log_p = -np.logaddexp(0.0, np.column_stack([z, -z]))
        return SimpleNamespace(log_proba=lambda X: log_p)


@pytest.fixture(scope="module")
def fold():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 3))
    X[:, 0] = np.arange(240)  # a row is known by it
    y = np.repeat(["common", "rare"], [200, 40])
    dataset = load_dataset(X, y)
    folds = make_folds(dataset.y, folds=4, seed=0)
    plan = make_plan(dataset, folds, "linear", "untreated,smote", 0)
    return Fold(dataset, folds.splits[0], 0, plan.material)


def shares(y, weight):
    weight = np.ones(len(y)) if weight is None else weight
    total = np.bincount(y, weights=weight, minlength=2)
    return total / total.sum()


def moved(before, after):
    both = np.log(after) - np.log(before)
    return both - both.mean()


def test_weights_of_classes_and_their_offset(fold):
    given = fold.prepare(Head(), CATALOGUE["weights-balanced"])
    counts = np.bincount(fold.y)
    training = given.training
    weight = (len(fold.y) / (2 * counts))[training.y]
    np.testing.assert_allclose(training.sample_weight, weight / weight.mean())
    expected = moved(counts, counts * (1 / counts))
    np.testing.assert_allclose(given.offset - given.offset.mean(), expected)
    assert given.offset[1] > given.offset[0]  # the rare class was moved up


@pytest.mark.parametrize(
    ("name", "tau"), [("balanced-softmax", 1.0), ("logit-adjusted-tuned", 1.5)]
)
def test_a_loss_that_adjusts_is_taken_back(fold, monkeypatch, name, tau):
    monkeypatch.setattr(fold, "tuned_loss", lambda *_: Loss("logit-adjusted", {"tau": tau}))
    given = fold.prepare(Head(), CATALOGUE[name])
    # It trains z so that softmax(z + tau log n) fits: z holds the evidence with so much less of the prior.
    expected = -tau * np.log(np.bincount(fold.y))
    np.testing.assert_allclose(
        given.offset - given.offset.mean(), expected - expected.mean(), atol=1e-12
    )


def test_alpha_weighs_the_rare_class(fold, monkeypatch):
    strategy = CATALOGUE["focal-tuned"]
    monkeypatch.setattr(fold, "tuned_loss", lambda *_: Loss("focal", {"gamma": 2.0, "alpha": 0.75}))
    given = fold.prepare(Head(), strategy)
    training, counts = given.training, np.bincount(fold.y)
    weight = np.array([0.25, 0.75])[training.y]
    np.testing.assert_allclose(training.sample_weight, weight / weight.mean())
    np.testing.assert_allclose(
        given.offset - given.offset.mean(), moved(counts, counts * [0.25, 0.75])
    )
    assert "alpha" not in training.loss.values


def test_the_focus_of_a_loss_is_taken_back(fold):
    given = fold.prepare(Head(), CATALOGUE["focal"])
    gamma = given.training.loss.values["gamma"]
    said = given.fit(Head()).scores(np.zeros((50, 3)))
    p = np.exp(said)
    q = np.exp(Head().fit(None).log_proba(None))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    # At the optimum of the expected focal loss of a row its derivative by q is 0.
    c = 1 - q
    slope = p * (gamma * c ** (gamma - 1) * np.log(q) - c**gamma / q)
    np.testing.assert_allclose(slope[:, 0], slope[:, 1], rtol=1e-5)
    assert np.abs(p - q).max() > 0.05


@pytest.mark.parametrize("name", ["untreated", "random-over", "smote", "weights-balanced"])
def test_rows_that_are_watched_are_neither_trained_on_nor_treated(fold, name):
    given = fold.prepare(Head(watches=True), CATALOGUE[name])
    X, y = given.training.watched
    inner, split = fold.inner.split, fold.split
    train, held = (set(part.tolist()) for part in (inner.train, inner.test))
    assert not train & held
    assert train | held == set(split.train.tolist())
    assert len(inner.test) == len(held)
    np.testing.assert_array_equal(y, fold.dataset.y[inner.test])
    # Each held row once, as it is: the first column tells it, as the encoder of the training rows sees it.
    seen = fold.inner.encoder.transform(fold.table.take(inner.test), "dense", [])
    np.testing.assert_array_equal(X, seen)
    assert len(np.unique(X[:, 0])) == len(held)
    mine = (
        given.training.X if given.training.rows is None else given.training.X[given.training.rows]
    )
    assert not set(np.asarray(mine)[:, 0].tolist()) & set(X[:, 0].tolist())
    tests = fold.inner.encoder.transform(fold.table.take(split.test), "dense", [])
    assert not set(np.asarray(mine)[:, 0].tolist()) & set(tests[:, 0].tolist())


@pytest.mark.parametrize("name", ["random-under", "random-over", "smote", "downsample-upweight"])
def test_the_offset_of_rows_is_by_what_is_trained_on(fold, name):
    given = fold.prepare(Head(), CATALOGUE[name])
    training = given.training
    expected = moved(shares(fold.y, None), shares(training.y, training.sample_weight))
    np.testing.assert_allclose(given.offset - given.offset.mean(), expected, atol=1e-12)
