"""Text counted once must encode exactly as a vectoriser fitted on the training rows would."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.learners.text import TextCounts, TextEncoder

TRAIN = ["call now to win", "call me later", "win win win £ 100", "later, maybe", ""]
TEST = ["win a call now", "unseen words only", "", "ünïcode call 好"]


def _column(texts: list[str]) -> np.ndarray:
    return np.array(texts, dtype=object)


def _reference(train: list[str], test: list[str]) -> tuple[list[str], np.ndarray]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[£$€!?]"
    ).fit(train)
    return list(vectorizer.get_feature_names_out()), vectorizer.transform(test).toarray()


def test_equals_the_vectorizer_fitted_on_training_rows():
    counts = TextCounts.of(_column(TRAIN + TEST))
    encoder = TextEncoder().fit(counts.take(np.arange(len(TRAIN))))
    terms, expected = _reference(TRAIN, TEST)
    assert encoder.terms == terms
    found = encoder.tfidf(counts.take(np.arange(len(TRAIN), len(TRAIN) + len(TEST))))
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-12)


def test_test_rows_leave_no_trace_in_the_encoder():
    alone = TextEncoder().fit(TextCounts.of(_column(TRAIN)))
    counts = TextCounts.of(_column(TRAIN + TEST * 5))
    beside = TextEncoder().fit(counts.take(np.arange(len(TRAIN))))
    assert alone.terms == beside.terms
    np.testing.assert_array_equal(alone.idf, beside.idf)


def test_new_texts_are_encoded_as_in_training():
    counts = TextCounts.of(_column(TRAIN))
    encoder = TextEncoder().fit(counts)
    again = encoder.tfidf(encoder.count(_column(TRAIN)))
    np.testing.assert_allclose(again.toarray(), encoder.tfidf(counts).toarray(), atol=1e-12)


def test_components_keep_their_size_on_few_rows():
    counts = TextCounts.of(_column(TRAIN))
    encoder = TextEncoder().fit(counts)
    tfidf = encoder.tfidf(counts)
    encoder.fit_basis(tfidf)
    components = encoder.components(tfidf)
    assert components.shape[0] == len(TRAIN)
    assert np.isfinite(components).all()


@pytest.mark.parametrize("texts", [["", "", ""], ["a", "b", "c"]])
def test_texts_without_a_repeated_word_give_no_columns(texts):
    encoder = TextEncoder().fit(TextCounts.of(_column(texts)))
    assert encoder.tfidf(encoder.count(_column(["new words"]))).shape == (1, len(encoder.terms))
    assert encoder.terms == []
