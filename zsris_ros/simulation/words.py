"""The words that fit an object: nouns, colours, adjectives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from zsris_ros.language.lexicon.adjectives import COLOUR_SYNONYMS

NEUTRAL = "object"

HYPERNYMS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("apple", "orange", "lemon", "banana", "peach", "plum"), ("fruit",)),
    "carrot": ("vegetable",),
    "carton": ("box",),
    **dict.fromkeys(("fork", "spoon", "knife"), ("cutlery", "utensil")),
    **dict.fromkeys(("hammer", "screwdriver", "clamp", "scissors"), ("tool",)),
    **dict.fromkeys(("soda can", "milk", "juice", "wine"), ("drink",)),
    **dict.fromkeys(("cabinet", "shelf"), ("furniture",)),
    **dict.fromkeys(("mug", "bowl", "plate", "ramekin"), ("dish",)),
}
"""More general nouns that fit an object with the noun."""

DOUBTFUL: Mapping[str, tuple[str, ...]] = {
    "carton": ("bottle",),
    "ramekin": ("bowl", "cup", "plate"),
    "bowl": ("cup", "ramekin", "plate", "pan"),
    "mug": ("pot",),
    "cup": ("bowl",),
    "crate": ("box", "basket"),
    "basket": ("box", "crate"),
    "caddy": ("box", "holder", "shelf"),
    "can": ("cylinder", "bottle", "jar"),
    "cylinder": ("can", "jar", "cup"),
    "bottle": ("jar", "tube"),
    "box": ("block", "cube", "book", "carton", "soap"),
    "book": ("box",),
    "cabinet": ("box", "shelf"),
    "shelf": ("cabinet", "table"),
    "microwave": ("box", "cabinet"),
    "ball": ("orange", "apple", "peach", "plum", "lemon"),
    **dict.fromkeys(("orange", "apple", "peach", "plum", "lemon"), ("ball", "sphere")),
    "soap": ("box",),
    "sponge": ("box", "block"),
    "pan": ("pot", "plate", "bowl"),
    "marker": ("bottle", "tube"),
}
"""Nouns that some people use for an object with the noun and others do not."""


@dataclass(frozen=True)
class Description:
    """The words that fit an object.

    ``nouns`` are its names, the most specific first, some of them compounds; ``kinds`` is the
    number of generic ones at the end, which still fit when the object is repainted. ``colours`` and
    ``adjectives`` may each stand before any noun.
    """

    nouns: tuple[str, ...]
    colours: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    kinds: int = 1

    @property
    def name(self) -> str:
        """The first colour and the first noun, such as "red mug"."""
        return " ".join((*self.colours[:1], self.nouns[0]))


def with_hypernyms(words: Description) -> Description:
    """Return the description with its nouns' more general nouns at the end."""
    more = [h for noun in words.nouns for h in HYPERNYMS.get(noun, ()) if h not in words.nouns]
    more = list(dict.fromkeys(more))
    nouns = (*words.nouns, *more)
    return Description(nouns, words.colours, words.adjectives, words.kinds + len(more))


def with_synonyms(words: Description) -> Description:
    """Return the description with other words for its colours at their end."""
    others = COLOUR_SYNONYMS.items()
    more = [word for colour in words.colours for word, basic in others if basic == colour]
    return replace(words, colours=tuple(dict.fromkeys((*words.colours, *more))))


def noun_kinds(descriptions: Iterable[Description]) -> dict[str, tuple[str, ...]]:
    """Return the kinds of each category among the nouns of one word: a carton is a box.

    Every object with the noun of a kind has that of the category, too, and not the reverse.
    """
    counts, pairs = Counter[str](), Counter[tuple[str, str]]()
    for words in descriptions:
        nouns = {noun for noun in words.nouns if " " not in noun}
        counts.update(nouns)
        pairs.update((category, kind) for category in nouns for kind in nouns)
    found: dict[str, tuple[str, ...]] = {}
    for (category, kind), together in sorted(pairs.items()):
        if together == counts[kind] < counts[category]:
            found[category] = (*found.get(category, ()), kind)
    return found


def doubtful_nouns(words: Description) -> tuple[str, ...]:
    """Return the nouns whose fit is undecided."""
    found = [noun for each in words.nouns for noun in DOUBTFUL.get(each.split()[-1], ())]
    return tuple(noun for noun in dict.fromkeys(found) if noun not in words.nouns)
