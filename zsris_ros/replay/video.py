"""A video of images at the times of a recording."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from zsris_ros.camera.image_messages import SECOND
from zsris_ros.types import ByteArray

MIN_FPS, MAX_FPS = 10, 30
MAX_DURATION, LAST_DURATION = 5.0, 1.0
"""Seconds that an image is shown at most, and that the last one is shown."""
MAX_WIDTH = 1920


class Video:
    """Context manager that writes an mp4 (MPEG-4 part 2); an image is shown until the next one.

    ``period`` is the median time between two images in seconds.
    """

    def __init__(self, path: Path, period: float) -> None:
        self._path = path
        self._rate = int(np.clip(round(1 / max(period, 1e-3)), MIN_FPS, MAX_FPS))
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._shown: tuple[int, ByteArray] | None = None
        self._due = 0.0
        self._written = 0

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self._hold(LAST_DURATION)
        if self._writer is not None:
            self._writer.release()

    def add(self, stamp_ns: int, image: ByteArray) -> None:
        """Add an RGB image uint8 HxWx3; all are resized to the first. Raises OSError."""
        if self._writer is None:
            self._open(image)
        if self._shown is not None:
            self._hold((stamp_ns - self._shown[0]) / SECOND)
        fitted = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        self._shown = stamp_ns, np.ascontiguousarray(fitted[..., ::-1])

    def _open(self, image: ByteArray) -> None:
        height, width = image.shape[:2]
        scale = min(1.0, MAX_WIDTH / width)
        # The codec needs even sides.
        self._size = (max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2))
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._path), code, self._rate, self._size)
        if not self._writer.isOpened():
            raise OSError(f"OpenCV cannot write {self._path} here; leave the video out: --no-video")

    def _hold(self, seconds: float) -> None:
        """Show the image for ``seconds``, at least one frame."""
        if self._writer is None or self._shown is None:
            return
        self._due += min(max(seconds, 1 / self._rate), MAX_DURATION)
        while self._written < round(self._due * self._rate):
            self._writer.write(self._shown[1])
            self._written += 1
