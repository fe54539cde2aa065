"""The node's status for /diagnostics."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

UNLOADED, LOADING, IN_MEMORY, READY = "not loaded", "loading", "loaded, inactive", "ready"
"""States of the model."""

MAX_FAILURES = 3
"""Requests that may fail in a row before the status is ERROR."""


@dataclass
class RequestStatistics:
    """Counts of requests and the state of the model; thread-safe.

    ``failures`` are those since the last answer, ``last_failure`` is the reason of the last one.
    """

    model: str = UNLOADED
    answered: int = 0
    cache_hits: int = 0
    refused: int = 0
    failed: int = 0
    failures: int = 0
    last_failure: str = ""
    last_ms: float = 0.0
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count_answer(
        self, total_ms: float, stages_ms: Mapping[str, float], cache_hit: bool
    ) -> None:
        """Count an answer and keep the last time of each stage."""
        with self._lock:
            self.answered += 1
            self.failures = 0
            self.cache_hits += cache_hit
            self.last_ms = total_ms
            self.stages_ms = {**self.stages_ms, **stages_ms}

    def count_refusal(self) -> None:
        """Count a request that is refused for a fault of the request or a missing input."""
        with self._lock:
            self.refused += 1

    def count_failure(self, reason: str) -> None:
        """Count a request that the node failed to answer."""
        with self._lock:
            self.failed += 1
            self.failures += 1
            self.last_failure = reason


def diagnostic_array(
    node: Node,
    statistics: RequestStatistics,
    state: Mapping[str, object],
    warning: str,
    error: str,
    is_stale: bool,
) -> DiagnosticArray:
    """Return one status with ``state`` and the message of its level.

    ERROR with ``error`` and after MAX_FAILURES failures in a row, STALE while the camera
    ``is_stale``, WARN with ``warning`` and after a failure, else OK.
    """
    values = {
        "model": statistics.model,
        **state,
        "answered": statistics.answered,
        "cache hits": statistics.cache_hits,
        "refused": statistics.refused,
        "failed": statistics.failed,
        "failed since the last answer": statistics.failures,
        "last latency (ms)": f"{statistics.last_ms:.1f}",
    }
    for stage, milliseconds in statistics.stages_ms.items():
        values[f"last {stage} (ms)"] = f"{milliseconds:.1f}"
    failure = ""
    if statistics.failures:
        failure = f"{statistics.failures} requests failed since the last answer, "
        failure += f"the last one because {statistics.last_failure}"
    if error or statistics.failures >= MAX_FAILURES:
        level = DiagnosticStatus.ERROR
    elif is_stale:
        level = DiagnosticStatus.STALE
    else:
        level = DiagnosticStatus.WARN if warning or failure else DiagnosticStatus.OK
    reasons = "; ".join(filter(None, (error, failure, warning)))
    status = DiagnosticStatus(
        level=level,
        name=f"{node.get_fully_qualified_name().lstrip('/')}: refer_segment",
        message=reasons or f"model {statistics.model}",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = node.get_clock().now().to_msg()
    return array
