"""Randomly drawn fruit and carrots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zsris_ros.simulation.household.generated.drawn_object import (
    Draw,
    DrawnObject,
    Rng,
    coloured,
    draw_colour,
    textured,
)
from zsris_ros.simulation.household.generated.prints import skin, spotted
from zsris_ros.simulation.household.generated.shades import shade
from zsris_ros.simulation.household.generated.solids import (
    bar,
    closed,
    egg,
    laid,
    path_of,
    rod,
    stick,
    turned,
)
from zsris_ros.simulation.household.object_model import HOUSEHOLD_COLOURS, Surface


def _apple(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng, ("red", "green", "yellow", "red"))
    radius, dip = rng.uniform(0.03, 0.043), rng.uniform(0.15, 0.35)
    a = np.linspace(-np.pi / 2, np.pi / 2, 17)
    r = radius * np.cos(a) ** rng.uniform(0.7, 1.0)
    z = (
        radius
        * rng.uniform(0.85, 1.0)
        * (np.sin(a) - np.sign(a) * dip * np.exp(-((r / radius / 0.35) ** 2)))
    )
    other = HOUSEHOLD_COLOURS[str(rng.choice(["yellow", "red", "green"]))]
    body = textured(
        turned(list(zip(r, z, strict=True))), skin(rng, rgb, other, rng.uniform(0, 0.15))
    )
    top = float(z[-1])
    stem = stick(top - 0.003, top + rng.uniform(0.008, 0.016))
    surfaces = (body, coloured(stem, (0.3, 0.2, 0.1))) if rng.random() < 0.7 else (body,)
    return DrawnObject(("apple",), surfaces, (colour,))


def _orange(rng: Rng) -> DrawnObject:
    rgb = shade("orange", rng)
    body = turned(egg(rng.uniform(0.032, 0.042), rng.uniform(0.88, 1.02), 0.0))
    body = textured(body, skin(rng, rgb, (0.9, 0.55, 0.1), 0.1))
    tip = stick(-0.001, 0.002, 0.004)
    top = np.array([0.0, 0.0, body.vertices[:, 2].max()])
    tip = replace(tip, vertices=tip.vertices + top)
    return DrawnObject(("orange",), (body, coloured(tip, (0.3, 0.4, 0.1))), ("orange",))


def _lemon(rng: Rng) -> DrawnObject:
    rgb = shade("yellow", rng)
    body = turned(egg(rng.uniform(0.024, 0.032), rng.uniform(1.25, 1.5), 0.2))
    return _fruit(rng, "lemon", textured(body, skin(rng, rgb, (0.8, 0.8, 0.2), 0.1)), "yellow")


def _peach(rng: Rng) -> DrawnObject:
    body = turned(egg(rng.uniform(0.03, 0.04), rng.uniform(0.85, 1.0), 0.0))
    texture = skin(rng, (0.95, 0.65, 0.4), (0.85, 0.3, 0.25), rng.uniform(0.2, 0.5))
    return _fruit(rng, "peach", textured(body, texture), "orange")


def _plum(rng: Rng) -> DrawnObject:
    rgb = shade("purple", rng)
    body = turned(egg(rng.uniform(0.021, 0.028), rng.uniform(1.0, 1.25), 0.0))
    return _fruit(rng, "plum", textured(body, skin(rng, rgb, (0.25, 0.1, 0.2), 0.2)), "purple")


def _pear(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng, ("green", "yellow"))
    wide, high = rng.uniform(0.03, 0.038), rng.uniform(0.085, 0.11)
    t = np.linspace(0, 1, 17)
    narrow = rng.uniform(0.35, 0.55)  # of the neck, as a share of the belly
    belly = np.sin(np.pi * np.clip(t / 0.72, 0, 1)) ** 0.8
    neck = narrow * np.sqrt(np.clip(1 - t**6, 0, 1)) * np.clip(t / 0.45, 0, 1)
    radii = wide * np.maximum(belly, neck)
    radii[[0, -1]] = 0
    body = turned(list(zip(radii, high * t, strict=True)))
    body = textured(body, skin(rng, rgb, (0.6, 0.4, 0.15), rng.uniform(0, 0.2)))
    stem = coloured(stick(high * 0.97, high + rng.uniform(0.008, 0.02)), (0.3, 0.2, 0.1))
    return DrawnObject(("pear",), (body, stem), (colour,), upright=False)


def _strawberry(rng: Rng) -> DrawnObject:
    wide, high = rng.uniform(0.016, 0.024), rng.uniform(0.035, 0.05)
    t = np.linspace(0, 1, 13)
    radii = wide * np.clip(t / 0.75, 0, 1) ** 0.75 * np.sqrt(np.clip(1 - t**8, 0, 1))
    body = textured(
        turned(list(zip(radii, high * t, strict=True))),
        spotted(rng, shade("red", rng), (0.9, 0.75, 0.3)),
    )
    leaves = turned([(0, high * 0.96), (wide * 0.7, high * 0.93), (0, high * 1.06)])
    surfaces = (body, coloured(leaves, shade("green", rng)))
    return DrawnObject(("strawberry",), surfaces, ("red",), upright=False)


def _banana(rng: Rng) -> DrawnObject:
    bend, length = rng.uniform(0.8, 1.6), rng.uniform(0.14, 0.2)
    a = np.linspace(-bend / 2, bend / 2, 17)
    path = path_of(length / bend * np.sin(a), length / bend * (1 - np.cos(a)))
    thick = rng.uniform(0.028, 0.038) * (1 - (2 * a / bend) ** 4 * rng.uniform(0.7, 0.85))
    body = bar(path, closed(thick), closed(thick))
    body = laid(body)  # on its side
    texture = skin(rng, shade("yellow", rng), (0.5, 0.45, 0.1), rng.uniform(0, 0.2))
    return DrawnObject(("banana",), (textured(body, texture),), ("yellow",), upright=True)


def _carrot(rng: Rng) -> DrawnObject:
    length, thick = rng.uniform(0.1, 0.19), rng.uniform(0.022, 0.034)
    x = np.linspace(0, length, 12)
    root = thick * (1 - 0.85 * x / length)
    body = bar(path_of(x, 0), closed(root), closed(root))
    surfaces = [textured(body, skin(rng, shade("orange", rng), (0.8, 0.4, 0.1), 0.2))]
    if rng.random() < 0.6:
        leaves = rod(-rng.uniform(0.02, 0.06), 0.003, 0.018, 0.008)
        surfaces.append(coloured(leaves, shade("green", rng)))
    return DrawnObject(("carrot",), tuple(surfaces), ("orange",))


def _fruit(rng: Rng, noun: str, body: Surface, colour: str) -> DrawnObject:
    """Return a fruit that lies on its side in half of the cases."""
    if rng.random() < 0.5:
        body = replace(body, vertices=body.vertices[:, [2, 0, 1]])
    return DrawnObject((noun,), (body,), (colour,))


FRUIT: Mapping[str, Draw] = {
    "apple": _apple,
    "orange": _orange,
    "lemon": _lemon,
    "peach": _peach,
    "plum": _plum,
    "pear": _pear,
    "strawberry": _strawberry,
    "banana": _banana,
    "carrot": _carrot,
}
"""How one of each kind is drawn."""
