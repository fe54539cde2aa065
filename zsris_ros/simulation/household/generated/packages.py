"""Randomly drawn bottles, cans, boxes and books with prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zsris_ros.simulation.household.generated.drawn_object import (
    METAL,
    WHITE,
    Draw,
    DrawnObject,
    Rng,
    any_colour,
    coloured,
    draw_colour,
    sometimes,
    textured,
)
from zsris_ros.simulation.household.generated.prints import Rgb, labelled, packaged, printed
from zsris_ros.simulation.household.generated.solids import box, lofted, turned
from zsris_ros.simulation.household.object_model import Surface
from zsris_ros.types import ByteArray


def _bottle(rng: Rng) -> DrawnObject:
    form = rng.random()
    if form < 0.25:
        return _bottle_on_its_cap(rng)
    if form < 0.45:
        return _square_bottle(rng)
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.024, 0.042), rng.uniform(0.13, 0.25)
    neck, shoulder = radius * rng.uniform(0.3, 0.55), height * rng.uniform(0.6, 0.85)
    waist = 1 - rng.uniform(0, 0.15)
    profile = [(0.0, 0.0), (radius * 0.95, 0.0), (radius, 0.006), (radius * waist, shoulder / 2)]
    profile += [(radius, shoulder * 0.95), (radius * 0.93, shoulder), (neck, height * 0.93)]
    body = turned([*profile, (neck, height), (0.0, height)])
    body = textured(body, _label(rng, rgb)) if rng.random() < 0.75 else coloured(body, rgb)
    low, cap = height * rng.uniform(0.9, 0.96), neck * rng.uniform(1.05, 1.5)
    top = height * rng.uniform(1.0, 1.08)
    lid = turned([(0.0, low), (cap, low), (cap * rng.uniform(0.6, 1.0), top), (0.0, top)])
    shade = rgb if rng.random() < 0.3 else any_colour(rng)
    surfaces: tuple[Surface, ...] = (body, coloured(lid, shade))
    if rng.random() < 0.4:  # flat, as shampoo and detergent
        flat = np.array([1.25, rng.uniform(0.55, 0.8), 1.0])
        surfaces = tuple(replace(each, vertices=each.vertices * flat) for each in surfaces)
    return DrawnObject(("bottle",), surfaces, (colour,), sometimes(rng, "plastic"), upright=False)


def _bottle_on_its_cap(rng: Rng) -> DrawnObject:
    """Shampoo and cream: an oval that goes flat towards its top, on a wide cap."""
    colour, rgb = draw_colour(rng)
    wide, deep = rng.uniform(0.024, 0.038), rng.uniform(0.014, 0.024)
    height, cap = rng.uniform(0.12, 0.19), rng.uniform(0.02, 0.045)
    flat, spread = rng.uniform(0.1, 0.8), rng.uniform(0.95, 1.2)
    t = np.linspace(0, 1, 8)
    sections = [
        (wide * (1 + (spread - 1) * k), deep * (1 + (flat - 1) * k**1.5), cap + (height - cap) * k)
        for k in t.tolist()
    ]
    corners = rng.uniform(2, 3.5)
    body = lofted([(0, 0, cap), *sections, (0, 0, height)], corners)
    body = textured(body, _label(rng, rgb)) if rng.random() < 0.8 else coloured(body, rgb)
    size = rng.uniform(0.85, 1.02)
    lid = lofted(
        [(0, 0, 0), (wide * size, deep * size, 0), (wide * size, deep * size, cap), (0, 0, cap)],
        corners,
    )
    shade = rgb if rng.random() < 0.6 else any_colour(rng)
    surfaces = (body, coloured(lid, shade))
    return DrawnObject(("bottle",), surfaces, (colour,), sometimes(rng, "plastic"), upright=False)


def _square_bottle(rng: Rng) -> DrawnObject:
    """Juice, detergent and pills: rounded corners, a shoulder and a screwed or pressed top."""
    colour, rgb = draw_colour(rng)
    wide, deep = rng.uniform(0.025, 0.045), rng.uniform(0.018, 0.035)
    height, shoulder = rng.uniform(0.08, 0.22), rng.uniform(0.65, 0.9)
    neck, corners = rng.uniform(0.009, 0.016), rng.uniform(2.5, 8)
    body = lofted(
        [
            (0, 0, 0),
            (wide, deep, 0),
            (wide, deep, height * shoulder),
            (wide * 0.8, deep * 0.8, height * (1 + shoulder) / 2),
            (neck, neck, height),
            (0, 0, height),
        ],
        corners,
    )
    body = textured(body, _label(rng, rgb)) if rng.random() < 0.8 else coloured(body, rgb)
    top = height + rng.uniform(0.012, 0.025)
    lid = turned([(0, height * 0.97), (neck * 1.2, height * 0.97), (neck * 1.2, top), (0, top)])
    shade = rgb if rng.random() < 0.3 else any_colour(rng)
    surfaces: tuple[Surface, ...] = (body, coloured(lid, shade))
    nouns: tuple[str, ...] = ("bottle",)
    if rng.random() < 0.35:
        nouns = ("spray bottle", "bottle")
        trigger = box(np.array([0.05, 0.018, 0.022]), np.array([0.008, 0, top + 0.008]))
        lever = box(np.array([0.006, 0.012, 0.035]), np.array([0.024, 0, top - 0.012]))
        surfaces += (coloured(trigger, shade), coloured(lever, any_colour(rng)))
    return DrawnObject(nouns, surfaces, (colour,), sometimes(rng, "plastic"), upright=False)


def _glue(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    other = any_colour(rng)
    if rng.random() < 0.5:  # a stick
        radius, height = rng.uniform(0.009, 0.014), rng.uniform(0.07, 0.1)
        cut = height * rng.uniform(0.55, 0.75)
        body = turned([(0, 0), (radius, 0), (radius, cut), (0, cut)])
        wide = radius * rng.uniform(1.0, 1.12)
        lid = turned([(0, cut), (wide, cut), (wide, height), (0, height)])
        nouns: tuple[str, ...] = ("glue stick", "glue")
    else:
        wide, deep, height = rng.uniform(0.014, 0.024), rng.uniform(0.01, 0.018), 0.1
        cut = height * rng.uniform(0.6, 0.75)
        nozzle = cut + 0.012
        sections = [(0, 0, 0), (wide, deep, 0), (wide, deep, cut)]
        body = lofted([*sections, (0.008, 0.008, nozzle), (0, 0, nozzle)], rng.uniform(2, 5))
        lid = turned([(0, cut + 0.01), (0.009, cut + 0.01), (0.004, height + 0.02)])
        nouns = ("glue bottle", "bottle", "glue")
    surfaces = (textured(body, _label(rng, rgb)), coloured(lid, other))
    return DrawnObject(nouns, surfaces, (colour,), sometimes(rng, "plastic"), upright=False)


def _can(rng: Rng) -> DrawnObject:
    if rng.random() < 0.25:
        return _tall_can(rng)
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.03, 0.05), rng.uniform(0.05, 0.13)
    return DrawnObject(
        ("can",), _tinned(rng, radius, height, 1.0, rgb), (colour,), ("metal",), upright=False
    )


def _tall_can(rng: Rng) -> DrawnObject:
    """Crisps and powders: a cardboard tube with a plastic lid."""
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.03, 0.045), rng.uniform(0.15, 0.27)
    body = textured(turned([(0, 0), (radius, 0), (radius, height), (0, height)]), _label(rng, rgb))
    lid = turned([(radius * 1.03, height - 0.012), (radius * 1.03, height + 0.003), (0, height)])
    surfaces = (body, coloured(lid, any_colour(rng) if rng.random() < 0.6 else WHITE))
    return DrawnObject(("can",), surfaces, (colour,), upright=False)


def _soda_can(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.026, 0.034), rng.uniform(0.11, 0.16)
    surfaces = _tinned(rng, radius, height, rng.uniform(0.78, 0.9), rgb)
    return DrawnObject(("soda can", "can"), surfaces, (colour,), ("metal",), upright=False)


def _jar(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.03, 0.045), rng.uniform(0.06, 0.13)
    neck, top = radius * rng.uniform(0.75, 0.95), height * rng.uniform(1.12, 1.25)
    body = turned([(0, 0), (radius, 0), (radius, height * 0.88), (neck, height), (0, height)])
    lid = turned([(0, height), (neck * 1.1, height), (neck * 1.1, top), (0, top)])
    body = textured(body, _label(rng, rgb)) if rng.random() < 0.6 else coloured(body, rgb)
    surfaces = (body, coloured(lid, any_colour(rng)))
    return DrawnObject(("jar",), surfaces, (colour,), upright=False)


def _box(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    size = np.array([rng.uniform(0.05, 0.16), rng.uniform(0.025, 0.09), rng.uniform(0.05, 0.2)])
    nouns: tuple[str, ...] = ("box",)
    if rng.random() < 0.3:
        size, nouns = size * 1.4, ("cereal box", "box")
    body = textured(box(size), _print_of_a_packet(rng, rgb))
    return DrawnObject(nouns, (body,), (colour,), sometimes(rng, "cardboard"), upright=False)


def _carton(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    side, height = rng.uniform(0.05, 0.085), rng.uniform(0.1, 0.17)
    body = textured(box(np.array([side, side, height])), _print_of_a_packet(rng, rgb))
    roof = box(np.array([side, side, 0.028]), np.array([0, 0, height + 0.014]))
    corners = roof.vertices.copy()
    corners[corners[:, 2] > height + 0.01, 1] *= 0.12
    gable = coloured(replace(roof, vertices=corners), rgb)
    ridge = box(np.array([side, 0.006, 0.014]), np.array([0, 0, height + 0.034]))
    surfaces = (body, gable, coloured(ridge, rgb if rng.random() < 0.5 else WHITE))
    return DrawnObject(("carton",), surfaces, (colour,), upright=False)


def _book(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    long, wide, thick = rng.uniform(0.12, 0.21), rng.uniform(0.09, 0.15), rng.uniform(0.012, 0.04)
    cover = np.array([wide, long, 0.0025])
    low = box(cover, np.array([0, 0, 0.00125]))
    high = box(cover, np.array([0, 0, thick - 0.00125]))
    spine = box(np.array([0.0025, long, thick]), np.array([-wide / 2, 0, thick / 2]))
    pages = box(np.array([wide * 0.96, long * 0.97, thick - 0.005]), np.array([0, 0, thick / 2]))
    picture = _label(rng, rgb)
    shown = tuple(textured(each, picture) for each in (low, high, spine))
    return DrawnObject(
        ("book",), (*shown, coloured(pages, (0.93, 0.91, 0.85))), (colour,), upright=False
    )


def _label(rng: Rng, rgb: Rgb) -> ByteArray:
    """Draw signs on a body, or a label around it."""
    return printed(rng, rgb) if rng.random() < 0.5 else labelled(rng, rgb)


def _print_of_a_packet(rng: Rng, rgb: Rgb) -> ByteArray:
    """Draw signs all over a box, or a front, a back and sides."""
    return printed(rng, rgb) if rng.random() < 0.3 else packaged(rng, rgb)


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
    return (textured(wall, _label(rng, rgb)), coloured(low, METAL), coloured(top, METAL))


PACKAGES: Mapping[str, Draw] = {
    "bottle": _bottle,
    "glue": _glue,
    "can": _can,
    "soda can": _soda_can,
    "jar": _jar,
    "box": _box,
    "carton": _carton,
    "book": _book,
}
"""How one of each kind is drawn."""
