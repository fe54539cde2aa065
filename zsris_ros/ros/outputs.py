"""The topics an answer goes out on; every message carries the source image's header."""

from __future__ import annotations

from geometry_msgs.msg import PointStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from zsris_ros.ros import messages
from zsris_ros.ros.answering import Answer

OUTPUT = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=5,
)


class Outputs:
    """``~/mask``, ``~/centroid`` and ``~/overlay`` of ``node``."""

    def __init__(self, node: Node) -> None:
        self._mask = node.create_publisher(Image, "~/mask", OUTPUT)
        self._centroid = node.create_publisher(PointStamped, "~/centroid", OUTPUT)
        self._overlay = node.create_publisher(Image, "~/overlay", OUTPUT)

    def publish(self, answer: Answer, with_overlay: bool) -> None:
        """Publishes what somebody listens to; the centroid only where there is one."""
        if _heard(self._mask):
            self._mask.publish(messages.mask_image(answer))
        centroid = messages.centroid_point(answer)
        if centroid is not None:
            self._centroid.publish(centroid)
        if with_overlay and _heard(self._overlay):
            self._overlay.publish(messages.overlay_image(answer))


def _heard(publisher: Publisher) -> bool:
    return bool(publisher.get_subscription_count() > 0)
