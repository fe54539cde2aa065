"""A scene in MuJoCo with a free-flying gripper: settle, take a picture, grasp, lift, shake.

A mocap body drives the gripper through a weld; its fingers slide along the closing axis, coupled,
with the gripper's force (``physics_model``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zsris_ros.evaluation.grasping.physics_model import (
    HEIGHT,
    PARKED,
    STEP,
    VISUAL_GROUP,
    WIDTH,
    build_model,
)
from zsris_ros.evaluation.grasping.scenes import (
    SceneLayout,
    intrinsics_of,
)
from zsris_ros.grasping import GraspCandidate, ParallelJaw
from zsris_ros.simulation.render import import_mujoco
from zsris_ros.types import ByteArray, Frame

DoubleArray = npt.NDArray[np.float64]

_SETTLE, _APPROACH, _CLOSE, _LIFT, _SHAKE, _HOLD = 0.6, 0.8, 0.6, 1.2, 1.2, 0.4  # seconds
_LIFT_HEIGHT = 0.15
_SHAKE_REACH, _SHAKE_HERTZ = 0.02, 2.5
_HELD_HEIGHT = 0.10  # metres that the object must have risen in the end
_OTHER_HEIGHT = 0.05  # metres that no other object may rise
_TOUCH = 2.0  # newtons of contact with anything but the target that count as a collision


@dataclass(frozen=True)
class TrialOutcome:
    """What became of one grasp. ``touched`` says whether both fingers held the target when closed.

    ``collided``: the gripper hit the support or another object before it lifted.
    ``wrong_object``: an object that was not meant was lifted.
    """

    held: bool
    touched: bool
    collided: bool
    wrong_object: bool

    @property
    def success(self) -> bool:
        """The meant object, and no other, is in the gripper after the shake."""
        return self.held and not self.wrong_object

    @property
    def cause(self) -> str:
        """The reason of a failure; empty for a success."""
        if self.success:
            return ""
        if self.wrong_object:
            return "another object was lifted"
        if not self.touched:
            return "collided, then missed" if self.collided else "missed"
        return "collided, then slipped" if self.collided else "slipped"


class GraspStage:
    """One scene with one gripper; every trial starts from the same settled state."""

    def __init__(self, scene: SceneLayout, gripper: ParallelJaw) -> None:
        self._mujoco = import_mujoco()
        self.scene = scene
        self._gripper = gripper
        self._model = build_model(self._mujoco, scene, gripper)
        self._data = self._mujoco.MjData(self._model)
        self._bodies = [self._model.body(f"object{i}").id for i in range(len(scene.objects))]
        self._body_of_geom = np.asarray(self._model.geom_bodyid)
        self._is_hand = np.zeros(self._model.nbody, dtype=bool)
        for name in ("hand", "finger0", "finger1"):
            self._is_hand[self._model.body(name).id] = True
        self._park()
        self._run(_SETTLE)
        self._settled = (self._data.qpos.copy(), self._data.qvel.copy())

    def positions(self) -> DoubleArray:
        """The centres of mass of the objects, float64 Nx3, world."""
        return np.array([self._data.xipos[body] for body in self._bodies])

    def photograph(self) -> tuple[Frame, ByteArray]:
        """The frame and its labels (0 = no object, k = object k-1), with plain colours."""
        mujoco, renderer = self._mujoco, self._mujoco.Renderer(self._model, HEIGHT, WIDTH)
        option = mujoco.MjvOption()
        option.geomgroup[:] = 0
        option.geomgroup[[0, VISUAL_GROUP]] = 1
        try:
            renderer.update_scene(self._data, camera="camera", scene_option=option)
            rgb = renderer.render().copy()
            renderer.enable_segmentation_rendering()
            ids, kinds = np.moveaxis(renderer.render(), -1, 0)
            renderer.disable_segmentation_rendering()
            renderer.enable_depth_rendering()
            depth = renderer.render().astype(np.float32)
        finally:
            renderer.close()
        owner = np.zeros(self._model.nbody, np.uint8)
        owner[self._bodies] = np.arange(1, len(self._bodies) + 1)
        is_geom = (kinds == int(mujoco.mjtObj.mjOBJ_GEOM)) & (ids >= 0)
        labels = np.where(is_geom, owner[self._body_of_geom[np.where(is_geom, ids, 0)]], 0)
        camera = intrinsics_of(self.scene, WIDTH, HEIGHT)
        return Frame(rgb, depth, camera), labels.astype(np.uint8)

    def try_grasp(self, grasp: GraspCandidate, target: int) -> TrialOutcome:
        """Drive to a grasp given in the optical frame, close, lift 15 cm and shake.

        ``target`` is the index of the object that is meant.
        """
        view = self.scene.viewpoint
        axes = view.axes().T
        start = np.array(view.position) + axes @ np.array(grasp.pregrasp.position)
        goal = np.array(view.position) + axes @ np.array(grasp.pose.position)
        turned = axes @ grasp.pose.axes
        self._mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[:], self._data.qvel[:] = self._settled
        self._place(start, turned, grasp.opening)
        before = self.positions()
        self._open(grasp.opening)
        collided = self._move(start, goal, turned, _APPROACH, target)
        self._open(-self._gripper.opening)  # out of reach: the fingers press with full force
        collided |= self._run(_CLOSE, target)
        touched = self._fingers_on(target) == 2
        top = goal + np.array([0, 0, _LIFT_HEIGHT])
        self._move(goal, top, turned, _LIFT)
        self._shake(top)
        self._run(_HOLD)
        risen = self.positions()[:, 2] - before[:, 2]
        others = np.delete(risen, target)
        return TrialOutcome(
            held=bool(risen[target] > _HELD_HEIGHT and self._fingers_on(target) > 0),
            touched=bool(touched),
            collided=bool(collided),
            wrong_object=bool((others > _OTHER_HEIGHT).any()),
        )

    def _park(self) -> None:
        self._place(np.array(PARKED), np.diag([1.0, -1.0, -1.0]), self._gripper.opening)
        self._open(self._gripper.opening)

    def _place(self, position: DoubleArray, axes: DoubleArray, opening: float) -> None:
        """Put gripper and mocap body at a pose, at once."""
        data = self._data
        quaternion = np.zeros(4)
        self._mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(axes).ravel())
        data.mocap_pos[0], data.mocap_quat[0] = position, quaternion
        address = self._model.joint("hand").qposadr[0]
        data.qpos[address : address + 3] = position
        data.qpos[address + 3 : address + 7] = quaternion
        for name in ("slide0", "slide1"):
            data.qpos[self._model.joint(name).qposadr[0]] = opening / 2
        self._mujoco.mj_forward(self._model, data)

    def _open(self, opening: float) -> None:
        self._data.ctrl[:] = opening / 2

    def _move(
        self,
        start: DoubleArray,
        goal: DoubleArray,
        axes: DoubleArray,
        seconds: float,
        target: int | None = None,
    ) -> bool:
        """Move in a straight line, slow at both ends; whether the gripper hit something else."""
        hit = False
        for share in np.linspace(0, 1, int(seconds / STEP)):
            self._data.mocap_pos[0] = start + (goal - start) * share * share * (3 - 2 * share)
            self._mujoco.mj_step(self._model, self._data)
            hit |= target is not None and self._hits(target)
        return hit

    def _shake(self, centre: DoubleArray) -> None:
        for time in np.arange(0, _SHAKE, STEP):
            phase = 2 * np.pi * _SHAKE_HERTZ * time
            swing = np.array([np.sin(phase), np.sin(phase / 2), 0.5 * np.sin(phase)])
            self._data.mocap_pos[0] = centre + _SHAKE_REACH * swing
            self._mujoco.mj_step(self._model, self._data)

    def _run(self, seconds: float, target: int | None = None) -> bool:
        hit = False
        for _ in range(int(seconds / STEP)):
            self._mujoco.mj_step(self._model, self._data)
            hit |= target is not None and self._hits(target)
        return hit

    def _hits(self, target: int) -> bool:
        """Whether the gripper presses on anything but the target."""
        data, force = self._data, np.zeros(6)
        if not data.ncon:
            return False
        pairs = self._body_of_geom[data.contact.geom]
        by_hand = self._is_hand[pairs]
        other = (by_hand.sum(axis=1) == 1) & (pairs != self._bodies[target]).all(axis=1)
        for index in np.flatnonzero(other):
            self._mujoco.mj_contactForce(self._model, data, index, force)
            if np.linalg.norm(force[:3]) > _TOUCH:
                return True
        return False

    def _fingers_on(self, target: int) -> int:
        """How many fingers touch the target."""
        pairs = self._body_of_geom[self._data.contact.geom] if self._data.ncon else []
        fingers = [self._model.body(name).id for name in ("finger0", "finger1")]
        touching = {body for pair in pairs for body in pair if self._bodies[target] in pair}
        return sum(finger in touching for finger in fingers)
