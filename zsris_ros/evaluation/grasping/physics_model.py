"""The MuJoCo model of a scene: table, objects, camera and, to grasp, a free-flying gripper.

Friction is 0.6 everywhere, cones are elliptic, 1 ms a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zsris_ros.evaluation.grasping.scenes import SceneLayout, SceneObject
from zsris_ros.grasping import Gripper, ParallelJaw, SuctionCup
from zsris_ros.grasping.gripper import Box
from zsris_ros.simulation.household.household_render import add_surface
from zsris_ros.simulation.render import camera_quaternion

WIDTH, HEIGHT = 640, 480
STEP = 0.001
_FRICTION = (0.6, 0.005, 0.001)
"""Sliding; torsion and rolling in metres, so that round objects come to rest."""
_STIFF = {"solref": [0.004, 1], "solimp": [0.98, 0.995, 0.001, 0.5, 2]}
"""Contacts that sink in by less than a millimetre when 60 N press on 50 g; MuJoCo's own are soft
for light bodies."""
PARKED = (0.0, 0.0, 3.0)
VISUAL_GROUP, CONTACT_GROUP, GRIPPER_GROUP = 1, 3, 4
_FINGER_MASS = 0.05
FINGER_STIFFNESS = 4000.0  # newtons a metre, until a finger presses with the gripper's force
_FINGER_DAMPING = 2 * (FINGER_STIFFNESS * _FINGER_MASS) ** 0.5
"""Critical. Damping times STEP stays below the mass: else the solver, which finds contact forces
without damping, and the integrator disagree, and the fingers repeatedly lose the object."""
_SPRING_TRAVEL = 0.008  # metres that a cup's mount gives way
_SPRING_STIFFNESS, _SPRING_DAMPING = 400.0, 8.0
_TILT = 0.26  # radians that the bellows give way to each side
_TILT_STIFFNESS, _TILT_DAMPING = 0.5, 0.01  # newton metres a radian, and a radian a second
_LIP_HEIGHT = 0.004  # metres of the rigid lip at the end of the cup


def build_model(mujoco: Any, scene: SceneLayout, gripper: Gripper | None = None) -> Any:
    """Return the MuJoCo model: table, objects, camera and, where it is given, gripper."""
    spec = mujoco.MjSpec()
    spec.option.timestep = STEP
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    several_contacts = getattr(mujoco.mjtEnableBit, "mjENBL_MULTICCD", None)
    if several_contacts is not None:  # later versions do it by default
        spec.option.enableflags |= int(several_contacts)
    sleep = getattr(mujoco.mjtEnableBit, "mjENBL_SLEEP", None)
    if sleep is not None:  # objects at rest cost nothing; ten times faster
        spec.option.enableflags |= int(sleep)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = WIDTH, HEIGHT
    spec.visual.headlight.ambient = [0.4] * 3
    spec.visual.map.znear, spec.visual.map.zfar = 0.005, 20.0
    spec.stat.extent, spec.stat.center = 1.0, [0.0, 0.0, 0.0]
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.8, 0.6, 0.02],
        pos=[0, 0, -0.02],
        rgba=[0.75, 0.68, 0.58, 1],
        friction=_FRICTION,
        **_STIFF,
    )
    spec.worldbody.add_light(pos=[0.5, 0.3, 2.0], dir=[-0.25, -0.15, -1.0])
    view = scene.viewpoint
    spec.worldbody.add_camera(
        name="camera",
        fovy=view.field_of_view_deg,
        pos=view.position,
        quat=camera_quaternion(mujoco, view),
    )
    for index, each in enumerate(scene.objects):
        _add_object(mujoco, spec, index, each)
    if gripper is not None:
        _add_gripper(mujoco, spec, gripper)
    return spec.compile()


def _add_object(mujoco: Any, spec: Any, index: int, each: SceneObject) -> None:
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(each.axes).ravel())
    body = spec.worldbody.add_body(name=f"object{index}", pos=each.position, quat=quaternion)
    if each.role != "furniture":
        body.add_freejoint()
    for number, surface in enumerate(each.surfaces):
        add_surface(mujoco, spec, body, f"visual{index}_{number}", surface, VISUAL_GROUP)
    volume = sum(part.volume for part in each.parts)
    for number, part in enumerate(each.parts):
        name = f"part{index}_{number}"
        spec.add_mesh(name=name, uservert=part.corners.ravel().tolist())
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            group=CONTACT_GROUP,
            mass=max(each.mass * part.volume / volume, 1e-6),
            condim=6,
            friction=_FRICTION,
            **_STIFF,
        )


def _add_gripper(mujoco: Any, spec: Any, gripper: Gripper) -> None:
    """Add a hand at the TCP that a weld drives, with fingers or a cup; z approach, y closing."""
    spec.worldbody.add_body(name="target", mocap=True, pos=PARKED)
    hand = spec.worldbody.add_body(name="hand", pos=PARKED, gravcomp=1)
    hand.add_freejoint(name="hand")
    if hasattr(mujoco, "mjtSleepPolicy"):
        hand.sleep = mujoco.mjtSleepPolicy.mjSLEEP_NEVER
    _add_box(mujoco, hand, gripper.body(), mass=0.7)
    weld = spec.add_equality(type=mujoco.mjtEq.mjEQ_WELD, name1="target", name2="hand")
    weld.objtype = mujoco.mjtObj.mjOBJ_BODY
    weld.data[:] = 0  # both bodies in one place, as they start
    weld.data[10] = 1  # weight of rotation against translation
    weld.solref = [0.005, 1]
    if isinstance(gripper, ParallelJaw):
        _add_fingers(mujoco, spec, hand, gripper)
    else:
        _add_cup(mujoco, spec, hand, gripper)


def _add_fingers(mujoco: Any, spec: Any, hand: Any, gripper: ParallelJaw) -> None:
    for number, finger in enumerate(gripper.fingers(0.0)):
        side = -1.0 if number == 0 else 1.0
        body = hand.add_body(name=f"finger{number}", gravcomp=1)
        body.add_joint(
            name=f"slide{number}",
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=[0, side, 0],
            range=[0, gripper.opening / 2],
            limited=True,
            solref_limit=[0.004, 1],
            solimp_limit=[0.98, 0.995, 0.001, 0.5, 2],
            damping=[_FINGER_DAMPING],
        )
        _add_box(mujoco, body, finger, mass=_FINGER_MASS)
        actuator = spec.add_actuator(
            name=f"slide{number}", target=f"slide{number}", trntype=mujoco.mjtTrn.mjTRN_JOINT
        )
        actuator.gaintype = mujoco.mjtGain.mjGAIN_FIXED
        actuator.gainprm[0] = FINGER_STIFFNESS
        actuator.biastype = mujoco.mjtBias.mjBIAS_AFFINE
        actuator.biasprm[1] = -FINGER_STIFFNESS
        actuator.forcelimited, actuator.forcerange = True, [-gripper.force, gripper.force]
    couple = spec.add_equality(type=mujoco.mjtEq.mjEQ_JOINT, name1="slide0", name2="slide1")
    couple.objtype = mujoco.mjtObj.mjOBJ_JOINT
    couple.data[:] = 0
    couple.data[1] = 1
    couple.solref = [0.005, 1]
    for one, other in (("finger0", "finger1"), ("hand", "finger0"), ("hand", "finger1")):
        spec.add_exclude(bodyname1=one, bodyname2=other)


def _add_cup(mujoco: Any, spec: Any, hand: Any, gripper: SuctionCup) -> None:
    """Bellows that give way, tilt and touch nothing, and a lip with an adhesion actuator."""
    body = hand.add_body(name="cup", gravcomp=1)
    body.add_joint(
        name="spring",
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0, 0, 1],
        range=[-_SPRING_TRAVEL, 0],
        limited=True,
        stiffness=[_SPRING_STIFFNESS, 0, 0],
        damping=[_SPRING_DAMPING, 0, 0],
        solref_limit=[0.004, 1],
        solimp_limit=[0.98, 0.995, 0.001, 0.5, 2],
    )
    body.add_joint(
        name="bellows",
        type=mujoco.mjtJoint.mjJNT_BALL,
        pos=[0, 0, -gripper.length / 2],
        range=[0, _TILT],
        limited=True,
        stiffness=[_TILT_STIFFNESS, 0, 0],
        damping=[_TILT_DAMPING, 0, 0],
    )
    for height, end, contacts in (
        (_LIP_HEIGHT, 0.0, 1),
        (gripper.length - _LIP_HEIGHT, -_LIP_HEIGHT, 0),
    ):
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=[gripper.radius if contacts else gripper.radius / 2, height / 2, 0],
            pos=[0, 0, end - height / 2],
            mass=0.02,
            condim=6,
            friction=_FRICTION,
            group=GRIPPER_GROUP,
            contype=contacts,
            conaffinity=contacts,
            **_STIFF,
        )
    vacuum = spec.add_actuator(name="vacuum", target="cup", trntype=mujoco.mjtTrn.mjTRN_BODY)
    vacuum.gaintype = mujoco.mjtGain.mjGAIN_FIXED
    vacuum.gainprm[0] = gripper.force
    vacuum.ctrllimited, vacuum.ctrlrange = True, [0, 1]


def _add_box(mujoco: Any, body: Any, box: Box, mass: float) -> None:
    low, high = np.array(box.low), np.array(box.high)
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(high - low) / 2,
        pos=(low + high) / 2,
        mass=mass,
        condim=4,
        friction=_FRICTION,
        group=GRIPPER_GROUP,
        **_STIFF,
    )
