"""The node's state for /diagnostics."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.time import Time


@dataclass
class Record:
    """What has happened so far; counted under a lock, because two threads count."""

    model: str = "loading"
    answered: int = 0
    cache_hits: int = 0
    refused: int = 0
    failed: int = 0
    last_ms: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answer(self, milliseconds: float, cache_hit: bool) -> None:
        """Counts an answer."""
        with self._lock:
            self.answered += 1
            self.cache_hits += cache_hit
            self.last_ms = milliseconds

    def refuse(self, failed: bool) -> None:
        """Counts a request without an answer; ``failed`` when the fault was ours."""
        with self._lock:
            self.failed += failed
            self.refused += not failed


def report(name: str, now: Time, record: Record, waiting: int, silence: str) -> DiagnosticArray:
    """One status: WARN while ``silence`` says why no image comes, else OK."""
    values = {
        "model": record.model,
        "requests waiting": waiting,
        "answered": record.answered,
        "cache hits": record.cache_hits,
        "refused": record.refused,
        "failed": record.failed,
        "last latency (ms)": f"{record.last_ms:.1f}",
    }
    status = DiagnosticStatus(
        level=DiagnosticStatus.WARN if silence else DiagnosticStatus.OK,
        name=name,
        message=silence or f"model {record.model}",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = now.to_msg()
    return array
