"""Topics on which answers are published.

Each message has the header of the image; metric ones name the target frame if there is one, and
are published for the status FOUND only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PointStamped, PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from zsris_ros.msg import RequestResult
from zsris_ros.ros.publishers import labels, result_messages
from zsris_ros.ros.publishers.answer import Answer, Reply
from zsris_ros.ros.publishers.markers import marker_array
from zsris_ros.ros.publishers.point_cloud import point_cloud
from zsris_ros.ros.publishers.pose_conversions import box_pose, centroid_point, place_point
from zsris_ros.ros.qos import LATCHED, create_publisher


class ResultPublishers:
    """The topics of ``node`` for answers, such as ``~/mask``, and ``~/say`` for their sentences.

    ``~/result`` has the outcome of every request.

    ``~/label_info`` and ``~/detections`` exist only where vision_msgs is installed.
    """

    def __init__(self, node: Node) -> None:
        self._vision_msgs = labels.vision_msgs()
        topics: list[tuple[str, Any, Callable[[Answer], Any]]] = [
            ("~/mask", Image, result_messages.mask_image),
            ("~/centroid", PointStamped, centroid_point),
            ("~/pose", PoseStamped, box_pose),
            ("~/place", PointStamped, place_point),
            ("~/label_mask", Image, labels.label_image),
            ("~/markers", MarkerArray, marker_array),
            ("~/segmented_points", PointCloud2, point_cloud),
        ]
        self._overlay = create_publisher(node, Image, "~/overlay")
        self._sentence = create_publisher(node, String, "~/say")
        self._result = create_publisher(node, RequestResult, "~/result")
        self._label_info: Publisher[Any] | None = None
        if self._vision_msgs is None:
            node.get_logger().info(
                "~/label_info and ~/detections are not published, because vision_msgs is not "
                "installed (sudo apt install ros-$ROS_DISTRO-vision-msgs)"
            )
        else:
            label_info = self._vision_msgs.LabelInfo
            self._label_info = create_publisher(node, label_info, "~/label_info", LATCHED)
            topics.append(("~/detections", self._vision_msgs.Detection2DArray, self._detections))
        self._publishers = [
            (create_publisher(node, message_type, topic), convert)
            for topic, message_type, convert in topics
        ]

    def publish_sentence(self, sentence: str) -> None:
        """Publish a sentence on ``~/say``."""
        self._sentence.publish(String(data=sentence))

    def publish(self, reply: Reply, with_overlay: bool) -> None:
        """Publish a reply: its outcome, and the answer on the topics with subscribers.

        Metric topics get no message without depth and unless the status is FOUND.
        """
        answer = reply.answer
        if self._label_info is not None:
            self._label_info.publish(labels.label_info(answer, self._vision_msgs))
        for publisher, convert in self._publishers:
            message = convert(answer) if _has_subscribers(publisher) else None
            if message is not None:
                publisher.publish(message)
        if with_overlay and _has_subscribers(self._overlay):
            self._overlay.publish(result_messages.overlay_image(answer))
        # Last, so that the result announces messages that are already sent.
        self.publish_outcome(reply.outcome)

    def publish_outcome(self, outcome: RequestResult) -> None:
        """Publish the outcome of a request, with or without an answer, on ``~/result``."""
        self._result.publish(outcome)

    def _detections(self, answer: Answer) -> Any:
        return labels.detections(answer, self._vision_msgs)


def _has_subscribers(publisher: Publisher[Any]) -> bool:
    return bool(publisher.get_subscription_count() > 0)
