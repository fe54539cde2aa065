"""Object models: textured surfaces for the picture, convex parts for contact, names for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.convex_parts import ConvexPart
from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.words import Description
from zsris_ros.types import ByteArray

DoubleArray = npt.NDArray[np.float64]

EXTRA_COLOURS: Mapping[str, tuple[float, float, float]] = {
    "brown": (0.42, 0.25, 0.12),
    "grey": (0.50, 0.50, 0.52),
    "silver": (0.75, 0.76, 0.78),
    "beige": (0.85, 0.77, 0.62),
    "turquoise": (0.15, 0.72, 0.70),
}
HOUSEHOLD_COLOURS = {**COLOURS, **EXTRA_COLOURS}
"""RGB in 0..1 of the colours that household objects are painted with."""
PAINTS = (*COLOURS, "brown", "grey", "turquoise")
"""The colours that models are painted with."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A triangle mesh in the object's frame, in metres.

    ``vertices`` float64 Vx3, ``faces`` int32 Fx3; ``uv`` float64 Ux2 with ``uv_faces`` int32 Fx3,
    or both None; ``texture`` uint8 HxWx3 (its first row is v = 0) or None; ``rgba`` multiplies it.
    """

    vertices: DoubleArray
    faces: npt.NDArray[np.int32]
    uv: DoubleArray | None = None
    uv_faces: npt.NDArray[np.int32] | None = None
    texture: ByteArray | None = None
    rgba: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """A model with its words; z is up, the origin is the middle of its footprint on the support.

    ``role`` is "object", "container" (objects lie in it), "support" (objects lie on it) or
    "furniture" (it stands at the edge and objects lie on it). ``upright`` models are only placed
    standing; others may lie. ``paintable`` models may get another colour.
    """

    name: str
    description: Description
    surfaces: tuple[Surface, ...]
    parts: tuple[ConvexPart, ...]
    role: str = "object"
    upright: bool = True
    paintable: bool = True

    @property
    def extent(self) -> DoubleArray:
        """The size of the bounding box, float64 3, metres."""
        return np.asarray(np.ptp(np.vstack([each.vertices for each in self.surfaces]), axis=0))

    @property
    def radius(self) -> float:
        """The radius in metres of the disc around the origin that holds the model."""
        points = np.vstack([each.vertices for each in self.surfaces])
        return float(np.hypot(points[:, 0], points[:, 1]).max())

    @property
    def height(self) -> float:
        """The height above the support, metres."""
        return float(max(each.vertices[:, 2].max() for each in self.surfaces))


def reaches(model: ObjectModel) -> tuple[DoubleArray, float, float]:
    """Return how far a vessel reaches from the axis of its body, over all level directions.

    Returns:
        The middle of its foot, float64 2, and the least and the largest reach, in metres. They are
        equal for a round body, and a handle reaches farther.
    """
    points = np.vstack([each.vertices for each in model.surfaces])
    foot = points[points[:, 2] < 0.05 * model.height, :2]
    middle = (foot.min(axis=0) + foot.max(axis=0)) / 2
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    reach = ((points[:, :2] - middle) @ np.stack([np.cos(angles), np.sin(angles)])).max(axis=0)
    return middle, float(reach.min()), float(reach.max())


def transformed(model: ObjectModel, matrix: DoubleArray) -> ObjectModel:
    """Turn, scale or mirror a model (3x3) and put it back on z = 0, centred."""
    points = np.vstack([each.vertices for each in model.surfaces]) @ matrix.T
    low, high = points.min(axis=0), points.max(axis=0)
    offset = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    factor = abs(float(np.linalg.det(matrix)))
    surfaces = tuple(
        replace(each, vertices=each.vertices @ matrix.T - offset) for each in model.surfaces
    )
    parts = tuple(
        ConvexPart(
            part.corners @ matrix.T - offset,
            part.volume * factor,
            part.centroid @ matrix.T - offset,
        )
        for part in model.parts
    )
    return replace(model, surfaces=surfaces, parts=parts)


def painted(model: ObjectModel, colour: str, rgb: tuple[float, float, float]) -> ObjectModel:
    """Paint a model in one colour: its texture keeps the shading and loses the labels.

    Its description keeps the generic nouns and the new colour.
    """
    surfaces = []
    for each in model.surfaces:
        if each.texture is None:
            grey = float(np.mean(each.rgba[:3]))
            tint = np.clip(np.array(rgb) * (0.6 + 0.4 * grey), 0, 1)
            surfaces.append(replace(each, rgba=(*_triple(tint), 1.0)))
            continue
        grey_map = each.texture.astype(np.float32).mean(axis=2) / 255
        middle = float(np.median(grey_map))
        shade = np.clip(1.0 + 0.35 * (grey_map - middle), 0.5, 1.3)[..., None]
        pixels = np.clip(shade * np.array(rgb, np.float32), 0, 1)
        surfaces.append(
            replace(each, texture=(pixels * 255).astype(np.uint8), rgba=(1.0, 1.0, 1.0, 1.0))
        )
    old = model.description
    description = Description(old.nouns[-old.kinds :], (colour,), (), old.kinds)
    return replace(model, surfaces=tuple(surfaces), description=description)


def shade_of(colour: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw a shade of a colour of HOUSEHOLD_COLOURS, RGB in 0..1."""
    base = np.array(HOUSEHOLD_COLOURS[colour])
    return _triple(np.clip(base * rng.uniform(0.85, 1.1) + rng.normal(0, 0.025, 3), 0.02, 1.0))


def _triple(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
