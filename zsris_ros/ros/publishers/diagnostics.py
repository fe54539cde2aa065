"""The node's status for /diagnostics."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

UNLOADED, LOADING, IN_MEMORY, READY = "not loaded", "loading", "loaded, inactive", "ready"
"""States of the model."""


@dataclass
class RequestStatistics:
    """Counts of requests and the state of the model; thread-safe."""

    model: str = UNLOADED
    answered: int = 0
    cache_hits: int = 0
    refused: int = 0
    failed: int = 0
    last_ms: float = 0.0
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count_answer(
        self, total_ms: float, stages_ms: Mapping[str, float], cache_hit: bool
    ) -> None:
        """Count an answer and keep the last time of each stage."""
        with self._lock:
            self.answered += 1
            self.cache_hits += cache_hit
            self.last_ms = total_ms
            self.stages_ms = {**self.stages_ms, **stages_ms}

    def count_refusal(self, failed: bool) -> None:
        """Count a request without an answer; ``failed`` for an error of the node."""
        with self._lock:
            self.failed += failed
            self.refused += not failed


def diagnostic_array(
    node: Node,
    statistics: RequestStatistics,
    state: Mapping[str, object],
    warning: str,
    error: str,
) -> DiagnosticArray:
    """Return one status with ``state``: ERROR with ``error``, WARN with ``warning``, else OK."""
    values = {
        "model": statistics.model,
        **state,
        "answered": statistics.answered,
        "cache hits": statistics.cache_hits,
        "refused": statistics.refused,
        "failed": statistics.failed,
        "last latency (ms)": f"{statistics.last_ms:.1f}",
    }
    for stage, milliseconds in statistics.stages_ms.items():
        values[f"last {stage} (ms)"] = f"{milliseconds:.1f}"
    level = DiagnosticStatus.WARN if warning else DiagnosticStatus.OK
    status = DiagnosticStatus(
        level=DiagnosticStatus.ERROR if error else level,
        name=f"{node.get_name()}: refer_segment",
        message=error or warning or f"model {statistics.model}",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = node.get_clock().now().to_msg()
    return array
