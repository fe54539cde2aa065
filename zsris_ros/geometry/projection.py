"""Depth images to points in metres, and points to pixels, by OpenCV's camera model.

Pixels are (x, y), metres are in the camera's optical frame. Depth follows REP-118: float32 metres;
values that are not finite or not positive mean "no measurement".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.types import BoolArray, FloatArray, InputError, Intrinsics, RegionOfInterest

DoubleArray = npt.NDArray[np.float64]
WHOLE: RegionOfInterest = (slice(None), slice(None))
"""All rows and columns."""

_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-7)
_MAX_ERROR = 0.05
"""Largest distance in pixels between a pixel and that of its undistorted ray. It is larger outside
of the model's range, where the iteration does not converge."""


def valid_depth(depth: FloatArray) -> BoolArray:
    """Return where depth HxW is a measurement (finite and positive), bool HxW."""
    return np.isfinite(depth) & (depth > 0)


def back_project(depth: FloatArray, intrinsics: Intrinsics) -> FloatArray:
    """Return the points float32 HxWx3 of depth HxW, in metres; NaN where depth is invalid."""
    z = np.where(valid_depth(depth), depth, np.float32(np.nan)).astype(np.float32)
    if intrinsics.distortion:
        rays = _undistorted_rays((depth.shape[0], depth.shape[1]), intrinsics)
        return np.concatenate([z[..., None] * rays, z[..., None]], axis=-1)
    x = (np.arange(depth.shape[1], dtype=np.float32) - intrinsics.cx) / intrinsics.fx
    y = (np.arange(depth.shape[0], dtype=np.float32) - intrinsics.cy) / intrinsics.fy
    return np.stack([z * x.astype(np.float32), z * y.astype(np.float32)[:, None], z], axis=-1)


def back_project_region(
    selected: BoolArray, depth: FloatArray, roi: RegionOfInterest, intrinsics: Intrinsics
) -> DoubleArray:
    """Return the points float64 Nx3, in metres, of the pixels ``selected`` of ``depth[roi]``."""
    rows, columns = np.nonzero(selected)
    z = depth[roi][selected].astype(np.float64)
    if intrinsics.distortion:
        rays = _undistorted_rays((depth.shape[0], depth.shape[1]), intrinsics)[roi][selected]
        return np.concatenate([z[:, None] * rays, z[:, None]], axis=1)
    x = z * (columns + roi[1].start - intrinsics.cx) / intrinsics.fx
    y = z * (rows + roi[0].start - intrinsics.cy) / intrinsics.fy
    return np.stack([x, y, z], axis=1)


def pixel_rays(
    shape: tuple[int, int], intrinsics: Intrinsics, roi: RegionOfInterest = WHOLE
) -> FloatArray:
    """Return the rays (x/z, y/z) of the pixels of a region, all by default, float32 HxWx2.

    NaN outside of the range of the lens's model.
    """
    if intrinsics.distortion:
        return _undistorted_rays(shape, intrinsics)[roi]
    rows, columns = np.arange(shape[0])[roi[0]], np.arange(shape[1])[roi[1]]
    rays = np.empty((len(rows), len(columns), 2), np.float32)
    rays[..., 0] = (columns - intrinsics.cx) / intrinsics.fx
    rays[..., 1] = ((rows - intrinsics.cy) / intrinsics.fy)[:, None]
    return rays


def project(points: npt.NDArray[np.floating[Any]], intrinsics: Intrinsics) -> DoubleArray:
    """Return the pixels (x, y), float64 (..., 2), of points (..., 3) in metres with z > 0."""
    rays = points[..., :2] / points[..., 2:]
    if intrinsics.distortion and rays.size:
        return _distort(rays, intrinsics)
    return np.asarray(rays * (intrinsics.fx, intrinsics.fy) + (intrinsics.cx, intrinsics.cy))


@lru_cache(maxsize=8)  # a camera's image, and its strided ones
def _undistorted_rays(shape: tuple[int, int], intrinsics: Intrinsics) -> FloatArray:
    """Return the rays (x/z, y/z) of all pixels by the lens's model, float32 HxWx2, read-only.

    NaN where the model has no ray, so that a pixel outside of its range has no metres.
    """
    columns, rows = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2).astype(np.float64)
    matrix, lens = _matrix(intrinsics), np.array(intrinsics.distortion)
    if intrinsics.fisheye:
        found = cv2.fisheye.undistortPoints(pixels, matrix, lens, criteria=_CRITERIA)
    else:
        found = cv2.undistortPointsIter(pixels, matrix, lens, np.eye(3), np.eye(3), _CRITERIA)
    rays = np.asarray(found, np.float64).reshape(-1, 2)
    error = np.abs(_distort(rays, intrinsics) - pixels[:, 0]).max(axis=1)
    rays[~(error < _MAX_ERROR)] = np.nan
    image = rays.reshape(*shape, 2).astype(np.float32)
    image.setflags(write=False)
    return image


def _distort(rays: npt.NDArray[np.floating[Any]], intrinsics: Intrinsics) -> DoubleArray:
    """Return the pixels (..., 2) of rays (x/z, y/z), (..., 2), by the lens's model."""
    points = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1).reshape(-1, 1, 3)
    project_points = cv2.fisheye.projectPoints if intrinsics.fisheye else cv2.projectPoints
    still, lens = np.zeros(3), np.array(intrinsics.distortion)
    pixels, _ = project_points(points.astype(np.float64), still, still, _matrix(intrinsics), lens)
    return np.asarray(pixels.reshape(rays.shape))


def _matrix(intrinsics: Intrinsics) -> DoubleArray:
    return np.array(
        [[intrinsics.fx, 0, intrinsics.cx], [0, intrinsics.fy, intrinsics.cy], [0, 0, 1.0]]
    )


def check_sizes(mask: BoolArray, depth: FloatArray) -> None:
    """Raise InputError when mask and depth differ in size."""
    if mask.shape != depth.shape:
        raise InputError(
            f"a mask of {mask.shape} does not fit depth of {depth.shape}: "
            "use depth that is registered to the picture"
        )
