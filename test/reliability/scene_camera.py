"""Cameras that publish the recorded scenes of the demo."""

from __future__ import annotations

import time

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from support.ros_camera import Camera, header

from zsris_ros.demo.demo_bag import TABLETOP_BAG, RecordedScene, read_frames, read_truth
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.types import Frame

SCENE_PERIOD = 20.0
"""Seconds that the camera shows one scene."""


class SceneCamera(Camera):
    """A camera that shows the recorded scenes in turn, from the scene ``first`` on."""

    def __init__(self, node: Node, first: int = 0) -> None:
        super().__init__(node)
        self.frame_id = f"{node.get_namespace().lstrip('/') or 'camera'}_color_optical_frame"
        self._first = first
        self.scenes = read_truth(TABLETOP_BAG)
        frames = read_frames(TABLETOP_BAG, [scene.stamps_ns[0] for scene in self.scenes])
        self._frames = [frames[scene.stamps_ns[0]] for scene in self.scenes]
        self._begin = time.monotonic()
        self.sent = 0

    @property
    def scene(self) -> RecordedScene:
        """The current scene."""
        return self.scenes[self._index()]

    @property
    def frame(self) -> Frame:
        """The current frame."""
        return self._frames[self._index()]

    def _index(self) -> int:
        shown = int((time.monotonic() - self._begin) / SCENE_PERIOD)
        return (self._first + shown) % len(self.scenes)

    def send(self, stamp_ns: int, left: int = 0, depth_mm: int | None = None) -> None:
        """Publish the current frame; ignores the last two arguments."""
        frame, now = self.frame, header(stamp_ns, self.frame_id)
        lens = frame.intrinsics
        assert frame.depth is not None and lens is not None
        height, width = frame.depth.shape
        info = CameraInfo(header=now, width=width, height=height)
        info.k = [lens.fx, 0.0, lens.cx, 0.0, lens.fy, lens.cy, 0.0, 0.0, 1.0]
        self.info.publish(info)
        self.depth.publish(to_image(frame.depth, "32FC1", now))
        self.image.publish(to_image(frame.rgb, "rgb8", now))
        self.sent += 1


class StillCamera(SceneCamera):
    """A camera that shows one scene."""

    def _index(self) -> int:
        return self._first
