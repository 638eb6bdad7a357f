"""Changes to one text: what they keep, whatever the text."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from equipoise.samplers.text.wording import METHODS, delete, misspell, punctuate, swap

OFFLINE = [name for name in METHODS if name != "synonym"]
MARKS = set(".;?:!,")
texts = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.text(st.characters(categories=("L", "N", "P", "S", "M")), min_size=1, max_size=8)
    ).map(" ".join),
    st.lists(
        st.sampled_from(["win", "the", "prize", "PRIZE!", "now,", "naïve", "漢字", "Straße"]),
        max_size=30,
    ).map("  ".join),
)
rates = st.floats(0.01, 1)
seeds = st.integers(0, 2**31 - 1)


def wanted(text, rate):
    return max(1, int(rate * len(text.split()) + 0.5))


def pieces(text):
    """Words as the methods see them: what stands between spaces in the sense of `re`."""
    return [word for word in re.split(r"\s+", text) if word]


def spaces(text):
    return re.findall(r"\s+", text)


def is_subsequence(short, long):
    rest = iter(long)
    return all(one in rest for one in short)


@given(texts, rates, seeds)
@example("a\u00a0b", 0.5, 0)
@example("\x1c a b", 1.0, 1)
def test_swap_keeps_the_words_and_the_spaces_and_their_places(text, rate, seed):
    out = swap(text, rate, Random(seed))
    assert sorted(pieces(out)) == sorted(pieces(text))
    assert spaces(out) == spaces(text)
    moved = sum(a != b for a, b in zip(pieces(text), pieces(out), strict=True))
    assert moved <= 2 * wanted(text, rate)
    assert (out != text) == (len(set(pieces(text))) > 1)


@given(texts, rates, seeds)
def test_delete_leaves_words_in_order_and_never_none(text, rate, seed):
    out = delete(text, rate, Random(seed))
    before, after = pieces(text), pieces(out)
    assert is_subsequence(after, before)
    assert is_subsequence(out, text)
    if len(before) < 2:
        assert out == text
    else:
        assert len(before) - len(after) == min(wanted(text, rate), len(before) - 1)
    # Words do not run together, and the ends are as they were.
    assert set(after) <= set(before)
    assert out.startswith(text[: len(text) - len(text.lstrip())])
    assert out.endswith(text[len(text.rstrip()) :])


@given(texts, rates, seeds)
def test_punctuate_only_puts_marks_in(text, rate, seed):
    out = punctuate(text, rate, Random(seed))
    assert is_subsequence(text, out)
    n = len(pieces(text))
    added = min(wanted(text, rate), n)
    assert len(out) - len(text) == 2 * added
    assert len(pieces(out)) == n + added
    extra = list(pieces(out))
    for word in pieces(text):
        extra.remove(word)
    assert set(extra) <= MARKS


@given(texts, rates, seeds)
def test_misspell_changes_one_slip_per_word_and_nothing_else(text, rate, seed):
    out = misspell(text, rate, Random(seed))
    before, after = pieces(text), pieces(out)
    assert spaces(out) == spaces(text)
    assert len(before) == len(after)
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    possible = sum(any(letter.isalpha() for letter in word) for word in before)
    assert len(pairs) == min(wanted(text, rate), possible)
    for a, b in pairs:
        assert abs(len(a) - len(b)) <= 1
        if len(a) == len(b):
            at = [i for i in range(len(a)) if a[i] != b[i]]
            assert len(at) == 1 or (len(at) == 2 and sorted(a) == sorted(b) and at[1] == at[0] + 1)
        else:
            assert is_subsequence(*sorted((a, b), key=len))
        signs = [letter for letter in a if not letter.isalpha()]
        assert [letter for letter in b if not letter.isalpha()] == signs


@pytest.mark.parametrize("name", OFFLINE)
@given(text=texts, rate=rates, seed=seeds)
def test_the_seed_decides(name, text, rate, seed):
    change = METHODS[name]
    assert change(text, rate, Random(seed)) == change(text, rate, Random(seed))


@pytest.mark.parametrize("name", OFFLINE)
@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_blank_texts_stay(name, text):
    assert METHODS[name](text, 1.0, Random(0)) == text


@pytest.mark.parametrize("name", ["swap", "delete", "character"])
@given(text=texts, rate=rates, seed=seeds)
def test_protected_words_stay_where_they_are(name, text, rate, seed):
    assume(pieces(text))
    some = pieces(text)[:: 2 if len(pieces(text)) > 1 else 1]
    protected = frozenset(word.casefold() for word in some)
    out = METHODS[name](text, rate, Random(seed), protected)

    def kept(one):
        return [word for word in pieces(one) if word.casefold() in protected]

    assert is_subsequence(kept(text), kept(out))
    if name == "swap":
        for a, b in zip(pieces(text), pieces(out), strict=True):
            assert a == b or a.casefold() not in protected


@pytest.mark.parametrize("word", ["free", "FREE", "Free!", '"free"', "(free).", "free_"])
def test_protected_words_are_known_in_any_case_and_with_punctuation_around(word):
    for seed in range(20):
        assert misspell(word, 1.0, Random(seed), frozenset({"free"})) == word
    assert misspell("freed", 1.0, Random(0), frozenset({"free"})) != "freed"


def test_slips_are_of_four_kinds_and_leave_the_ends_of_a_word_when_they_swap():
    seen = {misspell("planet", 0.1, Random(seed)) for seed in range(3000)}
    assert {"palnet", "plnet", "pplanet", "planeet", "olanet", "planwt"} <= seen
    assert not {"lpanet", "plante"} & seen
    # 3 swaps, 6 letters left out, 6 doubled, and the keys beside each.
    near = {"p": 2, "l": 4, "a": 4, "n": 4, "e": 4, "t": 4}
    assert len(seen) <= 15 + sum(near.values()) + 2


def test_keys_that_are_neighbours_are_so_both_ways():
    from equipoise.samplers.text.wording import _KEYS

    assert len(_KEYS) == 52
    for key, near in _KEYS.items():
        assert key not in near
        assert all(key in _KEYS[other] for other in near)
    assert set(_KEYS["g"]) == set("fhtyvb")


def test_a_long_text_without_spaces_takes_no_longer_than_it_has_to():
    text = "漢" * 200_000
    for name in OFFLINE:
        out = METHODS[name](text, 0.1, Random(0))
        assert abs(len(out) - len(text)) <= 2


def test_the_share_of_words_is_kept_to():
    text = " ".join(f"word{i}" for i in range(50))
    assert len(delete(text, 0.1, Random(0)).split()) == 45
    assert len(punctuate(text, 0.3, Random(0)).split()) == 65
    changed = misspell(text, 0.2, Random(0)).split()
    assert sum(a != b for a, b in zip(text.split(), changed, strict=True)) == 10
    moved = swap(text, 0.1, Random(0)).split()
    assert sum(a != b for a, b in zip(text.split(), moved, strict=True)) == 10
