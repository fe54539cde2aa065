"""Why does no image come? Says who publishes, with what type and quality of service."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

MOST_NAMED = 5
"""Publishers or topics that a sentence names at most."""


@dataclass(frozen=True)
class Wanted:
    """What a subscription takes: the type's name ("sensor_msgs/msg/Image"), and the quality."""

    kind: str
    quality: QoSProfile


def type_name(message: type[Any]) -> str:
    """ROS's name of a message's class."""
    return f"{message.__module__.partition('.')[0]}/msg/{message.__name__}"


class Silence:
    """Says why no image comes to ``subscription``, once none has come for a while."""

    def __init__(self, node: Node, subscription: Subscription[Any]) -> None:
        self.topic: str = subscription.topic_name
        self._node = node
        self._wanted = Wanted(type_name(subscription.msg_type), subscription.qos_profile)
        self._since = time.monotonic()
        self._logged = ""

    def end(self) -> None:
        """An image has come."""
        self._since = time.monotonic()
        self._logged = ""

    def stale(self, timeout: float) -> str:
        """A sentence for answers about the newest image, once it is ``timeout`` seconds old."""
        silent = time.monotonic() - self._since
        return "" if silent < timeout else f"the newest image came {silent:.0f} s ago"

    def explain(self, timeout: float) -> str:
        """A sentence once no image has come for ``timeout`` seconds; else empty.

        A reason is logged once, and again when it changes.
        """
        silent = time.monotonic() - self._since
        if silent < timeout:
            return ""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        reason = describe(publishers, self._wanted) if publishers else self._nobody()
        sentence = f"no image on '{self.topic}' for {silent:.0f} s: {reason}"
        if reason != self._logged:
            self._node.get_logger().warning(sentence)
            self._logged = reason
        return sentence

    def _nobody(self) -> str:
        said = "nobody publishes there; start the camera or remap `image` to its topic"
        others = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if self._wanted.kind in types and self._is_foreign(name)
        ]
        return f"{said} (images are on {_listed(others)})" if others else said

    def _is_foreign(self, topic: str) -> bool:
        """Whether somebody else than this node publishes on ``topic``."""
        me = self._node.get_name(), self._node.get_namespace()
        publishers = self._node.get_publishers_info_by_topic(topic)
        return any((each.node_name, each.node_namespace) != me for each in publishers)


def describe(publishers: Sequence[TopicEndpointInfo], wanted: Wanted) -> str:
    """Each publisher with its type and quality of service, and which part does not fit."""
    parts = [f"{_name(each)} {_fit(each, wanted)}" for each in publishers[:MOST_NAMED]]
    if len(publishers) > MOST_NAMED:
        parts.append(f"and {len(publishers) - MOST_NAMED} more")
    return "; ".join(parts)


def _fit(publisher: TopicEndpointInfo, wanted: Wanted) -> str:
    if publisher.topic_type != wanted.kind:
        return (
            f"publishes {publisher.topic_type}: the type does not fit, {wanted.kind} is needed "
            "(parameters image_transport and depth_transport)"
        )
    offered = publisher.qos_profile
    quality = f"publishes {wanted.kind}, {_quality(offered)}"
    fits, reason = qos_check_compatible(offered, wanted.quality)
    if fits == QoSCompatibility.ERROR:
        return (
            f"{quality}: the quality of service does not fit, {_quality(wanted.quality)} is wanted "
            f"({' '.join(reason.split()).rstrip(';')})"
        )
    return (
        f"{quality}: type and quality of service fit, but nothing arrives; is the camera running, "
        "and do its images fit the middleware's shared memory (config/fastdds_large_images.xml)?"
    )


def _quality(profile: QoSProfile) -> str:
    return f"{profile.reliability.name.lower()}, {profile.durability.name.lower()}"


def _name(publisher: TopicEndpointInfo) -> str:
    name = f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"
    # What the middleware says as long as it does not know.
    return "somebody" if "_UNKNOWN_" in name else name


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
