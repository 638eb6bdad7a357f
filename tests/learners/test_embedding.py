"""The learner ``embedding`` in trials: texts, texts beside columns, resampled and changed texts."""

from __future__ import annotations

import json

import numpy as np
import pytest

import equipoise as eq
from equipoise.compare.fold import Fold
from equipoise.compare.material import Material
from equipoise.data.dataset import load_dataset
from equipoise.data.folds import Split
from equipoise.learners.embedding import Embedding
from equipoise.learners.neural import sentences
from equipoise.learners.neural.sentences import SentenceEncoder, load_encoder
from equipoise.strategies import get_strategy

WORDS = ["tea", "bus", "home", "late", "call", "sun", "rain", "book"]


def _texts(n=160, seed=0):
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(n) < 0.25, "spam", "ham")
    texts = []
    for i, label in enumerate(y):
        words = list(rng.choice(WORDS, 5))
        if label == "spam" or rng.random() < 0.1:
            words.insert(int(rng.integers(5)), "prize")
        texts.append(" ".join(words) + f" {i}")
    return texts, y


@pytest.fixture(autouse=True)
def quick_vectors(monkeypatch, tmp_path):
    """Stand in for the encoder, whose download is large: vectors by the words, as it has them by content."""
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    calls = []

    class Words:
        width = len(WORDS) + 1

        def encode(self, texts, tell=None):
            calls.append(len(texts))
            out = np.array(
                [[text.split().count(word) for word in [*WORDS, "prize"]] for text in texts],
                dtype=np.float32,
            ).reshape(len(texts), self.width)
            return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)

    monkeypatch.setattr(sentences, "load_encoder", lambda name: Words())
    return calls


def test_all_strategies_for_it_run_and_texts_are_embedded_once(quick_vectors):
    texts, y = _texts()
    result = eq.compare({"text": texts, "y": y}, target="y", learner="embedding", folds=2)
    rows = {one["name"]: one for one in json.loads(result.to_json())["strategies"]}
    tried = [name for name, one in rows.items() if one["applicable"]]
    assert len(tried) >= 20, {name: one["why_not"] for name, one in rows.items()}
    assert {"text-augmentation", "smote", "focal-tuned", "ldam", "logit-adjusted-tuned"} <= set(
        tried
    )
    assert "start" in rows["prior-start"]["why_not"]
    # All rows, and the changed forms of the rarer class: no fold or strategy embeds anew.
    rare = int((np.asarray(y) == "spam").sum())
    assert sorted(quick_vectors) == [2 * rare, 160]


def test_texts_beside_numbers_and_categories_work_and_the_model_is_stored(tmp_path):
    texts, y = _texts()
    rng = np.random.default_rng(1)
    data = {
        "text": texts,
        "length": np.where(rng.random(160) < 0.1, np.nan, (y == "spam") + rng.normal(size=160)),
        "kind": rng.choice(["a", "b"], 160).tolist(),
        "y": y,
    }
    for strategy in ("text-augmentation", "smote", "focal"):
        model = eq.train(data, target="y", learner="embedding", strategy=strategy, folds=2)
        again = eq.load(model.save(tmp_path / strategy))
        np.testing.assert_array_equal(again.predict_proba(data), model.predict_proba(data))
        assert (model.predict(data) == y).mean() > 0.8


def test_interrupted_or_not_scores_are_the_same(tmp_path):
    texts, y = _texts()
    data = {"text": texts, "y": y}
    names = ["untreated", "weights-balanced", "random-over", "focal", "smote"]
    whole = eq.compare(data, target="y", learner="embedding", strategies=names, folds=2)
    few = {"target": "y", "learner": "embedding", "folds": 2, "run_dir": tmp_path / "run"}
    eq.compare(data, strategies=names[:2], n_jobs=1, **few)
    widened = eq.compare(data, strategies=names, n_jobs=2, **few)
    one, two = (
        {s["name"]: s["metrics"] for s in json.loads(r.to_json())["strategies"]}
        for r in (whole, widened)
    )
    assert one == two


def test_changed_texts_come_from_rarer_classes_and_know_their_row():
    texts, y = _texts()
    data = load_dataset({"text": texts, "y": y}, "y", seed=0)
    changed = Material(data.table, data.y, 0).changed
    assert (np.asarray(data.classes)[data.y[changed.parents]] == "spam").all()
    assert np.bincount(changed.parents)[np.unique(changed.parents)].tolist() == [2] * len(
        np.unique(changed.parents)
    )
    for new, parent in zip(changed.table.texts[0], changed.parents, strict=True):
        old = data.table.texts[0][parent]
        assert new != old
        assert set(new.lower().replace(",", " ").split()) & set(old.split())


def test_the_real_encoder_gives_near_texts_near_vectors_and_reads_them_again(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    encoder = SentenceEncoder()
    texts = [
        "Claim your prize now!",
        "You won, collect the prize today",
        "See you at lunch",
        "",
        "See you at lunch",
    ]
    vectors = encoder.encode(texts)
    assert vectors.shape == (5, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 1], atol=1e-5)
    near = vectors @ vectors.T
    assert near[0, 1] > near[0, 2] + 0.2
    np.testing.assert_array_equal(vectors[2], vectors[4])
    monkeypatch.setattr(encoder, "_compute", lambda *_: pytest.fail("it was on disk"))
    np.testing.assert_array_equal(encoder.encode(texts), vectors)
    (stored,) = tmp_path.rglob("*.npy")
    stored.write_bytes(stored.read_bytes()[:-100])  # cut short: then it is computed again
    with pytest.raises(pytest.fail.Exception):
        encoder.encode(texts)


def test_an_unknown_encoder_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(eq.errors.DataError, match="cannot be loaded"):
        load_encoder(str(tmp_path / "nothing"))


@pytest.mark.parametrize("learner", ["embedding", "mlp"])
def test_what_is_not_installed_is_told_before_the_first_fit(learner, monkeypatch):
    monkeypatch.setattr("equipoise.extras.find_spec", lambda name: None)
    texts, y = _texts(40)
    with pytest.raises(
        eq.errors.MissingExtra, match=f"{learner} needs the package torch.*pip install"
    ):
        eq.compare({"text": texts, "y": y}, target="y", learner=learner, folds=2)


def test_what_a_test_row_says_reaches_no_other_row():
    texts, y = _texts()
    data = load_dataset({"text": texts, "y": y}, "y", seed=0)
    train, test = np.arange(120), np.arange(120, 160)
    changed = [text if i != 130 else "prize prize prize" for i, text in enumerate(texts)]
    flipped = y.copy()
    flipped[130] = "ham" if y[130] == "spam" else "spam"
    other = load_dataset({"text": changed, "y": flipped}, "y", seed=0)
    rows = test != 130
    for name in ("untreated", "text-augmentation", "focal-tuned", "smote", "ldam", "enn"):
        scores = []
        for one in (data, other):
            fold = Fold(one, Split(0, 0, train, test), 0, Material(one.table, one.y, 0))
            trained = fold.train(Embedding(), get_strategy(name))
            scores.append(fold.score(trained)[rows])
        np.testing.assert_array_equal(scores[0], scores[1], err_msg=name)
