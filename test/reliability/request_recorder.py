"""Requests to four nodes at once, over all interfaces, and the answers of every node."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import String
from support.ros_camera import Camera, camera_info, colour_image, depth_image, header
from support.ros_camera import wait_until as wait_for
from support.ros_processes import status_of
from support.service_discovery import PATIENCE, UNANSWERED
from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.action import Track
from zsris_ros.msg import RequestResult
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.qos import SERVICE

EXECUTABLE = "refer_segment_node"
NAMES = "left", "right", "front", "wrist"

FEEDBACK = 3
"""Messages of feedback after which a ``track`` goal is cancelled."""


class NamedCamera(Camera):
    """A camera whose frame_id, stamps and pictures name it."""

    def __init__(self, node: Node, number: int) -> None:
        super().__init__(node)
        self.number, self.left = number, 10 + 10 * number
        self.frame_id = f"{node.get_namespace().lstrip('/')}_optical_frame"
        self.stamps: set[int] = set()

    def send(self, stamp_ns: int, left: int = 0, depth_mm: int | None = None) -> None:
        """Publish one frame, with the camera's number as the last digit of the stamp."""
        stamp = stamp_ns // 10 * 10 + self.number
        self.stamps.add(stamp)
        self.info.publish(camera_info(stamp, header=header(stamp, self.frame_id)))
        self.depth.publish(depth_image(stamp, frame_id=self.frame_id))
        self.image.publish(colour_image(stamp, self.left, self.frame_id))


@dataclass(frozen=True)
class Answer:
    """One answer of a node: a ``~/result``, or the first feedback of a ``track`` goal.

    ``left`` is the left edge of the mask, and ``request_id`` None for feedback.
    """

    node: str
    request_id: int | None
    status: str
    stamp_ns: int
    frame_id: str
    left: int


@dataclass(frozen=True)
class SentRequest:
    """One sent request: its way, the asked node, and the response or the id of the goal."""

    way: str
    name: str
    text: str
    response: Any = None
    goal: Any = None


class Recorder:
    """Asks all nodes, and collects the answers of all nodes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._results: dict[str, list[RequestResult]] = {name: [] for name in NAMES}
        self._feedback: dict[str, list[Any]] = {name: [] for name in NAMES}
        self._services, self._actions, self._tracks, self._topics = {}, {}, {}, {}
        for name in NAMES:
            service = f"/{name}/refer_segment"
            self._services[name] = node.create_client(ReferSegment, service, qos_profile=SERVICE)
            self._actions[name] = ActionClient(node, ReferSegmentAction, service)
            self._tracks[name] = ActionClient(node, Track, f"/{name}/track")
            self._topics[name] = node.create_publisher(String, f"/{name}/expression", 10)
            node.create_subscription(
                RequestResult, f"/{name}/{EXECUTABLE}/result", self._results[name].append, 100
            )
            node.create_subscription(
                Track.Impl.FeedbackMessage,
                f"/{name}/track/_action/feedback",
                self._feedback[name].append,
                100,
            )

    def connect(self) -> None:
        """Wait until each node has answered a first call, service and actions."""
        for name in NAMES:
            until_done(lambda name=name: self._services[name].call_async(ReferSegment.Request()))
            for client, goal in (
                (self._actions[name], ReferSegmentAction.Goal()),
                (self._tracks[name], Track.Goal()),
            ):
                until_done(lambda client=client, goal=goal: client.send_goal_async(goal))
            wait_for(
                lambda name=name: self._topics[name].get_subscription_count() > 0,
                PATIENCE,
                f"no subscriber of /{name}/expression",
            )
            wait_for(
                lambda name=name: self.status(name) == "FOUND", PATIENCE, f"no image of {name}"
            )

    def status(self, name: str) -> str:
        """Call the service of one node and return the status."""
        request = ReferSegment.Request(expression="red")
        return status_of(wait_done(self._services[name].call_async(request)).outcome)

    def ask(self, way: str, number: int) -> list[SentRequest]:
        """Ask all nodes at the same time; the answers to the topic are on ``~/result`` only."""
        texts = {name: f"red {way} {number} {name}" for name in NAMES}
        if way == "topic":
            for name, text in texts.items():
                self._topics[name].publish(String(data=text))
            return [SentRequest(way, *each) for each in texts.items()]
        if way == "service":
            calls = [
                self._services[name].call_async(ReferSegment.Request(expression=text))
                for name, text in texts.items()
            ]
            outcomes = [wait_done(call).outcome for call in calls]
        else:
            sent = [
                self._actions[name].send_goal_async(ReferSegmentAction.Goal(expression=text))
                for name, text in texts.items()
            ]
            ends = [wait_done(goal).get_result_async() for goal in sent]
            outcomes = [wait_done(end).result.outcome for end in ends]
        return [
            SentRequest(way, *each, outcome)
            for each, outcome in zip(texts.items(), outcomes, strict=True)
        ]

    def track(self, number: int) -> list[SentRequest]:
        """Track with all nodes at the same time."""
        texts = {name: f"red track {number} {name}" for name in NAMES}
        sent = [
            self._tracks[name].send_goal_async(Track.Goal(expression=text))
            for name, text in texts.items()
        ]
        handles = [wait_done(each) for each in sent]
        for handle in handles:
            wait_for(
                lambda handle=handle: len(self._fed(handle.goal_id)) >= FEEDBACK,
                PATIENCE,
                "no feedback",
            )
        for handle in handles:
            wait_done(handle.cancel_goal_async())
            wait_done(handle.get_result_async())
        return [
            SentRequest("track", *each, goal=handle.goal_id)
            for each, handle in zip(texts.items(), handles, strict=True)
        ]

    def _fed(self, goal: Any) -> list[tuple[str, Any]]:
        """Return the feedback of a goal on all topics, with the topics' nodes."""
        return [
            (name, each.feedback)
            for name in NAMES
            for each in list(self._feedback[name])
            if each.goal_id == goal
        ]

    def answers(self, text: str) -> tuple[Answer, ...]:
        """Return all ``~/result`` messages with a text."""
        return tuple(
            Answer(
                f"/{name}/{EXECUTABLE}",
                each.request_id,
                status_of(each),
                stamp_ns(each.header),
                each.header.frame_id,
                each.candidates[0].box.x_offset if each.candidates else -1,
            )
            for name in NAMES
            for each in list(self._results[name])
            if each.expression == text
        )

    def tracked(self, goal: Any) -> tuple[Answer, ...]:
        """Return each node's first feedback of a goal."""
        first: dict[str, Answer] = {}
        for name, each in self._fed(goal):
            status = {Track.Feedback.TRACKING: "TRACKING"}.get(each.status, "LOST")
            stamp, frame = stamp_ns(each.header), each.header.frame_id
            who, where = f"/{name}/{EXECUTABLE}", each.box.x_offset
            first.setdefault(name, Answer(who, None, status, stamp, frame, where))
        return tuple(first.values())

    def unrequested(self, texts: set[str]) -> list[str]:
        """Return the texts of results without a request."""
        return [
            f"/{name}: '{each.expression}'"
            for name in NAMES
            for each in list(self._results[name])
            if each.expression not in texts | {"", "red"}  # first calls
        ]


def until_done(send: Callable[[], Future]) -> None:
    """Send until an answer has come: the first ones may be lost during discovery."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        future, begin = send(), time.monotonic()
        while time.monotonic() - begin < UNANSWERED:
            if future.done():
                return
            time.sleep(0.02)
    raise AssertionError("a node did not answer")


def wait_done(future: Future) -> Any:
    """Return the result of a future that another thread completes."""
    wait_for(future.done, PATIENCE, "a request was not answered")
    return future.result()
