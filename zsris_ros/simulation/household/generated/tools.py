"""Pens, tools and cutlery that are drawn by chance; they lie along x."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zsris_ros.simulation.household.generated.draft import (
    METAL,
    Draft,
    Draw,
    Rng,
    any_colour,
    coloured,
    draw_colour,
    finished,
    sometimes,
)
from zsris_ros.simulation.household.generated.solids import (
    bar,
    box,
    closed,
    even,
    path_of,
    rod,
    spread,
)
from zsris_ros.simulation.household.object_model import Surface


def _marker(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    length, thick = rng.uniform(0.11, 0.15), rng.uniform(0.009, 0.021)
    cut = length * rng.uniform(0.55, 0.75)
    body = rod(0, cut, thick, thick * rng.uniform(0.8, 1.0))
    cap = rod(cut - 0.002, length, thick * rng.uniform(1.0, 1.15), thick * rng.uniform(0.7, 1.0))
    ends = rgb if rng.random() < 0.6 else any_colour(rng)
    surfaces = (finished(rng, body, rgb), coloured(cap, ends))
    return Draft(("marker", "pen"), surfaces, (colour,), upright=False)


def _screwdriver(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    grip, shaft = rng.uniform(0.08, 0.12), rng.uniform(0.06, 0.14)
    thick = rng.uniform(0.02, 0.033)
    path = path_of(np.linspace(0, grip, 9), 0)
    bulge = thick * (0.75 + 0.25 * np.sin(np.linspace(0.3, 2.9, 9) * rng.uniform(1.0, 2.0)) ** 2)
    bulge[[0, -1]] = 0, thick * 0.4
    handle = bar(path, bulge, bulge)
    blade = rod(grip - 0.002, grip + shaft, rng.uniform(0.004, 0.007), 0.004)
    surfaces = (finished(rng, handle, rgb), coloured(blade, METAL))
    return Draft(("screwdriver",), surfaces, (colour,), upright=False)


def _hammer(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    length, thick = rng.uniform(0.2, 0.3), rng.uniform(0.02, 0.032)
    handle = rod(0, length, thick, thick * rng.uniform(0.6, 0.9))
    wide, high = rng.uniform(0.07, 0.11), rng.uniform(0.02, 0.032)
    head = box(np.array([high, wide, high]), np.array([length, 0, 0]))
    shade = METAL if rng.random() < 0.5 else (0.2, 0.2, 0.22)
    surfaces = (finished(rng, handle, rgb), coloured(head, shade))
    return Draft(("hammer",), surfaces, (colour,), upright=False)


def _spoon(rng: Rng) -> Draft:
    length, bowl = rng.uniform(0.13, 0.2), rng.uniform(0.03, 0.045)
    x = np.linspace(0, length, 24)
    t = np.clip((x - (length - bowl * 1.5)) / (bowl * 1.5), 0, 1)
    widths = np.maximum(rng.uniform(0.006, 0.011) * (1 - t), bowl * np.sin(np.pi * t) ** 0.7)
    path = path_of(x, 0.012 * (1 - x / length) ** 2 - 0.006 * np.sin(np.pi * t))
    return _metal(rng, ("spoon",), (bar(path, closed(widths), closed(even(path, 0.003))),))


def _knife(rng: Rng) -> Draft:
    grip, blade = rng.uniform(0.08, 0.12), rng.uniform(0.09, 0.14)
    x = np.linspace(grip - 0.003, grip + blade, 12)
    t = (x - grip) / blade
    path = path_of(x, 0)
    edge = bar(path, closed(rng.uniform(0.016, 0.03) * (1 - t**4)), closed(even(path, 0.002)))
    if rng.random() < 0.5:
        return _metal(rng, ("knife",), (rod(0, grip, 0.012, 0.01), edge))
    colour, rgb = draw_colour(rng)
    handle = coloured(rod(0, grip, rng.uniform(0.015, 0.024), 0.018), rgb)
    return Draft(("knife",), (handle, coloured(edge, METAL)), (colour,), upright=False)


def _fork(rng: Rng) -> Draft:
    length, wide = rng.uniform(0.12, 0.15), rng.uniform(0.02, 0.026)
    x = np.linspace(0, length, 16)
    path = path_of(x, 0.01 * (1 - x / length) ** 2)
    widths = np.where(x < length * 0.85, rng.uniform(0.006, 0.01), wide)
    tines = [rod(length - 0.003, length + 0.045, 0.003, 0.002, y) for y in spread(wide, 4)]
    handle = bar(path, closed(widths), closed(even(path, 0.003)))
    return _metal(rng, ("fork",), (handle, *tines))


def _metal(rng: Rng, nouns: tuple[str, ...], surfaces: tuple[Surface, ...]) -> Draft:
    """Return cutlery of metal, or of plastic of one colour."""
    if rng.random() < 0.6:
        shade = float(rng.uniform(0.55, 0.85))
        made = tuple(coloured(each, (shade, shade, shade)) for each in surfaces)
        return Draft(nouns, made, ("silver", "grey"), ("metal",))
    colour, rgb = draw_colour(rng)
    made = tuple(coloured(each, rgb) for each in surfaces)
    return Draft(nouns, made, (colour,), sometimes(rng, "plastic"))


TOOLS: Mapping[str, Draw] = {
    "marker": _marker,
    "screwdriver": _screwdriver,
    "hammer": _hammer,
    "spoon": _spoon,
    "knife": _knife,
    "fork": _fork,
}
"""How one of each kind is drawn."""
