"""The last messages of a topic and, more thinly, those before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

T = TypeVar("T")

SPACING_NS = 250_000_000
"""Of each such span of time one message is kept among the older ones."""


@dataclass(frozen=True)
class Stamped(Generic[T]):
    """A message, its time in nanoseconds, and a number that no other message of the buffer has."""

    stamp_ns: int
    message: T
    serial: int


class Ring(Generic[T]):
    """The last ``length`` messages; and of those before, one for each SPACING_NS, until they are
    ``memory_ns`` older than the newest.

    The spans begin at multiples of SPACING_NS, so that rings of topics with equal stamps keep
    messages of equal stamps. Iterates from the oldest to the newest.
    """

    def __init__(self, length: int, memory_ns: int = 0) -> None:
        self.memory_ns = memory_ns
        self._last: deque[Stamped[T]] = deque(maxlen=length)
        self._before: deque[Stamped[T]] = deque()

    def __len__(self) -> int:
        return len(self._before) + len(self._last)

    def __iter__(self) -> Iterator[Stamped[T]]:
        return chain(self._before, self._last)

    def __reversed__(self) -> Iterator[Stamped[T]]:
        return chain(reversed(self._last), reversed(self._before))

    @property
    def newest(self) -> Stamped[T] | None:
        """The last arrival; None if empty."""
        return self._last[-1] if self._last else None

    def append(self, message: Stamped[T]) -> None:
        """Takes in the newest."""
        if self.memory_ns and len(self._last) == self._last.maxlen:
            self._retire(self._last[0])
        self._last.append(message)
        while self._before and message.stamp_ns - self._before[0].stamp_ns >= self.memory_ns:
            self._before.popleft()

    def resize(self, length: int) -> None:
        """Keeps ``length`` messages from now on; those that no longer count as last go."""
        self._last = deque(self._last, maxlen=length)

    def clear(self) -> None:
        """Forgets everything."""
        self._last.clear()
        self._before.clear()

    def _retire(self, oldest: Stamped[T]) -> None:
        span = oldest.stamp_ns // SPACING_NS
        if not self._before or self._before[-1].stamp_ns // SPACING_NS != span:
            self._before.append(oldest)
