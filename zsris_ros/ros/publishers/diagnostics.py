"""The node's state for /diagnostics."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

UNLOADED, LOADING, IN_MEMORY, READY = "not loaded", "loading", "loaded, inactive", "ready"
"""States of the model."""


@dataclass
class Record:
    """What has happened so far; counted under a lock, because two threads count."""

    model: str = UNLOADED
    answered: int = 0
    cache_hits: int = 0
    refused: int = 0
    failed: int = 0
    last_ms: float = 0.0
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answer(self, total_ms: float, stages_ms: Mapping[str, float], cache_hit: bool) -> None:
        """Counts an answer; ``stages_ms`` are kept by stage, from whenever it last ran."""
        with self._lock:
            self.answered += 1
            self.cache_hits += cache_hit
            self.last_ms = total_ms
            self.stages_ms = {**self.stages_ms, **stages_ms}

    def refuse(self, failed: bool) -> None:
        """Counts a request without an answer; ``failed`` when the fault was ours."""
        with self._lock:
            self.failed += failed
            self.refused += not failed


def report(
    node: Node, record: Record, state: Mapping[str, object], silence: str, failure: str
) -> DiagnosticArray:
    """One status: ERROR with ``failure``, WARN while ``silence`` says why no image comes, else OK.

    ``state`` is what the node holds just now, by name.
    """
    values = {
        "model": record.model,
        **state,
        "answered": record.answered,
        "cache hits": record.cache_hits,
        "refused": record.refused,
        "failed": record.failed,
        "last latency (ms)": f"{record.last_ms:.1f}",
    }
    for stage, milliseconds in record.stages_ms.items():
        values[f"last {stage} (ms)"] = f"{milliseconds:.1f}"
    level = DiagnosticStatus.OK
    if failure:
        level = DiagnosticStatus.ERROR
    elif silence:
        level = DiagnosticStatus.WARN
    status = DiagnosticStatus(
        level=level,
        name=f"{node.get_name()}: refer_segment",
        message=failure or silence or f"model {record.model}",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = node.get_clock().now().to_msg()
    return array
