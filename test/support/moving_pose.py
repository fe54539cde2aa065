"""A process that broadcasts the pose of a moving camera, at the stamps of its arguments only.

The camera of static_pose.py moves along x of base_link.
"""

from __future__ import annotations

import sys

from rclpy.node import Node
from rclpy.time import Time

from support.static_pose import TRANSLATION, camera_transform, spin
from zsris_ros.camera.image_messages import SECOND

SPEED = 0.001
"""Metres in a second of stamps."""


def translation_at(stamp_ns: int) -> tuple[float, float, float]:
    x, y, z = TRANSLATION
    return x + SPEED * stamp_ns / SECOND, y, z


def main() -> None:
    from tf2_ros import TransformBroadcaster

    child, stamps = sys.argv[1], [int(stamp) for stamp in sys.argv[2:]]

    def begin(node: Node) -> None:
        broadcaster = TransformBroadcaster(node)

        def send() -> None:
            for stamp in stamps:
                transform = camera_transform(child, translation_at(stamp))
                transform.header.stamp = Time(nanoseconds=stamp).to_msg()
                broadcaster.sendTransform(transform)

        node.create_timer(0.1, send)  # again and again: a subscriber may not be matched yet

    spin("moving_transform", begin)


if __name__ == "__main__":
    main()
