"""Fixtures shared by all rooms."""

from __future__ import annotations

import os
from pathlib import Path

# Before torch is loaded: test processes that each take all cores only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

TINY_WORDS = [
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
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# How long an example takes depends on what else the machine does. The same examples in every run,
# so that a change is judged by what it changed; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data sets that lie beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data sets is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> str:
    """Return the folder of a BERT with one layer of width 32 and a vocabulary of 25 words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *TINY_WORDS]
    inner = Tokenizer(models.WordPiece({w: i for i, w in enumerate(names)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {
        f"{kind}_token": f"[{kind.upper()}]" for kind in ("pad", "unk", "cls", "sep", "mask")
    }
    PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=32, **special).save_pretrained(
        folder
    )
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)
