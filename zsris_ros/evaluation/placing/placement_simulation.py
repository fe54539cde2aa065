"""A scene in MuJoCo to judge place points: the object under a spot, the contacts of an object.

World frame: the table top is z = 0, metres. Nothing moves; MuJoCo computes rays and contacts only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zsris_ros.evaluation.grasping.physics_model import VISUAL_GROUP, build_model
from zsris_ros.evaluation.grasping.scenes import SceneLayout
from zsris_ros.simulation.render import import_mujoco

DoubleArray = npt.NDArray[np.float64]

TABLE = -1
"""Stands for the table where objects are named by their index."""

_ABOVE = 1.0  # metres from which rays are cast down


class PlacementSimulation:
    """The objects of a scene at their places; one of them can be put elsewhere.

    Attributes:
        scene: The scene.
        middles: Float64 Nx2, the middle of each object from above.
        radii: Float64 N, the distance of its farthest point from there.
        tops: Float64 N, the height of its highest point.
    """

    def __init__(self, scene: SceneLayout) -> None:
        self.scene = scene
        self._mujoco = import_mujoco()
        self._model = build_model(self._mujoco, scene)
        self._data = self._mujoco.MjData(self._model)
        self._update()
        bodies = [self._model.body(f"object{i}") for i in range(len(scene.objects))]
        self._addresses = [
            int(self._model.jnt_qposadr[body.jntadr[0]]) if body.jntnum[0] else -1
            for body in bodies
        ]
        self._index = {int(body.id): index for index, body in enumerate(bodies)}
        self._bodies = {index: body for body, index in self._index.items()}
        corners = [each.vertices @ each.axes.T + each.position for each in scene.objects]
        self._lowest = np.array([each[:, 2].min() for each in corners])
        self.tops = np.array([each[:, 2].max() for each in corners])
        flat = [each[:, :2] for each in corners]
        self.middles = np.array([(each.min(axis=0) + each.max(axis=0)) / 2 for each in flat])
        self.radii = np.array(
            [
                np.linalg.norm(each - middle, axis=1).max()
                for each, middle in zip(flat, self.middles, strict=True)
            ]
        )

    def in_world(self, point: tuple[float, float, float]) -> DoubleArray:
        """Return a point of the optical frame in the world."""
        view = self.scene.viewpoint
        return np.asarray(view.position) + np.asarray(point) @ view.axes()

    def below(self, spot: DoubleArray, carried: int) -> tuple[int | None, float]:
        """Return the first object under a spot (x, y), or TABLE, and the height of its surface.

        ``carried`` is looked through. (None, 0.0) beside the table.
        """
        groups = np.zeros(6, np.uint8)
        groups[[0, VISUAL_GROUP]] = 1
        start, hit = np.array([*spot[:2], _ABOVE]), np.zeros(1, np.int32)
        distance = self._mujoco.mj_ray(
            self._model,
            self._data,
            start,
            np.array([0.0, 0.0, -1.0]),
            groups,
            1,
            self._bodies[carried],
            hit,
        )
        if distance < 0:
            return None, 0.0
        body = int(self._model.geom_bodyid[hit[0]])
        return self._index.get(body, TABLE), _ABOVE - float(distance)

    def touched(self, carried: int, spot: DoubleArray, height: float) -> Mapping[int, float]:
        """Return the contacts of ``carried``: its middle over a spot, its lower end at a height.

        Args:
            carried: The index of the object, no furniture, which keeps its orientation.
            spot: Float64, x and y in metres.
            height: Of its lowest point, in metres.

        Returns:
            The largest depth of penetration in metres for each touched object, or TABLE.
        """
        address = self._addresses[carried]
        home = self._data.qpos[address : address + 3].copy()
        away = np.array([*(spot[:2] - self.middles[carried]), height - self._lowest[carried]])
        self._data.qpos[address : address + 3] = home + away
        self._update()
        depths: dict[int, float] = {}
        body = self._bodies[carried]
        for contact in self._data.contact[: self._data.ncon]:
            pair = [int(self._model.geom_bodyid[geom]) for geom in (contact.geom1, contact.geom2)]
            if body in pair and contact.dist < 0:
                other = self._index.get(pair[0] if pair[1] == body else pair[1], TABLE)
                depths[other] = max(depths.get(other, 0.0), -float(contact.dist))
        self._data.qpos[address : address + 3] = home
        return depths

    def _update(self) -> None:
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_comPos(self._model, self._data)
        self._mujoco.mj_collision(self._model, self._data)
