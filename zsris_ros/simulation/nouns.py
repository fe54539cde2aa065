"""Noun phrases for the objects of a tabletop scene."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.simulation.tabletop import TabletopScene

NEUTRAL = "object"


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
        """The plural form; all shape names have a regular one."""
        return self.text + ("es" if self.text.endswith("x") else "s")


def noun_phrases(colour: str, shape: str) -> tuple[str, str, str, str]:
    """Return all noun phrases for an object of this colour and shape."""
    return f"{colour} {shape}", shape, f"{colour} {NEUTRAL}", NEUTRAL


def nouns(scene: TabletopScene) -> list[Noun]:
    """Return every noun phrase that denotes visible objects and no half-hidden one."""
    indices: dict[str, list[int]] = {}
    for index, each in enumerate(scene.objects):
        for text in noun_phrases(each.colour, each.shape):
            indices.setdefault(text, []).append(index)
    unsafe = hidden_noun_phrases(scene)
    return [Noun(text, tuple(found)) for text, found in indices.items() if text not in unsafe]


def hidden_noun_phrases(scene: TabletopScene) -> set[str]:
    """Return the noun phrases for the half-hidden objects."""
    return {text for name in scene.hidden for text in noun_phrases(*name.split())}
