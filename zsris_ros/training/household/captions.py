"""Captions for the small CLIP; ``Caption.fits`` finds all matching pairs of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zsris_ros.simulation.household.object_model import HOUSEHOLD_COLOURS
from zsris_ros.simulation.words import Description

NEUTRAL = ("object", "thing", "item", "one")
SCENERY = (
    "table", "floor", "background", "table top", "wall", "empty space", "counter", "robot arm",
    "gripper",
)  # fmt: skip
SCENERY_NAME = "scenery"
"""The name of a crop without an object."""

_FRAMES = (
    "{}", "{}", "the {}", "the {}", "a {}", "a photo of a {}", "a photo of a {}.",
    "a photo of the {}", "a photo of a the {}.",
)  # fmt: skip
_SENTENCES = (
    "the {} {}", "the {} {}", "{} {}", "grab the {} {}", "pick up the {} {}",
    "please give me the {} {}", "where is the {} {}",
)  # fmt: skip
_SUPERLATIVES = (
    "leftmost", "rightmost", "biggest", "smallest", "largest", "closest", "nearest", "left",
    "right", "second", "third", "top", "bottom", "other", "tallest", "farthest", "middle", "front",
    "back",
)  # fmt: skip
_PLACES = (
    "on the left", "on the right", "at the top", "at the bottom", "in the middle", "in front",
    "from the left", "from the right", "on the table", "in the back", "closest to the camera",
    "in the center", "on the floor", "at the back", "in the corner", "on the shelf",
)  # fmt: skip
_RELATIONS = (
    "left of the {}", "right of the {}", "to the left of the {}", "to the right of the {}",
    "above the {}", "below the {}", "next to the {}", "near the {}", "behind the {}",
    "in front of the {}", "beside the {}", "between the {} and the {}", "bigger than the {}",
    "smaller than the {}", "on the {}", "in the {}", "on top of the {}", "inside the {}",
    "under the {}",
)  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """``noun``, ``colour`` and ``adjective`` of the named object, None where the text has none."""

    text: str
    noun: str | None = None
    colour: str | None = None
    adjective: str | None = None
    scenery: bool = False

    def fits(self, words: Description | None) -> bool:
        """Return whether the caption fits an object; ``words`` None is a crop of scenery."""
        if self.scenery or words is None:
            return self.scenery and words is None
        return (
            (self.noun is None or self.noun in words.nouns)
            and (self.colour is None or self.colour in words.colours)
            and (self.adjective is None or self.adjective in words.adjectives)
        )


def vocabulary(descriptions: Iterable[Description]) -> list[str]:
    """Return every word of the captions, sorted, and common punctuation marks."""
    texts = [*HOUSEHOLD_COLOURS, *NEUTRAL, *SCENERY, *_FRAMES, *_SENTENCES, *_SUPERLATIVES]
    texts += [*_PLACES, *_RELATIONS]
    for each in descriptions:
        texts += [*each.nouns, *each.colours, *each.adjectives]
    words = {word.strip(".") for text in texts for word in text.replace("{}", " ").split()}
    return sorted(words - {""}) + list(".,;:!?'-")


class CaptionWriter:
    """Draws captions; anchors of relations are objects of ``descriptions``."""

    def __init__(self, descriptions: Sequence[Description]) -> None:
        self._others = list(descriptions)

    def draw(self, rng: np.random.Generator, words: Description | None) -> Caption:
        """Draw a caption that fits an object, or a crop of scenery (None)."""
        if words is None:
            text = _pick(rng, _FRAMES).format(_pick(rng, SCENERY))
            return Caption(text, scenery=True)
        noun, colour, adjective = _draw_words(rng, words)
        phrase = _phrase(rng, noun, colour, adjective)
        if rng.random() < 0.6:
            return Caption(_pick(rng, _FRAMES).format(phrase), noun, colour, adjective)
        if rng.random() < 0.4:
            phrase = f"{_pick(rng, _SUPERLATIVES)} {phrase}"
        context = _pick(rng, _PLACES)
        if rng.random() < 0.7:
            others = [self._anchor(rng) for _ in range(2)]
            context = _pick(rng, _RELATIONS).format(*others)
        text = _pick(rng, _SENTENCES).format(phrase, context)
        return Caption(text, noun, colour, adjective)

    def _anchor(self, rng: np.random.Generator) -> str:
        words = self._others[int(rng.integers(len(self._others)))]
        return _phrase(rng, *_draw_words(rng, words))


def _draw_words(
    rng: np.random.Generator, words: Description
) -> tuple[str | None, str | None, str | None]:
    """Draw which of an object's words a caption names: noun, colour, adjective."""
    kind = rng.random()
    noun: str | None = words.nouns[0] if rng.random() < 0.4 else _pick(rng, words.nouns)
    colour = _pick(rng, words.colours) if words.colours else None
    adjective = _pick(rng, words.adjectives) if words.adjectives and rng.random() < 0.2 else None
    if kind < 0.10 and colour:
        return None, colour, adjective
    if kind < 0.12:
        return None, None, None
    if kind < 0.5:
        return noun, None, adjective
    return noun, colour, adjective


def _phrase(
    rng: np.random.Generator, noun: str | None, colour: str | None, adjective: str | None
) -> str:
    words = (colour, adjective) if rng.random() < 0.5 else (adjective, colour)
    return " ".join(word for word in (*words, noun or _pick(rng, NEUTRAL)) if word)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
