"""One camera frame: colour, depth and intrinsics.

Pixel coordinates are (x, y) with x to the right and y down, the centre of the top-left pixel at
(0, 0). Metres are in the camera's optical frame (REP-103): x right, y down, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
Pixel = tuple[float, float]
"""(x, y) in pixels."""

Point = tuple[float, float, float]
"""(x, y, z) in metres, optical frame."""

RegionOfInterest = tuple[slice, slice]
"""Rows and columns of a frame, with a start and a stop."""


class InputError(ValueError):
    """An unusable frame, mask or expression; the message names the reason and the remedy."""


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera: focal lengths and principal point in pixels (``K`` of CameraInfo).

    ``distortion`` has the coefficients of OpenCV's model (``D`` of CameraInfo), of its fisheye
    model with ``fisheye``; () for a rectified image.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()
    fisheye: bool = False

    def __post_init__(self) -> None:
        values = (self.fx, self.fy, self.cx, self.cy)
        if not all(np.isfinite(values)) or self.fx <= 0 or self.fy <= 0:
            raise InputError(
                f"camera intrinsics fx, fy, cx, cy = {values} are not a calibrated camera: "
                "fx and fy must be positive and all four finite"
            )
        counts = (0, 4) if self.fisheye else (0, 4, 5, 8, 12, 14)
        if len(self.distortion) not in counts or not all(np.isfinite(self.distortion)):
            raise InputError(
                f"the distortion {self.distortion} is not one of OpenCV's models: it must have "
                f"{', '.join(map(str, counts[1:]))} finite coefficients"
            )

    def strided(self, stride: int) -> Intrinsics:
        """Return the intrinsics of every ``stride``-th pixel of the image."""
        return replace(
            self,
            fx=self.fx / stride,
            fy=self.fy / stride,
            cx=self.cx / stride,
            cy=self.cy / stride,
        )


@dataclass(frozen=True, eq=False)
class Frame:
    """One camera image, with depth if there is a depth camera.

    Attributes:
        rgb: Uint8 HxWx3.
        depth: Float32 HxW in metres, registered to ``rgb``. A value that is not finite or not
            positive means "no measurement".
        intrinsics: The pinhole camera.
        stamp_ns: The stamp of the source header; copied, not interpreted.
        frame_id: The frame of the source header; copied, not interpreted.

    Raises:
        InputError: Shapes or dtypes do not fit together.
    """

    rgb: ByteArray
    depth: FloatArray | None = None
    intrinsics: Intrinsics | None = None
    stamp_ns: int = 0
    frame_id: str = ""

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3:
            raise InputError(
                f"an image must be uint8 of shape HxWx3, got {self.rgb.dtype} {self.rgb.shape}"
            )
        if min(self.rgb.shape[:2]) < 1:
            raise InputError(f"the image is empty: {self.rgb.shape[1]}x{self.rgb.shape[0]} pixels")
        if self.depth is None:
            return
        if self.depth.dtype != np.float32 or self.depth.shape != self.rgb.shape[:2]:
            raise InputError(
                f"depth must be float32 metres of the image's size {self.rgb.shape[:2]}, "
                f"got {self.depth.dtype} {self.depth.shape}"
            )

    @property
    def height(self) -> int:
        """Rows of the image."""
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        """Columns of the image."""
        return int(self.rgb.shape[1])

    @property
    def has_geometry(self) -> bool:
        """Whether pixels can be projected to metres: there are both depth and intrinsics."""
        return self.depth is not None and self.intrinsics is not None
