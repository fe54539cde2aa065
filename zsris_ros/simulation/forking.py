"""Forking of processes while OpenCV has threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def without_opencv_threads() -> Iterator[None]:
    """Stop OpenCV's threads while processes are forked.

    A fork copies no threads, and OpenCV's first parallel call in the new process would wait for
    them forever. The new process inherits the setting and works in one thread.
    """
    count = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(count)
