"""Asking refer_segment_node from a plain Python program."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import rclpy
from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from zsris_ros.srv import ReferSegment

STATUS_NAMES = {
    value: name
    for name in ("FOUND", "AMBIGUOUS", "NOT_FOUND", "NO_IMAGE", "INVALID_REQUEST", "BUSY", "FAILED")
    for value in (getattr(ReferSegment.Response, name),)
}

CALLS = QoSProfile(depth=1000)
"""Quality of both ends of the service. ROS's default keeps 10 calls until an executor takes them
and loses what comes on top of them: a caller would wait for ever."""

SETTLING = 0.1
"""Seconds that a client gives the node to discover it before it calls. Fast DDS makes a node that
answers somebody it has not discovered wait as long for that, and all its callbacks with it."""

GREETING = 2.0
"""Seconds for which a client waits for its first answer before it calls again."""


class Unanswered(TimeoutError):
    """The service is not there or did not answer in time."""


class Client:
    """A caller of ``/refer_segment`` with a node of its own; rclpy must have been initialised.

    Example::

        with Client() as client:
            response = client.ask("the red mug", timeout=30.0)
    """

    def __init__(self, service: str = "/refer_segment", name: str = "refer_segment_client") -> None:
        # Without the services of parameters, which it has none of: each makes every wait longer.
        self.node = rclpy.create_node(name, start_parameter_services=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._client: Any = self.node.create_client(ReferSegment, service, qos_profile=CALLS)
        self._service = service
        self._known = False

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Takes the node out of the graph."""
        self._executor.shutdown(timeout_sec=0.0)
        self.node.destroy_node()

    def wait(self, timeout: float) -> None:
        """Returns when the service is there and answers; raises Unanswered after ``timeout`` s.

        ROS takes a service for ready before its node has discovered the client, and can lose what
        is called meanwhile. So the first call of a client has no expression, which is refused at
        once, and is repeated until the refusal comes.
        """
        deadline = time.monotonic() + timeout
        found = self._client.wait_for_service(timeout_sec=timeout)
        if found and not self._known:
            time.sleep(min(SETTLING, max(0.0, deadline - time.monotonic())))
        while found and not self._known and time.monotonic() < deadline:
            greeting = min(GREETING, deadline - time.monotonic())
            self._known = self._call(ReferSegment.Request(), greeting) is not None
        if not self._known:
            raise Unanswered(
                f"nobody serves {self._service} after {timeout:g} s; start refer_segment_node with "
                "the same ROS_DOMAIN_ID"
            )

    def ask(
        self,
        expression: str,
        *,
        stamp: Time | None = None,
        image: Image | None = None,
        return_mask: bool = False,
        max_candidates: int = 0,
        timeout: float = 60.0,
    ) -> ReferSegment.Response:
        """The response to ``expression``; raises Unanswered after ``timeout`` seconds.

        ``stamp``, ``image``, ``return_mask`` and ``max_candidates`` as in ReferSegment.srv.
        """
        deadline = time.monotonic() + timeout
        self.wait(timeout)
        request = ReferSegment.Request(
            expression=expression,
            stamp=stamp or Time(),
            image=image or Image(),
            return_mask=return_mask,
            max_candidates=max_candidates,
        )
        response = self._call(request, max(0.0, deadline - time.monotonic()))
        if response is None:
            self._known = False  # perhaps another node serves now
            raise Unanswered(f"{self._service} did not answer '{expression}' within {timeout:g} s")
        return response

    def _call(self, request: ReferSegment.Request, seconds: float) -> ReferSegment.Response | None:
        """The response; None when there is none within ``seconds``."""
        future = self._client.call_async(request)
        self._executor.spin_until_future_complete(future, seconds)
        if future.done():
            return future.result()
        self._client.remove_pending_request(future)
        return None
