"""A process that measures the latency of a parameter call, and the lag of a node's clock.

It calls the node of its argument (/refer_segment_node) ten times a second until it is interrupted
and prints the results in seconds as the last line.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from support.service_discovery import discovered_client

PERIOD = 0.1
TIMEOUT = 60.0
READY = "measuring"


class LatencyMeter:
    """Latencies of calls (``parameters``) and lags of the node's /clock, in seconds."""

    def __init__(self, node_name: str) -> None:
        self.parameters: list[float] = []
        self.clock_lags: list[float] = []
        self._node = rclpy.create_node("latency_meter")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_report, 10)
        self._request = GetParameters.Request(names=["max_pending"])
        self._client: Any = discovered_client(
            self._node,
            GetParameters,
            f"{node_name}/get_parameters",
            self._request,
            self._executor,
        )

    def run(self) -> None:
        """Measure until the context ends."""
        print(READY, flush=True)
        while rclpy.ok():
            begin = time.monotonic()
            seconds = self._call(TIMEOUT)
            if seconds is not None or rclpy.ok():
                self.parameters.append(TIMEOUT if seconds is None else seconds)
            time.sleep(max(0.0, begin + PERIOD - time.monotonic()))

    def _call(self, timeout: float) -> float | None:
        """Return the latency, or None after ``timeout`` seconds."""
        begin = time.monotonic()
        future = self._client.call_async(self._request)
        self._executor.spin_until_future_complete(future, timeout)
        return time.monotonic() - begin if future.done() else None

    def _on_report(self, report: DiagnosticArray) -> None:
        stamp = report.header.stamp
        if stamp.sec:  # 0 before the first /clock
            self.clock_lags.append(time.time() - stamp.sec - stamp.nanosec * 1e-9)


def main() -> int:
    """Measure until SIGINT; return 0."""
    signal.signal(signal.SIGINT, lambda *_: None)  # rclpy shuts the context down
    rclpy.init()
    meter = LatencyMeter(*(sys.argv[1:2] or ["/refer_segment_node"]))
    with suppress(ExternalShutdownException):  # during a call
        meter.run()
    print(json.dumps({"parameters": meter.parameters, "clock_lags": meter.clock_lags}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
