"""Pronunciations of words that the recogniser's dictionary lacks: "leftmost", "windowsill".

Phones are those of the CMU pronouncing dictionary, without stress.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

Pronunciations = Mapping[str, str]
"""Phones, separated by spaces, by word."""

SPOKEN = {
    "aeroplane": "EH R AH P L EY N", "bandanna": "B AE N D AE N AH", "beanie": "B IY N IY",
    "camo": "K AE M OW", "chequered": "CH EH K ER D", "colour": "K AH L ER",
    "colourful": "K AH L ER F AH L", "coloured": "K AH L ER D", "fuchsia": "F Y UW SH AH",
    "goalie": "G OW L IY", "hijab": "HH IH JH AA B", "hoodie": "HH UH D IY",
    "jeweller": "JH UW AH L ER", "onesie": "W AH N Z IY", "pyjamas": "P AH JH AA M AH Z",
    "saree": "S AA R IY", "spatula": "S P AE CH AH L AH", "tassel": "T AE S AH L",
    "taupe": "T OW P", "teapot": "T IY P AA T", "trowel": "T R AW AH L",
}  # fmt: skip
"""Exceptions to the rules below."""

SHORTEST_PART = 3
"""Minimum letters of a part of a compound."""

_VOICELESS = frozenset(("P", "T", "K", "F", "TH"))
_SIBILANTS = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_SUFFIXES = {
    "able": "AH B AH L", "less": "L AH S", "ness": "N AH S", "ward": "W ER D", "iest": "IY AH S T",
    "ier": "IY ER", "est": "AH S T", "ful": "F AH L", "ing": "IH NG", "ish": "IH SH", "er": "ER",
    "y": "IY",
}  # fmt: skip
_PREFIXES = {"un": "AH N", "under": "AH N D ER", "over": "OW V ER", "re": "R IY"}


def read_dictionary(path: Path) -> dict[str, str]:
    """Return the words of a dictionary in CMU's format; variants are called "word(2)"."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = line.strip().partition(" ")
        if word and phones:
            found[word] = phones.strip()
    return found


def missing_pronunciations(words: Iterable[str], known: Pronunciations) -> dict[str, str]:
    """Return pronunciations of the ``words`` that ``known`` lacks, as far as a rule applies."""
    missing = sorted(set(words) - known.keys())
    return {word: phones for word in missing if (phones := pronounce(word, known))}


def pronounce(word: str, known: Pronunciations) -> str:
    """Return the phones of ``word`` from its parts in ``known``; "" when no rule applies."""
    if word in SPOKEN:
        return SPOKEN[word]
    if word in known:
        return known[word]
    return _inflected(word, known) or _derived(word, known) or _compound(word, known)


def _inflected(word: str, known: Pronunciations) -> str:
    """Pronounce a plural or a possessive."""
    for ending in ("'s", "es", "s"):
        stem = word.removesuffix(ending)
        phones = pronounce(stem, known) if stem != word and len(stem) >= SHORTEST_PART else ""
        last = phones.rpartition(" ")[2]
        if phones and (ending != "es" or last in _SIBILANTS):
            return phones + (
                " AH Z" if last in _SIBILANTS else " S" if last in _VOICELESS else " Z"
            )
    return ""


def _compound(word: str, known: Pronunciations) -> str:
    """Pronounce a compound with the longest possible first part: "windowsill"."""
    pronunciations = {**known, **SPOKEN}
    for at in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        first, second = pronunciations.get(word[:at]), pronunciations.get(word[at:])
        if first and second:
            return f"{first} {second}"
    return ""


def _derived(word: str, known: Pronunciations) -> str:
    """Pronounce a word with a suffix or a prefix: "foldable", "uncooked"."""
    for suffix, phones in _SUFFIXES.items():
        stem = word.removesuffix(suffix)
        if stem != word and len(stem) >= SHORTEST_PART:
            single = stem[:-1] if stem[-2:-1] == stem[-1] else stem
            for base in (stem, f"{stem}e", f"{stem}y", single):
                if base in known:
                    kept = known[base].removesuffix(" IY" if phones.startswith("IY") else "")
                    return f"{kept} {phones}"
    for prefix, phones in _PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and rest in known:
            return f"{phones} {known[rest]}"
    return ""
