"""Processes that are forked from one with OpenCV's threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import cv2
from torch.utils.data import DataLoader, IterableDataset

Item = TypeVar("Item")

PREFETCHED = 4
"""Items that each loading process prepares in advance."""


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


def load_in_advance(data: IterableDataset[Item], workers: int) -> Iterator[Item]:
    """Return the items of a data set, drawn in advance by forked processes.

    Items should hold arrays and no tensors: tensors are sent through the machine's shared memory,
    which is small in many containers.

    Args:
        data: The data set; each process iterates over a copy.
        workers: Processes; 0 draws each item in this process when it is taken.
    """
    if workers == 0:
        return iter(data)
    loader: DataLoader[Item] = DataLoader(
        data,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=PREFETCHED,
        multiprocessing_context="fork",
    )
    with without_opencv_threads():
        return iter(loader)
