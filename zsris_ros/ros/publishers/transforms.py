"""Metres in a frame of the robot's, through tf2, where that is installed and knows the way."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.requests.request_handler import Answer
from zsris_ros.types import InputError

PAUSE = 0.01
"""Seconds between two looks for a transform that has not arrived yet."""

MISSING = "tf2_ros is not installed (sudo apt install ros-$ROS_DISTRO-tf2-ros-py)"


class TargetFrame:
    """Places answers in the frame ``frame_id``; "" leaves them in the camera's optical frame.

    tf2 is imported, and /tf and /tf_static are subscribed to, from the first ``set`` to a frame on.
    """

    def __init__(self, node: Node) -> None:
        self.frame_id = ""
        self._node = node
        self._buffer: Any = None
        self._listener: Any = None

    def set(self, frame_id: str) -> None:
        """Changes the frame. For the executor's thread, which subscriptions belong to."""
        self.frame_id = frame_id.lstrip("/")  # tf2 knows no leading slash
        if not self.frame_id or self._buffer is not None:
            return
        try:
            from tf2_ros import Buffer, TransformListener
        except ImportError:
            self._node.get_logger().warning(
                f"answers stay in the camera's frame instead of '{self.frame_id}': {MISSING}"
            )
            return
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self._node)

    def forget(self) -> None:
        """Time has jumped back: drops all transforms but the static ones."""
        if self._buffer is not None:
            self._buffer.clear()

    def place(self, answer: Answer, deadline: float) -> Answer:
        """``answer`` with its metres in the frame; where that fails, as it was, with a note.

        Looks for the transform of the image's stamp until ``deadline`` (of time.monotonic). For the
        worker's thread: the executor's must not wait, and it is what receives the transforms.
        """
        target, source = self.frame_id, answer.header.frame_id.lstrip("/")
        measured = any(extent.box is not None for extent in answer.extents.values())
        if not target or target == source or not measured:
            return answer
        try:
            camera = self._look_up(target, source, Time.from_msg(answer.header.stamp), deadline)
        except (LookupError, InputError) as error:
            sentence = f"metres are in '{source}' instead of '{target}': {error}"
            return replace(answer, note="; ".join(filter(None, (answer.note, sentence))))
        return replace(answer, frame_id=target, camera=camera)

    def _look_up(self, target: str, source: str, stamp: Time, deadline: float) -> Pose:
        """The pose of the frame ``source`` in ``target``; raises LookupError with tf2's reason."""
        if self._buffer is None:
            raise LookupError(MISSING)
        from tf2_ros import TransformException

        while True:
            try:
                found = self._buffer.lookup_transform(target, source, stamp).transform
                break
            except TransformException as error:
                if time.monotonic() >= deadline:
                    raise LookupError(str(error).rstrip(". ")) from error
                time.sleep(PAUSE)
        at, turn = found.translation, found.rotation
        return Pose.from_quaternion((at.x, at.y, at.z), (turn.x, turn.y, turn.z, turn.w))
