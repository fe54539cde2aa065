"""Objects of other kinds: pans, trays, baskets, balls, remote controls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.generated.drawn_object import (
    Draw,
    DrawnObject,
    Rng,
    any_colour,
    coloured,
    draw_colour,
    finished,
    sometimes,
    textured,
)
from zsris_ros.simulation.household.generated.prints import porous, printed, woven
from zsris_ros.simulation.household.generated.solids import (
    bar,
    box,
    closed,
    egg,
    even,
    outer_wall,
    path_of,
    rod,
    spread,
    turned,
)
from zsris_ros.simulation.household.object_model import Surface
from zsris_ros.simulation.shapes import vessel

DoubleArray = npt.NDArray[np.float64]


def _ball(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    body = finished(rng, turned(egg(rng.uniform(0.02, 0.045), 1.0, 0.0)), rgb)
    return DrawnObject(("ball", "sphere"), (body,), (colour,))


def _sponge(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    wide, long, thick = rng.uniform(0.055, 0.08), rng.uniform(0.085, 0.13), rng.uniform(0.02, 0.04)
    body = textured(box(np.array([long, wide, thick])), porous(rng, rgb))
    if rng.random() < 0.5:
        return DrawnObject(("sponge",), (body,), (colour,))
    pad = box(np.array([long, wide, 0.008]), np.array([0, 0, -0.004]))
    return DrawnObject(("sponge",), (body, coloured(pad, any_colour(rng))), (colour,))


def _soap(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    length, wide, thick = rng.uniform(0.07, 0.1), rng.uniform(0.045, 0.06), rng.uniform(0.02, 0.03)
    x = np.linspace(-1, 1, 15)
    round_ = (1 - x**6) ** 0.4
    body = bar(path_of(x * length / 2, 0), wide * round_, thick * round_)
    return DrawnObject(("soap",), (coloured(body, rgb),), (colour,))


def _tray(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    size = np.array([rng.uniform(0.2, 0.32), rng.uniform(0.15, 0.22), rng.uniform(0.02, 0.04)])
    walls = tuple(coloured(each, rgb) for each in _open_box(size, 0.006))
    return DrawnObject(("tray",), walls, (colour,), sometimes(rng, "plastic"), "container")


def _basket(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    weave = woven(rng, rgb)
    if rng.random() < 0.5:
        size = np.array([rng.uniform(0.16, 0.28), rng.uniform(0.13, 0.2), rng.uniform(0.06, 0.12)])
        parts = _open_box(size, 0.006)
    else:
        outer = outer_wall(rng, rng.uniform(0.07, 0.12), rng.uniform(0.06, 0.13), 0.75)
        parts = (turned(vessel(outer, 0.005, 0.006)),)
    return DrawnObject(
        ("basket",), tuple(textured(each, weave) for each in parts), (colour,), role="container"
    )


def _pan(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng, ("black", "grey", "red", "blue", "green"))
    radius, height = rng.uniform(0.07, 0.11), rng.uniform(0.025, 0.045)
    body = turned(vessel(outer_wall(rng, radius, height, 0.85), 0.004, 0.005))
    length = rng.uniform(0.11, 0.18)
    path = path_of(
        np.linspace(radius * 0.95, radius + length, 8), np.linspace(height * 0.8, height * 1.1, 8)
    )
    handle = bar(path, closed(even(path, rng.uniform(0.014, 0.024))), closed(even(path, 0.01)))
    shade = rgb if rng.random() < 0.5 else (0.12, 0.1, 0.1)
    surfaces = (coloured(body, rgb), coloured(handle, shade))
    return DrawnObject(("frying pan", "skillet", "pan"), surfaces, (colour,), role="container")


def _pot(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    radius, height = rng.uniform(0.06, 0.095), rng.uniform(0.06, 0.11)
    body = turned(vessel(outer_wall(rng, radius, height, 0.92), 0.004, 0.005))
    grips = [
        coloured(
            box(
                np.array([0.03, 0.045, 0.009]), np.array([side * (radius + 0.01), 0, height * 0.85])
            ),
            (0.1, 0.1, 0.1),
        )
        for side in (-1, 1)
    ]
    return DrawnObject(("pot",), (coloured(body, rgb), *grips), (colour,), role="container")


def _tube(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng)
    length, thick = rng.uniform(0.1, 0.18), rng.uniform(0.025, 0.04)
    x = np.linspace(0, length, 12)
    path, flat = path_of(x, 0), x / length
    body = bar(path, closed(thick * (1 + 0.45 * flat)), closed(thick * (1 - flat) + 0.002))
    cap = rod(-rng.uniform(0.015, 0.025), 0.003, thick * rng.uniform(0.6, 0.9), thick * 0.8)
    surfaces = (textured(body, printed(rng, rgb)), coloured(cap, any_colour(rng)))
    return DrawnObject(("tube",), surfaces, (colour,))


def _remote(rng: Rng) -> DrawnObject:
    colour, rgb = draw_colour(rng, ("black", "grey", "white"))
    long, wide, thick = rng.uniform(0.13, 0.21), rng.uniform(0.035, 0.05), rng.uniform(0.014, 0.022)
    body = coloured(box(np.array([long, wide, thick])), rgb)
    rows, columns = int(rng.integers(5, 9)), int(rng.integers(2, 4))
    inks = [any_colour(rng), (0.8, 0.8, 0.8) if colour == "black" else (0.25, 0.25, 0.25)]
    buttons = tuple(
        coloured(
            box(np.array([0.008, 0.007, 0.003]), np.array([x, y, thick + 0.001])),
            inks[int(rng.random() < 0.85)],
        )
        for x in spread(long * 0.8, rows)
        for y in spread(wide * 0.7, columns)
    )
    return DrawnObject(("remote control", "remote"), (body, *buttons), (colour,))


def _open_box(size: DoubleArray, wall: float) -> tuple[Surface, ...]:
    """Return the floor and the four walls of a box without a lid."""
    x, y, z = size
    long, short = np.array([x, wall, z]), np.array([wall, y, z])
    return (
        box(np.array([x, y, wall])),
        *(box(long, np.array([0, side * (y - wall) / 2, z / 2])) for side in (-1, 1)),
        *(box(short, np.array([side * (x - wall) / 2, 0, z / 2])) for side in (-1, 1)),
    )


MISCELLANEOUS: Mapping[str, Draw] = {
    "ball": _ball,
    "sponge": _sponge,
    "soap": _soap,
    "tray": _tray,
    "basket": _basket,
    "frying pan": _pan,
    "pot": _pot,
    "tube": _tube,
    "remote control": _remote,
}
"""How one of each kind is drawn."""
