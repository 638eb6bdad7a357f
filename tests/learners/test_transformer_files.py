"""Folders of models whose files are broken or do not fit each other: one error, before any training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForMaskedLM

from equipoise.errors import DataError, UsageError
from equipoise.learners.neural.pretrained import load_network
from equipoise.learners.neural.sentences import SentenceEncoder
from equipoise.learners.transformer import Transformer

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(tiny_bert, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_bert, tmp_path / "model"))


def rewrite(folder: Path, change) -> None:
    before = load_file(folder / WEIGHTS)
    after = {name: new for name, one in before.items() if (new := change(name, one)) is not None}
    save_file(after, folder / WEIGHTS, metadata={"format": "pt"})


def no_words(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()


def others(folder: Path) -> None:
    save_file({"foo.weight": torch.zeros(2, 2)}, folder / WEIGHTS, metadata={"format": "pt"})


def three_rows(folder: Path) -> None:
    rewrite(folder, lambda name, one: one[:3].clone() if one.dim() == 2 else one)


def no_query(folder: Path) -> None:
    rewrite(folder, lambda name, one: None if "query" in name else one)


def cut(folder: Path) -> None:
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])


def pickled(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    torch.save({"bert.x": Path("x")}, folder / "pytorch_model.bin")


def no_pickle(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(b"abc")


def more_words(folder: Path) -> None:
    path = folder / "tokenizer.json"
    about = json.loads(path.read_text())
    about["model"]["vocab"]["zebra"] = len(about["model"]["vocab"])
    path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (no_words, "has no usable tokenizer.*put tokenizer.json or vocab.txt"),
        (others, "bert.embeddings.word_embeddings.weight is missing"),
        (three_rows, r"word_embeddings.weight has the shape \(3, 32\), .* asks for \(25, 32\)"),
        (no_query, "bert.encoder.layer.0.attention.self.query.weight is missing"),
        (cut, "cannot be loaded.*incomplete"),
        (pickled, "pickle.*convert them to model.safetensors"),
        (no_pickle, "cannot be loaded"),
        (more_words, "knows 26 words and its network 25"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_by_the_check(folder, spoil, match):
    spoil(folder)
    with pytest.raises(UsageError, match=match):
        Transformer(str(folder)).check()
    with pytest.raises(DataError, match=match.replace("bert.", "").split("asks")[0]):
        SentenceEncoder(str(folder))


@pytest.mark.parametrize("spoil", [three_rows, more_words])
def test_training_refuses_it_too(folder, spoil):
    from equipoise.learners.base import Training

    spoil(folder)
    X, y = np.array(["win", "ok"], dtype=object), np.array([0, 1])
    with pytest.raises(UsageError, match=r"do not fit|not those of its config"):
        Transformer(str(folder)).fit(Training(X, y, 2))


def test_a_model_that_fills_in_words_may_lack_head_and_pooler(folder):
    rewrite(folder, lambda name, one: None if "pooler" in name or "classif" in name else one)
    Transformer(str(folder)).check()
    SentenceEncoder(str(folder))
    BertForMaskedLM.from_pretrained(folder).save_pretrained(folder)
    Transformer(str(folder)).check()


def test_the_check_leaves_the_generators_alone(tiny_bert):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    Transformer(tiny_bert).check()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def test_a_saved_network_with_fewer_words_than_its_tokenizer_is_not_loaded(folder):
    load_network(folder, 0.0, 2)
    more_words(folder)
    with pytest.raises(ValueError, match="knows 26 words and its network 25"):
        load_network(folder, 0.0, 2)
