"""Small changes to one text that leave its meaning and all that is not changed as they are.

Each function takes a text, the share of its words to change, a source of random numbers and the words
that must stay, and returns the changed text: the same text where there is nothing it can change. A word
is what stands between spaces; the spaces themselves are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from random import Random

__all__ = ["METHODS", "delete", "misspell", "punctuate", "replace", "swap"]

Change = Callable[[str, float, Random, Collection[str]], str]

_SPACES = re.compile(r"(\s+)")
_EDGES = re.compile(r"[\W_]*([^\W_](?:.*[^\W_])?)?", re.DOTALL)
_MARKS = (".", ";", "?", ":", "!", ",")
# Keys that touch on a QWERTY keyboard.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SIMPLE = re.compile(r"(\W*)([A-Za-z]+)(\W*)", re.DOTALL)


def _neighbouring_keys() -> dict[str, str]:
    found: dict[str, str] = {}
    for i, row in enumerate(_ROWS):
        for j, key in enumerate(row):
            near = [*row[max(j - 1, 0) : j], *row[j + 1 : j + 2]]
            near += _ROWS[i - 1][j : j + 2] if i else []
            near += _ROWS[i + 1][max(j - 1, 0) : j + 1] if i + 1 < len(_ROWS) else []
            found[key] = "".join(near)
            found[key.upper()] = found[key].upper()
    return found


_KEYS = _neighbouring_keys()


def _split(text: str) -> tuple[list[str], list[int]]:
    """Return words and spaces in turn, and where the words are."""
    parts = _SPACES.split(text)
    # Spaces at an end leave an empty piece beyond them.
    start = 0 if parts[0] else 2
    stop = len(parts) if parts[-1] else len(parts) - 2
    return parts, list(range(start, stop, 2))


def _free(parts: list[str], words: list[int], protected: Collection[str]) -> list[int]:
    """Return where the words are that may be changed."""
    if not protected:
        return words
    return [i for i in words if not _is_protected(parts[i], protected)]


def _is_protected(word: str, protected: Collection[str]) -> bool:
    if word.casefold() in protected:
        return True
    # Without the punctuation around it.
    core = _EDGES.match(word)
    return core is not None and bool(core[1]) and core[1].casefold() in protected


def _number(rate: float, words: Sequence[int]) -> int:
    return max(1, int(rate * len(words) + 0.5))


def _below(random: Random, n: int) -> int:
    # Of the methods of Random, only this one gives the same numbers in every version of Python.
    return int(random.random() * n)


def _pick(random: Random, places: Sequence[int], k: int) -> list[int]:
    """Draw up to ``k`` places without repeats."""
    if k == 1 and places:
        return [places[_below(random, len(places))]]
    left = list(places)
    n = len(left)
    k = min(k, n)
    for i in range(k):
        j = i + _below(random, n - i)
        left[i], left[j] = left[j], left[i]
    return left[:k]


def swap(text: str, rate: float, random: Random, protected: Collection[str] = ()) -> str:
    """Swap pairs of words.

    Parameters
    ----------
    text : str
        A text.
    rate : float
        Share of the words that name a pair; at least one pair is swapped. No word is in two pairs.
    random : random.Random
        Source of random numbers.
    protected : collection of str
        Words in casefold that keep their place.

    Returns
    -------
    str
        The same words in another order, with the spaces where they were.

    References
    ----------
    Wei, J. and Zou, K. (2019). EDA: easy data augmentation techniques for boosting performance on text
    classification tasks. EMNLP-IJCNLP.

    Examples
    --------
    >>> from random import Random
    >>> from equipoise.samplers.text.wording import swap
    >>> swap("call now  to claim", 0.1, Random(1))
    'claim now  to call'
    """
    parts, words = _split(text)
    free = _free(parts, words, protected)
    if len(free) < 2:
        return text
    chosen = _pick(random, free, 2 * min(_number(rate, words), len(free) // 2))
    differs = False
    for i, j in zip(chosen[::2], chosen[1::2], strict=True):
        if parts[i] != parts[j]:
            parts[i], parts[j] = parts[j], parts[i]
            differs = True
    if not differs:
        # Only equal words were drawn: take another partner for the first.
        others = [j for j in free if parts[j] != parts[chosen[0]]]
        if not others:
            return text
        i, j = chosen[0], others[_below(random, len(others))]
        parts[i], parts[j] = parts[j], parts[i]
    return "".join(parts)


def delete(text: str, rate: float, random: Random, protected: Collection[str] = ()) -> str:
    """Leave out words, never all of them.

    Parameters
    ----------
    text : str
        A text.
    rate : float
        Share of the words left out; at least one is.
    random : random.Random
        Source of random numbers.
    protected : collection of str
        Words in casefold that stay.

    Returns
    -------
    str
        The text without some words and the space behind each (before it, at the end of the text).

    References
    ----------
    Wei, J. and Zou, K. (2019). EDA: easy data augmentation techniques for boosting performance on text
    classification tasks. EMNLP-IJCNLP.

    Examples
    --------
    >>> from random import Random
    >>> from equipoise.samplers.text.wording import delete
    >>> delete("call now to claim", 0.5, Random(1))
    'now to'
    """
    parts, words = _split(text)
    free = _free(parts, words, protected)
    k = min(_number(rate, words), len(words) - 1)
    if k < 1 or not free:
        return text
    gone = set(_pick(random, free, k))
    left = [i for i in words if i not in gone]
    for i in gone:
        parts[i] = ""
        parts[i + 1 if i < left[-1] else i - 1] = ""
    return "".join(parts)


def punctuate(text: str, rate: float, random: Random, protected: Collection[str] = ()) -> str:
    """Put punctuation marks before words.

    Parameters
    ----------
    text : str
        A text.
    rate : float
        Marks over words; at least one mark is put in, and no word gets two.
    random : random.Random
        Source of random numbers.
    protected : collection of str
        Not looked at: no word is changed.

    Returns
    -------
    str
        The text with marks out of ``. ; ? : ! ,``, each with a space behind it.

    References
    ----------
    Karimi, A., Rossi, L. and Prati, A. (2021). AEDA: an easier data augmentation technique for text
    classification. Findings of EMNLP.

    Examples
    --------
    >>> from random import Random
    >>> from equipoise.samplers.text.wording import punctuate
    >>> punctuate("call now to claim", 0.1, Random(1))
    ', call now to claim'
    """
    parts, words = _split(text)
    if not words:
        return text
    for i in _pick(random, words, _number(rate, words)):
        parts[i] = f"{_MARKS[_below(random, len(_MARKS))]} {parts[i]}"
    return "".join(parts)


def misspell(text: str, rate: float, random: Random, protected: Collection[str] = ()) -> str:
    """Put one slip of the fingers into some words.

    A letter trades places with the next inside the word, is left out, comes twice or becomes one beside
    it on a QWERTY keyboard. Digits and signs stay, as do words with no letter.

    Parameters
    ----------
    text : str
        A text.
    rate : float
        Share of the words changed; at least one is. Words of four letters or more come first.
    random : random.Random
        Source of random numbers.
    protected : collection of str
        Words in casefold that stay.

    Returns
    -------
    str
        The text with some words misspelled.

    References
    ----------
    Belinkov, Y. and Bisk, Y. (2018). Synthetic and natural noise both break neural machine translation.
    ICLR.

    Examples
    --------
    >>> from random import Random
    >>> from equipoise.samplers.text.wording import misspell
    >>> misspell("call now to claim", 0.1, Random(1))
    'calll now to claim'
    """
    parts, words = _split(text)
    free = _free(parts, words, protected)
    k = _number(rate, words)
    long = [i for i in free if len(parts[i]) > 3]
    short = [i for i in free if len(parts[i]) <= 3]
    for group in (long, short):
        while group and k:
            j = _below(random, len(group))
            i, group[j] = group[j], group[-1]
            group.pop()
            slipped = _slip(parts[i], random)
            if slipped != parts[i]:
                parts[i] = slipped
                k -= 1
    return "".join(parts)


def _slip(word: str, random: Random) -> str:
    at = [i for i, letter in enumerate(word) if letter.isalpha()]
    if not at:
        return word
    kind = _below(random, 4)
    i = at[_below(random, len(at))]
    if kind == 0:
        # Not the letters at the ends, by which a word is recognised.
        inner = [i for i, j in pairwise(at[1:-1]) if j == i + 1 and word[i] != word[j]]
        if inner:
            i = inner[_below(random, len(inner))]
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    elif kind == 1:
        if len(at) > 2:
            return word[:i] + word[i + 1 :]
    elif kind == 2:
        near = _KEYS.get(word[i])
        if near:
            return word[:i] + near[_below(random, len(near))] + word[i + 1 :]
    return word[: i + 1] + word[i:]


def replace(text: str, rate: float, random: Random, protected: Collection[str] = ()) -> str:
    """Put English synonyms in place of words.

    Parameters
    ----------
    text : str
        A text.
    rate : float
        Share of the words replaced, fewer where fewer have a synonym; at least one if there is any.
    random : random.Random
        Source of random numbers.
    protected : collection of str
        Words in casefold that stay.

    Returns
    -------
    str
        The text with some words replaced, capitals and inflection as they were.

    Raises
    ------
    MissingExtra
        If the packages with the data are not installed.

    References
    ----------
    Wei, J. and Zou, K. (2019). EDA: easy data augmentation techniques for boosting performance on text
    classification tasks. EMNLP-IJCNLP.

    Examples
    --------
    >>> from random import Random
    >>> from equipoise.samplers.text.wording import replace
    >>> replace("Start your car!", 0.1, Random(1))
    'Begin your car!'
    """
    from equipoise.samplers.text.thesaurus import english

    synonyms = english().choices
    parts, words = _split(text)
    found: dict[int, tuple[str, tuple[str, ...], str]] = {}
    for i in _free(parts, words, protected):
        simple = _SIMPLE.fullmatch(parts[i])
        if simple is None:
            continue
        before, word, behind = simple.groups()
        choices = synonyms(word.lower())
        if not choices:
            continue
        previous = parts[i - 2] if i > words[0] else "."
        if previous.lower() in ("a", "an"):
            choices = tuple(c for c in choices if (c[0] in "aeiou") == (word[0].lower() in "aeiou"))
        if word.istitle() and len(word) > 1:
            # Within a sentence it may be a name.
            choices = tuple(c.title() for c in choices) if previous[-1] in ".!?" else ()
        elif word.isupper():
            choices = tuple(c.upper() for c in choices)
        elif not word.islower():
            choices = ()
        if choices:
            found[i] = before, choices, behind
    if not found:
        return text
    for i in _pick(random, list(found), _number(rate, words)):
        before, choices, behind = found[i]
        parts[i] = before + choices[_below(random, len(choices))] + behind
    return "".join(parts)


METHODS: dict[str, Change] = {
    "swap": swap,
    "delete": delete,
    "punctuation": punctuate,
    "character": misspell,
    "synonym": replace,
}
