"""The topics an answer goes out on.

Every message carries the source image's header; where the answer is placed in a target frame, those
that are in metres name that frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PointStamped, PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from zsris_ros.ros import qos
from zsris_ros.ros.publishers import labels, result_messages
from zsris_ros.ros.publishers.markers import marker_array
from zsris_ros.ros.publishers.point_cloud import point_cloud
from zsris_ros.ros.publishers.pose_conversions import box_pose, centroid_point
from zsris_ros.ros.requests.request_handler import Answer

OUTPUT = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=5,
)

LATCHED = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,  # whoever comes late still learns the labels
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
)


class Outputs:
    """``~/mask``, ``~/centroid``, ``~/overlay`` and the other topics of ``node``.

    ``~/label_info`` and ``~/detections`` exist where vision_msgs is installed. ``~/say`` tells
    whoever asked on a topic, for a speech synthesiser or a display.
    """

    def __init__(self, node: Node) -> None:
        self._outputs: list[tuple[Publisher[Any], Callable[[Answer], Any]]] = []
        self._add(node, Image, "~/mask", result_messages.mask_image)
        self._add(node, PointStamped, "~/centroid", centroid_point)
        self._add(node, PoseStamped, "~/pose", box_pose)
        self._add(node, Image, "~/label_mask", labels.label_image)
        self._add(node, MarkerArray, "~/markers", marker_array)
        self._add(node, PointCloud2, "~/segmented_points", point_cloud)
        self._overlay = publisher(node, Image, "~/overlay")
        self._say = publisher(node, String, "~/say")
        self._vision = labels.vision_msgs()
        self._info: Publisher[Any] | None = None
        if self._vision is None:
            node.get_logger().info(
                "~/label_info and ~/detections are not published, because vision_msgs is not "
                "installed (sudo apt install ros-$ROS_DISTRO-vision-msgs)"
            )
            return
        self._info = publisher(node, self._vision.LabelInfo, "~/label_info", LATCHED)
        self._add(
            node,
            self._vision.Detection2DArray,
            "~/detections",
            lambda answer: labels.detections(answer, self._vision),
        )

    def _add(self, node: Node, kind: type[Any], topic: str, make: Callable[[Answer], Any]) -> None:
        self._outputs.append((publisher(node, kind, topic), make))

    def say(self, sentence: str) -> None:
        """Publishes a sentence for the person who asked."""
        self._say.publish(String(data=sentence))

    def publish(self, answer: Answer, with_overlay: bool) -> None:
        """Makes and publishes what somebody listens to; nothing in metres where there are none."""
        if self._info is not None:
            self._info.publish(labels.label_info(answer, self._vision))
        for publisher, make in self._outputs:
            message = make(answer) if _heard(publisher) else None
            if message is not None:
                publisher.publish(message)
        if with_overlay and _heard(self._overlay):
            self._overlay.publish(result_messages.overlay_image(answer))


def publisher(
    node: Node, kind: type[Any], topic: str, quality: QoSProfile = OUTPUT
) -> Publisher[Any]:
    """One of ``node`` that costs nothing while nothing is published."""
    return node.create_publisher(kind, topic, quality, event_callbacks=qos.PUBLISHER)


def _heard(publisher: Publisher[Any]) -> bool:
    return bool(publisher.get_subscription_count() > 0)
