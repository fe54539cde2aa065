"""A scene in MuJoCo with a free-flying gripper: settle, take a picture, grasp, lift, shake.

A mocap body drives the gripper through a weld (``physics_model``); ``simulated_grippers`` holds the
object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.evaluation.grasping.physics_model import PARKED, STEP, build_model
from zsris_ros.evaluation.grasping.scenes import SceneLayout
from zsris_ros.evaluation.grasping.settled_scene import render_frame, settle
from zsris_ros.evaluation.grasping.simulated_grippers import make_simulated_gripper
from zsris_ros.grasping import GraspCandidate, Gripper, ParallelJaw
from zsris_ros.simulation.render import import_mujoco
from zsris_ros.types import ByteArray, Frame

DoubleArray = npt.NDArray[np.float64]

FILM_PERIOD = 0.04
"""Simulated seconds between two pictures of a film."""

_APPROACH, _CLOSE, _LIFT, _SHAKE, _HOLD = 0.8, 0.6, 1.2, 1.2, 0.4  # seconds
_LIFT_HEIGHT = 0.15
_SHAKE_REACH, _SHAKE_HERTZ = 0.02, 2.5
_HELD_HEIGHT = 0.10  # metres that the object must have risen in the end
_OTHER_HEIGHT = 0.05  # metres that no other object may rise
_PRESS = 0.2  # seconds
_TOUCH = 2.0  # newtons of contact with anything but the target that count as a collision


@dataclass(frozen=True)
class TrialOutcome:
    """The outcome of one grasp. ``touched``: fingers on both sides, or vacuum, once it was closed.

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


class GraspSimulation:
    """One scene with one gripper; every trial starts from the same settled state.

    ``film``, while it is set, is called with model and data every FILM_PERIOD of a trial.
    """

    film: Callable[[Any, Any], None] | None = None

    def __init__(self, scene: SceneLayout, gripper: Gripper) -> None:
        self._mujoco = import_mujoco()
        self.scene = scene
        self._gripper = gripper
        self._model = build_model(self._mujoco, scene, gripper)
        self._data = self._mujoco.MjData(self._model)
        self._hand = make_simulated_gripper(self._mujoco, self._model, self._data, gripper)
        self._target = -1
        self._next_picture = 0.0
        self._bodies = [self._model.body(f"object{i}").id for i in range(len(scene.objects))]
        self._body_of_geom = np.asarray(self._model.geom_bodyid)
        self._is_hand = np.zeros(self._model.nbody, dtype=bool)
        for name in self._hand.bodies:
            self._is_hand[self._model.body(name).id] = True
        self._park()
        settle(self._mujoco, self._model, self._data, scene)
        self._settled = (self._data.qpos.copy(), self._data.qvel.copy())

    def positions(self) -> DoubleArray:
        """Return the centres of mass of the objects, float64 Nx3, world."""
        return np.array([self._data.xipos[body] for body in self._bodies])

    def render_frame(self) -> tuple[Frame, ByteArray]:
        """Return the frame and its labels (0 = no object, k = object k-1), as MuJoCo renders it."""
        return render_frame(self._mujoco, self._model, self._data, self.scene)

    def try_grasp(self, grasp: GraspCandidate, target: int) -> TrialOutcome:
        """Drive to a grasp given in the optical frame, close, lift 15 cm and shake.

        ``target`` is the index of the object that is meant.
        """
        body = self._bodies[target]
        view = self.scene.viewpoint
        axes = view.axes().T
        start = np.array(view.position) + axes @ np.array(grasp.pregrasp.position)
        goal = np.array(view.position) + axes @ np.array(grasp.pose.position)
        turned = axes @ grasp.pose.axes
        self._mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[:], self._data.qvel[:] = self._settled
        self._next_picture = 0.0
        self._place(start, turned, grasp.opening)
        before = self.positions()
        collided = self._move(start, goal, _APPROACH, target)
        if self._hand.press:
            end = goal + self._hand.press * turned[:, 2]
            collided |= self._move(goal, end, _PRESS, target)
            goal = end
        self._hand.take(body)
        self._target = body
        collided |= self._run(_CLOSE, target)
        touched = self._hand.grips(body)
        top = goal + np.array([0, 0, _LIFT_HEIGHT])
        self._move(goal, top, _LIFT)
        self._shake(top)
        self._run(_HOLD)
        self._target = -1
        risen = self.positions()[:, 2] - before[:, 2]
        others = np.delete(risen, target)
        return TrialOutcome(
            held=bool(risen[target] > _HELD_HEIGHT and self._hand.touches(body)),
            touched=touched,
            collided=bool(collided),
            wrong_object=bool((others > _OTHER_HEIGHT).any()),
        )

    def _park(self) -> None:
        opening = self._gripper.opening if isinstance(self._gripper, ParallelJaw) else 0.0
        self._place(np.array(PARKED), np.diag([1.0, -1.0, -1.0]), opening)

    def _place(self, position: DoubleArray, axes: DoubleArray, opening: float) -> None:
        """Put gripper and mocap body at a pose, at once."""
        data = self._data
        quaternion = np.zeros(4)
        self._mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(axes).ravel())
        data.mocap_pos[0], data.mocap_quat[0] = position, quaternion
        address = self._model.joint("hand").qposadr[0]
        data.qpos[address : address + 3] = position
        data.qpos[address + 3 : address + 7] = quaternion
        self._hand.start(opening)
        self._mujoco.mj_forward(self._model, data)

    def _move(
        self,
        start: DoubleArray,
        goal: DoubleArray,
        seconds: float,
        target: int | None = None,
    ) -> bool:
        """Move in a straight line, slow at both ends; whether the gripper hit something else."""
        hit = False
        for share in np.linspace(0, 1, int(seconds / STEP)):
            self._data.mocap_pos[0] = start + (goal - start) * share * share * (3 - 2 * share)
            self._step()
            hit |= target is not None and self._hits(target)
        return hit

    def _shake(self, centre: DoubleArray) -> None:
        ramp = self._hand.ramp
        for time in np.arange(0, _SHAKE, STEP):
            phase = 2 * np.pi * _SHAKE_HERTZ * time
            swing = np.array([np.sin(phase), np.sin(phase / 2), 0.5 * np.sin(phase)])
            share = min(time, _SHAKE - time) / ramp if ramp else 1.0
            self._data.mocap_pos[0] = centre + _SHAKE_REACH * min(1.0, share) * swing
            self._step()

    def _run(self, seconds: float, target: int | None = None) -> bool:
        hit = False
        for _ in range(int(seconds / STEP)):
            self._step()
            hit |= target is not None and self._hits(target)
        return hit

    def _step(self) -> None:
        """Simulate one step: the hand goes on holding, and a film gets its picture."""
        self._mujoco.mj_step(self._model, self._data)
        if self._target >= 0:
            self._hand.update(self._target)
        if self.film is not None and self._data.time >= self._next_picture:
            self._next_picture = self._data.time + FILM_PERIOD
            self.film(self._model, self._data)

    def _hits(self, target: int) -> bool:
        """Return whether the gripper presses on anything but the target."""
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
