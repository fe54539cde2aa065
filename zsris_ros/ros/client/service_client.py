"""A client of refer_segment_node for plain Python programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import rclpy
from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from zsris_ros.camera.conversions import to_array
from zsris_ros.camera.image_messages import SECOND, stamp_ns
from zsris_ros.msg import Candidate as CandidateMessage
from zsris_ros.msg import RequestResult
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.qos import SERVICE
from zsris_ros.srv import ReferSegment
from zsris_ros.types import BoolArray, ByteArray, Candidate, Point, Verdict

STATUS_NAMES = {
    getattr(RequestResult, name): name
    for name in (
        *("FOUND", "AMBIGUOUS", "NOT_FOUND", "NO_IMAGE", "INVALID_REQUEST", "BUSY", "FAILED"),
        *("CANCELED", "NO_TRANSFORM"),
    )
}

DISCOVERY_DELAY = 0.1
"""Seconds between discovery of the node and the first call. The node must discover the client, too:
when it responds to an undiscovered client, Fast DDS blocks it, with all callbacks, for as long."""

FIRST_CALL_TIMEOUT = 2.0
"""Seconds after which a client without any response so far repeats its first call."""


class Unanswered(TimeoutError):
    """The service is missing or did not answer in time."""


@dataclass(frozen=True, eq=False)
class RemoteAnswer:
    """An outcome as plain data.

    ``verdict`` is None without an answer; ``status`` and ``message`` have the reason. ``mask``
    (bool HxW) and ``centroid`` (metres) can be None. ``total_ms`` is the node's time.
    """

    status: str
    message: str
    explanation: str
    verdict: Verdict | None
    candidates: tuple[Candidate, ...]
    mask: BoolArray | None
    centroid: Point | None
    stamp_ns: int
    total_ms: float
    cache_hit: bool


class Client:
    """A client of ``/refer_segment`` with its own node; rclpy must be initialised.

    Example::

        with Client() as client:
            outcome = client.ask("the red mug", timeout=30.0)
    """

    def __init__(self, service: str = "/refer_segment", name: str = "refer_segment_client") -> None:
        # Without parameter services, which make each wait of the executor longer.
        self.node = rclpy.create_node(name, start_parameter_services=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._client: Any = self.node.create_client(ReferSegment, service, qos_profile=SERVICE)
        self._service = service
        self._connected = False

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Destroy the node."""
        self._executor.shutdown(timeout_sec=0.0)
        self.node.destroy_node()

    def wait(self, timeout: float) -> None:
        """Wait until the service responds; raise Unanswered after ``timeout`` seconds.

        ROS reports a service as ready before its node has discovered the client, and can lose a
        call meanwhile. The first call therefore has no expression, which the node refuses at once,
        and is repeated until the refusal arrives.
        """
        deadline = time.monotonic() + timeout
        ready = self._client.wait_for_service(timeout_sec=timeout)
        if ready and not self._connected:
            time.sleep(min(DISCOVERY_DELAY, max(0.0, deadline - time.monotonic())))
        while ready and not self._connected and time.monotonic() < deadline:
            call_timeout = min(FIRST_CALL_TIMEOUT, deadline - time.monotonic())
            self._connected = self._call(ReferSegment.Request(), call_timeout) is not None
        if not self._connected:
            raise Unanswered(
                f"no node serves {self._service} after {timeout:g} s; start refer_segment_node "
                "with the same ROS_DOMAIN_ID"
            )

    def ask(
        self,
        expression: str,
        *,
        stamp: Time | None = None,
        image: Image | None = None,
        depth: Image | None = None,
        camera_info: CameraInfo | None = None,
        return_mask: bool = False,
        return_candidate_masks: bool = False,
        max_candidates: int = 0,
        target_frame: str = "",
        timeout: float = 60.0,
    ) -> RequestResult:
        """Call the service with the fields of ReferSegment.srv, and return the outcome.

        Raises:
            Unanswered: No response within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        self.wait(timeout)
        request = ReferSegment.Request(
            expression=expression,
            stamp=stamp or Time(),
            image=image or Image(),
            depth=depth or Image(),
            camera_info=camera_info or CameraInfo(),
            return_mask=return_mask,
            return_candidate_masks=return_candidate_masks,
            max_candidates=max_candidates,
            target_frame=target_frame,
        )
        response = self._call(request, max(0.0, deadline - time.monotonic()))
        if response is None:
            self._connected = False  # another node may serve now
            raise Unanswered(f"{self._service} did not answer '{expression}' within {timeout:g} s")
        return response.outcome

    def refer(self, expression: str, frame: int | ByteArray, timeout: float) -> RemoteAnswer:
        """Call the service with plain data, without messages.

        Args:
            expression: The referring expression.
            frame: Stamp of a camera frame in nanoseconds, or an image (uint8 HxWx3, RGB).
            timeout: Seconds.

        Raises:
            Unanswered: No response within ``timeout`` seconds.
        """
        if isinstance(frame, int):
            stamp = Time(sec=frame // SECOND, nanosec=frame % SECOND)
            outcome = self.ask(expression, stamp=stamp, return_mask=True, timeout=timeout)
        else:
            image = to_image(frame, "rgb8", Header())
            outcome = self.ask(expression, image=image, return_mask=True, timeout=timeout)
        return _to_answer(outcome)

    def _call(self, request: ReferSegment.Request, timeout: float) -> ReferSegment.Response | None:
        """Return the response; None after ``timeout`` seconds."""
        future = self._client.call_async(request)
        self._executor.spin_until_future_complete(future, timeout)
        if future.done():
            return future.result()
        self._client.remove_pending_request(future)
        return None


@contextmanager
def connected() -> Iterator[Client]:
    """Initialise rclpy and create a client; shut both down afterwards."""
    rclpy.init(args=[])
    try:
        with Client() as client:
            yield client
    finally:
        rclpy.try_shutdown()


def disconnect() -> None:
    """Shut rclpy down, so that a waiting call raises; for another thread than the client's."""
    rclpy.try_shutdown()


def _to_answer(outcome: RequestResult) -> RemoteAnswer:
    status = STATUS_NAMES.get(outcome.status, f"status {outcome.status}")
    point = outcome.centroid.point
    return RemoteAnswer(
        status=status,
        message=outcome.message,
        explanation=outcome.explanation,
        verdict=Verdict[status] if status in Verdict.__members__ else None,
        candidates=tuple(
            _to_candidate(index, each) for index, each in enumerate(outcome.candidates)
        ),
        mask=to_array(outcome.mask) > 0 if outcome.mask.width else None,
        centroid=(point.x, point.y, point.z) if outcome.has_depth else None,
        stamp_ns=stamp_ns(outcome.header),
        total_ms=outcome.total_seconds * 1e3,
        cache_hit=outcome.cache_hit,
    )


def _to_candidate(index: int, message: CandidateMessage) -> Candidate:
    box, point = message.box, message.centroid
    return Candidate(
        index=index,
        score=message.score,
        # A message has the number of columns, a Candidate x_max - x_min.
        box=(float(box.x_offset), float(box.y_offset), box.width - 1.0, box.height - 1.0),
        centroid_pixel=(message.centroid_pixel.x, message.centroid_pixel.y),
        centroid=(point.x, point.y, point.z) if message.has_depth else None,
        source=message.source,
        selected=message.selected,
    )
