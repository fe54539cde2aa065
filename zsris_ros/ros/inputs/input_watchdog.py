"""Watchdogs of the input topics: detect missing messages and report the reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

MAX_NAMES = 5
"""Publishers or topics named in one sentence."""


class InputWatchdog:
    """Reports why ``subscription`` to the input ``name`` receives no messages, after a timeout.

    ``has_arrived`` is whether there was a message; with ``once`` one message suffices, because
    some drivers send one only.
    """

    has_arrived = False

    def __init__(
        self, node: Node, name: str, subscription: Subscription[Any], once: bool = False
    ) -> None:
        self.topic: str = subscription.topic_name
        self._node, self._name, self._once = node, name, once
        self._type = type_name(subscription.msg_type)
        self._qos = subscription.qos_profile
        self._last = time.monotonic()
        self._logged = ""

    @property
    def age(self) -> float:
        """Seconds since the last known arrival."""
        return time.monotonic() - self._last

    def reset(self, age: float = 0.0) -> None:
        """Restart the timeout, because a message has arrived ``age`` seconds ago."""
        self.has_arrived = True
        self._last = time.monotonic() - age
        self._logged = ""

    def age_note(self, timeout: float) -> str:
        """Return the age of the newest image as a sentence after ``timeout`` seconds, else ""."""
        return "" if self.age < timeout else f"the newest image came {self.age:.0f} s ago"

    def diagnose(self, timeout: float, required: bool) -> tuple[str, bool]:
        """Return why no message has arrived for ``timeout`` seconds, or "" if one has.

        Each reason is logged once. The second value is whether the silence is a fault: the input
        is ``required``, has been there or has a publisher.
        """
        age = self.age
        if age < timeout or (self._once and self.has_arrived):
            return "", False
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        if publishers:
            reason = describe_publishers(publishers, self._type, self._qos)
        else:
            reason = self._missing_publisher()
        sentence = f"no {self._name} on '{self.topic}' for {age:.0f} s: {reason}"
        is_fault = required or self.has_arrived or bool(publishers)
        if reason != self._logged:
            self._logged = reason
            if is_fault:
                self._node.get_logger().warning(sentence)
            else:
                self._node.get_logger().info(sentence)
        return sentence, is_fault

    def _missing_publisher(self) -> str:
        reason = (
            f"the topic has no publisher; start the camera or remap `{self._name}` to its topic"
        )
        others = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if self._type in types and self._has_foreign_publisher(name)
        ]
        kind = "camera_infos" if self._once else "images"
        return f"{reason} ({kind} are on {_join(others)})" if others else reason

    def _has_foreign_publisher(self, topic: str) -> bool:
        own = self._node.get_name(), self._node.get_namespace()
        publishers = self._node.get_publishers_info_by_topic(topic)
        return any((each.node_name, each.node_namespace) != own for each in publishers)


def type_name(message: type[Any]) -> str:
    """Return the ROS name of a message class, such as "sensor_msgs/msg/Image"."""
    return f"{message.__module__.partition('.')[0]}/msg/{message.__name__}"


def describe_publishers(
    publishers: Sequence[TopicEndpointInfo], required_type: str, required_qos: QoSProfile
) -> str:
    """Return each publisher with its type and QoS, and the incompatible one of the two."""
    parts = [
        f"{_node_name(each)} {_compatibility(each, required_type, required_qos)}"
        for each in publishers[:MAX_NAMES]
    ]
    if len(publishers) > MAX_NAMES:
        parts.append(f"and {len(publishers) - MAX_NAMES} more")
    return "; ".join(parts)


def _compatibility(
    publisher: TopicEndpointInfo, required_type: str, required_qos: QoSProfile
) -> str:
    if publisher.topic_type != required_type:
        return (
            f"publishes {publisher.topic_type}: the type does not match, {required_type} is "
            "required (parameters image_transport and depth_transport)"
        )
    offer = f"publishes {required_type}, {_policies(publisher.qos_profile)}"
    compatibility, reason = qos_check_compatible(publisher.qos_profile, required_qos)
    if compatibility == QoSCompatibility.ERROR:
        return (
            f"{offer}: the QoS is incompatible, {_policies(required_qos)} is required "
            f"({' '.join(reason.split()).rstrip(';')})"
        )
    return (
        f"{offer}: type and QoS are compatible, but no message arrives; is the camera running, "
        "and do its images fit the middleware's shared memory (config/fastdds_large_images.xml)?"
    )


def _policies(profile: QoSProfile) -> str:
    return f"{profile.reliability.name.lower()}, {profile.durability.name.lower()}"


def _node_name(publisher: TopicEndpointInfo) -> str:
    name = f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"
    return "an unknown node" if "_UNKNOWN_" in name else name  # before discovery has completed


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more
