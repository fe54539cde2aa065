"""Depth images to points in metres by the pinhole camera model.

Pixels are (x, y), metres are in the camera's optical frame. Depth follows REP-118: float32 metres;
values that are not finite or not positive mean "no measurement".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zsris_ros.types import BoolArray, FloatArray, InputError, Intrinsics, RegionOfInterest


def valid_depth(depth: FloatArray) -> BoolArray:
    """Return where depth HxW is a measurement (finite and positive), bool HxW."""
    return np.isfinite(depth) & (depth > 0)


def back_project(depth: FloatArray, intrinsics: Intrinsics) -> FloatArray:
    """Return the points float32 HxWx3 of depth HxW, in metres; NaN where depth is invalid."""
    z = np.where(valid_depth(depth), depth, np.float32(np.nan)).astype(np.float32)
    x = (np.arange(depth.shape[1], dtype=np.float32) - intrinsics.cx) / intrinsics.fx
    y = (np.arange(depth.shape[0], dtype=np.float32) - intrinsics.cy) / intrinsics.fy
    return np.stack([z * x.astype(np.float32), z * y.astype(np.float32)[:, None], z], axis=-1)


def back_project_region(
    selected: BoolArray, depth: FloatArray, roi: RegionOfInterest, intrinsics: Intrinsics
) -> npt.NDArray[np.float64]:
    """Return the points float64 Nx3, in metres, of the pixels ``selected`` of ``depth[roi]``."""
    rows, columns = np.nonzero(selected)
    z = depth[roi][selected].astype(np.float64)
    x = z * (columns + roi[1].start - intrinsics.cx) / intrinsics.fx
    y = z * (rows + roi[0].start - intrinsics.cy) / intrinsics.fy
    return np.stack([x, y, z], axis=1)


def check_sizes(mask: BoolArray, depth: FloatArray) -> None:
    """Raise InputError when mask and depth differ in size."""
    if mask.shape != depth.shape:
        raise InputError(
            f"a mask of {mask.shape} does not fit depth of {depth.shape}: "
            "use depth that is registered to the picture"
        )
