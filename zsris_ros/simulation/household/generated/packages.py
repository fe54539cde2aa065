"""Bottles, cans, boxes and books with prints, drawn by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zsris_ros.simulation.household.generated.draft import (
    METAL,
    WHITE,
    Draft,
    Draw,
    Rng,
    any_colour,
    coloured,
    draw_colour,
    sometimes,
    textured,
)
from zsris_ros.simulation.household.generated.prints import Rgb, printed
from zsris_ros.simulation.household.generated.solids import box, turned
from zsris_ros.simulation.household.object_model import Surface


def _bottle(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.024, 0.042), rng.uniform(0.13, 0.25)
    neck, shoulder = radius * rng.uniform(0.3, 0.55), height * rng.uniform(0.6, 0.85)
    waist = 1 - rng.uniform(0, 0.15)
    profile = [(0.0, 0.0), (radius * 0.95, 0.0), (radius, 0.006), (radius * waist, shoulder / 2)]
    profile += [(radius, shoulder * 0.95), (radius * 0.93, shoulder), (neck, height * 0.93)]
    body = turned([*profile, (neck, height), (0.0, height)])
    body = textured(body, printed(rng, rgb)) if rng.random() < 0.75 else coloured(body, rgb)
    low, cap = height * rng.uniform(0.9, 0.96), neck * rng.uniform(1.05, 1.5)
    top = height * rng.uniform(1.0, 1.08)
    lid = turned([(0.0, low), (cap, low), (cap * rng.uniform(0.6, 1.0), top), (0.0, top)])
    shade = rgb if rng.random() < 0.3 else any_colour(rng)
    surfaces: tuple[Surface, ...] = (body, coloured(lid, shade))
    if rng.random() < 0.4:  # flat, as shampoo and detergent
        flat = np.array([1.25, rng.uniform(0.55, 0.8), 1.0])
        surfaces = tuple(replace(each, vertices=each.vertices * flat) for each in surfaces)
    return Draft(("bottle",), surfaces, (colour,), sometimes(rng, "plastic"), upright=False)


def _can(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.03, 0.05), rng.uniform(0.05, 0.13)
    return Draft(
        ("can",), _tinned(rng, radius, height, 1.0, rgb), (colour,), ("metal",), upright=False
    )


def _soda_can(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.026, 0.034), rng.uniform(0.11, 0.16)
    surfaces = _tinned(rng, radius, height, rng.uniform(0.78, 0.9), rgb)
    return Draft(("soda can", "can"), surfaces, (colour,), ("metal",), upright=False)


def _jar(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.03, 0.045), rng.uniform(0.06, 0.13)
    neck, top = radius * rng.uniform(0.75, 0.95), height * rng.uniform(1.12, 1.25)
    body = turned([(0, 0), (radius, 0), (radius, height * 0.88), (neck, height), (0, height)])
    lid = turned([(0, height), (neck * 1.1, height), (neck * 1.1, top), (0, top)])
    body = textured(body, printed(rng, rgb)) if rng.random() < 0.6 else coloured(body, rgb)
    surfaces = (body, coloured(lid, any_colour(rng)))
    return Draft(("jar",), surfaces, (colour,), upright=False)


def _box(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    size = np.array([rng.uniform(0.05, 0.16), rng.uniform(0.025, 0.09), rng.uniform(0.05, 0.2)])
    body = textured(box(size), printed(rng, rgb))
    return Draft(("box",), (body,), (colour,), sometimes(rng, "cardboard"), upright=False)


def _carton(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    side, height = rng.uniform(0.05, 0.085), rng.uniform(0.1, 0.17)
    body = textured(box(np.array([side, side, height])), printed(rng, rgb))
    roof = box(np.array([side, side, 0.028]), np.array([0, 0, height + 0.014]))
    corners = roof.vertices.copy()
    corners[corners[:, 2] > height + 0.01, 1] *= 0.12
    gable = coloured(replace(roof, vertices=corners), rgb)
    ridge = box(np.array([side, 0.006, 0.014]), np.array([0, 0, height + 0.034]))
    surfaces = (body, gable, coloured(ridge, rgb if rng.random() < 0.5 else WHITE))
    return Draft(("carton",), surfaces, (colour,), upright=False)


def _book(rng: Rng) -> Draft:
    colour, rgb = draw_colour(rng)
    long, wide, thick = rng.uniform(0.12, 0.21), rng.uniform(0.09, 0.15), rng.uniform(0.012, 0.04)
    cover = np.array([wide, long, 0.0025])
    low = box(cover, np.array([0, 0, 0.00125]))
    high = box(cover, np.array([0, 0, thick - 0.00125]))
    spine = box(np.array([0.0025, long, thick]), np.array([-wide / 2, 0, thick / 2]))
    pages = box(np.array([wide * 0.96, long * 0.97, thick - 0.005]), np.array([0, 0, thick / 2]))
    picture = printed(rng, rgb)
    shown = tuple(textured(each, picture) for each in (low, high, spine))
    return Draft(("book",), (*shown, coloured(pages, (0.93, 0.91, 0.85))), (colour,), upright=False)


def _tinned(rng: Rng, radius: float, height: float, taper: float, rgb: Rgb) -> tuple[Surface, ...]:
    """Return the printed wall and the two metal ends of a can."""
    slope = 0.08 * height if taper < 1 else 0.0
    ends = [(radius * taper, 0.001), (radius, slope), (radius, height - slope)]
    wall = turned([*ends, (radius * taper, height - 0.001)])
    low = turned([(0.0, 0.0), (radius * taper, 0.0), (radius * taper, 0.001)])
    rim = radius * taper
    top = turned(
        [
            (rim, height - 0.001),
            (rim * 0.97, height),
            (rim * 0.9, height - 0.003),
            (0.0, height - 0.003),
        ]
    )
    return (textured(wall, printed(rng, rgb)), coloured(low, METAL), coloured(top, METAL))


PACKAGES: Mapping[str, Draw] = {
    "bottle": _bottle,
    "can": _can,
    "soda can": _soda_can,
    "jar": _jar,
    "box": _box,
    "carton": _carton,
    "book": _book,
}
"""How one of each kind is drawn."""
