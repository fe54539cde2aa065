"""Randomly drawn pens, tools and cutlery, along x."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zsris_ros.simulation.household.generated.drawn_object import (
    METAL,
    Draw,
    DrawnObject,
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
    laid,
    path_of,
    ring,
    rod,
    spread,
)
from zsris_ros.simulation.household.object_model import Surface

_Y = np.array([0.0, 1.0, 0.0])
_PIN = np.array([0.0, 0.008, 0.008, 0.0])


def _marker(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    length, thick = rng.uniform(0.11, 0.15), rng.uniform(0.009, 0.021)
    cut = length * rng.uniform(0.55, 0.75)
    body = rod(0, cut, thick, thick * rng.uniform(0.8, 1.0))
    cap = rod(cut - 0.002, length, thick * rng.uniform(1.0, 1.15), thick * rng.uniform(0.7, 1.0))
    ends = rgb if rng.random() < 0.6 else any_colour(rng)
    surfaces = (finished(rng, body, rgb), coloured(cap, ends))
    return DrawnObject(("marker", "pen"), surfaces, (colour,), upright=False)


def _screwdriver(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    grip, shaft = rng.uniform(0.08, 0.12), rng.uniform(0.06, 0.14)
    thick = rng.uniform(0.02, 0.033)
    path = path_of(np.linspace(0, grip, 9), 0)
    bulge = thick * (0.75 + 0.25 * np.sin(np.linspace(0.3, 2.9, 9) * rng.uniform(1.0, 2.0)) ** 2)
    bulge[[0, -1]] = 0, thick * 0.4
    handle = bar(path, bulge, bulge)
    blade = rod(grip - 0.002, grip + shaft, rng.uniform(0.004, 0.007), 0.004)
    surfaces = (finished(rng, handle, rgb), coloured(blade, METAL))
    return DrawnObject(("screwdriver",), surfaces, (colour,), upright=False)


def _hammer(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    length, thick = rng.uniform(0.2, 0.3), rng.uniform(0.02, 0.032)
    handle = rod(0, length, thick, thick * rng.uniform(0.6, 0.9))
    wide, high = rng.uniform(0.07, 0.11), rng.uniform(0.02, 0.032)
    head = box(np.array([high, wide, high]), np.array([length, 0, 0]))
    shade = METAL if rng.random() < 0.5 else (0.2, 0.2, 0.22)
    surfaces = (finished(rng, handle, rgb), coloured(head, shade))
    return DrawnObject(("hammer",), surfaces, (colour,), upright=False)


def _spoon(rng: Rng) -> DrawnObject:
    length, bowl = rng.uniform(0.13, 0.2), rng.uniform(0.03, 0.045)
    x = np.linspace(0, length, 24)
    t = np.clip((x - (length - bowl * 1.5)) / (bowl * 1.5), 0, 1)
    widths = np.maximum(rng.uniform(0.006, 0.011) * (1 - t), bowl * np.sin(np.pi * t) ** 0.7)
    path = path_of(x, 0.012 * (1 - x / length) ** 2 - 0.006 * np.sin(np.pi * t))
    return _metal(rng, ("spoon",), (bar(path, closed(widths), closed(even(path, 0.003))),))


def _knife(rng: Rng) -> DrawnObject:
    grip, blade = rng.uniform(0.08, 0.12), rng.uniform(0.09, 0.14)
    x = np.linspace(grip - 0.003, grip + blade, 12)
    t = (x - grip) / blade
    path = path_of(x, 0)
    edge = bar(path, closed(rng.uniform(0.016, 0.03) * (1 - t**4)), closed(even(path, 0.002)))
    if rng.random() < 0.5:
        return _metal(rng, ("knife",), (rod(0, grip, 0.012, 0.01), edge))
    colour, rgb = draw_colour(rng)
    handle = coloured(rod(0, grip, rng.uniform(0.015, 0.024), 0.018), rgb)
    return DrawnObject(("knife",), (handle, coloured(edge, METAL)), (colour,), upright=False)


def _fork(rng: Rng) -> DrawnObject:
    length, wide = rng.uniform(0.12, 0.15), rng.uniform(0.02, 0.026)
    x = np.linspace(0, length, 16)
    path = path_of(x, 0.01 * (1 - x / length) ** 2)
    widths = np.where(x < length * 0.85, rng.uniform(0.006, 0.01), wide)
    tines = [rod(length - 0.003, length + 0.045, 0.003, 0.002, y) for y in spread(wide, 4)]
    handle = bar(path, closed(widths), closed(even(path, 0.003)))
    return _metal(rng, ("fork",), (handle, *tines))


def _scissors(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    blade, grip = rng.uniform(0.06, 0.1), rng.uniform(0.06, 0.09)
    angle, tip = rng.uniform(0.05, 0.35), rng.uniform(0.001, 0.004)
    surfaces: list[Surface] = []
    for side in (-1, 1):
        t = np.linspace(0, 1, 7)
        path = path_of(blade * t * np.cos(angle), 0.002 * side)
        flat = bar(path, closed(0.013 * (1 - t) + tip), closed(even(path, 0.002)))
        tilt = side * blade * np.sin(angle) / blade
        edge = replace(flat, vertices=flat.vertices + np.outer(flat.vertices[:, 0] * tilt, _Y))
        loop = (rng.uniform(0.02, 0.026), rng.uniform(0.012, 0.017))
        out = -side * (loop[1] + 0.003 + grip * 0.35 * np.sin(angle))
        arm = rod(-grip + loop[0], 0.004, 0.008, 0.007)
        lean = np.outer(arm.vertices[:, 0] / -(grip - loop[0]) * (out + side * loop[1]), _Y)
        arm = replace(arm, vertices=arm.vertices + lean)
        loops = ring((-grip, out), loop, rng.uniform(0.006, 0.01))
        surfaces += [coloured(edge, METAL), *(coloured(each, rgb) for each in (arm, *loops))]
    return DrawnObject(("scissors", "pair of scissors"), tuple(surfaces), (colour,))


def _clamp(rng: Rng) -> DrawnObject:
    """A spring clamp: two curved arms that cross, with tips."""
    colour, rgb = draw_colour(rng)
    length, thick = rng.uniform(0.08, 0.17), rng.uniform(0.008, 0.016)
    gape, tip = rng.uniform(0.004, 0.02), any_colour(rng)
    surfaces: list[Surface] = []
    for side in (-1, 1):
        x = np.linspace(0, length, 12)
        t = x / length
        jaw = np.clip((t - 0.45) / 0.55, 0, 1)
        y = side * (length * 0.22 * (1 - t / 0.45).clip(0) - (gape + 0.03) * np.sin(np.pi * jaw))
        arm = laid(bar(path_of(x, y), even(x, thick * 1.4), closed(even(x, thick))))
        end = rod(length - 0.004, length + 0.012, thick * 0.9, thick * 0.9, float(y[-1]))
        surfaces += [coloured(arm, rgb), coloured(end, tip)]
    pin = laid(bar(path_of(np.array([-1, -1, 1, 1.0]) * thick * 0.8, 0), _PIN, _PIN))
    turn = pin.vertices[:, [2, 1, 0]] + np.array([length * 0.45, 0, 0])
    surfaces.append(coloured(replace(pin, vertices=turn, faces=pin.faces[:, ::-1]), METAL))
    return DrawnObject(("clamp",), tuple(surfaces), (colour,))


def _stapler(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    length, wide = rng.uniform(0.06, 0.16), rng.uniform(0.025, 0.04)
    low = box(np.array([length, wide, 0.008]))
    t = np.linspace(0, 1, 9)
    rise, thick = rng.uniform(0.012, 0.03), length * rng.uniform(0.13, 0.2)
    path = path_of(-length / 2 + length * t * 0.97, 0.012 + thick / 2 + rise * t)
    arm = bar(path, closed(even(path, wide * 0.85)), closed(thick * (1 - 0.35 * t)))
    back = box(np.array([length * 0.15, wide, 0.03]), np.array([-length * 0.42, 0, 0.015]))
    base = rgb if rng.random() < 0.5 else any_colour(rng)
    shown = (coloured(low, base), coloured(arm, rgb), coloured(back, base))
    return DrawnObject(("stapler",), shown, (colour,), sometimes(rng, "plastic"))


def _metal(rng: Rng, nouns: tuple[str, ...], surfaces: tuple[Surface, ...]) -> DrawnObject:
    """Return cutlery of metal, or of plastic of one colour."""
    if rng.random() < 0.6:
        shade = float(rng.uniform(0.55, 0.85))
        made = tuple(coloured(each, (shade, shade, shade)) for each in surfaces)
        return DrawnObject(nouns, made, ("silver", "grey"), ("metal",))
    colour, rgb = draw_colour(rng)
    made = tuple(coloured(each, rgb) for each in surfaces)
    return DrawnObject(nouns, made, (colour,), sometimes(rng, "plastic"))


TOOLS: Mapping[str, Draw] = {
    "marker": _marker,
    "screwdriver": _screwdriver,
    "hammer": _hammer,
    "spoon": _spoon,
    "knife": _knife,
    "fork": _fork,
    "scissors": _scissors,
    "clamp": _clamp,
    "stapler": _stapler,
}
"""How one of each kind is drawn."""
