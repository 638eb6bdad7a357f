"""Fine-tuned networks on disk: the same scores after loading, and nothing strange is read."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import equipoise as eq
from equipoise.errors import MissingExtra, ModelError
from equipoise.learners.transformer import Transformer
from equipoise.results import storage


def edit(folder, change) -> None:
    """Change what model.json says, with the digest that a forger would write."""
    path = folder / "model.json"
    about = json.loads(path.read_text())
    change(about)
    about.pop("digest", None)
    about["digest"] = storage._digest_of(about)
    path.write_text(json.dumps(about))


def plant(folder, name: str, content: bytes) -> None:
    """Put a file among the stored ones, with the digest that a forger would write."""
    (folder / name).write_bytes(content)
    edit(folder, lambda about: about["files"].update({name: storage._digest(content)}))


@pytest.fixture(scope="module")
def messages() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    y = (rng.random(90) < 0.3).astype(int)
    # Most words are foreign to the network, and keep texts from being almost the same.
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    foreign = ["".join(rng.choice(letters, 5)) for _ in range(720)]
    texts = [
        " ".join([["lunch", "prize"][c], *foreign[8 * i : 8 * i + 8]]) for i, c in enumerate(y)
    ]
    return pl.DataFrame({"message": texts, "kind": np.array(["ham", "spam"])[y]})


@pytest.fixture(scope="module")
def model(messages, tiny_bert) -> eq.Model:
    learner = Transformer(tiny_bert, epochs=2, batch_size=8, learning_rate=5e-3)
    return eq.train(
        messages, "kind", text="message", learner=learner, strategy="weights-balanced", folds=2
    )


@pytest.fixture
def saved(model, tmp_path):
    return model.save(tmp_path / "model")


def refused(folder, words: str = ".") -> None:
    with pytest.raises(ModelError, match=words) as caught:
        eq.load(folder)
    assert caught.value.remedy


def test_the_same_scores_after_loading(model, saved, messages, tiny_bert):
    again = eq.load(saved)
    np.testing.assert_array_equal(again.predict_proba(messages), model.predict_proba(messages))
    np.testing.assert_array_equal(again.predict(messages), model.predict(messages))
    assert again.about == model.about
    suffixes = {path.suffix for path in saved.iterdir()}
    assert suffixes <= {".json", ".txt", ".safetensors", ".npz"}
    # Nothing says where on this machine the model was made from.
    assert not any(tiny_bert.encode() in path.read_bytes() for path in saved.iterdir())
    model.save(saved)  # over the older one


def test_transformers_itself_reads_the_folder(model, saved):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    network = AutoModelForSequenceClassification.from_pretrained(saved).eval()
    tokenizer = AutoTokenizer.from_pretrained(saved)
    text = np.array(["prize now", "lunch later"], dtype=object)
    scores = network(**tokenizer(list(text), return_tensors="pt", padding=True)).logits
    log_p = scores.detach().double().log_softmax(dim=1).numpy()
    np.testing.assert_allclose(model.fitted.log_proba(text), log_p, atol=1e-5)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_files_that_were_cut_changed_or_lost(name, saved):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[:-7])
    refused(saved, "is not the file that was saved")
    (saved / name).unlink()
    refused(saved, "incomplete")


@pytest.mark.parametrize(
    "name", ["adapter_config.json", "modeling.py", "pytorch_model.bin", "a.json"]
)
def test_files_that_are_not_of_the_model(name, saved):
    (saved / name).write_bytes(b"{}")
    refused(saved, "were not saved")
    plant(saved, name, b"{}")
    refused(saved)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    "asked",
    [
        {"auto_map": {"AutoConfig": "x--y.Z"}},
        {"quantization_config": {"quant_method": "gptq"}},
        {"attn_implementation": "someone/kernel"},
    ],
)
def test_code_from_elsewhere_is_never_asked_for(name, asked, saved):
    about = json.loads((saved / name).read_text())
    plant(saved, name, json.dumps(about | asked).encode())
    refused(saved, "never read from a model")


def test_forged_weights_and_sizes(saved):
    from safetensors.torch import load, save

    original = (saved / "model.safetensors").read_bytes()
    weights = load(original)
    weights["classifier.weight"][0, 0] = float("nan")
    plant(saved, "model.safetensors", save(weights))
    refused(saved, "no numbers")
    weights.pop("classifier.weight")
    plant(saved, "model.safetensors", save(weights))
    refused(saved)
    plant(saved, "model.safetensors", original)
    config = json.loads((saved / "config.json").read_text())
    three = {
        "id2label": {str(i): str(i) for i in range(3)},
        "label2id": {str(i): i for i in range(3)},
    }
    plant(saved, "config.json", json.dumps(config | three).encode())
    refused(saved, "3 classes")
    plant(saved, "config.json", json.dumps(config).encode())
    eq.load(saved)
    for key, odd in (("max_length", "x"), ("cosine", None), ("cosine", -1), ("learner_file", "x")):
        before = (saved / "model.json").read_text()
        edit(saved, lambda about, key=key, odd=odd: about.update({key: odd}))
        refused(saved)
        (saved / "model.json").write_text(before)


def test_a_missing_package_is_named(saved, monkeypatch):
    from equipoise import extras

    real = extras.find_spec
    monkeypatch.setattr(
        extras, "find_spec", lambda name: None if name == "transformers" else real(name)
    )
    with pytest.raises(MissingExtra, match="transformers"):
        eq.load(saved)


# -- labels -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def label_model(messages, tiny_bert) -> eq.Model:
    spam = (messages["kind"] == "spam").to_numpy()
    Y = np.column_stack([spam, np.arange(90) % 4 == 0]).astype(int)
    learner = Transformer(tiny_bert, epochs=1, batch_size=8, learning_rate=5e-3)
    strategy = "pos-weight"
    return eq.train(
        messages.select("message"), Y, text="message", learner=learner, strategy=strategy, folds=2
    )


def test_labels_are_scored_the_same_after_loading(label_model, messages, tmp_path):
    folder = label_model.save(tmp_path / "model")
    again = eq.load(folder)
    data = messages.select("message")
    np.testing.assert_array_equal(again.log_odds(data), label_model.log_odds(data))
    np.testing.assert_array_equal(again.predict(data), label_model.predict(data))
    assert again.about == label_model.about
    suffixes = {path.suffix for path in folder.iterdir()}
    assert suffixes <= {".json", ".txt", ".safetensors", ".npz"}
    (folder / "modeling.py").write_bytes(b"")
    refused(folder, "were not saved")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda about: about["fixed"].append(None), "fixed does not fit"),
        (lambda about: about["fixed"].__setitem__(0, "x"), "fixed"),
        (lambda about: about.pop("fixed"), "fixed"),
        (lambda about: about.update(max_length=-1), "max_length"),
        (lambda about: about.update(fitted={"kind": "odds", "file": "head.npz"}), "."),
        (lambda about: about.update(task="binary", positive="x"), "."),
    ],
)
def test_a_forged_model_of_labels_is_refused(change, words, label_model, tmp_path):
    folder = label_model.save(tmp_path / "model")
    edit(folder, change)
    refused(folder, words)
