"""Words of text columns: counted once for all rows, weighted by what the training rows hold.

Counting is a function of one row alone, so it may be done before the folds are drawn; the vocabulary
kept and the document frequencies are fitted on the training rows of a fold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["TextCounts", "TextEncoder"]

_NGRAMS = (1, 2)
_MIN_ROWS = 2
_MAX_TERMS = 50_000
_COMPONENTS = 50


def _vectorizer(vocabulary: dict[str, int] | None = None) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    # One-character tokens such as "u", "2" and "£" carry signal in short messages.
    return CountVectorizer(
        ngram_range=_NGRAMS,
        token_pattern=r"(?u)\b\w+\b|[£$€!?]",
        vocabulary=vocabulary,
        dtype=np.float64,
    )


@dataclass
class TextCounts:
    """Term counts of one text column: ``matrix`` (n, terms) in CSR form, and the ``terms``."""

    terms: NDArray[np.str_]
    matrix: sp.csr_matrix

    @classmethod
    def of(cls, column: NDArray[np.object_]) -> TextCounts:
        """Count all terms of ``column``."""
        vectorizer = _vectorizer()
        try:
            matrix = vectorizer.fit_transform(column)
        except ValueError:  # no row has a single word
            return cls(np.empty(0, dtype=str), sp.csr_matrix((len(column), 0)))
        return cls(vectorizer.get_feature_names_out(), sp.csr_matrix(matrix))

    def take(self, rows: NDArray[np.int64]) -> TextCounts:
        """Return the counts of some rows."""
        return TextCounts(self.terms, self.matrix[rows])


@dataclass
class TextEncoder:
    """TF-IDF with sublinear counts, smoothed document frequencies and rows of unit length."""

    seed: int = 0
    terms: list[str] = field(default_factory=list)
    idf: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    basis: NDArray[np.float64] | None = None
    _kept: NDArray[np.int64] | None = None

    def fit(self, counts: TextCounts) -> TextEncoder:
        """Choose the terms and learn their weights from training rows."""
        matrix = counts.matrix
        n = matrix.shape[0]
        rows = np.bincount(matrix.indices, minlength=matrix.shape[1])
        kept = np.flatnonzero(rows >= min(_MIN_ROWS, n))
        if len(kept) > _MAX_TERMS:
            kept = np.sort(kept[np.argsort(-rows[kept], kind="stable")[:_MAX_TERMS]])
        self._kept = kept
        self.terms = [str(term) for term in counts.terms[kept]]
        self.idf = np.log((1.0 + n) / (1.0 + rows[kept])) + 1.0
        return self

    def count(self, column: NDArray[np.object_]) -> TextCounts:
        """Count the known terms in new texts."""
        if not self.terms:
            return TextCounts(np.empty(0, dtype=str), sp.csr_matrix((len(column), 0)))
        vectorizer = _vectorizer({term: j for j, term in enumerate(self.terms)})
        matrix = vectorizer.transform(column)
        # Without the terms, which nothing reads any more: as an array they take the width of the longest each.
        return TextCounts(np.empty(0, dtype=str), sp.csr_matrix(matrix))

    def tfidf(self, counts: TextCounts) -> sp.csr_matrix:
        """Return the weighted matrix, shape (n, kept terms)."""
        matrix = counts.matrix
        if matrix.shape[1] != len(self.terms):
            matrix = matrix[:, self._kept]
        out = sp.csr_matrix(matrix, copy=True)
        out.data = (np.log(out.data) + 1.0) * self.idf[out.indices]
        length = np.sqrt(np.asarray(out.multiply(out).sum(axis=1)).ravel())
        length[length == 0] = 1.0
        out.data /= np.repeat(length, np.diff(out.indptr))
        out.sort_indices()
        return out

    def fit_basis(self, tfidf: sp.csr_matrix) -> None:
        """Learn the leading components from the weighted matrix of the training rows."""
        from sklearn.utils.extmath import randomized_svd

        k = min(_COMPONENTS, *(size - 1 for size in tfidf.shape))
        if k < 1:
            self.basis = np.zeros((tfidf.shape[1], 0))
            return
        _, _, vt = randomized_svd(tfidf, n_components=k, random_state=self.seed)
        self.basis = np.ascontiguousarray(vt.T)

    def components(self, tfidf: sp.csr_matrix) -> NDArray[np.float64]:
        """Project a weighted matrix onto the components, shape (n, at most 50)."""
        assert self.basis is not None, "fit_basis() comes first"
        out: NDArray[np.float64] = np.asarray(tfidf @ self.basis)
        return out
