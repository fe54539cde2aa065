"""Rows of cabinets, shelves and frames along the wall behind a household scene.

They are scenery: without names and labels, and out of reach. Parts of them resemble the furniture
on the table, so that networks learn not to take the background for an object.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

DoubleArray = npt.NDArray[np.float64]
Vector = DoubleArray | tuple[float, float, float]

_SHARE = 0.7  # of the walls have something in front of them
_FLOOR_Z = -0.7  # metres
_DEPTH_M = 0.06  # half depth of a cabinet
_ROW_M = 3.2  # length of a row
_COLOURS = (
    (0.92, 0.92, 0.9), (0.75, 0.75, 0.72), (0.2, 0.21, 0.2), (0.12, 0.12, 0.13), (0.3, 0.32, 0.27),
    (0.5, 0.36, 0.22), (0.32, 0.2, 0.12), (0.72, 0.58, 0.4), (0.24, 0.3, 0.38),
)  # fmt: skip


def add_fitted_kitchen(mujoco: Any, spec: Any, away: DoubleArray, wall_m: float, seed: int) -> None:
    """Add cabinets under a worktop, others above it or shelves, in front of a wall.

    Args:
        mujoco: The module.
        spec: The MjSpec that is added to.
        away: The level unit vector from the camera to the wall, float64 2.
        wall_m: The wall's distance from the origin, metres.
        seed: The layout's seed.
    """
    rng = np.random.default_rng([seed, 59])
    if rng.random() > _SHARE:
        return
    half_turn = float(np.arctan2(away[1], away[0])) / 2
    body = spec.worldbody.add_body(
        name="kitchen",
        pos=[*(away * (wall_m - _DEPTH_M - 0.01)), 0.0],
        quat=[np.cos(half_turn), 0, 0, np.sin(half_turn)],
    )
    colour = np.array(_COLOURS[int(rng.integers(len(_COLOURS)))])
    top = float(rng.uniform(-0.05, 0.25))
    _add_cabinets(mujoco, body, rng, colour, _FLOOR_Z, top)
    worktop = _COLOURS[int(rng.integers(len(_COLOURS)))]
    _add_box(mujoco, body, (0.0, 0.0, top + 0.02), (_DEPTH_M + 0.02, _ROW_M / 2, 0.02), worktop)
    if rng.random() < 0.5:
        above = top + float(rng.uniform(0.35, 0.55))
        _add_cabinets(mujoco, body, rng, colour, above, above + 0.6)
    else:
        _add_shelves(mujoco, body, rng, top)


def _add_cabinets(
    mujoco: Any, body: Any, rng: np.random.Generator, colour: DoubleArray, low: float, high: float
) -> None:
    """Add a row of fronts with handles between two heights."""
    width = float(rng.uniform(0.3, 0.6))
    steel = rng.random() < 0.6
    handle = (0.7, 0.7, 0.72) if steel else (0.15, 0.13, 0.12)
    middle = (low + high) / 2
    _add_box(
        mujoco, body, (0.01, 0.0, middle), (_DEPTH_M, _ROW_M / 2, (high - low) / 2), colour * 0.6
    )
    for left in np.arange(-_ROW_M / 2, _ROW_M / 2 - width, width):
        drawers = int(rng.choice([1, 1, 2, 3]))
        height = (high - low) / drawers
        for level in range(drawers):
            at = low + (level + 0.5) * height
            y = float(left + width / 2)
            shade = np.clip(colour * rng.uniform(0.92, 1.08), 0, 1)
            front = (-_DEPTH_M, y, at)
            _add_box(mujoco, body, front, (0.01, width / 2 - 0.006, height / 2 - 0.006), shade)
            lies = drawers > 1 or rng.random() < 0.3
            half = (0.008, 0.07, 0.006) if lies else (0.008, 0.006, 0.07)
            across = 0.0 if lies else float(rng.choice([-1, 1])) * (width / 2 - 0.05)
            _add_box(mujoco, body, (-_DEPTH_M - 0.025, y + across, at), half, handle)


def _add_shelves(mujoco: Any, body: Any, rng: np.random.Generator, top: float) -> None:
    """Add shelves with a few blocks and frames on them."""
    colour = _COLOURS[int(rng.integers(len(_COLOURS)))]
    for level in range(int(rng.integers(1, 4))):
        z = top + 0.3 + 0.3 * level
        _add_box(mujoco, body, (0.0, 0.0, z), (_DEPTH_M, _ROW_M / 2, 0.012), colour)
        for _ in range(int(rng.integers(2, 8))):
            half = rng.uniform((0.01, 0.02, 0.04), (0.05, 0.12, 0.12))
            at = (0.0, float(rng.uniform(-1.4, 1.4)), z + 0.012 + float(half[2]))
            _add_box(mujoco, body, at, half, rng.uniform(0.05, 0.9, 3))


def _add_box(mujoco: Any, body: Any, at: Vector, half: Vector, rgb: Vector) -> None:
    """Add a box by its centre and half sizes, metres, in the body's frame."""
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, pos=[float(each) for each in at],
        size=[float(each) for each in half], rgba=[*(float(each) for each in rgb), 1.0], mass=0,
        contype=0, conaffinity=0,
    )  # fmt: skip
