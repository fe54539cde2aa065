"""Noun phrases for the objects of a simulated scene."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.simulation.tabletop import TabletopScene
from zsris_ros.simulation.words import NEUTRAL, Description, with_hypernyms


@dataclass(frozen=True)
class Noun:
    """A noun phrase without its article, and the indices of the visible objects it denotes."""

    text: str
    objects: tuple[int, ...]

    @property
    def neutral(self) -> bool:
        """Whether the noun phrase names neither colour nor shape."""
        return self.text == NEUTRAL

    @property
    def plural(self) -> str:
        """The plural form, of the head of "can of soup"."""
        head, of, rest = self.text.partition(" of ")
        if head.endswith(("s", "wine", "milk", "cutlery", "fruit", "furniture")):
            return self.text
        if head.endswith(("knife", "shelf")):
            head = head.removesuffix("fe").removesuffix("f") + "ves"
        else:
            head += "es" if head.endswith(("x", "ch")) else "s"
        return head + of + rest


def noun_phrases(words: Description) -> tuple[str, ...]:
    """Return all noun phrases of nouns and one colour for an object, "object" among the nouns."""
    phrases = []
    for noun in (*words.nouns, NEUTRAL):
        phrases += [f"{colour} {noun}" for colour in words.colours] + [noun]
    return tuple(phrases)


def nouns(scene: TabletopScene) -> list[Noun]:
    """Return every noun phrase that clearly denotes visible objects and no half-hidden one."""
    indices: dict[str, list[int]] = {}
    for index, each in enumerate(scene.objects):
        for text in noun_phrases(each.words):
            indices.setdefault(text, []).append(index)
    unsafe = unsafe_noun_phrases(scene)
    return [Noun(text, tuple(found)) for text, found in indices.items() if text not in unsafe]


def unsafe_noun_phrases(scene: TabletopScene) -> set[str]:
    """Return the noun phrases that fit a half-hidden object, or that may fit a visible one."""
    hidden = {text for words in scene.hidden for text in noun_phrases(with_hypernyms(words))}
    return hidden | scene.doubtful
