"""Grippers in the simulation: a parallel jaw that closes with a force, and a suction cup.

A gripper starts open, closes on one body in place, and may lose it afterwards.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zsris_ros.evaluation.grasping.physics_model import CONTACT_GROUP, FINGER_STIFFNESS, STEP
from zsris_ros.grasping import ParallelJaw, SuctionCup

_CLOSING_SPEED = 0.12  # metres a second of each finger
_LIP_POINTS = 16
_ABOVE = 0.012  # metres above the lip from which the surface under it is measured
_CHECK_STEPS = 20  # simulation steps between two checks of the seal


class SimulatedGripper(Protocol):
    """A gripper in the simulation. Arguments ``body`` are indices of MuJoCo's model.

    ``bodies`` are the names of the gripper's own bodies, ``press`` is the distance in metres that
    it moves beyond the grasp, ``ramp`` the seconds in which the shaking rises and falls.
    """

    bodies: tuple[str, ...]
    press: float
    ramp: float

    def start(self, opening: float) -> None:
        """Open by ``opening`` metres and hold nothing."""

    def take(self, body: int) -> None:
        """Start to hold a body."""

    def update(self, body: int) -> None:
        """Continue to hold; called after each step."""

    def grips(self, body: int) -> bool:
        """Return whether the body is held as intended: by both fingers, or by vacuum."""

    def touches(self, body: int) -> bool:
        """Return whether a finger or the cup touches the body."""


def make_simulated_gripper(
    mujoco: Any, model: Any, data: Any, gripper: ParallelJaw | SuctionCup
) -> SimulatedGripper:
    """Return the simulation of a gripper whose bodies are in ``model``."""
    if isinstance(gripper, ParallelJaw):
        return SimulatedJaw(model, data, gripper)
    return SimulatedCup(mujoco, model, data, gripper)


class SimulatedJaw:
    """Two coupled fingers that press with the gripper's force."""

    bodies: tuple[str, ...] = ("hand", "finger0", "finger1")
    press = 0.0
    ramp = 0.0

    def __init__(self, model: Any, data: Any, jaw: ParallelJaw) -> None:
        self._model, self._data, self._jaw = model, data, jaw
        self._lead = jaw.force / FINGER_STIFFNESS  # metres by which the command presses fully

    def start(self, opening: float) -> None:
        """Open the fingers at once."""
        for name in ("slide0", "slide1"):
            self._data.qpos[self._model.joint(name).qposadr[0]] = opening / 2
        self._data.ctrl[:] = opening / 2

    def take(self, body: int) -> None:
        """Start to close."""

    def update(self, body: int) -> None:
        """Close until the command leads the fingers by the distance at which they press with force.

        With a larger lead, jammed fingers would snap shut once free.
        """
        finger = self._data.qpos[self._model.joint("slide0").qposadr[0]]
        position = self._data.ctrl[0] - _CLOSING_SPEED * STEP
        self._data.ctrl[:] = max(position, finger - self._lead)

    def grips(self, body: int) -> bool:
        """Return whether both fingers touch the body."""
        return self._fingers_on(body) == 2

    def touches(self, body: int) -> bool:
        """Return whether a finger touches the body."""
        return self._fingers_on(body) > 0

    def _fingers_on(self, body: int) -> int:
        touching = _in_contact(self._model, self._data, body)
        return sum(self._model.body(name).id in touching for name in ("finger0", "finger1"))


class SimulatedCup:
    """A rigid lip on springy bellows. Vacuum pulls with the cup's force while the lip is sealed.

    Sealed: under each of 16 points of the lip the target's surface is within the cup's tolerance.
    The force acts at the contacts, along their normals; shear is held by friction, and a load that
    tears the lip off ends the vacuum for good. Leaks through porous walls, and lips that bend, are
    not modelled.
    """

    bodies: tuple[str, ...] = ("hand", "cup")
    press = 0.003
    ramp = 0.4  # a step of the velocity would be the hardest load by far

    def __init__(self, mujoco: Any, model: Any, data: Any, cup: SuctionCup) -> None:
        self._mujoco, self._model, self._data, self._cup = mujoco, model, data, cup
        around = np.linspace(0, 2 * np.pi, _LIP_POINTS, endpoint=False)
        radius = 0.9 * cup.radius
        self._lip = np.stack(
            [radius * np.cos(around), radius * np.sin(around), np.full(_LIP_POINTS, -_ABOVE)],
            axis=1,
        )
        self._groups = np.zeros(6, np.uint8)
        self._groups[CONTACT_GROUP] = 1
        self._steps = 0

    def start(self, opening: float) -> None:
        """Switch the vacuum off."""
        self._data.qpos[self._model.joint("spring").qposadr[0]] = 0.0
        tilt = self._model.joint("bellows").qposadr[0]
        self._data.qpos[tilt : tilt + 4] = (1.0, 0.0, 0.0, 0.0)
        self._data.ctrl[:] = 0.0

    def take(self, body: int) -> None:
        """Switch the vacuum on, if the lip is sealed."""
        self._steps = 0
        self._data.ctrl[:] = float(self._is_sealed(body))

    def update(self, body: int) -> None:
        """Switch the vacuum off if the lip is not sealed any more."""
        self._steps += 1
        if self._data.ctrl[0] and self._steps % _CHECK_STEPS == 0:
            self._data.ctrl[:] = float(self._is_sealed(body))

    def grips(self, body: int) -> bool:
        """Return whether there is vacuum."""
        return bool(self._data.ctrl[0])

    def touches(self, body: int) -> bool:
        """Return whether the cup touches the body."""
        cup: int = self._model.body("cup").id
        return cup in _in_contact(self._model, self._data, body)

    def _is_sealed(self, body: int) -> bool:
        pose = self._data.body("cup")
        axes: npt.NDArray[np.float64] = pose.xmat.reshape(3, 3)
        geom = np.zeros(1, np.int32)
        for point in pose.xpos + self._lip @ axes.T:
            distance = self._mujoco.mj_ray(
                self._model, self._data, point, axes[:, 2].copy(), self._groups, 0, -1, geom
            )
            if distance < 0 or abs(distance - _ABOVE) > self._cup.tolerance:
                return False
            if self._model.geom_bodyid[geom[0]] != body:
                return False
        return True


def _in_contact(model: Any, data: Any, body: int) -> set[int]:
    """Return the bodies in contact with a body."""
    if not data.ncon:
        return set()
    pairs = np.asarray(model.geom_bodyid)[data.contact.geom]
    mine = pairs[(pairs == body).any(axis=1)]
    return set(mine.ravel().tolist()) - {body}
