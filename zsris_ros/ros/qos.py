"""QoS profiles of the endpoints, and endpoints without QoS event callbacks.

By default rclpy gives each endpoint two event handlers for incompatible QoS and types, and each
handler takes part in every turn of the executor. They are off here: a subscriber detects an
incompatible publisher by itself, and SENSOR is compatible with every publisher.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

SENSOR = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=60,  # that of the node's subscriptions is the parameter buffer_length
)

RESULTS = QoSProfile(reliability=ReliabilityPolicy.RELIABLE, depth=5)

LATCHED = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,  # late subscribers get the last message as well
    depth=1,
)

OVERRIDABLE = (
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
)
"""Policies of the camera's topics that parameters override."""

SERVICE = QoSProfile(depth=1000)
"""For both ends of the service and the action. ROS's default queue holds 10 calls and drops further
ones, and the caller of a dropped call waits forever."""


def create_publisher(
    node: Node, message_type: type[Any], topic: str, profile: QoSProfile = RESULTS
) -> Publisher[Any]:
    """Create a publisher of ``node`` without event callbacks."""
    events = PublisherEventCallbacks(use_default_callbacks=False)
    return node.create_publisher(message_type, topic, profile, event_callbacks=events)


def create_camera_subscription(
    node: Node,
    message_type: type[Any],
    topic: str,
    group: CallbackGroup,
    depth: int,
    profile: QoSProfile = SENSOR,
) -> Subscription[Any]:
    """Create a raw subscription of ``node`` without callbacks; ``take_all`` reads it.

    Its queue holds ``depth`` messages. The parameters
    ``qos_overrides.TOPIC.subscription.POLICY`` override SENSOR.
    """
    quality = copy(profile)  # rclpy writes the overrides into it
    quality.depth = depth
    overrides = QoSOverridingOptions(OVERRIDABLE if profile is SENSOR else ())
    return node.create_subscription(
        message_type,
        topic,
        lambda _: None,
        quality,
        callback_group=group,
        event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        qos_overriding_options=overrides,
        raw=True,
    )
