"""``refer_segment`` as an action over DDS: feedback, cancellation, refusals.

The model is the stand-in of support/stand_in_model.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from rclpy.node import Node
from support.action_caller import ActionCaller, SentGoal
from support.ros_camera import colour_image, picture
from support.ros_processes import Process, node_with_stand_in
from zsris_ros.action import ReferSegment as Action
from zsris_ros.msg import RequestResult

from zsris_ros.camera.conversions import to_array
from zsris_ros.ros.client.service_client import Client

Result = Action.Result
NAME = "/ask"  # the remapped name of service and action


class Caller(ActionCaller):
    """Sends goals about an image."""

    def __init__(self, node: Node) -> None:
        super().__init__(node, Action, NAME, Action.Goal())

    def ask(self, expression: str, left: int = 10) -> SentGoal:
        image = colour_image(left, left)
        return self.send(Action.Goal(expression=expression, image=image, return_mask=True))


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    with node_with_stand_in({"refer_segment": NAME}, max_pending=1) as running:
        running.wait_for_log("the model is ready")
        yield running


@pytest.fixture(scope="module")
def caller(here: Node, process: Process) -> Iterator[Caller]:
    made = Caller(here)
    yield made
    made.close()


@pytest.fixture(scope="module")
def service(process: Process) -> Iterator[Client]:
    with Client(NAME, "service_client") as made:
        yield made


def test_a_goal_has_the_result_of_a_request(caller: Caller, service: Client) -> None:
    status, result = caller.ask("red", left=30).end()
    assert status == GoalStatus.STATUS_SUCCEEDED
    mine = result.outcome
    assert np.array_equal(to_array(mine.mask), picture(30)[1] * 255)
    image = colour_image(30, 30)
    other = service.ask("red", image=image, return_mask=True)
    differing = {"cache_hit", "request_id", "stages", "stage_seconds", "total_seconds"}
    for name in RequestResult.get_fields_and_field_types().keys() - differing:
        assert getattr(mine, name) == getattr(other, name), name
    assert other.request_id > mine.request_id > 0
    assert mine.total_seconds > 0 and not mine.cache_hit
    assert other.cache_hit, "goals and requests share the scene cache"


def test_the_deprecated_fields_have_the_outcome(caller: Caller) -> None:
    found = caller.ask("red", left=30).end()[1]
    best, outcome = found.outcome.candidates[0], found.outcome
    assert (found.status, found.message, found.header) == (
        outcome.status,
        outcome.message,
        outcome.header,
    )
    assert (found.mask, found.candidates, found.steps) == (
        outcome.mask,
        outcome.candidates,
        outcome.steps,
    )
    assert (found.centroid_pixel, found.inside_pixel) == (best.centroid_pixel, best.inside_pixel)
    assert found.timing_stages == outcome.stages
    assert found.timing_ms[0] == pytest.approx(outcome.stage_seconds[0] * 1e3)
    assert found.total_ms == pytest.approx(outcome.total_seconds * 1e3)
    refused = caller.ask(" ").end()[1]
    assert (refused.status, refused.message) == (refused.outcome.status, refused.outcome.message)
    assert refused.status == RequestResult.INVALID_REQUEST


def test_feedback_has_the_stages_in_order(caller: Caller) -> None:
    first = caller.ask("red", left=31)
    assert first.end()[0] == GoalStatus.STATUS_SUCCEEDED
    again = caller.ask("red", left=31)
    assert again.end()[1].cache_hit
    caller.spin_until(lambda: "extents" in first.stages and "extents" in again.stages)
    assert first.stages == ["waiting", "conversion", "proposals", "grounding", "extents"]
    assert again.stages == ["waiting", "grounding", "extents"]
    fractions = [each.fraction for each in first.feedback]
    assert fractions == sorted(set(fractions)) and 0 <= fractions[0] < fractions[-1] < 1


@pytest.mark.parametrize(
    ("expression", "state", "said"),
    [
        ("nothing", GoalStatus.STATUS_SUCCEEDED, "nothing is red"),
        ("crash", GoalStatus.STATUS_ABORTED, "CUDA out of memory"),
        (" ", GoalStatus.STATUS_ABORTED, "the expression is empty"),
    ],
)
def test_a_goal_without_a_result_has_a_reason(
    caller: Caller, service: Client, expression: str, state: int, said: str
) -> None:
    status, result = caller.ask(expression).end()
    assert status == state
    assert said in result.message
    image = colour_image(10, 10)
    assert service.ask(expression, image=image).status == result.status


def test_a_waiting_goal_is_cancelled_at_once_and_leaves_the_queue(caller: Caller) -> None:
    running = caller.ask("slow 1.5")
    running.wait_for_stage("grounding")
    waiting = caller.ask("red", left=32)
    begun = time.monotonic()
    waiting.cancel()
    status, result = waiting.end()
    assert time.monotonic() - begun < 1.0, "it waited for the running goal"
    assert (status, result.status) == (GoalStatus.STATUS_CANCELED, Result.CANCELED)
    assert "before its turn" in result.message
    next_one = caller.ask("red", left=33)
    assert next_one.end()[1].status == Result.FOUND, "the cancelled goal left the queue"
    assert running.end()[1].status == Result.FOUND
    assert waiting.stages == ["waiting"]


def test_a_running_goal_is_cancelled_at_the_next_stage(caller: Caller, process: Process) -> None:
    running = caller.ask("stages 100", left=34)
    running.wait_for_stage("grounding")
    running.cancel()
    begun = time.monotonic()
    status, result = running.end()
    assert time.monotonic() - begun < 5.0, "it was not interrupted"
    assert (status, result.status) == (GoalStatus.STATUS_CANCELED, Result.CANCELED)
    assert "grounding" in result.message
    assert not result.candidates and not result.mask.data
    assert caller.ask("red", left=34).end()[1].status == Result.FOUND
    assert "cancelled" not in process.log(), "a cancellation is no error"


def test_a_goal_beyond_the_queue_is_busy(caller: Caller, service: Client) -> None:
    running = caller.ask("slow 1.5")
    running.wait_for_stage("grounding")
    waiting = caller.ask("red")
    status, result = caller.ask("red").end()
    assert (status, result.status) == (GoalStatus.STATUS_ABORTED, Result.BUSY)
    assert "ask again" in result.message
    busy = service.ask("red", image=colour_image(10, 10))
    assert busy.status == RequestResult.BUSY, "goals and requests share the queue"
    assert [goal.end()[1].status for goal in (running, waiting)] == [Result.FOUND] * 2


def test_several_goals_are_cancelled_together(caller: Caller) -> None:
    running = caller.ask("stages 100")
    running.wait_for_stage("grounding")
    waiting = caller.ask("red")
    for goal in (running, waiting):
        goal.handle.cancel_goal_async()
    assert [goal.end()[0] for goal in (running, waiting)] == [GoalStatus.STATUS_CANCELED] * 2
    assert caller.ask("red").end()[0] == GoalStatus.STATUS_SUCCEEDED
