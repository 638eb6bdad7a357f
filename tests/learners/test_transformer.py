"""The learner transformer, on a network of one small layer that is made on the fly."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from equipoise.decisions.correction import correct, prior_offset
from equipoise.errors import MissingExtra, UsageError
from equipoise.learners.base import Loss, Schedule, Training
from equipoise.learners.choice import choose_learners
from equipoise.learners.losses import Refocused
from equipoise.learners.transformer import Transformer

WORDS = [
    "win",
    "cash",
    "prize",
    "call",
    "now",
    "meet",
    "lunch",
    "at",
    "home",
    "later",
    "today",
    "ok",
    "see",
    "you",
    "the",
    "a",
    "is",
    "it",
    "we",
    "go",
]


def texts(n: int, seed: int = 0, share: float = 0.15):
    """Return texts of random words, and 1 for those with the word prize."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(np.int64)
    plain = [word for word in WORDS if word != "prize"]
    out = np.empty(n, dtype=object)
    for i, code in enumerate(y):
        words = list(rng.choice(plain, rng.integers(3, 9)))
        words[rng.integers(len(words))] = "prize" if code else "lunch"
        out[i] = " ".join(words)
    return out, y


def learner(tiny_bert: str, **options) -> Transformer:
    return Transformer(
        tiny_bert, **{"epochs": 3, "batch_size": 8, "learning_rate": 5e-3, **options}
    )


def training(n: int = 200, **slots) -> Training:
    X, y = texts(n)
    return Training(X, y, 2, **{"seed": 3, "watched": texts(60, seed=1), **slots})


def right(fitted) -> float:
    """Return the share of rows of both classes that are told apart, balanced."""
    X, y = texts(120, seed=2, share=0.4)
    guess = fitted.log_proba(X).argmax(axis=1)
    return float(np.mean([(guess[y == c] == c).mean() for c in (0, 1)]))


def test_a_word_is_learned(tiny_bert):
    fitted = learner(tiny_bert).fit(training())
    assert right(fitted) > 0.8
    log_p = fitted.log_proba(texts(20)[0])
    assert log_p.dtype == np.float64
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1.0)
    assert fitted.log_proba(np.empty(0, dtype=object)).shape == (0, 2)


def test_the_same_seed_gives_the_same_scores_and_leaves_all_generators_alone(tiny_bert, capfd):
    odd = np.array(["", "  ", "unheard of", "\ud800 broken", "prize " * 100], dtype=object)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    threads = torch.get_num_threads()
    quick = learner(tiny_bert, epochs=1)
    one = quick.fit(training(60)).log_proba(odd)
    torch.rand(3), np.random.rand(3), random.random()
    torch.manual_seed(7)
    two = quick.fit(training(60)).log_proba(odd)
    assert torch.initial_seed() == 7
    other = quick.fit(training(60, seed=4)).log_proba(odd)
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-4
    torch.set_rng_state(before[0])
    np.random.set_state(("MT19937", before[1], 624))
    random.setstate(before[2])
    quick.fit(training(40))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]
    assert torch.get_num_threads() == threads
    assert capfd.readouterr() == ("", "")


def test_scores_do_not_depend_on_who_else_is_scored(tiny_bert):
    fitted = learner(tiny_bert, epochs=1).fit(training(60))
    X, _ = texts(90, seed=5)
    whole = fitted.log_proba(X)
    parts = np.concatenate([fitted.log_proba(X[i : i + 7]) for i in range(0, 90, 7)])
    np.testing.assert_allclose(whole, parts, atol=1e-5)


def test_a_weight_counts_as_that_many_rows(tiny_bert):
    # Texts say nothing here, so that only the shares of the classes can be learned.
    X = np.array(["the a"] * 120, dtype=object)
    y = np.repeat([0, 1], [96, 24])
    weight = np.where(y == 1, 4.0, 1.0)
    quick = learner(tiny_bert, epochs=6)
    plain = quick.fit(Training(X, y, 2, seed=1)).log_proba(X[:1])[0]
    heavy = quick.fit(Training(X, y, 2, seed=1, sample_weight=weight / weight.mean()))
    assert plain[1] - plain[0] == pytest.approx(np.log(1 / 4), abs=0.3)
    heavy = heavy.log_proba(X[:1])[0]
    assert heavy[1] - heavy[0] == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize("loss", [None, Loss("focal", {"gamma": 2.0})])
def test_it_starts_at_the_prior_of_what_it_is_shown(tiny_bert, loss):
    still = learner(tiny_bert, epochs=1, learning_rate=1e-12)
    weight = np.where(training().y == 1, 3.0, 1.0)
    given = training(start_at_prior=True, sample_weight=weight / weight.mean(), loss=loss)
    log_p = still.fit(given).log_proba(given.X)
    share = np.bincount(given.y, weights=weight) / weight.sum()
    np.testing.assert_allclose(np.exp(log_p), np.tile(share, (len(log_p), 1)), atol=1e-5)
    # The loss is then the entropy of the shares.
    first = -np.average(log_p[np.arange(len(log_p)), given.y], weights=weight)
    assert first == pytest.approx(-(share * np.log(share)).sum(), abs=1e-5)


def test_rows_may_be_repeated_or_be_changed_texts(tiny_bert):
    X, y = texts(100)
    none = X.copy()
    none[y == 1] = "ok"
    # Only the changed texts, which lie behind the others, hold the word to learn.
    more, codes = texts(300, seed=8)
    changed = more[codes == 1][:40]
    joined, codes = np.concatenate([none, changed]), np.concatenate([y, np.ones(40, dtype=int)])
    rows = np.r_[np.tile(np.flatnonzero(y == 0), 2), 100:140, 100:140]
    fitted = learner(tiny_bert).fit(Training(joined, codes[rows], 2, rows=rows, seed=0))
    assert right(fitted) > 0.8


def test_the_best_epoch_is_kept_and_watched_rows_are_never_trained_on(tiny_bert, monkeypatch):
    from equipoise.learners.neural import fine_tuning
    from equipoise.learners.neural import transformer as module

    seen, moved = [], []

    def forced(self, scores):
        moved.append(self.shift.copy())
        seen.append({key: one.clone() for key, one in self.network.state_dict().items()})
        return [2.0, 1.0, 3.0][len(seen) - 1], 1.0

    trained = []
    real_collator = fine_tuning.transformers.DataCollatorWithPadding

    class Collator(real_collator):
        def __call__(self, rows):
            trained.extend(tuple(row["input_ids"]) for row in rows)
            return super().__call__(rows)

    monkeypatch.setattr(module._Fit, "_cross_entropy", forced)
    monkeypatch.setattr(fine_tuning.transformers, "DataCollatorWithPadding", Collator)
    watched = (np.array([f"home {text}" for text in texts(40, 1)[0]]), texts(40, 1)[1])
    given = training(schedule=Schedule("dynamic-sampling"), watched=watched)
    fitted = learner(tiny_bert).fit(given)
    assert len(seen) == 3
    best, kept = seen[1], fitted.network.state_dict()
    # What is taken from the scores is what the sampler had moved by then, not what it moved later.
    best["classifier.bias"] -= torch.from_numpy(moved[1]).float()
    assert all(torch.equal(best[key], kept[key]) for key in best)
    assert abs(moved[1] - moved[2]).max() > 0.05
    # Class 1 is drawn more often, and none of the rows drawn is a watched one.
    shown = set(trained)
    own = {tuple(row) for row in fitted.tokenizer(list(watched[0]))["input_ids"]}
    assert len(trained) == 3 * 200
    assert not shown & own


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_a_focal_loss_is_watched_as_it_is_handed_out(tiny_bert, monkeypatch, gamma):
    from equipoise.learners.neural.stopping import Yardstick

    values = []
    real = Yardstick.measure

    def spy(self, scores, shift):
        values.append(real(self, scores, shift)[0])
        return real(self, scores, shift)

    monkeypatch.setattr(Yardstick, "measure", spy)
    weight = np.where(training().y == 1, 3.0, 1.0)
    given = training(loss=Loss("focal", {"gamma": gamma}), sample_weight=weight / weight.mean())
    fitted = learner(tiny_bert).fit(given)
    X, y = given.watched
    moved = prior_offset(np.bincount(y), np.bincount(given.y, weights=weight))
    log_p = correct(Refocused(fitted, gamma).log_proba(X), moved)
    assert len(values) == 3
    assert -log_p[np.arange(len(y)), y].mean() == pytest.approx(min(values), abs=1e-4)


def test_how_sure_margins_make_it_is_chosen_on_watched_rows(tiny_bert):
    loss = Loss("ldam", {"max_margin": 0.5, "s": 30.0})
    scales = [30.0 * 2.0 ** (-k / 2) for k in range(12)]
    found = []
    for noisy in (False, True):
        given = training(loss=loss)
        X, y = given.watched
        if noisy:  # so that the texts say little of the classes
            y = np.random.default_rng(0).permutation(y)
            given.watched = X, y
        fitted = learner(tiny_bert).fit(given)
        assert fitted.network.classifier.scale == fitted.cosine
        cosines = fitted.log_proba(X) / fitted.cosine  # but for a constant of each row
        moved = prior_offset(np.bincount(y), np.bincount(given.y))
        losses = []
        for scale in scales:
            z = scale * cosines - moved
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            losses.append(-log_p[np.arange(len(y)), y].mean())
        assert fitted.cosine == pytest.approx(scales[int(np.argmin(losses))])
        found.append(fitted.cosine)
    assert found[1] < found[0]
    assert learner(tiny_bert).fit(training(loss=loss, watched=None)).cosine == 30.0


@pytest.mark.parametrize(
    "name",
    ["two-phase", "dynamic-sampling", "deferred-reweighting", "head-retraining", "tau-norm"],
)
def test_a_schedule_learns(tiny_bert, name):
    fitted = learner(tiny_bert).fit(training(schedule=Schedule(name)))
    assert right(fitted) > 0.8
    if name == "tau-norm":
        norms = fitted.network.classifier.weight.detach().norm(dim=1).numpy()
        np.testing.assert_allclose(norms, 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        Loss("balanced-softmax"),
        Loss("vs", {"gamma": 0.15, "tau": 1.0}),
        Loss("ldam", {"max_margin": 0.5, "s": 30.0}),
    ],
    ids=lambda loss: loss.name,
)
def test_losses(tiny_bert, loss, tmp_path):
    fitted = learner(tiny_bert).fit(training(loss=loss))
    assert right(fitted) > 0.8
    assert fitted.save(tmp_path)[0] == "model.safetensors"
    again = type(fitted).load(tmp_path, fitted.max_length, fitted.cosine, 2)
    X = texts(30, seed=4)[0]
    np.testing.assert_array_equal(again.log_proba(X), fitted.log_proba(X))


def test_a_class_without_rows_is_never_said(tiny_bert):
    given = training(80)
    given.n_classes = 3
    log_p = learner(tiny_bert, epochs=1).fit(given).log_proba(given.X)
    assert log_p.shape == (80, 3)
    assert log_p[:, 2].max() < np.log(1e-9)
    assert np.isfinite(log_p).all()


def test_an_unknown_model_is_one_error_with_a_remedy(tiny_bert, tmp_path):
    said = {
        "nowhere": ("there is no folder", "check the path"),
        "": ("cannot be loaded", "a folder with a model"),
    }
    for name, (problem, remedy) in said.items():
        place = str(tmp_path / name)
        with pytest.raises(UsageError, match=problem) as caught:
            Transformer(place).check()
        assert remedy in caught.value.remedy
        with pytest.raises(UsageError, match="cannot be loaded"):
            Transformer(place).fit(training(20))
    Transformer(tiny_bert).check()


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch_size": 1.5}, {"max_length": True}, {"learning_rate": -1}]
)
def test_numbers_that_cannot_be(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Transformer(**wrong)


def test_a_missing_package_is_named(monkeypatch):
    from equipoise import extras

    monkeypatch.setattr(
        extras, "find_spec", lambda name: None if name == "transformers" else object()
    )
    with pytest.raises(MissingExtra, match=r"needs the package transformers") as caught:
        Transformer().check()
    assert "equipoise[hf]" in caught.value.remedy
    with pytest.raises(MissingExtra, match="transformers"):
        choose_learners("transformer", 100, 0, True)


def test_settings_and_files_tell_learners_apart(tiny_bert, tmp_path):
    assert Transformer().digest == ""
    digests = {
        Transformer(tiny_bert).digest,
        Transformer(tiny_bert, epochs=4).digest,
        Transformer("x").digest,
    }
    assert len(digests) == 3
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_bytes(b"1")
    one = Transformer(str(tmp_path)).digest
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert Transformer(str(tmp_path)).digest != one


def test_the_learners_that_one_may_ask_for(tiny_bert):
    given = [Transformer(tiny_bert), Transformer(tiny_bert, epochs=1), Transformer(tiny_bert)]
    assert [one.name for one in choose_learners(given, 100, 0, True)] == [
        "transformer",
        "transformer-2",
    ]
    found = choose_learners(f"linear,transformer:{tiny_bert}", 100, 0, True)
    assert found[1].learner == Transformer(tiny_bert)
    assert [one.name for one in found] == ["linear", "transformer"]
