"""Captions for the small CLIP; ``Caption.fits`` finds all matching pairs of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zsris_ros.simulation.layout import COLOURS

NOUNS: Mapping[str, tuple[str, ...]] = {
    "box": ("box", "box", "block", "cube"),
    "ball": ("ball", "ball", "sphere"),
    "cylinder": ("cylinder", "cylinder", "can"),
    "cone": ("cone",),
    "mug": ("mug", "mug", "cup"),
    "bowl": ("bowl",),
    "bottle": ("bottle",),
    "plate": ("plate", "plate", "dish"),
}
NEUTRAL = ("object", "thing", "item", "one")
SCENERY = ("table", "floor", "background", "table top", "wall", "empty space")
SCENERY_NAME = "scenery"
"""The name of a crop without an object."""

_FRAMES = (
    "{}", "{}", "the {}", "the {}", "a {}", "a photo of a {}", "a photo of a {}.",
    "a photo of the {}", "a photo of a the {}.",
)  # fmt: skip
_SENTENCES = (
    "the {} {}", "the {} {}", "{} {}", "grab the {} {}", "please give me the {} {}",
    "where is the {} {}",
)  # fmt: skip
_SUPERLATIVES = (
    "leftmost", "rightmost", "biggest", "smallest", "largest", "closest", "nearest", "left",
    "right", "second", "third", "top", "bottom", "other", "tallest", "farthest",
)  # fmt: skip
_PLACES = (
    "on the left", "on the right", "at the top", "at the bottom", "in the middle", "in front",
    "from the left", "from the right", "on the table", "in the back", "closest to the camera",
)  # fmt: skip
_RELATIONS = (
    "left of the {}", "right of the {}", "to the left of the {}", "to the right of the {}",
    "above the {}", "below the {}", "next to the {}", "near the {}", "behind the {}",
    "in front of the {}", "beside the {}", "between the {} and the {}", "bigger than the {}",
    "smaller than the {}", "on the {}", "in the {}",
)  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """``colour`` and ``shape`` of the named object, None where the text names none."""

    text: str
    colour: str | None
    shape: str | None
    scenery: bool = False

    def fits(self, name: str) -> bool:
        """Return whether the caption fits an object "<colour> <shape>" or a crop of scenery."""
        if self.scenery or name == SCENERY_NAME:
            return self.scenery and name == SCENERY_NAME
        colour, shape = name.split()
        return self.colour in (None, colour) and self.shape in (None, shape)


def vocabulary() -> list[str]:
    """Return every word of the captions, sorted, and common punctuation marks."""
    nouns = [noun for names in NOUNS.values() for noun in names]
    templates = (*_FRAMES, *_SENTENCES, *_SUPERLATIVES, *_PLACES, *_RELATIONS)
    texts = [*COLOURS, *nouns, *NEUTRAL, *SCENERY, *templates]
    words = {word.strip(".") for text in texts for word in text.replace("{}", " ").split()}
    return sorted(words - {""}) + list(".,;:!?'-")


def draw_caption(rng: np.random.Generator, name: str) -> Caption:
    """Draw a caption that fits an object "<colour> <shape>" or a crop of scenery."""
    if name == SCENERY_NAME:
        return Caption(_pick(rng, _FRAMES).format(_pick(rng, SCENERY)), None, None, scenery=True)
    colour, shape = name.split()
    kind = rng.random()
    if kind < 0.12:
        return _caption(rng, colour, None)
    if kind < 0.30:
        return _caption(rng, None, shape)
    if kind < 0.34:
        return _caption(rng, None, None)
    return _caption(rng, colour, shape)


def _caption(rng: np.random.Generator, colour: str | None, shape: str | None) -> Caption:
    phrase = _phrase(rng, colour, shape)
    if rng.random() < 0.55:
        return Caption(_pick(rng, _FRAMES).format(phrase), colour, shape)
    if rng.random() < 0.4:
        phrase = f"{_pick(rng, _SUPERLATIVES)} {phrase}"
    context = _pick(rng, _PLACES)
    if rng.random() < 0.7:
        others = [_random_phrase(rng) for _ in range(2)]
        context = _pick(rng, _RELATIONS).format(*others)
    return Caption(_pick(rng, _SENTENCES).format(phrase, context), colour, shape)


def _phrase(rng: np.random.Generator, colour: str | None, shape: str | None) -> str:
    noun = _pick(rng, NOUNS[shape]) if shape else _pick(rng, NEUTRAL)
    return f"{colour} {noun}" if colour else noun


def _random_phrase(rng: np.random.Generator) -> str:
    colour = _pick(rng, tuple(COLOURS)) if rng.random() < 0.75 else None
    return _phrase(rng, colour, _pick(rng, tuple(NOUNS)))


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
