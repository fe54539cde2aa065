"""The action ``track`` over DDS: goals of several owners, feedback with poses, loss, the end.

The model is the stand-in of support/stand_in_model.py; the tracker is real.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Pose as PoseMessage
from rclpy.node import Node
from support.action_caller import ActionCaller, SentGoal
from support.ros_camera import (
    FOCAL,
    FRAME,
    HEIGHT,
    SECOND,
    WIDTH,
    Camera,
    black_image,
    header,
    picture,
    wait_until,
)
from support.ros_processes import Process, node_with_stand_in
from support.static_pose import QUATERNION, TRANSLATION
from zsris_ros.action import Track

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.lifecycle.process import DEVICE_LOST
from zsris_ros.ros.publishers.image_conversions import to_image

Goal, Result, Feedback = Track.Goal, Track.Result, Track.Feedback
DEPTH = 1.5


@pytest.fixture(scope="module")
def process(tf2_of_module: None) -> Iterator[Process]:
    with node_with_stand_in() as running:
        running.wait_for_log("the model is ready")
        yield running


@pytest.fixture(scope="module")
def other(ros: None) -> Iterator[Node]:
    """Create the node of another client."""
    node = rclpy.create_node("other_owner")
    yield node
    node.destroy_node()


class Show:
    """A camera whose images are sent until the feedback about one of them is as expected."""

    def __init__(self, camera: Camera) -> None:
        self._camera, self._now = camera, 1000 * SECOND

    def __call__(self, left: int | None) -> int:
        """Send an image with or without a red square and return its stamp."""
        self._now += SECOND // 5
        if left is None:
            grey = np.full_like(picture(0)[0], 90)
            self._camera.send_image(to_image(grey, "rgb8", header(self._now)))
        else:
            self._camera.send(self._now, left)
        return self._now

    def skip_to(self, stamp_ns: int) -> None:
        """Let the next image be later than ``stamp_ns``."""
        self._now = stamp_ns

    def until(
        self,
        goals: dict[ActionCaller, SentGoal],
        left: int | None,
        expected: Callable[[Any], bool],
    ) -> list[Any]:
        """Return the feedback of each goal about an image of this call."""
        shown: set[int] = set()
        found: dict[ActionCaller, Any] = {}
        deadline = time.monotonic() + 30
        while len(found) < len(goals):
            assert time.monotonic() < deadline, [goal.feedback[-3:] for goal in goals.values()]
            shown.add(self(left))
            pause = time.monotonic() + 0.3
            while time.monotonic() < pause:
                for caller, goal in goals.items():
                    caller.spin()
                    for each in goal.feedback:
                        stamp = each.header.stamp.sec * SECOND + each.header.stamp.nanosec
                        if stamp in shown and expected(each):
                            found[caller] = each
        return [found[caller] for caller in goals]


@pytest.fixture(scope="module")
def show(camera: Camera) -> Show:
    return Show(camera)


@pytest.fixture(scope="module")
def mine(here: Node, process: Process) -> Iterator[ActionCaller]:
    made = ActionCaller(here, Track, "/track", Goal())
    yield made
    made.close()


@pytest.fixture(scope="module")
def theirs(other: Node, process: Process) -> Iterator[ActionCaller]:
    made = ActionCaller(other, Track, "/track", Goal())
    yield made
    made.close()


def tracked(left: int) -> Callable[[Any], bool]:
    return lambda each: each.status == Feedback.TRACKING and each.box.x_offset == left


def end(caller: ActionCaller, goal: SentGoal) -> tuple[int, Any]:
    goal.cancel()
    return goal.end()


def begin(caller: ActionCaller, show: Show, **goal: Any) -> SentGoal:
    """Send a goal until it tracks: the image or the transform may not have arrived yet."""
    deadline = time.monotonic() + 120  # the first one may import torch
    while True:
        show(20)
        sent = caller.send(Goal(expression="red", **goal))
        caller.spin_until(lambda sent=sent: sent.feedback or sent.is_over)
        if not sent.is_over:
            return sent
        result = sent.end()[1]
        assert result.status in (Result.NO_IMAGE, Result.NO_TRANSFORM), result.message
        assert time.monotonic() < deadline, result.message


# First, before there is an image.
@pytest.mark.parametrize(
    ("expression", "status", "said"),
    [
        ("red", Result.NO_IMAGE, "no image has arrived"),
        ("", Result.INVALID_REQUEST, "the expression is empty"),
    ],
)
def test_a_goal_that_cannot_start_is_aborted_with_the_reason(
    mine: ActionCaller, expression: str, status: int, said: str
) -> None:
    state, result = mine.send(Goal(expression=expression)).end()
    assert (state, result.status) == (GoalStatus.STATUS_ABORTED, status)
    assert said in result.message


def test_goals_of_two_owners_are_tracked_and_cancelled_by_their_owners_only(
    mine: ActionCaller, theirs: ActionCaller, show: Show
) -> None:
    first = begin(mine, show)
    with Process("-m", "support.static_pose", FRAME):
        second = begin(theirs, show, target_frame="base_link")
        for left in (24, 28):
            ours, base = show.until({mine: first, theirs: second}, left, tracked(left))
            assert (ours.box.width, ours.box.height) == (8, 8)
            assert ours.centroid_pixel.x == left + 3.5
            assert ours.score == pytest.approx(1.0, abs=1e-3) and not ours.why
            middle = (left + 3.5 - WIDTH / 2) / FOCAL * DEPTH, (23.5 - HEIGHT / 2) / FOCAL * DEPTH
            assert ours.has_pose and ours.pose.header.frame_id == FRAME
            found = ours.pose.pose.position
            assert (found.x, found.y, found.z) == pytest.approx((*middle, DEPTH), abs=2e-3)
            camera_pose = Pose.from_quaternion(TRANSLATION, QUATERNION)
            placed = camera_pose.transform_points(np.array([*middle, DEPTH]))
            found = base.pose.pose.position
            assert base.pose.header.frame_id == "base_link"
            assert (found.x, found.y, found.z) == pytest.approx(placed, abs=2e-3)
    state, result = end(theirs, second)
    assert (state, result.status) == (GoalStatus.STATUS_CANCELED, Result.CANCELED)
    assert "'red'" in result.message
    show.until({mine: first}, 30, tracked(30))
    assert not first.is_over, "another owner's cancellation ended it"
    assert end(mine, first)[0] == GoalStatus.STATUS_CANCELED


def test_a_lost_object_is_reported_and_found_again_and_ends_the_goal_after_the_timeout(
    mine: ActionCaller, theirs: ActionCaller, show: Show
) -> None:
    patient, hasty = begin(mine, show), begin(theirs, show, lost_timeout=1.0)
    (lost,) = show.until({mine: patient}, None, lambda each: each.status == Feedback.LOST)
    assert lost.why and not lost.has_pose and lost.box.width == 0
    while not hasty.is_over:
        show(None)
        theirs.spin(0.1)
    state, result = hasty.end()
    assert (state, result.status) == (GoalStatus.STATUS_ABORTED, Result.LOST)
    show.until({mine: patient}, 44, tracked(44))
    assert end(mine, patient)[0] == GoalStatus.STATUS_CANCELED


@pytest.fixture
def third(ros: None) -> Iterator[Node]:
    """Create a node for a caller of another server: a node has one executor, its caller's."""
    node = rclpy.create_node("third_owner")
    yield node
    node.destroy_node()


def test_without_the_transform_at_an_image_s_stamp_there_is_no_pose(
    third: Node, process: Process, show: Show
) -> None:
    names = {"__node": "placed", "track": "/placed/track", "refer_segment": "/placed"}
    with node_with_stand_in(names) as running:
        running.wait_for_log("the model is ready")
        caller = ActionCaller(third, Track, "/placed/track", Goal())
        start = show(20)
        end_of_transforms = start + 20 * SECOND
        with Process("-m", "support.moving_pose", FRAME, str(start), str(end_of_transforms)):
            goal = begin(caller, show, target_frame="base_link")
            (placed,) = show.until({caller: goal}, 24, lambda each: bool(each.has_pose))
            assert placed.pose.header.frame_id == "base_link" and not placed.why
            show.skip_to(end_of_transforms + SECOND)
            (seen,) = show.until({caller: goal}, 28, tracked(28))
        assert not seen.has_pose and seen.pose.pose == PoseMessage()
        assert seen.why.startswith("no pose, because there is no transform to 'base_link': ")
        assert seen.centroid_pixel.x == 28 + 3.5, "the pixels are there"
        assert not goal.is_over
        caller.close()


def test_too_many_objects_are_refused(mine: ActionCaller, show: Show) -> None:
    goals = [begin(mine, show) for _ in range(8)]
    refused = mine.send(Goal(expression="red")).end()[1]
    assert refused.status == Result.BUSY and "8 objects" in refused.message
    for goal in goals:
        assert end(mine, goal)[0] == GoalStatus.STATUS_CANCELED


# Near the end, because it turns time back.
def test_a_time_jump_ends_all_goals(
    mine: ActionCaller, theirs: ActionCaller, show: Show, camera: Camera
) -> None:
    goals = begin(mine, show), begin(theirs, show)
    camera.send(5 * SECOND, 20)
    for goal in goals:
        state, result = goal.end()
        assert (state, result.status) == (GoalStatus.STATUS_ABORTED, Result.ENDED)
        assert "time" in result.message


# Last, because it ends the process.
@pytest.mark.fault("a GPU that is lost while an object is tracked: the process ends with code 3")
def test_a_device_that_is_lost_while_tracking_ends_the_process(
    mine: ActionCaller, show: Show, camera: Camera, process: Process
) -> None:
    begin(mine, show)

    def ended() -> bool:
        camera.send_image(black_image(show(None) + SECOND // 10))
        time.sleep(0.1)
        return process.has_ended

    wait_until(ended, 30.0, "the process goes on without a device")
    assert process.wait() == DEVICE_LOST
    last = process.log().strip().splitlines()[-1]
    assert "the device is lost" in last and "device-side assert triggered" in last
