"""Conversion of a plan's table and object to moveit_msgs/CollisionObject, where installed."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np

from zsris_ros.geometry.oriented_box import Pose, UprightBox
from zsris_ros.ros.grasping.grasp_planning import PlannedGrasp
from zsris_ros.ros.publishers.pose_conversions import metric_header, to_pose

OBJECT, SUPPORT = "zsris_object", "zsris_support"
"""Ids in the planning scene; the next plan replaces both."""

THICKNESS = 0.02
"""Metres of the support below its surface."""


class MoveItMessages(NamedTuple):
    """The modules moveit_msgs.msg and shape_msgs.msg."""

    moveit: Any
    shapes: Any


def moveit_messages() -> MoveItMessages | None:
    """Return the modules, or None where moveit_msgs is not installed."""
    try:
        return MoveItMessages(
            importlib.import_module("moveit_msgs.msg"), importlib.import_module("shape_msgs.msg")
        )
    except ImportError:
        return None


def collision_objects(planned: PlannedGrasp, messages: MoveItMessages) -> list[Any]:
    """Return the support and the object as boxes to add; none where there is no plan."""
    if planned.box is None or planned.support is None:
        return []
    pose, (width, length, _) = planned.support.pose, planned.support.size
    x, y, z = pose.transform_points(np.array([0.0, 0.0, -THICKNESS / 2])).tolist()
    slab = UprightBox(Pose((x, y, z), pose.axes), (width, length, THICKNESS))
    return [
        _collision_object(name, box, planned, messages)
        for name, box in ((SUPPORT, slab), (OBJECT, planned.box))
    ]


def _collision_object(
    name: str, box: UprightBox, planned: PlannedGrasp, messages: MoveItMessages
) -> Any:
    kind = messages.moveit.CollisionObject
    primitive = messages.shapes.SolidPrimitive
    return kind(
        header=metric_header(planned.answer),
        id=name,
        primitives=[primitive(type=primitive.BOX, dimensions=[float(side) for side in box.size])],
        primitive_poses=[to_pose(box.pose, planned.answer.camera_pose)],
        operation=kind.ADD,
    )
