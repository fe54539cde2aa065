"""Batches that other processes draw in advance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from torch.utils.data import DataLoader, IterableDataset

from zsris_ros.simulation.forking import without_opencv_threads

Item = TypeVar("Item")

PREFETCHED = 4
"""Items that each loading process prepares in advance."""


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
