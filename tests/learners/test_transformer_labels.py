"""The learner transformer on labels: words are learned, weights count, what never changes stays out of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import logit

from equipoise.decisions.label_correction import label_intercept
from equipoise.integrations.hf import trainer_loss
from equipoise.learners.base import FLOOR, Loss, Training
from equipoise.learners.losses import RefocusedLabels
from equipoise.learners.neural.fine_tuning import FineTuning
from equipoise.learners.neural.label_transformer import FitOfLabels
from equipoise.learners.transformer import Transformer, TransformerOfLabels

WORDS = ["call", "now", "at", "home", "later", "ok", "see", "you", "the", "a", "is", "it"]
LOSSES = [None, Loss("focal", {"gamma": 2.0}), Loss("asymmetric"), Loss("distribution-balanced")]


def texts(n: int, seed: int = 0) -> tuple[Any, Any]:
    """Return short texts, and whether each has the word prize or cash, and the word lunch or cash."""
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, 2)) < [0.3, 0.5]).astype(np.int64)
    out = np.empty(n, dtype=object)
    for i, (first, second) in enumerate(Y):
        word = [["meet", "lunch"], ["prize", "cash"]][first][second]
        out[i] = f"{word} {rng.choice(WORDS)} {word}"
    return out, Y


def learner(tiny_bert: str, **options: Any) -> Transformer:
    return Transformer(
        tiny_bert, **{"epochs": 3, "batch_size": 8, "learning_rate": 5e-3, **options}
    )


def training(n: int = 160, **slots: Any) -> Training:
    X, Y = texts(n)
    return Training(
        X, Y, 2, **{"target": "labels", "seed": 3, "watched": texts(60, seed=1), **slots}
    )


def cross_entropy(odds: Any, Y: Any) -> float:
    odds = odds + label_intercept(odds, Y.mean(axis=0))
    return float(np.logaddexp(0.0, np.where(Y == 1, -odds, odds)).mean())


@pytest.mark.parametrize("loss", LOSSES, ids=lambda one: one.name if one else "none")
def test_words_are_learned_with_each_loss(tiny_bert: str, loss: Loss | None) -> None:
    fitted = learner(tiny_bert, epochs=4, batch_size=4).fit(training(loss=loss))
    assert fitted.network.config.problem_type == "multi_label_classification"
    X, Y = texts(150, seed=2)
    odds = fitted.log_odds(X)
    assert odds.dtype == np.float64
    for j in range(2):
        assert odds[Y[:, j] == 1, j].mean() > odds[Y[:, j] == 0, j].mean() + 0.3
    assert cross_entropy(odds, Y) < 0.65 * cross_entropy(np.zeros(Y.shape), Y)
    assert fitted.log_odds(np.empty(0, dtype=object)).shape == (0, 2)


def test_the_same_seed_gives_the_same_bits_and_what_is_stored_says_them_again(
    tiny_bert: str, tmp_path: Any
) -> None:
    odd = np.array(["", "unheard of", "\ud800 broken", "prize " * 100], dtype=object)
    before = torch.get_rng_state()
    one = learner(tiny_bert, epochs=1).fit(training(60))
    two = learner(tiny_bert, epochs=1).fit(training(60))
    other = learner(tiny_bert, epochs=1).fit(training(60, seed=4))
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(one.log_odds(odd), two.log_odds(odd))
    assert np.abs(one.log_odds(odd) - other.log_odds(odd)).max() > 1e-4
    assert one.save(tmp_path)[0] == "model.safetensors"
    again = TransformerOfLabels.load(tmp_path, one.max_length, one.fixed)
    np.testing.assert_array_equal(again.log_odds(odd), one.log_odds(odd))


@pytest.mark.parametrize("loss", LOSSES[:2], ids=["none", "focal"])
def test_it_starts_at_the_shares_of_what_it_is_shown(tiny_bert: str, loss: Loss | None) -> None:
    _, Y = texts(160)
    weight = np.where(Y == 1, [5.0, 1.0], 1.0)
    given = training(start_at_prior=True, element_weight=weight / weight.mean(), loss=loss)
    odds = learner(tiny_bert, epochs=1, learning_rate=1e-12).fit(given).log_odds(given.X)
    share = (weight * Y).sum(axis=0) / weight.sum(axis=0)
    np.testing.assert_allclose(odds, np.tile(logit(share), (160, 1)), atol=1e-5)


def test_a_weight_of_positives_adds_its_logarithm_to_the_odds(tiny_bert: str) -> None:
    # Texts say nothing here, so that only the shares of the labels can be learned.
    X = np.array(["the a"] * 120, dtype=object)
    Y = np.column_stack([np.arange(120) % 5 == 0, np.arange(120) % 2 == 0]).astype(np.int64)
    weight = np.where(Y == 1, [4.0, 1.0], 1.0)
    quick = learner(tiny_bert, epochs=6)
    given: dict[str, Any] = {"target": "labels", "seed": 1}
    plain = quick.fit(Training(X, Y, 2, **given)).log_odds(X[:1])[0]
    heavy = Training(X, Y, 2, **given, element_weight=weight / weight.mean())
    moved = quick.fit(heavy).log_odds(X[:1])[0]
    np.testing.assert_allclose(plain, logit([0.2, 0.5]), atol=0.3)
    np.testing.assert_allclose(moved - plain, [np.log(4.0), 0.0], atol=0.3)


def gradients(tiny_bert: str, monkeypatch: pytest.MonkeyPatch, given: Training) -> dict[str, Any]:
    """Return the gradients of the one step that a fit on all rows at once makes, without dropout."""
    found: dict[str, Any] = {}

    def train(self: FineTuning, rows: Any, loss: Any, start: Any) -> None:
        self.network.eval()
        batch = dict(self.tokenizer.pad(rows, return_tensors="pt"))
        labels, weight = batch.pop("labels"), batch.pop("weight", None)
        made = trainer_loss(loss)
        made(self.network(**batch), labels, labels.numel(), sample_weight=weight).backward()
        found.update({name: one.grad for name, one in self.network.named_parameters()})

    monkeypatch.setattr(FineTuning, "train", train)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        FitOfLabels(learner(tiny_bert), given, "").run()
    return found


@pytest.mark.parametrize("loss", [None, *LOSSES[1:3]], ids=["none", "focal", "asymmetric"])
def test_a_weight_of_a_row_counts_as_that_many_rows(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch, loss: Loss | None
) -> None:
    X, Y = texts(40)
    times = np.random.default_rng(0).integers(1, 4, 40)
    rows = np.repeat(np.arange(40), times)
    given: dict[str, Any] = {"target": "labels", "loss": loss}
    repeated = Training(X, Y[rows], 2, rows=rows, **given)
    weight = times / times.mean()
    by_row = Training(X, Y, 2, sample_weight=weight, **given)
    by_element = Training(X, Y, 2, element_weight=np.repeat(weight[:, None], 2, axis=1), **given)
    want = gradients(tiny_bert, monkeypatch, repeated)
    for part in (by_row, by_element):
        found = gradients(tiny_bert, monkeypatch, part)
        assert found.keys() == want.keys()
        for name, one in want.items():
            torch.testing.assert_close(found[name], one, atol=1e-6, rtol=1e-4)
    plain = gradients(tiny_bert, monkeypatch, Training(X, Y, 2, **given))
    assert not torch.allclose(plain["classifier.bias"], want["classifier.bias"], rtol=1e-3)


def test_labels_that_never_change_are_known_and_teach_nothing(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, Y = texts(40)
    more = np.column_stack([Y, np.ones(40), np.zeros(40)]).astype(np.int64)
    with monkeypatch.context() as patch:
        found = gradients(tiny_bert, patch, Training(X, more, 4, target="labels"))
    assert not found["classifier.weight"][2:].any()
    assert found["classifier.weight"][:2].any()
    given = Training(X, more, 4, target="labels", watched=(X, more), start_at_prior=True)
    odds = learner(tiny_bert, epochs=1).fit(given).log_odds(X)
    np.testing.assert_array_equal(odds[:, 2:], np.tile([-FLOOR, FLOOR], (40, 1)))
    alone = learner(tiny_bert).fit(Training(X, more[:, 2:], 2, target="labels"))
    np.testing.assert_array_equal(alone.log_odds(X[:3]), np.tile([-FLOOR, FLOOR], (3, 1)))
    one = learner(tiny_bert, epochs=1).fit(Training(X, Y[:, :1], 1, target="labels"))
    assert one.log_odds(X).shape == (40, 1)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_the_best_epoch_by_watched_rows_without_weights_is_kept(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch, gamma: float
) -> None:
    values: list[float] = []
    states: list[dict[str, Any]] = []
    real = FitOfLabels.judge

    def forced(self: FitOfLabels, epoch: int, scores: Any) -> float:
        values.append(real(self, epoch, scores))
        states.append({name: one.clone() for name, one in self.network.state_dict().items()})
        return [2.0, 1.0, 3.0][epoch]

    monkeypatch.setattr(FitOfLabels, "judge", forced)
    weight = np.where(texts(80)[1] == 1, 3.0, 1.0)
    loss = Loss("focal", {"gamma": gamma})
    X, Y = texts(30, seed=1)
    more = np.column_stack([Y, np.ones(30)]).astype(np.int64)  # of a label that training never had
    seen = np.column_stack([texts(80)[1], np.zeros(80)]).astype(np.int64)
    weight = np.column_stack([weight, np.ones(80)])
    given = training(80, loss=loss, element_weight=weight / weight.mean(), watched=(X, more))
    given.y, given.n_classes = seen, 3
    fitted = learner(tiny_bert).fit(given)
    assert len(values) == 3
    kept = fitted.network.state_dict()
    assert all(torch.equal(one, kept[name]) for name, one in states[1].items())
    assert not torch.equal(states[2]["classifier.weight"], kept["classifier.weight"])
    odds = RefocusedLabels(fitted, gamma).log_odds(X)[:, :2]
    assert cross_entropy(odds, Y) == pytest.approx(values[1], abs=1e-5)
