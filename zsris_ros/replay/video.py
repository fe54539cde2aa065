"""A video of pictures that belong to moments of a recording."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from zsris_ros.camera.image_messages import SECOND
from zsris_ros.types import ByteArray

SLOWEST, FASTEST = 10, 30
"""Frames per second."""
LONGEST = 5.0
"""Seconds that a picture is shown at most, for recordings with pauses."""
LAST = 1.0
"""Seconds that the last picture is shown."""
WIDEST = 1920
"""Columns; wider pictures are scaled down."""


class Video:
    """Writes an mp4 (MPEG-4 part 2) in which each picture stands until the next one's time.

    ``period`` is the usual time between two pictures in seconds. For a ``with`` block, at whose end
    the file is whole.
    """

    def __init__(self, path: Path, period: float) -> None:
        self._path = path
        self._rate = int(np.clip(round(1 / max(period, 1e-3)), SLOWEST, FASTEST))
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._shown: tuple[int, ByteArray] | None = None
        self._due = 0.0
        self._written = 0

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self._hold(LAST)
        if self._writer is not None:
            self._writer.release()

    def show(self, stamp_ns: int, picture: ByteArray) -> None:
        """Adds a picture, uint8 HxWx3 in RGB order; all get the size of the first.

        Raises OSError when OpenCV cannot write such a file here.
        """
        if self._writer is None:
            self._open(picture)
        if self._shown is not None:
            self._hold((stamp_ns - self._shown[0]) / SECOND)
        fitted = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        self._shown = stamp_ns, np.ascontiguousarray(fitted[..., ::-1])

    def _open(self, picture: ByteArray) -> None:
        height, width = picture.shape[:2]
        scale = min(1.0, WIDEST / width)
        # The codec needs even sides.
        self._size = (max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2))
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._path), code, self._rate, self._size)
        if not self._writer.isOpened():
            raise OSError(f"OpenCV cannot write {self._path} here; leave the video out: --no-video")

    def _hold(self, seconds: float) -> None:
        """The picture stands for so long, a frame at least; one that jumps back, for a frame."""
        if self._writer is None or self._shown is None:
            return
        self._due += min(max(seconds, 1 / self._rate), LONGEST)
        while self._written < round(self._due * self._rate):
            self._writer.write(self._shown[1])
            self._written += 1
