"""A video of lifts: trials from the side, with the object's name and the outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from zsris_ros.evaluation.grasping.grasp_simulation import FILM_PERIOD
from zsris_ros.evaluation.grasping.physics_model import (
    GRIPPER_GROUP,
    HEIGHT,
    VISUAL_GROUP,
    WIDTH,
)
from zsris_ros.evaluation.grasping.scenes import SceneLayout
from zsris_ros.simulation.render import import_mujoco
from zsris_ros.types import InputError

_DISTANCE, _ELEVATION, _LOOK_AT = 0.85, -22.0, (0.0, 0.0, 0.10)
_ASIDE = 35.0  # degrees beside the scene's own camera
_REST = 12  # pictures for which a result stays
_INK, _SHADOW = (255, 255, 255), (30, 30, 30)


class LiftFilm:
    """Writes the first ``lifts`` trials to an mp4 file.

    Raises:
        InputError: OpenCV cannot write the file.
    """

    def __init__(self, path: Path, lifts: int = 10) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        codec = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(path), codec, 1 / FILM_PERIOD, (WIDTH, HEIGHT))
        if not self._writer.isOpened():
            raise InputError(f"{path} cannot be written as a video: use a name that ends in .mp4")
        self._left = lifts
        self._caption = ""
        self._azimuth = 0.0
        self._renderer: Any = None
        self._last = np.zeros((HEIGHT, WIDTH, 3), np.uint8)

    @property
    def wants_more(self) -> bool:
        """Whether further trials are to be filmed."""
        return self._left > 0

    def begin(self, scene: SceneLayout, caption: str) -> None:
        """Start with a trial in a scene."""
        x, y, _ = scene.viewpoint.position
        self._azimuth = float(np.degrees(np.arctan2(-y, -x))) + _ASIDE
        self._caption = caption
        self._left -= 1

    def shoot(self, model: Any, data: Any) -> None:
        """Add one picture; for ``film`` of GraspSimulation."""
        mujoco = import_mujoco()
        if self._renderer is None:
            self._renderer = mujoco.Renderer(model, HEIGHT, WIDTH)
        camera, option = mujoco.MjvCamera(), mujoco.MjvOption()
        camera.lookat, camera.distance = _LOOK_AT, _DISTANCE
        camera.azimuth, camera.elevation = self._azimuth, _ELEVATION
        option.geomgroup[:] = 0
        option.geomgroup[[0, VISUAL_GROUP, GRIPPER_GROUP]] = 1
        self._renderer.update_scene(data, camera, option)
        self._last = np.ascontiguousarray(self._renderer.render()[..., ::-1])
        self._write(self._caption)

    def end(self, result: str) -> None:
        """Show the result of the trial."""
        for _ in range(_REST):
            self._write(f"{self._caption}: {result}")
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def close(self) -> None:
        """Finish the file."""
        self._writer.release()

    def _write(self, text: str) -> None:
        picture = self._last.copy()
        font = cv2.FONT_HERSHEY_SIMPLEX
        for colour, thickness in ((_SHADOW, 4), (_INK, 1)):
            cv2.putText(picture, text, (12, 28), font, 0.6, colour, thickness, cv2.LINE_AA)
        self._writer.write(picture)
