"""Randomly drawn cups, bowls and plates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zsris_ros.simulation.household.generated.drawn_object import (
    Draw,
    DrawnObject,
    Rng,
    coloured,
    draw_colour,
    finished,
)
from zsris_ros.simulation.household.generated.solids import (
    bar,
    even,
    lofted,
    outer_wall,
    path_of,
    turned,
)
from zsris_ros.simulation.shapes import vessel


def _mug(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.032, 0.048), rng.uniform(0.065, 0.12)
    body = turned(vessel(outer_wall(rng, radius, height, 0.75), 0.004, 0.007))
    loop = np.linspace(-np.pi / 2, np.pi / 2, 15)
    square = rng.uniform(0.6, 1.0)  # 1 is round
    reach, half = rng.uniform(0.02, 0.034), height * rng.uniform(0.22, 0.36)
    x, z = np.cos(loop) ** square * reach, np.sign(loop) * np.abs(np.sin(loop)) ** square * half
    path = path_of(radius * 0.96 + x, height * rng.uniform(0.45, 0.58) + z)
    handle = bar(path, even(path, rng.uniform(0.007, 0.014)), even(path, rng.uniform(0.005, 0.009)))
    shade = rgb if rng.random() < 0.8 else draw_colour(rng)[1]
    surfaces = (finished(rng, body, rgb), coloured(handle, shade))
    return DrawnObject(("mug", "cup"), surfaces, (colour,), role="container")


def _cup(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    outer = outer_wall(rng, rng.uniform(0.03, 0.045), rng.uniform(0.06, 0.13), 0.6)
    body = finished(rng, turned(vessel(outer, 0.0025, 0.004)), rgb)
    return DrawnObject(("cup",), (body,), (colour,), role="container")


def _ramekin(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    outer = outer_wall(rng, rng.uniform(0.035, 0.05), rng.uniform(0.03, 0.045), 0.9)
    body = coloured(turned(vessel(outer, 0.005, 0.006)), rgb)
    return DrawnObject(("ramekin",), (body,), (colour,), role="container")


def _bowl(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    foot, radius = rng.uniform(0.02, 0.04), rng.uniform(0.055, 0.095)
    height, power = rng.uniform(0.04, 0.085), rng.uniform(1.2, 3.0)
    t = np.linspace(0, 1, 9)
    outer = [(foot + (radius - foot) * s, height * s**power) for s in t]
    body = finished(rng, turned(vessel(outer, 0.004, 0.006)), rgb)
    return DrawnObject(("bowl",), (body,), (colour,), role="container")


def _plate(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.06, 0.12), rng.uniform(0.008, 0.022)
    flat = radius * rng.uniform(0.55, 0.75)
    profile = [(0.0, 0.0), (flat, 0.0), (radius, height), (radius * 0.98, height + 0.003)]
    profile += [(flat * 0.97, 0.004), (0.0, 0.004)]
    long, corners = (1.0, 2.0) if rng.random() < 0.7 else (rng.uniform(1, 1.5), rng.uniform(2, 7))
    body = finished(rng, lofted([(r * long, r, z) for r, z in profile], corners), rgb)
    return DrawnObject(("plate",), (body,), (colour,), role="support")


DISHES: Mapping[str, Draw] = {
    "mug": _mug,
    "cup": _cup,
    "ramekin": _ramekin,
    "bowl": _bowl,
    "plate": _plate,
}
"""How one of each kind is drawn."""
