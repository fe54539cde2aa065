"""Poses of the camera in other frames from tf2, where it is installed."""

from __future__ import annotations

import time
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.types import InputError

POLL_PERIOD = 0.01
"""Seconds between two lookups of a transform that has not arrived yet."""

MEMORY = Duration(seconds=30)
"""How long transforms are kept; tf2's default of 10 s is the age of a spoken request's frame."""

WARM_UP = 2.0
"""Seconds after the subscription in which a lookup waits for the first transforms."""

MISSING = "tf2_ros is not installed (sudo apt install ros-$ROS_DISTRO-tf2-ros-py)"


class TransformLookup:
    """Looks up the pose of a camera at the stamp of its image.

    The first ``listen`` imports tf2 and subscribes to /tf and /tf_static.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._buffer: Any = None
        self._listener: Any = None
        self._listens = False
        self._warm_at = 0.0

    def listen(self) -> None:
        """Subscribe to the transforms; in the executor's thread, which owns the subscriptions."""
        if self._listens:
            return
        self._listens = True
        try:
            from tf2_ros import Buffer, TransformListener
        except ImportError:
            self._node.get_logger().warning(f"no metres in a target frame: {MISSING}")
            return
        self._buffer = Buffer(cache_time=MEMORY)
        self._listener = TransformListener(self._buffer, self._node)
        self._warm_at = time.monotonic() + WARM_UP

    def clear(self) -> None:
        """Drop all transforms but the static ones, after time has jumped back."""
        if self._buffer is not None:
            self._buffer.clear()

    def __call__(self, target: str, header: Header, deadline: float) -> Pose:
        """Return the pose of the header's frame in ``target`` at the header's stamp.

        Waits for the transform until ``deadline`` (of time.monotonic; 0 for no wait), so call it in
        the worker thread: the executor receives the transforms.

        Raises:
            LookupError: There is no such transform; the message has tf2's reason.
        """
        if self._buffer is None:
            raise LookupError(MISSING)
        from tf2_ros import TransformException

        source, stamp = header.frame_id.lstrip("/"), Time.from_msg(header.stamp)
        if deadline:
            deadline = max(deadline, self._warm_at)
        while True:
            try:
                found = self._buffer.lookup_transform(target, source, stamp).transform
                break
            except TransformException as error:
                if time.monotonic() >= deadline:
                    raise LookupError(str(error).rstrip(". ")) from error
                time.sleep(POLL_PERIOD)
        position, rotation = found.translation, found.rotation
        try:
            return Pose.from_quaternion(
                (position.x, position.y, position.z),
                (rotation.x, rotation.y, rotation.z, rotation.w),
            )
        except InputError as error:
            raise LookupError(str(error)) from error
