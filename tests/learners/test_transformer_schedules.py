"""Schedules of the learner transformer end at the prior, whatever they move and whether the head has a bias."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import logit

from equipoise.errors import NotApplicable
from equipoise.learners.base import Loss, Schedule, Training
from equipoise.learners.neural import transformer as module
from equipoise.learners.transformer import FittedTransformer, Transformer, TransformerOfLabels

F = NDArray[np.float64]

RARE = 0.2


@pytest.fixture(scope="module")
def tiny_gpt(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a GPT-2 of one layer, whose head has no bias and scores every word."""
    from transformers import AutoTokenizer, GPT2Config, GPT2ForSequenceClassification

    folder = tmp_path_factory.mktemp("tiny-gpt")
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    tokenizer.save_pretrained(folder)
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=32, n_embd=32, n_layer=1, n_head=2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        GPT2ForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def learner(folder: str, **options: Any) -> Transformer:
    return Transformer(folder, **{"epochs": 3, "batch_size": 8, "learning_rate": 5e-3, **options})


def training(n: int = 120, **slots: Any) -> Training:
    """Return rows whose texts say nothing, so that only the shares of the classes can be learned."""
    y = (np.arange(n) % 5 == 0).astype(np.int64)
    return Training(np.array(["the a"] * n, dtype=object), y, 2, **{"seed": 1, **slots})


def odds(log_p: F) -> float:
    return float(log_p[0, 1] - log_p[0, 0])


@pytest.fixture
def levelled(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Take down the fit, and its scores before what the schedule moved was taken from them."""
    seen: dict[str, Any] = {}
    real = module._Fit._level_bias

    def spy(self: Any) -> None:
        scores = module.score_tokens(self.network.eval(), self.tokenizer, self.rows[:1])
        seen.update(fit=self, raw=odds(scores))
        real(self)

    monkeypatch.setattr(module._Fit, "_level_bias", spy)
    return seen


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("two-phase", "bert"),
        ("dynamic-sampling", "bert"),
        ("deferred-reweighting", "bert"),
        ("head-retraining", "bert"),
        ("dynamic-sampling", "gpt"),
        ("deferred-reweighting", "gpt"),
    ],
)
def test_a_schedule_ends_at_the_prior(
    tiny_bert: str, tiny_gpt: str, levelled: dict[str, Any], name: str, kind: str
) -> None:
    given = training(schedule=Schedule(name))
    given.watched = given.X[:40], given.y[:40]
    folder = {"bert": tiny_bert, "gpt": tiny_gpt}[kind]
    fitted = learner(folder, learning_rate=1e-2).fit(given)
    assert odds(fitted.log_proba(given.X[:1])) == pytest.approx(logit(RARE), abs=0.4)
    # Before that they are where drawn rows or late weights lead.
    want = {"two-phase": logit(RARE), "dynamic-sampling": logit(0.4)}.get(name, 0.0)
    assert levelled["raw"] == pytest.approx(want, abs=0.4)


def test_a_head_without_a_bias_is_given_one(tiny_gpt: str, tmp_path: Path) -> None:
    given = training(40, start_at_prior=True)
    given.n_classes = 3  # one of them without rows
    still = learner(tiny_gpt, epochs=1, learning_rate=1e-12)
    fitted = still.fit(given)
    assert isinstance(fitted, FittedTransformer)
    log_p = fitted.log_proba(given.X)
    np.testing.assert_allclose(np.exp(log_p[:, :2]), np.tile([1 - RARE, RARE], (40, 1)), atol=0.02)
    assert log_p[:, 2].max() < np.log(1e-9)
    fitted.save(tmp_path)
    again = FittedTransformer.load(tmp_path, fitted.max_length, fitted.cosine, 3)
    np.testing.assert_array_equal(again.log_proba(given.X[:1]), log_p[:1])
    labels = np.eye(3, dtype=np.int64)[given.y][:, :2]
    given = training(40, start_at_prior=True, target="labels")
    given.y = labels
    found = still.fit(given)
    assert isinstance(found, TransformerOfLabels)
    np.testing.assert_allclose(
        found.log_odds(given.X[:1])[0], [-logit(RARE), logit(RARE)], atol=1e-4
    )


def test_cosines_take_the_place_of_a_head_without_a_bias(tiny_gpt: str, tmp_path: Path) -> None:
    given = training(16, loss=Loss("ldam", {"max_margin": 0.5, "s": 30.0}))
    fitted = learner(tiny_gpt, epochs=1).fit(given)
    fitted.save(tmp_path)
    again = FittedTransformer.load(tmp_path, fitted.max_length, fitted.cosine, 2)
    np.testing.assert_array_equal(again.log_proba(given.X[:1]), fitted.log_proba(given.X[:1]))


def test_a_head_that_scores_every_word_is_not_retrained(
    tiny_gpt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module._Fit, "_train", lambda self: pytest.fail("trained in vain"))
    with pytest.raises(NotApplicable, match="the head 'score' is not given one vector per row"):
        learner(tiny_gpt).fit(training(16, schedule=Schedule("head-retraining")))


@pytest.mark.parametrize("watched", [True, False])
def test_rows_are_drawn_by_what_the_epoch_before_got_wrong(
    tiny_bert: str, levelled: dict[str, Any], watched: bool
) -> None:
    given = training(40, schedule=Schedule("dynamic-sampling", {"smoothing": 0.0, "floor": 0.0}))
    # As it never changes, what the still network says of all texts alike is wrong for all of a class.
    still = learner(tiny_bert, epochs=2, learning_rate=1e-12)
    if watched:
        given.watched = given.X[:10], given.y[:10]
    still.fit(given)
    f1 = np.array([2 * 0.8 / 1.8, 0.0]) if levelled["raw"] < 0 else np.array([0.0, 1 / 3])
    np.testing.assert_allclose(levelled["fit"].sampler.shares, (1 - f1) / (1 - f1).sum())


@pytest.mark.parametrize("name", ["two-phase", "dynamic-sampling"])
def test_samplers_draw_for_all_ranks(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fit = module._Fit(learner(tiny_bert), training(20), "")
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    assert len(list(fit._sampler(name, {}))) == 20
