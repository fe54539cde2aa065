"""Sentences about mirrored images."""

from __future__ import annotations

import re

_SWAPPED = {
    "left": "right",
    "leftmost": "rightmost",
    "lefthand": "righthand",
    "lefts": "rights",
    "west": "east",
    "clockwise": "counterclockwise",
}
_SWAP = {**_SWAPPED, **{other: word for word, other in _SWAPPED.items()}}
_LEGIBLE = frozenset({
    "number", "numbers", "letter", "letters", "word", "words", "writing", "written", "text", "says",
    "reads", "logo", "label", "labeled", "labelled", "sign", "clock", "jersey", "spelled",
})  # fmt: skip
"""Words of sentences about writing, which a mirrored image makes illegible."""

_ADVERB = re.compile(
    r"\bright (?=(?:next|beside|behind|in front|above|below|under|underneath|on top|at|by|there"
    r"|here|now|up|down|before|after|between|inside|against|over)\b)",
    re.IGNORECASE,
)
"""Places where "right" means "directly"."""


def mirror_sentence(sentence: str) -> str | None:
    """Return the sentence about the mirrored image, with left and right exchanged.

    None where mirroring makes it wrong or unreadable: a sentence about writing or with digits.

    Example:
        >>> mirror_sentence("the mug right behind the leftmost bowl")
        'the mug right behind the rightmost bowl'
    """
    words = re.findall(r"[a-z]+", sentence.lower())
    if re.search(r"[\d\"]", sentence) or not _LEGIBLE.isdisjoint(words):
        return None
    kept = {found.start() for found in _ADVERB.finditer(sentence)}

    def swap(found: re.Match[str]) -> str:
        word = found[0]
        other = _SWAP.get(word.lower())
        if other is None or found.start() in kept:
            return word
        return other.capitalize() if word[0].isupper() else other

    return re.sub(r"[A-Za-z]+", swap, sentence)
