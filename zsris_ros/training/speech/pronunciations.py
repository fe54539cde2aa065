"""How words sound that the recogniser's dictionary does not have: "leftmost", "windowsill".

Phones are those of the CMU pronouncing dictionary, without stress.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

Pronunciations = Mapping[str, str]
"""Phones, separated by spaces, by word."""

SPOKEN = {
    "aeroplane": "EH R AH P L EY N",
    "bandanna": "B AE N D AE N AH",
    "beanie": "B IY N IY",
    "camo": "K AE M OW",
    "chequered": "CH EH K ER D",
    "colour": "K AH L ER",
    "colourful": "K AH L ER F AH L",
    "coloured": "K AH L ER D",
    "fuchsia": "F Y UW SH AH",
    "goalie": "G OW L IY",
    "hijab": "HH IH JH AA B",
    "hoodie": "HH UH D IY",
    "jeweller": "JH UW AH L ER",
    "onesie": "W AH N Z IY",
    "pyjamas": "P AH JH AA M AH Z",
    "saree": "S AA R IY",
    "spatula": "S P AE CH AH L AH",
    "tassel": "T AE S AH L",
    "taupe": "T OW P",
    "teapot": "T IY P AA T",
    "trowel": "T R AW AH L",
}
"""What no rule below finds."""

SHORTEST_PART = 3
"""Letters of a word that a compound may be made of."""

_VOICELESS = frozenset(("P", "T", "K", "F", "TH"))
_HISSING = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_ENDINGS = {
    "able": "AH B AH L",
    "less": "L AH S",
    "ness": "N AH S",
    "ward": "W ER D",
    "iest": "IY AH S T",
    "ier": "IY ER",
    "est": "AH S T",
    "ful": "F AH L",
    "ing": "IH NG",
    "ish": "IH SH",
    "er": "ER",
    "y": "IY",
}
_BEGINNINGS = {"un": "AH N", "under": "AH N D ER", "over": "OW V ER", "re": "R IY"}


def read_dictionary(path: Path) -> dict[str, str]:
    """The words of a dictionary in CMU's format; a further way to say one is "word(2)"."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = line.strip().partition(" ")
        if word and phones:
            found[word] = phones.strip()
    return found


def added(words: Iterable[str], known: Pronunciations) -> dict[str, str]:
    """Pronunciations of those ``words`` that ``known`` lacks, as far as one can be told."""
    found: dict[str, str] = {}
    for word in sorted(set(words)):
        if word not in known:
            phones = pronounce(word, known)
            if phones:
                found[word] = phones
    return found


def pronounce(word: str, known: Pronunciations) -> str:
    """The phones of ``word``, from what ``known`` has of its parts; "" when nothing fits."""
    if word in SPOKEN:
        return SPOKEN[word]
    if word in known:
        return known[word]
    return _inflected(word, known) or _derived(word, known) or _compound(word, known)


def _inflected(word: str, known: Pronunciations) -> str:
    """A plural or a possessive."""
    for ending in ("'s", "es", "s"):
        stem = word.removesuffix(ending)
        phones = pronounce(stem, known) if stem != word and len(stem) >= SHORTEST_PART else ""
        last = phones.rpartition(" ")[2]
        if phones and (ending != "es" or last in _HISSING):
            return phones + (" AH Z" if last in _HISSING else " S" if last in _VOICELESS else " Z")
    return ""


def _compound(word: str, known: Pronunciations) -> str:
    """Two words written as one, the first as long as possible: "windowsill"."""
    everything = {**known, **SPOKEN}
    for at in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        first, second = everything.get(word[:at]), everything.get(word[at:])
        if first and second:
            return f"{first} {second}"
    return ""


def _derived(word: str, known: Pronunciations) -> str:
    """A word with an ending or a beginning: "foldable", "uncooked"."""
    for ending, phones in _ENDINGS.items():
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= SHORTEST_PART:
            for base in (
                stem,
                f"{stem}e",
                f"{stem}y",
                stem[:-1] if stem[-2:-1] == stem[-1] else stem,
            ):
                if base in known:
                    kept = (
                        known[base].removesuffix(" IY") if phones.startswith("IY") else known[base]
                    )
                    return f"{kept} {phones}"
    for beginning, phones in _BEGINNINGS.items():
        rest = word.removeprefix(beginning)
        if rest != word and rest in known:
            return f"{phones} {known[rest]}"
    return ""
