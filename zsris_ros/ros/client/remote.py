"""The service without messages: for programs that want answers and know nothing of rclpy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import rclpy
from builtin_interfaces.msg import Time
from sensor_msgs.msg import RegionOfInterest
from std_msgs.msg import Header

from zsris_ros.camera.conversions import to_array
from zsris_ros.camera.image_messages import stamp_ns as stamp_of
from zsris_ros.msg import Candidate as CandidateMessage
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.srv import ReferSegment
from zsris_ros.types import BoolArray, ByteArray, Candidate, Point, Verdict


@dataclass(frozen=True, eq=False)
class RemoteAnswer:
    """A response as the core's data.

    ``verdict`` is None where there was no answer; ``status`` and ``message`` then say why. ``mask``
    bool HxW and ``centroid`` in metres are None where there are none. ``total_ms`` is the node's.
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


class Remote:
    """Asks ``/refer_segment``; see ``connected``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def wait(self, timeout: float) -> None:
        """Returns when the service is there; raises TimeoutError after ``timeout`` seconds."""
        self._client.wait(timeout)

    def ask(self, expression: str, stamp_ns: int, timeout: float) -> RemoteAnswer:
        """What ``expression`` means in the frame of that stamp; raises TimeoutError."""
        seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
        stamp = Time(sec=seconds, nanosec=nanoseconds)
        response = self._client.ask(expression, stamp=stamp, return_mask=True, timeout=timeout)
        return to_answer(response)

    def ask_about(self, rgb: ByteArray, expression: str, timeout: float) -> RemoteAnswer:
        """What ``expression`` means in a picture of our own, uint8 HxWx3; raises TimeoutError."""
        image = to_image(rgb, "rgb8", Header())
        response = self._client.ask(expression, image=image, return_mask=True, timeout=timeout)
        return to_answer(response)

    def give_up(self) -> None:
        """Ends a question that is waiting for its answer; it raises. For another thread."""
        rclpy.try_shutdown()


@contextmanager
def connected(service: str = "/refer_segment") -> Iterator[Remote]:
    """A connection to the node, in the ROS domain of the environment."""
    rclpy.init(args=[])
    try:
        with Client(service) as client:
            yield Remote(client)
    finally:
        rclpy.try_shutdown()


def to_answer(response: ReferSegment.Response) -> RemoteAnswer:
    """``response`` as plain data."""
    status = STATUS_NAMES.get(response.status, f"status {response.status}")
    point = response.centroid.point
    return RemoteAnswer(
        status=status,
        message=response.message,
        explanation=response.explanation,
        verdict=Verdict[status] if status in Verdict.__members__ else None,
        candidates=tuple(_candidate(index, each) for index, each in enumerate(response.candidates)),
        mask=to_array(response.mask) > 0 if response.mask.width else None,
        centroid=(point.x, point.y, point.z) if response.has_depth else None,
        stamp_ns=stamp_of(response.header),
        total_ms=response.total_ms,
        cache_hit=response.cache_hit,
    )


def _candidate(index: int, message: CandidateMessage) -> Candidate:
    box: RegionOfInterest = message.box
    point = message.centroid
    return Candidate(
        index=index,
        score=message.score,
        # A message counts columns, the core x_max - x_min.
        box=(float(box.x_offset), float(box.y_offset), box.width - 1.0, box.height - 1.0),
        centroid_pixel=(message.centroid_pixel.x, message.centroid_pixel.y),
        centroid=(point.x, point.y, point.z) if message.has_depth else None,
        source=message.source,
        selected=message.selected,
    )
