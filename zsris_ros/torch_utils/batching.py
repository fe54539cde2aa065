"""How much to compute at once, and by how many: what fits a cache, a GPU's memory, one thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")

ON_A_GPU = 1 << 26  # numbers at once
NUMBERS_AT_ONCE = {"cpu": 1 << 22}  # 16 MB of float32; more would wait for main memory

_OutOfMemoryError = getattr(torch, "OutOfMemoryError", torch.cuda.OutOfMemoryError)


def items_at_once(numbers: int, device: torch.device) -> int:
    """How many items to work on together whose intermediate results are ``numbers`` each."""
    return max(1, NUMBERS_AT_ONCE.get(device.type, ON_A_GPU) // max(1, numbers))


@contextmanager
def single_thread(small: bool = True) -> Iterator[None]:
    """What torch does inside is done by this thread alone where the work is ``small``.

    A second thread saves a few milliseconds of it. Where the other processors sleep, or have other
    things to do, waiting for that thread has been seen to cost up to a hundred.
    """
    before = torch.get_num_threads()
    if small:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class BatchRunner:
    """Works on many items ``size`` at a time, or half as many since memory ran out once.

    ``what`` the items are is for the log.
    """

    def __init__(self, size: int, what: str) -> None:
        self.size: float = size
        self._what, self._halved = what, False

    def run(
        self,
        work: Callable[[slice], T],
        count: int,
        at_most: int,
        share: Callable[[int], float] = lambda first: 1.0,
    ) -> list[T]:
        """``work`` on slices of ``count`` items, none longer than ``at_most`` whole ones.

        From item i on they take ``share(i)`` of what a whole item takes, so that more of them fit.
        Raises torch.OutOfMemoryError where half the size is too much as well.
        """
        results: list[T] = []
        first = 0
        while first < count:
            limit, part = min(self.size, at_most), share(first)
            size = max(1, int(limit / part))
            some = slice(first, min(first + size, count))
            try:
                results.append(work(some))
                first = some.stop
            except _OutOfMemoryError:
                if self._halved or size == 1:
                    raise
                self._halved, self.size = True, limit / 2
                logging.getLogger(__name__).warning(
                    "memory ran out on %d %s at a time: from now on it is %d",
                    size, self._what, max(1, int(self.size / part)),
                )  # fmt: skip
        return results
