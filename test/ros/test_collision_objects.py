"""moveit_msgs/CollisionObject of a plan. moveit_msgs has no wheels: its two messages are stand-ins
with the fields of the definitions, so this shows the conversion and nothing about MoveIt."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from support.grasp_messages import BOX, NEIGHBOUR, TableMessages
from support.grasp_scenes import to_world
from support.ros_messages import StandInMessage
from support.stand_in_model import StandIn

from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.grasping import load_gripper
from zsris_ros.ros.grasping.collision_objects import (
    OBJECT,
    SUPPORT,
    THICKNESS,
    MoveItMessages,
    collision_objects,
    moveit_messages,
)
from zsris_ros.ros.grasping.grasp_planning import PlannedGrasp, plan_for
from zsris_ros.ros.inputs.serialized import CameraMessages
from zsris_ros.ros.requests.request_handler import Query, RequestHandler


class CollisionObject(StandInMessage):
    ADD = b"\x00"
    fields = ("header", "pose", "id", "type", "primitives", "primitive_poses", "meshes",
              "mesh_poses", "planes", "plane_poses", "subframe_names", "subframe_poses",
              "operation")  # fmt: skip


class SolidPrimitive(StandInMessage):
    BOX = 1
    fields = ("type", "dimensions", "polygon")


class Module:
    CollisionObject, SolidPrimitive = CollisionObject, SolidPrimitive


STAND_IN = MoveItMessages(Module, Module)


def planned(expression: str) -> PlannedGrasp:
    fields = TableMessages((BOX, NEIGHBOUR)).goal_fields()
    stamped = [Stamped(1, fields[name], 0) for name in ("image", "depth", "camera_info")]
    query = Query(expression, CameraMessages(*stamped), "the image", 1)
    return plan_for(RequestHandler(StandIn(), 1).answer(query), load_gripper("panda"))


def centre(message: Any) -> np.ndarray:
    position = message.primitive_poses[0].position
    return to_world(np.array([[position.x, position.y, position.z]]))[0]


def test_the_table_and_the_object_are_boxes_to_add() -> None:
    plan = planned("red")
    support, thing = collision_objects(plan, STAND_IN)
    assert (support.id, thing.id) == (SUPPORT, OBJECT)
    for each in (support, thing):
        assert each.operation == CollisionObject.ADD
        assert each.header == plan.answer.header
        assert [shape.type for shape in each.primitives] == [SolidPrimitive.BOX]
    np.testing.assert_allclose(centre(thing), (0, 0, 0.035), atol=0.01)
    sides = thing.primitives[0].dimensions
    np.testing.assert_allclose(sorted(sides), (0.05, 0.07, 0.09), atol=0.012)
    assert centre(support)[2] == pytest.approx(-THICKNESS / 2, abs=0.003), "its top is the table"
    assert support.primitives[0].dimensions[2] == pytest.approx(THICKNESS)


def test_without_an_object_nothing_is_added() -> None:
    assert collision_objects(planned("nothing"), STAND_IN) == []


def test_the_modules_are_looked_for_once_they_are_needed() -> None:
    found = moveit_messages()
    if importlib.util.find_spec("moveit_msgs") is None:
        assert found is None
    else:
        assert found is not None and found.moveit.CollisionObject.ADD == CollisionObject.ADD
