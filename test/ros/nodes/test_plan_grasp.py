"""``plan_grasp`` and the topics of grasps over DDS; the node is a process of its own.

The model is the stand-in of support/stand_in_model.py; planning is real, on ray-cast depth.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PointStamped, PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from support.action_caller import ActionCaller, SentGoal
from support.grasp_messages import BOX, NEIGHBOUR, TableMessages
from support.grasp_scenes import BoxOnTable, to_world
from support.ros_camera import FRAME, SECOND, Camera, Listener, header, wait_until
from support.ros_messages import cloud, xyz
from support.ros_processes import Process, node_with_stand_in, status_of
from support.static_pose import QUATERNION, TRANSLATION
from visualization_msgs.msg import Marker, MarkerArray
from zsris_ros.action import PlanGrasp
from zsris_ros.msg import RequestResult

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client

Result = PlanGrasp.Result
NODE = "/refer_segment_node"
TABLE = TableMessages()


class Planner(ActionCaller):
    """Sends goals of plan_grasp, with a frame of their own unless the camera's is wanted."""

    def __init__(self, node: Node, name: str = "/plan_grasp") -> None:
        super().__init__(node, PlanGrasp, name, PlanGrasp.Goal())

    def ask(
        self, expression: str = "red", table: TableMessages | None = TABLE, **fields: Any
    ) -> SentGoal:
        own = {} if table is None else table.goal_fields()
        return self.send(PlanGrasp.Goal(expression=expression, **own, **fields))


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    with node_with_stand_in(max_pending=2) as running:
        running.wait_for_log("the model is ready")
        yield running


@pytest.fixture(scope="module")
def planner(here: Node, process: Process) -> Iterator[Planner]:
    made = Planner(here)
    yield made
    made.close()


@pytest.fixture
def results(here: Node, planner: Planner) -> Iterator[Listener]:
    listener = Listener(here, RequestResult, f"{NODE}/result")
    listener.wait_until_matched()
    yield listener
    here.destroy_subscription(listener._subscription)


def outcome_of(planned: PlanGrasp.Result, planner: Planner, results: Listener) -> RequestResult:
    """Return the message of ~/result with the number of a goal's result."""

    def fitting() -> list[RequestResult]:
        return [each for each in results.messages if each.request_id == planned.request_id]

    # Not with the listener's executor: it would take the node from the planner's.
    planner.spin_until(fitting, timeout=30.0)
    return fitting()[0]


def pose_of(message: PoseStamped) -> Pose:
    turn = message.pose.orientation
    return Pose.from_quaternion(xyz(message.pose.position), (turn.x, turn.y, turn.z, turn.w))


def in_world(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Position and axes of a pose of the optical frame in the world of the ray caster."""
    origin = to_world(np.zeros((1, 3)))
    return to_world(np.array([pose.position]))[0], (to_world(pose.axes.T) - origin).T


def test_a_grasp_of_the_target_is_planned(planner: Planner) -> None:
    status, result = planner.ask().end()
    assert (status, result.status) == (GoalStatus.STATUS_SUCCEEDED, Result.FOUND), result.message
    assert result.header == header(1)
    best = result.grasps[0]
    assert best.pose.header == result.object_pose.header == result.support.header == header(1)
    position, axes = in_world(pose_of(best.pose))
    assert np.hypot(*position[:2]) < 0.02 and 0.01 < position[2] < 0.07
    np.testing.assert_allclose(axes[:, 2], (0, 0, -1), atol=0.03, err_msg="z approaches")
    assert abs(axes[0, 1]) > 0.9, "y closes across the narrow side"
    assert best.opening > best.width > 0.03
    assert best.pregrasp_distance == pytest.approx(0.1)
    assert best.retreat_distance == pytest.approx(0.15)
    assert (best.kind, best.approach) == ("across", "above")
    assert dict(zip(best.term_names, best.term_values, strict=True))["antipodality"] > 0.5
    qualities = [each.quality for each in result.grasps]
    assert qualities == sorted(qualities, reverse=True) and len(qualities) <= 20
    assert len(result.rejected_reasons) == len(result.rejected_counts)
    assert not result.has_place
    seconds = dict(zip(result.stages, result.stage_seconds, strict=True))
    assert 0 < seconds["grasps"] < result.total_seconds


def test_the_object_and_its_support_are_measured(planner: Planner) -> None:
    result = planner.ask().end()[1]
    centre, _ = in_world(pose_of(result.object_pose))
    np.testing.assert_allclose(centre, (0, 0, 0.035), atol=0.01)
    np.testing.assert_allclose(sorted(xyz(result.object_size)), (0.05, 0.07, 0.09), atol=0.012)
    middle, axes = in_world(pose_of(result.support))
    assert abs(middle[2]) < 0.005 and axes[2, 2] > 0.99
    assert result.support_size.x > 0.3 and result.support_size.z == 0
    points, colours = cloud(result.object_cloud)
    assert result.object_cloud.header == header(1)
    assert (colours == (250, 10, 10)).all()
    assert (to_world(points.astype(np.float64))[:, 2] > -0.005).all()


def test_the_number_and_the_gripper_are_the_goal_s(planner: Planner) -> None:
    few = planner.ask(max_candidates=3).end()[1]
    assert len(few.grasps) == 3
    suction = planner.ask(gripper="suction_30mm").end()[1]
    assert suction.status == Result.FOUND
    assert {each.kind for each in suction.grasps} == {"suction"}
    assert suction.grasps[0].opening == 0


def test_an_instruction_has_a_place(planner: Planner) -> None:
    result = planner.ask("put the red box on the table").end()[1]
    assert result.status == Result.FOUND, result.message
    assert result.has_place, result.message
    placed, _ = in_world(pose_of(result.place))
    assert placed[2] == pytest.approx(result.object_size.z / 2, abs=0.01), "it stands on the table"
    poses = result.grasps[0].pose, result.place, result.object_pose
    pick, place, box = map(pose_of, poses)
    tcp = place.transform_points(box.to_own_axes(np.array(pick.position)))
    height = in_world(pick)[0][2]
    assert to_world(tcp[None])[0][2] == pytest.approx(height, abs=0.012)
    for unclear, said in (("under the table", "No place point"), ("on either", "Which one?")):
        result = planner.ask(f"put the red box {unclear}").end()[1]
        assert result.status == Result.FOUND and not result.has_place
        assert said in result.message


WIDE = TableMessages(things=(BoxOnTable((0.0, 0.0), (0.14, 0.15, 0.05)),))


@pytest.mark.parametrize(
    ("expression", "table", "fields", "status", "said"),
    [
        ("nothing", TABLE, {}, Result.NOT_FOUND, "Nothing is grasped"),
        ("either", TABLE, {}, Result.AMBIGUOUS, "Which one?"),
        ("crash", TABLE, {}, Result.FAILED, "CUDA out of memory"),
        (" ", TABLE, {}, Result.INVALID_REQUEST, "the expression is empty"),
        ("red", TABLE, {"gripper": "/etc/hand.yaml"}, Result.INVALID_REQUEST, "there are panda"),
        ("red", WIDE, {}, Result.NO_GRASP, "wider than 0.08 m"),
        ("red", None, {}, Result.NO_IMAGE, "no image has arrived"),
        ("red", TABLE, {"target_frame": "base_link"}, Result.NO_TRANSFORM, "'base_link'"),
    ],
)
def test_a_refusal_has_a_status_and_a_sentence(
    planner: Planner,
    expression: str,
    table: TableMessages | None,
    fields: dict[str, Any],
    status: int,
    said: str,
) -> None:
    state, result = planner.ask(expression, table, **fields).end()
    assert (state, result.status) == (GoalStatus.STATUS_ABORTED, status), result.message
    assert said in result.message
    assert not result.grasps and not result.has_place


def test_every_goal_is_one_result_with_its_number(
    here: Node, planner: Planner, results: Listener
) -> None:
    goals: list[tuple[str, dict[str, Any], int, int]] = [
        (" ", {}, Result.INVALID_REQUEST, Result.INVALID_REQUEST),
        ("red", {"gripper": "/etc/hand.yaml"}, Result.INVALID_REQUEST, Result.INVALID_REQUEST),
        ("red", {"table": None}, Result.NO_IMAGE, Result.NO_IMAGE),
        ("crash", {}, Result.FAILED, Result.FAILED),
        ("nothing", {}, Result.NOT_FOUND, Result.NOT_FOUND),
        ("red", {"target_frame": "base_link"}, Result.NO_TRANSFORM, Result.NO_TRANSFORM),
        ("red", {"table": WIDE}, Result.NO_GRASP, Result.FOUND),  # the object, not its grasps
        ("red", {}, Result.FOUND, Result.FOUND),
    ]
    numbers = []
    for expression, fields, status, outcome in goals:
        planned = planner.ask(expression, **fields).end()[1]
        assert planned.status == status, planned.message
        numbers.append(planned.request_id)
        result = outcome_of(planned, planner, results)
        assert (result.expression, result.status) == (expression, outcome)
        assert result.header == planned.header or outcome == Result.NO_TRANSFORM
        if status == outcome not in (Result.FOUND, Result.NOT_FOUND):
            assert result.message == planned.message
    assert numbers == list(range(numbers[0], numbers[0] + len(goals))), "without holes"
    assert [each.request_id for each in results.messages] == numbers, "one each"


def test_without_depth_there_is_no_grasp(planner: Planner) -> None:
    goal = PlanGrasp.Goal(expression="red", image=TABLE.image)
    result = planner.send(goal).end()[1]
    assert result.status == Result.NO_DEPTH
    assert "depth" in result.message and "brought its own image" in result.message


def test_feedback_has_the_stages_of_a_plan(planner: Planner) -> None:
    goal = planner.ask(table=TableMessages(stamp_ns=7))
    assert goal.end()[1].status == Result.FOUND
    planner.spin_until(lambda: "grasps" in goal.stages)
    stages = ["waiting", "conversion", "proposals", "grounding", "extents", "grasps"]
    assert goal.stages == stages


def test_goals_are_cancelled_waiting_and_running(planner: Planner, results: Listener) -> None:
    running = planner.ask("stages 100")
    running.wait_for_stage("grounding")
    waiting = planner.ask()
    waiting.cancel()
    first = waiting.end()[1]
    assert first.status == Result.CANCELED
    running.cancel()
    state, result = running.end()
    assert (state, result.status) == (GoalStatus.STATUS_CANCELED, Result.CANCELED)
    assert not result.grasps
    assert first.request_id == result.request_id + 1
    for each in (first, result):
        outcome = outcome_of(each, planner, results)
        assert (outcome.status, outcome.message) == (Result.CANCELED, each.message)
    assert planner.ask().end()[1].status == Result.FOUND


def test_the_scene_cloud_is_everything_but_the_object(here: Node, planner: Planner) -> None:
    heard = Listener(here, PointCloud2, f"{NODE}/scene_cloud")
    markers = Listener(here, MarkerArray, f"{NODE}/grasp_markers")
    best = Listener(here, PoseStamped, f"{NODE}/grasp")
    for each in (heard, markers, best):
        each.wait_until_matched()
    planner.spin_until(lambda: bool(planner.ask().end()[1].grasps and heard.messages))
    points, colours = cloud(heard.messages[-1])
    assert heard.messages[-1].header == header(1)
    assert not (colours == (250, 10, 10)).all(axis=1).any()
    world = to_world(points.astype(np.float64))
    inside = (np.abs(world[:, :2]) < np.array(BOX.size[:2]) / 2 + 0.002).all(axis=1)
    assert not (inside & (world[:, 2] > 0.01)).any()
    others = np.abs(world[:, :2] - NEIGHBOUR.centre) < np.array(NEIGHBOUR.size[:2]) / 2
    assert (others.all(axis=1) & (world[:, 2] > 0.04)).sum() > 50
    result = planner.ask().end()[1]
    assert best.wait().pose == result.grasps[0].pose.pose
    removal, *shown = markers.wait().markers
    assert removal.action == Marker.DELETEALL
    assert [each.type for each in shown] == [Marker.CUBE] * 3 + [Marker.ARROW]


@pytest.mark.skipif(importlib.util.find_spec("moveit_msgs") is not None, reason="is installed")
def test_without_moveit_msgs_there_are_no_collision_objects(here: Node, process: Process) -> None:
    assert here.count_publishers(f"{NODE}/collision_object") == 0


def test_the_result_is_in_the_target_frame(here: Node, tf2: None) -> None:
    remaps = {"__node": "reaching", "refer_segment": "/reaching", "plan_grasp": "/reach"}
    with (
        node_with_stand_in(remaps) as running,
        Process("-m", "support.static_pose", FRAME),
    ):
        running.wait_for_log("the model is ready")
        planner = Planner(here, "/reach")
        camera = planner.ask().end()[1]
        assert camera.object_pose.header.frame_id == FRAME
        results: list[Any] = []

        def transformed() -> bool:
            results.append(planner.ask(target_frame="base_link").end()[1])
            return bool(results[-1].status == Result.FOUND)

        planner.spin_until(transformed, timeout=30.0)
        planner.close()
    moved = results[-1]
    assert moved.header == header(1), "the image's own header"
    camera_pose = Pose.from_quaternion(TRANSLATION, QUATERNION)
    pairs = [
        (camera.grasps[0].pose, moved.grasps[0].pose),
        (camera.object_pose, moved.object_pose),
        (camera.support, moved.support),
    ]
    for before, after in pairs:
        assert after.header == header(1, "base_link")
        expected = camera_pose.transform_pose(pose_of(before))
        np.testing.assert_allclose(pose_of(after).position, expected.position, atol=1e-6)
        np.testing.assert_allclose(pose_of(after).axes, expected.axes, atol=1e-6)
    np.testing.assert_allclose(
        cloud(moved.object_cloud)[0],
        camera_pose.transform_points(cloud(camera.object_cloud)[0].astype(np.float64)),
        atol=1e-5,
    )


@pytest.fixture(scope="module")
def grasping(ros: None) -> Iterator[Client]:
    """Create a client of a node that plans grasps after each answer."""
    remaps = {"__node": "grasping", "refer_segment": "/grasping", "plan_grasp": "/grasping/plan"}
    with (
        node_with_stand_in(remaps, grasp=True, gripper="robotiq_2f85") as running,
        Client("/grasping") as client,
    ):
        running.wait_for_log("the model is ready")
        yield client


def test_each_answer_has_its_grasp_where_the_parameter_asks_for_it(
    here: Node, grasping: Client
) -> None:
    best = Listener(here, PoseStamped, "/grasping/grasp")
    markers = Listener(here, MarkerArray, "/grasping/grasp_markers")
    camera = Camera(here)
    for each in (best, markers, camera):
        each.wait_until_matched()
    stamp = 50 * SECOND
    TableMessages(stamp_ns=stamp).send(camera)
    camera.ask_about(grasping, stamp, lambda answer: bool(answer.has_depth))
    grasp = best.wait(lambda message: message.header == header(stamp))
    position, _ = in_world(pose_of(grasp))
    assert np.hypot(*position[:2]) < 0.03
    assert len(markers.wait(lambda message: len(message.markers) > 1).markers) == 5
    best.messages.clear()
    markers.messages.clear()
    grasping.ask("nothing")
    (only,) = markers.wait(lambda message: len(message.markers) == 1).markers
    assert only.action == Marker.DELETEALL
    assert not best.messages


CLEAR = "put the red box on the table"
OBJECT_TOPICS = {
    "centroid": PointStamped,
    "pose": PoseStamped,
    "segmented_points": PointCloud2,
    "grasp": PoseStamped,
}


@pytest.mark.parametrize(
    ("expression", "status", "instruction_status", "topics"),
    [
        ("either", "AMBIGUOUS", "AMBIGUOUS", set()),
        ("put either on the table", "AMBIGUOUS", "AMBIGUOUS", set()),
        ("put nothing on the table", "NOT_FOUND", "NOT_FOUND", set()),
        ("put the red box on either", "FOUND", "AMBIGUOUS", {*OBJECT_TOPICS}),
        ("put the red box on nothing", "FOUND", "NOT_FOUND", {*OBJECT_TOPICS}),
        (CLEAR, "FOUND", "FOUND", {*OBJECT_TOPICS, "place"}),
    ],
)
def test_metric_topics_get_messages_for_found_only(
    here: Node,
    grasping: Client,
    expression: str,
    status: str,
    instruction_status: str,
    topics: set[str],
) -> None:
    """``~/pose`` and others are about the first step's object, ``~/place`` about all objects."""
    kinds = {**OBJECT_TOPICS, "place": PointStamped}
    heard = {name: Listener(here, kind, f"/grasping/{name}") for name, kind in kinds.items()}

    def ask(text: str, seconds: int) -> RequestResult:
        return grasping.ask(text, **TableMessages(stamp_ns=seconds * SECOND).goal_fields())

    def about(seconds: int) -> set[str]:
        at = header(seconds * SECOND)
        return {name for name, each in heard.items() if any(m.header == at for m in each.messages)}

    def all_matched() -> bool:
        ask(CLEAR, 1)
        try:
            return all(each.wait(timeout=2.0) for each in heard.values())
        except AssertionError:
            return False

    wait_until(all_matched, 60.0, "nothing is published")
    outcome = ask(expression, 2)
    assert status_of(outcome) == status
    assert STATUS_NAMES[outcome.instruction_status] == instruction_status
    ask(CLEAR, 3)  # each topic is in the order of the requests
    for each in heard.values():
        each.wait(lambda message: message.header == header(3 * SECOND))
    assert about(2) == topics
