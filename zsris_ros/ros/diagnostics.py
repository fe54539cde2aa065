"""The node's state for /diagnostics."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node


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


class Silence:
    """Says why no image comes on ``topic``."""

    def __init__(self, node: Node, topic: str) -> None:
        self.topic = topic
        self._node = node
        self._since = time.monotonic()
        self._warned = False

    def end(self) -> None:
        """An image has come."""
        self._since = time.monotonic()
        self._warned = False

    def explain(self, timeout: float) -> str:
        """A sentence once no image has come for ``timeout`` seconds, logged once; else empty."""
        silent = time.monotonic() - self._since
        if silent < timeout:
            return ""
        publishers = self._node.count_publishers(self.topic)
        reason = (
            f"{publishers} publish there, but nothing arrives: is the camera running, and does "
            "its message fit the middleware's shared memory (config/fastdds_large_images.xml)?"
            if publishers
            else "nobody publishes there; start the camera or remap `image` to its topic"
        )
        sentence = f"no image on '{self.topic}' for {silent:.0f} s: {reason}"
        if not self._warned:
            self._node.get_logger().warning(sentence)
            self._warned = True
        return sentence


def report(node: Node, record: Record, waiting: int, silence: str) -> DiagnosticArray:
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
        name=f"{node.get_name()}: refer_segment",
        message=silence or f"model {record.model}",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = node.get_clock().now().to_msg()
    return array
