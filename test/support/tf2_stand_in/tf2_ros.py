"""A stand-in for tf2_ros, which has no wheels.

It has the names, arguments and errors that the node uses, and looks up single transforms from its
own topic, because the messages of tf2 are missing as well.
"""

from __future__ import annotations

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time

QUALITY = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class TransformException(Exception):
    """There is no such transform."""


class Buffer:
    def __init__(self, cache_time: Duration | None = None) -> None:
        self.kept: dict[tuple[str, str], TransformStamped] = {}

    def lookup_transform(self, target: str, source: str, time: Time) -> TransformStamped:
        assert isinstance(time, Time)
        try:
            return self.kept[target, source]
        except KeyError as error:
            raise TransformException(f'"{target}" does not exist. ') from error

    def clear(self) -> None:
        """Static transforms outlive it."""


class TransformListener:
    def __init__(self, buffer: Buffer, node: Node) -> None:
        self._buffer = buffer
        self._heard = node.create_subscription(
            TransformStamped, "/tf_stand_in", self._keep, QUALITY
        )

    def _keep(self, transform: TransformStamped) -> None:
        names = transform.header.frame_id, transform.child_frame_id
        self._buffer.kept[names] = transform


class StaticTransformBroadcaster:
    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(TransformStamped, "/tf_stand_in", QUALITY)

    def sendTransform(self, transform: TransformStamped) -> None:
        self._publisher.publish(transform)
