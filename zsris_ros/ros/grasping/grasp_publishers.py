"""Topics on which planned grasps are published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from zsris_ros.ros.grasping.collision_objects import collision_objects, moveit_messages
from zsris_ros.ros.grasping.grasp_messages import best_pose, gripper_markers, scene_cloud
from zsris_ros.ros.grasping.grasp_planning import PlannedGrasp
from zsris_ros.ros.qos import create_publisher


class GraspPublishers:
    """The topics of ``node`` for planned grasps, such as ``~/grasp``.

    ``~/collision_object`` exists only where moveit_msgs is installed.
    """

    def __init__(self, node: Node) -> None:
        topics: list[tuple[str, Any, Callable[[PlannedGrasp], list[Any]]]] = [
            ("~/grasp", PoseStamped, lambda planned: [best_pose(planned)]),
            ("~/grasp_markers", MarkerArray, lambda planned: [gripper_markers(planned)]),
            ("~/scene_cloud", PointCloud2, lambda planned: [scene_cloud(planned)]),
        ]
        messages = moveit_messages()
        if messages is not None:
            kind = messages.moveit.CollisionObject
            topics.append(
                ("~/collision_object", kind, lambda planned: collision_objects(planned, messages))
            )
        self._publishers: list[tuple[Publisher[Any], Callable[[PlannedGrasp], list[Any]]]] = [
            (create_publisher(node, message_type, topic), convert)
            for topic, message_type, convert in topics
        ]

    @property
    def wanted(self) -> bool:
        """Whether any of the topics has a subscriber."""
        return any(publisher.get_subscription_count() > 0 for publisher, _ in self._publishers)

    def publish(self, planned: PlannedGrasp) -> None:
        """Convert and publish a plan on the topics with subscribers.

        Without a grasp there is no message but the markers', which delete the previous ones.
        """
        for publisher, convert in self._publishers:
            if publisher.get_subscription_count() > 0:
                for message in convert(planned):
                    if message is not None:
                        publisher.publish(message)
