"""A process that broadcasts the camera's pose: 1 m above base_link, looking forward."""

from __future__ import annotations

import sys

import rclpy
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3

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


def main() -> None:
    from tf2_ros import StaticTransformBroadcaster

    rclpy.init()
    try:
        node = rclpy.create_node("static_transform")
        broadcaster = StaticTransformBroadcaster(node)
        broadcaster.sendTransform(camera_transform(sys.argv[1]))
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
