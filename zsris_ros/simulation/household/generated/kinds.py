"""The kinds of generated models and how one of each is drawn.

Scanned objects are few for each kind, and weights that have seen three mugs know these three. A
generated kind has any number of models: profile, proportions, handle, print and colour are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.convex_parts import convex_parts
from zsris_ros.simulation.household.generated.prints import (
    Rgb,
    porous,
    printed,
    skin,
    striped,
    woven,
)
from zsris_ros.simulation.household.generated.solids import bar, box, turned
from zsris_ros.simulation.household.object_model import (
    HOUSEHOLD_COLOURS,
    PAINTS,
    ObjectModel,
    Surface,
    shade_of,
    transformed,
)
from zsris_ros.simulation.shapes import Profile, vessel
from zsris_ros.simulation.words import Description
from zsris_ros.types import ByteArray, InputError

DoubleArray = npt.NDArray[np.float64]
Rng = np.random.Generator

TRAINED, TESTED = range(10), range(10, 20)
"""Numbers of the models of each kind for training, and of those for tests and calibration."""
_WHITE, _METAL = HOUSEHOLD_COLOURS["white"], (0.72, 0.73, 0.75)


@dataclass(frozen=True)
class _Draft:
    """A drawn object; ``nouns`` from specific to general, ``colours`` of what it shows most."""

    nouns: tuple[str, ...]
    surfaces: tuple[Surface, ...]
    colours: tuple[str, ...]
    adjectives: tuple[str, ...] = ()
    role: str = "object"
    upright: bool = True


def generated_names(numbers: Iterable[int]) -> list[str]:
    """Return the names of the models of all kinds with these numbers, "KIND NUMBER"."""
    return [f"{kind} {number}" for number in numbers for kind in KINDS]


def generated_model(name: str) -> ObjectModel:
    """Return the model of a name of ``generated_names``; equal names have equal models.

    Raises:
        InputError: There is no such kind.
    """
    kind, _, _ = name.rpartition(" ")
    if kind not in KINDS:
        raise InputError(f"no model is generated for {name!r}: take some of {', '.join(KINDS)}")
    draft = KINDS[kind](np.random.default_rng([crc32(name.encode()), 7]))
    vertices = np.vstack([each.vertices for each in draft.surfaces])
    starts = np.cumsum([0, *(len(each.vertices) for each in draft.surfaces)])
    faces = np.vstack(
        [each.faces + start for each, start in zip(draft.surfaces, starts, strict=False)]
    )
    model = ObjectModel(
        name,
        Description(draft.nouns, draft.colours, draft.adjectives, len(draft.nouns)),
        draft.surfaces,
        tuple(convex_parts(vertices, faces.astype(np.int32))),
        draft.role,
        draft.upright,
    )
    return transformed(model, np.eye(3))


def _mug(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.032, 0.048), rng.uniform(0.065, 0.12)
    body = turned(vessel(_wall(rng, radius, height, 0.75), 0.004, 0.007))
    loop = np.linspace(-np.pi / 2, np.pi / 2, 15)
    square = rng.uniform(0.6, 1.0)  # 1 is round
    reach, half = rng.uniform(0.02, 0.034), height * rng.uniform(0.22, 0.36)
    x, z = np.cos(loop) ** square * reach, np.sign(loop) * np.abs(np.sin(loop)) ** square * half
    path = _path(radius * 0.96 + x, height * rng.uniform(0.45, 0.58) + z)
    handle = bar(
        path, _even(path, rng.uniform(0.007, 0.014)), _even(path, rng.uniform(0.005, 0.009))
    )
    shade = rgb if rng.random() < 0.8 else _colour(rng)[1]
    surfaces = (_finished(rng, body, rgb), _coloured(handle, shade))
    return _Draft(("mug", "cup"), surfaces, (colour,), role="container")


def _cup(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    outer = _wall(rng, rng.uniform(0.03, 0.045), rng.uniform(0.06, 0.13), 0.6)
    body = _finished(rng, turned(vessel(outer, 0.0025, 0.004)), rgb)
    return _Draft(("cup",), (body,), (colour,), role="container")


def _ramekin(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    outer = _wall(rng, rng.uniform(0.035, 0.05), rng.uniform(0.03, 0.045), 0.9)
    body = _coloured(turned(vessel(outer, 0.005, 0.006)), rgb)
    return _Draft(("ramekin",), (body,), (colour,), role="container")


def _bowl(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    foot, radius = rng.uniform(0.02, 0.04), rng.uniform(0.055, 0.095)
    height, power = rng.uniform(0.04, 0.085), rng.uniform(1.2, 3.0)
    t = np.linspace(0, 1, 9)
    outer = [(foot + (radius - foot) * s, height * s**power) for s in t]
    body = _finished(rng, turned(vessel(outer, 0.004, 0.006)), rgb)
    return _Draft(("bowl",), (body,), (colour,), role="container")


def _plate(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.06, 0.12), rng.uniform(0.008, 0.022)
    flat = radius * rng.uniform(0.55, 0.75)
    profile = [(0.0, 0.0), (flat, 0.0), (radius, height), (radius * 0.98, height + 0.003)]
    body = _finished(rng, turned([*profile, (flat * 0.97, 0.004), (0.0, 0.004)]), rgb)
    return _Draft(("plate",), (body,), (colour,), role="support")


def _bottle(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.024, 0.042), rng.uniform(0.13, 0.25)
    neck, shoulder = radius * rng.uniform(0.3, 0.55), height * rng.uniform(0.6, 0.85)
    waist = 1 - rng.uniform(0, 0.15)
    profile = [(0.0, 0.0), (radius * 0.95, 0.0), (radius, 0.006), (radius * waist, shoulder / 2)]
    profile += [(radius, shoulder * 0.95), (radius * 0.93, shoulder), (neck, height * 0.93)]
    body = turned([*profile, (neck, height), (0.0, height)])
    body = _textured(body, printed(rng, rgb)) if rng.random() < 0.75 else _coloured(body, rgb)
    low, cap = height * rng.uniform(0.9, 0.96), neck * rng.uniform(1.05, 1.5)
    top = height * rng.uniform(1.0, 1.08)
    lid = turned([(0.0, low), (cap, low), (cap * rng.uniform(0.6, 1.0), top), (0.0, top)])
    shade = rgb if rng.random() < 0.3 else _any_colour(rng)
    surfaces: tuple[Surface, ...] = (body, _coloured(lid, shade))
    if rng.random() < 0.4:  # flat, as shampoo and detergent
        surfaces = _scaled(surfaces, (1.25, rng.uniform(0.55, 0.8), 1.0))
    return _Draft(("bottle",), surfaces, (colour,), _some(rng, "plastic"), upright=False)


def _can(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.03, 0.05), rng.uniform(0.05, 0.13)
    return _Draft(
        ("can",), _tinned(rng, radius, height, 1.0, rgb), (colour,), ("metal",), upright=False
    )


def _soda_can(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.026, 0.034), rng.uniform(0.11, 0.16)
    surfaces = _tinned(rng, radius, height, rng.uniform(0.78, 0.9), rgb)
    return _Draft(("soda can", "can"), surfaces, (colour,), ("metal",), upright=False)


def _jar(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.03, 0.045), rng.uniform(0.06, 0.13)
    neck, top = radius * rng.uniform(0.75, 0.95), height * rng.uniform(1.12, 1.25)
    body = turned([(0, 0), (radius, 0), (radius, height * 0.88), (neck, height), (0, height)])
    lid = turned([(0, height), (neck * 1.1, height), (neck * 1.1, top), (0, top)])
    body = _textured(body, printed(rng, rgb)) if rng.random() < 0.6 else _coloured(body, rgb)
    surfaces = (body, _coloured(lid, _any_colour(rng)))
    return _Draft(("jar",), surfaces, (colour,), upright=False)


def _box(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    size = np.array([rng.uniform(0.05, 0.16), rng.uniform(0.025, 0.09), rng.uniform(0.05, 0.2)])
    body = _textured(box(size), printed(rng, rgb))
    return _Draft(("box",), (body,), (colour,), _some(rng, "cardboard"), upright=False)


def _carton(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    side, height = rng.uniform(0.05, 0.085), rng.uniform(0.1, 0.17)
    body = _textured(box(np.array([side, side, height])), printed(rng, rgb))
    roof = box(np.array([side, side, 0.028]), np.array([0, 0, height + 0.014]))
    corners = roof.vertices.copy()
    corners[corners[:, 2] > height + 0.01, 1] *= 0.12
    gable = _coloured(replace(roof, vertices=corners), rgb)
    ridge = box(np.array([side, 0.006, 0.014]), np.array([0, 0, height + 0.034]))
    surfaces = (body, gable, _coloured(ridge, rgb if rng.random() < 0.5 else _WHITE))
    return _Draft(("carton",), surfaces, (colour,), upright=False)


def _book(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    long, wide, thick = rng.uniform(0.12, 0.21), rng.uniform(0.09, 0.15), rng.uniform(0.012, 0.04)
    cover = np.array([wide, long, 0.0025])
    low = box(cover, np.array([0, 0, 0.00125]))
    high = box(cover, np.array([0, 0, thick - 0.00125]))
    spine = box(np.array([0.0025, long, thick]), np.array([-wide / 2, 0, thick / 2]))
    pages = box(np.array([wide * 0.96, long * 0.97, thick - 0.005]), np.array([0, 0, thick / 2]))
    picture = printed(rng, rgb)
    shown = tuple(_textured(each, picture) for each in (low, high, spine))
    return _Draft(
        ("book",), (*shown, _coloured(pages, (0.93, 0.91, 0.85))), (colour,), upright=False
    )


def _marker(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    length, thick = rng.uniform(0.11, 0.15), rng.uniform(0.009, 0.021)
    cut = length * rng.uniform(0.55, 0.75)
    body = _rod(0, cut, thick, thick * rng.uniform(0.8, 1.0))
    cap = _rod(cut - 0.002, length, thick * rng.uniform(1.0, 1.15), thick * rng.uniform(0.7, 1.0))
    ends = rgb if rng.random() < 0.6 else _any_colour(rng)
    surfaces = (_finished(rng, body, rgb), _coloured(cap, ends))
    return _Draft(("marker", "pen"), surfaces, (colour,), upright=False)


def _screwdriver(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    grip, shaft = rng.uniform(0.08, 0.12), rng.uniform(0.06, 0.14)
    thick = rng.uniform(0.02, 0.033)
    path = _path(np.linspace(0, grip, 9), 0)
    bulge = thick * (0.75 + 0.25 * np.sin(np.linspace(0.3, 2.9, 9) * rng.uniform(1.0, 2.0)) ** 2)
    bulge[[0, -1]] = 0, thick * 0.4
    handle = bar(path, bulge, bulge)
    blade = _rod(grip - 0.002, grip + shaft, rng.uniform(0.004, 0.007), 0.004)
    surfaces = (_finished(rng, handle, rgb), _coloured(blade, _METAL))
    return _Draft(("screwdriver",), surfaces, (colour,), upright=False)


def _hammer(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    length, thick = rng.uniform(0.2, 0.3), rng.uniform(0.02, 0.032)
    handle = _rod(0, length, thick, thick * rng.uniform(0.6, 0.9))
    wide, high = rng.uniform(0.07, 0.11), rng.uniform(0.02, 0.032)
    head = box(np.array([high, wide, high]), np.array([length, 0, 0]))
    shade = _METAL if rng.random() < 0.5 else (0.2, 0.2, 0.22)
    surfaces = (_finished(rng, handle, rgb), _coloured(head, shade))
    return _Draft(("hammer",), surfaces, (colour,), upright=False)


def _spoon(rng: Rng) -> _Draft:
    length, bowl = rng.uniform(0.13, 0.2), rng.uniform(0.03, 0.045)
    x = np.linspace(0, length, 24)
    t = np.clip((x - (length - bowl * 1.5)) / (bowl * 1.5), 0, 1)
    widths = np.maximum(rng.uniform(0.006, 0.011) * (1 - t), bowl * np.sin(np.pi * t) ** 0.7)
    path = _path(x, 0.012 * (1 - x / length) ** 2 - 0.006 * np.sin(np.pi * t))
    return _metal(rng, ("spoon",), (bar(path, _closed(widths), _closed(_even(path, 0.003))),))


def _knife(rng: Rng) -> _Draft:
    grip, blade = rng.uniform(0.08, 0.12), rng.uniform(0.09, 0.14)
    x = np.linspace(grip - 0.003, grip + blade, 12)
    t = (x - grip) / blade
    path = _path(x, 0)
    edge = bar(path, _closed(rng.uniform(0.016, 0.03) * (1 - t**4)), _closed(_even(path, 0.002)))
    if rng.random() < 0.5:
        return _metal(rng, ("knife",), (_rod(0, grip, 0.012, 0.01), edge))
    colour, rgb = _colour(rng)
    handle = _coloured(_rod(0, grip, rng.uniform(0.015, 0.024), 0.018), rgb)
    return _Draft(("knife",), (handle, _coloured(edge, _METAL)), (colour,), upright=False)


def _fork(rng: Rng) -> _Draft:
    length, wide = rng.uniform(0.12, 0.15), rng.uniform(0.02, 0.026)
    x = np.linspace(0, length, 16)
    path = _path(x, 0.01 * (1 - x / length) ** 2)
    widths = np.where(x < length * 0.85, rng.uniform(0.006, 0.01), wide)
    tines = [_rod(length - 0.003, length + 0.045, 0.003, 0.002, y) for y in _spread(wide, 4)]
    handle = bar(path, _closed(widths), _closed(_even(path, 0.003)))
    return _metal(rng, ("fork",), (handle, *tines))


def _apple(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng, ("red", "green", "yellow", "red"))
    radius, dip = rng.uniform(0.03, 0.043), rng.uniform(0.15, 0.35)
    a = np.linspace(-np.pi / 2, np.pi / 2, 17)
    r = radius * np.cos(a) ** rng.uniform(0.7, 1.0)
    z = (
        radius
        * rng.uniform(0.85, 1.0)
        * (np.sin(a) - np.sign(a) * dip * np.exp(-((r / radius / 0.35) ** 2)))
    )
    other = HOUSEHOLD_COLOURS[str(rng.choice(["yellow", "red", "green"]))]
    body = _textured(
        turned(list(zip(r, z, strict=True))), skin(rng, rgb, other, rng.uniform(0, 0.15))
    )
    top = float(z[-1])
    stem = _stick(top - 0.003, top + rng.uniform(0.008, 0.016))
    surfaces = (body, _coloured(stem, (0.3, 0.2, 0.1))) if rng.random() < 0.7 else (body,)
    return _Draft(("apple",), surfaces, (colour,))


def _orange(rng: Rng) -> _Draft:
    rgb = shade_of("orange", rng)
    body = turned(_egg(rng.uniform(0.032, 0.042), rng.uniform(0.88, 1.02), 0.0))
    body = _textured(body, skin(rng, rgb, (0.9, 0.55, 0.1), 0.1))
    tip = _stick(-0.001, 0.002, 0.004)
    top = np.array([0.0, 0.0, body.vertices[:, 2].max()])
    tip = replace(tip, vertices=tip.vertices + top)
    return _Draft(("orange",), (body, _coloured(tip, (0.3, 0.4, 0.1))), ("orange",))


def _lemon(rng: Rng) -> _Draft:
    rgb = shade_of("yellow", rng)
    body = turned(_egg(rng.uniform(0.024, 0.032), rng.uniform(1.25, 1.5), 0.2))
    return _fruit(rng, "lemon", _textured(body, skin(rng, rgb, (0.8, 0.8, 0.2), 0.1)), "yellow")


def _peach(rng: Rng) -> _Draft:
    body = turned(_egg(rng.uniform(0.03, 0.04), rng.uniform(0.85, 1.0), 0.0))
    texture = skin(rng, (0.95, 0.65, 0.4), (0.85, 0.3, 0.25), rng.uniform(0.2, 0.5))
    return _fruit(rng, "peach", _textured(body, texture), "orange")


def _plum(rng: Rng) -> _Draft:
    rgb = shade_of("purple", rng)
    body = turned(_egg(rng.uniform(0.021, 0.028), rng.uniform(1.0, 1.25), 0.0))
    return _fruit(rng, "plum", _textured(body, skin(rng, rgb, (0.25, 0.1, 0.2), 0.2)), "purple")


def _banana(rng: Rng) -> _Draft:
    bend, length = rng.uniform(0.8, 1.6), rng.uniform(0.14, 0.2)
    a = np.linspace(-bend / 2, bend / 2, 17)
    path = _path(length / bend * np.sin(a), length / bend * (1 - np.cos(a)))
    thick = rng.uniform(0.028, 0.038) * (1 - (2 * a / bend) ** 4 * rng.uniform(0.7, 0.85))
    body = bar(path, _closed(thick), _closed(thick))
    body = replace(body, vertices=body.vertices[:, [0, 2, 1]])  # lies on its side
    body = replace(body, faces=body.faces[:, ::-1], uv_faces=_flipped(body.uv_faces))
    texture = skin(rng, shade_of("yellow", rng), (0.5, 0.45, 0.1), rng.uniform(0, 0.2))
    return _Draft(("banana",), (_textured(body, texture),), ("yellow",), upright=True)


def _carrot(rng: Rng) -> _Draft:
    length, thick = rng.uniform(0.1, 0.19), rng.uniform(0.022, 0.034)
    x = np.linspace(0, length, 12)
    root = thick * (1 - 0.85 * x / length)
    body = bar(_path(x, 0), _closed(root), _closed(root))
    surfaces = [_textured(body, skin(rng, shade_of("orange", rng), (0.8, 0.4, 0.1), 0.2))]
    if rng.random() < 0.6:
        leaves = _rod(-rng.uniform(0.02, 0.06), 0.003, 0.018, 0.008)
        surfaces.append(_coloured(leaves, shade_of("green", rng)))
    return _Draft(("carrot",), tuple(surfaces), ("orange",))


def _ball(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    body = _finished(rng, turned(_egg(rng.uniform(0.02, 0.045), 1.0, 0.0)), rgb)
    return _Draft(("ball", "sphere"), (body,), (colour,))


def _sponge(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    wide, long, thick = rng.uniform(0.055, 0.08), rng.uniform(0.085, 0.13), rng.uniform(0.02, 0.04)
    body = _textured(box(np.array([long, wide, thick])), porous(rng, rgb))
    if rng.random() < 0.5:
        return _Draft(("sponge",), (body,), (colour,))
    pad = box(np.array([long, wide, 0.008]), np.array([0, 0, -0.004]))
    return _Draft(("sponge",), (body, _coloured(pad, _any_colour(rng))), (colour,))


def _soap(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    length, wide, thick = rng.uniform(0.07, 0.1), rng.uniform(0.045, 0.06), rng.uniform(0.02, 0.03)
    x = np.linspace(-1, 1, 15)
    round_ = (1 - x**6) ** 0.4
    body = bar(_path(x * length / 2, 0), wide * round_, thick * round_)
    return _Draft(("soap",), (_coloured(body, rgb),), (colour,))


def _tray(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    size = np.array([rng.uniform(0.2, 0.32), rng.uniform(0.15, 0.22), rng.uniform(0.02, 0.04)])
    walls = tuple(_coloured(each, rgb) for each in _open_box(size, 0.006))
    return _Draft(("tray",), walls, (colour,), _some(rng, "plastic"), "container")


def _basket(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    weave = woven(rng, rgb)
    if rng.random() < 0.5:
        size = np.array([rng.uniform(0.16, 0.28), rng.uniform(0.13, 0.2), rng.uniform(0.06, 0.12)])
        parts = _open_box(size, 0.006)
    else:
        outer = _wall(rng, rng.uniform(0.07, 0.12), rng.uniform(0.06, 0.13), 0.75)
        parts = (turned(vessel(outer, 0.005, 0.006)),)
    return _Draft(
        ("basket",), tuple(_textured(each, weave) for each in parts), (colour,), role="container"
    )


def _pan(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng, ("black", "grey", "red", "blue", "green"))
    radius, height = rng.uniform(0.07, 0.11), rng.uniform(0.025, 0.045)
    body = turned(vessel(_wall(rng, radius, height, 0.85), 0.004, 0.005))
    length = rng.uniform(0.11, 0.18)
    path = _path(
        np.linspace(radius * 0.95, radius + length, 8), np.linspace(height * 0.8, height * 1.1, 8)
    )
    handle = bar(path, _closed(_even(path, rng.uniform(0.014, 0.024))), _closed(_even(path, 0.01)))
    shade = rgb if rng.random() < 0.5 else (0.12, 0.1, 0.1)
    surfaces = (_coloured(body, rgb), _coloured(handle, shade))
    return _Draft(("frying pan", "skillet", "pan"), surfaces, (colour,), role="container")


def _pot(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    radius, height = rng.uniform(0.06, 0.095), rng.uniform(0.06, 0.11)
    body = turned(vessel(_wall(rng, radius, height, 0.92), 0.004, 0.005))
    grips = [
        _coloured(
            box(
                np.array([0.03, 0.045, 0.009]), np.array([side * (radius + 0.01), 0, height * 0.85])
            ),
            (0.1, 0.1, 0.1),
        )
        for side in (-1, 1)
    ]
    return _Draft(("pot",), (_coloured(body, rgb), *grips), (colour,), role="container")


def _tube(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng)
    length, thick = rng.uniform(0.1, 0.18), rng.uniform(0.025, 0.04)
    x = np.linspace(0, length, 12)
    path, flat = _path(x, 0), x / length
    body = bar(path, _closed(thick * (1 + 0.45 * flat)), _closed(thick * (1 - flat) + 0.002))
    cap = _rod(-rng.uniform(0.015, 0.025), 0.003, thick * rng.uniform(0.6, 0.9), thick * 0.8)
    surfaces = (_textured(body, printed(rng, rgb)), _coloured(cap, _any_colour(rng)))
    return _Draft(("tube",), surfaces, (colour,))


def _remote(rng: Rng) -> _Draft:
    colour, rgb = _colour(rng, ("black", "grey", "white"))
    long, wide, thick = rng.uniform(0.13, 0.21), rng.uniform(0.035, 0.05), rng.uniform(0.014, 0.022)
    body = _coloured(box(np.array([long, wide, thick])), rgb)
    rows, columns = int(rng.integers(5, 9)), int(rng.integers(2, 4))
    inks = [_any_colour(rng), (0.8, 0.8, 0.8) if colour == "black" else (0.25, 0.25, 0.25)]
    buttons = tuple(
        _coloured(
            box(np.array([0.008, 0.007, 0.003]), np.array([x, y, thick + 0.001])),
            inks[int(rng.random() < 0.85)],
        )
        for x in _spread(long * 0.8, rows)
        for y in _spread(wide * 0.7, columns)
    )
    return _Draft(("remote control", "remote"), (body, *buttons), (colour,))


KINDS: Mapping[str, Callable[[Rng], _Draft]] = {
    "mug": _mug,
    "cup": _cup,
    "ramekin": _ramekin,
    "bowl": _bowl,
    "plate": _plate,
    "bottle": _bottle,
    "can": _can,
    "soda can": _soda_can,
    "jar": _jar,
    "box": _box,
    "carton": _carton,
    "book": _book,
    "marker": _marker,
    "screwdriver": _screwdriver,
    "hammer": _hammer,
    "spoon": _spoon,
    "knife": _knife,
    "fork": _fork,
    "apple": _apple,
    "orange": _orange,
    "lemon": _lemon,
    "peach": _peach,
    "plum": _plum,
    "banana": _banana,
    "carrot": _carrot,
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


def _colour(rng: Rng, names: Sequence[str] = PAINTS) -> tuple[str, Rgb]:
    """Draw the name of a colour and a shade of it."""
    name = str(rng.choice(list(names)))
    return name, shade_of(name, rng)


def _any_colour(rng: Rng) -> Rgb:
    return _colour(rng)[1]


def _some(rng: Rng, adjective: str) -> tuple[str, ...]:
    """Return the adjective; the material is only said of half of the objects."""
    return (adjective,) if rng.random() < 0.5 else ()


def _coloured(surface: Surface, rgb: Rgb) -> Surface:
    return replace(surface, uv=None, uv_faces=None, rgba=(*rgb, 1.0))


def _textured(surface: Surface, texture: ByteArray) -> Surface:
    return replace(surface, texture=texture)


def _finished(rng: Rng, surface: Surface, rgb: Rgb) -> Surface:
    """Give a surface a colour, in some cases with bars or signs on it."""
    draw = rng.random()
    if draw < 0.5:
        return _coloured(surface, rgb)
    return _textured(surface, striped(rng, rgb) if draw < 0.75 else printed(rng, rgb, 0.3))


def _metal(rng: Rng, nouns: tuple[str, ...], surfaces: tuple[Surface, ...]) -> _Draft:
    """Return cutlery of metal, or of plastic of one colour."""
    if rng.random() < 0.6:
        shade = float(rng.uniform(0.55, 0.85))
        made = tuple(_coloured(each, (shade, shade, shade)) for each in surfaces)
        return _Draft(nouns, made, ("silver", "grey"), ("metal",))
    colour, rgb = _colour(rng)
    made = tuple(_coloured(each, rgb) for each in surfaces)
    return _Draft(nouns, made, (colour,), _some(rng, "plastic"))


def _fruit(rng: Rng, noun: str, body: Surface, colour: str) -> _Draft:
    """Return a fruit that lies on its side in half of the cases."""
    if rng.random() < 0.5:
        body = replace(body, vertices=body.vertices[:, [2, 0, 1]])
    return _Draft((noun,), (body,), (colour,))


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
    return (_textured(wall, printed(rng, rgb)), _coloured(low, _METAL), _coloured(top, _METAL))


def _wall(rng: Rng, radius: float, height: float, narrowest: float) -> Profile:
    """Return the outer wall of a vessel that narrows to the foot by down to ``narrowest``."""
    foot, bulge = rng.uniform(narrowest, 1.02), rng.uniform(-0.04, 0.1)
    t = np.linspace(0, 1, 8)
    radii = radius * (foot + (1 - foot) * t + bulge * np.sin(np.pi * t))
    return list(zip(radii.tolist(), (height * t).tolist(), strict=True))


def _egg(radius: float, length: float, points: float) -> Profile:
    """Return an ellipsoid's profile, ``length`` times as high as wide, with points at its ends."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 17)
    z = radius * length * (np.sin(a) + points * np.sign(a) * np.abs(np.sin(a)) ** 12)
    return list(zip((radius * np.cos(a)).tolist(), z.tolist(), strict=True))


def _open_box(size: DoubleArray, wall: float) -> tuple[Surface, ...]:
    """Return the floor and the four walls of a box without a lid."""
    x, y, z = size
    long, short = np.array([x, wall, z]), np.array([wall, y, z])
    return (
        box(np.array([x, y, wall])),
        *(box(long, np.array([0, side * (y - wall) / 2, z / 2])) for side in (-1, 1)),
        *(box(short, np.array([side * (x - wall) / 2, 0, z / 2])) for side in (-1, 1)),
    )


def _rod(start: float, end: float, thick: float, thin: float, y: float = 0.0) -> Surface:
    """Return a round bar along x that goes from one thickness to another."""
    x = np.array([start, start, *np.linspace(start, end, 5), end])
    sizes = _closed(np.array([0, thick, *np.linspace(thick, thin, 5), 0]))
    x[0], x[-1] = start - 1e-4, end + 1e-4
    return bar(_path(x, 0.0, y), sizes, sizes)


def _stick(low: float, high: float, thick: float = 0.003) -> Surface:
    return turned([(0.0, low), (thick / 2, low), (thick / 2, high), (0.0, high)])


def _path(x: DoubleArray, z: DoubleArray | float, y: float = 0.0) -> DoubleArray:
    return np.stack([x, np.full_like(x, y), np.broadcast_to(z, x.shape)], axis=1)


def _even(path: DoubleArray, value: float) -> DoubleArray:
    return np.full(len(path), value)


def _closed(sizes: DoubleArray) -> DoubleArray:
    """Return the sizes of a bar with both ends closed."""
    closed = np.array(sizes, np.float64)
    closed[[0, -1]] = 0.0
    return closed


def _spread(length: float, count: int) -> list[float]:
    return [float(v) for v in np.linspace(-length / 2, length / 2, count)]


def _scaled(
    surfaces: tuple[Surface, ...], factors: tuple[float, float, float]
) -> tuple[Surface, ...]:
    return tuple(replace(each, vertices=each.vertices * np.array(factors)) for each in surfaces)


def _flipped(faces: npt.NDArray[np.int32] | None) -> npt.NDArray[np.int32] | None:
    return None if faces is None else faces[:, ::-1]
