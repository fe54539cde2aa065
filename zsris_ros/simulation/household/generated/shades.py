"""Shades of colours, as wide as people use the words: "green" is lime, olive and bottle green."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

import numpy as np

from zsris_ros.simulation.household.generated.prints import Rgb

_Range = tuple[float, float]

_SHADES: Mapping[str, tuple[_Range, _Range, _Range]] = {
    "red": ((-10, 10), (0.65, 1.0), (0.35, 0.95)),
    "orange": ((17, 37), (0.7, 1.0), (0.75, 1.0)),
    "yellow": ((46, 61), (0.5, 1.0), (0.75, 1.0)),
    "green": ((72, 160), (0.35, 1.0), (0.2, 0.85)),
    "turquoise": ((168, 188), (0.5, 1.0), (0.5, 0.9)),
    "blue": ((202, 248), (0.35, 1.0), (0.3, 1.0)),
    "purple": ((262, 295), (0.35, 0.9), (0.3, 0.8)),
    "pink": ((312, 348), (0.25, 0.65), (0.85, 1.0)),
    "brown": ((12, 32), (0.45, 0.85), (0.2, 0.5)),
    "white": ((0, 360), (0.0, 0.07), (0.85, 1.0)),
    "grey": ((0, 360), (0.0, 0.08), (0.35, 0.65)),
    "black": ((0, 360), (0.0, 0.3), (0.02, 0.15)),
}
"""Hue in degrees, saturation and value of each colour.

There is a gap between two colours: shades that people name differently are drawn for neither.
"""


def shade(colour: str, rng: np.random.Generator) -> Rgb:
    """Draw a shade of a colour, RGB in 0..1."""
    hue, saturation, value = (float(rng.uniform(*each)) for each in _SHADES[colour])
    return colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
