"""A process that broadcasts the camera's pose: 1 m above base_link, looking forward."""

from __future__ import annotations

import sys
from collections.abc import Callable

import rclpy
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from rclpy.node import Node

TRANSLATION = 0.1, 0.2, 1.0
QUATERNION = -0.5, 0.5, -0.5, 0.5
"""Optical frame in a body frame (REP 103): z is x, x is -y, y is -z of the body."""


def camera_transform(
    child: str, translation: tuple[float, float, float] = TRANSLATION
) -> TransformStamped:
    transform = TransformStamped(child_frame_id=child)
    transform.header.frame_id = "base_link"
    transform.transform.translation = Vector3(**dict(zip("xyz", translation, strict=True)))
    transform.transform.rotation = Quaternion(**dict(zip("xyzw", QUATERNION, strict=True)))
    return transform


def spin(name: str, begin: Callable[[Node], None]) -> None:
    """Spin a node after ``begin`` until a signal ends the process."""
    rclpy.init()
    try:
        node = rclpy.create_node(name)
        begin(node)
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


def main() -> None:
    from tf2_ros import StaticTransformBroadcaster

    def send(node: Node) -> None:
        StaticTransformBroadcaster(node).sendTransform(camera_transform(sys.argv[1]))

    spin("static_transform", send)


if __name__ == "__main__":
    main()
