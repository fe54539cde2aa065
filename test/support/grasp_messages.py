"""A ray-cast table as camera messages: the first thing is red, for support/stand_in_model.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from support.grasp_scenes import CAMERA, BoxOnTable, CupOnTable, cast
from support.ros_camera import FRAME, Camera, header
from zsris_ros.ros.publishers.image_conversions import to_image

BOX = BoxOnTable((0.0, 0.0), (0.05, 0.09, 0.07))
NEIGHBOUR = BoxOnTable((0.14, 0.02), (0.05, 0.05, 0.05))
RED = 250, 10, 10


@dataclass(frozen=True)
class TableMessages:
    """image, depth and camera_info of things on a table; with ``red`` the first one is red."""

    things: tuple[BoxOnTable | CupOnTable, ...] = (BOX, NEIGHBOUR)
    red: bool = True
    stamp_ns: int = 1
    frame_id: str = FRAME
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        frame, masks = cast(*self.things)
        rgb = np.full_like(frame.rgb, 90)
        if self.red and masks:
            rgb[masks[0]] = RED
        about = header(self.stamp_ns, self.frame_id)
        info = CameraInfo(width=frame.width, height=frame.height, header=about)
        info.k = [CAMERA.fx, 0.0, CAMERA.cx, 0.0, CAMERA.fy, CAMERA.cy, 0.0, 0.0, 1.0]
        self._made.update(
            image=to_image(rgb, "rgb8", about),
            depth=to_image(np.asarray(frame.depth), "32FC1", about),
            camera_info=info,
        )

    @property
    def image(self) -> Image:
        return self._made["image"]

    def goal_fields(self) -> dict[str, Any]:
        """The fields of a goal that brings its own frame."""
        return dict(self._made)

    def send(self, camera: Camera) -> None:
        """Publish the frame."""
        camera.send_again = lambda: self.send(camera)
        camera.info.publish(self._made["camera_info"])
        camera.depth.publish(self._made["depth"])
        camera.image.publish(self._made["image"])
