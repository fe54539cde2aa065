"""What the objects of a tabletop scene can be called, and which of them a name fits."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.simulation.tabletop import TabletopScene

NEUTRAL = "object"


@dataclass(frozen=True)
class Noun:
    """A noun phrase without its article, and the indices of the visible objects it fits."""

    text: str
    fits: tuple[int, ...]

    @property
    def neutral(self) -> bool:
        return self.text == NEUTRAL

    @property
    def plural(self) -> str:
        return plural(self.text)


def plural(text: str) -> str:
    return text + ("es" if text.endswith("x") else "s")


def called(colour: str, shape: str) -> tuple[str, str, str, str]:
    """All that an object of this colour and shape can be called."""
    return f"{colour} {shape}", shape, f"{colour} {NEUTRAL}", NEUTRAL


def nouns(scene: TabletopScene) -> list[Noun]:
    """Every name that fits visible objects and no half-hidden one."""
    found: dict[str, list[int]] = {}
    for index, thing in enumerate(scene.objects):
        for text in called(thing.colour, thing.shape):
            found.setdefault(text, []).append(index)
    unsafe = hidden_names(scene)
    return [Noun(text, tuple(fits)) for text, fits in found.items() if text not in unsafe]


def hidden_names(scene: TabletopScene) -> set[str]:
    """What the half-hidden objects could be called."""
    return {text for name in scene.hidden for text in called(*_split(name))}


def _split(name: str) -> tuple[str, str]:
    colour, _, shape = name.partition(" ")
    return colour, shape
