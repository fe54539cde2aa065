"""A stand-in for tf2_ros, which has no wheels.

It has the names, arguments and errors that the node uses, and looks up single transforms from its
own topics, because the messages of tf2 are missing as well. A transform holds until the next one.
"""

from __future__ import annotations

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time

QUALITY = QoSProfile(depth=10)
STATIC_QUALITY = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOPIC, STATIC_TOPIC = "/tf_stand_in", "/tf_static_stand_in"


class TransformException(Exception):
    """There is no such transform."""


class Buffer:
    """Keeps static transforms for ever, and others until newer ones exceed ``cache_time``."""

    def __init__(self, cache_time: Duration | None = None) -> None:
        self._memory = (cache_time or Duration(seconds=10)).nanoseconds
        self._static: dict[tuple[str, str], TransformStamped] = {}
        self._kept: dict[tuple[str, str], dict[int, TransformStamped]] = {}

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        self._static[_names(transform)] = transform

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        stamp = Time.from_msg(transform.header.stamp).nanoseconds
        kept = {**self._kept.get(_names(transform), {}), stamp: transform}
        oldest = max(kept) - self._memory
        # A new dictionary, because another thread may look a transform up.
        self._kept[_names(transform)] = {at: kept[at] for at in sorted(kept) if at >= oldest}

    def lookup_transform(self, target: str, source: str, time: Time) -> TransformStamped:
        assert isinstance(time, Time)
        if (target, source) in self._static:
            return self._static[target, source]
        kept = self._kept.get((target, source))
        if not kept:
            raise TransformException(f'"{target}" does not exist. ')
        before = [at for at in kept if at <= time.nanoseconds]
        if not before or time.nanoseconds > max(kept):
            where = "future" if before else "past"
            raise TransformException(f"Lookup would require extrapolation into the {where}. ")
        return kept[before[-1]]

    def clear(self) -> None:
        """Static transforms outlive it."""
        self._kept.clear()


def _names(transform: TransformStamped) -> tuple[str, str]:
    return transform.header.frame_id, transform.child_frame_id


class TransformListener:
    def __init__(self, buffer: Buffer, node: Node) -> None:
        def keep(transform: TransformStamped) -> None:
            buffer.set_transform(transform, "")

        def keep_static(transform: TransformStamped) -> None:
            buffer.set_transform_static(transform, "")

        self._subscriptions = (
            node.create_subscription(TransformStamped, TOPIC, keep, QUALITY),
            node.create_subscription(TransformStamped, STATIC_TOPIC, keep_static, STATIC_QUALITY),
        )


class TransformBroadcaster:
    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(TransformStamped, TOPIC, QUALITY)

    def sendTransform(self, transform: TransformStamped) -> None:
        self._publisher.publish(transform)


class StaticTransformBroadcaster:
    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(TransformStamped, STATIC_TOPIC, STATIC_QUALITY)

    def sendTransform(self, transform: TransformStamped) -> None:
        self._publisher.publish(transform)
