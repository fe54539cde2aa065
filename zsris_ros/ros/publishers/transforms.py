"""Transformation of answers to a target frame with tf2, where it is installed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.publishers.answer import Answer
from zsris_ros.types import InputError

POLL_PERIOD = 0.01
"""Seconds between two lookups of a transform that has not arrived yet."""

WARM_UP = 2.0
"""Seconds that a lookup waits at least after the subscription to transforms."""

MISSING = "tf2_ros is not installed (sudo apt install ros-$ROS_DISTRO-tf2-ros-py)"


class TargetFrame:
    """Transforms answers to the frame ``frame_id``; "" leaves them in the optical frame.

    The first ``set`` to a frame imports tf2 and subscribes to /tf and /tf_static.
    """

    def __init__(self, node: Node) -> None:
        self.frame_id = ""
        self._node = node
        self._buffer: Any = None
        self._listener: Any = None
        self._warm_at = 0.0

    def set(self, frame_id: str) -> None:
        """Change the frame. Call it in the executor's thread, which owns the subscriptions."""
        self.frame_id = frame_id.lstrip("/")  # tf2 rejects a leading slash
        if self.frame_id and not self.listen():
            self._node.get_logger().warning(
                f"answers stay in the camera's frame instead of '{self.frame_id}': {MISSING}"
            )

    def listen(self) -> bool:
        """Subscribe to /tf and /tf_static, once; False without tf2. In the executor's thread."""
        if self._buffer is None:
            try:
                from tf2_ros import Buffer, TransformListener
            except ImportError:
                return False
            self._buffer = Buffer()
            self._listener = TransformListener(self._buffer, self._node)
            self._warm_at = time.monotonic() + WARM_UP
        return True

    def clear(self) -> None:
        """Drop all transforms but the static ones, after time has jumped back."""
        if self._buffer is not None:
            self._buffer.clear()

    def transform(self, answer: Answer, deadline: float) -> Answer:
        """Return ``answer`` in the frame, or unchanged but for a note on failure.

        Looks the transform at the image's stamp up until ``deadline`` (of time.monotonic). Call it
        in the worker thread: the executor must not wait, and it receives the transforms.
        """
        target, source = self.frame_id, answer.header.frame_id.lstrip("/")
        has_metres = any(extent.box is not None for extent in answer.extents.values())
        if not target or target == source or not has_metres:
            return answer
        try:
            return self.place(answer, target, deadline)
        except (LookupError, InputError) as error:
            sentence = f"metres are in '{source}' instead of '{target}': {error}"
            return replace(answer, note="; ".join(filter(None, (answer.note, sentence))))

    def place(self, answer: Answer, frame_id: str, deadline: float) -> Answer:
        """Return ``answer`` in ``frame_id``; "" is the image's frame. Waits as ``transform``.

        Raises:
            LookupError: There is no such transform; the message is tf2's.
            InputError: The transform is no rotation.
        """
        target, source = frame_id.lstrip("/"), answer.header.frame_id.lstrip("/")
        if not target or target == source:
            return replace(answer, frame_id="", camera_pose=None)
        camera_pose = self._look_up(target, source, answer.header.stamp, deadline)
        return replace(answer, frame_id=target, camera_pose=camera_pose)

    def _look_up(self, target: str, source: str, stamp: Any, deadline: float) -> Pose:
        """Return the pose of ``source`` in ``target``; raise LookupError with tf2's reason."""
        if self._buffer is None:
            raise LookupError(MISSING)
        from tf2_ros import TransformException

        deadline = max(deadline, self._warm_at)
        while True:
            try:
                found = self._buffer.lookup_transform(target, source, Time.from_msg(stamp))
                break
            except TransformException as error:
                if time.monotonic() >= deadline:
                    raise LookupError(str(error).rstrip(". ")) from error
                time.sleep(POLL_PERIOD)
        position, rotation = found.transform.translation, found.transform.rotation
        return Pose.from_quaternion(
            (position.x, position.y, position.z), (rotation.x, rotation.y, rotation.z, rotation.w)
        )
