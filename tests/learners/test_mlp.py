"""The network on tables: what it learns, when it stops, and what each slot moves."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import equipoise as eq
from equipoise.decisions.correction import correct, prior_offset
from equipoise.errors import NotApplicable
from equipoise.learners import mlp
from equipoise.learners.base import Loss, Schedule, Training
from equipoise.learners.choice import choose_learners
from equipoise.learners.linear import Linear
from equipoise.learners.losses import Refocused, loss_offset, make_loss
from equipoise.learners.mlp import FittedNetwork, Mlp, squashed
from equipoise.learners.neural.mlp import Recipe, train_network
from equipoise.learners.neural.stopping import Yardstick
from equipoise.strategies import find_strategies

SHORT = Recipe(epochs=6, patience=6, blind=6)
LOSSES = [
    Loss("focal", {"gamma": 2.0}),
    Loss("balanced-softmax"),
    Loss("logit-adjusted", {"tau": 1.5}),
    Loss("vs", {"gamma": 0.15, "tau": 1.0}),
    Loss("ldam", {"max_margin": 0.5, "s": 30.0}),
]
SCHEDULES = [
    Schedule("two-phase"),
    Schedule("dynamic-sampling"),
    Schedule("deferred-reweighting"),
    Schedule("head-retraining"),
    Schedule("tau-norm", {"tau": 1.0}),
]


def rows(n=800, seed=0, rare=1.0, classes=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    cuts = [rare, rare + 0.8][: classes - 1]
    return X, np.digitize(X[:, 0] + 0.7 * rng.normal(size=n), cuts).astype(np.int64)


def case(n=800, m=200, **more):
    """Return a training part that watches other rows of the same distribution."""
    size = {key: more.pop(key) for key in ("rare", "classes") if key in more}
    X, y = rows(n + m, **size)
    more.setdefault("seed", 1)
    n_classes = more.pop("n_classes", size.get("classes", 2))
    return Training(X[:n], y[:n], n_classes, watched=(X[n:], y[n:]), **more)


def bits(fitted):
    return [one.tobytes() for one in fitted.to_arrays().values()]


def cross_entropy(log_p, y):
    return -log_p[np.arange(len(y)), y].mean()


# -- learning -------------------------------------------------------------------------------------


def test_it_learns_what_no_line_divides():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 2))
    y = ((X[:, 0] > 0) ^ (X[:, 1] > 0)).astype(np.int64)
    training = Training(X[:600], y[:600], 2, seed=1, watched=(X[600:750], y[600:750]))
    fitted = train_network(training, Recipe(epochs=30)).fitted
    right = (fitted.log_proba(X[750:]).argmax(axis=1) == y[750:]).mean()
    line = Linear().fit(Training(X[:600], y[:600], 2)).log_proba(X[750:]).argmax(axis=1)
    assert right > 0.9 > 0.7 > (line == y[750:]).mean()


def test_scores_are_those_of_the_same_layers_in_torch():
    fitted = train_network(case(classes=3), SHORT).fitted
    X = np.random.default_rng(3).normal(size=(50, 3))
    hidden = torch.from_numpy(squashed(X))
    for weight, bias in zip(fitted.weights[:-1], fitted.biases[:-1], strict=True):
        hidden = torch.relu(
            torch.nn.functional.linear(hidden, torch.tensor(weight), torch.tensor(bias))
        )
    last = torch.nn.functional.linear(
        hidden, torch.tensor(fitted.weights[-1]), torch.tensor(fitted.biases[-1])
    )
    expected = torch.log_softmax(last, dim=1).numpy()
    np.testing.assert_allclose(fitted.log_proba(X), expected, atol=1e-5)
    np.testing.assert_allclose(fitted.log_proba(X[7:8])[0], fitted.log_proba(X)[7], atol=1e-12)
    sparse = fitted.log_proba(sp.csr_matrix(X))
    np.testing.assert_allclose(sparse, fitted.log_proba(X), atol=1e-12)


def test_batches_grow_with_the_rows_and_an_epoch_stays_cheap():
    sizes = [Recipe().batch_size(n) for n in (1, 10, 400, 4000, 40_000, 400_000, 4_000_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] == sizes[2] == 32
    assert sizes[-1] == 4096
    assert all(n / Recipe().batch_size(n) <= 20 for n in range(400, 50_000, 333))


# -- stopping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_the_best_epoch_by_the_watched_rows_is_kept(weighted):
    training = case(rare=1.5)
    if weighted:
        training.sample_weight = np.where(training.y == 1, 3.0, 0.5)
    trained = train_network(training, Recipe(epochs=40, patience=5))
    (losses,) = trained.watched
    X, y = training.watched
    moved = prior_offset(np.bincount(y), np.bincount(training.y, weights=training.sample_weight))
    # Without weights, at the prior of those rows: nothing else gives the smallest of the record.
    again = cross_entropy(correct(trained.fitted.log_proba(X), moved), y)
    assert again == pytest.approx(min(losses), abs=1e-5)
    assert len(losses) == min(40, losses.index(min(losses)) + 1 + 5)


def judged_again(training, trained):
    """Return the loss of the watched rows by what a trial makes of the network."""
    X, y = training.watched
    loss, C = training.loss, training.n_classes
    effective = np.bincount(training.y, weights=training.sample_weight, minlength=C)
    moved = prior_offset(np.bincount(y, minlength=C), effective)
    moved = moved + loss_offset(loss, training.y, C)
    return cross_entropy(correct(Refocused(trained.fitted, loss.focus).log_proba(X), moved), y)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_focal_loss_is_watched_as_it_is_handed_out(gamma, weighted, classes):
    training = case(rare=1.2, classes=classes, loss=Loss("focal", {"gamma": gamma}))
    if weighted:
        training.sample_weight = np.array([0.5, 3.0, 2.0])[training.y]
    trained = train_network(training, Recipe(epochs=20, patience=5))
    (losses,) = trained.watched
    assert judged_again(training, trained) == pytest.approx(min(losses), abs=1e-5)


def test_losses_that_shift_and_margins_are_watched_as_they_are_handed_out():
    for loss in (LOSSES[1], LOSSES[2], LOSSES[4]):
        training = case(rare=1.2, classes=3, loss=loss)
        training.sample_weight = np.array([0.5, 3.0, 2.0])[training.y]
        trained = train_network(training, SHORT)
        assert judged_again(training, trained) == pytest.approx(min(trained.watched[0]), abs=1e-5)


def test_probabilities_that_minimise_a_focal_loss_are_the_best_that_can_be_watched():
    # One row whose classes are drawn anew: the loss of its shares is known.
    y = np.repeat([0, 1, 2], [70, 20, 10])
    shares, weight = np.array([0.7, 0.2, 0.1]), np.array([1.0, 2.0, 5.0])
    training = Training(np.zeros((100, 1)), y, 3, loss=LOSSES[0], sample_weight=weight[y])
    z = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    steps = torch.optim.LBFGS([z], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-15)

    def closure():
        steps.zero_grad()
        log_q = torch.log_softmax(z, 0)
        terms = -((1 - log_q.exp()) ** 2) * log_q
        value = (torch.tensor(shares * weight) * terms).sum()
        value.backward()
        return value

    steps.step(closure)
    measure = Yardstick(training, make_loss(LOSSES[0], y, 3), y).measure
    scores = np.tile(z.detach().numpy(), (100, 1))
    entropy = -(shares * np.log(shares)).sum()
    assert measure(scores, np.zeros(3))[0] == pytest.approx(entropy, abs=1e-6)
    # And a schedule that weighs classes is taken back behind the loss, as its weights are.
    training.sample_weight = None
    measure = Yardstick(training, make_loss(LOSSES[0], y, 3), y).measure
    assert measure(scores, np.log(weight))[0] == pytest.approx(entropy, abs=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.15])
def test_vs_is_watched_by_what_it_trains(gamma):
    X, y = rows(300, rare=0.8, classes=3)
    loss = Loss("vs", {"gamma": gamma, "tau": 1.0})
    module = make_loss(loss, y, 3)
    yardstick = Yardstick(Training(X, y, 3, loss=loss), module, y)
    z = np.random.default_rng(0).normal(size=(300, 3))
    # The rows trained on are those watched here, so the loss of training is the answer.
    expected = float(module(torch.from_numpy(z), torch.from_numpy(y)))
    assert yardstick.measure(z, np.zeros(3))[0] == pytest.approx(expected, abs=1e-9)
    weight = np.array([1.0, 3.0, 9.0])
    heavy = Yardstick(Training(X, y, 3, loss=loss, sample_weight=weight[y]), module, y)
    lifted = z + np.log(weight) / module.factor.numpy()
    assert heavy.measure(lifted, np.zeros(3))[0] == pytest.approx(expected, abs=1e-9)


def test_rows_that_tell_when_to_stop_are_never_trained_on():
    # Where what is watched contradicts what is trained on, stopping is all that they can do.
    training = case()
    X, y = training.watched
    training.watched = (X, 1 - y)
    trained = train_network(training, Recipe(epochs=30, patience=3))
    assert len(trained.watched[0]) < 10
    blind = Training(training.X, training.y, 2, seed=1)
    epochs = 1 + int(np.argmin(trained.watched[0]))
    same = train_network(blind, Recipe(blind=epochs)).fitted
    assert bits(same) == bits(trained.fitted)


def test_watched_rows_of_an_unknown_class_do_not_count():
    training = case(classes=3)
    keep = training.y != 2
    one = Training(training.X[keep], training.y[keep], 3, seed=1, watched=training.watched)
    X, y = training.watched
    known = Training(one.X, one.y, 3, seed=1, watched=(X[y != 2], y[y != 2]))
    assert bits(train_network(one, SHORT).fitted) == bits(train_network(known, SHORT).fitted)
    unknown = Training(one.X, one.y, 3, seed=1, watched=(X[y == 2], y[y == 2]))
    assert train_network(unknown, SHORT).watched == []


# -- weights, starts ------------------------------------------------------------------------------


def test_weights_act_as_repeated_rows_do_and_swapping_two_is_not_the_same():
    training = case(400, 400)
    weight = np.ones(400)
    weight[:2] = 20.0, 1.0
    swapped = weight.copy()
    swapped[:2] = 1.0, 20.0
    training.sample_weight = weight
    one = train_network(training, SHORT).fitted
    training.sample_weight = swapped
    other = train_network(training, SHORT).fitted
    first, second = training.X[:1], training.X[1:2]
    gain = one.log_proba(first)[0] - other.log_proba(first)[0]
    assert gain[training.y[0]] > 0
    gain = other.log_proba(second)[0] - one.log_proba(second)[0]
    assert gain[training.y[1]] > 0


@pytest.mark.parametrize("weighted", [False, True])
def test_a_start_at_the_prior_has_the_entropy_of_the_labels_as_its_loss(weighted):
    training = case(rare=1.5, classes=3)
    counts = np.bincount(training.y).astype(float)
    if weighted:
        training.sample_weight = np.array([0.5, 2.0, 4.0])[training.y]
        counts *= [0.5, 2.0, 4.0]
    training.start_at_prior = True
    log_p = train_network(training, Recipe(epochs=0)).fitted.log_proba(training.X)
    share = counts / counts.sum()
    np.testing.assert_allclose(np.exp(log_p), np.tile(share, (len(log_p), 1)), rtol=1e-5)
    loss = np.average(-log_p[np.arange(800), training.y], weights=training.sample_weight)
    assert loss == pytest.approx(-(share * np.log(share)).sum(), rel=1e-5)
    training.start_at_prior = False
    other = train_network(training, Recipe(epochs=0)).fitted.log_proba(training.X)
    assert cross_entropy(other, training.y) > loss + 0.05 or weighted


# -- the same numbers -----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_also_at_once_and_torch_is_left_alone():
    trainings = [case(seed=5), case(seed=6, classes=3), case(seed=5)]
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    alone = [bits(train_network(one, SHORT).fitted) for one in trainings]
    assert alone[0] == alone[2] != bits(train_network(case(seed=7), SHORT).fitted)
    found = {}

    def work(k):
        found[k] = bits(train_network(trainings[k], SHORT).fitted)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [found[k] for k in range(3)] == alone
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


# -- losses and schedules -------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda one: one.name)
def test_every_loss_is_learned_with(loss, classes):
    training = case(rare=0.3, classes=classes, loss=loss, start_at_prior=True)
    fitted = train_network(training, Recipe(epochs=12)).fitted
    X, y = training.watched
    offset = loss_offset(loss, training.y, classes)
    log_p = correct(fitted.log_proba(X), offset)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0, atol=1e-9)
    share = np.bincount(y) / len(y)
    assert cross_entropy(log_p, y) < -(share * np.log(share)).sum() - 0.05
    plain = train_network(case(rare=0.3, classes=classes, start_at_prior=True), Recipe(epochs=12))
    assert bits(fitted) != bits(plain.fitted)


@pytest.mark.parametrize("name", ["balanced-softmax", "logit-adjusted"])
def test_what_a_loss_moved_is_put_back(name):
    loss = next(one for one in LOSSES if one.name == name)
    recipe = Recipe(epochs=15)
    plain = train_network(case(rare=1.4), recipe).fitted
    moved = train_network(case(rare=1.4, loss=loss), recipe).fitted
    X, _ = rows(1000, seed=9, rare=1.4)
    log_p = moved.log_proba(X)
    back = np.exp(correct(log_p, loss_offset(loss, case(rare=1.4).y, 2)))[:, 1].mean()
    expected = np.exp(plain.log_proba(X))[:, 1].mean()
    assert np.exp(log_p)[:, 1].mean() > 2 * expected
    assert back == pytest.approx(expected, rel=0.35)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: one.name)
def test_every_schedule_changes_training_and_learns(schedule, classes):
    training = case(rare=0.9, classes=classes, schedule=schedule)
    recipe = Recipe(epochs=12, patience=6)
    trained = train_network(training, recipe)
    X, y = training.watched
    log_p = trained.fitted.log_proba(X)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0, atol=1e-9)
    seen = log_p[y > 0, 1:].max(axis=1).mean() - log_p[y > 0, 0].mean()
    unseen = log_p[y == 0, 1:].max(axis=1).mean() - log_p[y == 0, 0].mean()
    assert seen > unseen + 1
    plain = train_network(case(rare=0.9, classes=classes), recipe)
    assert bits(trained.fitted) != bits(plain.fitted)
    if schedule.name in ("dynamic-sampling", "deferred-reweighting", "head-retraining"):
        # The shift that rows or weights made is known, and taken back: rare classes are not said too often.
        assert trained.fitted.shift[-1] > 0 > trained.fitted.shift[0]
        mean, share = np.exp(log_p)[:, 0].mean(), (y == 0).mean()
        raw = np.exp(correct(log_p, -trained.fitted.shift))[:, 0].mean()
        assert abs(mean - share) < abs(raw - share)
    else:
        assert not trained.fitted.shift.any()


def test_the_head_alone_is_retrained():
    recipe = Recipe(epochs=8)
    plain = train_network(case(rare=0.9), recipe).fitted
    other = train_network(case(rare=0.9, schedule=SCHEDULES[3]), recipe).fitted
    for one, two in zip(plain.weights[:-1], other.weights[:-1], strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.allclose(plain.weights[-1], other.weights[-1])
    counts = np.bincount(case(rare=0.9).y)
    np.testing.assert_allclose(other.shift, prior_offset(counts, [1, 1]))


def test_tau_normalised_weights_have_length_one_and_no_bias():
    plain = train_network(case(rare=0.9), SHORT).fitted
    other = train_network(case(rare=0.9, schedule=SCHEDULES[4]), SHORT).fitted
    lengths = np.linalg.norm(plain.weights[-1], axis=1, keepdims=True)
    np.testing.assert_allclose(other.weights[-1], plain.weights[-1] / lengths, rtol=1e-5)
    assert not other.biases[-1].any()
    half = Schedule("tau-norm", {"tau": 0.5})
    halved = train_network(case(rare=0.9, schedule=half), SHORT).fitted
    np.testing.assert_allclose(halved.weights[-1], plain.weights[-1] / lengths**0.5, rtol=1e-5)


def test_deferred_weights_are_those_that_balance_and_start_from_the_plain_network():
    recipe = Recipe(epochs=8, late_rate=0.0)
    plain = train_network(case(rare=0.9, classes=3), recipe)
    trained = train_network(case(rare=0.9, classes=3, schedule=SCHEDULES[2]), recipe)
    assert trained.watched[0] == plain.watched[0]
    assert len(trained.watched) == 2
    counts = np.bincount(case(rare=0.9, classes=3).y)
    np.testing.assert_allclose(trained.fitted.shift, prior_offset(counts, [1, 1, 1]), atol=1e-12)


# -- ugly rows ------------------------------------------------------------------------------------

UGLY = {
    "absent class": (*rows(60), 3),
    "single row of a class": (
        np.random.default_rng(0).normal(size=(40, 2)),
        np.eye(40)[7].astype(int),
        2,
    ),
    "one class": (np.random.default_rng(0).normal(size=(30, 2)), np.zeros(30, dtype=int), 2),
    "one row": (np.ones((1, 2)), np.zeros(1, dtype=int), 2),
    "few rows": (*rows(12, rare=0.0), 2),
    "constant columns": (np.zeros((50, 3)), rows(50)[1], 2),
    "one column": (rows(50)[0][:, :1], rows(50)[1], 2),
    "huge values": (rows(50)[0] * 3e37, rows(50)[1], 2),
    "a last batch of one": (*rows(385), 2),
}


@pytest.mark.parametrize("what", [*LOSSES, *SCHEDULES, None], ids=lambda one: one and one.name)
@pytest.mark.parametrize("ugly", UGLY)
def test_ugly_rows_give_finite_probabilities(ugly, what):
    X, y, C = UGLY[ugly]
    recipe = Recipe(hidden=(8, 4), epochs=3, blind=2, first=2)
    slots = {"loss": what} if isinstance(what, Loss) else {"schedule": what}
    watched = None if slots.get("loss") else (X[:20], y[:20])
    training = Training(X, y.astype(np.int64), C, watched=watched, start_at_prior=True, **slots)
    log_p = train_network(training, recipe).fitted.log_proba(X)
    assert log_p.shape == (len(X), C)
    assert np.isfinite(log_p).all()
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0, atol=1e-9)
    absent = np.bincount(y, minlength=C) == 0
    assert (np.exp(log_p[:, absent]) < 1e-11).all()


def test_far_values_are_bounded_and_near_ones_kept():
    values = squashed(np.array([[0.0, 0.1, -1.0, 3e38, -3e38]]))[0]
    np.testing.assert_allclose(
        values, [0, 0.1 / math.sqrt(1 + 0.01 / 9), -3 / math.sqrt(10), 3, -3]
    )


def test_too_many_columns_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(mlp, "_CELLS", 100)
    X, y = rows(50)
    with pytest.raises(NotApplicable, match=r"50 rows of 3 columns are too many.*; leave out"):
        Mlp().fit(Training(sp.csr_matrix(X), y, 2))


def test_sparse_rows_are_trained_on_as_dense_ones():
    training = case(200, 50)
    dense = train_network(training, SHORT).fitted
    X, y = training.watched
    sparse = Training(
        sp.csr_matrix(training.X), training.y, 2, seed=1, watched=(sp.csr_matrix(X), y)
    )
    assert bits(train_network(sparse, SHORT).fitted) == bits(dense)


def test_layers_that_do_not_fit_are_refused():
    arrays = train_network(case(50, 20), Recipe(epochs=1)).fitted.to_arrays()
    fitted = FittedNetwork.from_arrays(arrays, 0.0)
    assert bits(fitted) == [one.tobytes() for one in arrays.values()]
    for name, value in [
        ("weight1", np.zeros((3, 3))),
        ("bias0", np.zeros(3)),
        ("shift", np.zeros(5)),
        ("present", np.zeros(2, dtype=np.uint8)),
        ("weight2", np.full_like(arrays["weight2"], np.nan)),
        ("more", np.zeros(1)),
    ]:
        with pytest.raises(ValueError, match="network"):
            FittedNetwork.from_arrays({**arrays, name: value}, 0.0)
    with pytest.raises(ValueError, match="other arrays"):
        FittedNetwork.from_arrays({k: v for k, v in arrays.items() if k != "bias1"}, 0.0)


# -- in a trial -----------------------------------------------------------------------------------


def test_every_strategy_of_a_table_applies(monkeypatch):
    monkeypatch.setattr("equipoise.learners.neural.mlp.Recipe", lambda: Recipe(epochs=2, first=1))
    X, y = rows(150, rare=0.8)
    # Ensembles bring learners of their own, which take most of the time and tell nothing of this one.
    names = [one.name for one in find_strategies("all", "binary") if not one.is_ensemble]
    result = eq.compare(X, y, learner="mlp", strategies=names, folds=2, seed=0)
    assert len(names) > 30
    why = {
        one["name"]: one["why_not"]
        for one in result.summary["strategies"]
        if one["learner"] == "mlp" and not one["applicable"]
    }
    texts = {name for name, reason in why.items() if "no column of text" in reason}
    same = {name for name, reason in why.items() if "the same training" in reason}
    assert set(why) - texts - same == set(), why


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: one.name)
def test_every_schedule_trains_without_watched_rows_and_gives_the_same_bits_again(schedule):
    training = Training(*rows(60, rare=0.5), 2, seed=2, schedule=schedule)
    one, other = (train_network(training, Recipe(blind=2, first=2)) for _ in range(2))
    assert one.watched == []
    assert bits(one.fitted) == bits(other.fitted)


def test_it_is_a_learner_by_name_with_an_estimate_of_its_time():
    (choice,) = choose_learners("mlp", 100, 3, False)
    assert isinstance(choice.learner, Mlp)
    assert choice.learner.losses >= {loss.name for loss in LOSSES}
