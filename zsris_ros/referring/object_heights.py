"""How tall things are: metres above the plane that they stand on."""

from __future__ import annotations

import numpy as np

from zsris_ros.geometry.plane import Plane, ray_image
from zsris_ros.geometry.projection import back_project
from zsris_ros.proposals.depth.support_plane import SupportSettings, find_support
from zsris_ros.types import FloatArray, Frame, Intrinsics, Point, Proposals

_COLUMNS = 160
"""The support is looked for on a grid that coarse; it is the largest plane of the picture."""
_MIN_AREA = 150.0


def find_heights(frame: Frame, proposals: Proposals) -> FloatArray:
    """Metres from the support to the top of every mask, float32 N; NaN where depth tells nothing.

    The top is the 97th percentile of what was measured. The foot is hidden or unseen too often to
    count, so what stands on something else is as tall as the pile.
    """
    heights = np.full(len(proposals), np.nan, np.float32)
    seen = _coarse(frame)
    if seen is None:
        return heights
    plane = _find_plane(*seen)
    if plane is None:
        return heights
    stride, depth, camera = seen
    above = plane.height(back_project(depth, camera))
    for index, mask in enumerate(proposals.masks[:, ::stride, ::stride]):
        measured = above[mask & np.isfinite(above)]
        if measured.size:
            heights[index] = np.percentile(measured, 97)
    return heights


def find_up(frame: Frame) -> Point | None:
    """The support plane's unit normal, on the camera's side; None where depth shows no support."""
    seen = _coarse(frame)
    plane = None if seen is None else _find_plane(*seen)
    if plane is None:
        return None
    x, y, z = (-plane.vector / np.linalg.norm(plane.vector)).tolist()
    return x, y, z


def _coarse(frame: Frame) -> tuple[int, FloatArray, Intrinsics] | None:
    """Every how manieth pixel is taken, and the depth and the camera of those alone."""
    if frame.depth is None or frame.intrinsics is None:
        return None
    stride = max(1, round(frame.width / _COLUMNS))
    k = frame.intrinsics
    camera = Intrinsics(k.fx / stride, k.fy / stride, k.cx / stride, k.cy / stride)
    return stride, np.ascontiguousarray(frame.depth[::stride, ::stride]), camera


def _find_plane(stride: int, depth: FloatArray, camera: Intrinsics) -> Plane | None:
    rays = ray_image(depth.shape, camera)
    support = find_support(depth, rays, camera, _MIN_AREA / stride**2, SupportSettings())
    return None if support is None else support.plane
