"""Turn a table into the matrices that learners and samplers read, fitted on training rows only.

The views of the same rows:

``linear``
    numbers imputed and standardised, missing-value flags, one-hot categories, TF-IDF of texts;
    sparse when there is text or a wide one-hot part.
``dense``
    as ``linear``, but texts enter as the leading components of their TF-IDF matrix. Without text it
    *is* the linear view, so whatever is searched or generated in it is shared by all learners.
``tree``
    numbers as they are (NaN kept), categories as codes, texts as components.
``filled``
    as ``tree``, for tree ensembles that cannot read NaN: numbers imputed, with flags.
``embedding``
    the vectors that a frozen sentence encoder gives of texts, beside numbers and categories as in
    ``dense``; single precision.
``text``
    one text for each row: its texts, and the other columns as ``name: value``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from equipoise.data.table import Table
from equipoise.learners.text import TextCounts, TextEncoder

__all__ = ["Encoder", "Matrix", "View", "count_texts", "embed_texts"]

View = Literal["linear", "dense", "tree", "filled", "embedding", "text"]
Matrix: TypeAlias = NDArray[Any] | sp.csr_matrix

_MAX_LEVELS = 100
_DENSE_COLUMNS = 400
# Beside vectors of length 1, whose penalty is weaker: a standardised column is then as free as alone.
_BESIDE_VECTORS = 0.3
_FAR = 1e30  # trees read float32, and the sum of a column has to stay finite in it


def count_texts(table: Table) -> list[TextCounts]:
    """Count the words of every text column once, for all folds."""
    return [TextCounts.of(column) for column in table.texts]


@dataclass
class Encoder:
    """Encode tables after having seen training rows.

    Every statistic (median, mean, scale, levels, document frequencies, components) comes from the
    rows given to :meth:`fit`. Levels that they lack encode as zeros, or as NaN for trees.
    """

    seed: int = 0
    median: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    mean: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    scale: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    flagged: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    lookups: list[NDArray[np.int64]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    texts: list[TextEncoder] = field(default_factory=list)

    def fit(self, table: Table, counts: list[TextCounts] | None = None) -> Encoder:
        """Learn all but the components of texts; ``counts`` are those of ``table``, if known."""
        numbers = table.numbers
        missing = np.isnan(numbers)
        with np.errstate(all="ignore"):
            empty = missing.all(axis=0) if len(numbers) else np.ones(numbers.shape[1], bool)
            self.median = np.zeros(numbers.shape[1])
            if (~empty).any():
                some = missing.any(axis=0) & ~empty
                full = ~missing.any(axis=0)
                self.median[full] = np.median(numbers[:, full], axis=0) if full.any() else 0.0
                if some.any():
                    self.median[some] = np.nanmedian(numbers[:, some], axis=0)
        self.flagged = np.flatnonzero(missing.any(axis=0) & ~empty)
        filled = np.where(missing, self.median, numbers) if missing.any() else numbers
        # Values near the end of the float range would overflow their own variance.
        top = np.maximum(np.abs(filled).max(axis=0, initial=0.0), 1e-300)
        self.mean = (filled / top).mean(axis=0) * top if len(filled) else np.zeros(len(top))
        spread = (
            ((filled - self.mean) / top).std(axis=0) * top if len(filled) else np.zeros(len(top))
        )
        self.scale = np.where(spread > 1e-12 * top, spread, 1.0)
        self.lookups, self.widths = [], []
        for j, levels in enumerate(table.levels):
            lookup, width = _lookup(table.codes[:, j], len(levels))
            self.lookups.append(lookup)
            self.widths.append(width)
        if counts is None:
            counts = count_texts(table)
        self.texts = [TextEncoder(seed=self.seed).fit(column) for column in counts]
        return self

    # -- texts ----------------------------------------------------------------------------------

    def tfidf(self, counts: list[TextCounts]) -> list[sp.csr_matrix]:
        """Weight the counts of each text column: what the linear view holds of it."""
        return [text.tfidf(column) for text, column in zip(self.texts, counts, strict=True)]

    def fit_components(self, tfidf: list[sp.csr_matrix]) -> None:
        """Learn the components of texts from training rows; only the linear view does without."""
        for text, column in zip(self.texts, tfidf, strict=True):
            text.fit_basis(column)

    def components(self, tfidf: list[sp.csr_matrix]) -> list[NDArray[np.float64]]:
        """Return the components of each text column: what all views but the linear one hold of it."""
        return [text.components(column) for text, column in zip(self.texts, tfidf, strict=True)]

    # -- numbers and categories -------------------------------------------------------------

    def scaled(self, table: Table) -> NDArray[np.float64]:
        """Return the imputed, standardised numbers, shape (n, p)."""
        numbers = np.where(np.isnan(table.numbers), self.median, table.numbers)
        with np.errstate(over="ignore"):
            # A new value may be as large as floats get; some ensembles read single precision.
            out: NDArray[np.float64] = np.clip((numbers - self.mean) / self.scale, -3e38, 3e38)
        return out

    @property
    def n_discrete(self) -> int:
        """Number of columns of :meth:`discrete`."""
        return len(self.lookups) + len(self.flagged)

    def discrete(self, table: Table) -> NDArray[np.int64]:
        """Return category codes as the training rows know them (0 = unknown), then missing flags."""
        parts = [
            lookup[table.codes[:, j].astype(np.int64) + 1][:, None]
            for j, lookup in enumerate(self.lookups)
        ]
        if len(self.flagged):
            parts.append(np.isnan(table.numbers[:, self.flagged]).astype(np.int64))
        return np.hstack(parts) if parts else np.empty((table.n, 0), dtype=np.int64)

    def one_hot(self, discrete: NDArray[np.int64]) -> Matrix:
        """Expand codes from :meth:`discrete` into 0/1 columns; code 0 is all zeros."""
        widths = [*self.widths, *([1] * len(self.flagged))]
        starts = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        n, total = len(discrete), int(starts[-1])
        rows, cols = np.nonzero(discrete)
        at = starts[cols] + discrete[rows, cols] - 1
        if total > _DENSE_COLUMNS:
            ones = np.ones(len(rows))
            return sp.csr_matrix((ones, (rows, at)), shape=(n, total))
        out = np.zeros((n, total))
        out[rows, at] = 1.0
        return out

    def mixed_to_dense(self, scaled: NDArray[np.float64], discrete: NDArray[np.int64]) -> Matrix:
        """Join scaled numbers and codes into the dense view of a table without text."""
        return _join([scaled, self.one_hot(discrete)])

    def snap(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Round interpolated one-hot columns of the dense view to the nearest real level, in place."""
        at = len(self.mean)
        for width in [*self.widths, *([1] * len(self.flagged))]:
            block = matrix[:, at : at + width]
            none = 1.0 - block.sum(axis=1, keepdims=True)
            winner = np.hstack([none, block]).argmax(axis=1)
            block[:] = 0.0
            hit = np.flatnonzero(winner)
            block[hit, winner[hit] - 1] = 1.0
            at += width
        return matrix

    # -- views ----------------------------------------------------------------------------------

    def transform(self, table: Table, view: View, texts: Sequence[Matrix] | None = None) -> Matrix:
        """Encode ``table`` as one of the views, shape (n, columns).

        ``texts`` are its text columns as the view holds them, where they are encoded already.
        """
        if view == "text":
            return _written_out(table)
        if view == "embedding":
            vectors = embed_texts(table) if texts is None else texts
            levels: Any = self.one_hot(self.discrete(table))
            dense = levels.toarray() if sp.issparse(levels) else levels
            beside = _BESIDE_VECTORS * np.hstack([self.scaled(table), dense])
            return _join([beside, *vectors]).astype(np.float32, copy=False)
        if texts is None:
            texts = tfidf = self.tfidf(
                [text.count(column) for text, column in zip(self.texts, table.texts, strict=True)]
            )
            if view != "linear":
                texts = self.components(tfidf)
        if view == "tree":
            codes = self.discrete(table)[:, : len(self.lookups)].astype(np.float64)
            codes[codes == 0] = np.nan
            # Trees read single precision.
            return _join([np.clip(table.numbers, -_FAR, _FAR), codes, *texts])
        discrete = self.discrete(table)
        if view == "filled":
            return _join([self.scaled(table), discrete.astype(np.float64), *texts])
        return _join([self.scaled(table), self.one_hot(discrete), *texts])

    # -- storage --------------------------------------------------------------------------------

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted state as plain arrays, which can be stored without running code on load."""
        out: dict[str, NDArray[Any]] = {
            "seed": np.array(self.seed),
            "median": self.median,
            "mean": self.mean,
            "scale": self.scale,
            "flagged": self.flagged,
            "widths": np.array(self.widths, dtype=np.int64),
            "texts": np.array(len(self.texts)),
        }
        out.update({f"lookup{j}": lookup for j, lookup in enumerate(self.lookups)})
        for j, text in enumerate(self.texts):
            # One string keeps the length of a long term from padding all the others.
            out[f"terms{j}"] = np.frombuffer("\n".join(text.terms).encode(), dtype=np.uint8)
            out[f"idf{j}"] = text.idf
            if text.basis is not None:
                out[f"basis{j}"] = text.basis
        return out

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Encoder:
        """Rebuild an encoder from :meth:`to_arrays`."""
        widths = [int(width) for width in arrays["widths"]]
        texts = []
        for j in range(int(arrays["texts"])):
            joined = arrays[f"terms{j}"].tobytes().decode()
            basis = arrays.get(f"basis{j}", None)
            terms = joined.split("\n") if joined else []
            texts.append(TextEncoder(int(arrays["seed"]), terms, arrays[f"idf{j}"], basis))
        return cls(
            int(arrays["seed"]),
            arrays["median"],
            arrays["mean"],
            arrays["scale"],
            arrays["flagged"],
            [arrays[f"lookup{j}"] for j in range(len(widths))],
            widths,
            texts,
        )

    @property
    def categorical(self) -> list[int]:
        """Positions of the category codes in the tree view."""
        start = len(self.mean)
        return list(range(start, start + len(self.lookups)))


def embed_texts(table: Table) -> list[NDArray[np.float32]]:
    """Return the vectors of each text column by the frozen sentence encoder, shape (n, width) each."""
    from equipoise.learners.neural.sentences import DEFAULT_ENCODER, load_encoder

    encoder = load_encoder(DEFAULT_ENCODER)
    return [encoder.encode(text.tolist()) for text in table.texts]


def _written_out(table: Table) -> NDArray[np.object_]:
    parts = [[str(value) for value in text] for text in table.texts]
    for j, name in enumerate(table.category_names):
        levels = [*table.levels[j], ""]  # the last for a missing value, whose code is -1
        parts.append([f"{name}: {levels[code]}" for code in table.codes[:, j]])
    for j, name in enumerate(table.number_names):
        parts.append([f"{name}: {value:.4g}" for value in table.numbers[:, j]])
    out = np.empty(table.n, dtype=object)
    out[:] = ["\n".join(row) for row in zip(*parts, strict=True)] if parts else ""
    return out


def _lookup(codes: NDArray[np.int32], n_levels: int) -> tuple[NDArray[np.int64], int]:
    # Table entry code + 1 -> compact code; 0 stands for whatever the training rows do not know.
    # A missing value is a level of its own when it occurs, as its absence may carry information.
    counts = np.bincount(codes.astype(np.int64) + 1, minlength=n_levels + 1)
    order = np.argsort(-counts, kind="stable")
    kept = order[: min(_MAX_LEVELS, int((counts > 0).sum()))]
    lookup = np.zeros(n_levels + 1, dtype=np.int64)
    lookup[np.sort(kept)] = np.arange(1, len(kept) + 1)
    return lookup, len(kept)


def _join(parts: list[Matrix]) -> Matrix:
    parts = [part for part in parts if part.shape[1]]
    if len(parts) == 1 and sp.issparse(parts[0]):
        return parts[0]  # the words of one text column, which need no second copy
    if any(sp.issparse(part) for part in parts):
        return sp.csr_matrix(sp.hstack([sp.csr_matrix(part) for part in parts], format="csr"))
    return np.ascontiguousarray(np.hstack(parts))
