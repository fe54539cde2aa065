"""A drawn object before it becomes a model, and how its surfaces get their colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zsris_ros.simulation.household.generated.prints import Rgb, printed, striped
from zsris_ros.simulation.household.generated.shades import shade
from zsris_ros.simulation.household.object_model import HOUSEHOLD_COLOURS, PAINTS, Surface
from zsris_ros.types import ByteArray

Rng = np.random.Generator
WHITE, METAL = HOUSEHOLD_COLOURS["white"], (0.72, 0.73, 0.75)


@dataclass(frozen=True)
class DrawnObject:
    """A drawn object: ``nouns`` from specific to general, ``colours`` of its largest surfaces."""

    nouns: tuple[str, ...]
    surfaces: tuple[Surface, ...]
    colours: tuple[str, ...]
    adjectives: tuple[str, ...] = ()
    role: str = "object"
    upright: bool = True


Draw = Callable[[Rng], DrawnObject]
"""Draws one object of a kind."""


def draw_colour(rng: Rng, names: Sequence[str] = PAINTS) -> tuple[str, Rgb]:
    """Draw the name of a colour and a shade of it."""
    name = str(rng.choice(list(names)))
    return name, shade(name, rng)


def any_colour(rng: Rng) -> Rgb:
    """Draw a shade of any colour."""
    return draw_colour(rng)[1]


def sometimes(rng: Rng, adjective: str) -> tuple[str, ...]:
    """Return the adjective; the material is only said of half of the objects."""
    return (adjective,) if rng.random() < 0.5 else ()


def coloured(surface: Surface, rgb: Rgb) -> Surface:
    """Return a surface of one colour."""
    return replace(surface, uv=None, uv_faces=None, rgba=(*rgb, 1.0))


def textured(surface: Surface, texture: ByteArray) -> Surface:
    """Return a surface with a texture, uint8 HxWx3."""
    return replace(surface, texture=texture)


def finished(rng: Rng, surface: Surface, rgb: Rgb) -> Surface:
    """Give a surface a colour, in some cases with bars or signs on it."""
    draw = rng.random()
    if draw < 0.5:
        return coloured(surface, rgb)
    return textured(surface, striped(rng, rgb) if draw < 0.75 else printed(rng, rgb, 0.3))
