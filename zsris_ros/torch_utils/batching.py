"""Batch sizes by memory, and the number of threads of small computations."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")

GPU_VALUES_AT_ONCE = 1 << 26
CPU_VALUES_AT_ONCE = 1 << 22  # 16 MB of float32; larger intermediates leave the cache

_OutOfMemoryError = getattr(torch, "OutOfMemoryError", torch.cuda.OutOfMemoryError)


def items_at_once(values: int, device: torch.device) -> int:
    """Return how many items to process together when each has ``values`` intermediate values."""
    available = CPU_VALUES_AT_ONCE if device.type == "cpu" else GPU_VALUES_AT_ONCE
    return max(1, available // max(1, values))


@contextmanager
def single_thread(small: bool = True) -> Iterator[None]:
    """Restrict torch to one thread where the computation is ``small``.

    A second thread saves a few milliseconds, but waiting for it costs up to a hundred where the
    other processors sleep or are busy.
    """
    before = torch.get_num_threads()
    if small:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class BatchRunner:
    """Processes items in batches of ``size``, halved once when memory runs out.

    ``item_name`` (plural) appears in the log.
    """

    def __init__(self, size: int, item_name: str) -> None:
        self.size: float = size
        self._item_name, self._halved = item_name, False

    def run(
        self,
        work: Callable[[slice], T],
        count: int,
        at_most: int,
        relative_cost: Callable[[int], float] = lambda first: 1.0,
    ) -> list[T]:
        """Call ``work`` on consecutive slices of ``count`` items.

        Args:
            work: Processes a slice of the items.
            count: The number of items.
            at_most: The largest batch, counted in items of cost 1.
            relative_cost: Memory of the items from an index on, relative to an item of cost 1.

        Raises:
            torch.OutOfMemoryError: Half the batch size is too much as well.
        """
        results: list[T] = []
        first = 0
        while first < count:
            limit, cost = min(self.size, at_most), relative_cost(first)
            size = max(1, int(limit / cost))
            batch = slice(first, min(first + size, count))
            try:
                results.append(work(batch))
                first = batch.stop
            except _OutOfMemoryError:
                if self._halved or size == 1:
                    raise
                self._halved, self.size = True, limit / 2
                logging.getLogger(__name__).warning(
                    "memory ran out on %d %s at a time: from now on it is %d",
                    size, self._item_name, max(1, int(self.size / cost)),
                )  # fmt: skip
        return results
