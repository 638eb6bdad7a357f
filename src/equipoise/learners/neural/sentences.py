"""A frozen sentence encoder: texts to vectors, kept on disk by what the texts say."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import cpu_count
from numpy.typing import NDArray

from equipoise.errors import DataError, UsageError
from equipoise.extras import load_extra
from equipoise.learners.transformer import DEFAULT_ENCODER

__all__ = ["DEFAULT_ENCODER", "SentenceEncoder", "load_encoder"]

_TOKENS = 256  # what the default encoder was trained to read
_PART = 8192
_BATCH = 64


class SentenceEncoder:
    """A transformer whose mean over the tokens, scaled to length 1, stands for a text.

    Parameters
    ----------
    name : str
        ``"all-MiniLM-L6-v2"`` (Wang et al. 2020, MiniLM; from the extra ``text``), a folder, or a name
        on a model hub.

    References
    ----------
    Reimers, N. and Gurevych, I. (2019). Sentence-BERT: sentence embeddings using Siamese BERT-networks.
    EMNLP-IJCNLP.
    """

    def __init__(self, name: str = DEFAULT_ENCODER) -> None:
        self.name = name
        transformers: Any = load_extra("transformers", "text", "the learner embedding")
        from equipoise.learners.neural.pretrained import best_device, half_precision, load_base

        transformers.utils.logging.disable_progress_bar()
        try:
            model, self._tokenizer = load_base(name, transformers.AutoModel)
        except UsageError as error:
            raise DataError(error.problem, remedy=error.remedy) from error
        self.device = best_device()
        self._model: Any = model.eval().to(self.device)
        self.width = int(model.config.hidden_size)
        longest = getattr(model.config, "max_position_embeddings", _TOKENS)
        self._tokens = min(_TOKENS, int(longest))
        self._half = half_precision(self.device)

    @property
    def digest(self) -> str:
        """Tell this encoder from others: its weights, what it reads, and the precision it computes in."""
        digest = hashlib.sha256(f"{self._tokens}:{self._half}:{self.device.type}".encode())
        for name, values in self._model.state_dict().items():
            flat = values.detach().float().cpu().reshape(-1)
            digest.update(f"{name}{tuple(values.shape)}".encode())
            digest.update(flat[:: max(1, len(flat) // 256)].numpy().tobytes())
        return digest.hexdigest()[:20]

    def encode(
        self, texts: Sequence[str], tell: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Embed texts, each distinct one once; earlier results are read from disk.

        Parameters
        ----------
        texts : sequence of str, length n
        tell : callable, optional
            Called with how many distinct texts are done, and how many there are.

        Returns
        -------
        float32 array, shape (n, width)
            Rows of length 1; zeros for a text of white space.
        """
        if len(texts) == 0:
            return np.zeros((0, self.width), dtype=np.float32)
        distinct = list(dict.fromkeys(str(text) for text in texts))
        where = {text: i for i, text in enumerate(distinct)}
        found = np.empty((len(distinct), self.width), dtype=np.float32)
        # Kept part by part, so that little is lost when a long run is stopped.
        for start in range(0, len(distinct), _PART):
            part = distinct[start : start + _PART]
            found[start : start + len(part)] = self._part(part)
            if tell is not None:
                tell(start + len(part), len(distinct))
        return found[[where[str(text)] for text in texts]]

    def _part(self, texts: list[str]) -> NDArray[np.float32]:
        joined = hashlib.sha256("\x00".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
        path = _cache() / self.digest / f"{joined[:32]}.npy"
        found = _read(path, (len(texts), self.width))
        if found is None:
            found = self._compute(texts)
            _write(path, found)
        return found

    def _compute(self, texts: list[str]) -> NDArray[np.float32]:
        out = np.zeros((len(texts), self.width), dtype=np.float32)
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = self._tokenizer(clean, truncation=True, max_length=self._tokens)["input_ids"]
        # Texts of a length share a batch, so that little of it is padding.
        order = sorted(range(len(texts)), key=lambda i: (len(tokens[i]), i))
        order = [i for i in order if clean[i].strip()]
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        padded = [
            self._tokenizer.pad({"input_ids": [tokens[i] for i in rows]}, return_tensors="pt")
            for rows in batches
        ]
        # A batch a core is faster than all cores on a batch of short texts, and its numbers do not
        # depend on how many cores there are.
        workers = 1 if self.device.type == "cuda" else cpu_count()
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for rows, vectors in zip(batches, pool.map(self._forward, padded), strict=True):
                out[rows] = vectors
        return out

    def _forward(self, batch: Any) -> NDArray[np.float32]:
        batch = batch.to(self.device)
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, torch.bfloat16, enabled=self._half),
        ):
            states = self._model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"][..., None].float()
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
        return vectors


@lru_cache(maxsize=2)
def load_encoder(name: str) -> SentenceEncoder:
    """Return the encoder called ``name``, loaded once."""
    return SentenceEncoder(name)


def _cache() -> Path:
    given = os.environ.get("EQUIPOISE_CACHE")
    if given:
        return Path(given) / "embeddings"
    import pooch

    return Path(pooch.os_cache("equipoise")) / "embeddings"


def _read(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    try:
        found: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = found.shape == shape and found.dtype == np.float32 and np.isfinite(found).all()
    return found if whole else None


def _write(path: Path, values: NDArray[np.float32]) -> None:
    # The cache saves time and nothing else: where it cannot be written, work goes on without it.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.save(file, values)
        Path(file.name).replace(path)
    except OSError:
        return
