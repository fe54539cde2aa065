"""Forked processes beside OpenCV, whose threads they lack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def without_opencv_threads() -> Iterator[None]:
    """Stop OpenCV's threads while processes are forked.

    A forked process has none of them, and its first parallel call would wait for them forever. It
    inherits the setting and works in one thread.
    """
    count = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(count)
