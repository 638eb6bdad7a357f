"""The views of a table: fitted on training rows alone, and defined for whatever comes later."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

from equipoise.data.table import Table
from equipoise.learners.encoding import Encoder, count_texts

VIEWS = ["linear", "dense", "tree", "filled"]
WORDS = ["free", "win", "call", "meet", "lunch", "now", "later", "cash"]
BIG = np.finfo(np.float64).max


def table(n=60, seed=0, numbers=None, codes=None, texts=None, levels=None) -> Table:
    rng = np.random.default_rng(seed)
    if numbers is None:
        numbers = rng.normal(3, 2, size=(n, 3))
        numbers[::7, 1] = np.nan
    numbers = np.asarray(numbers, dtype=np.float64)
    n = len(numbers)
    if codes is None:
        codes = rng.integers(-1, 3, size=(n, 2))
    codes = np.asarray(codes, dtype=np.int32).reshape(n, -1)
    texts = [np.array(column, dtype=object) for column in texts or []]
    levels = levels or [["blue", "green", "red", "teal"]] * codes.shape[1]
    return Table(
        numbers,
        codes,
        texts,
        [f"x{j}" for j in range(numbers.shape[1])],
        [f"c{j}" for j in range(codes.shape[1])],
        [f"t{j}" for j in range(len(texts))],
        levels,
        n,
    )


def with_text(n=60, seed=0) -> Table:
    rng = np.random.default_rng(seed)
    return table(n, seed, texts=[[" ".join(rng.choice(WORDS, 6)) for _ in range(n)]])


def dense(matrix) -> np.ndarray:
    return matrix.toarray() if sp.issparse(matrix) else matrix


def learned(train: Table, seed: int = 0) -> Encoder:
    """Return an encoder that is ready for every view."""
    counts = count_texts(train)
    encoder = Encoder(seed).fit(train, counts)
    encoder.fit_components(encoder.tfidf(counts))
    return encoder


# -- what is fitted ----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [table, with_text], ids=["table", "text"])
@pytest.mark.parametrize("view", VIEWS)
def test_test_rows_leave_no_trace(make, view):
    """Replace the test rows by absurd ones: nothing that the training rows give may change."""
    whole = make(80)
    train, test = np.arange(50), np.arange(50, 80)
    absurd = make(80)
    absurd.numbers[test] = 1e9
    absurd.numbers[test[::2]] = np.nan
    absurd.codes[test] = 3
    for column in absurd.texts:
        column[test] = "words from another world"
    one, other = learned(whole.take(train), seed=1), learned(absurd.take(train), seed=1)
    np.testing.assert_array_equal(
        dense(one.transform(whole.take(train), view)),
        dense(other.transform(absurd.take(train), view)),
    )
    for key, array in one.to_arrays().items():
        np.testing.assert_array_equal(array, other.to_arrays()[key])


def test_texts_counted_before_the_folds_give_what_texts_counted_after_give():
    whole = with_text(80)
    whole.texts[0][60:] = "unheard of words words"
    train, test = np.arange(60), np.arange(60, 80)
    counts = count_texts(whole)
    early = Encoder(seed=1).fit(whole.take(train), [c.take(train) for c in counts])
    early.fit_components(early.tfidf([c.take(train) for c in counts]))
    late = learned(whole.take(train), seed=1)
    assert early.texts[0].terms == late.texts[0].terms
    assert not {"unheard", "unheard of"} & set(early.texts[0].terms)
    for view in VIEWS:
        for rows in (train, test):
            texts = tfidf = early.tfidf([c.take(rows) for c in counts])
            if view != "linear":
                texts = early.components(tfidf)
            np.testing.assert_allclose(
                dense(early.transform(whole.take(rows), view, texts)),
                dense(late.transform(whole.take(rows), view)),
                atol=1e-12,
            )


def test_numbers_are_imputed_by_the_median_and_standardised_as_scikit_learn_does():
    train, test = table(60), table(20, seed=1)
    encoder = Encoder().fit(train)
    np.testing.assert_allclose(encoder.median, np.nanmedian(train.numbers, axis=0))
    fill = lambda t: np.where(np.isnan(t.numbers), np.nanmedian(train.numbers, axis=0), t.numbers)  # noqa: E731
    expected = StandardScaler().fit(fill(train))
    for one in (train, test):
        np.testing.assert_allclose(encoder.scaled(one), expected.transform(fill(one)), atol=1e-12)


def test_texts_are_weighted_as_scikit_learn_does():
    whole = with_text(60)
    encoder = Encoder().fit(whole)
    theirs = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    expected = theirs.fit_transform(whole.texts[0])
    assert encoder.texts[0].terms == theirs.get_feature_names_out().tolist()
    start = encoder.transform(whole, "linear").shape[1] - expected.shape[1]
    got = dense(encoder.transform(whole, "linear"))[:, start:]
    np.testing.assert_allclose(got, expected.toarray(), atol=1e-12)


# -- what each view holds ---------------------------------------------------------------------------


def test_the_views_side_by_side():
    one = table(numbers=[[1.0, np.nan], [3.0, 5.0], [5.0, 7.0]], codes=[[0], [1], [1]])
    encoder = Encoder().fit(one)
    linear = encoder.transform(one, "linear")
    # Two numbers, two levels, one flag for the column with a gap.
    np.testing.assert_allclose(linear[:, 2:], [[1, 0, 1], [0, 1, 0], [0, 1, 0]])
    np.testing.assert_allclose(linear[:, :2].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(linear[:, :2].std(axis=0), 1)
    np.testing.assert_array_equal(encoder.transform(one, "dense"), linear)
    np.testing.assert_array_equal(
        encoder.transform(one, "tree"), [[1, np.nan, 1], [3, 5, 2], [5, 7, 2]]
    )
    filled = encoder.transform(one, "filled")
    np.testing.assert_allclose(filled[:, :2], linear[:, :2])
    np.testing.assert_array_equal(filled[:, 2:], [[1, 1], [2, 0], [2, 0]])
    assert encoder.categorical == [2]


def test_many_levels_make_the_linear_view_sparse_with_the_same_numbers():
    rng = np.random.default_rng(0)
    levels = [[f"l{i:03}" for i in range(99)]] * 5
    one = table(
        numbers=rng.normal(size=(700, 1)), codes=rng.integers(-1, 99, (700, 5)), levels=levels
    )
    encoder = Encoder().fit(one)
    wide = encoder.transform(one, "linear")
    assert sp.issparse(wide)
    by_hand = np.hstack(
        [
            (encoder.discrete(one)[:, [j]] == np.arange(1, w + 1))
            for j, w in enumerate(encoder.widths)
        ]
    )
    np.testing.assert_array_equal(wide.toarray()[:, 1:], by_hand)
    tall = encoder.transform(one.take(np.arange(3)), "linear")
    np.testing.assert_array_equal(tall.toarray(), wide[:3].toarray())


def test_of_too_many_levels_the_frequent_ones_are_kept():
    codes = np.concatenate([np.arange(150), np.arange(50, 150)])
    one = table(numbers=np.zeros((250, 0)), codes=codes, levels=[[f"l{i}" for i in range(150)]])
    encoder = Encoder().fit(one)
    assert encoder.widths == [100]
    known = encoder.discrete(one)[:150, 0] > 0
    np.testing.assert_array_equal(known, np.arange(150) >= 50)


# -- what was not there in training -------------------------------------------------------------------


def test_levels_that_training_lacks_are_zeros_or_nan():
    train = table(numbers=[[1.0], [2.0], [3.0]], codes=[[0], [1], [1]])
    new = table(numbers=[[1.0], [1.0], [1.0]], codes=[[2], [-1], [1]])
    encoder = Encoder().fit(train)
    np.testing.assert_array_equal(encoder.transform(new, "linear")[:, 1:], [[0, 0], [0, 0], [0, 1]])
    np.testing.assert_array_equal(encoder.transform(new, "tree")[:, 1], [np.nan, np.nan, 2])
    np.testing.assert_array_equal(encoder.transform(new, "filled")[:, 1], [0, 0, 2])


def test_a_missing_category_is_a_level_only_where_training_had_one():
    train = table(numbers=[[1.0], [2.0], [3.0]], codes=[[0], [-1], [-1]])
    encoder = Encoder().fit(train)
    new = table(numbers=[[1.0], [1.0]], codes=[[-1], [1]])
    np.testing.assert_array_equal(encoder.transform(new, "filled")[:, 1], [1, 0])


@pytest.mark.parametrize("view", VIEWS)
def test_a_gap_where_training_had_none_is_imputed_without_a_new_column(view):
    train = table(numbers=np.arange(12.0).reshape(6, 2), codes=np.zeros((6, 0)))
    encoder = Encoder().fit(train)
    new = encoder.transform(table(numbers=[[np.nan, 3.0]], codes=np.zeros((1, 0))), view)
    assert new.shape[1] == encoder.transform(train, view).shape[1] == 2
    if view == "tree":
        assert np.isnan(new[0, 0])
    else:
        assert new[0, 0] == 0.0  # the median of an even spread is its mean


@pytest.mark.parametrize("view", VIEWS)
def test_constant_and_empty_columns_stay_finite(view):
    numbers = np.column_stack(
        [np.full(9, 7.0), np.full(9, np.nan), np.zeros(9), np.full(9, 1e-300), np.full(9, BIG)]
    )
    train = table(numbers=numbers, codes=np.zeros((9, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder = Encoder().fit(train)
        seen = encoder.transform(train, view)
        new = encoder.transform(table(numbers=[[8.0, 1.0, -1.0, 0.0, 0.0]], codes=[[1]]), view)
    assert seen.shape[1] == new.shape[1] == 6
    if view == "tree":
        assert np.isnan(seen[:, 1]).all()
        return
    assert np.isfinite(seen).all()
    assert np.isfinite(new).all()
    np.testing.assert_array_equal(seen[:, :4], 0.0)
    assert new[0, 0] == 1.0


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("huge", [1e30, 1e160, 1e300, BIG, -BIG])
def test_huge_values_stay_within_single_precision(view, huge):
    numbers = np.random.default_rng(0).normal(size=(20, 2))
    numbers[3, 0] = huge
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for train in (table(numbers=numbers, codes=np.zeros((20, 0))), table(20)):
            encoder = Encoder().fit(train)
            new = np.full((2, train.numbers.shape[1]), huge)
            codes = np.zeros((2, train.codes.shape[1]))
            for one in (train, table(numbers=new, codes=codes)):
                out = encoder.transform(one, view)
                gaps = np.isnan(out)
                assert (np.abs(out[~gaps]) < np.finfo(np.float32).max).all()
                assert view == "tree" or not gaps.any()


def test_no_columns_of_a_kind():
    bare = table(numbers=np.zeros((4, 0)), codes=[[0], [1], [0], [1]])
    for view in VIEWS:
        assert Encoder().fit(bare).transform(bare, view).shape[0] == 4
    only = table(numbers=np.arange(4.0)[:, None], codes=np.zeros((4, 0)))
    for view in VIEWS:
        assert Encoder().fit(only).transform(only, view).shape == (4, 1)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "column", [[""] * 8, ["..."] * 8, ["same words"] * 8, [f"unique{i}" for i in range(8)]]
)
def test_texts_with_little_in_them(view, column):
    one = table(numbers=np.arange(8.0)[:, None], codes=np.zeros((8, 0)), texts=[column])
    encoder = learned(one)
    seen = dense(encoder.transform(one, view))
    new = table(numbers=[[1.0]], codes=np.zeros((1, 0)), texts=[["unheard of"]])
    assert dense(encoder.transform(new, view)).shape[1] == seen.shape[1]
    assert np.isfinite(seen).all()
    again = Encoder.from_arrays(encoder.to_arrays())
    np.testing.assert_array_equal(
        dense(again.transform(new, view)), dense(encoder.transform(new, view))
    )


# -- storage and snapping --------------------------------------------------------------------------


@pytest.mark.parametrize("make", [table, with_text], ids=["table", "text"])
def test_an_encoder_survives_its_arrays(make):
    train, new = make(60), make(20, seed=5)
    new.codes[::3] = -1
    encoder = learned(train, seed=4)
    before = {view: dense(encoder.transform(new, view)) for view in VIEWS}
    arrays = encoder.to_arrays()
    assert all(array.dtype != object for array in arrays.values())
    again = Encoder.from_arrays(arrays)
    for view in VIEWS:
        np.testing.assert_array_equal(dense(again.transform(new, view)), before[view])
    assert again.categorical == encoder.categorical
    assert again.seed == 4
    for key, array in again.to_arrays().items():
        np.testing.assert_array_equal(array, arrays[key])


def test_a_stored_encoder_holds_no_text_of_the_training_rows():
    whole = with_text(40)
    whole.texts[0][0] = "confidential name"
    encoder = learned(whole)
    stored = b"".join(array.tobytes() for array in encoder.to_arrays().values())
    assert b"confidential" not in stored  # a term of a single row is not kept
    assert b"lunch" in stored


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.49))
def test_snapping_finds_the_nearest_row_of_levels(seed, shift):
    one = table(30, seed % 1000)
    encoder = Encoder().fit(one)
    exact = encoder.transform(one, "dense")
    start = len(encoder.mean)
    moved = exact.copy()
    other = np.random.default_rng(seed).permutation(30)
    moved[:, start:] = (1 - shift) * exact[:, start:] + shift * exact[other, start:]
    numbers = moved[:, :start].copy()
    np.testing.assert_array_equal(encoder.snap(moved)[:, start:], exact[:, start:])
    np.testing.assert_array_equal(moved[:, :start], numbers)
