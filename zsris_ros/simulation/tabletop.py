"""Tabletop scenes with ground truth, deterministic by seed.

Seeds below ``training_set.TRAINING_SEEDS`` are held out from training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from zsris_ros.geometry.centroid import centroid_3d
from zsris_ros.simulation.layout import COLOURS, Layout, draw_layout
from zsris_ros.simulation.render import Rendering, render
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.simulation.words import Description
from zsris_ros.types import BoolArray, ByteArray, Frame, Point

VISIBLE_PX = 400
"""Minimum visible pixels (of 640x480) of an object; one with fewer counts as half-hidden."""

OPTICAL_FRAME = "camera_color_optical_frame"


@dataclass(frozen=True, eq=False)
class TabletopObject:
    """A visible object. ``label`` is its value in the scene's label image.

    ``mask`` bool HxW; ``centroid`` of the visible surface and ``centre`` of the whole object in
    metres (optical frame); ``extent_m`` the size of its own upright bounding box, height last.
    ``inverted`` containers have the opening below. ``handle`` tells whether a dish has a handle; it
    is None of other objects, and where the handle does not show.
    """

    label: int
    words: Description
    mask: BoolArray
    centroid: Point
    centre: Point
    extent_m: Point
    inverted: bool = False
    handle: bool | None = None

    @property
    def name(self) -> str:
        """Its name, such as "red mug"."""
        return self.words.name

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the visible pixels."""
        ys, xs = np.nonzero(self.mask)
        return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())

    @cached_property
    def pixels(self) -> int:
        """The number of visible pixels."""
        return int(self.mask.sum())

    @cached_property
    def mean_pixel(self) -> tuple[float, float]:
        """Mean (x, y) of the visible pixels."""
        ys, xs = np.nonzero(self.mask)
        return float(xs.mean()), float(ys.mean())


@dataclass(frozen=True, eq=False)
class TabletopScene:
    """A rendered scene with its ground truth.

    ``labels`` uint8 HxW (0 = no object); ``objects`` have at least VISIBLE_PX pixels;
    ``hidden`` describes half-hidden objects, with at least one pixel; ``doubtful`` are noun phrases
    that may fit an object. Questions about absent objects are made of ``kinds`` and ``colours``.
    ``holders`` are pairs (object, the object that it lies in or on) with "inside" or "on".
    """

    seed: int
    frame: Frame
    labels: ByteArray
    objects: tuple[TabletopObject, ...]
    hidden: tuple[Description, ...]
    doubtful: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = tuple(SHAPES)
    colours: tuple[str, ...] = tuple(COLOURS)
    holders: Mapping[tuple[int, int], str] = field(default_factory=dict)


def tabletop_scene(seed: int, width: int = 640, height: int = 480) -> TabletopScene:
    """Render the scene of a seed. Raises RenderingUnavailable without MuJoCo or OpenGL."""
    layout = draw_layout(seed)
    return scene_of_layout(layout, render(layout, width, height))


def scene_of_layout(layout: Layout, rendering: Rendering) -> TabletopScene:
    """Return a layout that was rendered with depth, with its truth."""
    assert rendering.depth is not None
    frame = Frame(rendering.rgb, rendering.depth, rendering.intrinsics, frame_id=OPTICAL_FRAME)
    axes, position = layout.viewpoint.axes(), np.array(layout.viewpoint.position)
    objects, hidden = [], []
    for index, placed in enumerate(layout.objects):
        mask = rendering.labels == index + 1
        pixels = int(mask.sum())
        if pixels < VISIBLE_PX * rendering.labels.size / (640 * 480):
            if pixels:
                hidden.append(Description((placed.shape,), (placed.colour,)))
            continue
        vertices = SHAPES[placed.shape].mesh.vertices * np.array(placed.scale)
        extent = np.ptp(vertices, axis=0)
        centre = axes @ (np.array([*placed.xy, extent[2] / 2]) - position)
        surface = centroid_3d(mask, rendering.depth, rendering.intrinsics)
        assert surface is not None
        objects.append(
            TabletopObject(
                label=index + 1,
                words=Description((placed.shape,), (placed.colour,)),
                mask=mask,
                centroid=surface,
                centre=(float(centre[0]), float(centre[1]), float(centre[2])),
                extent_m=(float(extent[0]), float(extent[1]), float(extent[2])),
            )
        )
    return TabletopScene(layout.seed, frame, rendering.labels, tuple(objects), tuple(hidden))
