"""The metric geometry of a scene's objects: height above the support, extent and upright box."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zsris_ros.geometry.centroid import depth_share, inside_pixel
from zsris_ros.geometry.oriented_box import CAMERA_UP, UprightBox, level_axes, upright_box
from zsris_ros.geometry.plane import Plane, ray_image
from zsris_ros.geometry.projection import back_project
from zsris_ros.proposals.depth.support_plane import SupportSettings, find_support
from zsris_ros.types import FloatArray, Frame, Intrinsics, Pixel, Point, Proposals, Scene

_COLUMNS = 160
"""Width of the grid on which the support plane, the largest plane of the image, is fitted."""
_MIN_AREA = 150.0
_TOP_SHARE, _TOP_M = 0.15, 0.01
"""Depth of the layer below an object's highest point that is its top: the larger of a share of its
height and metres."""
_INNER = 0.5
"""Radius of the inner part of a top, in radii of the top."""
_LEAST_TOP = 20
"""Pixels."""


@dataclass(frozen=True, eq=False)
class Extent:
    """The extent of one object.

    Attributes:
        inside_pixel: The innermost pixel of the mask.
        valid_depth: The share of the mask with valid depth.
        box: Its upright box in the optical frame; None without depth, intrinsics or valid depth
            under the mask.
    """

    inside_pixel: Pixel
    valid_depth: float
    box: UprightBox | None


class Extents:
    """The extents of a scene's proposals, measured on first access and cached."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._measured: dict[int, Extent] = {}

    @cached_property
    def up(self) -> Point | None:
        """The z axis of the boxes; None, for CAMERA_UP, if depth shows no support plane."""
        return up_direction(self._scene.frame)

    def __getitem__(self, index: int) -> Extent:
        """Return the extent of the proposal ``index``.

        Raises:
            InputError: The mask is empty.
        """
        if index not in self._measured:
            self._measured[index] = self._measure(index)
        return self._measured[index]

    def _measure(self, index: int) -> Extent:
        frame, mask = self._scene.frame, self._scene.proposals.masks[index]
        if frame.depth is None or frame.intrinsics is None:
            return Extent(inside_pixel(mask), 0.0, None)
        box = upright_box(mask, frame.depth, frame.intrinsics, self.up or CAMERA_UP)
        return Extent(inside_pixel(mask), depth_share(mask, frame.depth), box)


def heights_above_support(frame: Frame, proposals: Proposals) -> FloatArray:
    """Return the metres from the support to the top of each mask, float32 N, NaN if unknown.

    The top is the 97th percentile of the measured heights. The lower end of an object is often
    occluded and is not used: a stacked object is as tall as the stack.
    """
    heights = np.full(len(proposals), np.nan, np.float32)
    support = _find_support(frame)
    if support is None:
        return heights
    plane, stride, depth, camera = support
    above = plane.height(back_project(depth, camera))
    for index, mask in enumerate(proposals.masks[:, ::stride, ::stride]):
        measured = above[mask & np.isfinite(above)]
        if measured.size:
            heights[index] = np.percentile(measured, 97)
    return heights


def closed_tops(scene: Scene) -> FloatArray:
    """Return how closed the top of each mask is: float32 N in [0, 1], NaN if unknown.

    Seen from above, the rim of a mug or a bowl surrounds its opening, and their bottoms, upside
    down, are filled. The top is the layer below the highest point, its share inside of half the
    radius is compared with that of a disc.
    """
    frame, masks = scene.frame, scene.proposals.masks
    closed = np.full(len(masks), np.nan, np.float32)
    plane = support_plane(frame)
    if plane is None or frame.depth is None or frame.intrinsics is None or scene.heights is None:
        return closed
    points = back_project(frame.depth, frame.intrinsics)
    above = plane.height(points)
    level = level_axes(_normal(plane))[:, :2].astype(np.float32)
    for index, (mask, height) in enumerate(zip(masks, scene.heights, strict=True)):
        if not height > _TOP_M:
            continue
        top = mask & (above > height - max(_TOP_SHARE * height, _TOP_M))
        if np.count_nonzero(top) < _LEAST_TOP:
            continue
        places = np.asarray(points[top] @ level, np.float32)
        low, high = np.asarray(places.min(axis=0)), np.asarray(places.max(axis=0))
        radii = np.linalg.norm((2 * places - low - high) / np.maximum(high - low, 1e-6), axis=1)
        # A rectangular rim lies outside of the radius altogether.
        whole, inner = (int(np.count_nonzero(radii < radius)) for radius in (1.0, _INNER))
        closed[index] = min(1.0, inner / max(whole, 1) / _INNER**2)
    return closed


def support_plane(frame: Frame) -> Plane | None:
    """Return the largest plane with objects on it; None without one or without depth."""
    support = _find_support(frame)
    return None if support is None else support[0]


def up_direction(frame: Frame) -> Point | None:
    """Return the support plane's unit normal towards the camera; None without a plane."""
    plane = support_plane(frame)
    return None if plane is None else _normal(plane)


def _normal(plane: Plane) -> Point:
    """Return the unit normal towards the camera."""
    x, y, z = (-plane.vector / np.linalg.norm(plane.vector)).tolist()
    return x, y, z


def _find_support(frame: Frame) -> tuple[Plane, int, FloatArray, Intrinsics] | None:
    """Return the support plane, the stride, the strided depth and the scaled intrinsics."""
    k = frame.intrinsics
    if frame.depth is None or k is None:
        return None
    stride = max(1, round(frame.width / _COLUMNS))
    camera = k.strided(stride)
    depth = np.ascontiguousarray(frame.depth[::stride, ::stride])
    rays = ray_image(depth.shape, camera)
    support = find_support(depth, rays, camera, _MIN_AREA / stride**2, SupportSettings())
    return None if support is None else (support.plane, stride, depth, camera)
